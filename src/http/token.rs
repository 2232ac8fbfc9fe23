//! Decides what an API token looks like, what it may do, and how it is kept: only as a SHA-256 hash.
//!
//! A token is `pr_` and 56 characters of Crockford base 32: 256 random bits and a 24-bit checksum, so that a token
//! that was cut or mistyped is told apart from one that was revoked. The random bits make a slow password hash
//! pointless: nobody can guess one from its hash.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// How every token starts, so that scanners for leaked secrets can find it.
pub const PREFIX: &str = "pr_";
/// The random part.
pub const SECRET_SIZE_BYTES: usize = 32;
const CHECKSUM_SIZE_BYTES: usize = 3;
const TEXT_LENGTH: usize = (SECRET_SIZE_BYTES + CHECKSUM_SIZE_BYTES) * 8 / 5;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The only form in which a token is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of a token as it was presented.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Compares in a time that does not depend on where the two differ.
    pub fn matches(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        self.0.ct_eq(&other.0).into()
    }
}

/// The text of the token with these random bits. It is shown once and never stored.
pub fn format(secret: &[u8; SECRET_SIZE_BYTES]) -> String {
    let mut text = String::with_capacity(PREFIX.len() + TEXT_LENGTH);
    text.push_str(PREFIX);
    let (mut bits, mut count) = (0u32, 0u32);
    for &octet in secret.iter().chain(&checksum(secret)) {
        bits = (bits << 8 | u32::from(octet)) & 0xfff;
        count += 8;
        while count >= 5 {
            count -= 5;
            let place = usize::try_from(bits >> count & 31).unwrap_or(0);
            text.push(char::from(ALPHABET[place]));
        }
    }
    text
}

/// Whether a text can be a token at all: its form and its checksum.
pub fn is_well_formed(text: &str) -> bool {
    let Some(body) = text.strip_prefix(PREFIX).filter(|body| body.len() == TEXT_LENGTH) else {
        return false;
    };
    let mut octets = Vec::with_capacity(SECRET_SIZE_BYTES + CHECKSUM_SIZE_BYTES);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in body.bytes() {
        let Some(digit) = ALPHABET.iter().position(|&known| known == byte) else {
            return false;
        };
        bits = (bits << 5 | u32::try_from(digit).unwrap_or(0)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count & 0xff).to_le_bytes()[0]);
        }
    }
    octets.split_at_checked(SECRET_SIZE_BYTES).is_some_and(|(secret, check)| check == checksum(secret))
}

fn checksum(secret: &[u8]) -> [u8; CHECKSUM_SIZE_BYTES] {
    let digest: [u8; 32] = Sha256::digest(secret).into();
    [digest[0], digest[1], digest[2]]
}

