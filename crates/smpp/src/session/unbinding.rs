//! How a session ends: draining before `unbind` on either side, the timers of each phase, and the close.

use std::time::Instant;

use super::{CloseReason, DrainEnd, Note, Phase, Session, SessionEvent};
use crate::{Body, CommandStatus};

impl<T: Clone> Session<T> {
    /// Ends the session in order: waits for what is outstanding (at most the response timer), unbinds, closes.
    pub fn unbind(&mut self, now: Instant) {
        self.drain_and_ask(now, CloseReason::Unbound);
    }

    /// Ends the session at once. What waits in [`poll_transmit`](Self::poll_transmit) may still be sent.
    pub fn abort(&mut self) {
        self.close(CloseReason::Aborted);
    }

    /// The peer unbinds: outstanding answers may still come, so its answer waits for them for a while.
    pub(super) fn handle_unbind(&mut self, now: Instant, sequence: u32) {
        match self.phase {
            Phase::Bound | Phase::Draining { end: DrainEnd::Ask(_), .. } => {
                let until = now + self.settings.timers.unbind;
                self.phase = Phase::Draining { end: DrainEnd::Answer(sequence), until };
                self.events.push_back(SessionEvent::Note(Note::PeerUnbinds));
                self.end_drain(now);
            }
            // Both sides asked at once: answer, and wait for the answer to ours.
            Phase::Unbinding { .. } | Phase::Closing { .. } | Phase::Draining { .. } => {
                self.answer(sequence, CommandStatus::ROK, Body::UnbindResp);
            }
            Phase::Open { .. } | Phase::Binding { .. } | Phase::BindAsked { .. } => {
                self.answer(sequence, CommandStatus::RINVBNDSTS, Body::UnbindResp);
                self.close(CloseReason::PeerUnbound);
            }
            Phase::Closed => {}
        }
    }

    /// The peer answers our unbind; any status ends the session.
    pub(super) fn handle_unbind_resp(&mut self, sequence: u32) {
        self.learn(|proof, _| proof.handle_response(sequence));
        match self.phase {
            Phase::Unbinding { reason, .. } => self.close(reason),
            Phase::Open { .. }
            | Phase::Binding { .. }
            | Phase::BindAsked { .. }
            | Phase::Bound
            | Phase::Draining { .. }
            | Phase::Closing { .. }
            | Phase::Closed => self.note_stray_answer(Body::UnbindResp.command_id(), sequence),
        }
    }

    /// Goes on when nothing is outstanding any more, or the time for it is over.
    pub(super) fn end_drain(&mut self, now: Instant) {
        let Phase::Draining { end, until } = self.phase else { return };
        if now < until && !(self.window.is_empty() && self.inbound.is_empty()) {
            return;
        }
        match end {
            DrainEnd::Ask(reason) => {
                let sequence = self.sequence.peek();
                self.phase = Phase::Unbinding { sequence, reason, until: now + self.settings.timers.unbind };
                self.send_control(Body::Unbind);
            }
            DrainEnd::Answer(sequence) => {
                self.answer(sequence, CommandStatus::ROK, Body::UnbindResp);
                self.close(CloseReason::PeerUnbound);
            }
        }
    }

    /// Ends a phase whose time is over.
    pub(super) fn end_phase(&mut self, now: Instant) {
        match self.phase {
            Phase::Open { until: Some(until) } | Phase::BindAsked { until, .. } if until <= now => {
                self.close(CloseReason::SessionInit);
            }
            Phase::Binding { until, .. } if until <= now => self.close(CloseReason::BindUnanswered),
            Phase::Unbinding { reason, until, .. } if until <= now => self.close(reason),
            Phase::Open { .. }
            | Phase::Binding { .. }
            | Phase::BindAsked { .. }
            | Phase::Bound
            | Phase::Draining { .. }
            | Phase::Unbinding { .. }
            | Phase::Closing { .. }
            | Phase::Closed => {}
        }
    }

    /// When the session counts as unused.
    pub(super) fn inactive_at(&self) -> Option<Instant> {
        let inactivity = self.settings.timers.inactivity?;
        (self.phase == Phase::Bound).then(|| self.message_at + inactivity)
    }

    /// Unbinds a session that nobody uses.
    pub(super) fn end_inactive(&mut self, now: Instant) {
        if self.inactive_at().is_some_and(|at| at <= now) {
            self.drain_and_ask(now, CloseReason::Inactive);
        }
    }

    /// Asks the owner to close; the first reason stands.
    pub(super) fn close(&mut self, reason: CloseReason) {
        if matches!(self.phase, Phase::Closing { .. } | Phase::Closed) {
            return;
        }
        self.phase = Phase::Closing { reason };
        // What is not settled by now is asked for again, rather than left without a word.
        if reason != CloseReason::PeerStalled {
            for (sequence, command) in self.inbound.drain() {
                self.refuse(command, sequence, self.settings.overflow);
            }
        }
        self.events.push_back(SessionEvent::Close(reason));
    }

    fn drain_and_ask(&mut self, now: Instant, reason: CloseReason) {
        match self.phase {
            Phase::Bound => {
                let until = now + self.settings.timers.response;
                self.phase = Phase::Draining { end: DrainEnd::Ask(reason), until };
                self.end_drain(now);
            }
            // Nothing was bound, so there is nothing to unbind.
            Phase::Open { .. } | Phase::Binding { .. } | Phase::BindAsked { .. } => self.close(reason),
            Phase::Draining { .. } | Phase::Unbinding { .. } | Phase::Closing { .. } | Phase::Closed => {}
        }
    }
}
