//! `POST /v1/contests/{name}/draw`: draws the winners, in the open.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contact_view::refused;
use super::segment::parsed;
use super::template::PathName;
use super::{Api, defined, json};
use crate::campaign::contest::{Contest, WINNERS_MAX, commitment};
use crate::campaign::fault::Fault;
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::pipeline::Turn;
use crate::pipeline::talk::{self, NotDrawn};
use crate::store::StoreError;
use crate::store::campaign::contact;
use crate::store::campaign::contest::{self as table, Drawn};

/// The longest seed and the longest reason.
const TEXT_MAX: usize = 200;

/// How a contest is drawn.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DrawRequest {
    /// How many win; as the contest says if absent.
    winners: Option<u32>,
    /// A seed from outside, like the numbers of a public lottery; the contest's own, which it promised, if absent.
    seed: Option<String>,
    /// Whether a contest that can still be entered is closed by this.
    close: bool,
    /// Why a contest that was drawn is drawn again. All draws stay on record.
    redo: Option<String>,
}

/// A draw.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Draw)]
pub struct DrawView {
    /// Which it is, from 1.
    n: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The seed that it follows from.
    seed: String,
    /// The SHA-256 of that seed, as it was promised.
    commitment: String,
    /// Whether the seed came from outside.
    given: bool,
    /// The SHA-256 of all tickets in ascending order, each followed by a line feed.
    list: String,
    /// How many tickets there were.
    entries: u64,
    /// Who won, the first prize first.
    winners: Vec<WinnerView>,
    /// Why it was done again.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Who won.
#[derive(Debug, Serialize, ToSchema)]
pub struct WinnerView {
    /// The ticket.
    ticket: String,
    /// The contact's number; absent once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
}

impl DrawView {
    /// How a draw looks in an answer.
    pub(super) fn of(connection: &Connection, drawn: Drawn) -> Result<Self, StoreError> {
        let mut winners = Vec::with_capacity(drawn.winners.len());
        for ticket in drawn.winners {
            let stored = match table::holder(connection, &ticket)? {
                Some(id) => contact::by_id(connection, id)?,
                None => None,
            };
            winners.push(WinnerView { ticket, contact: stored.map(|stored| stored.contact.number.to_string()) });
        }
        Ok(Self {
            n: drawn.n,
            at: drawn.at.to_string(),
            commitment: commitment(&drawn.seed),
            seed: drawn.seed,
            given: drawn.given,
            list: drawn.list,
            entries: drawn.entries,
            winners,
            reason: drawn.reason,
        })
    }
}

/// Draws the winners, once. From then on nobody enters any more.
#[utoipa::path(
    post, path = "/v1/contests/{name}/draw", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The contest's name")),
    request_body(content = DrawRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The draw", body = DrawView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such contest", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It can still be entered, or it was drawn", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn draw_contest(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    let caller = api.authorize(&head.headers, Scope::ConversationsWrite, now).await?;
    let name = defined::name_of("contest", name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: DrawRequest = match read.bytes.is_empty() {
        true => DrawRequest::default(),
        false => parsed(&read.bytes, "{\"winners\": 3, \"close\": true}")?,
    };
    check(&asked)?;
    let (settings, contest) = (api.0.surroundings.settings(), name.clone());
    let begun = api.backend().write(move |tx| {
        let turn = Turn::new(tx, &settings, now);
        let DrawRequest { winners, seed, close, redo } = &asked;
        talk::begin_draw(&turn, &contest, seed.as_deref(), *winners, *close, redo.as_deref())
    });
    let drawing = begun.await?.map_err(|why| not_drawn(&name, &why))?;
    let worked = drawing.clone();
    let drawn = api.backend().read(move |connection| talk::draw(connection, &worked, (now, caller.token))).await?;
    let settings = api.0.surroundings.settings();
    let (recorded, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let recorded = talk::record_draw(&turn, &drawing, drawn.clone())?;
            let view = recorded.map(|drawn| DrawView::of(tx.connection(), drawn));
            Ok((view, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    let view = recorded.map_err(|why| not_drawn(&name, &why))?;
    view.map(|view| json(StatusCode::OK, &view)).map_err(|_| Problem::bug())
}

fn check(asked: &DrawRequest) -> Result<(), Problem> {
    let mut faults = Vec::new();
    for (place, text) in [("/seed", &asked.seed), ("/redo", &asked.redo)] {
        if text.as_ref().is_some_and(|text| !(1..=TEXT_MAX).contains(&text.trim().chars().count())) {
            faults.push(Fault::new(place, "wrong_length", format!("this has 1 to {TEXT_MAX} characters")));
        }
    }
    if asked.winners.is_some_and(|winners| !(1..=WINNERS_MAX).contains(&winners)) {
        faults.push(Fault::new("/winners", "out_of_range", format!("1 to {WINNERS_MAX} can win")));
    }
    if faults.is_empty() { Ok(()) } else { Err(refused("invalid_draw", faults)) }
}

fn not_drawn(name: &str, why: &NotDrawn) -> Problem {
    match why {
        NotDrawn::Unknown(_) => defined::unknown::<Contest>(name),
        NotDrawn::StillOpen | NotDrawn::Done(_) => Problem::new(StatusCode::CONFLICT, "not_drawn", why.to_string()),
    }
}
