//! Requests that nobody sends in earnest: none may cause a 5xx, a panic or a stored message that was not asked for.

use super::*;

/// A small generator, so that every run sends the same requests.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(0) % below.max(1)
    }
}

const FULL: &str = r#"{"to": "+821012345678", "from": "Shop", "text": "안녕 \ud83d\ude00", "class": "otp", "flash": true,
    "reference": "r", "tags": ["a"], "send_at": "2026-11-22T09:00:00+09:00", "valid_for": "1h", "on_doubt": "hold",
    "callback": "https://shop.example/", "transliterate": true, "route": "main", "parameters": {"a": "b"},
    "ports": {"destination": 1}, "waiting": {"kind": "fax"}, "udh": {"hex": "00"}, "replace": 3}"#;
const TOKENS: [&str; 20] = [
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "\"\"",
    "[]",
    "{}",
    "true",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "[[[[",
    "}}",
    ",",
    ":",
    "\"+\"",
    "\u{202e}",
    "\"99999999999999999999h\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"-9999-01-01T00:00:00Z\"",
    "0.5",
];

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut body = match random.next(3) {
        0 => FULL.as_bytes().to_vec(),
        1 => PLAIN.as_bytes().to_vec(),
        _ => format!("[{PLAIN},{FULL}]").into_bytes(),
    };
    for _ in 0..=random.next(4) {
        let place = random.next(body.len() + 1);
        match random.next(6) {
            0 => body.truncate(place),
            1 => body.insert(place, u8::try_from(random.next(256)).unwrap()),
            2 if place < body.len() => body[place] ^= 1 << random.next(8),
            3 => drop(body.splice(place..place, TOKENS[random.next(TOKENS.len())].bytes())),
            4 => {
                // Put a value of another type after some colon.
                let colons: Vec<usize> =
                    body.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(place, _)| place).collect();
                if let Some(&colon) = colons.get(random.next(colons.len())) {
                    let end = body[colon..]
                        .iter()
                        .position(|byte| matches!(byte, b',' | b'}'))
                        .map_or(body.len(), |far| colon + far);
                    drop(body.splice(colon + 1..end, TOKENS[random.next(TOKENS.len())].bytes()));
                }
            }
            _ => {
                let piece = body[place..].to_vec();
                body.extend_from_slice(&piece);
            }
        }
    }
    body
}

const PATHS: [&str; 12] = [
    "/v1/messages",
    "/v1/messages?atomic=true",
    "/v1/messages?atomic=maybe",
    "/v1/estimate",
    "/v1/messages/01jd8x4m2v0g0/resolve",
    "/v1/messages?limit=-1&cursor=%00",
    "/v1/messages/%F0%9F%98%80",
    "/v1/inbound?from=%ff",
    "/v1//messages",
    "/v1/messages/../..",
    "/v1/messages?%%%",
    "/v1/messages?to=%2B82&to=1",
];

#[tokio::test]
async fn ten_thousand_damaged_requests_cause_no_server_error() {
    let bench = Bench::new().await;
    let mut random = Random(0x5eed);
    let mut seen = std::collections::BTreeMap::new();
    for round in 0..10_000 {
        let body = mutated(&mut random);
        let path = if random.next(4) > 0 { "/v1/messages" } else { PATHS[random.next(PATHS.len())] };
        let method = if random.next(8) > 0 {
            Method::POST
        } else {
            [Method::GET, Method::DELETE, Method::PUT][random.next(3)].clone()
        };
        let mut request = bench.request(method, path);
        if random.next(10) > 0 {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if random.next(10) == 0 {
            request = request.header("idempotency-key", ["k", "", "é", "a b"][random.next(4)]);
        }
        if random.next(20) == 0 {
            request = request
                .header(header::CONTENT_TYPE, "text/plain")
                .header(header::CONTENT_LENGTH, "99999999999999999999");
        }
        let shown = String::from_utf8_lossy(&body).into_owned();
        let (status, answer) = read(bench.send(request.body(body.into()).unwrap()).await).await;
        assert!(status.as_u16() < 500, "round {round}, {path}: {status} {answer} to {shown}");
        assert!(
            status.is_success()
                || answer["type"].as_str().is_some_and(|kind| kind.starts_with("urn:postrider:problem:")),
            "round {round}: {status} {answer}"
        );
        *seen.entry(status.as_u16()).or_insert(0) += 1;
    }
    for status in [202, 400, 404, 415, 422] {
        assert!(seen.contains_key(&status), "the mutations are too tame: {seen:?}");
    }
}

#[tokio::test]
async fn wrong_content_types_and_sizes_have_their_own_answers() {
    let bench = Bench::with(HttpSettings { body_size_bytes_max: 1_000, ..HttpSettings::default() }).await;
    let request =
        bench.request(Method::POST, "/v1/messages").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let (status, answer) = read(bench.send(request.body("to=1".into()).unwrap()).await).await;
    assert_eq!(status, 415);
    assert!(answer["detail"].as_str().unwrap().contains("Content-Type: application/json"), "{answer}");
    let (status, _) = bench.post("/v1/messages", " ".repeat(1_001)).await;
    assert_eq!(status, 413);
    let (status, _) = bench.post("/v1/messages", Body::new(Chunks(3))).await;
    assert_eq!(status, 413, "the size counts though nobody announced it");
    let (status, _) = bench.post("/v1/messages", PLAIN).await;
    assert_eq!(status, 202);
}

/// A body that comes in pieces of 600 octets without a length.
struct Chunks(u8);

impl hyper::body::Body for Chunks {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, std::convert::Infallible>>> {
        if self.0 == 0 {
            return std::task::Poll::Ready(None);
        }
        self.0 -= 1;
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(vec![b' '; 600].into()))))
    }
}

#[tokio::test]
async fn above_the_backlog_limit_new_work_is_put_off() {
    let bench = Bench::with(HttpSettings { backlog_max: 1, ..HttpSettings::default() }).await;
    bench.accepted(PLAIN).await;
    let request = bench.request(Method::POST, "/v1/messages").header(header::CONTENT_TYPE, "application/json");
    let response = bench.send(request.body(PLAIN.into()).unwrap()).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[header::RETRY_AFTER], "10");
}

#[tokio::test]
async fn a_stopped_store_is_a_503_and_not_a_lie() {
    let bench = Bench::new().await;
    let _ = bench.store.write(|_| Err::<(), _>(store::StoreError::Io("planted".to_owned()))).await;
    let (status, answer) = bench.post("/v1/messages", PLAIN).await;
    assert_eq!((status.as_u16(), &answer["type"]), (503, &"urn:postrider:problem:stopping".into()));
}

#[tokio::test]
async fn another_servers_host_is_refused() {
    let bench = Bench::new().await;
    let request = Request::get("/healthz").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
    assert_eq!(bench.send(request).await.status(), 421);
    let request = Request::get("/healthz").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
    assert_eq!(bench.front.handle(request, true).await.status(), 200, "a unix socket has no names to check");
}
