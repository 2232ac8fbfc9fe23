//! What people of the shop do in a conversation: reply, note, tag, assign, close; and notes that services and workflows
//! leave for them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{plain, sender_of};
use super::hear::{cut, view};
use crate::campaign::conversation::{NOTE_MAX, TAGS_MAX};
use crate::campaign::event::Event;
use crate::campaign::origin::{Kind, Origin};
use crate::model::{Body, Class, MessageId, NewMessage, PhoneNumber, Sender};
use crate::pipeline::{Accepted, Refusal, Turn, notify};
use crate::store::StoreError;
use crate::store::campaign::conversation::{self, Conversation};
use crate::store::campaign::{contact, event, origin};

/// A text within this time after the person's last one answers it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30 * 86_400);

/// A text that somebody of the shop writes.
#[derive(Debug, Clone)]
pub struct Reply<'a> {
    /// Who writes it.
    pub by: &'a str,
    /// The text, as it is sent.
    pub text: &'a str,
    /// Its class. A text that answers the person is transactional; any other must say what it is.
    pub class: Option<Class>,
    /// From which of our numbers; the one that the person wrote to if absent.
    pub from: Option<Sender>,
    /// The token that it is posted with.
    pub token: i64,
}

/// Sends a text of somebody of the shop, within the law as everything else.
///
/// # Errors
/// The store's own.
pub fn reply(
    turn: &Turn<'_>,
    number: &PhoneNumber,
    reply: &Reply<'_>,
) -> Result<Result<(Accepted, Conversation), Refusal>, StoreError> {
    let known = conversation::find(turn.tx.connection(), number)?;
    let answers =
        known.as_ref().and_then(|known| known.last_in_at).is_some_and(|at| turn.now.since(at) <= ANSWERS_WITHIN);
    let class = match reply.class {
        Some(class) => class,
        None if answers => Class::Transactional,
        None => {
            let message = "this number wrote nothing within 30 days, so the text answers nothing: say whether it is \
                           \"transactional\" or \"marketing\"";
            return Ok(Err(Refusal { code: "no_answer", field: "class", message: message.to_owned() }));
        }
    };
    let stored = contact::find(turn.tx.connection(), number)?;
    let ours = known.as_ref().and_then(|known| known.ours.as_deref());
    let new = NewMessage {
        from: reply.from.clone().or_else(|| sender_of(ours)),
        body: Body::Text(reply.text.to_owned()),
        class,
        tags: vec![Kind::Staff.as_str().to_owned()],
        time_zone: stored.as_ref().and_then(|stored| stored.contact.zone.clone()),
        ..NewMessage::text(number.clone(), "")
    };
    let accepted = match plain(turn, new, reply.token)? {
        Ok(accepted) => accepted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let about = Origin::new(Kind::Staff, reply.by, "");
    origin::insert(turn.tx, accepted.id, stored.map_or(0, |stored| stored.id), &about)?;
    let mut conversation = conversation::ensure(turn.tx, number, turn.now)?;
    conversation.unread = 0;
    conversation.last_text = Some(reply.text.to_owned());
    conversation.last_at = turn.now;
    conversation::save(turn.tx, &conversation)?;
    let data = json!({
        "number": number.as_str(), "direction": "out", "message": accepted.id.to_string(), "text": reply.text,
        "by": reply.by, "state": accepted.state.as_str(), "conversation": view(&conversation),
    });
    notify::talk(turn, None, "conversation.message", &data)?;
    Ok(Ok((accepted, conversation)))
}

/// Writes a note of somebody of the shop. `None` if there is no such conversation.
///
/// # Errors
/// The store's own.
pub fn note(turn: &Turn<'_>, number: &PhoneNumber, by: &str, text: &str) -> Result<Option<i64>, StoreError> {
    let Some(mut conversation) = conversation::find(turn.tx.connection(), number)? else { return Ok(None) };
    let id = conversation::add_note(turn.tx, conversation.id, by, &short(text), turn.now)?;
    conversation.last_at = turn.now;
    conversation::save(turn.tx, &conversation)?;
    tell(turn, None, "conversation.note", &conversation, by, json!(short(text)))?;
    Ok(Some(id))
}

/// Leaves a note for the people of the shop, of a workflow for example, and opens the conversation.
///
/// # Errors
/// The store's own.
pub fn notice(turn: &Turn<'_>, number: &PhoneNumber, by: &str, text: &str) -> Result<(), StoreError> {
    let mut conversation = conversation::ensure(turn.tx, number, turn.now)?;
    conversation.unread = conversation.unread.saturating_add(1);
    conversation.last_at = turn.now;
    note_of(turn, &mut conversation, None, by, text)?;
    conversation::save(turn.tx, &conversation)
}

/// As [`notice`], in a conversation that the caller saves.
pub(super) fn note_of(
    turn: &Turn<'_>,
    conversation: &mut Conversation,
    about: Option<MessageId>,
    by: &str,
    text: &str,
) -> Result<(), StoreError> {
    conversation.open = true;
    conversation::add_note(turn.tx, conversation.id, by, &short(text), turn.now)?;
    tell(turn, about, "notice", conversation, by, json!(short(text)))
}

fn short(text: &str) -> String {
    text.chars().take(NOTE_MAX).collect()
}

/// What changes about a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Tags that it gets.
    pub add: BTreeSet<String>,
    /// Tags that go.
    pub remove: BTreeSet<String>,
    /// Who sees to it from now on; the inner `None` is nobody.
    pub assignee: Option<Option<String>>,
    /// Whether it is open.
    pub open: Option<bool>,
    /// Whether all of it was read.
    pub read: bool,
    /// What the person wrote is an opinion, with this rating if there is one; the tags say what about.
    pub feedback: Option<Option<u8>>,
}

