//! Decides what the simulated carrier does when: answers that wait, receipts that fall due, timers, closings.
//!
//! The machine has the face of all machines here: `handle_*` takes what happens, `poll_transmit`, `poll_close` and
//! `poll_timeout` give what is to be done. One seed and one sequence of inputs give one run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::assemble::{Assembler, Shown};
use super::connection::{Connection, ConnectionId, Stage};
use super::delivery::{Delivery, Inbound, Look, Minutes, Receipt};
use super::faults::{Faults, Meter};
use super::ledger::{Entry, Ledger};
use super::settings::CarrierSettings;
use postrider_model::{Random, Timestamp};
use postrider_smpp::{Body, CommandStatus, Pdu};

/// Whole messages kept for showing; the oldest goes first.
const SHOWN_MAX: usize = 10_000;
/// Deliveries kept for an account that takes none; the oldest goes first.
const PENDING_MAX: usize = 2_000_000;

/// The simulated carrier.
#[derive(Debug)]
pub struct Carrier {
    pub(super) settings: CarrierSettings,
    pub(super) random: Random,
    started: (Instant, Timestamp),
    pub(super) connections: BTreeMap<u32, Connection>,
    pub(super) accounts: BTreeMap<Arc<str>, Account>,
    /// What is due, in order; the second number keeps equal instants in the order in which they were planned.
    schedule: BTreeMap<(Instant, u64), Job>,
    planned: u64,
    last_connection: u32,
    pub(super) last_message: u64,
    pub(super) ledger: Ledger,
    assembler: Assembler,
    shown: VecDeque<Shown>,
    minutes: Minutes,
}

/// One client account.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub pending: VecDeque<Delivery>,
    pub meter: Meter,
    /// The connection that got the last delivery, so that the next one goes to another.
    last_served: u32,
}

/// Something that is due later.
#[derive(Debug)]
enum Job {
    /// Octets for a connection, if it is still there.
    Write(u32, BytesMut),
    /// A delivery for an account.
    Deliver(Arc<str>, Delivery),
}

impl Carrier {
    /// A carrier that was started at `now`. `wall` is the same moment on the clock that the ledger shows.
    pub fn new(settings: CarrierSettings, seed: u64, now: Instant, wall: Timestamp) -> Self {
        let ledger = Ledger::new(settings.keep, settings.lines);
        Self {
            settings,
            random: Random::new(seed),
            started: (now, wall),
            connections: BTreeMap::new(),
            accounts: BTreeMap::new(),
            schedule: BTreeMap::new(),
            planned: 0,
            last_connection: 0,
            last_message: 0,
            ledger,
            assembler: Assembler::default(),
            shown: VecDeque::new(),
            minutes: Minutes::default(),
        }
    }

    /// A client connected.
    pub fn handle_connect(&mut self, now: Instant) -> ConnectionId {
        self.last_connection = self.last_connection.wrapping_add(1);
        self.connections.insert(self.last_connection, Connection::new(now));
        ConnectionId(self.last_connection)
    }

