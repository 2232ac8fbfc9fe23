//! Leases due messages to the modems of a group: each SIM has its own pace and caps, and a recipient keeps its SIM.
//!
//! A message waits for the SIM that its recipient knows while that SIM is busy, and for a bounded time while it rests or is
//! gone (`policy::pool`). What has to wait is passed over, so it keeps nobody else from leaving.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::dispatch::{AHEAD, Dispatched, Dispatcher, LEASES_MAX, LinkOffer, earlier, next_due, waiting};
use super::lease::{LeaseTo, lease};
use super::{Group, Settings, Turn};
use crate::model::catalog::SIM_QUOTA_REACHED;
use crate::model::{Class, LinkName, MessageId, State, Timestamp};
use crate::policy::caps::{Span, Usage};
use crate::policy::lanes::Lanes;
use crate::policy::pace::Pacer;
use crate::policy::pool::{Candidate, Pick, PoolSettings, SimRules, Wish, pick};
use crate::policy::routes::Route;
use crate::store::message::{self, Due};
use crate::store::{StoreError, contact, sim_usage, stable_hash, submission, throttle};

/// How many due messages are looked at beyond those that there is room for: some may have to wait for their SIM.
const LOOKED_AT_MORE: usize = 64;
/// How soon to look again when a modem has too little room for the next message.
const ROOM_WAIT: Duration = Duration::from_millis(250);
/// When everything that was looked at waits for single SIMs, it is looked at again after this, and others are let past.
const PASSED_OVER_FOR: Duration = Duration::from_secs(15);
/// A group whose modems all rest for longer is passed over while the route has another choice that is up.
const REST_MAX: Duration = Duration::from_secs(300);
/// How long after the start a SIM that was not seen yet is waited for.
const START_WAIT: Duration = Duration::from_secs(60);
/// After so many tries a message may take another SIM than the one that its recipient knows.
const TRIES_SAME_SIM: u32 = 2;
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

    /// Whether a modem that is not there may still be waited for.
    fn others_may_come(&self, turn: &Turn<'_>) -> bool {
        !self.gone.is_empty() || turn.now < turn.settings.started_at.plus(START_WAIT)
    }

    /// Since when a SIM is gone. After the start, those that nobody has seen yet are only late.
    fn gone_since(&self, sim: &str, settings: &Settings, wait: Duration) -> Option<Timestamp> {
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
    place: usize,
    sim: Arc<str>,
    rules: &'a SimRules,
    pacer: Pacer,
    usage: Usage,
    /// When one segment may leave.
    ready_at: Timestamp,
    used_share: u32,
    backlog: Duration,
    send_time: Duration,
    failures: u32,
    /// Segments leased in this turn.
    counted: u32,
    /// It is kept for a message that it has no room for yet.
    kept: bool,
}

impl<'a> Modem<'a> {
    fn read(
        turn: &Turn<'a>,
        pool: &'a PoolSettings,
        (place, offer): (usize, &LinkOffer),
        sim: Arc<str>,
        pacer: Pacer,
    ) -> Result<Self, StoreError> {
        let rules = pool.rules_of(offer.name.modem.as_deref().unwrap_or_default());
        let (held, send_time, failures) = match &offer.sim {
            Some(sim) => (sim.held, sim.send_time.unwrap_or(SEND_TIME), sim.failures),
            None => (0, SEND_TIME, 0),
        };
        let backlog = send_time.saturating_mul(u32::try_from(held).unwrap_or(u32::MAX));
        // A modem without room takes nothing, so what its SIM has sent does not matter in this turn.
        let usage = match offer.free {
            0 => Usage::default(),
            _ => sim_usage::settled(turn.tx, &sim, &rules.months, turn.now)?,
        };
        let (ready_at, used_share, counted, kept) = (turn.now, 0, 0, false);
        let mut modem =
            Self { place, sim, rules, pacer, usage, ready_at, used_share, backlog, send_time, failures, counted, kept };
        modem.reckon(turn.now);
        Ok(modem)
    }

