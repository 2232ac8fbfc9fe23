//! Claims about who comes in, on which version, and what a crash leaves.

use super::*;

fn simple(reentry: &str) -> Value {
    json!({"name": "simple", "class": "transactional", "reentry": reentry, "trigger": [{"event": "go"}],
        "step": [{"send": "hi"}, {"wait": "1d"}, {"send": "hi"}]})
}

fn shop(source: &Value) -> (Shop, i64) {
    let mut shop = Shop::new();
    let id = shop.contact(json!({"number": SEOUL}));
    shop.template("hi", "hi");
    shop.workflow(source);
    (shop, id)
}

fn go() -> Value {
    json!({"type": "go", "contact": SEOUL})
}

#[test]
fn nobody_is_in_it_twice_and_comes_again_as_reentry_says() {
    for (reentry, expected) in [("never", [1, 1, 1, 1]), ("always", [1, 2, 3, 4]), ("5d", [1, 1, 2, 2])] {
        let (mut shop, id) = shop(&simple(reentry));
        for count in expected {
            shop.event(&go());
            shop.event(&go());
            assert_eq!(shop.enrolments(id).len(), count, "{reentry}");
            shop.pass(HOUR * 24 * 3);
        }
    }
}

#[test]
fn an_audience_and_an_inactive_workflow_let_nobody_else_in() {
    let mut source = simple("always");
    source["audience"] = json!({"tag": "vip"});
    let (mut shop, id) = shop(&source);
    assert_eq!(shop.turn(|turn| enrol(turn, "simple", id, None)), Enrolled::NotInAudience);
    shop.contact(json!({"number": SEOUL, "add_tags": ["vip"]}));
    shop.turn(|turn| deactivate(turn, "simple"));
    assert_eq!(shop.turn(|turn| enrol(turn, "simple", id, None)), Enrolled::Inactive);
    shop.event(&go());
    assert!(shop.enrolments(id).is_empty());
    shop.turn(|turn| activate(turn, "simple"));
    assert!(matches!(shop.turn(|turn| enrol(turn, "simple", id, None)), Enrolled::Begun(_)));
    assert_eq!(shop.turn(|turn| enrol(turn, "simple", id, None)), Enrolled::AlreadyIn);
    assert_eq!(shop.turn(|turn| enrol(turn, "none", id, None)), Enrolled::Unknown);
    assert_eq!(shop.turn(|turn| enrol(turn, "simple", 999, None)), Enrolled::NoContact);
}

#[test]
fn who_is_in_it_goes_on_with_the_version_that_he_began_with() {
    let (mut shop, id) = shop(&simple("always"));
    shop.template("new", "new");
    shop.event(&go());
    let mut changed = simple("always");
    changed["step"] = json!([{"id": "other", "send": "new"}]);
    shop.workflow(&changed);
    shop.pass(HOUR * 24 * 2);
    assert_eq!(shop.texts(SEOUL).iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["hi", "hi"]);
    assert_eq!(shop.database.read(|c| workflow::versions(c, "simple")).unwrap(), [2], "nobody runs on the first");
    shop.event(&go());
    assert_eq!(shop.texts(SEOUL)[2].1, "new");
    assert_eq!(shop.enrolments(id).len(), 2);
}

#[test]
fn a_crash_at_any_commit_neither_loses_nor_doubles_a_text() {
    // Each turn is tried first and thrown away, as a crash before its commit does.
    let (mut shop, id) = shop(&simple("never"));
    let crash = |shop: &mut Shop| {
        let (settings, now) = (&shop.settings, shop.now);
        let lost: Result<(), StoreError> = shop.database.write(|tx| {
            let turn = Turn::new(tx, settings, now);
            step_all(&turn)?;
            Err(StoreError::DiskFull)
        });
        assert!(matches!(lost, Err(StoreError::DiskFull)));
    };
    let event = Event::from_json(&go(), None, shop.now).unwrap();
    shop.turn(|turn| event::record(turn.tx, &event, turn.now));
    for _ in 0..60 {
        crash(&mut shop);
        shop.turn(step_all);
        crash(&mut shop);
        shop.now = shop.now.plus(HOUR);
    }
    assert_eq!(shop.texts(SEOUL).iter().map(|(hours, _)| *hours).collect::<Vec<_>>(), [0, 24]);
    assert_eq!(shop.outcome(id).as_deref(), Some("done"));
}

