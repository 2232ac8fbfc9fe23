//! The parts of a message as its rows have them, and what follows from them: the message goes on, or ends.

use super::change::{self, Step};
use super::{Receipts, Settings, Turn};
use crate::model::State;
use crate::policy::parts::{self, DoubtRule, Next, Part, Sent};
use crate::store::StoreError;
use crate::store::message::Head;
use crate::store::submission::{self, Submission};

/// All sends of a message, and where each of its parts stands.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The sends, by segment and lease.
    pub rows: Vec<Submission>,
    /// The parts, by segment.
    pub parts: Vec<Part>,
}

impl Parts {
    /// The parts of a message.
    pub fn load(turn: &Turn<'_>, head: &Head) -> Result<Self, StoreError> {
        let rows = if head.attempt == 0 { Vec::new() } else { submission::of_message(turn.tx, head.id)? };
        Ok(Self::of(turn.settings, head, rows))
    }

    /// The parts that follow from `rows`, which are by segment and lease.
    pub fn of(settings: &Settings, head: &Head, rows: Vec<Submission>) -> Self {
        let rule = DoubtRule::new(head.on_doubt, settings.retry.doubt_sends_max, head.released);
        let sent = |row: &Submission| Sent { attempt: row.attempt, state: row.state, taken: row.is_taken() };
        let mut parts: Vec<Part> = (0..head.segments)
            .map(|segment| parts::part(rows.iter().filter(|row| usize::from(row.segment) == segment).map(sent), rule))
            .collect();
        // Where only the last segment gets a receipt, it speaks for those that the carrier took.
        if let Some(word) = last_word(settings, &rows, &parts) {
            parts.iter_mut().filter(|part| part.state == State::Sent).for_each(|part| part.state = word);
        }
        Self { rows, parts }
    }

    /// Where each part stands, by segment.
    pub fn states(&self) -> impl Iterator<Item = State> + '_ {
        self.parts.iter().map(|part| part.state)
    }

    /// The segments that may go, in order.
    pub fn going(&self) -> Vec<u8> {
        (0_u8..).zip(&self.parts).filter(|(_, part)| part.goes).map(|(segment, _)| segment).collect()
    }

    /// Whether the network has any of it, or may have it.
    pub fn reached(&self) -> bool {
        self.parts.iter().any(|part| part.reached)
    }

    /// What the message does next.
    pub fn next(&self) -> Next {
        parts::next(&self.parts)
    }
}

/// What the receipt of the last segment says, in a group that asks for no other.
fn last_word(settings: &Settings, rows: &[Submission], parts: &[Part]) -> Option<State> {
    let last = parts.last().filter(|part| part.state.is_final() && part.reached)?;
    let segment = parts.len().checked_sub(1)?;
    let row = rows.iter().rev().find(|row| usize::from(row.segment) == segment)?;
    let group = settings.group(Settings::group_of(&row.link))?;
    (group.receipts == Receipts::Last && last.state != State::Uncertain).then_some(last.state)
}

/// Ends what is left of a message: its parts that did not leave are in `state` from now on, and the message's own end
/// follows from all of them. A message of which nothing left is in `state` itself.
pub fn end(turn: &Turn<'_>, head: &mut Head, state: State, step: Step<'_>) -> Result<(), StoreError> {
    let mut all = Parts::load(turn, head)?;
    if !all.reached() {
        return change::enter(turn, head, state, step);
    }
    head.ended = Some(state);
    for (segment, part) in (0_u8..).zip(all.parts.clone()) {
        if part.state == State::Queued {
            close(turn, head, &mut all.rows, segment, state, step)?;
        }
    }
    let all = Parts::of(turn.settings, head, all.rows);
    change::enter(turn, head, parts::end(&all.parts), step)
}

/// Writes the end of one part that did not leave.
fn close(
    turn: &Turn<'_>,
    head: &Head,
    rows: &mut Vec<Submission>,
    segment: u8,
    state: State,
    step: Step<'_>,
) -> Result<(), StoreError> {
    let known = rows.iter().rposition(|row| row.segment == segment);
    let place = known.unwrap_or_else(|| {
        rows.push(Submission {
            message: head.id,
            segment,
            attempt: head.attempt,
            state,
            link: head.link.clone().unwrap_or_default(),
            at: turn.now,
            carrier_id: None,
            code: None,
            note: None,
        });
        rows.len() - 1
    });
    let Some(row) = rows.get_mut(place) else { return Ok(()) };
    row.state = state;
    row.at = turn.now;
    row.note = step.note.map(str::to_owned);
    submission::put(turn.tx, row, None)
}
