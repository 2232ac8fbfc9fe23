//! What each event of a modem's machine means for the store, for the snapshot, and for the person who reads the journal.

use tracing::{Level, debug, error, info, warn};

use super::asks;
use super::handle::lock;
use super::modem_link::ModemLink;
use crate::clock::Moment;
use crate::status::LinkState;
use postrider_at::{Ask, ModemEvent, Token};
use postrider_config::Finding;
use postrider_model::catalog::{self, Entry};
use postrider_model::{AckToken, LinkEvent, LinkHealth, ModemStage, SimIdentity, SubmitOutcome, SubmitResult};

impl ModemLink {
    pub(super) fn handle_event(&mut self, event: ModemEvent, moment: Moment) {
        match event {
            ModemEvent::Submit(result) => self.handle_result(result, moment),
            ModemEvent::Receipt { receipt, token } => {
                self.shared.status().counters.receipts += 1;
                let ack = Some(self.ack(token, moment));
                self.reporter.push(LinkEvent::Receipt { receipt, ack });
            }
            ModemEvent::Inbound { part, token } => {
                self.shared.status().counters.inbound += 1;
                let ack = Some(self.ack(token, moment));
                self.reporter.push(LinkEvent::Inbound { part, ack });
            }
            ModemEvent::Notice { notice, token } => {
                let ack = token.map(|token| self.ack(token, moment));
                self.reporter.push(LinkEvent::Modem { notice, ack });
            }
            ModemEvent::Stage { stage, reason, advice, entry } => self.enter(stage, reason, advice, entry, moment),
            ModemEvent::Trouble { text, advice, entry } => {
                lock(&self.status).last_error = Some((moment.wall, text.clone()));
                self.shared.status().last_error = Some((moment.wall, text.clone()));
                self.log(level_of(entry), Some(entry), &sentence(&text, &advice));
            }
            ModemEvent::Identity(identity) => lock(&self.status).identity = identity,
            ModemEvent::Sim(sim) => self.handle_sim(sim),
            ModemEvent::Network(network) => {
                let mut status = lock(&self.status);
                status.registration = network.registration;
                (status.operator, status.technology) = (network.operator, network.technology);
                status.signal_dbm = network.signal_dbm;
            }
            ModemEvent::Storage(storage) => lock(&self.status).storage = storage,
            ModemEvent::Smsc(smsc) => lock(&self.status).smsc = smsc,
            ModemEvent::Profile(profile) => lock(&self.status).profile = profile,
            ModemEvent::Answer { request, answer } => {
                if let Some(waiting) = self.answers.remove(&request) {
                    // A technician who went away needs no answer.
                    let _ = waiting.send(answer);
                }
            }
            ModemEvent::Ask(ask) => self.handle_ask(ask),
        }
    }

    fn ack(&self, token: Token, moment: Moment) -> AckToken {
        AckToken { session: self.session, sequence: token, came_at: moment.wall, ..AckToken::default() }
    }

    fn handle_result(&mut self, result: SubmitResult, moment: Moment) {
        let SubmitResult { message, attempt, index, outcome } = result;
        self.count(&outcome, moment);
        let is_flight = |flight: &super::modem_link::Flight| {
            flight.message == message && flight.attempt == attempt && flight.index == index
        };
        let Some(place) = self.flights.iter().position(is_flight) else {
            self.shared.status().counters.late += 1;
            self.reporter.push(LinkEvent::Submit(SubmitResult { message, attempt, index, outcome }));
            return;
        };
        self.flights.remove(place);
        // A handset cannot join a message that lacks a part, so the rest of it need not be paid for.
        let goes_on = matches!(outcome, SubmitOutcome::Accepted { .. } | SubmitOutcome::Unanswered { .. });
        self.reporter.outcome(message, attempt, index, outcome);
        if !goes_on && let Some((rest, next)) = self.queue.pop_rest(message, attempt) {
            self.give_back(&rest, next, "an earlier part of the message was not sent");
        }
    }

