//! `[messages]`: what holds for messages that do not say otherwise.

use std::time::Duration;

use toml::de::DeValue;

use postrider_model::{Class, Country, OnDoubt};
use postrider_policy::retry::RetryPlan;

use super::document::Section;
use super::value::{Checked, days, duration, must_be, one_of, secs, str_of, whole, word};

/// The defaults of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// Messages of more segments are refused.
    pub segments_max: u8,
    /// The class of messages that name none.
    pub default_class: Class,
    /// The country whose national numbers are understood; `None` asks for the country code.
    pub default_country: Option<Country>,
    /// How long a message of each class is worth sending, by [`Class::lane`].
    pub valid_for: [Duration; 3],
    /// What a doubt means for each class, by [`Class::lane`].
    pub on_doubt: [OnDoubt; 3],
    /// How long after its validity a receipt is waited for.
    pub report_wait: Duration,
    /// When and how often a message is tried again.
    pub retry: RetryPlan,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            segments_max: 10,
            default_class: Class::Transactional,
            default_country: None,
            valid_for: [secs(600), days(1), days(1)],
            on_doubt: Class::ALL.map(Class::on_doubt),
            report_wait: days(1),
            retry: RetryPlan::default(),
        }
    }
}

/// The longest validity that networks know (3GPP TS 23.040, 9.2.3.12.1): 63 weeks.
const VALID_FOR_MAX: Duration = days(63 * 7);
/// Most retry delays that are written out; the last one repeats.
const DELAYS_MAX: usize = 20;

const DOUBTS: [(&str, OnDoubt); 2] = [("hold", OnDoubt::Hold), ("resend", OnDoubt::Resend)];

impl Messages {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        section.set("segments_max", &mut self.segments_max, whole(1..=255));
        section.set("default_class", &mut self.default_class, word(&Class::ALL, Class::as_str));
        section.set_some("default_country", &mut self.default_country, country);
        section.set("report_wait", &mut self.report_wait, duration(secs(60)..=days(30)));
        if let Some(mut inner) = section.section("valid_for") {
            for class in Class::ALL {
                inner.set(class.as_str(), &mut self.valid_for[class.lane()], duration(secs(10)..=VALID_FOR_MAX));
            }
            inner.finish();
        }
        if let Some(mut inner) = section.section("on_doubt") {
            for class in Class::ALL {
                inner.set(class.as_str(), &mut self.on_doubt[class.lane()], one_of(DOUBTS));
            }
            inner.finish();
        }
        if let Some(inner) = section.section("retry") {
            self.read_retry(inner);
        }
        section.finish();
    }

    fn read_retry(&mut self, mut section: Section<'_>) {
        let retry = &mut self.retry;
        match section.set_list("delays", &mut retry.delays, duration(secs(1)..=days(7))) {
            None | Some(1..=DELAYS_MAX | usize::MAX) => {}
            Some(count) => section.wrong("delays", &format!("must have 1 to {DELAYS_MAX} entries, not {count}")),
        }
        section.set("tries_max", &mut retry.tries_max, whole(1..=100));
        section.set("tries_few_max", &mut retry.few_max, whole(1..=100));
        section.set("doubt_hold", &mut retry.doubt_hold, duration(secs(1)..=days(1)));
        section.set("doubt_sends_max", &mut retry.doubt_sends_max, whole(1..=10));
        section.set("not_sent_delay", &mut retry.not_sent_delay, duration(Duration::from_millis(10)..=secs(600)));
        section.finish();
    }
}

/// A country by its two letters.
pub(super) fn country(value: &DeValue<'_>) -> Checked<Country> {
    str_of(value, "a country like \"KR\"")?.parse().map_err(|_| must_be("two letters of ISO 3166 like KR", value))
}
