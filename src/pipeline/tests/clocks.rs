//! A wall clock that is set while texts wait: what moves with it, what stays, and what waits for a right one.

use super::*;
use crate::policy::wall_clock::{Reading, Trust};
use crate::store::clock;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const YEAR_1970: Timestamp = Timestamp::from_millis(90_000);
const YEAR_2020: Timestamp = Timestamp::from_millis(1_577_836_800_000);
const YEAR_2038: Timestamp = Timestamp::from_millis(2_147_483_647_000);
const FRESH: usize = 900;

impl Gateway {
    fn reading(&self, boot: &str) -> Reading {
        Reading { boot: boot.to_owned(), up_millis: 0, wall: self.now }
    }

    /// The daemon starts on another boot of the machine whose clock shows `wall`.
    fn boot(&mut self, boot: &str, wall: Timestamp) -> ClockChange {
        self.now = wall;
        self.dispatcher = Dispatcher::new(&self.database.read(crate::store::throttle::load).unwrap());
        let reading = self.reading(boot);
        self.database.write(|tx| start_clock(tx, &reading, false)).unwrap()
    }

    /// Somebody sets the clock while the daemon runs.
    fn set_clock(&mut self, by_millis: i64) -> ClockChange {
        let reading = self.reading("running");
        let change = self.database.write(|tx| follow_clock(tx, &reading, by_millis, false)).unwrap();
        self.now = change.wall;
        change
    }

    fn post_as(&mut self, class: Class, send_at: Option<Timestamp>) -> MessageId {
        let new = NewMessage::text("+821012345678".parse().unwrap(), "hello");
        self.post(NewMessage { class, send_at, ..new })
    }

    fn post_many(&mut self, count: usize) -> Vec<MessageId> {
        let valid_for = Some(SECOND * 600);
        let new = NewMessage::text("+821012345678".parse().unwrap(), "hello");
        (0..count).map(|_| self.post(NewMessage { valid_for, ..new.clone() })).collect()
    }

    fn sweep_all(&mut self) -> (usize, usize) {
        let (mut changed, mut purged) = (0, 0);
        loop {
            let swept = self.turn(sweep);
            (changed, purged) = (changed + swept.changed, purged + swept.purged);
            if !swept.more {
                return (changed, purged);
            }
        }
    }

    /// Sends everything that may go, and returns how many went.
    fn send_all(&mut self) -> usize {
        let mut sent = 0;
        loop {
            let submissions = self.dispatch();
            for submission in &submissions {
                let id = format!("c{}", submission.message);
                self.accepted(submission.message, submission.attempt, 0, &id);
            }
            if submissions.is_empty() {
                return sent;
            }
            sent += submissions.len();
        }
    }

    fn count(&self, state: &str) -> usize {
        let sql = "SELECT count(*) FROM message WHERE state = ?1";
        self.database.read(|c| Ok(c.query_row(sql, [state], |row| row.get(0))?)).unwrap()
    }

    fn valid_until(&self, id: MessageId) -> Timestamp {
        self.database.read(|c| message::view(c, id)).unwrap().unwrap().head.valid_until
    }
}

#[test]
fn texts_that_wait_lose_no_validity_by_any_step() {
    for (wall, step) in [
        (YEAR_1970, START.as_millis() - YEAR_1970.as_millis()),
        (YEAR_2020, START.as_millis() - YEAR_2020.as_millis()),
        (START, DAY),
        (START, -HOUR),
        (START, -DAY * 400),
        (START, YEAR_2038.as_millis() - START.as_millis()),
    ] {
        let mut gateway = Gateway::new();
        gateway.boot("a", wall);
        let ids = gateway.post_many(FRESH);
        gateway.pass(SECOND * 60);
        gateway.set_clock(step);
        assert_eq!(gateway.sweep_all(), (0, 0), "step {step}");
        assert_eq!(gateway.valid_until(ids[0]).since(gateway.now), SECOND * 540, "step {step}");
        assert_eq!(gateway.send_all(), FRESH, "step {step}");
        assert_eq!(gateway.count("expired"), 0);
        // What really passed still counts.
        let late = gateway.post_many(1)[0];
        gateway.pass(SECOND * 601);
        gateway.sweep_all();
        assert_eq!(gateway.state(late), State::Expired, "step {step}");
    }
}

