//! One SMPP session without IO, as ESME or as SMSC: bind, windows in both directions, keep-alive, timers, unbind.
//!
//! ```text
//!  ESME   Open ──bind──▶ Binding ──────bind_resp ok──────▶ Bound ──unbind()──▶ Draining ──▶ Unbinding ──▶ Closing
//!  SMSC   Open ──bind pdu──▶ BindAsked ──accept_bind()──▶    │                                               ▲
//!                                                            └──unbind pdu──▶ Draining ──unbind_resp─────────┤
//!  any phase: refused, silent, broken stream, out of time ───────────────────────────────────────────────────┘
//!  Closing ──handle_disconnect()──▶ Closed: every request still waiting gets its outcome
//! ```
//!
//! The owner carries octets and time: after each input it sends what [`Session::poll_transmit`] has, handles each
//! [`Session::poll_event`], and comes back at [`Session::poll_timeout`]. It reads from the peer only while
//! [`Session::wants_read`] says so. Requests are named by a token `T` of the owner's choice.
//!
//! | file | decides |
//! |---|---|
//! | `settings`, `event` | what a session is told, and what it tells |
//! | `receive` | what each incoming PDU means in each phase |
//! | `binding`, `unbinding` | how the session begins and ends |
//! | `window` | which of our requests wait, are late, were never sent |
//! | `inbound` | how many of the peer's requests may wait |
//! | `proof` | which of our answers the peer has certainly read |
//! | `keepalive` | when to send `enquire_link`, and when the peer is lost |
//! | `sequence`, `outbox` | numbers of requests; octets on their way out |
//! | `tap` | who may watch the PDUs pass |

mod binding;
mod event;
mod inbound;
mod keepalive;
mod outbox;
mod proof;
mod receive;
mod sequence;
mod settings;
mod tap;
#[cfg(test)]
mod tests;
mod unbinding;
mod window;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use self::inbound::Inbound;
use self::keepalive::{Keepalive, Verdict};
use self::outbox::Outbox;
use self::proof::Proof;
use self::sequence::Sequence;
use self::window::{Request, Window};
use super::pdu::BindKind;
use super::{Body, CommandId, CommandStatus, EncodeError, FrameSplitter, Pdu};

pub use event::{CloseReason, Note, Outcome, SessionEvent, SubmitError};
pub use inbound::STALL_MAX;
pub use proof::{Known, PROOF_WAIT};
pub use sequence::SEQUENCE_MAX;
pub use settings::{OUTBOX_HIGH_OCTETS, OUTBOX_MAX_OCTETS, Role, SessionSettings};
pub use tap::Tap;
pub use window::EXPIRED_MAX;

/// Requests that were sent and not answered while their session lasted.
pub type Unanswered<T> = window::Unanswered<T, CommandId>;

/// One session over one connection. A new connection needs a new session.
#[derive(Debug)]
pub struct Session<T> {
    settings: SessionSettings,
    phase: Phase,
    /// In which directions the session was bound, once it was.
    kind: Option<BindKind>,
    splitter: FrameSplitter,
    outbox: Outbox,
    sequence: Sequence,
    window: Window<T, CommandId>,
    inbound: Inbound<CommandId>,
    keepalive: Keepalive,
    proof: Proof,
    /// When the last message or its answer passed, for the inactivity timer.
    message_at: Instant,
    /// Our requests that went unanswered since the last answer.
    timeouts_in_a_row: u32,
    events: VecDeque<SessionEvent<T>>,
}

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Connected. An SMSC waits for a bind until the instant.
    Open { until: Option<Instant> },
    /// Our bind waits for its answer.
    Binding { sequence: u32, kind: BindKind, until: Instant },
    /// The peer's bind waits for the owner's word.
    BindAsked { sequence: u32, kind: BindKind, interface_version: u8, until: Instant },
    /// Messages pass.
    Bound,
    /// Nothing new is taken from the owner; what waits is still settled.
    Draining { end: DrainEnd, until: Instant },
    /// Our unbind waits for its answer.
    Unbinding { sequence: u32, reason: CloseReason, until: Instant },
    /// The owner is to close the connection.
    Closing { reason: CloseReason },
    /// The connection is gone.
    Closed,
}

