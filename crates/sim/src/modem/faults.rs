//! The faults that a simulated modem can be told to make, by chance or at the next occasion.

use std::collections::BTreeMap;
use std::time::Duration;

use postrider_model::Random;

/// One kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `AT+CMGS` shows no prompt, though the modem waits for the PDU.
    NoPrompt,
    /// `AT+CMGS` ends with this `+CMS ERROR` instead of a prompt.
    RefusePrompt(u16),
    /// A command (not a send) is done and never answered.
    Silent,
    /// The message goes out, and its result never comes.
    AnswerLost,
    /// The message does not go out, and no result comes.
    SendLost,
    /// The message does not go out, and the result is this `+CMS ERROR`.
    Refuse(u16),
    /// The message goes out, and yet the result is this `+CMS ERROR`.
    SentYetError(u16),
    /// The result comes without its `OK`.
    NoFinal,
    /// The result comes later by `slow_by`.
    Slow,
    /// The message goes out and the modem reboots before the result.
    RebootAfterSend,
    /// The modem reboots at the PDU, and the message does not go out.
    RebootBeforeSend,
    /// The modem reboots at a command.
    Reboot,
    /// The modem reboots at a command without a word: its port stays, no line says so, and what was set is as after power-up,
    /// with text mode stored.
    SilentReboot,
    /// The modem hangs at a command: nothing is answered until it is reset or `hang_time` is over.
    Hang,
    /// Random octets before an answer.
    Garbage,
    /// An indication in the middle of an answer, or between prompt and PDU.
    Indication,
    /// The status report never comes.
    ReportLost,
    /// The status report comes twice.
    ReportDoubled,
    /// The status report comes later by `report_late_by`, and so after later ones.
    ReportLate,
    /// The status report comes before the result.
    ReportEarly,
    /// The status report is stored among the messages, and announced there.
    ReportMisplaced,
    /// The status report names the recipient in national form.
    ReportNational,
}

/// What goes wrong, and how often. The default is a modem without faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemFaults {
    /// Chances per thousand.
    pub chances: BTreeMap<Fault, u16>,
    /// What goes wrong at its next occasion, once for each entry.
    pub once: Vec<Fault>,
    /// More delay of every answer, at least and at most.
    pub latency: (Duration, Duration),
    /// How late a slow result is.
    pub slow_by: Duration,
    /// How late a late report is.
    pub report_late_by: Duration,
    /// After how long a hanging modem goes on; `None` for only after a reset.
    pub hang_time: Option<Duration>,
    /// Its first answer after power-up comes later by this; what is asked meanwhile is answered after it.
    pub wakes_after: Duration,
    /// So long after power-up nothing is heard.
    pub deaf_for: Duration,
    /// The echo cannot be switched off.
    pub echo: bool,
    /// Stores take nothing.
    pub memory_full: bool,
    /// The network refuses the registration.
    pub denied: bool,
    /// Answers leave in pieces of one to seven octets.
    pub split: bool,
}

impl Default for ModemFaults {
    fn default() -> Self {
        Self {
            chances: BTreeMap::new(),
            once: Vec::new(),
            latency: (Duration::ZERO, Duration::ZERO),
            slow_by: Duration::from_secs(135),
            report_late_by: Duration::from_secs(600),
            hang_time: None,
            wakes_after: Duration::ZERO,
            deaf_for: Duration::ZERO,
            echo: false,
            memory_full: false,
            denied: false,
            split: false,
        }
    }
}

impl ModemFaults {
    /// With `fault` happening `per_mille` times in a thousand.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_mille: u16) -> Self {
        self.chances.insert(fault, per_mille);
        self
    }

    /// With `fault` at its next occasion, once.
    #[must_use]
    pub fn once(mut self, fault: Fault) -> Self {
        self.once.push(fault);
        self
    }

    /// Whether `fault` happens now.
    pub(super) fn hits(&mut self, fault: Fault, random: &mut Random) -> bool {
        self.find(random, |known| (known == fault).then_some(())).is_some()
    }

    /// The first fault that `wanted` knows and that happens now.
    pub(super) fn find<T>(&mut self, random: &mut Random, wanted: impl Fn(Fault) -> Option<T>) -> Option<T> {
        if let Some(place) = self.once.iter().position(|fault| wanted(*fault).is_some()) {
            return wanted(self.once.remove(place));
        }
        let mut chances = self.chances.iter().filter_map(|(fault, chance)| Some((wanted(*fault)?, *chance)));
        chances.find(|(_, chance)| random.chance(*chance)).map(|(found, _)| found)
    }

    /// How much longer this answer waits.
    pub(super) fn delay(&self, random: &mut Random) -> Duration {
        let (low, high) = self.latency;
        if high.is_zero() { high } else { random.between(low, high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_fault_happens_once_and_a_certain_one_always() {
        let mut random = Random::new(1);
        let mut faults = ModemFaults::default().once(Fault::Hang).with(Fault::Refuse(38), 1000);
        assert!(faults.hits(Fault::Hang, &mut random));
        assert!(!faults.hits(Fault::Hang, &mut random));
        let code = |fault| if let Fault::Refuse(code) = fault { Some(code) } else { None };
        assert_eq!((0..2).map(|_| faults.find(&mut random, code)).collect::<Vec<_>>(), [Some(38), Some(38)]);
    }
}
