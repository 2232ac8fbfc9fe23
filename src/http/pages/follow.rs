//! What becomes of a code: a redirect to its stored target, a page, or a friendly word that there is nothing.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rusqlite::Connection;

use super::super::clock::instant;
use super::answer::{html, redirect};
use super::visitor::Asking;
use super::{Pages, brake};
use crate::campaign::link::{Target, Visitor, read_code};
use crate::campaign::page::form::Sent;
use crate::campaign::page::{Notice, notice, render};
use crate::http::problem::Problem;
use crate::pipeline::page::{self, Opened};
use crate::pipeline::{Turn, click};
use crate::store::campaign::link::{self, Link};
use crate::store::{StoreError, clock};

/// How long a redirect waits for its click to be written. The click is written all the same.
const CLICK_WAIT_MAX: Duration = Duration::from_millis(300);
/// How long a page waits for what is written with it.
const VISIT_WAIT_MAX: Duration = Duration::from_secs(10);

/// The link of a code, and whether the clock is believed: if not, no link is too old.
fn found(connection: &Connection, code: &str) -> Result<Option<(Link, bool)>, StoreError> {
    let Some(link) = link::find(connection, code)? else { return Ok(None) };
    Ok(Some((link, clock::is_believed(connection)?)))
}

/// Follows a link.
pub async fn get(State(pages): State<Pages>, Path(code): Path<String>, request: Request<axum::body::Body>) -> Response {
    let asking = pages.asking(&request);
    let link = match pages.link(&code, &asking, 1).await {
        Ok(link) => link,
        Err(answer) => return *answer,
    };
    pages.0.metrics.asked(asking.visitor);
    if asking.visitor == Visitor::Prefetch {
        // Whoever only fetches ahead gets nothing, so that a person who really comes asks again and is counted.
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response();
    }
    match &link.target {
        Target::Address(address) => {
            pages.count(&link, &asking).await;
            redirect(address)
        }
        Target::Page(_) if asking.visitor == Visitor::Person => pages.visit(link, asking, None).await,
        Target::Page(_) => {
            pages.count(&link, &asking).await;
            let (settings, now) = (pages.0.surroundings.settings(), pages.now());
            let languages = asking.languages.clone();
            let looked =
                pages.0.backend.read(move |connection| page::look(connection, &settings, &link, &languages, now));
            let looked = looked.await;
            pages.shown(looked, &asking)
        }
    }
}

/// Takes a form.
pub async fn post(
    State(pages): State<Pages>,
    Path(code): Path<String>,
    request: Request<axum::body::Body>,
) -> Response {
    let asking = pages.asking(&request);
    let link = match pages.link(&code, &asking, brake::FORM).await {
        Ok(link) => link,
        Err(answer) => return *answer,
    };
    if asking.visitor != Visitor::Person || matches!(link.target, Target::Address(_)) {
        return pages.say(StatusCode::METHOD_NOT_ALLOWED, Notice::NotFound, &asking);
    }
    let (head, body) = request.into_parts();
    match pages.0.reader.form(&head.headers, body).await {
        Ok(read) => pages.visit(link, asking, Some(Sent::read(&read.bytes))).await,
        Err(problem) => pages.say(problem.status(), Notice::Busy, &asking),
    }
}

/// There is nothing.
pub async fn nothing(State(pages): State<Pages>, request: Request<axum::body::Body>) -> Response {
    let asking = pages.asking(&request);
    if !pages.0.brake.take(asking.address, brake::MISS, instant()) {
        return pages.say(StatusCode::TOO_MANY_REQUESTS, Notice::Busy, &asking);
    }
    pages.say(StatusCode::NOT_FOUND, Notice::NotFound, &asking)
}

impl Pages {
    fn asking(&self, request: &Request<axum::body::Body>) -> Asking {
        let header = self.0.settings.address_header.as_deref();
        Asking::of(request.method(), request.headers(), request.extensions(), header)
    }

    /// A few words instead of a page.
    fn say(&self, status: StatusCode, what: Notice, asking: &Asking) -> Response {
        let settings = self.0.surroundings.settings();
        let languages = asking.languages.iter().map(String::as_str);
        let mut response = html(status, notice(what, settings.consent.brand.as_deref(), languages));
        if what == Notice::Busy {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
        }
        response
    }

