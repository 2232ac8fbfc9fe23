//! What a session tells its owner.

use std::time::Duration;

use super::proof::Known;
use crate::pdu::{AlertNotification, Bind, BindKind, Outbind};
use crate::{Body, CommandId, CommandStatus, DecodeError, EncodeError, FrameError, Quirk};

/// Something that happened in a session whose requests are named by `T`.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent<T> {
    /// Requests may go now: our bind was taken, or we took the peer's.
    Bound {
        /// In which directions.
        kind: BindKind,
        /// The peer's `system_id`.
        peer: String,
        /// The version that the peer named, if it did.
        interface_version: Option<u8>,
    },
    /// An ESME wants to bind: call [`accept_bind`](super::Session::accept_bind) or
    /// [`refuse_bind`](super::Session::refuse_bind).
    BindRequested(Bind),
    /// The carrier wants us to bind: call [`bind`](super::Session::bind) or close.
    Outbind(Outbind),
    /// One of our requests has its outcome. It comes exactly once for each.
    Outcome {
        /// The caller's name for the request.
        token: T,
        /// What became of it.
        outcome: Outcome,
    },
    /// An answer to a request whose outcome was [`Outcome::TimedOut`].
    Late {
        /// The caller's name for the request.
        token: T,
        /// The status.
        status: CommandStatus,
        /// The answer.
        body: Body,
        /// From the request to its answer.
        rtt: Duration,
    },
    /// The peer asks something: call [`respond`](super::Session::respond) once it is settled.
    Request {
        /// The number that the answer repeats.
        sequence: u32,
        /// Which of the session's requests it is, from 1.
        place: u64,
        /// The request.
        body: Body,
    },
    /// What is known of our answers to some of the peer's requests, each told of once and in order. A session as ESME tells it.
    Answers(Known),
    /// A handset can be reached again; there is no answer to it.
    Alert(AlertNotification),
    /// Something to count and to log; the session goes on.
    Note(Note),
    /// Send what [`poll_transmit`](super::Session::poll_transmit) still has, then close the connection and call
    /// [`handle_disconnect`](super::Session::handle_disconnect).
    Close(CloseReason),
    /// The session is over, and every request has its outcome.
    Closed(CloseReason),
}

/// What became of one of our requests.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all outcomes are answers, and a box for each would cost more")]
pub enum Outcome {
    /// The peer answered.
    Answered {
        /// The status.
        status: CommandStatus,
        /// The answer; `GenericNack` if it was that.
        body: Body,
        /// From the request to its answer.
        rtt: Duration,
    },
    /// No answer came in time. A late one is still reported, by [`SessionEvent::Late`].
    TimedOut,
    /// The connection ended before the answer.
    ConnectionLost {
        /// Whether all its octets reached the kernel. If not, the peer cannot have acted on it.
        sent: bool,
    },
}

/// A peer's oddity.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// An answer to a request that was answered before, or is long forgotten.
    DoubledAnswer {
        /// Its command.
        command: CommandId,
        /// Its number.
        sequence: u32,
    },
    /// An answer to a request that was never made.
    UnknownAnswer {
        /// Its command.
        command: CommandId,
        /// Its number.
        sequence: u32,
    },
    /// A PDU that cannot be read; a request was answered with an error.
    Malformed(DecodeError),
    /// A PDU that was read in spite of its faults.
    Quirks {
        /// Its command.
        command: CommandId,
        /// Its number.
        sequence: u32,
        /// The faults.
        quirks: Vec<Quirk>,
    },
    /// A request that was answered with an error: unknown, out of place, or above the inbound window.
    Refused {
        /// Its command.
        command: CommandId,
        /// Its number.
        sequence: u32,
        /// The status that it got.
        status: CommandStatus,
    },
    /// The peer wants to unbind; requests are not taken any more.
    PeerUnbinds,
}

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The carrier refused our bind.
    #[error("the carrier refused the bind: {0}")]
    BindRefused(CommandStatus),
    /// Our bind was not answered.
    #[error("the bind was not answered")]
    BindUnanswered,
    /// The peer connected and did not bind.
    #[error("the peer did not bind")]
    SessionInit,
    /// No answer to `enquire_link`.
    #[error("the peer is silent: enquire_link was not answered")]
    PeerSilent,
    /// We unbound.
    #[error("unbound")]
    Unbound,
    /// The peer unbound.
    #[error("the peer unbound")]
    PeerUnbound,
    /// No message for so long that the session was ended.
    #[error("no message for too long")]
    Inactive,
    /// The peer's octets are no PDUs.
    #[error("the stream is broken: {0}")]
    BrokenStream(FrameError),
    /// The peer does not read what we send.
    #[error("the peer does not read what is sent to it")]
    PeerStalled,
    /// The owner closed it.
    #[error("closed")]
    Aborted,
    /// The connection ended by itself.
    #[error("the connection was lost")]
    Disconnected,
}

/// Why a request was not taken. Nothing of it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The session is not bound, not yet or not any more.
    #[error("the session is not bound")]
    NotBound,
    /// The session is bound in the other direction only, or the PDU is none that this role sends.
    #[error("{0} does not go in this session")]
    WrongDirection(CommandId),
    /// As many requests wait as may.
    #[error("the window is full")]
    WindowFull,
    /// The PDU breaks the specification.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
