//! What each incoming PDU means: an answer to us, a request to keep, or something to answer at once.

use std::time::Instant;

use bytes::Bytes;

use super::window::Match;
use super::{CloseReason, Note, Outcome, Phase, Role, Session, SessionEvent, is_esme_request, is_smsc_request};
use crate::{Body, CommandId, CommandStatus, DecodeError, FrameError, Pdu};

impl<T: Clone> Session<T> {
    /// Whether octets can no longer be cut into PDUs.
    pub(super) fn stream_is_broken(&self) -> bool {
        matches!(self.phase, Phase::Closing { reason: CloseReason::BrokenStream(_) })
    }

    /// Handles whole frames until there is none, or the inbound window holds.
    pub(super) fn read_frames(&mut self, now: Instant) {
        while !self.inbound.is_holding(now) && !self.stream_is_broken() {
            match self.splitter.next_frame() {
                Ok(Some(frame)) => self.handle_frame(now, &frame),
                Ok(None) => return,
                Err(error) => self.handle_broken_stream(error),
            }
        }
    }

    fn handle_frame(&mut self, now: Instant, frame: &Bytes) {
        self.keepalive.handle_heard(now);
        if let Some(tap) = &self.settings.tap {
            tap.handle_received(frame);
        }
        match Pdu::decode(frame) {
            Ok(decoded) => {
                if !decoded.quirks.is_empty() {
                    let (command, sequence) = (decoded.pdu.body.command_id(), decoded.pdu.sequence_number);
                    self.note(Note::Quirks { command, sequence, quirks: decoded.quirks });
                }
                self.handle_pdu(now, decoded.pdu);
            }
            Err(error) => self.handle_malformed(now, error),
        }
    }

    /// Takes one PDU from the peer.
    pub fn handle_pdu(&mut self, now: Instant, pdu: Pdu) {
        let Pdu { command_status: status, sequence_number: sequence, body } = pdu;
        match body {
            Body::EnquireLink => self.answer(sequence, CommandStatus::ROK, Body::EnquireLinkResp),
            // The keep-alive has heard it already.
            Body::EnquireLinkResp if self.sequence.was_given(sequence) => {
                self.learn(|proof, _| proof.handle_response(sequence))
            }
            Body::EnquireLinkResp => self.note_stray_answer(CommandId::ENQUIRE_LINK.response(), sequence),
            Body::Unbind => self.handle_unbind(now, sequence),
            Body::UnbindResp => self.handle_unbind_resp(sequence),
            Body::GenericNack => self.handle_nack(now, sequence, status),
            Body::Bind(bind) if self.settings.role == Role::Smsc => self.handle_bind(now, sequence, bind),
            Body::BindResp(resp) => self.handle_bind_resp(now, sequence, status, &resp),
            Body::Outbind(outbind) if self.settings.role == Role::Esme && matches!(self.phase, Phase::Open { .. }) => {
                self.events.push_back(SessionEvent::Outbind(outbind));
            }
            Body::AlertNotification(alert) if self.settings.role == Role::Esme => {
                self.events.push_back(SessionEvent::Alert(alert));
            }
            // Neither has an answer of its own.
            Body::Outbind(_) | Body::AlertNotification(_) => {
                self.refuse(body.command_id(), sequence, CommandStatus::RINVBNDSTS);
            }
            Body::Unknown { command_id, .. } if !command_id.is_response() => self.nack_unknown(command_id, sequence),
            Body::SubmitSmResp(_)
            | Body::SubmitMultiResp(_)
            | Body::DeliverSmResp(_)
            | Body::DataSmResp(_)
            | Body::QuerySmResp(_)
            | Body::CancelSmResp
            | Body::ReplaceSmResp
            | Body::BroadcastSmResp(_)
            | Body::QueryBroadcastSmResp(_)
            | Body::CancelBroadcastSmResp
            | Body::Unknown { .. } => self.handle_answer(now, sequence, status, body),
            Body::Bind(_)
            | Body::SubmitSm(_)
            | Body::SubmitMulti(_)
            | Body::DeliverSm(_)
            | Body::DataSm(_)
            | Body::QuerySm(_)
            | Body::CancelSm(_)
            | Body::ReplaceSm(_)
            | Body::BroadcastSm(_)
            | Body::QueryBroadcastSm(_)
            | Body::CancelBroadcastSm(_) => self.handle_request(now, sequence, body),
        }
    }

    fn handle_answer(&mut self, now: Instant, sequence: u32, status: CommandStatus, body: Body) {
        let command = body.command_id();
        let found = self.window.take(sequence, |asked| asked.response() == command);
        self.settle(now, sequence, found, status, body);
    }

