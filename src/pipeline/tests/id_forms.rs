//! Nobody else's receipt: ids in two bases, several sends to one handset, other senders on the same account.

use super::*;
use crate::store::id_relation;

fn post_to(gateway: &mut Gateway, handset: &str, from: Option<&str>) -> MessageId {
    let id = gateway.post(NewMessage {
        class: Class::Marketing,
        from: from.map(Sender::from_network),
        ..NewMessage::text(handset.parse().unwrap(), "hello")
    });
    gateway.dispatch();
    id
}

const HANDSET: &str = "+821012345678";

#[test]
fn hexadecimal_answers_and_decimal_receipts_to_one_handset_are_not_swapped() {
    for (first_id, second_id, first_receipt, second_receipt) in
        [("100", "256", "256", "598"), ("64", "100", "100", "256"), ("10", "16", "16", "22")]
    {
        for order in [[0, 1], [1, 0]] {
            for before_answers in [0, 1, 2] {
                let mut gateway = Gateway::new();
                let first = post_to(&mut gateway, HANDSET, None);
                let second = post_to(&mut gateway, HANDSET, None);
                let answer = |gateway: &mut Gateway, place: usize| {
                    let (id, carrier_id) = [(first, first_id), (second, second_id)][place];
                    gateway.accepted(id, 1, 0, carrier_id);
                };
                let receipt = |gateway: &mut Gateway, place: usize| {
                    let (id, state) = [(first_receipt, State::Delivered), (second_receipt, State::Undelivered)][place];
                    gateway.receipt(id, state);
                };
                (before_answers..2).for_each(|place| answer(&mut gateway, place));
                order.into_iter().for_each(|place| receipt(&mut gateway, place));
                (0..before_answers).for_each(|place| answer(&mut gateway, place));
                let states = (gateway.state(first), gateway.state(second));
                assert_eq!(
                    states,
                    (State::Delivered, State::Undelivered),
                    "{first_id} {second_id}, order {order:?}, {before_answers} before"
                );
            }
        }
    }
}

#[test]
fn the_form_of_ids_is_learned_kept_and_believed() {
    let mut gateway = Gateway::new();
    let teacher = post_to(&mut gateway, "+821099999999", None);
    gateway.accepted(teacher, 1, 0, "39f99dd5");
    gateway.receipt_for("0972660181", State::Delivered, Some("+821099999999"));
    assert_eq!(gateway.state(teacher), State::Delivered);
    let proofs = gateway.database.read(id_relation::all).unwrap();
    assert_eq!(proofs.iter().map(|proof| proof.relation).collect::<Vec<_>>(), [IdRelation::HexThenDecimal]);
    // Known now, a number that two sends may have is one's.
    let (first, second) = (post_to(&mut gateway, HANDSET, None), post_to(&mut gateway, HANDSET, None));
    gateway.accepted(first, 1, 0, "100");
    gateway.accepted(second, 1, 0, "256");
    gateway.receipt("256", State::Delivered);
    assert_eq!((gateway.state(first), gateway.state(second)), (State::Delivered, State::Sent));
}

#[test]
fn a_pair_that_contradicts_is_taken_where_it_stands_alone_and_then_no_form_is_believed() {
    let mut gateway = Gateway::new();
    for (handset, answer, receipt) in
        [("+821000000001", "39f99dd5", "972660181"), ("+821000000002", "5500000001", "5500000001")]
    {
        let id = post_to(&mut gateway, handset, None);
        gateway.accepted(id, 1, 0, answer);
        gateway.receipt_for(receipt, State::Delivered, Some(handset));
        assert_eq!(gateway.state(id), State::Delivered, "{answer}");
    }
    assert_eq!(gateway.database.read(id_relation::all).unwrap().len(), 2);
    let (first, second) = (post_to(&mut gateway, HANDSET, None), post_to(&mut gateway, HANDSET, None));
    gateway.accepted(first, 1, 0, "100");
    gateway.accepted(second, 1, 0, "256");
    gateway.receipt("256", State::Delivered);
    assert_eq!((gateway.state(first), gateway.state(second)), (State::Sent, State::Sent));
}