#[test]
fn validity_counts_over_a_step_there_and_back() {
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    let id = gateway.post_many(1)[0];
    let leap = YEAR_2038.as_millis() - START.as_millis();
    gateway.pass(SECOND * 10);
    gateway.set_clock(leap);
    gateway.pass(SECOND * 10);
    let there = gateway.post_many(1)[0];
    gateway.set_clock(-leap);
    assert_eq!(gateway.valid_until(id), START.plus(SECOND * 600), "the line that it was written under is back");
    assert_eq!(gateway.valid_until(there).since(gateway.now), SECOND * 600);
    gateway.pass(SECOND * 580);
    gateway.sweep_all();
    assert_eq!((gateway.state(id), gateway.state(there)), (State::Expired, State::Queued));
}

#[test]
fn a_retry_and_a_lease_wait_for_as_long_as_they_were_to() {
    for step in [DAY, -HOUR, -DAY * 400, 12 * 365 * DAY] {
        let mut gateway = Gateway::new();
        gateway.boot("a", START);
        let (retry, leased) = (gateway.post_text("again"), gateway.post_text("out"));
        assert_eq!(gateway.dispatch().len(), 2);
        gateway.outcome(retry, 1, 0, refused(ErrorClass::Retry));
        gateway.set_clock(step);
        assert_eq!(gateway.sweep_all(), (0, 0), "the lease is as young as before, step {step}");
        assert!(gateway.dispatch().is_empty(), "it is not time to try again, step {step}");
        gateway.pass(SECOND * 40);
        assert_eq!(gateway.dispatch().len(), 1, "step {step}");
        gateway.pass(SECOND * 880);
        gateway.sweep_all();
        assert_ne!(gateway.state(leased), State::Leased, "a lease that nobody reports on ends, step {step}");
    }
}

#[test]
fn the_dispatcher_waits_for_no_step_and_keeps_its_rate() {
    for step in [-HOUR, DAY] {
        let mut gateway = Gateway::new();
        gateway.settings.groups.insert("north".into(), Group::new(TextProfile::default(), Some(10.0)));
        gateway.boot("a", START);
        gateway.post_many(20);
        let first = gateway.dispatch().len();
        assert!((1..=4).contains(&first), "{first}");
        gateway.set_clock(step);
        assert!(gateway.dispatch().len() <= 1, "the rate holds over the step");
        gateway.pass(SECOND);
        let next = gateway.dispatch().len();
        assert!((1..=4).contains(&next), "{next} within a second after {step}");
    }
}

#[test]
fn what_people_gave_a_date_keeps_it() {
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    let at = START.plus(SECOND * 7_200);
    let id = gateway.post_as(Class::Transactional, Some(at));
    gateway.set_clock(HOUR);
    assert_eq!(gateway.database.read(|c| message::view(c, id)).unwrap().unwrap().due_at, Some(at));
    assert!(gateway.dispatch().is_empty());
    gateway.now = at;
    assert_eq!(gateway.dispatch().len(), 1);
}

#[test]
fn what_was_due_by_its_date_waits_like_everything_else_from_then_on() {
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    let new = NewMessage::text("+821012345678".parse().unwrap(), "hello");
    let (send_at, valid_for) = (Some(START.plus(SECOND * 60)), Some(SECOND * 600));
    let id = gateway.post(NewMessage { send_at, valid_for, ..new });
    gateway.pass(SECOND * 61);
    gateway.set_clock(DAY);
    assert_eq!(gateway.sweep_all(), (0, 0));
    assert_eq!(gateway.dispatch().first().map(|sent| sent.message), Some(id));
}

