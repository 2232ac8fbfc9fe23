//! Claims about consent and the law on a message's way, against a database in memory with made-up instants.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::campaign::consent::{Covers, Entry, Purpose, Source, Standing, Word};
use crate::campaign::{Caps, Rules};
use crate::model::*;
use crate::pipeline::{
    Accepted, Dispatcher, Draft, Group, LinkOffer, Settings, Turn, accept, dispatch, estimate, notify, prepare, settle,
    sweep,
};
use crate::store::campaign::conversation;
use crate::store::message::{self, Filter};
use crate::store::{Database, Options, StoreError, event, inbound, suppression};
use crate::text::TextProfile;

mod hours;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const KOREAN: &str = "+821012345678";
const FRENCH: &str = "+33612345678";

struct Gateway {
    database: Database,
    settings: Settings,
    now: Timestamp,
    session: u32,
}

impl Gateway {
    /// A gateway at an instant, with the rules as they are when nothing is configured but what Korea needs.
    fn at(instant: &str) -> Self {
        let rules =
            Rules { brand: Some("가게".into()), refusal_number: Some("080-123-4567".into()), ..Rules::default() };
        let mut settings = Settings {
            routes: vec![crate::policy::routes::Route::over("all", &["north"])],
            inbound_target: Some("http://tool/in".to_owned()),
            ..Settings::default()
        };
        settings.groups.insert("north".into(), Group::new(TextProfile::default(), None));
        let database = Database::in_memory().unwrap();
        let mut gateway = Self { database, settings, now: instant.parse().unwrap(), session: 0 };
        gateway.rule(|all| *all = rules);
        gateway
    }

    /// Noon of a Tuesday in Seoul; four in the morning in Paris.
    fn noon() -> Self {
        Self::at("2026-11-24T12:00:00+09:00")
    }

    fn rule(&mut self, change: impl FnOnce(&mut Rules)) {
        let mut rules = (*self.settings.consent).clone();
        change(&mut rules);
        self.settings.consent = Arc::new(rules);
    }

    fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let (settings, now) = (&self.settings, self.now);
        self.database.write(|tx| work(&Turn::new(tx, settings, now))).unwrap()
    }

    fn post(&mut self, new: NewMessage) -> Accepted {
        let prepared = prepare(&self.settings, new, self.now).unwrap();
        self.turn(|turn| accept(turn, 1, std::slice::from_ref(&prepared))).remove(0)
    }

    fn marketing(&mut self, to: &str) -> Accepted {
        self.post(new(Class::Marketing, to))
    }

    /// What leaves now.
    fn leaves(&mut self) -> Vec<MessageId> {
        let offers = vec![LinkOffer { name: LinkName::new("north", 1), free: 100, idle: false, sim: None }];
        let leased = self.turn(|turn| dispatch(turn, &mut Dispatcher::default(), offers));
        leased.submissions.into_iter().map(|(_, submission)| submission.message).collect()
    }

    fn part(from: &str, text: &str) -> LinkEvent {
        let octets = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let part = InboundPart {
            from: Sender::from_network(from),
            to: Sender::from_network("15771234"),
            alphabet: Alphabet::Ucs2,
            payload: octets,
            elements: Vec::new(),
            part_of: None,
            network_time: None,
        };
        LinkEvent::Inbound { part, ack: None }
    }

    /// `from` writes `text` to us.
    fn writes(&mut self, from: &str, text: &str) {
        self.session += 1;
        let event = Self::part(from, text);
        self.turn(|turn| settle(turn, &LinkName::new("north", 1), std::slice::from_ref(&event)));
    }

    /// `from` wrote `text` that long ago.
    fn wrote(&mut self, from: &str, text: &str, ago: Duration) {
        self.session += 1;
        let LinkEvent::Inbound { mut part, ack } = Self::part(from, text) else { unreachable!() };
        part.network_time = Some(self.now.minus(ago));
        let event = LinkEvent::Inbound { part, ack };
        self.turn(|turn| settle(turn, &LinkName::new("north", 1), std::slice::from_ref(&event)));
    }

    fn state(&self, id: MessageId) -> State {
        self.database.read(|c| message::state_of(c, id)).unwrap().unwrap()
    }

    fn notes(&self, id: MessageId) -> String {
        let events = self.database.read(|c| event::of(c, id)).unwrap();
        events.into_iter().filter_map(|event| event.note).collect::<Vec<_>>().join("\n")
    }

    /// The texts that the gateway queued by itself, the newest first.
    fn own_texts(&self) -> Vec<String> {
        let views = self.database.read(|c| message::list(c, &Filter::default(), 100)).unwrap().0;
        let own = |view: &message::View| view.tags.iter().any(|tag| tag == "keyword" || tag == "consent");
        views.into_iter().filter(own).filter_map(|view| view.body).collect()
    }

    fn suppressed(&self, number: &str) -> Vec<Covers> {
        let number = number.parse().unwrap();
        let found = self.database.read(|c| suppression::of(c, crate::store::person_of(c, &number)?)).unwrap();
        found.into_iter().map(|held| held.covers).collect()
    }

    fn say(&mut self, number: &str, purpose: Purpose, word: Word, source: Source) -> Standing {
        let (scope, words, proof) = (None, None, Some("form 7".to_owned()));
        let entry = Entry { purpose, word, scope, at: self.now, source, words, proof };
        let opinion = Opinion { entry, token: 1, covers: Covers::Marketing, inbound: None, told: false };
        let number = number.parse().unwrap();
        self.turn(|turn| record(turn, &number, opinion))
    }

    /// The kinds of the callbacks that are due, with their bodies.
    fn told(&mut self) -> Vec<serde_json::Value> {
        let mut bodies = Vec::new();
        loop {
            let (due, _) = self.turn(|turn| notify::take(turn, 100));
            if due.is_empty() {
                return bodies;
            }
            bodies
                .extend(due.iter().map(|callback| serde_json::from_str::<serde_json::Value>(&callback.body).unwrap()));
            let done: Vec<_> =
                due.into_iter().map(|one| (one, crate::store::callback::Ending::Done, "200".to_owned())).collect();
            self.turn(|turn| notify::record(turn, &done));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }
}

fn new(class: Class, to: &str) -> NewMessage {
    NewMessage { class, ..NewMessage::text(to.parse().unwrap(), "50% 할인") }
}

fn code(accepted: &Accepted) -> &'static str {
    accepted.reason.as_ref().map_or("", |reason| reason.code)
}

