//! Takes new messages in: checks and encodes them, then writes them.

use std::sync::Arc;
use std::time::Duration;

use super::Turn;
use super::consent::{self, Plan, Reason};
use super::settings::{Group, Settings};
use crate::model::{Alphabet, Body, Encoded, MessageId, NewMessage, OnDoubt, Sender, State, Timestamp};
use crate::policy::routes;
use crate::policy::wall_clock::{BUILT, Trust};
use crate::store::message::{self, NewRow, queue_of};
use crate::store::{StoreError, idempotency, reference};
use crate::text::{self, Change, Encoding};

/// A message cannot be scheduled further ahead than this.
const AHEAD_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Why a message is not taken; the caller's to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A stable word for the reason.
    pub code: &'static str,
    /// The field of the request that it is about.
    pub field: &'static str,
    /// A sentence for the person who reads it.
    pub message: String,
}

/// A message that was checked and encoded and only has to be written.
#[derive(Debug, Clone)]
pub struct Prepared {
    new: NewMessage,
    sender: Option<Sender>,
    route: Arc<str>,
    profile_id: i64,
    /// The encoded form as it is stored, and no other: a request may bring ten thousand.
    stored: Vec<u8>,
    segments: usize,
    alphabet: Alphabet,
    /// The characters that were replaced.
    pub changes: Vec<Change>,
    valid_for: Duration,
    on_doubt: OnDoubt,
    plan: Plan,
}

/// What the caller learns of an accepted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: MessageId,
    /// `queued`, `scheduled` or `blocked`.
    pub state: State,
    /// The queue that it waits in.
    pub route: Arc<str>,
    /// How many segments it has.
    pub segments: usize,
    /// The alphabet that it will be sent in.
    pub alphabet: Alphabet,
    /// When it will go at the earliest.
    pub due_at: Timestamp,
    /// Why it waits or does not go, if the law or the recipient says so.
    pub reason: Option<Reason>,
}

fn refuse(code: &'static str, field: &'static str, message: String) -> Refusal {
    Refusal { code, field, message }
}

/// The queue that a message waits in, and what that asks of its form.
struct Way<'a> {
    name: Arc<str>,
    group: &'a Group,
    sender: Option<Sender>,
    transliterate: Option<bool>,
}

/// The way that a message takes: over the only modem that may carry it, or else over its route.
fn way<'a>(settings: &'a Settings, new: &NewMessage) -> Result<Way<'a>, Refusal> {
    if let Some(link) = &new.link {
        let named = link.split_once('/').filter(|(_, modem)| !modem.is_empty());
        let group = named.and_then(|(group, _)| settings.group(group)).filter(|group| group.pool.is_some());
        let group = group.ok_or_else(|| {
            refuse(
                "unknown_link",
                "link",
                format!("\"{link}\" is not a modem of a configured group, as in sticks/desk"),
            )
        })?;
        return Ok(Way { name: queue_of(link).into(), group, sender: None, transliterate: None });
    }
    let Some(route) = routes::pick(&settings.routes, new) else {
        return Err(match &new.route {
            Some(name) => refuse("unknown_route", "route", format!("there is no route \"{name}\"")),
            None => refuse("no_route", "to", format!("no route takes a {} message to {}", new.class, new.to.masked())),
        });
    };
    let group = route.groups.iter().find_map(|name| settings.group(name));
    let group = group.ok_or_else(|| refuse("no_route", "route", format!("route \"{}\" has no link", route.name)))?;
    Ok(Way { name: route.name.clone(), group, sender: route.sender.clone(), transliterate: route.transliterate })
}

/// Checks `new` and puts it into the form of its route's first choice. Reads no database, so that it can run beside the writer.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn prepare(settings: &Settings, mut new: NewMessage, now: Timestamp) -> Result<Prepared, Refusal> {
    let Way { name, group, sender, transliterate } = way(settings, &new)?;
    let due_at = new.send_at.unwrap_or(now).max(now);
    // A clock that is not set yet does not make a good time a far one.
    if due_at.since(now.max(BUILT)) > AHEAD_MAX {
        return Err(refuse("too_far_ahead", "send_at", format!("{due_at} is more than a year ahead")));
    }
    let plan = consent::plan(settings, &mut new, due_at)?;
    let transliterate = new.transliterate.or(transliterate);
    let Encoding { encoded, changes } = text::encode(&new.body, &new.indication, &group.profile, transliterate)
        .map_err(|error| {
            let field = if matches!(new.body, Body::Text(_)) { "text" } else { "data" };
            refuse(error.code(), field, error.to_string())
        })?;
    if let Some(target) = &new.callback
        && !settings.allows_callback(target)
    {
        let why = format!("callback names a host that is not among callback.allowed_hosts: {target}");
        return Err(refuse("callback_not_allowed", "callback", why));
    }
    let valid_for = new.valid_for.unwrap_or(settings.valid_for[new.class.lane()]);
    if valid_for.is_zero() {
        return Err(refuse("not_valid", "valid_for", "a message needs some time to be sent in".to_owned()));
    }
    Ok(Prepared {
        sender: new.from.clone().or(sender),
        route: name,
        profile_id: group.profile_id,
        stored: encoded.to_bytes(),
        segments: encoded.segments.len(),
        alphabet: encoded.alphabet,
        changes,
        valid_for,
        on_doubt: new.on_doubt.unwrap_or(settings.on_doubt[new.class.lane()]),
        plan,
        new,
    })
}

