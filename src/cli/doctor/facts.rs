//! What is known of a machine, as plain values: tests make them up.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::ports::{Holder, Port};
use crate::http::ModemView;
use crate::model::Timestamp;
use crate::policy::wall_clock::Trust;
use crate::store::damaged::Damaged;
use crate::store::id_relation::Proof;
use crate::store::restore::Held;

/// Everything that the checks look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The configuration.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The daemon's API.
    pub api: Api,
    /// The clock.
    pub clock: Clock,
    /// The account that the daemon runs as; absent when there is none.
    pub account: Option<Account>,
    /// The serial ports.
    pub ports: Vec<Port>,
    /// USB sticks that show a disk, or a network card, in place of a modem.
    pub sticks: Vec<Stick>,
    /// ModemManager, if it runs.
    pub modem_manager: Option<Holder>,
    /// The names of groups by their numbers.
    pub groups: Vec<(u32, String)>,
    /// Where the udev rules lie, if they do.
    pub udev_rules: Option<PathBuf>,
    /// What systemd has of ours; absent on a machine without it.
    pub systemd: Option<Systemd>,
}

/// The configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Its file.
    pub file: PathBuf,
    /// How it is.
    pub state: ConfigState,
    /// The modems that it names, and the device of each that has a fixed one.
    pub modems: Vec<(String, Option<PathBuf>)>,
    /// Whether modems that it does not name are taken, too.
    pub discover: bool,
    /// How many carriers it has.
    pub carriers: usize,
}

/// How the configuration is.
#[derive(Debug, Clone, Default)]
pub enum ConfigState {
    /// It is right. What it warns of.
    Good(Vec<String>),
    /// It is not there.
    #[default]
    Missing,
    /// Who asks may not read it.
    Denied,
    /// It has mistakes.
    Wrong(Vec<String>),
}

/// The database.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// Its file.
    pub path: PathBuf,
    /// How it is.
    pub state: StoreState,
    /// Room on its disk, and how much must stay free; absent when it cannot be told.
    pub room: Option<(u64, u64)>,
    /// What it holds since it was put back.
    pub held: Option<Held>,
    /// Rows that are set aside because they cannot be read, the first few.
    pub damaged: Vec<Damaged>,
    /// How carriers write the ids of receipts, as pairs proved it.
    pub ids: Vec<Proof>,
    /// Receipts that are kept and in which no id was found, by link group.
    pub unread: Vec<(String, u64)>,
}

/// How the database is.
#[derive(Debug, Clone, Default)]
pub enum StoreState {
    /// It can be read.
    Good,
    /// It is not there; its folder is.
    #[default]
    Missing,
    /// Not even its folder is there.
    NoFolder,
    /// Who asks may not read it.
    Denied,
    /// It cannot be opened, and why.
    Broken(String),
    /// The configuration does not tell where it is.
    Unknown,
}

/// The daemon's API.
#[derive(Debug, Clone, Default)]
pub enum Api {
    /// It answers.
    Answers {
        /// Why it takes no messages, if it does not.
        not_ready: Option<String>,
        /// Its modems.
        modems: Vec<ModemView>,
        /// Its links that are not up: name and reason.
        links_down: Vec<(String, String)>,
        /// The last lines of links and modems that do not work, by their names.
        lines: BTreeMap<String, Vec<String>>,
    },
    /// Nobody listens.
    #[default]
    NotRunning,
    /// It cannot be asked, and why.
    Refused(String),
}

/// The clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// What it shows.
    pub now: Timestamp,
    /// Whether it is kept right over the network, where that can be told.
    pub synchronised: Option<bool>,
    /// Whether the daemon believes it, and the latest time that it believed, where the database can be read.
    pub believed: Option<(Trust, Timestamp)>,
}

/// The account of the daemon.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The groups that it has, by its entry and by the unit.
    pub gids: Vec<u32>,
}

/// A USB stick that is no modem yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stick {
    /// `12d1:1f01`.
    pub id: String,
    /// Where it is plugged in.
    pub place: String,
    /// What it shows itself as.
    pub kind: StickKind,
}

/// What a stick shows itself as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StickKind {
    /// A disk with the driver for another system; it must be switched.
    Disk,
    /// A network card that no AT command reaches.
    NetworkCard,
}

/// What systemd has of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Systemd {
    /// Whether the unit is installed.
    pub unit: bool,
    /// Whether the message catalog is.
    pub catalog_files: bool,
    /// Whether it was taken into journald's database.
    pub catalog_taken: bool,
}
