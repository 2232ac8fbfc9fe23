//! The gateway, the carrier, the wires and the clock, and one step after another.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use postrider::model::*;
use postrider::pipeline::*;
use postrider::policy::retry::RetryPlan;
use postrider::policy::routes::Route;
use postrider::sim::{Carrier, CarrierSettings, ConnectionId, Keep, ReceiptSettings};
use postrider::store::{Database, Options, StoreError, event};
use postrider::text::TextProfile;

use super::judge::Judge;
use super::link::SimLink;
use super::oracle::Oracle;
use super::plan::{CrashPoint, HEALED, Happening, Plan};
use super::texts::Texts;
use super::wires::{Way, Wires};
use super::{ears, rate, rows};

pub const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// Long enough for the last receipt that never comes.
const END: Duration = Duration::from_secs(80 * 3600);
const STEPS_MAX: u64 = 2_000_000;
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Once all trouble is over, timers that take hours need no closer look.
const SWEEP_LATER: Duration = Duration::from_secs(900);
const CHECK_EVERY: u64 = 64;

/// A fault planted in the engine, which the oracle must see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// What may have been sent is called unsent.
    BlindResend,
    /// Deliveries are acknowledged and lost before they are stored, now and then.
    EarlyAcknowledgement,
    /// A receipt is told of another message, now and then.
    ReceiptOfAnother,
    /// An incoming text is stored twice, now and then.
    InboundTwice,
    /// A callback that was taken when the process died is not posted again.
    CallbackForgotten,
}