    fn count(&self, outcome: &SubmitOutcome, moment: Moment) {
        let mut status = lock(&self.status);
        let mut link = self.shared.status();
        match outcome {
            SubmitOutcome::Accepted { .. } => {
                (status.last_success_at, status.failures) = (Some(moment.wall), 0);
                link.counters.accepted += 1;
            }
            SubmitOutcome::Refused { reason, .. } => {
                (status.last_error, status.failures) = (Some((moment.wall, reason.clone())), status.failures + 1);
                link.counters.refused += 1;
            }
            SubmitOutcome::Unanswered { reason } => {
                (status.last_error, status.failures) = (Some((moment.wall, reason.clone())), status.failures + 1);
                link.counters.unanswered += 1;
            }
            SubmitOutcome::NotSent { .. } => {
                status.failures += 1;
                link.counters.not_sent += 1;
            }
        }
    }

    fn enter(&mut self, stage: ModemStage, reason: String, advice: String, entry: Option<Entry>, moment: Moment) {
        let (state, health) = match &stage {
            ModemStage::Ready => (LinkState::Up, LinkHealth::Up),
            ModemStage::Absent | ModemStage::Unclaimed | ModemStage::Quarantined { .. } => {
                (LinkState::Waiting, LinkHealth::Down(reason.clone()))
            }
            ModemStage::Starting | ModemStage::Searching | ModemStage::SimLocked | ModemStage::Healing => {
                let why = if reason.is_empty() { stage.as_str().replace('_', " ") } else { reason.clone() };
                (LinkState::Connecting, LinkHealth::Down(why))
            }
            ModemStage::Stopped => (LinkState::Stopped, LinkHealth::Down("stopped".to_owned())),
        };
        let until = if let ModemStage::Quarantined { until } = stage { Some(until) } else { None };
        let line = {
            let mut status = lock(&self.status);
            if status.stage != stage {
                status.since = moment.wall;
            }
            if !reason.is_empty() {
                status.last_error = Some((moment.wall, reason.clone()));
            }
            (status.stage, status.reason, status.advice) = (stage.clone(), reason, advice);
            if stage == ModemStage::Ready { ready_line(&status) } else { sentence(&status.reason, &status.advice) }
        };
        {
            let mut status = self.shared.status();
            status.enter(state, moment.wall);
            status.next_try = until;
        }
        self.set_health(health);
        match entry {
            Some(entry) => self.log(level_of(entry), Some(entry), &line),
            None if line.is_empty() => debug!("Modem \"{}\" is {}", self.settings.modem.name, stage.as_str()),
            None => self.log(Level::INFO, None, &line),
        }
    }

    /// A modem that is known by its SIM is another one when another SIM is in it.
    fn handle_sim(&mut self, sim: SimIdentity) {
        let stranger = match (&self.settings.modem.finding, &sim.iccid) {
            (Finding::Iccid(wanted), Some(iccid)) => !is_same_iccid(wanted, iccid),
            _ => false,
        };
        lock(&self.status).sim = sim;
        if stranger {
            let name = &self.settings.modem.name;
            let text = format!("modem \"{name}\": another SIM than its own is in this modem now");
            let advice = "Put the SIM back, or change iccid in the configuration; the modem is looked at anew.";
            self.log(Level::WARN, Some(catalog::SIM_CHANGED), &sentence(&text, advice));
            let moment = Moment::read();
            let unwritten = self.drop_carriage();
            self.machine.handle_closed(moment.now, moment.wall, unwritten, "another SIM is in it");
            self.tell_finder(true);
        }
    }

