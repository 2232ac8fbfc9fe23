//! The tool: posts messages, takes callbacks, and keeps a journal of both that the gateway never sees.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use postrider::callback::Signer;
use postrider::model::{Random, Timestamp};

use crate::plan::{Post, Writing};

/// The secret that callbacks are signed with.
pub const SECRET: &str = "whsec_dG9ydHVyZSB0b3J0dXJlIHRvcnR1cmUgdG9ydHVyZSE=";

/// What happened on the tool's side, line by line, and how often.
pub struct Journal {
    inside: Mutex<Inside>,
    happened: Condvar,
}

struct Inside {
    file: File,
    lines: u64,
    random: Random,
    refused_once: BTreeSet<String>,
}

impl Journal {
    /// A journal in this file.
    pub fn new(path: &Path, seed: u64) -> Self {
        let file = File::create(path).unwrap();
        let inside = Inside { file, lines: 0, random: Random::new(seed), refused_once: BTreeSet::new() };
        Self { inside: Mutex::new(inside), happened: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    fn note(&self, inside: &mut Inside, what: &str, rest: &str) {
        writeln!(inside.file, "{what}\t{}\t{rest}", wall().as_millis()).unwrap();
        inside.lines += 1;
        self.happened.notify_all();
    }

    /// A message was acknowledged.
    pub fn accepted(&self, number: u32, id: &str) {
        self.note(&mut self.lock(), "accepted", &format!("{number}\t{id}"));
    }

    /// A person wrote.
    pub fn wrote(&self, writing: &Writing) {
        let Writing { from, kind, text, parts, .. } = writing;
        let parts: Vec<String> = parts.iter().map(|part| hex(&part.user_data)).collect();
        self.note(&mut self.lock(), "wrote", &format!("{kind}\t{from}\t{text}\t{}", parts.join(",")));
    }

    /// Waits until `more` more lines were written, or the time is over.
    pub fn until_happened(&self, more: u64, limit: Duration) {
        let inside = self.lock();
        let enough = inside.lines + more;
        drop(self.happened.wait_timeout_while(inside, limit, |inside| inside.lines < enough).unwrap());
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The wall clock.
pub fn wall() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the journal shows the wall clock, as the gateway's does")]
    jiff::Timestamp::now().into()
}

/// Posts one message; its id if it was acknowledged, `None` if it was refused, an error if nobody knows.
pub fn post(stream: &mut TcpStream, token: &str, post: &Post) -> std::io::Result<Option<String>> {
    let body = post.json();
    write!(
        stream,
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k{}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        post.number,
        body.len()
    )?;
    let mut answer = Vec::new();
    let (head, body) = read_one(stream, &mut answer)?;
    if !head.starts_with("HTTP/1.1 202") {
        return Ok(None);
    }
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
    Ok(answer["id"].as_str().map(str::to_owned))
}

/// Reads a head and a body with a declared length; what came behind it stays in `buffered`.
fn read_one(stream: &mut TcpStream, buffered: &mut Vec<u8>) -> std::io::Result<(String, Vec<u8>)> {
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(end) = buffered.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffered[..end]).into_owned();
            let length = field(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            if buffered.len() >= end + 4 + length {
                let rest = buffered.split_off(end + 4 + length);
                let body = buffered.split_off(end + 4);
                *buffered = rest;
                return Ok((head, body));
            }
        }
        match stream.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            octets => buffered.extend_from_slice(&buffer[..octets]),
        }
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Takes callbacks, and now and then does not.
pub struct Hooks {
    /// Where it listens.
    pub address: SocketAddr,
    faulty: Arc<AtomicBool>,
}

impl Hooks {
    /// Listens until the process ends.
    pub fn start(journal: &Arc<Journal>, faulty: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, faulty) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(faulty)));
        let (journal, from_now) = (journal.clone(), faulty.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (journal, faulty) = (journal.clone(), from_now.clone());
                // A connection ends with the gateway that made it.
                std::thread::spawn(move || serve(stream, &journal, &faulty).unwrap_or(()));
            }
        });
        Self { address, faulty }
    }

    /// From now on every callback is taken.
    pub fn heal(&self) {
        self.faulty.store(false, Ordering::Relaxed);
    }
}

fn serve(mut stream: TcpStream, journal: &Journal, faulty: &AtomicBool) -> std::io::Result<()> {
    let signer = Signer::new(SECRET).unwrap();
    let mut buffered = Vec::new();
    loop {
        let (head, body) = read_one(&mut stream, &mut buffered)?;
        let value = |name| field(&head, name).unwrap_or_default();
        let (id, signature) = (value("webhook-id"), value("webhook-signature"));
        let seconds = value("webhook-timestamp").parse().unwrap_or(0);
        let signed = signer.verify(id, seconds, &body, signature, wall(), 300);
        let mut inside = journal.lock();
        // Only a first try fails: the second comes after five seconds, the third would come after half a minute.
        let once = faulty.load(Ordering::Relaxed) && !inside.refused_once.contains(id);
        let outcome = match inside.random.below(100) {
            0..3 if once => "failed",
            3..5 if once => "hung",
            _ => "taken",
        };
        if outcome != "taken" {
            inside.refused_once.insert(id.to_owned());
        }
        // Written before the answer leaves, so that what the gateway takes for done is always here.
        let body = String::from_utf8_lossy(&body);
        let signed = if signed { "signed" } else { "unsigned" };
        journal.note(&mut inside, "callback", &format!("{outcome}\t{id}\t{signed}\t{body}"));
        drop(inside);
        match outcome {
            "hung" => return Ok(()),
            "failed" => stream.write_all(b"HTTP/1.1 500 Down\r\ncontent-length: 0\r\n\r\n")?,
            _ => stream.write_all(b"HTTP/1.1 204 Taken\r\n\r\n")?,
        }
    }
}
