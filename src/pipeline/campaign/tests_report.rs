//! What a campaign foretells, and what it reports.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::tests::{Bench, NOON, at};
use super::*;
use crate::campaign::Rules;
use crate::campaign::event::Event;
use crate::campaign::price::{PriceList, Prices};
use crate::campaign::run::report::Report;
use crate::model::State;
use crate::pipeline::sweep;
use crate::store::campaign::{contact, event, run as table};

impl Bench {
    pub(super) fn forecast(&self, name: &str) -> Forecast {
        let read = |c: &rusqlite::Connection| {
            let stored = table::find(c, name)?.unwrap();
            estimate(c, &self.settings, name, &definition_of(&stored)?, self.now)
        };
        self.database.read(read).unwrap().unwrap()
    }

    pub(super) fn report(&self, name: &str) -> Report {
        self.database.read(|c| report(c, &self.settings, name, self.now)).unwrap().unwrap()
    }

    fn prices(&mut self) {
        let korea = ("KR".parse().unwrap(), "0.02".parse().unwrap());
        let usual = PriceList { segment: None, countries: [korea].into() };
        self.settings.prices = Arc::new(Prices { currency: "EUR".to_owned(), usual, routes: BTreeMap::new() });
    }

    fn bought(&mut self, n: usize, units: i64, after: Duration) {
        let number = format!("+8210{n:08}").parse().unwrap();
        let mut bought = Event::new("purchase", number, self.now.plus(after));
        bought.amount = Some(units.to_string().parse().unwrap());
        bought.currency = Some("EUR".to_owned());
        let now = self.now;
        self.database.write(|tx| event::record(tx, &bought, now)).unwrap();
    }

    fn all_are(&mut self, state: State, code: Option<u32>) {
        let now = self.now.as_millis();
        self.turn(|turn| {
            let c = turn.tx.connection();
            let sql = "UPDATE message SET state = ?1, due_at = NULL, timer_at = ?2";
            c.execute(sql, rusqlite::params![state.as_str(), now + 1_000])?;
            if code.is_some() {
                let sql = "INSERT INTO submission (message, segment, attempt, state, link, at, code) \
                           SELECT id, 0, 1, ?1, 'north', 0, ?2 FROM message";
                c.execute(sql, rusqlite::params![state.as_str(), code])?;
            }
            Ok(())
        });
    }
}

#[test]
fn a_small_audience_is_foretold_exactly() {
    let mut bench = Bench::new();
    bench.prices();
    bench.contacts(400);
    bench.template("long", &"여름 ".repeat(40));
    let variants = json!([{"name": "a", "template": "hi", "share": 3}, {"name": "b", "template": "long"}]);
    bench.define("sale", json!({"to": {"list": "all"}, "variants": variants, "control": 10, "spread": "30m"}));
    let forecast = bench.forecast("sale");
    assert!(forecast.exact() && forecast.recipients == 400 && forecast.speed_known, "{forecast:?}");
    bench.start("sale");
    while bench.phase("sale") != crate::campaign::run::Phase::Done {
        bench.now = bench.settle().unwrap_or(bench.now);
    }
    bench.all_are(State::Delivered, None);
    let report = bench.report("sale");
    let parts: BTreeMap<String, u64> =
        report.variants.iter().map(|(part, counts)| (part.clone(), counts.recipients)).collect();
    assert_eq!(forecast.parts, parts);
    assert_eq!((forecast.texts, forecast.segments), (report.total.state("delivered"), report.total.segments));
    assert_eq!(forecast.cost, report.total.cost);
    assert!(report.total.cost.units() > 5.0, "{:?}", report.total.cost);
    let end = forecast.ends_at.unwrap();
    let least = at(NOON).plus(Duration::from_secs(29 * 60));
    assert!(end > least && end < at(NOON).plus(Duration::from_secs(32 * 60)), "{end}");
}

#[test]
fn a_large_audience_is_foretold_by_a_sample() {
    let mut bench = Bench::new();
    bench.contacts(3_000);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi", "control": 20}));
    let forecast = bench.forecast("sale");
    assert_eq!((forecast.recipients, forecast.looked_at, forecast.exact()), (3_000, 2_000, false));
    assert!((2_300..2_500).contains(&forecast.texts), "{forecast:?}");
    let took = forecast.ends_at.unwrap().since(bench.now).as_secs();
    assert!((225..255).contains(&took), "about 2400 segments at 10 a second: {took} s");
}

#[test]
fn numbers_that_nobody_knows_are_foretold_and_become_contacts() {
    let mut bench = Bench::new();
    bench.define("sale", json!({"to": {"numbers": ["+821000000001", "+821000000002"]}, "template": "hi"}));
    let forecast = bench.forecast("sale");
    assert_eq!((forecast.recipients, forecast.texts), (2, 2));
    bench.start("sale");
    bench.settle();
    assert_eq!(bench.in_state("sale", "queued"), 2);
}

