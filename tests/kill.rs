//! The real binary, killed at random points under load, against a carrier that keeps its own ledger.
//!
//! What is acknowledged must not be lost (G2), must not be sent twice without a recorded doubt (G3), and every receipt
//! must find its message after the restart (G7). `POSTRIDER_KILLS` sets how often it is killed (20 by default),
//! `POSTRIDER_SEED` replays the moments.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postrider::model::{MessageId, Random, State};
use postrider::sim::{CarrierServer, CarrierSettings, Keep, ReceiptSettings, ServerSettings};
use postrider::store::{StoreError, open_reader};

/// The gateway as a process.
struct Gateway {
    child: Child,
    address: SocketAddr,
}

impl Gateway {
    /// Starts it and waits until it says that it is ready.
    fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_postrider"))
            .args(["run", "--config"])
            .arg(config)
            .env_remove("JOURNAL_STREAM")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended before it was ready:\n{seen}")).unwrap();
            seen.push_str(&line);
            seen.push('\n');
            if let Some((_, address)) = line.split_once("the API listens on ") {
                break address.trim().trim_start_matches("http://").parse().unwrap();
            }
        };
        // Somebody has to read on, or the pipe fills and the gateway waits for it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(9), "it ended by itself before the kill");
    }
}

/// Posts one message over `stream`; the id if it was acknowledged.
fn post(stream: &mut TcpStream, token: &str, number: u32) -> std::io::Result<Option<String>> {
    let class = ["marketing", "transactional", "otp"][number as usize % 3];
    // Every seventh message has three segments.
    let text =
        if number.is_multiple_of(7) { format!("{number} {}", "a".repeat(400)) } else { format!("order {number}") };
    let body = format!(r#"{{"to":"+8210{number:08}","class":"{class}","text":"{text}"}}"#);
    write!(
        stream,
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if rest.len() < length.unwrap_or(0) {
            continue;
        }
        if !head.starts_with("HTTP/1.1 202") {
            return Ok(None);
        }
        let answer: serde_json::Value = serde_json::from_str(rest).unwrap();
        return Ok(answer["id"].as_str().map(str::to_owned));
    }
}

/// Posts until the gateway dies or `stop` is set; returns what was acknowledged, by the number in it.
fn load(address: SocketAddr, token: &str, from: u32, stop: &AtomicBool) -> BTreeMap<u32, String> {
    let mut acknowledged = BTreeMap::new();
    let Ok(mut stream) = TcpStream::connect(address) else { return acknowledged };
    for number in from..from + 1_000_000 {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match post(&mut stream, token, number) {
            Ok(Some(id)) => drop(acknowledged.insert(number, id)),
            Ok(None) => {}
            Err(_) => break,
        }
    }
    acknowledged
}

fn write_config(dir: &Path, carrier: SocketAddr) -> PathBuf {
    let path = dir.join("postrider.toml");
    let text = format!(
        "[http]\nlisten = [\"127.0.0.1:0\"]\n[store]\npath = \"{0}/postrider.db\"\n[messages.retry]\ndoubt_hold = \"1s\"\n\
         [limits]\nreconnect_pause_first = \"100ms\"\nbind_gap_min = \"100ms\"\n\
         [consent]\nquiet_hours = []\nlabels = \"off\"\n[[carrier]]\nname = \"north\"\nhosts = [\"{carrier}\"]\nsystem_id = \"shop\"\npassword = \"secret\"\nwindow = 20\n",
        dir.display()
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn token(config: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .args(["token", "create", "--name", "test", "--scope", "messages:write", "--config"])
        .arg(config)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().find(|word| word.starts_with("pr_")).unwrap().to_owned()
}

/// One message as the database has it in the end.
struct Kept {
    state: State,
    doubts: u32,
    segments: usize,
    recipient: String,
}

fn kept(db: &Path, id: &str) -> Option<Kept> {
    let id: MessageId = id.parse().unwrap();
    let connection = open_reader(db).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let found = connection
        .query_row("SELECT state, doubts, segments, recipient FROM message WHERE id = ?1", [id.as_i64()], row)
        .map(Some)
        .or_else(
            |error| if error == rusqlite::Error::QueryReturnedNoRows { Ok(None) } else { Err(StoreError::from(error)) },
        )
        .unwrap();
    found.map(|(state, doubts, segments, recipient)| Kept {
        state: state.parse().unwrap(),
        doubts,
        segments,
        recipient,
    })
}

fn unfinished(db: &Path) -> i64 {
    let sql = "SELECT count(*) FROM message WHERE state IN ('queued', 'leased', 'sent')";
    open_reader(db).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn nothing_is_lost_or_doubled_without_a_doubt_over_kills_under_load() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (kills, seed) = (number("POSTRIDER_KILLS", 20), number("POSTRIDER_SEED", 7));
    println!("POSTRIDER_KILLS={kills} POSTRIDER_SEED={seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let carrier = CarrierSettings {
        accounts: [("shop".to_owned(), "secret".to_owned())].into(),
        receipts: ReceiptSettings {
            delay: (Duration::from_millis(20), Duration::from_millis(400)),
            ..Default::default()
        },
        redeliver_after: Duration::from_secs(1),
        keep: Keep::Last(10_000_000),
        ..CarrierSettings::default()
    };
    let settings = ServerSettings { carrier, seed, ..ServerSettings::default() };
    let server = runtime.block_on(CarrierServer::listen(([127, 0, 0, 1], 0).into(), settings)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (config, db) = (write_config(dir.path(), server.address()), dir.path().join("postrider.db"));
    let token = token(&config);

    let mut random = Random::new(seed);
    let mut acknowledged: BTreeMap<u32, String> = BTreeMap::new();
    for round in 0..u32::try_from(kills).unwrap() {
        let gateway = Gateway::start(&config);
        let stop = Arc::new(AtomicBool::new(false));
        let loads: Vec<_> = (0..4)
            .map(|lane| {
                let (address, token, stop) = (gateway.address, token.clone(), stop.clone());
                std::thread::spawn(move || load(address, &token, round * 400_000 + lane * 100_000, &stop))
            })
            .collect();
        // The moment is random in what it interrupts; the carrier's count says when there is something to interrupt.
        let taken = server.with(|carrier, _| carrier.ledger().counts.taken);
        let enough = taken + random.below(300);
        runtime.block_on(server.until(|carrier| carrier.ledger().counts.taken > enough));
        gateway.kill();
        stop.store(true, Ordering::Relaxed);
        for load in loads {
            acknowledged.extend(load.join().unwrap());
        }
    }
    let last = Gateway::start(&config);
    let deadline = std::time::Duration::from_secs(120);
    settle(&db, deadline);
    last.kill();
    check(&db, &acknowledged, &server);
}

/// Waits until every message has a final state, looking at the database a few times a second.
fn settle(db: &Path, limit: Duration) {
    let ticks = std::sync::mpsc::sync_channel::<()>(1);
    let mut waited = Duration::ZERO;
    while unfinished(db) > 0 {
        assert!(waited < limit, "{} messages are not finished after {limit:?}", unfinished(db));
        let tick = Duration::from_millis(200);
        let _ = ticks.1.recv_timeout(tick);
        waited += tick;
    }
}

fn check(db: &Path, acknowledged: &BTreeMap<u32, String>, server: &CarrierServer) {
    // What the carrier took, by recipient and content.
    let mut copies: BTreeMap<(String, Vec<u8>), u32> = BTreeMap::new();
    server.with(|carrier, _| {
        for entry in carrier.ledger().entries().filter(|entry| entry.status == 0) {
            *copies.entry((format!("+{}", entry.destination), entry.user_data.clone())).or_default() += 1;
        }
    });
    let mut segments: BTreeMap<String, (usize, u32)> = BTreeMap::new();
    for ((recipient, _), count) in &copies {
        let one = segments.entry(recipient.clone()).or_default();
        *one = (one.0 + 1, one.1.max(*count));
    }
    let (mut lost, mut doubled, mut unmatched, mut doubts, mut resent) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    for (number, id) in acknowledged {
        let Some(kept) = kept(db, id) else {
            lost.push(*number);
            continue;
        };
        let (sent, most) = segments.get(&kept.recipient).copied().unwrap_or_default();
        doubts += usize::from(kept.doubts > 0);
        resent += usize::from(most > 1);
        match kept.state {
            State::Uncertain if kept.doubts > 0 => {}
            _ if sent < kept.segments => lost.push(*number),
            State::Delivered => {}
            _ => unmatched.push((*number, kept.state)),
        }
        if most > 1 && kept.doubts == 0 || most > 2 {
            doubled.push(*number);
        }
    }
    let known: BTreeSet<&String> = acknowledged.values().collect();
    println!(
        "{} acknowledged, {doubts} in doubt of which {resent} went twice, {} lost, {} doubled, {} without a receipt",
        known.len(),
        lost.len(),
        doubled.len(),
        unmatched.len()
    );
    assert!(known.len() > 500, "too little load to prove anything: {}", known.len());
    assert!(lost.is_empty() && doubled.is_empty() && unmatched.is_empty(), "{lost:?} {doubled:?} {unmatched:?}");
}
