//! What comes by the calendar: appointments, birthdays, service days, renewals, sales, and each contact's own rhythm.

use serde_json::json;

use super::house::{House, everywhere, the_other_way};

fn instant_in(house: &House, hours: u64) -> String {
    house.wall().plus(std::time::Duration::from_secs(hours * 3_600)).to_string()
}

#[test]
fn an_appointment_is_remembered_12_hours_before_and_confirmed_or_moved() {
    for (confirms, outcome) in [(true, "confirmed"), (false, "to be moved")] {
        everywhere(|house, _| {
            house.install("appointment", &[]);
            house.until("10:00");
            let at = instant_in(house, 36);
            house.event("appointment_booked", json!({"properties": {"at": at}}));
            house.pass("23h");
            house.nothing();
            house.pass("2h");
            house.reads("at 22:00. Reply YES to confirm", "22:00 예약을 알려", "เวลา 22:00 น. ค่ะ ตอบ ยืนยัน");
            let answer = if confirms {
                house.say("Yes", "확인", "ยืนยัน")
            } else {
                house.say("change", "변경", "เลื่อน")
            }
            .to_owned();
            house.reply(&answer);
            if confirms {
                house.reads("Thank you, see you on", "예약이 확정되었습니다", "ยืนยันนัดแล้วค่ะ");
            } else {
                house.reads("We will write to you shortly", "곧 연락드리겠습니다", "ติดต่อกลับเพื่อนัดเวลาใหม่");
                assert!(house.staff_knows("22:00"), "{:#?}", house.told);
            }
            assert_eq!(house.outcomes("appointment"), [outcome]);
            assert_eq!(house.report("appointment", "remind"), (1, 1, 0));
        });
    }
}

#[test]
fn a_birthday_brings_a_coupon_for_a_day() {
    everywhere(|house, tongue| {
        house.install("birthday", &[]);
        let birthday = house.day(10).replacen("2026", "1990", 1);
        house.contact(tongue.number, json!({"attributes": {"birthday": birthday}}));
        house.pass("8d");
        house.nothing();
        house.until("23:00");
        house.pass("1d");
        house.until("12:00");
        let text =
            house.reads_offer("Happy birthday, Maria! 25% off", "생일을 진심으로 축하드립니다", "สุขสันต์วันเกิดคุณสมชายค่ะ");
        assert!(text.contains("BDAY-"), "{text}");
        house.click(&text);
        assert_eq!(house.report("birthday", "text"), (1, 1, 1));
        house.pass("60d");
        house.nothing();
    });
}

#[test]
fn a_service_day_is_told_before_and_on_its_morning() {
    everywhere(|house, tongue| {
        house.install("service-day", &[]);
        let day = house.day(6);
        house.contact(tongue.number, json!({"attributes": {"service_on": day}}));
        house.pass("4d");
        house.reads("Your yearly check is on", "정기 점검일은", "มีกำหนดตรวจเช็กประจำปีวันที่");
        house.pass("3d");
        house.reads("Today is the day of your yearly check", "오늘은 정기 점검일입니다", "วันนี้เป็นวันตรวจเช็กประจำปี");
        assert_eq!(house.outcomes("service-day"), ["reminded"]);
    });
}

#[test]
fn a_renewal_is_told_twice_and_a_word_renews() {
    the_other_way(|house, _| {
        house.install("renewal", &[]);
        house.until("09:30");
        let day = house.day(15);
        house.event("subscription_changed", json!({"properties": {"renews_on": day}}));
        house.pass("26h");
        let text = house.reads("Your membership ends on", "멤버십 만료일은", "สมาชิกของคุณสมชายจะหมดอายุวันที่");
        house.click(&text);
        house.pass("10d");
        house.nothing();
        house.pass("1d");
        house.text();
        let renew = house.say("renew please", "갱신", "ต่ออายุ").to_owned();
        house.reply(&renew);
        house.reads("We have noted your renewal", "갱신 신청이 접수되었습니다", "รับเรื่องต่ออายุแล้ว");
        assert!(house.was_told("workflow", "renewal"));
        assert_eq!(house.outcomes("renewal"), ["renewed"]);
        assert_eq!(house.report("renewal", "first"), (1, 1, 1));
    });
}

