//! Moves campaigns on, a bounded piece at a time: takes recipients, gives them their turns, writes to them.
//!
//! Only few messages wait in the queue for the links; all others are still recipients in turn. So a pause acts at once, and
//! whoever has to wait for the hours waits here, and costs neither a code nor a place in the queue.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::operate::withdraw;
use super::plan::Plan;
use crate::campaign::law::zone;
use crate::campaign::origin::{Kind, Origin};
use crate::campaign::run::report::{CONTROL, Standing};
use crate::campaign::run::{Part, Phase};
use crate::model::{Sender, State, Timestamp};
use crate::pipeline::compose::{self, Outgoing};
use crate::pipeline::consent::{Ask, Gate, gate};
use crate::pipeline::workflow::apart;
use crate::pipeline::{Accepted, Progress, Turn};
use crate::store::StoreError;
use crate::store::campaign::contact::{self, Stored as Contact};
use crate::store::campaign::run::recipient::{self, Decided, Due, New};
use crate::store::campaign::run::{self, Stage, Stored, waiting};
use crate::store::campaign::segment;

/// Contacts that one step looks at, and takes at most.
const TAKEN_MAX: usize = 2_000;
/// Recipients that one step writes to.
const WRITTEN_MAX: usize = 250;
/// Campaigns that one step looks at.
const CAMPAIGNS_MAX: usize = 200;
/// Messages of the same class that may wait for a route before a campaign writes more.
pub(super) const AHEAD_MAX: usize = 2_000;
/// How far ahead a waiting message counts.
const AHEAD_SPAN: Duration = Duration::from_secs(3_600);
/// When a campaign that found the queue full looks again.
const FULL_WAIT: Duration = Duration::from_secs(1);

/// Moves all campaigns on.
///
/// # Errors
/// The store's own.
pub fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    let busy = run::busy(turn.tx, CAMPAIGNS_MAX)?;
    let running = busy.iter().filter(|stored| stored.phase == Phase::Running).count();
    let share = (WRITTEN_MAX / running.max(1)).max(10);
    let mut all = Progress::default();
    let restored = turn.tx.is_restored();
    for stored in busy.into_iter().filter(|stored| stored.withdrawing || !restored) {
        let id = stored.id;
        match apart(turn, || one(turn, stored, share))? {
            Ok(progress) => all = all.and(progress),
            Err(why) => run::set_aside(turn.tx, id, &why)?,
        }
    }
    Ok(all)
}

fn one(turn: &Turn<'_>, mut stored: Stored, share: usize) -> Result<Progress, StoreError> {
    if stored.withdrawing {
        let done = withdraw(turn, &mut stored)?;
        run::save(turn.tx, &stored)?;
        return Ok(Progress { done: done.max(1), next: None });
    }
    let begins_at = stored.begins_at.unwrap_or(turn.now);
    match stored.phase {
        Phase::Scheduled if begins_at > turn.now => return Ok(Progress { done: 0, next: Some(begins_at) }),
        Phase::Scheduled => stored.phase = Phase::Running,
        Phase::Running => {}
        Phase::Draft | Phase::Paused | Phase::Done | Phase::Canceled => return Ok(Progress::default()),
    }
    let plan = Plan::of(&stored)?;
    let work = Work { turn, plan: &plan, began_at: begins_at };
    let progress = match stored.stage {
        Stage::Take => work.take(&mut stored)?,
        Stage::Spread => work.spread(&mut stored)?,
        Stage::Send => work.send(&mut stored, share)?,
    };
    run::save(turn.tx, &stored)?;
    Ok(progress)
}

/// One campaign in one step.
struct Work<'a> {
    turn: &'a Turn<'a>,
    plan: &'a Plan,
    began_at: Timestamp,
}

