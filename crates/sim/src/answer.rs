//! Sends answers, with all that can go wrong with them.

use std::time::Instant;

use bytes::BytesMut;

use super::carrier::Carrier;
use super::connection::ConnectionId;
use postrider_smpp::pdu::Outbind;
use postrider_smpp::{Body, CommandId, Pdu};

impl Carrier {
    /// Asks a client that we connected to for a bind.
    pub(super) fn send_outbind(&mut self, id: ConnectionId) {
        let outbind = Outbind { system_id: self.settings.system_id.as_str().into(), ..Outbind::default() };
        self.send(id.0, &Pdu::request(1, Body::Outbind(outbind)));
    }

    pub(super) fn send(&mut self, id: u32, pdu: &Pdu) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.send(pdu);
        }
    }

    /// Sends the answer to a submission with all that may go wrong with it.
    pub(super) fn answer(&mut self, id: u32, pdu: &Pdu, now: Instant) {
        if self.settings.faults.answers_are_plain() {
            return self.send(id, pdu);
        }
        let faults = self.settings.faults.clone();
        if self.random.chance(faults.answer_lost) {
            return;
        }
        let mut octets = BytesMut::new();
        if self.random.chance(faults.garbage) {
            (0..1 + self.random.below(40))
                .for_each(|_| octets.extend_from_slice(&self.random.next_u64().to_be_bytes()[..1]));
        }
        if self.random.chance(faults.malformed) {
            self.malformed(&mut octets);
        }
        let mut pdu = pdu.clone();
        if self.random.chance(faults.answer_wrong_sequence) {
            pdu.sequence_number ^= 0x4000_0000;
        }
        let times = if self.random.chance(faults.answer_doubled) { 2 } else { 1 };
        for _ in 0..times {
            // An id of our own making fits its field.
            let _ = pdu.encode(&mut octets);
        }
        let delay = faults.answer_delay(&mut self.random);
        if !delay.is_zero() {
            return self.plan_write(now + delay, id, octets);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.out.extend_from_slice(&octets);
        }
    }

    /// A frame whose length is right and whose inside is not: a cut body, an unknown command, an unknown answer.
    fn malformed(&mut self, octets: &mut BytesMut) {
        let (command_id, body): (u32, &[u8]) = match self.random.below(4) {
            0 => (CommandId::DELIVER_SM.0, &[0, 1, 1]),
            1 => (0x0100_0002, b"what is this"),
            2 => (CommandId::SUBMIT_SM_RESP.0, b"no-nul-and-unasked"),
            _ => (CommandId::ENQUIRE_LINK_RESP.0, &[0xff; 7]),
        };
        let length = u32::try_from(16 + body.len()).unwrap_or(16);
        for field in [length, command_id, 0, 0x3fff_0000 + u32::try_from(self.random.below(1000)).unwrap_or(0)] {
            octets.extend_from_slice(&field.to_be_bytes());
        }
        octets.extend_from_slice(body);
    }
}
