//! Decides what a ledger of consents says at an instant, when it must be renewed, and when there is room under the caps.
//!
//! The ledger is only added to. What holds is a fold over its rows: the last word on a purpose counts.

use std::str::FromStr;
use std::time::Duration;

use super::Caps;
use postrider_model::{Class, Timestamp};

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$each])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in rows and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    format!("\"{text}\" is none of {}", words.join(", "))
                })
            }
        }
    };
}

words! {
    /// What a consent is for.
    Purpose {
        /// Advertising.
        Marketing = "marketing",
        /// Advertising in hours that need a consent of their own.
        MarketingNight = "marketing_night",
        /// About something that the person did. Nobody needs to agree to it, but one may refuse it.
        Transactional = "transactional",
    }
}

words! {
    /// What was said.
    Word {
        /// Yes.
        Given = "given",
        /// No.
        Withdrawn = "withdrawn",
        /// Yes, but not yet confirmed.
        Pending = "pending",
        /// Staff took a suppression away: not a yes, but the no is history.
        Lifted = "lifted",
    }
}

words! {
    /// By what it was said.
    Source {
        /// A tool, over the API.
        Api = "api",
        /// A keyword in an incoming message.
        Keyword = "keyword",
        /// A link in a message.
        Link = "link",
        /// A file.
        Import = "import",
        /// A person of the shop.
        Staff = "staff",
        /// The answer to the question of a double opt-in.
        DoubleOptIn = "double_opt_in",
        /// A step of a workflow.
        Workflow = "workflow",
    }
}

words! {
    /// What a suppression keeps back; each takes in the ones before it.
    Covers {
        /// Marketing.
        Marketing = "marketing",
        /// Transactional messages too.
        Transactional = "transactional",
        /// Everything, one-time codes too.
        All = "all",
    }
}

impl Covers {
    /// Whether messages of `class` are kept back.
    pub const fn holds_for(self, class: Class) -> bool {
        match class {
            Class::Marketing => true,
            Class::Transactional => matches!(self, Self::Transactional | Self::All),
            Class::Otp => matches!(self, Self::All),
        }
    }
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What for.
    pub purpose: Purpose,
    /// What was said.
    pub word: Word,
    /// For which sender; for all if absent.
    pub scope: Option<String>,
    /// When it was said.
    pub at: Timestamp,
    /// By what.
    pub source: Source,
    /// In which words.
    pub words: Option<String>,
    /// What proves it: the id of a form, of an incoming message, an address.
    pub proof: Option<String>,
}

/// What holds for a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody said anything.
    Unknown,
    /// Asked, and not yet confirmed.
    Pending(Timestamp),
    /// Agreed.
    Given(Timestamp),
    /// Refused.
    Withdrawn(Timestamp),
}

impl Standing {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Pending(_) => "pending",
            Self::Given(_) => "given",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    /// Since when.
    pub const fn since(self) -> Option<Timestamp> {
        match self {
            Self::Unknown => None,
            Self::Pending(at) | Self::Given(at) | Self::Withdrawn(at) => Some(at),
        }
    }
}

/// What `entries`, in the order in which they were written, say about `purpose` for `sender` at `at`.
///
/// - A refusal of marketing is one of the night too, and a refusal of transactional messages one of everything.
/// - A yes for one sender counts for that sender only; a no also where no sender is known.
/// - A file never brings back who has left: its yes counts only before a no.
pub fn standing(entries: &[Entry], purpose: Purpose, sender: Option<&str>, at: Timestamp) -> Standing {
    let mut said: Vec<&Entry> =
        entries.iter().filter(|entry| entry.at <= at && concerns(entry, purpose, sender)).collect();
    said.sort_by_key(|entry| entry.at);
    said.into_iter().fold(Standing::Unknown, |before, entry| match (entry.word, before) {
        (Word::Withdrawn, Standing::Withdrawn(since)) => Standing::Withdrawn(since),
        (Word::Withdrawn, _) => Standing::Withdrawn(entry.at),
        (Word::Given | Word::Pending, Standing::Withdrawn(_)) if entry.source == Source::Import => before,
        (Word::Given, _) => Standing::Given(entry.at),
        (Word::Lifted, Standing::Withdrawn(_)) => Standing::Unknown,
        (Word::Lifted, _) | (Word::Pending, Standing::Given(_)) => before,
        (Word::Pending, _) => Standing::Pending(entry.at),
    })
}