/// Changes a conversation. `None` if there is none with this number.
///
/// # Errors
/// The store's own. The inner error is a change that cannot be.
pub fn change(
    turn: &Turn<'_>,
    number: &PhoneNumber,
    by: &str,
    change: &Change,
) -> Result<Option<Result<Conversation, String>>, StoreError> {
    let Some(mut conversation) = conversation::find(turn.tx.connection(), number)? else { return Ok(None) };
    let before = conversation.clone();
    conversation.tags.extend(change.add.iter().cloned());
    conversation.tags.retain(|tag| !change.remove.contains(tag));
    if conversation.tags.len() > TAGS_MAX {
        return Ok(Some(Err(format!("a conversation has at most {TAGS_MAX} tags"))));
    }
    if let Some(assignee) = &change.assignee {
        conversation.assignee.clone_from(assignee);
    }
    conversation.open = change.open.unwrap_or(conversation.open);
    if change.read || !conversation.open {
        conversation.unread = 0;
    }
    if let Some(rating) = change.feedback {
        feedback(turn, &conversation, by, rating)?;
        conversation.tags.insert("feedback".to_owned());
    }
    if conversation != before {
        conversation::save(turn.tx, &conversation)?;
        tell(turn, None, "conversation.changed", &conversation, by, Value::Null)?;
    }
    Ok(Some(Ok(conversation)))
}

/// Records that what the person last wrote is an opinion.
fn feedback(turn: &Turn<'_>, conversation: &Conversation, by: &str, rating: Option<u8>) -> Result<(), StoreError> {
    let mut opinion = Event::new("feedback", conversation.number.clone(), turn.now);
    let tags: Vec<&str> = conversation.tags.iter().map(String::as_str).collect();
    let mut put = |name: &str, value: Value| drop(opinion.properties.insert(name.to_owned(), value));
    put("by", json!(by));
    put("tags", json!(cut(&tags.join(","))));
    put("text", json!(cut(conversation.last_text.as_deref().unwrap_or_default())));
    if let Some(rating) = rating {
        put("rating", json!(rating));
    }
    event::record(turn.tx, &opinion, turn.now)?;
    turn.wake_steps();
    Ok(())
}

fn tell(
    turn: &Turn<'_>,
    about: Option<MessageId>,
    kind: &str,
    conversation: &Conversation,
    by: &str,
    text: Value,
) -> Result<(), StoreError> {
    let data = json!({
        "number": conversation.number.as_str(), "by": by, "text": text, "conversation": view(conversation),
    });
    notify::talk(turn, about, kind, &data)
}
