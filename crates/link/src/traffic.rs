//! What the events of the sessions mean for the link: outcomes, deliveries, binds and ends.

use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use super::brake::Rest;
use super::carriage::{Carriage, End};
use super::clock::Moment;
use super::connector::Loss;
use super::line::SegmentToken;
use super::status::LinkState;
use postrider_model::{AckToken, ErrorClass, LinkEvent, LinkHealth, SessionNews, SubmitOutcome, SubmitResult, catalog};
use postrider_smpp::inbound::{self, Delivery};
use postrider_smpp::pdu::BindKind;
use postrider_smpp::session::{CloseReason, Known, Note, Outcome, SessionEvent, SubmitError};
use postrider_smpp::{Body, CommandId, CommandStatus, outcome, submit};

/// Weight of one answer in the smoothed round trip: 1/8.
const SMOOTHING: u32 = 8;

impl Carriage<'_> {
    /// Sends what may go: its turn has come, the window has room, the carrier did not ask for a rest.
    pub(super) fn pump(&mut self, moment: Moment) {
        if self.ending.is_some() || !self.is_up() {
            return;
        }
        let allowed = self.brake.allowed(moment.now);
        let Some(line) = self.lines.iter_mut().find(|line| line.session.bind_kind().is_some_and(BindKind::transmits))
        else {
            return;
        };
        while line.session.free() > 0 && line.session.outstanding() < allowed {
            let Some((submission, turn)) = self.queue.front(moment.now) else { return };
            let token = SegmentToken { message: submission.message, attempt: submission.attempt, index: turn.index };
            let sent = match submit::request(&self.link.settings.profile, submission, turn.index, moment.wall) {
                Ok(body) => line.session.submit(moment.now, body, token).map_err(|error| match error {
                    SubmitError::Encode(error) => Some(error.to_string()),
                    SubmitError::NotBound | SubmitError::WrongDirection(_) | SubmitError::WindowFull => None,
                }),
                Err(reason) => Err(Some(reason.to_string())),
            };
            match sent {
                Ok(_) => {
                    self.silence.handle_submit(moment.now);
                    self.link.shared.status().counters.sent += 1;
                }
                // The session ends; its end gives everything back.
                Err(None) => return,
                Err(Some(reason)) => {
                    warn!(postrider.link = %self.link.settings.name, postrider.message = %token.message, "A segment cannot be written as a PDU for {}: {reason}", self.link.settings.name);
                    let refused = SubmitOutcome::Refused { class: ErrorClass::Bug, code: 0, reason, retry_after: None };
                    self.link.shared.status().counters.refused += 1;
                    self.link.reporter.outcome(token.message, token.attempt, token.index, refused);
                }
            }
            self.queue.pop(moment.now);
        }
    }

    /// Handles everything that the sessions have to tell.
    pub(super) fn handle_events(&mut self, moment: Moment) {
        for index in 0..self.lines.len() {
            while let Some(event) = self.lines.get_mut(index).and_then(|line| line.session.poll_event()) {
                self.handle_event(index, event, moment);
            }
        }
    }

    fn handle_event(&mut self, index: usize, event: SessionEvent<SegmentToken>, moment: Moment) {
        match event {
            SessionEvent::Bound { kind, peer, .. } => self.handle_bound(index, kind, &peer, moment),
            SessionEvent::Outcome { token, outcome } => self.handle_outcome(token, outcome, moment),
            SessionEvent::Late { token, status, body, .. } => self.handle_late(token, status, &body, moment),
            SessionEvent::Request { sequence, place, body } => {
                self.handle_request(index, (sequence, place), &body, moment)
            }
            SessionEvent::Answers(known) => self.handle_known(index, known),
            SessionEvent::Note(note) => self.handle_note(note, moment),
            SessionEvent::Close(reason) => self.handle_close(index, reason, moment),
            SessionEvent::Closed(reason) => {
                debug!(postrider.link = %self.link.settings.name, "A session with {} is over: {reason}", self.link.settings.name);
                self.tell_read();
                self.tell_session(index, SessionNews::Ended);
            }
            SessionEvent::Alert(alert) => {
                debug!(postrider.link = %self.link.settings.name, "A handset is reachable again: {:?}", alert.source_addr.ton);
            }
            SessionEvent::Outbind(_) => self.handle_outbind(index, moment),
            SessionEvent::BindRequested(_) => self.link.shared.status().counters.odd += 1,
        }
    }

    /// A carrier that connected to us wants us to bind; to one that we connected to we have bound already. Its password
    /// proves nothing that the address did not, so it is not looked at.
    fn handle_outbind(&mut self, index: usize, moment: Moment) {
        let kind = self.link.settings.profile.account.bind_mode.kinds().first().copied();
        let Some((line, kind)) = self.lines.get_mut(index).zip(kind).filter(|_| self.outbind_until.take().is_some())
        else {
            self.link.shared.status().counters.odd += 1;
            return;
        };
        if let Err(end) = self.link.bind(line, kind) {
            self.begin_end_until(end, moment.now, moment.now);
        }
    }

    fn handle_bound(&mut self, index: usize, kind: BindKind, peer: &str, moment: Moment) {
        self.bound += 1;
        self.tell_session(index, SessionNews::Began);
        if !self.is_up() || self.ending.is_some() {
            return;
        }
        self.link.connector.handle_bound(moment.now);
        let settings = &self.link.settings;
        let (name, window, account) = (&settings.name, settings.profile.window, &settings.profile.account.system_id);
        let kind = match (self.lines.len(), kind) {
            (1, BindKind::Transceiver) => "transceiver",
            (1, BindKind::Transmitter) => "transmitter",
            (1, BindKind::Receiver) => "receiver",
            _ => "transmitter and receiver",
        };
        let address = self.lines.get(index).and_then(|line| line.peer).map(|peer| peer.to_string());
        let (host, address) = (&self.place, address.unwrap_or_default());
        info!(message_id = catalog::CARRIER_UP.id, postrider.link = %name, host = %host, address, peer, "Bound to {name} at {host} as \"{account}\" ({kind}, window {window})");
        {
            let mut status = self.link.shared.status();
            status.enter(LinkState::Up, moment.wall);
            status.counters.binds += 1;
        }
        self.link.set_health(LinkHealth::Up);
    }

    fn handle_outcome(&mut self, token: SegmentToken, what: Outcome, moment: Moment) {
        let reported = match what {
            Outcome::Answered { status, body, rtt } => {
                self.handle_answer_seen(rtt, moment.now);
                self.judge(status, &body, moment)
            }
            Outcome::TimedOut => SubmitOutcome::Unanswered {
                reason: format!("no answer within {} s", self.link.settings.profile.timers.response.as_secs()),
            },
            Outcome::ConnectionLost { sent: true } => SubmitOutcome::Unanswered { reason: self.why() },
            Outcome::ConnectionLost { sent: false } => SubmitOutcome::NotSent { reason: self.why() },
        };
        self.count(&reported);
        debug!(postrider.link = %self.link.settings.name, postrider.message = %token.message, segment = token.index, outcome = ?reported, "Segment settled");
        self.link.reporter.outcome(token.message, token.attempt, token.index, reported);
    }

    fn handle_late(&mut self, token: SegmentToken, status: CommandStatus, body: &Body, moment: Moment) {
        self.handle_answer_seen(Duration::ZERO, moment.now);
        self.link.shared.status().counters.late += 1;
        let late = self.judge(status, body, moment);
        debug!(postrider.link = %self.link.settings.name, postrider.message = %token.message, segment = token.index, outcome = ?late, "A late answer came");
        let SegmentToken { message, attempt, index } = token;
        self.link.reporter.push(LinkEvent::Submit(SubmitResult { message, attempt, index, outcome: late }));
    }

    /// The carrier is alive, and this fast.
    fn handle_answer_seen(&mut self, rtt: Duration, now: Instant) {
        let open = self.lines.iter().map(|line| line.session.outstanding()).sum();
        self.silence.handle_answer(open, now);
        if !rtt.is_zero() {
            self.round_trip = Some(self.round_trip.map_or(rtt, |smooth| (smooth * (SMOOTHING - 1) + rtt) / SMOOTHING));
        }
    }

    /// The outcome of an answer, and what it means for the link.
    fn judge(&mut self, status: CommandStatus, body: &Body, moment: Moment) -> SubmitOutcome {
        let outcome = outcome::outcome(&self.link.settings.profile, status, body);
        match &outcome {
            SubmitOutcome::Accepted { .. } => self.brake.handle_accepted(),
            SubmitOutcome::Refused { class: ErrorClass::Backoff, reason, retry_after, .. } => {
                let pause = retry_after.unwrap_or(self.link.settings.profile.pauses.throttled);
                self.handle_backoff(status, pause, reason, moment);
            }
            SubmitOutcome::Refused { class: ErrorClass::Bind, reason, .. } => {
                self.begin_end(End { loss: Loss::BindRefused, why: reason.clone() }, moment.now);
            }
            SubmitOutcome::Refused { class: ErrorClass::BindFatal, reason, .. } => {
                self.begin_end(End { loss: Loss::AccountRefused, why: reason.clone() }, moment.now);
            }
            SubmitOutcome::Refused { .. } | SubmitOutcome::NotSent { .. } | SubmitOutcome::Unanswered { .. } => {}
        }
        outcome
    }

    fn handle_backoff(&mut self, status: CommandStatus, pause: Duration, reason: &str, moment: Moment) {
        self.link.shared.status().counters.throttled += 1;
        let rest = if status == CommandStatus::RMSGQFUL {
            self.brake.handle_queue_full(pause, moment.now)
        } else {
            self.brake.handle_throttled(pause, moment.now)
        };
        let name = &self.link.settings.name;
        if self.brake.poll_alert(moment.now) {
            warn!(postrider.link = %name, "{name} has answered nothing but \"too fast\" for minutes ({reason}); is its quota used up?");
        }
        let Rest::Until(until) = rest else { return };
        if self.ending.is_some() {
            return;
        }
        info!(postrider.link = %name, "{name} says that we are too fast ({reason}); resting {} ms", pause.as_millis());
        self.link.shared.status().enter(LinkState::Paused, moment.wall);
        let health = LinkHealth::Paused { until: moment.wall_at(until), reason: reason.to_owned() };
        self.link.set_health(health);
    }

    /// A delivery goes to the store, and is answered when it is there. What is neither receipt nor message is answered
    /// at once, so that the carrier does not repeat it for ever.
    fn handle_request(&mut self, index: usize, (sequence, place): (u32, u64), body: &Body, moment: Moment) {
        // What was read before this came is told before it.
        self.tell_read();
        let Some(line) = self.lines.get_mut(index) else { return };
        let data_sm = body.command_id() == CommandId::DATA_SM;
        let token = AckToken { session: line.number, sequence, data_sm, place, came_at: moment.wall };
        let ack = Some(token);
        match inbound::delivery(&self.link.settings.profile, body) {
            Delivery::Receipt(receipt) => {
                self.link.shared.status().counters.receipts += 1;
                self.link.reporter.push(LinkEvent::Receipt { receipt, ack });
            }
            Delivery::Message(part) => {
                line.deliveries.handle_message(place);
                self.link.shared.status().counters.inbound += 1;
                self.link.reporter.push(LinkEvent::Inbound { part, ack });
            }
            Delivery::Neither(why) => {
                self.link.shared.status().counters.odd += 1;
                warn!(postrider.link = %self.link.settings.name, "{} delivered something that is neither receipt nor message: {why}", self.link.settings.name);
                let answer = inbound::answer(token);
                line.session.respond(moment.now, sequence, CommandStatus::ROK, answer);
            }
        }
    }

    /// Some of our answers were read, or nobody will know.
    fn handle_known(&mut self, index: usize, known: Known) {
        let Known { after, up_to, read } = known;
        let Some(line) = self.lines.get_mut(index) else { return };
        if read {
            line.deliveries.handle_read(up_to);
        } else if line.deliveries.has_message(after) {
            self.tell_session(index, SessionNews::Missed { after, up_to });
        }
    }

    /// Tells the store which answers the carrier has read, if that is about incoming messages.
    pub(super) fn tell_read(&mut self) {
        for index in 0..self.lines.len() {
            let news = self.lines.get_mut(index).and_then(|line| line.deliveries.take_news());
            if let Some(up_to) = news {
                self.tell_session(index, SessionNews::Read { up_to });
            }
        }
    }

    fn tell_session(&mut self, index: usize, news: SessionNews) {
        let Some(session) = self.lines.get(index).map(|line| line.number) else { return };
        self.link.reporter.push(LinkEvent::Session { session, news });
    }

    fn handle_note(&mut self, note: Note, moment: Moment) {
        let name = &self.link.settings.name;
        match note {
            Note::PeerUnbinds => {
                let until = moment.now + self.link.settings.profile.timers.unbind * 2;
                let end = End { loss: Loss::Dropped, why: "the carrier unbound".to_owned() };
                return self.begin_end_until(end, moment.now, until);
            }
            Note::Malformed(error) => {
                self.malformed += 1;
                // One line a session: a carrier that does this once does it often.
                if self.malformed == 1 {
                    warn!(postrider.link = %name, "{name} sent a PDU that cannot be read: {error}; it was answered with an error, and the session goes on");
                } else {
                    debug!(postrider.link = %name, "{name} sent a PDU that cannot be read: {error}");
                }
            }
            Note::Refused { command: CommandId::DELIVER_SM | CommandId::DATA_SM, .. } => {
                self.link.shared.status().counters.put_off += 1;
                return;
            }
            other @ (Note::DoubledAnswer { .. } | Note::UnknownAnswer { .. } | Note::Refused { .. }) => {
                debug!(postrider.link = %name, "{name} is odd: {other:?}");
            }
            // Harmless, and some carriers have one in every PDU.
            Note::Quirks { command, sequence, quirks } => {
                debug!(postrider.link = %name, "{name} sent {command:?} {sequence} with {quirks:?}");
                return;
            }
        }
        self.link.shared.status().counters.odd += 1;
    }

    fn handle_close(&mut self, index: usize, reason: CloseReason, moment: Moment) {
        let loss = match reason {
            CloseReason::BindRefused(status) => self.loss_of_bind(status),
            CloseReason::BindUnanswered => Loss::Unreachable,
            CloseReason::SessionInit
            | CloseReason::PeerSilent
            | CloseReason::Unbound
            | CloseReason::PeerUnbound
            | CloseReason::Inactive
            | CloseReason::BrokenStream(_)
            | CloseReason::PeerStalled
            | CloseReason::Aborted
            | CloseReason::Disconnected => self.loss_without_word(),
        };
        if let Some(line) = self.lines.get_mut(index) {
            line.take_output();
            line.end();
        }
        self.begin_end(End { loss, why: reason.to_string() }, moment.now);
    }

    fn loss_of_bind(&self, status: CommandStatus) -> Loss {
        let class = self.link.settings.profile.errors.get(&status.0).copied().or_else(|| status.class());
        match class {
            Some(ErrorClass::BindFatal) => Loss::AccountRefused,
            _ if status == CommandStatus::RALYBND => Loss::AlreadyBound,
            _ => Loss::BindRefused,
        }
    }

    fn why(&self) -> String {
        self.ending.as_ref().map_or_else(|| "the connection was lost".to_owned(), |(end, _)| end.why.clone())
    }

    fn count(&mut self, outcome: &SubmitOutcome) {
        if matches!(outcome, SubmitOutcome::Unanswered { .. }) {
            self.link.in_doubt += 1;
        }
        let counters = &mut self.link.shared.status().counters;
        match outcome {
            SubmitOutcome::Accepted { .. } => counters.accepted += 1,
            SubmitOutcome::Refused { .. } => counters.refused += 1,
            SubmitOutcome::NotSent { .. } => counters.not_sent += 1,
            SubmitOutcome::Unanswered { .. } => counters.unanswered += 1,
        }
    }
}
