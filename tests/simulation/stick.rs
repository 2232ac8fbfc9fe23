//! A modem machine against a simulated stick, and around it what a link does: it holds submissions, sends them part by part
//! and tells what became of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use postrider::at::ModemEvent;
use postrider::model::*;
use postrider::pipeline::{LinkOffer, SimOffer};

use super::modem_duel::Duel;

/// Segments that one modem holds.
const HELD_MAX: usize = 4;

/// A modem, and around it what a link does.
pub struct Stick {
    pub name: LinkName,
    pub duel: Duel,
    pub held: VecDeque<(Submission, usize)>,
    pub flight: Option<(MessageId, u32, u8)>,
    id: Option<Arc<str>>,
    pub session: u32,
    is_up: bool,
    pub out: Vec<LinkEvent>,
}

impl Stick {
    pub fn new(number: u32, mut duel: Duel) -> Self {
        duel.has_world = true;
        let name = LinkName::modem("sticks", &format!("stick{number}"));
        Self { name, duel, held: VecDeque::new(), flight: None, id: None, session: 1, is_up: false, out: Vec::new() }
    }

    fn count(&self) -> usize {
        let held: usize = self.held.iter().map(|(submission, next)| submission.turns.len() - next).sum();
        held + usize::from(self.flight.is_some())
    }

    pub fn offer(&self) -> Option<LinkOffer> {
        let id = self.id.clone().filter(|_| self.is_up)?;
        let sim = SimOffer { id, held: self.count(), send_time: self.duel.modem.send_time(), failures: 0 };
        let free = HELD_MAX.saturating_sub(self.count());
        Some(LinkOffer { sim: Some(sim), ..LinkOffer::new(self.name.clone(), free, self.count() == 0) })
    }

    pub fn take(&mut self, submission: Submission) {
        self.held.push_back((submission, 0));
        if !self.is_up {
            self.give_back("the modem is down");
        }
    }

    fn give_back(&mut self, reason: &str) {
        for (submission, next) in std::mem::take(&mut self.held) {
            for turn in &submission.turns[next..] {
                let outcome = SubmitOutcome::NotSent { reason: reason.to_owned() };
                let (message, attempt) = (submission.message, submission.attempt);
                self.out.push(LinkEvent::Submit(SubmitResult { message, attempt, index: turn.index, outcome }));
            }
        }
    }

    pub fn turn(&mut self, now: Instant) {
        self.duel.turn(now);
        self.collect();
        while self.flight.is_none() && self.duel.modem.is_ready() {
            let wall = self.duel.wall();
            let Some((submission, next)) = self.held.front_mut() else { break };
            let Some(turn) = submission.turns.get(*next).copied().filter(|turn| turn.not_before <= wall) else { break };
            *next += 1;
            self.flight = Some((submission.message, submission.attempt, turn.index));
            let more = *next < submission.turns.len();
            self.duel.modem.submit(now, wall, submission, turn.index, more);
            if !more {
                self.held.pop_front();
            }
            self.duel.settle();
            self.collect();
        }
    }

    fn collect(&mut self) {
        for event in std::mem::take(&mut self.duel.events) {
            self.handle(event);
        }
    }

    fn handle(&mut self, event: ModemEvent) {
        let ack = |token| AckToken { session: self.session, sequence: token, ..AckToken::default() };
        match event {
            ModemEvent::Submit(result) => self.handle_result(result),
            ModemEvent::Receipt { receipt, token } => {
                self.out.push(LinkEvent::Receipt { receipt, ack: Some(ack(token)) });
            }
            ModemEvent::Inbound { part, token } => self.out.push(LinkEvent::Inbound { part, ack: Some(ack(token)) }),
            ModemEvent::Notice { notice, token } => {
                self.out.push(LinkEvent::Modem { notice, ack: token.map(ack) });
            }
            ModemEvent::Sim(sim) => self.id = sim.iccid.map(Into::into),
            ModemEvent::Stage { stage, reason, .. } => {
                self.is_up = stage == ModemStage::Ready;
                if !self.is_up {
                    self.give_back(&reason);
                }
                let health = if self.is_up { LinkHealth::Up } else { LinkHealth::Down(reason) };
                self.out.push(LinkEvent::Health(health));
            }
            _ => {}
        }
    }

    fn handle_result(&mut self, result: SubmitResult) {
        let key = (result.message, result.attempt, result.index);
        let goes_on = matches!(result.outcome, SubmitOutcome::Accepted { .. } | SubmitOutcome::Unanswered { .. });
        self.out.push(LinkEvent::Submit(result));
        if self.flight != Some(key) {
            return;
        }
        self.flight = None;
        // A handset cannot join a message that lacks a part.
        let rest =
            self.held.front().is_some_and(|(submission, _)| (submission.message, submission.attempt) == (key.0, key.1));
        if !goes_on && rest {
            let others = self.held.split_off(1);
            self.give_back("an earlier part of the message was not sent");
            self.held = others;
        }
    }

    /// The process is another one now.
    pub fn restart(&mut self) {
        self.session += 1;
        (self.held, self.flight, self.is_up, self.id) = (VecDeque::new(), None, false, None);
        self.out.clear();
        self.duel.restart();
    }
}
