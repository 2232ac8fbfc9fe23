//! Decides how much a segment holds, and where it may end.

use unicode_segmentation::UnicodeSegmentation;

use crate::model::Alphabet;

/// The octets of user data that one short message carries.
pub(super) const USER_DATA_OCTETS: usize = 140;

/// How many units (septets, UTF-16 units or octets) of `alphabet` fit beside a user data header of `header_octets`,
/// its length octet included (3GPP TS 23.040, 9.2.3.24).
pub const fn capacity(alphabet: Alphabet, header_octets: usize) -> usize {
    let left = USER_DATA_OCTETS.saturating_sub(header_octets);
    match alphabet {
        Alphabet::Gsm7 => left * 8 / 7,
        Alphabet::Ucs2 => left / 2,
        Alphabet::Binary | Alphabet::Latin1 | Alphabet::EucKr => left,
    }
}

/// The octets of a user data header with these elements, its length octet included.
pub(super) const fn header_octets(elements: usize) -> usize {
    if elements == 0 { 0 } else { elements + 1 }
}

/// Where each segment of `text` ends, when a segment holds `room` units and `units` tells those of a character.
///
/// A grapheme cluster stays whole, unless it alone is longer than a segment; a character always stays whole, and with
/// it an escape or surrogate pair.
pub(super) fn ends(text: &str, room: usize, units: impl Fn(char) -> usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        let needed = units(c);
        while used + needed > room && start < at {
            let end = border(text, start, at, c);
            ends.push(end);
            used = text[end..at].chars().map(&units).sum();
            start = end;
        }
        used += needed;
    }
    ends.push(text.len());
    ends
}

/// The last border of a grapheme cluster after `start` and up to `at`, where `next` stands; `at` if there is none.
fn border(text: &str, start: usize, at: usize, next: char) -> usize {
    if stands_alone(next) && text[..at].chars().next_back().is_some_and(stands_alone) {
        return at;
    }
    // Whether a border lies before `next` does not depend on what follows it, so nothing further is looked at.
    let reach = &text[start..at + next.len_utf8()];
    let borders = reach.grapheme_indices(true).map(|(border, _)| start + border);
    borders.filter(|&border| border > start && border <= at).last().unwrap_or(at)
}

/// Characters that surely do not join with one another: ASCII, Latin letters, ideographs and Hangul syllables.
fn stands_alone(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{c0}'..='\u{24f}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}
