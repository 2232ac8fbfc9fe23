//! The states of a message and of its segments, and the classes of a carrier's errors: one word each, everywhere.

use std::fmt;
use std::str::FromStr;

/// Where a message, or one of its segments, stands. The same words are used in SQL, JSON, metrics and documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Waits for its `send_at` or for an allowed hour.
    Scheduled,
    /// Ready; waits for a link.
    Queued,
    /// Handed to a link; the outcome is not known yet.
    Leased,
    /// The carrier or network took it; a receipt may come.
    Sent,
    /// The handset has it.
    Delivered,
    /// Some segments were delivered and others finally were not.
    PartiallyDelivered,
    /// The network gave up.
    Undelivered,
    /// Refused by the carrier, or tries used up, or no route can carry it.
    Failed,
    /// Its validity ran out, here or at the carrier.
    Expired,
    /// Withdrawn before it was sent.
    Canceled,
    /// Stopped by a rule: opt-out, suppression, missing consent.
    Blocked,
    /// It may have been sent, and nobody can tell; held for a receipt or a person.
    Uncertain,
}

impl State {
    /// All states, in the order of a message's life.
    pub const ALL: [Self; 12] = [
        Self::Scheduled,
        Self::Queued,
        Self::Leased,
        Self::Sent,
        Self::Delivered,
        Self::PartiallyDelivered,
        Self::Undelivered,
        Self::Failed,
        Self::Expired,
        Self::Canceled,
        Self::Blocked,
        Self::Uncertain,
    ];

    /// The state's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::PartiallyDelivered => "partially_delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Blocked => "blocked",
            Self::Uncertain => "uncertain",
        }
    }

    /// Whether nothing more will be done by itself. Only a late receipt or a person moves a final state.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Scheduled | Self::Queued | Self::Leased | Self::Sent)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is not a message state"))
    }
}

/// What a carrier's error code asks of us. The table per code is data in `firmware-config/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// Try again later, with growing delays.
    Retry,
    /// Try again at most twice, then give up.
    RetryFew,
    /// The link is too fast: slow it down and put the message back, without counting a try.
    Backoff,
    /// This message will never be taken.
    Permanent,
    /// The session is the problem: put the message back and bind again.
    Bind,
    /// The account is refused: put the message back, pause long, and tell the operator.
    BindFatal,
    /// Our PDU was wrong: give up on the message and tell the operator.
    Bug,
}

impl ErrorClass {
    /// All classes.
    pub const ALL: [Self; 7] =
        [Self::Retry, Self::RetryFew, Self::Backoff, Self::Permanent, Self::Bind, Self::BindFatal, Self::Bug];

    /// The class's word, as it stands in the carrier files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::RetryFew => "retry-few",
            Self::Backoff => "backoff",
            Self::Permanent => "permanent",
            Self::Bind => "bind",
            Self::BindFatal => "bind-fatal",
            Self::Bug => "bug",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ErrorClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or_else(|| {
            format!("\"{text}\" is not an error class (retry, retry-few, backoff, permanent, bind, bind-fatal, bug)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        for class in ErrorClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
        }
        assert!("gone".parse::<State>().is_err());
    }

    #[test]
    fn four_states_are_not_final() {
        assert_eq!(State::ALL.into_iter().filter(|state| !state.is_final()).count(), 4);
    }
}
