//! Decides how long a service centre tries to deliver (TP-VP; 3GPP TS 23.040, 9.2.3.12).

use std::fmt;
use std::time::Duration;

use super::reader::Reader;
use super::time::{TimeStamp, swapped, two_digits};
use super::{DecodeError, to_hex};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// A validity period in one of its three forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validity {
    /// One octet on a scale of 5 minutes to 63 weeks (9.2.3.12.1).
    Relative(u8),
    /// Until an instant (9.2.3.12.2).
    Absolute(TimeStamp),
    /// Seven octets that hold one of several forms (9.2.3.12.3). Many centres refuse them.
    Enhanced([u8; 7]),
}

impl Validity {
    /// The shortest relative period that is at least `wanted`; 63 weeks if none is.
    pub fn relative_at_least(wanted: Duration) -> Self {
        let long_enough = |&value: &u8| relative(value) >= wanted;
        Self::Relative((0..=u8::MAX).find(long_enough).unwrap_or(u8::MAX))
    }

    /// The enhanced form for up to 255 seconds; `None` when it has no such period.
    pub fn enhanced_seconds(seconds: u8) -> Option<Self> {
        (seconds > 0).then_some(Self::Enhanced([0x02, seconds, 0, 0, 0, 0, 0]))
    }

    /// The enhanced form for less than 100 hours, to the second; `None` when it has no such period.
    pub fn enhanced_hours(period: Duration) -> Option<Self> {
        let seconds = period.as_secs();
        let hours = u8::try_from(seconds / HOUR).ok().filter(|&hours| hours < 100)?;
        let below_sixty = |value: u64| u8::try_from(value % 60).map_or(0, swapped);
        Some(Self::Enhanced([0x03, swapped(hours), below_sixty(seconds / MINUTE), below_sixty(seconds), 0, 0, 0]))
    }

    /// The period, where it does not depend on a clock; `None` too for an enhanced form that says nothing.
    pub fn period(self) -> Option<Duration> {
        match self {
            Self::Relative(value) => Some(relative(value)),
            Self::Absolute(_) => None,
            Self::Enhanced([form, first, second, third, ..]) => match form & 0x07 {
                1 => Some(relative(first)),
                2 => Some(Duration::from_secs(first.into())),
                3 => {
                    let [hours, minutes, seconds] = [first, second, third].map(two_digits);
                    let clock = u64::from(hours?) * HOUR + u64::from(minutes?) * MINUTE + u64::from(seconds?);
                    Some(Duration::from_secs(clock))
                }
                _ => None,
            },
        }
    }

    /// Whether the centre is to try only once (enhanced form).
    pub const fn is_single_shot(self) -> bool {
        matches!(self, Self::Enhanced([form, ..]) if form & 0x40 != 0)
    }

    /// TP-VPF: how the first octet announces the form (9.2.3.3).
    pub(super) const fn format_bits(validity: Option<Self>) -> u8 {
        match validity {
            None => 0x00,
            Some(Self::Enhanced(_)) => 0x08,
            Some(Self::Relative(_)) => 0x10,
            Some(Self::Absolute(_)) => 0x18,
        }
    }

    pub(super) fn decode(first_octet: u8, reader: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        const FIELD: &str = "TP-VP";
        Ok(match first_octet & 0x18 {
            0x08 => Some(Self::Enhanced(reader.array(FIELD)?)),
            0x10 => Some(Self::Relative(reader.octet(FIELD)?)),
            0x18 => Some(Self::Absolute(TimeStamp(reader.array(FIELD)?))),
            _ => None,
        })
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Relative(value) => out.push(value),
            Self::Absolute(TimeStamp(octets)) | Self::Enhanced(octets) => out.extend_from_slice(&octets),
        }
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relative(value) => write!(f, "{} min", relative(*value).as_secs() / MINUTE),
            Self::Absolute(until) => write!(f, "until {until}"),
            Self::Enhanced(octets) => match self.period() {
                Some(period) => write!(f, "{} s", period.as_secs()),
                None => f.write_str(&to_hex(octets)),
            },
        }
    }
}

fn relative(value: u8) -> Duration {
    let steps = u64::from(value);
    Duration::from_secs(match value {
        0..=143 => (steps + 1) * 5 * MINUTE,
        144..=167 => 12 * HOUR + (steps - 143) * 30 * MINUTE,
        168..=196 => (steps - 166) * DAY,
        197..=255 => (steps - 192) * WEEK,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_four_parts() {
        let known = [
            (0, 5 * MINUTE),
            (5, 30 * MINUTE),
            (11, HOUR),
            (71, 6 * HOUR),
            (143, 12 * HOUR),
            (144, 12 * HOUR + 30 * MINUTE),
            (167, DAY),
            (168, 2 * DAY),
            (169, 3 * DAY),
            (173, WEEK),
            (196, 30 * DAY),
            (197, 5 * WEEK),
            (255, 63 * WEEK),
        ];
        for (value, seconds) in known {
            assert_eq!(Validity::Relative(value).period(), Some(Duration::from_secs(seconds)), "{value}");
            assert_eq!(Validity::relative_at_least(Duration::from_secs(seconds)), Validity::Relative(value));
            let less = Duration::from_millis(seconds * 1000 - 1);
            assert_eq!(Validity::relative_at_least(less), Validity::Relative(value));
            if value < u8::MAX {
                let more = Validity::relative_at_least(Duration::from_secs(seconds + 1));
                assert_eq!(more, Validity::Relative(value + 1), "never shorter than asked for");
            }
        }
        assert_eq!(Validity::relative_at_least(Duration::ZERO), Validity::Relative(0));
        assert_eq!(Validity::relative_at_least(Duration::MAX), Validity::Relative(255));
    }

    #[test]
    fn the_enhanced_forms_say_seconds_clocks_and_single_shots() {
        let enhanced = |head: [u8; 4]| Validity::Enhanced([head[0], head[1], head[2], head[3], 0, 0, 0]);
        assert_eq!(enhanced([1, 11, 0, 0]).period(), Some(Duration::from_secs(HOUR)));
        assert_eq!(enhanced([2, 90, 0, 0]).period(), Some(Duration::from_secs(90)));
        assert_eq!(enhanced([3, 0x21, 0x43, 0x65]).period(), Some(Duration::from_secs(12 * HOUR + 34 * MINUTE + 56)));
        assert_eq!(enhanced([3, 0xff, 0, 0]).period(), None);
        assert_eq!(enhanced([0, 1, 2, 3]).period(), None);
        assert!(enhanced([0x42, 90, 0, 0]).is_single_shot());
        assert!(!Validity::Relative(0x40).is_single_shot());
        assert_eq!(Validity::enhanced_seconds(0), None);
        assert_eq!(Validity::enhanced_seconds(90), Some(enhanced([2, 90, 0, 0])));
        let clock = Duration::from_secs(12 * HOUR + 34 * MINUTE + 56);
        assert_eq!(Validity::enhanced_hours(clock), Some(enhanced([3, 0x21, 0x43, 0x65])));
        assert_eq!(Validity::enhanced_hours(Duration::from_secs(100 * HOUR)), None);
    }
}