    pub(super) fn handle_ask(&mut self, ask: Ask) {
        let name = self.settings.modem.name.clone();
        match ask {
            Ask::Reopen => {
                self.drop_carriage();
                self.tell_finder(false);
            }
            Ask::UsbReset => {
                self.drop_carriage();
                let place = match &self.settings.modem.finding {
                    Finding::UsbPath(path) => Some(path.clone()),
                    Finding::Port(_) | Finding::Imei(_) | Finding::Iccid(_) => None,
                };
                let path = self.usb.as_ref().map(|usb| usb.path.clone()).or(place);
                // The port is looked for once the reset is over, so that nobody opens it in the middle.
                let (closed, word) = (self.closed.clone(), self.closed_word());
                let roots = self.settings.roots.clone();
                tokio::spawn(async move {
                    asks::usb_reset(&name, path.as_deref(), &roots).await;
                    let _ = closed.send(word).await;
                });
            }
            Ask::Hook => {
                let status = lock(&self.status);
                let port = status.port.clone().unwrap_or_default();
                drop(status);
                self.drop_carriage();
                let usb = self.usb.as_ref().map(|usb| usb.path.clone()).unwrap_or_default();
                let (closed, word) = (self.closed.clone(), self.closed_word());
                let (command, limit) = (self.settings.modem.hook.clone(), self.settings.hook_wait);
                tokio::spawn(async move {
                    asks::run_hook(&name, &command, &[("POSTRIDER_PORT", port), ("POSTRIDER_USB_PATH", usb)], limit)
                        .await;
                    let _ = closed.send(word).await;
                });
            }
        }
    }

    /// One line in the journal, with the fields that tell the modem from others.
    pub(super) fn log(&self, level: Level, entry: Option<Entry>, line: &str) {
        let status = lock(&self.status);
        let modem = self.settings.modem.name.as_str();
        let (imei, iccid) = (status.identity.imei.as_deref(), status.sim.iccid.as_deref());
        let (signal_dbm, operator, message_id) = (status.signal_dbm, status.operator.as_deref(), entry.map(|e| e.id));
        macro_rules! line {
            ($macro:ident) => {
                $macro!(postrider.modem = modem, imei, iccid, signal_dbm, operator, message_id, "{line}")
            };
        }
        match level {
            Level::ERROR => line!(error),
            Level::WARN => line!(warn),
            Level::INFO => line!(info),
            _ => line!(debug),
        }
    }
}

/// The two may differ by the check digit, which some modems leave away.
pub(super) fn is_same_iccid(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !short.is_empty() && long.starts_with(short) && long.len() - short.len() <= 1
}

/// What is over when it is told, or tells that all is well, is information; what a person should look at is a warning;
/// what will not mend without a person is an error.
fn level_of(entry: Entry) -> Level {
    const GOOD: [Entry; 1] = [catalog::MODEM_READY];
    const STUCK: [Entry; 4] =
        [catalog::MODEM_QUARANTINED, catalog::SIM_PUK, catalog::SIM_PIN_REFUSED, catalog::SIM_PIN_NEEDED];
    if GOOD.contains(&entry) {
        Level::INFO
    } else if STUCK.contains(&entry) {
        Level::ERROR
    } else {
        Level::WARN
    }
}

/// Both sentences in one line, with a capital at its beginning.
pub(super) fn sentence(text: &str, advice: &str) -> String {
    let mut characters = text.chars();
    let mut line: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    line.push_str(characters.as_str());
    if !advice.is_empty() && !line.is_empty() {
        line.push_str(if line.ends_with('.') { " " } else { ". " });
        line.push_str(advice);
    }
    line
}

fn ready_line(status: &postrider_model::ModemStatus) -> String {
    let mut line = format!("Modem \"{}\" takes messages", status.name);
    if let Some(operator) = &status.operator {
        line.push_str(&format!("; network {operator}"));
        if let Some(technology) = &status.technology {
            line.push_str(&format!(" ({technology})"));
        }
    }
    if let Some(signal) = status.signal_dbm {
        line.push_str(&format!(", signal {signal} dBm"));
    }
    if let Some(port) = &status.port {
        line.push_str(&format!(", on {port}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iccid_is_known_with_and_without_its_check_digit() {
        assert!(is_same_iccid("8982300012345678901", "89823000123456789015"));
        assert!(is_same_iccid("89823000123456789015", "8982300012345678901"));
        assert!(!is_same_iccid("8982300012345678901", "8982300012345678902"));
        assert!(!is_same_iccid("", "8"));
        assert!(!is_same_iccid("898230001234567", "8982300012345678901"));
    }

    #[test]
    fn a_line_of_the_journal_is_two_sentences() {
        assert_eq!(sentence("modem \"a\": no SIM", "Put one in."), "Modem \"a\": no SIM. Put one in.");
        assert_eq!(sentence("it ends.", "Look."), "It ends. Look.");
        assert_eq!(sentence("", "x"), "");
    }
}
