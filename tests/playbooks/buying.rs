//! Carts, orders, what comes after them, and groups by how people buy.

use serde_json::json;

use super::house::{House, everywhere, the_other_way};

fn product(house: &House) -> &'static str {
    house.say("Jasmine tea", "재스민차", "ชามะลิ")
}

fn fill_cart(house: &mut House) {
    let fields = json!({"amount": 25, "products": [{"name": product(house), "price": 12.5, "quantity": 2}],
        "properties": {"url": "https://shop.test/cart/7"}});
    house.event("cart_updated", fields);
}

fn buy(house: &mut House, order: &str) {
    let fields = json!({"amount": 25, "products": [{"name": product(house), "category": "Tea", "price": 25}],
        "properties": {"order": order}});
    house.event("purchase", fields);
}

fn remind_of_cart(house: &mut House) -> String {
    house.install("cart", &[]);
    house.until("12:00");
    fill_cart(house);
    house.pass("23h");
    house.nothing();
    house.pass("2h");
    let text =
        house.reads_offer("Your cart is still here: Jasmine tea", "장바구니에 담으신 재스민차", "ยังมีชามะลิรออยู่ในตะกร้า");
    assert!(text.contains("https://s.test/") && !text.contains("shop.test/cart"), "{text}");
    text
}

#[test]
fn a_cart_is_remembered_after_a_day_and_a_coupon_follows_for_who_does_not_look() {
    everywhere(|house, _| {
        remind_of_cart(house);
        house.pass("2d");
        house.reads_offer(
            "10% off on your cart with code CART-",
            "10% 할인 받으세요. 코드 CART-",
            "รับส่วนลด 10%สำหรับสินค้าในตะกร้า",
        );
        house.pass("4d");
        house.nothing();
        assert_eq!(house.outcomes("cart"), ["not bought"]);
        assert_eq!(house.report("cart", "remind"), (1, 1, 0));
    });
}

#[test]
fn who_looks_at_the_cart_gets_no_coupon_and_who_buys_ends_it() {
    the_other_way(|house, _| {
        let text = remind_of_cart(house);
        house.click(&text);
        house.pass("2d");
        house.nothing();
        buy(house, "A-1");
        assert_eq!(house.outcomes("cart"), ["goal"]);
        assert_eq!(house.report("cart", "remind"), (1, 1, 1));
    });
}

#[test]
fn a_cart_that_grows_is_remembered_a_day_after_the_last_change() {
    everywhere(|house, _| {
        house.install("cart", &[]);
        house.until("12:00");
        fill_cart(house);
        house.pass("4h");
        fill_cart(house);
        house.pass("21h");
        house.nothing();
        house.pass("5h");
        house.text();
    });
}

#[test]
fn an_order_tells_where_it_is_and_answers_its_words() {
    everywhere(|house, _| {
        house.install("order-updates", &[]);
        house.until("12:00");
        buy(house, "A-1042");
        house.reads("We have your order A-1042. Reply ORDER", "주문(A-1042)이 접수되었습니다", "ได้รับคำสั่งซื้อ A-1042 แล้ว");
        let order = house.say("order", "주문조회", "สถานะ").to_owned();
        house.reply(&order);
        house.reads(
            "We are preparing your order A-1042",
            "주문(A-1042) 상품을 준비하고 있습니다",
            "กำลังเตรียมคำสั่งซื้อ A-1042",
        );
        let expected = house.day(3);
        house.event(
            "order_shipped",
            json!({"properties": {"order": "A-1042", "expected_on": expected, "tracking_url": "https://post.test/7"}}),
        );
        let text =
            house.reads("Your order A-1042 has left us", "주문(A-1042) 상품이 발송되었습니다", "จัดส่งคำสั่งซื้อ A-1042 แล้ว");
        house.click(&text);
        house.reply(&order);
        house.reads(
            "is on its way and should arrive on",
            "배송 중입니다. 도착 예정일은",
            "อยู่ระหว่างจัดส่งค่ะ คาดว่าจะถึงวันที่",
        );
        house.pass("1d");
        house.nothing();
        house.pass("30h");
        house.reads("Your order A-1042 arrives tomorrow", "상품이 내일(", "จะถึงพรุ่งนี้");
        house.event("order_out_for_delivery", json!({"properties": {"order": "A-1042"}}));
        house.reads("is out for delivery and arrives today", "오늘 도착할 예정입니다", "ออกนำส่งแล้วค่ะ");
        let agent = house.say("Agent!", "상담원", "เจ้าหน้าที่").to_owned();
        house.reply(&agent);
        house.reads("we will write to you shortly", "곧 답변드리겠습니다", "เจ้าหน้าที่จะติดต่อกลับโดยเร็ว");
        assert!(house.staff_knows("A-1042"), "{:#?}", house.told);
        assert_eq!(house.report("order-updates-shipped", "text"), (1, 1, 1));
    });
}

