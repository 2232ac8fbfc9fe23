//! Says why a body cannot be sent, in words that its author can act on, and what was changed in one that can.

use postrider_model::Alphabet;

/// A replacement that was made throughout a text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The character as written.
    pub from: char,
    /// What stands in for it; empty when it was left out.
    pub to: String,
    /// How often.
    pub count: usize,
}

/// Why a body cannot be encoded. Each is the caller's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It would need more segments than the route allows.
    #[error("the message needs {segments} segments in {}, and {segments_max} are allowed", alphabet.as_str())]
    TooLong {
        /// How many it needs.
        segments: usize,
        /// How many are allowed.
        segments_max: u8,
        /// The cheapest alphabet that carries it.
        alphabet: Alphabet,
    },
    /// No permitted alphabet has all its characters.
    #[error("the route's alphabets lack {}", list(characters))]
    NotEncodable {
        /// The characters that the alphabet which comes closest lacks, each once, the first sixteen.
        characters: Vec<char>,
    },
    /// The caller's header elements are not well-formed.
    #[error("the header is not well-formed: {0}")]
    Header(&'static str),
    /// A field of the indication is out of its range.
    #[error("{0}")]
    Indication(&'static str),
}

impl TextError {
    /// A stable word for the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_many_segments",
            Self::NotEncodable { .. } => "not_encodable",
            Self::Header(_) => "bad_header",
            Self::Indication(_) => "bad_indication",
        }
    }
}

fn list(characters: &[char]) -> String {
    let shown: Vec<_> = characters.iter().map(|&c| format!("U+{:04X}", u32::from(c))).collect();
    shown.join(", ")
}
