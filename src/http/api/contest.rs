//! `/v1/contests`: defining contests, who is in, and draws that anybody can repeat.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as value};
use utoipa::ToSchema;

use super::contact_view::refused;
use super::contest_draw::DrawView;
use super::segment::parsed;
use super::survey::{AnswersQuery, is_csv};
use super::template::PathName;
use super::{Api, defined, json, query};
use crate::campaign::contact::read_number;
use crate::campaign::contest::{Contest, commitment};
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::MessageId;
use crate::pipeline::Turn;
use crate::pipeline::talk::{self, Outcome};
use crate::store::campaign::contact;
use crate::store::campaign::contest::{self as table, Entered};

/// A contest; `docs/CONVERSATIONS.md` describes it.
#[derive(Debug, ToSchema)]
#[schema(as = Contest)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct ContestDocument {
    /// Its name; that of the path if absent.
    name: Option<String>,
    /// What it is called, by language.
    #[schema(value_type = Option<Object>)]
    title: Option<Value>,
    /// From when on it can be entered: a day or an instant.
    #[schema(example = "2026-12-01")]
    opens: Option<String>,
    /// Until when: the end of a day, or an instant.
    #[schema(example = "2026-12-24")]
    closes: Option<String>,
    /// How many win; 1 if absent.
    winners: Option<u32>,
    /// What is answered to an entry, by language.
    #[schema(value_type = Option<Object>)]
    confirm: Option<Value>,
    /// What is answered to who is in already.
    #[schema(value_type = Option<Object>)]
    again: Option<Value>,
    /// What is answered before it opens and after it has closed.
    #[schema(value_type = Option<Object>)]
    closed: Option<Value>,
    /// `early`, `open` or `over`; only when it is shown alone, as what follows.
    phase: Option<String>,
    /// How many entries there are.
    entries: Option<i64>,
    /// The SHA-256 of the seed of the next draw.
    commitment: Option<String>,
    /// The draws that were done.
    draws: Option<Vec<DrawView>>,
    /// When it was last changed.
    #[schema(format = DateTime)]
    changed_at: Option<String>,
}

/// All contests.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct Contests {
    /// By name.
    contests: Vec<ContestDocument>,
}

/// Lists the contests.
#[utoipa::path(
    get, path = "/v1/contests", tag = "conversations", security(("token" = ["conversations:read"])),
    responses((status = 200, description = "All contests", body = Contests))
)]
pub async fn list_contests(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    defined::list::<Contest>(&api, &headers).await
}

