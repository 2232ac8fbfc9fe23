//! Winning back the inactive: survey, contest, coupon, and the ways out of it.

use serde_json::json;

use super::house::{House, everywhere, the_other_way};
use super::network::Way;
use super::tongue::ENGLISH;

fn survey(house: &mut House) -> String {
    house.reads_offer("We have missed you", "그동안 뵙지 못해", "คิดถึงคุณสมชาย")
}

fn contest(house: &mut House) -> String {
    house.reads_offer("Win a gift basket", "선물 세트에 응모해", "ร่วมลุ้นชุดของขวัญ")
}

fn coupon(house: &mut House) -> String {
    let text = house.reads_offer(
        "20% off with code BACK-",
        "20% 할인 쿠폰입니다. 코드 BACK-",
        "มอบส่วนลด 20%ให้คุณสมชายค่ะ ใช้โค้ด BACK-",
    );
    assert!(text.contains("https://s.test/"), "{text}");
    text
}

fn quiet_for_a_month(house: &mut House) {
    house.install("win-back", &[]);
    house.event("purchase", json!({"amount": 30}));
    house.pass("29d");
    house.nothing();
    house.pass("2d");
}

#[test]
fn who_follows_no_link_for_90_days_gets_three_texts_and_then_no_more() {
    everywhere(|house, _| {
        quiet_for_a_month(house);
        survey(house);
        assert!(house.has_tag("inactive"));
        house.pass("30d");
        contest(house);
        house.pass("30d");
        coupon(house);
        assert!(!house.has_left());
        house.pass("14d");
        house.nothing();
        assert!(house.has_left() && house.has_tag("lost"));
        assert_eq!(house.outcomes("win-back"), ["lost"]);
        for step in ["survey", "contest", "coupon"] {
            assert_eq!(house.report("win-back", step), (1, 1, 0), "{step}");
        }
    });
}

#[test]
fn a_click_brings_back_among_the_active() {
    the_other_way(|house, _| {
        quiet_for_a_month(house);
        survey(house);
        house.pass("30d");
        let text = contest(house);
        house.click(&text);
        assert!(!house.has_tag("inactive"));
        assert!(house.known().contact.attributes.contains_key("won_back_on"));
        house.pass("60d");
        house.nothing();
        assert!(!house.has_left());
        assert_eq!(house.outcomes("win-back"), ["won back"]);
        assert_eq!(house.report("win-back", "contest"), (1, 1, 1));
    });
}

#[test]
fn a_stop_is_honoured_at_once() {
    everywhere(|house, _| {
        quiet_for_a_month(house);
        survey(house);
        let stop = house.say("STOP", "수신거부", "ยกเลิก").to_owned();
        house.reply(&stop);
        house.text();
        assert!(house.has_left());
        house.pass("75d");
        house.nothing();
    });
}

#[test]
fn the_shop_chooses_what_counts_as_active() {
    for (behaviour, kind, fields) in [
        ("visit", "visit", json!({})),
        ("mail", "mail_opened", json!({})),
        ("card", "points_changed", json!({"properties": {"change": 5}})),
    ] {
        let mut house = House::new(ENGLISH, Way::Carrier);
        house.install("win-back", &[&format!("behaviour={behaviour}"), "first_days=20"]);
        house.event("purchase", json!({"amount": 30}));
        house.event(kind, fields.clone());
        house.pass("15d");
        house.event("purchase", json!({"amount": 30}));
        house.pass("6d");
        survey(&mut house);
        house.event(kind, fields);
        assert_eq!(house.outcomes("win-back"), ["won back"], "{behaviour}");
    }
}
