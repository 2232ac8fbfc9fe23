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
    /// Whether the store takes what comes in.
    pub takes: bool,
    /// Whether the dialogue is shown: `POSTRIDER_SIM_TALK=1`.
    talk: bool,
}

impl Duel {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no zero; everything is counted from this one")]
    pub fn new(settings: SimModemSettings, seed: u64) -> Self {
        let epoch = Instant::now();
        let usb = settings.persona.usb.map(|usb| (usb.vendor, usb.product));
        let machine = Settings { profiles: built_in_modem_profiles(), ..Settings::default() };
        let mut duel = Self {
            modem: Modem::new(machine, usb),
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
            takes: true,
            talk: std::env::var_os("POSTRIDER_SIM_TALK").is_some(),
        };
        duel.open();
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
            let next = [self.modem.poll_timeout(), self.sim.poll_timeout(), self.replug_at].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at) + Duration::from_micros(10);
            let (now, wall) = (self.now, self.wall());
            if self.replug_at.is_some_and(|at| at <= now) {
                self.replug_at = None;
                self.sim.handle_plugged(now);
                self.open();
            }
            self.sim.handle_timeout(now);
            self.modem.handle_timeout(now, wall);
        }
        self.now = self.now.max(end);
        done(self)
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
    fn settle(&mut self) {
        loop {
            let (now, wall) = (self.now, self.wall());
            let mut moved = false;
            while let Some(octets) = self.modem.poll_transmit() {
                moved = true;
                if self.talk {
                    println!("{:?} > {}", now - self.epoch, String::from_utf8_lossy(&octets).escape_debug());
                }
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
                if self.talk {
                    println!("{:?} < {}", now - self.epoch, String::from_utf8_lossy(&octets).escape_debug());
                }
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

    fn handle_event(&mut self, event: ModemEvent) {
        let now = self.now;
        if !matches!(event, ModemEvent::Network(_) | ModemEvent::Storage(_)) && self.story.len() < 10_000 {
            self.story.push(format!("{:?} {event:?}", now - self.epoch));
        }
        match event {
            ModemEvent::Submit(result) => self.outcomes.push(result),
            ModemEvent::Receipt { receipt, token } => {
                self.receipts.extend(self.takes.then_some(receipt));
                self.modem.committed(now, token, self.takes);
            }
            ModemEvent::Inbound { part, token } => {
                let said = text::decode(part.alphabet, &part.payload, &part.elements);
                self.inbound.extend(self.takes.then_some(said));
                self.modem.committed(now, token, self.takes);
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
        valid_until: START.plus(Duration::from_secs(86_400)),
        parameters: Default::default(),
    }
}
