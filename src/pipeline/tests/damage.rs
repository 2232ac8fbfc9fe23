//! One bad row stops nobody: it is set aside, and everything around it goes on.

use super::*;
use crate::store::damaged::{self, Damaged};

/// Number `n` of several recipients.
fn to(n: usize) -> PhoneNumber {
    format!("+8210123400{n:02}").parse().unwrap()
}

impl Gateway {
    fn post_to(&mut self, n: usize) -> MessageId {
        self.post(NewMessage::text(to(n), "hello"))
    }

    /// Changes rows past the store, as a flipped bit does.
    fn flip(&mut self, sql: &str, id: MessageId) {
        self.database
            .write(|tx| {
                // The disk knows no triggers.
                let triggers = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
                tx.connection().set_db_config(triggers, false)?;
                assert_eq!(tx.connection().execute(sql, [id.as_i64()])?, 1, "{sql}");
                tx.connection().set_db_config(triggers, true)?;
                Ok(())
            })
            .unwrap();
    }

    fn damaged(&self) -> Vec<Damaged> {
        self.database.read(|c| damaged::list(c, 100)).unwrap()
    }

    /// As [`Gateway::turn`], done carefully, as the daemon does it after an error.
    fn careful<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, crate::store::StoreError>) -> T {
        let (settings, now) = (&self.settings, self.now);
        self.database.write(|tx| work(&Turn::new(tx, settings, now).carefully(true))).unwrap()
    }
}

/// What a flipped bit or another program may leave in the row of a message.
const FAULTS: &[&str] = &[
    "UPDATE message SET encoded = x'00' WHERE id = ?1",
    "UPDATE message SET encoded = x'' WHERE id = ?1",
    "UPDATE message SET state = 'qveued' WHERE id = ?1",
    "UPDATE message SET on_doubt = 'hole' WHERE id = ?1",
    "UPDATE message SET recipient = 'nobody' WHERE id = ?1",
    "UPDATE message SET recipient = '+821012340099' WHERE id = ?1",
    "UPDATE message SET body = 'hellp' WHERE id = ?1",
    "UPDATE message SET sender = 'Shpo' WHERE id = ?1",
    "UPDATE message SET segments = 4000000000 WHERE id = ?1",
    "UPDATE message SET segments = -1 WHERE id = ?1",
    "UPDATE message SET valid_until = valid_until + 65536 WHERE id = ?1",
    "UPDATE message SET attempt = -7 WHERE id = ?1",
    "UPDATE message SET tries = 1099511627776 WHERE id = ?1",
    "UPDATE message SET link = CAST(x'fffe' AS TEXT) WHERE id = ?1",
    "UPDATE message SET body = CAST(x'fffe' AS TEXT) WHERE id = ?1",
    "UPDATE message SET parameters = '{\"x\":\"y\"}' WHERE id = ?1",
    "UPDATE message SET encoded = (SELECT encoded FROM message WHERE id <> ?1 LIMIT 1), recipient = '+821012340098' WHERE id = ?1",
];

#[test]
fn a_waiting_row_that_is_damaged_is_set_aside_and_the_others_leave() {
    for fault in FAULTS {
        let mut gateway = Gateway::new();
        let ids: Vec<MessageId> = (0..3).map(|n| gateway.post_to(n)).collect();
        gateway.flip(fault, ids[1]);
        let sent: Vec<MessageId> = gateway.dispatch().into_iter().map(|one| one.message).collect();
        assert_eq!(sent, [ids[0], ids[2]], "{fault}");
        let damaged = gateway.damaged();
        assert_eq!((damaged.len(), damaged[0].row.as_str()), (1, ids[1].to_string().as_str()), "{fault}");
        assert_eq!(gateway.database.standing().damaged, 1);
        // It is never met again, also when its validity is over.
        gateway.pass(Duration::from_secs(400 * 86_400));
        gateway.turn(sweep);
        assert!(gateway.dispatch().is_empty());
        let rows: i64 = gateway
            .database
            .read(|c| {
                Ok(c.query_row("SELECT count(*) FROM message WHERE id = ?1", [ids[1].as_i64()], |row| row.get(0))?)
            })
            .unwrap();
        assert_eq!(rows, 1, "nothing is deleted: {fault}");
    }
}

