//! What a stopped process still owed its tools: found at the next start, due at once, in order.

use super::*;
use crate::store::callback::{Callback, Ending};

/// The daemon starts: every piece of what it does about callbacks.
fn start(gateway: &mut Gateway) -> usize {
    let (mut released, mut place) = (0, None);
    loop {
        let done;
        (done, place) = gateway.turn(|turn| notify::release_owed(turn, place));
        released += done;
        if place.is_none() {
            return released;
        }
    }
}

fn take(gateway: &mut Gateway) -> Vec<Callback> {
    gateway.turn(|turn| notify::take(turn, 10_000)).0
}

fn end(gateway: &mut Gateway, callbacks: Vec<Callback>, ending: Ending) {
    let endings: Vec<_> = callbacks.into_iter().map(|one| (one, ending.clone(), "noted".to_owned())).collect();
    gateway.turn(|turn| notify::record(turn, &endings));
}

/// A message that is delivered after its report was given up: it owes two callbacks.
fn told_twice(gateway: &mut Gateway, name: &str) -> MessageId {
    let id = gateway.post_text(name);
    gateway.dispatch();
    gateway.accepted(id, 1, 0, name);
    gateway.receipt(name, State::Undelivered);
    gateway.receipt(name, State::Delivered);
    id
}

fn places(callbacks: &[Callback]) -> Vec<(MessageId, u32)> {
    callbacks.iter().map(|callback| (callback.message, callback.n)).collect()
}

#[test]
fn whatever_a_callback_was_put_off_for_it_is_due_at_the_start_and_in_order() {
    let mut gateway = Gateway::new();
    let taken = told_twice(&mut gateway, "taken");
    let failed = told_twice(&mut gateway, "failed");
    let due = take(&mut gateway);
    assert_eq!(places(&due), [(taken, 0), (failed, 0)]);
    // The fifth failure puts a callback off for half an hour, longer than anything that is only taken.
    let later = Ending::Again(gateway.now.plus(SECOND * 1800));
    end(&mut gateway, due.into_iter().filter(|one| one.message == failed).collect(), later);
    assert!(take(&mut gateway).is_empty());
    gateway.pass(SECOND);
    assert_eq!(start(&mut gateway), 2);
    let due = take(&mut gateway);
    assert_eq!(places(&due), [(taken, 0), (failed, 0)], "the first of each message, not the second");
    assert_eq!(due[1].tries, 1, "the tries so far still count");
    end(&mut gateway, due, Ending::Done);
    assert_eq!(places(&take(&mut gateway)), [(taken, 1), (failed, 1)]);
}

#[test]
fn a_clock_that_went_back_delays_no_callback() {
    let mut gateway = Gateway::new();
    let id = told_twice(&mut gateway, "a");
    assert_eq!(take(&mut gateway).len(), 1);
    gateway.now = gateway.now.minus(SECOND * 3600);
    assert_eq!(start(&mut gateway), 1);
    assert_eq!(places(&take(&mut gateway)), [(id, 0)]);
}

#[test]
fn a_callback_behind_a_replayed_dead_letter_goes_when_that_one_ended() {
    let mut gateway = Gateway::new();
    let id = gateway.post_text("a");
    gateway.dispatch();
    gateway.accepted(id, 1, 0, "a");
    gateway.receipt("a", State::Undelivered);
    let first = take(&mut gateway);
    end(&mut gateway, first, Ending::Dead);
    gateway.turn(|turn| callback::replay(turn.tx, Some(id), turn.now));
    gateway.receipt("a", State::Delivered);
    let replayed = take(&mut gateway);
    assert_eq!(places(&replayed), [(id, 0)]);
    end(&mut gateway, replayed, Ending::Done);
    assert_eq!(places(&take(&mut gateway)), [(id, 1)]);
}

#[test]
fn replayed_dead_letters_of_one_message_go_one_after_the_other_from_the_start_on() {
    let mut gateway = Gateway::new();
    let id = told_twice(&mut gateway, "a");
    for _ in 0..2 {
        let due = take(&mut gateway);
        end(&mut gateway, due, Ending::Dead);
    }
    gateway.turn(|turn| callback::replay(turn.tx, None, turn.now));
    start(&mut gateway);
    let due = take(&mut gateway);
    assert_eq!(places(&due), [(id, 0)]);
    end(&mut gateway, due, Ending::Done);
    assert_eq!(places(&take(&mut gateway)), [(id, 1)]);
}

#[test]
fn more_callbacks_than_one_transaction_looks_at_are_all_found() {
    let mut gateway = Gateway::new();
    let now = gateway.now;
    gateway.turn(|turn| {
        for message in 1..=3001 {
            let id = MessageId::from_i64(message).unwrap();
            callback::add(turn.tx, id, "http://tool/", "1", now)?;
            callback::add(turn.tx, id, "http://tool/", "2", now)?;
        }
        Ok(())
    });
    assert_eq!(start(&mut gateway), 0, "all of them are due as it is");
    assert_eq!(take(&mut gateway).len(), 3001);
    assert_eq!(start(&mut gateway), 3001);
    let due = take(&mut gateway);
    assert!(due.len() == 3001 && due.iter().all(|callback| callback.n == 0));
}
