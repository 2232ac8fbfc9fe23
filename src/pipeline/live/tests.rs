//! Who is in a live segment, and who is told of.

use serde_json::Value;

use super::*;
use crate::campaign::contact::ContactChange;
use crate::model::PhoneNumber;
use crate::pipeline::Settings;
use crate::store::Database;
use crate::store::campaign::happening;

/// 2026-11-22T00:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const HOUR: u64 = 3600;

struct Shop {
    database: Database,
    settings: Settings,
    now: Timestamp,
}

impl Shop {
    fn new() -> Self {
        Self { database: Database::in_memory().unwrap(), settings: Settings::default(), now: NOW }
    }

    fn turn<T>(&mut self, work: impl Fn(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let (settings, now) = (&self.settings, self.now);
        self.database.write(|tx| work(&Turn::new(tx, settings, now))).unwrap()
    }

    fn number(n: usize) -> PhoneNumber {
        format!("+8210{n:08}").parse().unwrap()
    }

    fn contact(&mut self, n: usize, mut fields: Value) {
        fields["number"] = json!(Self::number(n).as_str());
        let change = ContactChange::from_json(&fields, None, None).unwrap();
        self.turn(|turn| contact::upsert(turn.tx, &change, turn.now)).unwrap();
    }

    /// Records an event, and looks at what it set off, as the consumer of happenings does.
    fn event(&mut self, n: usize, kind: &str) {
        let event = Event::new(kind, Self::number(n), self.now);
        self.turn(|turn| event::record(turn.tx, &event, turn.now));
        self.happen();
    }

    fn happen(&mut self) {
        self.turn(|turn| {
            let watch = Watch::load(turn)?;
            for happening in happening::next(turn.tx.connection(), 100)? {
                watch.look(turn, happening.contact, Some(&kind_of(turn, happening.event)))?;
                happening::done(turn.tx, happening.id)?;
            }
            Ok(())
        });
    }

    fn define(&mut self, name: &str, tree: &Value) {
        let tree = tree.to_string();
        self.turn(|turn| segment::define(turn.tx, name, name, &tree, turn.now));
    }

    /// Steps until nothing is due.
    fn settle(&mut self) -> usize {
        let mut steps = 0;
        while self.turn(step).done > 0 {
            steps += 1;
            assert!(steps < 1_000, "the live segments find no rest");
        }
        steps
    }

    fn wait(&mut self, hours: u64) {
        self.now = self.now.plus(Duration::from_secs(hours * HOUR));
        self.settle();
    }

    /// Who came and went, oldest first: `+1` came, `-1` went.
    fn told(&self, name: &str) -> Vec<i64> {
        let changes = self.database.read(|c| live::changes(c, name, None, 1_000)).unwrap();
        let of = |change: live::Change| {
            let n: i64 = change.number[5..].parse().unwrap();
            if change.entered { n } else { -n }
        };
        let mut all: Vec<i64> = changes.into_iter().map(of).collect();
        all.reverse();
        all
    }

    fn members(&self, name: &str) -> i64 {
        let live = self.database.read(|c| live::find(c, name)).unwrap().unwrap();
        let rows = self.database.read(|c| live::members(c, live.id, 0, 10_000)).unwrap().contacts.len();
        assert_eq!(i64::try_from(rows).unwrap(), live.members, "the count is that of the rows");
        live.members
    }
}

fn kind_of(turn: &Turn<'_>, event: i64) -> String {
    let sql = "SELECT kind FROM contact_event WHERE id = ?1";
    turn.tx.connection().query_row(sql, [event], |row| row.get(0)).unwrap()
}

#[test]
fn time_brings_a_contact_in_and_its_next_visit_out() {
    let mut shop = Shop::new();
    shop.contact(1, json!({}));
    shop.event(1, "visit");
    shop.turn(|turn| segment::make_live(turn.tx, "inactive_30_days", turn.now));
    shop.settle();
    shop.wait(29 * 24);
    assert_eq!((shop.members("inactive_30_days"), shop.told("inactive_30_days")), (0, vec![]));
    shop.wait(24);
    assert_eq!((shop.members("inactive_30_days"), shop.told("inactive_30_days")), (1, vec![1]));
    shop.wait(24);
    assert_eq!(shop.told("inactive_30_days"), [1], "an hour later nothing is news");
    shop.event(1, "visit");
    assert_eq!((shop.members("inactive_30_days"), shop.told("inactive_30_days")), (0, vec![1, -1]));
}

#[test]
fn who_is_in_it_already_comes_in_silently_unless_it_is_asked_for() {
    let mut shop = Shop::new();
    for n in 1..=3 {
        shop.contact(n, json!({"tags": ["a"]}));
    }
    for (name, backfill, told) in [("quiet", false, vec![]), ("loud", true, vec![1, 2, 3])] {
        shop.define(name, &json!({"tag": "a"}));
        assert!(shop.turn(|turn| live::begin(turn.tx, name, backfill, turn.now)));
        shop.settle();
        assert_eq!((shop.members(name), shop.told(name)), (3, told), "{name}");
    }
    assert!(!shop.turn(|turn| segment::make_live(turn.tx, "nothing", turn.now)), "there is none of this name");
}

#[test]
fn an_event_brings_in_at_once_and_only_once() {
    let mut shop = Shop::new();
    shop.define("buyers", &json!({"event": "purchase", "within": "30d", "count": {"at_least": 2}}));
    shop.turn(|turn| segment::make_live(turn.tx, "buyers", turn.now));
    shop.settle();
    for _ in 0..4 {
        shop.event(1, "purchase");
    }
    shop.settle();
    assert_eq!((shop.told("buyers"), shop.members("buyers")), (vec![1], 1));
}

#[test]
fn a_changed_contact_is_looked_at() {
    let mut shop = Shop::new();
    shop.define("large", &json!({"attribute": "size", "at_least": 42}));
    shop.turn(|turn| segment::make_live(turn.tx, "large", turn.now));
    shop.settle();
    shop.contact(1, json!({"attributes": {"size": 43}}));
    shop.contact(2, json!({"attributes": {"size": 40}}));
    shop.settle();
    shop.contact(1, json!({"attributes": {"size": 41}}));
    shop.settle();
    assert_eq!((shop.told("large"), shop.members("large")), (vec![1, -1], 0));
}

#[test]
fn many_contacts_are_looked_at_span_by_span() {
    let mut shop = Shop::new();
    let many = SPAN_MAX * 2 + 7;
    for n in 1..=many {
        shop.contact(n, json!({"tags": [if n % 2 == 0 { "even" } else { "odd" }]}));
    }
    shop.define("even", &json!({"tag": "even"}));
    shop.turn(|turn| live::begin(turn.tx, "even", true, turn.now));
    let progress = shop.turn(step);
    assert!(progress.done > 0 && shop.members("even") <= i64::try_from(SPAN_MAX).unwrap());
    assert_eq!(shop.settle(), 3, "two more spans, and the end");
    assert_eq!(shop.told("even").len(), many / 2);
}

#[test]
fn other_conditions_are_a_new_beginning_and_nobody_is_told() {
    let mut shop = Shop::new();
    for n in 1..=4 {
        shop.contact(n, json!({"attributes": {"size": n}}));
    }
    shop.define("large", &json!({"attribute": "size", "at_least": 4}));
    shop.turn(|turn| segment::make_live(turn.tx, "large", turn.now));
    shop.settle();
    shop.define("large", &json!({"attribute": "size", "at_least": 2}));
    shop.settle();
    assert_eq!((shop.members("large"), shop.told("large")), (3, vec![]));
    shop.contact(1, json!({"attributes": {"size": 9}}));
    shop.settle();
    assert_eq!(shop.told("large"), [1]);
}

#[test]
fn what_is_live_no_more_leaves_nothing_behind() {
    let mut shop = Shop::new();
    for n in 1..=3 {
        shop.contact(n, json!({"tags": ["a"]}));
    }
    shop.define("a", &json!({"tag": "a"}));
    shop.turn(|turn| segment::make_live(turn.tx, "a", turn.now));
    shop.settle();
    assert!(shop.turn(|turn| contact::remove(turn.tx, &Shop::number(2))));
    assert_eq!(shop.members("a"), 2, "an erased contact is in no segment");
    assert!(shop.turn(|turn| segment::remove(turn.tx, "a")));
    shop.settle();
    for table in ["live_segment", "segment_member", "segment_touched", "awaited"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let rows: i64 = shop.database.read(|c| Ok(c.query_row(&sql, [], |row| row.get(0))?)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn segments_that_ask_for_each_other_come_to_rest() {
    let mut shop = Shop::new();
    shop.contact(1, json!({}));
    let left = json!({"not": {"event": "segment_entered", "within": "2h"}});
    let right = json!({"any": [{"event": "segment_left", "within": "2h"}, {"point": "events", "at_least": 1}]});
    for (name, tree) in [("left", left), ("right", right)] {
        shop.define(name, &tree);
        shop.turn(|turn| live::begin(turn.tx, name, true, turn.now));
    }
    shop.event(1, "visit");
    shop.settle();
    let before = shop.told("left").len() + shop.told("right").len();
    shop.happen();
    shop.settle();
    assert_eq!(shop.told("left").len() + shop.told("right").len(), before);
    let points = shop.database.read(|c| crate::store::campaign::point::of(c, 1)).unwrap();
    assert_eq!(points.integer(crate::campaign::point::Point::Events), Some(1), "coming and going counts nowhere");
}