#[test]
fn a_configured_form_needs_no_proof() {
    let mut gateway = Gateway::new();
    let group = Group { ids: Some(IdRelation::HexThenDecimal), ..Group::new(TextProfile::default(), None) };
    gateway.settings.groups.insert("north".into(), group);
    let (first, second) = (post_to(&mut gateway, HANDSET, None), post_to(&mut gateway, HANDSET, None));
    gateway.accepted(first, 1, 0, "100");
    gateway.accepted(second, 1, 0, "256");
    gateway.receipt("256", State::Delivered);
    gateway.receipt("598", State::Undelivered);
    assert_eq!((gateway.state(first), gateway.state(second)), (State::Delivered, State::Undelivered));
}

#[test]
fn of_two_doubts_to_one_handset_an_unknown_receipt_settles_none() {
    let mut gateway = Gateway::new();
    let (first, second) = (post_to(&mut gateway, HANDSET, None), post_to(&mut gateway, HANDSET, None));
    gateway.outcome(first, 1, 0, lost());
    gateway.outcome(second, 1, 0, lost());
    gateway.receipt("700001", State::Delivered);
    assert_eq!((gateway.state(first), gateway.state(second)), (State::Uncertain, State::Uncertain));
    // Once the other's late answer names its own id, only one is left.
    gateway.accepted(second, 1, 0, "700002");
    assert_eq!((gateway.state(first), gateway.state(second)), (State::Delivered, State::Sent));
}

#[test]
fn an_unknown_receipt_settles_a_part_whose_sends_are_all_in_doubt() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    for attempt in [1, 2] {
        assert_eq!(gateway.dispatch()[0].attempt, attempt);
        gateway.outcome(id, attempt, 0, lost());
        gateway.pass(SECOND * 61);
    }
    gateway.receipt("700001", State::Undelivered);
    assert_eq!(gateway.state(id), State::Uncertain, "the other copy is in doubt still");
    gateway.receipt("700002", State::Delivered);
    assert_eq!(gateway.state(id), State::Delivered);
}

#[test]
fn an_early_receipt_of_another_send_does_not_complete_a_set_of_doubts() {
    let mut gateway = Gateway::new();
    let long = |gateway: &mut Gateway| {
        let new = NewMessage::text(HANDSET.parse().unwrap(), long_korean());
        let id = gateway.post(NewMessage { class: Class::Marketing, ..new });
        gateway.dispatch();
        id
    };
    let first = long(&mut gateway);
    gateway.accepted(first, 1, 0, "700001");
    gateway.outcome(first, 1, 1, lost());
    gateway.outcome(first, 1, 2, lost());
    gateway.receipt("700002", State::Delivered);
    let second = long(&mut gateway);
    gateway.receipt("700011", State::Delivered);
    for (index, carrier_id) in [(1, "700012"), (2, "700013"), (0, "700011")] {
        gateway.accepted(second, 1, index, carrier_id);
    }
    assert_eq!((gateway.state(first), gateway.state(second)), (State::Uncertain, State::Sent));
    gateway.receipt("700012", State::Delivered);
    gateway.receipt("700013", State::Delivered);
    assert_eq!((gateway.state(first), gateway.state(second)), (State::Uncertain, State::Delivered));
    gateway.receipt("700003", State::Delivered);
    gateway.receipt("700001", State::Delivered);
    assert_eq!(gateway.state(first), State::Delivered);
}

#[test]
fn an_answer_and_its_receipt_in_one_turn_leave_the_doubts_of_another_alone() {
    for receipt_first in [false, true] {
        let mut gateway = Gateway::new();
        let long = |gateway: &mut Gateway| {
            let id = gateway.post(NewMessage::text(HANDSET.parse().unwrap(), "a".repeat(200)));
            assert_eq!(gateway.dispatch()[0].turns.len(), 2);
            id
        };
        let first = long(&mut gateway);
        gateway.receipt("sim-6d9-north", State::Delivered);
        gateway.turn(recover);
        gateway.pass(SECOND * 61);
        assert_eq!(gateway.dispatch()[0].attempt, 2);
        for (index, carrier_id) in [(0, "sim-70e-north"), (1, "sim-70f-north")] {
            gateway.accepted(first, 2, index, carrier_id);
            gateway.receipt(carrier_id, State::Delivered);
        }
        let second = long(&mut gateway);
        let submit = |index, carrier_id| {
            let outcome = SubmitOutcome::Accepted { carrier_id: CarrierMessageId::new(carrier_id) };
            LinkEvent::Submit(SubmitResult { message: second, attempt: 1, index, outcome })
        };
        let receipt = LinkEvent::Receipt {
            receipt: Receipt {
                ids: CarrierMessageId::new("sim-9ef-north").into_iter().collect(),
                state: State::Delivered,
                unread: Vec::new(),
                raw_state: "DELIVRD".to_owned(),
                error: String::new(),
                source: Some(Sender::from_network(HANDSET)),
                destination: None,
                done_at: None,
            },
            ack: None,
        };
        let answers = [submit(0, "sim-9ee-north"), submit(1, "sim-9ef-north")];
        let receipt = [receipt];
        let both = if receipt_first { [&receipt[..], &answers[..]] } else { [&answers[..], &receipt[..]] };
        gateway.turn(|turn| both.iter().try_for_each(|events| settle(turn, &LinkName::new("north", 1), events)));
        gateway.receipt("sim-9ee-north", State::Delivered);
        assert_eq!(gateway.state(second), State::Delivered, "receipt first: {receipt_first}");
    }
}