#[test]
fn a_stop_blocks_what_waits_and_whatever_is_posted_after_it() {
    let mut gateway = Gateway::noon();
    let [waits, order] = [Class::Marketing, Class::Transactional].map(|class| gateway.post(new(class, KOREAN)).id);
    gateway.writes(KOREAN, "수신거부 부탁드립니다");
    assert_eq!((gateway.state(waits), gateway.state(order)), (State::Blocked, State::Queued));
    assert!(gateway.notes(waits).starts_with("opted_out: the recipient wrote \"수신거부"), "{}", gateway.notes(waits));
    let after = gateway.marketing(KOREAN);
    assert_eq!((after.state, code(&after)), (State::Blocked, "opted_out"));
    assert!(gateway.leaves().contains(&order), "what was ordered is still told");
    let kinds: Vec<_> = gateway.told().iter().map(|body| body["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["inbound.received", "consent.changed"]);
}

#[test]
fn an_opt_out_that_reached_no_row_at_accept_is_caught_at_the_lease() {
    let mut gateway = Gateway::noon();
    let id = gateway.marketing(KOREAN).id;
    // Somebody suppresses the number without touching its messages.
    let new = suppression::New { scope: None, covers: Covers::Marketing, source: Source::Staff, reason: "complained" };
    gateway.turn(|turn| suppression::put(turn.tx, &KOREAN.parse().unwrap(), new, turn.now));
    assert!(gateway.leaves().is_empty());
    assert_eq!(gateway.state(id), State::Blocked);
    assert!(gateway.notes(id).contains("complained"));
}

#[test]
fn message_and_opt_out_are_stored_together_or_not_at_all() {
    let mut gateway = Gateway::noon();
    let id = gateway.marketing(KOREAN).id;
    let (settings, now) = (gateway.settings.clone(), gateway.now);
    let failed: Result<(), _> = gateway.database.write(|tx| {
        settle(&Turn::new(tx, &settings, now), &LinkName::new("north", 1), &[Gateway::part(KOREAN, "STOP")])?;
        Err(StoreError::DiskFull)
    });
    assert!(failed.is_err());
    assert!(gateway.database.read(|c| inbound::list(c, None, None, 9)).unwrap().is_empty());
    assert!(gateway.suppressed(KOREAN).is_empty());
    assert_eq!(gateway.state(id), State::Queued);
    gateway.writes(KOREAN, "STOP");
    assert_eq!(gateway.suppressed(KOREAN), [Covers::Marketing]);
    assert_eq!(gateway.state(id), State::Blocked);
}

#[test]
fn a_keyword_is_answered_once_a_day_in_the_language_of_the_number() {
    let mut gateway = Gateway::noon();
    gateway.writes(KOREAN, "STOP");
    gateway.writes(KOREAN, "stop!!");
    assert_eq!(gateway.own_texts().len(), 1);
    assert!(gateway.own_texts()[0].starts_with("가게: 2026-11-24 광고 수신거부"), "{:?}", gateway.own_texts());
    gateway.pass(DAY + HOUR);
    gateway.writes(KOREAN, "STOP");
    assert_eq!(gateway.own_texts().len(), 2);
    gateway.writes(FRENCH, "aide");
    assert!(gateway.own_texts()[0].contains("Repondez STOP"));
    assert!(gateway.suppressed(FRENCH).is_empty());
}

#[test]
fn the_answer_reaches_who_wants_nothing_more_and_a_start_always_arrives() {
    let mut gateway = Gateway::noon();
    gateway.writes("+12125550123", "STOP ALL");
    assert_eq!(gateway.suppressed("+12125550123"), [Covers::Transactional]);
    assert_eq!(gateway.leaves().len(), 1, "the confirmation leaves");
    let [otp, order] = [Class::Otp, Class::Transactional].map(|class| gateway.post(new(class, "+12125550123")));
    assert_eq!((otp.state, order.state), (State::Queued, State::Blocked));
    gateway.writes("+12125550123", "start");
    assert!(gateway.suppressed("+12125550123").is_empty());
    assert_eq!(gateway.post(new(Class::Transactional, "+12125550123")).state, State::Queued);
}

#[test]
fn a_sentence_is_left_alone_and_shown_to_people() {
    let mut gateway = Gateway::noon();
    gateway.writes(KOREAN, "please stop by tomorrow");
    assert!(gateway.suppressed(KOREAN).is_empty() && gateway.own_texts().is_empty());
    assert_eq!(gateway.told()[0]["data"]["looks_like_stop"], true);
}

#[test]
fn refusals_in_plain_words_opt_out_and_everyday_words_change_nothing() {
    for text in ["no more texts", "문자 보내지 마세요", "수신거부요", "ยกเลิกการรับข่าวสาร", "ARRETT", "remove my number"]
    {
        let mut gateway = Gateway::noon();
        gateway.writes(KOREAN, text);
        assert_eq!(gateway.suppressed(KOREAN), [Covers::Marketing], "{text}");
    }
    let mut gateway = Gateway::noon();
    gateway.writes(KOREAN, "STOP");
    for text in ["참여", "신청", "가입", "สมัคร", "รับค่ะ"] {
        gateway.writes(KOREAN, text);
        assert_eq!(gateway.suppressed(KOREAN), [Covers::Marketing], "{text}: the opt-out stays");
    }
    for (number, text) in [("+6581234567", "N"), ("+4915112345678", "Huy"), ("+12125550123", "Huy")] {
        gateway.writes(number, text);
        assert!(gateway.suppressed(number).is_empty(), "{text}");
    }
}

#[test]
fn a_stop_from_digits_without_a_plus_holds_for_whoever_wrote_it() {
    let mut gateway = Gateway::noon();
    gateway.rule(|rules| rules.country = "KR".parse().ok());
    gateway.writes("6581234569", "STOP");
    assert_eq!(gateway.suppressed("+6581234569"), [Covers::Marketing], "no Korean number begins with 65");
    gateway.rule(|rules| rules.country = "US".parse().ok());
    gateway.writes("6622234567", "STOP");
    for either in ["+16622234567", "+6622234567"] {
        assert_eq!(gateway.suppressed(either), [Covers::Marketing], "{either}");
    }
    gateway.marketing("+6622234568");
    gateway.writes("6622234568", "STOP");
    assert_eq!(gateway.suppressed("+6622234568"), [Covers::Marketing], "who was written to before");
    assert!(gateway.suppressed("+16622234568").is_empty());
}

#[test]
fn marketing_waits_until_somebody_has_read_what_may_mean_stop() {
    let mut gateway = Gateway::noon();
    let before = gateway.marketing(KOREAN);
    gateway.writes(KOREAN, "관심 없어요");
    let held = gateway.marketing(KOREAN);
    assert_eq!((held.state, code(&held)), (State::Scheduled, "looks_like_stop"));
    assert_eq!(gateway.post(new(Class::Transactional, KOREAN)).state, State::Queued, "an order text goes");
    assert!(!gateway.leaves().contains(&before.id), "one that was accepted before waits, too");
    gateway.turn(|turn| {
        let mut talk = conversation::ensure(turn.tx, &KOREAN.parse().unwrap(), turn.now)?;
        talk.unread = 0;
        conversation::save(turn.tx, &talk)
    });
    assert_eq!(gateway.marketing(KOREAN).state, State::Queued);
}

#[test]
fn where_consent_is_required_none_means_no() {
    let mut gateway = Gateway::noon();
    gateway.rule(|rules| rules.required = true);
    let without = gateway.marketing(KOREAN);
    assert_eq!((without.state, code(&without)), (State::Blocked, "no_consent"));
    assert_eq!(gateway.post(new(Class::Transactional, KOREAN)).state, State::Queued);
    gateway.say(KOREAN, Purpose::Marketing, Word::Given, Source::Import);
    let with = gateway.marketing(KOREAN);
    assert_eq!(with.state, State::Queued);
    gateway.say(KOREAN, Purpose::Marketing, Word::Withdrawn, Source::Api);
    assert_eq!(gateway.state(with.id), State::Blocked);
    let import = gateway.say(KOREAN, Purpose::Marketing, Word::Given, Source::Import);
    assert_eq!(import.as_str(), "withdrawn", "a file brings nobody back");
    assert_eq!(gateway.suppressed(KOREAN), [Covers::Marketing]);
    gateway.pass(HOUR);
    gateway.say(KOREAN, Purpose::Marketing, Word::Given, Source::Api);
    assert!(gateway.suppressed(KOREAN).is_empty());
}

#[test]
fn a_double_opt_in_counts_from_yes_on() {
    let mut gateway = Gateway::noon();
    gateway.rule(|rules| (rules.required, rules.double_opt_in) = (true, true));
    gateway.writes(KOREAN, "네");
    assert!(gateway.own_texts().is_empty(), "a yes to no question is small talk");
    gateway.writes(KOREAN, "소식받기");
    assert!(gateway.own_texts()[0].contains("동의하시면"), "{:?}", gateway.own_texts());
    assert_eq!(code(&gateway.marketing(KOREAN)), "no_consent");
    gateway.pass(HOUR);
    gateway.writes(KOREAN, "동의합니다");
    assert_eq!(gateway.marketing(KOREAN).state, State::Queued);
    let known = gateway.database.read(|c| known(c, &KOREAN.parse().unwrap())).unwrap();
    let sources: Vec<_> = known.consents.iter().map(|entry| entry.source).collect();
    assert_eq!(sources, [Source::Keyword, Source::DoubleOptIn]);
    // A question that was open too long is closed.
    gateway.writes(FRENCH, "join");
    gateway.pass(DAY * 8);
    gateway.writes(FRENCH, "oui");
    assert_eq!(code(&gateway.marketing(FRENCH)), "no_consent");
}

#[test]
fn the_caps_spread_marketing_over_days() {
    let mut gateway = Gateway::noon();
    gateway.rule(|rules| rules.caps = Caps { day: 1, week: 2, month: 0 });
    let first = gateway.marketing(KOREAN);
    assert_eq!(gateway.leaves(), [first.id]);
    gateway.pass(HOUR);
    let second = gateway.marketing(KOREAN);
    assert_eq!((second.state, code(&second)), (State::Scheduled, "frequency_cap"));
    assert_eq!(second.due_at, gateway.now.minus(HOUR).plus(DAY));
    let third = gateway.marketing(KOREAN);
    assert_eq!(third.due_at, gateway.now.minus(HOUR).plus(DAY * 7), "the week has room for two");
    assert_eq!(gateway.post(new(Class::Transactional, KOREAN)).state, State::Queued);
    gateway.now = second.due_at;
    assert!(gateway.leaves().contains(&second.id));
}

#[test]
fn an_exemption_opens_the_night_and_stands_on_the_timeline_but_no_opt_out() {
    let mut gateway = Gateway::at("2026-11-24T23:00:00+09:00");
    let recall = || NewMessage { exempt: Some("recall 17".into()), ..new(Class::Marketing, KOREAN) };
    let accepted = gateway.post(recall());
    assert_eq!(accepted.state, State::Queued);
    assert_eq!(gateway.leaves(), [accepted.id]);
    assert!(gateway.notes(accepted.id).contains("exempt from hours, caps and consent: recall 17"));
    gateway.writes(KOREAN, "STOP");
    assert_eq!(code(&gateway.post(recall())), "opted_out");
    gateway.rule(|rules| rules.exempt = vec![FRENCH.parse().unwrap()]);
    assert_eq!(gateway.marketing(FRENCH).state, State::Queued, "the operator's own handset");
}

#[test]
fn a_stop_to_one_sender_leaves_the_others() {
    let mut gateway = Gateway::noon();
    gateway.rule(|rules| rules.stop_by_sender = true);
    let from = |sender: &str| NewMessage { from: Sender::parse(sender).ok(), ..new(Class::Marketing, KOREAN) };
    gateway.writes(KOREAN, "STOP");
    let states = ["15771234", "15880000"].map(|sender| gateway.post(from(sender)).state);
    assert_eq!(states, [State::Blocked, State::Queued]);
    assert_eq!(gateway.marketing(KOREAN).state, State::Blocked, "no sender may be that one");
}

#[test]
fn korea_gets_its_label_and_the_estimate_counts_it() {
    let mut gateway = Gateway::noon();
    let id = gateway.marketing(KOREAN).id;
    let text = gateway.database.read(|c| message::view(c, id)).unwrap().unwrap().body.unwrap();
    assert_eq!(text, "(광고)가게 50% 할인\n무료수신거부 080-123-4567");
    let to: PhoneNumber = KOREAN.parse().unwrap();
    let draft = |class| Draft { text: "50% 할인", to: Some(&to), class, route: None, transliterate: None };
    let characters = |class| estimate(&gateway.settings, draft(class)).unwrap().estimate.characters;
    assert_eq!((characters(Class::Marketing), characters(Class::Transactional)), (text.chars().count(), 6));
    gateway.rule(|rules| rules.refusal_number = None);
    let refused = prepare(&gateway.settings, new(Class::Marketing, KOREAN), gateway.now).unwrap_err();
    assert_eq!((refused.code, refused.field), ("label", "text"));
}

#[test]
fn an_erased_number_is_unknown_and_still_suppressed() {
    let mut gateway = Gateway::noon();
    let number: PhoneNumber = KOREAN.parse().unwrap();
    gateway.marketing(KOREAN);
    gateway.writes(KOREAN, "hello there");
    gateway.writes(KOREAN, "STOP");
    let before = gateway.database.read(|c| known(c, &number)).unwrap();
    assert_eq!((before.messages.len(), before.inbound.len(), before.consents.len()), (2, 2, 1));
    let erased = gateway.turn(|turn| erase(turn, &number));
    assert_eq!((erased.messages, erased.inbound, erased.consents, erased.suppressions), (2, 2, 1, 1));
    let after = gateway.database.read(|c| known(c, &number)).unwrap();
    assert!(after.messages.is_empty() && after.inbound.is_empty());
    assert!(after.suppressions[0].number.is_none() && after.consents[0].words.is_none());
    assert!(gateway.told().is_empty(), "no callback tells of an erased number");
    assert_eq!(code(&gateway.marketing(KOREAN)), "opted_out");
}

#[test]
fn an_erased_number_is_in_no_octet_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut gateway = Gateway::noon();
    gateway.database = Database::open(&Options::at(folder.path().join("test.db"))).unwrap();
    for number in 0..40 {
        gateway.marketing(&format!("+8210999900{number:02}"));
        gateway.marketing(KOREAN);
    }
    assert!(!gateway.leaves().is_empty());
    gateway.writes(KOREAN, "hello there");
    gateway.writes(KOREAN, "STOP");
    let held = |what: &str| {
        let files =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|file| file.windows(what.len()).any(|part| part == what.as_bytes()))
    };
    assert!(held("821012345678") && held("hello there"));
    // What is on its way settles first.
    gateway.pass(DAY);
    gateway.turn(crate::pipeline::recover);
    let erased = gateway.turn(|turn| erase(turn, &KOREAN.parse().unwrap()));
    assert_eq!((erased.on_their_way, erased.more), (0, false));
    assert!(!held("821012345678") && !held("hello there"));
    assert!(held("821099990039"), "the others stay");
}

