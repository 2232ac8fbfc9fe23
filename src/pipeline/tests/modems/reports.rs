//! Status reports by reference: wraps, restarts, early and late ones, and doubts that they settle.

use super::*;

/// A report for `to` with this reference over the modem, done at `done_at`.
fn report(sim: &str, reference: u8, to: &str, state: State, done_at: Option<Timestamp>) -> LinkEvent {
    let receipt = Receipt {
        ids: CarrierMessageId::new(&format!("{sim}:{reference}")).into_iter().collect(),
        state,
        unread: Vec::new(),
        raw_state: "00".to_owned(),
        error: String::new(),
        source: Some(Sender::from_network(to)),
        destination: None,
        done_at,
    };
    LinkEvent::Receipt { receipt, ack: None }
}

/// Posts to `to`, leases over `one` and takes the answer with this reference.
fn sent(sticks: &mut Sticks, to: &str, reference: u8) -> MessageId {
    let id = sticks.post_to(to, "x");
    assert_eq!(taken(&sticks.dispatch(&[("one", A, 9)])), [("one".to_owned(), id)]);
    sticks.accepted("one", id, &format!("{A}:{reference}"));
    id
}

#[test]
fn references_come_round_and_times_tell_the_sends_apart() {
    let mut sticks = Sticks::free();
    let old = sent(&mut sticks, &number(1), 17);
    let other = sent(&mut sticks, &number(2), 17);
    sticks.gateway.pass(HOUR * 5);
    let new = sent(&mut sticks, &number(1), 17);
    sticks.gateway.pass(HOUR);
    let now = sticks.gateway.now;
    sticks.event("one", report(A, 17, &number(1), State::Delivered, Some(now)));
    assert_eq!(sticks.gateway.state(new), State::Delivered);
    assert_eq!(sticks.gateway.state(old), State::Sent);
    sticks.event("one", report(A, 17, &number(1), State::Delivered, Some(now)));
    assert_eq!(sticks.gateway.state(old), State::Sent, "the report came twice");
    assert_eq!(sticks.gateway.state(other), State::Sent, "another handset");
    sticks.event("one", report(B, 17, &number(2), State::Delivered, Some(now)));
    assert_eq!(sticks.gateway.state(other), State::Sent, "another SIM");
}

#[test]
fn a_report_that_comes_before_its_result_waits_for_it() {
    let mut sticks = Sticks::free();
    let id = sticks.post_to(&number(1), "x");
    sticks.dispatch(&[("one", A, 9)]);
    sticks.gateway.pass(SECOND);
    let now = sticks.gateway.now;
    sticks.event("one", report(A, 3, &number(1), State::Delivered, Some(now)));
    assert_eq!(sticks.gateway.state(id), State::Leased);
    sticks.accepted("one", id, &format!("{A}:3"));
    assert_eq!(sticks.gateway.state(id), State::Delivered);
}

#[test]
fn a_report_that_nobody_knew_is_not_taken_for_a_later_send_with_its_reference() {
    let mut sticks = Sticks::free();
    let now = sticks.gateway.now;
    sticks.event("one", report(A, 3, &number(1), State::Delivered, Some(now)));
    sticks.gateway.pass(SECOND * 60);
    let id = sent(&mut sticks, &number(1), 3);
    assert_eq!(sticks.gateway.state(id), State::Sent);
}

#[test]
fn a_network_that_still_tries_settles_nothing_for_good() {
    let mut sticks = Sticks::free();
    let id = sent(&mut sticks, &number(1), 4);
    sticks.event("one", report(A, 4, &number(1), State::Sent, None));
    assert_eq!(sticks.gateway.state(id), State::Sent);
    sticks.gateway.pass(HOUR);
    sticks.event("one", report(A, 4, &number(1), State::Undelivered, None));
    assert_eq!(sticks.gateway.state(id), State::Undelivered);
    sticks.event("one", report(A, 4, &number(1), State::Delivered, None));
    assert_eq!(sticks.gateway.state(id), State::Delivered, "a late delivery counts");
    sticks.event("one", report(A, 4, &number(1), State::Undelivered, None));
    assert_eq!(sticks.gateway.state(id), State::Delivered);
}

#[test]
fn a_report_with_an_unknown_reference_settles_the_one_doubt_that_it_can_be_about() {
    for crash in [false, true] {
        let mut sticks = Sticks::free();
        let id = sticks.post_to(&number(1), "x");
        sticks.dispatch(&[("one", A, 9)]);
        if crash {
            sticks.restart();
            assert_eq!(sticks.gateway.turn(recover), 1);
        } else {
            sticks.outcome("one", id, 1, 0, lost());
        }
        sticks.gateway.pass(SECOND * 20);
        let now = sticks.gateway.now;
        sticks.event("one", report(A, 9, &number(2), State::Delivered, Some(now)));
        sticks.event("two", report(B, 9, &number(1), State::Delivered, Some(now)));
        assert_eq!(sticks.gateway.state(id), State::Queued, "another handset, another SIM");
        sticks.event("one", report(A, 9, &number(1), State::Sent, None));
        assert_eq!(sticks.gateway.state(id), State::Sent, "the network has it, so it is not sent again");
        sticks.event("one", report(A, 9, &number(1), State::Delivered, Some(now)));
        assert_eq!(sticks.gateway.state(id), State::Delivered);
        assert!(sticks.dispatch(&[("one", A, 9)]).submissions.is_empty());
    }
}

