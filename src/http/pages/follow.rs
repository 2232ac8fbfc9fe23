//! What becomes of a code: a redirect to its stored target, a page, or a friendly word that there is nothing.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::{html, redirect};
use super::visitor::Asking;
use super::{Pages, brake};
use crate::campaign::link::{Target, Visitor, read_code};
use crate::campaign::page::{Notice, notice};
use crate::pipeline::{Turn, click};
use crate::store::campaign::link::{self, Link};

/// How long a redirect waits for its click to be written. The click is written all the same.
const CLICK_WAIT_MAX: Duration = Duration::from_millis(300);

/// Follows a link.
pub async fn get(State(pages): State<Pages>, Path(code): Path<String>, request: Request<axum::body::Body>) -> Response {
    let asking = pages.asking(&request);
    let link = match pages.link(&code, &asking, 1).await {
        Ok(link) => link,
        Err(answer) => return *answer,
    };
    if asking.visitor == Visitor::Prefetch {
        // Whoever only fetches ahead gets nothing, so that a person who really comes asks again and is counted.
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response();
    }
    match &link.target {
        Target::Address(address) => {
            pages.count(&link, &asking).await;
            redirect(address)
        }
        Target::Page(_) => pages.say(StatusCode::NOT_FOUND, Notice::NotFound, &asking),
    }
}

/// Takes a form.
pub async fn post(
    State(pages): State<Pages>,
    Path(code): Path<String>,
    request: Request<axum::body::Body>,
) -> Response {
    let asking = pages.asking(&request);
    match pages.link(&code, &asking, brake::FORM).await {
        Ok(_) => pages.say(StatusCode::METHOD_NOT_ALLOWED, Notice::NotFound, &asking),
        Err(answer) => *answer,
    }
}

/// There is nothing.
pub async fn nothing(State(pages): State<Pages>, request: Request<axum::body::Body>) -> Response {
    let asking = pages.asking(&request);
    if !pages.0.brake.take(asking.address, brake::MISS, pages.now()) {
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
        if !self.0.brake.take(asking.address, cost, now) {
            return Err(busy());
        }
        // Handsets take the sentence's end for a part of the address.
        let code = read_code(code.trim_end_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace()));
        let found = match code {
            None => None,
            Some(code) => match self.0.backend.read(move |connection| link::find(connection, &code)).await {
                Ok(found) => found,
                Err(_) => return Err(Box::new(self.say(StatusCode::SERVICE_UNAVAILABLE, Notice::Busy, asking))),
            },
        };
        let keep = self.0.surroundings.settings().links_keep;
        if let Some(link) = found.filter(|link| now < link.created_at.plus(keep)) {
            return Ok(link);
        }
        if !self.0.brake.take(asking.address, brake::MISS, now) {
            return Err(busy());
        }
        Err(Box::new(self.say(StatusCode::NOT_FOUND, Notice::NotFound, asking)))
    }

    /// Counts a click. It is handed to the writer, and waited for a little; who follows a link does not wait for the disk.
    async fn count(&self, link: &Link, asking: &Asking) {
        let Ok(permit) = std::sync::Arc::clone(&self.0.clicks).try_acquire_owned() else {
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
                Err(error) => tracing::warn!(%error, "A click is not counted: {error}"),
            }
            drop(permit);
        });
        let _ = tokio::time::timeout(CLICK_WAIT_MAX, written).await;
    }
}
