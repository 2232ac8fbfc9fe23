//! The simulated carrier against a hand-made client: one claim a test, with made-up instants.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::*;
use postrider_model::Timestamp;
use postrider_smpp::pdu::{Address, Bind, DeliverSm, DeliverSmResp, SubmitSm, SubmitSmResp, Tlvs};
use postrider_smpp::{Body, CommandStatus, FrameSplitter, Pdu, Tag};

struct Bench {
    carrier: Carrier,
    id: ConnectionId,
    now: Instant,
    splitter: FrameSplitter,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn new(settings: CarrierSettings) -> Self {
        let now = Instant::now();
        let mut carrier = Carrier::new(settings, 7, now, Timestamp::from_millis(1_795_305_600_250));
        let id = carrier.handle_connect(now);
        Self { carrier, id, now, splitter: FrameSplitter::default() }
    }

    /// With faults, and bound.
    fn faulty(faults: Faults) -> Self {
        let mut bench = Self::new(CarrierSettings { faults, ..CarrierSettings::default() });
        bench.bind("shop1", "secret");
        bench
    }

    fn send(&mut self, sequence: u32, body: Body) {
        let mut octets = BytesMut::new();
        Pdu::request(sequence, body).encode(&mut octets).unwrap();
        self.carrier.handle_bytes(self.id, &octets, self.now);
    }

    fn received(&mut self) -> Vec<Pdu> {
        let mut octets = BytesMut::new();
        while self.carrier.poll_transmit(self.id, &mut octets) {}
        self.splitter.handle_bytes(&octets);
        let mut pdus = Vec::new();
        while let Some(frame) = self.splitter.next_frame().unwrap() {
            if let Ok(decoded) = Pdu::decode(&frame) {
                pdus.push(decoded.pdu);
            }
        }
        pdus
    }

    fn bind(&mut self, system_id: &str, password: &str) -> CommandStatus {
        let bind = Bind { system_id: system_id.into(), password: password.into(), ..Bind::default() };
        self.send(1, Body::Bind(bind));
        self.received()[0].command_status
    }

    fn submit(&mut self, sequence: u32) -> Vec<Pdu> {
        self.send(sequence, Body::SubmitSm(submit_sm()));
        self.received()
    }

    fn advance(&mut self, by: Duration) -> Vec<Pdu> {
        self.now += by;
        self.carrier.handle_timeout(self.now);
        self.received()
    }
}

fn submit_sm() -> SubmitSm {
    SubmitSm {
        source_addr: Address::new(5, 0, "SHOP"),
        destination_addr: Address::new(1, 1, "821012345678"),
        registered_delivery: 1,
        short_message: Bytes::from_static(b"Hello"),
        ..SubmitSm::default()
    }
}

fn answer(pdu: &Pdu) -> &SubmitSmResp {
    let Body::SubmitSmResp(resp) = &pdu.body else { panic!("{pdu:?}") };
    resp
}

fn receipt(pdu: &Pdu) -> &DeliverSm {
    let Body::DeliverSm(body) = &pdu.body else { panic!("{pdu:?}") };
    body
}

#[test]
fn a_submission_is_answered_recorded_shown_and_receipted() {
    let mut bench = Bench::faulty(Faults::default());
    let pdus = bench.submit(9);
    assert_eq!((pdus.len(), pdus[0].sequence_number), (2, 9));
    let id = answer(&pdus[0]).message_id.to_text().into_owned();
    let delivered = receipt(&pdus[1]);
    assert_eq!(delivered.tlvs.text(Tag::RECEIPTED_MESSAGE_ID).as_deref(), Some(id.as_str()));
    assert!(String::from_utf8_lossy(&delivered.short_message).ends_with("stat:DELIVRD err:000 text:Hello"));
    let entry = bench.carrier.ledger().entries().next().unwrap().clone();
    assert_eq!((entry.sequence, entry.message_id, &entry.user_data[..]), (9, id, &b"Hello"[..]));
    assert_eq!(bench.carrier.take_shown()[0].payload, b"Hello");
    assert_eq!(bench.carrier.pending_deliveries(), 1);
}