/// One thing that a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Post and cancel messages, estimate them.
    MessagesWrite,
    /// Read messages and their timelines.
    MessagesRead,
    /// Read incoming messages.
    InboundRead,
    /// See the links and their health.
    LinksRead,
    /// See the modems and their SIMs.
    ModemsRead,
    /// Ask things of modems: AT commands, USSD, resets, test messages.
    ModemsWrite,
    /// Make, change and remove contacts.
    ContactsWrite,
    /// Read contacts with all that is known of them.
    ContactsRead,
    /// Tell what contacts did.
    EventsWrite,
    /// Define segments.
    SegmentsWrite,
    /// Read, count and sample segments.
    SegmentsRead,
    /// Define templates.
    TemplatesWrite,
    /// Read templates, and see what contacts would read.
    TemplatesRead,
    /// Define pools of coupons, fill them and give codes out.
    CouponsWrite,
    /// See how the pools of coupons stand.
    CouponsRead,
    /// Redeem coupons: a till needs no more.
    CouponsRedeem,
    /// Define landing pages and make short links.
    PagesWrite,
    /// Read pages, short links and their clicks.
    PagesRead,
    /// Define, start, pause and cancel campaigns.
    CampaignsWrite,
    /// Read campaigns and their reports.
    CampaignsRead,
    /// Answer in conversations; define keyword services, surveys and contests.
    ConversationsWrite,
    /// Read conversations, services, surveys and contests.
    ConversationsRead,
    /// Define workflows, install playbooks, enrol contacts.
    WorkflowsWrite,
    /// Read workflows and who is in them.
    WorkflowsRead,
    /// Read the metrics.
    MetricsRead,
    /// Read consents, suppressions and what the law says.
    ConsentsRead,
    /// Record consents, suppress and lift, erase a number.
    ConsentsWrite,
    /// Post messages for which quiet hours, caps and a missing consent do not hold.
    ConsentsExempt,
    /// Everything, and what only a person should decide.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: &[Self] = &[
        Self::MessagesWrite,
        Self::MessagesRead,
        Self::InboundRead,
        Self::LinksRead,
        Self::ModemsRead,
        Self::ModemsWrite,
        Self::ContactsWrite,
        Self::ContactsRead,
        Self::EventsWrite,
        Self::SegmentsWrite,
        Self::SegmentsRead,
        Self::TemplatesWrite,
        Self::TemplatesRead,
        Self::CouponsWrite,
        Self::CouponsRead,
        Self::CouponsRedeem,
        Self::PagesWrite,
        Self::PagesRead,
        Self::CampaignsWrite,
        Self::CampaignsRead,
        Self::ConversationsWrite,
        Self::ConversationsRead,
        Self::WorkflowsWrite,
        Self::WorkflowsRead,
        Self::MetricsRead,
        Self::ConsentsRead,
        Self::ConsentsWrite,
        Self::ConsentsExempt,
        Self::Admin,
    ];

    /// The scope's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessagesWrite => "messages:write",
            Self::MessagesRead => "messages:read",
            Self::InboundRead => "inbound:read",
            Self::LinksRead => "links:read",
            Self::ModemsRead => "modems:read",
            Self::ModemsWrite => "modems:write",
            Self::ContactsWrite => "contacts:write",
            Self::ContactsRead => "contacts:read",
            Self::EventsWrite => "events:write",
            Self::SegmentsWrite => "segments:write",
            Self::SegmentsRead => "segments:read",
            Self::TemplatesWrite => "templates:write",
            Self::TemplatesRead => "templates:read",
            Self::CouponsWrite => "coupons:write",
            Self::CouponsRead => "coupons:read",
            Self::CouponsRedeem => "coupons:redeem",
            Self::PagesWrite => "pages:write",
            Self::PagesRead => "pages:read",
            Self::CampaignsWrite => "campaigns:write",
            Self::CampaignsRead => "campaigns:read",
            Self::ConversationsWrite => "conversations:write",
            Self::ConversationsRead => "conversations:read",
            Self::WorkflowsWrite => "workflows:write",
            Self::WorkflowsRead => "workflows:read",
            Self::MetricsRead => "metrics:read",
            Self::ConsentsRead => "consents:read",
            Self::ConsentsWrite => "consents:write",
            Self::ConsentsExempt => "consents:exempt",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
            format!("\"{text}\" is not a scope ({})", known.join(", "))
        })
    }
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u64);

impl Scopes {
    /// Whether `scope` is among them. `admin` holds every other.
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u64 | 1 << Scope::Admin as u64) != 0
    }

    /// With `scope` added.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u64)
    }
}

impl FromStr for Scopes {
    type Err = String;

    /// Reads words parted by blanks or commas, as they are stored and as they are typed.
    fn from_str(text: &str) -> Result<Self, String> {
        text.split([' ', ','])
            .filter(|word| !word.is_empty())
            .try_fold(Self::default(), |all, word| Ok(all.with(word.parse()?)))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for scope in Scope::ALL.iter().copied().filter(|&scope| self.0 & 1 << scope as u64 != 0) {
            if !first {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
            first = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> String {
        let secret: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 7).unwrap());
        format(&secret)
    }

    #[test]
    fn a_token_is_known_by_its_form_and_checksum() {
        let token = sample();
        assert_eq!(token.len(), 59);
        assert!(is_well_formed(&token), "{token}");
        for damaged in [&token[..58], &token.replacen('7', "8", 1), &token.to_uppercase(), "", "pr_", &token[3..]] {
            assert!(!is_well_formed(damaged), "{damaged}");
        }
        assert!(!is_well_formed(&format!("{token}0")));
    }

    #[test]
    fn the_hash_is_plain_sha_256_and_compares() {
        assert!(TokenHash::of(&sample()).matches(&TokenHash::of(&sample())));
        assert!(!TokenHash::of("pr_a").matches(&TokenHash::of("pr_b")));
        assert_eq!(TokenHash::of("abc").0[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn scopes_read_back_and_admin_holds_all() {
        let scopes: Scopes = "messages:read,links:read".parse().unwrap();
        assert_eq!(scopes.to_string(), "messages:read links:read");
        assert_eq!(scopes.to_string().parse(), Ok(scopes));
        assert!(scopes.allow(Scope::LinksRead) && !scopes.allow(Scope::MessagesWrite));
        let admin = Scopes::default().with(Scope::Admin);
        assert!(Scope::ALL.iter().all(|&scope| admin.allow(scope)));
        assert!("messages:delete".parse::<Scopes>().unwrap_err().contains("messages:delete"));
    }
}
