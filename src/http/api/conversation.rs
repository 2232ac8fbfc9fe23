//! `/v1/conversations`: who wrote, with all that was said both ways.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::template::PathName;
use super::{Api, json, query};
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{MessageId, PhoneNumber, Timestamp};
use crate::store::campaign::contact;
use crate::store::campaign::conversation::{self as table, Conversation, Filter, Note};
use crate::store::campaign::dialogue::{self, Line};

/// Notes that are shown with a conversation.
const NOTES_MAX: usize = 100;

/// A conversation with one number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationView {
    /// With whom.
    number: String,
    /// The contact's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `open`: somebody of the shop has to look at it; `closed`: nobody has.
    #[schema(value_type = String)]
    state: &'static str,
    /// Who of the shop sees to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    /// Words that the shop sorts conversations by.
    tags: Vec<String>,
    /// Texts that nobody of the shop has read.
    unread: u32,
    /// Our number that the person last wrote to.
    #[serde(skip_serializing_if = "Option::is_none")]
    ours: Option<String>,
    /// The beginning of the last text, either way.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_text: Option<String>,
    /// When the person last wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_in_at: Option<String>,
    /// When anything last happened.
    #[schema(format = DateTime)]
    last_at: String,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
}

impl ConversationView {
    /// How a conversation looks in an answer.
    pub(super) fn of(one: Conversation, name: Option<String>) -> Self {
        Self {
            number: one.number.to_string(),
            name,
            state: if one.open { "open" } else { "closed" },
            assignee: one.assignee,
            tags: one.tags.into_iter().collect(),
            unread: one.unread,
            ours: one.ours,
            last_text: one.last_text,
            last_in_at: one.last_in_at.map(|at| at.to_string()),
            last_at: one.last_at.to_string(),
            created_at: one.created_at.to_string(),
        }
    }
}

/// A message of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    /// Its id.
    id: String,
    /// `in` or `out`.
    #[schema(value_type = String)]
    direction: &'static str,
    /// When it came or was accepted.
    #[schema(format = DateTime)]
    at: String,
    /// The text; absent for data.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Where one that went out stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    state: Option<&'static str>,
    /// What it was for, or what took it: `campaign`, `workflow`, `service`, `survey`, `staff`, `keyword`, `conversation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    r#for: Option<String>,
    /// The name of that: of a campaign, of a service, of a person of the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Which part of it: a variant, a step, a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        match line {
            Line::In(message, taken) => {
                let (kind, source) = taken.unzip();
                Self {
                    id: message.id.to_string(),
                    direction: "in",
                    at: message.received_at.to_string(),
                    text: message.text,
                    state: None,
                    r#for: kind,
                    source: source.and_then(filled),
                    part: None,
                }
            }
            Line::Out(view, about) => Self {
                id: view.head.id.to_string(),
                direction: "out",
                at: view.head.id.given_at().to_string(),
                text: view.body,
                state: Some(view.head.state.as_str()),
                r#for: about.as_ref().map(|about| about.kind.as_str().to_owned()),
                source: about.as_ref().and_then(|about| filled(about.source.clone())),
                part: about.and_then(|about| filled(about.part)),
            },
        }
    }
}

/// A note of the shop's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteView {
    /// When it was written.
    #[schema(format = DateTime)]
    at: String,
    /// By whom, or by what: `service NAME`, `workflow NAME`.
    by: String,
    /// What it says.
    text: String,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self { at: note.at.to_string(), by: note.author, text: note.text }
    }
}