#[test]
fn only_an_answer_ends_a_delivery_and_a_lost_link_repeats_it() {
    let mut bench = Bench::faulty(Faults::default());
    let first = bench.submit(9).remove(1);
    bench.carrier.handle_closed(bench.id, bench.now);
    bench.id = bench.carrier.handle_connect(bench.now);
    bench.splitter = FrameSplitter::default();
    let bind = Bind { system_id: "shop1".into(), ..Bind::default() };
    bench.send(1, Body::Bind(bind));
    let again = bench.received().remove(1);
    assert_eq!(receipt(&again), receipt(&first));
    let mut octets = BytesMut::new();
    let resp = Body::DeliverSmResp(DeliverSmResp::default());
    Pdu::answer(CommandStatus::ROK, again.sequence_number, resp).encode(&mut octets).unwrap();
    bench.carrier.handle_bytes(bench.id, &octets, bench.now);
    assert_eq!(bench.carrier.pending_deliveries(), 0);
    assert_eq!(bench.carrier.ledger().counts.receipts_acknowledged, 1);
}

#[test]
fn a_delivery_that_cannot_be_taken_now_is_repeated_later() {
    let mut bench = Bench::faulty(Faults::default());
    let first = bench.submit(9).remove(1);
    let mut octets = BytesMut::new();
    let resp = Body::DeliverSmResp(DeliverSmResp::default());
    Pdu::answer(CommandStatus::RX_T_APPN, first.sequence_number, resp).encode(&mut octets).unwrap();
    bench.carrier.handle_bytes(bench.id, &octets, bench.now);
    assert!(bench.advance(Duration::from_secs(4)).is_empty());
    assert_eq!(receipt(&bench.advance(Duration::from_secs(1))[0]), receipt(&first));
}

#[test]
fn accounts_are_checked() {
    let accounts = [("shop1".to_owned(), "secret".to_owned())].into();
    let mut bench = Bench::new(CarrierSettings { accounts, ..CarrierSettings::default() });
    assert_eq!(bench.submit(2)[0].command_status, CommandStatus::RINVBNDSTS);
    assert_eq!(bench.bind("nobody", "secret"), CommandStatus::RINVSYSID);
    assert_eq!(bench.bind("shop1", "wrong"), CommandStatus::RINVPASWD);
    assert_eq!(bench.bind("shop1", "secret"), CommandStatus::ROK);
    assert_eq!(bench.bind("shop1", "secret"), CommandStatus::RALYBND);
}

#[test]
fn faults_of_the_answer() {
    let mut lost = Bench::faulty(Faults { answer_lost: 1000, receipt_lost: 1000, ..Faults::default() });
    assert!(lost.submit(2).is_empty());
    assert_eq!(lost.carrier.ledger().counts.taken, 1);

    let mut doubled = Bench::faulty(Faults { answer_doubled: 1000, receipt_lost: 1000, ..Faults::default() });
    assert_eq!(doubled.submit(2).len(), 2);

    let mut wrong = Bench::faulty(Faults { answer_wrong_sequence: 1000, receipt_lost: 1000, ..Faults::default() });
    assert_ne!(wrong.submit(2)[0].sequence_number, 2);

    let late_by = Duration::from_secs(90);
    let mut late = Bench::faulty(Faults { answer_late: 1000, late_by, receipt_lost: 1000, ..Faults::default() });
    assert!(late.submit(2).is_empty());
    assert_eq!(late.advance(late_by).len(), 1);

    let mut split = Bench::faulty(Faults::default());
    split.carrier.set_faults(Faults { split: true, ..Faults::default() });
    assert_eq!(split.submit(2).len(), 2, "the pieces make the whole");
}

#[test]
fn faults_of_the_receipt() {
    let mut early = Bench::faulty(Faults { receipt_early: 1000, ..Faults::default() });
    let pdus = early.submit(2);
    assert_eq!((receipt(&pdus[0]).esm_class, answer(&pdus[1]).message_id.is_empty()), (4, false));

    let mut doubled = Bench::faulty(Faults { receipt_doubled: 1000, ..Faults::default() });
    assert_eq!(doubled.submit(2).len(), 3);

    let receipt_late_by = Duration::from_secs(3600);
    let mut late = Bench::faulty(Faults { receipt_late: 1000, receipt_late_by, ..Faults::default() });
    assert_eq!(late.submit(2).len(), 1);
    assert_eq!(late.advance(receipt_late_by).len(), 1);
}

#[test]
fn too_fast_is_throttled_and_the_next_second_is_free() {
    let mut bench = Bench::faulty(Faults { rate_max: Some(2), receipt_lost: 1000, ..Faults::default() });
    let statuses: Vec<_> = (2..6).map(|sequence| bench.submit(sequence)[0].command_status).collect();
    assert_eq!(statuses[..2], [CommandStatus::ROK; 2]);
    assert_eq!(statuses[2..], [CommandStatus::RTHROTTLED; 2]);
    bench.advance(Duration::from_secs(1));
    assert!(bench.submit(9)[0].command_status.is_ok());
}

