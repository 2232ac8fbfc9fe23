//! The wires between the gateway and the carrier: octets arrive later, in pieces or together, and in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider::model::Random;
use postrider::sim::ConnectionId;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    ToCarrier,
    ToGateway,
}

/// One connection's two directions.
#[derive(Debug, Default)]
struct Wire {
    to_carrier: VecDeque<(Instant, Bytes)>,
    to_gateway: VecDeque<(Instant, Bytes)>,
}

/// All connections.
#[derive(Debug)]
pub struct Wires {
    wires: BTreeMap<ConnectionId, Wire>,
    delay_max: Duration,
}

impl Wires {
    pub fn new(delay_max: Duration) -> Self {
        Self { wires: BTreeMap::new(), delay_max }
    }

    pub fn open(&mut self, id: ConnectionId) {
        self.wires.insert(id, Wire::default());
    }

    /// What has not arrived yet never will.
    pub fn cut(&mut self, id: ConnectionId) {
        self.wires.remove(&id);
    }

    /// Takes what is on its way to the carrier.
    pub fn on_the_way_out(&mut self, id: ConnectionId) -> Vec<Bytes> {
        let Some(wire) = self.wires.get_mut(&id) else { return Vec::new() };
        wire.to_carrier.drain(..).map(|(_, octets)| octets).collect()
    }

    pub fn put(&mut self, id: ConnectionId, way: Way, mut octets: Bytes, random: &mut Random, now: Instant) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let lane = match way {
            Way::ToCarrier => &mut wire.to_carrier,
            Way::ToGateway => &mut wire.to_gateway,
        };
        while !octets.is_empty() {
            let piece = match random.below(4) {
                0 => 1 + usize::try_from(random.below(octets.len() as u64)).unwrap_or(0),
                _ => octets.len(),
            };
            let earliest = lane.back().map_or(now, |(at, _)| *at);
            let at = (now + random.between(Duration::ZERO, self.delay_max)).max(earliest);
            lane.push_back((at, octets.split_to(piece.min(octets.len()))));
        }
    }

    /// What has arrived by `now`, in order.
    pub fn take(&mut self, now: Instant) -> Vec<(ConnectionId, Way, Bytes)> {
        let mut arrived = Vec::new();
        for (id, wire) in &mut self.wires {
            for (way, lane) in [(Way::ToCarrier, &mut wire.to_carrier), (Way::ToGateway, &mut wire.to_gateway)] {
                while let Some((_, octets)) = lane.pop_front_if(|(at, _)| *at <= now) {
                    arrived.push((*id, way, octets));
                }
            }
        }
        arrived
    }

    /// When the next octets arrive.
    pub fn next(&self) -> Option<Instant> {
        let first = |lane: &VecDeque<(Instant, Bytes)>| lane.front().map(|(at, _)| *at);
        self.wires.values().flat_map(|wire| [first(&wire.to_carrier), first(&wire.to_gateway)]).flatten().min()
    }
}
