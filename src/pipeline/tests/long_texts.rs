//! Every part of a long text reaches an end of its own, and the message's end follows from all of them.

use super::*;

/// Posts a text of three parts with this rule, and leases it.
fn three_parts(gateway: &mut Gateway, on_doubt: OnDoubt) -> MessageId {
    let new = NewMessage::text("+821012345678".parse().unwrap(), long_korean());
    let id = gateway.post(NewMessage { on_doubt: Some(on_doubt), ..new });
    assert_eq!(gateway.dispatch()[0].turns.len(), 3);
    id
}

fn again(gateway: &mut Gateway) -> Vec<u8> {
    gateway.dispatch().iter().flat_map(|one| one.turns.iter().map(|turn| turn.index)).collect()
}

fn part_states(gateway: &Gateway, id: MessageId) -> Vec<(u8, u32, State)> {
    let rows = gateway.database.read(|c| submission::of(c, id)).unwrap();
    rows.into_iter().map(|row| (row.segment, row.attempt, row.state)).collect()
}

#[test]
fn a_receipt_of_one_part_never_ends_a_message_whose_other_parts_go_again() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Resend);
    gateway.accepted(id, 1, 0, "700001");
    gateway.outcome(id, 1, 1, lost());
    gateway.outcome(id, 1, 2, lost());
    gateway.receipt("700001", State::Delivered);
    assert_eq!(gateway.state(id), State::Queued);
    gateway.pass(SECOND * 61);
    assert_eq!(again(&mut gateway), [1, 2]);
    for (index, carrier_id) in [(1, "700002"), (2, "700003")] {
        gateway.accepted(id, 2, index, carrier_id);
        gateway.receipt(carrier_id, State::Delivered);
    }
    assert_eq!(gateway.state(id), State::Delivered);
    assert_eq!(gateway.told(), ["message.delivered"]);
}

#[test]
fn receipts_that_settle_several_doubts_together_tell_one_state() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Resend);
    gateway.turn(recover);
    gateway.pass(SECOND * 61);
    assert_eq!(again(&mut gateway), [0, 1, 2]);
    gateway.accepted(id, 2, 0, "sim-70e-north");
    gateway.outcome(id, 2, 1, refused(ErrorClass::Permanent));
    gateway.accepted(id, 2, 2, "sim-70f-north");
    for unknown in ["sim-6d1-north", "sim-6d2-north", "sim-6d3-north"] {
        gateway.receipt(unknown, State::Delivered);
    }
    assert!(!gateway.story(id).contains(&State::PartiallyDelivered), "{:?}", gateway.story(id));
    assert_eq!(gateway.state(id), State::Delivered);
}

#[test]
fn a_part_that_may_go_again_does_and_every_part_ends() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Hold);
    gateway.outcome(id, 1, 0, refused(ErrorClass::Retry));
    gateway.outcome(id, 1, 1, refused(ErrorClass::Permanent));
    gateway.accepted(id, 1, 2, "700003");
    gateway.receipt("700003", State::Delivered);
    assert_eq!(gateway.state(id), State::Queued);
    gateway.pass(SECOND * 60);
    assert_eq!(again(&mut gateway), [0]);
    gateway.accepted(id, 2, 0, "700004");
    assert_eq!(gateway.state(id), State::Sent);
    gateway.receipt("700004", State::Delivered);
    assert_eq!(gateway.state(id), State::PartiallyDelivered);
}

#[test]
fn a_part_that_is_given_up_ends_and_the_others_decide() {
    let mut gateway = Gateway::new();
    gateway.settings.retry.tries_max = 1;
    let id = three_parts(&mut gateway, OnDoubt::Hold);
    gateway.accepted(id, 1, 0, "700001");
    gateway.accepted(id, 1, 1, "700002");
    gateway.outcome(id, 1, 2, refused(ErrorClass::Retry));
    assert_eq!(gateway.state(id), State::Sent, "two receipts are still to come");
    assert_eq!(part_states(&gateway, id)[2], (2, 1, State::Failed));
    gateway.receipt("700001", State::Delivered);
    gateway.receipt("700002", State::Undelivered);
    assert_eq!(gateway.state(id), State::PartiallyDelivered);
}

