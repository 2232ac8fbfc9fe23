//! Decides which host a link tries next, and when.
//!
//! ```text
//!              due                       bound
//! Waiting ───────────▶ Trying(host) ───────────────▶ Bound
//!    ▲                      │ failed                   │ lost
//!    └──────────────────────┴──────────────────────────┘
//! ```
//! All hosts are tried once, a second apart; then the pause before the next round doubles. A refused account is
//! tried rarely, since quick repeats lock it at many carriers. A session that held for a while forgives the past.

use std::time::{Duration, Instant};

use postrider_model::Random;

/// How patient a link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorSettings {
    /// How many hosts there are; at least one.
    pub hosts: usize,
    /// The pause after the first round of failures. It doubles with each round.
    pub pause_first: Duration,
    /// The longest pause between rounds.
    pub pause_max: Duration,
    /// The pause after the account was refused. It doubles each time.
    pub refused_pause_first: Duration,
    /// The longest pause after the account was refused.
    pub refused_pause_max: Duration,
    /// The shortest time between two binds, whatever happens.
    pub bind_gap_min: Duration,
    /// A session that lasted this long forgives all earlier failures.
    pub stable_after: Duration,
}

impl Default for ConnectorSettings {
    fn default() -> Self {
        Self {
            hosts: 1,
            pause_first: Duration::from_secs(1),
            pause_max: Duration::from_secs(60),
            refused_pause_first: Duration::from_secs(60),
            refused_pause_max: Duration::from_secs(30 * 60),
            bind_gap_min: Duration::from_secs(1),
            stable_after: Duration::from_secs(30),
        }
    }
}

/// The old session of an account is still open at the carrier: it goes away by itself in about this time.
const ALREADY_BOUND_PAUSE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(60));

/// Why there is no session any more, or why none came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// No TCP or TLS connection, or no bind answer.
    Unreachable,
    /// The connection broke, or the carrier closed it or went silent.
    Dropped,
    /// The bind was refused for a reason that may pass.
    BindRefused,
    /// The carrier says that this account is bound already.
    AlreadyBound,
    /// System id, password or system type are refused: a person has to look.
    AccountRefused,
    /// We stopped it. No further try is planned by itself.
    Stopped,
}

/// The next try, as [`Connector::handle_loss`] plans it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextTry {
    /// Index of the host.
    pub host: usize,
    /// The instant.
    pub at: Instant,
    /// How long that is from now.
    pub delay: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting { until: Instant },
    Trying,
    Bound { since: Instant },
}

/// The machine.
#[derive(Debug)]
pub struct Connector {
    settings: ConnectorSettings,
    random: Random,
    phase: Phase,
    host: usize,
    last_try: Option<Instant>,
    /// Failures since the last stable session, the refusals of the account not counted.
    failures: u32,
    refusals: u32,
}

impl Connector {
    /// A connector that tries the first host at once.
    pub fn new(settings: ConnectorSettings, random: Random, now: Instant) -> Self {
        let settings = ConnectorSettings { hosts: settings.hosts.max(1), ..settings };
        Self {
            settings,
            random,
            phase: Phase::Waiting { until: now },
            host: 0,
            last_try: None,
            failures: 0,
            refusals: 0,
        }
    }

    /// When the next try is due; `None` while one is under way or a session is up.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting { until } => Some(until),
            Phase::Trying | Phase::Bound { .. } => None,
        }
    }

    /// The index of the host to try, if a try is due. The caller reports what came of it.
    pub fn poll_try(&mut self, now: Instant) -> Option<usize> {
        match self.phase {
            Phase::Waiting { until } if until <= now => {
                self.phase = Phase::Trying;
                self.last_try = Some(now);
                Some(self.host)
            }
            Phase::Waiting { .. } | Phase::Trying | Phase::Bound { .. } => None,
        }
    }

    /// The bind was accepted.
    pub fn handle_bound(&mut self, now: Instant) {
        self.phase = Phase::Bound { since: now };
        self.refusals = 0;
    }

    /// The try failed or the session ended; plans the next try.
    pub fn handle_loss(&mut self, loss: Loss, now: Instant) -> NextTry {
        if let Phase::Bound { since } = self.phase
            && now.saturating_duration_since(since) >= self.settings.stable_after
        {
            self.failures = 0;
        }
        let pause = match loss {
            Loss::AccountRefused => self.refused_pause(),
            Loss::AlreadyBound => self.random.between(ALREADY_BOUND_PAUSE.0, ALREADY_BOUND_PAUSE.1),
            Loss::Unreachable | Loss::Dropped | Loss::BindRefused | Loss::Stopped => self.round_pause(loss),
        };
        let at_least = self.last_try.map_or(now, |last| last + self.settings.bind_gap_min);
        let at = at_least.max(now + pause);
        self.phase = Phase::Waiting { until: at };
        NextTry { host: self.host, at, delay: at.saturating_duration_since(now) }
    }

    /// How often in a row the account was refused.
    pub fn refusals(&self) -> u32 {
        self.refusals
    }

    /// The same host again: what one host says of an account, the others say too.
    fn refused_pause(&mut self) -> Duration {
        let pause = doubled(self.settings.refused_pause_first, self.refusals, self.settings.refused_pause_max);
        self.refusals = self.refusals.saturating_add(1);
        self.random.jitter(pause)
    }

    fn round_pause(&mut self, loss: Loss) -> Duration {
        let hosts = u32::try_from(self.settings.hosts).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        // A session that broke for the first time is most likely to come back where it was.
        if !(loss == Loss::Dropped && self.failures == 1) {
            self.host = (self.host + 1) % self.settings.hosts;
        }
        if !self.failures.is_multiple_of(hosts) {
            return Duration::ZERO;
        }
        let rounds = self.failures / hosts - 1;
        let pause = doubled(self.settings.pause_first, rounds, self.settings.pause_max);
        self.random.jitter(pause)
    }
}

