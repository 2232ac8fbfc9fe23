//! Contests and their draws; what people of the shop do; export and erasure.

use super::*;
use crate::campaign::contest::{Draw, ListHash, commitment};
use crate::pipeline::consent;

fn number(n: u32) -> String {
    format!("+8210123400{n:02}")
}

#[test]
fn a_contact_enters_once_and_is_told_so() {
    let mut shop = Shop::new();
    shop.contest(
        &json!({"name": "win", "closes": "2026-11-24", "confirm": {"en": "You are in"}, "again": {"en": "You were in"},
        "closed": {"en": "Too late"}}),
    );
    shop.service(&json!({"name": "win", "words": ["WIN"], "contest": "win"}));
    shop.writes(KOREAN, "win");
    shop.writes(KOREAN, "win please");
    shop.pass(HOUR * 24);
    shop.writes(&number(1), "win");
    assert_eq!(shop.texts(), ["You are in", "You were in", "Too late"]);
    assert_eq!(shop.events(KOREAN, "contest_entered").len(), 1);
    assert!(shop.told_kinds().contains(&"contest.entered".to_owned()));
    assert_eq!(shop.database.read(|c| contests::count(c, "win")).unwrap(), 1);
}

#[test]
fn a_draw_follows_from_the_seed_that_was_promised_and_is_done_once() {
    let mut shop = Shop::new();
    shop.contest(&json!({"name": "win", "winners": 3}));
    for n in 0..20 {
        let contact = shop.contact(&number(n), "en");
        shop.turn(|turn| enter_contest(turn, &contact, "win", "api")).unwrap();
    }
    let promised = commitment(&shop.database.read(|c| contests::seed(c, "win")).unwrap().unwrap().seed);
    let begin = |shop: &mut Shop, close, redo| shop.turn(|turn| begin_draw(turn, "win", None, None, close, redo));
    assert_eq!(begin(&mut shop, false, None), Err(NotDrawn::StillOpen));
    let drawing = begin(&mut shop, true, None).unwrap();
    let late = shop.contact(KOREAN, "en");
    let entering = shop.turn(|turn| enter_contest(turn, &late, "win", "api")).unwrap();
    assert_eq!(entering.outcome, Outcome::Closed, "nobody enters while it is drawn");
    let drawn = shop.database.read(|c| draw(c, &drawing, (NOW_OF_DRAW, 1))).unwrap();
    let kept = shop.turn(|turn| record_draw(turn, &drawing, drawn.clone())).unwrap();
    assert_eq!((kept.winners.len(), kept.entries, commitment(&kept.seed)), (3, 20, promised));

    // Anybody can repeat it from the export.
    let entries = shop.database.read(|c| contests::entries(c, "win", None, 100)).unwrap();
    let (mut list, tickets) = (ListHash::default(), entries.iter().map(|entry| entry.ticket.to_string()));
    let tickets: Vec<String> = tickets.collect();
    tickets.iter().for_each(|ticket| list.add(ticket));
    let (list, _) = list.finish();
    let mut again = Draw::new(&kept.seed, &list, 3);
    tickets.iter().for_each(|ticket| again.add(ticket));
    assert_eq!((again.finish(), list), (kept.winners.clone(), kept.list.clone()));

    let winner = entries.iter().find(|entry| entry.ticket.to_string() == kept.winners[0]).unwrap();
    let won = &shop.events(winner.number.as_deref().unwrap(), "contest_won")[0]["properties"];
    assert_eq!(won["place"], 1);

    assert!(matches!(begin(&mut shop, true, None), Err(NotDrawn::Done(_))));
    let other = shop.turn(|turn| record_draw(turn, &drawing, drawn)).unwrap_err();
    assert!(matches!(other, NotDrawn::Done(_)), "of two at once the first one counts");
    let redone = begin(&mut shop, true, Some("a winner was of the shop")).unwrap();
    assert_ne!(redone.seed, kept.seed);
    let drawn = shop.database.read(|c| draw(c, &redone, (NOW_OF_DRAW, 1))).unwrap();
    shop.turn(|turn| record_draw(turn, &redone, drawn)).unwrap();
    let draws = shop.database.read(|c| contests::draws(c, "win")).unwrap();
    assert_eq!((draws.len(), draws[1].reason.as_deref()), (2, Some("a winner was of the shop")));
}

const NOW_OF_DRAW: Timestamp = Timestamp::from_millis(1_795_500_000_000);

fn text(text: &str) -> Reply<'_> {
    Reply { by: "Mina", text, class: None, from: None, token: 1 }
}

