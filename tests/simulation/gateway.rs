//! What the daemon's loops do, one at a time: links are told of, leases handed over, outcomes written, callbacks posted; and the
//! ways in which the process dies between two of these steps.

use std::time::Duration;

use postrider::model::*;
use postrider::pipeline::*;
use postrider::smpp::profile::CarrierProfile;
use postrider::store::callback::Ending;
use postrider::store::{Database, Options, StoreError, throttle};

use super::link::SimLink;
use super::plan::Step;
use super::world::{Planted, World};

/// How soon a tool that failed is told again.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// The pause after a throttling answer that names none.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);

impl World {
    /// The gateway passes a step; returns whether it died behind it.
    pub(super) fn pass(&mut self, step: Step) -> Result<bool, StoreError> {
        if self.has_healed() {
            self.crash_points.clear();
        }
        let here = |point: &super::plan::CrashPoint| point.step.is_none_or(|of| of == step);
        let mut dies = None;
        for (place, point) in self.crash_points.iter_mut().enumerate().filter(|(_, point)| here(point)) {
            match point.passages.checked_sub(1) {
                Some(left) => point.passages = left,
                None => dies = Some(place),
            }
        }
        let Some(place) = dies else { return Ok(false) };
        self.crash_points.remove(place);
        self.crash()?;
        Ok(true)
    }

    /// The process dies: what is in memory is gone, what is committed stays.
    fn crash(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for link in std::mem::take(&mut self.links) {
            if let Some(id) = link.connection {
                self.abandon(id, now);
            }
            self.texts.ended(link.session(), now);
        }
        self.oracle.crashed();
        self.database = Database::open(&Options::at(self.dir.path().join("sim.db")))?;
        self.settings.started_at = self.wall();
        self.dispatcher = Dispatcher::new(&self.database.read(throttle::load)?);
        while self.transact(recover)? > 0 {}
        if self.planted == Some(Planted::CallbackForgotten) {
            self.forget_taken()?;
        }
        let mut after = None;
        loop {
            let (_, next) = self.transact(|turn| notify::release_owed(turn, after))?;
            let Some(next) = next else { break };
            after = Some(next);
        }
        self.callbacks_at = Some(now);
        if self.pass(Step::Recovered)? {
            return Ok(());
        }
        self.start_links();
        Ok(())
    }

    pub(super) fn start_links(&mut self) {
        let mut profile = CarrierProfile { window: self.plan.window, ..CarrierProfile::default() };
        profile.account.system_id = "shop".to_owned();
        profile.account.password = "secret".into();
        for bind in 1..=self.plan.binds {
            self.sessions += 1000;
            let name = LinkName::new("north", bind);
            let mut link = SimLink::new(name, profile.clone(), self.sessions, self.now());
            link.blind = self.planted == Some(Planted::BlindResend);
            self.links.push(link);
        }
        self.dispatch_at = Some(self.now());
    }

