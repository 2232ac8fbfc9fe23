//! What happens though nobody does anything: messages expire, leases and receipts stay out, old rows go, a crash is cleared up.

use super::Turn;
use super::change::{self, Step, reports};
use super::consent;
use super::receive::{self, Origin};
use super::settle::abandon;
use crate::model::{InboundPart, LinkName, Sender, State};
use crate::policy::routes::Route;
use crate::policy::wall_clock::Trust;
use crate::store::message::{self, Head};
use crate::store::{StoreError, clock, consent_due, idempotency, inbound, inbound_seen, receipt};

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
        if time_out(turn, head)? {
            swept.changed += 1;
        } else {
            swept.purged += 1;
        }
    }
    give_up_parts(turn)?;
    swept.more |= consent::tell_due(turn)?;
    forget(turn)?;
    Ok(swept)
}

/// Removes what was kept for long enough. Nothing goes because the clock leapt.
fn forget(turn: &Turn<'_>) -> Result<(), StoreError> {
    let (clock, now, settings) = (turn.tx.clock(), turn.now, turn.settings);
    if clock.may_forget(now, settings.remember_for) {
        let old = now.minus(settings.remember_for);
        receipt::forget_older(turn.tx, old)?;
        idempotency::forget_older(turn.tx, old)?;
        consent_due::forget_answers(turn.tx, old)?;
    }
    if clock.may_forget(now, settings.keep_for) {
        consent::forget_older(turn)?;
        let kept_since = now.minus(settings.keep_for);
        inbound::purge_older(turn.tx, kept_since)?;
        inbound_seen::forget_older(turn.tx, kept_since)?;
    }
    Ok(())
}

/// Returns whether the message got another state; otherwise it was removed.
fn time_out(turn: &Turn<'_>, mut head: Head) -> Result<bool, StoreError> {
    let note = |note| Step { note: Some(note), ..Step::default() };
    match head.state {
        State::Scheduled | State::Queued if head.doubts > 0 => {
            change::enter(turn, &mut head, State::Uncertain, note("its validity ended before it could be sent again"))?;
        }
        State::Scheduled | State::Queued => {
            change::enter(turn, &mut head, State::Expired, note("its validity ended before it could be sent"))?;
        }
        State::Leased => abandon(turn, &mut head, "the link never reported what became of it")?,
        State::Sent if reports(turn.settings, &head) => {
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

/// Shows incoming messages whose missing parts are not coming any more, with what is there.
fn give_up_parts(turn: &Turn<'_>) -> Result<(), StoreError> {
    for set in inbound::stale_sets(turn.tx, turn.now.minus(turn.settings.parts_wait), ROWS_MAX)? {
        let parts = inbound::parts(turn.tx, &set)?;
        inbound::forget_parts(turn.tx, &set)?;
        let Some(first) = parts.first() else { continue };
        let any = InboundPart {
            from: Sender::from_network(&set.sender),
            to: Sender::from_network(&set.recipient),
            alphabet: first.alphabet,
            payload: Vec::new(),
            elements: Vec::new(),
            part_of: None,
            network_time: None,
        };
        receive::complete(turn, &LinkName::new(&set.link_group, 1), &any, &parts, set.total, Origin::default())?;
    }
    Ok(())
}

/// Clears up after a crash, a bounded number at a time: every lease of the stopped process is a doubt. Returns how many.
///
/// # Errors
/// The store's own.
pub fn recover(turn: &Turn<'_>) -> Result<usize, StoreError> {
    let heads = message::leased(turn.tx, ROWS_MAX)?;
    let count = heads.len();
    for mut head in heads {
        abandon(turn, &mut head, "postrider stopped before the answer came")?;
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
    if moved > 0 {
        turn.wake_dispatch();
    }
    Ok(moved)
}
