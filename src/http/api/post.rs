//! `POST /v1/messages`: takes one message or many, and answers once they are on the disk.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::http::body::Read;
use crate::http::problem::{self, Problem, ProblemDocument};
use crate::http::request::MessageRequest;
use crate::http::settings::IDEMPOTENCY_KEY_MAX;
use crate::http::token::Scope;
use crate::model::Timestamp;
use crate::pipeline::{self, Answer, Key, Settings, Turn, Wakes};

use super::batch::{Accepted, AcceptedMessages, Batch, Poster};
use super::{Api, json_bytes, query};

/// Bodies above this are read on a blocking thread, so that other connections go on.
const QUICK_SIZE_BYTES: usize = 64 << 10;
/// Bodies above this are read in a thread of their own.
const LARGE_SIZE_BYTES: usize = 1 << 20;
/// How long a caller should wait while the backlog is at its limit.
const BACKLOG_WAIT: Duration = Duration::from_secs(10);
/// How long while the daemon takes nothing: it stops, or its disk is full.
const NOT_READY_WAIT: Duration = Duration::from_secs(5);

/// How the messages of a request are taken.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PostQuery {
    /// With `true` either all messages of the request are accepted or none.
    #[serde(default)]
    atomic: bool,
}

/// One message, or an array of up to 10,000.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub enum NewMessages {
    /// One.
    One(Box<MessageRequest<'static>>),
    /// Many.
    Many(Vec<MessageRequest<'static>>),
}

/// Accepts messages. The answer comes after they are on the disk.
///
/// One object is one message; an array holds up to 10,000. Of an array, the good messages are accepted even when others
/// are wrong, unless `atomic=true`. With `Idempotency-Key` a repeated request gets the first one's answer and does
/// nothing else.
#[utoipa::path(
    post, path = "/v1/messages", tag = "messages", security(("token" = ["messages:write"])),
    params(
        PostQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters, the caller's name for this request"),
    ),
    request_body(content = NewMessages, content_type = "application/json"),
    responses(
        (status = 202, description = "All accepted: one object for one message, `{\"messages\": […]}` for an array", body = inline(Answered)),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The content type is not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong, each named in `errors`; `messages` are those accepted all the same. Or the key was used for another request", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The backlog or the disk is full; see Retry-After", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn post_messages(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    let caller = api.authorize(&head.headers, Scope::MessagesWrite, now).await?;
    let atomic = atomic(&head.uri)?;
    let key = idempotency_key(&head.headers)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    refuse_when_full(&api)?;
    let settings = api.0.surroundings.settings();
    let exempts = caller.scopes.allow(Scope::ConsentsExempt).then(|| Arc::clone(&caller.name));
    let poster = Poster { defaults: api.0.defaults, exempts };
    let key = key.map(|key| Key { token: caller.token, key, digest: digest(&read.bytes, atomic) });
    // The body goes when its messages are made; its share of the memory goes when they are stored.
    let Read { bytes, share: _share } = read;
    let batch = Arc::new(prepare(bytes, poster, Arc::clone(&settings), now).await?);
    let refused = batch.refused();
    if batch.prepared.is_empty() || (atomic && refused > 0) {
        api.0.metrics.messages(0, batch.total);
        return Err(batch.refusal(Vec::new()));
    }
    let answer = store(&api, caller.token, key, &batch, settings, now).await?;
    api.0.metrics.messages(batch.prepared.len(), refused);
    Ok(answer)
}

/// Refuses while nothing more can be taken.
pub(super) fn refuse_when_full(api: &Api) -> Result<(), Problem> {
    if let Some(reason) = api.0.surroundings.not_ready() {
        return Err(Problem::unavailable("not_ready", reason, NOT_READY_WAIT));
    }
    let backlog = api.backend().backlog();
    if backlog >= api.0.backlog_max {
        let detail = format!("{backlog} messages wait to be sent already");
        return Err(Problem::unavailable("backlog", detail, BACKLOG_WAIT));
    }
    Ok(())
}

/// The answers with status 202, for the document.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Answered {
    /// To one message.
    One(Accepted),
    /// To an array.
    Many(AcceptedMessages<'static>),
}

fn atomic(uri: &Uri) -> Result<bool, Problem> {
    match uri.query() {
        None => Ok(false),
        Some(_) => query::read::<PostQuery>(uri).map(|asked| asked.atomic),
    }
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let good = (1..=IDEMPOTENCY_KEY_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if good && headers.get_all("idempotency-key").iter().count() == 1 {
        return Ok(Some(text.to_owned()));
    }
    let detail = format!("Idempotency-Key is one header of 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters");
    Err(Problem::bad_request("invalid_key", detail))
}

pub(super) fn digest(body: &[u8], atomic: bool) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix([u8::from(atomic)]);
    hash.update(body);
    hash.finalize().to_vec()
}

/// Reads, checks and encodes the messages of a body.
async fn prepare(body: Bytes, poster: Poster, settings: Arc<Settings>, now: Timestamp) -> Result<Batch, Problem> {
    if body.len() <= QUICK_SIZE_BYTES {
        return Batch::read(&body, &poster, &settings, now);
    }
    if body.len() > LARGE_SIZE_BYTES {
        return in_a_thread(move || Batch::read(&body, &poster, &settings, now)).await;
    }
    match tokio::task::spawn_blocking(move || Batch::read(&body, &poster, &settings, now)).await {
        Ok(result) => result,
        Err(_) => Err(Problem::bug()),
    }
}

/// Works in a thread that ends with it. Threads that stay keep memory of their own for the next time, and each of a pool
/// would keep what one large body needed.
async fn in_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("large-body".to_owned()).spawn(move || {
        // Nobody waits any more when the connection is gone.
        let _ = answer.send(work());
    });
    thread.map_err(|_| Problem::unavailable("busy", "the system gives no thread", NOT_READY_WAIT))?;
    answered.await.map_err(|_| Problem::bug())?
}

/// Writes what was prepared, and answers.
pub(super) async fn store(
    api: &Api,
    token: i64,
    key: Option<Key>,
    batch: &Arc<Batch>,
    settings: Arc<Settings>,
    now: Timestamp,
) -> Result<Response, Problem> {
    let work = Arc::clone(batch);
    let Some(key) = key else {
        let (stored, wakes) = api
            .backend()
            .write(move |tx| {
                let turn = Turn::new(tx, &settings, now);
                let stored = pipeline::accept(&turn, token, &work.prepared)?;
                Ok((stored, turn.wakes()))
            })
            .await?;
        api.0.surroundings.wake(wakes);
        let (status, body) = batch.answer(&stored);
        return Ok(answer(status, body));
    };
    let render = move |tx: &crate::store::Tx<'_>| {
        let turn = Turn::new(tx, &settings, now);
        let answer = pipeline::accept_once(&turn, &key, &work.prepared, |stored| {
            let (status, body) = work.answer(stored);
            format!("{}{}", status.as_u16(), String::from_utf8_lossy(&body))
        })?;
        Ok((answer, turn.wakes()))
    };
    let (kept, wakes) = api.backend().write(render).await?;
    kept_answer(api, kept, wakes)
}

/// An answer kept under a key is its status in three digits, and its body.
fn kept_answer(api: &Api, kept: Answer, wakes: Wakes) -> Result<Response, Problem> {
    let text = match kept {
        Answer::Done(text) => {
            api.0.surroundings.wake(wakes);
            text
        }
        Answer::Repeated(text) => text,
        Answer::KeyReused => {
            let detail = "this Idempotency-Key was used for another request; a new request needs a new key";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", detail));
        }
    };
    let (digits, body) = text.split_at_checked(3).unwrap_or_default();
    let status = StatusCode::from_bytes(digits.as_bytes()).unwrap_or(StatusCode::ACCEPTED);
    Ok(answer(status, body.as_bytes().to_vec()))
}

fn answer(status: StatusCode, body: Vec<u8>) -> Response {
    if status == StatusCode::ACCEPTED {
        return json_bytes(status, body);
    }
    (status, [(axum::http::header::CONTENT_TYPE, problem::CONTENT_TYPE)], body).into_response()
}