#[test]
fn a_box_that_starts_in_2020_sends_codes_and_lets_the_calendar_wait() {
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    let before = gateway.post_text("accepted before the power went");
    let scheduled = gateway.post_as(Class::Transactional, Some(START.plus(SECOND * 600)));
    gateway.pass(SECOND * 5);
    let seen = gateway.set_clock(0);
    assert_eq!(seen.trust, Trust::Set);
    assert_eq!(gateway.boot("b", YEAR_2020).trust, Trust::Behind);
    let (code, offer) = (gateway.post_as(Class::Otp, None), gateway.post_as(Class::Marketing, None));
    let dated = gateway.post_as(Class::Otp, Some(START.plus(SECOND * 300)));
    assert_eq!(gateway.sweep_all(), (0, 0));
    let sent: Vec<MessageId> = gateway.dispatch().iter().map(|sent| sent.message).collect();
    assert!(sent.contains(&code) && sent.contains(&before) && sent.len() == 2, "{sent:?}");
    let note = gateway.database.read(|c| event::of(c, offer)).unwrap().pop().and_then(|event| event.note).unwrap();
    assert!(note.starts_with("clock_not_set: the clock of this machine is not set"), "{note}");

    gateway.pass(SECOND * 30);
    let right = START.plus(SECOND * 60);
    let change = gateway.set_clock(right.as_millis() - gateway.now.as_millis());
    assert_eq!((change.was, change.trust), (Trust::Behind, Trust::Set));
    let sent: Vec<MessageId> = gateway.dispatch().iter().map(|sent| sent.message).collect();
    assert_eq!(sent, [offer], "the schedules wait for their time");
    gateway.now = START.plus(SECOND * 300);
    assert_eq!(gateway.dispatch().first().map(|sent| sent.message), Some(dated));
    gateway.now = START.plus(SECOND * 600);
    assert_eq!(gateway.dispatch().first().map(|sent| sent.message), Some(scheduled));
}

#[test]
fn nothing_that_was_delivered_goes_because_the_clock_leapt() {
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    gateway.turn(|turn| {
        crate::store::idempotency::keep(turn.tx, 1, "key", b"digest", "{}", turn.now)?;
        Ok(())
    });
    let ids = gateway.post_many(143);
    gateway.send_all();
    for id in &ids {
        gateway.receipt(&format!("c{id}"), State::Delivered);
    }
    assert_eq!(gateway.count("delivered"), 143);
    let leap = YEAR_2038.as_millis() - gateway.now.as_millis();
    assert_eq!(gateway.set_clock(leap).trust, Trust::Ahead);
    assert_eq!(gateway.sweep_all(), (0, 0));
    gateway.pass(SECOND * 3_600);
    assert_eq!(gateway.boot("b", gateway.now).trust, Trust::Ahead, "a restart believes it no more");
    assert_eq!(gateway.sweep_all(), (0, 0));
    gateway.set_clock(-leap);
    assert_eq!(gateway.sweep_all(), (0, 0));
    assert_eq!(gateway.count("delivered"), 143);
    let kept = |gateway: &mut Gateway| gateway.turn(|turn| crate::store::idempotency::find(turn.tx, 1, "key"));
    assert!(kept(&mut gateway).is_some(), "a repeated request is still known");
    // Kept for long enough by the time that passed, they go.
    gateway.pass(gateway.settings.keep_for + SECOND);
    assert_eq!(gateway.sweep_all().1, 143);
    assert!(kept(&mut gateway).is_none());
}

#[test]
fn a_leap_over_a_reboot_sends_no_stale_code_and_no_schedule() {
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    let code = gateway.post_as(Class::Otp, None);
    let text = gateway.post_text("hello");
    let scheduled = gateway.post_as(Class::Transactional, Some(START.plus(SECOND * 60)));
    assert_eq!(gateway.boot("b", YEAR_2038).trust, Trust::Ahead);
    gateway.sweep_all();
    let sent: Vec<MessageId> = gateway.dispatch().iter().map(|sent| sent.message).collect();
    assert_eq!(sent, [text]);
    assert_eq!((gateway.state(code), gateway.state(scheduled)), (State::Expired, State::Scheduled));
    let now = gateway.now;
    let trust = gateway.database.write(|tx| believe_clock(tx, now)).unwrap();
    assert_eq!(trust, Trust::Set, "a person says that it is right");
    assert_eq!(gateway.boot("c", now.plus(SECOND)).trust, Trust::Set, "and it is remembered");
}

