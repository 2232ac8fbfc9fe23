//! A shop's house: the gateway with a playbook installed, the way to its customers' handsets, and a clock that only moves
//! when it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider::campaign::Rules;
use postrider::campaign::contact::ContactChange;
use postrider::campaign::event::Event;
use postrider::campaign::link::Visitor;
use postrider::campaign::playbook::{Values, built_in, read};
use postrider::model::*;
use postrider::pipeline::playbook::{Fate, Wanted};
use postrider::pipeline::*;
use postrider::policy::caps::Caps;
use postrider::policy::pace::Pace;
use postrider::policy::pool::{PoolSettings, SimRules};
use postrider::policy::routes::Route;
use postrider::store::callback::Ending;
use postrider::store::campaign::contact;
use postrider::store::campaign::{event, link};
use postrider::store::{Database, StoreError};
use postrider::text::TextProfile;
use serde_json::{Value, json};

use super::network::{Network, Way};
use super::tongue::{ENGLISH, KOREAN, THAI, Tongue};

/// 22 November 2026, midnight UTC: 9 in the morning in Seoul, 7 in Bangkok, 19 on the day before in New York.
pub const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// What stands before the codes of short links.
const LINKS: &str = "https://s.test/";
const SWEEP_EVERY: Duration = Duration::from_secs(6 * 3600);
const STEP_EVERY: Duration = Duration::from_secs(900);
const STEPS_MAX: usize = 300_000;

/// Each language once over the carrier or the modem, so that both ways carry all three scripts over the playbooks.
pub fn everywhere(scenario: impl Fn(&mut House, Tongue)) {
    for (tongue, way) in [(ENGLISH, Way::Carrier), (KOREAN, Way::Modem), (THAI, Way::Carrier)] {
        scenario(&mut House::new(tongue, way), tongue);
    }
}

/// The same with the ways changed over.
pub fn the_other_way(scenario: impl Fn(&mut House, Tongue)) {
    for (tongue, way) in [(ENGLISH, Way::Modem), (KOREAN, Way::Carrier), (THAI, Way::Modem)] {
        scenario(&mut House::new(tongue, way), tongue);
    }
}

pub struct House {
    pub tongue: Tongue,
    epoch: Instant,
    elapsed: Duration,
    pub database: Database,
    settings: Settings,
    network: Network,
    dispatcher: Dispatcher,
    dispatch_at: Option<Instant>,
    callbacks_at: Option<Instant>,
    steps_at: Option<Instant>,
    sweep_at: Instant,
    /// What came on each handset and was not looked at yet.
    pub handsets: BTreeMap<String, Vec<String>>,
    /// What the tools were told.
    pub told: Vec<Value>,
    events: u32,
}

impl House {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no zero; everything is counted from this one")]
    pub fn new(tongue: Tongue, way: Way) -> Self {
        let epoch = Instant::now();
        let network = Network::new(way, epoch, START);
        let mut settings = Settings {
            routes: vec![Route::over("all", &[network.group()])],
            callback_target: Some("http://tool/".to_owned()),
            inbound_target: Some("http://tool/".to_owned()),
            started_at: START,
            short_url: Some(LINKS.into()),
            consent: Arc::new(Rules {
                brand: Some(tongue.brand.to_owned()),
                refusal_number: Some("080-123-4567".to_owned()),
                language: tongue.code.to_owned(),
                notices: false,
                ..Rules::default()
            }),
            ..Settings::default()
        };
        let group = match way {
            Way::Carrier => Group::new(TextProfile::default(), None),
            Way::Modem => {
                let rules = SimRules { caps: Caps::NONE, pace: Pace::NONE, ..SimRules::default() };
                Group::of_modems(TextProfile::default(), PoolSettings { rules, ..PoolSettings::default() })
            }
        };
        settings.groups.insert(network.group().into(), group);
        let mut house = Self {
            tongue,
            epoch,
            elapsed: Duration::ZERO,
            database: Database::in_memory().unwrap(),
            settings,
            network,
            dispatcher: Dispatcher::default(),
            dispatch_at: Some(epoch),
            callbacks_at: None,
            steps_at: Some(epoch),
            sweep_at: epoch,
            handsets: BTreeMap::new(),
            told: Vec::new(),
            events: 0,
        };
        house.pass("2m");
        house.customer(tongue.number, tongue.name);
        house
    }

    fn now(&self) -> Instant {
        self.epoch + self.elapsed
    }

    pub fn wall(&self) -> Timestamp {
        START.plus(self.elapsed)
    }

    // What a shop does.

