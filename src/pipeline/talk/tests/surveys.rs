//! Surveys: questions, answers, mistakes, time, and who wins over them.

use std::collections::BTreeMap;

use super::*;
use crate::campaign::attribute::Attribute;
use crate::store::campaign::survey::RunState;

fn why() -> Value {
    json!({"name": "why", "timeout": "24h", "thanks": {"en": "Thank you!", "ko": "감사합니다!"}, "event": "feedback", "question": [
        {"id": "rating", "ask": {"en": "1 to 5?", "ko": "1에서 5까지?"}, "kind": "number", "min": 1, "max": 5},
        {"id": "reason", "ask": {"en": "Why?"}, "kind": "choice", "choices": [{"value": "late", "words": ["LATE"]}, {"value": "dear"}],
         "attribute": "why_away"},
        {"id": "more", "ask": {"en": "Anything else?"}, "kind": "text", "required": false}]})
}

fn started(shop: &mut Shop) -> contact::Stored {
    shop.survey(&why());
    let contact = shop.contact(KOREAN, "en");
    let begin = Begin { by: "api", class: Class::Transactional, ours: None };
    shop.turn(|turn| start_survey(turn, &contact, "why", begin)).unwrap();
    shop.leaves();
    contact
}

fn run(shop: &Shop) -> runs::Run {
    let contact = shop.stored(KOREAN).unwrap();
    shop.database.read(|c| runs::of_contact(c, contact.id)).unwrap().remove(0)
}

#[test]
fn questions_come_one_after_the_other_and_answers_become_attributes_and_events() {
    let mut shop = Shop::new();
    started(&mut shop);
    for text in ["4 stars", "late!", "the tea was great"] {
        shop.writes(KOREAN, text);
    }
    assert_eq!(shop.texts(), ["1 to 5?", "Why?", "Anything else?", "Thank you!"]);
    let done = run(&shop);
    assert_eq!((done.state, done.due_at), (RunState::Done, None));
    let contact = shop.stored(KOREAN).unwrap().contact;
    assert_eq!(contact.attributes["why_away"], Attribute::Text("late".to_owned()));
    let answered = &shop.events(KOREAN, "survey_answered")[0]["properties"];
    assert_eq!(
        (&answered["rating"], &answered["reason"], &answered["survey"]),
        (&json!(4), &json!("late"), &json!("why"))
    );
    assert_eq!(shop.events(KOREAN, "feedback").len(), 1);
    assert_eq!(shop.point(KOREAN, Point::Feedbacks), Some(1));
    shop.writes(KOREAN, "5");
    assert!(shop.talk(KOREAN).open, "a text after the survey is for people");
    let ended = shop.told().into_iter().find(|body| body["type"] == "survey.ended").unwrap();
    assert_eq!((&ended["data"]["state"], &ended["data"]["answers"]["rating"]), (&json!("done"), &json!(4)));
}

#[test]
fn a_wrong_answer_is_told_and_there_are_so_many_tries() {
    let mut shop = Shop::new();
    started(&mut shop);
    for text in ["six", "9"] {
        shop.writes(KOREAN, text);
        assert_eq!(shop.last_text(), "Please answer with a number from 1 to 5.");
    }
    shop.writes(KOREAN, "no");
    assert_eq!((run(&shop).state, shop.texts().len()), (RunState::GaveUp, 3));
}

#[test]
fn who_does_not_answer_in_time_is_not_waited_for() {
    let mut shop = Shop::new();
    started(&mut shop);
    let next = shop.turn(crate::pipeline::step).next.unwrap();
    assert_eq!(next, shop.now.plus(HOUR * 24));
    shop.pass(HOUR * 24);
    let progress = shop.turn(crate::pipeline::step);
    assert_eq!((progress.done, progress.next, run(&shop).state), (1, None, RunState::TimedOut));
    assert_eq!(shop.events(KOREAN, "survey_timed_out").len(), 1);
    shop.writes(KOREAN, "5");
    assert!(run(&shop).answers.is_empty() && shop.talk(KOREAN).open);
}

#[test]
fn a_stop_wins_over_every_question() {
    let mut shop = Shop::new();
    started(&mut shop);
    shop.writes(KOREAN, "STOP");
    assert_eq!(run(&shop).state, RunState::Stopped);
    shop.writes(KOREAN, "5");
    assert!(run(&shop).answers.is_empty());
}