#[test]
fn links_are_dropped_as_told() {
    let mut after = Bench::faulty(Faults { drop_after_pdus: Some(3), receipt_lost: 1000, ..Faults::default() });
    assert_eq!(after.submit(2).len(), 1);
    assert!(after.submit(3).is_empty());
    assert_eq!(after.carrier.poll_close(), Some(after.id));

    let mut before = Bench::faulty(Faults { drop_before_answer: 1000, ..Faults::default() });
    assert!(before.submit(2).is_empty());
    assert_eq!((before.carrier.poll_close(), before.carrier.ledger().counts.taken), (Some(before.id), 1));
}

#[test]
fn silence_comes_in_two_kinds() {
    let mut mute =
        Bench::new(CarrierSettings { faults: Faults { mute: true, ..Faults::default() }, ..Default::default() });
    mute.send(1, Body::Bind(Bind::default()));
    assert!(mute.received().is_empty());

    let mut silent = Bench::faulty(Faults { bound_but_silent: true, ..Faults::default() });
    assert!(silent.submit(2).is_empty());
    silent.send(3, Body::EnquireLink);
    assert_eq!(silent.received()[0].body, Body::EnquireLinkResp);
}

#[test]
fn a_connection_that_never_binds_is_closed_and_a_quiet_one_is_asked() {
    let enquire_link = Some(Duration::from_secs(20));
    let mut bench = Bench::new(CarrierSettings { enquire_link, ..CarrierSettings::default() });
    let idle = bench.carrier.handle_connect(bench.now);
    bench.bind("shop1", "");
    assert_eq!(bench.advance(Duration::from_secs(20))[0].body, Body::EnquireLink);
    bench.send(2, Body::EnquireLink);
    bench.advance(Duration::from_secs(10));
    assert_eq!(bench.carrier.poll_close(), Some(idle));
}

#[test]
fn what_handsets_send_waits_for_a_receiver() {
    let mut bench = Bench::new(CarrierSettings::default());
    bench.carrier.inject("shop1", Inbound::text("821012345678", "15771234", 1, "STOP"), bench.now);
    assert_eq!(bench.carrier.pending_deliveries(), 1);
    bench.send(1, Body::Bind(Bind { system_id: "shop1".into(), ..Bind::default() }));
    let pdus = bench.received();
    assert_eq!((receipt(&pdus[1]).data_coding, receipt(&pdus[1]).short_message.len()), (8, 8));
}

#[test]
fn a_length_that_cannot_be_ends_the_connection_and_a_bad_body_does_not() {
    let mut bench = Bench::faulty(Faults::default());
    let mut octets = BytesMut::new();
    for field in [19u32, 4, 0, 77] {
        octets.extend_from_slice(&field.to_be_bytes());
    }
    octets.extend_from_slice(&[0, 1, 1]);
    bench.carrier.handle_bytes(bench.id, &octets, bench.now);
    let nack = bench.received().remove(0);
    assert_eq!((nack.sequence_number, nack.body), (77, Body::GenericNack));
    assert_eq!(bench.submit(3).len(), 2);
    bench.carrier.handle_bytes(bench.id, &[0xff; 16], bench.now);
    assert_eq!(bench.received()[0].command_status, CommandStatus::RINVCMDLEN);
    assert_eq!(bench.carrier.poll_close(), Some(bench.id));
}

#[test]
fn malformed_pdus_are_framed_and_one_seed_gives_one_run() {
    let run = || {
        let mut bench = Bench::faulty(Faults { malformed: 500, refuse: vec![(0x58, 200)], ..Faults::default() });
        (2..200).map(|sequence| bench.submit(sequence).len()).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
    assert!(run().iter().any(|pdus| *pdus != 2));
}

#[test]
fn the_payload_tlv_counts_when_there_is_no_short_message() {
    let mut bench = Bench::faulty(Faults::default());
    let mut tlvs = Tlvs::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &[7; 1000]).unwrap();
    bench.send(2, Body::SubmitSm(SubmitSm { short_message: Bytes::new(), tlvs, ..submit_sm() }));
    assert_eq!(bench.carrier.ledger().entries().next().unwrap().user_data.len(), 1000);
}
