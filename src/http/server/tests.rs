//! The server over real sockets: slow peers, too many of them, too large heads, and the end.

use std::time::Duration;

use axum::routing;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::*;

/// A server with three paths: one answers at once, one when it is told to, one reads its body.
struct Running {
    address: String,
    stop: channel::Sender<bool>,
    go: Arc<tokio::sync::Notify>,
    reached: Arc<tokio::sync::Notify>,
    task: JoinHandle<()>,
}

async fn start(settings: HttpSettings) -> Running {
    let (go, reached) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (wait, arrived) = (Arc::clone(&go), Arc::clone(&reached));
    let reader = crate::http::body::Reader::new(&settings);
    let router = Router::new()
        .route("/quick", routing::get(async || "ok"))
        .route("/panic", routing::get(panicking))
        .route(
            "/waits",
            routing::get(async move || {
                arrived.notify_one();
                wait.notified().await;
                "done"
            }),
        )
        .route(
            "/body",
            routing::post(async move |request: Request<Body>| {
                let (head, body) = request.into_parts();
                reader.json(&head.headers, body).await.map(|read| read.bytes.len().to_string())
            }),
        );
    let listener = Listener::open(&settings.listen[0]).await.unwrap();
    let address = listener.describe();
    let front = Front::new(router, &settings, HttpMetrics::default());
    let (stop, stopping) = channel::channel(false);
    let task = tokio::spawn(Server::new(front, settings).run(vec![listener], stopping));
    Running { address, stop, go, reached, task }
}

async fn panicking() -> &'static str {
    panic!("planted")
}

fn settings() -> HttpSettings {
    HttpSettings { listen: vec!["127.0.0.1:0".to_owned()], ..HttpSettings::default() }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address.strip_prefix("http://").unwrap()).await.unwrap()
    }
}

const QUICK: &[u8] = b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Reads until the answer so far contains `part`, or the peer closes.
async fn read_until(stream: &mut (impl AsyncRead + Unpin), part: &str) -> String {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&all).contains(part) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    read_until(stream, "\r\n\r\nok").await
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let server = start(settings()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        assert!(ask(&mut stream, QUICK).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_unix_socket_serves_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let server = start(HttpSettings { listen: vec![format!("unix:{}", path.display())], ..settings() }).await;
    let mut stream = UnixStream::connect(&path).await.unwrap();
    assert!(ask(&mut stream, b"GET /quick HTTP/1.1\r\nHost: anything\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    server.stop.send(true).unwrap();
    drop(stream);
    server.task.await.unwrap();
    assert!(!path.exists(), "the socket file is removed at the end");
}

#[tokio::test]
async fn slow_heads_are_cut_off_and_others_are_served_meanwhile() {
    let server = start(HttpSettings { head_timeout: Duration::from_millis(300), ..settings() }).await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /quick HTTP/1.1\r\nHost: loc").await.unwrap();
        slow.push(stream);
    }
    assert!(ask(&mut server.connect().await, QUICK).await.starts_with("HTTP/1.1 200"));
    for stream in &mut slow {
        assert!(!read_until(stream, "200 OK").await.contains("200 OK"), "it was closed");
    }
}

#[tokio::test]
async fn a_second_head_is_watched_like_the_first() {
    let server = start(HttpSettings { head_timeout: Duration::from_millis(200), ..settings() }).await;
    let mut stream = server.connect().await;
    ask(&mut stream, QUICK).await;
    stream.write_all(b"GET /qui").await.unwrap();
    assert_eq!(read_until(&mut stream, "never").await, "");
}

#[tokio::test]
async fn an_unused_connection_is_closed_after_the_idle_time_only() {
    let server = start(HttpSettings {
        head_timeout: Duration::from_millis(1),
        idle_timeout: Duration::from_millis(500),
        ..settings()
    })
    .await;
    let mut stream = server.connect().await;
    assert!(ask(&mut stream, QUICK).await.contains("200 OK"));
    let began = tokio::time::Instant::now();
    assert_eq!(read_until(&mut stream, "never").await, "");
    assert!(began.elapsed() > Duration::from_millis(400), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_slow_body_is_408() {
    let server = start(HttpSettings { body_timeout: Duration::from_millis(200), ..settings() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{").await.unwrap();
    assert!(read_until(&mut stream, "body_timeout").await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_is_413_before_it_is_read() {
    let server = start(settings()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n").await.unwrap();
    assert!(read_until(&mut stream, "body_too_large").await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn heads_that_are_too_large_or_have_too_many_lines_are_431() {
    let server = start(settings()).await;
    let long = format!("GET /quick HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    let many = format!("GET /quick HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: 1\r\n".repeat(200));
    for request in [long, many] {
        let mut stream = server.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 431"));
    }
}

#[tokio::test]
async fn what_is_not_http_is_400_and_hurts_nobody() {
    let server = start(settings()).await;
    for request in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01",
        b"HELO there\r\n\r\n",
    ] {
        let mut stream = server.connect().await;
        stream.write_all(request).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_until(&mut stream, "\r\n\r\n").await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert!(ask(&mut server.connect().await, QUICK).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_connection_too_many_gets_503_and_a_place_when_one_is_free() {
    let server = start(HttpSettings { connections_max: 1, ..settings() }).await;
    let mut first = server.connect().await;
    assert!(ask(&mut first, QUICK).await.contains("200 OK"));
    let mut second = server.connect().await;
    let answer = read_until(&mut second, "never").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503") && head.contains("Retry-After: 1"), "{answer}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{answer}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["status"], 503);
    drop(first);
    for _ in 0..10_000 {
        let mut next = server.connect().await;
        // Being turned away, the connection may be reset while the request is written.
        let _ = next.write_all(QUICK).await;
        if read_until(&mut next, "\r\n\r\nok").await.contains("200 OK") {
            return;
        }
    }
    panic!("the place never became free");
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_not_the_connection() {
    let server = start(settings()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let answer = read_until(&mut stream, "}").await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("urn:postrider:problem:bug"), "{answer}");
    assert!(ask(&mut stream, QUICK).await.contains("200 OK"));
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let server = start(settings()).await;
    let mut stream = server.connect().await;
    let mut idle = server.connect().await;
    ask(&mut idle, QUICK).await;
    stream.write_all(b"GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    server.reached.notified().await;
    server.stop.send(true).unwrap();
    assert_eq!(read_until(&mut idle, "never").await, "", "idle connections are closed at once");
    server.go.notify_one();
    assert!(read_until(&mut stream, "done").await.starts_with("HTTP/1.1 200"));
    server.task.await.unwrap();
}
