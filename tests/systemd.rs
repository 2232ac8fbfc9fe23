//! What systemd and journald get from us: the unit, the message catalog in three languages, and the fields of log lines.
//!
//! Tools of systemd are used where the machine has them; without them, the same files are read here.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail where it stands")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use postrider::model::catalog::ALL;

const CATALOGS: [&str; 3] = ["postrider.catalog", "postrider.ko.catalog", "postrider.th.catalog"];
/// The highest exposure by `systemd-analyze security`, times ten.
const EXPOSURE_MAX: &str = "15";
/// Fields that log lines carry, as journald names them. A placeholder is one of these.
const FIELDS: [&str; 9] = [
    "POSTRIDER_MODEM",
    "POSTRIDER_LINK",
    "POSTRIDER_MESSAGE",
    "POSTRIDER_TASK",
    "IMEI",
    "ICCID",
    "OPERATOR",
    "SIGNAL_DBM",
    "HOST",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join("systemd").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Whether a tool of systemd can be run here.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("{tool} is not on this machine: its part of the test was left out");
    }
    found
}

/// One entry of a catalog.
#[derive(Debug, Default)]
struct Entry {
    headers: BTreeMap<String, String>,
    text: String,
}

/// Reads a catalog as systemd does: `-- id`, headers, an empty line, the text.
fn entries(source: &str) -> BTreeMap<String, Entry> {
    let mut found: BTreeMap<String, Entry> = BTreeMap::new();
    let mut current: Option<(String, Entry, bool)> = None;
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some(id) = line.strip_prefix("-- ") {
            if let Some((id, entry, _)) = current.take() {
                assert!(found.insert(id.clone(), entry).is_none(), "{id} stands twice");
            }
            current = Some((id.to_owned(), Entry::default(), true));
            continue;
        }
        let Some((_, entry, heads)) = current.as_mut() else {
            assert!(line.is_empty(), "outside of an entry: {line}");
            continue;
        };
        if !*heads {
            entry.text.push_str(line);
            entry.text.push('\n');
        } else if line.is_empty() {
            *heads = false;
        } else {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}"));
            entry.headers.insert(name.to_owned(), value.to_owned());
        }
    }
    found.extend(current.map(|(id, entry, _)| (id, entry)));
    found
}

#[test]
fn every_event_is_explained_in_every_language() {
    let known: BTreeSet<&str> = ALL.iter().map(|entry| entry.id).collect();
    for file in CATALOGS {
        let found = entries(&read(file));
        assert_eq!(found.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "{file}");
        for one in ALL {
            let entry = &found[one.id];
            let place = format!("{file}: {}", one.name);
            assert_eq!(entry.headers["Defined-By"], "postrider", "{place}");
            let subject = &entry.headers["Subject"];
            assert!((8..=80).contains(&subject.chars().count()), "{place}: {subject}");
            // What happened, why, and a list of what to do.
            assert!(entry.text.trim().split("\n\n").count() >= 3 && entry.text.contains("\n- "), "{place}");
            let wide = |line: &&str| line.chars().count() > 110;
            assert!(!entry.text.lines().any(|line| wide(&line)), "{place}: a line is too long");
        }
    }
}

#[test]
fn each_language_is_written_in_its_own_script() {
    let share = |text: &str, script: std::ops::RangeInclusive<char>| {
        let letters = text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count();
        let own = text.chars().filter(|c| c.is_alphabetic() && script.contains(c)).count();
        (own, letters)
    };
    for (file, script) in [(CATALOGS[1], '가'..='힣'), (CATALOGS[2], '\u{e00}'..='\u{e7f}')] {
        for (id, entry) in entries(&read(file)) {
            let (own, letters) = share(&entry.text, script.clone());
            assert!(own > 40 && own == letters, "{file}: {id}: {own} of {letters} letters");
        }
    }
    for (id, entry) in entries(&read(CATALOGS[0])) {
        assert!(entry.text.is_ascii(), "{id}");
    }
}

#[test]
fn placeholders_name_fields_and_are_the_same_in_all_languages() {
    let placeholders = |entry: &Entry| -> BTreeSet<String> {
        let text = format!("{}\n{}", entry.headers["Subject"], entry.text);
        let parts: Vec<&str> = text.split('@').collect();
        assert_eq!(parts.len() % 2, 1, "an @ is not closed: {text}");
        parts.iter().skip(1).step_by(2).map(|&name| name.to_owned()).collect()
    };
    let of: Vec<_> = CATALOGS.iter().map(|file| entries(&read(file))).collect();
    for one in ALL {
        let names = placeholders(&of[0][one.id]);
        let known = |name: &String| FIELDS.contains(&name.as_str()) || (one.name == "STORE_FAILED" && name == "ERROR");
        assert!(names.iter().all(known), "{}: {names:?}", one.name);
        if one.name.starts_with("MODEM") || one.name.starts_with("SIM") {
            assert!(names.contains("POSTRIDER_MODEM"), "{} does not say which modem", one.name);
        }
        for other in &of[1..] {
            assert_eq!(placeholders(&other[one.id]), names, "{}", one.name);
        }
    }
}