impl Work<'_> {
    /// Takes the next contacts, in the order of their rows. The conditions are asked as of the beginning, however long the
    /// taking lasts.
    fn take(&self, stored: &mut Stored) -> Result<Progress, StoreError> {
        let tx = self.turn.tx;
        let Some(last) = segment::span_end(tx.connection(), stored.cursor, TAKEN_MAX)? else {
            let spreads = !self.plan.run.spread.is_zero();
            stored.stage = if spreads { Stage::Spread } else { Stage::Send };
            stored.cursor = 0;
            return Ok(Progress { done: 1, next: None });
        };
        let compiled = self.plan.compiled_for_spans(tx.connection(), self.began_at)?;
        for id in &segment::within(tx.connection(), &compiled, stored.cursor + 1, last)? {
            let Some(contact) = contact::by_id(tx.connection(), *id)? else { continue };
            let contact = contact.contact;
            let part = self.plan.run.part_of(&stored.name, *id);
            let new = New {
                campaign: stored.id,
                n: stored.recipients + 1,
                contact: *id,
                part: match part {
                    Part::Control => CONTROL,
                    Part::Variant(name) => name,
                },
                country: contact.country(),
                turn_at: self.plan.run.due_at(&contact.number, contact.zone.as_deref(), self.began_at),
                writes: part != Part::Control,
            };
            if recipient::take(tx, new)? {
                stored.recipients += 1;
            }
        }
        stored.cursor = last;
        Ok(Progress { done: 1, next: None })
    }

    /// Moves the turns apart, once all recipients are known.
    fn spread(&self, stored: &mut Stored) -> Result<Progress, StoreError> {
        let count = u64::try_from(stored.recipients).unwrap_or(0);
        let offset = |n: i64| self.plan.run.offset(u64::try_from(n - 1).unwrap_or(0), count);
        match recipient::spread(self.turn.tx, stored.id, stored.cursor, TAKEN_MAX, offset)? {
            Some(last) => stored.cursor = last,
            None => stored.stage = Stage::Send,
        }
        Ok(Progress { done: 1, next: None })
    }

    /// Writes to those whose turn it is, as many as the queue has room for.
    fn send(&self, stored: &mut Stored, share: usize) -> Result<Progress, StoreError> {
        let Turn { tx, now, .. } = *self.turn;
        let (route, class) = (self.plan.run.route.as_deref(), self.plan.run.class);
        let ahead = waiting::ahead(tx, route, class, now.plus(AHEAD_SPAN), AHEAD_MAX)?;
        let room = AHEAD_MAX.saturating_sub(ahead).min(share);
        let due = recipient::due(tx, stored.id, now, room)?;
        for due in &due {
            self.write_to(stored, due)?;
        }
        let next = recipient::next_due(tx.connection(), stored.id)?;
        if next.is_none() {
            stored.phase = Phase::Done;
            stored.ended_at = Some(now);
        }
        // A queue that is full of others' messages is looked at again, whoever is due.
        let next = next.map(|at| if room == 0 { at.max(now.plus(FULL_WAIT)) } else { at });
        Ok(Progress { done: due.len(), next })
    }

    fn write_to(&self, stored: &Stored, due: &Due) -> Result<(), StoreError> {
        let Turn { tx, now, .. } = *self.turn;
        let ends_at = self.plan.run.valid_for.map(|span| due.turn_at.plus(span));
        let end = |standing, reason| {
            let decided = Decided { reason: Some(reason), ..Decided::default() };
            recipient::decide(tx, stored.id, due.n, standing, &decided, now)
        };
        let found = due.contact.map(|id| contact::by_id(tx.connection(), id)).transpose()?.flatten();
        let Some(to) = found else { return end(Standing::Skipped, "contact_gone") };
        if ends_at.is_some_and(|ends_at| ends_at <= now) {
            return end(Standing::Skipped, "too_late");
        }
        let zone = to.contact.zone.as_deref().and_then(zone);
        match gate(self.turn, &self.ask(&to, zone.as_ref()))? {
            Gate::Open => {}
            Gate::Wait(from, reason) if ends_at.is_none_or(|ends_at| from < ends_at) => {
                return recipient::defer(tx, stored.id, due.n, from, reason.code);
            }
            Gate::Wait(_, reason) | Gate::Shut(reason) => return end(Standing::Blocked, reason.code),
        }
        let Some(template) = self.plan.template(&due.part) else { return end(Standing::Skipped, "template_wrong") };
        let origin = Origin::new(Kind::Campaign, &stored.name, &due.part);
        let run = &self.plan.run;
        let outgoing = Outgoing {
            valid_for: ends_at.map(|ends_at| ends_at.since(now)),
            from: run.from.clone(),
            route: run.route.clone(),
            ..Outgoing::new(&to, template, &origin, run.class)
        };
        match compose::send(self.turn, &outgoing)? {
            Ok(accepted) => self.note(stored, due, &to, &accepted),
            Err(unsent) => end(Standing::Skipped, unsent.code()),
        }
    }

    fn ask<'a>(&'a self, to: &'a Contact, zone: Option<&'a TimeZone>) -> Ask<'a> {
        let run = &self.plan.run;
        Ask {
            number: &to.contact.number,
            class: run.class,
            sender: run.from.as_ref().map(Sender::as_str),
            at: self.turn.now,
            zone,
            exempt: false,
            own_answer: false,
            behind_waiting: true,
            message: None,
            hours: None,
        }
    }

    fn note(&self, stored: &Stored, due: &Due, to: &Contact, accepted: &Accepted) -> Result<(), StoreError> {
        let price = self.turn.settings.prices.of(&accepted.route, &to.contact.number);
        let reason = accepted.reason.as_ref().filter(|_| accepted.state == State::Blocked).map(|reason| reason.code);
        let decided = Decided {
            reason,
            message: Some(accepted.id),
            segments: Some(accepted.segments),
            cost: price.map(|price| price.times(accepted.segments).parts()),
        };
        recipient::decide(self.turn.tx, stored.id, due.n, Standing::Accepted, &decided, self.turn.now)
    }
}
