//! A gateway's side of modems, and a machine to plug them into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use postrider::config::{Files, Modems as Configured, parse};
use postrider::link::modem::{ModemHandle, Modems, ModemsSettings, Roots, spawn};
use postrider::link::{AckResult, LinkHandle};
use postrider::model::{
    Alphabet, Class, Concatenation, Encoded, Indication, LinkEvent, LinkHealth, LinkName, MessageId, SegmentTurn,
    Submission, SubmitOutcome, SubmitResult, Timestamp,
};
use postrider::sim::modem::{SimModemSettings, SimNetwork};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};

/// Longer than anything here takes.
const GUARD: Duration = Duration::from_secs(60);

/// Ends a test that waits in vain.
pub async fn guard<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(GUARD, waiting).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn others_may_read(&self, _: &Path) -> bool {
        false
    }

    fn credentials_directory(&self) -> Option<PathBuf> {
        None
    }
}

/// The modems of a configuration.
pub fn configured(toml: &str) -> Configured {
    parse(Path::new("postrider.toml"), toml, &NoFiles).unwrap().modems
}

/// A simulated modem that sends its reports at once.
pub fn stick(number: u32) -> SimModemSettings {
    let network = SimNetwork { report_delay: (Duration::ZERO, Duration::ZERO), ..SimNetwork::default() };
    let persona = Default::default();
    SimModemSettings { network, registers_after: Duration::ZERO, ..SimModemSettings::numbered(number, persona) }
}

/// A machine with USB sockets: sysfs and the device files of our own making.
pub struct Machine {
    folder: TempDir,
}

impl Machine {
    pub fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["sys/bus/usb/devices", "sys/class/tty", "dev", "proc"] {
            std::fs::create_dir_all(machine.at(folder)).unwrap();
        }
        machine
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn roots(&self) -> Roots {
        Roots { sys: self.at("sys"), dev: self.at("dev"), proc: self.at("proc") }
    }

    /// Plugs in a device with one tty that leads to `target`.
    pub fn plug(&self, place: &str, id: &str, tty: &str, target: &Path) {
        let real = self.at("sys/devices/usb1").join(place);
        let interface = real.join(format!("{place}:1.2"));
        let folder = interface.join(tty).join("tty").join(tty);
        std::fs::create_dir_all(&folder).unwrap();
        let (vendor, product) = id.split_once(':').unwrap();
        std::fs::write(real.join("idVendor"), vendor).unwrap();
        std::fs::write(real.join("idProduct"), product).unwrap();
        for (file, text) in [
            ("bInterfaceNumber", "02"),
            ("bInterfaceClass", "ff"),
            ("bInterfaceSubClass", "01"),
            ("bInterfaceProtocol", "02"),
        ] {
            std::fs::write(interface.join(file), text).unwrap();
        }
        let link = |from: &Path, to: PathBuf| std::os::unix::fs::symlink(from, to).unwrap();
        link(target, self.at("dev").join(tty));
        link(&folder, self.at("sys/class/tty").join(tty));
        link(&real, self.at("sys/bus/usb/devices").join(place));
    }

    pub fn unplug(&self, place: &str, tty: &str) {
        std::fs::remove_file(self.at("dev").join(tty)).unwrap();
        std::fs::remove_file(self.at("sys/class/tty").join(tty)).unwrap();
        std::fs::remove_file(self.at("sys/bus/usb/devices").join(place)).unwrap();
        std::fs::remove_dir_all(self.at("sys/devices/usb1").join(place)).unwrap();
    }
}

/// The modems and what they report.
pub struct Gateway {
    pub modems: Modems,
    events: mpsc::Receiver<(LinkName, Vec<LinkEvent>)>,
    seen: Vec<(LinkName, LinkEvent)>,
}

impl Gateway {
    pub fn start(toml: &str, machine: &Machine) -> Self {
        let (events, reports) = mpsc::channel(64);
        let settings = ModemsSettings {
            roots: machine.roots(),
            poll_every: Duration::from_millis(50),
            ..ModemsSettings::new(configured(toml), Arc::new(Notify::new()))
        };
        Self { modems: spawn(settings, events), events: reports, seen: Vec::new() }
    }

