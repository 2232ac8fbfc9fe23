//! Records what the links report: the outcome of each segment, and from those of a whole lease what the message does next.

use super::change::{self, Step};
use super::receipts::LeasedAt;
use super::{Settings, Turn, doubts, modems, receipts, receive};
use crate::model::{CarrierMessageId, LinkEvent, LinkName, State, SubmitOutcome, SubmitResult};
use crate::policy::lifecycle::{self, Conclusion, Verdict};
use crate::store::message::{self, Head};
use crate::store::submission::{self, Submission};
use crate::store::{StoreError, sim, sim_usage};

/// Records the events of one link, in the order in which they came.
///
/// # Errors
/// The store's own; then nothing of them is recorded and they can be given again.
pub fn settle(turn: &Turn<'_>, link: &LinkName, events: &[LinkEvent]) -> Result<(), StoreError> {
    for event in events {
        match event {
            LinkEvent::Submit(result) => submitted(turn, link, result)?,
            LinkEvent::Receipt { receipt, .. } => receipts::settle(turn, link, receipt)?,
            LinkEvent::Inbound { part, ack } => receive::receive(turn, link, part, *ack)?,
            LinkEvent::Health(_) => turn.wake_dispatch(),
            LinkEvent::Session { session, news } => receive::session(turn, link, *session, *news)?,
            LinkEvent::Modem { notice, ack } => modems::settle(turn, link, notice, *ack)?,
        }
    }
    Ok(())
}

fn submitted(turn: &Turn<'_>, link: &LinkName, result: &SubmitResult) -> Result<(), StoreError> {
    let Some(mut head) = message::head(turn.tx, result.message)? else {
        tracing::warn!(postrider.message = %result.message, postrider.link = %link, "An answer came for a message that is not here any more");
        return Ok(());
    };
    // The outcomes of a first lease with a single segment need no look at earlier ones.
    let simple = head.segments == 1 && head.attempt <= 1 && head.awaited == 1;
    let known = if simple { Vec::new() } else { submission::of_message(turn.tx, head.id)? };
    let again = known.iter().any(|one| one.attempt == result.attempt && one.segment == result.index);
    let current = head.state == State::Leased && head.attempt == result.attempt && head.awaited > 0 && !again;
    if !current {
        return late(turn, link, head, known, result);
    }
    let verdict = lifecycle::verdict(&result.outcome);
    let row = outcome_row(turn, link, result, lifecycle::segment_state(verdict));
    let row = write_outcome(turn, &head, row, LeasedAt::Current)?;
    if let Some(sim) = &head.sim {
        count_on_sim(turn, sim, verdict)?;
    }
    head.awaited -= 1;
    if head.awaited > 0 {
        return message::save_awaited(turn.tx, head.id, head.awaited);
    }
    let mut rows = known;
    rows.push(row);
    conclude(turn, &mut head, &rows, Some(result))
}

/// What a segment's outcome means for the SIM: one that never got anywhere, through no fault of its own, is not counted
/// against its caps. A modem that cannot send would use them up otherwise.
fn count_on_sim(turn: &Turn<'_>, sim: &str, verdict: Verdict) -> Result<(), StoreError> {
    match verdict {
        Verdict::Taken => sim::used(turn.tx, sim, turn.now),
        Verdict::NotYet => sim_usage::give_back(turn.tx, sim),
        Verdict::Again { .. } | Verdict::Never | Verdict::Doubt => Ok(()),
    }
}

/// An outcome as its row.
fn outcome_row(turn: &Turn<'_>, link: &LinkName, result: &SubmitResult, state: State) -> Submission {
    let (carrier_id, code, note) = match &result.outcome {
        SubmitOutcome::Accepted { carrier_id } => (carrier_id.as_ref().map(ToString::to_string), None, None),
        SubmitOutcome::Refused { code, reason, .. } => (None, Some(*code), Some(reason.clone())),
        SubmitOutcome::NotSent { reason } | SubmitOutcome::Unanswered { reason } => (None, None, Some(reason.clone())),
    };
    Submission {
        message: result.message,
        segment: result.index,
        attempt: result.attempt,
        state,
        link: link.to_string(),
        at: turn.now,
        carrier_id,
        code,
        note,
    }
}

