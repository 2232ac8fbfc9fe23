//! Campaigns against a database in memory: who gets what when, and that no crash doubles or loses anybody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::campaign::Rules;
use crate::campaign::contact::ContactChange;
use crate::campaign::run::{Definition, Phase};
use crate::campaign::template::Template;
use crate::model::Timestamp;
use crate::pipeline::{Group, Progress, Settings, Turn};
use crate::policy::routes::Route;
use crate::store::campaign::run::recipient;
use crate::store::campaign::{contact, run as table, template};
use crate::store::{Database, StoreError};
use crate::text::TextProfile;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Wednesday noon in Seoul.
pub(super) const NOON: &str = "2026-11-25T03:00:00Z";

pub(super) struct Bench {
    pub database: Database,
    pub settings: Settings,
    pub now: Timestamp,
}

impl Bench {
    pub fn new() -> Self {
        let settings = Settings {
            routes: vec![Route::over("main", &["north"])],
            groups: [("north".into(), Group::new(TextProfile::default(), Some(10.0)))].into(),
            consent: Arc::new(Rules::off()),
            ..Settings::default()
        };
        let mut bench = Self { database: Database::in_memory().unwrap(), settings, now: at(NOON) };
        bench.template("hi", "Hi {{ first_name | or(\"there\") }}");
        bench
    }

    pub fn template(&mut self, name: &str, source: &str) {
        let (template, now) = (Template::of(source), self.now);
        self.database.write(|tx| template::define(tx, name, name, &template, now)).unwrap();
    }