    pub fn handle(&self, name: &str) -> (LinkHandle, ModemHandle) {
        let found = self.modems.handles().into_iter().find(|(link, _)| link.name().modem.as_deref() == Some(name));
        found.unwrap_or_else(|| panic!("no modem {name}"))
    }

    /// The next event that `wanted` knows; deliveries are stored at once.
    pub async fn next<T>(&mut self, what: &str, mut wanted: impl FnMut(&LinkName, &LinkEvent) -> Option<T>) -> T {
        guard(what, async {
            loop {
                if let Some(place) = self.seen.iter().position(|(name, event)| wanted(name, event).is_some()) {
                    let (name, event) = self.seen.remove(place);
                    return wanted(&name, &event).unwrap();
                }
                let (name, events) = self.events.recv().await.expect("the links are there");
                for event in events {
                    self.store(&name, &event);
                    self.seen.push((name.clone(), event));
                }
            }
        })
        .await
    }

    fn store(&self, name: &LinkName, event: &LinkEvent) {
        let ack = match event {
            LinkEvent::Receipt { ack, .. } | LinkEvent::Inbound { ack, .. } | LinkEvent::Modem { ack, .. } => *ack,
            LinkEvent::Submit(_) | LinkEvent::Health(_) | LinkEvent::Session { .. } => None,
        };
        if let (Some(ack), Some((link, _))) = (ack, self.modems.get(name)) {
            link.ack(ack, AckResult::Ok);
        }
    }

    /// Waits until it is up; what it was before that does not count any more.
    pub async fn up(&mut self, modem: &str) -> LinkName {
        let what = format!("{modem} is up");
        let up = self.next(&what, |name, event| {
            let up = *event == LinkEvent::Health(LinkHealth::Up) && name.modem.as_deref() == Some(modem);
            up.then(|| name.clone())
        });
        let up = up.await;
        self.seen.retain(|(name, event)| *name != up || !matches!(event, LinkEvent::Health(_)));
        up
    }

    pub async fn down(&mut self, modem: &str) -> String {
        self.next(&format!("{modem} is down"), |name, event| match event {
            LinkEvent::Health(LinkHealth::Down(why)) if name.modem.as_deref() == Some(modem) => Some(why.clone()),
            _ => None,
        })
        .await
    }

    pub async fn result(&mut self, message: MessageId) -> SubmitResult {
        self.next("a result", |_, event| match event {
            LinkEvent::Submit(result) if result.message == message => Some(result.clone()),
            _ => None,
        })
        .await
    }

    /// Hands `modem` a message of `parts` and waits until all are taken.
    pub async fn send(&mut self, modem: &str, parts: u8) {
        let (link, _) = self.handle(modem);
        let submission = submission(parts);
        let message = submission.message;
        guard("room", async {
            while link.offer(submission.clone()).is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        for _ in 0..parts {
            let result = self.result(message).await;
            assert!(matches!(result.outcome, SubmitOutcome::Accepted { .. }), "{result:?}");
        }
    }
}

static IDS: AtomicI64 = AtomicI64::new(1);

/// A message of so many parts, each of 20 septets.
pub fn submission(parts: u8) -> Submission {
    let now = Timestamp::from(jiff_now());
    Submission {
        message: MessageId::from_i64(IDS.fetch_add(1, Ordering::Relaxed)).unwrap(),
        attempt: 1,
        from: None,
        to: "+821012345678".parse().unwrap(),
        class: Class::Transactional,
        encoded: Arc::new(Encoded {
            alphabet: Alphabet::Gsm7,
            indication: Indication::default(),
            concatenation: if parts > 1 { Concatenation::Reference8 } else { Concatenation::None },
            reference: 7,
            elements: Vec::new(),
            segments: vec![vec![0x41; 20]; usize::from(parts)],
        }),
        turns: (0..parts).map(|index| SegmentTurn { index, not_before: now }).collect(),
        gap: std::time::Duration::ZERO,
        valid_until: now.plus(Duration::from_secs(86_400)),
        parameters: BTreeMap::new(),
    }
}

#[expect(clippy::disallowed_methods, reason = "the links read the same clock")]
pub fn jiff_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