#[test]
fn callbacks_parts_and_caps_move_with_the_clock() {
    for step in [DAY, -HOUR, -DAY * 400] {
        let mut gateway = Gateway::new();
        gateway.boot("a", START);
        gateway.post_text("hello");
        gateway.send_all();
        gateway.turn(|turn| settle(turn, &LinkName::new("north", 1), &[part("first of two", 1, 2)]));
        let due = gateway.turn(|turn| notify::take(turn, 10)).0;
        let later = gateway.now.plus(SECOND * 30);
        let endings: Vec<_> =
            due.into_iter().map(|callback| (callback, callback::Ending::Again(later), "500".to_owned())).collect();
        gateway.turn(|turn| notify::record(turn, &endings));
        gateway.turn(|turn| {
            let usage = crate::policy::caps::Usage::new([], &crate::policy::caps::Months::default(), turn.now);
            crate::store::sim_usage::count(turn.tx, "89", 5, &usage)
        });
        gateway.set_clock(step);
        assert!(gateway.turn(|turn| notify::take(turn, 10)).0.is_empty(), "not yet, step {step}");
        gateway.sweep_all();
        let shown = |gateway: &Gateway| {
            gateway.database.read(|c| Ok(c.query_row("SELECT count(*) FROM inbound", [], |row| row.get::<_, i64>(0))?))
        };
        assert_eq!(shown(&gateway).unwrap(), 0, "the other part may still come, step {step}");
        let used = gateway.turn(|turn| {
            let months = crate::policy::caps::Months::default();
            crate::store::sim_usage::of(turn.tx.connection(), "89", &months, turn.now)
        });
        assert_eq!(used.used(crate::policy::caps::Span::Hour), 5, "step {step}");
        gateway.pass(SECOND * 31);
        assert_eq!(gateway.turn(|turn| notify::take(turn, 10)).0.len(), endings.len(), "step {step}");
    }
}

#[test]
fn the_clock_may_be_set_as_often_as_one_likes() {
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    let ids = gateway.post_many(100);
    let lines = |gateway: &mut Gateway| gateway.turn(|turn| clock::lines(turn.tx)).len();
    for _ in 0..50 {
        gateway.set_clock(HOUR);
        gateway.set_clock(-HOUR);
    }
    assert!(lines(&mut gateway) <= 3, "back is back");
    for step in 1..100 {
        gateway.set_clock(step * 7_000);
        gateway.post_many(1);
        gateway.pass(SECOND);
    }
    assert!(lines(&mut gateway) <= 34, "those that are too many are folded");
    assert_eq!(gateway.valid_until(ids[0]).since(gateway.now), SECOND * (600 - 99));
    assert_eq!(gateway.send_all(), 199);
}

#[test]
fn a_text_that_was_checked_before_the_step_is_written_in_the_time_after_it() {
    for step in [DAY, -DAY] {
        let mut gateway = Gateway::new();
        gateway.boot("a", START);
        let new = NewMessage::text("+821012345678".parse().unwrap(), "hello");
        let new = NewMessage { valid_for: Some(SECOND * 600), ..new };
        let prepared = prepare(&gateway.settings, new, gateway.now).unwrap();
        gateway.set_clock(step);
        let id = gateway.turn(|turn| accept(turn, 1, std::slice::from_ref(&prepared)))[0].id;
        assert_eq!(gateway.valid_until(id).since(gateway.now), SECOND * 600);
        assert_eq!(gateway.dispatch().len(), 1);
    }
}

#[test]
fn a_step_that_is_not_written_leaves_the_time_as_it_was() {
    use std::sync::atomic::{AtomicI64, Ordering};
    static SHIFTED: AtomicI64 = AtomicI64::new(0);
    let mut gateway = Gateway::new();
    gateway.boot("a", START);
    gateway.database.on_clock_step(|by| {
        SHIFTED.fetch_add(by, Ordering::Relaxed);
    });
    let reading = gateway.reading("a");
    let failed: Result<(), _> = gateway.database.write(|tx| {
        follow_clock(tx, &reading, DAY, false)?;
        assert_eq!(SHIFTED.load(Ordering::Relaxed), DAY, "what follows in this transaction sees the new time");
        Err(crate::store::StoreError::DiskFull)
    });
    assert!(failed.is_err());
    assert_eq!(SHIFTED.load(Ordering::Relaxed), 0);
    assert_eq!(gateway.database.write(|tx| Ok(tx.clock().set_by)).unwrap(), 0);
}
