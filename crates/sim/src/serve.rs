//! Decides what each PDU of a client gets for an answer, faults included.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::carrier::Carrier;
use super::connection::{Connection, ConnectionId, Stage};
use super::faults::Taken;
use super::ledger::Entry;
use super::message::{Message, Reply};
use postrider_smpp::pdu::{Bind, BindResp, DestAddress, SubmitMulti, SubmitMultiResp, Tlvs, UnsuccessSme};
use postrider_smpp::{Body, CommandId, CommandStatus, DecodeError, FrameError, Pdu, Tag};

impl Carrier {
    /// Octets came from a client.
    pub fn handle_bytes(&mut self, id: ConnectionId, octets: &[u8], now: Instant) {
        let Some(connection) = self.connections.get_mut(&id.0).filter(|connection| !connection.closing) else { return };
        (connection.heard_at, connection.enquired) = (now, false);
        if self.settings.faults.mute {
            return;
        }
        connection.splitter.handle_bytes(octets);
        loop {
            let Some(connection) = self.connections.get_mut(&id.0).filter(|connection| !connection.closing) else {
                return;
            };
            match connection.splitter.next_frame() {
                Ok(Some(frame)) => self.handle_frame(id.0, &frame, now),
                Ok(None) => return,
                Err(error) => return self.refuse_stream(id.0, error),
            }
        }
    }