    pub fn contacts(&mut self, count: usize) {
        let now = self.now;
        let upsert = |tx: &crate::store::Tx<'_>| -> Result<(), StoreError> {
            for n in 0..count {
                let value = json!({"number": format!("+8210{n:08}"), "lists": ["all"]});
                let change = ContactChange::from_json(&value, None, None).unwrap();
                contact::upsert(tx, &change, now)?.unwrap();
            }
            Ok(())
        };
        self.database.write(upsert).unwrap();
    }

    pub fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let Self { database, settings, now } = self;
        database.write(|tx| work(&Turn::new(tx, settings, *now))).unwrap()
    }

    pub fn define(&mut self, name: &str, definition: Value) {
        let definition: Definition = serde_json::from_value(definition).unwrap();
        self.turn(|turn| define(turn.tx, turn.settings, name, definition, turn.now)).unwrap();
    }

    pub fn start(&mut self, name: &str) {
        self.turn(|turn| start(turn, name)).unwrap();
    }

    pub fn step(&mut self) -> Progress {
        self.turn(step)
    }

    /// Steps until there is nothing to do at this moment; returns when there is next.
    pub fn settle(&mut self) -> Option<Timestamp> {
        for _ in 0..10_000 {
            let progress = self.step();
            if progress.done == 0 {
                return progress.next;
            }
        }
        panic!("the steps never end");
    }

    pub fn phase(&self, name: &str) -> Phase {
        self.database.read(|c| table::find(c, name)).unwrap().unwrap().phase
    }

    /// How many recipients are in each state, by part.
    pub fn states(&self, name: &str) -> BTreeMap<(String, String), usize> {
        let stored = self.database.read(|c| table::find(c, name)).unwrap().unwrap();
        let mut counts = BTreeMap::new();
        for one in self.database.read(|c| recipient::list(c, stored.id, 0, 1_000_000)).unwrap() {
            *counts.entry((one.part, one.state)).or_default() += 1;
        }
        counts
    }

    pub fn in_state(&self, name: &str, state: &str) -> usize {
        self.states(name).iter().filter(|((_, found), _)| found == state).map(|(_, count)| count).sum()
    }

    /// How many messages each number has that were not taken back.
    pub fn messages(&self) -> BTreeMap<String, usize> {
        let sql = "SELECT recipient, count(*) FROM message WHERE state <> 'canceled' GROUP BY recipient";
        let read = |c: &rusqlite::Connection| -> Result<BTreeMap<String, usize>, StoreError> {
            let mut statement = c.prepare(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.database.read(read).unwrap()
    }
}

#[test]
fn everybody_on_a_list_gets_the_text_once() {
    let mut bench = Bench::new();
    bench.contacts(600);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi"}));
    assert_eq!(bench.settle(), None, "a draft does nothing");
    bench.start("sale");
    bench.start("sale");
    assert_eq!(bench.settle(), None);
    assert_eq!(bench.phase("sale"), Phase::Done);
    assert_eq!(bench.in_state("sale", "queued"), 600);
    let messages = bench.messages();
    assert!(messages.len() == 600 && messages.values().all(|count| *count == 1));
}

#[test]
fn variants_and_control_are_drawn_and_control_gets_nothing() {
    let mut bench = Bench::new();
    bench.contacts(1_000);
    bench.template("hello", "Hello");
    let variants = json!([{"name": "a", "template": "hi"}, {"name": "b", "template": "hello", "share": 1}]);
    bench.define("sale", json!({"to": {"list": "all"}, "variants": variants, "control": 20}));
    bench.start("sale");
    bench.settle();
    let states = bench.states("sale");
    let count = |part: &str, state: &str| states[&(part.to_owned(), state.to_owned())];
    assert!((150..250).contains(&count("control", "control")), "{states:?}");
    assert!((320..480).contains(&count("a", "queued")) && (320..480).contains(&count("b", "queued")), "{states:?}");
    assert_eq!(bench.messages().len(), 1_000 - count("control", "control"));
}

#[test]
fn a_crash_at_any_step_neither_doubles_nor_loses_anybody() {
    let mut bench = Bench::new();
    bench.contacts(300);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi", "spread": "1h", "control": 10}));
    bench.start("sale");
    let end = bench.now.plus(Duration::from_secs(3_700));
    let mut steps = 0_u32;
    while bench.phase("sale") != Phase::Done {
        // Every step is done twice: the first time, the process dies before the commit.
        let Bench { database, settings, now } = &mut bench;
        let died: Result<(), _> = database.write(|tx| {
            step(&Turn::new(tx, settings, *now))?;
            Err(StoreError::Io("the process died".to_owned()))
        });
        assert!(died.is_err());
        let progress = bench.step();
        if progress.done == 0 {
            bench.now = progress.next.unwrap_or(end).max(bench.now);
        }
        steps += 1;
        assert!(steps < 2_000, "it never ends");
    }
    let states = bench.states("sale");
    let control = states[&("control".to_owned(), "control".to_owned())];
    let messages = bench.messages();
    assert!(messages.len() == 300 - control && messages.values().all(|count| *count == 1), "{states:?}");
    assert!(bench.now > at(NOON).plus(Duration::from_secs(3_500)), "turns are spread over the hour");
}

#[test]
fn few_wait_ahead_so_a_pause_acts_at_once_and_nobody_gets_it_twice() {
    let mut bench = Bench::new();
    bench.contacts(2_600);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi"}));
    bench.start("sale");
    let next = bench.settle().unwrap();
    assert_eq!(bench.in_state("sale", "queued"), step::AHEAD_MAX);
    assert!(next > bench.now && next <= bench.now.plus(Duration::from_secs(1)), "the queue is looked at again soon");
    // Half of them leave.
    let sent = bench.turn(|turn| {
        let sql = "UPDATE message SET state = 'sent', due_at = NULL WHERE id IN (SELECT id FROM message LIMIT 1000)";
        Ok(turn.tx.connection().execute(sql, [])?)
    });
    let withdrawn = bench.turn(|turn| pause(turn, "sale")).unwrap();
    assert_eq!((withdrawn.messages, withdrawn.stored.phase), (step::AHEAD_MAX - sent, Phase::Paused));
    bench.settle();
    assert_eq!((bench.in_state("sale", "waiting"), bench.in_state("sale", "sent")), (1_600, 1_000));
    bench.turn(|turn| resume(turn, "sale")).unwrap();
    bench.settle();
    assert_eq!(bench.phase("sale"), Phase::Done);
    let messages = bench.messages();
    assert!(messages.len() == 2_600 && messages.values().all(|count| *count == 1));
}

#[test]
fn a_cancellation_withdraws_what_waits_and_counts_exactly() {
    let mut bench = Bench::new();
    bench.contacts(2_300);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi", "control": 5}));
    bench.start("sale");
    bench.settle();
    let sent = bench.turn(|turn| {
        let sql = "UPDATE message SET state = 'sent', due_at = NULL WHERE id IN (SELECT id FROM message LIMIT 700)";
        Ok(turn.tx.connection().execute(sql, [])?)
    });
    let control = bench.in_state("sale", "control");
    bench.turn(|turn| cancel(turn, "sale")).unwrap();
    bench.settle();
    assert_eq!(bench.phase("sale"), Phase::Canceled);
    assert_eq!((bench.in_state("sale", "sent"), bench.in_state("sale", "withdrawn")), (sent, 2_300 - sent - control));
    assert_eq!(bench.turn(|turn| resume(turn, "sale")), Err(Wrong::Phase(Phase::Canceled)));
    assert_eq!(bench.turn(|turn| cancel(turn, "sale")).unwrap().messages, 0, "a repeated request does nothing");
}

#[test]
fn who_has_to_wait_for_the_hours_waits_outside_of_the_queue() {
    let mut bench = Bench::new();
    bench.settings.consent = Arc::new(Rules { labels: crate::campaign::Labels::Off, ..Rules::default() });
    bench.contacts(50);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi"}));
    bench.now = at("2026-11-25T14:00:00Z");
    bench.start("sale");
    let opens = bench.settle().unwrap();
    assert_eq!(opens, at("2026-11-25T23:00:00Z"), "08:00 in Seoul");
    assert_eq!((bench.messages().len(), bench.in_state("sale", "waiting")), (0, 50));
    bench.now = opens;
    bench.settle();
    assert_eq!(bench.in_state("sale", "queued"), 50);
}

#[test]
fn each_has_the_same_local_time() {
    let mut bench = Bench::new();
    bench.contacts(2);
    let change = json!({"number": "+821000000001", "time_zone": "Europe/Berlin"});
    let change = ContactChange::from_json(&change, None, None).unwrap();
    let now = bench.now;
    bench.database.write(|tx| contact::upsert(tx, &change, now)).unwrap().unwrap();
    let start = json!({"local_time": "2026-11-26T18:30"});
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi", "start": start}));
    bench.start("sale");
    let begins = bench.settle().unwrap();
    assert_eq!((begins, bench.phase("sale")), (at("2026-11-26T04:30:00Z"), Phase::Scheduled));
    bench.now = begins;
    let seoul = bench.settle().unwrap();
    assert_eq!((seoul, bench.messages().len()), (at("2026-11-26T09:30:00Z"), 0));
    bench.now = seoul;
    let berlin = bench.settle().unwrap();
    assert_eq!((berlin, bench.messages().len()), (at("2026-11-26T17:30:00Z"), 1));
    bench.now = berlin;
    assert_eq!((bench.settle(), bench.messages().len()), (None, 2));
}

#[test]
fn who_gets_no_text_is_counted_by_reason_and_costs_no_code() {
    let mut bench = Bench::new();
    bench.contacts(10);
    bench.template("code", "{{ first_name }}: {{ coupon(\"spring\") }}");
    let pool = serde_json::from_str(r#"{"generated": true}"#).unwrap();
    let now = bench.now;
    bench.database.write(|tx| crate::store::campaign::coupon::define(tx, "spring", &pool, now)).unwrap();
    let named = json!({"number": "+821000000001", "name": "Jisoo"});
    let named = ContactChange::from_json(&named, None, None).unwrap();
    bench.database.write(|tx| contact::upsert(tx, &named, now)).unwrap().unwrap();
    for n in [1, 2] {
        let number = format!("+8210{n:08}").parse().unwrap();
        let opinion = crate::store::suppression::New {
            scope: None,
            covers: crate::campaign::consent::Covers::Marketing,
            source: crate::campaign::consent::Source::Staff,
            reason: "asked at the till",
        };
        bench.database.write(|tx| crate::store::suppression::put(tx, &number, opinion, now)).unwrap();
    }
    bench.define("sale", json!({"to": {"list": "all"}, "template": "code"}));
    let forecast = bench.forecast("sale");
    bench.start("sale");
    bench.settle();
    assert_eq!((bench.in_state("sale", "blocked"), bench.in_state("sale", "skipped")), (2, 8));
    let report = bench.report("sale");
    assert_eq!(report.reasons["blocked"], BTreeMap::from([("opted_out".to_owned(), 2)]));
    assert_eq!(report.reasons["skipped"], BTreeMap::from([("field_missing".to_owned(), 8)]));
    assert_eq!((&forecast.blocked, &forecast.skipped), (&report.reasons["blocked"], &report.reasons["skipped"]));
    let counts = bench.database.read(|c| crate::store::campaign::coupon::counts(c, "spring")).unwrap();
    assert_eq!(counts.issued, 0);
}

#[test]
fn what_was_started_stays_as_it_was() {
    let mut bench = Bench::new();
    bench.contacts(3);
    let definition = json!({"to": {"list": "all"}, "template": "hi", "start": {"at": "2026-11-25T05:00:00Z"}});
    bench.define("sale", definition.clone());
    bench.start("sale");
    bench.template("hi", "Something else");
    let changed: Definition = serde_json::from_value(definition).unwrap();
    let refused = bench.turn(|turn| define(turn.tx, turn.settings, "sale", changed, turn.now));
    assert_eq!(refused, Err(Wrong::Phase(Phase::Scheduled)));
    assert_eq!(bench.turn(|turn| remove(turn.tx, "sale")), Err(Wrong::Phase(Phase::Scheduled)));
    bench.now = bench.settle().unwrap();
    bench.settle();
    let sql = "SELECT count(*) FROM message WHERE body = 'Hi there'";
    let texts: i64 = bench.database.read(|c| Ok(c.query_row(sql, [], |row| row.get(0))?)).unwrap();
    assert_eq!(texts, 3);
}

#[test]
fn a_start_names_everything_that_is_not_there() {
    let mut bench = Bench::new();
    let variants = json!([{"name": "a", "template": "hi"}, {"name": "b", "template": "gone"}]);
    bench.define("sale", json!({"to": {"segment": "nobody", "exclude": "vip"}, "variants": variants, "route": "west"}));
    let Err(Wrong::Faults(faults)) = bench.turn(|turn| start(turn, "sale")) else { panic!("it started") };
    let places: Vec<_> = faults.into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(places, ["/to/segment", "/variants/1/template", "/route"]);
    assert_eq!(bench.turn(|turn| start(turn, "gone")), Err(Wrong::Unknown));
}

#[test]
fn a_text_that_came_too_late_to_be_worth_sending_is_not_sent() {
    let mut bench = Bench::new();
    bench.contacts(4);
    bench.define("flash", json!({"to": {"list": "all"}, "template": "hi", "valid_for": "2h"}));
    bench.start("flash");
    bench.turn(|turn| pause(turn, "flash")).unwrap();
    bench.now = bench.now.plus(Duration::from_secs(3 * 3_600));
    bench.turn(|turn| resume(turn, "flash")).unwrap();
    bench.settle();
    // It had not begun before the pause, so its turns are those of its beginning.
    assert_eq!(bench.in_state("flash", "skipped"), 4, "{:?}", bench.states("flash"));
}