#[test]
fn a_waiting_row_of_no_class_is_found_at_the_start() {
    let mut gateway = Gateway::new();
    let id = gateway.post_to(1);
    gateway.flip("UPDATE message SET class = 'otq' WHERE id = ?1", id);
    gateway.turn(reroute);
    assert_eq!(gateway.damaged()[0].row, id.to_string());
}

#[test]
fn a_full_look_of_damaged_rows_hides_nobody_behind_them() {
    let mut gateway = Gateway::new();
    let ids: Vec<MessageId> = (0..40).map(|n| gateway.post_to(n)).collect();
    for id in &ids[..39] {
        gateway.flip(FAULTS[0], *id);
    }
    let out = gateway.dispatch_to(&[("north", 2)]);
    assert_eq!(out.submissions.into_iter().map(|(_, one)| one.message).collect::<Vec<_>>(), [ids[39]]);
    assert_eq!(gateway.damaged().len(), 39);
}

#[test]
fn a_leased_row_that_is_damaged_does_not_keep_the_daemon_from_starting() {
    for fault in ["segments = -1", "class = 'x'", "recipient = ''", "events = -3", "doubts = -1"] {
        let mut gateway = Gateway::new();
        let ids: Vec<MessageId> = (0..3).map(|n| gateway.post_to(n)).collect();
        assert_eq!(gateway.dispatch().len(), 3);
        gateway.flip(&format!("UPDATE message SET {fault} WHERE id = ?1"), ids[1]);
        assert_eq!(gateway.turn(recover), 2, "{fault}");
        assert_eq!(gateway.turn(recover), 0, "{fault}");
        assert_eq!(gateway.damaged().len(), 1, "{fault}");
        assert!(gateway.state(ids[0]) != State::Leased && gateway.state(ids[2]) != State::Leased);
    }
}

#[test]
fn a_row_that_timed_out_and_is_damaged_does_not_stop_the_sweep() {
    let mut gateway = Gateway::new();
    let ids: Vec<MessageId> = (0..3).map(|n| gateway.post_to(n)).collect();
    gateway.flip("UPDATE message SET state = 'expird' WHERE id = ?1", ids[0]);
    gateway.pass(Duration::from_secs(400 * 86_400));
    gateway.turn(sweep);
    assert_eq!([gateway.state(ids[1]), gateway.state(ids[2])], [State::Expired; 2]);
    assert_eq!(gateway.damaged().len(), 1);
}

#[test]
fn an_answer_for_a_damaged_row_does_not_hold_up_the_other_answers() {
    let mut gateway = Gateway::new();
    let ids: Vec<MessageId> = (0..2).map(|n| gateway.post_to(n)).collect();
    gateway.dispatch();
    gateway.flip("UPDATE message SET class = 'x' WHERE id = ?1", ids[0]);
    gateway.accepted(ids[0], 1, 0, "a0");
    gateway.accepted(ids[1], 1, 0, "a1");
    assert_eq!(gateway.state(ids[1]), State::Sent);
    assert_eq!(gateway.damaged().len(), 1);
}

#[test]
fn a_row_beside_the_message_that_is_damaged_sets_only_that_message_aside() {
    let mut gateway = Gateway::new();
    let ids: Vec<MessageId> = (0..2).map(|n| gateway.post_to(n)).collect();
    gateway.dispatch();
    for id in &ids {
        gateway.outcome(*id, 1, 0, refused(ErrorClass::Retry));
    }
    gateway.flip("UPDATE submission SET state = 'x' WHERE message = ?1", ids[0]);
    gateway.pass(Duration::from_secs(3_600));
    // The turn fails as a whole, and the daemon does it again carefully.
    let offers = vec![LinkOffer::new(LinkName::new("north", 1), 100, false)];
    let mut dispatcher = gateway.dispatcher.clone();
    let (settings, now) = (gateway.settings.clone(), gateway.now);
    let failed = gateway.database.write(|tx| dispatch(&Turn::new(tx, &settings, now), &mut dispatcher, offers.clone()));
    assert!(matches!(failed, Err(crate::store::StoreError::Row(_))), "{failed:?}");
    let mut dispatcher = gateway.dispatcher.clone();
    let out = gateway.careful(|turn| dispatch(turn, &mut dispatcher, offers));
    assert_eq!(out.submissions.iter().map(|(_, one)| one.message).collect::<Vec<_>>(), [ids[1]]);
    let link = LinkName::new("north", 1);
    let carrier_id = CarrierMessageId::new("b0");
    let event = |message| {
        let outcome = SubmitOutcome::Accepted { carrier_id: carrier_id.clone() };
        LinkEvent::Submit(SubmitResult { message, attempt: 2, index: 0, outcome })
    };
    gateway.careful(|turn| settle_apart(turn, &link, &[event(ids[0]), event(ids[1])]));
    assert_eq!(gateway.state(ids[1]), State::Sent);
    assert_eq!(gateway.damaged().len(), 1, "{:?}", gateway.damaged());
}