impl Prepared {
    /// The queue that it would wait in.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// How many segments it has.
    pub fn segments(&self) -> usize {
        self.segments
    }
}

/// As [`prepare`], for the gateway's own answers, which reach also who opted out.
pub(super) fn prepare_own(settings: &Settings, new: NewMessage, now: Timestamp) -> Result<Prepared, Refusal> {
    let mut prepared = prepare(settings, new, now)?;
    prepared.plan.own_answer = true;
    Ok(prepared)
}

/// Writes prepared messages for the token `token`.
///
/// # Errors
/// The store's own.
pub fn accept(turn: &Turn<'_>, token: i64, prepared: &[Prepared]) -> Result<Vec<Accepted>, StoreError> {
    turn.wake_dispatch();
    prepared.iter().map(|one| write(turn, token, one)).collect()
}

fn write(turn: &Turn<'_>, token: i64, prepared: &Prepared) -> Result<Accepted, StoreError> {
    let Prepared { new, segments, alphabet, .. } = prepared;
    let id = turn.tx.next_id(turn.now);
    let renumbered = (*segments > 1)
        .then(|| {
            let sender = prepared.sender.as_ref().map_or("", Sender::as_str);
            let reference = reference::next(turn.tx, sender, new.to.as_str())?;
            Ok::<_, StoreError>(Encoded::renumbered(&prepared.stored, reference))
        })
        .transpose()?;
    let sender = prepared.sender.as_ref().map(Sender::as_str);
    let due_at = due_at(turn, new);
    // Reckoned here, in the time of this turn: the clock may have been set since the message was checked.
    let valid_until = due_at.plus(prepared.valid_for);
    let admission = consent::admit(turn, &prepared.plan, new, sender, due_at, valid_until)?;
    let state = admission.state(turn.now);
    let row = NewRow {
        // A blocked one is written as it was meant, and blocked like every other: with a line on its timeline and a callback.
        state: if state == State::Blocked { State::Queued } else { state },
        class: new.class,
        route: &prepared.route,
        recipient: &new.to,
        sender: prepared.sender.as_ref(),
        body: match &new.body {
            Body::Text(text) => Some(text),
            Body::Data(_) => None,
        },
        encoded: renumbered.as_deref().unwrap_or(&prepared.stored),
        profile: prepared.profile_id,
        segments: *segments,
        due_at: admission.due_at,
        given: new.send_at == Some(admission.due_at),
        valid_until: admission.valid_until,
        on_doubt: prepared.on_doubt,
        token,
        callback: new.callback.as_deref().or(turn.settings.callback_target.as_deref()),
        reference: new.reference.as_deref(),
        tags: &new.tags,
        parameters: &new.parameters,
    };
    message::insert(turn.tx, id, &row, turn.now)?;
    if admission.has_notes(&prepared.plan, new) {
        admission.note(turn, &prepared.plan, new, id)?;
    }
    Ok(Accepted {
        id,
        state,
        route: Arc::clone(&prepared.route),
        segments: *segments,
        alphabet: *alphabet,
        due_at: admission.due_at,
        reason: admission.reason().cloned(),
    })
}

/// When `new` may leave. What was asked for is past only by a clock that is believed.
fn due_at(turn: &Turn<'_>, new: &NewMessage) -> Timestamp {
    match new.send_at {
        Some(at) if at > turn.now || turn.tx.clock().trust != Trust::Set => at,
        Some(_) | None => turn.now,
    }
}

/// Names a request, so that a repeated one is answered and not done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Whose request it is; keys are per token.
    pub token: i64,
    /// The caller's key.
    pub key: String,
    /// A digest of the body: the same key with another body is an error.
    pub digest: Vec<u8>,
}

/// How a request with a key ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done now; this is the rendered answer.
    Done(String),
    /// It was done before; this was the answer.
    Repeated(String),
    /// The key stands for another body.
    KeyReused,
}

/// As [`accept`], once for each key: the answer that `render` makes is kept with the messages in one transaction.
///
/// # Errors
/// The store's own.
pub fn accept_once(
    turn: &Turn<'_>,
    key: &Key,
    prepared: &[Prepared],
    render: impl Fn(&[Accepted]) -> String,
) -> Result<Answer, StoreError> {
    if let Some((digest, answer)) = idempotency::find(turn.tx, key.token, &key.key)? {
        return Ok(if digest == key.digest { Answer::Repeated(answer) } else { Answer::KeyReused });
    }
    let answer = render(&accept(turn, key.token, prepared)?);
    idempotency::keep(turn.tx, key.token, &key.key, &key.digest, &answer, turn.now)?;
    Ok(Answer::Done(answer))
}
