//! Decides the segments of a message, once `choose` has found the alphabet.

use crate::model::{Body, Concatenation, Encoded, Indication};

use super::choose::{self, Candidate, Terms};
use super::error::{Change, TextError};
use super::profile::{TextProfile, TransliterationLevels};
use super::{data, normal};

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
/// A text becomes NFC and then takes the permitted alphabet with the fewest segments, then the fewest octets, that
/// shows every character as written. Replacements are made only where they save something and are asked for:
/// `Some(true)` asks for the profile's levels (or [`TransliterationLevels::SAFE`] when it has none), `Some(false)`
/// forbids them, `None` leaves it to the profile. Data stays as it is and is only split.
pub fn encode(
    body: &Body,
    indication: &Indication,
    profile: &TextProfile,
    transliterate: Option<bool>,
) -> Result<Encoding, TextError> {
    check(indication)?;
    match body {
        Body::Text(text) => {
            let text = normal::nfc(text);
            let terms = Terms { profile, indication, levels: levels(profile, transliterate) };
            let candidate = choose::cheapest(&text, terms)?;
            refuse_beyond_limit(&candidate, profile.segments_max)?;
            Ok(write(candidate, *indication))
        }
        Body::Data(data) => {
            let encoded = data::encode(data, indication, profile)?;
            Ok(Encoding { encoded, changes: Vec::new() })
        }
    }
}

/// The replacements that a message may have.
pub(super) fn levels(profile: &TextProfile, transliterate: Option<bool>) -> TransliterationLevels {
    match transliterate {
        Some(false) => TransliterationLevels::NONE,
        Some(true) if profile.transliterate.is_empty() => TransliterationLevels::SAFE,
        Some(true) | None => profile.transliterate,
    }
}

/// Refuses a candidate with too many segments, and tells how many it has.
pub(super) fn refuse_beyond_limit(candidate: &Candidate<'_>, segments_max: u8) -> Result<(), TextError> {
    let (segments, segments_max) = (candidate.segments(), segments_max.max(1));
    if segments > usize::from(segments_max) {
        return Err(TextError::TooLong { segments, segments_max, alphabet: candidate.coder.alphabet() });
    }
    Ok(())
}

/// Checks the ranges of the indication's fields (3GPP TS 23.038, 4, and TS 23.040, 9.2.3.9).
fn check(indication: &Indication) -> Result<(), TextError> {
    if indication.message_class.is_some_and(|class| class > 3) {
        return Err(TextError::Indication("a message class is 0 (flash) to 3"));
    }
    if !matches!(indication.protocol_id, 0 | 0x40..=0x47) {
        return Err(TextError::Indication("a protocol id is 0, 64 (silent) or 65 to 71 (replace type 1 to 7)"));
    }
    if let Some(waiting) = indication.waiting {
        if waiting.kind > 3 {
            return Err(TextError::Indication("a waiting sign is 0 (voicemail), 1 (fax), 2 (e-mail) or 3 (other)"));
        }
        if indication.message_class.is_some() {
            return Err(TextError::Indication("a waiting sign leaves no room for a message class"));
        }
    }
    Ok(())
}

fn write(candidate: Candidate<'_>, indication: Indication) -> Encoding {
    let Candidate { text, coder, changes, elements, concatenation, units, room, ends } = candidate;
    let segments = if ends.is_empty() || concatenation == Concatenation::Payload {
        vec![coder.write(&text, units)]
    } else {
        let mut start = 0;
        let part = |end| coder.write(&text[std::mem::replace(&mut start, end)..end], room);
        ends.into_iter().map(part).collect()
    };
    let alphabet = coder.alphabet();
    let encoded = Encoded { alphabet, indication, concatenation, reference: 0, elements, segments };
    Encoding { encoded, changes }
}