#[test]
fn journald_takes_the_catalogs() {
    if !has("journalctl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for place in ["usr/lib/systemd/catalog", "var/lib/systemd/catalog"] {
        fs::create_dir_all(folder.path().join(place)).unwrap();
    }
    for file in CATALOGS {
        fs::copy(root().join("systemd").join(file), folder.path().join("usr/lib/systemd/catalog").join(file)).unwrap();
    }
    let journalctl = |argument: &str| {
        let output = Command::new("journalctl").arg("--root").arg(folder.path()).arg(argument).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    journalctl("--update-catalog");
    let listed = journalctl("--list-catalog");
    assert!(ALL.iter().all(|entry| listed.contains(entry.id)), "{listed}");
}

/// The unit's lines as keys and values.
fn unit() -> Vec<(String, String)> {
    let text = read("postrider.service");
    let lines = text.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
    lines.map(|line| line.split_once('=').unwrap()).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_unit_says_what_the_daemon_relies_on() {
    let unit = unit();
    let all =
        |key: &str| unit.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    assert_eq!(all("Type"), ["notify"]);
    assert_eq!(all("WatchdogSec"), ["60s"]);
    assert_eq!(all("Restart"), ["always"]);
    assert_eq!(all("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    assert_eq!(all("DevicePolicy"), ["closed"]);
    assert_eq!(all("DeviceAllow"), ["char-ttyUSB rw", "char-ttyACM rw", "char-ttyS rw"]);
    assert_eq!(all("SupplementaryGroups"), ["dialout"]);
    assert_eq!(all("RestrictAddressFamilies"), ["AF_INET AF_INET6 AF_UNIX"]);
    assert!(all("ExecStart")[0].starts_with("/usr/bin/postrider run"));
    let users = read("postrider.sysusers");
    assert!(users.contains("u postrider ") && users.contains("m postrider dialout"));
}

/// The unit with the program that was built here, which verification wants to find.
fn installed(folder: &Path) -> PathBuf {
    let file = folder.join("postrider.service");
    let text = read("postrider.service").replace("/usr/bin/postrider", env!("CARGO_BIN_EXE_postrider"));
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn systemd_takes_the_unit_and_finds_it_hardened() {
    if !has("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = installed(folder.path());
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    // What other units of this machine lack is not ours.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("postrider.service")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let security = Command::new("systemd-analyze").args(["security", "--offline=true", &threshold]).arg(&file).output();
    let security = security.unwrap();
    let told = String::from_utf8_lossy(&security.stdout).lines().last().unwrap_or_default().to_owned();
    let said = String::from_utf8_lossy(&security.stderr);
    if said.contains("unrecognized option") {
        println!("this systemd-analyze is too old to look at a unit that is not installed");
        return;
    }
    println!("{told}");
    assert!(security.status.success(), "{told} {said}");
}

/// Every Rust file below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// What is wrong with the journal fields of one source: `message.id` and `message_id` become `MESSAGE_ID`, by which
/// journald finds the explanation of a line, so only an id of the catalog may stand there; `link` has a name of ours.
fn wrong_fields(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ["error!(", "warn!(", "info!(", "debug!(", "trace!(", "event!("] {
        for (at, _) in text.match_indices(name) {
            let call = call_at(&text[at + name.len()..]);
            let fields = call.split('"').step_by(2).collect::<String>();
            let line = text[..at].lines().count() + 1;
            for field in ["message.id", "MESSAGE_ID"] {
                if fields.contains(&format!("{field} =")) && !fields.contains(&format!("postrider.{field} =")) {
                    wrong.push(format!("{line}: {field} is journald's"));
                }
            }
            for (place, _) in fields.match_indices("message_id =") {
                let value = fields[place + "message_id =".len()..].split(',').next().unwrap_or_default().trim();
                if !(value.ends_with(".id")) {
                    wrong.push(format!("{line}: message_id = {value} is no entry of the catalog"));
                }
            }
            let names_link = |field: &str| field == "%link" || field == "link" || field.starts_with("link =");
            if fields.split(',').any(|field| names_link(field.trim())) {
                wrong.push(format!("{line}: the link stands in postrider.link"));
            }
        }
    }
    wrong
}

/// The text of a macro's call up to its closing bracket.
fn call_at(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (1, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return &text[..at];
                }
            }
            _ => {}
        }
    }
    text
}

#[test]
fn log_lines_carry_ids_of_the_catalog_and_fields_of_ours() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")).into_iter().chain(sources(&root().join("crates"))) {
        let text = fs::read_to_string(&file).unwrap();
        let shown = file.strip_prefix(root()).unwrap().display().to_string();
        wrong.extend(wrong_fields(&text).into_iter().map(|what| format!("{shown}:{what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    assert_eq!(wrong_fields("info!(message.id = %id, \"x\");").len(), 1);
    assert_eq!(wrong_fields("info!(message_id = %id, \"x\");").len(), 1);
    assert_eq!(wrong_fields("info!(link = %name, \"x\");").len(), 1);
    assert_eq!(wrong_fields("info!(%link, \"x\");").len(), 1);
    assert_eq!(wrong_fields("info!(\n    message_id = catalog::READY.id,\n    \"message.id = ) x\"\n);").len(), 0);
    assert_eq!(wrong_fields("info!(postrider.modem = %link, \"x\");").len(), 0);
    assert_eq!(wrong_fields("info!(postrider.message = %id, postrider.link = %link, \"x\");").len(), 0);
}