/// What is sent when everything has drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DrainEnd {
    /// `unbind`, for this reason.
    Ask(CloseReason),
    /// `unbind_resp` with the number of the peer's unbind.
    Answer(u32),
}

impl<T: Clone> Session<T> {
    /// A session over a connection that was just made.
    pub fn new(now: Instant, settings: SessionSettings) -> Self {
        let timers = &settings.timers;
        let until = match settings.role {
            Role::Esme => None,
            Role::Smsc => Some(now + timers.session_init),
        };
        Self {
            phase: Phase::Open { until },
            kind: None,
            splitter: FrameSplitter::new(settings.frame_octets_max),
            outbox: Outbox::new(settings.tap.clone()),
            sequence: Sequence::starting_at(settings.first_sequence),
            window: Window::new(settings.window, timers.response),
            inbound: Inbound::new(settings.inbound_window),
            keepalive: Keepalive::new(
                now,
                timers.enquire_link,
                timers.enquire_link_response,
                timers.enquire_link_misses_max,
            ),
            proof: Proof::default(),
            message_at: now,
            timeouts_in_a_row: 0,
            events: VecDeque::new(),
            settings,
        }
    }

    /// Takes octets from the peer.
    pub fn handle_bytes(&mut self, now: Instant, octets: &[u8]) {
        if self.phase == Phase::Closed || self.stream_is_broken() {
            return;
        }
        self.splitter.handle_bytes(octets);
        self.read_frames(now);
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.phase == Phase::Closed {
            return;
        }
        self.end_phase(now);
        while let Some(request) = self.window.expire(now) {
            self.timeouts_in_a_row = self.timeouts_in_a_row.saturating_add(1);
            self.learn(|proof, _| proof.handle_expired(request.sequence));
            self.events.push_back(SessionEvent::Outcome { token: request.token, outcome: Outcome::TimedOut });
        }
        if self.keeps_alive() {
            match self.keepalive.handle_timeout(now) {
                Verdict::Wait => {}
                Verdict::Ask => self.send_control(Body::EnquireLink),
                Verdict::Lost => self.close(CloseReason::PeerSilent),
            }
            self.ask_for_proof(now);
        }
        self.end_inactive(now);
        self.read_frames(now);
        self.end_drain(now);
    }

    /// Takes the news that the connection is gone: the last `unsent` octets of what
    /// [`poll_transmit`](Self::poll_transmit) gave never reached the kernel.
    ///
    /// Every request that waits gets its outcome, and [`SessionEvent::Closed`] follows as the last event.
    pub fn handle_disconnect(&mut self, unsent: usize) {
        let reason = match self.phase {
            Phase::Closed => return,
            Phase::Closing { reason } => reason,
            Phase::Unbinding { reason, .. } => reason,
            Phase::Draining { end: DrainEnd::Answer(_), .. } => CloseReason::PeerUnbound,
            Phase::Open { .. }
            | Phase::Binding { .. }
            | Phase::BindAsked { .. }
            | Phase::Bound
            | Phase::Draining { .. } => CloseReason::Disconnected,
        };
        // A peer that ended the session in order waits for our last answer before it closes.
        if reason == CloseReason::PeerUnbound && unsent == 0 && self.outbox.waiting() == 0 {
            self.learn(|proof, answered_to| proof.handle_end(answered_to));
        }
        self.phase = Phase::Closed;
        let sent_octets = self.outbox.sent(unsent);
        for request in self.window.drain(sent_octets) {
            let sent = request.end_octet <= sent_octets;
            self.events
                .push_back(SessionEvent::Outcome { token: request.token, outcome: Outcome::ConnectionLost { sent } });
        }
        self.events.push_back(SessionEvent::Closed(reason));
    }

    /// Takes over what the link's last session left unanswered. Their numbers are not used again for a while if this one
    /// began with [`Session::next_sequence`] of that one; an answer to one of them is told as [`SessionEvent::Late`].
    pub fn remember(&mut self, unanswered: Unanswered<T>) {
        self.window.remember(unanswered);
    }

    /// What was sent and not answered, for the session that follows.
    pub fn unanswered(&self, now: Instant) -> Unanswered<T> {
        self.window.unanswered(now)
    }

    /// The number that the next request has.
    pub fn next_sequence(&self) -> u32 {
        self.sequence.peek()
    }