    /// The link of a code that is still good, or the answer that there is none.
    async fn link(&self, code: &str, asking: &Asking, cost: u32) -> Result<Link, Box<Response>> {
        let now = self.now();
        let busy = || Box::new(self.say(StatusCode::TOO_MANY_REQUESTS, Notice::Busy, asking));
        if !self.0.brake.take(asking.address, cost, instant()) {
            return Err(busy());
        }
        // Handsets take the sentence's end for a part of the address.
        let code = read_code(code.trim_end_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace()));
        let found = match code {
            None => None,
            Some(code) => match self.0.backend.read(move |connection| found(connection, &code)).await {
                Ok(found) => found,
                Err(_) => return Err(Box::new(self.say(StatusCode::SERVICE_UNAVAILABLE, Notice::Busy, asking))),
            },
        };
        let keep = self.0.surroundings.settings().links_keep;
        let over = |link: &Link| now >= link.created_at.plus(keep);
        if let Some((link, _)) = found.filter(|(link, believed)| !believed || !over(link)) {
            return Ok(link);
        }
        if !self.0.brake.take(asking.address, brake::MISS, instant()) {
            return Err(busy());
        }
        Err(Box::new(self.say(StatusCode::NOT_FOUND, Notice::NotFound, asking)))
    }

    /// A person opens a page or sends its form: the visit is counted, and what follows is written with it.
    async fn visit(&self, link: Link, asking: Asking, sent: Option<Sent>) -> Response {
        let (settings, now) = (self.0.surroundings.settings(), self.now());
        let (languages, who) = (asking.languages.clone(), asking.who.clone());
        let work = self.0.backend.write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            click::follow(&turn, &link, Visitor::Person, &who)?;
            let opened = match &sent {
                None => page::open(&turn, &link, &languages)?,
                Some(sent) => page::take(&turn, &link, &languages, sent)?,
            };
            Ok((opened, turn.wakes()))
        });
        let done = match tokio::time::timeout(VISIT_WAIT_MAX, work).await {
            Ok(Ok((opened, wakes))) => {
                self.0.surroundings.wake(wakes);
                Ok(opened)
            }
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(Problem::unavailable("busy", "the disk did not answer in time", VISIT_WAIT_MAX)),
        };
        self.shown(done, &asking)
    }

    fn shown(&self, opened: Result<Option<Opened>, Problem>, asking: &Asking) -> Response {
        match opened {
            Ok(Some(Opened { view, is_over })) => {
                let status = if is_over { StatusCode::GONE } else { StatusCode::OK };
                html(status, render(&view))
            }
            Ok(None) => self.say(StatusCode::NOT_FOUND, Notice::NotFound, asking),
            Err(_) => self.say(StatusCode::SERVICE_UNAVAILABLE, Notice::Busy, asking),
        }
    }

    /// Counts a click. It is handed to the writer, and waited for a little; who follows a link does not wait for the disk.
    async fn count(&self, link: &Link, asking: &Asking) {
        let Ok(permit) = std::sync::Arc::clone(&self.0.clicks).try_acquire_owned() else {
            self.0.metrics.lost();
            tracing::warn!("A click is not counted: too many wait to be written");
            return;
        };
        let (pages, link, visitor, who) = (self.clone(), link.clone(), asking.visitor, asking.who.clone());
        let written = tokio::spawn(async move {
            let (settings, now) = (pages.0.surroundings.settings(), pages.now());
            let work = pages.0.store.try_write(move |tx| {
                let turn = Turn::new(tx, &settings, now);
                click::follow(&turn, &link, visitor, &who)?;
                Ok(turn.wakes())
            });
            match work.await {
                Ok(wakes) => pages.0.surroundings.wake(wakes),
                Err(error) => {
                    pages.0.metrics.lost();
                    tracing::warn!(%error, "A click is not counted: {error}");
                }
            }
            drop(permit);
        });
        let _ = tokio::time::timeout(CLICK_WAIT_MAX, written).await;
    }
}
