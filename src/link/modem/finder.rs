//! Brings ports and modems together: opens fixed ports, asks what is plugged in who it is, and gives each link its port.
//!
//! A link is known by what its configuration says of it, never by the name of a tty: a stick that comes back under another
//! number, or in another socket, is given to the same link. A port that closed while its device stayed is opened again for
//! the same link without asking.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tracing::warn;

use super::board::Board;
use super::choice::{fits, line, name_of, ports, profile_of};
use super::devices::{Device, Devices, SIM_LOOK_EVERY, Standing, Trouble};
use super::events::sentence;
use super::fault::{Fault, is_modem};
use super::modem_link::{Attachment, Closed, FromFinder, LinkEnds, UsbPlace, spawn};
use super::port::{Wire, open, open_device};
use super::probing::{Found, probe};
use super::settings::{LinkSettings, ModemsSettings, is_same};
use super::sysfs::{Sysfs, UsbDevice};
use crate::config::{Finding, Modem, ModemPort, Modems as Configured};
use crate::link::clock::Moment;
use crate::model::catalog;
use crate::model::{LinkEvent, LinkName};

/// The longest pause between two tries to open a port that does not move.
const OPEN_PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long a modem may be missing before that is told. A stick needs some seconds to show its ports.
const MISSING_AFTER: Duration = Duration::from_secs(10);
/// A stick that still shows its CD-ROM after this will not switch by itself.
const SWITCH_WAIT: Duration = Duration::from_secs(10);
/// After so many failures of a port that is there, its device is asked anew which port it is.
const REOPENS_MAX: u32 = 3;
/// How long links that a reload removes may settle.
const RELOAD_SETTLE: Duration = Duration::from_secs(10);

/// What the daemon tells the finder.
pub(super) enum Command {
    /// The configuration is another one now.
    Reload(Box<Configured>, oneshot::Sender<()>),
    /// Everything ends within this.
    Stop(Duration),
}

/// A link and where it stands.
struct Link {
    modem: Modem,
    ends: LinkEnds,
    port: PortStanding,
    /// Nobody named it: it was found.
    discovered: bool,
    since: Instant,
    /// It had a port before.
    was_there: bool,
    trouble: Trouble,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PortStanding {
    /// Has none. `last` is the port that it had, as long as its device is there.
    Waiting { next: Instant, tries: u32, last: Option<PathBuf> },
    /// It is being opened.
    Opening { tries: u32, tty: Option<PathBuf> },
    /// Has one.
    Open { tty: Option<PathBuf> },
    /// Is being stopped.
    Stopping,
}

/// What a task of the finder brought.
enum Done {
    /// A port was opened for a link, or not.
    Opened { link: LinkName, result: Result<(Wire, String), Fault> },
    /// A device was asked.
    Probed { usb: UsbDevice, tries: u32, result: Result<Found, Fault> },
    /// A link ended.
    Stopped(LinkName),
}

/// The task.
pub(super) struct Finder {
    settings: ModemsSettings,
    board: Board,
    events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>,
    commands: mpsc::Receiver<Command>,
    closed_in: mpsc::Sender<Closed>,
    closed: mpsc::Receiver<Closed>,
    sysfs: Sysfs,
    devices: Devices,
    links: BTreeMap<LinkName, Link>,
    work: JoinSet<Done>,
}

impl Finder {
    pub fn new(
        settings: ModemsSettings,
        board: Board,
        events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let (closed_in, closed) = mpsc::channel(64);
        let sysfs = Sysfs::new(settings.roots.clone());
        let (devices, links, work) = (Devices::default(), BTreeMap::new(), JoinSet::new());
        Self { settings, board, events, commands, closed_in, closed, sysfs, devices, links, work }
    }

    /// Starts the links of the configuration; they have no ports yet.
    pub fn start_missing(&mut self) {
        let list = std::mem::take(&mut self.settings.modems.list);
        for modem in &list {
            if !self.links.contains_key(&LinkName::modem(&modem.group, &modem.name)) {
                self.start(modem.clone(), false);
            }
        }
        self.settings.modems.list = list;
    }

    fn start(&mut self, modem: Modem, discovered: bool) -> LinkName {
        let now = Moment::read().now;
        let settings = LinkSettings::new(&modem, &self.settings);
        let name = settings.name();
        let ends = spawn(settings, self.events.clone(), self.closed_in.clone());
        self.board.insert(name.clone(), ends.link.clone(), ends.modem.clone());
        let port = PortStanding::Waiting { next: now, tries: 0, last: None };
        let trouble = Trouble::default();
        self.links.insert(name.clone(), Link { modem, ends, port, discovered, since: now, was_there: false, trouble });
        name
    }

