//! The gateway's engine over a group of modems: the real pipeline, store and modem machines, simulated sticks, one clock.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use postrider::model::*;
use postrider::pipeline::*;
use postrider::policy::caps::Caps;
use postrider::policy::pace::Pace;
use postrider::policy::pool::{PoolSettings, SimRules};
use postrider::policy::routes::Route;
use postrider::sim::modem::{ModemFaults, Persona, SimModemSettings};
use postrider::store::callback::Ending;
use postrider::store::{Database, Options, StoreError, throttle};
use postrider::text::TextProfile;

use super::modem_duel::Duel;
use super::modem_oracle::{Oracle, Posted, Taken};
use super::modem_tests::faults;
use super::stick::Stick;

const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// After this everything works again.
const HEALED: Duration = Duration::from_secs(2400);
/// Long enough for the last report that never comes.
const END: Duration = Duration::from_secs(80 * 3600);
const STEPS_MAX: u64 = 400_000;
/// How long an old message lay on its way.
const OLD: Duration = Duration::from_secs(3 * 3600);
const SWEEP_EVERY: Duration = Duration::from_secs(30);
const CHECK_EVERY: u64 = 256;

/// Something that happens from outside.
#[derive(Debug, Clone)]
enum Happening {
    Post { count: u64, class: usize, long: bool },
    Cut { stick: usize, after: usize },
    Faults { stick: usize, faults: Box<ModemFaults> },
    Inbound { stick: usize, long: bool },
    Crash,
}

pub struct ModemWorld {
    random: Random,
    epoch: Instant,
    elapsed: Duration,
    dir: tempfile::TempDir,
    database: Database,
    settings: Settings,
    dispatcher: Dispatcher,
    dispatch_at: Option<Instant>,
    callbacks_at: Option<Instant>,
    sweep_at: Instant,
    sticks: Vec<Stick>,
    oracle: Oracle,
    posted: u64,
    early_ack: bool,
}

