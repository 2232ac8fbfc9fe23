//! Claims about what steps do.

use super::*;
use crate::store::campaign::point;

fn played(steps: Value, event: &Value) -> (Shop, i64) {
    let mut shop = Shop::new();
    let id = shop.contact(json!({"number": SEOUL, "name": "Jisoo", "tags": ["old"], "lists": ["news"]}));
    shop.template("hi", "hi {{ name }}");
    shop.template("hole", "hi {{ attribute.missing }}");
    shop.workflow(&json!({"name": "deeds", "trigger": [{"event": "go"}], "step": steps}));
    shop.event(event);
    (shop, id)
}

fn go(properties: Value) -> Value {
    json!({"type": "go", "contact": SEOUL, "properties": properties})
}

fn told(shop: &Shop) -> Vec<String> {
    shop.visits(1).into_iter().map(|visit| visit.what).collect()
}

#[test]
fn tags_lists_and_attributes_change() {
    let steps = json!([{"tag": ["vip", "new"]}, {"untag": "old"}, {"list": "club"}, {"unlist": "news"},
        {"set": {"asked": true, "again_on": "+30d", "size": "event.size"}}, {"set": {"color": "event.color"}}]);
    let (shop, id) = played(steps, &go(json!({"size": 42})));
    let contact = shop.database.read(|c| contact::by_id(c, id)).unwrap().unwrap().contact;
    assert_eq!(contact.tags.iter().collect::<Vec<_>>(), ["new", "vip"]);
    assert_eq!(contact.lists.iter().collect::<Vec<_>>(), ["club"]);
    let again = contact.attributes["again_on"].to_json();
    assert_eq!((contact.attributes["size"].to_json(), again), (json!(42), json!("2026-12-22")));
    assert_eq!(told(&shop)[5], "skipped: the event has no color");
}

#[test]
fn an_event_is_recorded_once_also_for_another_contact() {
    let steps = json!([{"event": "points_changed", "properties": {"change": 100, "reason": "event.why"}},
        {"event": "points_changed", "properties": {"change": 50}, "contact": "event.referrer"},
        {"event": "points_changed", "contact": "event.nobody"}]);
    let (mut shop, id) = played(steps, &go(json!({"referrer": "+821099999999", "why": "joined"})));
    let balance = |shop: &Shop, id| {
        shop.database.read(|c| point::of(c, id)).unwrap().number(crate::campaign::point::Point::PointsBalance)
    };
    assert_eq!(balance(&shop, id), Some(100.0));
    let other = shop.turn(|turn| contact::ensure(turn.tx, &"+821099999999".parse().unwrap(), turn.now));
    assert_eq!(balance(&shop, other), Some(50.0));
    assert_eq!(told(&shop)[2], "skipped: there is no event.nobody");
}

#[test]
fn what_cannot_be_sent_is_left_out_with_its_reason_and_it_goes_on() {
    let (mut shop, id) = played(
        json!([{"send": "gone"}, {"send": "hole"}, {"coupon": "none"}, {"survey": "none"}, {"send": "hi"}]),
        &go(json!({})),
    );
    let told = told(&shop);
    assert_eq!(told[0], "skipped: there is no template \"gone\"");
    assert!(told[1].starts_with("skipped: field_missing: the contact has no attribute.missing"), "{told:?}");
    assert_eq!(told[2], "skipped: there is no coupon pool \"none\"");
    assert!(told[3].starts_with("skipped: there is no survey"), "{told:?}");
    assert_eq!(shop.texts(SEOUL), [(0, "hi Jisoo".to_owned())]);
    assert_eq!(shop.outcome(id).as_deref(), Some("done"));
}

#[test]
fn tools_and_staff_are_told_and_another_workflow_begins() {
    let mut shop = Shop::new();
    let id = shop.contact(json!({"number": SEOUL, "name": "Jisoo"}));
    shop.workflow(&json!({"name": "other", "trigger": [{"api": true}], "step": [{"tag": "other"}]}));
    let steps = json!([{"webhook": "mail-welcome"}, {"notify": "{{ name }} asks for {{ event.text }}"}, {"enrol": "other"},
        {"opt_out": "no click in 90 days"}]);
    shop.workflow(&json!({"name": "deeds", "trigger": [{"event": "go"}], "step": steps}));
    shop.event(&go(json!({"text": "tea"})));
    let bodies: Vec<String> = shop
        .database
        .read(|c| {
            let mut statement = c.prepare("SELECT body FROM callback ORDER BY message")?;
            Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
        .unwrap();
    let told: Vec<Value> = bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    let kinds: Vec<_> = told.iter().map(|told| told["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["workflow", "notice", "consent.changed"]);
    assert_eq!(
        (&told[0]["data"]["webhook"], &told[0]["data"]["contact"]["number"]),
        (&json!("mail-welcome"), &json!(SEOUL))
    );
    assert_eq!(told[0]["data"]["event"]["text"], "tea");
    let tags = shop.database.read(|c| contact::by_id(c, id)).unwrap().unwrap().contact.tags;
    assert!(tags.contains("other"), "{tags:?}");
}

#[test]
fn branches_see_what_was_delivered_answered_and_bought() {
    let branch = |question: Value| {
        json!([{"id": "a", "send": "hi", "class": "transactional"}, {"wait": "1d"},
        {"branch": question, "then": "yes", "else": "no"}, {"id": "yes", "exit": "yes"}, {"id": "no", "exit": "no"}])
    };
    for (question, happens, expected) in [
        (json!({"bought": true}), None, "no"),
        (json!({"bought": true}), Some("purchase"), "yes"),
        (json!({"event": "visit"}), Some("visit"), "yes"),
        (json!({"event": "visit", "with": {"page": "x"}}), Some("visit"), "no"),
        (json!({"delivered": "a"}), None, "no"),
        (json!({"clicked": "a"}), None, "no"),
        (json!({"condition": {"tag": "old"}}), None, "yes"),
    ] {
        let (mut shop, id) = played(branch(question.clone()), &go(json!({})));
        shop.pass(HOUR);
        if let Some(kind) = happens {
            shop.event(&json!({"type": kind, "contact": SEOUL}));
        }
        shop.pass(HOUR * 48);
        assert_eq!(shop.outcome(id).as_deref(), Some(expected), "{question} {happens:?}");
    }
}

#[test]
fn an_urgent_text_is_transactional_and_the_others_are_not() {
    let (shop, _) = played(json!([{"send": "hi"}, {"send": "hi", "urgent": true}]), &go(json!({})));
    let sql = "SELECT class FROM message ORDER BY id";
    let classes: Vec<String> = shop
        .database
        .read(|c| Ok(c.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?))
        .unwrap();
    assert_eq!(classes, ["marketing", "transactional"]);
}