    /// The connection is gone. What was delivered and not acknowledged is delivered again, elsewhere or later.
    pub fn handle_closed(&mut self, id: ConnectionId, now: Instant) {
        let Some(mut connection) = self.connections.remove(&id.0) else { return };
        let Some(account) = connection.account().cloned() else { return };
        let outstanding = std::mem::take(&mut connection.outstanding);
        if let Some(known) = self.accounts.get_mut(&account) {
            outstanding.into_values().rev().for_each(|delivery| known.pending.push_front(delivery));
        }
        self.deliver(&account, now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(entry) = self.schedule.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Job::Write(id, octets) => {
                    if let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.closing) {
                        connection.out.extend_from_slice(&octets);
                    }
                }
                Job::Deliver(account, delivery) => {
                    self.enqueue(&account, delivery);
                    self.deliver(&account, now);
                }
            }
        }
        self.check_connections(now);
    }

    /// The next instant at which [`Carrier::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = self.schedule.first_key_value().map(|((at, _), _)| *at);
        self.connections.values().filter_map(|connection| self.connection_deadline(connection)).chain(due).min()
    }

    /// Moves octets for this connection to the end of `out`; `false` when there are none. With the `split` fault they
    /// come in small pieces, each of which is to be written by itself.
    pub fn poll_transmit(&mut self, id: ConnectionId, out: &mut BytesMut) -> bool {
        let Some(connection) = self.connections.get_mut(&id.0).filter(|connection| !connection.out.is_empty()) else {
            return false;
        };
        let all = connection.out.len();
        let piece = if self.settings.faults.split {
            all.min(usize::try_from(1 + self.random.below(7)).unwrap_or(1))
        } else {
            all
        };
        out.extend_from_slice(&connection.out[..piece]);
        if piece == all {
            connection.out.clear();
        } else {
            let _ = connection.out.split_to(piece);
        }
        true
    }

    /// The next connection that the carrier closes. Its last octets have been taken; report it with
    /// [`Carrier::handle_closed`].
    pub fn poll_close(&self) -> Option<ConnectionId> {
        let mut closing = self.connections.iter().filter(|(_, connection)| connection.closing);
        closing.find(|(_, connection)| connection.out.is_empty()).map(|(id, _)| ConnectionId(*id))
    }

    /// A handset sends something to `account`.
    pub fn inject(&mut self, account: &str, parts: Vec<Inbound>, now: Instant) {
        let account: Arc<str> = account.into();
        for part in parts {
            self.enqueue(&account, Delivery::Inbound(part));
        }
        self.deliver(&account, now);
    }

    /// Changes what goes wrong from here on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.settings.faults = faults;
    }

    /// Breaks every connection now.
    pub fn drop_links(&mut self) {
        self.connections.values_mut().for_each(Connection::drop_link);
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The lines of the ledger since the last call, for its file.
    pub fn take_lines(&mut self) -> Option<String> {
        self.ledger.take_lines()
    }

    /// Takes the whole messages that came since the last call, as a handset would show them.
    pub fn take_shown(&mut self) -> Vec<Shown> {
        self.shown.drain(..).collect()
    }

    /// How many deliveries wait for a connection or a free place in its window.
    pub fn pending_deliveries(&self) -> usize {
        let waiting: usize = self.accounts.values().map(|account| account.pending.len()).sum();
        let outstanding: usize = self.connections.values().map(|connection| connection.outstanding.len()).sum();
        waiting + outstanding + self.schedule.len()
    }

    /// How many connections are bound.
    pub fn bound_connections(&self) -> usize {
        self.connections.values().filter(|connection| connection.account().is_some()).count()
    }

    /// The wall clock at `now`.
    pub(super) fn wall(&self, now: Instant) -> Timestamp {
        self.started.1.plus(now.saturating_duration_since(self.started.0))
    }

    /// The number of the second that `now` lies in.
    pub(super) fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started.0).as_secs()
    }

    pub(super) fn plan_write(&mut self, at: Instant, id: u32, octets: BytesMut) {
        self.plan(at, Job::Write(id, octets));
    }

    pub(super) fn plan_delivery(&mut self, at: Instant, account: &Arc<str>, delivery: Delivery) {
        self.plan(at, Job::Deliver(Arc::clone(account), delivery));
    }

    fn plan(&mut self, at: Instant, job: Job) {
        self.planned += 1;
        self.schedule.insert((at, self.planned), job);
    }

    pub(super) fn remember(&mut self, entry: Entry, shown: bool) {
        if shown && let Some(whole) = self.assembler.take(&entry) {
            if self.shown.len() >= SHOWN_MAX {
                self.shown.pop_front();
            }
            self.shown.push_back(whole);
        }
        self.ledger.record(entry);
    }

    pub(super) fn enqueue(&mut self, account: &Arc<str>, delivery: Delivery) {
        let known = self.accounts.entry(Arc::clone(account)).or_default();
        if known.pending.len() >= PENDING_MAX {
            known.pending.pop_front();
        }
        known.pending.push_back(delivery);
    }

    /// Writes waiting deliveries of `account` to its connections, in turn, as far as their windows go.
    pub(super) fn deliver(&mut self, account: &Arc<str>, now: Instant) {
        let at = self.wall(now);
        let settings = &self.settings;
        let receipts = &settings.receipts;
        let look = Look {
            id: settings.ids.receipt,
            place: receipts.place,
            esm_class: receipts.esm_class,
            coding: receipts.coding,
            data_coding: receipts.data_coding,
            addresses: receipts.addresses,
        };
        let Some(known) = self.accounts.get_mut(account) else { return };
        while !known.pending.is_empty() {
            let open = |(_, connection): &(&u32, &mut Connection)| {
                connection.receives(account) && connection.outstanding.len() < settings.delivery_window
            };
            // The first one behind the last that was served, or the first of all.
            let after = self.connections.range_mut(known.last_served.saturating_add(1)..).find(open).map(|(id, _)| *id);
            let Some(id) = after.or_else(|| self.connections.iter_mut().find(open).map(|(id, _)| *id)) else { return };
            let (Some(connection), Some(delivery)) = (self.connections.get_mut(&id), known.pending.pop_front()) else {
                return;
            };
            known.last_served = id;
            let sequence = connection.sequence();
            connection.send(&Pdu::request(sequence, delivery.body(look, &mut self.minutes)));
            match &delivery {
                Delivery::Receipt(Receipt { number, state, .. }) => {
                    self.ledger.counts.receipts_sent += 1;
                    let id = look.id.write(*number);
                    self.ledger.record_delivery("receipt-sent", at, account, &id, state.word());
                }
                Delivery::Inbound(part) => {
                    self.ledger.counts.inbound_sent += 1;
                    self.ledger.record_inbound("inbound-sent", at, account, id, part);
                }
            }
            connection.outstanding.insert(sequence, delivery);
        }
    }

    fn connection_deadline(&self, connection: &Connection) -> Option<Instant> {
        if connection.closing || self.settings.faults.mute {
            return None;
        }
        match connection.stage {
            Stage::Open => Some(connection.opened_at + self.settings.session_init),
            Stage::Bound { .. } => {
                self.settings.enquire_link.map(|quiet| connection.heard_at + wait(connection, quiet))
            }
        }
    }

    /// Closes what never bound, asks what is quiet, and closes what does not answer.
    fn check_connections(&mut self, now: Instant) {
        let due: Vec<u32> = self
            .connections
            .iter()
            .filter(|(_, connection)| self.connection_deadline(connection).is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            if connection.account().is_none() || connection.enquired {
                connection.drop_link();
                continue;
            }
            connection.enquired = true;
            let sequence = connection.sequence();
            connection.send(&Pdu::answer(CommandStatus::ROK, sequence, Body::EnquireLink));
        }
    }
}

/// A connection that was asked and stays quiet has as long again.
fn wait(connection: &Connection, quiet: Duration) -> Duration {
    if connection.enquired { quiet * 2 } else { quiet }
}
