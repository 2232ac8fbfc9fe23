//! Reads a message from its parts: what lies across a border, in which order octets stand, what only fills a part up.

use postrider_model::Alphabet;

use super::decode::decode;

/// One part, as the network gave it.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Its alphabet.
    pub alphabet: Alphabet,
    /// Its payload.
    pub payload: &'a [u8],
    /// Its information elements, of which the national shifts count.
    pub elements: &'a [u8],
}

/// The text of all parts. Neighbours in the same form are read together, since a character may lie across their border.
pub fn join<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> String {
    let parts: Vec<Part<'a>> = parts.into_iter().collect();
    let same = |a: &Part<'_>, b: &Part<'_>| a.alphabet == b.alphabet && a.elements == b.elements;
    let runs: Vec<&[Part<'a>]> = parts.chunk_by(same).collect();
    let last = runs.len().saturating_sub(1);
    runs.iter().enumerate().map(|(place, run)| read(run, place == last)).collect()
}

fn read(run: &[Part<'_>], ends_message: bool) -> String {
    let Some(first) = run.first() else { return String::new() };
    let mut octets = Vec::with_capacity(run.iter().map(|part| part.payload.len()).sum());
    let mut order = Order::of(run);
    for part in run {
        match first.alphabet {
            Alphabet::Ucs2 => order.append(part.payload, &mut octets),
            Alphabet::Latin1 | Alphabet::EucKr => octets.extend_from_slice(without_end(part.payload, &[0])),
            Alphabet::Gsm7 | Alphabet::Binary => octets.extend_from_slice(part.payload),
        }
    }
    if first.alphabet == Alphabet::Gsm7 && ends_message {
        octets.truncate(gsm7_len(&octets));
    }
    decode(first.alphabet, &octets, first.elements)
}

/// The octets without any `end` at their end.
fn without_end<'a>(mut octets: &'a [u8], end: &[u8]) -> &'a [u8] {
    while let Some(rest) = octets.strip_suffix(end) {
        octets = rest;
    }
    octets
}

/// Where a GSM 7-bit text ends. Zeros at its end are `@` by the table and filling by custom; a single one counts as `@` where it
/// stands as a word of its own.
fn gsm7_len(octets: &[u8]) -> usize {
    let bare = without_end(octets, &[0]);
    let alone =
        octets.len() - bare.len() == 1 && bare.last().is_none_or(|&before| matches!(before, b' ' | b'\n' | b'\r'));
    if alone || bare.is_empty() { octets.len() } else { bare.len() }
}

/// In which order the two octets of a character stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    BigEndian,
    LittleEndian,
}

impl Order {
    /// The order of a message: what its first mark says; without any, what makes it readable.
    fn of(run: &[Part<'_>]) -> Self {
        if let Some((order, _)) = run.first().and_then(|part| marked(part.payload)) {
            return order;
        }
        // Latin letters in the wrong order are ideographs that all end in 00; nobody writes such a text.
        let mut pairs = run.iter().flat_map(|part| part.payload.as_chunks::<2>().0);
        let swapped =
            |pair: &[u8; 2]| pair[1] == 0 && (pair[0] == b'\n' || pair[0] == b'\r' || (b' '..0x7f).contains(&pair[0]));
        let several = run.iter().map(|part| part.payload.len()).sum::<usize>() >= 4;
        if several && pairs.all(swapped) { Self::LittleEndian } else { Self::BigEndian }
    }

    /// Adds a part in the usual order, without its mark and what fills it up. A part's own mark counts from there on.
    fn append(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let text = match marked(payload) {
            Some((order, text)) => {
                *self = order;
                text
            }
            None => payload,
        };
        let text = match text {
            [rest @ .., 0] if text.len() % 2 == 1 => rest,
            _ => text,
        };
        let text = without_end(text, &[0, 0]);
        match self {
            Self::BigEndian => out.extend_from_slice(text),
            Self::LittleEndian => {
                let (pairs, odd) = text.as_chunks::<2>();
                out.extend(pairs.iter().flat_map(|&[low, high]| [high, low]));
                out.extend_from_slice(odd);
            }
        }
    }
}

/// The order that a mark names, and what stands behind it.
fn marked(payload: &[u8]) -> Option<(Order, &[u8])> {
    match payload {
        [0xfe, 0xff, text @ ..] => Some((Order::BigEndian, text)),
        [0xff, 0xfe, text @ ..] => Some((Order::LittleEndian, text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utf8;

    fn text(alphabet: Alphabet, parts: &[&[u8]]) -> String {
        join(parts.iter().map(|&payload| Part { alphabet, payload, elements: &[] }))
    }

    #[test]
    fn a_byte_order_mark_counts_for_all_parts() {
        let ucs2 = |parts: &[&[u8]]| text(Alphabet::Ucs2, parts);
        assert_eq!(ucs2(&[b"\xff\xfeS\0T\0O\0P\0"]), "STOP");
        assert_eq!(ucs2(&[b"\xfe\xff\0S\0T\0O\0P"]), "STOP");
        assert_eq!(ucs2(&[b"\xff\xfeS\0T\0", b"O\0P\0"]), "STOP", "in part 1 only");
        assert_eq!(ucs2(&[b"\xff\xfeS\0T\0", b"\xff\xfeO\0P\0"]), "STOP", "in each part");
        assert_eq!(ucs2(&[b"\xfe\xff\xc2\x18", b"\xfe\xff\xc2\xe0"]), "수신");
        assert_eq!(ucs2(&[b"S\0T\0O\0P\0"]), "STOP", "without a mark");
        assert_eq!(ucs2(&[b"\x4e\x00"]), "一", "one ideograph is one");
    }

    #[test]
    fn what_fills_a_part_up_is_no_text() {
        assert_eq!(text(Alphabet::Ucs2, &[b"\0S\0T\0O\0P\0\0\0\0"]), "STOP");
        assert_eq!(text(Alphabet::Ucs2, &[b"\0S\0T\0O\0P\0"]), "STOP");
        assert_eq!(text(Alphabet::Ucs2, &[b"\0S\x01\0\0\0", b"\0T"]), "S\u{100}T");
        assert_eq!(text(Alphabet::Latin1, &[b"STOP\0\0\0"]), "STOP");
        assert_eq!(text(Alphabet::EucKr, &[b"\xbc\xf6\xbd\xc5\0"]), "수신");
        assert_eq!(text(Alphabet::Gsm7, &[b"STOP\0"]), "STOP");
        assert_eq!(text(Alphabet::Gsm7, &[b"STOP\0\0\0\0"]), "STOP");
        assert_eq!(text(Alphabet::Gsm7, &[b"me\0", b"shop\0"]), "me@shop", "inside it is an @");
        assert_eq!(text(Alphabet::Gsm7, &[b"see you \0"]), "see you @");
        assert_eq!(text(Alphabet::Gsm7, &[b"\0"]), "@");
    }

    #[test]
    fn utf8_that_was_cut_anywhere_is_whole_again() {
        let whole = "수신거부 ok ไม่ 😀";
        for cut in 0..=whole.len() {
            let (first, second) = whole.as_bytes().split_at(cut);
            let parts = [utf8::to_utf16(first), utf8::to_utf16(second)];
            assert_eq!(text(Alphabet::Ucs2, &[&parts[0], &parts[1]]), whole, "cut at {cut}");
        }
        assert_eq!(text(Alphabet::Ucs2, &[&utf8::to_utf16(b"a\xffb")]), "a\u{fffd}b");
    }
}
