//! Takes incoming messages in: single ones at once, parts of longer ones when all are there.

use std::time::Duration;

use super::{Turn, consent};
use crate::model::{Alphabet, InboundMessage, InboundPart, LinkName};
use crate::store::inbound::{self, KeptPart, PartSet};
use crate::store::{StoreError, inbound_seen, sim};
use crate::text;

/// A copy that comes within this time over another session is taken for a redelivery.
const REDELIVERY: Duration = Duration::from_secs(600);

/// Where a part came from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// The link's session that it came over.
    pub session: Option<u32>,
    /// The SIM that it came to, over a modem.
    pub sim: Option<&'a str>,
    /// What tells it from all others that came over modems, if the network gave it a time.
    pub seen: Option<i64>,
}

/// Stores one part; a message that is complete with it gets its row and its callback.
pub fn receive(turn: &Turn<'_>, link: &LinkName, part: &InboundPart, session: Option<u32>) -> Result<(), StoreError> {
    if link.modem.is_none() {
        return store(turn, link, part, Origin { session, ..Origin::default() });
    }
    let name = link.to_string();
    let sim = sim::in_modem(turn.tx, &name)?;
    let seen = inbound_seen::digest(sim.as_deref().unwrap_or(&name), part);
    if let Some(digest) = seen
        && !inbound_seen::first(turn.tx, digest, turn.now)?
    {
        tracing::info!(postrider.link = %link, "A message or a part of one came again over {link}: it is stored already and makes no second copy");
        return Ok(());
    }
    store(turn, link, part, Origin { session, sim: sim.as_deref(), seen })
}

fn store(turn: &Turn<'_>, link: &LinkName, part: &InboundPart, origin: Origin<'_>) -> Result<(), StoreError> {
    let Some(of) = part.part_of.filter(|of| of.total > 1) else {
        let single = KeptPart {
            number: 1,
            alphabet: part.alphabet,
            elements: part.elements.clone(),
            payload: part.payload.clone(),
        };
        return complete(turn, link, part, &[single], 1, origin);
    };
    inbound::keep_part(turn.tx, &link.group, part, of, turn.now)?;
    let set = PartSet {
        link_group: link.group.to_string(),
        sender: part.from.as_str().to_owned(),
        recipient: part.to.as_str().to_owned(),
        reference: of.reference,
        total: of.total,
    };
    let parts = inbound::parts(turn.tx, &set)?;
    if parts.len() < usize::from(of.total) {
        return Ok(());
    }
    inbound::forget_parts(turn.tx, &set)?;
    complete(turn, link, part, &parts, of.total, origin)
}

/// Writes a message from the parts that are there; `total` may be more.
pub fn complete(
    turn: &Turn<'_>,
    link: &LinkName,
    any: &InboundPart,
    parts: &[KeptPart],
    total: u8,
    origin: Origin<'_>,
) -> Result<(), StoreError> {
    let octets: Vec<u8> = parts.iter().flat_map(|part| part.payload.iter().copied()).collect();
    let digest = inbound::digest(&link.group, &any.from, &any.to, &octets);
    // A part with a network time was told from its repetitions already.
    if origin.seen.is_none() && is_copy(turn, link, digest, origin.session)? {
        return Ok(());
    }
    let is_data = parts.iter().any(|part| part.alphabet == Alphabet::Binary);
    let message = InboundMessage {
        id: turn.tx.next_id(turn.now),
        from: any.from.clone(),
        to: any.to.clone(),
        text: (!is_data).then(|| join(parts)),
        data: is_data.then_some(octets),
        link: link.to_string(),
        received_at: turn.now,
        parts: (total, u8::try_from(parts.len()).unwrap_or(u8::MAX)),
    };
    inbound::insert(turn.tx, &message, digest, origin.session, origin.sim)?;
    if let Some(seen) = origin.seen {
        inbound_seen::became(turn.tx, seen, message.id)?;
    }
    consent::received(turn, &message)
}

/// Whether a message is a redelivery, which is counted on the message that it repeats.
///
/// The same content over the same session is a person who repeats himself; over a new session the carrier repeats what it
/// did not see acknowledged.
fn is_copy(turn: &Turn<'_>, link: &LinkName, digest: i64, session: Option<u32>) -> Result<bool, StoreError> {
    let again =
        inbound::Copy { digest, since: turn.now.minus(REDELIVERY), session, started_at: turn.settings.started_at };
    let Some(id) = inbound::count_copy(turn.tx, &again)? else { return Ok(false) };
    tracing::info!(postrider.message = %id, postrider.link = %link, "An incoming message came again and was acknowledged without a second copy");
    Ok(true)
}

/// The text of all parts. Neighbours in the same form are read together, since a character may lie across their border.
fn join(parts: &[KeptPart]) -> String {
    let same = |a: &KeptPart, b: &KeptPart| a.alphabet == b.alphabet && a.elements == b.elements;
    parts
        .chunk_by(same)
        .map(|run| {
            let octets: Vec<u8> = run.iter().flat_map(|part| part.payload.iter().copied()).collect();
            run.first().map_or_else(String::new, |first| text::decode(first.alphabet, &octets, &first.elements))
        })
        .collect()
}