    pub async fn run(mut self) {
        let mut tick = tokio::time::interval(self.settings.poll_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let looks = !self.links.is_empty() || self.settings.modems.discover;
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Reload(modems, done)) => {
                        self.reload(*modems);
                        let _ = done.send(());
                    }
                    Some(Command::Stop(limit)) => return self.stop(limit).await,
                    None => return self.stop(Duration::ZERO).await,
                },
                Some(closed) = self.closed.recv() => self.handle_closed(&closed),
                Some(done) = self.work.join_next(), if !self.work.is_empty() => {
                    // A task that panicked has told so; what it was about is tried again after a reload or replug.
                    if let Ok(done) = done {
                        self.handle_done(done);
                    }
                }
                _ = tick.tick(), if looks => {}
            }
            self.look();
        }
    }

    /// One look at everything: what came, what went, what is due.
    fn look(&mut self) {
        let now = Moment::read().now;
        if let Some(found) = self.sysfs.poll() {
            let in_use = self.links.iter().filter_map(|(name, link)| Some((name.clone(), link.port.tty()?.clone())));
            for lost in self.devices.update(found, &in_use.collect(), now) {
                // The port's own end is told by the link; until then its last port is no longer worth a try.
                if let Some(PortStanding::Waiting { last, .. }) = self.links.get_mut(&lost).map(|link| &mut link.port) {
                    *last = None;
                }
            }
            self.claim_fixed(now);
        }
        self.open_due(now);
        self.probe_due(now);
        self.tell_missing(now);
        self.board.set_strays(&self.devices);
    }

    /// A device of which a fixed port is configured belongs to that link, whether it has it open or not.
    fn claim_fixed(&mut self, now: Instant) {
        for (name, link) in &self.links {
            let Finding::Port(ModemPort::Device(path)) = &link.modem.finding else { continue };
            let Some(place) = self.devices.of_tty(path).map(|device| device.usb.path.clone()) else { continue };
            if self.devices.of_link(name).is_some_and(|device| device.usb.path != place) {
                self.devices.release(name, now);
            }
            if let Some(device) = self.devices.get_mut(&place) {
                device.standing = Standing::Claimed(name.clone());
            }
        }
    }

    /// Opens what a link waits for: its fixed port, or the port that it had.
    fn open_due(&mut self, now: Instant) {
        for (name, link) in &mut self.links {
            let PortStanding::Waiting { next, tries, last } = &link.port else { continue };
            if *next > now {
                continue;
            }
            let usb = self.devices.of_link(name).map(|device| &device.usb);
            let profile = match &link.modem.profile {
                Some(name) => self.settings.modems.profiles.iter().find(|profile| profile.name == *name),
                None => usb.and_then(|usb| profile_of(usb.id, &self.settings.modems.profiles)),
            };
            let line = line(Some(&link.modem), profile);
            let roots = self.settings.roots.clone();
            let (tries, link_name) = (*tries, name.clone());
            match (&link.modem.finding, last) {
                (Finding::Port(port), _) => {
                    let (port, tty) = (port.clone(), device_of(port));
                    link.port = PortStanding::Opening { tries, tty };
                    self.work.spawn(async move {
                        let result = open(&port, line, &roots).await.map(|wire| (wire, port.to_string()));
                        Done::Opened { link: link_name, result }
                    });
                }
                (_, Some(tty)) if usb.is_some() => {
                    let tty = tty.clone();
                    link.port = PortStanding::Opening { tries, tty: Some(tty.clone()) };
                    self.work.spawn(async move {
                        let result = open_device(&tty, line, &roots).await;
                        Done::Opened { link: link_name, result: result.map(|wire| (wire, tty.display().to_string())) }
                    });
                }
                _ => {}
            }
        }
    }

    /// Asks the devices that may be somebody's who they are.
    fn probe_due(&mut self, now: Instant) {
        let waiting = |finding: fn(&Finding) -> bool| {
            self.links.values().any(|link| link.is_waiting() && finding(&link.modem.finding))
        };
        let by_identity = waiting(|finding| matches!(finding, Finding::Imei(_) | Finding::Iccid(_)));
        let by_sim = waiting(|finding| matches!(finding, Finding::Iccid(_)));
        let discover = self.settings.modems.discover;
        let places: Vec<&str> = self.links.values().filter_map(|link| link.waits_at()).collect();
        let profiles = &self.settings.modems.profiles;
        for device in self.devices.values_mut() {
            let wanted = places.contains(&device.usb.path.as_str())
                || ((by_identity || discover) && is_modem(&device.usb, profiles));
            if let Standing::Nobodys { at, .. } = device.standing
                && by_sim
                && now.saturating_duration_since(at) >= SIM_LOOK_EVERY
            {
                device.standing = Standing::Unknown { next: now, tries: 0 };
            }
            let Standing::Unknown { next, tries } = device.standing else { continue };
            if !wanted || next > now || device.usb.ttys.is_empty() {
                continue;
            }
            device.standing = Standing::Probing;
            let (usb, roots) = (device.usb.clone(), self.settings.roots.clone());
            let profile = profile_of(usb.id, profiles);
            let order: Vec<PathBuf> = ports(&usb, profile).into_iter().map(|tty| tty.device.clone()).collect();
            let line = line(None, profile);
            self.work.spawn(async move {
                let result = probe(&usb, &order, line, &roots).await;
                Done::Probed { usb, tries, result }
            });
        }
    }

    fn handle_done(&mut self, done: Done) {
        let now = Moment::read().now;
        match done {
            Done::Opened { link, result } => self.handle_opened(&link, result, now),
            Done::Probed { usb, tries, result } => self.handle_probed(&usb, tries, result, now),
            Done::Stopped(link) => {
                self.links.remove(&link);
                self.board.remove(&link);
                self.devices.release(&link, now);
                self.start_missing();
                self.claim_fixed(now);
            }
        }
    }

    fn handle_opened(&mut self, name: &LinkName, result: Result<(Wire, String), Fault>, now: Instant) {
        let Some(link) = self.links.get_mut(name) else { return };
        let PortStanding::Opening { tries, tty } = link.port.clone() else { return };
        match result {
            Ok((wire, port)) => {
                // A fixed port may belong to a USB device that came a moment ago.
                let usb = self.devices.of_link(name).map(|device| place_of(&device.usb));
                link.attach(wire, port, usb, tty, now);
            }
            Err(fault) => {
                let pause = Duration::from_millis(500).saturating_mul(1 << tries.min(8)).min(OPEN_PAUSE_MAX);
                // What does not exist costs nothing to look for.
                let gone = fault.entry == catalog::MODEM_GONE && device_of_finding(&link.modem.finding).is_some();
                let next = now + if gone { self.settings.poll_every } else { pause };
                let give_up = tries >= REOPENS_MAX && !matches!(link.modem.finding, Finding::Port(_));
                link.port = PortStanding::Waiting { next, tries: tries + 1, last: tty.filter(|_| !give_up) };
                link.tell(&fault, now);
                if give_up {
                    self.devices.release(name, now);
                }
            }
        }
    }

    fn handle_probed(&mut self, usb: &UsbDevice, tries: u32, result: Result<Found, Fault>, now: Instant) {
        // What was learnt of a device that is gone meanwhile helps nobody.
        let there = |device: &&Device| device.usb == *usb && device.standing == Standing::Probing;
        if self.devices.get(&usb.path).filter(there).is_none() {
            return;
        }
        match result {
            Ok(found) => {
                let owner = self.owner(&usb.path, &found);
                let Some(device) = self.devices.get_mut(&usb.path) else { return };
                device.fault.end();
                let Some(owner) = owner else {
                    device.standing = Standing::Nobodys { who: found.who, tty: found.tty, at: now };
                    return;
                };
                device.standing = Standing::Claimed(owner.clone());
                if let Some(link) = self.links.get_mut(&owner) {
                    let port = found.tty.display().to_string();
                    link.attach(found.wire, port, Some(place_of(usb)), Some(found.tty), now);
                }
            }
            Err(fault) => {
                let Some(device) = self.devices.get_mut(&usb.path) else { return };
                device.try_later(tries, now);
                self.tell_of_device(&usb.path, &fault, now);
            }
        }
    }

    /// Whose modem it is; one that nobody named gets a link of its own, if such are taken.
    fn owner(&mut self, path: &str, found: &Found) -> Option<LinkName> {
        let ranked = self.links.iter().filter(|(_, link)| link.is_waiting()).filter_map(|(name, link)| {
            let rank = match link.discovered {
                false => fits(&link.modem.finding, path, &found.who)?,
                true => fits(&link.modem.finding, path, &found.who)? + 10,
            };
            Some((rank, name))
        });
        if let Some((_, name)) = ranked.min() {
            return Some(name.clone());
        }
        let known = |link: &Link| fits(&link.modem.finding, path, &found.who).is_some();
        // A modem that a link has already, under an IMEI that two sticks share, is not given a second one.
        if !self.settings.modems.discover || self.links.values().any(known) {
            return None;
        }
        let finding = match &found.who.imei {
            Some(imei) => Finding::Imei(imei.clone()),
            None => Finding::UsbPath(path.to_owned()),
        };
        let wanted = name_of(&found.who, path);
        let taken = |name: &str| self.links.values().any(|link| link.modem.name == name);
        let name =
            (1..100).map(|n| if n == 1 { wanted.clone() } else { format!("{wanted}-{n}") }).find(|n| !taken(n))?;
        Some(self.start(Modem::new(&name, finding, &self.settings.modems), true))
    }

    fn handle_closed(&mut self, closed: &Closed) {
        let now = Moment::read().now;
        let Some(link) = self.links.get_mut(&closed.link) else { return };
        let PortStanding::Open { tty } = &link.port else { return };
        let there = self.devices.of_link(&closed.link).is_some();
        let last = tty.clone().filter(|_| there && !closed.stranger);
        // The kernel takes the device away a moment after its port ended.
        link.port = PortStanding::Waiting { next: now + self.settings.poll_every, tries: 0, last };
        link.since = now;
        if closed.stranger {
            self.devices.release(&closed.link, now);
        }
    }

    /// Tells what keeps a device from being used: in the journal, and to the link that waits for it.
    fn tell_of_device(&mut self, path: &str, fault: &Fault, now: Instant) {
        let Some(device) = self.devices.get_mut(path) else { return };
        if device.fault.handle(fault, now) {
            let line = sentence(&fault.text, &fault.advice);
            warn!(postrider.usb_path = path, message_id = fault.entry.id, "{line}");
        }
        for link in self.links.values_mut().filter(|link| link.waits_at() == Some(path)) {
            link.pass(fault, now);
        }
    }

    /// Tells of modems that are configured and not there, and of devices that are there and show no port.
    fn tell_missing(&mut self, now: Instant) {
        let profiles = &self.settings.modems.profiles;
        let older = |device: &&Device| now.saturating_duration_since(device.since) >= SWITCH_WAIT;
        let bare = self.devices.iter().filter(|device| device.usb.ttys.is_empty()).filter(older);
        let bare = bare.filter(|device| is_modem(&device.usb, profiles));
        let faults: Vec<(String, Fault)> =
            bare.map(|device| (device.usb.path.clone(), Fault::without_port(&device.usb))).collect();
        for (path, fault) in faults {
            self.tell_of_device(&path, &fault, now);
        }
        let seen: Vec<String> =
            self.devices.iter().filter(|d| d.fault.fault().is_some()).map(|d| d.usb.path.clone()).collect();
        for link in self.links.values_mut() {
            let waits = link.is_waiting() && now.saturating_duration_since(link.since) >= MISSING_AFTER;
            let troubled = link.waits_at().is_some_and(|path| seen.iter().any(|seen| seen == path));
            let fixed = matches!(link.modem.finding, Finding::Port(_));
            if waits && !fixed && !troubled {
                link.tell(&missing(&link.modem.finding, &seen), now);
            }
        }
    }

    fn reload(&mut self, new: Configured) {
        let old = std::mem::replace(&mut self.settings.modems, new);
        let modems = &self.settings.modems;
        let mut gone = Vec::new();
        for (name, link) in &mut self.links {
            let named = |modem: &&Modem| LinkName::modem(&modem.group, &modem.name) == *name;
            let kept = match modems.list.iter().find(named) {
                Some(new) if !link.discovered && is_same((&link.modem, &old), (new, modems)) => Some(new.clone()),
                Some(_) => None,
                // A modem that has a name now is no longer one that was only found.
                None if link.discovered && modems.discover && !link.is_named_by(&modems.list) => {
                    let new = Modem::new(&link.modem.name, link.modem.finding.clone(), modems);
                    is_same((&link.modem, &old), (&new, modems)).then_some(new)
                }
                None => None,
            };
            match kept {
                Some(modem) => link.modem = modem,
                None => gone.push(name.clone()),
            }
        }
        for name in gone {
            self.end(&name, RELOAD_SETTLE);
        }
        self.start_missing();
        // What was nobody's may be somebody's now.
        let now = Moment::read().now;
        for device in self.devices.values_mut() {
            if matches!(device.standing, Standing::Nobodys { .. }) {
                device.standing = Standing::Unknown { next: now, tries: 0 };
            }
        }
        self.claim_fixed(now);
    }

    fn end(&mut self, name: &LinkName, limit: Duration) {
        let Some(link) = self.links.get_mut(name) else { return };
        link.port = PortStanding::Stopping;
        let handle = link.ends.link.clone();
        let name = name.clone();
        self.work.spawn(async move {
            handle.shutdown(limit).await;
            Done::Stopped(name)
        });
    }

    async fn stop(mut self, limit: Duration) {
        for link in self.links.values() {
            link.ends.link.begin_shutdown(limit);
        }
        for link in std::mem::take(&mut self.links).into_values() {
            link.ends.link.stopped().await;
        }
        self.work.shutdown().await;
    }
}

