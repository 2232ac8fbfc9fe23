//! The real binary and the file it works on: two daemons on one file (G29), and files that were put back, cut or emptied (G17).

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    reason = "a test may fail where it stands"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use postrider::sim::{CarrierServer, CarrierSettings, Keep, ServerSettings};
use postrider::store::open_reader;
use tokio::runtime::Runtime;

/// What a daemon answers that finds another one on its file.
const HELD: i32 = 75;

/// The gateway as a process.
struct Gateway {
    child: Child,
    address: SocketAddr,
    /// What it said until it was ready.
    said: String,
}

impl Gateway {
    fn start(config: &Path) -> Self {
        let mut child = command(config).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended before it was ready:\n{said}")).unwrap();
            said.push_str(&line);
            said.push('\n');
            if let Some((_, address)) = line.split_once("the API listens on ") {
                break address.trim().trim_start_matches("http://").parse().unwrap();
            }
        };
        // Somebody has to read on, or the pipe fills and the gateway waits for it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, said }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Posts a message to `number` and returns when it is acknowledged.
    fn post(&self, token: &str, number: u32) {
        let body = format!(r#"{{"to":"+8210{number:08}","class":"transactional","text":"order {number}"}}"#);
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
}

fn command(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    command.args(["run", "--config"]).arg(config).env_remove("JOURNAL_STREAM");
    command
}

/// A directory with a configuration and a database of its own, and a carrier.
struct House {
    runtime: Runtime,
    carrier: CarrierServer,
    folder: tempfile::TempDir,
    token: String,
}

impl House {
    fn new(segments_a_second: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let carrier = CarrierSettings {
            accounts: [("shop".to_owned(), "secret".to_owned())].into(),
            keep: Keep::Last(1_000_000),
            ..CarrierSettings::default()
        };
        let settings = ServerSettings { carrier, ..ServerSettings::default() };
        let carrier = runtime.block_on(CarrierServer::listen(([127, 0, 0, 1], 0).into(), settings)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut house = Self { runtime, carrier, folder, token: String::new() };
        house.write_config("postrider.toml", segments_a_second);
        let output = house.tool(&["token", "create", "--name", "test", "--scope", "messages:write"]);
        let text = String::from_utf8(output.stdout).unwrap();
        house.token = text.split_whitespace().find(|word| word.starts_with("pr_")).unwrap().to_owned();
        house
    }

    fn write_config(&self, name: &str, segments_a_second: u32) -> PathBuf {
        let path = self.folder.path().join(name);
        let text = format!(
            "[http]\nlisten = [\"127.0.0.1:0\"]\n[store]\npath = \"{}\"\n[messages.retry]\ndoubt_hold = \"1s\"\n\
             [limits]\nreconnect_pause_first = \"100ms\"\nbind_gap_min = \"100ms\"\n\
             [consent]\nquiet_hours = []\nlabels = \"off\"\n[[carrier]]\nname = \"north\"\nhosts = [\"{}\"]\n\
             system_id = \"shop\"\npassword = \"secret\"\nwindow = 4\nmessages_per_second = {segments_a_second}\n",
            self.database().display(),
            self.carrier.address(),
        );
        fs::write(&path, text).unwrap();
        path
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("postrider.toml")
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("postrider.db")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("postrider.db{suffix}"))
    }

    fn tool(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
        let output = command.args(words).arg("--config").arg(self.config()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// How many messages the carrier took.
    fn taken(&self) -> u64 {
        self.carrier.with(|carrier, _| carrier.ledger().counts.taken)
    }

    /// Kills the gateway, and waits until the carrier has read what it had sent.
    fn kill(&self, gateway: Gateway) {
        gateway.kill();
        let wait = self.carrier.until(|carrier| carrier.bound_connections() == 0);
        self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), wait).await }).unwrap();
    }

    fn until_taken(&self, count: u64) {
        let wait = self.carrier.until(|carrier| carrier.ledger().counts.taken >= count);
        let wait = async { tokio::time::timeout(Duration::from_secs(60), wait).await };
        self.runtime.block_on(wait).unwrap_or_else(|_| panic!("{} taken, {count} expected", self.taken()));
    }

    /// The numbers that the carrier took something for.
    fn numbers(&self) -> Vec<String> {
        self.carrier.with(|carrier, _| carrier.ledger().entries().map(|entry| entry.destination.clone()).collect())
    }

    /// What is in the database's files, by name.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    }

    /// Puts these files into the place of the database and its log.
    fn put_back(&self, db: &[u8], wal: Option<&[u8]>) {
        let _ = fs::remove_file(self.beside("-shm"));
        let _ = fs::remove_file(self.beside("-wal"));
        fs::write(self.database(), db).unwrap();
        if let Some(wal) = wal {
            fs::write(self.beside("-wal"), wal).unwrap();
        }
    }

