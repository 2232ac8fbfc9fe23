//! Every recorded dialogue in `hw-fixtures/modems` drives the real machine to the end that the file expects.
//!
//! A line `# set ...` changes a profile or a setting, `# expect ...` says what comes of it. What is sent is taken from the
//! dialogue's own PDUs, so that the modem's side can be strict about them.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test may fail where it stands")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider::at::{Acknowledge, Cnmi, Modem, ModemEvent, ModemProfile, SendErrorClass, Settings};
use postrider::config::built_in_modem_profiles;
use postrider::model::{
    Class, Concatenation, Encoded, ErrorClass, Indication, MessageId, ModemAnswer, ModemNotice, ModemRequest,
    Submission, SubmitOutcome, Timestamp,
};
use postrider::sim::fixture::What;
use postrider::sim::modem::PortChange;
use postrider::sim::{Fixture, Player, PlayerSettings};
use postrider::text;
use postrider::tpdu::{Pdu, Submit};

/// A dialogue is over when nothing of note happened for so long, and its modem has nothing more to say.
const QUIET: Duration = Duration::from_secs(900);
/// Turns of a dialogue; more is a loop.
const TURNS_MAX: usize = 100_000;

/// What a file sets and expects.
#[derive(Default)]
struct Script {
    settings: BTreeMap<String, String>,
    expected: Vec<String>,
}

impl Script {
    fn read(text: &str) -> Self {
        let mut script = Self::default();
        for line in text.lines() {
            if let Some(set) = line.strip_prefix("# set ") {
                let (key, value) = set.split_once(' ').unwrap_or((set, ""));
                script.settings.insert(key.to_owned(), value.to_owned());
            } else if let Some(expected) = line.strip_prefix("# expect ") {
                script.expected.push(expected.to_owned());
            }
        }
        script
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    fn profile(&self) -> ModemProfile {
        let name = self.get("profile").unwrap();
        let profiles = built_in_modem_profiles();
        let mut profile = profiles.iter().find(|profile| profile.name == name).unwrap().clone();
        if let Some(values) = self.get("indications") {
            let values: Vec<u8> = values.split(',').map(|value| value.parse().unwrap()).collect();
            profile.init.indications = vec![Cnmi::try_from(values).unwrap()];
        }
        if let Some(service) = self.get("service") {
            profile.init.service = service.parse().unwrap();
        }
        if let Some(store) = self.get("storage") {
            profile.init.storage = vec![store.to_owned()];
        }
        if let Some(command) = self.get("on_unknown_error") {
            profile.send.on_unknown_error = Some(command.to_owned());
        }
        if let Some(more) = self.get("more_messages") {
            profile.send.more_messages = more.parse().unwrap();
        }
        if let Some((code, class)) = self.get("error").and_then(|error| error.split_once(' ')) {
            profile.send.errors.push((code.parse().unwrap(), SendErrorClass::named(class).unwrap()));
        }
        if self.get("acknowledge") == Some("one") {
            profile.receive.acknowledge = Acknowledge::One;
        }
        profile
    }
}

/// The messages of a dialogue, one for each `AT+CMGS`: its own PDU, or the next one where it got no prompt.
fn messages(fixture: &Fixture) -> VecDeque<Submission> {
    let (mut messages, mut open) = (VecDeque::new(), 0);
    for step in &fixture.steps {
        let What::Write(octets) = &step.what else { continue };
        let text = String::from_utf8_lossy(octets).into_owned();
        open += usize::from(text.starts_with("AT+CMGS="));
        if let Some(pdu) = text.strip_suffix('\u{1a}') {
            for _ in 0..std::mem::take(&mut open) {
                messages.push_back(message(pdu, messages.len()));
            }
        }
    }
    messages
}

fn message(pdu: &str, number: usize) -> Submission {
    let submit = Submit::decode(&Pdu::parse_hex(pdu).unwrap().tpdu).unwrap();
    let content = submit.content();
    let encoded = Encoded {
        alphabet: content.alphabet,
        indication: Indication { protocol_id: submit.protocol_id.0, ..Indication::default() },
        concatenation: Concatenation::None,
        reference: 0,
        // The whole header goes as it is, so that the PDU is the dialogue's.
        elements: submit.header.get(1..).unwrap_or_default().to_vec(),
        segments: vec![content.payload],
    };
    Submission {
        message: MessageId::first_at(START.plus(Duration::from_secs(u64::try_from(number).unwrap()))),
        attempt: 1,
        from: None,
        to: format!("+{}", submit.to.text()).parse().unwrap(),
        class: Class::Transactional,
        encoded: Arc::new(encoded),
        turns: Vec::new(),
        gap: std::time::Duration::ZERO,
        allowance: None,
        valid_until: START.plus(Duration::from_secs(86_400)),
        parameters: BTreeMap::new(),
    }
}

const START: Timestamp = Timestamp::from_millis(1_768_400_000_000);

/// The machine, the player and the clock between them.
struct Run {
    script: Script,
    modem: Modem,
    player: Player,
    now: Instant,
    start: Instant,
    open: bool,
    messages: VecDeque<Submission>,
    commits: Vec<(Instant, u32)>,
    asked: bool,
    sent: String,
    /// What happened, in the words of the files.
    happened: Vec<String>,
    told: String,
    was_ready: bool,
    /// When something of note happened last.
    noted_at: Instant,
}

impl Run {
    fn new(name: &str, text: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
        let now = Instant::now();
        let fixture = Fixture::parse(name, text).unwrap();
        let script = Script::read(text);
        let settings = Settings {
            profiles: Arc::new([script.profile()]),
            pin: script.get("pin").map(|pin| pin.to_owned().into()),
            reports: script.get("reports") != Some("off"),
            ..Settings::default()
        };
        let any_message = script.get("any-message").is_some();
        Self {
            messages: messages(&fixture),
            player: Player::new(now, &fixture, PlayerSettings { haste: 1, any_message }),
            modem: Modem::new(settings, None),
            script,
            now,
            start: now,
            open: true,
            commits: Vec::new(),
            asked: false,
            sent: String::new(),
            happened: Vec::new(),
            told: String::new(),
            was_ready: false,
            noted_at: now,
        }
    }

