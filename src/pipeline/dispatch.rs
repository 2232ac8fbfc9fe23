//! Leases due messages to links: route, lane, throttle and link slot are decided here, and written before a byte leaves.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::change::{self, Step};
use super::settle::segment_states;
use super::{Group, Turn};
use crate::model::{Body, Class, Encoded, LinkName, SegmentTurn, State, Submission, Timestamp};
use crate::policy::lanes::{LANES, Lanes};
use crate::policy::routes::Route;
use crate::policy::throttle::Throttle;
use crate::store::message::{self, Due};
use crate::store::{StoreError, submission, throttle};
use crate::text;

/// How far ahead of its departure a segment may be leased. It hides the commit's time, and a crash puts no more than
/// this much in doubt.
const AHEAD: Duration = Duration::from_millis(200);
/// How soon to look again when the next message is longer than the room that is left.
const ROOM_WAIT: Duration = Duration::from_millis(50);
/// How many messages one turn leases at the most.
const LEASES_MAX: usize = 512;

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
    lanes: BTreeMap<Arc<str>, Lanes>,
}

impl Dispatcher {
    /// A dispatcher that continues from what the store kept of the throttles.
    pub fn new(kept: &BTreeMap<String, i64>) -> Self {
        let throttle = |(name, next): (&String, &i64)| (Arc::from(name.as_str()), Throttle::new(None, *next));
        Self { throttles: kept.iter().map(throttle).collect(), lanes: BTreeMap::new() }
    }

    /// A carrier said that the group is too fast.
    pub fn slow_down(&mut self, group: &str, now: Timestamp, pause: Duration) {
        if let Some(throttle) = self.throttles.get_mut(group) {
            throttle.slow_down(now, pause);
        }
    }

    fn throttle(&mut self, name: &Arc<str>, rate: Option<f64>) -> &mut Throttle {
        let throttle = self.throttles.entry(name.clone()).or_insert_with(|| Throttle::new(rate, 0));
        throttle.set_rate(rate);
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
    let mut by_group: BTreeMap<Arc<str>, Vec<&Route>> = BTreeMap::new();
    for route in &turn.settings.routes {
        // The first choice that is up; a busy link is waited for, a link that is down is not.
        let up = |name: &&Arc<str>| offers.iter().any(|offer| offer.name.group == **name);
        if let Some(group) = route.groups.iter().find(up) {
            by_group.entry(group.clone()).or_default().push(route);
        }
    }
    for (name, routes) in by_group {
        let Some(group) = turn.settings.group(&name) else { continue };
        let links: Vec<usize> = (0..offers.len()).filter(|&place| offers[place].name.group == name).collect();
        GroupTurn { turn, group, name: &name, routes: &routes, links: &links }.run(state, &mut offers, &mut out)?;
    }
    Ok(out)
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
        let throttle = state.throttle(self.name, self.group.rate);
        let before = throttle.next_nanos();
        let free: usize = self.links.iter().map(|&place| offers[place].free).sum();
        let budget = free.min(self.departures(throttle)).min(LEASES_MAX);
        let mut waiting = self.waiting(budget)?;
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
            if let Some(submission) = self.lease(due, &offers[link].name, throttle)? {
                offers[link].free = offers[link].free.saturating_sub(submission.turns.len());
                offers[link].idle = false;
                out.submissions.push((offers[link].name.clone(), submission));
            }
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

    /// The due messages of all routes by lane, longest due first.
    fn waiting(&self, budget: usize) -> Result<[VecDeque<Due>; LANES], StoreError> {
        let mut waiting = [const { VecDeque::new() }; LANES];
        if budget == 0 {
            return Ok(waiting);
        }
        for class in Class::ALL {
            let lane = &mut waiting[class.lane()];
            for route in self.routes {
                lane.extend(message::due(self.turn.tx, &route.name, class, self.turn.now, budget)?);
            }
            if self.routes.len() > 1 {
                lane.make_contiguous().sort_by_key(|due| due.head.id);
            }
        }
        Ok(waiting)
    }

    fn freest(&self, offers: &[LinkOffer]) -> Option<usize> {
        self.links.iter().copied().filter(|&place| offers[place].free > 0).max_by_key(|&place| offers[place].free)
    }

    /// Leases one message to `link`, or ends it when it cannot be sent any more.
    fn lease(&self, mut due: Due, link: &LinkName, throttle: &mut Throttle) -> Result<Option<Submission>, StoreError> {
        let turn = self.turn;
        if turn.now >= due.head.valid_until {
            let step = Step { note: Some("its validity ended before a link was free"), ..Step::default() };
            change::enter(turn, &mut due.head, State::Expired, step)?;
            return Ok(None);
        }
        let earlier = if due.head.attempt == 0 { Vec::new() } else { submission::of_message(turn.tx, due.head.id)? };
        let states = segment_states(&earlier, due.head.segments);
        let encoded = match self.encoded(&mut due, &states)? {
            Ok(encoded) => encoded,
            Err(reason) => {
                let step = Step { note: Some(&reason), ..Step::default() };
                change::enter(turn, &mut due.head, State::Failed, step)?;
                return Ok(None);
            }
        };
        let states =
            if states.len() == encoded.segments.len() { states } else { segment_states(&[], encoded.segments.len()) };
        let turns: Vec<SegmentTurn> = (0_u8..)
            .zip(&states)
            .filter(|(_, state)| matches!(state, State::Queued | State::Uncertain))
            .map(|(index, _)| SegmentTurn { index, not_before: throttle.reserve(turn.now) })
            .collect();
        let head = &mut due.head;
        head.attempt += 1;
        head.awaited = u32::try_from(turns.len()).unwrap_or(u32::MAX);
        let link = link.to_string();
        head.link = Some(link.clone());
        change::enter(turn, head, State::Leased, Step { link: Some(&link), ..Step::default() })?;
        Ok(Some(Submission {
            message: head.id,
            attempt: head.attempt,
            from: due.sender,
            to: head.recipient.clone(),
            class: head.class,
            encoded: Arc::new(encoded),
            turns,
            valid_until: head.valid_until,
            parameters: due.parameters.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        }))
    }

    /// The message in this group's form: as stored, or encoded again if it was encoded for another.
    fn encoded(&self, due: &mut Due, states: &[State]) -> Result<Result<Encoded, String>, StoreError> {
        let Some(stored) = Encoded::from_bytes(&due.encoded) else {
            return Err(StoreError::Row(format!("message {}: encoded form is damaged", due.head.id)));
        };
        let untouched = states.iter().all(|state| matches!(state, State::Queued));
        let (Some(text), true, true) = (&due.body, due.profile != self.group.profile_id, untouched) else {
            return Ok(Ok(stored));
        };
        match text::encode(&Body::Text(text.clone()), &stored.indication, &self.group.profile, None) {
            Err(error) => Ok(Err(format!("link {} cannot carry it: {error}", self.name))),
            Ok(encoding) => {
                let encoded = Encoded { reference: stored.reference, ..encoding.encoded };
                message::save_encoded(self.turn.tx, due.head.id, &encoded, self.group.profile_id)?;
                due.head.segments = encoded.segments.len();
                Ok(Ok(encoded))
            }
        }
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
        for route in self.routes {
            for class in Class::ALL {
                if let Some(at) = message::next_due(self.turn.tx, &route.name, class, now)? {
                    sooner(at);
                }
            }
        }
        Ok(())
    }
}
