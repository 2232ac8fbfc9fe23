//! The messages of a conversation, both ways in one order, with what each of them was for.

use rusqlite::Connection;

use super::{conversation, origin};
use crate::message::{self, Filter, View};
use crate::{StoreError, contact, inbound};
use postrider_campaign::origin::Origin;
use postrider_model::{InboundMessage, MessageId, PhoneNumber};

/// A message of a conversation.
#[derive(Clone)]
pub enum Line {
    /// The person wrote it; what took it, by word and name.
    In(InboundMessage, Option<(String, String)>),
    /// We did; what for.
    Out(Box<View>, Option<Origin>),
}

impl Line {
    /// The message's id.
    pub const fn id(&self) -> MessageId {
        match self {
            Self::In(message, _) => message.id,
            Self::Out(view, _) => view.head.id,
        }
    }
}

/// The newest messages from and to `number` before `before`, and where the next page begins.
///
/// # Errors
/// SQLite's own.
pub fn lines(
    connection: &Connection,
    number: &PhoneNumber,
    before: Option<MessageId>,
    limit: usize,
) -> Result<(Vec<Line>, Option<MessageId>), StoreError> {
    let mut lines = Vec::new();
    for form in contact::forms(number) {
        for message in inbound::list(connection, before, Some(&form), limit)? {
            lines.push(Line::In(message, None));
        }
    }
    let filter = Filter { recipient: Some(number.clone()), before, ..Filter::default() };
    let views = message::list(connection, &filter, limit)?.0;
    lines.extend(views.into_iter().map(|view| Line::Out(Box::new(view), None)));
    lines.sort_by_key(|line| std::cmp::Reverse(line.id()));
    let more = lines.len() > limit || (lines.len() == limit && limit > 0);
    lines.truncate(limit);
    for line in &mut lines {
        match line {
            Line::In(message, taken) => *taken = conversation::heard_of(connection, message.id)?,
            Line::Out(view, about) => *about = origin::of(connection, view.head.id)?,
        }
    }
    let next = lines.last().map(Line::id).filter(|_| more);
    Ok((lines, next))
}