#[test]
fn a_person_of_the_shop_answers_notes_tags_assigns_and_closes() {
    let mut shop = Shop::new();
    let whom: PhoneNumber = KOREAN.parse().unwrap();
    shop.writes(KOREAN, "Do you have green tea?");
    shop.told();
    let (accepted, talk) = shop.turn(|turn| reply(turn, &whom, &text("Yes! {{ 5 }} kinds"))).unwrap();
    assert_eq!((shop.last_text().as_str(), accepted.state, talk.unread), ("Yes! {{ 5 }} kinds", State::Queued, 0));
    let origin = shop.database.read(|c| crate::store::campaign::origin::of(c, accepted.id)).unwrap().unwrap();
    assert_eq!(origin.to_string(), "staff Mina");
    shop.turn(|turn| note(turn, &whom, "Mina", "wants tea")).unwrap();
    let all = Change {
        add: ["tea".to_owned()].into(),
        assignee: Some(Some("Mina".to_owned())),
        open: Some(false),
        feedback: Some(Some(5)),
        ..Change::default()
    };
    let changed = shop.turn(|turn| change(turn, &whom, "Mina", &all)).unwrap().unwrap();
    assert_eq!((changed.open, changed.assignee.as_deref()), (false, Some("Mina")));
    assert_eq!(shop.told_kinds(), ["conversation.message", "conversation.note", "conversation.changed"]);
    assert_eq!(shop.events(KOREAN, "feedback")[0]["properties"]["rating"], 5);
    shop.writes(KOREAN, "Thank you");
    assert!(shop.talk(KOREAN).open, "a text opens it again");
    assert!(shop.turn(|turn| note(turn, &"+821099999999".parse().unwrap(), "Mina", "x")).is_none());
}

#[test]
fn a_text_that_answers_nothing_says_what_it_is_and_an_opt_out_holds() {
    let mut shop = Shop::new();
    let whom: PhoneNumber = KOREAN.parse().unwrap();
    let refused = shop.turn(|turn| reply(turn, &whom, &text("Hello"))).unwrap_err();
    assert_eq!(refused.code, "no_answer");
    let (accepted, _) =
        shop.turn(|turn| reply(turn, &whom, &Reply { class: Some(Class::Transactional), ..text("Hello") })).unwrap();
    assert_eq!(accepted.state, State::Queued);
    shop.writes(KOREAN, "STOP ALL");
    let (accepted, _) = shop.turn(|turn| reply(turn, &whom, &text("But why?"))).unwrap();
    assert_eq!(accepted.state, State::Blocked);
}

#[test]
fn a_notice_of_a_workflow_opens_a_conversation() {
    let mut shop = Shop::new();
    shop.turn(|turn| notice(turn, &KOREAN.parse().unwrap(), "workflow cart", "asks for help"));
    let talk = shop.talk(KOREAN);
    assert!(talk.open && talk.unread == 1);
    assert_eq!(shop.told_kinds(), ["notice"]);
}

#[test]
fn an_erasure_leaves_nothing_of_the_number() {
    let mut shop = Shop::new();
    shop.contest(&json!({"name": "win"}));
    shop.service(&json!({"name": "win", "words": ["WIN"], "contest": "win", "notify": "{{ event.text }}"}));
    shop.survey(&json!({"name": "why", "question": [{"id": "a", "ask": {"en": "Why?"}, "kind": "text"}]}));
    shop.writes(KOREAN, "win");
    let contact = shop.stored(KOREAN).unwrap();
    let begin = Begin { by: "api", class: Class::Transactional, ours: None };
    shop.turn(|turn| start_survey(turn, &contact, "why", begin)).unwrap();
    let known = shop.database.read(|c| consent::known(c, &KOREAN.parse().unwrap())).unwrap();
    assert_eq!((known.talk.notes.len(), known.talk.surveys.len(), known.talk.contests.len()), (1, 1, 1));
    shop.turn(|turn| consent::erase(turn, &KOREAN.parse().unwrap()));
    let left = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        shop.database.read(|c| Ok(c.query_row(&sql, [], |row| row.get(0))?)).unwrap()
    };
    for table in ["conversation", "conversation_note", "heard", "talk_flood", "survey_run", "contest_entry", "callback"]
    {
        assert_eq!(left(table), 0, "{table}");
    }
}

#[test]
fn what_is_long_over_is_forgotten() {
    let mut shop = Shop::new();
    shop.writes(KOREAN, "hello");
    shop.pass(MINUTE);
    assert_eq!(shop.turn(crate::pipeline::step).done, 0);
    shop.pass(shop.settings.keep_for + HOUR * 48);
    assert_eq!(shop.turn(crate::pipeline::step).done, 2, "the conversation and what was kept in mind of the number");
}
