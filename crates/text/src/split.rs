//! Decides how much a segment holds, and where it may end.

use unicode_segmentation::UnicodeSegmentation;

use postrider_model::Alphabet;

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
    let last = reach.grapheme_indices(true).next_back().map_or(0, |(border, _)| border);
    if last == 0 { at } else { start + last }
}

/// Characters that surely do not join with one another: ASCII, Latin letters, ideographs and Hangul syllables.
fn stands_alone(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{c0}'..='\u{24f}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, room: usize) -> Vec<&str> {
        let mut start = 0;
        let ends = ends(text, room, char::len_utf16);
        ends.into_iter().map(|end| &text[std::mem::replace(&mut start, end)..end]).collect()
    }

    #[test]
    fn every_header_leaves_the_room_of_the_specification() {
        // Header octets, septets, UTF-16 units, octets: none, concatenation in 8 and 16 bits, one and two shifts alone
        // and with each concatenation, ports alone and with each.
        let table = [
            (0, 160, 70, 140),
            (6, 153, 67, 134),
            (7, 152, 66, 133),
            (4, 155, 68, 136),
            (9, 149, 65, 131),
            (10, 148, 65, 130),
            (12, 146, 64, 128),
            (13, 145, 63, 127),
            (140, 0, 0, 0),
            (200, 0, 0, 0),
        ];
        for (header, septets, units, octets) in table {
            assert_eq!(capacity(Alphabet::Gsm7, header), septets, "{header}");
            assert_eq!(capacity(Alphabet::Ucs2, header), units, "{header}");
            assert_eq!(capacity(Alphabet::Binary, header), octets, "{header}");
            assert_eq!(capacity(Alphabet::Latin1, header), octets, "{header}");
            assert_eq!(capacity(Alphabet::EucKr, header), octets, "{header}");
        }
        assert_eq!((header_octets(0), header_octets(5), header_octets(3)), (0, 6, 4));
    }

    #[test]
    fn a_cluster_moves_to_the_next_segment_whole() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(parts(&format!("abc{family}"), 12), ["abc", family]);
        assert_eq!(parts("abc\r\ndef", 4), ["abc", "\r\nde", "f"]);
        assert_eq!(parts("🇰🇷🇹🇭🇯🇵", 7), ["🇰🇷", "🇹🇭", "🇯🇵"], "a flag is two letters of two units");
        assert_eq!(parts("ที่นี่", 4), ["ที่", "นี่"], "Thai vowels and tones stay with their letter");
        assert_eq!(parts("a❤\u{fe0f}", 2), ["a", "❤\u{fe0f}"]);
        assert_eq!(parts("가나다", 2), ["가나", "다"]);
        assert_eq!(parts("ᄀᄀ각나", 4), ["ᄀᄀ각", "나"]);
    }

    #[test]
    fn a_cluster_longer_than_a_segment_is_split_between_characters() {
        let tall = format!("a{}", "\u{301}".repeat(9));
        assert_eq!(
            parts(&format!("xx{tall}y"), 5).iter().map(|part| part.chars().count()).collect::<Vec<_>>(),
            [2, 5, 5, 1]
        );
        assert_eq!(parts("😀\u{200d}😀\u{200d}😀", 3), ["😀\u{200d}", "😀\u{200d}", "😀"]);
        assert_eq!(parts(&format!("x{}😀y", "\u{301}".repeat(3)), 4), ["x\u{301}\u{301}\u{301}", "😀y"]);
    }

    #[test]
    fn one_endless_cluster_takes_no_endless_time() {
        let text = "\u{301}".repeat(200_000);
        assert_eq!(parts(&text, 67).len(), 200_000_usize.div_ceil(67));
        let flags = "🇰".repeat(100_000);
        assert_eq!(parts(&flags, 67).len(), 100_000_usize.div_ceil(32), "sixteen flags to a segment");
    }
}
