//! Holds what people wrote against what is kept, and what left after a STOP against the STOP.

use std::collections::BTreeMap;

use crate::evidence::Wrote;
use crate::figures::{Figure, Report};
use crate::index::Index;
use crate::kept::KeptInbound;

/// Bytes that were on their way when the STOP was stored may arrive so long after its acknowledgement.
const ON_ITS_WAY_MILLIS: i64 = 3_000;

/// Checks incoming messages and opt-outs.
pub fn check_inbound(index: &Index<'_>, report: &mut Report) {
    let mut wrote: BTreeMap<(&str, &str), Vec<&Wrote>> = BTreeMap::new();
    for one in &index.evidence.wrote {
        wrote.entry((&one.from, &one.text)).or_default().push(one);
    }
    let mut kept: BTreeMap<(&str, &str), Vec<&KeptInbound>> = BTreeMap::new();
    for one in index.evidence.inbound.iter().filter(|one| !one.is_partial) {
        kept.entry((&one.from, &one.text)).or_default().push(one);
    }
    let mut swallowed = 0;
    for (key, times) in &wrote {
        let rows = kept.get(key).map_or(&[][..], Vec::as_slice);
        report.examined(Figure::InboundMissing, times.len());
        report.examined(Figure::InboundTwice, times.len());
        if times[0].kind == "fragment" {
            check_fragment(index, times[0], report);
            continue;
        }
        let story = || inbound_story(index, times[0], times.len(), rows);
        let missing = times.len().saturating_sub(rows.len());
        // What a person repeats while nobody can know whether the last acknowledgement arrived is taken for the carrier's,
        // and counted on what is kept.
        let copies: u32 = rows.iter().map(|row| row.copies).sum();
        let excused = unproven(index, times[0]).min(usize::try_from(copies).unwrap_or(0));
        if (1..=excused).contains(&missing) {
            swallowed += missing;
        } else if missing > 0 {
            report.add(Figure::InboundMissing, story());
        } else if rows.len() > times.len() {
            report.add(Figure::InboundTwice, story());
        }
    }
    for (key, rows) in kept.iter().filter(|(key, _)| !wrote.contains_key(*key)) {
        report.add(Figure::InboundTwice, format!("nobody wrote {key:?}: {rows:?}"));
    }
    report.remarks.push(format!("words repeated right after an acknowledgement that nobody can prove: {swallowed}"));
    check_stops(index, report);
}

/// The acknowledgements of this text of which the gateway cannot know whether they arrived.
fn unproven(index: &Index<'_>, wrote: &Wrote) -> usize {
    let mut count = 0;
    for part in &wrote.parts {
        let key = (wrote.from.clone(), part.clone());
        for ledger in &index.evidence.carriers {
            let answers = ledger.acknowledged.get(&key).map_or(&[][..], Vec::as_slice);
            count += answers.iter().filter(|answer| !ledger.is_proven(answer)).count();
        }
    }
    count
}

/// A part whose siblings never came waits for them, or is shown as it is.
fn check_fragment(index: &Index<'_>, wrote: &Wrote, report: &mut Report) {
    let waits = index.evidence.waiting_parts.contains_key(&wrote.from);
    let shown = index.evidence.inbound.iter().any(|one| one.is_partial && one.from == wrote.from);
    if !waits && !shown {
        report.add(Figure::InboundMissing, format!("a part without siblings is gone: {} {}", wrote.from, wrote.text));
    }
}

fn inbound_story(index: &Index<'_>, wrote: &Wrote, times: usize, rows: &[&KeptInbound]) -> String {
    let kept: Vec<String> =
        rows.iter().map(|row| format!("{} at {} with {} copies", row.id, row.at, row.copies)).collect();
    let mut acknowledged: Vec<i64> = Vec::new();
    for part in &wrote.parts {
        let key = (wrote.from.clone(), part.clone());
        acknowledged.extend(
            index
                .evidence
                .carriers
                .iter()
                .filter_map(|ledger| ledger.acknowledged.get(&key))
                .flatten()
                .map(|answer| answer.at),
        );
    }
    let text: String = wrote.text.chars().take(24).collect();
    format!(
        "{} wrote \"{text}\" in {} parts {times} times; kept {kept:?}; parts acknowledged at {acknowledged:?}",
        wrote.from,
        wrote.parts.len()
    )
}

/// After the acknowledgement of a STOP no marketing text may be leased for that handset, nor linger on its way.
fn check_stops(index: &Index<'_>, report: &mut Report) {
    for stop in index.evidence.wrote.iter().filter(|one| one.kind == "stop") {
        let stored = index.evidence.inbound.iter().filter(|one| one.from == stop.from && one.text == stop.text);
        let Some(stored) = stored.map(|one| one.at).min() else { continue };
        let key = (stop.from.clone(), stop.parts[0].clone());
        let ledgers = index.evidence.carriers.iter();
        let Some(acknowledged) =
            ledgers.filter_map(|ledger| ledger.acknowledged.get(&key)?.iter().map(|answer| answer.at).min()).min()
        else {
            continue;
        };
        report.examined(Figure::SentAfterStop, 1);
        let own = index.kept.values().flatten().filter(|kept| kept.to == stop.from && kept.class == "marketing");
        for kept in own {
            for (_, copy) in index.copies(kept).iter().filter(|(_, copy)| copy.is_taken() && copy.at > acknowledged) {
                let leases = kept.events.iter().filter(|event| event.state == "leased" && event.at <= copy.at);
                let leased = leases.map(|event| event.at).max().unwrap_or(i64::MAX);
                if leased > stored || copy.at > acknowledged + ON_ITS_WAY_MILLIS {
                    let after = copy.at - acknowledged;
                    report.add(
                        Figure::SentAfterStop,
                        format!(
                            "{after} ms after the STOP was acknowledged, leased {} ms after it was stored: {}",
                            leased - stored,
                            index.story(kept)
                        ),
                    );
                }
            }
        }
    }
}
