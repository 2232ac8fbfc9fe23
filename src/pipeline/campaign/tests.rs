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
use crate::model::{State, Timestamp};
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

    pub fn change_all(&mut self, from: &str, to: State) {
        let sql = format!("UPDATE message SET state = '{}', due_at = NULL WHERE state = '{from}'", to.as_str());
        self.turn(|turn| Ok(turn.tx.connection().execute(&sql, [])?));
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
