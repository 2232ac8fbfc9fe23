//! The evidence, put in order for the checks.

use std::collections::BTreeMap;

use crate::carriers::KINDS;
use crate::evidence::{Copy, Evidence};
use crate::kept::{Kept, Outcome};

/// A copy with the place of the carrier that has it.
pub type Sent<'a> = (usize, &'a Copy);

/// Evidence by message and by handset.
pub struct Index<'a> {
    /// The evidence itself.
    pub evidence: &'a Evidence,
    /// The copies of each message, by number.
    copies: BTreeMap<u32, Vec<Sent<'a>>>,
    /// The rows of each message, by number; more than one is a fault.
    pub kept: BTreeMap<u32, Vec<&'a Kept>>,
    /// Messages in doubt by handset.
    doubted: BTreeMap<&'a str, Vec<&'a Kept>>,
}

impl<'a> Index<'a> {
    /// Puts `evidence` in order.
    pub fn of(evidence: &'a Evidence) -> Self {
        let mut index = Self { evidence, copies: BTreeMap::new(), kept: BTreeMap::new(), doubted: BTreeMap::new() };
        for (carrier, copy) in evidence.copies() {
            if let Some(number) = copy.message {
                index.copies.entry(number).or_default().push((carrier, copy));
            }
        }
        for kept in &evidence.messages {
            if let Some(number) = kept.number {
                index.kept.entry(number).or_default().push(kept);
            }
            if kept.doubts > 0 {
                index.doubted.entry(&kept.to).or_default().push(kept);
            }
        }
        index
    }

    /// What the carriers saw of a message.
    pub fn copies(&self, kept: &Kept) -> &[Sent<'a>] {
        kept.number.and_then(|number| self.copies.get(&number)).map_or(&[], Vec::as_slice)
    }

    /// The copies of one part that a carrier took.
    pub fn taken(&self, kept: &Kept, part: usize) -> Vec<Sent<'a>> {
        self.copies(kept).iter().copied().filter(|(_, copy)| copy.is_taken() && copy.part == part).collect()
    }

    /// The outcome that bears the id of this copy.
    pub fn outcome_of<'k>(&self, kept: &'k Kept, (carrier, copy): Sent<'_>) -> Option<&'k Outcome> {
        let number = copy.number?;
        let bears = |outcome: &&Outcome| {
            outcome.link.starts_with(KINDS[carrier].name)
                && outcome.carrier_id.as_ref().is_some_and(|id| self.evidence.is_id_of(id, carrier, number))
        };
        // Of several parts that were in doubt together nobody can tell which one a receipt is of.
        let mut all = kept.outcomes.iter().filter(bears);
        all.clone().find(|outcome| outcome.part == copy.part).or_else(|| all.next())
    }

    /// The parts of a message whose answer was lost, as far as the database still knows, and the carriers' copies tell.
    fn doubted_parts(&self, kept: &Kept) -> usize {
        let unanswered = |part: usize| {
            let open = kept
                .outcomes
                .iter()
                .any(|outcome| outcome.part == part && outcome.state == "uncertain" && outcome.carrier_id.is_none());
            open || self.taken(kept, part).into_iter().any(|copy| self.outcome_of(kept, copy).is_none())
        };
        (0..kept.parts).filter(|&part| unanswered(part)).count()
    }

    /// Whether nobody can tell which of several sends in doubt to the same handset a receipt is about.
    pub fn is_ambiguous(&self, kept: &Kept, (_, copy): Sent<'_>) -> bool {
        if kept.doubts == 0 {
            return false;
        }
        let until = copy.receipts_acknowledged.iter().max().copied().unwrap_or(i64::MAX);
        let leased_by_then = |other: &&&Kept| {
            other.events.iter().find(|event| event.state == "leased").is_some_and(|event| event.at <= until)
        };
        let others = self.doubted.get(kept.to.as_str()).map_or(&[][..], Vec::as_slice);
        others.iter().filter(leased_by_then).map(|other| self.doubted_parts(other)).sum::<usize>() > 1
    }

    /// All that is known of a message, for whoever mends the fault.
    pub fn story(&self, kept: &Kept) -> String {
        let start = kept.events.first().map_or(0, |event| event.at);
        let mut out = format!(
            "message {} (m{}) to {}: {}, {} parts, on_doubt {}, {} doubts, {}\n  timeline:",
            kept.id,
            kept.number.map_or("?".to_owned(), |number| number.to_string()),
            kept.to,
            kept.state,
            kept.parts,
            kept.on_doubt,
            kept.doubts,
            kept.class
        );
        for event in &kept.events {
            let note = event.note.as_deref().map(|note| format!(" \"{note}\"")).unwrap_or_default();
            out += &format!(" +{} {}{note};", event.at - start, event.state);
        }
        out += "\n  outcomes:";
        for one in &kept.outcomes {
            let id = one.carrier_id.as_deref().unwrap_or("-");
            out += &format!(" a{} p{} {} {} {id};", one.attempt, one.part + 1, one.link, one.state);
        }
        out += "\n  carrier:";
        for (carrier, copy) in self.copies(kept) {
            let (word, number) = (copy.word.as_deref().unwrap_or("-"), copy.number.unwrap_or(0));
            let ids = self.evidence.ids_of(*carrier, number);
            let acknowledged: Vec<i64> = copy.receipts_acknowledged.iter().map(|at| at - start).collect();
            out += &format!(
                " +{} p{} {} status {} {ids:?} {word} acknowledged {acknowledged:?};",
                copy.at - start,
                copy.part + 1,
                KINDS[*carrier].name,
                copy.status
            );
        }
        let others = self.evidence.messages.iter().filter(|other| other.to == kept.to && other.id != kept.id);
        let others: Vec<String> = others
            .filter(|other| other.doubts > 0)
            .map(|other| format!("m{} {} {} doubts", other.number.unwrap_or(0), other.state, other.doubts))
            .collect();
        if !others.is_empty() {
            out += &format!("\n  same handset, in doubt: {}", others.join(", "));
        }
        out
    }
}