impl PortStanding {
    fn tty(&self) -> Option<&PathBuf> {
        match self {
            Self::Opening { tty, .. } | Self::Open { tty } => tty.as_ref(),
            Self::Waiting { last, .. } => last.as_ref(),
            Self::Stopping => None,
        }
    }
}

impl Link {
    fn is_waiting(&self) -> bool {
        matches!(self.port, PortStanding::Waiting { .. })
    }

    /// The place where its device is awaited.
    fn waits_at(&self) -> Option<&str> {
        match &self.modem.finding {
            Finding::UsbPath(path) if self.is_waiting() => Some(path),
            Finding::UsbPath(_) | Finding::Port(_) | Finding::Imei(_) | Finding::Iccid(_) => None,
        }
    }

    /// Whether one of `list` is this modem, by what is known of it now.
    fn is_named_by(&self, list: &[Modem]) -> bool {
        let status = self.ends.modem.status();
        let who = super::choice::Who { model: String::new(), imei: status.identity.imei, iccid: status.sim.iccid };
        let path = status.place.unwrap_or_default();
        list.iter().any(|modem| modem.finding == self.modem.finding || fits(&modem.finding, &path, &who).is_some())
    }

    fn attach(&mut self, wire: Wire, port: String, usb: Option<UsbPlace>, tty: Option<PathBuf>, now: Instant) {
        self.trouble.end();
        self.was_there = true;
        self.port = match self.ends.finder.try_send(FromFinder::Attach(Attachment { wire, port, usb })) {
            Ok(()) => PortStanding::Open { tty },
            // The link has not taken its last word yet.
            Err(_) => PortStanding::Waiting { next: now + Duration::from_secs(1), tries: 0, last: tty },
        };
    }

