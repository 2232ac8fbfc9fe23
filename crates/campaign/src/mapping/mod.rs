//! Turns what a shop system posts into events, changes of contacts and consents, by a mapping that is data.
//!
//! - [`Selector`], [`Path`]: where in the body a value stands
//! - [`Mapping`], [`Rule`]: what each topic means
//! - [`Mapping::read`]: a body to [`Found`], or the reasons why it is left out

mod read;
mod selector;

pub use read::{Found, Known, Said};
pub use selector::{Path, Selector};

use std::collections::BTreeMap;

/// How a shop system posts, and what its bodies mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// What the shop system is called.
    pub title: String,
    /// Where the topic stands.
    pub topic: Topic,
    /// How a body is signed.
    pub signature: Signature,
    /// How an unsigned body begins with which the shop system tries the address.
    pub ping: Option<String>,
    /// What the topics mean; every rule that fits is followed.
    pub rules: Vec<Rule>,
}

/// Where the topic of a body stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// In a header.
    Header(String),
    /// In the body.
    Body(Path),
}

/// How a body is signed: HMAC-SHA256 over its octets, in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The header.
    pub header: String,
    /// How the octets are written.
    pub encoding: Encoding,
    /// What stands before them.
    pub prefix: String,
}

/// How octets are written in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// In base64.
    Base64,
    /// In hexadecimal.
    Hex,
}

/// What some topics mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// The topics.
    pub topics: Vec<String>,
    /// What must be so in the body.
    pub when: Vec<Condition>,
    /// The array whose entries are read one by one.
    pub each: Option<Path>,
    /// Where the contact's number is; the first usable one counts.
    pub number: Option<Selector>,
    /// The country of numbers that have no country code.
    pub country: Option<Selector>,
    /// The earlier event by which the contact is found if no number is usable.
    pub contact_of: Option<EarlierEvent>,
    /// When it happened.
    pub at: Option<Selector>,
    /// The event that is recorded.
    pub event: Option<EventRule>,
    /// What is learnt of the contact.
    pub contact: Option<ContactRule>,
    /// What the contact agreed to.
    pub consents: Vec<ConsentRule>,
}

/// An event that was recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierEvent {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: Selector,
}

/// An event to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRule {
    /// Its kind.
    pub kind: String,
    /// Its id, by which a repetition is known.
    pub id: Selector,
    /// Its amount.
    pub amount: Option<Selector>,
    /// The currency.
    pub currency: Option<Selector>,
    /// What it is about.
    pub products: Option<ProductRule>,
    /// Everything else.
    pub properties: BTreeMap<String, Selector>,
}

/// Where products are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRule {
    /// The array.
    pub each: Path,
    /// The fields of a product, by their names in events.
    pub fields: BTreeMap<&'static str, Selector>,
}

/// What is learnt of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactRule {
    /// The name.
    pub name: Option<Selector>,
    /// The locale.
    pub locale: Option<Selector>,
    /// Attributes.
    pub attributes: BTreeMap<String, Selector>,
    /// Tags that the contact gets.
    pub tags: Vec<String>,
    /// Lists that the contact is put on.
    pub lists: Vec<String>,
}

/// A consent, or its withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRule {
    /// Whether it is given.
    pub given: bool,
    /// What must be so in the body.
    pub when: Vec<Condition>,
    /// Whose number, if it is another one than the rule's.
    pub number: Option<Selector>,
    /// When it was said.
    pub at: Selector,
    /// In which words.
    pub words: Option<Selector>,
    /// What proves it.
    pub proof: Selector,
}

/// What must be so at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Where.
    pub path: Path,
    /// What.
    pub want: Want,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// There, or not.
    Known(bool),
    /// One of these.
    OneOf(Vec<String>),
    /// There, and none of these.
    NoneOf(Vec<String>),
}
