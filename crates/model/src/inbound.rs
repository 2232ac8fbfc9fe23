//! Messages that come in: one segment as it arrives, and the whole once it is together.

use std::time::Duration;

use super::{Alphabet, MessageId, Sender, Timestamp};

/// How a part belongs to a longer message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartOf {
    /// The sender's reference.
    pub reference: u16,
    /// Whether the reference was written with 16 bits. The same number with 8 bits belongs to another message.
    pub wide: bool,
    /// How many parts there are.
    pub total: u8,
    /// Which this is, from 1.
    pub number: u8,
}

/// One incoming segment, decoded as far as a segment can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundPart {
    /// Who sent it.
    pub from: Sender,
    /// Our number or short code.
    pub to: Sender,
    /// How the payload is to be read.
    pub alphabet: Alphabet,
    /// The user data without its header, as [`Encoded`](super::Encoded) keeps it.
    pub payload: Vec<u8>,
    /// Information elements besides the concatenation, in wire form without length octet.
    pub elements: Vec<u8>,
    /// Its place in a longer message, if it has one.
    pub part_of: Option<PartOf>,
    /// The network's time stamp, if it gave one.
    pub network_time: Option<Timestamp>,
}

/// A whole incoming message.
#[derive(Clone, PartialEq, Eq)]
pub struct InboundMessage {
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub from: Sender,
    /// Our number or short code.
    pub to: Sender,
    /// The text; `None` for data, or when the octets are no text.
    pub text: Option<String>,
    /// The raw user data of data messages.
    pub data: Option<Vec<u8>>,
    /// The link that it came in on.
    pub link: String,
    /// When its last part was stored.
    pub received_at: Timestamp,
    /// How many parts it had, and how many of them came.
    pub parts: (u8, u8),
    /// When its last part was sent, by the network's clock; `None` if the network gave no time that can be.
    pub sent_at: Option<Timestamp>,
}

/// How far the network's clock may differ from ours before the difference counts as a delay.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(15 * 60);
/// What was sent longer ago than this is old: no machine answers it any more.
pub const OLD_AFTER: Duration = Duration::from_secs(3600);
/// Earlier times are those of clocks that were never set.
const TIMES_BEGIN: Timestamp = Timestamp::from_millis(946_771_200_000);

/// A network's time stamp, if it can be right for what came at `now`.
pub fn sane_network_time(network_time: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    network_time.filter(|&time| time >= TIMES_BEGIN && time <= now.plus(CLOCKS_APART_MAX))
}

impl InboundMessage {
    /// When the person said it: when it was sent, or when it came if the two differ by no more than clocks do.
    pub fn said_at(&self) -> Timestamp {
        let late = self.sent_at.filter(|&sent| self.received_at.since(sent) > CLOCKS_APART_MAX);
        late.unwrap_or(self.received_at)
    }

    /// Whether it lay somewhere for so long that nothing answers it by itself.
    pub fn is_old(&self) -> bool {
        self.received_at.since(self.said_at()) > OLD_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_time_counts_within_bounds() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let sane = |text: &str| sane_network_time(Some(text.parse().unwrap()), now).is_some();
        assert!(sane("2026-11-21T11:00:00Z") && sane("2026-11-21T12:10:00Z") && sane("2019-01-01T00:00:00Z"));
        assert!(!sane("2026-11-21T12:16:00Z") && !sane("1970-01-01T00:00:00Z") && !sane("2000-01-01T00:00:00Z"));
    }

    #[test]
    fn clocks_that_differ_a_little_make_nothing_old() {
        let received_at: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let said = |minutes: u64| {
            let message = InboundMessage {
                id: super::super::MessageId::from_i64(1).unwrap(),
                from: Sender::from_network("+821012345678"),
                to: Sender::from_network("15771234"),
                text: None,
                data: None,
                link: "north".to_owned(),
                received_at,
                parts: (1, 1),
                sent_at: Some(received_at.minus(Duration::from_secs(minutes * 60))),
            };
            (received_at.since(message.said_at()).as_secs() / 60, message.is_old())
        };
        assert_eq!([said(14), said(16), said(61)], [(0, false), (16, false), (61, true)]);
    }
}
