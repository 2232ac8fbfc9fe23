//! Decides which rung a failing modem is put on next, from the evidence so far.
//!
//! ```text
//!            answers, but fails:  Resync ─▶ Reinit ─▶ Reset ─▶ UsbReset ─▶ Hook ─▶ Quarantine ─┐
//!            does not answer:     Resync ─▶ Reopen ──────────▶ UsbReset ─▶ Hook ─▶ Quarantine ─┤
//!                                    ▲                                        doubles each time │
//!                                    └──────────────────────────────────────────────────────────┘
//! ```
//!
//! A success (a segment that the network took, or a quiet while of answers) puts it back on the ground.

use std::time::Duration;

use super::Healing;

/// One rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rung {
    /// Escape, `AT`, and swallow what still comes.
    Resync,
    /// Close the port and open it again.
    Reopen,
    /// Set up anew.
    Reinit,
    /// The profile's reset command.
    Reset,
    /// Take the USB device from the kernel and give it back.
    UsbReset,
    /// The operator's hook.
    Hook,
    /// Leave it alone for a while.
    Quarantine,
}

/// Rungs from the ground up.
const RUNGS: [Rung; 7] =
    [Rung::Resync, Rung::Reopen, Rung::Reinit, Rung::Reset, Rung::UsbReset, Rung::Hook, Rung::Quarantine];

/// What speaks against the modem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// A command was not answered.
    Silent,
    /// Not even `AT` is answered.
    Dead,
    /// It answered that it is at fault.
    Faulty,
    /// A step that it cannot do without was refused.
    SetupRefused,
}

/// Where a modem stands on the ladder.
#[derive(Debug)]
pub(super) struct Ladder {
    settings: Healing,
    /// Whether the modem is a USB device that may be reset.
    usb: bool,
    rung: Option<Rung>,
    faults: u32,
    quarantine: Duration,
    networkless: u32,
}

impl Ladder {
    pub(super) fn new(settings: Healing, usb: bool) -> Self {
        Self { quarantine: settings.quarantine, settings, usb, rung: None, faults: 0, networkless: 0 }
    }

    /// Whether USB resets are possible; the profile may forbid them.
    pub(super) fn allow_usb(&mut self, usb: bool) {
        self.usb = usb;
    }

    /// Whether something was tried already since the last success.
    pub(super) fn is_climbing(&self) -> bool {
        self.rung.is_some()
    }

    /// The modem works: everything starts from the ground again.
    pub(super) fn handle_success(&mut self) {
        self.rung = None;
        self.faults = 0;
        self.quarantine = self.settings.quarantine;
    }

    /// There is a network.
    pub(super) fn handle_network(&mut self) {
        self.networkless = 0;
    }

    /// The next rung for this evidence; `None` while there is too little of it.
    pub(super) fn handle_evidence(&mut self, evidence: Evidence) -> Option<Rung> {
        let answers = match evidence {
            Evidence::Faulty => {
                self.faults += 1;
                if self.faults < self.settings.failures_max.max(1) {
                    return None;
                }
                self.faults = 0;
                // An `AT` proves nothing here: it answers.
                self.rung = self.rung.max(Some(Rung::Reopen));
                true
            }
            Evidence::SetupRefused => {
                self.rung = self.rung.max(Some(Rung::Reinit));
                true
            }
            Evidence::Silent => true,
            Evidence::Dead => {
                // `AT` was tried already.
                self.rung = self.rung.max(Some(Rung::Resync));
                false
            }
        };
        let rung = self.above(answers);
        self.rung = Some(rung);
        Some(rung)
    }

    /// There was no network for another `network_wait`: the radio, then a reset, then both in turn, ever more seldom.
    pub(super) fn handle_no_network(&mut self) -> Rung {
        self.networkless = self.networkless.saturating_add(1);
        if self.networkless % 2 == 1 { Rung::Reinit } else { Rung::Reset }
    }

    /// How long the network is waited for before [`Ladder::handle_no_network`].
    pub(super) fn network_wait(&self) -> Duration {
        self.settings.network_wait.saturating_mul(2_u32.pow(self.networkless.min(4)))
    }