    /// Reckons anew what depends on what was sent.
    fn reckon(&mut self, now: Timestamp) {
        self.ready_at = self.ready_for(1, now);
        let share = |span: Span| {
            let cap = self.rules.caps.of(span)?.max(1);
            Some(self.usage.used(span, &self.rules.months, now).saturating_mul(1000) / cap)
        };
        self.used_share = [Span::Hour, Span::Day, Span::Month].into_iter().filter_map(share).max().unwrap_or(0);
    }

    /// When so many segments may leave together.
    fn ready_for(&self, segments: u32, now: Timestamp) -> Timestamp {
        let quota = self.usage.quota(&self.rules.caps, segments, &self.rules.months, now);
        quota.map_or(now, |quota| quota.until).max(self.pacer.ready_at(now))
    }

    fn candidate(&self, segments: usize, offers: &[LinkOffer], now: Timestamp) -> Candidate<'_> {
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
    fn depart(&mut self, segments: usize, now: Timestamp) -> Vec<Timestamp> {
        let count = u32::try_from(segments).unwrap_or(u32::MAX);
        let seed = stable_hash(self.sim.as_bytes()).cast_unsigned();
        let at = self.pacer.reserve(self.rules.pace, count, seed, now);
        self.usage.count(count, &self.rules.months, now);
        self.counted = self.counted.saturating_add(count);
        self.backlog = self.backlog.saturating_add(self.send_time.saturating_mul(count));
        vec![at; segments]
    }
}

/// A group of modems and its part of a turn.
pub struct PoolTurn<'a> {
    /// The turn.
    pub turn: &'a Turn<'a>,
    /// The group.
    pub group: &'a Group,
    /// Its name.
    pub name: &'a Arc<str>,
    /// The routes that it serves in this turn.
    pub routes: &'a [&'a Route],
    /// Its modems that are up.
    pub modems: Vec<Modem<'a>>,
}