    /// A nack with the number of a request ends that request, whatever it was (4.3.1).
    fn handle_nack(&mut self, now: Instant, sequence: u32, status: CommandStatus) {
        if self.handle_bind_nack(sequence, status) {
            return;
        }
        self.learn(|proof, _| proof.handle_response(sequence));
        match self.phase {
            Phase::Unbinding { sequence: asked, reason, .. } if asked == sequence => self.close(reason),
            Phase::Open { .. }
            | Phase::Binding { .. }
            | Phase::BindAsked { .. }
            | Phase::Bound
            | Phase::Draining { .. }
            | Phase::Unbinding { .. }
            | Phase::Closing { .. }
            | Phase::Closed => {
                let found = self.window.take(sequence, |_| true);
                self.settle(now, sequence, found, status, Body::GenericNack);
            }
        }
    }

    fn settle(&mut self, now: Instant, sequence: u32, found: Match<T, CommandId>, status: CommandStatus, body: Body) {
        if let Match::InTime(request) | Match::Late(request) = &found {
            let answered = request.sequence;
            self.learn(|proof, _| proof.handle_response(answered));
        }
        match found {
            Match::InTime(request) => {
                let rtt = now.saturating_duration_since(request.made_at);
                let outcome = Outcome::Answered { status, body, rtt };
                self.events.push_back(SessionEvent::Outcome { token: request.token, outcome });
            }
            Match::Late(request) | Match::Earlier(request) => {
                let rtt = now.saturating_duration_since(request.made_at);
                self.events.push_back(SessionEvent::Late { token: request.token, status, body, rtt });
            }
            Match::None => return self.note_stray_answer(body.command_id(), sequence),
        }
        self.timeouts_in_a_row = 0;
        self.message_at = now;
        self.end_drain(now);
    }

    fn handle_request(&mut self, now: Instant, sequence: u32, body: Body) {
        let command = body.command_id();
        let expected = match self.settings.role {
            Role::Esme => is_smsc_request(command),
            Role::Smsc => is_esme_request(command),
        };
        if !expected {
            return self.refuse(command, sequence, CommandStatus::RINVCMDID);
        }
        if !self.takes(command) {
            return self.refuse(command, sequence, self.untimely_status());
        }
        let Some(place) = self.inbound.insert(now, sequence, command) else {
            return self.refuse(command, sequence, self.settings.overflow);
        };
        self.message_at = now;
        self.events.push_back(SessionEvent::Request { sequence, place, body });
    }

    /// Whether a request of the peer fits the phase and the kind of bind.
    ///
    /// An ESME takes what comes on any bind: refusing a receipt on a transmitter would lose it.
    fn takes(&self, command: CommandId) -> bool {
        let settled = matches!(self.phase, Phase::Bound | Phase::Draining { .. });
        let submits = !matches!(command, CommandId::SUBMIT_SM | CommandId::SUBMIT_MULTI | CommandId::DATA_SM)
            || self.kind.is_none_or(|kind| kind.transmits());
        settled && (self.settings.role == Role::Esme || submits)
    }

    /// A session that is about to end asks for a repeat, so that no receipt is lost by ending.
    fn untimely_status(&self) -> CommandStatus {
        match self.phase {
            Phase::Unbinding { .. } | Phase::Closing { .. } => self.settings.overflow,
            Phase::Open { .. }
            | Phase::Binding { .. }
            | Phase::BindAsked { .. }
            | Phase::Bound
            | Phase::Draining { .. }
            | Phase::Closed => CommandStatus::RINVBNDSTS,
        }
    }

    /// Answers a request with an error, by its header alone.
    pub(super) fn refuse(&mut self, command: CommandId, sequence: u32, status: CommandStatus) {
        self.answer(sequence, status, bare_answer(command));
        self.note(Note::Refused { command, sequence, status });
    }

    fn nack_unknown(&mut self, command: CommandId, sequence: u32) {
        self.answer(sequence, CommandStatus::RINVCMDID, Body::GenericNack);
        self.note(Note::Refused { command, sequence, status: CommandStatus::RINVCMDID });
    }

    /// A PDU that cannot be read ends neither the session nor the connection: it is answered by its number.
    fn handle_malformed(&mut self, now: Instant, error: DecodeError) {
        self.note(Note::Malformed(error));
        let Some(header) = error.header() else { return };
        let (command, sequence) = (header.command_id, header.sequence_number);
        if command.is_response() {
            // Its status was read, and that is what decides.
            let body = Body::Unknown { command_id: command, octets: Bytes::new() };
            self.handle_answer(now, sequence, header.command_status, body);
        } else {
            self.answer(sequence, error.status(), bare_answer(command));
        }
    }

    fn handle_broken_stream(&mut self, error: FrameError) {
        self.answer(error.sequence_number.unwrap_or(0), CommandStatus::RINVCMDLEN, Body::GenericNack);
        // The stream is lost even if the session was closing for another reason.
        if let Phase::Closing { reason } = &mut self.phase {
            *reason = CloseReason::BrokenStream(error);
        }
        self.close(CloseReason::BrokenStream(error));
    }

    fn note(&mut self, note: Note) {
        self.events.push_back(SessionEvent::Note(note));
    }
}

/// The header of the answer to a request; a nack for those that have no answer.
fn bare_answer(command: CommandId) -> Body {
    match command {
        CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION => Body::GenericNack,
        _ => Body::Unknown { command_id: command.response(), octets: Bytes::new() },
    }
}