/// Writes an outcome, and lets a receipt that came before it take effect: one with the id that it names, or, when the
/// answer was lost, one that can only be about it. `leased_at` is when the lease began.
fn write_outcome(
    turn: &Turn<'_>,
    head: &Head,
    mut row: Submission,
    leased_at: LeasedAt,
) -> Result<Submission, StoreError> {
    let early = match row.carrier_id.as_deref().and_then(CarrierMessageId::new) {
        Some(id) => receipts::take_early(turn, head, &row, &id, leased_at)?,
        None if row.state == State::Uncertain => doubts::take(turn, head, &row, leased_at)?,
        None => None,
    };
    if let Some(early) = early {
        row.state = early.state;
        row.note = Some(early.note);
        row.carrier_id = Some(early.id.to_string());
    }
    let group = Settings::group_of(&row.link);
    let id = row.carrier_id.as_deref().and_then(CarrierMessageId::new);
    submission::put(turn.tx, &row, id.map(|id| submission::carrier_key(group, &id.normal_form())))?;
    Ok(row)
}

/// The state of each segment from all its outcomes: a delivered or sent copy counts, else the last word does.
pub fn segment_states(rows: &[Submission], segments: usize) -> Vec<State> {
    let mut states = vec![State::Queued; segments];
    for row in rows {
        let Some(state) = states.get_mut(usize::from(row.segment)) else { continue };
        let better = match (*state, row.state) {
            (State::Delivered, _) => false,
            (_, State::Delivered) => true,
            (State::Sent, _) => false,
            _ => true,
        };
        if better {
            *state = row.state;
        }
    }
    states
}

/// Decides what a message does after its lease has all its outcomes.
pub fn conclude(
    turn: &Turn<'_>,
    head: &mut Head,
    rows: &[Submission],
    last: Option<&SubmitResult>,
) -> Result<(), StoreError> {
    let states = segment_states(rows, head.segments);
    let of_lease: Vec<&Submission> = rows.iter().filter(|row| row.attempt == head.attempt).collect();
    let mut verdicts: Vec<Verdict> = of_lease.iter().map(|row| verdict_of(row)).collect();
    if let (Some(last), Some(verdict)) = (last, verdicts.last_mut()) {
        *verdict = lifecycle::verdict(&last.outcome);
    }
    let link = head.link.clone();
    let reason = of_lease.iter().rev().find_map(|row| row.note.clone());
    let step = Step { link: link.as_deref(), note: reason.as_deref(), due_at: None };
    head.awaited = 0;
    if verdicts.contains(&Verdict::Doubt) {
        head.doubts += 1;
    }
    match lifecycle::conclude(&states, &verdicts, head.on_doubt) {
        Conclusion::Stays(state) => change::enter(turn, head, state, step),
        Conclusion::Again { counts, few, doubt } => {
            if counts {
                head.tries += 1;
            }
            again(turn, head, few, counts, doubt, step)
        }
    }
}

/// A verdict read back from the row that it made. Whether few tries are worth it is only known for the newest outcome.
fn verdict_of(row: &Submission) -> Verdict {
    match row.state {
        State::Queued if row.code.is_some() => Verdict::Again { few: false },
        State::Queued | State::Scheduled | State::Leased => Verdict::NotYet,
        State::Failed | State::Canceled | State::Blocked => Verdict::Never,
        State::Uncertain => Verdict::Doubt,
        State::Sent | State::Delivered | State::PartiallyDelivered | State::Undelivered | State::Expired => {
            Verdict::Taken
        }
    }
}

