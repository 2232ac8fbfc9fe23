//! What comes in, in parts and more than once.

use super::*;

#[test]
fn parts_in_any_order_and_doubled_make_one_message() {
    let mut gateway = Gateway::new();
    let events = [part("다음 ", 2, 3), part("끝", 3, 3), part("다음 ", 2, 3), part("처음 ", 1, 3)];
    gateway.turn(|turn| settle(turn, &LinkName::new("north", 1), &events));
    let messages = gateway.database.read(|c| inbound::list(c, None, None, 10)).unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!((messages[0].text.as_deref(), messages[0].parts), (Some("처음 다음 끝"), (3, 3)));
    assert_eq!(gateway.told(), ["inbound.received"]);
}

#[test]
fn parts_that_never_complete_are_shown_with_what_is_there() {
    let mut gateway = Gateway::new();
    gateway.turn(|turn| settle(turn, &LinkName::new("north", 1), &[part("처음 ", 1, 2)]));
    gateway.pass(gateway.settings.parts_wait + SECOND);
    gateway.turn(sweep);
    let messages = gateway.database.read(|c| inbound::list(c, None, None, 10)).unwrap();
    assert_eq!((messages[0].text.as_deref(), messages[0].parts), (Some("처음 "), (2, 1)));
}

#[test]
fn a_redelivery_over_a_new_session_is_one_message_and_a_repeated_text_is_two() {
    let mut gateway = Gateway::new();
    let count = |gateway: &Gateway| gateway.database.read(|c| inbound::list(c, None, None, 10)).unwrap().len();
    gateway.turn(|turn| settle(turn, &LinkName::new("north", 1), &[part("YES", 1, 1)]));
    gateway.turn(|turn| settle(turn, &LinkName::new("north", 1), &[part("YES", 1, 1)]));
    assert_eq!(count(&gateway), 2);
    let LinkEvent::Inbound { part, .. } = part("NO", 1, 1) else { unreachable!() };
    for session in [1, 2] {
        let ack = Some(AckToken { session, sequence: 5, ..AckToken::default() });
        let event = LinkEvent::Inbound { part: part.clone(), ack };
        gateway.turn(|turn| settle(turn, &LinkName::new("north", 1), std::slice::from_ref(&event)));
    }
    assert_eq!(count(&gateway), 3);
}