fn doubled(first: Duration, times: u32, max: Duration) -> Duration {
    first.saturating_mul(1u32.checked_shl(times.min(31)).unwrap_or(u32::MAX)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made-up instants need one real one to start from.
    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn origin() -> Instant {
        Instant::now()
    }

    fn connector(hosts: usize, now: Instant) -> Connector {
        Connector::new(ConnectorSettings { hosts, ..ConnectorSettings::default() }, Random::new(5), now)
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Fails every try for `tries` times and gives the hosts and pauses.
    fn fail(connector: &mut Connector, now: &mut Instant, loss: Loss, tries: usize) -> Vec<(usize, Duration)> {
        let mut seen = Vec::new();
        for _ in 0..tries {
            let host = connector.poll_try(*now).expect("due");
            let next = connector.handle_loss(loss, *now);
            seen.push((host, next.delay));
            *now = next.at;
        }
        seen
    }

    #[test]
    fn the_pause_doubles_up_to_a_minute() {
        let mut now = origin();
        let mut connector = connector(1, now);
        let seen = fail(&mut connector, &mut now, Loss::Unreachable, 12);
        for (step, (_, pause)) in seen.iter().enumerate() {
            let middle = secs(60).min(secs(1 << step));
            assert!(*pause >= middle.mul_f64(0.8).max(secs(1)), "{step}: {pause:?}");
            assert!(*pause <= middle.mul_f64(1.2), "{step}: {pause:?}");
        }
    }

    #[test]
    fn every_host_is_tried_before_a_long_pause() {
        let mut now = origin();
        let mut connector = connector(3, now);
        let seen = fail(&mut connector, &mut now, Loss::Unreachable, 9);
        assert_eq!(seen.iter().map(|(host, _)| *host).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
        assert_eq!(seen[0].1, secs(1));
        assert_eq!(seen[4].1, secs(1));
        assert!(seen[8].1 >= secs(3), "{:?}", seen[8].1);
    }

    #[test]
    fn a_refused_account_is_tried_rarely_and_ever_more_rarely() {
        let mut now = origin();
        let mut connector = connector(2, now);
        let seen = fail(&mut connector, &mut now, Loss::AccountRefused, 8);
        assert!(seen.iter().all(|(host, _)| *host == 0));
        assert!(seen[0].1 >= secs(48) && seen[1].1 >= secs(96));
        assert!(seen[7].1 >= secs(24 * 60) && seen[7].1 <= secs(36 * 60));
        assert_eq!(connector.refusals(), 8);
    }

    #[test]
    fn an_account_that_is_bound_already_waits_for_its_old_session() {
        let mut now = origin();
        let mut connector = connector(1, now);
        for (_, pause) in fail(&mut connector, &mut now, Loss::AlreadyBound, 20) {
            assert!((secs(30)..=secs(60)).contains(&pause), "{pause:?}");
        }
    }

    #[test]
    fn a_flapping_carrier_gets_at_most_one_bind_a_second_and_growing_pauses() {
        let start = origin();
        let mut now = start;
        let mut connector = connector(1, now);
        let mut last = None;
        for flap in 0..500u32 {
            now = connector.poll_timeout().expect("waiting");
            assert_eq!(connector.poll_try(now), Some(0));
            if let Some(last) = last {
                assert!(now.duration_since(last) >= secs(1), "flap {flap}");
            }
            last = Some(now);
            connector.handle_bound(now);
            connector.handle_loss(Loss::Dropped, now + Duration::from_millis(10));
        }
        assert!(now.duration_since(start) > secs(490 * 48));
    }

    #[test]
    fn a_long_session_forgives_the_past_and_its_host_is_tried_first() {
        let mut now = origin();
        let mut connector = connector(2, now);
        fail(&mut connector, &mut now, Loss::Unreachable, 7);
        assert_eq!(connector.poll_try(now), Some(1));
        connector.handle_bound(now);
        now += secs(3600);
        let next = connector.handle_loss(Loss::Dropped, now);
        assert_eq!((next.host, next.delay), (1, Duration::ZERO));
    }

    #[test]
    fn nothing_is_due_while_a_try_is_under_way() {
        let now = origin();
        let mut connector = connector(1, now);
        assert_eq!(connector.poll_try(now), Some(0));
        assert_eq!(connector.poll_try(now), None);
        assert_eq!(connector.poll_timeout(), None);
    }
}
