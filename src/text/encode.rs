//! Decides the segments of a message: the cheapest permitted alphabet that shows every character as written.

use crate::model::{Alphabet, Body, Concatenation, Encoded, Indication};

use super::coder::Coder;
use super::error::{Change, TextError};
use super::profile::{LongForm, TextProfile};
use super::split::{capacity, ends, header_octets};

/// A message ready to be sent, and what was replaced in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// The segments. The reference is 0: whoever stores the message gives it one.
    pub encoded: Encoded,
    /// The replacements, in the order of their first use; empty unless they were asked for.
    pub changes: Vec<Change>,
}

/// Encodes `body` for a link with `profile`.
///
/// A text becomes NFC and then takes the permitted alphabet with the fewest segments, then the fewest octets.
pub fn encode(
    body: &Body,
    indication: &Indication,
    profile: &TextProfile,
    _transliterate: Option<bool>,
) -> Result<Encoding, TextError> {
    let Body::Text(text) = body else { return Err(TextError::Header("data is not encoded yet")) };
    let coder = if text.chars().all(|c| Coder::Gsm7.units(c).is_some()) { Coder::Gsm7 } else { Coder::Ucs2 };
    let alphabet: Alphabet = coder.alphabet();
    let total: usize = text.chars().filter_map(|c| coder.units(c)).sum();
    let (concatenation, element) = match profile.long {
        LongForm::Udh8 => (Concatenation::Reference8, 5),
        LongForm::Udh16 => (Concatenation::Reference16, 6),
        LongForm::Sar => (Concatenation::Sar, 5),
        LongForm::Payload => (Concatenation::Payload, 5),
    };
    let (concatenation, segments) = if total <= capacity(alphabet, 0) {
        (Concatenation::None, vec![coder.write(text)])
    } else {
        let room = capacity(alphabet, header_octets(element));
        let mut start = 0;
        let ends = ends(text, room, |c| coder.units(c).unwrap_or(0));
        if ends.len() > usize::from(profile.segments_max) {
            return Err(TextError::TooLong { segments: ends.len(), segments_max: profile.segments_max, alphabet });
        }
        let segments = ends.into_iter().map(|end| coder.write(&text[std::mem::replace(&mut start, end)..end]));
        (concatenation, segments.collect())
    };
    let encoded =
        Encoded { alphabet, indication: *indication, concatenation, reference: 0, elements: Vec::new(), segments };
    Ok(Encoding { encoded, changes: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_segments() {
        let profile = TextProfile::default();
        let segments =
            |text: String| encode(&Body::Text(text), &Indication::default(), &profile, None).unwrap().encoded.segments;
        assert_eq!(segments("a".repeat(160)).len(), 1);
        assert_eq!(segments("a".repeat(161)).len(), 2);
        assert_eq!(segments("[".repeat(153)).len(), 3);
        assert_eq!(segments("한".repeat(70)).len(), 1);
        assert_eq!(segments("한".repeat(71)).len(), 2);
    }
}