    fn wall(&self) -> Timestamp {
        START.plus(self.now - self.start)
    }

    fn play(&mut self) {
        self.modem.handle_opened(self.now, self.wall());
        for _ in 0..TURNS_MAX {
            if self.turn() {
                continue;
            }
            let deadlines = [self.modem.poll_timeout(), self.player.poll_timeout(), self.commits.first().map(|c| c.0)];
            let Some(next) = deadlines.into_iter().flatten().min() else { return };
            self.now = self.now.max(next);
            if self.player.poll_timeout().is_none() && self.now - self.noted_at > QUIET {
                return;
            }
            self.player.handle_timeout(self.now);
            self.modem.handle_timeout(self.now, self.wall());
            self.commit();
        }
        self.told.push_str("it never ends\n");
        self.happened.push("submitted without end".to_owned());
    }

    /// Moves what is there; `false` when nothing is.
    fn turn(&mut self) -> bool {
        let mut moved = false;
        while let Some(change) = self.player.poll_port() {
            moved = true;
            match change {
                PortChange::Gone => {
                    self.open = false;
                    self.modem.handle_closed(self.now, self.wall(), 0, "unplugged");
                }
                PortChange::Back => {
                    self.open = true;
                    self.modem.handle_opened(self.now, self.wall());
                }
            }
        }
        while let Some(octets) = self.modem.poll_transmit() {
            moved = true;
            self.sent.push_str(&String::from_utf8_lossy(&octets));
            self.sent.push('\n');
            self.player.handle_bytes(self.now, &octets);
        }
        while let Some(octets) = self.player.poll_transmit() {
            moved = true;
            if self.open {
                self.modem.handle_bytes(self.now, self.wall(), &octets);
            }
        }
        while let Some(event) = self.modem.poll_event() {
            moved = true;
            self.note(event);
        }
        self.was_ready |= self.modem.is_ready();
        if self.modem.is_ready() {
            if let Some(message) = self.messages.pop_front() {
                let more = self
                    .messages
                    .front()
                    .is_some_and(|next| next.to == message.to && !next.encoded.elements.is_empty());
                self.modem.submit(self.now, self.wall(), &message, 0, more);
                return true;
            }
            if let Some(code) = self.script.get("ussd").map(str::to_owned).filter(|_| !self.asked) {
                self.asked = true;
                self.modem.request(self.now, 1, ModemRequest::Ussd(code));
                return true;
            }
        }
        moved
    }