#[test]
fn a_lease_is_settled_before_it_is_erased() {
    let mut gateway = Gateway::noon();
    gateway.marketing(KOREAN);
    assert_eq!(gateway.leaves().len(), 1);
    let erased = gateway.turn(|turn| erase(turn, &KOREAN.parse().unwrap()));
    assert_eq!((erased.messages, erased.on_their_way), (0, 1));
}

#[test]
fn korea_is_told_the_result_and_reminded_after_two_years() {
    let mut gateway = Gateway::noon();
    gateway.say(KOREAN, Purpose::Marketing, Word::Given, Source::Api);
    gateway.told();
    gateway.pass(DAY * 7);
    gateway.turn(sweep);
    assert!(gateway.own_texts()[0].contains("2026-11-24 광고 수신에 동의"), "{:?}", gateway.own_texts());
    assert_eq!(gateway.told()[0]["data"]["kind"], "told_start");
    gateway.now = "2028-11-24T03:00:00+09:00".parse().unwrap();
    gateway.turn(sweep);
    let before = gateway.own_texts().len();
    gateway.pass(HOUR * 10);
    gateway.turn(sweep);
    assert!(gateway.own_texts()[0].contains("정기 안내"), "not at night, but in the morning");
    assert_eq!(gateway.own_texts().len(), before + 1);
    gateway.turn(sweep);
    assert_eq!(gateway.own_texts().len(), before + 1, "once");
    // Who left is not reminded.
    gateway.say(KOREAN, Purpose::Marketing, Word::Withdrawn, Source::Staff);
    gateway.pass(DAY * 7);
    gateway.turn(sweep);
    assert!(gateway.own_texts()[0].contains("수신거부가 처리"));
    gateway.pass(DAY * 800);
    gateway.turn(sweep);
    assert!(!gateway.own_texts().first().is_some_and(|text| text.contains("정기 안내")));
}

