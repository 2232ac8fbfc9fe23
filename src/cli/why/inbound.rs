//! The story of a message that came in.

use rusqlite::Connection;

use super::story::Story;
use crate::cli::out::count;
use crate::cli::time::{local, offset};
use crate::model::{InboundMessage, MessageId};
use crate::store::{StoreError, inbound};

/// The incoming message with this id.
pub fn find(connection: &Connection, id: MessageId) -> Result<Option<InboundMessage>, StoreError> {
    let after = id.as_i64().checked_add(1).and_then(MessageId::from_i64);
    let newest = inbound::list(connection, after, None, 1)?.into_iter().next();
    Ok(newest.filter(|message| message.id == id))
}

/// How often a message, or a part of it, came again.
pub fn copies(connection: &Connection, id: MessageId) -> Result<u32, StoreError> {
    inbound::copies(connection, id)
}

/// Tells what came, and how.
pub fn tell(story: &mut Story, message: &InboundMessage, copies: u32) {
    story.push(format!("message {} came in", message.id));
    let at = message.received_at;
    story.fact("received", format!("{} (all times are {})", local(at), offset(at)));
    if let Some(sent_at) = message.sent_at {
        let old = if message.is_old() { ", long before it came: nothing answered it by itself" } else { "" };
        story.fact("sent", format!("{}{old}", local(sent_at)));
    }
    story.fact("from", story.number(message.from.as_str()));
    story.fact("to", story.number(message.to.as_str()));
    story.fact("link", &message.link);
    let (parts, came) = message.parts;
    let missing = if came < parts { format!(", {came} of them came in time") } else { String::new() };
    story.fact("parts", format!("{}{missing}", count(parts.into(), "part")));
    if copies > 0 {
        let times = count(usize::try_from(copies).unwrap_or(usize::MAX), "time");
        story.fact("came again", format!("{times}, since an acknowledgement was lost; stored once"));
    }
    match (&message.text, &message.data) {
        (Some(text), _) => story.fact("text", story.text(text)),
        (None, Some(data)) => story.fact("data", count(data.len(), "octet")),
        (None, None) => story.fact("text", "empty"),
    }
}
