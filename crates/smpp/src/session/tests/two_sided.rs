//! An ESME and an SMSC session that talk through pipes which split and merge octets anyhow.

#![expect(clippy::wildcard_enum_match_arm, reason = "whatever a dialogue does not expect fails it")]

use proptest::prelude::*;

use super::*;

/// Octets on their way, delivered in pieces of the given sizes.
#[derive(Default)]
struct Pipe {
    octets: BytesMut,
}

impl Pipe {
    fn fill(&mut self, session: &mut Session<u64>) {
        while let Some(octets) = session.poll_transmit() {
            self.octets.extend_from_slice(&octets);
        }
    }

    fn carry(&mut self, now: Instant, size: usize, session: &mut Session<u64>) -> bool {
        if self.octets.is_empty() || !session.wants_read(now) {
            return false;
        }
        let piece = self.octets.split_to(size.min(self.octets.len()));
        session.handle_bytes(now, &piece);
        true
    }
}

/// Both ends and what they have seen.
struct Dialogue {
    now: Instant,
    esme: Session<u64>,
    smsc: Session<u64>,
    up: Pipe,
    down: Pipe,
    submitted: u64,
    answered: Vec<u64>,
    receipts: Vec<u32>,
    receipts_answered: usize,
    reasons: Vec<CloseReason>,
}

const MESSAGES: u64 = 40;

impl Dialogue {
    fn new() -> Self {
        let now = start();
        let mut esme = Session::new(now, SessionSettings::esme(&profile()));
        esme.bind(now, profile().account.bind(BindKind::Transceiver)).unwrap();
        let smsc = SessionSettings { window: 2, inbound_window: 3, ..SessionSettings::smsc() };
        Self {
            now,
            esme,
            smsc: Session::new(now, smsc),
            up: Pipe::default(),
            down: Pipe::default(),
            submitted: 0,
            answered: Vec::new(),
            receipts: Vec::new(),
            receipts_answered: 0,
            reasons: Vec::new(),
        }
    }

    fn run(&mut self, sizes: &[usize]) {
        let mut sizes = sizes.iter().copied().cycle();
        let mut size = || sizes.next().unwrap_or(1).max(1);
        for _ in 0..100_000 {
            self.act();
            self.up.fill(&mut self.esme);
            self.down.fill(&mut self.smsc);
            let moved = self.up.carry(self.now, size(), &mut self.smsc);
            if !self.down.carry(self.now, size(), &mut self.esme) && !moved && self.reasons.len() == 2 {
                return;
            }
        }
        panic!("the dialogue does not end: {:?}", self.reasons);
    }

    fn act(&mut self) {
        while self.submitted < MESSAGES && self.esme.submit(self.now, submit_sm(), self.submitted).is_ok() {
            self.submitted += 1;
        }
        while let Some(event) = self.smsc.poll_event() {
            self.handle_smsc(event);
        }
        while let Some(event) = self.esme.poll_event() {
            self.handle_esme(event);
        }
        if self.receipts_answered == self.receipts.len() && self.receipts.len() as u64 == MESSAGES {
            self.esme.unbind(self.now);
        }
    }

    fn handle_smsc(&mut self, event: SessionEvent<u64>) {
        match event {
            SessionEvent::BindRequested(_) => assert!(self.smsc.accept_bind(self.now, "smsc")),
            SessionEvent::Request { sequence, body, .. } => {
                assert!(matches!(body, Body::SubmitSm(_)));
                assert!(self.smsc.respond(self.now, sequence, CommandStatus::ROK, submit_sm_resp("id")));
            }
            SessionEvent::Outcome { outcome, .. } => {
                assert!(matches!(outcome, Outcome::Answered { status: CommandStatus::ROK, .. }));
                self.receipts_answered += 1;
            }
            SessionEvent::Note(Note::PeerUnbinds) => {}
            SessionEvent::Close(reason) => self.reasons.push(reason),
            other => panic!("{other:?}"),
        }
        let given = self.receipts.len() as u64;
        if given < self.answered.len() as u64 && self.smsc.submit(self.now, deliver_sm(), given).is_ok() {
            self.receipts.push(0);
        }
    }

    fn handle_esme(&mut self, event: SessionEvent<u64>) {
        match event {
            SessionEvent::Bound { peer, .. } => assert_eq!(peer, "smsc"),
            SessionEvent::Request { sequence, body, .. } => {
                assert!(matches!(body, Body::DeliverSm(_)));
                assert!(self.esme.respond(self.now, sequence, CommandStatus::ROK, deliver_sm_resp()));
            }
            SessionEvent::Outcome { token, outcome } => {
                assert!(matches!(outcome, Outcome::Answered { status: CommandStatus::ROK, .. }));
                self.answered.push(token);
            }
            SessionEvent::Answers(_) => {}
            SessionEvent::Close(reason) => self.reasons.push(reason),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn however_the_octets_are_cut_both_sides_settle_everything(sizes in prop::collection::vec(1_usize..200, 1..20)) {
        let mut dialogue = Dialogue::new();
        dialogue.run(&sizes);
        prop_assert_eq!(&dialogue.answered, &(0..MESSAGES).collect::<Vec<_>>());
        prop_assert_eq!(dialogue.receipts_answered as u64, MESSAGES);
        prop_assert!(dialogue.reasons.contains(&CloseReason::Unbound));
        prop_assert!(dialogue.reasons.contains(&CloseReason::PeerUnbound));
    }

    #[test]
    fn a_connection_cut_anywhere_leaves_no_request_without_an_outcome(
        sizes in prop::collection::vec(1_usize..200, 1..20),
        cut_after in 0_usize..3_000,
        unsent in 0_usize..300,
    ) {
        let mut dialogue = Dialogue::new();
        let mut carried = 0;
        for size in sizes.iter().cycle() {
            dialogue.act();
            dialogue.up.fill(&mut dialogue.esme);
            dialogue.down.fill(&mut dialogue.smsc);
            dialogue.up.carry(dialogue.now, *size, &mut dialogue.smsc);
            dialogue.down.carry(dialogue.now, *size, &mut dialogue.esme);
            carried += size;
            if carried > cut_after {
                break;
            }
        }
        dialogue.esme.handle_disconnect(unsent);
        let mut tokens = dialogue.answered.clone();
        while let Some(event) = dialogue.esme.poll_event() {
            if let SessionEvent::Outcome { token, .. } = event {
                tokens.push(token);
            }
        }
        tokens.sort_unstable();
        prop_assert_eq!(tokens, (0..dialogue.submitted).collect::<Vec<_>>());
    }
}