impl PoolTurn<'_> {
    /// Leases what may leave, and says in `out` when to look again.
    pub fn run(
        mut self,
        state: &mut Dispatcher,
        offers: &mut [LinkOffer],
        out: &mut Dispatched,
    ) -> Result<(), StoreError> {
        let mut lanes = state.lanes.get(self.name).copied().unwrap_or_default();
        if self.room(offers) > 0 {
            self.lease_bound(offers, out)?;
            self.lease_shared(&state.pools, &mut lanes, offers, out)?;
        }
        self.next_turn(offers, out)?;
        state.lanes.insert(self.name.clone(), lanes);
        for modem in self.modems.iter().filter(|modem| modem.counted > 0) {
            modem_saved(self.turn, modem, &offers[modem.place].name)?;
        }
        state.pools.pacers.extend(self.modems.into_iter().map(|modem| (modem.sim, modem.pacer)));
        Ok(())
    }

    fn is_open(&self, modem: &Modem<'_>, offers: &[LinkOffer]) -> bool {
        !modem.kept && offers[modem.place].free > 0 && modem.ready_at <= self.turn.now.plus(AHEAD)
    }

    /// How many segments the modems that may send now can take.
    fn room(&self, offers: &[LinkOffer]) -> usize {
        let open = self.modems.iter().filter(|modem| self.is_open(modem, offers));
        open.map(|modem| offers[modem.place].free).sum::<usize>().min(LEASES_MAX)
    }

    /// Leases messages that only one of the modems may carry.
    fn lease_bound(&mut self, offers: &mut [LinkOffer], out: &mut Dispatched) -> Result<(), StoreError> {
        for link in message::awaited_links(self.turn.tx)? {
            let mine = |modem: &Modem<'_>| offers[modem.place].name.to_string() == link;
            let Some(place) = self.modems.iter().position(mine) else { continue };
            let queue = message::queue_of(&link);
            for class in Class::ALL {
                let room = offers[self.modems[place].place].free;
                for due in message::due(self.turn.tx, &queue, class, self.turn.now, room)? {
                    let only = [self.modems[place].candidate(due.head.segments, offers, self.turn.now)];
                    match pick(&only, Wish::Any, None, self.turn.now, self.turn.now.plus(AHEAD)) {
                        Pick::Take(_) => self.lease(place, due, offers, out)?,
                        other @ (Pick::Room(_) | Pick::Rest(..) | Pick::Gone(_)) => {
                            self.wait(other, Some(place), out);
                            break;
                        }
                    }
                }
                out.next_at = earlier(out.next_at, message::next_due(self.turn.tx, &queue, class, self.turn.now)?);
            }
        }
        Ok(())
    }

    /// Leases messages that any of the modems may carry.
    fn lease_shared(
        &mut self,
        pools: &Pools,
        lanes: &mut Lanes,
        offers: &mut [LinkOffer],
        out: &mut Dispatched,
    ) -> Result<(), StoreError> {
        let (now, limit) = (self.turn.now, self.room(offers) + LOOKED_AT_MORE);
        let mut waiting = waiting(self.turn, self.routes, limit)?;
        let full = waiting.iter().any(|lane| lane.len() >= limit);
        let mut passed_over = Vec::new();
        while self.room(offers) > 0 && out.submissions.len() < LEASES_MAX {
            let Some(lane) = lanes.pick([0, 1, 2].map(|lane| waiting[lane].len())) else { break };
            let Some(due) = waiting[lane].pop_front() else { break };
            let (sim, same, wait) = self.wanted(&due, pools)?;
            let wish = match &sim {
                Some(sim) if same => Wish::Same(sim),
                Some(sim) => Wish::Known(sim, wait),
                None => Wish::Any,
            };
            let gone_since = sim.as_deref().and_then(|sim| pools.gone_since(sim, self.turn.settings, wait));
            let all: Vec<Candidate<'_>> =
                self.modems.iter().map(|modem| modem.candidate(due.head.segments, offers, now)).collect();
            match pick(&all, wish, gone_since, now, now.plus(AHEAD)) {
                // What is too late is ended in the same way as it would be leased.
                _ if now >= due.head.valid_until => self.lease(0, due, offers, out)?,
                Pick::Take(place) => self.lease(place, due, offers, out)?,
                other @ (Pick::Room(place) | Pick::Rest(place, _)) => {
                    self.wait(other, Some(place), out);
                    passed_over.push(due.head.id);
                }
                other @ Pick::Gone(_) => {
                    self.wait(other, None, out);
                    passed_over.push(due.head.id);
                }
            }
        }
        let nothing_left = waiting.iter().all(|lane| lane.is_empty());
        if full && nothing_left && self.room(offers) > 0 {
            self.let_others_past(&passed_over)?;
            out.more = true;
        } else if !nothing_left && self.room(offers) > 0 {
            out.more = true;
        }
        Ok(())
    }

    /// The SIM that a message asks for, whether it must be that one, and how long it may wait for it.
    fn wanted(&self, due: &Due, pools: &Pools) -> Result<(Option<String>, bool, Duration), StoreError> {
        let none = (None, false, Duration::ZERO);
        let (turn, head) = (self.turn, &due.head);
        if head.attempt > 0 {
            let rows = submission::of_message(turn.tx, head.id)?;
            let left = rows.iter().any(|row| !matches!(row.state, State::Queued | State::Failed | State::Uncertain));
            let here = head.link.as_deref().is_some_and(|link| Settings::group_of(link) == &**self.name);
            if left && here && head.sim.is_some() {
                return Ok((head.sim.clone(), true, Duration::ZERO));
            }
        }
        let Some(pool) = &self.group.pool else { return Ok(none) };
        let sticky = pool.stickiness;
        let only_choice = self.modems.len() == 1 && !pools.others_may_come(turn);
        if only_choice || sticky.remember.is_zero() || head.tries >= TRIES_SAME_SIM {
            return Ok(none);
        }
        let since = turn.now.minus(sticky.remember);
        let sim = contact::last_sim(turn.tx, &head.recipient, since, head.id)?;
        let wait = if head.class == Class::Otp { Duration::ZERO } else { sticky.wait };
        Ok((sim, false, wait))
    }

    fn lease(
        &mut self,
        place: usize,
        due: Due,
        offers: &mut [LinkOffer],
        out: &mut Dispatched,
    ) -> Result<(), StoreError> {
        let Some(modem) = self.modems.get_mut(place) else { return Ok(()) };
        let (now, offer, sim) = (self.turn.now, &mut offers[modem.place], modem.sim.clone());
        let to = LeaseTo { group: self.group, name: self.name, link: &offer.name, sim: Some(&sim) };
        if let Some(submission) = lease(self.turn, due, to, |segments| modem.depart(segments, now))? {
            offer.free = offer.free.saturating_sub(submission.turns.len());
            offer.idle = false;
            out.submissions.push((offer.name.clone(), submission));
            modem.reckon(now);
        }
        Ok(())
    }

    /// Notes when to look at a message again, and keeps the modem that it waits for from filling up with shorter ones.
    fn wait(&mut self, pick: Pick, place: Option<usize>, out: &mut Dispatched) {
        let at = match pick {
            Pick::Rest(_, until) => until.minus(AHEAD / 2),
            Pick::Gone(until) => until,
            Pick::Room(_) | Pick::Take(_) => self.turn.now.plus(ROOM_WAIT),
        };
        out.next_at = earlier(out.next_at, Some(at));
        if let Some(modem) = place.and_then(|place| self.modems.get_mut(place)) {
            modem.kept = true;
        }
    }

    /// Everything that was looked at waits for single SIMs, and others could leave: it is looked at again a little later.
    fn let_others_past(&self, passed_over: &[MessageId]) -> Result<(), StoreError> {
        let later = self.turn.now.plus(PASSED_OVER_FOR);
        passed_over.iter().try_for_each(|id| message::defer(self.turn.tx, *id, later))
    }

    /// Says when to look again: when a SIM has rested, or when the next message is due.
    fn next_turn(&self, offers: &[LinkOffer], out: &mut Dispatched) -> Result<(), StoreError> {
        let resting = self
            .modems
            .iter()
            .filter(|modem| offers[modem.place].free > 0 && !modem.kept && modem.ready_at > self.turn.now.plus(AHEAD));
        let rested = resting.map(|modem| modem.ready_at.minus(AHEAD / 2)).min();
        out.next_at = earlier(earlier(out.next_at, rested), next_due(self.turn, self.routes)?);
        Ok(())
    }
}

/// Writes what a SIM was given in this turn, and says so when a cap is reached that lasts.
fn modem_saved(turn: &Turn<'_>, modem: &Modem<'_>, link: &LinkName) -> Result<(), StoreError> {
    sim_usage::count(turn.tx, &modem.sim, modem.counted, &modem.rules.months, turn.now)?;
    if !modem.rules.pace.gap.is_zero() {
        let next_nanos = modem.pacer.next().as_millis().saturating_mul(NANOS_PER_MILLI);
        throttle::save(turn.tx, &throttle::name_of_sim(&modem.sim), next_nanos)?;
    }
    let quota = modem.usage.quota(&modem.rules.caps, 1, &modem.rules.months, turn.now);
    if let Some(quota) = quota.filter(|quota| quota.span != Span::Minute) {
        let (span, cap) = (quota.span.as_str(), modem.rules.caps.of(quota.span).unwrap_or(0));
        tracing::warn!(
            message_id = SIM_QUOTA_REACHED.id,
            postrider.modem = %link,
            postrider.iccid = %modem.sim,
            "The SIM in {link} has sent the {cap} segments that it may send in a {span}; it rests until {}",
            quota.until
        );
    }
    Ok(())
}