    /// Sends a request; its outcome will name `token`. Gives the request's sequence number.
    ///
    /// # Errors
    /// Says why the request cannot go; then nothing was sent and no outcome will come.
    pub fn submit(&mut self, now: Instant, body: Body, token: T) -> Result<u32, SubmitError> {
        let command = body.command_id();
        if self.phase != Phase::Bound {
            return Err(SubmitError::NotBound);
        }
        if !self.sends(command) {
            return Err(SubmitError::WrongDirection(command));
        }
        if self.window.free() == 0 {
            return Err(SubmitError::WindowFull);
        }
        let sequence = self.sequence.peek();
        let end_octet = self.outbox.write(&self.settings.encode_limits, &Pdu::request(sequence, body))?;
        self.sequence.advance();
        self.window.insert(sequence, Request { token, command, made_at: now, end_octet, sequence });
        self.proof.handle_request(sequence, false, self.inbound.answered_to());
        self.message_at = now;
        Ok(sequence)
    }

    /// Answers a request of the peer that [`SessionEvent::Request`] told of; `body` is the answer, such as
    /// `DeliverSmResp`. `false` if no such request waits, for instance since the session ended.
    pub fn respond(&mut self, now: Instant, sequence: u32, status: CommandStatus, body: Body) -> bool {
        let answer = body.command_id();
        let command = CommandId(answer.0 & !CommandId::GENERIC_NACK.0);
        if self.phase == Phase::Closed || !answer.is_response() || !self.inbound.take(sequence, command) {
            return false;
        }
        self.message_at = now;
        self.answer(sequence, status, body);
        self.proof.handle_answered(now, self.inbound.answered_to());
        // What was held back while the inbound window was full can be read now.
        self.read_frames(now);
        self.end_drain(now);
        true
    }

    /// Sends a request that has no answer: `alert_notification` when bound as SMSC, `outbind` before.
    ///
    /// # Errors
    /// Says why it cannot go.
    pub fn notify(&mut self, body: Body) -> Result<(), SubmitError> {
        let command = body.command_id();
        let allowed = match command {
            CommandId::OUTBIND => matches!(self.phase, Phase::Open { .. }),
            CommandId::ALERT_NOTIFICATION => self.phase == Phase::Bound,
            _ => false,
        };
        if !allowed || self.settings.role != Role::Smsc {
            return Err(SubmitError::WrongDirection(command));
        }
        self.write_request(body)?;
        Ok(())
    }

