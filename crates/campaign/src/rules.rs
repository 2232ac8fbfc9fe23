//! The operator's choices about consent and the law, with what holds when nothing is chosen.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;

use super::answers::Answer;
use super::consent::Covers;
use super::keywords::Changes;
use super::law::Week;
use postrider_model::{Class, Country, PhoneNumber};

/// What happens to texts that lack their country's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// It is added.
    Add,
    /// They are refused.
    Check,
    /// Nothing: the tools see to it.
    Off,
}

impl Labels {
    /// All words.
    pub const ALL: [Self; 3] = [Self::Add, Self::Check, Self::Off];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Check => "check",
            Self::Off => "off",
        }
    }
}

/// How many marketing messages one number may get; zero is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps {
    /// In any 24 hours.
    pub day: u32,
    /// In any 7 days.
    pub week: u32,
    /// In any 30 days.
    pub month: u32,
}

impl Caps {
    /// The limits that there are, each with its span.
    pub fn limits(self) -> impl Iterator<Item = (usize, Duration)> {
        const DAY: Duration = Duration::from_secs(86_400);
        [(self.day, DAY), (self.week, DAY * 7), (self.month, DAY * 30)]
            .into_iter()
            .filter(|(most, _)| *most > 0)
            .map(|(most, span)| (usize::try_from(most).unwrap_or(usize::MAX), span))
    }
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether marketing needs a consent on record. Without it only opt-outs are honoured.
    pub required: bool,
    /// The name that texts are sent under.
    pub brand: Option<String>,
    /// The language of answers where neither word nor country tells one.
    pub language: String,
    /// The country of senders that are written without country code.
    pub country: Option<Country>,
    /// Whether keywords in incoming messages are acted on.
    pub keywords: bool,
    /// The operator's own words.
    pub words: Changes,
    /// Whether a keyword is answered.
    pub confirm: bool,
    /// Whether who joins is asked to confirm.
    pub double_opt_in: bool,
    /// How long that question is open.
    pub confirm_within: Duration,
    /// Whether a STOP to one sender holds for that sender only.
    pub stop_by_sender: bool,
    /// What a STOP covers.
    pub stop_covers: Covers,
    /// The classes that quiet hours hold for, by [`Class::lane`].
    pub quiet_hours: [bool; 3],
    /// Nothing is begun so shortly before the end of the allowed hours.
    pub margin: Duration,
    /// The operator's own hours, by country.
    pub weeks: BTreeMap<Country, Week>,
    /// Days on which no marketing goes, everywhere or in one country.
    pub closed_days: Vec<(Option<Country>, Date)>,
    /// What happens to texts without their label.
    pub labels: Labels,
    /// The free telephone number of Korean refusals.
    pub refusal_number: Option<String>,
    /// How often one number is written to.
    pub caps: Caps,
    /// The operator's own handsets: hours, caps and missing consent do not hold for them. An opt-out does.
    pub exempt: Vec<PhoneNumber>,
    /// The operator's own answers, by language.
    pub answers: BTreeMap<(String, Answer), String>,
    /// Whether what a country asks to be told is sent by itself: renewals and results.
    pub notices: bool,
    /// How long a consent is kept after it was withdrawn.
    pub keep_years: u16,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            required: false,
            brand: None,
            language: "en".to_owned(),
            country: None,
            keywords: true,
            words: Changes::default(),
            confirm: true,
            double_opt_in: false,
            confirm_within: Duration::from_secs(7 * 86_400),
            stop_by_sender: false,
            stop_covers: Covers::Marketing,
            quiet_hours: [false, false, true],
            margin: Duration::from_secs(900),
            weeks: BTreeMap::new(),
            closed_days: Vec::new(),
            labels: Labels::Add,
            refusal_number: None,
            caps: Caps::default(),
            exempt: Vec::new(),
            answers: BTreeMap::new(),
            notices: true,
            keep_years: 5,
        }
    }
}

impl Rules {
    /// Rules that ask for nothing and act on nothing: for measurements and for tests of other things. What is suppressed
    /// stays suppressed.
    pub fn off() -> Self {
        Self {
            keywords: false,
            confirm: false,
            quiet_hours: [false; 3],
            labels: Labels::Off,
            notices: false,
            ..Self::default()
        }
    }

    /// Whether quiet hours hold for a class.
    pub fn is_quiet(&self, class: Class) -> bool {
        self.quiet_hours.get(class.lane()).copied().unwrap_or(true)
    }
}