#[test]
fn after_a_purchase_comes_advice_and_a_follow_up_unless_more_was_bought() {
    everywhere(|house, _| {
        house.install("after-purchase", &["advice_url=https://shop.test/advice"]);
        house.until("12:00");
        buy(house, "A-1");
        house.pass("6d");
        house.nothing();
        house.pass("1d");
        let text = house.reads_offer("get the most out of Jasmine tea", "재스민차 더 잘 쓰는 방법", "วิธีใช้ชามะลิให้คุ้มที่สุด");
        house.click(&text);
        house.pass("3d");
        house.reads_offer("goes well with Jasmine tea", "재스민차에 잘 어울리는", "สินค้าที่เข้ากับชามะลิ");
        assert_eq!(house.outcomes("after-purchase"), ["not bought again"]);
        assert_eq!(house.report("after-purchase", "advice"), (1, 1, 1));
        house.pass("30d");
        buy(house, "A-2");
        house.pass("7d");
        house.text();
        buy(house, "A-3");
        house.pass("5d");
        house.nothing();
        assert_eq!(house.outcomes("after-purchase")[1], "bought again");
    });
}

#[test]
fn feedback_is_asked_tagged_and_thanked() {
    for (rating, words, tag) in
        [("5", ["Lovely", "아주 좋아요", "ดีมาก"], "happy"), ("1", ["Too late", "너무 늦었어요", "ช้าไป"], "unhappy")]
    {
        everywhere(|house, _| {
            house.install("feedback", &[]);
            house.until("12:00");
            buy(house, "A-1");
            house.event("order_delivered", json!({"properties": {"order": "A-1"}}));
            house.pass("2d");
            house.reads("How do you like Jasmine tea?", "재스민차에 만족하셨나요?", "พอใจกับชามะลิแค่ไหนคะ");
            house.reply("9");
            house.reads("a number from 1 to 5", "1부터 5까지", "ตัวเลข 1 ถึง 5");
            house.reply(rating);
            house.reads("What should we know?", "한마디만 더", "มีอะไรอยากบอก");
            let words = house.say(words[0], words[1], words[2]).to_owned();
            house.reply(&words);
            house.reads("Thank you for your feedback", "소중한 의견 감사드립니다", "ขอบคุณสำหรับความคิดเห็น");
            assert!(house.has_tag(tag) && house.has_tag("gave-feedback"), "{:?}", house.known().contact.tags);
            assert_eq!(house.point(house.tongue.number, "last_rating"), rating.parse().ok());
            assert_eq!(house.staff_knows(&words), tag == "unhappy");
            assert_eq!(house.outcomes("feedback"), ["answered"]);
        });
    }
}

#[test]
fn who_brings_a_friend_gets_points_and_so_does_the_friend() {
    everywhere(|house, tongue| {
        house.install("referral", &[]);
        house.until("12:00");
        buy(house, "A-1");
        buy(house, "A-2");
        house.event("order_delivered", json!({"properties": {"order": "A-2"}}));
        house.pass("5d");
        let text = house.reads_offer("Pass on your code F-", "추천 코드 F-", "ชวนเพื่อนด้วยโค้ด F-");
        house.click(&text);
        let refer = house.say("refer", "추천코드", "ชวนเพื่อน").to_owned();
        house.reply(&refer);
        house.reads("Your code for friends: F-", "추천 코드: F-", "โค้ดชวนเพื่อนของคุณ F-");
        house.customer(tongue.friend, tongue.name);
        house.event_of(tongue.friend, "referred", json!({"properties": {"referrer": tongue.number}}));
        house.pass("1m");
        house.reads(
            "Thank you for bringing a friend! 100 points",
            "친구를 추천해 주셔서 감사합니다. 100점",
            "ได้รับ 100 แต้ม",
        );
        let friend = house.texts_to(tongue.friend);
        let welcome = house.say("50 points for coming through a friend", "친구 추천으로 50점", "รับ 50 แต้ม");
        assert!(friend.len() == 1 && friend[0].contains(welcome), "{friend:#?}");
        assert_eq!(house.point(tongue.number, "points_balance"), Some(100.0));
        assert_eq!(house.point(tongue.friend, "points_balance"), Some(50.0));
        assert_eq!(house.point(tongue.number, "referrals"), Some(1.0));
    });
}

#[test]
fn each_way_of_buying_has_its_text() {
    everywhere(|house, _| {
        house.install("segments", &["category=Tea", "high_from=100", "low_below=40"]);
        house.until("11:00");
        let seen = json!({"products": [{"name": product(house), "url": "https://shop.test/tea"}]});
        house.event("product_viewed", seen);
        house.pass("3d");
        house.reads_offer("Still thinking about Jasmine tea?", "살펴보신 재스민차", "ชามะลิที่คุณดูไว้");
        house.until("11:00");
        fill_cart(house);
        house.pass("2d");
        house.reads_offer("Jasmine tea is waiting for you", "장바구니의 재스민차", "ชามะลิรอคุณอยู่ในตะกร้า");
        house.until("11:00");
        buy(house, "A-1");
        house.pass("13d");
        house.nothing();
        house.pass("2d");
        let both = house.texts_to(house.tongue.number);
        assert_eq!(both.len(), 2, "{both:#?}");
        let (low, past) = (
            house.say("15% off on your next order", "15% 할인 쿠폰을 드립니다", "รับส่วนลด 15%"),
            house.say("news in Tea", "Tea 소식", "ในหมวด Tea"),
        );
        assert!([low, past].iter().all(|words| both.iter().any(|text| text.contains(words))), "{both:#?}");
        house.until("11:00");
        for order in ["A-2", "A-3", "A-4"] {
            buy(house, order);
        }
        house.pass("2h");
        house.reads_offer("one of our best customers", "늘 아껴 주셔서", "ลูกค้าคนสำคัญ");
        assert_eq!(house.report("segments-high-value", "text"), (1, 1, 0));
    });
}