    /// Replaces links that did nothing yet, after a fault was planted.
    pub(super) fn start_over_links(&mut self) {
        self.links.clear();
        self.start_links();
    }

    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for place in 0..self.links.len() {
            let mut events = std::mem::take(&mut self.links[place].events);
            if events.is_empty() {
                continue;
            }
            if self.pass(Step::Told)? {
                return Ok(());
            }
            let acks: Vec<AckToken> = events.iter().filter_map(ack_of).collect();
            self.spoil(&mut events);
            let name = self.links[place].name.clone();
            if let Some(pause) = events.iter().filter_map(throttled).max() {
                let wall = self.wall();
                self.dispatcher.slow_down(&name, wall, pause);
            }
            self.transact(|turn| settle(turn, &name, &events))?;
            self.written(&events);
            if self.planted == Some(Planted::InboundTwice) && self.random.chance(200) {
                self.store_twice()?;
            }
            if self.pass(Step::Settled)? {
                return Ok(());
            }
            for ack in &acks {
                self.links[place].ack(*ack, now);
            }
            self.dispatch_at = Some(now);
            if !acks.is_empty() && self.pass(Step::Acknowledged)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What links told is on disk.
    fn written(&mut self, events: &[LinkEvent]) {
        let now = self.now();
        for event in events {
            match event {
                LinkEvent::Submit(result) => self.oracle.answered(result),
                LinkEvent::Inbound { part, ack } => {
                    let session = ack.map_or(0, |ack| ack.session);
                    self.texts.kept(session, part.from.as_str(), &part.payload, now);
                }
                LinkEvent::Receipt { .. }
                | LinkEvent::Health(_)
                | LinkEvent::Session { .. }
                | LinkEvent::Modem { .. } => {}
            }
        }
    }

    pub(super) fn dispatch(&mut self) -> Result<(), StoreError> {
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
        if leased.submissions.is_empty() {
            return Ok(());
        }
        leased.submissions.iter().for_each(|(_, submission)| self.oracle.leased(submission));
        if self.pass(Step::Leased)? {
            return Ok(());
        }
        for (name, submission) in leased.submissions {
            if let Some(link) = self.links.iter_mut().find(|link| link.name == name) {
                link.take(submission, now, wall);
            }
        }
        self.pass(Step::HandedOver).map(|_| ())
    }

    /// Tools answer at once, fail now and then, before or after they took a callback in, and are told again later.
    pub(super) fn call_back(&mut self) -> Result<(), StoreError> {
        let (now, wall) = (self.now(), self.wall());
        let (due, next) = self.transact(|turn| notify::take(turn, 50))?;
        if !due.is_empty() && self.pass(Step::CallbacksTaken)? {
            return Ok(());
        }
        let mut endings = Vec::new();
        for callback in due {
            if !self.random.chance(100) {
                self.oracle.heard(callback.message, callback.n, &callback.body);
            }
            endings.push((callback, Ending::Done, "simulated".to_owned()));
        }
        for (callback, ending, _) in &mut endings {
            let heard = self.oracle.heard.get(&callback.message).and_then(|heard| heard.last());
            let has_it = heard.is_some_and(|(n, _)| *n == callback.n);
            if !has_it || self.random.chance(50) {
                *ending = Ending::Again(wall.plus(TOLD_AGAIN_AFTER));
            }
        }
        if !endings.is_empty() && self.pass(Step::CallbacksPosted)? {
            return Ok(());
        }
        let more = !endings.is_empty();
        self.transact(|turn| notify::record(turn, &endings))?;
        self.callbacks_at = if more { Some(now) } else { next.map(|at| now + at.since(wall)) };
        if more { self.pass(Step::CallbacksRecorded).map(|_| ()) } else { Ok(()) }
    }

    /// Planted faults in what links tell.
    fn spoil(&mut self, events: &mut Vec<LinkEvent>) {
        if self.planted == Some(Planted::EarlyAcknowledgement) && self.random.chance(200) {
            events.retain(|event| ack_of(event).is_none());
        }
        if self.planted != Some(Planted::ReceiptOfAnother) {
            return;
        }
        for event in events {
            match event {
                LinkEvent::Submit(SubmitResult {
                    outcome: SubmitOutcome::Accepted { carrier_id: Some(id) }, ..
                }) => {
                    self.last_answer = Some(id.clone());
                }
                LinkEvent::Receipt { receipt, .. } if self.random.chance(200) => {
                    let Some(other) = self.last_answer.clone() else { continue };
                    (receipt.ids, receipt.source, receipt.destination) = (vec![other], None, None);
                }
                _ => {}
            }
        }
    }

    /// Callbacks that were taken when the process died count as posted.
    fn forget_taken(&mut self) -> Result<(), StoreError> {
        self.transact(|turn| {
            let now = turn.now.as_millis();
            turn.tx
                .connection()
                .execute_batch(&format!("UPDATE callback SET done_at = {now}, due_at = NULL WHERE due_at > {now}"))?;
            Ok(())
        })
    }

    /// The last incoming text gets a second row, whatever columns the table has.
    fn store_twice(&mut self) -> Result<(), StoreError> {
        self.transact(|turn| {
            let id = turn.tx.next_id(turn.now).as_i64();
            turn.tx.connection().execute_batch(&format!(
                "CREATE TEMP TABLE twice AS SELECT * FROM inbound ORDER BY id DESC LIMIT 1; \
                 UPDATE twice SET id = {id}; INSERT INTO inbound SELECT * FROM twice; DROP TABLE twice;"
            ))?;
            Ok(())
        })
    }
}

fn ack_of(event: &LinkEvent) -> Option<AckToken> {
    match event {
        LinkEvent::Receipt { ack, .. } | LinkEvent::Inbound { ack, .. } => *ack,
        LinkEvent::Submit(_) | LinkEvent::Health(_) | LinkEvent::Session { .. } | LinkEvent::Modem { .. } => None,
    }
}

/// The pause that an event asks for, if it is a throttling answer.
fn throttled(event: &LinkEvent) -> Option<Duration> {
    let LinkEvent::Submit(SubmitResult { outcome, .. }) = event else { return None };
    match outcome {
        SubmitOutcome::Refused { class: ErrorClass::Backoff, retry_after, .. } => {
            Some(retry_after.unwrap_or(THROTTLE_PAUSE))
        }
        SubmitOutcome::Refused { .. }
        | SubmitOutcome::Accepted { .. }
        | SubmitOutcome::NotSent { .. }
        | SubmitOutcome::Unanswered { .. } => None,
    }
}
