//! The order in which a text is heard, the event `replied`, opening hours.

use super::*;
use crate::campaign::conversation::OpeningHours;
use crate::campaign::origin::{Kind, Origin};
use crate::campaign::template::Template;
use crate::pipeline::compose::{Outgoing, send};

#[test]
fn every_text_of_a_contact_is_recorded_once_with_what_it_answers() {
    let mut shop = Shop::new();
    shop.writes(KOREAN, "hello");
    assert!(shop.stored(KOREAN).is_none(), "nobody becomes a contact by writing");
    let contact = shop.contact(KOREAN, "ko");
    let (template, origin) = (Template::of("Come back"), Origin::new(Kind::Workflow, "win-back", "remind"));
    shop.turn(|turn| send(turn, &Outgoing::new(&contact, &template, &origin, Class::Transactional))).unwrap();
    shop.writes(KOREAN, "too early");
    assert!(shop.events(KOREAN, "replied")[0]["properties"].get("source").is_none(), "it had not left yet");
    shop.leaves();
    shop.writes(KOREAN, "what?");
    let replied = &shop.events(KOREAN, "replied")[0]["properties"];
    assert_eq!((&replied["kind"], &replied["source"]), (&json!("workflow"), &json!("win-back")));
    assert_eq!((&replied["part"], &replied["text"]), (&json!("remind"), &json!("what?")));
    assert_eq!(shop.point(KOREAN, Point::Replies), Some(2));
    shop.writes(KOREAN, "STOP");
    assert_eq!(shop.point(KOREAN, Point::Replies), Some(3), "a STOP is a text, too");
}

#[test]
fn a_yes_is_for_double_opt_in_only_while_it_waits_for_one() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "yes", "words": ["YES"], "reply": {"en": "Ordered again"}}));
    shop.writes(KOREAN, "yes");
    assert_eq!(shop.texts(), ["Ordered again"]);
    assert!(shop.told()[0]["data"].get("keyword").is_none());
    let mut rules = (*shop.settings.consent).clone();
    rules.double_opt_in = true;
    shop.settings.consent = Arc::new(rules);
    shop.writes(KOREAN, "JOIN");
    shop.told();
    shop.writes(KOREAN, "yes");
    assert_eq!(shop.told()[0]["data"]["keyword"], "yes");
    assert!(!shop.last_text().contains("Ordered"));
}

#[test]
fn consent_keywords_come_before_services() {
    let mut shop = Shop::new();
    shop.service(&json!({"name": "any", "match": "any", "reply": {"en": "Hi"}}));
    shop.writes(KOREAN, "STOP");
    assert!(!shop.texts().contains(&"Hi".to_owned()));
    let talk = shop.talk(KOREAN);
    assert_eq!((talk.open, talk.unread), (false, 0));
    shop.writes(KOREAN, "I do not want you to stop by at my house");
    assert!(shop.talk(KOREAN).tags.contains("looks-like-stop") && shop.talk(KOREAN).open);
}

#[test]
fn what_nobody_takes_is_for_the_people_of_the_shop() {
    let mut shop = Shop::new();
    shop.writes(KOREAN, "Do you have green tea?");
    shop.writes(KOREAN, "Hello?");
    let talk = shop.talk(KOREAN);
    assert_eq!((talk.open, talk.unread, talk.last_text.as_deref()), (true, 2, Some("Hello?")));
    let told: Vec<_> = shop.told().into_iter().filter(|body| body["type"] == "inbound.received").collect();
    assert_eq!(told[0]["data"]["taken"]["by"], "conversation");
    assert_eq!(told[0]["data"]["conversation"]["unread"], 1);
    assert!(shop.texts().is_empty());
}

#[test]
fn outside_of_the_hours_a_person_is_told_once_a_day() {
    let mut shop = Shop::new();
    shop.rule(|rules| {
        rules.zone = crate::campaign::law::zone("Asia/Seoul").unwrap();
        let window = "09:00-18:00".parse().ok();
        rules.hours = Some(OpeningHours { days: [window; 7], ..OpeningHours::default() });
    });
    shop.writes(KOREAN, "hello");
    assert!(shop.texts().is_empty(), "somebody is there at noon");
    shop.pass(HOUR * 8);
    shop.writes(KOREAN, "anybody there?");
    assert!(
        shop.last_text().starts_with("Tea: ") && shop.last_text().contains("2026-11-25 09:00"),
        "{}",
        shop.last_text()
    );
    shop.writes(KOREAN, "hello??");
    assert_eq!(shop.texts().len(), 1);
    shop.pass(HOUR * 24);
    shop.writes(KOREAN, "and today?");
    assert_eq!(shop.texts().len(), 2);
}