#[test]
fn a_flash_sale_reminds_who_did_not_look_and_ends_with_a_purchase() {
    everywhere(|house, _| {
        house.install("flash-sale", &["to_reminder=4h", "to_last_call=3h"]);
        house.until("10:00");
        house.begin("flash-sale");
        house.reads_offer(
            "30% off everything for 24 hours only!",
            "단 24시간 전 상품 30% 할인!",
            "ลด 30% ทุกชิ้น เพียง 24 ชั่วโมง",
        );
        house.pass("4h");
        let text = house.reads_offer("Still on: 30% off", "행사가 진행 중입니다", "ยังทันนะคะ");
        house.click(&text);
        house.pass("3h");
        house.reads_offer("Last call", "행사가 곧 끝납니다", "โอกาสสุดท้าย");
        assert_eq!(house.outcomes("flash-sale"), ["done"]);
        assert_eq!(house.report("flash-sale", "reminder"), (1, 1, 1));
    });
    the_other_way(|house, _| {
        house.install("flash-sale", &["to_reminder=4h"]);
        house.until("10:00");
        house.begin("flash-sale");
        let text = house.text();
        house.click(&text);
        house.event("purchase", json!({"amount": 10}));
        house.pass("1d");
        house.nothing();
        assert_eq!(house.outcomes("flash-sale"), ["goal"]);
    });
}

#[test]
fn who_reads_the_content_is_a_reader() {
    everywhere(|house, _| {
        house.install("content", &["content_url=https://shop.test/read"]);
        house.until("12:00");
        house.begin("content");
        let text = house.reads_offer(
            "Five ways to make better tea: https://s.test/",
            "다섯 가지 방법 https://s.test/",
            "5 วิธีชงชาให้อร่อยขึ้น https://s.test/",
        );
        house.click(&text);
        assert!(house.has_tag("reader"));
        assert_eq!(house.report("content", "text"), (1, 1, 1));
    });
}

#[test]
fn greetings_come_once_and_at_a_friendly_hour() {
    the_other_way(|house, _| {
        house.install("seasons-greetings", &[]);
        house.until("20:30");
        house.begin("seasons-greetings");
        house.nothing();
        house.until("12:00");
        house.reads_offer("All the best for the new year, Maria!", "새해 복 많이 받으세요", "สวัสดีปีใหม่");
        assert_eq!(house.report("seasons-greetings", "text"), (1, 1, 0));
    });
}

/// Buys every ten days, twice; the third time is due.
fn due_again(house: &mut House) {
    let name = house.say("Face cream", "수분크림", "ครีมบำรุงหน้า");
    let bought = json!({"amount": 40, "products": [{"name": name}]});
    house.install("replenishment", &[]);
    house.until("12:00");
    house.event("purchase", bought.clone());
    house.pass("10d");
    house.event("purchase", bought);
    house.pass("9d");
    house.nothing();
    house.pass("2d");
    house.reads_offer(
        "Time for more Face cream? Reply YES",
        "수분크림 다시 필요하지 않으신가요?",
        "ครีมบำรุงหน้าใกล้หมดหรือยังคะ",
    );
}

#[test]
fn yes_orders_again_by_webhook() {
    everywhere(|house, _| {
        due_again(house);
        let yes = house.say("Yes please", "네", "ใช่ค่ะ").to_owned();
        house.reply(&yes);
        house.reads("We are preparing Face cream again", "수분크림 재주문을 접수했습니다", "รับคำสั่งซื้อครีมบำรุงหน้าแล้ว");
        assert!(house.was_told("workflow", "replenishment-order"), "{:#?}", house.told);
        assert!(house.has_tag("reordered-by-sms"));
        assert_eq!(house.outcomes("replenishment"), ["ordered"]);
    });
}

#[test]
fn remindme_asks_when_and_asks_again_then() {
    the_other_way(|house, _| {
        due_again(house);
        let later = house.say("Remindme", "나중에", "ไว้ก่อน").to_owned();
        house.reply(&later);
        house.reads("When shall we ask again?", "몇 주 뒤에 다시 알려 드릴까요?", "ให้เราเตือนอีกครั้งในกี่สัปดาห์");
        house.reply("2");
        house.reads("Noted", "알겠습니다", "รับทราบค่ะ");
        house.pass("13d");
        house.nothing();
        house.pass("2d");
        house.text();
        house.event("purchase", json!({"amount": 40}));
        assert_eq!(house.outcomes("replenishment"), ["goal"]);
    });
}
