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

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::NewMessage;

use super::problem::{FieldError, Problem};
use super::settings::MESSAGES_MAX;

pub use defaults::Defaults;
pub use message::{HexOctets, MessageRequest, Octets, PortsRequest, Span, WaitingRequest};
pub use text::Text;

/// One message as far as it was understood.
pub type Checked = Result<NewMessage, Vec<FieldError>>;

/// Reads a body of one message or of an array of them, and gives each message to `take` as soon as it is read, so that a
/// long array is not held in several forms at once. Says whether it was an array.
///
/// # Errors
/// A problem when the body is no JSON, neither object nor array, empty or too long an array; what was taken before is void
/// then. What is wrong with the messages themselves is told to `take`.
pub fn parse_each(body: &[u8], defaults: Defaults, mut take: impl FnMut(Checked)) -> Result<bool, Problem> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {
            take(parse_one(body, defaults)?);
            Ok(false)
        }
        Some(b'[') => parse_many(body, defaults, take).map(|()| true),
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

fn parse_many(body: &[u8], defaults: Defaults, mut take: impl FnMut(Checked)) -> Result<(), Problem> {
    let mut taken = 0_usize;
    let quick = each(body, |request: MessageRequest<'_>| {
        taken += 1;
        take(check::check(request, defaults, Vec::new()));
    });
    if quick.is_err() {
        // What came before the first that cannot be read so is taken already.
        let mut place = 0_usize;
        let slow = each(body, |raw: &RawValue| {
            place += 1;
            if place > taken {
                take(explain::message(raw, defaults));
            }
        });
        taken = taken.max(place);
        match slow {
            Ok(()) => {}
            Err(error) if error.is_data() => return Err(too_many()),
            Err(error) => return Err(not_json(&error)),
        }
    }
    if taken == 0 {
        let wrong = FieldError::new("", "empty_array", "the array is empty");
        return Err(Problem::fields("invalid_message", "there is no message in the request", vec![wrong]));
    }
    Ok(())
}

/// The problem that a body is no JSON, with the place where that shows.
pub fn not_json(error: &serde_json::Error) -> Problem {
    Problem::bad_request("not_json", format!("the body is not JSON: {error}"))
}

fn too_many() -> Problem {
    let wrong = FieldError::new("", "too_many", format!("a request holds at most {MESSAGES_MAX} messages"));
    Problem::fields("too_many_messages", wrong.detail.clone(), vec![wrong])
}

/// Gives each element of an array to `take`; gives up when there are more than [`MESSAGES_MAX`].
fn each<'de, T: Deserialize<'de>>(body: &'de [u8], take: impl FnMut(T)) -> Result<(), serde_json::Error> {
    let mut from = serde_json::Deserializer::from_slice(body);
    Each { take, element: PhantomData }.deserialize(&mut from)?;
    from.end()
}

struct Each<F, T> {
    take: F,
    element: PhantomData<T>,
}

impl<'de, F: FnMut(T), T: Deserialize<'de>> DeserializeSeed<'de> for Each<F, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(T), T: Deserialize<'de>> Visitor<'de> for Each<F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut from: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(one) = from.next_element()? {
            if count == MESSAGES_MAX {
                return Err(A::Error::custom("too many messages"));
            }
            count += 1;
            (self.take)(one);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
