//! Leases due messages to links: route, lane, throttle and link slot are decided here, and written before a byte leaves.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::lease::{LeaseTo, lease};
use super::pool::{Modem, PoolTurn, Pools};
use super::{Group, Turn};
use crate::model::{Class, LinkName, Submission, Timestamp};
use crate::policy::lanes::{LANES, Lanes};
use crate::policy::routes::Route;
use crate::policy::throttle::Throttle;
use crate::store::message::{self, Due};
use crate::store::{StoreError, throttle};

/// How far ahead of its departure a segment may be leased. It hides the commit's time, and a crash puts no more than
/// this much in doubt.
pub(super) const AHEAD: Duration = Duration::from_millis(200);
/// How soon to look again when the next message is longer than the room that is left.
const ROOM_WAIT: Duration = Duration::from_millis(50);
/// How many messages one turn leases at the most.
pub(super) const LEASES_MAX: usize = 512;

/// What a link can take now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOffer {
    /// The link. Only links that are up are offered.
    pub name: LinkName,
    /// How many segments it can take.
    pub free: usize,
    /// Whether it holds nothing; then it takes a message of any length.
    pub idle: bool,
    /// What is known of its SIM, if it is a modem.
    pub sim: Option<SimOffer>,
}

/// What the choice between the modems of a group needs to know of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimOffer {
    /// The ICCID, or the modem's IMEI where the SIM does not tell it: what stands before the colon in its receipts' ids.
    pub id: Arc<str>,
    /// Segments that it holds and that have no outcome yet.
    pub held: usize,
    /// The smoothed time from handing a segment over to its result.
    pub send_time: Option<Duration>,
    /// Sends that failed one after the other until now.
    pub failures: u32,
}

impl LinkOffer {
    /// An offer of a carrier's bind.
    pub fn new(name: LinkName, free: usize, idle: bool) -> Self {
        Self { name, free, idle, sim: None }
    }
}

/// What the dispatcher remembers between turns. The throttles are in the store too.
#[derive(Debug, Clone, Default)]
pub struct Dispatcher {
    throttles: BTreeMap<Arc<str>, Throttle>,
    pub(super) lanes: BTreeMap<Arc<str>, Lanes>,
    pub(super) pools: Pools,
    /// By how much the clock was set when this was last looked at.
    set_by: Option<i64>,
}

impl Dispatcher {
    /// A dispatcher that continues from what the store kept of the throttles.
    pub fn new(kept: &BTreeMap<String, i64>) -> Self {
        let mut state = Self::default();
        for (name, &next_nanos) in kept {
            match throttle::sim_of(name) {
                Some(sim) => state.pools.resume(sim, next_nanos),
                None => {
                    state.throttles.insert(name.as_str().into(), Throttle::new(None, next_nanos));
                }
            }
        }
        state
    }

    /// The network said that `link` is too fast: the SIM of a modem is slowed down, or the whole group of a carrier's bind.
    pub fn slow_down(&mut self, link: &LinkName, now: Timestamp, pause: Duration) {
        if self.pools.slow_down(link, now, pause) {
            return;
        }
        if let Some(throttle) = self.throttles.get_mut(&link.group) {
            throttle.slow_down(now, pause);
        }
    }

    /// Goes along with a clock that was set since the last turn.
    fn follow_clock(&mut self, set_by: i64) {
        let step = set_by - self.set_by.replace(set_by).unwrap_or(set_by);
        if step != 0 {
            self.throttles.values_mut().for_each(|throttle| throttle.shift(step));
            self.pools.shift(step);
        }
    }

    fn throttle(&mut self, name: &Arc<str>, rate: Option<f64>, now: Timestamp) -> &mut Throttle {
        let throttle = self.throttles.entry(name.clone()).or_insert_with(|| Throttle::new(rate, 0));
        throttle.set_rate(rate);
        throttle.resume(now);
        throttle.cut(now);
        throttle
    }
}

