//! Records what the links report: the outcome of each segment, and from those of a whole lease what the message does next.

use super::change::{self, Step};
use super::parts::{self, Parts};
use super::receipts::LeasedAt;
use super::{Settings, Turn, modems, receipts, receive};
use crate::model::{CarrierMessageId, LinkEvent, LinkName, State, SubmitOutcome, SubmitResult};
use crate::policy::lifecycle::{self, Verdict};
use crate::policy::parts::Next;
use crate::store::message::{self, Head};
use crate::store::submission::{self, Submission};
use crate::store::{StoreError, sim, sim_usage};

/// What stands for the code of an answer that took the segment and gave no id.
const TAKEN: u32 = 0;

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
        return late(turn, link, head, &known, result);
    }
    let verdict = lifecycle::verdict(&result.outcome);
    let row = outcome_row(turn, link, result, lifecycle::segment_state(verdict));
    submission::put(turn.tx, &row, key_of(&row))?;
    let settled = receipts::recheck(turn, &head, std::slice::from_ref(&row), LeasedAt::Current)?;
    if let Some(sim) = &head.sim {
        count_on_sim(turn, sim, verdict)?;
    }
    head.awaited -= 1;
    if head.awaited > 0 {
        return message::save_awaited(turn.tx, head.id, head.awaited);
    }
    let rows = if settled {
        submission::of_message(turn.tx, head.id)?
    } else {
        let mut rows = known;
        let place = rows.partition_point(|one| (one.segment, one.attempt) < (row.segment, row.attempt));
        rows.insert(place, row);
        rows
    };
    conclude(turn, &mut head, rows, Some(result))
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
        SubmitOutcome::Accepted { carrier_id: Some(id) } => (Some(id.to_string()), None, None),
        SubmitOutcome::Accepted { carrier_id: None } => (None, Some(TAKEN), None),
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

/// The key under which receipts find a send.
pub fn key_of(row: &Submission) -> Option<i64> {
    let id = row.carrier_id.as_deref().and_then(CarrierMessageId::new)?;
    Some(submission::carrier_key(Settings::group_of(&row.link), &id.normal_form()))
}

/// Decides what a message does after its lease has all its outcomes; `last` is the newest of them.
fn conclude(
    turn: &Turn<'_>,
    head: &mut Head,
    rows: Vec<Submission>,
    last: Option<&SubmitResult>,
) -> Result<(), StoreError> {
    let all = Parts::of(turn.settings, head, rows);
    let of_lease: Vec<&Submission> = all.rows.iter().filter(|row| row.attempt == head.attempt).collect();
    let link = head.link.clone();
    let reason = of_lease.iter().rev().find_map(|row| row.note.clone());
    let step = Step { link: link.as_deref(), note: reason.as_deref(), due_at: None };
    head.awaited = 0;
    if of_lease.iter().any(|row| row.is_doubt()) {
        head.doubts += 1;
    }
    // What a refusal asks for is only known of the newest one; a row says no more than that there was one.
    let verdict = last.map(|last| lifecycle::verdict(&last.outcome));
    let few = verdict == Some(Verdict::Again { few: true });
    let refused = |row: &&Submission| {
        row.state == State::Queued && row.code.is_some() && Some(row.segment) != last.map(|l| l.index)
    };
    let counts = matches!(verdict, Some(Verdict::Again { .. })) || of_lease.iter().any(refused);
    go_on(turn, head, &all, Tries { counts, few }, step)
}

/// What a lease that ended means for the number of tries.
#[derive(Debug, Clone, Copy)]
struct Tries {
    counts: bool,
    few: bool,
}

/// Lets a message do what its parts ask for.
fn go_on(turn: &Turn<'_>, head: &mut Head, all: &Parts, tries: Tries, step: Step<'_>) -> Result<(), StoreError> {
    match all.next() {
        Next::Stays(state) => change::enter(turn, head, state, step),
        Next::Fails => parts::end(turn, head, State::Failed, step),
        Next::Goes { doubt } => {
            head.tries += u32::from(tries.counts || doubt);
            again(turn, head, tries, doubt, step)
        }
    }
}

