//! Claims about workflows at work, on a clock of their own.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::campaign::Rules;
use crate::campaign::contact::ContactChange;
use crate::campaign::event::Event;
use crate::campaign::template::Template;
use crate::campaign::workflow::read;
use crate::model::{MessageId, State};
use crate::pipeline::{Group, Settings, change, step as step_all};
use crate::policy::routes::Route;
use crate::store::campaign::enrolment::Visit;
use crate::store::campaign::{contact, event, template, workflow};
use crate::store::{Database, message};
use crate::text::TextProfile;

mod dates;
mod deeds;
mod enrolling;

const SEOUL: &str = "+821012345678";
const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const HOUR: Duration = Duration::from_secs(3_600);

/// A gateway with a clock that tests turn.
pub(super) struct Shop {
    pub database: Database,
    pub settings: Settings,
    pub now: Timestamp,
}

impl Shop {
    pub fn new() -> Self {
        let settings = Settings {
            routes: vec![Route::over("main", &["north"])],
            groups: [("north".into(), Group::new(TextProfile::default(), None))].into(),
            consent: Arc::new(Rules { brand: Some("Kim's Tea".to_owned()), ..Rules::off() }),
            short_url: Some("https://s.example/".into()),
            inbound_target: Some("https://tool.example/".to_owned()),
            ..Settings::default()
        };
        Self { database: Database::in_memory().unwrap(), settings, now: START }
    }

    pub fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let (settings, now) = (&self.settings, self.now);
        self.database.write(|tx| work(&Turn::new(tx, settings, now))).unwrap()
    }

    pub fn contact(&mut self, value: Value) -> i64 {
        let change = ContactChange::from_json(&value, None, None).unwrap();
        self.turn(|turn| {
            contact::upsert(turn.tx, &change, turn.now)?.unwrap();
            Ok(contact::id_of(turn.tx.connection(), &change.number)?.unwrap())
        })
    }

    pub fn template(&mut self, name: &str, text: &str) {
        let template = Template::of(text);
        self.turn(|turn| template::define(turn.tx, name, name, &template, turn.now));
    }

    /// Defines a workflow and activates it.
    pub fn workflow(&mut self, source: &Value) {
        let workflow = read(source).unwrap();
        self.turn(|turn| {
            workflow::define(turn.tx, &workflow, turn.now)?;
            activate(turn, &workflow.name)
        });
    }

    pub fn event(&mut self, value: &Value) {
        let event = Event::from_json(value, None, self.now).unwrap();
        self.turn(|turn| event::record(turn.tx, &event, turn.now));
        self.settle();
    }

    /// Does all that is due now.
    pub fn settle(&mut self) -> Option<Timestamp> {
        for _ in 0..1_000 {
            let progress = self.turn(step_all);
            if progress.done == 0 {
                return progress.next;
            }
        }
        panic!("it never comes to rest");
    }

    /// Lets time pass, from one thing that is due to the next.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while let Some(next) = self.settle().filter(|next| *next <= end) {
            self.now = next.max(self.now);
        }
        self.now = end;
        self.settle();
    }

    /// All texts to a number, in the order in which they were accepted, with the hours since the start.
    pub fn texts(&mut self, number: &str) -> Vec<(u64, String)> {
        let number = number.parse().unwrap();
        let mut views = self.database.read(|c| message::all_of(c, &number, 100)).unwrap();
        views.sort_by_key(|view| view.head.id);
        let hours = |id: MessageId| id.given_at().since(START).as_secs() / 3_600;
        views.into_iter().map(|view| (hours(view.head.id), view.body.unwrap())).collect()
    }

    /// How the texts to a number stand, in the order in which they were accepted.
    pub fn states(&self, number: &str) -> Vec<State> {
        let number = number.parse().unwrap();
        let mut views = self.database.read(|c| message::all_of(c, &number, 100)).unwrap();
        views.sort_by_key(|view| view.head.id);
        views.into_iter().map(|view| view.head.state).collect()
    }

    pub fn enrolments(&self, contact: i64) -> Vec<enrolment::Enrolment> {
        self.database
            .read(|c| {
                let sql = "SELECT id FROM enrolment WHERE contact = ?1 ORDER BY id";
                let ids: Vec<i64> =
                    c.prepare(sql)?.query_map([contact], |row| row.get(0))?.collect::<Result<_, _>>()?;
                Ok(ids.into_iter().map(|id| enrolment::find(c, id).unwrap().unwrap()).collect())
            })
            .unwrap()
    }

    pub fn visits(&self, enrolment: i64) -> Vec<Visit> {
        self.database.read(|c| enrolment::visits(c, enrolment)).unwrap()
    }

    pub fn outcome(&self, contact: i64) -> Option<String> {
        self.enrolments(contact).pop().unwrap().outcome
    }
}

