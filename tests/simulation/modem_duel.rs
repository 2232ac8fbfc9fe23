//! One modem machine against one simulated modem under a fake clock, with a wire between them that can be cut.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider::at::{Ask, Modem, ModemEvent, Settings};
use postrider::config::built_in_modem_profiles;
use postrider::model::{
    Body, Class, Indication, MessageId, ModemStage, Receipt, Submission, SubmitOutcome, SubmitResult, Timestamp,
};
use postrider::sim::modem::{PortChange, SimModem, SimModemSettings};
use postrider::text::{self, TextProfile};

const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// How long a stick that was pulled out stays away.
const AWAY: Duration = Duration::from_secs(2);
/// How often a modem is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// The two, the wire, and what the machine reported.
pub struct Duel {
    pub modem: Modem,
    pub sim: SimModem,
    pub epoch: Instant,
    pub now: Instant,
    pub outcomes: Vec<SubmitResult>,
    pub receipts: Vec<Receipt>,
    pub inbound: Vec<String>,
    pub stage: ModemStage,
    pub story: Vec<String>,
    is_open: bool,
    /// When a stick that was pulled out is plugged in again.
    replug_at: Option<Instant>,
    /// Octets of either side until the stick is pulled out.
    pub cut_after: Option<usize>,
    /// Events for a world with a store of its own; without one they are handled here.
    pub events: Vec<ModemEvent>,
    pub has_world: bool,
    /// Whether the dialogue is shown: `POSTRIDER_SIM_TALK=1`.
    talk: bool,
    keep_alive: Duration,
}

impl Duel {
    pub fn new(settings: SimModemSettings, seed: u64) -> Self {
        Self::asking_every(KEEP_ALIVE, settings, seed)
    }

    /// With a modem that is asked whether it is still there every so often.
    #[expect(clippy::disallowed_methods, reason = "an Instant has no zero; everything is counted from this one")]
    pub fn asking_every(keep_alive: Duration, settings: SimModemSettings, seed: u64) -> Self {
        let epoch = Instant::now();
        let usb = settings.persona.usb.map(|usb| (usb.vendor, usb.product));
        let mut duel = Self {
            keep_alive,
            modem: Modem::new(machine_settings(keep_alive), usb),
            sim: SimModem::new(epoch, settings, seed),
            epoch,
            now: epoch,
            outcomes: Vec::new(),
            receipts: Vec::new(),
            inbound: Vec::new(),
            stage: ModemStage::Absent,
            story: Vec::new(),
            is_open: false,
            replug_at: None,
            cut_after: None,
            events: Vec::new(),
            has_world: false,
            talk: std::env::var_os("POSTRIDER_SIM_TALK").is_some(),
        };
        duel.open();
        duel.settle();
        duel
    }

    pub fn wall(&self) -> Timestamp {
        START.plus(self.now - self.epoch)
    }

    /// Runs until `done`, or `span` is over; whether it was done.
    pub fn run(&mut self, span: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + span;
        for _ in 0..1_000_000 {
            self.settle();
            if done(self) {
                return true;
            }
            let Some(at) = self.poll_timeout().filter(|at| *at <= end) else { break };
            self.turn(self.now.max(at) + Duration::from_micros(10));
        }
        self.now = self.now.max(end);
        done(self)
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.modem.poll_timeout(), self.sim.poll_timeout(), self.replug_at].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn turn(&mut self, now: Instant) {
        self.now = now;
        let wall = self.wall();
        if self.replug_at.is_some_and(|at| at <= now) {
            self.replug_at = None;
            self.sim.handle_plugged(now);
            self.open();
        }
        self.sim.handle_timeout(now);
        self.modem.handle_timeout(now, wall);
        self.settle();
    }

    /// The gateway's process dies and another starts: the modem notices nothing.
    pub fn restart(&mut self) {
        self.modem = Modem::new(
            machine_settings(self.keep_alive),
            self.sim.settings().persona.usb.map(|usb| (usb.vendor, usb.product)),
        );
        self.events.clear();
        if self.is_open {
            self.open();
        }
    }

    pub fn until_ready(&mut self) {
        let ready = self.run(Duration::from_secs(180), |duel| duel.modem.is_ready());
        assert!(ready, "it never was ready:\n{}", self.transcript());
    }

    /// The last of the dialogue and of what was reported.
    pub fn transcript(&self) -> String {
        let lines: Vec<String> = self.modem.recent_lines().map(|line| format!("{line:?}")).collect();
        format!("{}\n{}", lines.join("\n"), self.story.join("\n"))
    }

    /// Sends a text; all its segments in order. The outcomes are in `outcomes`.
    pub fn send(&mut self, number: i64, to: &str, text: &str) {
        let submission = submission(number, to, text);
        for index in 0..submission.turns.len() {
            self.until_ready();
            let had = self.outcomes.len();
            let (now, wall) = (self.now, self.wall());
            let more = index + 1 < submission.turns.len();
            self.modem.submit(now, wall, &submission, u8::try_from(index).unwrap(), more);
            self.run(Duration::from_secs(400), |duel| duel.outcomes.len() > had);
            if !matches!(self.outcomes.last().map(|result| &result.outcome), Some(SubmitOutcome::Accepted { .. })) {
                return;
            }
        }
    }

