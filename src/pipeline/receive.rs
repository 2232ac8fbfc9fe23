//! Takes incoming messages in: single ones at once, parts of longer ones when all are there.

use std::time::Duration;

use super::{Turn, notify};
use crate::model::{Alphabet, InboundMessage, InboundPart, LinkName};
use crate::store::StoreError;
use crate::store::inbound::{self, KeptPart, PartSet};
use crate::text;

/// A copy that comes within this time over another session is taken for a redelivery.
const REDELIVERY: Duration = Duration::from_secs(600);

/// Stores one part; a message that is complete with it gets its row and its callback.
pub fn receive(turn: &Turn<'_>, link: &LinkName, part: &InboundPart, session: Option<u32>) -> Result<(), StoreError> {
    let Some(of) = part.part_of.filter(|of| of.total > 1) else {
        let single = KeptPart {
            number: 1,
            alphabet: part.alphabet,
            elements: part.elements.clone(),
            payload: part.payload.clone(),
        };
        return complete(turn, link, part, &[single], 1, session);
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
    complete(turn, link, part, &parts, of.total, session)
}

/// Writes a message from the parts that are there; `total` may be more.
pub fn complete(
    turn: &Turn<'_>,
    link: &LinkName,
    any: &InboundPart,
    parts: &[KeptPart],
    total: u8,
    session: Option<u32>,
) -> Result<(), StoreError> {
    let octets: Vec<u8> = parts.iter().flat_map(|part| part.payload.iter().copied()).collect();
    let digest = inbound::digest(&link.group, &any.from, &any.to, &octets);
    // The same content over the same session is a person who repeats himself; over a new session the carrier repeats
    // what it did not see acknowledged.
    let again =
        inbound::Copy { digest, since: turn.now.minus(REDELIVERY), session, started_at: turn.settings.started_at };
    if let Some(id) = inbound::count_copy(turn.tx, &again)? {
        tracing::info!(postrider.message = %id, postrider.link = %link, "An incoming message came again and was acknowledged without a second copy");
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
    inbound::insert(turn.tx, &message, digest, session)?;
    notify::received(turn, &message)
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
