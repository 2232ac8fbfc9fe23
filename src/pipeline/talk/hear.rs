//! Hears an incoming text: finds out who takes it, and keeps the conversation.

use serde::Serialize;
use serde_json::{Value, json};

use super::{answer, service, survey};
use crate::campaign::event::{Event, TEXT_MAX};
use crate::campaign::flood::{self, Ledger, Silence};
use crate::campaign::keywords::{Action, LOOKS_LIKE_STOP};
use crate::campaign::label::is_same_number;
use crate::model::{InboundMessage, PhoneNumber, Sender};
use crate::pipeline::{Turn, notify, workflow};
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::conversation::{self, Conversation};
use crate::store::campaign::{event, flood as ledgers, origin};
use crate::store::{StoreError, sim};

/// An incoming message, and what consent made of it.
#[derive(Clone)]
pub struct Incoming<'a> {
    /// The message.
    pub message: &'a InboundMessage,
    /// Who wrote it.
    pub number: &'a PhoneNumber,
    /// The keyword that it is, which was acted on already.
    pub keyword: Option<Action>,
    /// Whether it may mean stop.
    pub looks_like_stop: bool,
}

impl<'a> Incoming<'a> {
    /// A message of which nothing is known yet.
    pub fn new(message: &'a InboundMessage, number: &'a PhoneNumber) -> Self {
        Self { message, number, keyword: None, looks_like_stop: false }
    }
}

/// What one text is heard with.
pub(super) struct Talk<'a> {
    pub turn: &'a Turn<'a>,
    pub incoming: &'a Incoming<'a>,
    /// The text; empty for data.
    pub text: &'a str,
    /// Who wrote, if that is a contact.
    pub contact: Option<Stored>,
    pub conversation: Conversation,
    pub ledger: Ledger,
    /// Why nothing is answered by itself, whatever it is.
    pub silence: Option<Silence>,
}

/// Who takes a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Taken {
    /// `keyword`, `workflow`, `survey`, `service` or `conversation`.
    by: &'static str,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
}

impl Taken {
    fn new(by: &'static str, name: &str) -> Self {
        Self { by, name: name.to_owned() }
    }
}

/// Whether the words answer what a survey or a workflow asked: then they are no keyword, unless they mean nothing else.
///
/// # Errors
/// The store's own.
pub fn is_answer(turn: &Turn<'_>, incoming: &Incoming<'_>) -> Result<bool, StoreError> {
    let Some(text) = incoming.message.text.as_deref().filter(|_| !incoming.message.is_old()) else { return Ok(false) };
    let Some(contact) = contact::find(turn.tx.connection(), incoming.number)? else { return Ok(false) };
    Ok(survey::awaits(turn, &contact, text)? || workflow::awaits(turn, contact.id, text)?)
}

/// Hears a message that was just stored.
///
/// # Errors
/// The store's own.
pub fn hear(turn: &Turn<'_>, incoming: &Incoming<'_>) -> Result<(), StoreError> {
    let contact = contact::find(turn.tx.connection(), incoming.number)?;
    // Workflows begin by replies, and what was written long ago is none to what runs now.
    if contact.is_some() && !incoming.message.is_old() {
        replied(turn, incoming)?;
    }
    let text = incoming.message.text.as_deref().unwrap_or_default();
    let mut conversation = conversation::ensure(turn.tx, incoming.number, turn.now)?;
    conversation.ours = Some(incoming.message.to.as_str().to_owned());
    conversation.last_text = Some(text.to_owned());
    conversation.last_in_at = Some(turn.now);
    conversation.last_at = turn.now;
    let ledger = ledgers::of(turn.tx, incoming.number)?;
    let silence = silence(turn, incoming, text)?;
    let mut talk = Talk { turn, incoming, text, contact, conversation, ledger, silence };
    let taken = talk.take()?;
    talk.finish(&taken)
}

/// Records that a contact wrote, once for each message, with what the last text to him was sent for.
fn replied(turn: &Turn<'_>, incoming: &Incoming<'_>) -> Result<(), StoreError> {
    let id = incoming.message.id;
    let mut replied = Event::new("replied", incoming.number.clone(), turn.now);
    replied.id = Some(format!("in-{id}"));
    let mut put = |name: &str, value: &str| drop(replied.properties.insert(name.to_owned(), json!(value)));
    put("text", &cut(incoming.message.text.as_deref().unwrap_or_default()));
    put("message", &id.to_string());
    if let Some(last) = origin::last_to(turn.tx.connection(), incoming.number)? {
        put("kind", last.kind.as_str());
        put("source", &last.source);
        put("part", &last.part);
    }
    event::record(turn.tx, &replied, turn.now)?;
    turn.wake_steps();
    Ok(())
}