    /// How long this quarantine lasts; the next is twice as long. After it the ladder is climbed anew.
    pub(super) fn quarantine(&mut self) -> Duration {
        let now = self.quarantine;
        self.quarantine = now.saturating_mul(2).min(self.settings.quarantine_max).max(now);
        self.rung = None;
        self.faults = 0;
        now
    }

    fn above(&self, answers: bool) -> Rung {
        let possible = |rung: &Rung| match rung {
            Rung::Resync | Rung::Quarantine => true,
            Rung::Reopen => !answers,
            Rung::Reinit | Rung::Reset => answers,
            Rung::UsbReset => self.usb,
            Rung::Hook => self.settings.hook,
        };
        let higher = RUNGS.into_iter().filter(|rung| self.rung.is_none_or(|current| *rung > current));
        higher.clone().find(possible).unwrap_or(Rung::Quarantine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(usb: bool, hook: bool) -> Ladder {
        Ladder::new(Healing { hook, ..Healing::default() }, usb)
    }

    fn climb(ladder: &mut Ladder, evidence: Evidence) -> Vec<Rung> {
        std::iter::from_fn(|| ladder.handle_evidence(evidence)).take(6).collect()
    }

    #[test]
    fn what_answers_and_fails_is_set_up_and_reset_before_power_is_cut() {
        assert_eq!(
            climb(&mut ladder(true, true), Evidence::Silent),
            [Rung::Resync, Rung::Reinit, Rung::Reset, Rung::UsbReset, Rung::Hook, Rung::Quarantine]
        );
        let without = climb(&mut ladder(false, false), Evidence::Silent);
        assert_eq!(without[..4], [Rung::Resync, Rung::Reinit, Rung::Reset, Rung::Quarantine]);
    }

    #[test]
    fn what_does_not_answer_is_not_asked_to_reset_itself() {
        let mut ladder = ladder(true, false);
        assert_eq!(ladder.handle_evidence(Evidence::Silent), Some(Rung::Resync));
        assert_eq!(ladder.handle_evidence(Evidence::Dead), Some(Rung::Reopen));
        assert_eq!(ladder.handle_evidence(Evidence::Dead), Some(Rung::UsbReset));
        assert_eq!(ladder.handle_evidence(Evidence::Dead), Some(Rung::Quarantine));
    }

    #[test]
    fn one_fault_is_no_evidence_three_are() {
        let mut ladder = ladder(false, false);
        assert_eq!(ladder.handle_evidence(Evidence::Faulty), None);
        assert_eq!(ladder.handle_evidence(Evidence::Faulty), None);
        assert_eq!(ladder.handle_evidence(Evidence::Faulty), Some(Rung::Reinit));
        ladder.handle_evidence(Evidence::Faulty);
        ladder.handle_success();
        assert_eq!(ladder.handle_evidence(Evidence::Faulty), None, "a success wiped them out");
    }

    #[test]
    fn a_refused_set_up_is_not_repeated_but_reset() {
        assert_eq!(ladder(false, false).handle_evidence(Evidence::SetupRefused), Some(Rung::Reset));
    }

    #[test]
    fn quarantines_double_and_the_ladder_starts_anew_after_each() {
        let mut ladder = ladder(false, false);
        let seconds: Vec<u64> = (0..6).map(|_| ladder.quarantine().as_secs()).collect();
        assert_eq!(seconds, [60, 120, 240, 480, 900, 900]);
        assert_eq!(ladder.handle_evidence(Evidence::Silent), Some(Rung::Resync));
        ladder.handle_success();
        assert_eq!(ladder.quarantine().as_secs(), 60);
    }

    #[test]
    fn a_place_without_network_is_tried_ever_more_seldom_and_never_given_up() {
        let mut ladder = ladder(true, true);
        assert_eq!(ladder.network_wait().as_secs(), 300);
        assert_eq!(ladder.handle_no_network(), Rung::Reinit);
        assert_eq!(ladder.network_wait().as_secs(), 600);
        assert_eq!(ladder.handle_no_network(), Rung::Reset);
        for _ in 0..9 {
            ladder.handle_no_network();
        }
        assert_eq!(ladder.network_wait().as_secs(), 4800);
        ladder.handle_network();
        assert_eq!(ladder.network_wait().as_secs(), 300);
    }
}
