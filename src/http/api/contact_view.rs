//! What a contact looks like to tools.

use serde_json::{Map, Value, json};

use crate::campaign::attribute::number_json;
use crate::campaign::fault::Fault;
use crate::campaign::law;
use crate::campaign::money::Money;
use crate::campaign::point::{Kind, Point, PointValue, Points, Today, day_of};
use crate::http::problem::{FieldError, Problem};
use crate::model::Timestamp;
use crate::store::campaign::contact::Stored;

/// A contact without its data points.
pub fn contact(stored: &Stored) -> Map<String, Value> {
    let mut fields = stored.contact.to_json();
    fields.insert("created_at".to_owned(), json!(stored.created_at.to_string()));
    fields.insert("changed_at".to_owned(), json!(stored.changed_at.to_string()));
    fields
}

/// The data points that are known, by name.
pub fn points(stored: &Stored, points: &Points, now: Timestamp) -> Map<String, Value> {
    let zone = stored.contact.calendar().and_then(law::zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let today = Today::of(now, &zone);
    let known = |point: &Point| Some((point.name().to_owned(), point_json(*point, points.value(*point, &today)?)));
    Point::ALL.iter().filter_map(known).collect()
}

/// The value of a data point as JSON: instants and days as they are written elsewhere, amounts in units.
fn point_json(point: Point, value: PointValue) -> Value {
    match (point.kind(), value) {
        (Kind::Time, PointValue::Integer(millis)) => json!(Timestamp::from_millis(millis).to_string()),
        (Kind::Day, PointValue::Integer(day)) => day_of(day).map_or(Value::Null, |day| json!(day.to_string())),
        (Kind::Money, PointValue::Integer(parts)) => Money::from_parts(parts).to_json(),
        (_, PointValue::Integer(number)) => json!(number),
        (_, PointValue::Real(number)) => number_json((number * 10_000.0).round() / 10_000.0),
        (_, PointValue::Text(text)) => json!(text),
    }
}

/// Faults as the errors of an answer, each under `prefix`.
pub fn errors(faults: Vec<Fault>, prefix: &str) -> Vec<FieldError> {
    faults.into_iter().map(|fault| fault.under(prefix)).map(|f| FieldError::new(f.pointer, f.code, f.detail)).collect()
}

/// A body whose fields are wrong.
pub fn refused(code: &'static str, faults: Vec<Fault>) -> Problem {
    let detail = faults.first().map_or_else(String::new, Fault::to_string);
    Problem::fields(code, detail, errors(faults, ""))
}
