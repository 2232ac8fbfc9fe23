//! Octets that are no PDUs, or wrong ones.

use super::*;
use crate::FrameError;

/// A small generator (xorshift), so that a failing run can be repeated.
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % below
    }
}

pub(super) fn every_kind() -> Vec<Pdu> {
    let mut tlvs = crate::pdu::Tlvs::new();
    tlvs.push_c_octets(crate::Tag::RECEIPTED_MESSAGE_ID, "42").unwrap();
    tlvs.push_u8(crate::Tag::MESSAGE_STATE, 2);
    let receipt = Body::DeliverSm(DeliverSm { esm_class: 4, tlvs, ..DeliverSm::default() });
    let bodies = [
        Body::EnquireLink,
        Body::Unbind,
        Body::Bind(Bind::default()),
        Body::Outbind(crate::pdu::Outbind::default()),
        submit_sm(),
        deliver_sm(),
        receipt,
        data_sm(),
        Body::SubmitMulti(crate::pdu::SubmitMulti::default()),
        Body::QuerySm(crate::pdu::QuerySm::default()),
        Body::AlertNotification(crate::pdu::AlertNotification::default()),
        Body::Unknown { command_id: CommandId(0x0100_0001), octets: Bytes::from_static(b"vendor") },
    ];
    let answers = [
        Body::EnquireLinkResp,
        Body::GenericNack,
        submit_sm_resp("abc"),
        deliver_sm_resp(),
        data_sm_resp(),
        Body::BindResp(bind_resp(BindKind::Transceiver)),
    ];
    let requests = bodies.into_iter().map(|body| Pdu::request(2, body));
    requests.chain(answers.into_iter().map(|body| Pdu::answer(CommandStatus::ROK, 2, body))).collect()
}

#[test]
fn a_malformed_request_is_answered_by_its_number_and_the_session_goes_on() {
    let mut bench = Bench::bound();
    // A deliver_sm that ends in the middle of its mandatory fields.
    let frame = [&[0, 0, 0, 18, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9][..], b"CM"].concat();
    bench.session.handle_bytes(bench.now, &frame);
    assert_eq!(bench.sent_commands(), [(CommandId::DELIVER_SM_RESP, 9, CommandStatus::RINVCMDLEN)]);
    assert!(matches!(notes(bench.events())[..], [Note::Malformed(_)]));
    assert!(bench.submit(1).is_ok());
}

#[test]
fn an_unknown_command_gets_a_nack_and_so_does_an_answer_to_what_was_never_asked() {
    let mut bench = Bench::bound();
    for (sequence, command_id) in
        [(9, CommandId(0x0100_0001)), (10, CommandId(0x8100_0001)), (1, CommandId(0x8100_0001))]
    {
        bench.request(sequence, Body::Unknown { command_id, octets: Bytes::new() });
    }
    let nack = |sequence| (CommandId::GENERIC_NACK, sequence, CommandStatus::RINVCMDID);
    assert_eq!(bench.sent_commands(), [nack(9), nack(10)], "number 1 was ours: an answer that came twice");
    assert_eq!(notes(bench.events()).len(), 3);
}

#[test]
fn a_request_of_the_wrong_role_is_refused() {
    let mut bench = Bench::bound();
    bench.request(9, submit_sm());
    bench.request(10, Body::Bind(Bind::default()));
    assert_eq!(
        bench.sent_commands(),
        [
            (CommandId::SUBMIT_SM_RESP, 9, CommandStatus::RINVCMDID),
            (CommandId::BIND_TRANSCEIVER_RESP, 10, CommandStatus::RINVCMDID)
        ]
    );
}

