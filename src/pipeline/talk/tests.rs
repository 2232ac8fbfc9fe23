//! Claims about what is heard and answered, against a database in memory with made-up instants.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::campaign::contest::Contest;
use crate::campaign::conversation::TalkRules;
use crate::campaign::flood::Limits;
use crate::campaign::point::Point;
use crate::campaign::service::Service;
use crate::campaign::survey::Survey;
use crate::campaign::{Rules, contact::ContactChange};
use crate::model::*;
use crate::pipeline::{Dispatcher, Group, LinkOffer, Settings, Turn, dispatch, notify, settle};
use crate::policy::routes::Route;
use crate::store::campaign::conversation::{self as conversations, Conversation};
use crate::store::campaign::{contact, contest as contests, definition, event, point, survey as runs};
use crate::store::message::{self, Filter};
use crate::store::{Database, StoreError};
use crate::text::TextProfile;

mod contests_and_staff;
mod order;
mod services;
mod surveys;

const KOREAN: &str = "+821012345678";
const OURS: &str = "15771234";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

struct Shop {
    database: Database,
    settings: Settings,
    now: Timestamp,
    session: u32,
}

impl Shop {
    /// A shop at noon of a Tuesday in Seoul.
    fn new() -> Self {
        let rules = Rules { brand: Some("Tea".into()), confirm: true, ..Rules::default() };
        let mut settings = Settings {
            routes: vec![Route::over("all", &["north"])],
            inbound_target: Some("http://tool/in".to_owned()),
            consent: Arc::new(rules),
            ..Settings::default()
        };
        settings.groups.insert("north".into(), Group::new(TextProfile::default(), None));
        let now = "2026-11-24T12:00:00+09:00".parse().unwrap();
        Self { database: Database::in_memory().unwrap(), settings, now, session: 0 }
    }

    fn rule(&mut self, change: impl FnOnce(&mut TalkRules)) {
        let mut rules = (*self.settings.talk).clone();
        change(&mut rules);
        self.settings.talk = Arc::new(rules);
    }

    fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let (settings, now) = (&self.settings, self.now);
        self.database.write(|tx| work(&Turn::new(tx, settings, now))).unwrap()
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    fn service(&mut self, json: &Value) {
        let service: Service = serde_json::from_value(json.clone()).unwrap();
        service.check().unwrap();
        let name = service.name.clone();
        self.turn(|turn| definition::define_service(turn.tx, &name, service, turn.now));
    }

    fn survey(&mut self, json: &Value) {
        let survey: Survey = serde_json::from_value(json.clone()).unwrap();
        survey.check().unwrap();
        let name = survey.name.clone();
        self.turn(|turn| definition::define(turn.tx, &name, survey, turn.now));
    }

    fn contest(&mut self, json: &Value) {
        let contest: Contest = serde_json::from_value(json.clone()).unwrap();
        contest.check().unwrap();
        let name = contest.name.clone();
        self.turn(|turn| contests::define(turn.tx, &name, contest, turn.now));
    }

    /// A contact with this locale.
    fn contact(&mut self, number: &str, locale: &str) -> contact::Stored {
        let mut change = ContactChange::new(number.parse().unwrap());
        change.locale = Some(locale.parse().ok());
        self.turn(|turn| contact::upsert(turn.tx, &change, turn.now)).unwrap();
        self.stored(number).unwrap()
    }

    fn stored(&self, number: &str) -> Option<contact::Stored> {
        self.database.read(|c| contact::find(c, &number.parse().unwrap())).unwrap()
    }

    fn writes(&mut self, from: &str, text: &str) {
        self.session += 1;
        self.now = self.now.plus(Duration::from_secs(1));
        let part = InboundPart {
            from: Sender::from_network(from),
            to: Sender::from_network(OURS),
            alphabet: Alphabet::Ucs2,
            payload: text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            elements: Vec::new(),
            part_of: None,
            network_time: None,
        };
        let event = LinkEvent::Inbound { part, ack: None };
        self.turn(|turn| settle(turn, &LinkName::new("north", 1), std::slice::from_ref(&event)));
    }

    /// What waits leaves.
    fn leaves(&mut self) {
        let offers = vec![LinkOffer { name: LinkName::new("north", 1), free: 100, idle: false, sim: None }];
        self.turn(|turn| dispatch(turn, &mut Dispatcher::default(), offers));
    }

    /// The texts that were accepted, the oldest first, with their states.
    fn texts(&self) -> Vec<String> {
        let views = self.database.read(|c| message::list(c, &Filter::default(), 1_000)).unwrap().0;
        views.into_iter().rev().filter_map(|view| view.body).collect()
    }

    fn last_text(&self) -> String {
        self.texts().pop().unwrap_or_default()
    }

    fn talk(&self, number: &str) -> Conversation {
        self.database.read(|c| conversations::find(c, &number.parse().unwrap())).unwrap().unwrap()
    }

    /// The events of a contact of one kind, the newest first.
    fn events(&self, number: &str, kind: &str) -> Vec<Value> {
        let Some(stored) = self.stored(number) else { return Vec::new() };
        let all = self.database.read(|c| event::of(c, stored.id, 100)).unwrap();
        all.into_iter().filter(|event| event["type"] == kind).map(Value::Object).collect()
    }

    fn point(&self, number: &str, point: Point) -> Option<i64> {
        let stored = self.stored(number).unwrap();
        self.database.read(|c| point::of(c, stored.id)).unwrap().integer(point)
    }

    /// The callbacks that are due.
    fn told(&mut self) -> Vec<Value> {
        let mut bodies = Vec::new();
        loop {
            let (due, _) = self.turn(|turn| notify::take(turn, 100));
            if due.is_empty() {
                return bodies;
            }
            bodies.extend(due.iter().map(|callback| serde_json::from_str::<Value>(&callback.body).unwrap()));
            let done: Vec<_> =
                due.into_iter().map(|one| (one, crate::store::callback::Ending::Done, "200".to_owned())).collect();
            self.turn(|turn| notify::record(turn, &done));
        }
    }

    fn told_kinds(&mut self) -> Vec<String> {
        self.told().into_iter().map(|body| body["type"].as_str().unwrap().to_owned()).collect()
    }
}
