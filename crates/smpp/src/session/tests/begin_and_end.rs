//! Bind, keep-alive, unbind and the timers of a session.

use super::*;

#[test]
fn a_bind_that_is_taken_makes_the_session_usable() {
    let mut bench = Bench::esme();
    assert_eq!(bench.submit(1), Err(SubmitError::NotBound));
    bench.session.bind(bench.now, profile().account.bind(BindKind::Transceiver)).unwrap();
    assert_eq!(bench.sent_commands(), [(CommandId::BIND_TRANSCEIVER, 1, CommandStatus::ROK)]);
    bench.answer(1, CommandStatus::ROK, Body::BindResp(bind_resp(BindKind::Transceiver)));
    let events = bench.events();
    assert!(
        matches!(&events[..], [SessionEvent::Bound { peer, interface_version: None, .. }] if peer == "carrier"),
        "{events:?}"
    );
    assert_eq!(bench.session.free(), 4);
}

#[test]
fn a_refused_bind_closes_with_the_carriers_status() {
    for by_nack in [false, true] {
        let mut bench = Bench::esme();
        bench.session.bind(bench.now, Bind::default()).unwrap();
        let refusal = if by_nack { Body::GenericNack } else { Body::BindResp(BindResp::default()) };
        bench.answer(1, CommandStatus::RINVPASWD, refusal);
        assert_eq!(close_reason(&bench.events()), Some(CloseReason::BindRefused(CommandStatus::RINVPASWD)));
        assert_eq!(bench.submit(1), Err(SubmitError::NotBound));
    }
}

#[test]
fn an_unanswered_bind_closes() {
    let mut bench = Bench::esme();
    bench.session.bind(bench.now, Bind::default()).unwrap();
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + Timers::default().bind_response));
    bench.wait(Timers::default().bind_response);
    assert_eq!(close_reason(&bench.events()), Some(CloseReason::BindUnanswered));
}

#[test]
fn an_smsc_waits_for_a_bind_only_so_long() {
    let mut bench = Bench::new(SessionSettings::smsc());
    bench.wait(Timers::default().session_init);
    assert_eq!(close_reason(&bench.events()), Some(CloseReason::SessionInit));
}

#[test]
fn an_smsc_answers_enquire_link_before_the_bind_and_refuses_messages() {
    let mut bench = Bench::new(SessionSettings::smsc());
    bench.request(5, Body::EnquireLink);
    bench.request(6, submit_sm());
    assert_eq!(
        bench.sent_commands(),
        [
            (CommandId::ENQUIRE_LINK_RESP, 5, CommandStatus::ROK),
            (CommandId::SUBMIT_SM_RESP, 6, CommandStatus::RINVBNDSTS)
        ]
    );
}

#[test]
fn a_second_bind_is_refused_and_a_refused_one_may_be_repeated() {
    let mut bench = Bench::new(SessionSettings::smsc());
    bench.request(1, Body::Bind(Bind::default()));
    assert!(bench.session.refuse_bind(CommandStatus::RINVPASWD));
    bench.request(2, Body::Bind(Bind::default()));
    assert!(bench.session.accept_bind(bench.now, "smsc"));
    assert!(!bench.session.accept_bind(bench.now, "smsc"), "no bind waits any more");
    bench.request(3, Body::Bind(Bind::default()));
    let statuses: Vec<_> = bench.sent_commands().into_iter().map(|(_, _, status)| status).collect();
    assert_eq!(statuses, [CommandStatus::RINVPASWD, CommandStatus::ROK, CommandStatus::RALYBND]);
}

#[test]
fn an_outbind_is_reported_and_the_bind_that_follows_works() {
    let mut smsc = Bench::new(SessionSettings::smsc());
    smsc.session.notify(Body::Outbind(crate::pdu::Outbind::default())).unwrap();
    let outbind = smsc.sent().remove(0);
    let mut esme = Bench::esme();
    esme.receive(&outbind);
    assert!(matches!(esme.events()[..], [SessionEvent::Outbind(_)]));
    assert!(esme.session.bind(esme.now, Bind { kind: BindKind::Receiver, ..Bind::default() }).is_ok());
}

