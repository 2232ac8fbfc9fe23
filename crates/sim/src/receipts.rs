//! Decides which receipts a message gets, when, and what the client's answer to one means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::carrier::Carrier;
use super::delivery::{Delivery, Receipt};
use super::message::Message;
use super::settings::FinalState;
use postrider_smpp::CommandStatus;

impl Carrier {
    /// Plans the receipts that the client asked for. `at_once` is for a receipt that overtakes its answer.
    pub(super) fn plan_receipts(
        &mut self,
        account: &Arc<str>,
        number: u64,
        message: Message,
        now: Instant,
        at_once: bool,
    ) {
        let asked = message.registered_delivery;
        let text = message.preview();
        let submitted_at = self.wall(now);
        let (source, destination) = (message.source, message.destination);
        let mut receipt = Receipt {
            number,
            source,
            destination,
            submitted_at,
            done_at: submitted_at,
            state: FinalState::Enroute,
            text,
        };
        if asked & 0x10 != 0 && self.settings.receipts.intermediate {
            self.plan_delivery(now, account, Delivery::Receipt(receipt.clone()));
        }
        receipt.state = self.final_state();
        self.ledger.decide(number, receipt.state);
        let wanted = match asked & 3 {
            1 => true,
            2 => receipt.state != FinalState::Delivered,
            3 => receipt.state == FinalState::Delivered,
            _ => false,
        };
        let faults = &self.settings.faults;
        let (lost, doubled, late) = (faults.receipt_lost, faults.receipt_doubled, faults.receipt_late);
        if !wanted || self.random.chance(lost) {
            return;
        }
        let (low, high) = self.settings.receipts.delay;
        let mut delay = if at_once || high.is_zero() { Duration::ZERO } else { self.random.between(low, high) };
        if self.random.chance(late) {
            delay += self.settings.faults.receipt_late_by;
        }
        receipt.done_at = submitted_at.plus(delay);
        let times = if self.random.chance(doubled) { 2 } else { 1 };
        for _ in 0..times {
            let delivery = Delivery::Receipt(receipt.clone());
            if delay.is_zero() {
                self.enqueue(account, delivery);
            } else {
                self.plan_delivery(now + delay, account, delivery);
            }
        }
        self.deliver(account, now);
    }

    fn final_state(&mut self) -> FinalState {
        let random = &mut self.random;
        let mut states = self.settings.receipts.states.iter();
        states.find(|(_, chance)| random.chance(*chance)).map_or(FinalState::Delivered, |(state, _)| *state)
    }

    pub(super) fn handle_delivery_answer(&mut self, id: u32, sequence: u32, status: CommandStatus, now: Instant) {
        let at = self.wall(now);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some((delivery, account)) = connection.outstanding.remove(&sequence).zip(connection.account().cloned())
        else {
            self.ledger.counts.odd += 1;
            return;
        };
        let (counts, taken) = (&mut self.ledger.counts, status.is_ok());
        match &delivery {
            Delivery::Receipt(_) => counts.receipts_acknowledged += u64::from(taken),
            Delivery::Inbound(_) => counts.inbound_acknowledged += u64::from(taken),
        }
        counts.deliveries_refused += u64::from(!taken);
        match &delivery {
            Delivery::Receipt(receipt) => {
                let (id, word) = (self.settings.ids.receipt.write(receipt.number), receipt.state.word());
                let what = if taken { "receipt-acknowledged" } else { "refused" };
                self.ledger.record_delivery(what, at, &account, &id, word);
                if taken {
                    self.ledger.acknowledge(receipt.number, receipt.state);
                }
            }
            Delivery::Inbound(part) => {
                let what = if taken { "inbound-acknowledged" } else { "inbound-refused" };
                self.ledger.record_inbound(what, at, &account, id, part);
            }
        }
        if status == CommandStatus::RX_T_APPN || status == CommandStatus::RMSGQFUL {
            let at = now + self.settings.redeliver_after;
            self.plan_delivery(at, &account, delivery);
        }
        self.deliver(&account, now);
    }
}
