//! The API over a real store in a temporary folder: what tools send, and what they get back.

mod campaign;
mod campaigns;
mod consent;
mod documented;
mod hooks;
mod hostile;
mod idempotency;
mod lists;
mod modems;
mod one;
mod pages;
mod playbook;
mod talk;
mod tokens;
mod workflow;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::model::{Class, MessageId, ModemAnswer, ModemRequest, ModemStatus, State, Timestamp, TraceLine};
use crate::pipeline::{Group, Settings, Wakes};
use crate::policy::routes::Route;
use crate::store::{self, Database, Options, Store};
use crate::text::TextProfile;

use super::token::{self, TokenHash};
use super::*;

/// 2026-11-22T00:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

fn now() -> Timestamp {
    NOW
}

/// A daemon that only counts.
#[derive(Default)]
struct Quiet {
    settings: Arc<Settings>,
    dispatch_wakes: AtomicUsize,
    modems: Vec<ModemStatus>,
}

impl Surroundings for Quiet {
    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings)
    }

    fn wake(&self, wakes: Wakes) {
        self.dispatch_wakes.fetch_add(usize::from(wakes.dispatch), Ordering::Relaxed);
    }

    fn links(&self) -> Vec<LinkStatus> {
        vec![LinkStatus {
            name: "north".to_owned(),
            kind: "smpp",
            health: "paused",
            reason: Some("the carrier refused the password".to_owned()),
            paused_until: Some(NOW.to_string()),
            in_flight: 3,
            free: 0,
        }]
    }

    fn trace(&self, name: &str, full: bool) -> Option<Vec<TraceLine>> {
        let text = if full { "> to +821012345678" } else { "> to +82101***78" };
        (name == "north/2").then(|| vec![TraceLine { at: NOW, text: text.to_owned() }])
    }

    fn modems(&self) -> Vec<ModemStatus> {
        self.modems.clone()
    }

    fn modem_request(&self, name: &str, what: ModemRequest) -> Asked {
        Box::pin(std::future::ready(modems::answer(name, &what)))
    }

    fn not_ready(&self) -> Option<String> {
        None
    }

    fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }
}

/// An API, its store and an administrator's token.
pub(super) struct Bench {
    _folder: tempfile::TempDir,
    store: Store,
    front: Front,
    daemon: Arc<Quiet>,
    token: String,
}

/// The token with 32 times this octet as its secret.
fn token_of(octet: u8) -> String {
    token::format(&[octet; 32])
}

impl Bench {
    async fn new() -> Self {
        Self::with(HttpSettings::default()).await
    }

    pub(super) async fn with(settings: HttpSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let database = Database::open(&Options::at(&path)).unwrap();
        let (store, _) = Store::start(database, path).unwrap();
        let mut pipeline = Settings { routes: vec![Route::over("main", &["north"])], ..Settings::default() };
        pipeline.groups.insert("north".into(), Group::new(TextProfile::default(), None));
        let pool = crate::policy::pool::PoolSettings::default();
        pipeline.groups.insert("pool".into(), Group::of_modems(TextProfile::default(), pool));
        let modems = modems::two();
        let daemon = Arc::new(Quiet { settings: Arc::new(pipeline), modems, ..Quiet::default() });
        let metrics = HttpMetrics::default();
        let api =
            Api::new(&settings, store.clone(), now, metrics.clone(), Arc::clone(&daemon) as Arc<dyn Surroundings>);
        let bench = Self {
            _folder: folder,
            store,
            front: Front::new(router(api), &settings, metrics),
            daemon,
            token: token_of(1),
        };
        bench.add_token("admin", 1, &["admin"]).await;
        bench
    }

    async fn add_token(&self, name: &'static str, octet: u8, scopes: &[&str]) -> i64 {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let hash = TokenHash::of(&token_of(octet));
        self.store.write(move |tx| store::token::insert(tx, name, &hash.0, &scopes, NOW)).await.unwrap()
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.front.handle(request, false).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await).await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        read(self.send(request.body(body.into()).unwrap()).await).await
    }

    /// Posts a plain message and gives its id.
    async fn accepted(&self, body: &str) -> String {
        let (status, answer) = self.post("/v1/messages", body.to_owned()).await;
        assert_eq!(status, 202, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn count(&self) -> usize {
        let list = |c: &rusqlite::Connection| store::message::list(c, &store::message::Filter::default(), 100_000);
        self.store.read(list).unwrap().0.len()
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(String::from_utf8_lossy(&bytes).into_owned())))
}

const PLAIN: &str = r#"{"to": "+821012345678", "text": "안녕하세요"}"#;