    /// Everything that is to be sent now, as many PDUs as there are.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.outbox.take()
    }

    /// What happened; call it until it is `None`.
    pub fn poll_event(&mut self) -> Option<SessionEvent<T>> {
        self.events.pop_front()
    }

    /// The next instant at which [`handle_timeout`](Self::handle_timeout) has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Open { until } => until,
            Phase::Binding { until, .. }
            | Phase::BindAsked { until, .. }
            | Phase::Draining { until, .. }
            | Phase::Unbinding { until, .. } => Some(until),
            Phase::Bound | Phase::Closing { .. } => None,
            Phase::Closed => return None,
        };
        let keepalive = self.keeps_alive().then(|| self.keepalive.poll_timeout());
        let proof = self.proof_at();
        [phase, self.window.poll_timeout(), keepalive, proof, self.inbound.poll_timeout(), self.inactive_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether octets from the peer are wanted. While they are not, leave them in the kernel: the peer slows down.
    pub fn wants_read(&self, now: Instant) -> bool {
        self.phase != Phase::Closed
            && !self.inbound.is_holding(now)
            && self.outbox.waiting() < OUTBOX_HIGH_OCTETS
            && !self.stream_is_broken()
    }

    /// Whether requests may go.
    pub fn is_bound(&self) -> bool {
        self.phase == Phase::Bound
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// In which directions the session was bound, once it was.
    pub fn bind_kind(&self) -> Option<BindKind> {
        self.kind
    }

    /// How many more requests can go now.
    pub fn free(&self) -> usize {
        if self.is_bound() { self.window.free() } else { 0 }
    }

    /// How many of our requests wait for an answer.
    pub fn outstanding(&self) -> usize {
        self.window.len()
    }

    /// How many of the peer's requests wait for ours.
    pub fn inbound_waiting(&self) -> usize {
        self.inbound.len()
    }

    /// When the oldest of our waiting requests was made.
    pub fn oldest_request(&self) -> Option<Instant> {
        self.window.oldest()
    }

    /// How many of our requests went unanswered since the last answer: a peer that answers `enquire_link` only is
    /// bound but silent.
    pub fn timeouts_in_a_row(&self) -> u32 {
        self.timeouts_in_a_row
    }

    /// Whether a session of this role and kind sends this request.
    fn sends(&self, command: CommandId) -> bool {
        let kind = self.kind.unwrap_or_default();
        match self.settings.role {
            Role::Esme => kind.transmits() && is_esme_request(command),
            Role::Smsc => kind.receives() && is_smsc_request(command),
        }
    }

    fn keeps_alive(&self) -> bool {
        matches!(self.phase, Phase::Bound | Phase::Draining { .. })
    }

    /// Sends an answer. One that cannot be encoded is sent without its body, so that the peer gets one at any rate.
    fn answer(&mut self, sequence: u32, status: CommandStatus, body: Body) {
        let command_id = body.command_id();
        let limits = &self.settings.encode_limits;
        if self.outbox.write(limits, &Pdu::answer(status, sequence, body)).is_err() {
            let bare = Body::Unknown { command_id, octets: Bytes::new() };
            let written = self.outbox.write(limits, &Pdu::answer(CommandStatus::RSYSERR, sequence, bare));
            debug_assert!(written.is_ok(), "a header alone is always encoded");
        }
        self.close_when_stalled();
    }

    /// Sends a request that is not a message; one that cannot be encoded is the owner's mistake.
    fn write_request(&mut self, body: Body) -> Result<u32, EncodeError> {
        let sequence = self.sequence.peek();
        let has_answer = matches!(body, Body::EnquireLink | Body::Unbind);
        self.outbox.write(&self.settings.encode_limits, &Pdu::request(sequence, body))?;
        self.sequence.advance();
        if has_answer {
            self.proof.handle_request(sequence, true, self.inbound.answered_to());
        }
        self.close_when_stalled();
        Ok(sequence)
    }

    /// Sends a request that is a header alone.
    fn send_control(&mut self, body: Body) {
        let written = self.write_request(body);
        debug_assert!(written.is_ok(), "a header alone is always encoded");
    }

    /// When an `enquire_link` is to show that our answers arrived. Only an ESME needs to know.
    fn proof_at(&self) -> Option<Instant> {
        let asks = self.keeps_alive() && self.settings.role == Role::Esme;
        self.proof.poll_timeout().filter(|_| asks)
    }

    fn ask_for_proof(&mut self, now: Instant) {
        if self.proof_at().is_some_and(|at| at <= now) {
            self.send_control(Body::EnquireLink);
        }
    }

    /// Tells the owner what `news` makes known of our answers. An SMSC does not ask, so it does not tell either.
    fn learn(&mut self, news: impl FnOnce(&mut Proof, u64)) {
        news(&mut self.proof, self.inbound.answered_to());
        while let Some(known) = self.proof.poll_known() {
            if self.settings.role == Role::Esme {
                self.events.push_back(SessionEvent::Answers(known));
            }
        }
    }

    /// Answers that nobody fetches must not fill the memory.
    fn close_when_stalled(&mut self) {
        if self.outbox.waiting() > OUTBOX_MAX_OCTETS {
            self.close(CloseReason::PeerStalled);
        }
    }
}

/// Requests that only an ESME makes, and `data_sm`.
fn is_esme_request(command: CommandId) -> bool {
    matches!(
        command,
        CommandId::SUBMIT_SM
            | CommandId::SUBMIT_MULTI
            | CommandId::DATA_SM
            | CommandId::QUERY_SM
            | CommandId::CANCEL_SM
            | CommandId::REPLACE_SM
            | CommandId::BROADCAST_SM
            | CommandId::QUERY_BROADCAST_SM
            | CommandId::CANCEL_BROADCAST_SM
    )
}

/// Requests that only an SMSC makes, and `data_sm`.
fn is_smsc_request(command: CommandId) -> bool {
    matches!(command, CommandId::DELIVER_SM | CommandId::DATA_SM)
}