#[test]
fn silence_is_asked_about_and_twice_unanswered_it_closes() {
    let mut bench = Bench::bound();
    let timers = Timers::default();
    bench.wait(timers.enquire_link);
    assert_eq!(bench.sent_commands(), [(CommandId::ENQUIRE_LINK, 2, CommandStatus::ROK)]);
    bench.wait(timers.enquire_link_response);
    assert_eq!(bench.sent_commands(), [(CommandId::ENQUIRE_LINK, 3, CommandStatus::ROK)]);
    bench.wait(timers.enquire_link_response);
    assert_eq!(close_reason(&bench.events()), Some(CloseReason::PeerSilent));
}

#[test]
fn any_pdu_proves_the_peer_alive() {
    let mut bench = Bench::bound();
    let timers = Timers::default();
    bench.wait(timers.enquire_link);
    bench.request(9, Body::EnquireLink);
    bench.sent();
    bench.wait(timers.enquire_link_response * 2);
    assert_eq!(close_reason(&bench.events()), None);
    assert!(bench.sent().is_empty());
}

#[test]
fn unbinding_waits_for_answers_first() {
    let mut bench = Bench::bound();
    let sequence = bench.submit(1).unwrap();
    bench.sent();
    bench.session.unbind(bench.now);
    assert!(bench.sent().is_empty(), "an answer is outstanding");
    assert_eq!(bench.submit(2), Err(SubmitError::NotBound));
    bench.answer(sequence, CommandStatus::ROK, submit_sm_resp("a"));
    assert_eq!(bench.sent_commands(), [(CommandId::UNBIND, 3, CommandStatus::ROK)]);
    assert_eq!(close_reason(&bench.events()), None);
    bench.answer(3, CommandStatus::ROK, Body::UnbindResp);
    assert_eq!(close_reason(&bench.events()), Some(CloseReason::Unbound));
    bench.session.handle_disconnect(0);
    assert_eq!(bench.events(), [SessionEvent::Closed(CloseReason::Unbound)]);
    assert_eq!(bench.session.poll_timeout(), None);
}

#[test]
fn unbinding_does_not_wait_for_ever() {
    let mut bench = Bench::bound();
    bench.submit(1).unwrap();
    bench.session.unbind(bench.now);
    bench.sent();
    bench.wait(Timers::default().response);
    assert_eq!(outcomes(&bench.events()), [(1, Outcome::TimedOut)]);
    assert_eq!(bench.sent_commands().last().map(|sent| sent.0), Some(CommandId::UNBIND));
    bench.wait(Timers::default().unbind);
    assert_eq!(close_reason(&bench.events()), Some(CloseReason::Unbound));
}

#[test]
fn the_peers_unbind_is_answered_once_our_requests_are_settled() {
    let mut bench = Bench::bound();
    let sequence = bench.submit(1).unwrap();
    bench.sent();
    bench.request(50, Body::Unbind);
    assert!(bench.sent().is_empty());
    assert_eq!(bench.submit(2), Err(SubmitError::NotBound));
    bench.answer(sequence, CommandStatus::ROK, submit_sm_resp("a"));
    assert_eq!(bench.sent_commands(), [(CommandId::UNBIND_RESP, 50, CommandStatus::ROK)]);
    let events = bench.events();
    assert_eq!(outcomes(&events).len(), 1);
    assert_eq!(close_reason(&events), Some(CloseReason::PeerUnbound));
}

#[test]
fn both_sides_may_unbind_at_once() {
    let mut bench = Bench::bound();
    bench.session.unbind(bench.now);
    bench.request(50, Body::Unbind);
    assert_eq!(
        bench.sent_commands(),
        [(CommandId::UNBIND, 2, CommandStatus::ROK), (CommandId::UNBIND_RESP, 50, CommandStatus::ROK)]
    );
    bench.answer(2, CommandStatus::ROK, Body::UnbindResp);
    assert_eq!(close_reason(&bench.events()), Some(CloseReason::Unbound));
}

#[test]
fn a_session_without_messages_is_unbound() {
    let mut bench = Bench::bound();
    for _ in 0..29 {
        bench.wait(Duration::from_secs(10));
        bench.request(9, Body::EnquireLink);
    }
    assert_eq!(bench.sent_commands().last().map(|sent| sent.0), Some(CommandId::ENQUIRE_LINK_RESP));
    bench.wait(Duration::from_secs(10));
    assert_eq!(bench.sent_commands().last().map(|sent| sent.0), Some(CommandId::UNBIND));
    bench.wait(Timers::default().unbind);
    assert_eq!(close_reason(&bench.events()), Some(CloseReason::Inactive));
}