/// Of a text as much as an event holds, without what is not seen.
pub(super) fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(TEXT_MAX).collect()
}

/// Whether this sender or this text is never answered by itself. Short codes and names never come here: they are no
/// numbers of people.
fn silence(turn: &Turn<'_>, incoming: &Incoming<'_>, text: &str) -> Result<Option<Silence>, StoreError> {
    let number = incoming.number.as_str();
    let is_ours = |ours: &str| is_same_number(ours, number);
    let of_routes = turn.settings.routes.iter().filter_map(|route| route.sender.as_ref()).map(Sender::as_str);
    let of_settings = turn.settings.talk.own_numbers.iter().map(String::as_str);
    if is_ours(incoming.message.to.as_str())
        || of_routes.chain(of_settings).any(is_ours)
        || sim::numbers(turn.tx.connection())?.iter().any(|ours| is_ours(ours))
    {
        return Ok(Some(Silence::OwnNumber));
    }
    if incoming.message.is_old() {
        return Ok(Some(Silence::Old));
    }
    Ok(flood::is_of_a_machine(text).then_some(Silence::Machine))
}

impl Talk<'_> {
    /// Whoever comes first in the order takes the text.
    fn take(&mut self) -> Result<Taken, StoreError> {
        if self.incoming.message.is_old() {
            return self.take_old();
        }
        if self.is_awaited()? {
            return Ok(Taken::new("workflow", ""));
        }
        if let Some(action) = self.incoming.keyword {
            self.follow_keyword(action)?;
            return Ok(Taken::new("keyword", action.as_str()));
        }
        if self.incoming.message.text.is_none() {
            return Ok(Taken::new("conversation", ""));
        }
        self.ledger.heard(self.text, self.turn.now);
        if let Some(name) = survey::hear(self)? {
            return Ok(Taken::new("survey", &name));
        }
        if let Some(name) = service::hear(self)? {
            return Ok(Taken::new("service", &name));
        }
        answer::closed(self)?;
        Ok(Taken::new("conversation", ""))
    }

    /// What was said long ago is about what was then: a refusal holds all the same, everything else is for people.
    fn take_old(&mut self) -> Result<Taken, StoreError> {
        match self.incoming.keyword {
            Some(action @ (Action::Stop | Action::StopAll)) => {
                self.follow_keyword(action)?;
                Ok(Taken::new("keyword", action.as_str()))
            }
            Some(Action::Start | Action::Join | Action::Yes | Action::Help) | None => {
                Ok(Taken::new("conversation", ""))
            }
        }
    }

    /// Whether a running workflow of the contact waits for these words. A YES may answer it; other keywords never do.
    fn is_awaited(&self) -> Result<bool, StoreError> {
        let (Some(contact), Some(text)) = (&self.contact, &self.incoming.message.text) else { return Ok(false) };
        match self.incoming.keyword {
            None | Some(Action::Yes) => workflow::hear(self.turn, contact.id, text),
            Some(Action::Stop | Action::StopAll | Action::Start | Action::Join | Action::Help) => Ok(false),
        }
    }

    /// What else follows from a keyword of consent: a STOP ends a survey; JOIN and INFO may be the words of services, too.
    fn follow_keyword(&mut self, action: Action) -> Result<(), StoreError> {
        match action {
            Action::Stop | Action::StopAll => match &self.contact {
                Some(contact) => survey::stop_survey(self.turn, contact.id).map(drop),
                None => Ok(()),
            },
            Action::Join => service::besides(self, |service| service.join),
            Action::Help => service::besides(self, |_| true),
            Action::Start | Action::Yes => Ok(()),
        }
    }

    /// Keeps what was heard, and tells the tools.
    fn finish(mut self, taken: &Taken) -> Result<(), StoreError> {
        let (turn, message) = (self.turn, self.incoming.message);
        if self.incoming.looks_like_stop {
            self.conversation.tags.insert(LOOKS_LIKE_STOP.to_owned());
        }
        if taken.by == "conversation" || self.incoming.looks_like_stop {
            self.conversation.open = true;
            self.conversation.unread = self.conversation.unread.saturating_add(1);
        }
        conversation::save(turn.tx, &self.conversation)?;
        conversation::heard(turn.tx, message.id, taken.by, &taken.name)?;
        if self.incoming.keyword.is_none() {
            ledgers::keep(turn.tx, self.incoming.number, &self.ledger, turn.now)?;
        }
        notify::taken(turn, message.id, json!(taken), view(&self.conversation))
    }
}

/// How a conversation stands, for callbacks.
pub(super) fn view(conversation: &Conversation) -> Value {
    json!({
        "state": if conversation.open { "open" } else { "closed" },
        "assignee": conversation.assignee,
        "tags": conversation.tags,
        "unread": conversation.unread,
    })
}