    /// Nobody knows where the next PDU begins, so the connection ends.
    fn refuse_stream(&mut self, id: u32, error: FrameError) {
        self.ledger.counts.odd += 1;
        let sequence = error.sequence_number.unwrap_or(0);
        self.send(id, &Pdu::answer(CommandStatus::RINVCMDLEN, sequence, Body::GenericNack));
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.closing = true;
        }
    }

    fn handle_frame(&mut self, id: u32, frame: &Bytes, now: Instant) {
        match Pdu::decode(frame) {
            Ok(decoded) => self.handle_pdu(id, decoded.pdu, now),
            Err(error) => self.refuse_frame(id, &error),
        }
        let most = self.settings.faults.drop_after_pdus;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.pdus = connection.pdus.saturating_add(1);
            if most.is_some_and(|most| connection.pdus >= most) {
                connection.drop_link();
            }
        }
    }

    fn refuse_frame(&mut self, id: u32, error: &DecodeError) {
        self.ledger.counts.odd += 1;
        let sequence = error.header().map_or(0, |header| header.sequence_number);
        self.send(id, &Pdu::answer(error.status(), sequence, Body::GenericNack));
    }

    fn handle_pdu(&mut self, id: u32, pdu: Pdu, now: Instant) {
        let Pdu { command_status, sequence_number: sequence, body } = pdu;
        let ok = CommandStatus::ROK;
        match body {
            Body::Bind(bind) => self.handle_bind(id, sequence, &bind, now),
            Body::EnquireLink => self.send(id, &Pdu::answer(ok, sequence, Body::EnquireLinkResp)),
            Body::Unbind => {
                self.send(id, &Pdu::answer(ok, sequence, Body::UnbindResp));
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.closing = true;
                }
            }
            Body::SubmitSm(body) => {
                self.handle_submission(id, sequence, Message::of_submit(body), Reply::SubmitSm, now)
            }
            Body::DataSm(body) => self.handle_submission(id, sequence, Message::of_data(body), Reply::DataSm, now),
            Body::SubmitMulti(body) => self.handle_multi(id, sequence, &body, now),
            Body::DeliverSmResp(_) | Body::DataSmResp(_) | Body::GenericNack => {
                self.handle_delivery_answer(id, sequence, command_status, now);
            }
            Body::EnquireLinkResp | Body::UnbindResp => {}
            Body::QuerySm(_) => self.refuse(id, sequence, CommandId::QUERY_SM_RESP, CommandStatus::RQUERYFAIL),
            Body::CancelSm(_) => self.refuse(id, sequence, CommandId::CANCEL_SM_RESP, CommandStatus::RCANCELFAIL),
            Body::ReplaceSm(_) => self.refuse(id, sequence, CommandId::REPLACE_SM_RESP, CommandStatus::RREPLACEFAIL),
            Body::BindResp(_)
            | Body::Outbind(_)
            | Body::SubmitSmResp(_)
            | Body::SubmitMultiResp(_)
            | Body::DeliverSm(_)
            | Body::QuerySmResp(_)
            | Body::CancelSmResp
            | Body::ReplaceSmResp
            | Body::AlertNotification(_)
            | Body::BroadcastSm(_)
            | Body::BroadcastSmResp(_)
            | Body::QueryBroadcastSm(_)
            | Body::QueryBroadcastSmResp(_)
            | Body::CancelBroadcastSm(_)
            | Body::CancelBroadcastSmResp
            | Body::Unknown { .. } => {
                self.ledger.counts.odd += 1;
                self.send(id, &Pdu::answer(CommandStatus::RINVCMDID, sequence, Body::GenericNack));
            }
        }
    }

    /// An answer that has no body, whatever its kind.
    fn refuse(&mut self, id: u32, sequence: u32, command_id: CommandId, status: CommandStatus) {
        self.send(id, &Pdu::answer(status, sequence, Body::Unknown { command_id, octets: Bytes::new() }));
    }

    fn handle_bind(&mut self, id: u32, sequence: u32, bind: &Bind, now: Instant) {
        let system_id = bind.system_id.to_text();
        let bound = |connection: &&Connection| connection.account().is_some_and(|known| **known == *system_id);
        let status = match self.connections.get(&id).map(|connection| &connection.stage) {
            Some(Stage::Bound { .. }) => CommandStatus::RALYBND,
            _ if self.settings.faults.refuse_bind.is_some() => {
                CommandStatus(self.settings.faults.refuse_bind.unwrap_or_default())
            }
            _ if self.settings.accounts.is_empty() => CommandStatus::ROK,
            _ => match self.settings.accounts.get(&*system_id) {
                None => CommandStatus::RINVSYSID,
                Some(password) if bind.password != *password.as_str() => CommandStatus::RINVPASWD,
                Some(_) => CommandStatus::ROK,
            },
        };
        let full = self.connections.values().filter(bound).count() >= self.settings.binds_max;
        let status = if status.is_ok() && full { CommandStatus::RALYBND } else { status };
        let mut tlvs = Tlvs::new();
        tlvs.push_u8(Tag::SC_INTERFACE_VERSION, 0x34);
        let resp = BindResp { kind: bind.kind, system_id: self.settings.system_id.as_str().into(), tlvs };
        self.send(id, &Pdu::answer(status, sequence, Body::BindResp(resp)));
        if !status.is_ok() {
            self.ledger.counts.binds_refused += 1;
            return;
        }
        self.ledger.counts.binds += 1;
        let account: Arc<str> = system_id.as_ref().into();
        self.accounts.entry(Arc::clone(&account)).or_default();
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.stage = Stage::Bound { account: Arc::clone(&account), kind: bind.kind };
        }
        self.deliver(&account, now);
    }

    fn handle_submission(&mut self, id: u32, sequence: u32, message: Message, reply: Reply, now: Instant) {
        let bound = self.connections.get(&id).filter(|connection| connection.transmits());
        let Some(account) = bound.and_then(Connection::account).cloned() else {
            return self.send(id, &reply.answer(CommandStatus::RINVBNDSTS, sequence, ""));
        };
        if self.settings.faults.bound_but_silent {
            return;
        }
        match self.judge(&account, &message, now) {
            Taken::No(status) => {
                self.ledger.counts.refused += 1;
                self.record(&account, id, sequence, &message, (String::new(), status), now);
                self.answer(id, &reply.answer(CommandStatus(status), sequence, ""), now);
            }
            Taken::Yes => self.take(&account, id, sequence, message, reply, now),
        }
    }

    /// Whether a submission is taken: the rate first, then what is plainly wrong, then the dice.
    fn judge(&mut self, account: &Arc<str>, message: &Message, now: Instant) -> Taken {
        let second = self.second(now);
        if let Some(most) = self.settings.faults.rate_max
            && !self.accounts.entry(Arc::clone(account)).or_default().meter.pass(second, most)
        {
            return Taken::No(CommandStatus::RTHROTTLED.0);
        }
        if message.destination.addr.is_empty() {
            return Taken::No(CommandStatus::RINVDSTADR.0);
        }
        self.settings.faults.take(&mut self.random)
    }

    fn take(&mut self, account: &Arc<str>, id: u32, sequence: u32, message: Message, reply: Reply, now: Instant) {
        self.ledger.counts.taken += 1;
        self.last_message += 1;
        let number = self.last_message;
        let text = self.settings.ids.answer.write(number);
        self.record(account, id, sequence, &message, (text.clone(), 0), now);
        let answer = reply.answer(CommandStatus::ROK, sequence, &text);
        if self.random.chance(self.settings.faults.drop_before_answer) {
            self.plan_receipts(account, number, message, now, false);
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.drop_link();
            }
        } else if self.random.chance(self.settings.faults.receipt_early) {
            self.plan_receipts(account, number, message, now, true);
            self.answer(id, &answer, now);
        } else {
            self.answer(id, &answer, now);
            self.plan_receipts(account, number, message, now, false);
        }
    }

    fn record(
        &mut self,
        account: &Arc<str>,
        id: u32,
        sequence: u32,
        message: &Message,
        (message_id, status): (String, u32),
        now: Instant,
    ) {
        if !self.ledger.wants_entries() {
            return;
        }
        let entry = Entry {
            at: self.wall(now),
            account: Arc::clone(account),
            connection: id,
            sequence,
            source: message.source.addr.to_text().into_owned(),
            destination: message.destination.addr.to_text().into_owned(),
            esm_class: message.esm_class,
            protocol_id: message.protocol_id,
            data_coding: message.data_coding,
            sar: message.sar(),
            user_data: message.user_data.to_vec(),
            tlvs: message.tlvs.as_wire().to_vec(),
            message_id,
            status,
        };
        self.remember(entry, status == 0);
    }

    fn handle_multi(&mut self, id: u32, sequence: u32, body: &SubmitMulti, now: Instant) {
        let bound = self.connections.get(&id).filter(|connection| connection.transmits());
        let Some(account) = bound.and_then(Connection::account).cloned() else {
            return self.refuse(id, sequence, CommandId::SUBMIT_MULTI_RESP, CommandStatus::RINVBNDSTS);
        };
        self.last_message += 1;
        let number = self.last_message;
        let text = self.settings.ids.answer.write(number);
        let mut unsuccess_sme = Vec::new();
        for destination in &body.dest_address {
            let DestAddress::Sme(address) = destination else {
                return self.refuse(id, sequence, CommandId::SUBMIT_MULTI_RESP, CommandStatus::RINVDLNAME);
            };
            let message = Message::of_multi(body, address.clone());
            match self.judge(&account, &message, now) {
                Taken::No(status) => unsuccess_sme
                    .push(UnsuccessSme { destination_addr: address.clone(), error_status_code: CommandStatus(status) }),
                Taken::Yes => {
                    self.ledger.counts.taken += 1;
                    self.record(&account, id, sequence, &message, (text.clone(), 0), now);
                    self.plan_receipts(&account, number, message, now, false);
                }
            }
        }
        let resp = SubmitMultiResp { message_id: text.as_str().into(), unsuccess_sme, ..SubmitMultiResp::default() };
        self.answer(id, &Pdu::answer(CommandStatus::ROK, sequence, Body::SubmitMultiResp(resp)), now);
    }
}
