//! What a SIM may do: the keys that `[modems]` and `[[modem]]` share. What a modem's own block says wins.

use std::time::Duration;

use toml::de::DeValue;

use postrider_model::PhoneNumber;
use postrider_policy::balance::{Amount, BalancePattern};
use postrider_policy::pool::SimRules;
use postrider_policy::sim_care::{BalanceWatch, KeepAlive};

use super::document::Section;
use super::modem::phone_number;
use super::profile::zone;
use super::value::{Checked, days, duration, filled, must_be, secs, str_of, whole};

/// A SIM that is asked more often pays for it at some networks, and blocks the modem.
const BALANCE_EVERY: std::ops::RangeInclusive<Duration> = secs(600)..=days(60);
/// A text that fits one segment in any alphabet.
const KEEP_ALIVE_TEXT_MAX: usize = 70;

/// Reads the shared keys over `rules`.
pub(super) fn read(section: &mut Section<'_>, rules: &mut SimRules) {
    if let Some(mut inner) = section.section("caps") {
        let caps = &mut rules.caps;
        for (key, target) in
            [("minute", &mut caps.minute), ("hour", &mut caps.hour), ("day", &mut caps.day), ("month", &mut caps.month)]
        {
            inner.set(key, target, cap);
        }
        inner.finish();
    }
    section.set("pace", &mut rules.pace.gap, duration(Duration::ZERO..=secs(600)));
    section.set("jitter_percent", &mut rules.pace.jitter_percent, whole(0..=100));
    section.set("month_first_day", &mut rules.months.first_day, whole(1..=31));
    section.set("zone", &mut rules.months.zone, zone);
    match section.switch_or_section("balance") {
        Some(Some(inner)) => rules.balance = read_balance(inner, rules.balance.take()),
        Some(None) => section.wrong("balance", "must be false or a table: balance = { ussd = \"*100#\" }"),
        None if section.has("balance") => rules.balance = None,
        None => {}
    }
    match section.switch_or_section("keep_alive_message") {
        Some(Some(inner)) => rules.keep_alive = read_keep_alive(inner, rules.keep_alive.take()),
        Some(None) => {
            let what = "must be false or a table: keep_alive_message = { after = \"60 days\", to = \"+82...\" }";
            section.wrong("keep_alive_message", what);
        }
        None if section.has("keep_alive_message") => rules.keep_alive = None,
        None => {}
    }
}

fn read_balance(mut section: Section<'_>, before: Option<BalanceWatch>) -> Option<BalanceWatch> {
    let missing = before.is_none();
    let mut watch = before.unwrap_or(BalanceWatch {
        code: String::new(),
        pattern: BalancePattern::default(),
        every: days(1),
        minimum: None,
    });
    if !section.set("ussd", &mut watch.code, ussd_code) && missing {
        section.missing("ussd", "write the code that asks for the balance, like ussd = \"*100#\"");
    }
    section.set("pattern", &mut watch.pattern, |value| {
        BalancePattern::new(&filled(value)?).map_err(|why| format!("is no regular expression: {why}"))
    });
    section.set("every", &mut watch.every, duration(BALANCE_EVERY));
    section.set_some("min", &mut watch.minimum, amount);
    section.finish();
    (!watch.code.is_empty()).then_some(watch)
}

fn read_keep_alive(mut section: Section<'_>, before: Option<KeepAlive>) -> Option<KeepAlive> {
    let mut to: Option<PhoneNumber> = before.as_ref().map(|rule| rule.to.clone());
    let (mut after, mut text) = match before {
        Some(rule) => (rule.after, rule.text),
        None => (days(60), "postrider keeps this SIM alive".to_owned()),
    };
    section.set("after", &mut after, duration(days(1)..=days(400)));
    if !section.set_some("to", &mut to, phone_number) && to.is_none() {
        section.missing("to", "write a number of your own that gets the message");
    }
    section.set("text", &mut text, |value| match filled(value)? {
        text if text.chars().count() <= KEEP_ALIVE_TEXT_MAX => Ok(text),
        _ => Err(format!("is longer than {KEEP_ALIVE_TEXT_MAX} characters, and would cost more than one segment")),
    });
    section.finish();
    Some(KeepAlive { after, to: to?, text })
}

/// A number of segments, or `"none"`.
fn cap(value: &DeValue<'_>) -> Checked<Option<u32>> {
    match value.as_str() {
        Some("none") => Ok(None),
        _ => whole(1..=10_000_000)(value)
            .map(Some)
            .map_err(|_| must_be("a number of segments from 1, or \"none\" for no limit", value)),
    }
}

fn ussd_code(value: &DeValue<'_>) -> Checked<String> {
    let code = filled(value)?;
    let plausible = code.len() <= 40 && code.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '#' | '+'));
    if plausible { Ok(code) } else { Err(must_be("a code like \"*100#\"", value)) }
}

fn amount(value: &DeValue<'_>) -> Checked<Amount> {
    let what = "an amount like 500 or \"2.50\"";
    if let Ok(number) = whole::<i64>(0..=1_000_000_000)(value) {
        return Ok(Amount::from_thousandths(number * 1_000));
    }
    let written = match value.as_float() {
        Some(number) => number.as_str(),
        None => str_of(value, what)?,
    };
    Amount::read(written).ok_or_else(|| must_be(what, value))
}
