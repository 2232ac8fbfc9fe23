//! Posts one signed callback and says what came of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use postrider_model::{AllowedTargets, Timestamp};

use super::resolver::GuardedConnector;
use super::signature::Signer;

/// An answer's body is read up to this, so that its connection can be used again; a longer one costs the connection.
const ANSWER_SIZE_BYTES_MAX: usize = 64 << 10;

/// Times and limits of posting.
#[derive(Debug, Clone)]
pub struct CallbackSettings {
    /// Hosts and networks that may be posted to.
    pub allowed: AllowedTargets,
    /// From the start of the connection to the end of the answer.
    pub timeout: Duration,
    /// How long one address may take to answer a connection.
    pub connect_timeout: Duration,
    /// An unused connection is closed after this.
    pub idle_timeout: Duration,
    /// Unused connections kept to one host.
    pub idle_connections_max: usize,
    /// Authorities trusted besides the system's, in DER.
    pub extra_roots: Vec<rustls_pki_types::CertificateDer<'static>>,
}

impl Default for CallbackSettings {
    fn default() -> Self {
        Self {
            allowed: AllowedTargets::default(),
            timeout: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            idle_connections_max: 32,
            extra_roots: Vec::new(),
        }
    }
}

/// One callback to post.
#[derive(Debug, Clone)]
pub struct Callback {
    /// Stays the same over all tries, so that the target can drop doubles.
    pub id: String,
    /// Where to.
    pub url: String,
    /// The JSON.
    pub body: Bytes,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target took it.
    Delivered {
        /// Its 2xx status.
        status: u16,
    },
    /// It did not; try again later.
    Retry {
        /// The answer's status, if there was an answer.
        status: Option<u16>,
        /// What happened, for people.
        reason: String,
        /// When the target wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The target wants no callbacks any more (410).
    Gone,
    /// The configuration does not allow this target, or the URL is none: no byte was sent.
    Forbidden {
        /// Why not.
        reason: String,
    },
}

/// Posts callbacks over pooled connections. Cloning shares the pool.
#[derive(Clone)]
pub struct Poster {
    client: Client<HttpsConnector<GuardedConnector>, Full<Bytes>>,
    allowed: Arc<AllowedTargets>,
    timeout: Duration,
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster").field("allowed", &self.allowed).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("postrider/", env!("CARGO_PKG_VERSION")));

impl Poster {
    /// A poster with these settings and the system's certificate authorities.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: CallbackSettings) -> Result<Self, rustls::Error> {
        let allowed = Arc::new(settings.allowed);
        let tcp = GuardedConnector::new(Arc::clone(&allowed), settings.connect_timeout);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(super::tls::client_config(settings.extra_roots)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle_timeout)
            .pool_max_idle_per_host(settings.idle_connections_max)
            .build(connector);
        Ok(Self { client, allowed, timeout: settings.timeout })
    }

    /// Posts `callback` once, signed for `now`. Redirects are not followed: they count as failures.
    pub async fn post(&self, signer: &Signer, callback: &Callback, now: Timestamp) -> Outcome {
        let request = match self.request(signer, callback, now) {
            Ok(request) => request,
            Err(reason) => return Outcome::Forbidden { reason },
        };
        match tokio::time::timeout(self.timeout, self.exchange(request, now)).await {
            Ok(outcome) => outcome,
            Err(_) => failed(None, format!("no answer within {} s", self.timeout.as_secs_f32())),
        }
    }

    fn request(&self, signer: &Signer, callback: &Callback, now: Timestamp) -> Result<Request<Full<Bytes>>, String> {
        let uri = checked_uri(&self.allowed, &callback.url)?;
        let seconds = now.as_seconds();
        let signature = signer.sign(&callback.id, seconds, &callback.body);
        let mut request = Request::new(Full::new(callback.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.reserve(6);
        let header =
            |text: &str| HeaderValue::from_str(text).map_err(|_| "the callback's id is no header value".to_owned());
        headers.insert(WEBHOOK_ID, header(&callback.id)?);
        headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(seconds));
        headers.insert(WEBHOOK_SIGNATURE, header(&signature)?);
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(USER_AGENT, AGENT);
        Ok(request)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, now: Timestamp) -> Outcome {
        match self.client.request(request).await {
            Ok(response) => {
                let outcome = judge(&response, now);
                discard(response.into_body()).await;
                outcome
            }
            Err(error) => failed(None, whole_story(&error)),
        }
    }
}

/// The URL, if the configuration allows it.
fn checked_uri(allowed: &AllowedTargets, url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| format!("\"{url}\" is not a URL"))?;
    let port = match (uri.port_u16(), uri.scheme_str()) {
        (Some(port), Some("http" | "https")) => port,
        (None, Some("http")) => 80,
        (None, Some("https")) => 443,
        _ => return Err(format!("\"{url}\" is not an http or https URL")),
    };
    let host = uri.host().unwrap_or_default();
    if !allowed.allows_host(host, port) {
        return Err(format!("host {host}:{port} is not among the allowed callback hosts"));
    }
    Ok(uri)
}

fn judge(response: &Response<Incoming>, now: Timestamp) -> Outcome {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?, now));
    if status.is_success() {
        return Outcome::Delivered { status: status.as_u16() };
    }
    if status == StatusCode::GONE {
        return Outcome::Gone;
    }
    let mut reason = format!("answered {status}");
    if status.is_redirection() {
        let place = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        reason =
            format!("answered {status} to {}; redirects are not followed", place.chars().take(200).collect::<String>());
    }
    Outcome::Retry { status: Some(status.as_u16()), reason, retry_after }
}

/// `Retry-After` as seconds or as a date (RFC 9110, 10.2.3).
fn wait(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    Some(Timestamp::from(date).since(now))
}

/// Reads the answer's body to its end, so that the connection goes back to the pool.
async fn discard(mut body: Incoming) {
    let mut size = 0usize;
    while size <= ANSWER_SIZE_BYTES_MAX {
        match body.frame().await {
            Some(Ok(frame)) => size += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}

fn failed(status: Option<u16>, reason: String) -> Outcome {
    Outcome::Retry { status, reason, retry_after: None }
}

/// An error with its causes: the outermost alone says only "client error".
fn whole_story(error: &dyn std::error::Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !story.contains(&text) {
            story.push_str(": ");
            story.push_str(&text);
        }
        cause = inner.source();
    }
    story
}

#[cfg(test)]
mod tests;
