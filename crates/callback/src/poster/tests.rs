//! The poster against small servers on loopback that answer as told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_250);

/// A request as the target saw it.
#[derive(Debug, Clone)]
struct Seen {
    path: String,
    headers: hyper::HeaderMap,
    body: Bytes,
}

/// A target that answers each path's last part as a status, and remembers what it saw.
struct Target {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

async fn target() -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let connections = Arc::new(AtomicUsize::new(0));
    let (log, count) = (Arc::clone(&seen), Arc::clone(&connections));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let log = Arc::clone(&log);
            let service = service_fn(move |request: Request<Incoming>| {
                let log = Arc::clone(&log);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let path = head.uri.path().to_owned();
                    log.lock().unwrap().push(Seen { path: path.clone(), headers: head.headers, body });
                    Ok::<_, Infallible>(answer(&path).await)
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Target { address, seen, connections }
}

async fn answer(path: &str) -> Response<Full<Bytes>> {
    let status = match path {
        "/never" => std::future::pending().await,
        _ => path.trim_start_matches('/').parse().unwrap_or(200),
    };
    let body = if path == "/long" { vec![b'x'; 1 << 20] } else { b"thanks".to_vec() };
    Response::builder()
        .status(status)
        .header("location", "http://elsewhere.example/")
        .header("retry-after", "120")
        .body(Full::new(body.into()))
        .unwrap()
}

impl Target {
    fn callback(&self, path: &str) -> Callback {
        Callback {
            id: "msg_01jd8x4m2v0g0".to_owned(),
            url: format!("http://{}{path}", self.address),
            body: Bytes::from_static(br#"{"type":"message.delivered"}"#),
        }
    }
}

fn poster(allowed: &str) -> Poster {
    let allowed = AllowedTargets::parse(allowed.split(' ')).unwrap();
    Poster::new(CallbackSettings { allowed, timeout: Duration::from_millis(1_500), ..CallbackSettings::default() })
        .unwrap()
}

async fn outcome(path: &str) -> Outcome {
    let target = target().await;
    poster("127.0.0.1").post(&Signer::new(SECRET).unwrap(), &target.callback(path), NOW).await
}

#[tokio::test]
async fn a_target_can_verify_what_it_gets() {
    let target = target().await;
    let signer = Signer::new(SECRET).unwrap();
    let outcome = poster("127.0.0.1").post(&signer, &target.callback("/hook?x=1"), NOW).await;
    assert_eq!(outcome, Outcome::Delivered { status: 200 });
    let seen = target.seen.lock().unwrap()[0].clone();
    let header = |name: &str| seen.headers[name].to_str().unwrap();
    assert_eq!((seen.path.as_str(), header("webhook-id")), ("/hook", "msg_01jd8x4m2v0g0"));
    let seconds = header("webhook-timestamp").parse().unwrap();
    assert!(signer.verify(header("webhook-id"), seconds, &seen.body, header("webhook-signature"), NOW, 5));
    assert_eq!(header("content-type"), "application/json");
    assert!(header("host").starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn one_connection_serves_many_callbacks() {
    let target = target().await;
    let (poster, signer) = (poster("127.0.0.1"), Signer::new(SECRET).unwrap());
    for _ in 0..20 {
        assert_eq!(poster.post(&signer, &target.callback("/204"), NOW).await, Outcome::Delivered { status: 204 });
    }
    assert_eq!(target.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn failures_are_tried_again_and_say_why() {
    for (path, part) in
        [("/500", "500"), ("/404", "404"), ("/302", "redirects are not followed"), ("/never", "no answer within")]
    {
        let outcome = outcome(path).await;
        assert!(matches!(&outcome, Outcome::Retry { reason, .. } if reason.contains(part)), "{path}: {outcome:?}");
    }
    let outcome = outcome("/503").await;
    let wish = Some(Duration::from_secs(120));
    assert!(
        matches!(&outcome, Outcome::Retry { status: Some(503), retry_after, .. } if *retry_after == wish),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn gone_means_no_more() {
    assert_eq!(outcome("/410").await, Outcome::Gone);
}

#[tokio::test]
async fn a_long_answer_is_cut_and_still_counts() {
    assert_eq!(outcome("/long").await, Outcome::Delivered { status: 200 });
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = target().await;
    poster("127.0.0.1").post(&Signer::new(SECRET).unwrap(), &target.callback("/307"), NOW).await;
    assert_eq!(target.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unlisted_host_gets_no_byte() {
    let target = target().await;
    let outcome = poster("shop.example").post(&Signer::new(SECRET).unwrap(), &target.callback("/"), NOW).await;
    assert!(matches!(&outcome, Outcome::Forbidden { reason } if reason.contains("127.0.0.1")), "{outcome:?}");
    for url in ["", "shop.example", "ftp://shop.example/", "http:///x", "https://[::1"] {
        let callback = Callback { url: url.to_owned(), ..target.callback("/") };
        let outcome = poster("shop.example").post(&Signer::new(SECRET).unwrap(), &callback, NOW).await;
        assert!(matches!(outcome, Outcome::Forbidden { .. }), "{url}: {outcome:?}");
    }
    assert_eq!(target.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_listed_name_that_leads_home_is_stopped_when_it_connects() {
    let target = target().await;
    // `ip6-localhost` and the like differ between machines; a rule for everything below "localhost" does not allow loopback.
    let callback =
        Callback { url: format!("http://hook.localhost:{}/", target.address.port()), ..target.callback("/") };
    let outcome = poster("*.localhost").post(&Signer::new(SECRET).unwrap(), &callback, NOW).await;
    assert!(matches!(outcome, Outcome::Retry { status: None, .. }), "{outcome:?}");
    assert_eq!(target.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_closed_port_says_so() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let callback = Callback { id: "x".to_owned(), url: format!("http://{address}/"), body: Bytes::new() };
    let outcome = poster("127.0.0.1").post(&Signer::new(SECRET).unwrap(), &callback, NOW).await;
    assert!(matches!(&outcome, Outcome::Retry { reason, .. } if reason.contains("refused")), "{outcome:?}");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    assert_eq!(wait("120", NOW), Some(Duration::from_secs(120)));
    assert_eq!(wait("Sun, 22 Nov 2026 00:02:00 GMT", NOW), Some(Duration::from_millis(119_750)));
    assert_eq!(wait("Sun, 22 Nov 2020 00:02:00 GMT", NOW), Some(Duration::ZERO));
    assert_eq!(wait("soon", NOW), None);
}
