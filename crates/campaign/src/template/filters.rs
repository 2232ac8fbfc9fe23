//! The filters of templates: fallbacks, letters, and values written as the contact's locale has them.

use jiff::tz::TimeZone;
use minijinja::value::Object;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::format;
use crate::attribute;
use crate::locale::Locale;
use postrider_model::Timestamp;

/// What the filters know of the contact.
#[derive(Debug, Clone)]
pub struct Manner {
    /// What the contact reads.
    pub locale: Option<Locale>,
    /// The contact's currency.
    pub currency: Option<String>,
    /// The contact's time zone.
    pub zone: TimeZone,
}

/// The names of the filters, for the documentation and for hints.
pub const NAMES: [&str; 11] =
    ["or", "default", "money", "number", "date", "time", "upper", "lower", "capitalize", "trim", "truncate"];

impl Object for Manner {}

impl Manner {
    /// By which name filters look it up among the fields; no template can write it.
    pub const NAME: &'static str = "(manner)";

    fn of(state: &State<'_, '_>) -> Result<Value, Error> {
        state.lookup(Self::NAME).ok_or_else(|| wrong("nothing is known of the contact"))
    }

    fn is(value: &Value) -> Result<&Self, Error> {
        value.downcast_object_ref().ok_or_else(|| wrong("nothing is known of the contact"))
    }
}

/// Adds the filters to an environment that has none. What they know of the contact is among the fields.
pub fn add(environment: &mut Environment<'_>) {
    for name in ["or", "default"] {
        environment.add_filter(name, |value: &Value, fallback: Value| {
            let is_empty = value.as_str().is_some_and(|text| text.trim().is_empty());
            if value.is_undefined() || value.is_none() || is_empty { fallback } else { value.clone() }
        });
    }
    environment.add_filter("money", |state: &State<'_, '_>, value: &Value, currency: Option<String>| {
        let amount = number_of(value, "money")?;
        let manner = Manner::of(state)?;
        let manner = Manner::is(&manner)?;
        let currency = currency.or_else(|| manner.currency.clone());
        let currency =
            currency.ok_or_else(|| wrong("money needs a currency, like money(\"EUR\"): the contact has none"))?;
        Ok::<_, Error>(format::money(amount, &currency, manner.locale.as_ref()))
    });
    environment.add_filter("number", |state: &State<'_, '_>, value: &Value, decimals: Option<usize>| {
        let manner = Manner::of(state)?;
        Ok::<_, Error>(format::number(number_of(value, "number")?, decimals, Manner::is(&manner)?.locale.as_ref()))
    });
    environment.add_filter("date", |state: &State<'_, '_>, value: &Value| {
        let text = text_of(value, "date")?;
        let manner = Manner::of(state)?;
        let manner = Manner::is(&manner)?;
        let of_instant = || Some(text.parse::<Timestamp>().ok()?.to_jiff().to_zoned(manner.zone.clone()).date());
        let day = attribute::day(text).or_else(of_instant);
        let day = day.ok_or_else(|| wrong("date is for days and instants"))?;
        Ok::<_, Error>(format::date(day, manner.locale.as_ref()))
    });
    environment.add_filter("time", |state: &State<'_, '_>, value: &Value| {
        let at: Timestamp = text_of(value, "time")?.parse().map_err(|_| wrong("time is for instants"))?;
        let manner = Manner::of(state)?;
        Ok::<_, Error>(at.to_jiff().to_zoned(Manner::is(&manner)?.zone.clone()).strftime("%H:%M").to_string())
    });
    environment.add_filter("upper", |value: &Value| Ok::<_, Error>(text_of(value, "upper")?.to_uppercase()));
    environment.add_filter("lower", |value: &Value| Ok::<_, Error>(text_of(value, "lower")?.to_lowercase()));
    environment.add_filter("trim", |value: &Value| Ok::<_, Error>(text_of(value, "trim")?.trim().to_owned()));
    environment.add_filter("capitalize", |value: &Value| {
        let mut letters = text_of(value, "capitalize")?.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        Ok::<_, Error>(first + letters.as_str())
    });
    environment.add_filter("truncate", |value: &Value, length: usize| {
        Ok::<_, Error>(text_of(value, "truncate")?.chars().take(length).collect::<String>())
    });
}

fn wrong(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}

fn number_of(value: &Value, filter: &str) -> Result<f64, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    f64::try_from(value.clone())
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("{filter} is for numbers, not \"{value}\"")))
}

/// The text that a filter or function is for.
pub fn text_of<'a>(value: &'a Value, filter: &str) -> Result<&'a str, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    value
        .as_str()
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{filter} is for texts, not \"{value}\"")))
}
