//! Says field by field why a message is not the JSON that it should be; runs only after quick reading has failed.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::http::problem::FieldError;
use crate::model::NewMessage;

use super::check::check;
use super::defaults::Defaults;
use super::message::MessageRequest;
use super::names::{pointer_part, short, unknown};

/// What a field must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Flag,
    Replace,
    Octets,
    Waiting,
    Ports,
    Tags,
    Span,
    Parameters,
}

/// Every field of [`MessageRequest`]; a test holds the two together.
const FIELDS: [(&str, Kind); 21] = [
    ("to", Kind::Text),
    ("from", Kind::Text),
    ("text", Kind::Text),
    ("data", Kind::Octets),
    ("udh", Kind::Octets),
    ("class", Kind::Text),
    ("flash", Kind::Flag),
    ("silent", Kind::Flag),
    ("replace", Kind::Replace),
    ("waiting", Kind::Waiting),
    ("ports", Kind::Ports),
    ("reference", Kind::Text),
    ("tags", Kind::Tags),
    ("send_at", Kind::Text),
    ("valid_for", Kind::Span),
    ("on_doubt", Kind::Text),
    ("callback", Kind::Text),
    ("transliterate", Kind::Flag),
    ("route", Kind::Text),
    ("time_zone", Kind::Text),
    ("exempt", Kind::Text),
];
const PARAMETERS: (&str, Kind) = ("parameters", Kind::Parameters);

/// Errors named in one message; a person mends those and posts again.
const ERRORS_MAX: usize = 16;

/// Reads one message slowly.
///
/// # Errors
/// Every field that is wrong, with a pointer that starts at the message.
pub fn message(raw: &RawValue, defaults: Defaults) -> Result<NewMessage, Vec<FieldError>> {
    let quick = match serde_json::from_str::<MessageRequest<'_>>(raw.get()) {
        Ok(request) => return check(request, defaults, Vec::new()),
        Err(error) => error,
    };
    let whole = |code, detail: String| Err(vec![FieldError::new("", code, detail)]);
    let mut fields = match serde_json::from_str::<Value>(raw.get()) {
        Ok(Value::Object(fields)) => fields,
        Ok(other) => return whole("not_an_object", format!("a message is an object, not {}", name_of(&other))),
        Err(error) => return whole("not_a_message", error.to_string()),
    };
    let mut errors = take_out_wrong_fields(&mut fields);
    errors.truncate(ERRORS_MAX);
    let rest = Value::Object(fields);
    match MessageRequest::deserialize(&rest) {
        // Each field by itself is fine, so the whole has one of them twice.
        Ok(_) if errors.is_empty() => whole("duplicate_field", quick.to_string()),
        Ok(request) => match check(request, defaults, errors) {
            Err(errors) => Err(errors),
            Ok(_) => whole("not_a_message", quick.to_string()),
        },
        Err(error) => whole("not_a_message", error.to_string()),
    }
}

fn take_out_wrong_fields(fields: &mut Map<String, Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    fields.retain(|name, value| {
        let Some((_, kind)) = FIELDS.iter().chain([&PARAMETERS]).find(|(known, _)| known == name) else {
            errors.push(unknown(name, FIELDS.iter().chain([&PARAMETERS]).map(|(known, _)| *known)));
            return false;
        };
        if value.is_null() {
            return true;
        }
        match wrong(*kind, name, value) {
            None => true,
            Some((inner, detail)) => {
                errors.push(FieldError::new(format!("/{name}{inner}"), "wrong_type", detail));
                false
            }
        }
    });
    errors
}

/// Why `value` is not of this kind, and where inside it.
fn wrong(kind: Kind, name: &str, value: &Value) -> Option<(String, String)> {
    let not = |what: &str| Some((String::new(), format!("{name} is {what}, not {}", name_of(value))));
    match kind {
        Kind::Text if value.is_string() => None,
        Kind::Text if value.is_number() => {
            Some((String::new(), format!("{name} is a string: put it in quotes, \"{}\"", short(&value.to_string()))))
        }
        Kind::Text => not("a string"),
        Kind::Flag if value.is_boolean() => None,
        Kind::Flag => not("true or false"),
        Kind::Replace if value.as_u64().is_some_and(|number| number < 256) => None,
        Kind::Replace => not("a number from 1 to 7"),
        Kind::Octets => match value {
            Value::String(_) => None,
            Value::Object(inner) if inner.len() == 1 && inner.get("hex").is_some_and(Value::is_string) => None,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                not("base64 in a string or {\"hex\": \"0a1b\"}")
            }
        },
        Kind::Span if value.is_string() || value.is_u64() => None,
        Kind::Span => not("a whole number of seconds or a text like \"24h\""),
        Kind::Waiting => {
            wrong_inside(value, name, &[("kind", Kind::Text), ("active", Kind::Flag), ("store", Kind::Flag)], "kind")
        }
        Kind::Ports => wrong_ports(value, name),
        Kind::Tags => match value.as_array() {
            None => not("an array of strings"),
            Some(tags) => tags
                .iter()
                .position(|tag| !tag.is_string())
                .map(|place| (format!("/{place}"), "a tag is a string".to_owned())),
        },
        Kind::Parameters => match value.as_object() {
            None => not("an object of strings"),
            Some(all) => all.iter().find(|(_, value)| !value.is_string()).map(|(key, value)| {
                (format!("/{}", pointer_part(key)), format!("the value is a string, not {}", name_of(value)))
            }),
        },
    }
}

