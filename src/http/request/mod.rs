//! From the octets of a request to checked messages.
//!
//! The good path reads the body once, straight into borrowed structs ([`MessageRequest`]) and from there into
//! [`NewMessage`]. Only when that fails is the body read again, slowly, so that every wrong field gets its pointer and
//! its sentence (`explain`).

mod check;
mod defaults;
mod explain;
mod message;
mod names;
mod text;
mod value;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::NewMessage;

use super::problem::{FieldError, Problem};
use super::settings::MESSAGES_MAX;

pub use defaults::Defaults;
pub use message::{HexOctets, MessageRequest, Octets, PortsRequest, Span, WaitingRequest};
pub use text::Text;

/// One message as far as it was understood.
pub type Checked = Result<NewMessage, Vec<FieldError>>;

/// The messages of a request.
#[derive(Debug)]
pub enum Messages {
    /// The body was one object.
    One(Box<Checked>),
    /// The body was an array of objects.
    Many(Vec<Checked>),
}

/// Reads a body of one message or of an array of them.
///
/// # Errors
/// A problem when the body is no JSON, neither object nor array, empty or too long an array. What is wrong with the
/// messages themselves is in the result.
pub fn parse(body: &[u8], defaults: Defaults) -> Result<Messages, Problem> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => parse_one(body, defaults).map(|checked| Messages::One(Box::new(checked))),
        Some(b'[') => parse_many(body, defaults).map(Messages::Many),
        None => Err(Problem::bad_request("empty_body", "the body is empty; it is a message, or an array of messages")),
        Some(_) => {
            serde_json::from_slice::<serde::de::IgnoredAny>(body).map_err(|error| not_json(&error))?;
            let wrong =
                FieldError::new("", "not_an_object", "the body is a message in {…}, or an array of messages in […]");
            Err(Problem::fields("invalid_message", wrong.detail.clone(), vec![wrong]))
        }
    }
}

fn parse_one(body: &[u8], defaults: Defaults) -> Result<Checked, Problem> {
    if let Ok(request) = serde_json::from_slice::<MessageRequest<'_>>(body) {
        return Ok(check::check(request, defaults, Vec::new()));
    }
    let raw: &RawValue = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
    Ok(explain::message(raw, defaults))
}

fn parse_many(body: &[u8], defaults: Defaults) -> Result<Vec<Checked>, Problem> {
    let quick = serde_json::from_slice::<Bounded<MessageRequest<'_>>>(body);
    let checked: Vec<Checked> = match quick {
        Ok(Bounded(requests)) => {
            requests.into_iter().map(|request| check::check(request, defaults, Vec::new())).collect()
        }
        Err(_) => match serde_json::from_slice::<Bounded<&RawValue>>(body) {
            Ok(Bounded(raw)) => raw.into_iter().map(|raw| explain::message(raw, defaults)).collect(),
            Err(error) if error.is_data() => return Err(too_many()),
            Err(error) => return Err(not_json(&error)),
        },
    };
    if checked.is_empty() {
        let wrong = FieldError::new("", "empty_array", "the array is empty");
        return Err(Problem::fields("invalid_message", "there is no message in the request", vec![wrong]));
    }
    Ok(checked)
}

/// The problem that a body is no JSON, with the place where that shows.
pub fn not_json(error: &serde_json::Error) -> Problem {
    Problem::bad_request("not_json", format!("the body is not JSON: {error}"))
}

fn too_many() -> Problem {
    let wrong = FieldError::new("", "too_many", format!("a request holds at most {MESSAGES_MAX} messages"));
    Problem::fields("too_many_messages", wrong.detail.clone(), vec![wrong])
}

/// An array that is given up, instead of stored, when it has more than [`MESSAGES_MAX`] elements.
struct Bounded<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Take<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Take<T> {
            type Value = Bounded<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of messages")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Bounded<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = from.next_element()? {
                    if all.len() == MESSAGES_MAX {
                        return Err(A::Error::custom("too many messages"));
                    }
                    all.push(one);
                }
                Ok(Bounded(all))
            }
        }
        from.deserialize_seq(Take(PhantomData))
    }
}

#[cfg(test)]
mod tests;
