//! One link of the gateway: the real session machine, and around it what `link` does with sockets and tasks.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider::link::departures::Departures;
use postrider::link::queue::Queue;
use postrider::model::*;
use postrider::sim::ConnectionId;
use postrider::smpp::pdu::BindKind;
use postrider::smpp::profile::CarrierProfile;
use postrider::smpp::session::{Known, Outcome, Session, SessionEvent, SessionSettings};
use postrider::smpp::{Body, CommandStatus, inbound, outcome, submit};

/// How long it waits before it connects again.
const PAUSE: Duration = Duration::from_secs(2);
/// A bound carrier that answers nothing for so long is left.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// Names a segment of a lease.
pub type Token = (MessageId, u32, u8);

pub struct SimLink {
    pub name: LinkName,
    pub connection: Option<ConnectionId>,
    /// What happened since the last settling.
    pub events: Vec<LinkEvent>,
    /// Segments that left since they were last taken.
    pub left: Vec<Token>,
    profile: CarrierProfile,
    session: Option<Session<Token>>,
    number: u32,
    queue: Queue,
    /// Segments in the queue.
    held: usize,
    connect_at: Option<Instant>,
    answered_at: Instant,
    up: bool,
    /// A planted fault: what may have been sent is called unsent.
    pub blind: bool,
}

impl SimLink {
    pub fn new(
        name: LinkName,
        profile: CarrierProfile,
        number: u32,
        departures: Arc<Mutex<Departures>>,
        now: Instant,
    ) -> Self {
        Self {
            name,
            connection: None,
            events: Vec::new(),
            left: Vec::new(),
            profile,
            session: None,
            number,
            queue: Queue::under(departures),
            held: 0,
            connect_at: Some(now),
            answered_at: now,
            up: false,
            blind: false,
        }
    }

    pub fn wants_connection(&self, now: Instant) -> bool {
        self.connect_at.is_some_and(|at| at <= now)
    }

    pub fn connect(&mut self, id: ConnectionId, now: Instant) {
        self.number += 1;
        let mut session = Session::new(now, SessionSettings::esme(&self.profile));
        session.bind(now, self.profile.account.bind(BindKind::Transceiver)).expect("a bind of our own can be encoded");
        (self.session, self.connection, self.connect_at, self.answered_at) = (Some(session), Some(id), None, now);
    }

    /// Segments that it can take.
    pub fn free(&self) -> Option<usize> {
        let out = self.session.as_ref().map_or(0, Session::outstanding);
        self.up.then(|| (self.profile.window * 2).max(10).saturating_sub(self.held + out))
    }

    /// The session's number, which acknowledgements name.
    pub fn session(&self) -> u32 {
        self.number
    }

    pub fn is_idle(&self) -> bool {
        self.held == 0 && self.session.as_ref().is_none_or(|session| session.outstanding() == 0)
    }

    pub fn take(&mut self, submission: Submission, now: Instant, wall: Timestamp) {
        self.held += submission.turns.len();
        self.queue.push(submission, now, wall);
        if !self.up {
            self.give_back("the link is down");
        }
    }

    pub fn handle_bytes(&mut self, octets: &[u8], now: Instant) {
        if let Some(session) = &mut self.session {
            session.handle_bytes(now, octets);
        }
    }

    /// The connection is gone; `unsent` octets of it were never handed over.
    pub fn handle_disconnect(&mut self, now: Instant) {
        self.connection = None;
        let Some(mut session) = self.session.take() else { return };
        session.handle_disconnect(0);
        while let Some(event) = session.poll_event() {
            // Nothing is delivered any more, so no time is asked for.
            self.handle_event(event, now, Timestamp::default());
        }
        self.up = false;
        self.give_back("the link closed");
        self.events.push(LinkEvent::Health(LinkHealth::Down("closed".to_owned())));
        self.connect_at = Some(now + PAUSE);
    }

    /// Does what is due; returns whether the connection is to be closed.
    pub fn turn(&mut self, now: Instant, wall: Timestamp) -> bool {
        let Some(mut session) = self.session.take() else { return false };
        session.handle_timeout(now);
        let mut close = false;
        loop {
            while let Some(event) = session.poll_event() {
                close |= matches!(event, SessionEvent::Close(_));
                self.handle_event(event, now, wall);
            }
            if !self.pump(&mut session, now, wall) {
                break;
            }
        }
        let silent = session.oldest_request().is_some_and(|at| now - at.max(self.answered_at) > SILENCE_MAX);
        self.session = Some(session);
        close || silent
    }