fn concerns(entry: &Entry, purpose: Purpose, sender: Option<&str>) -> bool {
    let withdrawn = matches!(entry.word, Word::Withdrawn | Word::Lifted);
    let wider = match entry.purpose {
        Purpose::Marketing => purpose == Purpose::MarketingNight,
        Purpose::Transactional => true,
        Purpose::MarketingNight => false,
    };
    let same_sender = match (&entry.scope, sender) {
        (None, _) => true,
        (Some(only), Some(sender)) => only == sender,
        (Some(_), None) => withdrawn,
    };
    same_sender && (entry.purpose == purpose || (withdrawn && wider))
}

/// When a consent given at `given` must be checked with the person again.
pub fn renewal_due(given: Timestamp, months: u32) -> Timestamp {
    let span = jiff::Span::new().try_months(months).unwrap_or_default();
    let zoned = given.to_jiff().to_zoned(jiff::tz::TimeZone::UTC);
    zoned.checked_add(span).map_or(given, |due| Timestamp::from(due.timestamp()))
}

/// The first instant from `at` on at which one more message keeps under `caps`, when others went or will go at `times`.
pub fn room_from(caps: Caps, times: &[Timestamp], at: Timestamp) -> Timestamp {
    let mut times = times.to_vec();
    times.sort_unstable();
    let mut room = at;
    // Each round may only move ahead past one of the times; there are no more rounds than times and limits.
    for _ in 0..=times.len() {
        let later = caps.limits().filter_map(|(most, span)| full_until(&times, most, span, room)).max();
        match later {
            Some(later) if later > room => room = later,
            _ => break,
        }
    }
    room
}