pub struct World {
    pub(super) plan: Plan,
    pub(super) random: Random,
    epoch: Instant,
    elapsed: Duration,
    /// How far the clock that people read was set, in milliseconds.
    clock_set: i64,
    pub(super) dir: tempfile::TempDir,
    pub(super) database: Database,
    pub(super) settings: Settings,
    pub(super) dispatcher: Dispatcher,
    pub(super) dispatch_at: Option<Instant>,
    pub(super) callbacks_at: Option<Instant>,
    pub(super) sweep_at: Instant,
    pub(super) links: Vec<SimLink>,
    pub(super) carrier: Carrier,
    wires: Wires,
    pub(super) oracle: Oracle,
    pub(super) texts: Texts,
    pub(super) posted: u64,
    pub(super) sessions: u32,
    /// Where the process dies next.
    pub(super) crash_points: Vec<CrashPoint>,
    pub(super) planted: Option<Planted>,
    /// The last answer that was told, for a planted fault.
    pub(super) last_answer: Option<CarrierMessageId>,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no zero; everything is counted from this one")]
    pub fn new(seed: u64, plan: Plan) -> Self {
        let epoch = Instant::now();
        // Flushes cost time and prove nothing here: a simulated crash keeps what the system has.
        let dir = tempfile::tempdir_in(if std::path::Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "." })
            .expect("a directory");
        let database = Database::open(&Options::at(dir.path().join("sim.db"))).expect("a new database");
        let carrier = CarrierSettings {
            accounts: [("shop".to_owned(), "secret".to_owned())].into(),
            ids: plan.ids,
            receipts: ReceiptSettings {
                delay: plan.receipt_delay,
                place: plan.place,
                coding: plan.coding.0,
                data_coding: plan.coding.1,
                addresses: plan.addresses,
                states: plan.states.clone(),
                ..ReceiptSettings::default()
            },
            keep: Keep::Last(10_000_000),
            ..CarrierSettings::default()
        };
        let mut world = Self {
            random: Random::new(seed),
            epoch,
            elapsed: Duration::ZERO,
            clock_set: 0,
            dir,
            database,
            settings: settings(&plan),
            dispatcher: Dispatcher::default(),
            dispatch_at: None,
            callbacks_at: None,
            sweep_at: epoch,
            links: Vec::new(),
            carrier: Carrier::new(carrier, seed, epoch, START),
            wires: Wires::new(plan.wire_delay),
            oracle: Oracle::default(),
            texts: Texts::default(),
            posted: 0,
            sessions: 0,
            crash_points: Vec::new(),
            planted: None,
            last_answer: None,
            plan,
        };
        world.start_links();
        world
    }

    /// Plants a fault in the engine.
    pub fn plant(&mut self, fault: Planted) {
        self.planted = Some(fault);
        self.start_over_links();
    }

    /// Every line of every timeline, to compare runs.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for id in self.oracle.ids() {
            for line in self.database.read(|c| event::of(c, id)).expect("a timeline") {
                story.push_str(&format!("{id} {} {} {:?}\n", line.at, line.state, line.note));
            }
        }
        story
    }

    /// Runs to the end; says how long it was and how many segments were taken, or which promise was broken.
    pub fn run(&mut self) -> Result<(Duration, u64), String> {
        let mut happenings = std::mem::take(&mut self.plan.happenings).into_iter().peekable();
        for step in 0..STEPS_MAX {
            let next = happenings.peek().map(|(at, _)| self.epoch + *at);
            let at = [next, self.next_internal()].into_iter().flatten().min().unwrap_or(self.epoch + END);
            self.elapsed = self.elapsed.max(at.saturating_duration_since(self.epoch));
            while let Some((_, happening)) = happenings.next_if(|(at, _)| *at <= self.elapsed) {
                self.happen(happening).map_err(rows::told)?;
            }
            self.turn().map_err(rows::told)?;
            if step % CHECK_EVERY == 0 {
                self.oracle
                    .check(&self.database, &self.carrier)
                    .map_err(|broken| format!("{broken} at {:?}", self.elapsed))?;
                if self.elapsed >= END || self.elapsed > HEALED && self.is_quiet()? {
                    break;
                }
                self.rest()?;
            }
        }
        self.check_end()?;
        Ok((self.elapsed, self.carrier.ledger().counts.taken))
    }

    fn is_quiet(&self) -> Result<bool, String> {
        Ok(self.callbacks_at.is_none()
            && self.carrier.pending_deliveries() == 0
            && rows::all_final(&self.database)?
            && self.texts.all_there(&self.database)?)
    }

    /// Once nothing can come or go any more and only timers of hours are left, the links are taken down: a run is then short,
    /// however long those timers are.
    fn rest(&mut self) -> Result<(), String> {
        let idle = self.has_healed()
            && self.carrier.pending_deliveries() == 0
            && self.texts.next().is_none()
            && rows::nothing_to_send(&self.database)?;
        if idle {
            let now = self.now();
            for link in std::mem::take(&mut self.links) {
                link.connection.into_iter().for_each(|id| self.close(id, now));
            }
        }
        Ok(())
    }

    /// Everything that was broken, so that one fault does not hide another.
    fn check_end(&mut self) -> Result<(), String> {
        let rate = self.plan.rate.map_or(Ok(()), |rate| rate::check(&self.oracle.left_at, rate));
        let mut broken: Vec<String> = [
            self.oracle.check(&self.database, &self.carrier),
            rate,
            self.texts.check(&self.database),
            ears::check(&self.oracle, &self.database),
        ]
        .into_iter()
        .filter_map(Result::err)
        .collect();
        broken.extend(Judge { oracle: &self.oracle, carrier: &self.carrier, plan: &self.plan }.faults(&self.database)?);
        if broken.is_empty() { Ok(()) } else { Err(broken.join("\n    ")) }
    }

    pub(super) fn now(&self) -> Instant {
        self.epoch + self.elapsed
    }

    pub(super) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(START.plus(self.elapsed).as_millis() + self.clock_set)
    }

    pub(super) fn has_healed(&self) -> bool {
        self.elapsed > HEALED
    }

    fn next_internal(&self) -> Option<Instant> {
        let now = self.now();
        let links = self.links.iter().filter_map(SimLink::poll_timeout).min();
        let all = [
            self.dispatch_at,
            self.callbacks_at,
            Some(self.sweep_at),
            self.wires.next(),
            self.carrier.poll_timeout(),
            self.texts.next().map(|at| at.max(now + Duration::from_millis(500))),
            links,
        ];
        // Whatever is due in the past is due in a millisecond: time always moves.
        all.into_iter().flatten().min().map(|at| at.max(now + Duration::from_millis(1)))
    }

    fn happen(&mut self, happening: Happening) -> Result<(), StoreError> {
        match happening {
            Happening::Post(post) => self.post(&post)?,
            Happening::DropLinks => self.carrier.drop_links(),
            Happening::Crash(point) => self.crash_points.push(point),
            Happening::Faults(faults) => self.carrier.set_faults(*faults),
            Happening::Cancel(which) => self.withdraw(which)?,
            Happening::Write(text) => {
                let now = self.now();
                self.texts.write(text, &mut self.random, now);
            }
            Happening::SetClock(by) => {
                self.clock_set += by;
                let now = Some(self.now());
                (self.dispatch_at, self.callbacks_at, self.sweep_at) = (now, now, self.now());
            }
            Happening::Foreign { count } => self.foreign(count),
        }
        Ok(())
    }

    /// Everything that is due now.
    fn turn(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        self.carrier.handle_timeout(now);
        while let Some(parts) = self.texts.due(self.carrier.ledger().counts.inbound_acknowledged, now) {
            self.carrier.inject("shop", parts, now);
        }
        for (id, way, octets) in self.wires.take(now) {
            match way {
                Way::ToCarrier => self.carrier.handle_bytes(id, &octets, now),
                Way::ToGateway => {
                    if let Some(link) = self.links.iter_mut().find(|link| link.connection == Some(id)) {
                        link.handle_bytes(&octets, now);
                    }
                }
            }
        }
        self.turn_links();
        self.settle()?;
        if self.dispatch_at.is_some_and(|at| at <= now) {
            self.dispatch()?;
        }
        self.turn_links();
        self.move_octets()?;
        self.settle()?;
        if self.callbacks_at.is_some_and(|at| at <= now) {
            self.call_back()?;
        }
        if self.sweep_at <= now {
            self.sweep()?;
        }
        Ok(())
    }

    fn turn_links(&mut self) {
        let (now, wall) = (self.now(), self.wall());
        for place in 0..self.links.len() {
            if self.links[place].wants_connection(now) {
                let id = self.carrier.handle_connect(now);
                self.wires.open(id);
                self.links[place].connect(id, now);
            }
            if self.links[place].turn(now, wall) {
                self.disconnect(place);
            }
            for token in std::mem::take(&mut self.links[place].left) {
                self.oracle.left(token, now);
            }
        }
    }

    fn disconnect(&mut self, place: usize) {
        let now = self.now();
        if let Some(id) = self.links[place].connection {
            self.close(id, now);
        }
        self.texts.ended(self.links[place].session(), now);
        self.links[place].handle_disconnect(now);
    }

    pub(super) fn close(&mut self, id: ConnectionId, now: Instant) {
        self.wires.cut(id);
        self.carrier.handle_closed(id, now);
    }

    /// The process behind a connection is gone. What it gave to the system may still reach the carrier.
    pub(super) fn abandon(&mut self, id: ConnectionId, now: Instant) {
        if self.random.chance(500) {
            for octets in self.wires.on_the_way_out(id) {
                self.carrier.handle_bytes(id, &octets, now);
            }
        }
        self.close(id, now);
    }

    fn move_octets(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        let mut left = false;
        for link in &mut self.links {
            let Some(id) = link.connection else { continue };
            while let Some(octets) = link.poll_transmit() {
                left = true;
                self.wires.put(id, Way::ToCarrier, octets, &mut self.random, now);
            }
            let mut out = BytesMut::new();
            while self.carrier.poll_transmit(id, &mut out) {
                self.wires.put(id, Way::ToGateway, out.split().freeze(), &mut self.random, now);
            }
        }
        while let Some(id) = self.carrier.poll_close() {
            match self.links.iter().position(|link| link.connection == Some(id)) {
                Some(place) => self.disconnect(place),
                None => self.close(id, now),
            }
        }
        if left { self.pass(super::plan::Step::Left).map(|_| ()) } else { Ok(()) }
    }

    fn sweep(&mut self) -> Result<(), StoreError> {
        self.sweep_at = self.now() + if self.has_healed() { SWEEP_LATER } else { SWEEP_EVERY };
        self.transact(sweep)?;
        self.pass(super::plan::Step::Swept).map(|_| ())
    }

    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (settings, wall, now) = (&self.settings, self.wall(), self.now());
        let (value, wakes) = self.database.write(|tx| {
            let turn = Turn::new(tx, settings, wall);
            let value = work(&turn)?;
            Ok((value, turn.wakes()))
        })?;
        if wakes.dispatch {
            self.dispatch_at = Some(now);
        }
        if wakes.callbacks {
            self.callbacks_at = Some(now);
        }
        Ok(value)
    }
}

fn settings(plan: &Plan) -> Settings {
    let mut settings = Settings {
        routes: vec![Route::over("all", &["north"])],
        retry: RetryPlan::default(),
        callback_target: Some("http://tool/".to_owned()),
        inbound_target: Some("http://tool/".to_owned()),
        started_at: START,
        // Marketing is posted at all hours here; the law has runs of its own.
        consent: std::sync::Arc::new(postrider::campaign::Rules::off()),
        ..Settings::default()
    };
    settings.groups.insert("north".into(), Group::new(TextProfile::default(), plan.rate));
    settings
}