#[test]
fn a_report_that_came_while_the_result_was_awaited_settles_the_doubt() {
    for crash in [false, true] {
        let mut sticks = Sticks::free();
        let id = sticks.post_to(&number(1), "x");
        sticks.dispatch(&[("one", A, 9)]);
        sticks.gateway.pass(SECOND * 20);
        let now = sticks.gateway.now;
        sticks.event("one", report(A, 9, &number(1), State::Delivered, Some(now)));
        if crash {
            sticks.gateway.turn(recover);
        } else {
            sticks.outcome("one", id, 1, 0, lost());
        }
        assert_eq!(sticks.gateway.state(id), State::Delivered);
    }
}

#[test]
fn a_report_from_early_in_a_long_lease_counts_after_the_lease_was_given_up() {
    let mut sticks = Sticks::free();
    let new = NewMessage { class: Class::Marketing, ..NewMessage::text(number(1).parse().unwrap(), "x".repeat(400)) };
    let id = sticks.gateway.post(new);
    sticks.dispatch(&[("one", A, 9)]);
    sticks.accepted("one", id, &format!("{A}:1"));
    sticks.gateway.pass(SECOND * 60);
    let now = sticks.gateway.now;
    sticks.event("one", report(A, 2, &number(1), State::Delivered, Some(now)));
    sticks.gateway.pass(lease_max(3, true));
    sticks.gateway.turn(sweep);
    assert_eq!(sticks.gateway.state(id), State::Uncertain, "nobody heard of two of its parts");
    let now = sticks.gateway.now;
    sticks.event("one", report(A, 1, &number(1), State::Delivered, Some(now)));
    sticks.event("one", report(A, 3, &number(1), State::Delivered, Some(now)));
    assert_eq!(sticks.gateway.state(id), State::Delivered);
}

#[test]
fn two_doubts_for_one_handset_are_left_to_a_person() {
    let mut sticks = Sticks::free();
    let marketing = |sticks: &mut Sticks| {
        let new = NewMessage { class: Class::Marketing, ..NewMessage::text(number(1).parse().unwrap(), "sale") };
        let id = sticks.gateway.post(new);
        sticks.dispatch(&[("one", A, 9)]);
        sticks.outcome("one", id, 1, 0, lost());
        id
    };
    let (first, second) = (marketing(&mut sticks), marketing(&mut sticks));
    sticks.event("one", report(A, 9, &number(1), State::Delivered, None));
    assert_eq!((sticks.gateway.state(first), sticks.gateway.state(second)), (State::Uncertain, State::Uncertain));
}

#[test]
fn each_part_in_doubt_gets_a_report_of_its_own() {
    let mut sticks = Sticks::free();
    let id = sticks.post_to(&number(1), &long_korean());
    sticks.dispatch(&[("one", A, 9)]);
    for index in 0..3 {
        sticks.outcome("one", id, 1, index, lost());
    }
    for reference in [254, 255, 0] {
        assert_ne!(sticks.gateway.state(id), State::Delivered);
        sticks.event("one", report(A, reference, &number(1), State::Delivered, None));
    }
    assert_eq!(sticks.gateway.state(id), State::Delivered);
}

#[test]
fn a_carriers_receipt_with_an_unknown_id_settles_a_held_doubt_unless_it_may_be_anothers() {
    let mut gateway = Gateway::new();
    let held = gateway
        .post(NewMessage { class: Class::Marketing, ..NewMessage::text("+821012345678".parse().unwrap(), "sale") });
    gateway.dispatch();
    gateway.outcome(held, 1, 0, lost());
    assert_eq!(gateway.state(held), State::Uncertain);
    let other = gateway.post_text("next");
    gateway.dispatch();
    gateway.receipt("7000077", State::Delivered);
    assert_eq!(gateway.state(held), State::Uncertain, "it may be an early one for the message on its way");
    gateway.accepted(other, 1, 0, "7000077");
    assert_eq!((gateway.state(other), gateway.state(held)), (State::Delivered, State::Uncertain));
    gateway.receipt_for("7000078", State::Delivered, None);
    assert_eq!(gateway.state(held), State::Uncertain, "no handset");
    gateway.receipt("7000079", State::Delivered);
    assert_eq!(gateway.state(held), State::Delivered);
    gateway.receipt("7000080", State::Undelivered);
    assert_eq!(gateway.state(held), State::Delivered);
}

#[test]
fn a_report_in_another_form_of_the_number_settles_the_doubt_and_stops_the_resend() {
    let to = number(1);
    let national = format!("0{}", &to[3..]);
    let forms = [
        to.clone(),
        to[1..].to_owned(),
        national.clone(),
        national[1..].to_owned(),
        format!("00{}", &to[1..]),
        format!("001{}", &to[1..]),
        format!("011{}", &to[1..]),
        format!("{}0{}", &to[1..3], &to[3..]),
    ];
    for form in forms {
        for crash in [false, true] {
            let mut sticks = Sticks::free();
            let id = sticks.post_to(&to, "x");
            sticks.dispatch(&[("one", A, 9)]);
            if crash {
                sticks.restart();
                sticks.gateway.turn(recover);
            } else {
                sticks.outcome("one", id, 1, 0, lost());
            }
            sticks.gateway.pass(SECOND * 20);
            sticks.event("one", report(A, 9, &form, State::Delivered, None));
            assert_eq!(sticks.gateway.state(id), State::Delivered, "{form}, crash: {crash}");
            sticks.gateway.pass(SECOND * 100);
            assert!(sticks.dispatch(&[("one", A, 9)]).submissions.is_empty(), "{form}");
        }
    }
}
