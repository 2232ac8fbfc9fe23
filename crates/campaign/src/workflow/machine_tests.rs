//! Claims about the machine, with made-up instants and contacts.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::json;

use super::super::read;
use super::super::tests::workflow_of;
use super::*;

const HOUR: i64 = 3_600_000;

/// What a test knows of its contact.
struct Known {
    zone: TimeZone,
    number: String,
    clicked: Vec<&'static str>,
    bought: bool,
    moments: BTreeMap<String, Moment>,
}

impl Known {
    fn new(zone: &str) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        Self { zone, number: "+821012345678".to_owned(), clicked: vec![], bought: false, moments: BTreeMap::new() }
    }
}

impl Facts for Known {
    type Error = Infallible;
    fn zone(&self) -> &TimeZone {
        &self.zone
    }
    fn name(&self) -> &str {
        &self.number
    }
    fn holds(&mut self, question: &Question, _: usize) -> Result<bool, Infallible> {
        Ok(match question {
            Question::Clicked(id) => self.clicked.contains(&id.as_str()),
            Question::Bought(yes) => self.bought == *yes,
            Question::Replied(_) | Question::Delivered(_) | Question::Event(_) | Question::Condition(_) => false,
        })
    }
    fn moment(&mut self, field: &Field) -> Result<Option<Moment>, Infallible> {
        Ok(self.moments.get(&field.name()).copied())
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The id of the step that is to be done, or `None` with the instant.
fn step_id<'w>(next: Result<Next<'w>, Infallible>) -> Result<&'w str, Timestamp> {
    match next.unwrap() {
        Next::Do(step) => Ok(&step.id),
        Next::End(outcome) => Ok(outcome),
        Next::Wait(due) => Err(due),
    }
}

#[test]
fn it_goes_from_step_to_step_and_waits_between_them() {
    let source =
        workflow_of(json!([{"id": "a", "send": "x"}, {"wait": "2d", "at": "10:00"}, {"id": "b", "send": "y"}]));
    let workflow = read(&source).unwrap();
    let mut known = Known::new("Asia/Seoul");
    let now = at("2026-11-22T15:00:00+09:00");
    let mut machine = Machine::new(&workflow, State::first(now));
    assert_eq!(step_id(machine.next(&mut known, now)), Ok("a"));
    machine.done(now);
    let due = at("2026-11-25T10:00:00+09:00");
    assert_eq!(step_id(machine.next(&mut known, now)), Err(due), "two days, and then until ten");
    let mut later = Machine::new(&workflow, machine.state());
    assert_eq!(step_id(later.next(&mut known, due)), Ok("b"));
    later.done(due);
    assert_eq!(step_id(later.next(&mut known, due)), Ok("done"));
    assert_eq!(later.state().visit, 4);
}

#[test]
fn a_delay_comes_before_the_first_step_and_a_goal_ends_it_there_too() {
    let mut source = workflow_of(json!([{"id": "a", "send": "x"}]));
    source["goal"] = json!([{"event": "purchase", "with": {"status": "paid", "n": 2}}]);
    let workflow = read(&source).unwrap();
    let (mut known, now) = (Known::new("UTC"), Timestamp::from_millis(0));
    let begins = Timestamp::from_millis(24 * HOUR);
    let mut machine = Machine::new(&workflow, State::first(begins));
    assert_eq!(step_id(machine.next(&mut known, now)), Err(begins));
    let paid = |status: &str| json!({"status": status, "n": 2.0}).as_object().unwrap().clone();
    assert_eq!(machine.happened("purchase", &paid("open"), &mut known, now), Ok(Moved::No));
    assert_eq!(machine.happened("purchase", &paid("paid"), &mut known, now), Ok(Moved::Goal));
    assert_eq!(step_id(machine.next(&mut known, now)), Ok(GOAL));
}

#[test]
fn who_waits_for_something_goes_where_it_leads_else_where_the_time_out_leads() {
    let source = workflow_of(json!([
        {"id": "ask", "wait_for": [{"event": "purchase", "to": "thanks"}, {"words": ["YES", "네"], "to": "order"}, {"clicked": "ask", "to": "won"}],
            "timeout": "3d", "else": "again"},
        {"id": "thanks", "exit": "thanks"}, {"id": "order", "exit": "order"}, {"id": "won", "exit": "won"}, {"id": "again", "exit": "again"}]));
    let workflow = read(&source).unwrap();
    let now = Timestamp::from_millis(0);
    let begin = || Machine::new(&workflow, State::first(now));
    let mut known = Known::new("UTC");
    assert_eq!(step_id(begin().next(&mut known, now)), Err(Timestamp::from_millis(72 * HOUR)));
    assert_eq!(step_id(begin().next(&mut known, Timestamp::from_millis(72 * HOUR))), Ok("again"));
    let mut machine = begin();
    assert!(!machine.said("maybe", now) && machine.said("Yes!", now));
    assert_eq!(step_id(machine.next(&mut known, now)), Ok("order"));
    assert!(begin().said(" 네. ", now));
    let mut machine = begin();
    assert_eq!(machine.happened("purchase", &Map::new(), &mut known, now), Ok(Moved::On));
    assert_eq!(step_id(machine.next(&mut known, now)), Ok("thanks"));
    assert_eq!(begin().happened("clicked", &Map::new(), &mut known, now), Ok(Moved::No), "another link");
    known.clicked.push("ask");
    assert_eq!(begin().happened("clicked", &Map::new(), &mut known, now), Ok(Moved::On));
    assert_eq!(step_id(begin().next(&mut known, now)), Ok("won"), "a click before it came there counts");
    let mut ahead = Machine::new(&workflow, State::first(Timestamp::from_millis(1)));
    assert!(!ahead.said("yes", now), "it is not there yet");
}

