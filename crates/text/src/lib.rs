//! Characters to GSM 7-bit, UCS-2, Latin-1 or EUC-KR, and into segments; and back.
//!
//! ```text
//! encode ─▶ normal (NFC) ─▶ one candidate per alphabet (coder, national, translit) ─▶ split ─▶ the cheapest
//! decode ◀─ elements (national shifts) ◀─ gsm7, national, euckr
//! ```
//!
//! | file | decides |
//! |---|---|
//! | `profile` | what a link carries: alphabets, header form, national tables, replacements |
//! | `encode`, `data` | the segments of a text, and of octets |
//! | `estimate` | what a text would cost, and which characters make it dear |
//! | `decode` | what a payload says |
//! | `join`, `utf8` | what the parts of a message say: byte order, filling, characters across a border |
//! | `coder`, `gsm7`, `national`, `euckr` | the code of one character |
//! | `normal`, `translit` | how a text is composed, and what stands in for what GSM 7-bit lacks |
//! | `split` | how much a segment holds, and where it may end |
//! | `elements` | the information elements of a user data header |
//! | `septets` | seven bits a character, packed into octets |
//! | `tables` | the CSV tables beside the code, read by the compiler |
//!
//! ```
//! use postrider_model::{Alphabet, Body, Indication};
//! use postrider_text::{TextProfile, decode, encode};
//!
//! let body = Body::Text("안녕하세요".to_owned());
//! let written = encode(&body, &Indication::default(), &TextProfile::default(), None).unwrap();
//! assert_eq!(written.encoded.alphabet, Alphabet::Ucs2);
//! assert_eq!(decode(Alphabet::Ucs2, &written.encoded.segments[0], &[]), "안녕하세요");
//! ```

mod choose;
mod coder;
mod data;
mod decode;
mod elements;
mod encode;
mod error;
mod estimate;
mod euckr;
mod gsm7;
mod join;
mod national;
mod normal;
mod profile;
pub mod septets;
mod split;
mod tables;
mod translit;
pub mod utf8;

pub use decode::decode;
pub use encode::{Encoding, encode};
pub use error::{Change, TextError};
pub use estimate::{Estimate, Forcing, Gsm7Variant, estimate};
pub use join::{Part, join};
pub use profile::{Level, LongForm, NationalLanguage, TextProfile, TransliterationLevels};
pub use split::capacity;
