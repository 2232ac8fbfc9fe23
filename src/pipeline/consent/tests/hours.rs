//! Hours at which marketing waits, at accept and at the lease.

use super::*;

#[test]
fn marketing_at_night_waits_for_the_morning_and_the_answer_says_so() {
    let mut gateway = Gateway::at("2026-11-24T23:00:00+09:00");
    let accepted = gateway.marketing(KOREAN);
    assert_eq!((accepted.state, code(&accepted)), (State::Scheduled, "quiet_hours"));
    assert_eq!(accepted.due_at.to_string(), "2026-11-24T23:00:00.000Z");
    assert!(gateway.notes(accepted.id).contains("KR allows marketing messages 08:00-21:00 every day"));
    assert_eq!(gateway.post(new(Class::Otp, KOREAN)).state, State::Queued, "nobody waits for a code");
    gateway.pass(HOUR * 9);
    assert!(gateway.leaves().contains(&accepted.id));
}

#[test]
fn what_is_late_at_the_lease_goes_back_and_leaves_in_the_morning() {
    let mut gateway = Gateway::at("2026-11-24T20:40:00+09:00");
    let accepted = gateway.marketing(KOREAN);
    assert_eq!(accepted.state, State::Queued);
    gateway.pass(Duration::from_secs(300));
    assert!(gateway.leaves().is_empty(), "within the margin before nine");
    assert_eq!(gateway.state(accepted.id), State::Scheduled);
    gateway.pass(HOUR * 12);
    assert_eq!(gateway.leaves(), [accepted.id]);
}

#[test]
fn a_turn_that_only_turns_away_looks_again_at_once() {
    let mut gateway = Gateway::at("2026-11-24T20:40:00+09:00");
    for _ in 0..3 {
        gateway.marketing(KOREAN);
    }
    gateway.pass(Duration::from_secs(600));
    let offers = vec![LinkOffer { name: LinkName::new("north", 1), free: 1, idle: true, sim: None }];
    let out = gateway.turn(|turn| dispatch(turn, &mut Dispatcher::default(), offers));
    assert!(out.submissions.is_empty());
    assert_eq!(out.next_at, Some(gateway.now));
}

#[test]
fn a_validity_that_was_asked_for_is_not_stretched() {
    let mut gateway = Gateway::at("2026-11-24T23:00:00+09:00");
    let flash = NewMessage { valid_for: Some(HOUR * 2), ..new(Class::Marketing, KOREAN) };
    let accepted = gateway.post(flash);
    assert_eq!((accepted.state, code(&accepted)), (State::Blocked, "quiet_hours"));
    assert!(gateway.notes(accepted.id).contains("its validity ends"));
    // Without one, the night does not use it up: Saturday evening to Monday in France is longer than a day.
    gateway.now = "2026-11-21T22:30:00+01:00".parse().unwrap();
    let monday = gateway.marketing(FRENCH);
    assert_eq!((monday.state, monday.due_at.to_string().as_str()), (State::Scheduled, "2026-11-23T07:00:00.000Z"));
    gateway.now = monday.due_at;
    assert!(gateway.leaves().contains(&monday.id));
}

#[test]
fn a_contacts_own_time_zone_wins_at_accept_and_at_the_lease() {
    let mut gateway = Gateway::at("2026-12-01T09:30:00+11:00");
    assert_eq!(gateway.marketing("+61412345678").state, State::Scheduled, "it is night in Perth");
    let sydney = NewMessage { time_zone: Some("Australia/Sydney".into()), ..new(Class::Marketing, "+61412345678") };
    let accepted = gateway.post(sydney);
    assert_eq!(accepted.state, State::Queued);
    assert_eq!(gateway.leaves(), [accepted.id]);
    let nowhere = NewMessage { time_zone: Some("Mars/Olympus".into()), ..new(Class::Marketing, KOREAN) };
    assert_eq!(prepare(&gateway.settings, nowhere, gateway.now).unwrap_err().code, "unknown_time_zone");
}

#[test]
fn a_consent_for_the_night_opens_the_korean_night() {
    let mut gateway = Gateway::at("2026-11-24T23:00:00+09:00");
    gateway.say(KOREAN, Purpose::MarketingNight, Word::Given, Source::Api);
    let accepted = gateway.marketing(KOREAN);
    assert_eq!(accepted.state, State::Queued);
    assert_eq!(gateway.leaves(), [accepted.id]);
}
