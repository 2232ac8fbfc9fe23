//! Reads a request's body within bounds of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::problem::Problem;
use super::settings::HttpSettings;

/// Bodies up to this need no share of the common memory.
const SMALL: usize = 8 << 10;
/// Bodies up to this have a common memory of their own, so that they do not queue behind large ones.
const MEDIUM: usize = 64 << 10;
/// That memory.
const MEDIUM_MEMORY_BYTES: usize = 8 << 20;
/// The common memory is given out in these.
const PERMIT_SIZE_BYTES: usize = 1 << 10;
/// A body becomes messages of two to three times its size, which are there until they are stored.
const SHARES: usize = 4;
/// The byte order mark in UTF-8.
pub const UTF8_MARK: &[u8] = "\u{feff}".as_bytes();
/// How long a body waits for its share.
const SHARE_WAIT_MAX: Duration = Duration::from_secs(30);
/// Whoever waited in vain may come again after this.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// The part of the common memory that a body and what it becomes take. It is kept until the request is answered.
#[derive(Debug)]
pub struct Share(#[expect(dead_code, reason = "it is given back when it is dropped")] Option<OwnedSemaphorePermit>);

/// A body, and its share of the memory that all large bodies have together.
#[derive(Debug)]
pub struct Read {
    /// The octets.
    pub bytes: Bytes,
    /// What it takes of the common memory.
    pub share: Share,
}

/// Reads bodies.
#[derive(Debug, Clone)]
pub struct Reader {
    size_bytes_max: usize,
    timeout: Duration,
    large: Arc<Semaphore>,
    large_bytes: usize,
    medium: Arc<Semaphore>,
}

impl Reader {
    /// A reader with these limits.
    pub fn new(settings: &HttpSettings) -> Self {
        // One body of the largest size always fits, or it would wait for ever.
        let large_bytes = settings.bodies_size_bytes_max.max(settings.body_size_bytes_max);
        Self {
            size_bytes_max: settings.body_size_bytes_max,
            timeout: settings.body_timeout,
            large: Arc::new(Semaphore::new(permits(large_bytes))),
            large_bytes,
            medium: Arc::new(Semaphore::new(permits(MEDIUM_MEMORY_BYTES))),
        }
    }

    /// The whole body of a JSON request.
    ///
    /// # Errors
    /// 415 for another content type, 413 when it is too large, 408 when it comes too slowly, 400 when it breaks off.
    pub async fn json(&self, headers: &HeaderMap, body: Body) -> Result<Read, Problem> {
        check_content_type(headers)?;
        let mut read = self.read(headers, body).await?;
        // Windows tools put a byte order mark before UTF-8, which JSON does not know.
        if read.bytes.starts_with(UTF8_MARK) {
            read.bytes.advance(UTF8_MARK.len());
        }
        Ok(read)
    }

    /// The whole body of a form that a browser sends.
    ///
    /// # Errors
    /// As [`Reader::json`].
    pub async fn form(&self, headers: &HeaderMap, body: Body) -> Result<Read, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let detail = "a form is sent as application/x-www-form-urlencoded";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_a_form", detail));
        }
        self.read(headers, body).await
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Read, Problem> {
        self.any(headers, body).await
    }

    /// The whole body of any type.
    ///
    /// # Errors
    /// 413 when it is too large, 408 when it comes too slowly, 400 when it breaks off.
    pub async fn any(&self, headers: &HeaderMap, body: Body) -> Result<Read, Problem> {
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|size| size > self.size_bytes_max) {
            return Err(self.too_large());
        }
        // The wait for memory is ours, not the sender's.
        let share = self.share(announced.unwrap_or(0)).await?;
        self.collect(announced, share, body).await
    }

    async fn collect(
        &self,
        announced: Option<usize>,
        mut share: Option<OwnedSemaphorePermit>,
        mut body: Body,
    ) -> Result<Read, Problem> {
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        let mut until = Instant::now() + self.timeout;
        while let Some(frame) = timeout_at(until, body.frame()).await.map_err(|_| self.too_slow())? {
            let frame = frame.map_err(|_| Problem::bad_request("body_broken", "the body broke off"))?;
            let Ok(data) = frame.into_data() else { continue };
            let size = first.len() + all.len() + data.len();
            if size > self.size_bytes_max {
                return Err(self.too_large());
            }
            if size > SMALL && share.is_none() {
                let since = Instant::now();
                share = self.share(self.size_bytes_max).await?;
                until += since.elapsed();
            }
            if first.is_empty() && all.is_empty() {
                // Most bodies come in one piece, which is used as it is.
                first = data;
                continue;
            }
            if all.is_empty() {
                all.reserve(announced.unwrap_or(size).max(size));
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
        let bytes = if all.is_empty() { first } else { all.freeze() };
        Ok(Read { bytes, share: Share(share) })
    }

    /// The memory for a body of `size`, once there is some.
    async fn share(&self, size: usize) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let (memory, bytes) = match size {
            0..=SMALL => return Ok(None),
            size if size <= MEDIUM => (&self.medium, size * SHARES),
            _ => (&self.large, (size * SHARES).min(self.large_bytes)),
        };
        let count = u32::try_from(permits(bytes)).unwrap_or(u32::MAX);
        match timeout(SHARE_WAIT_MAX, Arc::clone(memory).acquire_many_owned(count)).await {
            Ok(Ok(permit)) => Ok(Some(permit)),
            Ok(Err(_)) => Err(Problem::unavailable("stopping", "the server is stopping", Duration::from_secs(5))),
            Err(_) => {
                let detail = "other large requests take all the memory that there is for them; try again";
                Err(Problem::unavailable("busy", detail, BUSY_WAIT))
            }
        }
    }

    fn too_slow(&self) -> Problem {
        let detail = format!("the body was not complete after {} s", self.timeout.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    }

    fn too_large(&self) -> Problem {
        let detail =
            format!("a body has at most {} octets; send the messages in several requests", self.size_bytes_max);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }
}

const fn permits(size_bytes: usize) -> usize {
    size_bytes.div_ceil(PERMIT_SIZE_BYTES)
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let detail = "the body is sent as it is: without Content-Encoding";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded_body", detail));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not_json_type",
        "the body is JSON: send the header \"Content-Type: application/json\"",
    ))
}
