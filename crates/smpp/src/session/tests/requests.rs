//! Our requests and their answers, the peer's requests and ours.

use super::*;
use crate::session::{EXPIRED_MAX, PROOF_WAIT, SEQUENCE_MAX, STALL_MAX};

#[test]
fn the_window_bounds_what_waits() {
    let mut bench = Bench::bound();
    for token in 0..4 {
        bench.submit(token).unwrap();
    }
    assert_eq!(bench.submit(4), Err(SubmitError::WindowFull));
    bench.answer(2, CommandStatus::ROK, submit_sm_resp("a"));
    assert_eq!(bench.session.free(), 1);
    assert!(bench.submit(4).is_ok());
    assert_eq!(bench.sent().len(), 5, "a refused submit sends nothing");
}

#[test]
fn an_answer_names_its_request_and_how_long_it_took() {
    let mut bench = Bench::bound();
    let sequence = bench.submit(77).unwrap();
    bench.wait(Duration::from_millis(40));
    bench.answer(sequence, CommandStatus::ROK, submit_sm_resp("abc"));
    let expected =
        Outcome::Answered { status: CommandStatus::ROK, body: submit_sm_resp("abc"), rtt: Duration::from_millis(40) };
    assert_eq!(outcomes(&bench.events()), [(77, expected)]);
}

#[test]
fn a_late_answer_is_reported_as_late_and_a_second_one_as_doubled() {
    let mut bench = Bench::bound();
    let sequence = bench.submit(1).unwrap();
    bench.wait(Timers::default().response);
    assert_eq!(outcomes(&bench.events()), [(1, Outcome::TimedOut)]);
    assert_eq!(bench.session.timeouts_in_a_row(), 1);
    assert_eq!(bench.session.free(), 4, "a late request does not hold a place");
    bench.answer(sequence, CommandStatus::ROK, submit_sm_resp("late"));
    let events = bench.events();
    assert!(
        matches!(&events[..], [SessionEvent::Late { token: 1, body, .. }] if *body == submit_sm_resp("late")),
        "{events:?}"
    );
    assert_eq!(bench.session.timeouts_in_a_row(), 0);
    bench.answer(sequence, CommandStatus::ROK, submit_sm_resp("late"));
    assert_eq!(notes(bench.events()), [Note::DoubledAnswer { command: CommandId::SUBMIT_SM_RESP, sequence }]);
}

#[test]
fn an_answer_to_nothing_is_noted_and_does_no_harm() {
    let mut bench = Bench::bound();
    bench.answer(4711, CommandStatus::ROK, submit_sm_resp("x"));
    bench.answer(0, CommandStatus::RSYSERR, Body::GenericNack);
    assert_eq!(
        notes(bench.events()),
        [
            Note::UnknownAnswer { command: CommandId::SUBMIT_SM_RESP, sequence: 4711 },
            Note::UnknownAnswer { command: CommandId::GENERIC_NACK, sequence: 0 }
        ]
    );
    assert!(bench.submit(1).is_ok());
}

#[test]
fn an_answer_of_another_command_is_not_taken_for_the_requests() {
    let mut bench = Bench::bound();
    let sequence = bench.submit(1).unwrap();
    bench.answer(sequence, CommandStatus::ROK, data_sm_resp());
    let events = bench.events();
    assert_eq!(outcomes(&events), []);
    assert_eq!(notes(events).len(), 1);
}

#[test]
fn a_nack_with_a_known_number_ends_that_request() {
    let mut bench = Bench::bound();
    let sequence = bench.submit(1).unwrap();
    bench.answer(sequence, CommandStatus::RINVCMDID, Body::GenericNack);
    let events = outcomes(&bench.events());
    assert!(
        matches!(
            events[..],
            [(1, Outcome::Answered { status: CommandStatus::RINVCMDID, body: Body::GenericNack, .. })]
        ),
        "{events:?}"
    );
}

