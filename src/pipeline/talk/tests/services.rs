//! Keyword services: answers, what is recorded, and the bounds.

use super::*;

#[test]
fn a_service_answers_its_word_and_the_use_is_on_record() {
    let mut shop = Shop::new();
    shop.service(
        &json!({"name": "info", "words": ["HOURS", "정보"], "reply": {"en": "Open 9 to 6", "ko": "9시부터 6시"},
        "tag": "asked", "list": ["news"]}),
    );
    shop.writes(KOREAN, "정보 부탁드립니다");
    assert_eq!(shop.texts(), ["9시부터 6시"], "in the language of the number's country");
    let used = &shop.events(KOREAN, "keyword")[0]["properties"];
    assert_eq!(
        (&used["service"], &used["word"], &used["text"]),
        (&json!("info"), &json!("정보"), &json!("정보 부탁드립니다"))
    );
    let contact = shop.stored(KOREAN).unwrap().contact;
    assert!(contact.tags.contains("asked") && contact.lists.contains("news"));
    let talk = shop.talk(KOREAN);
    assert_eq!((talk.open, talk.unread, talk.last_text.as_deref()), (false, 0, Some("정보 부탁드립니다")));
    let kinds = shop.told_kinds();
    assert_eq!(kinds, ["inbound.received"]);
    shop.contact(KOREAN, "en");
    shop.writes(KOREAN, "hours?");
    assert_eq!(shop.last_text(), "Open 9 to 6");
}

#[test]
fn an_answer_goes_out_from_the_number_that_was_written_to() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "info", "words": ["HOURS"], "reply": {"en": "Hi"}}));
    shop.writes(KOREAN, "hours");
    let view = shop.database.read(|c| message::list(c, &Filter::default(), 1)).unwrap().0.remove(0);
    assert_eq!(view.sender.map(|sender| sender.as_str().to_owned()).as_deref(), Some(OURS));
    let origin = shop.database.read(|c| crate::store::campaign::origin::of(c, view.head.id)).unwrap().unwrap();
    assert_eq!(origin.to_string(), "service info");
}

#[test]
fn feedback_is_recorded_with_its_rating_and_a_notice_reaches_the_shop() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "say", "words": ["RATE"], "match": "prefix", "feedback": true, "tag": "delivery",
        "notify": "{{ name | or('Somebody') }}: {{ event.rest }}", "webhook": "rated"}));
    shop.writes(KOREAN, "Rate 4, came late");
    let said = &shop.events(KOREAN, "feedback")[0]["properties"];
    assert_eq!((&said["rating"], &said["tags"]), (&json!(4), &json!("delivery")));
    assert_eq!(shop.point(KOREAN, Point::Feedbacks), Some(1));
    let talk = shop.talk(KOREAN);
    assert!(talk.open && talk.unread == 1 && talk.tags.contains("feedback"));
    let told = shop.told();
    let kinds: Vec<_> = told.iter().map(|body| body["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["inbound.received", "service", "notice"]);
    assert_eq!(told[2]["data"]["text"], "Somebody: 4 came late");
    assert_eq!(told[1]["data"]["webhook"], "rated");
}

#[test]
fn a_service_by_which_people_join_asks_for_consent_as_join_does() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "club", "words": ["CLUB", "JOIN"], "join": true, "list": "club"}));
    shop.writes(KOREAN, "club");
    assert!(shop.last_text().contains("광고") && shop.texts().len() == 1, "{}", shop.last_text());
    shop.writes("+821012345679", "JOIN");
    assert_eq!(shop.texts().len(), 2, "consent's own answer, once");
    assert!(shop.stored("+821012345679").unwrap().contact.lists.contains("club"), "JOIN is its word, too");
    assert_eq!(shop.events("+821012345679", "keyword").len(), 1);
}

#[test]
fn a_word_for_help_may_be_a_service_s_too_and_both_answer() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "info", "words": ["INFO"], "reply": {"en": "Open 9 to 6"}}));
    shop.writes(KOREAN, "info");
    assert_eq!((shop.texts().len(), shop.last_text().as_str()), (2, "Open 9 to 6"));
    assert!(shop.texts()[0].starts_with("Tea: "), "how to leave is told all the same");
}

#[test]
fn two_machines_do_not_talk_to_each_other() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "any", "match": "any", "reply": {"en": "Thank you for your message"}}));
    shop.rule(|rules| rules.limits = Limits { hour: 5, day: 8, service_hour: 4, same: 3 });
    for _ in 0..10 {
        shop.writes(KOREAN, "Thank you for your message");
    }
    assert_eq!(shop.texts().len(), 2, "the same text for the third time is not answered");
    for n in 0..10 {
        shop.writes(KOREAN, &format!("Ticket {n} was opened"));
    }
    assert_eq!(shop.texts().len(), 4, "nor more than so many by one service");
    shop.pass(HOUR * 2);
    for n in 0..10 {
        shop.writes(KOREAN, &format!("Ticket {n} is open"));
    }
    assert_eq!(shop.texts().len(), 8, "nor more than so many a day");
    assert_eq!(shop.events(KOREAN, "keyword").len(), 30, "each use is on record all the same");
}

#[test]
fn automatic_replies_our_own_numbers_short_codes_and_names_are_not_answered() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "any", "match": "any", "reply": {"en": "Hi"}}));
    shop.rule(|rules| rules.own_numbers = vec!["+821055556666".to_owned()]);
    shop.writes(KOREAN, "This is an automatic reply");
    shop.writes("+821055556666", "hello");
    shop.writes("1234", "hello");
    shop.writes("PARCEL", "hello");
    assert!(shop.texts().is_empty());
    shop.writes(KOREAN, "hello");
    assert_eq!(shop.texts(), ["Hi"]);
    shop.rule(|rules| rules.answers = false);
    shop.writes(KOREAN, "hello again");
    assert_eq!(shop.texts().len(), 1, "answers can be switched off");
}