#[test]
fn nothing_is_sent_of_a_text_whose_first_part_is_refused_for_ever() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Resend);
    gateway.outcome(id, 1, 0, refused(ErrorClass::Permanent));
    gateway.outcome(id, 1, 1, SubmitOutcome::NotSent { reason: "the link closed".to_owned() });
    gateway.outcome(id, 1, 2, refused(ErrorClass::Backoff));
    assert_eq!(gateway.state(id), State::Failed);
    gateway.pass(SECOND * 600);
    assert!(again(&mut gateway).is_empty());
}

#[test]
fn under_hold_only_parts_that_certainly_did_not_leave_go_again() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Hold);
    gateway.accepted(id, 1, 0, "700001");
    gateway.outcome(id, 1, 1, lost());
    gateway.outcome(id, 1, 2, SubmitOutcome::NotSent { reason: "the link closed".to_owned() });
    gateway.pass(SECOND * 61);
    assert_eq!(again(&mut gateway), [2]);
    gateway.accepted(id, 2, 2, "700003");
    gateway.receipt("700001", State::Delivered);
    gateway.receipt("700003", State::Delivered);
    assert_eq!(gateway.state(id), State::Uncertain, "nobody knows of the second part");
    gateway.pass(SECOND * 600);
    assert!(again(&mut gateway).is_empty());
    gateway.receipt("700009", State::Delivered);
    assert_eq!(gateway.state(id), State::Delivered, "the only send that its receipt can be about");
}

#[test]
fn each_part_gets_its_own_two_sends_under_resend() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Resend);
    gateway.accepted(id, 1, 0, "700001");
    gateway.outcome(id, 1, 1, lost());
    gateway.outcome(id, 1, 2, refused(ErrorClass::Retry));
    gateway.pass(SECOND * 61);
    assert_eq!(again(&mut gateway), [1, 2]);
    gateway.accepted(id, 2, 1, "700002");
    gateway.outcome(id, 2, 2, lost());
    gateway.pass(SECOND * 61);
    assert_eq!(again(&mut gateway), [2], "its first doubt");
    gateway.outcome(id, 3, 2, lost());
    gateway.pass(SECOND * 600);
    assert!(again(&mut gateway).is_empty(), "its second");
    gateway.receipt("700001", State::Delivered);
    gateway.receipt("700002", State::Delivered);
    assert_eq!(gateway.state(id), State::Uncertain);
}

#[test]
fn what_was_withdrawn_does_not_go_again_when_the_network_never_had_it() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Resend);
    gateway.accepted(id, 1, 0, "700001");
    gateway.outcome(id, 1, 1, lost());
    gateway.outcome(id, 1, 2, SubmitOutcome::NotSent { reason: "the link closed".to_owned() });
    assert_eq!(gateway.turn(|turn| cancel(turn, id)), Canceled::Done);
    assert_eq!(part_states(&gateway, id), [(0, 1, State::Sent), (1, 1, State::Uncertain), (2, 1, State::Canceled)]);
    gateway.outcome(id, 1, 1, refused(ErrorClass::Retry));
    gateway.pass(SECOND * 600);
    assert!(again(&mut gateway).is_empty());
    gateway.receipt("700001", State::Delivered);
    assert_eq!(gateway.state(id), State::PartiallyDelivered);
}

#[test]
fn what_never_left_in_a_doubt_that_is_held_goes_on() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Hold);
    for index in 0..3 {
        gateway.outcome(id, 1, index, lost());
    }
    assert_eq!(gateway.state(id), State::Uncertain);
    gateway.accepted(id, 1, 0, "700001");
    gateway.outcome(id, 1, 1, refused(ErrorClass::Retry));
    gateway.accepted(id, 1, 2, "700003");
    gateway.pass(SECOND * 60);
    assert_eq!(again(&mut gateway), [1]);
}

