//! Decides in which encoding a table is written, and what parts its cells, from its first octets.

use encoding_rs::{EUC_KR, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874, WINDOWS_1252};

use postrider_model::Country;

/// An encoding of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// Names that tills give to encodings besides those of the standard.
const OTHER_NAMES: [(&str, &Encoding); 6] = [
    ("cp949", EUC_KR),
    ("uhc", EUC_KR),
    ("ms949", EUC_KR),
    ("cp874", WINDOWS_874),
    ("cp1252", WINDOWS_1252),
    ("utf16", UTF_16LE),
];

impl Charset {
    /// UTF-8.
    pub const UTF_8: Self = Self(UTF_8);

    /// Reads a name: `utf-8`, `euc-kr`, `cp949`, `windows-874`, `tis-620`, `windows-1252`, `utf-16`.
    ///
    /// # Errors
    /// Names the usual ones.
    pub fn parse(name: &str) -> Result<Self, String> {
        let plain = name.trim().to_ascii_lowercase();
        let other = OTHER_NAMES.iter().find(|(known, _)| *known == plain).map(|(_, encoding)| *encoding);
        other.or_else(|| Encoding::for_label(plain.as_bytes())).map(Self).ok_or_else(|| {
            format!(
                "\"{}\" is no encoding; usual are utf-8, euc-kr (cp949), windows-874 (tis-620), windows-1252 and utf-16",
                super::fault::short(name)
            )
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The encoding itself, for whoever decodes.
    pub fn encoding(self) -> &'static Encoding {
        self.0
    }

    /// The encoding of a text that begins with `head`: by its mark, else by what its octets can be. Where several can
    /// be, the country of the shop decides.
    pub fn detect(head: &[u8], country: Option<Country>) -> Self {
        if let Some((encoding, _)) = Encoding::for_bom(head) {
            return Self(encoding);
        }
        if let Some(wide) = wide(head) {
            return Self(wide);
        }
        // The head may end within a character.
        let is_utf8 = std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
        if is_utf8 {
            return Self::UTF_8;
        }
        let hangul = share(EUC_KR, head, |c| matches!(c, '\u{ac00}'..='\u{d7a3}' | '\u{3131}'..='\u{318e}'));
        let thai = share(WINDOWS_874, head, |c| matches!(c, '\u{e01}'..='\u{e5b}'));
        let (korean_least, thai_least) = match country.map(Country::as_str) {
            Some("KR") => (0.5, 0.95),
            Some("TH") => (0.95, 0.6),
            _ => (0.85, 0.95),
        };
        if hangul >= korean_least {
            Self(EUC_KR)
        } else if thai >= thai_least {
            Self(WINDOWS_874)
        } else {
            Self(WINDOWS_1252)
        }
    }
}

/// UTF-16 without a mark: every other octet of Latin text is zero.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let (pairs, _) = head.as_chunks::<2>();
    let pairs: Vec<_> = pairs.iter().take(200).collect();
    let (first, second) = (pairs.iter().filter(|pair| pair[0] == 0), pairs.iter().filter(|pair| pair[1] == 0));
    let (first, second) = (first.count(), second.count());
    match pairs.len() {
        0..4 => None,
        all if second * 2 > all && first == 0 => Some(UTF_16LE),
        all if first * 2 > all && second == 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// How many of the letters beyond ASCII are of a script, if the octets are read so; 0 if they cannot be.
fn share(encoding: &'static Encoding, head: &[u8], of_script: impl Fn(char) -> bool) -> f64 {
    let (text, _) = encoding.decode_without_bom_handling(head);
    let foreign = text.chars().filter(|c| !c.is_ascii());
    let (mut all, mut own) = (0_u32, 0_u32);
    for letter in foreign {
        all += 1;
        own += u32::from(of_script(letter));
    }
    if all == 0 { 0.0 } else { f64::from(own) / f64::from(all) }
}

/// What parts the cells of a table whose first row is `first`: what it has most of, outside of quotes.
pub fn delimiter(first: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == byte && !quoted) {
            *count += 1;
        }
    }
    counts.into_iter().max_by_key(|(byte, count)| (*count, *byte == b',')).map_or(b',', |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(encoding: &'static Encoding, text: &str) -> &'static str {
        let (octets, _, lossy) = encoding.encode(text);
        assert!(!lossy, "{text}");
        Charset::detect(&octets, None).name()
    }

    #[test]
    fn the_usual_encodings_are_told_apart() {
        let korean = "번호,이름,생일\n010-1234-5678,김지수,1990-02-28\n010-9876-5432,박서준,1988-12-16\n";
        let thai = "เบอร์โทร;ชื่อ\n0812345678;สมชาย ใจดี\n0898765432;สมหญิง รักไทย\n";
        let latin = "number;name\n+491701234567;Jürgen Groß\n+33612345678;Zoé Lefèvre\n";
        assert_eq!(detected(EUC_KR, korean), "EUC-KR");
        assert_eq!(detected(WINDOWS_874, thai), "windows-874");
        assert_eq!(detected(WINDOWS_1252, latin), "windows-1252");
        for text in [korean, thai, latin, "number,name\n+82101,Ana\n"] {
            assert_eq!(Charset::detect(text.as_bytes(), None).name(), "UTF-8", "{text}");
            // A head that ends within a character is UTF-8 still.
            assert_eq!(Charset::detect(&text.as_bytes()[..text.len() - 12], None).name(), "UTF-8");
        }
        let wide: Vec<u8> = "number,name\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Charset::detect(&wide, None).name(), "UTF-16LE");
        assert_eq!(Charset::detect(&[&[0xfe, 0xff][..], &wide].concat(), None).name(), "UTF-16BE", "the mark decides");
    }

    #[test]
    fn encodings_have_the_names_that_tills_use() {
        for (name, expected) in [("CP949", "EUC-KR"), ("tis-620", "windows-874"), ("latin1", "windows-1252")] {
            assert_eq!(Charset::parse(name).unwrap().name(), expected);
        }
        assert!(Charset::parse("klingon").unwrap_err().contains("euc-kr"));
    }

    #[test]
    fn the_delimiter_is_what_the_first_row_has_most_of_outside_of_quotes() {
        assert_eq!(delimiter("number;\"name, first\";x"), b';');
        assert_eq!(delimiter("number\tname"), b'\t');
        assert_eq!(delimiter("number"), b',');
    }
}
