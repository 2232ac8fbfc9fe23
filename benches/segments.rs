//! Measures segments over a million contacts, and how long a million rows of a table take to come in.
//!
//! ```text
//! cargo bench --bench segments             # both
//! cargo bench --bench segments count       # every ready segment, and trees of each kind of condition
//! cargo bench --bench segments import      # postrider contact import
//! ```
//!
//! The database lies in a temporary folder; name one on a real disk with TMPDIR. The reading connection is the daemon's own,
//! with its small page cache.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench may fail where it stands, and measures time"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use postrider::campaign::segment::{self, ready};
use postrider::model::{Random, Timestamp};
use postrider::store::campaign::segment as table;
use postrider::store::{Database, Options, open_reader};
use serde_json::{Value, json};

/// 2026-11-22T00:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const CONTACTS: u32 = 1_000_000;

fn main() {
    let only: Option<String> = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("count") {
        count();
    }
    if wanted("import") {
        import();
    }
}

/// Counts and samples every tree three times; the slowest of the last two is told, and how many are above a second.
fn count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segments.db");
    let begun = Instant::now();
    fill(&path);
    println!("{CONTACTS} contacts and twice as many events were made in {:.1} s", begun.elapsed().as_secs_f64());
    let connection = open_reader(&path).unwrap();
    let mut slow = 0;
    let ready = ready::all().map(|ready| (ready.name, ready.tree));
    for (name, tree) in ready.chain(trees()) {
        let tree = segment::read(&tree).unwrap();
        let compiled = segment::compile(&tree, &table::calendars(&connection, NOW).unwrap());
        let mut took = Duration::ZERO;
        let mut found = 0;
        for round in 0..3 {
            let begun = Instant::now();
            found = table::sample(&connection, &compiled, 20, &mut Random::new(round)).unwrap().0;
            took = if round == 0 { Duration::ZERO } else { took.max(begun.elapsed()) };
        }
        slow += u32::from(took > Duration::from_secs(1));
        println!("{name:28} {found:>9} contacts in {:>6.0} ms", took.as_secs_f64() * 1e3);
    }
    println!("{slow} above a second");
}

/// One tree of each kind of condition that the ready ones lack, and a wide one.
fn trees() -> impl Iterator<Item = (String, Value)> {
    let event =
        json!({"event": "purchase", "within": "1y", "count": {"at_least": 2}, "where": {"amount": {"above": 50}}});
    let wide: Vec<_> =
        (0..20).map(|n| json!({"all": [{"tag": format!("tag{n}")}, {"attribute": "size", "is": n}]})).collect();
    [
        ("tag", json!({"tag": ["tag1", "tag7"]})),
        ("attribute", json!({"attribute": "size", "at_least": 25})),
        ("name", json!({"field": "name", "contains": "99"})),
        ("sum of a year", json!({"event": "purchase", "within": "1y", "sum": {"at_least": 500}})),
        ("sum of all time", json!({"event": "purchase", "sum": {"below": 100}})),
        ("filtered events", event),
        ("any of twenty pairs", json!({"any": wide})),
        ("everybody", json!({"all": []})),
    ]
    .into_iter()
    .map(|(name, tree)| (name.to_owned(), tree))
}

/// Contacts with data points, a tag, an attribute and two purchases each, by SQL alone: all of it follows from the number.
fn fill(path: &Path) {
    drop(Database::open(&Options::at(path)).unwrap());
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN").unwrap();
    let count = CONTACTS;
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let now = NOW.as_millis();
    let steps = [
        "INSERT INTO contact_zone VALUES (1, 'Asia/Seoul'), (2, 'Asia/Bangkok'), (3, 'Europe/Berlin')".to_owned(),
        format!(
            "{numbers} INSERT INTO contact (id, number, name, locale, zone, attributes, tags, created_at, changed_at) \
             SELECT i, '+8210' || (10000000 + i), 'Name ' || i, 'ko-KR', 'Asia/Seoul', '{{\"size\":' || (i % 50) || '}}', \
             '[\"tag' || (i % 20) || '\"]', {now} - i * 1000, {now} FROM n"
        ),
        format!("{numbers} INSERT INTO contact_tag SELECT 'tag' || (i % 20), i FROM n"),
        format!("{numbers} INSERT INTO contact_attribute SELECT 'size', i, 0, i % 50, NULL FROM n"),
        format!(
            "{numbers} INSERT INTO contact_event (contact, kind, at, external, amount, currency, received_at) \
             SELECT 1 + (i * 7919) % {count}, 'purchase', {now} - (i * 7907 % 63072000) * 1000, 'o' || i, (i % 900) * 10000, \
             'EUR', {now} FROM n"
        ),
        format!(
            "{numbers} INSERT INTO contact_event (contact, kind, at, external, amount, currency, received_at) \
             SELECT 1 + (i * 104729) % {count}, 'purchase', {now} - (i * 7901 % 63072000) * 1000, 'p' || i, (i % 90) * 10000, \
             'EUR', {now} FROM n"
        ),
        format!(
            "{numbers} INSERT INTO contact_point (contact, zone, birthday, birthday_place, contact_since, country, language, \
             events, first_active_at, last_active_at, purchases, first_purchase_at, last_purchase_at, lifetime_value, \
             last_purchase_value, currency, visits, last_visit_at, points_balance, points_expiring, points_expire_on, \
             loyalty_since, messages_sent, last_message_at, messages_delivered, last_delivered_at, cart_updated_at, cart_value) \
             SELECT i, i % 4, i % 15000, i % 366, {now} - (i * 31 % 63072000) * 1000, 'KR', 'ko', i % 40, {now} - 63072000000, \
             {now} - (i * 7907 % 31536000) * 1000, i % 12, {now} - 63072000000, {now} - (i * 7907 % 31536000) * 1000, \
             (i % 1200) * 10000, (i % 120) * 10000, 'EUR', i % 100, {now} - (i * 7877 % 15768000) * 1000, i % 700, i % 50, \
             {now} / 86400000 + i % 90, {now} - i * 1000, i % 9, {now} - (i * 17 % 8640000) * 1000, i % 9, \
             {now} - (i * 17 % 8640000) * 1000, iif(i % 10 = 0, {now} - (i % 864000) * 1000, NULL), \
             iif(i % 10 = 0, i % 90 * 10000, NULL) FROM n"
        ),
    ];
    for step in steps {
        connection.execute_batch(&step).unwrap();
    }
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

/// Runs the program on a table of a million rows, and again on the same one.
fn import() {
    let folder = tempfile::tempdir().unwrap();
    let (table, database) = (folder.path().join("contacts.csv"), folder.path().join("import.db"));
    let mut text = "phone,name,locale,birthday,size,tags\n".to_owned();
    for n in 0..CONTACTS {
        // Numbers come in no order, as they do in a shop's table.
        let number = 10_000_000 + u64::from(n) * 7_919 % 89_999_999;
        let day = n % 28 + 1;
        writeln!(text, "+8210{number},Name {n},ko-KR,1990-{:02}-{day:02},{},tag{}", n % 12 + 1, n % 50, n % 20)
            .unwrap();
    }
    std::fs::write(&table, text).unwrap();
    for round in ["new", "once more"] {
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
        command.args(["contact", "import", "--map", "size=attribute.size:number", "--db"]).arg(&database).arg(&table);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let took = begun.elapsed().as_secs_f64();
        println!("import, {round}: {took:.1} s; {}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