    /// The store takes what waits, at once or after the time that the file sets for all but the first.
    fn commit(&mut self) {
        while self.commits.first().is_some_and(|(at, _)| *at <= self.now) {
            let (_, token) = self.commits.remove(0);
            self.modem.committed(self.now, token, true);
        }
    }

    fn later(&mut self, token: u32) {
        let slow = self.script.get("commit-after").map_or(0, |seconds| seconds.parse().unwrap());
        let first = !self.happened.iter().any(|what| what.starts_with("receipt"));
        let wait = if first { 0 } else { slow };
        self.commits.push((self.now + Duration::from_secs(wait), token));
    }

    /// Keeps what an event says. The modem's side lists its slots again and again, so a message or report counts once, as it
    /// does in the store.
    fn note(&mut self, event: ModemEvent) {
        let before = (self.happened.len(), self.told.len());
        self.note_event(event);
        if let [.., last] = self.happened.as_slice()
            && self.happened.len() > before.0
            && (last.starts_with("inbound") || last.starts_with("receipt"))
            && self.happened[..before.0].contains(last)
        {
            self.happened.pop();
        }
        if before != (self.happened.len(), self.told.len()) {
            self.noted_at = self.now;
        }
    }

    fn note_event(&mut self, event: ModemEvent) {
        match event {
            ModemEvent::Submit(result) => {
                let what = match result.outcome {
                    SubmitOutcome::Accepted { carrier_id } => {
                        let id = carrier_id.unwrap();
                        format!("submitted {}", id.as_str().rsplit(':').next().unwrap())
                    }
                    SubmitOutcome::Refused { class, code, .. } => format!("refused {} {code}", class_word(class)),
                    SubmitOutcome::NotSent { .. } => "not-sent".to_owned(),
                    SubmitOutcome::Unanswered { .. } => "unanswered".to_owned(),
                };
                self.happened.push(what);
            }
            ModemEvent::Receipt { receipt, token } => {
                self.later(token);
                let id = receipt.ids[0].as_str().rsplit(':').next().unwrap().to_owned();
                let at = receipt.done_at.map(|at| at.to_string().replace(".000Z", "Z")).unwrap_or_default();
                self.happened.push(format!("receipt {id} {} {at}", receipt.state));
            }
            ModemEvent::Inbound { part, token } => {
                self.later(token);
                let place = part.part_of.map_or((1, 1), |part| (part.number, part.total));
                let text = text::decode(part.alphabet, &part.payload, &part.elements);
                self.happened.push(format!("inbound {} {}/{} {text}", part.from.as_str(), place.0, place.1));
            }
            ModemEvent::Notice { notice: ModemNotice::PinAttempt { .. }, token } => self.later(token.unwrap()),
            ModemEvent::Answer { answer: ModemAnswer::Ussd { text, .. }, .. } => {
                self.happened.push(format!("ussd {text}"))
            }
            ModemEvent::Answer { answer, .. } => self.happened.push(format!("answer {answer:?}")),
            ModemEvent::Stage { stage, reason, .. } => {
                self.told.push_str(&format!("{}: {reason}\n", stage.as_str()));
            }
            ModemEvent::Trouble { text, .. } => self.told.push_str(&format!("trouble: {text}\n")),
            _ => {}
        }
    }