/// Which conversations are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ConversationsQuery {
    /// `open` or `closed`.
    state: Option<String>,
    /// Only those that this person sees to; an empty name stands for nobody.
    assignee: Option<String>,
    /// Only those with this tag.
    tag: Option<String>,
    /// With `true` only those with texts that nobody has read.
    unread: Option<bool>,
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A page of conversations, the one where something happened last first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationPage {
    /// The conversations.
    conversations: Vec<ConversationView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists conversations.
#[utoipa::path(
    get, path = "/v1/conversations", tag = "conversations", params(ConversationsQuery), security(("token" = ["conversations:read"])),
    responses(
        (status = 200, description = "A page of conversations", body = ConversationPage),
        (status = 400, description = "A filter is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_conversations(State(api): State<Api>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ConversationsRead, api.now()).await?;
    let asked: ConversationsQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let open = match asked.state.as_deref() {
        None => None,
        Some("open") => Some(true),
        Some("closed") => Some(false),
        Some(_) => return Err(Problem::bad_request("invalid_query", "query parameter state: open or closed")),
    };
    let before = asked.cursor.as_deref().map(cursor).transpose()?;
    let (assignee, tag, unread) = (asked.assignee, asked.tag, asked.unread.unwrap_or(false));
    let filter = Filter { open, assignee, tag, unread, before };
    let rows = api
        .backend()
        .read(move |connection| {
            let mut rows = Vec::new();
            for one in table::list(connection, &filter, limit)? {
                let name = contact::find(connection, &one.number)?.and_then(|stored| stored.contact.name);
                rows.push((one, name));
            }
            Ok(rows)
        })
        .await?;
    let last = rows.last().map(|(one, _)| format!("{}-{}", one.last_at.as_millis(), one.id));
    let next = last.filter(|_| rows.len() == limit);
    let conversations = rows.into_iter().map(|(one, name)| ConversationView::of(one, name)).collect();
    Ok(json(StatusCode::OK, &ConversationPage { conversations, next }))
}

fn cursor(text: &str) -> Result<(Timestamp, i64), Problem> {
    let parts = text.split_once('-').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let (at, id): (i64, i64) = parts
        .ok_or_else(|| Problem::bad_request("invalid_query", "query parameter cursor: it is no `next` of a page"))?;
    Ok((Timestamp::from_millis(at), id))
}

/// Which messages of a conversation are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LinesQuery {
    /// Where the page before ended: its `next`.
    cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<String>,
}

/// A conversation with its messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dialogue {
    /// The conversation.
    #[serde(flatten)]
    conversation: ConversationView,
    /// What was said both ways, newest first.
    messages: Vec<LineView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The newest 100 notes, newest first.
    notes: Vec<NoteView>,
}

/// Shows the conversation with a number: what was said both ways and what for, and the shop's notes.
#[utoipa::path(
    get, path = "/v1/conversations/{number}", tag = "conversations", security(("token" = ["conversations:read"])),
    params(("number" = String, Path, description = "The number, with country code"), LinesQuery),
    responses(
        (status = 200, description = "The conversation", body = Dialogue),
        (status = 404, description = "There is no conversation with this number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_conversation(
    State(api): State<Api>,
    number: PathName,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ConversationsRead, api.now()).await?;
    let number = api.number_in_path(number)?;
    let asked: LinesQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before: Option<MessageId> = query::parse("cursor", asked.cursor.as_deref())?;
    let whom = number.clone();
    let found = api
        .backend()
        .read(move |connection| {
            let Some(one) = table::find(connection, &whom)? else { return Ok(None) };
            let name = contact::find(connection, &whom)?.and_then(|stored| stored.contact.name);
            let notes = table::notes(connection, one.id, NOTES_MAX)?;
            Ok(Some((ConversationView::of(one, name), dialogue::lines(connection, &whom, before, limit)?, notes)))
        })
        .await?;
    let (conversation, (lines, next), notes) = found.ok_or_else(|| unknown(&number))?;
    let messages = lines.into_iter().map(LineView::from).collect();
    let next = next.map(|id| id.to_string());
    let notes = notes.into_iter().map(NoteView::from).collect();
    Ok(json(StatusCode::OK, &Dialogue { conversation, messages, next, notes }))
}

pub(super) fn unknown(number: &PhoneNumber) -> Problem {
    Problem::not_found(format!("there is no conversation with {}; GET /v1/conversations lists all", number.masked()))
}
