//! The loyalty programme.

use serde_json::json;

use super::house::{House, everywhere, the_other_way};

fn join(house: &mut House) {
    house.install("loyalty", &[]);
    house.until("12:00");
    let club = house.say("club", "멤버십", "คลับ").to_owned();
    house.reply(&club);
    house.pass("1m");
    let texts = house.texts_to(house.tongue.number);
    let welcome = house.say(
        "Welcome to the club, Maria! 50 points are yours; you have 50",
        "가입 포인트 50점을 드려 현재 50점",
        "รับ 50 แต้ม ตอนนี้มี 50 แต้ม",
    );
    assert!(texts.iter().any(|text| text.contains(welcome)), "{texts:#?}");
    assert!(house.has_tag("loyalty"));
}

#[test]
fn joining_gives_points_and_the_balance_tells_what_they_buy() {
    everywhere(|house, tongue| {
        join(house);
        assert_eq!(house.point(tongue.number, "points_balance"), Some(50.0));
        assert_eq!(house.report("loyalty-join", "welcome"), (1, 1, 0));
        let points = house.say("Points", "포인트", "แต้ม").to_owned();
        house.reply(&points);
        house.reads(
            "You have 50 points. 100 points are a free drink.",
            "현재 포인트는 50점입니다. 100점부터",
            "คุณมี 50 แต้มค่ะ 100 แต้มแลก",
        );
        house.event("points_changed", json!({"properties": {"change": 500, "reason": "order"}}));
        house.pass("25h");
        let text = house.reads_offer(
            "You have 550 points, enough for 20% off an order",
            "550점입니다. 주문 20% 할인",
            "มี 550 แต้มค่ะ แลกส่วนลด 20%ได้แล้ว",
        );
        house.click(&text);
        assert_eq!(house.report("loyalty-balance", "text"), (1, 1, 1));
    });
}

#[test]
fn the_double_points_day_reaches_members() {
    the_other_way(|house, _| {
        join(house);
        house.begin("loyalty-double");
        house.reads_offer(
            "Double points today only! All you buy counts twice; you have 50 now",
            "오늘 하루 포인트를 두 배로 드립니다. 현재 포인트는 50점",
            "วันนี้วันเดียวรับแต้มสองเท่าค่ะ ตอนนี้คุณมี 50 แต้ม",
        );
    });
}

#[test]
fn a_new_tier_tells_its_perks_and_a_near_one_what_it_lacks() {
    everywhere(|house, _| {
        join(house);
        house.event(
            "points_changed",
            json!({"properties": {"balance": 80, "tier": "Silver", "next_tier": "VIP", "next_tier_distance": 20}}),
        );
        house.pass("2h");
        house.reads_offer(
            "Only 20 points to VIP! You have 80.",
            "20점만 더 모으시면 VIP 등급",
            "อีกเพียง 20 แต้มก็ถึงระดับ VIP",
        );
        house.event("tier_changed", json!({"properties": {"tier": "VIP", "next_tier_distance": 0}}));
        house.pass("1h");
        house.reads_offer(
            "You are VIP now, Maria! Your perks: free shipping",
            "VIP 등급이 되셨습니다",
            "เป็นสมาชิกระดับ VIP แล้ว",
        );
        assert!(house.has_tag("vip"));
    });
}

#[test]
fn points_that_expire_are_told_30_days_before_with_their_date() {
    everywhere(|house, _| {
        join(house);
        let day = house.day(40);
        house.event("points_changed", json!({"properties": {"balance": 90, "expiring": 40, "expires_on": day}}));
        house.pass("9d");
        house.nothing();
        house.pass("1d");
        let text = house.reads_offer("40 of your points expire on", "40점이", "40 แต้มจะหมดอายุวันที่");
        let year = house.say("2027", "2027", "2027");
        assert!(text.contains(year) || text.contains("2570"), "no date in: {text}");
        house.click(&text);
        house.pass("23d");
        house.reads_offer("40 of your points expire on", "40점이", "40 แต้มจะหมดอายุวันที่");
        assert_eq!(house.outcomes("loyalty-expiring"), ["told"]);
        assert_eq!(house.report("loyalty-expiring", "text"), (1, 1, 1));
    });
}