#[test]
fn a_wait_for_receipts_that_is_over_ends_every_part() {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, OnDoubt::Hold);
    for (index, carrier_id) in [(0, "700001"), (1, "700002"), (2, "700003")] {
        gateway.accepted(id, 1, index, carrier_id);
    }
    gateway.receipt("700001", State::Delivered);
    gateway.pass(SECOND * 3600 * 49);
    gateway.turn(sweep);
    assert_eq!(gateway.state(id), State::Uncertain);
    gateway.receipt("700002", State::Sent);
    gateway.receipt("700002", State::Delivered);
    assert_eq!(gateway.state(id), State::Uncertain, "the third is not known");
    gateway.receipt("700003", State::Delivered);
    assert_eq!(gateway.state(id), State::Delivered);
    assert_eq!(gateway.told(), ["message.uncertain", "message.delivered"]);
}

/// What may become of a part in its first lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    Undelivered,
    Lost,
    Temporary,
    Never,
    Unsent,
}

const FATES: [Fate; 6] = [Fate::Delivered, Fate::Undelivered, Fate::Lost, Fate::Temporary, Fate::Never, Fate::Unsent];

/// Every fate of each of three parts, under both rules: what goes again is delivered then, and the message's end is told by
/// nothing but what became of its parts.
#[test]
fn whatever_becomes_of_its_parts_a_message_ends_as_they_did() {
    for on_doubt in [OnDoubt::Hold, OnDoubt::Resend] {
        for case in 0..FATES.len().pow(3) {
            let fates = [case % 6, case / 6 % 6, case / 36].map(|fate| FATES[fate]);
            play(on_doubt, fates);
        }
    }
}

fn play(on_doubt: OnDoubt, fates: [Fate; 3]) {
    let mut gateway = Gateway::new();
    let id = three_parts(&mut gateway, on_doubt);
    for (index, fate) in (0_u8..).zip(fates) {
        let carrier_id = format!("70000{index}");
        match fate {
            Fate::Delivered | Fate::Undelivered => {
                gateway.accepted(id, 1, index, &carrier_id);
                let told = if fate == Fate::Delivered { State::Delivered } else { State::Undelivered };
                gateway.receipt(&carrier_id, told);
            }
            Fate::Lost => gateway.outcome(id, 1, index, lost()),
            Fate::Temporary => gateway.outcome(id, 1, index, refused(ErrorClass::Retry)),
            Fate::Never => gateway.outcome(id, 1, index, refused(ErrorClass::Permanent)),
            Fate::Unsent => gateway.outcome(id, 1, index, SubmitOutcome::NotSent { reason: "closed".to_owned() }),
        }
    }
    gateway.pass(SECOND * 61);
    let mut arrived: Vec<bool> = fates.iter().map(|fate| *fate == Fate::Delivered).collect();
    let sent = gateway.dispatch();
    for turn in sent.iter().flat_map(|one| &one.turns) {
        assert!(!matches!(fates[usize::from(turn.index)], Fate::Delivered | Fate::Undelivered | Fate::Never));
        let carrier_id = format!("80000{}", turn.index);
        gateway.accepted(id, 2, turn.index, &carrier_id);
        gateway.receipt(&carrier_id, State::Delivered);
        arrived[usize::from(turn.index)] = true;
    }
    let nothing_left = |fate: &Fate| matches!(fate, Fate::Temporary | Fate::Never | Fate::Unsent);
    let fails = fates.contains(&Fate::Never) && fates.iter().all(nothing_left);
    let held = on_doubt == OnDoubt::Hold && fates.contains(&Fate::Lost);
    let expected = match arrived.iter().filter(|arrived| **arrived).count() {
        _ if fails => State::Failed,
        _ if held => State::Uncertain,
        3 => State::Delivered,
        0 if fates.contains(&Fate::Never) => State::Failed,
        0 => State::Undelivered,
        _ => State::PartiallyDelivered,
    };
    assert_eq!(gateway.state(id), expected, "{on_doubt:?} {fates:?}");
    assert!(!sent.is_empty() || !fates.contains(&Fate::Lost) || held, "a doubt goes again: {fates:?}");
}
