//! Keeps a ledger of its own (what was posted, which sends were made, what their answers were, what tools heard) and holds it
//! against the carrier's.
//!
//! What is true is read from the carrier's ledger; what the gateway can know of it, from what went over its borders. The
//! gateway's own rows only say what it claims. What must hold at every moment is here; what must hold in the end, in `judge`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use postrider::model::{ErrorClass, MessageId, OnDoubt, State, Submission, SubmitOutcome, SubmitResult};
use postrider::sim::Carrier;
use postrider::store::Database;

use super::book::Book;
use super::link::Token;
use super::rows::{Seen, rows};

/// A message that was acknowledged to the tool.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its number, which stands in its text.
    pub n: u64,
    pub recipient: String,
    pub segments: usize,
    pub on_doubt: OnDoubt,
    /// Whether it is worth sending for longer than any trouble lasts.
    pub long_valid: bool,
    /// Whether somebody tried to withdraw it.
    pub withdrawn: bool,
}

/// One part of one lease.
#[derive(Debug, Clone)]
pub struct Send {
    pub attempt: u32,
    /// Whether bytes of it left.
    pub left: bool,
    /// Whether it was in doubt at any time: no answer, or the process died before its end was written.
    pub doubted: bool,
    /// How it ended, as far as the gateway wrote down.
    pub end: Option<End>,
}

/// How a send ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Taken, with this id.
    Accepted(String),
    /// Not taken; it may be worth another try.
    Refused { for_good: bool },
    /// No byte left.
    NotSent,
    /// Nobody knows.
    Doubt,
}

#[derive(Debug, Default)]
pub struct Oracle {
    pub posted: BTreeMap<MessageId, Posted>,
    pub sends: BTreeMap<(MessageId, u8), Vec<Send>>,
    /// The ids in answers that were written down.
    pub learned: BTreeSet<String>,
    /// When bytes of segments left the gateway, in order.
    pub left_at: Vec<Instant>,
    /// What tools heard, and how often each was told.
    pub heard: BTreeMap<MessageId, Vec<(u32, String)>>,
    pub book: Book,
    seen: Seen,
    by_n: BTreeMap<u64, MessageId>,
    broken: Option<String>,
}

impl Oracle {
    pub fn posted(&mut self, id: MessageId, posted: Posted) {
        self.by_n.insert(posted.n, id);
        self.posted.insert(id, posted);
    }

    pub fn ids(&self) -> impl ExactSizeIterator<Item = MessageId> {
        self.posted.keys().copied()
    }

    /// A lease is on disk.
    pub fn leased(&mut self, submission: &Submission) {
        for turn in &submission.turns {
            let send = Send { attempt: submission.attempt, left: false, doubted: false, end: None };
            self.sends.entry((submission.message, turn.index)).or_default().push(send);
        }
    }

    /// Bytes of a segment left.
    pub fn left(&mut self, (message, attempt, index): Token, at: Instant) {
        self.left_at.push(at);
        let hold = self.posted.get(&message).is_some_and(|posted| posted.on_doubt == OnDoubt::Hold);
        let Some(sends) = self.sends.get_mut(&(message, index)) else { return };
        let open = |send: &Send| send.attempt != attempt && send.end.as_ref().is_some_and(|end| *end == End::Doubt);
        if hold && sends.iter().any(open) {
            let broken = format!("part {index} of message {message} is sent again under hold while a send is in doubt");
            self.broken.get_or_insert(broken);
        }
        let accepted = sends.iter().any(|send| matches!(send.end, Some(End::Accepted(_))));
        if accepted {
            let broken = format!("part {index} of message {message} is sent again though it was taken");
            self.broken.get_or_insert(broken);
        }
        sends.iter_mut().filter(|send| send.attempt == attempt).for_each(|send| send.left = true);
    }

    /// An outcome is on disk.
    pub fn answered(&mut self, result: &SubmitResult) {
        let end = match &result.outcome {
            SubmitOutcome::Accepted { carrier_id } => {
                let id = carrier_id.as_ref().map(ToString::to_string).unwrap_or_default();
                self.learned.insert(id.clone());
                End::Accepted(id)
            }
            SubmitOutcome::Refused { class, .. } => {
                End::Refused { for_good: matches!(class, ErrorClass::Permanent | ErrorClass::Bug) }
            }
            SubmitOutcome::NotSent { .. } => End::NotSent,
            SubmitOutcome::Unanswered { .. } => End::Doubt,
        };
        let sends = self.sends.get_mut(&(result.message, result.index));
        let Some(send) = sends.and_then(|all| all.iter_mut().find(|send| send.attempt == result.attempt)) else {
            self.broken.get_or_insert(format!("an outcome of no lease: {result:?}"));
            return;
        };
        send.doubted |= end == End::Doubt;
        // A late answer ends a doubt; nothing else changes an end.
        if send.end.as_ref().is_none_or(|known| *known == End::Doubt && end != End::NotSent) {
            send.end = Some(end);
        }
    }

    /// The process died: what was leased and has no end on disk is in doubt.
    pub fn crashed(&mut self) {
        for send in self.sends.values_mut().flatten().filter(|send| send.end.is_none()) {
            (send.doubted, send.end) = (true, Some(End::Doubt));
        }
    }

    /// A tool got a callback.
    pub fn heard(&mut self, message: MessageId, n: u32, body: &str) {
        self.heard.entry(message).or_default().push((n, body.to_owned()));
    }

    /// How many sends of a part were in doubt.
    pub fn doubts(&self, message: MessageId, part: u8) -> usize {
        self.sends.get(&(message, part)).map_or(0, |sends| sends.iter().filter(|send| send.doubted).count())
    }

    /// What must hold at every moment.
    pub fn check(&mut self, database: &Database, carrier: &Carrier) -> Result<(), String> {
        self.book.read(carrier)?;
        let rows = rows(database)?;
        self.seen.check(database, &rows, self.posted.len())?;
        let doubts: BTreeMap<MessageId, u32> = rows.iter().map(|row| (row.id, row.doubts)).collect();
        for ((n, part), copies) in self.book.parts() {
            let Some(id) = self.by_n.get(&n) else { return Err(format!("text {n} was never posted")) };
            if copies.len() < 2 {
                continue;
            }
            let (doubted, recorded) = (self.doubts(*id, part), doubts.get(id).copied().unwrap_or(0));
            if copies.len() > 1 + doubted || recorded == 0 {
                let count = copies.len();
                return Err(format!(
                    "part {part} of message {id} went out twice or more ({count}) with {doubted} sends in doubt, {recorded} on record"
                ));
            }
            if self.posted[id].on_doubt == OnDoubt::Hold {
                return Err(format!("part {part} of message {id} went out twice under hold"));
            }
        }
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// The state that a message claims at the end, for judging.
    pub fn is_waiting(state: State) -> bool {
        matches!(state, State::Scheduled | State::Queued | State::Leased | State::Sent)
    }
}
