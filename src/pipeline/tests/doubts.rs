//! What happens when nobody knows whether a message left.

use super::*;

#[test]
fn a_lost_answer_holds_marketing_and_resends_the_rest_once() {
    for class in Class::ALL {
        let mut gateway = Gateway::new();
        let id = gateway.post(NewMessage { class, ..NewMessage::text("+821012345678".parse().unwrap(), "hi") });
        gateway.dispatch();
        gateway.outcome(id, 1, 0, lost());
        gateway.pass(SECOND * 61);
        let resent = gateway.dispatch();
        if class == Class::Marketing {
            assert!(resent.is_empty());
            assert_eq!(gateway.state(id), State::Uncertain);
            continue;
        }
        assert_eq!(resent[0].attempt, 2, "{class}");
        gateway.outcome(id, 2, 0, lost());
        gateway.pass(SECOND * 300);
        assert!(gateway.dispatch().is_empty(), "at most two copies");
        assert_eq!(gateway.state(id), State::Uncertain);
    }
}

#[test]
fn a_late_answer_stops_the_resend() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    gateway.dispatch();
    gateway.outcome(id, 1, 0, lost());
    gateway.pass(SECOND * 30);
    gateway.accepted(id, 1, 0, "77");
    gateway.pass(SECOND * 300);
    assert!(gateway.dispatch().is_empty());
    assert_eq!(gateway.state(id), State::Sent);
    gateway.receipt("77", State::Delivered);
    assert_eq!(gateway.state(id), State::Delivered);
}

#[test]
fn a_late_answer_after_the_resend_matches_receipts_of_both_copies() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    gateway.dispatch();
    gateway.outcome(id, 1, 0, lost());
    gateway.pass(SECOND * 61);
    gateway.dispatch();
    gateway.accepted(id, 1, 0, "77");
    gateway.accepted(id, 2, 0, "78");
    gateway.receipt("77", State::Delivered);
    gateway.receipt("78", State::Undelivered);
    assert_eq!(gateway.state(id), State::Delivered);
    assert_eq!(gateway.told(), ["message.delivered"]);
}

#[test]
fn doubled_answers_change_nothing() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text(&long_korean());
    let segments = gateway.dispatch()[0].turns.len();
    assert_eq!(segments, 3);
    for index in [0, 0, 1, 0, 1] {
        gateway.accepted(id, 1, index, &format!("id{index}"));
    }
    assert_eq!(gateway.state(id), State::Leased, "the third answer is still out");
    gateway.accepted(id, 1, 2, "id2");
    gateway.outcome(id, 1, 2, refused(ErrorClass::Permanent));
    assert_eq!(gateway.story(id), [State::Leased, State::Sent]);
}

#[test]
fn only_segments_that_did_not_arrive_go_again_with_the_same_reference() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text(&long_korean());
    let first = gateway.dispatch().remove(0);
    gateway.accepted(id, 1, 0, "a");
    gateway.outcome(id, 1, 1, refused(ErrorClass::Retry));
    gateway.accepted(id, 1, 2, "c");
    gateway.pass(SECOND * 60);
    let second = gateway.dispatch().remove(0);
    assert_eq!(second.turns.iter().map(|turn| turn.index).collect::<Vec<_>>(), [1]);
    assert_eq!(second.encoded.reference, first.encoded.reference);
    gateway.accepted(id, 2, 1, "b");
    assert_eq!(gateway.state(id), State::Sent);
    for (carrier_id, state) in [("a", State::Delivered), ("b", State::Undelivered), ("c", State::Delivered)] {
        gateway.receipt(carrier_id, state);
    }
    assert_eq!(gateway.state(id), State::PartiallyDelivered);
    let (due, _) = gateway.turn(|turn| notify::take(turn, 10));
    let body: serde_json::Value = serde_json::from_str(&due[0].body).unwrap();
    assert_eq!(body["data"]["parts"][1]["state"], "undelivered");
}

#[test]
fn after_a_crash_a_lease_is_a_doubt_and_never_silently_queued() {
    let mut gateway = Gateway::new();
    let order = gateway.post_text("order");
    let campaign = gateway
        .post(NewMessage { class: Class::Marketing, ..NewMessage::text("+821012345678".parse().unwrap(), "sale") });
    gateway.dispatch();
    gateway.dispatcher = Dispatcher::default();
    assert_eq!(gateway.turn(recover), 2);
    assert_eq!(gateway.turn(recover), 0);
    assert_eq!((gateway.state(order), gateway.state(campaign)), (State::Queued, State::Uncertain));
    assert!(gateway.dispatch().is_empty(), "the resend waits for a receipt first");
    let note = gateway.database.read(|c| event::of(c, order)).unwrap().pop().unwrap().note.unwrap();
    assert!(note.contains("stopped before the answer came") && note.contains("may have been sent"), "{note}");
}

#[test]
fn a_receipt_that_names_the_handset_nationally_settles_the_one_doubt_that_it_can_be_about() {
    for form in ["01012345678", "1012345678", "821012345678", "8201012345678", "001821012345678"] {
        let mut gateway = Gateway::new();
        let to = "+821012345678".parse().unwrap();
        let id = gateway.post(NewMessage { class: Class::Marketing, ..NewMessage::text(to, "sale") });
        gateway.dispatch();
        gateway.outcome(id, 1, 0, lost());
        gateway.receipt_for("7000079", State::Delivered, Some(form));
        assert_eq!(gateway.state(id), State::Delivered, "{form}");
    }
}
