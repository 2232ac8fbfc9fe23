//! Measures a hundred thousand enrolments that are due in one minute: each text is rendered for its contact, gets a short
//! link, is accepted, and the enrolment goes on to its next wait.
//!
//! ```text
//! cargo bench --bench workflows
//! ```
//!
//! The database lies in a folder beside the sources, so the figures hold the disk's flushes. The writer's cache is the
//! daemon's. The memory is the most that the process had at a time.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench may fail, and measures time"
)]

use std::sync::Arc;
use std::time::Instant;

use postrider::campaign::Rules;
use postrider::campaign::contact::ContactChange;
use postrider::campaign::template::Template;
use postrider::campaign::workflow;
use postrider::model::{PhoneNumber, Timestamp};
use postrider::pipeline::{Group, Settings, Turn, step, workflow as stage};
use postrider::policy::routes::Route;
use postrider::store::campaign::{contact, template};
use postrider::store::{Database, Options, StoreError};
use postrider::text::TextProfile;
use serde_json::{Value, json};

const ENROLMENTS: usize = 100_000;
/// 2026-11-22T10:00:00+09:00: within the hours of Korea and Thailand.
const NOW: Timestamp = Timestamp::from_millis(1_795_309_200_000);
const TEXT: &str = "{{ shop }}: Hi {{ first_name | or('you') }}, {{ points | or(0) }} points wait for you until {{ event.until | date }}. \
                    {{ link('https://shop.example/basket') }}";

struct Bench {
    _folder: tempfile::TempDir,
    database: Database,
    settings: Settings,
}

impl Bench {
    fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let settings = &self.settings;
        self.database.write(|tx| work(&Turn::new(tx, settings, NOW))).unwrap()
    }
}

fn main() {
    for (words, rules) in [("no law", Rules::off()), ("with the law", Rules::default())] {
        measure(
            words,
            Rules { brand: Some("Kim's Tea".to_owned()), refusal_number: Some("080-123-4567".to_owned()), ..rules },
        );
    }
}

fn measure(words: &str, rules: Rules) {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let mut settings = Settings {
        routes: vec![Route::over("main", &["north"])],
        consent: Arc::new(rules),
        short_url: Some("https://s.example/".into()),
        ..Settings::default()
    };
    settings.groups.insert("north".into(), Group::new(TextProfile::default(), None));
    let database = Database::open(&Options::at(folder.path().join("bench.db"))).unwrap();
    let mut bench = Bench { _folder: folder, database, settings };
    let begun = Instant::now();
    fill(&mut bench);
    println!(
        "{words}: {ENROLMENTS} contacts were enrolled in {:.1} s, {} MiB",
        begun.elapsed().as_secs_f64(),
        memory()
    );
    let begun = Instant::now();
    let (mut turns, mut done, mut longest) = (0, 0, 0.0_f64);
    loop {
        let turn = Instant::now();
        let progress = bench.turn(step);
        longest = longest.max(turn.elapsed().as_secs_f64());
        if progress.done == 0 {
            break;
        }
        turns += 1;
        done += progress.done;
    }
    let took = begun.elapsed().as_secs_f64();
    let sent: i64 =
        bench.database.read(|c| Ok(c.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?)).unwrap();
    println!(
        "{words}: {done} enrolments went on and {sent} texts were accepted in {took:.1} s: {:.0} a second, {turns} turns, \
         the longest {:.0} ms, {} MiB at most",
        f64::from(u32::try_from(sent).unwrap()) / took,
        longest * 1e3,
        memory()
    );
}

fn fill(bench: &mut Bench) {
    let mut texts = Template::of(TEXT);
    for locale in ["ko", "th"] {
        texts.variants.insert(locale.to_owned(), format!("{TEXT} {locale}"));
    }
    let source = json!({"name": "points", "trigger": [{"api": true}], "goal": [{"event": "purchase"}], "step": [
        {"id": "remind", "send": "points"}, {"wait": "3d"}, {"id": "again", "send": "points"}]});
    let workflow = workflow::read(&source).unwrap();
    bench.turn(|turn| {
        template::define(turn.tx, "points", "Points", &texts, NOW)?;
        stage::define(turn, &workflow)?;
        stage::activate(turn, "points")
    });
    for first in (0..ENROLMENTS).step_by(1_000) {
        bench.turn(|turn| (first..first + 1_000).try_for_each(|n| enrol(turn, n)));
    }
}

fn enrol(turn: &Turn<'_>, n: usize) -> Result<(), StoreError> {
    let number: PhoneNumber = format!("+8210{n:08}").parse().unwrap();
    let change = json!({"number": number.as_str(), "name": format!("Jisoo Kim {n}"), "locale": (["en", "ko", "th"][n % 3]),
        "attributes": {"size": n % 40, "birthday": "1990-02-28"}, "tags": ["club"]});
    let change = ContactChange::from_json(&change, None, None).unwrap();
    contact::upsert(turn.tx, &change, NOW)?.unwrap();
    let id = contact::id_of(turn.tx.connection(), &number)?.unwrap();
    let Value::Object(event) = json!({"until": "2026-12-24", "url": "https://shop.example/basket"}) else { panic!() };
    stage::enrol(turn, "points", id, Some(&event)).map(drop)
}

/// The most memory that the process had, in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
}