/// Queues a message again, or ends it when that is not worth it.
fn again(
    turn: &Turn<'_>,
    head: &mut Head,
    few: bool,
    counts: bool,
    doubt: bool,
    step: Step<'_>,
) -> Result<(), StoreError> {
    let plan = &turn.settings.retry;
    let reason = step.note.unwrap_or("no answer");
    let end =
        |head: &mut Head, state, note: String| change::enter(turn, head, state, Step { note: Some(&note), ..step });
    if doubt && head.doubts >= plan.doubt_sends_max {
        return end(
            head,
            State::Uncertain,
            format!("{reason}; {} sends ended in doubt, it is not sent again", head.doubts),
        );
    }
    let due_at = match (doubt, counts) {
        (true, _) => Some(turn.now.plus(plan.doubt_hold)),
        (false, true) => plan.next(head.id, head.tries, few, turn.now),
        (false, false) => Some(turn.now.plus(plan.not_sent_delay)),
    };
    let Some(due_at) = due_at else {
        return end(head, State::Failed, format!("{reason}; given up after {} tries", head.tries));
    };
    if due_at >= head.valid_until {
        // What may have been sent must not be called expired.
        let state = if doubt { State::Uncertain } else { State::Expired };
        return end(head, state, format!("{reason}; its validity ends before the next try"));
    }
    let note = if doubt {
        format!("{reason}; it may have been sent, goes again unless an answer or receipt comes")
    } else {
        reason.to_owned()
    };
    change::enter(turn, head, State::Queued, Step { due_at: Some(due_at), note: Some(&note), ..step })
}

/// An answer that came after its lease was given up, or a second one for the same segment.
fn late(
    turn: &Turn<'_>,
    link: &LinkName,
    mut head: Head,
    known: Vec<Submission>,
    result: &SubmitResult,
) -> Result<(), StoreError> {
    let before = known.iter().position(|one| one.attempt == result.attempt && one.segment == result.index);
    let certain = matches!(result.outcome, SubmitOutcome::Accepted { .. } | SubmitOutcome::Refused { .. });
    let Some(before) = before.filter(|&place| certain && known[place].state == State::Uncertain) else {
        tracing::debug!(postrider.message = %head.id, postrider.link = %link, outcome = ?result.outcome, "A doubled answer changes nothing");
        return Ok(());
    };
    let state = lifecycle::segment_state(lifecycle::verdict(&result.outcome));
    let row = outcome_row(turn, link, result, state);
    let mut rows = known;
    let doubted_at = rows[before].at;
    rows[before] = write_outcome(turn, &head, row, LeasedAt::Before(doubted_at))?;
    let note = format!("a late answer to send {} came", result.attempt);
    // While another lease runs, its own end decides; until then only the row knows.
    if head.state == State::Leased {
        return change::remark(turn, &mut head, Some(&link.to_string()), &note);
    }
    let states = segment_states(&rows, head.segments);
    let left = states.iter().all(|state| !matches!(state, State::Queued | State::Uncertain));
    match head.state {
        State::Queued | State::Uncertain if left => {
            let step = Step { link: Some(&link.to_string()), note: Some(&note), due_at: None };
            change::enter(turn, &mut head, lifecycle::overall(states), step)
        }
        State::Uncertain if head.attempt == result.attempt => conclude(turn, &mut head, &rows, Some(result)),
        State::Scheduled
        | State::Queued
        | State::Leased
        | State::Sent
        | State::Delivered
        | State::PartiallyDelivered
        | State::Undelivered
        | State::Failed
        | State::Expired
        | State::Canceled
        | State::Blocked
        | State::Uncertain => change::remark(turn, &mut head, Some(&link.to_string()), &note),
    }
}

/// Marks every segment of the current lease that has no outcome as in doubt, and concludes the lease.
pub fn abandon(turn: &Turn<'_>, head: &mut Head, reason: &str) -> Result<(), StoreError> {
    let mut rows = submission::of_message(turn.tx, head.id)?;
    let link = head.link.clone().unwrap_or_default();
    let states = segment_states(&rows, head.segments);
    for (segment, state) in (0_u8..).zip(states) {
        let answered = rows.iter().any(|row| row.segment == segment && row.attempt == head.attempt);
        if answered || !matches!(state, State::Queued | State::Uncertain) {
            continue;
        }
        let row = Submission {
            message: head.id,
            segment,
            attempt: head.attempt,
            state: State::Uncertain,
            link: link.clone(),
            at: turn.now,
            carrier_id: None,
            code: None,
            note: Some(reason.to_owned()),
        };
        rows.push(write_outcome(turn, head, row, LeasedAt::Current)?);
    }
    conclude(turn, head, &rows, None)
}