#[test]
fn staff_lift_a_suppression_with_a_reason_and_give_no_consent_by_it() {
    let mut gateway = Gateway::noon();
    gateway.rule(|rules| rules.required = true);
    gateway.say(KOREAN, Purpose::Marketing, Word::Given, Source::Api);
    gateway.writes(KOREAN, "STOP");
    let number = KOREAN.parse().unwrap();
    assert_eq!(gateway.turn(|turn| lift(turn, &number, None, "sent by a child", 1)), 1);
    assert!(gateway.suppressed(KOREAN).is_empty());
    assert_eq!(code(&gateway.marketing(KOREAN)), "no_consent");
    let known = gateway.database.read(|c| known(c, &number)).unwrap();
    assert_eq!(known.consents.last().unwrap().words.as_deref(), Some("sent by a child"));
}

#[test]
fn numbers_without_country_code_are_understood_where_a_country_is_configured() {
    let mut gateway = Gateway::noon();
    gateway.rule(|rules| rules.country = "KR".parse().ok());
    gateway.writes("010-1234-5678", "STOP");
    assert_eq!(gateway.suppressed(KOREAN), [Covers::Marketing]);
    gateway.marketing(FRENCH);
    gateway.writes("33612345678", "STOP");
    assert_eq!(gateway.suppressed(FRENCH), [Covers::Marketing], "who was written to writes back");
    gateway.writes("Bank", "STOP");
    gateway.writes("12345", "STOP");
}