#[test]
fn an_impossible_length_gets_a_nack_and_the_close() {
    for length in [0_u32, 15, 0x0100_0000] {
        let mut bench = Bench::bound();
        bench.submit(1).unwrap();
        bench.sent();
        let mut frame = [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9];
        frame[..4].copy_from_slice(&length.to_be_bytes());
        bench.session.handle_bytes(bench.now, &frame);
        assert_eq!(bench.sent_commands(), [(CommandId::GENERIC_NACK, 9, CommandStatus::RINVCMDLEN)]);
        let events = bench.events();
        assert!(
            matches!(
                close_reason(&events),
                Some(CloseReason::BrokenStream(FrameError { command_length, .. })) if command_length == length
            ),
            "{events:?}"
        );
        assert!(!bench.session.wants_read(bench.now));
        bench.session.handle_disconnect(0);
        assert_eq!(outcomes(&bench.events()), [(1, Outcome::ConnectionLost { sent: true })]);
    }
}

#[test]
fn a_peer_that_does_not_read_cannot_fill_the_memory() {
    let mut bench = Bench::bound();
    let mut octets = BytesMut::new();
    for _ in 0..4096 {
        Pdu::request(1, Body::EnquireLink).encode(&mut octets).unwrap();
    }
    let mut rounds = 0;
    while bench.session.wants_read(bench.now) {
        bench.session.handle_bytes(bench.now, &octets);
        rounds += 1;
    }
    assert!(rounds <= 17, "{rounds} rounds of 64 KiB before a MiB waits");
    while close_reason(&bench.events()).is_none() {
        bench.session.handle_bytes(bench.now, &octets);
        rounds += 1;
        assert!(rounds < 1_000, "an owner that goes on reading nevertheless");
    }
}

#[test]
fn a_hundred_thousand_mutations_end_in_an_answer_or_a_clean_close() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let frames: Vec<BytesMut> = every_kind()
        .iter()
        .map(|pdu| {
            let mut octets = BytesMut::new();
            pdu.encode(&mut octets).unwrap();
            octets
        })
        .collect();
    // With long PDUs allowed, one bad length would swallow the next thousand mutations as its body.
    let settings = || SessionSettings { frame_octets_max: 200, ..SessionSettings::esme(&profile()) };
    let mut closed = 0;
    let mut bench = Bench::bound_with(settings());
    for round in 0..100_000 {
        if bench.session.is_closed() {
            bench = if dice.roll(2) == 0 {
                Bench::bound_with(settings())
            } else {
                Bench::smsc_with(
                    BindKind::Transceiver,
                    SessionSettings { frame_octets_max: 200, ..SessionSettings::smsc() },
                )
            };
        }
        let mut frame = frames[dice.roll(frames.len())].to_vec();
        mutate(&mut frame, &mut dice);
        let _full = bench.submit(round);
        bench.session.handle_bytes(bench.now, &frame);
        bench.wait(Duration::from_millis(100));
        let events = bench.events();
        for event in &events {
            if let SessionEvent::Request { sequence, body, .. } = event {
                let command_id = body.command_id().response();
                let bare = Body::Unknown { command_id, octets: Bytes::new() };
                // A session that ends has answered what waited.
                let waits = bench.session.respond(bench.now, *sequence, CommandStatus::RSYSERR, bare);
                assert!(waits || close_reason(&events).is_some());
            }
        }
        bench.sent();
        if close_reason(&events).is_some() {
            bench.session.handle_disconnect(0);
            assert!(matches!(bench.events().last(), Some(SessionEvent::Closed(_))));
            closed += 1;
        }
    }
    assert!(closed > 1_000, "lengths were hit too: {closed}");
}

/// Changes one to four octets, cuts, or repeats; in three of four cases the length is made right again.
fn mutate(frame: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(frame.len());
        match dice.roll(4) {
            0 => frame[at] ^= 1 << dice.roll(8),
            1 => frame[at] = u8::try_from(dice.roll(256)).unwrap(),
            2 if frame.len() > 17 => frame.truncate(at.max(16)),
            _ => frame.insert(at, u8::try_from(dice.roll(256)).unwrap()),
        }
    }
    if dice.roll(4) != 0 {
        let length = u32::try_from(frame.len()).unwrap();
        frame[..4].copy_from_slice(&length.to_be_bytes());
    }
}
