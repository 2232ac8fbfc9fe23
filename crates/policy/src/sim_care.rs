//! Decides when a SIM is asked for its balance, and when it sends a message only to stay alive.

use std::time::Duration;

use super::balance::{Amount, BalancePattern};
use postrider_model::{PhoneNumber, Timestamp};

/// A question that got no answer is asked again after this, or after the usual time if that is shorter.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3600);
/// A keep-alive message that did not leave is followed by another after this.
const KEEP_ALIVE_AGAIN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How a SIM's balance is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceWatch {
    /// The USSD code that asks for it, such as `*100#`.
    pub code: String,
    /// Where the amount stands in the answer.
    pub pattern: BalancePattern,
    /// How often it is asked.
    pub every: Duration,
    /// Below this a person is told.
    pub minimum: Option<Amount>,
}

/// How a SIM that would expire is kept alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepAlive {
    /// How long the SIM may stay unused.
    pub after: Duration,
    /// Whom the message goes to: a number of the shop's own.
    pub to: PhoneNumber,
    /// What it says.
    pub text: String,
}

/// What is known of a SIM's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Life {
    /// When the SIM was seen first.
    pub first_at: Timestamp,
    /// When the network took a segment of it last.
    pub used_at: Option<Timestamp>,
    /// When its balance was asked for last.
    pub balance_asked_at: Option<Timestamp>,
    /// When the last answer came.
    pub balance_at: Option<Timestamp>,
    /// When a keep-alive message was made for it last.
    pub kept_alive_at: Option<Timestamp>,
}

/// Whether the SIM is to be asked for its balance at `now`.
pub fn balance_is_due(watch: &BalanceWatch, life: &Life, now: Timestamp) -> bool {
    let Some(asked) = life.balance_asked_at else { return true };
    let answered = life.balance_at.is_some_and(|at| at >= asked);
    let wait = if answered { watch.every } else { watch.every.min(ASK_AGAIN_AFTER) };
    // A clock that was set back must not silence the watch.
    now >= asked.plus(wait) || asked > now
}

/// Whether the SIM has to send a message at `now` so that it does not expire.
pub fn keep_alive_is_due(rule: &KeepAlive, life: &Life, now: Timestamp) -> bool {
    let used = life.used_at.unwrap_or(life.first_at);
    let tried = life.kept_alive_at.is_some_and(|at| at <= now && now.since(at) < KEEP_ALIVE_AGAIN_AFTER);
    now.since(used) >= rule.after && !tried
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn watch() -> BalanceWatch {
        BalanceWatch { code: "*100#".into(), pattern: BalancePattern::default(), every: HOUR * 24, minimum: None }
    }

    #[test]
    fn the_balance_is_asked_once_a_period_and_sooner_when_nobody_answered() {
        let due = |asked, answered, later| {
            let life = Life { balance_asked_at: asked, balance_at: answered, ..Life::default() };
            balance_is_due(&watch(), &life, NOW.plus(later))
        };
        assert!(due(None, None, Duration::ZERO));
        assert!(!due(Some(NOW), Some(NOW), HOUR * 23));
        assert!(due(Some(NOW), Some(NOW), HOUR * 24));
        assert!(!due(Some(NOW), None, HOUR / 2));
        assert!(due(Some(NOW), None, HOUR));
        assert!(due(Some(NOW.plus(HOUR * 9000)), None, HOUR), "the clock was set back");
    }

    #[test]
    fn an_unused_sim_sends_one_message_and_another_only_when_the_first_did_not_leave() {
        let rule = KeepAlive { after: HOUR * 24 * 60, to: "+821012345678".parse().unwrap(), text: "alive".into() };
        let life = Life { first_at: NOW, ..Life::default() };
        assert!(!keep_alive_is_due(&rule, &life, NOW.plus(HOUR * 24 * 59)));
        let late = NOW.plus(HOUR * 24 * 60);
        assert!(keep_alive_is_due(&rule, &life, late));
        let tried = Life { kept_alive_at: Some(late), ..life };
        assert!(!keep_alive_is_due(&rule, &tried, late.plus(HOUR)));
        assert!(keep_alive_is_due(&rule, &tried, late.plus(HOUR * 24)));
        let used = Life { used_at: Some(late), ..tried };
        assert!(!keep_alive_is_due(&rule, &used, late.plus(HOUR * 24)));
    }
}