    /// Installs a playbook with these values and lets it begin.
    pub fn install(&mut self, name: &str, set: &[&str]) {
        let text = built_in(name).unwrap_or_else(|| panic!("there is no playbook {name}")).text;
        let mut values = Values::default();
        values.set("shop_url=https://shop.test/").unwrap();
        set.iter().for_each(|typed| values.set(typed).unwrap());
        values.0.retain(|key, _| text.contains(&format!("${{{}", key.split('.').next().unwrap())));
        let playbook = read(text, &values).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}"));
        let language = self.tongue.code;
        let wanted = Wanted { playbook: &playbook, text, values: &values, language, replace: false, activate: true };
        let outcome = self.transact(|turn| playbook::install(turn, &wanted)).unwrap();
        assert!(outcome.assets.iter().all(|(_, _, fate)| *fate == Fate::Made), "{outcome:?}");
        self.pass("1s");
    }

    /// A customer who reads this house's language.
    pub fn customer(&mut self, number: &str, name: &str) -> i64 {
        let tongue = self.tongue;
        self.contact(number, json!({"name": name, "locale": tongue.locale, "time_zone": tongue.zone}))
    }

    /// Changes what is known of a contact.
    pub fn contact(&mut self, number: &str, mut fields: Value) -> i64 {
        fields["number"] = json!(number);
        let change = ContactChange::from_json(&fields, None, None).unwrap();
        let now = self.wall();
        let id = self.transact(|turn| {
            contact::upsert(turn.tx, &change, now)?.unwrap();
            Ok(contact::id_of(turn.tx.connection(), &number.parse().unwrap())?.unwrap())
        });
        self.wake_steps();
        id.unwrap()
    }

    /// The customer does something, now.
    pub fn event(&mut self, kind: &str, fields: Value) {
        let number = self.tongue.number;
        self.event_of(number, kind, fields);
    }

    /// Somebody does something, now.
    pub fn event_of(&mut self, number: &str, kind: &str, mut fields: Value) {
        self.events += 1;
        fields["type"] = json!(kind);
        fields["contact"] = json!(number);
        fields["id"] = json!(format!("event-{}", self.events));
        let (now, currency) = (self.wall(), self.tongue.currency);
        if fields.get("amount").is_some() {
            fields["currency"] = json!(currency);
        }
        let event = Event::from_json(&fields, None, now).unwrap();
        self.transact(|turn| {
            event::record(turn.tx, &event, now)?;
            turn.wake_steps();
            Ok(())
        })
        .unwrap();
        self.pass("10s");
    }

    /// Begins a workflow for the customer, as a tool does.
    pub fn begin(&mut self, workflow: &str) {
        let number = self.tongue.number;
        let begun = self.transact(|turn| {
            let id = contact::id_of(turn.tx.connection(), &number.parse().unwrap())?.unwrap();
            postrider::pipeline::workflow::enrol(turn, workflow, id, None)
        });
        assert_eq!(begun.unwrap().sentence(), "the contact is enrolled");
        self.wake_steps();
        self.pass("10s");
    }

    // What a customer does.

    /// The customer writes.
    pub fn reply(&mut self, text: &str) {
        let number = self.tongue.number;
        let now = self.now();
        self.network.receive(number, text, now);
        self.pass("30s");
    }

    /// The customer follows the link in a text.
    pub fn click(&mut self, text: &str) {
        let code = text.split(LINKS).nth(1).unwrap_or_else(|| panic!("no link in: {text}"));
        let code: String = code.chars().take_while(char::is_ascii_alphanumeric).collect();
        self.transact(|turn| {
            let link = link::find(turn.tx.connection(), &code)?.unwrap_or_else(|| panic!("no link {code}"));
            assert!(click::follow(turn, &link, Visitor::Person, "a browser")?);
            Ok(())
        })
        .unwrap();
        self.pass("10s");
    }

    // The clock.

    /// Lets this much time pass: `30s`, `5m`, `12h`, `3d`.
    pub fn pass(&mut self, span: &str) {
        let (number, unit) = span.split_at(span.len() - 1);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => 86_400,
        };
        let until = self.elapsed + Duration::from_secs(number.parse::<u64>().unwrap() * seconds);
        self.run_to(until);
    }

    /// Moves on to this local time of the customer's day, today or tomorrow.
    pub fn until(&mut self, local: &str) {
        let time: jiff::civil::Time = local.parse().unwrap();
        let zone = jiff::tz::TimeZone::get(self.tongue.zone).unwrap();
        let now = self.wall().to_jiff().to_zoned(zone.clone());
        let today = now.date().to_datetime(time).to_zoned(zone.clone()).unwrap();
        let at =
            if today > now { today } else { now.date().tomorrow().unwrap().to_datetime(time).to_zoned(zone).unwrap() };
        let millis = at.timestamp().as_millisecond() - START.as_millis();
        self.run_to(Duration::from_millis(millis.try_into().unwrap()));
    }

    /// The customer's day so many days from now.
    pub fn day(&self, ahead: i32) -> String {
        let zone = jiff::tz::TimeZone::get(self.tongue.zone).unwrap();
        let today = self.wall().to_jiff().to_zoned(zone).date();
        today.checked_add(jiff::Span::new().days(ahead)).unwrap().to_string()
    }

    fn run_to(&mut self, until: Duration) {
        for _ in 0..STEPS_MAX {
            self.turn().unwrap();
            let now = self.now();
            let next = [
                self.dispatch_at,
                self.callbacks_at,
                self.steps_at,
                Some(self.sweep_at),
                self.network.poll_timeout(now, self.wall()),
            ];
            // Whatever is due in the past is due in a millisecond: time always moves.
            let next = next.into_iter().flatten().min().map(|at| at.max(now + Duration::from_millis(1)));
            match next.map(|at| at.saturating_duration_since(self.epoch)).filter(|at| *at <= until) {
                Some(at) => self.elapsed = at,
                None => {
                    self.elapsed = self.elapsed.max(until);
                    return;
                }
            }
        }
        panic!("the clock does not come on: {:?}", self.elapsed);
    }

    fn turn(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        self.carry()?;
        if self.steps_at.is_some_and(|at| at <= now) {
            self.steps_at = None;
            let progress = self.transact(step)?;
            let wall = self.wall();
            // Whoever looks every minute whether something is due looks every quarter of an hour here.
            let next = progress.next.map(|at| (now + at.since(wall)).max(now + STEP_EVERY));
            let next = if progress.done > 0 { Some(now) } else { next };
            self.steps_at = [self.steps_at, next].into_iter().flatten().min();
        }
        if self.dispatch_at.is_some_and(|at| at <= now) {
            self.dispatch()?;
            self.carry()?;
        }
        if self.callbacks_at.is_some_and(|at| at <= now) {
            self.call_back()?;
        }
        if self.sweep_at <= now {
            self.sweep_at = now + SWEEP_EVERY;
            self.transact(sweep)?;
        }
        Ok(())
    }

    fn carry(&mut self) -> Result<(), StoreError> {
        let (now, wall) = (self.now(), self.wall());
        loop {
            let events = self.network.turn(now, wall);
            for (number, text) in self.network.shown() {
                self.handsets.entry(number).or_default().push(text);
            }
            if events.is_empty() {
                return Ok(());
            }
            let acks: Vec<AckToken> = events.iter().filter_map(ack_of).collect();
            let name = self.network.name();
            self.transact(|turn| settle(turn, &name, &events))?;
            acks.into_iter().for_each(|ack| self.network.ack(ack, now));
            self.dispatch_at = Some(now);
        }
    }

    fn dispatch(&mut self) -> Result<(), StoreError> {
        let offers = self.network.offer().into_iter().collect();
        self.dispatch_at = None;
        let mut dispatcher = self.dispatcher.clone();
        let leased = self.transact(|turn| dispatch(turn, &mut dispatcher, offers))?;
        self.dispatcher = dispatcher;
        let (now, wall) = (self.now(), self.wall());
        if leased.more && !leased.submissions.is_empty() {
            self.dispatch_at = Some(now);
        } else if let Some(at) = leased.next_at {
            self.dispatch_at = Some(now + at.since(wall));
        }
        for (_, submission) in leased.submissions {
            self.network.take(submission, now, wall);
        }
        Ok(())
    }

    fn call_back(&mut self) -> Result<(), StoreError> {
        let (now, wall) = (self.now(), self.wall());
        let (due, next) = self.transact(|turn| notify::take(turn, 50))?;
        let more = !due.is_empty();
        self.told.extend(due.iter().map(|callback| serde_json::from_str::<Value>(&callback.body).unwrap()));
        let endings: Vec<_> = due.into_iter().map(|callback| (callback, Ending::Done, String::new())).collect();
        self.transact(|turn| notify::record(turn, &endings))?;
        self.callbacks_at = if more { Some(now) } else { next.map(|at| now + at.since(wall)) };
        Ok(())
    }

    fn wake_steps(&mut self) {
        self.steps_at = Some(self.now());
    }

    fn transact<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let (settings, wall, now) = (&self.settings, self.wall(), self.now());
        let (value, wakes) = self.database.write(|tx| {
            let turn = Turn::new(tx, settings, wall);
            let value = work(&turn)?;
            Ok((value, turn.wakes()))
        })?;
        let due = |is: bool, at: &mut Option<Instant>| {
            if is {
                *at = Some(now);
            }
        };
        due(wakes.dispatch, &mut self.dispatch_at);
        due(wakes.callbacks, &mut self.callbacks_at);
        due(wakes.steps, &mut self.steps_at);
        Ok(value)
    }
}

fn ack_of(event: &LinkEvent) -> Option<AckToken> {
    match event {
        LinkEvent::Receipt { ack, .. } | LinkEvent::Inbound { ack, .. } | LinkEvent::Modem { ack, .. } => *ack,
        LinkEvent::Submit(_) | LinkEvent::Health(_) | LinkEvent::Session { .. } => None,
    }
}
