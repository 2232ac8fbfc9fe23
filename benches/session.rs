//! What two session machines carry on one core: `cargo bench --bench session`.
//!
//! Each item is a whole exchange: the ESME encodes a `submit_sm`, the SMSC decodes and answers it, the ESME matches the
//! answer to its request. No sockets, so this bounds what a link can carry on one core.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::time::Instant;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use postrider::smpp::pdu::{Address, BindKind, DeliverSm, DeliverSmResp, SubmitSm, SubmitSmResp};
use postrider::smpp::profile::CarrierProfile;
use postrider::smpp::session::{Outcome, Session, SessionEvent, SessionSettings};
use postrider::smpp::{Body, CommandStatus};

const EXCHANGES: usize = 10_000;

fn main() {
    divan::main();
}

struct Pair {
    now: Instant,
    esme: Session<u64>,
    smsc: Session<u64>,
}

impl Pair {
    fn bound(window: usize) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the bench's zero; nothing here waits")]
        let now = Instant::now();
        let profile = CarrierProfile { window, inbound_window: window, ..CarrierProfile::default() };
        let mut esme = Session::new(now, SessionSettings::esme(&profile));
        let settings = SessionSettings { window, inbound_window: window, ..SessionSettings::smsc() };
        let mut smsc = Session::new(now, settings);
        esme.bind(now, profile.account.bind(BindKind::Transceiver)).expect("a fresh session");
        carry(now, &mut esme, &mut smsc);
        assert!(smsc.accept_bind(now, "smsc"), "a bind waits");
        carry(now, &mut smsc, &mut esme);
        while esme.poll_event().is_some() {}
        while smsc.poll_event().is_some() {}
        Self { now, esme, smsc }
    }

    /// Carries `EXCHANGES` requests from `from` to `to` and their answers back.
    fn exchange(&mut self, upward: bool, request: &Body, answer: &Body) {
        let Self { now, esme, smsc } = self;
        let (from, to) = if upward { (esme, smsc) } else { (smsc, esme) };
        let (mut made, mut answered) = (0, 0);
        while answered < EXCHANGES {
            while made < EXCHANGES && from.free() > 0 {
                from.submit(*now, request.clone(), made as u64).expect("the window has room");
                made += 1;
            }
            carry(*now, from, to);
            while let Some(event) = to.poll_event() {
                let SessionEvent::Request { sequence, .. } = event else { panic!("{event:?}") };
                assert!(to.respond(*now, sequence, CommandStatus::ROK, answer.clone()));
            }
            carry(*now, to, from);
            while let Some(event) = from.poll_event() {
                let SessionEvent::Outcome { outcome: Outcome::Answered { .. }, .. } = event else {
                    panic!("{event:?}")
                };
                answered += 1;
            }
        }
    }
}

fn carry(now: Instant, from: &mut Session<u64>, to: &mut Session<u64>) {
    while let Some(octets) = from.poll_transmit() {
        to.handle_bytes(now, &octets);
    }
}

fn text() -> Bytes {
    Bytes::from_static(b"Your order 48213 is on its way: follow it at https://x.io/aZ")
}

#[divan::bench(args = [10, 50, 500])]
fn submit_sm(bencher: Bencher<'_, '_>, window: usize) {
    let request = Body::SubmitSm(SubmitSm {
        source_addr: Address::new(5, 0, "Shop"),
        destination_addr: Address::new(1, 1, "821012345678"),
        registered_delivery: 1,
        validity_period: "261122053000000+".into(),
        short_message: text(),
        ..SubmitSm::default()
    });
    let answer = Body::SubmitSmResp(SubmitSmResp { message_id: "0123456789ab".into(), ..SubmitSmResp::default() });
    let mut pair = Pair::bound(window);
    bencher.counter(ItemsCount::new(EXCHANGES)).bench_local(|| pair.exchange(true, &request, &answer));
}

#[divan::bench]
fn deliver_sm(bencher: Bencher<'_, '_>) {
    let request = Body::DeliverSm(DeliverSm {
        source_addr: Address::new(1, 1, "821012345678"),
        destination_addr: Address::new(5, 0, "Shop"),
        esm_class: 4,
        short_message: text(),
        ..DeliverSm::default()
    });
    let answer = Body::DeliverSmResp(DeliverSmResp::default());
    let mut pair = Pair::bound(50);
    bencher.counter(ItemsCount::new(EXCHANGES)).bench_local(|| pair.exchange(false, &request, &answer));
}
