//! The gateway, the carrier, the wires and the clock, and one step after another.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use postrider::model::*;
use postrider::pipeline::*;
use postrider::policy::retry::RetryPlan;
use postrider::policy::routes::Route;
use postrider::sim::{Carrier, CarrierSettings, ConnectionId, Inbound, Keep, ReceiptSettings};
use postrider::smpp::profile::CarrierProfile;
use postrider::store::callback::Ending;
use postrider::store::{Database, Options, StoreError, event, throttle};
use postrider::text::TextProfile;

use super::link::SimLink;
use super::oracle::{Oracle, Posted, taken};
use super::plan::{HEALED, Happening, Plan};
use super::wires::{Way, Wires};

const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// Long enough for the last receipt that never comes.
const END: Duration = Duration::from_secs(80 * 3600);
const STEPS_MAX: u64 = 2_000_000;
const SWEEP_EVERY: Duration = Duration::from_secs(30);
const CHECK_EVERY: u64 = 64;

pub struct World {
    plan: Plan,
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
    links: Vec<SimLink>,
    carrier: Carrier,
    wires: Wires,
    oracle: Oracle,
    posted: u64,
    sessions: u32,
    early_ack: bool,
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
                delay: (Duration::from_millis(50), Duration::from_secs(20)),
                place: plan.place,
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
            posted: 0,
            sessions: 0,
            early_ack: false,
            plan,
        };
        world.start_links();
        world
    }

    /// Plants an engine that calls unsent what may have been sent.
    pub fn plant_blind_resend(&mut self) {
        self.links.iter_mut().for_each(|link| link.blind = true);
    }

    /// Plants an engine that acknowledges deliveries and loses them before they are stored, now and then.
    pub fn plant_early_acknowledgement(&mut self) {
        self.early_ack = true;
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

    /// Runs to the end; says how long it was and how many steps it took, or which promise was broken.
    pub fn run(&mut self) -> Result<(Duration, u64), String> {
        let mut happenings = std::mem::take(&mut self.plan.happenings).into_iter().peekable();
        for step in 0..STEPS_MAX {
            let next = happenings.peek().map(|(at, _)| self.epoch + *at);
            let at = [next, self.next_internal()].into_iter().flatten().min().unwrap_or(self.epoch + END);
            self.elapsed = self.elapsed.max(at.saturating_duration_since(self.epoch));
            while let Some((_, happening)) = happenings.next_if(|(at, _)| *at <= self.elapsed) {
                self.happen(happening).map_err(text)?;
            }
            self.turn().map_err(text)?;
            let healed = self.elapsed > HEALED;
            if step % CHECK_EVERY == 0 {
                self.oracle
                    .check(&self.database, &taken(&self.carrier))
                    .map_err(|broken| format!("{broken} at {:?}", self.elapsed))?;
                let quiet = healed && self.callbacks_at.is_none() && self.carrier.pending_deliveries() == 0;
                if quiet && self.oracle.is_settled(&self.database)? || self.elapsed >= END {
                    break;
                }
            }
        }
        self.oracle.check(&self.database, &taken(&self.carrier))?;
        self.oracle.check_end(&self.database, &taken(&self.carrier), self.plan.rate)?;
        Ok((self.elapsed, self.carrier.ledger().counts.taken))
    }

    fn now(&self) -> Instant {
        self.epoch + self.elapsed
    }

    fn wall(&self) -> Timestamp {
        START.plus(self.elapsed)
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
            links,
        ];
        // Whatever is due in the past is due in a millisecond: time always moves.
        all.into_iter().flatten().min().map(|at| at.max(now + Duration::from_millis(1)))
    }

    fn happen(&mut self, happening: Happening) -> Result<(), StoreError> {
        match happening {
            Happening::Post { count, class, segments, scheduled } => self.post(count, class, segments, scheduled)?,
            Happening::DropLinks => self.carrier.drop_links(),
            Happening::Crash => self.crash()?,
            Happening::Faults(faults) => self.carrier.set_faults(*faults),
            Happening::Cancel(which) => {
                let ids: Vec<MessageId> = self.oracle.ids().collect();
                if let Some(id) = ids.get(usize::try_from(which).unwrap_or(0) % ids.len().max(1)).copied() {
                    self.transact(|turn| cancel(turn, id))?;
                }
            }
            Happening::Inbound { parts } => self.inbound(parts),
        }
        Ok(())
    }

    fn post(&mut self, count: u64, class: usize, segments: usize, scheduled: bool) -> Result<(), StoreError> {
        for _ in 0..count {
            self.posted += 1;
            let number = format!("+8210{:08}", self.posted);
            let text = format!("{} {}", self.posted, if segments > 1 { "x".repeat(400) } else { String::new() });
            let mut new = NewMessage::text(number.parse().expect("a number"), text);
            new.class = Class::ALL[class];
            new.send_at = scheduled.then(|| self.wall().plus(Duration::from_secs(200)));
            let prepared = prepare(&self.settings, new, self.wall()).expect("a good message");
            let accepted = self.transact(|turn| accept(turn, 1, std::slice::from_ref(&prepared)))?;
            for one in accepted {
                self.oracle.posted(one.id, Posted { recipient: number.clone(), segments: one.segments });
            }
        }
        Ok(())
    }

    fn inbound(&mut self, total: u8) {
        let part = |number: u8| {
            let header = if total > 1 { vec![5, 0, 3, 7, total, number] } else { Vec::new() };
            let text = format!("part {number} of {total} ").into_bytes();
            Inbound {
                source: address("821099999999"),
                destination: address("15771234"),
                esm_class: if total > 1 { 0x40 } else { 0 },
                user_data: [header, text].concat(),
                ..Inbound::default()
            }
        };
        let mut parts: Vec<Inbound> = (1..=total).map(part).collect();
        parts.reverse();
        let now = self.now();
        self.carrier.inject("shop", parts, now);
        self.oracle.inbound += 1;
    }

    /// The process dies: what is in memory is gone, what is committed stays.
    fn crash(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for link in std::mem::take(&mut self.links) {
            if let Some(id) = link.connection {
                self.close(id, now);
            }
        }
        self.database = Database::open(&Options::at(self.dir.path().join("sim.db")))?;
        self.settings.started_at = self.wall();
        self.dispatcher = Dispatcher::new(&self.database.read(throttle::load)?);
        while self.transact(recover)? > 0 {}
        self.transact(notify::release_taken)?;
        self.callbacks_at = Some(now);
        self.start_links();
        Ok(())
    }

    fn start_links(&mut self) {
        let mut profile = CarrierProfile { window: self.plan.window, ..CarrierProfile::default() };
        profile.account.system_id = "shop".to_owned();
        profile.account.password = "secret".into();
        for bind in 1..=self.plan.binds {
            self.sessions += 1000;
            let name = LinkName::new("north", bind);
            self.links.push(SimLink::new(name, profile.clone(), self.sessions, self.now()));
        }
        self.dispatch_at = Some(self.now());
    }

    fn close(&mut self, id: ConnectionId, now: Instant) {
        self.wires.cut(id);
        self.carrier.handle_closed(id, now);
    }

    /// Everything that is due now.
    fn turn(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        self.carrier.handle_timeout(now);
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
        self.move_octets();
        self.settle()?;
        if self.callbacks_at.is_some_and(|at| at <= now) {
            self.call_back()?;
        }
        if self.sweep_at <= now {
            self.sweep_at = now + SWEEP_EVERY;
            self.transact(sweep)?;
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
        }
    }

    fn disconnect(&mut self, place: usize) {
        let now = self.now();
        if let Some(id) = self.links[place].connection {
            self.close(id, now);
        }
        self.links[place].handle_disconnect(now);
    }

    fn move_octets(&mut self) {
        let now = self.now();
        for link in &mut self.links {
            let Some(id) = link.connection else { continue };
            while let Some(octets) = link.poll_transmit() {
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
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for place in 0..self.links.len() {
            let mut events = std::mem::take(&mut self.links[place].events);
            if events.is_empty() {
                continue;
            }
            let acks: Vec<AckToken> = events.iter().filter_map(ack_of).collect();
            if self.early_ack && self.random.chance(200) {
                events.retain(|event| ack_of(event).is_none());
            }
            let name = self.links[place].name.clone();
            self.transact(|turn| settle(turn, &name, &events))?;
            for ack in acks {
                self.links[place].ack(ack, now);
            }
            self.dispatch_at = Some(now);
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Result<(), StoreError> {
        let offer = |link: &SimLink| Some(LinkOffer::new(link.name.clone(), link.free()?, link.is_idle()));
        let offers: Vec<LinkOffer> = self.links.iter().filter_map(offer).collect();
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
            if let Some(link) = self.links.iter_mut().find(|link| link.name == name) {
                link.take(submission, now, wall);
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

fn settings(plan: &Plan) -> Settings {
    let mut settings = Settings {
        routes: vec![Route::over("all", &["north"])],
        retry: RetryPlan::default(),
        callback_target: Some("http://tool/".to_owned()),
        started_at: START,
        // Marketing is posted at all hours here; the law has runs of its own.
        consent: std::sync::Arc::new(postrider::campaign::Rules::off()),
        ..Settings::default()
    };
    settings.groups.insert("north".into(), Group::new(TextProfile::default(), plan.rate));
    settings
}

fn ack_of(event: &LinkEvent) -> Option<AckToken> {
    match event {
        LinkEvent::Receipt { ack, .. } | LinkEvent::Inbound { ack, .. } => *ack,
        LinkEvent::Submit(_) | LinkEvent::Health(_) | LinkEvent::Session { .. } | LinkEvent::Modem { .. } => None,
    }
}

fn address(digits: &str) -> postrider::smpp::pdu::Address {
    postrider::smpp::pdu::Address::new(1, 1, digits)
}

fn text(error: StoreError) -> String {
    error.to_string()
}