#[test]
fn a_text_waits_for_its_hours_of_the_contacts_day_and_an_urgent_one_does_not() {
    let mut source = workflow_of(json!([{"id": "now", "send": "x", "urgent": true}, {"id": "day", "send": "y"}]));
    source["at_local"] = json!(["09:00", "20:00"]);
    let workflow = read(&source).unwrap();
    let mut known = Known::new("Asia/Seoul");
    let night = at("2026-11-22T23:00:00+09:00");
    let mut machine = Machine::new(&workflow, State::first(night));
    assert_eq!(step_id(machine.next(&mut known, night)), Ok("now"));
    machine.done(night);
    let morning = at("2026-11-23T09:00:00+09:00");
    assert_eq!(step_id(machine.next(&mut known, night)), Err(morning));
    assert_eq!(step_id(machine.next(&mut known, morning)), Ok("day"));
}

#[test]
fn a_moment_is_waited_for_and_a_past_or_unknown_one_is_not() {
    let source = workflow_of(json!([{"wait_until": "event.at", "offset": "-12h"}, {"id": "a", "send": "x"}]));
    let workflow = read(&source).unwrap();
    let mut known = Known::new("Asia/Bangkok");
    let now = at("2026-11-22T10:00:00+07:00");
    let mut next = |moment: Option<Moment>| {
        known.moments = moment.into_iter().map(|moment| ("event.at".to_owned(), moment)).collect();
        step_id(Machine::new(&workflow, State::first(now)).next(&mut known, now))
    };
    assert_eq!(next(None), Ok("a"));
    assert_eq!(next(Some(Moment::Instant(at("2026-11-22T15:00:00+07:00")))), Ok("a"));
    let due = at("2026-11-24T03:00:00+07:00");
    assert_eq!(next(Some(Moment::Instant(at("2026-11-24T15:00:00+07:00")))), Err(due));
    let noon = at("2026-11-24T12:00:00+07:00");
    assert_eq!(
        next(Some(Moment::Day(jiff::civil::date(2026, 11, 25)))),
        Err(noon),
        "twelve hours before the day begins"
    );
}

#[test]
fn branches_ask_and_splits_are_stable_and_fair() {
    let source = workflow_of(json!([{"branch": {"bought": true}, "then": "yes"},
        {"id": "split", "split": [{"to": "a", "share": 30}, {"to": "b", "share": 70}]},
        {"id": "a", "exit": "a"}, {"id": "b", "exit": "b"}, {"id": "yes", "exit": "yes"}]));
    let workflow = read(&source).unwrap();
    let mut known = Known::new("UTC");
    let now = Timestamp::from_millis(0);
    let mut counts = BTreeMap::<String, u32>::new();
    for n in 0..10_000 {
        known.number = format!("+8210{n:08}");
        let mut go = || step_id(Machine::new(&workflow, State::first(now)).next(&mut known, now)).unwrap().to_owned();
        let way = go();
        assert_eq!(way, go());
        *counts.entry(way).or_default() += 1;
    }
    assert!((2_850..3_150).contains(&counts["a"]), "{counts:?}");
    known.bought = true;
    let mut machine = Machine::new(&workflow, State::first(now));
    assert_eq!(step_id(machine.next(&mut known, now)), Ok("yes"));
    assert_eq!(machine.take_notes()[0].what, "yes: on to yes");
}

#[test]
fn who_goes_round_for_ever_ends() {
    let source = workflow_of(json!([{"id": "a", "tag": "x"}, {"wait": "1m", "next": "a"}]));
    let workflow = read(&source).unwrap();
    let mut known = Known::new("UTC");
    let mut machine = Machine::new(&workflow, State::first(Timestamp::from_millis(0)));
    let mut now = Timestamp::from_millis(0);
    let end = loop {
        match machine.next(&mut known, now).unwrap() {
            Next::Do(_) => machine.done(now),
            Next::Wait(due) => now = due,
            Next::End(outcome) => break outcome,
        }
    };
    assert_eq!((end, machine.state().visit), (ENDLESS, VISITS_MAX + 1));
}
