//! Conditions on texts of a campaign or workflow: received, sent, clicked, replied. Read from JSON, and written in SQL.

use serde_json::{Map, Value};

use super::moment::Moment;
use super::read::Reader;
use super::tree::{Condition, Relation, Test};
use super::value::{Whose, Writer};
use crate::fault::kind_of;
use crate::origin::Kind;
use crate::point::Point;

/// What must have become of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// It arrived.
    Received,
    /// It left.
    Sent,
    /// Its link was followed.
    Clicked,
    /// The contact wrote back.
    Replied,
}

impl Response {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Received, Self::Sent, Self::Clicked, Self::Replied];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
            Self::Clicked => "clicked",
            Self::Replied => "replied",
        }
    }

    /// The data point that says when it last was so, with whatever text.
    const fn point(self) -> Point {
        match self {
            Self::Received => Point::LastDeliveredAt,
            Self::Sent => Point::LastMessageAt,
            Self::Clicked => Point::LastClickAt,
            Self::Replied => Point::LastReplyAt,
        }
    }
}

/// A condition on the texts of one sender.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageCondition {
    /// What must have become of one of them.
    pub response: Response,
    /// Who sent it.
    pub kind: Kind,
    /// The name of the campaign or workflow.
    pub source: String,
    /// Only this variant or step.
    pub part: Option<String>,
    /// Not before this.
    pub since: Option<Moment>,
}

/// The words for who sends, and for its parts.
const SENDERS: [(&str, &str, Kind); 4] = [
    ("campaign", "variant", Kind::Campaign),
    ("workflow", "step", Kind::Workflow),
    ("service", "part", Kind::Service),
    ("survey", "question", Kind::Survey),
];

/// Reads what stands behind `received`, `sent`, `clicked` or `replied`: `true`, a window, or a sender with or without one.
pub fn message(reader: &mut Reader, response: Response, inner: &Value, at: &str) -> Option<Condition> {
    let point = response.point();
    match inner {
        Value::Bool(flag) => Some(Condition::Point(point, vec![Test::Known(*flag)])),
        Value::Object(fields) => match SENDERS.into_iter().find(|(sender, ..)| fields.contains_key(*sender)) {
            Some((sender, part, kind)) => {
                reader.only(fields, &["within", "since", sender, part], at);
                let since = since(reader, fields, at)?;
                let mut text = |name: &str| reader.text(fields.get(name)?, &format!("{at}/{name}"));
                let (source, part) = (text(sender)?, if fields.contains_key(part) { Some(text(part)?) } else { None });
                Some(Condition::Message(MessageCondition { response, kind, source, part, since }))
            }
            None => {
                reader.only(fields, &["within", "since", "campaign", "workflow", "service", "survey"], at);
                let Some(since) = since(reader, fields, at)? else {
                    let detail = "a window is needed here, like {\"within\": \"30d\"}, or a campaign, or true";
                    reader.fault(at, "no_window", detail);
                    return None;
                };
                Some(Condition::Point(point, vec![Test::Moment(Relation::Since, since)]))
            }
        },
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let detail = format!("this is true or {{\"within\": \"30d\"}}, not {}", kind_of(inner));
            reader.fault(at, "wrong_type", detail);
            None
        }
    }
}

fn since(reader: &mut Reader, fields: &Map<String, Value>, at: &str) -> Option<Option<Moment>> {
    reader.window(fields, at).map(|(since, _)| since)
}

impl Writer<'_> {
    /// The query for contacts one of whose texts from a sender met with this.
    pub fn message(&mut self, condition: &MessageCondition) -> String {
        let MessageCondition { response, kind, source, part, since } = condition;
        let (table, at, own) = match response {
            Response::Received => (
                "origin o JOIN message m ON m.id = o.message AND m.state IN ('delivered', 'partially_delivered')",
                "m.changed_at",
                "o",
            ),
            Response::Sent => (
                "origin o JOIN message m ON m.id = o.message AND m.state IN \
                 ('sent', 'delivered', 'partially_delivered', 'undelivered', 'uncertain')",
                "m.changed_at",
                "o",
            ),
            Response::Clicked => ("short_link l", "l.last_click_at", "l"),
            Response::Replied => return self.replied(condition),
        };
        let mut filter = format!("{own}.kind = {}", self.text(kind.as_str()));
        filter.push_str(&format!(" AND {own}.source = {}", self.text(source)));
        if let Some(part) = part {
            filter.push_str(&format!(" AND {own}.part = {}", self.text(part)));
        }
        if *response == Response::Clicked {
            filter.push_str(" AND l.clicks > 0");
        }
        if let Some(since) = since {
            let whose = Whose::Contact(if own == "l" { "l.contact" } else { "o.contact" });
            filter.push_str(&format!(" AND {}", self.time_test(at, Relation::Since, *since, whose)));
        }
        format!("SELECT {own}.contact AS contact FROM {table} WHERE {filter}")
    }

    /// A reply bears the origin of the text that it answers.
    fn replied(&mut self, condition: &MessageCondition) -> String {
        let mut filter = "e.kind = 'replied'".to_owned();
        let parts = [
            ("kind", Some(condition.kind.as_str())),
            ("source", Some(condition.source.as_str())),
            ("part", condition.part.as_deref()),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                filter.push_str(&format!(" AND e.properties ->> '$.{name}' = {}", self.text(value)));
            }
        }
        if let Some(since) = condition.since {
            let test = self.time_test("e.at", Relation::Since, since, Whose::Contact("e.contact"));
            filter.push_str(&format!(" AND {test}"));
        }
        format!("SELECT e.contact AS contact FROM contact_event e INDEXED BY contact_event_window WHERE {filter}")
    }
}