#[test]
fn numbers_wrap_and_answers_still_match() {
    let mut bench =
        Bench::bound_with(SessionSettings { first_sequence: SEQUENCE_MAX - 1, ..SessionSettings::esme(&profile()) });
    assert_eq!(bench.submit(1), Ok(SEQUENCE_MAX));
    assert_eq!(bench.submit(2), Ok(1));
    bench.answer(1, CommandStatus::ROK, submit_sm_resp("b"));
    bench.answer(SEQUENCE_MAX, CommandStatus::ROK, submit_sm_resp("a"));
    assert_eq!(outcomes(&bench.events()).iter().map(|(token, _)| *token).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_lost_connection_tells_sent_from_not_sent() {
    let mut bench = Bench::bound();
    bench.submit(1).unwrap();
    let first = bench.session.poll_transmit().unwrap();
    bench.submit(2).unwrap();
    let second = bench.session.poll_transmit().unwrap();
    assert_eq!(first.len(), second.len());
    bench.submit(3).unwrap();
    // The kernel took all but the last octet of the second request; the third was never fetched.
    bench.session.handle_disconnect(1);
    let expected: Vec<_> =
        [(1, true), (2, false), (3, false)].map(|(token, sent)| (token, Outcome::ConnectionLost { sent })).into();
    let events = bench.events();
    assert_eq!(outcomes(&events), expected);
    assert_eq!(events.last(), Some(&SessionEvent::Closed(CloseReason::Disconnected)));
    assert_eq!(bench.submit(4), Err(SubmitError::NotBound));
    bench.session.handle_disconnect(0);
    assert!(bench.events().is_empty(), "every outcome comes once");
}

#[test]
fn a_request_of_the_peer_is_answered_once() {
    let mut bench = Bench::bound();
    bench.request(100, deliver_sm());
    bench.request(0xffff_ffff, data_sm());
    let events = bench.events();
    assert!(
        matches!(events[..], [SessionEvent::Request { sequence: 100, .. }, SessionEvent::Request { .. }]),
        "{events:?}"
    );
    assert!(bench.session.respond(bench.now, 100, CommandStatus::ROK, deliver_sm_resp()));
    assert!(!bench.session.respond(bench.now, 100, CommandStatus::ROK, deliver_sm_resp()), "answered already");
    assert!(!bench.session.respond(bench.now, 0xffff_ffff, CommandStatus::ROK, deliver_sm_resp()), "was a data_sm");
    assert!(bench.session.respond(bench.now, 0xffff_ffff, CommandStatus::RX_T_APPN, data_sm_resp()));
    assert_eq!(
        bench.sent_commands(),
        [
            (CommandId::DELIVER_SM_RESP, 100, CommandStatus::ROK),
            (CommandId::DATA_SM_RESP, 0xffff_ffff, CommandStatus::RX_T_APPN)
        ]
    );
}

#[test]
fn a_flood_is_held_back_first_and_refused_when_we_stay_stuck() {
    let mut bench = Bench::bound();
    for sequence in 1..=4 {
        bench.request(sequence, deliver_sm());
    }
    assert_eq!(bench.events().len(), 3);
    assert!(!bench.session.wants_read(bench.now));
    assert!(bench.session.respond(bench.now, 1, CommandStatus::ROK, deliver_sm_resp()));
    assert!(matches!(bench.events()[..], [SessionEvent::Request { sequence: 4, .. }]), "read from what was held");
    bench.sent();
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + PROOF_WAIT), "did the answer arrive?");
    bench.wait(PROOF_WAIT);
    assert_eq!(bench.sent_commands(), [(CommandId::ENQUIRE_LINK, 2, CommandStatus::ROK)]);
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + STALL_MAX - PROOF_WAIT));
    bench.wait(STALL_MAX - PROOF_WAIT);
    assert!(bench.session.wants_read(bench.now));
    bench.request(5, deliver_sm());
    bench.request(6, Body::EnquireLink);
    assert_eq!(
        bench.sent_commands(),
        [
            (CommandId::DELIVER_SM_RESP, 5, CommandStatus::RX_T_APPN),
            (CommandId::ENQUIRE_LINK_RESP, 6, CommandStatus::ROK)
        ]
    );
}

#[test]
fn an_smsc_refuses_submits_on_a_receiver_and_takes_them_on_a_transmitter() {
    let mut bench = Bench::smsc(BindKind::Receiver);
    bench.request(2, submit_sm());
    assert_eq!(bench.sent_commands(), [(CommandId::SUBMIT_SM_RESP, 2, CommandStatus::RINVBNDSTS)]);
    assert!(bench.session.submit(bench.now, deliver_sm(), 1).is_ok());
    let mut bench = Bench::smsc(BindKind::Transmitter);
    bench.request(2, submit_sm());
    assert!(matches!(bench.events()[..], [SessionEvent::Request { sequence: 2, .. }]));
    assert_eq!(
        bench.session.submit(bench.now, deliver_sm(), 1),
        Err(SubmitError::WrongDirection(CommandId::DELIVER_SM))
    );
}

#[test]
fn a_pdu_that_breaks_the_specification_is_not_sent() {
    let mut bench = Bench::bound();
    let body = Body::SubmitSm(SubmitSm { short_message: vec![0; 255].into(), ..SubmitSm::default() });
    assert!(matches!(bench.session.submit(bench.now, body, 1), Err(SubmitError::Encode(_))));
    assert!(bench.sent().is_empty());
    assert_eq!(bench.session.outstanding(), 0);
    assert_eq!(bench.submit(2), Ok(2), "no number was used up");
}

