//! Measures the HTTP side over loopback, load tool included: durable accepts one by one and in batches, and callbacks.
//!
//! ```text
//! cargo bench --bench http            # all
//! cargo bench --bench http accept     # one of: accept, batch, callback
//! ```
//!
//! The server, the SQLite writer and the load share the machine's cores. Every 202 means that the disk has the message.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail where it stands"
)]
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider::callback::{Callback, CallbackSettings, Outcome, Poster, Signer, format_secret};
use postrider::http::token::{self, TokenHash};
use postrider::http::{
    Api, Front, HttpMetrics, HttpSettings, LinkStatus, Listener, Server, Surroundings, clock, router,
};
use postrider::model::AllowedTargets;
use postrider::pipeline::{Group, Settings, Wakes};
use postrider::policy::routes::Route;
use postrider::store::{self, Database, Options, Store};
use postrider::text::TextProfile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TIME: Duration = Duration::from_secs(5);

fn main() {
    let only: Option<String> = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        if wanted("accept") {
            for connections in [1, 16, 64] {
                accepts(connections, 1).await;
            }
        }
        if wanted("batch") {
            accepts(2, 1_000).await;
        }
        if wanted("callback") {
            callbacks(32).await;
        }
    });
}

struct Alone(Arc<Settings>);

impl Surroundings for Alone {
    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0)
    }
    fn wake(&self, _: Wakes) {}
    fn links(&self) -> Vec<LinkStatus> {
        Vec::new()
    }
    fn not_ready(&self) -> Option<String> {
        None
    }
    fn metrics(&self) -> String {
        String::new()
    }
}

/// `connections` clients post `batch` messages a request for [`TIME`].
async fn accepts(connections: usize, batch: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (address, token) = serve(folder.path()).await;
    let request: Bytes = request(&token, batch).into();
    let (done, until, start) = (Arc::new(AtomicUsize::new(0)), Instant::now() + TIME, Instant::now());
    let cpu = cpu_time();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..connections {
        clients.spawn(client(address, request.clone(), Arc::clone(&done), until));
    }
    clients.join_all().await;
    let messages = done.load(Ordering::Relaxed) * batch;
    report(&format!("accepts, {connections} connections, {batch} a request"), messages, start.elapsed(), cpu);
}

async fn serve(folder: &std::path::Path) -> (SocketAddr, String) {
    let path = folder.join("bench.db");
    let (store, _) = Store::start(Database::open(&Options::at(&path)).unwrap(), path).unwrap();
    let token = token::format(&[7; 32]);
    let hash = TokenHash::of(&token);
    let scopes = vec!["messages:write".to_owned()];
    store.write(move |tx| store::token::insert(tx, "bench", &hash.0, &scopes, clock::system())).await.unwrap();
    // What is measured must not depend on the hour.
    let consent = Arc::new(postrider::campaign::Rules::off());
    let mut pipeline = Settings { routes: vec![Route::over("main", &["north"])], consent, ..Settings::default() };
    pipeline.groups.insert("north".into(), Group::new(TextProfile::default(), None));
    let settings = HttpSettings { listen: vec!["127.0.0.1:0".to_owned()], ..HttpSettings::default() };
    let metrics = HttpMetrics::default();
    let api = Api::new(&settings, store, clock::system, metrics.clone(), Arc::new(Alone(Arc::new(pipeline))));
    let listener = Listener::open(&settings.listen[0]).await.unwrap();
    let address = listener.describe().strip_prefix("http://").unwrap().parse().unwrap();
    let front = Front::new(router(api), &settings, metrics);
    tokio::spawn(async move {
        // The sender lives as long as the server: it is never stopped.
        let (_stop, stopping) = tokio::sync::watch::channel(false);
        Server::new(front, settings).run(vec![listener], stopping).await;
    });
    (address, token)
}

fn request(token: &str, batch: usize) -> Vec<u8> {
    let one = r#"{"to":"+821012345678","from":"Shop","text":"Your order 123456 has left our store and arrives tomorrow.","class":"transactional","reference":"order-123456"}"#;
    let body = if batch == 1 { one.to_owned() } else { format!("[{}]", vec![one; batch].join(",")) };
    format!(
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn client(address: SocketAddr, request: Bytes, done: Arc<AtomicUsize>, until: Instant) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = vec![0; 1 << 20];
    while Instant::now() < until {
        stream.write_all(&request).await.unwrap();
        read_answer(&mut stream, &mut answer, b"HTTP/1.1 202").await;
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads one answer whole; it has to start with `wanted`.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8], wanted: &[u8]) {
    let (mut filled, mut size) = (0, usize::MAX);
    while filled < size {
        let count = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(count > 0, "closed");
        filled += count;
        if size == usize::MAX
            && let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
            size = end + 4 + length.parse::<usize>().unwrap();
        }
    }
    assert!(buffer.starts_with(wanted), "{}", String::from_utf8_lossy(&buffer[..filled.min(400)]));
}

/// `concurrency` callbacks at a time to a target in the same process, for [`TIME`].
async fn callbacks(concurrency: usize) {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = target.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = target.accept().await {
            tokio::spawn(answer_all(stream));
        }
    });
    let allowed = AllowedTargets::parse(["127.0.0.1"]).unwrap();
    let poster = Poster::new(CallbackSettings { allowed, ..CallbackSettings::default() }).unwrap();
    let signer = Arc::new(Signer::new(&format_secret(&[7; 32])).unwrap());
    let (done, until, start) = (Arc::new(AtomicUsize::new(0)), Instant::now() + TIME, Instant::now());
    let cpu = cpu_time();
    let mut posters = tokio::task::JoinSet::new();
    for _ in 0..concurrency {
        let (poster, signer, done) = (poster.clone(), Arc::clone(&signer), Arc::clone(&done));
        posters.spawn(async move {
            while Instant::now() < until {
                let callback = Callback {
                    id: "evt_01jd8x4m2v0g0_0".to_owned(),
                    url: format!("http://{address}/sms"),
                    body: Bytes::from_static(br#"{"type":"message.delivered","timestamp":"2026-11-22T00:00:00.000Z","data":{"id":"01jd8x4m2v0g0","state":"delivered","to":"+821012345678","class":"transactional","segments":1}}"#),
                };
                let outcome = poster.post(&signer, &callback, clock::system()).await;
                assert_eq!(outcome, Outcome::Delivered { status: 204 });
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    posters.join_all().await;
    report(&format!("callbacks, {concurrency} at a time"), done.load(Ordering::Relaxed), start.elapsed(), cpu);
}

/// Answers every request on a connection; a request ends where its body's last brace is.
async fn answer_all(mut stream: TcpStream) {
    let mut buffer = vec![0; 4096];
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..]).await {
            Ok(0) | Err(_) => return,
            Ok(count) => filled += count,
        }
        if buffer[..filled].ends_with(b"}}") {
            filled = 0;
            if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}

/// User and system time of this process so far.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // After the state letter: user time is the 11th number, system time the 12th, in hundredths of a second.
    let ticks = fields.get(10).copied().unwrap_or(0) + fields.get(11).copied().unwrap_or(0);
    Duration::from_millis(ticks * 10)
}

fn report(name: &str, count: usize, took: Duration, cpu_before: Duration) {
    let used = cpu_time().saturating_sub(cpu_before);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let count_f = count as f64;
    println!(
        "{name:45} {:>9.0}/s   {:>6.1} µs of CPU each (load included), {:.2} cores",
        count_f / took.as_secs_f64(),
        used.as_secs_f64() * 1e6 / count_f.max(1.0),
        used.as_secs_f64() / took.as_secs_f64(),
    );
}
