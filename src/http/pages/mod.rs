//! Short links and landing pages for people's browsers, on a listener apart from the API's.
//!
//! ```text
//! Server ─▶ Front ─▶ router ─▶ brake ─▶ link ─┬─▶ redirect to its stored target
//!           Host                              └─▶ page: shown, or a form answered
//! ```
//!
//! - [`Pages`], [`router`]: the routes `GET /{code}` and `POST /{code}`; nothing of the API is here
//! - `visitor`: whose request it is, and what it says of itself
//! - `brake`: how much one address may ask
//! - `answer`: the headers that every answer has
//! - `follow`: what becomes of a code

mod answer;
mod brake;
mod follow;
mod visitor;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::sync::Semaphore;

use super::backend::Backend;
use super::body::Reader;
use super::clock::{self, Clock};
use super::metrics::PagesMetrics;
use super::settings::HttpSettings;
use super::surroundings::Surroundings;
use crate::model::Timestamp;
use crate::store::Store;
use brake::Brake;

/// Clicks that may wait for the writer; those beyond are not counted. They must not fill the line of accepted messages.
const CLICKS_MAX: usize = 256;

/// What may be set about the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagesSettings {
    /// The header in which a proxy on this network says whose request it is.
    pub address_header: Option<String>,
    /// Requests that one address may send in a minute.
    pub requests_max: u32,
    /// Queries that may use the store at once.
    pub reads_max: usize,
    /// The largest form: more than any survey's answers.
    pub form_size_bytes_max: usize,
    /// A form must be complete this long after its head.
    pub form_timeout: Duration,
}

impl Default for PagesSettings {
    fn default() -> Self {
        Self {
            address_header: None,
            requests_max: 600,
            reads_max: 4,
            form_size_bytes_max: 32 << 10,
            form_timeout: Duration::from_secs(15),
        }
    }
}

/// What all handlers share. Cloning is cheap.
#[derive(Clone)]
pub struct Pages(Arc<Inner>);

struct Inner {
    settings: PagesSettings,
    backend: Backend,
    reader: Reader,
    store: Store,
    clock: Clock,
    brake: Brake,
    clicks: Arc<Semaphore>,
    surroundings: Arc<dyn Surroundings>,
    metrics: PagesMetrics,
}

impl Pages {
    /// The pages over `store`.
    pub fn new(
        settings: PagesSettings,
        store: Store,
        clock: Clock,
        surroundings: Arc<dyn Surroundings>,
        metrics: PagesMetrics,
    ) -> Self {
        let brake = Brake::new(settings.requests_max, clock::instant());
        let backend = Backend::new(store.clone(), settings.reads_max);
        let reader = Reader::new(&HttpSettings {
            body_size_bytes_max: settings.form_size_bytes_max,
            bodies_size_bytes_max: settings.form_size_bytes_max,
            body_timeout: settings.form_timeout,
            ..HttpSettings::default()
        });
        let clicks = Arc::new(Semaphore::new(CLICKS_MAX));
        Self(Arc::new(Inner { settings, backend, reader, store, clock, brake, clicks, surroundings, metrics }))
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }
}

/// All routes.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/robots.txt", get(answer::robots))
        .route("/favicon.ico", get(answer::no_icon))
        .route("/{code}", get(follow::get).post(follow::post))
        .fallback(follow::nothing)
        .method_not_allowed_fallback(follow::nothing)
        .with_state(pages)
        .layer(axum::middleware::map_response(answer::seal))
}
