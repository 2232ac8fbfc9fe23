//! Notices that cannot wait, and those for one person.

use serde_json::json;

use super::house::{everywhere, the_other_way};

#[test]
fn an_important_notice_goes_at_night_and_to_who_opted_out_of_offers() {
    everywhere(|house, _| {
        house.install("important-notice", &[]);
        let stop = house.say("STOP", "수신거부", "ยกเลิก").to_owned();
        house.reply(&stop);
        house.text();
        house.until("23:30");
        house.event("store_closed", json!({"properties": {"until": "2026-11-30"}}));
        house.reads(
            "Our shop is closed until 2026-11-30",
            "2026-11-30까지 매장이 휴무입니다",
            "ร้านปิดทำการถึง 2026-11-30",
        );
        house.event("delivery_trouble", json!({"properties": {"order": "A-1", "expected_on": "2026-12-05"}}));
        house.reads(
            "is late and should arrive on",
            "배송이 늦어지고 있습니다. 도착 예정일은",
            "จัดส่งล่าช้าค่ะ คาดว่าจะถึงวันที่",
        );
        assert_eq!(house.report("important-notice-closed", "text"), (1, 1, 0));
    });
}

#[test]
fn who_waits_for_stock_is_tagged_and_who_does_not_is_paid_back() {
    for waits in [true, false] {
        the_other_way(|house, _| {
            house.install("important-notice", &[]);
            house.until("12:00");
            let name = house.say("Jasmine tea", "재스민차", "ชามะลิ");
            house.event("out_of_stock", json!({"properties": {"product": name}}));
            house.reads("Jasmine tea is out of stock", "재스민차이(가) 품절되었습니다", "ชามะลิหมดชั่วคราว");
            let answer = if waits {
                house.say("wait", "대기", "รอ")
            } else {
                house.say("Refund", "환불", "คืนเงิน")
            }
            .to_owned();
            house.reply(&answer);
            house.reads("we have noted it", "접수되었습니다", "รับทราบแล้วค่ะ");
            assert_eq!(house.has_tag("waits-for-stock"), waits);
            assert_eq!(house.was_told("workflow", "out-of-stock-refund"), !waits);
        });
    }
}

#[test]
fn personal_notices_say_what_the_event_says() {
    everywhere(|house, _| {
        house.install("personal-notice", &[]);
        house.until("12:00");
        house.event("ready_for_pickup", json!({"properties": {"item": "A-7", "place": "Tea Street 7"}}));
        house.reads(
            "A-7 is ready for you at Tea Street 7.",
            "A-7이(가) 준비되었습니다. Tea Street 7에서",
            "A-7พร้อมรับแล้วที่ Tea Street 7",
        );
        house.event("payment_due", json!({"amount": 45, "properties": {"due_on": "2026-12-01"}}));
        house.reads("is due on", "결제 기한은", "ภายในวันที่");
        let own = house.say("Your key is ready.", "열쇠가 준비되었습니다.", "กุญแจพร้อมแล้วค่ะ");
        house.event("personal_notice", json!({"properties": {"text": own}}));
        house.reads("Your key is ready.", "열쇠가 준비되었습니다.", "กุญแจพร้อมแล้วค่ะ");
        assert_eq!(house.report("personal-notice", "text"), (1, 1, 0));
    });
}
