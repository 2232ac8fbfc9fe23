//! What a message was sent for: which campaign, workflow, service or person of the shop, and which part of it.

use std::fmt;
use std::str::FromStr;

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A campaign; the part is its variant.
    Campaign,
    /// A workflow; the part is its step.
    Workflow,
    /// A keyword service.
    Service,
    /// A survey; the part is its question.
    Survey,
    /// A person of the shop.
    Staff,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Campaign, Self::Workflow, Self::Service, Self::Survey, Self::Staff];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Workflow => "workflow",
            Self::Service => "service",
            Self::Survey => "survey",
            Self::Staff => "staff",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("\"{text}\" sends nothing"))
    }
}

/// What a message was sent for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Who sends.
    pub kind: Kind,
    /// Its name.
    pub source: String,
    /// The variant or step.
    pub part: String,
}

impl Origin {
    /// A part of something that sends.
    pub fn new(kind: Kind, source: &str, part: &str) -> Self {
        Self { kind, source: source.to_owned(), part: part.to_owned() }
    }
}

impl fmt::Display for Origin {
    /// `workflow cart-left, remind`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.source)?;
        if self.part.is_empty() { Ok(()) } else { write!(f, ", {}", self.part) }
    }
}
