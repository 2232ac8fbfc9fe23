//! A checked tree of conditions. It is made by `read` only, so whoever has one need not ask again.

use super::message::MessageCondition;
use super::moment::Moment;
use crate::point::Point;

/// Who is meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Those to whom all of these apply; everybody when there is none.
    All(Vec<Tree>),
    /// Those to whom at least one of these applies; nobody when there is none.
    Any(Vec<Tree>),
    /// Those to whom this does not apply.
    Not(Box<Tree>),
    /// Those to whom a condition applies.
    Is(Condition),
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// On a data point.
    Point(Point, Vec<Test>),
    /// On an attribute.
    Attribute(String, Vec<Test>),
    /// On a field of the contact itself.
    Field(Field, Vec<Test>),
    /// Has one of these tags.
    Tag(Vec<String>),
    /// Is on one of these lists.
    List(Vec<String>),
    /// On the events of a window.
    Event(EventCondition),
    /// On the texts of a campaign or workflow.
    Message(MessageCondition),
}

/// A field of the contact itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The number.
    Number,
    /// The name.
    Name,
    /// The locale.
    Locale,
    /// The time zone.
    Zone,
}

impl Field {
    /// All of them with their names, and the columns that hold them.
    pub const ALL: [(&'static str, Self, &'static str); 4] = [
        ("number", Self::Number, "c.number"),
        ("name", Self::Name, "c.name"),
        ("locale", Self::Locale, "c.locale"),
        ("time_zone", Self::Zone, "c.zone"),
    ];

    /// Its column.
    pub fn column(self) -> &'static str {
        Self::ALL.iter().find(|(_, field, _)| *field == self).map_or("c.number", |(_, _, column)| column)
    }
}

/// A comparison of numbers or moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `=`
    Equal,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

impl Order {
    /// The SQL operator.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }

    /// What it says of two numbers.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            #[expect(clippy::float_cmp, reason = "SQL compares them in the same way")]
            Self::Equal => left == right,
            Self::Above => left > right,
            Self::AtLeast => left >= right,
            Self::Below => left < right,
            Self::AtMost => left <= right,
        }
    }
}

/// One test of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Whether there is a value at all.
    Known(bool),
    /// Against a number, or another point.
    Number(Order, Operand),
    /// Against a moment.
    Moment(Relation, Moment),
    /// Is one of these texts.
    OneOf(Vec<String>),
    /// Has this text inside, or as an entry of a list.
    Contains(String),
    /// Begins with this text.
    StartsWith(String),
    /// Yes or no.
    Flag(bool),
    /// The opposite of a test; what is not known passes.
    Not(Box<Test>),
}

/// How a value lies to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Before it begins.
    Before,
    /// After it has ended.
    After,
    /// When it begins, or later.
    Since,
    /// Before it has ended.
    Until,
    /// Within it.
    On,
}

/// What a number is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operand {
    /// A number; amounts of money in units.
    Number(f64),
    /// Another data point, so many times, and so much on top.
    Point {
        /// The point.
        point: Point,
        /// How many times.
        times: f64,
        /// What is added, in the unit of the point.
        plus: f64,
    },
}

/// A condition on the events of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct EventCondition {
    /// The type of event.
    pub kind: String,
    /// Only events since then.
    pub since: Option<Moment>,
    /// Only events before then.
    pub before: Option<Moment>,
    /// Only events with an amount like this.
    pub amount: Vec<(Order, f64)>,
    /// Only events with this currency.
    pub currency: Option<String>,
    /// Only events with a product of this id or name.
    pub product: Option<String>,
    /// Only events with a product of this category.
    pub category: Option<String>,
    /// Only events with these properties.
    pub properties: Vec<(String, PropertyValue)>,
    /// How many there must be.
    pub count: Vec<(Order, f64)>,
    /// What their amounts together must be.
    pub sum: Vec<(Order, f64)>,
}

/// What a property must be.
#[derive(Debug, Clone, PartialEq)]
pub enum PropertyValue {
    /// This text.
    Text(String),
    /// This number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}
