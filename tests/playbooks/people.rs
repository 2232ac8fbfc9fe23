//! Welcome, arrivals, news and conversations: what people write, and what they get for it.

use serde_json::json;

use super::house::{everywhere, the_other_way};

#[test]
fn the_mail_comes_first_and_the_text_a_day_later() {
    everywhere(|house, _| {
        house.install("welcome", &[]);
        house.until("12:00");
        house.event("signed_up", json!({}));
        assert!(house.was_told("workflow", "welcome-mail"), "{:#?}", house.told);
        house.nothing();
        house.pass("25h");
        let text = house.reads_offer(
            "10% off on your first order with code HI-",
            "첫 주문에 10% 할인 쿠폰을 드립니다. 코드 HI-",
            "รับส่วนลด 10%สำหรับคำสั่งซื้อแรก โค้ด HI-",
        );
        house.click(&text);
        assert_eq!(house.outcomes("welcome"), ["welcomed"]);
        assert_eq!(house.report("welcome", "text"), (1, 1, 1));
    });
}

#[test]
fn who_buys_before_the_text_gets_none() {
    the_other_way(|house, _| {
        house.install("welcome", &[]);
        house.until("12:00");
        house.event("signed_up", json!({}));
        house.event("purchase", json!({"amount": 10}));
        house.pass("2d");
        house.nothing();
        assert_eq!(house.outcomes("welcome"), ["bought already"]);
    });
}

#[test]
fn a_keyword_joins_the_list_of_new_arrivals() {
    everywhere(|house, _| {
        house.install("new-arrivals", &["news.en=green teas", "news.ko=녹차", "news.th=ชาเขียว"]);
        house.until("12:00");
        let word = house.say("New", "신상", "ของใหม่").to_owned();
        house.reply(&word);
        let texts = house.texts_to(house.tongue.number);
        let joined =
            house.say("You will hear of new arrivals first", "신상품 소식을 가장 먼저", "ทราบข่าวสินค้าใหม่ก่อนใคร");
        assert!(texts.iter().any(|text| text.contains(joined)), "{texts:#?}");
        assert!(house.known().contact.lists.contains("new-arrivals"));
        house.pass("1h");
        house.begin("new-arrivals");
        let text = house.reads_offer("Just in: green teas", "녹차", "ชาเขียวมาแล้ว");
        house.click(&text);
        assert_eq!(house.report("new-arrivals", "new-arrivals"), (0, 0, 0));
        assert_eq!(house.report("new-arrivals", "text"), (1, 1, 1));
    });
}

#[test]
fn news_reach_all_and_a_word_joins() {
    the_other_way(|house, _| {
        house.install("news", &[]);
        house.until("12:00");
        let word = house.say("news", "소식", "ข่าว").to_owned();
        house.reply(&word);
        let texts = house.texts_to(house.tongue.number);
        let joined = house.say("You will get our news", "소식을 보내 드리겠습니다", "เราจะส่งข่าวสารให้");
        assert!(texts.iter().any(|text| text.contains(joined)), "{texts:#?}");
        assert!(house.known().contact.lists.contains("news"));
        house.until("20:30");
        house.begin("news");
        house.nothing();
        house.until("11:00");
        let text = house.reads_offer("We have moved", "매장을 이전했습니다", "เราย้ายร้านแล้ว");
        house.click(&text);
        assert_eq!(house.report("news", "text"), (1, 1, 1));
    });
}

#[test]
fn a_question_reaches_the_staff_and_afterwards_it_is_asked_whether_that_helped() {
    for (yes, outcome) in [(true, "helped"), (false, "not helped")] {
        everywhere(|house, _| {
            house.install("conversation", &[]);
            house.until("12:00");
            let hours = house.say("hours", "영업시간", "เวลาทำการ").to_owned();
            house.reply(&hours);
            house.reads("Monday to Saturday", "월~토요일", "วันจันทร์ถึงเสาร์");
            let question =
                house.say("Question: is it gluten free", "질문 글루텐이 있나요", "คำถาม มีกลูเตนไหม").to_owned();
            house.reply(&question);
            house.reads("one of us will write to you", "담당자가 곧 답변드리겠습니다", "เจ้าหน้าที่จะตอบกลับโดยเร็ว");
            let free = house.say("My cup is broken", "잔이 깨졌어요", "แก้วแตก").to_owned();
            house.reply(&free);
            assert!(house.staff_knows(&free), "{:#?}", house.told);
            house.texts_to(house.tongue.number);
            house.event("conversation_closed", json!({}));
            house.reads("Did we help you?", "문의가 잘 해결되셨나요?", "เราช่วยแก้ปัญหาให้คุณได้ไหม");
            let answer = if yes {
                house.say("yes", "네", "ใช่ค่ะ")
            } else {
                house.say("No", "아니요", "ไม่")
            }
            .to_owned();
            house.reply(&answer);
            if yes {
                house.reads("Good to hear", "다행입니다", "ยินดีค่ะ");
            } else {
                house.reads("We are sorry", "죄송합니다", "ขออภัยค่ะ");
            }
            assert_eq!(house.has_tag("needs-help"), !yes);
            assert_eq!(house.outcomes("conversation-closed"), [outcome]);
        });
    }
}