#[test]
fn a_visit_sends_one_text_and_a_row_that_moved_is_not_moved_again() {
    let (mut shop, _) = shop(&simple("never"));
    shop.event(&go());
    let (settings, now) = (&shop.settings, shop.now);
    let again = Visit { n: 1, step: "step-1".into(), at: now, what: "again".into(), message: None };
    let doubled = shop.database.write(|tx| enrolment::note(Turn::new(tx, settings, now).tx, 1, &again));
    assert!(matches!(doubled, Err(StoreError::Row(_))), "{doubled:?}");
    let stale = shop.database.write(|tx| {
        let mut one = enrolment::find(tx.connection(), 1)?.unwrap();
        one.visit += 1;
        enrolment::save(tx, 1, &one)
    });
    assert!(matches!(stale, Err(StoreError::Row(_))), "{stale:?}");
}

#[test]
fn workflows_that_begin_each_other_for_ever_are_stopped() {
    let mut source = simple("always");
    source["step"] = json!([{"event": "go"}]);
    let (mut shop, id) = shop(&source);
    shop.event(&go());
    assert!(shop.enrolments(id).len() <= 30, "{}", shop.enrolments(id).len());
}

#[test]
fn a_contact_that_goes_takes_its_enrolments_along() {
    let (mut shop, _) = shop(&simple("never"));
    shop.event(&go());
    assert!(shop.turn(|turn| contact::remove(turn.tx, &SEOUL.parse().unwrap())));
    let rows = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        shop.database.read(|c| Ok(c.query_row(&sql, [], |row| row.get(0))?)).unwrap()
    };
    assert_eq!((rows("enrolment"), rows("visit")), (0, 0));
}

#[test]
fn one_that_is_canceled_or_whose_workflow_is_removed_goes_no_further() {
    let (mut shop, id) = shop(&simple("never"));
    shop.event(&go());
    assert!(shop.turn(|turn| cancel(turn, 1, "canceled")) && !shop.turn(|turn| cancel(turn, 1, "canceled")));
    shop.pass(HOUR * 48);
    assert_eq!((shop.outcome(id).as_deref(), shop.texts(SEOUL).len()), (Some("canceled"), 1));
    let other = shop.contact(json!({"number": "+821000000001"}));
    shop.turn(|turn| enrol(turn, "simple", other, None));
    shop.settle();
    assert!(shop.turn(|turn| remove(turn, "simple")));
    shop.pass(HOUR * 48);
    assert_eq!(shop.outcome(other).as_deref(), Some("its definition is gone"));
}

#[test]
fn a_row_that_is_wrong_stops_one_and_not_the_others() {
    let (mut shop, id) = shop(&simple("never"));
    let other = shop.contact(json!({"number": "+821000000001"}));
    shop.event(&go());
    shop.turn(|turn| enrol(turn, "simple", other, None));
    // The visit that comes next has sent a text already, which no run of the program can bring about.
    let sent = shop.turn(|turn| Ok(turn.tx.next_id(turn.now)));
    let visit = Visit { n: 3, step: "step-3".into(), at: shop.now, what: "sent".into(), message: Some(sent) };
    shop.turn(|turn| enrolment::note(turn.tx, 1, &visit));
    shop.pass(HOUR * 48);
    assert!(shop.outcome(id).unwrap().starts_with("stopped: visit 3"), "{:?}", shop.outcome(id));
    assert_eq!((shop.texts(SEOUL).len(), shop.texts("+821000000001").len()), (1, 2));
    assert_eq!(shop.outcome(other).as_deref(), Some("done"));
}
