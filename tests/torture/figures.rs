//! The promises that a run puts to the proof, and what was found against each.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What the checker counts. The order is that of the printed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Acknowledged, and not there; or final without a send and without a reason.
    Lost,
    /// Sent more often than doubts are recorded.
    Doubled,
    /// Sent again though a doubt holds it.
    DoubledUnderHold,
    /// A post that was repeated with its key made two messages.
    RetryDoubled,
    /// An acknowledged receipt without effect.
    ReceiptUnmatched,
    /// A marketing text after an opt-out was acknowledged.
    SentAfterStop,
    /// An acknowledged incoming message that is not kept.
    InboundMissing,
    /// An incoming message that is kept more than once.
    InboundTwice,
    /// A change that was never told, or not taken as often as it should.
    CallbackMissing,
    /// Callbacks out of their order, with another id or body, unsigned, or of a change that never was.
    CallbackWrong,
    /// A state that the carrier's receipts contradict, or an id of another send.
    FalseState,
    /// A message that claims to have been sent, and a part that never reached the carrier.
    PartNeverSent,
    /// A message without an end.
    NoEnd,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Lost,
        Self::Doubled,
        Self::DoubledUnderHold,
        Self::RetryDoubled,
        Self::ReceiptUnmatched,
        Self::SentAfterStop,
        Self::InboundMissing,
        Self::InboundTwice,
        Self::CallbackMissing,
        Self::CallbackWrong,
        Self::FalseState,
        Self::PartNeverSent,
        Self::NoEnd,
    ];

    /// Its line of docs/GUARANTEES.md, and its name.
    pub const fn line(self) -> (&'static str, &'static str) {
        match self {
            Self::Lost => ("G2", "accepted messages lost"),
            Self::Doubled => ("G3", "sends without a recorded doubt"),
            Self::DoubledUnderHold => ("G4", "second sends under hold"),
            Self::RetryDoubled => ("G6", "repeated posts that made a second message"),
            Self::ReceiptUnmatched => ("G7", "receipts unmatched"),
            Self::SentAfterStop => ("G11", "sends after an acknowledged STOP"),
            Self::InboundMissing => ("G12", "incoming messages missing"),
            Self::InboundTwice => ("G12", "incoming messages kept twice"),
            Self::CallbackMissing => ("G28", "callbacks missing"),
            Self::CallbackWrong => ("G28", "callbacks out of order or wrong"),
            Self::FalseState => ("G30", "false states and ids"),
            Self::PartNeverSent => ("G32", "parts never sent"),
            Self::NoEnd => ("G32", "messages without an end"),
        }
    }
}

/// What a check came to.
#[derive(Debug, Default)]
pub struct Report {
    found: BTreeMap<Figure, Vec<String>>,
    examined: BTreeMap<Figure, usize>,
    /// What is worth knowing beside the figures.
    pub remarks: Vec<String>,
}

impl Report {
    /// So many were looked at for a figure.
    pub fn examined(&mut self, figure: Figure, count: usize) {
        *self.examined.entry(figure).or_default() += count;
    }

    /// One was found, with what is known of it.
    pub fn add(&mut self, figure: Figure, what: String) {
        self.found.entry(figure).or_default().push(what);
    }

    /// How many were found.
    pub fn count(&self, figure: Figure) -> usize {
        self.found.get(&figure).map_or(0, Vec::len)
    }

    /// The figures against which anything was found.
    pub fn broken(&self) -> Vec<Figure> {
        self.found.keys().copied().collect()
    }

    /// One line for each figure.
    pub fn table(&self) -> String {
        let mut out = String::new();
        for figure in Figure::ALL {
            let (id, name) = figure.line();
            let examined = self.examined.get(&figure).copied().unwrap_or(0);
            let _ = writeln!(out, "{id:<4} {name:<42} {:>6} of {examined}", self.count(figure));
        }
        for remark in &self.remarks {
            let _ = writeln!(out, "     {remark}");
        }
        out
    }

    /// What was found, at most `limit` for each figure.
    pub fn findings(&self, limit: usize) -> String {
        let mut out = String::new();
        for (figure, found) in &self.found {
            let (id, name) = figure.line();
            let _ = writeln!(out, "== {id} {name}: {}", found.len());
            for what in found.iter().take(limit) {
                let _ = writeln!(out, "{what}\n");
            }
        }
        out
    }
}