#[test]
fn memory_of_late_requests_ends_somewhere() {
    let settings = SessionSettings { window: EXPIRED_MAX + 1, ..SessionSettings::esme(&profile()) };
    let mut bench = Bench::bound_with(settings);
    let first = bench.submit(0).unwrap();
    for token in 1..=u64::try_from(EXPIRED_MAX).unwrap() {
        bench.submit(token).unwrap();
    }
    bench.wait(Timers::default().response);
    bench.events();
    bench.answer(first, CommandStatus::ROK, submit_sm_resp("x"));
    assert_eq!(notes(bench.events()), [Note::DoubledAnswer { command: CommandId::SUBMIT_SM_RESP, sequence: first }]);
}

/// What became known of our answers: the last before them, the last of them, whether they were read.
fn known(events: &[SessionEvent<u64>]) -> Vec<(u64, u64, bool)> {
    let known = |event: &SessionEvent<u64>| {
        let SessionEvent::Answers(known) = event else { return None };
        Some((known.after, known.up_to, known.read))
    };
    events.iter().filter_map(known).collect()
}

#[test]
fn an_answer_is_known_as_read_once_the_peer_answers_what_left_behind_it() {
    let mut bench = Bench::bound();
    let before = bench.submit(1).unwrap();
    bench.request(100, deliver_sm());
    bench.request(101, deliver_sm());
    assert!(bench.session.respond(bench.now, 101, CommandStatus::ROK, deliver_sm_resp()));
    let between = bench.submit(2).unwrap();
    assert!(bench.session.respond(bench.now, 100, CommandStatus::ROK, deliver_sm_resp()));
    let behind = bench.submit(3).unwrap();
    bench.events();
    for (sequence, expected) in [(before, vec![]), (between, vec![]), (behind, vec![(0, 2, true)])] {
        bench.answer(sequence, CommandStatus::ROK, submit_sm_resp("id"));
        assert_eq!(known(&bench.events()), expected, "{sequence}");
    }
}

#[test]
fn a_busy_receiver_is_asked_whether_it_reads() {
    let mut bench = Bench::bound();
    bench.request(100, deliver_sm());
    assert!(bench.session.respond(bench.now, 100, CommandStatus::ROK, deliver_sm_resp()));
    bench.sent();
    bench.wait(PROOF_WAIT);
    assert_eq!(bench.sent_commands(), [(CommandId::ENQUIRE_LINK, 2, CommandStatus::ROK)]);
    bench.request(101, deliver_sm());
    assert!(bench.session.respond(bench.now, 101, CommandStatus::ROK, deliver_sm_resp()));
    bench.events();
    bench.answer(2, CommandStatus::ROK, Body::EnquireLinkResp);
    assert_eq!(known(&bench.events()), [(0, 1, true)], "the second answer left behind the question");
}

#[test]
fn an_orderly_end_proves_what_was_answered_and_a_break_proves_nothing() {
    for (orderly, expected) in [(true, vec![(0, 1, true)]), (false, vec![])] {
        let mut bench = Bench::bound();
        bench.request(100, deliver_sm());
        assert!(bench.session.respond(bench.now, 100, CommandStatus::ROK, deliver_sm_resp()));
        if orderly {
            bench.request(101, Body::Unbind);
        }
        bench.sent();
        bench.session.handle_disconnect(0);
        assert_eq!(known(&bench.events()), expected);
        let mut bench = Bench::bound();
        bench.request(100, deliver_sm());
        assert!(bench.session.respond(bench.now, 100, CommandStatus::ROK, deliver_sm_resp()));
        bench.session.unbind(bench.now);
        bench.sent();
        if orderly {
            bench.answer(2, CommandStatus::ROK, Body::UnbindResp);
        }
        bench.session.handle_disconnect(0);
        assert_eq!(known(&bench.events()), expected);
    }
}

#[test]
fn a_peer_that_hung_has_not_read_what_came_before_its_first_missing_answer() {
    let mut bench = Bench::bound();
    bench.request(100, deliver_sm());
    assert!(bench.session.respond(bench.now, 100, CommandStatus::ROK, deliver_sm_resp()));
    bench.wait(PROOF_WAIT);
    bench.wait(Timers::default().enquire_link);
    assert_eq!(bench.sent_commands().len(), 3, "the answer, and two questions");
    bench.events();
    bench.answer(3, CommandStatus::ROK, Body::EnquireLinkResp);
    assert_eq!(known(&bench.events()), [(0, 1, false)]);
}
