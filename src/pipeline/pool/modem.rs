//! One modem of a group and its SIM in a turn of the dispatcher, and what is remembered of them between turns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::catalog::SIM_QUOTA_REACHED;
use crate::model::{LinkName, Timestamp};
use crate::pipeline::{LinkOffer, Settings, Turn};
use crate::policy::caps::{Span, Usage};
use crate::policy::pace::Pacer;
use crate::policy::pool::{Candidate, PoolSettings, SimRules};
use crate::store::{StoreError, sim_usage, stable_hash, throttle};

/// A group whose modems all rest for longer is passed over while the route has another choice that is up.
const REST_MAX: Duration = Duration::from_secs(300);
/// How long after the start a SIM that was not seen yet is waited for.
const START_WAIT: Duration = Duration::from_secs(60);
/// What a segment takes on a modem that has not sent any yet.
const SEND_TIME: Duration = Duration::from_secs(3);
/// SIMs that are gone for longer are forgotten.
const GONE_MAX: Duration = Duration::from_secs(2 * 3600);
const NANOS_PER_MILLI: i64 = 1_000_000;

/// What the dispatcher remembers of modems between turns.
#[derive(Debug, Clone, Default)]
pub struct Pools {
    pacers: BTreeMap<Arc<str>, Pacer>,
    /// The SIM of each modem that was offered last.
    offered: BTreeMap<LinkName, Arc<str>>,
    gone: BTreeMap<Arc<str>, Timestamp>,
}

impl Pools {
    /// Continues the pace of a SIM from what the store kept.
    pub fn resume(&mut self, sim: &str, next_nanos: i64) {
        self.pacers.insert(sim.into(), Pacer::new(Timestamp::from_millis(next_nanos / NANOS_PER_MILLI)));
    }

    /// Goes along with a clock that was set by so many milliseconds.
    pub fn shift(&mut self, millis: i64) {
        self.pacers.values_mut().for_each(|pacer| pacer.shift(millis));
        self.gone.values_mut().for_each(|since| *since = since.shifted(millis));
    }

    /// Slows the SIM of `link` down; `false` if it is no modem.
    pub fn slow_down(&mut self, link: &LinkName, now: Timestamp, pause: Duration) -> bool {
        let Some(sim) = self.offered.get(link) else { return link.modem.is_some() };
        self.pacers.entry(sim.clone()).or_default().slow_down(now, pause);
        true
    }

    /// Notes which modems are there, and reads what their SIMs have sent. Without modems nothing is read.
    pub fn meet<'a>(
        &mut self,
        turn: &Turn<'a>,
        offers: &[LinkOffer],
    ) -> Result<BTreeMap<Arc<str>, Vec<Modem<'a>>>, StoreError> {
        let mut by_group: BTreeMap<Arc<str>, Vec<Modem<'a>>> = BTreeMap::new();
        let mut offered = BTreeMap::new();
        for (place, offer) in offers.iter().enumerate() {
            let pool = turn.settings.group(&offer.name.group).and_then(|group| group.pool.as_ref());
            let Some(pool) = pool else { continue };
            // A modem whose SIM nobody knows is paced and capped by its own name.
            let sim = offer.sim.as_ref().map_or_else(|| offer.name.to_string().into(), |sim| sim.id.clone());
            let pacer = self.pacers.get(&sim).cloned().unwrap_or_default();
            let modem = Modem::read(turn, pool, (place, offer), sim.clone(), pacer)?;
            offered.insert(offer.name.clone(), sim);
            by_group.entry(offer.name.group.clone()).or_default().push(modem);
        }
        let now = turn.now;
        for sim in std::mem::replace(&mut self.offered, offered).into_values() {
            self.gone.entry(sim).or_insert(now);
        }
        let there: Vec<&Arc<str>> = self.offered.values().collect();
        self.gone.retain(|sim, since| !there.contains(&sim) && now.since(*since) < GONE_MAX);
        Ok(by_group)
    }

    /// Remembers the paces after a turn.
    pub fn remember(&mut self, modems: Vec<Modem<'_>>) {
        self.pacers.extend(modems.into_iter().map(|modem| (modem.sim, modem.pacer)));
    }

    /// Whether a modem that is not there may still be waited for.
    pub fn others_may_come(&self, turn: &Turn<'_>) -> bool {
        !self.gone.is_empty() || turn.now < turn.settings.started_at.plus(START_WAIT)
    }

    /// Since when a SIM is gone. After the start, those that nobody has seen yet are only late.
    pub fn gone_since(&self, sim: &str, settings: &Settings, wait: Duration) -> Option<Timestamp> {
        let late = || settings.started_at.plus(START_WAIT).minus(wait);
        Some(self.gone.get(sim).copied().unwrap_or_else(late))
    }
}