/// The leases of a turn, and when the next turn is due if nothing wakes it before.
#[derive(Debug, Default)]
pub struct Dispatched {
    /// What goes to which link.
    pub submissions: Vec<(LinkName, Submission)>,
    /// When something becomes due or a throttle opens.
    pub next_at: Option<Timestamp>,
    /// Whether there may be more that is due now, and room for it.
    pub more: bool,
}

/// Leases what is due, as far as `offers` and the throttles allow.
///
/// # Errors
/// The store's own; `state` must then be thrown away.
pub fn dispatch(turn: &Turn<'_>, state: &mut Dispatcher, mut offers: Vec<LinkOffer>) -> Result<Dispatched, StoreError> {
    let mut out = Dispatched::default();
    state.follow_clock(turn.tx.clock().set_by);
    let mut modems = state.pools.meet(turn, &offers)?;
    let by_group = routes_by_group(turn, &offers, &modems);
    for (name, routes) in by_group {
        let Some(group) = turn.settings.group(&name) else { continue };
        if let Some(modems) = modems.remove(&name) {
            PoolTurn { turn, group, name: &name, routes: &routes, modems }.run(state, &mut offers, &mut out)?;
            continue;
        }
        let links: Vec<usize> = (0..offers.len()).filter(|&place| offers[place].name.group == name).collect();
        GroupTurn { turn, group, name: &name, routes: &routes, links: &links }.run(state, &mut offers, &mut out)?;
    }
    Ok(out)
}

/// Which group serves which routes in this turn: the first choice that is up. A busy link is waited for; a link that is
/// down is not, nor a group of modems that all rest for long while another choice is up.
fn routes_by_group<'a>(
    turn: &Turn<'a>,
    offers: &[LinkOffer],
    modems: &BTreeMap<Arc<str>, Vec<Modem<'_>>>,
) -> BTreeMap<Arc<str>, Vec<&'a Route>> {
    // Messages that only one modem may carry belong to no route, so every group of modems has its turn.
    let mut by_group: BTreeMap<Arc<str>, Vec<&Route>> = modems.keys().map(|name| (name.clone(), Vec::new())).collect();
    let up = |name: &&Arc<str>| offers.iter().any(|offer| offer.name.group == **name);
    let works =
        |name: &&Arc<str>| up(name) && !modems.get(*name).is_some_and(|all| super::pool::all_rest(all, turn.now));
    for route in &turn.settings.routes {
        let chosen = route.groups.iter().find(works).or_else(|| route.groups.iter().find(up));
        if let Some(group) = chosen {
            by_group.entry(group.clone()).or_default().push(route);
        }
    }
    by_group
}

/// One group's part of a turn.
struct GroupTurn<'a> {
    turn: &'a Turn<'a>,
    group: &'a Group,
    name: &'a Arc<str>,
    routes: &'a [&'a Route],
    links: &'a [usize],
}