/// Shows a contest: how it stands, what the next draw follows from, and the draws that were done.
#[utoipa::path(
    get, path = "/v1/contests/{name}", tag = "conversations", security(("token" = ["conversations:read"])),
    params(("name" = String, Path, description = "The contest's name")),
    responses(
        (status = 200, description = "The contest", body = ContestDocument),
        (status = 404, description = "There is no such contest", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_contest(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    let now = api.now();
    api.authorize(&headers, Scope::ConversationsRead, now).await?;
    let name = defined::name_of("contest", name)?;
    let stored = defined::find::<Contest>(&api, &name).await?;
    let mut view = defined::view(&stored);
    let (entries, seed, draws) = api
        .backend()
        .read(move |connection| {
            let draws = table::draws(connection, &name)?;
            let draws: Result<Vec<_>, _> = draws.into_iter().map(|drawn| DrawView::of(connection, drawn)).collect();
            Ok((table::count(connection, &name)?, table::seed(connection, &name)?, draws?))
        })
        .await?;
    let over = seed.as_ref().is_some_and(|seed| seed.over);
    let zone = &api.0.surroundings.settings().talk.zone;
    let phase = if over { "over" } else { stored.definition.phase(zone, now).as_str() };
    if let Value::Object(fields) = &mut view {
        let more = [
            ("phase", value!(phase)),
            ("entries", value!(entries)),
            ("commitment", value!(seed.map(|seed| commitment(&seed.seed)))),
            ("draws", value!(draws)),
        ];
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(json(StatusCode::OK, &view))
}

/// Defines a contest, or changes it. Its seed stays.
#[utoipa::path(
    put, path = "/v1/contests/{name}", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The contest's name: small letters, digits, _ and -")),
    request_body(content = ContestDocument, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = ContestDocument),
        (status = 201, description = "It is defined", body = ContestDocument),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There are too many", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_contest(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    defined::put::<Contest>(&api, name, request).await
}

/// Removes a contest. Its entries and draws stay on record.
#[utoipa::path(
    delete, path = "/v1/contests/{name}", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The contest's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such contest", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_contest(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    defined::delete::<Contest>(&api, name, &headers).await
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Its ticket.
    ticket: String,
    /// The contact's number; absent once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By what: `service NAME`, `page` or `api`.
    by: String,
}

impl From<Entered> for EntryView {
    fn from(entry: Entered) -> Self {
        Self { ticket: entry.ticket.to_string(), contact: entry.number, at: entry.at.to_string(), by: entry.by }
    }
}

/// A page of entries, in the order of their tickets.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryPage {
    /// The entries.
    entries: Vec<EntryView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists the entries in the order that a draw hashes them in.
#[utoipa::path(
    get, path = "/v1/contests/{name}/entries", tag = "conversations", security(("token" = ["conversations:read"])),
    params(("name" = String, Path, description = "The contest's name"), AnswersQuery),
    responses(
        (status = 200, description = "A page of entries", body = EntryPage),
        (status = 400, description = "The query is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_entries(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ConversationsRead, api.now()).await?;
    let name = defined::name_of("contest", name)?;
    let asked: AnswersQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let after: Option<MessageId> = query::parse("cursor", asked.cursor.as_deref())?;
    let rows = api.backend().read(move |connection| table::entries(connection, &name, after, limit)).await?;
    let next = (rows.len() == limit).then(|| rows.last().map(|entry| entry.ticket.to_string())).flatten();
    let entries: Vec<EntryView> = rows.into_iter().map(EntryView::from).collect();
    if !is_csv(asked.format.as_deref())? {
        return Ok(json(StatusCode::OK, &EntryPage { entries, next }));
    }
    let head = ["ticket", "contact", "at", "by"].map(str::to_owned);
    let rows =
        entries.into_iter().map(|entry| vec![entry.ticket, entry.contact.unwrap_or_default(), entry.at, entry.by]);
    defined::csv(&head, rows, next.as_deref())
}

/// Who is to be in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterRequest {
    /// The contact's number; a number of which no contact is known becomes one.
    #[schema(example = "+821012345678")]
    contact: String,
}

/// What became of an entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnteredView {
    /// The ticket.
    ticket: String,
    /// Whether the contact was in already.
    again: bool,
}

/// Enters a contact, once. The contact gets no text.
#[utoipa::path(
    post, path = "/v1/contests/{name}/entries", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The contest's name")),
    request_body(content = EnterRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The contact is in", body = EnteredView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such contest", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be entered now", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The contact is no number", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_entry(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::ConversationsWrite, now).await?;
    let name = defined::name_of("contest", name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: EnterRequest = parsed(&read.bytes, "{\"contact\": NUMBER}")?;
    let number = read_number(&asked.contact, api.0.defaults.country)
        .map_err(|fault| refused("invalid_contact", vec![fault.under("/contact")]))?;
    let (settings, contest) = (api.0.surroundings.settings(), name.clone());
    let (entering, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let id = contact::ensure(tx, &number, now)?;
            let Some(to) = contact::by_id(tx.connection(), id)? else { return Ok((None, turn.wakes())) };
            Ok((talk::enter_contest(&turn, &to, &contest, "api")?, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    let view = |ticket: MessageId, again| EnteredView { ticket: ticket.to_string(), again };
    match entering.map(|entering| entering.outcome) {
        None => Err(defined::unknown::<Contest>(&name)),
        Some(Outcome::New(ticket)) => Ok(json(StatusCode::OK, &view(ticket, false))),
        Some(Outcome::Again(ticket)) => Ok(json(StatusCode::OK, &view(ticket, true))),
        Some(Outcome::Closed) => {
            let detail = format!("the contest \"{name}\" cannot be entered now");
            Err(Problem::new(StatusCode::CONFLICT, "closed", detail))
        }
    }
}