#[test]
fn closed_hours_put_the_end_off() {
    let mut bench = Bench::new();
    bench.settings.consent = Arc::new(Rules { labels: crate::campaign::Labels::Off, ..Rules::default() });
    bench.contacts(20);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi"}));
    bench.now = at("2026-11-25T13:00:00Z");
    let forecast = bench.forecast("sale");
    assert_eq!(forecast.waiting, BTreeMap::from([("quiet_hours".to_owned(), 20)]));
    assert!(forecast.ends_at.unwrap() >= at("2026-11-25T23:00:00Z"), "{forecast:?}");
}

#[test]
fn a_report_stays_right_after_its_messages_are_gone() {
    let mut bench = Bench::new();
    bench.prices();
    bench.contacts(30);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi"}));
    bench.start("sale");
    bench.settle();
    bench.all_are(State::Failed, Some(11));
    let before = bench.report("sale");
    assert_eq!(before.reasons["failed"], BTreeMap::from([("code 11".to_owned(), 30)]));
    bench.now = bench.now.plus(Duration::from_secs(100 * 86_400));
    bench.turn(sweep);
    assert!(bench.messages().is_empty());
    let after = bench.report("sale");
    assert_eq!((&after.total, &after.reasons), (&before.total, &before.reasons));
}

#[test]
fn purchases_count_against_those_who_were_held_out() {
    let mut bench = Bench::new();
    bench.prices();
    bench.contacts(2_000);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi", "control": 40, "attribution": "2d"}));
    bench.start("sale");
    bench.settle();
    let hour = Duration::from_secs(3_600);
    for n in 0..2_000 {
        // Every fifth of those who got it buys, every twentieth of the others; some buy too late.
        let part = {
            let number = format!("+8210{n:08}").parse().unwrap();
            let id = bench.database.read(|c| contact::id_of(c, &number)).unwrap().unwrap();
            let plan = Plan::of(&bench.database.read(|c| table::find(c, "sale")).unwrap().unwrap()).unwrap();
            plan.run.part_of("sale", id) == crate::campaign::run::Part::Control
        };
        if n % if part { 20 } else { 5 } == 0 {
            bench.bought(n, 50, hour);
        } else if n % 7 == 0 {
            bench.bought(n, 1_000, hour * 49);
        }
    }
    bench.all_are(State::Delivered, None);
    let report = bench.report("sale");
    let (all, by_variant) = report.lifts();
    let lift = all.unwrap();
    assert!(lift.certain && lift.difference_percent > 10.0, "{lift:?}");
    assert_eq!((lift.contacts + lift.control_contacts, by_variant.len()), (2_000, 1));
    assert_eq!(report.total.buyers, lift.buyers + lift.control_buyers);
    assert_eq!(report.bought_in.as_deref(), Some("EUR"));
    assert!(report.returned().unwrap() > 1.0, "{:?}", report.returned());
    let json = report.to_json();
    assert_eq!(json["lift"]["certain"], true);
    assert!(report.to_csv().lines().any(|line| line.starts_with("variant,control,")));
}

#[test]
fn an_erased_contact_is_forgotten_and_still_counted() {
    let mut bench = Bench::new();
    bench.contacts(3);
    bench.define("sale", json!({"to": {"list": "all"}, "template": "hi"}));
    bench.start("sale");
    bench.settle();
    bench.all_are(State::Delivered, None);
    let number = "+821000000001".parse().unwrap();
    bench.turn(|turn| crate::pipeline::consent::erase(turn, &number));
    let report = bench.report("sale");
    assert_eq!((report.total.recipients, report.total.state("delivered")), (3, 3));
}

#[test]
fn a_trial_goes_to_the_shops_handsets_and_is_not_counted() {
    let mut bench = Bench::new();
    bench.contacts(2);
    bench.template("code", "{{ coupon(\"spring\") }}");
    let variants = json!([{"name": "a", "template": "hi"}, {"name": "b", "template": "code"}]);
    bench.define("sale", json!({"to": {"list": "all"}, "variants": variants}));
    let trial = Trial {
        to: vec!["+821099999999".parse().unwrap()],
        contact: Some("+821000000001".parse().unwrap()),
        ..Trial::default()
    };
    let tried = bench.turn(|turn| test(turn, "sale", &trial, 7)).unwrap();
    let texts: Vec<_> = tried.iter().filter_map(|tried| tried.text.as_deref()).collect();
    assert_eq!(texts, ["Hi there", "XXXX-0000"]);
    assert!(tried.iter().all(|tried| tried.outcome.is_ok()));
    assert_eq!(bench.messages().get("+821099999999"), Some(&2));
    assert_eq!(bench.report("sale").total.recipients, 0);
    assert_eq!(bench.phase("sale"), crate::campaign::run::Phase::Draft);
}