    /// Submits what may leave now; returns whether anything did.
    fn pump(&mut self, session: &mut Session<Token>, now: Instant, wall: Timestamp) -> bool {
        let mut moved = false;
        while self.up && session.free() > 0 {
            let Some((submission, turn)) = self.queue.front(now) else { break };
            let token = (submission.message, submission.attempt, turn.index);
            let body = submit::request(&self.profile, submission, turn.index, wall).expect("an encodable segment");
            session.submit(now, body, token).expect("the window has room");
            self.left.push(token);
            self.queue.pop(now);
            self.held -= 1;
            moved = true;
        }
        moved
    }

    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.session.as_mut()?.poll_transmit()
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        let session = self.session.as_ref();
        let turn =
            if self.up && session.is_some_and(|session| session.free() > 0) { self.queue.poll_timeout() } else { None };
        let silence =
            session.and_then(Session::oldest_request).map(|at| at.max(self.answered_at) + SILENCE_MAX + PAUSE);
        [self.connect_at, session.and_then(Session::poll_timeout), turn, silence].into_iter().flatten().min()
    }

    pub fn ack(&mut self, token: AckToken, now: Instant) {
        if token.session != self.number {
            return;
        }
        if let Some(session) = &mut self.session {
            session.respond(now, token.sequence, CommandStatus::ROK, inbound::answer(token));
        }
    }

    fn handle_event(&mut self, event: SessionEvent<Token>, now: Instant, wall: Timestamp) {
        match event {
            SessionEvent::Bound { .. } => {
                self.up = true;
                self.tell(SessionNews::Began);
                self.events.push(LinkEvent::Health(LinkHealth::Up));
            }
            SessionEvent::Outcome { token, outcome } => {
                let outcome = match outcome {
                    Outcome::Answered { status, body, .. } => {
                        self.answered_at = now;
                        outcome::outcome(&self.profile, status, &body)
                    }
                    Outcome::ConnectionLost { sent: false } => SubmitOutcome::NotSent { reason: "closed".to_owned() },
                    Outcome::TimedOut | Outcome::ConnectionLost { sent: true } if self.blind => {
                        SubmitOutcome::NotSent { reason: "planted".to_owned() }
                    }
                    Outcome::TimedOut => SubmitOutcome::Unanswered { reason: "no answer in time".to_owned() },
                    Outcome::ConnectionLost { sent: true } => SubmitOutcome::Unanswered { reason: "closed".to_owned() },
                };
                self.report(token, outcome);
            }
            SessionEvent::Late { token, status, body, .. } => {
                let outcome = outcome::outcome(&self.profile, status, &body);
                self.report(token, outcome);
            }
            SessionEvent::Answers(Known { after, up_to, read }) => {
                self.tell(if read { SessionNews::Read { up_to } } else { SessionNews::Missed { after, up_to } });
            }
            SessionEvent::Request { sequence, place, body } => {
                let data_sm = matches!(body, Body::DataSm(_));
                let ack = AckToken { session: self.number, sequence, data_sm, place, came_at: wall };
                match inbound::delivery(&self.profile, &body) {
                    inbound::Delivery::Receipt(receipt) => {
                        self.events.push(LinkEvent::Receipt { receipt, ack: Some(ack) })
                    }
                    inbound::Delivery::Message(part) => self.events.push(LinkEvent::Inbound { part, ack: Some(ack) }),
                    inbound::Delivery::Neither(_) => self.ack(ack, now),
                }
            }
            SessionEvent::BindRequested(_)
            | SessionEvent::Outbind(_)
            | SessionEvent::Alert(_)
            | SessionEvent::Note(_)
            | SessionEvent::Close(_) => {}
            SessionEvent::Closed(_) => self.tell(SessionNews::Ended),
        }
    }

    fn tell(&mut self, news: SessionNews) {
        self.events.push(LinkEvent::Session { session: self.number, news });
    }

    fn report(&mut self, (message, attempt, index): Token, outcome: SubmitOutcome) {
        self.events.push(LinkEvent::Submit(SubmitResult { message, attempt, index, outcome }));
    }

    /// Segments that never reached the session are certainly not sent.
    fn give_back(&mut self, reason: &str) {
        self.held = 0;
        let left: Vec<_> = self.queue.drain().collect();
        for (submission, next) in left {
            for turn in &submission.turns[next..] {
                let token = (submission.message, submission.attempt, turn.index);
                self.report(token, SubmitOutcome::NotSent { reason: reason.to_owned() });
            }
        }
    }
}
