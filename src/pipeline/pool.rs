//! Leases due messages to the modems of a group: each SIM has its own pace and caps, and a recipient keeps its SIM.
//!
//! A message waits for the SIM that its recipient knows while that SIM is busy, and for a bounded time while it rests or is
//! gone (`policy::pool`). What has to wait is passed over, so it keeps nobody else from leaving.

mod modem;

use std::sync::Arc;
use std::time::Duration;

use super::dispatch::{AHEAD, Dispatched, Dispatcher, LEASES_MAX, LinkOffer, earlier, next_due, waiting};
use super::lease::{LeaseTo, lease};
use super::{Group, Settings, Turn};
use crate::model::{Class, MessageId, State};
use crate::policy::lanes::Lanes;
use crate::policy::pool::{Candidate, Pick, Wish, pick};
use crate::policy::routes::Route;
use crate::store::message::{self, Due};
use crate::store::{StoreError, contact, submission};
pub use modem::{Modem, Pools, all_rest};

/// How many due messages are looked at beyond those that there is room for: some may have to wait for their SIM.
const LOOKED_AT_MORE: usize = 64;
/// How soon to look again when a modem has too little room for the next message.
const ROOM_WAIT: Duration = Duration::from_millis(250);
/// When everything that was looked at waits for single SIMs, it is looked at again after this, and others are let past.
const PASSED_OVER_FOR: Duration = Duration::from_secs(15);
/// After so many tries a message may take another SIM than the one that its recipient knows.
const TRIES_SAME_SIM: u32 = 2;

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
            modem.save(self.turn, &offers[modem.place].name)?;
        }
        state.pools.remember(self.modems);
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
            let wanted = self.turn.apart(due.head.id, || self.wanted(&due, pools))?;
            let Some((sim, same, wait)) = wanted else { continue };
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
            (out.more, out.next_at) = (true, Some(now));
        } else if !nothing_left && self.room(offers) > 0 {
            out.more = true;
        }
        Ok(())
    }

    /// The SIM that a message asks for, whether it must be that one, and how long it may wait for it.
    fn wanted(&self, due: &Due, pools: &Pools) -> Result<(Option<String>, bool, Duration), StoreError> {
        let none = (None, false, Duration::ZERO);
        let (turn, head) = (self.turn, &due.head);
        let mut refused_by = None;
        if head.attempt > 0 {
            let rows = submission::of_message(turn.tx, head.id)?;
            let left = rows.iter().any(|row| !matches!(row.state, State::Queued | State::Failed | State::Uncertain));
            let here = head.link.as_deref().is_some_and(|link| Settings::group_of(link) == &**self.name);
            if left && here && head.sim.is_some() {
                return Ok((head.sim.clone(), true, Duration::ZERO));
            }
            // A SIM that could not send it just now is not the one to wait for.
            let refused = |row: &submission::Submission| row.state == State::Queued && row.code.is_some();
            if rows.iter().max_by_key(|row| row.attempt).is_some_and(refused) {
                refused_by = head.sim.as_deref();
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
        Ok((sim.filter(|sim| Some(sim.as_str()) != refused_by), false, wait))
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
        let to = LeaseTo { group: self.group, name: self.name, links: 1, link: &offer.name, sim: Some(&sim) };
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
