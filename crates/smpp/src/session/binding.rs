//! How a session begins: our bind and its answer, or the peer's bind and ours; `outbind` before either.

use std::time::Instant;

use secrecy::ExposeSecret;

use super::{CloseReason, Note, Phase, Role, Session, SessionEvent, SubmitError};
use crate::pdu::{Bind, BindKind, BindResp, COctetString, Tlvs};
use crate::profile::Account;
use crate::{Body, CommandId, CommandStatus, Tag};

impl Account {
    /// The bind request of one session of this account.
    pub fn bind(&self, kind: BindKind) -> Bind {
        Bind {
            kind,
            system_id: COctetString::new(&self.system_id),
            password: COctetString::new(self.password.expose_secret()),
            system_type: COctetString::new(&self.system_type),
            interface_version: self.interface_version,
            addr_ton: self.address_range.kind.ton,
            addr_npi: self.address_range.kind.npi,
            address_range: COctetString::new(&self.address_range.range),
            tlvs: Tlvs::new(),
        }
    }
}

impl<T: Clone> Session<T> {
    /// Binds as ESME. [`SessionEvent::Bound`] or [`SessionEvent::Close`] follows.
    ///
    /// # Errors
    /// When the session is not fresh, or the account does not fit the PDU.
    pub fn bind(&mut self, now: Instant, bind: Bind) -> Result<(), SubmitError> {
        let kind = bind.kind;
        if self.settings.role != Role::Esme {
            return Err(SubmitError::WrongDirection(kind.command_id()));
        }
        let Phase::Open { .. } = self.phase else { return Err(SubmitError::NotBound) };
        let sequence = self.write_request(Body::Bind(bind))?;
        self.phase = Phase::Binding { sequence, kind, until: now + self.settings.timers.bind_response };
        Ok(())
    }

    /// Takes the ESME's bind that [`SessionEvent::BindRequested`] told of, under our `system_id`. `false` if none waits.
    pub fn accept_bind(&mut self, now: Instant, system_id: &str) -> bool {
        let Phase::BindAsked { sequence, kind, interface_version, .. } = self.phase else { return false };
        let mut tlvs = Tlvs::new();
        // An ESME of version 3.3 knows no TLVs (3.4, 5.2.4).
        if interface_version >= 0x34 {
            tlvs.push_u8(Tag::SC_INTERFACE_VERSION, interface_version.min(0x50));
        }
        let system_id = COctetString::new(system_id);
        self.answer(sequence, CommandStatus::ROK, Body::BindResp(BindResp { kind, system_id, tlvs }));
        self.begin_bound(now, kind);
        true
    }

    /// Refuses the ESME's bind; it may try again until the session_init timer ends. `false` if none waits.
    pub fn refuse_bind(&mut self, status: CommandStatus) -> bool {
        let Phase::BindAsked { sequence, kind, until, .. } = self.phase else { return false };
        self.answer(sequence, status, Body::BindResp(BindResp { kind, ..BindResp::default() }));
        self.phase = Phase::Open { until: Some(until) };
        true
    }

    /// The ESME binds.
    pub(super) fn handle_bind(&mut self, now: Instant, sequence: u32, bind: Bind) {
        let kind = bind.kind;
        let Phase::Open { until } = self.phase else {
            return self.refuse(kind.command_id(), sequence, CommandStatus::RALYBND);
        };
        self.phase = Phase::BindAsked {
            sequence,
            kind,
            interface_version: bind.interface_version,
            until: until.unwrap_or(now + self.settings.timers.session_init),
        };
        self.events.push_back(SessionEvent::BindRequested(bind));
    }

    /// The carrier answers our bind.
    pub(super) fn handle_bind_resp(&mut self, now: Instant, sequence: u32, status: CommandStatus, resp: &BindResp) {
        let Phase::Binding { sequence: asked, kind, .. } = self.phase else {
            return self.note_stray_answer(resp.kind.command_id().response(), sequence);
        };
        if sequence != asked {
            return self.note_stray_answer(resp.kind.command_id().response(), sequence);
        }
        if !status.is_ok() {
            return self.close(CloseReason::BindRefused(status));
        }
        self.begin_bound(now, kind);
        let version = resp.tlvs.integer(Tag::SC_INTERFACE_VERSION).and_then(|version| u8::try_from(version).ok());
        self.events.push_back(SessionEvent::Bound {
            kind,
            peer: resp.system_id.to_text().into_owned(),
            interface_version: version,
        });
    }

    /// A nack of our bind is its refusal. `true` if it was one.
    pub(super) fn handle_bind_nack(&mut self, sequence: u32, status: CommandStatus) -> bool {
        let Phase::Binding { sequence: asked, .. } = self.phase else { return false };
        // A peer that could not read the PDU may not know its number either.
        if sequence != asked && sequence != 0 {
            return false;
        }
        self.close(CloseReason::BindRefused(if status.is_ok() { CommandStatus::RBINDFAIL } else { status }));
        true
    }

    fn begin_bound(&mut self, now: Instant, kind: BindKind) {
        self.phase = Phase::Bound;
        self.kind = Some(kind);
        self.message_at = now;
        self.keepalive.handle_heard(now);
    }

    /// Notes an answer that belongs to nothing. One with a number that we never gave is no answer of ours come twice, but
    /// something that the peer asked with a damaged id, and it waits for a word.
    pub(super) fn note_stray_answer(&mut self, command: CommandId, sequence: u32) {
        let note = if self.sequence.was_given(sequence) {
            Note::DoubledAnswer { command, sequence }
        } else {
            // A nack of a nack would go to and fro for ever.
            if command != CommandId::GENERIC_NACK {
                self.answer(sequence, CommandStatus::RINVCMDID, Body::GenericNack);
            }
            Note::UnknownAnswer { command, sequence }
        };
        self.events.push_back(SessionEvent::Note(note));
    }
}