fn wrong_inside(value: &Value, name: &str, known: &[(&str, Kind)], required: &str) -> Option<(String, String)> {
    let Some(inner) = value.as_object() else {
        return Some((String::new(), format!("{name} is an object, not {}", name_of(value))));
    };
    if !inner.contains_key(required) {
        return Some((String::new(), format!("{name} needs {required}")));
    }
    inner.iter().find_map(|(key, value)| match known.iter().find(|(known, _)| known == key) {
        None => Some((format!("/{}", pointer_part(key)), format!("{name} has no field \"{}\"", short(key)))),
        Some((_, kind)) => wrong(*kind, key, value).map(|(inner, detail)| (format!("/{key}{inner}"), detail)),
    })
}

fn wrong_ports(value: &Value, name: &str) -> Option<(String, String)> {
    let Some(inner) = value.as_object() else {
        return Some((
            String::new(),
            format!("{name} is an object with destination and source, not {}", name_of(value)),
        ));
    };
    if !inner.contains_key("destination") {
        return Some((String::new(), format!("{name} needs destination")));
    }
    inner.iter().find_map(|(key, value)| {
        let place = format!("/{}", pointer_part(key));
        match key.as_str() {
            "destination" | "source" if value.as_u64().is_some_and(|port| port <= 65_535) => None,
            "destination" | "source" => Some((place, "a port is a number from 0 to 65535".to_owned())),
            _ => Some((place, format!("{name} has no field \"{}\"", short(key)))),
        }
    })
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::settings::HttpSettings;

    fn errors(json: &str) -> Vec<(String, String)> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        message(&raw, Defaults::of(&HttpSettings::default()))
            .unwrap_err()
            .into_iter()
            .map(|error| (error.pointer, error.detail))
            .collect()
    }

    #[test]
    fn the_table_has_the_fields_of_the_struct() {
        use utoipa::PartialSchema;
        let schema = serde_json::to_value(MessageRequest::schema()).unwrap();
        let mut in_schema: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        let mut in_table: Vec<_> = FIELDS.iter().chain([&PARAMETERS]).map(|(name, _)| (*name).to_owned()).collect();
        in_schema.sort();
        in_table.sort();
        assert_eq!(in_table, in_schema);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let found = errors(
            r#"{"to": 821012345678, "text": true, "flash": "yes", "replace": 9.5, "tags": ["a", 1], "valid_for": -1,
                "ports": {"destination": 70000}, "waiting": {"kind": 1}, "parameters": {"a/b": 1}, "clas": "otp", "data": 1}"#,
        );
        let places: Vec<_> = found.iter().map(|(place, _)| place.as_str()).collect();
        for place in [
            "/to",
            "/text",
            "/flash",
            "/replace",
            "/tags/1",
            "/valid_for",
            "/ports/destination",
            "/waiting/kind",
            "/parameters/a~1b",
            "/clas",
            "/data",
        ] {
            assert!(places.contains(&place), "{place} in {found:?}");
        }
        assert_eq!(found.len(), 11, "{found:?}");
        assert!(found.iter().any(|(_, detail)| detail.contains("did you mean \"class\"?")), "{found:?}");
        assert!(found.iter().any(|(_, detail)| detail.contains("put it in quotes, \"821012345678\"")), "{found:?}");
    }

    #[test]
    fn a_name_from_another_gateway_is_translated() {
        assert!(errors(r#"{"to": "+821012345678", "message": "hi"}"#)[0].1.contains("\"text\""));
        assert!(errors(r#"{"To": "+821012345678", "text": "hi"}"#)[0].1.contains("\"to\""));
        assert!(!errors(r#"{"to": "+821012345678", "text": "hi", "zzz": 1}"#)[0].1.contains("did you mean"));
    }

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        let found = errors(r#"{"to": "+821012345678", "to": "+821012345679", "text": "hi"}"#);
        assert!(found[0].1.contains("duplicate field `to`"), "{found:?}");
    }
}
