//! `postrider modem`: the modems as a technician sees and asks them.
//!
//! | file | what |
//! |---|---|
//! | `view` | what is printed of modems: lines that fit a phone |
//! | `ussd` | a dialogue with the network, menu by menu |
//! | `sms_test` | a test message, followed to its end |
//! | `reach` | one question at a time, through the daemon or straight to a port |
//! | `port` | a port that no daemon holds |
//! | `identify` | what a modem and its SIM say of themselves |
//! | `record` | a dialogue written down as a fixture, without anything that names a person |
//!
//! The daemon is asked over its API. When none runs, `list`, `at`, `identify` and `record` look at the ports themselves.

mod identify;
mod port;
mod reach;
mod record;
mod sms_test;
mod ussd;
mod view;

pub use view::{strength, wrapped};

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, Daemon, Unanswered, path_part};
use super::{out, ports};
use crate::http::{AnswerView, ModemView};

/// How long the daemon may take to tell what it knows.
const LOOK_WAIT: Duration = Duration::from_secs(20);
/// How long it may take to ask a modem: longer than it waits itself, so that its words arrive.
const ASK_WAIT: Duration = Duration::from_secs(250);

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the modems: which are ready, and why the others are not
    ///
    /// When no daemon runs, the serial ports of this machine are listed instead.
    List {
        #[command(flatten)]
        daemon: Daemon,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show everything that is known of a modem, its SIM and its network
    Show {
        /// The modem's name
        name: String,
        #[command(flatten)]
        daemon: Daemon,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send an AT command between two messages and print what the modem answers
    ///
    /// Commands that wait for a text, like AT+CMGS, are refused: sms-test sends a message.
    At {
        /// The modem's name; or a port like /dev/ttyUSB2, when no daemon runs
        name: String,
        /// The command, in quotation marks: 'AT+CSQ'
        command: String,
        #[command(flatten)]
        daemon: Daemon,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Dial a USSD code, like the one that tells the balance, and print what the network answers
    Ussd(ussd::Args),
    /// Reset a modem; what it is sending is finished first, or ends in doubt
    Reset {
        /// The modem's name
        name: String,
        /// How hard
        #[arg(long, value_enum, default_value_t = Kind::Modem)]
        kind: Kind,
        #[command(flatten)]
        daemon: Daemon,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask a modem who it is: maker, model, firmware, IMEI, SIM, network; all modems if none is named
    Identify(identify::Args),
    /// Send a test message and tell what becomes of it
    SmsTest(sms_test::Args),
    /// Write down a modem's answers as a fixture, with all numbers masked, so that it can be sent to us
    Record(record::Args),
}

/// How hard a modem is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Set it up anew; nothing is cut off
    Init,
    /// Its own reset command, mostly AT+CFUN=1,1
    Modem,
    /// Take the USB device from the kernel and give it back
    Usb,
    /// The hook of the configuration, for example a power relay
    Hook,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { daemon, json } => list(daemon, *json),
        Command::Show { name, daemon, json } => show(daemon, name, *json),
        Command::At { name, command, daemon, json } => at(daemon, name, command, *json),
        Command::Ussd(args) => ussd::run(args),
        Command::Reset { name, kind, daemon, json } => reset(daemon, name, *kind, *json),
        Command::Identify(args) => identify::run(args),
        Command::SmsTest(args) => sms_test::run(args),
        Command::Record(args) => record::run(args),
    }
}

#[derive(Debug, Deserialize)]
struct Modems {
    modems: Vec<ModemView>,
}

/// All modems of the running daemon.
fn modems(api: &Api) -> Result<Vec<ModemView>, Unanswered> {
    Ok(api.ask::<Modems>("GET", "/v1/modems", None, LOOK_WAIT)?.modems)
}

/// One modem of the running daemon.
fn modem(api: &Api, name: &str) -> Result<ModemView, Unanswered> {
    api.ask("GET", &format!("/v1/modems/{}", path_part(name)), None, LOOK_WAIT)
}

/// Asks something of a modem.
fn ask(api: &Api, name: &str, what: &str, body: &Value) -> Result<AnswerView, Unanswered> {
    api.ask("POST", &format!("/v1/modems/{}/{what}", path_part(name)), Some(body), ASK_WAIT)
}

/// Whether a name is a port's path and not a modem's name.
fn is_port(name: &str) -> bool {
    name.starts_with('/')
}

fn print(lines: &[String]) -> anyhow::Result<ExitCode> {
    for line in lines {
        out::line(line)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<ExitCode> {
    out::line(serde_json::to_string_pretty(value)?)?;
    Ok(ExitCode::SUCCESS)
}

fn list(daemon: &Daemon, json: bool) -> anyhow::Result<ExitCode> {
    match daemon.find().and_then(|api| modems(&api)) {
        Ok(modems) if json => print_json(&json!({ "daemon": true, "modems": modems })),
        Ok(modems) => print(&view::list(&modems)),
        Err(Unanswered::NotRunning(why)) => {
            let found = ports::scan(std::path::Path::new("/"));
            if json {
                return print_json(&json!({ "daemon": false, "ports": found }));
            }
            out::complain(format_args!("postrider: {why:#}"));
            print(&view::ports(&found))
        }
        Err(other) => Err(other.into()),
    }
}

fn show(daemon: &Daemon, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let modem = modem(&daemon.find()?, name)?;
    if json { print_json(&modem) } else { print(&view::show(&modem)) }
}

fn at(daemon: &Daemon, name: &str, command: &str, json: bool) -> anyhow::Result<ExitCode> {
    // Told before anything is opened.
    let command = crate::http::at_command(command).map_err(anyhow::Error::msg)?;
    let lines = reach::Reach::find(daemon, name)?.command(&command, ASK_WAIT)?.lines;
    let good = lines.last().is_some_and(|last| last == "OK");
    let _ = if json { print_json(&json!({ "lines": lines }))? } else { print(&lines)? };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn reset(daemon: &Daemon, name: &str, kind: Kind, json: bool) -> anyhow::Result<ExitCode> {
    let kind = kind.to_possible_value().context("every kind has a word")?.get_name().to_owned();
    let answer = ask(&daemon.find()?, name, "reset", &json!({ "kind": kind }))?;
    if json {
        return print_json(&answer);
    }
    // One that has no port is looked for instead.
    if let Some(lines) = &answer.lines {
        return print(&lines.iter().map(|line| format!("{name}: {line}")).collect::<Vec<_>>());
    }
    out::line(format_args!(
        "{name}: the reset ({kind}) has begun; postrider modem show {name} tells when it is ready again"
    ))?;
    Ok(ExitCode::SUCCESS)
}