#[test]
fn a_question_that_waits_for_the_morning_takes_no_answer_and_its_time_begins_then() {
    let mut shop = Shop::new();
    shop.survey(&why());
    shop.now = "2026-11-24T22:00:00+09:00".parse().unwrap();
    let mut rules = (*shop.settings.consent).clone();
    rules.refusal_number = Some("080-123-4567".into());
    shop.settings.consent = Arc::new(rules);
    let contact = shop.contact(KOREAN, "en");
    let begin = Begin { by: "workflow win-back", class: Class::Marketing, ours: None };
    shop.turn(|turn| start_survey(turn, &contact, "why", begin)).unwrap();
    shop.writes(KOREAN, "5");
    assert!(run(&shop).answers.is_empty() && shop.talk(KOREAN).open);
    assert_eq!(run(&shop).due_at, "2026-11-26T08:00:00+09:00".parse().ok());
}

#[test]
fn a_contact_is_asked_one_thing_at_a_time() {
    let mut shop = Shop::new();
    let contact = started(&mut shop);
    let begin = Begin { by: "api", class: Class::Transactional, ours: None };
    let again = shop.turn(|turn| start_survey(turn, &contact, "why", begin));
    assert_eq!(again, Err(NotBegun::Open("why".to_owned())));
    let none = shop.turn(|turn| start_survey(turn, &contact, "none", begin));
    assert_eq!(none, Err(NotBegun::Unknown("none".to_owned())));
    assert_eq!(shop.texts().len(), 1);
}

#[test]
fn who_opted_out_of_marketing_is_asked_nothing() {
    let mut shop = Shop::new();
    shop.survey(&why());
    let contact = shop.contact(KOREAN, "en");
    shop.writes(KOREAN, "STOP");
    let begin = Begin { by: "api", class: Class::Marketing, ours: None };
    let mut rules = (*shop.settings.consent).clone();
    rules.refusal_number = Some("080-123-4567".into());
    shop.settings.consent = Arc::new(rules);
    let begun = shop.turn(|turn| start_survey(turn, &contact, "why", begin));
    assert!(matches!(begun, Err(NotBegun::Blocked(_))), "{begun:?}");
    assert!(shop.database.read(|c| runs::open_of(c, contact.id)).unwrap().is_none());
}

#[test]
fn a_service_begins_a_survey_which_takes_the_next_text_before_services_do() {
    let mut shop = Shop::new();
    shop.survey(&why());
    shop.service(&json!({"name": "rate", "words": ["RATE"], "survey": "why"}));
    shop.service(&json!({"name": "five", "words": ["5"], "reply": {"en": "five!"}}));
    shop.writes(KOREAN, "rate");
    assert_eq!(shop.last_text(), "1에서 5까지?");
    shop.leaves();
    shop.writes(KOREAN, "5");
    assert_eq!((shop.last_text().as_str(), run(&shop).begun_by.as_str()), ("Why?", "service rate"));
}

#[test]
fn a_form_brings_all_answers_at_once_and_again_only_changes_them() {
    let mut shop = Shop::new();
    shop.survey(&why());
    let contact = shop.contact(KOREAN, "en");
    let form = |rating: &str, reason: &str| {
        BTreeMap::from([("rating".to_owned(), rating.to_owned()), ("reason".to_owned(), reason.to_owned())])
    };
    let wrong = shop.turn(|turn| answer_survey_page(turn, &contact, "why", &form("9", ""))).unwrap_err();
    let PageRefusal::Wrong(wrong) = wrong else { panic!("{wrong:?}") };
    assert_eq!(wrong.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["rating", "reason"]);
    shop.turn(|turn| answer_survey_page(turn, &contact, "why", &form("5", "dear"))).unwrap();
    shop.turn(|turn| answer_survey_page(turn, &contact, "why", &form("3", "late"))).unwrap();
    assert_eq!(shop.events(KOREAN, "survey_answered").len(), 1);
    assert_eq!((&run(&shop).answers["rating"], run(&shop).state), (&json!(3), RunState::Done));
    assert_eq!(shop.stored(KOREAN).unwrap().contact.attributes["why_away"], Attribute::Text("late".to_owned()));
    assert!(shop.texts().is_empty());
}