/// Until when `most` of `times` lie within `span` before `at`, if so many do.
fn full_until(times: &[Timestamp], most: usize, span: Duration, at: Timestamp) -> Option<Timestamp> {
    let within = times.len() - times.partition_point(|time| time.plus(span) <= at);
    (within >= most).then(|| times.get(times.len() - most).map(|oldest| oldest.plus(span))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64, purpose: Purpose, word: Word) -> Entry {
        let (scope, words, proof) = (None, None, None);
        Entry { purpose, word, scope, at: Timestamp::from_millis(at), source: Source::Api, words, proof }
    }

    fn marketing(entries: &[Entry], at: i64) -> Standing {
        standing(entries, Purpose::Marketing, None, Timestamp::from_millis(at))
    }

    #[test]
    fn the_last_word_counts_and_the_past_stays_askable() {
        let entries = [
            entry(10, Purpose::Marketing, Word::Given),
            entry(20, Purpose::Marketing, Word::Withdrawn),
            entry(30, Purpose::Marketing, Word::Given),
        ];
        let time = Timestamp::from_millis;
        for (at, expected) in [
            (9, Standing::Unknown),
            (10, Standing::Given(time(10))),
            (20, Standing::Withdrawn(time(20))),
            (29, Standing::Withdrawn(time(20))),
            (30, Standing::Given(time(30))),
        ] {
            assert_eq!(marketing(&entries, at), expected, "{at}");
        }
    }

    #[test]
    fn a_refusal_of_more_is_one_of_less() {
        let night = |entries: &[Entry]| standing(entries, Purpose::MarketingNight, None, Timestamp::from_millis(99));
        let given = entry(1, Purpose::MarketingNight, Word::Given);
        assert_eq!(night(std::slice::from_ref(&given)).as_str(), "given");
        assert_eq!(night(&[given.clone(), entry(2, Purpose::Marketing, Word::Withdrawn)]).as_str(), "withdrawn");
        assert_eq!(night(&[given, entry(2, Purpose::Marketing, Word::Given)]).as_str(), "given");
        assert_eq!(marketing(&[entry(1, Purpose::MarketingNight, Word::Given)], 9), Standing::Unknown);
        let all = [entry(1, Purpose::Marketing, Word::Given), entry(2, Purpose::Transactional, Word::Withdrawn)];
        assert_eq!(marketing(&all, 9).as_str(), "withdrawn");
    }

    #[test]
    fn a_file_never_brings_back_who_has_left() {
        let import = Entry { source: Source::Import, ..entry(30, Purpose::Marketing, Word::Given) };
        assert_eq!(marketing(std::slice::from_ref(&import), 99).as_str(), "given");
        assert_eq!(marketing(&[entry(20, Purpose::Marketing, Word::Withdrawn), import], 99).as_str(), "withdrawn");
    }

    #[test]
    fn a_scope_binds_a_yes_to_its_sender_and_a_no_too() {
        let only = |word| Entry { scope: Some("Shop".into()), ..entry(1, Purpose::Marketing, word) };
        let ask = |entries: &[Entry], sender| {
            standing(entries, Purpose::Marketing, sender, Timestamp::from_millis(9)).as_str()
        };
        assert_eq!(ask(&[only(Word::Given)], Some("Shop")), "given");
        assert_eq!(ask(&[only(Word::Given)], Some("Bank")), "unknown");
        assert_eq!(ask(&[only(Word::Given)], None), "unknown");
        assert_eq!(ask(&[only(Word::Withdrawn)], None), "withdrawn");
        assert_eq!(ask(&[only(Word::Withdrawn)], Some("Bank")), "unknown");
    }

    #[test]
    fn a_double_opt_in_is_pending_until_yes() {
        let asked = entry(1, Purpose::Marketing, Word::Pending);
        assert_eq!(marketing(std::slice::from_ref(&asked), 9).as_str(), "pending");
        assert_eq!(marketing(&[asked.clone(), entry(2, Purpose::Marketing, Word::Given)], 9).as_str(), "given");
        assert_eq!(marketing(&[entry(1, Purpose::Marketing, Word::Given), asked], 9).as_str(), "given");
    }

    #[test]
    fn what_staff_lifts_is_history_and_no_consent() {
        let entries = [entry(1, Purpose::Marketing, Word::Withdrawn), entry(2, Purpose::Marketing, Word::Lifted)];
        assert_eq!(marketing(&entries, 9), Standing::Unknown);
        assert_eq!(marketing(&[entry(1, Purpose::Marketing, Word::Given), entries[1].clone()], 9).as_str(), "given");
    }

    #[test]
    fn what_each_suppression_covers() {
        for (covers, expected) in [
            (Covers::Marketing, [false, false, true]),
            (Covers::Transactional, [false, true, true]),
            (Covers::All, [true, true, true]),
        ] {
            assert_eq!(Class::ALL.map(|class| covers.holds_for(class)), expected, "{covers:?}");
        }
    }

    #[test]
    fn a_renewal_is_due_after_calendar_months() {
        let given: Timestamp = "2024-02-29T10:00:00Z".parse().unwrap();
        assert_eq!(renewal_due(given, 24).to_string(), "2026-02-28T10:00:00.000Z");
    }

    #[test]
    fn the_caps_open_when_the_oldest_falls_out() {
        const HOUR: i64 = 3_600_000;
        let times = |hours: &[i64]| hours.iter().map(|hour| Timestamp::from_millis(hour * HOUR)).collect::<Vec<_>>();
        let at = Timestamp::from_millis(100 * HOUR);
        let hours = |caps, list: &[i64]| room_from(caps, &times(list), at).as_millis() / HOUR;
        let daily = Caps { day: 1, ..Caps::default() };
        assert_eq!(hours(daily, &[]), 100);
        assert_eq!(hours(daily, &[76]), 100, "exactly a day ago");
        assert_eq!(hours(daily, &[77]), 101);
        assert_eq!(hours(daily, &[77, 120]), 144, "one that waits counts too");
        assert_eq!(hours(Caps { day: 2, ..Caps::default() }, &[90]), 100);
        let both = Caps { day: 1, week: 2, month: 0 };
        assert_eq!(hours(both, &[10, 90]), 10 + 7 * 24);
        assert_eq!(hours(Caps::default(), &[99, 99, 99]), 100, "no caps");
    }
}
