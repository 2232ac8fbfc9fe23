//! Recorded dialogues play the modem's side to the real machine: it becomes ready, and every send has one outcome.

use std::time::{Duration, Instant};

use postrider::at::{Modem, ModemEvent, Settings};
use postrider::config::built_in_modem_profiles;
use postrider::model::{SubmitResult, Timestamp};
use postrider::sim::modem::PortChange;
use postrider::sim::{Fixture, Player, PlayerSettings};

use super::modem_duel::submission;

const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const SECOND: Duration = Duration::from_secs(1);

struct Stage {
    modem: Modem,
    player: Player,
    epoch: Instant,
    now: Instant,
    outcomes: Vec<SubmitResult>,
    delivered: usize,
}

impl Stage {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no zero; everything is counted from this one")]
    fn new(fixture: &Fixture) -> Self {
        let now = Instant::now();
        let settings = Settings { profiles: built_in_modem_profiles(), ..Settings::default() };
        let mut modem = Modem::new(settings, None);
        modem.handle_opened(now, START);
        let player = Player::new(now, fixture, PlayerSettings { haste: 1, any_message: true });
        Self { modem, player, epoch: now, now, outcomes: Vec::new(), delivered: 0 }
    }

    fn run(&mut self, span: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + span;
        for _ in 0..200_000 {
            self.settle();
            if done(self) {
                return true;
            }
            let next = [self.modem.poll_timeout(), self.player.poll_timeout()].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(at) + Duration::from_micros(10);
            let wall = START.plus(self.now - self.epoch);
            self.player.handle_timeout(self.now);
            self.modem.handle_timeout(self.now, wall);
        }
        self.now = self.now.max(end);
        done(self)
    }

    fn settle(&mut self) {
        loop {
            let (now, wall) = (self.now, START.plus(self.now - self.epoch));
            let mut moved = false;
            while let Some(octets) = self.modem.poll_transmit() {
                moved = true;
                self.player.handle_bytes(now, &octets);
            }
            while let Some(octets) = self.player.poll_transmit() {
                moved = true;
                self.modem.handle_bytes(now, wall, &octets);
            }
            while let Some(change) = self.player.poll_port() {
                moved = true;
                match change {
                    PortChange::Gone => self.modem.handle_closed(now, wall, 0, "the port went away"),
                    PortChange::Back => self.modem.handle_opened(now, wall),
                }
            }
            while let Some(event) = self.modem.poll_event() {
                moved = true;
                match event {
                    ModemEvent::Submit(result) => self.outcomes.push(result),
                    ModemEvent::Receipt { token, .. } | ModemEvent::Inbound { token, .. } => {
                        self.delivered += 1;
                        self.modem.committed(now, token, true);
                    }
                    ModemEvent::Notice { token: Some(token), .. } => self.modem.committed(now, token, true),
                    ModemEvent::Ask(_) => {
                        self.modem.handle_closed(now, wall, 0, "reopened");
                        self.modem.handle_opened(now, wall);
                    }
                    _ => {}
                }
            }
            if !moved {
                return;
            }
        }
    }
}

#[test]
fn every_recorded_dialogue_plays_a_modem_that_works() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hw-fixtures/modems");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).expect("the dialogues are there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a dialogue");
        let fixture = Fixture::parse(&name, &text).unwrap_or_else(|wrong| panic!("{wrong}"));
        let mut stage = Stage::new(&fixture);
        // These two show SIMs that a person has to look after.
        let locked = name.contains("pin") || name.contains("puk");
        let sends = text.lines().filter(|line| line.starts_with("> AT+CMGS=")).count();
        for number in 1..=sends {
            assert!(stage.run(2000 * SECOND, |stage| stage.modem.is_ready()) || locked, "{name}: it is not ready");
            let (now, wall) = (stage.now, START.plus(stage.now - stage.epoch));
            stage.modem.submit(now, wall, &submission(number as i64, "+821012345678", "Hello"), 0, false);
            assert!(
                stage.run(2000 * SECOND, |stage| stage.outcomes.len() >= number),
                "{name}: send {number} has no end"
            );
            // The modem says what it has to say before the next one.
            stage.run(40 * SECOND, |_| false);
        }
        stage.run(100 * SECOND, |_| false);
        assert_eq!(stage.outcomes.len(), sends, "{name}");
        let brings = text.lines().any(|line| line.starts_with("< +CMTI") || line.starts_with("< +CDS:"));
        assert!(stage.delivered > 0 || !brings, "{name}: nothing came in");
        assert!(stage.player.errors().is_empty(), "{name}: {:?}", stage.player.errors());
        played += 1;
    }
    assert!(played >= 10, "{played} dialogues");
}
