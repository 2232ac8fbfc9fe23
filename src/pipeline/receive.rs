//! Takes incoming messages in: single ones at once, parts of longer ones when all are there.
//!
//! What a carrier or modem hands over once more makes no second message, and what a person writes once more does. `again`
//! tells the one from the other.

mod again;

use super::{Turn, consent};
use crate::model::{
    AckToken, Alphabet, InboundMessage, InboundPart, LinkName, MessageId, Sender, SessionNews, sane_network_time,
};
use crate::policy::reassembly::{self, Newcomer};
use crate::store::inbound_part::{KeptPart, Spot};
use crate::store::inbound_session::Delivered;
use crate::store::{StoreError, inbound, inbound_part, inbound_seen, inbound_session, sim};
use crate::text;

pub use again::resolve;

/// A part that came in, and how.
#[derive(Debug)]
struct Incoming<'a> {
    link: &'a LinkName,
    part: &'a InboundPart,
    /// How it is known when it comes again.
    delivered: Option<Delivered>,
    /// The SIM that it came to, over a modem.
    sim: Option<&'a str>,
    /// What tells it from all others that came over modems, if the network gave it a time.
    seen: Option<i64>,
}

/// Stores one part; a message that is complete with it gets its row and its callback.
pub fn receive(turn: &Turn<'_>, link: &LinkName, part: &InboundPart, ack: Option<AckToken>) -> Result<(), StoreError> {
    let delivered = ack.map(|ack| Delivered {
        session: inbound_session::key(turn.settings.run, link, ack.session),
        place: ack.place,
        came_at: ack.came_at,
    });
    if link.modem.is_none() {
        return again::take(turn, &Incoming { link, part, delivered, sim: None, seen: None });
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
    let incoming = Incoming { link, part, delivered, sim: sim.as_deref(), seen };
    // A part with a network time was told from its repetitions just now.
    if seen.is_some() { store(turn, &incoming) } else { again::take(turn, &incoming) }
}

/// Notes what became known of a session of a carrier, and what that says of messages that may be redeliveries.
pub fn session(turn: &Turn<'_>, link: &LinkName, number: u32, news: SessionNews) -> Result<(), StoreError> {
    let session = inbound_session::key(turn.settings.run, link, number);
    match news {
        SessionNews::Began => return inbound_session::began(turn.tx, session, &link.group, turn.now),
        SessionNews::Read { up_to } => inbound_session::read(turn.tx, session, up_to)?,
        SessionNews::Missed { after, up_to } => {
            return inbound_session::missed(turn.tx, session, after, up_to, turn.now);
        }
        SessionNews::Ended => inbound_session::ended(turn.tx, session, turn.now)?,
    }
    resolve(turn)
}

/// Stores a part that is no redelivery.
fn store(turn: &Turn<'_>, incoming: &Incoming<'_>) -> Result<(), StoreError> {
    let Incoming { link, part, .. } = incoming;
    let Some(of) = part.part_of.filter(|of| of.total > 1) else {
        let single = KeptPart {
            number: 1,
            alphabet: part.alphabet,
            elements: part.elements.clone(),
            payload: part.payload.clone(),
            network_time: part.network_time,
        };
        let whole = Whole { link: link.to_string(), from: &part.from, to: &part.to, total: 1, parts: &[single] };
        let arrival =
            inbound::Arrival { delivered: incoming.delivered, sim: incoming.sim, ..inbound::Arrival::default() };
        return complete(turn, &whole, arrival, incoming.seen).map(drop);
    };
    let open = inbound_part::siblings(turn.tx, &link.group, part)?;
    let came_at = incoming.delivered.map_or(turn.now, |delivered| delivered.came_at);
    let newcomer = Newcomer { number: of.number, came_at, network_time: part.network_time };
    let back_at = inbound_session::newest(turn.tx, &link.group)?;
    let id = turn.tx.next_id(turn.now);
    let set = reassembly::set_of(&open, &newcomer, back_at).unwrap_or(id.as_i64());
    let spot = Spot { id, set, repeats: None };
    inbound_part::keep(turn.tx, spot, link, part, incoming.delivered, turn.now)?;
    let there = open.iter().filter(|sibling| sibling.set == set).count() + 1;
    if there < usize::from(of.total) {
        return Ok(());
    }
    show_set(turn, set, incoming.sim, incoming.seen)
}

/// Makes a message of the parts of a set that are there.
fn show_set(turn: &Turn<'_>, set: i64, sim: Option<&str>, seen: Option<i64>) -> Result<(), StoreError> {
    let Some(found) = inbound_part::set(turn.tx, set)? else { return Ok(()) };
    let arrival = inbound::Arrival { copies: found.copies, sim, ..inbound::Arrival::default() };
    let whole = Whole { link: found.link, from: &found.from, to: &found.to, total: found.total, parts: &found.parts };
    let id = complete(turn, &whole, arrival, seen)?;
    inbound_part::became(turn.tx, set, id)
}

/// Shows incoming messages whose missing parts are not coming any more, with what is there, at most `limit`.
pub fn give_up_parts(turn: &Turn<'_>, limit: usize) -> Result<(), StoreError> {
    for set in inbound_part::stale_sets(turn.tx, turn.now.minus(turn.settings.parts_wait), limit)? {
        show_set(turn, set, None, None)?;
    }
    Ok(())
}

/// A message, and what is there of it.
struct Whole<'a> {
    link: String,
    from: &'a Sender,
    to: &'a Sender,
    /// How many parts there should be.
    total: u8,
    parts: &'a [KeptPart],
}

/// Writes a message from the parts that are there.
fn complete(
    turn: &Turn<'_>,
    whole: &Whole<'_>,
    arrival: inbound::Arrival<'_>,
    seen: Option<i64>,
) -> Result<MessageId, StoreError> {
    let parts = whole.parts;
    let octets: Vec<u8> = parts.iter().flat_map(|part| part.payload.iter().copied()).collect();
    let digest = inbound::digest(super::Settings::group_of(&whole.link), whole.from, whole.to, &octets);
    let is_data = parts.iter().any(|part| part.alphabet == Alphabet::Binary);
    let message = InboundMessage {
        id: turn.tx.next_id(turn.now),
        from: whole.from.clone(),
        to: whole.to.clone(),
        text: (!is_data).then(|| text::join(parts.iter().map(as_text))),
        data: is_data.then_some(octets),
        link: whole.link.clone(),
        received_at: turn.now,
        parts: (whole.total, u8::try_from(parts.len()).unwrap_or(u8::MAX)),
        // A message is sent when its last part is.
        sent_at: parts.iter().filter_map(|part| sane_network_time(part.network_time, turn.now)).max(),
    };
    if message.is_old() {
        let sent = message.said_at();
        tracing::info!(postrider.message = %message.id, postrider.link = message.link, "A message came over {} that was sent at {sent}; it is stored, and nothing answers it by itself", message.link);
    }
    inbound::insert(turn.tx, &message, inbound::Arrival { digest, ..arrival })?;
    if let Some(seen) = seen {
        inbound_seen::became(turn.tx, seen, message.id)?;
    }
    consent::received(turn, &message)?;
    Ok(message.id)
}

fn as_text(part: &KeptPart) -> text::Part<'_> {
    text::Part { alphabet: part.alphabet, payload: &part.payload, elements: &part.elements }
}