/// Queues a message again, or ends what is left of it when that is not worth it.
fn again(turn: &Turn<'_>, head: &mut Head, tries: Tries, doubt: bool, step: Step<'_>) -> Result<(), StoreError> {
    let plan = &turn.settings.retry;
    let reason = step.note.unwrap_or("no answer");
    let end = |head: &mut Head, state, note: String| parts::end(turn, head, state, Step { note: Some(&note), ..step });
    let due_at = match (doubt, tries.counts) {
        (true, _) => Some(turn.now.plus(plan.doubt_hold)),
        (false, true) => plan.next(head.id, head.tries, tries.few, turn.now),
        (false, false) => Some(turn.now.plus(plan.not_sent_delay)),
    };
    let Some(due_at) = due_at else {
        return end(head, State::Failed, format!("{reason}; given up after {} tries", head.tries));
    };
    if due_at >= head.valid_until {
        return end(head, State::Expired, format!("{reason}; its validity ends before the next try"));
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
    head: Head,
    known: &[Submission],
    result: &SubmitResult,
) -> Result<(), StoreError> {
    let before = known.iter().find(|one| one.attempt == result.attempt && one.segment == result.index);
    let certain = matches!(result.outcome, SubmitOutcome::Accepted { .. } | SubmitOutcome::Refused { .. });
    let Some(before) = before.filter(|row| certain && row.is_doubt()) else {
        tracing::debug!(postrider.message = %head.id, postrider.link = %link, outcome = ?result.outcome, "A doubled answer changes nothing");
        return Ok(());
    };
    let state = lifecycle::segment_state(lifecycle::verdict(&result.outcome));
    let row = outcome_row(turn, link, result, state);
    submission::put(turn.tx, &row, key_of(&row))?;
    receipts::recheck(turn, &head, std::slice::from_ref(&row), LeasedAt::Before(before.at))?;
    let note = format!("a late answer to send {} came", result.attempt);
    // What was kept may have changed the message meanwhile.
    let Some(mut head) = message::head(turn.tx, result.message)? else { return Ok(()) };
    let was = head.events;
    reconsider(turn, &mut head, Step { link: Some(&link.to_string()), note: Some(&note), due_at: None })?;
    if head.events == was { change::remark(turn, &mut head, Some(&link.to_string()), &note) } else { Ok(()) }
}

/// Looks at a message again after what is known of one of its sends changed: by a late answer, or by a receipt.
///
/// While it is leased, the end of the lease decides; while a part waits to go, that part does. A message that was held in
/// doubt goes on once the network says that it never had the part.
pub fn reconsider(turn: &Turn<'_>, head: &mut Head, step: Step<'_>) -> Result<(), StoreError> {
    if head.state == State::Leased {
        return Ok(());
    }
    let all = Parts::load(turn, head)?;
    // What turns out not to have left, of a message that was ended, ends as the message was to end.
    if let Some(ended) = head.ended
        && all.states().any(|state| state == State::Queued)
    {
        return parts::end(turn, head, ended, step);
    }
    match all.next() {
        Next::Goes { .. } if matches!(head.state, State::Uncertain | State::Sent) => {
            go_on(turn, head, &all, Tries { counts: true, few: false }, step)
        }
        Next::Fails if !head.state.is_final() || head.state == State::Uncertain => {
            parts::end(turn, head, State::Failed, step)
        }
        Next::Stays(state) if lifecycle::may_become(head.state, state) => {
            head.awaited = 0;
            change::enter(turn, head, state, step)
        }
        Next::Goes { .. } | Next::Fails | Next::Stays(_) => Ok(()),
    }
}

/// Marks every segment of the current lease that has no outcome as in doubt, and concludes the lease.
pub fn abandon(turn: &Turn<'_>, head: &mut Head, reason: &str) -> Result<(), StoreError> {
    let all = Parts::load(turn, head)?;
    let link = head.link.clone().unwrap_or_default();
    let mut doubts = Vec::new();
    for (segment, part) in (0_u8..).zip(&all.parts) {
        let answered = all.rows.iter().any(|row| row.segment == segment && row.attempt == head.attempt);
        if answered || !part.goes {
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
        submission::put(turn.tx, &row, None)?;
        doubts.push(row);
    }
    receipts::recheck(turn, head, &doubts, LeasedAt::Current)?;
    let rows = submission::of_message(turn.tx, head.id)?;
    conclude(turn, head, rows, None)
}