#[test]
fn what_is_changed_in_order_keeps_its_checksum() {
    let mut gateway = Gateway::new();
    let other = TextProfile { alphabets: vec![Alphabet::Ucs2], ..TextProfile::default() };
    let group = Group { profile_id: 77, ..Group::new(other, None) };
    gateway.settings.groups.insert("south".into(), group);
    let id = gateway.post_to(1);
    assert_eq!(gateway.dispatch_to(&[("south", 9)]).submissions.len(), 1, "encoded again for the other profile");
    gateway.outcome(id, 1, 0, refused(ErrorClass::Retry));
    gateway.pass(Duration::from_secs(3_600));
    assert_eq!(gateway.dispatch_to(&[("south", 9)]).submissions.len(), 1);
    gateway.outcome(id, 2, 0, lost());
    gateway.pass(Duration::from_secs(400 * 86_400));
    gateway.turn(sweep);
    if gateway.state(id) == State::Uncertain {
        gateway.turn(|turn| resolve(turn, id, Resolution::Resend)).unwrap();
        assert_eq!(gateway.dispatch_to(&[("south", 9)]).submissions.len(), 1, "and given more time by a person");
    }
    assert!(gateway.damaged().is_empty(), "{:?}", gateway.damaged());
}

#[test]
fn a_changed_text_is_not_made_right_by_giving_it_more_time() {
    let mut gateway = Gateway::new();
    let id = gateway.post_to(1);
    gateway.dispatch();
    gateway.flip("UPDATE message SET state = 'uncertain', body = 'hellp' WHERE id = ?1", id);
    gateway.turn(|turn| resolve(turn, id, Resolution::Resend)).unwrap();
    assert!(gateway.dispatch().is_empty());
    assert_eq!(gateway.damaged().len(), 1);
}

#[test]
fn a_callback_that_is_damaged_lets_the_others_and_its_own_successors_go() {
    let mut gateway = Gateway::new();
    gateway.settings.callback_states = vec![State::Sent, State::Delivered];
    let ids: Vec<MessageId> = (0..2).map(|n| gateway.post_to(n)).collect();
    gateway.dispatch();
    for (id, carrier) in ids.iter().zip(["c0", "c1"]) {
        gateway.accepted(*id, 1, 0, carrier);
    }
    gateway.receipt_for("c0", State::Delivered, None);
    gateway.flip("UPDATE callback SET body = NULL WHERE message = ?1 AND n = 0", ids[0]);
    let told = gateway.told();
    assert!(told.iter().filter(|kind| *kind == "message.sent").count() >= 1, "{told:?}");
    assert!(told.iter().any(|kind| kind == "message.delivered"), "{told:?}");
    assert_eq!(gateway.damaged()[0].kind, "callback");
}

#[test]
fn a_throttle_and_a_count_that_are_damaged_begin_anew() {
    use crate::store::{Options, throttle};
    let folder = tempfile::tempdir().unwrap();
    let options = Options::at(folder.path().join("a.db"));
    let mut gateway = Gateway::new();
    gateway.database = Database::open(&options).unwrap();
    gateway.post_to(1);
    gateway.turn(|turn| {
        throttle::save(turn.tx, "north", 5)?;
        turn.tx.connection().execute("INSERT INTO throttle VALUES (CAST(x'ff' AS TEXT), 7)", [])?;
        turn.tx.connection().execute("UPDATE tally SET state = 'qveued' WHERE state = 'queued'", [])?;
        Ok(())
    });
    gateway.database = Database::open(&options).unwrap();
    assert_eq!(gateway.database.tally().get(State::Queued), 1);
    let kept = gateway.turn(|turn| throttle::look_over(turn.tx));
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [("north".to_owned(), 5)]);
    assert_eq!(gateway.damaged()[0].kind, "throttle");
}
