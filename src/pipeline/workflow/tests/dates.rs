//! Claims about days and instants that begin workflows.

use super::*;

fn of_date(trigger: Value) -> Value {
    json!({"name": "dated", "class": "transactional", "reentry": "always", "trigger": [trigger], "step": [{"send": "hi"}]})
}

/// A shop whose clock stands at midnight of 22 November 2026 in UTC: nine in Seoul, seven in Bangkok.
fn shop(trigger: Value) -> Shop {
    let mut shop = Shop::new();
    shop.template("hi", "hi");
    shop.workflow(&of_date(trigger));
    shop
}

fn hours(shop: &mut Shop, number: &str) -> Vec<u64> {
    shop.texts(number).into_iter().map(|(hours, _)| hours).collect()
}

const BANGKOK: &str = "+66812345678";

#[test]
fn a_birthday_is_met_a_week_before_at_ten_of_each_contacts_own_day() {
    let mut shop = shop(json!({"date": "birthday", "offset": "-7d", "at": "10:00"}));
    for number in [SEOUL, BANGKOK] {
        shop.contact(json!({"number": number, "attributes": {"birthday": "1990-11-30"}}));
    }
    shop.contact(json!({"number": "+821000000001", "attributes": {"birthday": "1990-12-01"}}));
    shop.pass(HOUR * 47);
    assert_eq!(hours(&mut shop, SEOUL), [25], "ten in Seoul is one in UTC");
    assert_eq!(hours(&mut shop, BANGKOK), [27]);
    assert!(hours(&mut shop, "+821000000001").is_empty());
    shop.pass(HOUR * 24 * 366);
    assert_eq!(hours(&mut shop, SEOUL).len(), 2, "and again in a year");
}

#[test]
fn an_appointment_is_met_twelve_hours_before_and_once_for_each() {
    let mut shop = shop(json!({"date": "next_appointment_at", "offset": "-12h"}));
    shop.contact(json!({"number": SEOUL}));
    let book = |hours: u64| {
        let at = START.plus(HOUR * u32::try_from(hours).unwrap()).to_string();
        json!({"type": "appointment_booked", "contact": SEOUL, "properties": {"at": at}})
    };
    shop.event(&book(30));
    shop.pass(HOUR * 17);
    assert!(hours(&mut shop, SEOUL).is_empty());
    shop.pass(HOUR * 2);
    assert_eq!(hours(&mut shop, SEOUL), [18]);
    shop.pass(HOUR * 24);
    shop.event(&book(100));
    shop.pass(HOUR * 100);
    assert_eq!(hours(&mut shop, SEOUL), [18, 88]);
}

#[test]
fn a_day_in_an_attribute_and_an_instant_as_text_are_met() {
    let mut shop = shop(json!({"date": "attribute.visit_on", "offset": "-1d", "at": "09:30"}));
    let text = "2026-11-24T23:30:00-05:00";
    shop.contact(json!({"number": SEOUL, "attributes": {"visit_on": "2026-11-24"}}));
    shop.contact(json!({"number": BANGKOK, "attributes": {"visit_on": text}}));
    shop.contact(json!({"number": "+821000000001", "attributes": {"visit_on": 20_781}}));
    shop.pass(HOUR * 24 * 5);
    assert_eq!(hours(&mut shop, SEOUL), [24], "half past nine in Seoul");
    assert_eq!(hours(&mut shop, BANGKOK), [50], "it is the 25th in Bangkok then, so the 24th is the day before");
    assert!(hours(&mut shop, "+821000000001").is_empty(), "a number is no day");
}

#[test]
fn many_contacts_of_one_day_begin_once_each_page_by_page() {
    let mut shop = shop(json!({"date": "renewal_on", "offset": "0d", "at": "10:00"}));
    for n in 0..450 {
        let number = format!("+8210{n:08}");
        shop.contact(json!({"number": number}));
        shop.event(
            &json!({"type": "subscription_changed", "contact": number, "properties": {"renews_on": "2026-11-23"}}),
        );
    }
    shop.pass(HOUR * 72);
    let counts = "SELECT count(*), count(DISTINCT contact) FROM enrolment";
    let counted: (i64, i64) =
        shop.database.read(|c| Ok(c.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))?)).unwrap();
    assert_eq!(counted, (450, 450));
}

#[test]
fn a_gateway_that_stood_still_makes_good_a_day_and_no_more() {
    let trigger = json!({"date": "birthday", "offset": "0d", "at": "10:00"});
    for (still, expected) in [(20, 1), (80, 0)] {
        let mut shop = shop(trigger.clone());
        shop.contact(json!({"number": SEOUL, "attributes": {"birthday": "1990-11-23"}}));
        shop.settle();
        // Ten o'clock of the 23rd is 25 hours from the start.
        shop.now = shop.now.plus(HOUR * (25 + still));
        shop.pass(HOUR);
        assert_eq!(hours(&mut shop, SEOUL).len(), expected, "{still} hours");
    }
}

#[test]
fn who_was_born_on_the_29th_of_february_has_the_1st_of_march() {
    let mut shop = shop(json!({"date": "birthday", "at": "10:00"}));
    shop.contact(json!({"number": SEOUL, "attributes": {"birthday": "2000-02-29"}}));
    shop.pass(HOUR * 24 * 120);
    let day = START.plus(HOUR * u32::try_from(hours(&mut shop, SEOUL)[0]).unwrap()).to_string();
    assert!(day.starts_with("2027-03-01"), "{day}");
}