impl ModemWorld {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x7374_6963);
        let dir = tempfile::tempdir_in(if std::path::Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "." })
            .expect("a directory");
        let database = Database::open(&Options::at(dir.path().join("sim.db"))).expect("a new database");
        let names: Vec<&str> = Persona::names().collect();
        let count = u32::try_from(1 + random.below(3)).unwrap();
        let mut sticks = Vec::new();
        for number in 1..=count {
            let persona = Persona::named(names[usize::try_from(random.below(names.len() as u64)).unwrap()]).unwrap();
            sticks.push(Stick::new(number, Duel::new(plugged_in(number, persona), seed)));
        }
        let epoch = sticks[0].duel.epoch;
        for stick in &mut sticks {
            stick.duel.epoch = epoch;
        }
        let rules = SimRules { caps: Caps::NONE, pace: Pace::NONE, ..SimRules::default() };
        let pool = PoolSettings { rules, ..PoolSettings::default() };
        let mut settings = Settings {
            routes: vec![Route::over("all", &["sticks"])],
            callback_target: Some("http://tool/".to_owned()),
            started_at: START,
            consent: std::sync::Arc::new(postrider::campaign::Rules::off()),
            ..Settings::default()
        };
        settings.groups.insert("sticks".into(), Group::of_modems(TextProfile::default(), pool));
        Self {
            random,
            epoch,
            elapsed: Duration::ZERO,
            dir,
            database,
            settings,
            dispatcher: Dispatcher::default(),
            dispatch_at: None,
            callbacks_at: None,
            sweep_at: epoch,
            sticks,
            oracle: Oracle::default(),
            posted: 0,
            early_ack: false,
        }
    }

    /// Plants an engine that acknowledges deliveries and loses them before they are stored, now and then.
    pub fn plant_early_acknowledgement(&mut self) {
        self.early_ack = true;
    }

    fn plan(&mut self) -> Vec<(Duration, Happening)> {
        let random = &mut self.random;
        let sticks = self.sticks.len() as u64;
        let mut all = Vec::new();
        let at = |random: &mut Random, below: u64| Duration::from_millis(random.below(below * 1000));
        for _ in 0..3 + random.below(5) {
            let post = Happening::Post {
                count: 1 + random.below(10),
                class: usize::try_from(random.below(3)).unwrap(),
                long: random.chance(300),
            };
            all.push((at(random, 900), post));
        }
        for _ in 0..random.below(5) {
            let stick = usize::try_from(random.below(sticks)).unwrap();
            let faults = Box::new(faults(random));
            all.push((at(random, 1500), Happening::Faults { stick, faults }));
        }
        for _ in 0..random.below(6) {
            let stick = usize::try_from(random.below(sticks)).unwrap();
            let after = usize::try_from(random.below(2000)).unwrap();
            all.push((at(random, 1500), Happening::Cut { stick, after }));
            let inbound = Happening::Inbound { stick, long: random.chance(300) };
            all.push((at(random, 1500), inbound));
        }
        for _ in 0..random.below(3) {
            all.push((at(random, 1500), Happening::Crash));
        }
        for stick in 0..self.sticks.len() {
            all.push((HEALED, Happening::Faults { stick, faults: Box::default() }));
        }
        all.sort_by_key(|(at, _)| *at);
        all
    }

    /// Runs to the end; says how long it was and how many segments went out, or which promise was broken.
    pub fn run(&mut self) -> Result<(Duration, u64), String> {
        let mut happenings = self.plan().into_iter().peekable();
        for step in 0..STEPS_MAX {
            let next = happenings.peek().map(|(at, _)| self.epoch + *at);
            let at = [next, self.next_internal()].into_iter().flatten().min().unwrap_or(self.epoch + END);
            self.elapsed = self.elapsed.max(at.saturating_duration_since(self.epoch));
            while let Some((_, happening)) = happenings.next_if(|(at, _)| *at <= self.elapsed) {
                self.happen(happening).map_err(text)?;
            }
            self.turn().map_err(text)?;
            if step % CHECK_EVERY == 0 {
                self.check()?;
                let empty = |stick: &Stick| stick.duel.sim.waiting() + stick.duel.sim.stored() == 0;
                let quiet = self.elapsed > HEALED && self.callbacks_at.is_none() && self.sticks.iter().all(empty);
                if quiet && self.oracle.is_settled(&self.database)? || self.elapsed >= END {
                    break;
                }
            }
        }
        self.check()?;
        let parts = taken(&self.sticks);
        self.oracle.check_end(&self.database, &parts)?;
        Ok((self.elapsed, parts.len() as u64))
    }

    fn check(&mut self) -> Result<(), String> {
        let parts = taken(&self.sticks);
        self.oracle.check(&self.database, &parts).map_err(|broken| format!("{broken} at {:?}", self.elapsed))
    }

    fn now(&self) -> Instant {
        self.epoch + self.elapsed
    }

    fn wall(&self) -> Timestamp {
        START.plus(self.elapsed)
    }

    fn next_internal(&self) -> Option<Instant> {
        let now = self.now();
        let mut all = vec![self.dispatch_at, self.callbacks_at, Some(self.sweep_at)];
        for stick in &self.sticks {
            all.push(stick.duel.poll_timeout());
            let turn = stick.held.front().filter(|_| stick.flight.is_none() && stick.duel.modem.is_ready());
            let turn = turn.and_then(|(submission, next)| submission.turns.get(*next));
            all.push(turn.map(|turn| now + turn.not_before.since(self.wall())));
        }
        // Whatever is due in the past is due in a millisecond: time always moves.
        all.into_iter().flatten().min().map(|at| at.max(now + Duration::from_millis(1)))
    }

    fn happen(&mut self, happening: Happening) -> Result<(), StoreError> {
        let now = self.now();
        match happening {
            Happening::Post { count, class, long } => self.post(count, class, long)?,
            Happening::Cut { stick, after } => self.sticks[stick].duel.cut_after = Some(after),
            Happening::Faults { stick, faults } => {
                let duel = &mut self.sticks[stick].duel;
                if *faults == ModemFaults::default() {
                    duel.cut_after = None;
                }
                duel.sim.set_faults(now, *faults);
            }
            Happening::Inbound { stick, long } => {
                self.oracle.inbound += 1;
                let said =
                    format!("inbound {} {}", self.oracle.inbound, if long { "x".repeat(200) } else { String::new() });
                // Every fifth lay on its way for hours.
                let is_old = self.oracle.inbound.is_multiple_of(5);
                self.oracle.old_inbound += usize::from(is_old);
                let sent_at = if is_old { self.wall().minus(OLD) } else { self.wall() };
                let sim = &mut self.sticks[stick].duel.sim;
                sim.receive_sent_at(now, sent_at, "+821099999999", &said).expect("a short text");
            }
            Happening::Crash => self.crash()?,
        }
        Ok(())
    }

    fn post(&mut self, count: u64, class: usize, long: bool) -> Result<(), StoreError> {
        for _ in 0..count {
            self.posted += 1;
            let number = format!("+8210{:08}", self.posted);
            let said = format!("{} {}", self.posted, if long { "x".repeat(400) } else { String::new() });
            let mut new = NewMessage::text(number.parse().expect("a number"), said);
            new.class = Class::ALL[class];
            let prepared = prepare(&self.settings, new, self.wall()).expect("a good message");
            let accepted = self.transact(|turn| accept(turn, 1, std::slice::from_ref(&prepared)))?;
            for one in accepted {
                self.oracle.posted(one.id, Posted { recipient: number.clone(), segments: one.segments });
            }
        }
        Ok(())
    }

    /// The process dies: what is in memory is gone, what is committed stays.
    fn crash(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        self.database = Database::open(&Options::at(self.dir.path().join("sim.db")))?;
        self.settings.started_at = self.wall();
        self.dispatcher = Dispatcher::new(&self.database.read(throttle::load)?);
        while self.transact(recover)? > 0 {}
        let mut after = None;
        loop {
            let (_, next) = self.transact(|turn| notify::release_owed(turn, after))?;
            let Some(next) = next else { break };
            after = Some(next);
        }
        self.callbacks_at = Some(now);
        for stick in &mut self.sticks {
            stick.duel.now = now;
            stick.restart();
        }
        self.dispatch_at = Some(now);
        Ok(())
    }

    /// Everything that is due now.
    fn turn(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        self.sticks.iter_mut().for_each(|stick| stick.turn(now));
        self.settle()?;
        if self.dispatch_at.is_some_and(|at| at <= now) {
            self.dispatch()?;
        }
        self.sticks.iter_mut().for_each(|stick| stick.turn(now));
        self.settle()?;
        if self.callbacks_at.is_some_and(|at| at <= now) {
            self.call_back()?;
        }
        if self.sweep_at <= now {
            // Days of waiting for reports that never come need no close look.
            self.sweep_at = now + SWEEP_EVERY * if self.elapsed > HEALED { 40 } else { 1 };
            self.transact(sweep)?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for place in 0..self.sticks.len() {
            let mut events = std::mem::take(&mut self.sticks[place].out);
            if events.is_empty() {
                continue;
            }
            let acks: Vec<AckToken> = events.iter().filter_map(ack_of).collect();
            if self.early_ack && self.random.chance(200) {
                events.retain(|event| ack_of(event).is_none());
            }
            let name = self.sticks[place].name.clone();
            self.transact(|turn| settle(turn, &name, &events))?;
            let stick = &mut self.sticks[place];
            for ack in acks.into_iter().filter(|ack| ack.session == stick.session) {
                stick.duel.modem.committed(now, ack.sequence, true);
            }
            self.dispatch_at = Some(now);
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Result<(), StoreError> {
        let offers: Vec<LinkOffer> = self.sticks.iter().filter_map(Stick::offer).collect();
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
        for (name, submission) in leased.submissions {
            if let Some(stick) = self.sticks.iter_mut().find(|stick| stick.name == name) {
                stick.take(submission);
            }
        }
        Ok(())
    }

    /// Tools answer at once, fail now and then, and are told again later.
    fn call_back(&mut self) -> Result<(), StoreError> {
        let (now, wall) = (self.now(), self.wall());
        let (due, next) = self.transact(|turn| notify::take(turn, 50))?;
        let again = wall.plus(Duration::from_secs(30));
        let mut endings = Vec::new();
        for callback in due {
            let ending = if self.random.chance(100) { Ending::Again(again) } else { Ending::Done };
            endings.push((callback, ending, "simulated".to_owned()));
        }
        let more = !endings.is_empty();
        self.transact(|turn| notify::record(turn, &endings))?;
        self.callbacks_at = if more { Some(now) } else { next.map(|at| now + at.since(wall)) };
        Ok(())
    }

    fn transact<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let (settings, wall, now) = (&self.settings, START.plus(self.elapsed), self.epoch + self.elapsed);
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

/// A stick that was just plugged in, in a network that loses some.
fn plugged_in(number: u32, persona: Persona) -> SimModemSettings {
    let mut settings = SimModemSettings::numbered(number, persona);
    settings.part_time = Duration::from_millis(2500);
    settings.network.report_delay = (Duration::from_millis(100), Duration::from_secs(20));
    settings.network.report_states = vec![(0x46, 50), (0x30, 50), (0x41, 50)];
    settings.first_reference = 240;
    settings.cold = true;
    settings
}

/// What the networks took from all sticks.
fn taken(sticks: &[Stick]) -> Vec<Taken<'_>> {
    let parts = sticks.iter().flat_map(|stick| stick.duel.sim.ledger().parts());
    let taken = parts.map(|part| Taken {
        recipient: &part.content.recipient,
        octets: Cow::Owned([&part.content.header[..], &part.content.payload[..]].concat()),
    });
    taken.collect()
}

fn ack_of(event: &LinkEvent) -> Option<AckToken> {
    match event {
        LinkEvent::Receipt { ack, .. } | LinkEvent::Inbound { ack, .. } | LinkEvent::Modem { ack, .. } => *ack,
        LinkEvent::Submit(_) | LinkEvent::Health(_) | LinkEvent::Session { .. } => None,
    }
}

fn text(error: StoreError) -> String {
    error.to_string()
}

#[test]
fn every_seed_keeps_the_promises_over_modems() {
    let seeds: Vec<u64> = match super::asked("POSTRIDER_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (0..super::asked("POSTRIDER_SIM_MODEM_SEEDS").unwrap_or(30)).collect(),
    };
    let (mut hours, mut parts) = (0.0, 0);
    for seed in &seeds {
        let (time, count) = ModemWorld::new(*seed).run().unwrap_or_else(|broken| {
            panic!("seed {seed}: {broken}\nreplay: POSTRIDER_SIM_SEED={seed} cargo test --test simulation over_modems")
        });
        hours += time.as_secs_f64() / 3600.0;
        parts += count;
    }
    println!("{} seeds over modems, {parts} parts, {hours:.0} simulated hours", seeds.len());
}

#[test]
fn a_deletion_before_the_commit_planted_in_the_engine_is_caught() {
    let caught = (0..20).any(|seed| {
        let mut world = ModemWorld::new(seed);
        world.plant_early_acknowledgement();
        world.run().is_err()
    });
    assert!(caught, "the oracle does not see what is lost");
}
