//! Decides the GSM 7-bit code of a character in the default alphabet and its extension table (3GPP TS 23.038, 6.2.1).

use super::tables::{DEFAULT, EXTENSION};

/// Announces a code of the extension or single-shift table.
pub(super) const ESCAPE: u8 = 0x1b;

/// A code with this in its high octet takes two septets: the escape and the code.
pub(super) const ESCAPED: u16 = (ESCAPE as u16) << 8;

const NONE: u16 = u16::MAX;

/// The code of every character below U+0100, [`ESCAPED`] or not.
static OF_LATIN: [u16; 256] = {
    let mut codes = [NONE; 256];
    let mut code = 0;
    while code < 128 {
        let (plain, escaped) = (DEFAULT[code], EXTENSION[code]);
        if escaped != 0 && escaped < 256 {
            codes[escaped as usize] = ESCAPED | code as u16;
        }
        if plain != 0 && plain < 256 {
            codes[plain as usize] = code as u16;
        }
        code += 1;
    }
    codes
};

/// The code of `c`, [`ESCAPED`] if it stands in the extension table; `None` if GSM 7-bit lacks it.
pub(super) fn code(c: char) -> Option<u16> {
    let code = match u32::from(c) {
        latin @ 0..=0xff => OF_LATIN[latin as usize],
        0x20ac => ESCAPED | 0x65,
        // The Greek capitals without a Latin look-alike stand at 0x10 and 0x12 to 0x1A.
        greek @ 0x393..=0x3a9 => {
            let codes = 0x10..=0x1a;
            codes.into_iter().find(|&code| u32::from(DEFAULT[usize::from(code)]) == greek).unwrap_or(NONE)
        }
        _ => NONE,
    };
    (code != NONE).then_some(code)
}
