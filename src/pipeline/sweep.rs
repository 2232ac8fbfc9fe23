//! What happens though nobody does anything: messages expire, leases and receipts stay out, old rows go, a crash is cleared up.

use super::Turn;
use super::change::{self, Step, reports};
use super::settle::abandon;
use super::{consent, parts, receive};
use crate::model::State;
use crate::policy::routes::Route;
use crate::policy::wall_clock::Trust;
use crate::store::message::{self, Head};
use crate::store::{
    StoreError, clock, consent_due, idempotency, inbound, inbound_part, inbound_seen, inbound_session, receipt,
    submission,
};

/// How many rows one transaction handles.
const ROWS_MAX: usize = 500;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Messages that got another state.
    pub changed: usize,
    /// Messages that were removed.
    pub purged: usize,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// Handles the timers that ran out, a bounded number at a time.
///
/// # Errors
/// The store's own.
pub fn sweep(turn: &Turn<'_>) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    if turn.tx.clock().trust == Trust::Set {
        let taken = clock::take_due_schedules(turn.tx, turn.now, ROWS_MAX)?;
        swept.more = taken == ROWS_MAX;
    }
    let heads = message::timed_out(turn.tx, turn.now, ROWS_MAX)?;
    swept.more |= heads.len() == ROWS_MAX;
    for head in heads {
        match turn.apart(head.id, || time_out(turn, head))? {
            Some(true) => swept.changed += 1,
            Some(false) => swept.purged += 1,
            None => {}
        }
    }
    receive::resolve(turn)?;
    receive::give_up_parts(turn, ROWS_MAX)?;
    swept.more |= consent::tell_due(turn)?;
    forget(turn)?;
    Ok(swept)
}

/// Removes what was kept for long enough. Nothing goes because the clock leapt.
fn forget(turn: &Turn<'_>) -> Result<(), StoreError> {
    let (clock, now, settings) = (turn.tx.clock(), turn.now, turn.settings);
    if clock.may_forget(now, settings.remember_for) {
        let old = now.minus(settings.remember_for);
        for (group, count) in receipt::forget_older(turn.tx, old)? {
            tracing::warn!(
                postrider.link = group,
                "{count} receipts of {group} found no message in all the time they were kept, and are dropped; is the \
                 account shared?"
            );
        }
        inbound_session::forget_older(turn.tx, old)?;
        idempotency::forget_older(turn.tx, old)?;
        consent_due::forget_answers(turn.tx, old)?;
    }
    if clock.may_forget(now, settings.keep_for) {
        consent::forget_older(turn)?;
        let kept_since = now.minus(settings.keep_for);
        inbound::purge_older(turn.tx, kept_since)?;
        inbound_seen::forget_older(turn.tx, kept_since)?;
        inbound_part::forget_older(turn.tx, kept_since.max(now.minus(settings.remember_for)))?;
    }
    Ok(())
}

/// Returns whether the message got another state; otherwise it was removed.
fn time_out(turn: &Turn<'_>, mut head: Head) -> Result<bool, StoreError> {
    fn note(note: &str) -> Step<'_> {
        Step { note: Some(note), ..Step::default() }
    }
    match head.state {
        State::Scheduled | State::Queued => {
            let again = if head.doubts > 0 { " again" } else { "" };
            let words = format!("its validity ended before it could be sent{again}");
            parts::end(turn, &mut head, State::Expired, note(&words))?;
        }
        State::Leased => abandon(turn, &mut head, "the link never reported what became of it")?,
        State::Sent if reports(turn.settings, &head) => {
            submission::end_wait(turn.tx, head.id, "no receipt came", turn.now)?;
            change::enter(turn, &mut head, State::Uncertain, note("no receipt came"))?;
        }
        State::Sent
        | State::Delivered
        | State::PartiallyDelivered
        | State::Undelivered
        | State::Failed
        | State::Expired
        | State::Canceled
        | State::Blocked
        | State::Uncertain => {
            message::purge(turn.tx, &head)?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Clears up after a crash, a bounded number at a time: every lease of the stopped process is a doubt. Returns how many.
///
/// # Errors
/// The store's own.
pub fn recover(turn: &Turn<'_>) -> Result<usize, StoreError> {
    inbound_session::all_ended(turn.tx, turn.now)?;
    receive::resolve(turn)?;
    let heads = message::leased(turn.tx, ROWS_MAX)?;
    let count = heads.len();
    for mut head in heads {
        turn.apart(head.id, || abandon(turn, &mut head, "postrider stopped before the answer came"))?;
    }
    Ok(count)
}

/// Moves waiting messages of routes that the configuration no longer has to the last route, which is the most general.
/// Returns how many.
///
/// # Errors
/// The store's own.
pub fn reroute(turn: &Turn<'_>) -> Result<usize, StoreError> {
    let Some(last) = turn.settings.routes.last() else { return Ok(0) };
    let known: Vec<&str> = turn.settings.routes.iter().map(|Route { name, .. }| &**name).collect();
    let moved = message::reroute(turn.tx, &known, &last.name)?;
    message::set_strays_aside(turn.tx)?;
    if moved > 0 {
        turn.wake_dispatch();
    }
    Ok(moved)
}
