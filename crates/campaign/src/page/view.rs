//! What one reader sees of a page: texts that are written already, in the order in which they stand.

use crate::locale::Locale;

/// A page for one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language of all of it.
    pub locale: Locale,
    /// The shop's name.
    pub shop: Option<String>,
    /// The heading.
    pub title: String,
    /// What stands below it.
    pub parts: Vec<Part>,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A paragraph; single line ends in it are kept.
    Paragraph(String),
    /// A paragraph of less weight.
    Hint(String),
    /// Something went well.
    Good(String),
    /// Something did not.
    Bad(String),
    /// A day and an hour.
    When(String),
    /// A code.
    Coupon(Coupon),
    /// A button that leads to an address.
    Button {
        /// What stands on it.
        text: String,
        /// Where it leads.
        link: String,
    },
    /// Something to fill in and to send.
    Form(Form),
}

/// A code that a till reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// What stands above it.
    pub label: String,
    /// The code.
    pub code: String,
    /// What stands below it.
    pub notes: Vec<String>,
}

/// Something to fill in and to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// The questions, in order.
    pub questions: Vec<Question>,
    /// The buttons; at least one.
    pub buttons: Vec<Send>,
}

/// A button that sends a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// What is sent under the name [`Send::NAME`].
    pub value: String,
    /// What stands on it.
    pub text: String,
}

impl Send {
    /// Under which name a form says by which button it was sent.
    pub const NAME: &'static str = "send";
}

/// A question of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Under which name the answer is sent.
    pub id: String,
    /// The question.
    pub ask: String,
    /// What an answer is.
    pub answer: Answer,
    /// Whether it may be left out.
    pub is_optional: bool,
    /// What was answered before, by the values of choices or as text.
    pub given: Vec<String>,
    /// What was wrong with that.
    pub mistake: Option<String>,
}

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// One of these, all in sight.
    One(Vec<Choice>),
    /// A number of a short scale.
    Scale(Vec<Choice>),
    /// One of these, in a list that opens.
    Listed(Vec<Choice>),
    /// Any of these.
    Any(Vec<Choice>),
    /// A number.
    Number,
    /// Some words.
    Words,
    /// A day.
    Day,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What stands there.
    pub label: String,
}

impl Choice {
    /// Something to choose.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}