    fn held(&self) -> serde_json::Value {
        let output = self.tool(&["restore", "--status", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// One number from the database.
fn number(database: &Path, sql: &str) -> i64 {
    open_reader(database).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_second_daemon_leaves_without_a_trace_and_says_who_holds_the_file() {
    let house = House::new(1);
    let first = Gateway::start(&house.config());
    for n in 0..20 {
        first.post(&house.token, n);
    }
    house.until_taken(1);
    let other_port = house.write_config("second.toml", 1);
    let by_link = house.write_config("third.toml", 1);
    std::os::unix::fs::symlink(house.folder.path(), house.folder.path().join("link")).unwrap();
    let text = fs::read_to_string(&by_link).unwrap().replace("/postrider.db", "/link/postrider.db");
    fs::write(&by_link, text).unwrap();
    // Nothing of the first one moves while it stands still, so that whatever changes is the second one's doing.
    let pid = rustix::process::Pid::from_child(&first.child);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    // The signal is only sent then; a thread may still end what it was writing.
    rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::UNTRACED).unwrap();
    let before = house.files();
    for round in 0..40 {
        let output = command(if round % 2 == 0 { &other_port } else { &by_link }).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(HELD), "{said}");
        let holder = format!("process {} (postrider run), since 2", first.child.id());
        assert!(said.contains(&holder), "{said}");
    }
    assert!(house.files() == before, "no file changed, and none came or went");
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    house.until_taken(3);
    // Tools work beside it, and the counts stay right.
    house.tool(&["token", "create", "--name", "another", "--scope", "messages:read"]);
    first.post(&house.token, 99);
    let wrong = "SELECT count(*) FROM (SELECT state FROM message UNION SELECT state FROM tally) AS known WHERE \
                 (SELECT count(*) FROM message WHERE state = known.state) <> \
                 coalesce((SELECT messages FROM tally WHERE state = known.state), 0)";
    assert_eq!(number(&house.database(), wrong), 0, "the counts of all states agree with the rows");
    // The kernel frees the file with the process.
    first.kill();
    Gateway::start(&house.config()).kill();
}

#[test]
fn a_file_that_was_put_back_sends_nothing_by_itself() {
    let house = House::new(5);
    let gateway = Gateway::start(&house.config());
    assert!(gateway.said.contains("Run 1 of database"), "{}", gateway.said);
    for n in 0..100 {
        gateway.post(&house.token, n);
    }
    house.until_taken(3);
    let (bare, log) = (fs::read(house.database()).unwrap(), fs::read(house.beside("-wal")).unwrap());
    let clean = house.folder.path().join("clean.db");
    let connection = rusqlite::Connection::open(house.database()).unwrap();
    connection.execute("VACUUM INTO ?1", [clean.to_str().unwrap()]).unwrap();
    drop(connection);
    let clean = fs::read(clean).unwrap();
    // What is done since the copies is missing in them.
    house.until_taken(house.taken() + 5);
    house.kill(gateway);
    let (last, last_log) = (fs::read(house.database()).unwrap(), fs::read(house.beside("-wal")).unwrap());
    let sent = house.numbers();
    let twice = |numbers: &[String]| numbers.len() - numbers.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(twice(&sent), 0);

    let cut = &last_log[..last_log.len() * 2 / 3];
    let flipped: Vec<u8> =
        last_log.iter().enumerate().map(|(at, octet)| octet ^ u8::from(at == last_log.len() / 2)).collect();
    /// What happened, the database, and its log.
    type Case<'a> = (&'a str, &'a [u8], Option<&'a [u8]>);
    let cases: [Case<'_>; 6] = [
        ("cp without its log", &bare, None),
        ("cp with its log", &bare, Some(&log)),
        ("a copy by VACUUM INTO", &clean, None),
        ("a cut log", &last, Some(cut)),
        ("a flipped bit in the log", &last, Some(&flipped)),
        ("a deleted log", &last, None),
    ];
    for (n, (case, db, wal)) in (5_000..).zip(cases) {
        house.put_back(db, wal);
        let before = house.taken();
        let gateway = Gateway::start(&house.config());
        assert!(gateway.said.contains("The database was put back"), "{case}: {}", gateway.said);
        gateway.post(&house.token, n);
        house.until_taken(before + 1);
        assert_eq!(house.numbers().last().unwrap(), &format!("8210{n:08}"), "{case}: only the new one was sent");
        assert_eq!(house.taken(), before + 1, "{case}");
        assert_eq!(house.held()["held"], true, "{case}");
        house.kill(gateway);
    }

    house.put_back(&clean, None);
    let before = house.taken();
    let gateway = Gateway::start(&house.config());
    let held = house.held()["messages"].as_u64().unwrap();
    assert!(held >= 10, "{held}");
    house.tool(&["restore", "--release"]);
    house.until_taken(before + held);
    assert_eq!(house.held()["held"], false);
    house.kill(gateway);
    // Released, and killed again: nothing is held.
    let gateway = Gateway::start(&house.config());
    assert!(!gateway.said.contains("put back"), "{}", gateway.said);
    gateway.kill();

    // An empty file is not begun anew, by the daemon or by a tool, and the log beside it stays.
    fs::write(house.database(), "").unwrap();
    fs::write(house.beside("-wal"), &last_log).unwrap();
    let output = command(&house.config()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("is empty, though"), "{said}");
    assert_eq!(fs::read(house.beside("-wal")).unwrap(), last_log);
    assert_eq!(fs::read(house.database()).unwrap(), b"");
}

#[test]
fn kills_without_a_restore_hold_nothing() {
    let house = House::new(200);
    for round in 0..10 {
        let gateway = Gateway::start(&house.config());
        assert!(!gateway.said.contains("put back"), "round {round}: {}", gateway.said);
        let before = house.taken();
        for n in 0..10 {
            gateway.post(&house.token, round * 100 + n);
        }
        house.until_taken(before + 3);
        gateway.kill();
    }
    assert_eq!(number(&house.database(), "SELECT count(*) FROM message WHERE held IS NOT NULL"), 0);
    assert_eq!(number(&house.database(), "SELECT count(*) FROM damaged"), 0);
}