impl GroupTurn<'_> {
    fn run(&self, state: &mut Dispatcher, offers: &mut [LinkOffer], out: &mut Dispatched) -> Result<(), StoreError> {
        let now = self.turn.now;
        let mut lanes = state.lanes.get(self.name).copied().unwrap_or_default();
        let throttle = state.throttle(self.name, self.group.rate, now);
        let before = throttle.next_nanos();
        let free: usize = self.links.iter().map(|&place| offers[place].free).sum();
        let budget = free.min(self.departures(throttle)).min(LEASES_MAX);
        let mut waiting = waiting(self.turn, self.routes, budget)?;
        let full = waiting.iter().any(|lane| lane.len() >= budget);
        while let Some(link) = self.freest(offers) {
            let ready = throttle.ready_at(now);
            if ready > now.plus(AHEAD) || out.submissions.len() >= LEASES_MAX {
                break;
            }
            let Some(lane) = lanes.pick([0, 1, 2].map(|lane| waiting[lane].len())) else { break };
            // A message longer than the room that is left waits for more room; only an idle link takes any length.
            let offer = &offers[link];
            let Some(due) = waiting[lane].pop_front_if(|due| offer.idle || due.head.segments <= offer.free) else {
                out.next_at = Some(now.plus(ROOM_WAIT));
                break;
            };
            let links = self.links.len();
            let to = LeaseTo { group: self.group, name: self.name, links, link: &offers[link].name, sim: None };
            let depart = |segments| (0..segments).map(|_| throttle.reserve(now)).collect();
            let Some(submission) = lease(self.turn, due, to, depart)? else {
                // A turn that only turned messages away still leaves room for those behind them.
                out.next_at = Some(now);
                continue;
            };
            offers[link].free = offers[link].free.saturating_sub(submission.turns.len());
            offers[link].idle = false;
            out.submissions.push((offers[link].name.clone(), submission));
        }
        self.next_turn(throttle, full || waiting.iter().any(|lane| !lane.is_empty()), offers, out)?;
        if throttle.next_nanos() != before {
            throttle::save(self.turn.tx, self.name, throttle.next_nanos())?;
        }
        state.lanes.insert(self.name.clone(), lanes);
        Ok(())
    }

    /// How many segments the throttle lets go in this turn.
    fn departures(&self, throttle: &Throttle) -> usize {
        let horizon = self.turn.now.plus(AHEAD);
        let open = horizon.since(throttle.ready_at(self.turn.now));
        match throttle.rate_now() {
            _ if throttle.ready_at(self.turn.now) > horizon => 0,
            None => LEASES_MAX,
            // A share of a segment counts as one: the first may always leave when the throttle is open.
            Some(rate) => (rate * open.as_secs_f64()).ceil().clamp(1.0, LEASES_MAX as f64) as usize,
        }
    }

    fn freest(&self, offers: &[LinkOffer]) -> Option<usize> {
        self.links.iter().copied().filter(|&place| offers[place].free > 0).max_by_key(|&place| offers[place].free)
    }

    /// Says when to look again: at once, when the throttle opens, or when the next message is due.
    fn next_turn(
        &self,
        throttle: &Throttle,
        waits: bool,
        offers: &[LinkOffer],
        out: &mut Dispatched,
    ) -> Result<(), StoreError> {
        let now = self.turn.now;
        let mut sooner = |at: Timestamp| out.next_at = Some(out.next_at.map_or(at, |known| known.min(at)));
        if self.freest(offers).is_some() {
            let ready = throttle.ready_at(now);
            if ready > now.plus(AHEAD) {
                sooner(ready.minus(AHEAD / 2));
            } else if waits {
                out.more = true;
            }
        }
        out.next_at = earlier(out.next_at, next_due(self.turn, self.routes)?);
        Ok(())
    }
}

/// The due messages of all routes by lane, longest due first.
pub(super) fn waiting(turn: &Turn<'_>, routes: &[&Route], budget: usize) -> Result<[VecDeque<Due>; LANES], StoreError> {
    let mut waiting = [const { VecDeque::new() }; LANES];
    if budget == 0 {
        return Ok(waiting);
    }
    for class in Class::ALL {
        let lane = &mut waiting[class.lane()];
        for route in routes {
            lane.extend(message::due(turn.tx, &route.name, class, turn.now, budget)?);
        }
        if routes.len() > 1 {
            lane.make_contiguous().sort_by_key(|due| due.head.id);
        }
    }
    Ok(waiting)
}

/// When the next message of the routes is due after now.
pub(super) fn next_due(turn: &Turn<'_>, routes: &[&Route]) -> Result<Option<Timestamp>, StoreError> {
    let mut next = None;
    for route in routes {
        for class in Class::ALL {
            next = earlier(next, message::next_due(turn.tx, &route.name, class, turn.now)?);
        }
    }
    Ok(next)
}

/// The earlier of two instants that may be absent.
pub(super) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}