    /// Tells a fault of its own port.
    fn tell(&mut self, fault: &Fault, now: Instant) {
        let told = self.trouble.handle(fault, now);
        // That a modem went away was told when it went.
        if told && !(self.was_there && fault.entry == catalog::MODEM_GONE) {
            let name = &self.modem.name;
            let line = sentence(&format!("modem \"{name}\": {}", fault.text), &fault.advice);
            warn!(postrider.modem = %name, message_id = fault.entry.id, "{line}");
        }
        let _ = self.ends.finder.try_send(FromFinder::Absent(fault.clone()));
    }

    /// Passes on a fault that the journal has already.
    fn pass(&mut self, fault: &Fault, now: Instant) {
        self.trouble.handle(fault, now);
        let _ = self.ends.finder.try_send(FromFinder::Absent(fault.clone()));
    }
}

fn place_of(usb: &UsbDevice) -> UsbPlace {
    UsbPlace { path: usb.path.clone(), id: usb.id }
}

fn device_of(port: &ModemPort) -> Option<PathBuf> {
    match port {
        ModemPort::Device(path) => Some(path.clone()),
        ModemPort::Tcp(_) | ModemPort::Rfc2217(_) => None,
    }
}

fn device_of_finding(finding: &Finding) -> Option<PathBuf> {
    match finding {
        Finding::Port(port) => device_of(port),
        Finding::Imei(_) | Finding::Iccid(_) | Finding::UsbPath(_) => None,
    }
}

/// A modem that is configured and nowhere to be seen.
fn missing(finding: &Finding, troubled: &[String]) -> Fault {
    let text = match finding {
        Finding::Imei(imei) => format!("no modem with the IMEI {imei} is plugged in"),
        Finding::Iccid(iccid) => format!("no modem with the SIM {iccid} is plugged in"),
        Finding::UsbPath(path) => format!("nothing that is a modem is plugged in at USB {path}"),
        Finding::Port(port) => format!("{port} does not exist"),
    };
    let mut advice = "plug it in, or correct the configuration; `postrider modem list` shows what there is".to_owned();
    if matches!(finding, Finding::Iccid(_)) {
        advice.push_str("; a SIM that is locked by its PIN may not show its number: name its modem by imei then");
    }
    if !troubled.is_empty() {
        advice.push_str(&format!("; it may be what does not answer at USB {}", troubled.join(", ")));
    }
    Fault { text, advice, entry: catalog::MODEM_GONE }
}
