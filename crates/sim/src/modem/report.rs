//! Status reports: when one comes, what it says, and what the faults make of it.

use std::time::{Duration, Instant};

use super::air::{self, Submitted};
use super::faults::Fault;
use super::machine::{Job, SimModem};
use super::network::Item;
use postrider_model::Timestamp;

/// How long the service centre tries on after a temporary state.
const TRYING: Duration = Duration::from_secs(30);

impl SimModem {
    /// The network will report on what it took at `at`, counted from `reported_at`.
    pub(super) fn plan_report(
        &mut self,
        at: Timestamp,
        reference: u8,
        content: &Submitted,
        now: Instant,
        reported_at: Instant,
    ) {
        let Self { settings, random, .. } = self;
        if settings.faults.hits(Fault::ReportLost, random) {
            self.ledger.counts.reports_dropped += 1;
            return;
        }
        let (low, high) = settings.network.report_delay;
        let mut due = reported_at + if high.is_zero() { high } else { random.between(low, high) };
        if settings.faults.hits(Fault::ReportEarly, random) {
            due = now;
        }
        if settings.faults.hits(Fault::ReportLate, random) {
            due += settings.faults.report_late_by;
        }
        let states = &settings.network.report_states;
        let state = states.iter().find(|(_, chance)| random.chance(*chance)).map_or(0, |(state, _)| *state);
        let national = settings.faults.hits(Fault::ReportNational, random);
        let doubled = settings.faults.hits(Fault::ReportDoubled, random);
        let misplaced = settings.faults.hits(Fault::ReportMisplaced, random);
        let zone = settings.network.zone;
        let mut report = air::Report {
            reference,
            recipient: content.recipient.clone(),
            recipient_type: content.recipient_type,
            submitted_at: at,
            done_at: self.wall(due),
            state,
        };
        if national && content.recipient_type == 0x91 && content.recipient.len() > 4 {
            report.recipient = format!("0{}", content.recipient.get(2..).unwrap_or_default());
            report.recipient_type = 0xa1;
        }
        let item = self.item(air::write_report(&report, zone), true, misplaced);
        // A temporary state is followed by a final one (3GPP TS 23.040, 9.2.3.15).
        if (0x20..0x40).contains(&state) {
            report.state = 0;
            report.done_at = self.wall(due + TRYING);
            let last = self.item(air::write_report(&report, zone), true, misplaced);
            self.plan(due + TRYING, Job::Arrive(last));
        }
        if doubled {
            self.plan(due + Duration::from_secs(1), Job::Arrive(item.clone()));
        }
        self.plan(due, Job::Arrive(item));
    }

    /// A TPDU on its way to the modem, with its service centre in front.
    pub(super) fn item(&self, tpdu: Vec<u8>, is_report: bool, misplaced: bool) -> Item {
        let smsc = self.settings.sim.as_ref().map_or("", |sim| sim.smsc.as_str());
        let length = tpdu.len();
        Item { pdu: [air::service_centre(smsc), tpdu].concat(), length, is_report, misplaced }
    }
}