#[test]
fn a_start_that_lay_on_a_sim_does_not_undo_a_later_refusal() {
    let mut gateway = Gateway::noon();
    let number = "+447700900123";
    gateway.writes(number, "STOP");
    gateway.wrote(number, "START", DAY * 60);
    assert_eq!(gateway.suppressed(number), [Covers::Marketing]);
    gateway.writes(number, "START");
    assert!(gateway.suppressed(number).is_empty(), "a fresh one counts");
}

#[test]
fn a_start_between_two_refusals_that_comes_last_undoes_neither() {
    let mut gateway = Gateway::noon();
    let number = "+447700900123";
    gateway.wrote(number, "STOP", DAY * 90);
    gateway.writes(number, "STOP");
    gateway.wrote(number, "START", DAY * 30);
    assert_eq!(gateway.suppressed(number), [Covers::Marketing]);
}

#[test]
fn what_was_sent_long_ago_is_obeyed_and_answered_by_no_machine() {
    for text in ["STOP", "START", "HELP", "JOIN", "수신거부", "hello"] {
        for number in ["+447700900123", "+821012345678", "+33612345678"] {
            let mut gateway = Gateway::noon();
            gateway.wrote(number, text, DAY * 60);
            assert_eq!(gateway.own_texts(), Vec::<String>::new(), "{text} of {number}");
        }
    }
    let mut gateway = Gateway::noon();
    gateway.wrote("+447700900123", "STOP", DAY * 60);
    assert_eq!(gateway.suppressed("+447700900123"), [Covers::Marketing], "an old refusal holds");
}

#[test]
fn an_old_refusal_does_not_undo_a_consent_that_was_given_since() {
    let mut gateway = Gateway::noon();
    let number = "+447700900123";
    gateway.writes(number, "START");
    gateway.wrote(number, "STOP", DAY * 60);
    assert!(gateway.suppressed(number).is_empty());
}