    /// What is not as the file expects, one sentence each.
    fn complaints(&self) -> Vec<String> {
        let mut complaints: Vec<String> = self.player.errors().to_vec();
        complaints.extend(self.player.missing());
        for kind in [["submitted", "refused", "not-sent", "unanswered"], ["receipt"; 4], ["inbound"; 4], ["ussd"; 4]] {
            let of_kind = |what: &&String| kind.iter().any(|word| what.starts_with(word));
            let expected: Vec<&String> = self.script.expected.iter().filter(of_kind).collect();
            let happened: Vec<&String> = self.happened.iter().filter(of_kind).collect();
            let same = expected.len() == happened.len()
                && expected.iter().zip(&happened).all(|(expected, happened)| agrees(expected, happened));
            if !same {
                complaints.push(format!("expected {expected:#?}, but {happened:#?}"));
            }
        }
        for expected in &self.script.expected {
            let (kind, rest) = expected.split_once(' ').unwrap_or((expected, ""));
            let holds = match kind {
                "told" => self.told.contains(rest),
                "never" => !self.told.contains(rest),
                "sent" => self.sent.contains(rest),
                "ready" => self.was_ready,
                "pin" => self.sent.matches("AT+CPIN=").count().to_string() == rest,
                _ => true,
            };
            if !holds {
                complaints.push(format!("{expected}: does not hold"));
            }
        }
        complaints
    }
}

/// Whether what happened is what was expected: a `*` stands for any rest, and a time that is not given for any time.
fn agrees(expected: &str, happened: &str) -> bool {
    let happened = happened.trim_end();
    match expected.strip_suffix('*') {
        Some(start) => happened.starts_with(start),
        None => {
            happened == expected || (expected.starts_with("receipt") && happened.starts_with(&format!("{expected} ")))
        }
    }
}

fn class_word(class: ErrorClass) -> &'static str {
    class.as_str()
}

fn dialogues() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hw-fixtures/modems");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn every_recorded_dialogue_comes_to_the_end_that_it_expects() {
    let mut wrong = String::new();
    for (name, text) in dialogues() {
        let mut run = Run::new(&name, &text);
        run.play();
        let complaints = run.complaints();
        if !complaints.is_empty() {
            wrong.push_str(&format!("{name}:\n  {}\n  told: {}\n", complaints.join("\n  "), run.told));
            // For the one who mends it.
            if std::env::var_os("POSTRIDER_SHOW_DIALOGUE").is_some() {
                let lines: Vec<&str> = run.modem.recent_lines().map(|line| line.text.as_str()).collect();
                wrong.push_str(&lines.join("\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_dialogue_has_a_head_and_expects_something() {
    for (name, text) in dialogues() {
        for word in ["# Device: ", "# Firmware: ", "# Shows: "] {
            assert!(text.contains(word), "{name} does not say \"{word}\"");
        }
        let script = Script::read(&text);
        assert!(!script.expected.is_empty(), "{name} expects nothing");
        let known = BTreeSet::from([
            "submitted",
            "refused",
            "not-sent",
            "unanswered",
            "receipt",
            "inbound",
            "ussd",
            "told",
            "never",
            "sent",
            "ready",
            "pin",
        ]);
        for expected in &script.expected {
            let kind = expected.split(' ').next().unwrap();
            assert!(known.contains(kind), "{name} expects \"{kind}\", which nothing checks");
        }
    }
}

#[test]
fn a_dialogue_that_goes_otherwise_is_noticed() {
    let (name, text) = dialogues().into_iter().find(|(name, _)| name.starts_with("huawei_e173")).unwrap();
    for (from, to) in [("< +CMGS: 64", "< +CMGS: 65"), ("expect receipt 64 delivered", "expect receipt 64 expired")] {
        let mut run = Run::new(&name, &text.replace(from, to));
        run.play();
        assert!(!run.complaints().is_empty(), "{from} became {to}");
    }
}