/// Whether all of `modems` rest for long.
pub fn all_rest(modems: &[Modem<'_>], now: Timestamp) -> bool {
    modems.iter().all(|modem| modem.ready_at > now.plus(REST_MAX))
}

/// A modem that is up, and its SIM.
#[derive(Debug)]
pub struct Modem<'a> {
    /// Its place among the offers.
    pub place: usize,
    /// Its SIM.
    pub sim: Arc<str>,
    rules: &'a SimRules,
    pacer: Pacer,
    usage: Usage,
    /// When one segment may leave.
    pub ready_at: Timestamp,
    used_share: u32,
    backlog: Duration,
    send_time: Duration,
    failures: u32,
    /// Segments leased in this turn.
    pub counted: u32,
    /// It is kept for a message that it has no room for yet.
    pub kept: bool,
}

impl<'a> Modem<'a> {
    fn read(
        turn: &Turn<'a>,
        pool: &'a PoolSettings,
        (place, offer): (usize, &LinkOffer),
        sim: Arc<str>,
        mut pacer: Pacer,
    ) -> Result<Self, StoreError> {
        let rules = pool.rules_of(offer.name.modem.as_deref().unwrap_or_default());
        pacer.resume(rules.pace, turn.now);
        let (held, send_time, failures) = match &offer.sim {
            Some(sim) => (sim.held, sim.send_time.unwrap_or(SEND_TIME), sim.failures),
            None => (0, SEND_TIME, 0),
        };
        let backlog = send_time.saturating_mul(u32::try_from(held).unwrap_or(u32::MAX));
        // A modem without room takes nothing, so what its SIM has sent does not matter in this turn.
        let usage = match offer.free {
            0 => Usage::new([], &rules.months, turn.now),
            _ => sim_usage::settled(turn.tx, &sim, &rules.months, turn.now)?,
        };
        let (ready_at, used_share, counted, kept) = (turn.now, 0, 0, false);
        let mut modem =
            Self { place, sim, rules, pacer, usage, ready_at, used_share, backlog, send_time, failures, counted, kept };
        modem.reckon(turn.now);
        Ok(modem)
    }

    /// Reckons anew what depends on what was sent.
    pub fn reckon(&mut self, now: Timestamp) {
        self.ready_at = self.ready_for(1, now);
        let share = |span: Span| {
            let cap = self.rules.caps.of(span)?.max(1);
            Some(self.usage.used(span).saturating_mul(1000) / cap)
        };
        self.used_share = [Span::Hour, Span::Day, Span::Month].into_iter().filter_map(share).max().unwrap_or(0);
    }

    /// When so many segments may leave together.
    fn ready_for(&self, segments: u32, now: Timestamp) -> Timestamp {
        let quota = self.usage.quota(&self.rules.caps, segments);
        quota.map_or(now, |quota| quota.until).max(self.pacer.ready_at(now))
    }

    /// The modem as the choice for a message of so many segments sees it.
    pub fn candidate(&self, segments: usize, offers: &[LinkOffer], now: Timestamp) -> Candidate<'_> {
        let offer = &offers[self.place];
        let count = u32::try_from(segments).unwrap_or(u32::MAX);
        Candidate {
            sim: &self.sim,
            room: !self.kept && offer.free > 0 && (offer.idle || segments <= offer.free),
            ready_at: if count <= 1 { self.ready_at } else { self.ready_for(count, now) },
            backlog: self.backlog,
            failures: self.failures,
            used_share: self.used_share,
        }
    }

    /// Lets so many segments leave.
    pub fn depart(&mut self, segments: usize, now: Timestamp) -> Vec<Timestamp> {
        let count = u32::try_from(segments).unwrap_or(u32::MAX);
        let seed = stable_hash(self.sim.as_bytes()).cast_unsigned();
        let at = self.pacer.reserve(self.rules.pace, count, seed, now);
        self.usage.count(count);
        self.counted = self.counted.saturating_add(count);
        self.backlog = self.backlog.saturating_add(self.send_time.saturating_mul(count));
        vec![at; segments]
    }

    /// Writes what the SIM was given in this turn, and says so when a cap is reached that lasts.
    pub fn save(&self, turn: &Turn<'_>, link: &LinkName) -> Result<(), StoreError> {
        sim_usage::count(turn.tx, &self.sim, self.counted, &self.usage)?;
        if !self.rules.pace.gap.is_zero() {
            let next_nanos = self.pacer.next().as_millis().saturating_mul(NANOS_PER_MILLI);
            throttle::save(turn.tx, &throttle::name_of_sim(&self.sim), next_nanos)?;
        }
        let quota = self.usage.quota(&self.rules.caps, 1);
        if let Some(quota) = quota.filter(|quota| quota.span != Span::Minute) {
            let (span, cap) = (quota.span.as_str(), self.rules.caps.of(quota.span).unwrap_or(0));
            tracing::warn!(
                message_id = SIM_QUOTA_REACHED.id,
                postrider.modem = %link,
                iccid = %self.sim,
                "The SIM in {link} has sent the {cap} segments that it may send in a {span}; it rests until {}",
                quota.until
            );
        }
        Ok(())
    }
}