fn cart() -> Value {
    json!({"name": "cart-left", "class": "transactional", "goal": [{"event": "purchase"}],
        "trigger": [{"event": "cart_updated", "delay": "24h"}], "step": [
        {"id": "remind", "send": "cart"},
        {"id": "wait", "wait": "2d"},
        {"id": "answer", "wait_for": [{"words": ["YES", "네"], "to": "order"}, {"clicked": "remind", "to": "won"}], "timeout": "3d", "else": "again"},
        {"id": "again", "send": "again", "next": "end"},
        {"id": "order", "send": "order", "next": "end"},
        {"id": "won", "tag": ["won"]},
        {"id": "end", "exit": "over"}]})
}

fn shop() -> (Shop, i64) {
    let mut shop = Shop::new();
    let id = shop.contact(json!({"number": SEOUL, "name": "Jisoo"}));
    for name in ["cart", "again", "order"] {
        shop.template(name, &format!("{name}: {{{{ name }}}} {{{{ event.url }}}}"));
    }
    shop.workflow(&cart());
    (shop, id)
}

fn cart_event() -> Value {
    json!({"type": "cart_updated", "contact": SEOUL, "properties": {"url": "u"}})
}

#[test]
fn an_event_begins_it_and_it_sends_waits_and_takes_the_answer() {
    let (mut shop, id) = shop();
    shop.event(&cart_event());
    shop.pass(HOUR * 23);
    assert_eq!(shop.texts(SEOUL), []);
    shop.pass(HOUR * 60);
    assert_eq!(shop.texts(SEOUL), [(24, "cart: Jisoo u".to_owned())]);
    let stands = shop.visits(1).pop().unwrap().what;
    assert_eq!(stands, "waits until 2026-11-28 09:00 +09:00", "by the contact's own clock");
    assert!(!shop.turn(|turn| hear(turn, id, "maybe")));
    assert!(shop.turn(|turn| hear(turn, id, "yes!")));
    assert!(!shop.turn(|turn| hear(turn, id, "yes!")), "it is over");
    assert_eq!(shop.texts(SEOUL)[1], (83, "order: Jisoo u".to_owned()));
    assert_eq!(shop.outcome(id).as_deref(), Some("over"));
    let visits = shop.visits(1);
    let told: Vec<_> = visits.iter().map(|visit| (visit.step.as_str(), visit.what.as_str())).collect();
    let expected = [
        ("remind", "cart queued"),
        ("wait", "waited: on to answer"),
        ("answer", "yes: on to order"),
        ("order", "order queued"),
        ("end", "ends: over"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn who_does_not_answer_goes_where_the_time_out_leads() {
    let (mut shop, id) = shop();
    shop.event(&cart_event());
    shop.pass(HOUR * 24 * 10);
    assert_eq!(shop.texts(SEOUL).iter().map(|(hours, _)| *hours).collect::<Vec<_>>(), [24, 24 * 6]);
    assert_eq!(shop.outcome(id).as_deref(), Some("over"));
}

#[test]
fn a_goal_ends_it_wherever_it_stands() {
    for hours in [1, 30, 80] {
        let (mut shop, id) = shop();
        shop.event(&cart_event());
        shop.pass(HOUR * hours);
        let before = shop.texts(SEOUL).len();
        shop.event(&json!({"type": "purchase", "contact": SEOUL, "amount": 1, "currency": "EUR"}));
        shop.pass(HOUR * 24 * 10);
        assert_eq!((shop.outcome(id).as_deref(), shop.texts(SEOUL).len()), (Some("goal"), before), "{hours}");
    }
}

#[test]
fn who_reached_the_goal_gets_no_text_that_still_waits() {
    let bought = json!({"type": "purchase", "contact": SEOUL, "amount": 1, "currency": "EUR"});
    for (left, expected) in [(false, State::Canceled), (true, State::Sent)] {
        let (mut shop, id) = shop();
        shop.event(&cart_event());
        shop.pass(HOUR * 30);
        assert_eq!(shop.states(SEOUL), [State::Queued]);
        if left {
            let message = shop.visits(1).into_iter().find_map(|visit| visit.message).unwrap();
            shop.turn(|turn| {
                let mut head = message::head(turn.tx, message)?.unwrap();
                change::enter(turn, &mut head, State::Sent, change::Step::default())
            });
        }
        shop.event(&bought);
        assert_eq!((shop.outcome(id).as_deref(), shop.states(SEOUL)), (Some("goal"), vec![expected]));
    }
}

#[test]
fn who_is_taken_out_of_a_workflow_gets_no_text_that_still_waits() {
    let (mut shop, _) = shop();
    shop.event(&cart_event());
    shop.pass(HOUR * 30);
    assert!(shop.turn(|turn| cancel(turn, 1, "canceled")));
    assert_eq!(shop.states(SEOUL), [State::Canceled]);
}