#[test]
fn another_senders_receipt_on_the_same_account_settles_nothing() {
    let mut gateway = Gateway::new();
    let ours = post_to(&mut gateway, HANDSET, Some("Shop"));
    gateway.outcome(ours, 1, 0, lost());
    gateway.receipt_between("700001", State::Delivered, Some(HANDSET), Some("Bank"));
    assert_eq!(gateway.state(ours), State::Uncertain);
    // A receipt that waited for its answer keeps its sender.
    let group = Group { sender: Some(Sender::from_network("Shop")), ..Group::new(TextProfile::default(), None) };
    gateway.settings.groups.insert("north".into(), group);
    let another = post_to(&mut gateway, "+821022222222", None);
    gateway.receipt_between("700002", State::Delivered, Some("+821022222222"), Some("Bank"));
    gateway.outcome(another, 1, 0, lost());
    assert_eq!(gateway.state(another), State::Uncertain);
    gateway.receipt_between("700003", State::Delivered, Some("+821022222222"), Some("SHOP"));
    assert_eq!(gateway.state(another), State::Delivered);
}

#[test]
fn the_receipt_of_a_resend_that_comes_before_its_answer_is_told_of_the_resend() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("hello");
    gateway.dispatch();
    gateway.outcome(id, 1, 0, lost());
    gateway.pass(SECOND * 61);
    assert_eq!(gateway.dispatch()[0].attempt, 2);
    gateway.receipt("700002", State::Undelivered);
    gateway.accepted(id, 2, 0, "700002");
    assert_eq!(gateway.state(id), State::Uncertain, "the first copy is in doubt still");
    let rows = gateway.database.read(|c| submission::of(c, id)).unwrap();
    assert_eq!((rows[0].state, rows[1].state), (State::Uncertain, State::Undelivered));
    gateway.receipt("700001", State::Undelivered);
    assert_eq!(gateway.state(id), State::Undelivered);
}

#[test]
fn an_exact_id_is_not_vetoed_by_an_address_that_cannot_be_compared() {
    for (source, destination) in [
        ("01012345678", "18005550123"),
        ("+18005550123", "+821012345678"),
        ("Shop", "Shop"),
        ("12345678", "Shop"),
        ("", ""),
    ] {
        for early in [false, true] {
            let mut gateway = Gateway::new();
            let id = post_to(&mut gateway, HANDSET, Some("+18005550123"));
            let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
            if !early {
                gateway.accepted(id, 1, 0, "0007000001");
            }
            gateway.receipt_between("0007000001", State::Delivered, some(source), some(destination));
            if early {
                gateway.accepted(id, 1, 0, "0007000001");
            }
            assert_eq!(gateway.state(id), State::Delivered, "{source} to {destination}, early {early}");
        }
    }
}

#[test]
fn equal_ids_of_two_carriers_never_mix() {
    let mut gateway = Gateway::new();
    let north = post_to(&mut gateway, HANDSET, None);
    let south = gateway.post_text("south");
    assert_eq!(gateway.dispatch_to(&[("south", 9)]).submissions.len(), 1);
    gateway.accepted(north, 1, 0, "0007000001");
    let outcome = SubmitOutcome::Accepted { carrier_id: CarrierMessageId::new("0007000001") };
    let event = LinkEvent::Submit(SubmitResult { message: south, attempt: 1, index: 0, outcome });
    gateway.turn(|turn| settle(turn, &LinkName::new("south", 1), std::slice::from_ref(&event)));
    gateway.receipt("0007000001", State::Delivered);
    assert_eq!((gateway.state(north), gateway.state(south)), (State::Delivered, State::Sent));
}