    pub fn last(&self) -> Option<&SubmitOutcome> {
        self.outcomes.last().map(|result| &result.outcome)
    }

    fn open(&mut self) {
        self.is_open = true;
        let (now, wall) = (self.now, self.wall());
        self.modem.handle_opened(now, wall);
    }

    fn close(&mut self, unwritten: usize) {
        if std::mem::take(&mut self.is_open) {
            let (now, wall) = (self.now, self.wall());
            self.modem.handle_closed(now, wall, unwritten, "the stick was pulled out");
        }
    }

    /// Pulls the stick out; it is plugged in again after a while.
    pub fn pull(&mut self, unwritten: usize) {
        self.cut_after = None;
        self.sim.handle_unplugged();
        self.close(unwritten);
        self.replug_at = Some(self.now + AWAY);
    }

    /// How many of `wanted` octets pass before the cut.
    fn passing(&mut self, wanted: usize) -> usize {
        let Some(left) = &mut self.cut_after else { return wanted };
        let passing = wanted.min(*left);
        *left -= passing;
        passing
    }

    /// Moves octets and events until there are no more at this instant.
    pub fn settle(&mut self) {
        loop {
            let (now, wall) = (self.now, self.wall());
            let mut moved = false;
            while let Some(octets) = self.modem.poll_transmit() {
                moved = true;
                self.show('>', &octets);
                let passing = self.passing(octets.len());
                if self.is_open {
                    self.sim.handle_bytes(now, &octets[..passing]);
                }
                if passing < octets.len() {
                    self.pull(octets.len() - passing);
                }
            }
            while let Some(octets) = self.sim.poll_transmit() {
                moved = true;
                self.show('<', &octets);
                let passing = self.passing(octets.len());
                if self.is_open {
                    self.modem.handle_bytes(now, wall, &octets[..passing]);
                }
                if passing < octets.len() {
                    self.pull(0);
                }
            }
            while let Some(change) = self.sim.poll_port() {
                moved = true;
                match change {
                    PortChange::Gone => self.close(0),
                    PortChange::Back => self.open(),
                }
            }
            while let Some(event) = self.modem.poll_event() {
                moved = true;
                self.handle_event(event);
            }
            if !moved {
                return;
            }
        }
    }

    fn show(&self, way: char, octets: &[u8]) {
        if self.talk {
            println!("{:?} {way} {}", self.now - self.epoch, String::from_utf8_lossy(octets).escape_debug());
        }
    }

    fn handle_event(&mut self, event: ModemEvent) {
        let now = self.now;
        if !matches!(event, ModemEvent::Network(_) | ModemEvent::Storage(_)) && self.story.len() < 10_000 {
            self.story.push(format!("{:?} {event:?}", now - self.epoch));
        }
        if self.has_world {
            match event {
                ModemEvent::Ask(ask) => self.obey(ask),
                event => self.events.push(event),
            }
            return;
        }
        match event {
            ModemEvent::Submit(result) => self.outcomes.push(result),
            ModemEvent::Receipt { receipt, token } => {
                self.receipts.push(receipt);
                self.modem.committed(now, token, true);
            }
            ModemEvent::Inbound { part, token } => {
                let said = text::decode(part.alphabet, &part.payload, &part.elements);
                self.inbound.push(said);
                self.modem.committed(now, token, true);
            }
            ModemEvent::Notice { token: Some(token), .. } => self.modem.committed(now, token, true),
            ModemEvent::Stage { stage, .. } => self.stage = stage,
            ModemEvent::Ask(ask) => self.obey(ask),
            _ => {}
        }
    }

    /// What only a shell can do.
    fn obey(&mut self, ask: Ask) {
        if !self.is_open {
            return;
        }
        if ask != Ask::Reopen {
            self.sim.handle_unplugged();
            self.close(0);
            self.replug_at = Some(self.now + AWAY);
            return;
        }
        self.close(0);
        self.open();
    }
}

fn machine_settings(keep_alive: Duration) -> Settings {
    Settings { profiles: built_in_modem_profiles(), keep_alive, ..Settings::default() }
}

/// A text as the pipeline hands it to a link.
pub fn submission(number: i64, to: &str, said: &str) -> Submission {
    let body = Body::Text(said.to_owned());
    let encoding = text::encode(&body, &Indication::default(), &TextProfile::default(), None).unwrap();
    let mut encoded = encoding.encoded;
    encoded.reference = u16::try_from(number & 0xff).unwrap();
    let turns = (0..encoded.segments.len())
        .map(|index| postrider::model::SegmentTurn { index: u8::try_from(index).unwrap(), not_before: START });
    Submission {
        message: MessageId::from_i64(number).unwrap(),
        attempt: 1,
        from: None,
        to: to.parse().unwrap(),
        class: Class::Transactional,
        turns: turns.collect(),
        encoded: Arc::new(encoded),
        gap: std::time::Duration::ZERO,
        allowance: None,
        valid_until: START.plus(Duration::from_secs(86_400)),
        parameters: Default::default(),
    }
}
