//! What lies between the gateway and the handsets: one link to a simulated carrier, or one simulated modem.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postrider::link::departures::Departures;
use postrider::model::*;
use postrider::pipeline::LinkOffer;
use postrider::sim::modem::{Persona, SimModemSettings};
use postrider::sim::{Carrier, CarrierSettings, Inbound, ReceiptSettings};
use postrider::smpp::profile::CarrierProfile;

use super::link::SimLink;
use super::modem_duel::Duel;
use super::stick::Stick;

/// Months are played, and a link that is asked every minute would be most of the work.
const ASK_EVERY: Duration = Duration::from_secs(6 * 3600);
/// The shop's number.
pub const OURS: &str = "15771234";

/// Which way the texts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Carrier,
    Modem,
}

pub enum Network {
    Carrier { link: Box<SimLink>, carrier: Box<Carrier>, references: u8 },
    Modem(Box<Stick>),
}

impl Network {
    pub fn new(way: Way, now: Instant, wall: Timestamp) -> Self {
        if way == Way::Modem {
            let mut settings = SimModemSettings::numbered(1, Persona::named("quectel-ec25").unwrap());
            settings.part_time = Duration::from_millis(500);
            settings.keep = 10_000;
            settings.cold = true;
            let mut duel = Duel::asking_every(ASK_EVERY, settings, 7);
            duel.epoch = now;
            return Self::Modem(Box::new(Stick::new(1, duel)));
        }
        let mut profile = CarrierProfile::default();
        profile.account.system_id = "shop".to_owned();
        profile.account.password = "secret".into();
        profile.timers.enquire_link = ASK_EVERY;
        let settings = CarrierSettings {
            accounts: [("shop".to_owned(), "secret".to_owned())].into(),
            receipts: ReceiptSettings {
                delay: (Duration::from_secs(1), Duration::from_secs(3)),
                ..ReceiptSettings::default()
            },
            ..CarrierSettings::default()
        };
        let link = SimLink::new(LinkName::new("north", 1), profile, 1, Arc::new(Mutex::new(Departures::new(now))), now);
        Self::Carrier { link: Box::new(link), carrier: Box::new(Carrier::new(settings, 7, now, wall)), references: 0 }
    }

    /// The link group.
    pub fn group(&self) -> &'static str {
        match self {
            Self::Carrier { .. } => "north",
            Self::Modem(_) => "sticks",
        }
    }

    pub fn name(&self) -> LinkName {
        match self {
            Self::Carrier { link, .. } => link.name.clone(),
            Self::Modem(stick) => stick.name.clone(),
        }
    }

    pub fn poll_timeout(&self, now: Instant, wall: Timestamp) -> Option<Instant> {
        match self {
            Self::Carrier { link, carrier, .. } => {
                [link.poll_timeout(), carrier.poll_timeout()].into_iter().flatten().min()
            }
            Self::Modem(stick) => {
                let waits = stick.held.front().filter(|_| stick.flight.is_none() && stick.duel.modem.is_ready());
                let turn = waits.and_then(|(submission, next)| submission.turns.get(*next));
                let turn = turn.map(|turn| now + turn.not_before.since(wall));
                [stick.duel.poll_timeout(), turn].into_iter().flatten().min()
            }
        }
    }

    /// Does what is due, and gives what is to be settled.
    pub fn turn(&mut self, now: Instant, wall: Timestamp) -> Vec<LinkEvent> {
        match self {
            Self::Carrier { link, carrier, .. } => {
                carrier.handle_timeout(now);
                if link.wants_connection(now) {
                    link.connect(carrier.handle_connect(now), now);
                }
                while move_octets(link, carrier, now, wall) {}
                std::mem::take(&mut link.events)
            }
            Self::Modem(stick) => {
                stick.turn(now);
                std::mem::take(&mut stick.out)
            }
        }
    }

    /// What was settled is acknowledged.
    pub fn ack(&mut self, ack: AckToken, now: Instant) {
        match self {
            Self::Carrier { link, .. } => link.ack(ack, now),
            Self::Modem(stick) => {
                if ack.session == stick.session {
                    stick.duel.modem.committed(now, ack.sequence, true);
                }
            }
        }
    }

    pub fn offer(&self) -> Option<LinkOffer> {
        match self {
            Self::Carrier { link, .. } => Some(LinkOffer::new(link.name.clone(), link.free()?, link.is_idle())),
            Self::Modem(stick) => stick.offer(),
        }
    }

    pub fn take(&mut self, submission: Submission, now: Instant, wall: Timestamp) {
        match self {
            Self::Carrier { link, .. } => link.take(submission, now, wall),
            Self::Modem(stick) => stick.take(submission),
        }
    }

    /// What the handsets got since the last look: number and text.
    pub fn shown(&mut self) -> Vec<(String, String)> {
        match self {
            Self::Carrier { carrier, .. } => {
                let shown = carrier.take_shown();
                shown.into_iter().map(|shown| (format!("+{}", shown.destination), shown.text())).collect()
            }
            Self::Modem(stick) => {
                let sent = stick.duel.sim.ledger_mut().take_messages();
                let number = |digits: String| format!("+{}", digits.trim_start_matches('+'));
                sent.into_iter().map(|sent| (number(sent.recipient), sent.text)).collect()
            }
        }
    }

    /// A handset sends a text to the shop.
    pub fn receive(&mut self, from: &str, text: &str, now: Instant) {
        match self {
            Self::Carrier { carrier, references, .. } => {
                *references = references.wrapping_add(1);
                let from = from.trim_start_matches('+');
                carrier.inject("shop", Inbound::text(from, OURS, *references, text), now);
            }
            Self::Modem(stick) => stick.duel.sim.receive(now, from, text).unwrap(),
        }
    }
}

/// Lets octets flow until there are none; says whether any did.
fn move_octets(link: &mut SimLink, carrier: &mut Carrier, now: Instant, wall: Timestamp) -> bool {
    let closes = link.turn(now, wall);
    let Some(id) = link.connection else { return false };
    let mut moved = false;
    while let Some(octets) = link.poll_transmit() {
        carrier.handle_bytes(id, &octets, now);
        moved = true;
    }
    let mut out = BytesMut::new();
    while carrier.poll_transmit(id, &mut out) {
        link.handle_bytes(&out.split(), now);
        moved = true;
    }
    if closes || carrier.poll_close().is_some() {
        carrier.handle_closed(id, now);
        link.handle_disconnect(now);
    }
    moved
}
