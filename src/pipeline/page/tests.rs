//! Pages for made-up readers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::campaign::Rules;
use crate::campaign::consent::{Covers, Purpose, Source, Standing, Word, standing};
use crate::campaign::contact::ContactChange;
use crate::campaign::coupon::Pool;
use crate::campaign::event::Event;
use crate::campaign::page::render;
use crate::store::campaign::link::{self, NewLink};
use crate::store::campaign::{coupon, event};
use crate::store::{Database, consent, person_of, suppression};

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const KOREAN: &str = "+821012345678";

struct Bench {
    database: Database,
    settings: Settings,
}

impl Bench {
    fn new() -> Self {
        let rules = Rules { brand: Some("Kim's Tea".to_owned()), ..Rules::off() };
        let mut bench = Self {
            database: Database::in_memory().unwrap(),
            settings: Settings { consent: Arc::new(rules), ..Settings::default() },
        };
        bench.change(json!({"number": KOREAN, "name": "Jisoo Kim", "locale": "ko", "lists": ["club"]}));
        bench
    }

    fn change(&mut self, value: Value) {
        let change = ContactChange::from_json(&value, None, None).unwrap();
        self.database.write(|tx| contact::upsert(tx, &change, NOW)).unwrap().unwrap();
    }

    fn happened(&mut self, value: Value) {
        let event = Event::from_json(&value, None, NOW).unwrap();
        self.database.write(|tx| event::record(tx, &event, NOW)).unwrap();
    }

    fn page(&mut self, name: &str, value: Value) {
        let page: Page = serde_json::from_value(value).unwrap();
        page.check().unwrap();
        self.database.write(|tx| table::define(tx, name, &page, NOW)).unwrap();
    }

    fn link(&mut self, page: &str) -> Link {
        let target = format!("page:{page}").parse().unwrap();
        let done = self.database.write(|tx| {
            let contact = contact::ensure(tx, &KOREAN.parse().unwrap(), NOW)?;
            let code = link::issue(tx, NewLink { target: &target, contact, origin: None }, NOW)?;
            link::find(tx.connection(), &code)
        });
        done.unwrap().unwrap()
    }

    fn open_at(&mut self, link: &Link, now: Timestamp) -> Opened {
        let settings = &self.settings;
        self.database.write(|tx| open(&Turn::new(tx, settings, now), link, &[])).unwrap().unwrap()
    }

    fn open(&mut self, link: &Link) -> String {
        render(&self.open_at(link, NOW).view)
    }

    fn send(&mut self, link: &Link, form: &str) -> String {
        let (settings, sent) = (&self.settings, Sent::read(form.as_bytes()));
        let done = self.database.write(|tx| take(&Turn::new(tx, settings, NOW), link, &[], &sent));
        render(&done.unwrap().unwrap().view)
    }

    fn said(&self, purpose: Purpose) -> Standing {
        let read = self.database.read(|c| consent::of(c, person_of(c, &KOREAN.parse().unwrap())?));
        standing(&read.unwrap(), purpose, None, NOW)
    }

    fn is_held(&self) -> Option<Covers> {
        let held = self.database.read(|c| suppression::of(c, person_of(c, &KOREAN.parse().unwrap())?)).unwrap();
        held.first().map(|held| held.covers)
    }

    fn contact(&self) -> Stored {
        self.database.read(|c| contact::find(c, &KOREAN.parse().unwrap())).unwrap().unwrap()
    }

    fn events(&self, kind: &str) -> usize {
        let all = self.database.read(|c| event::of(c, self.contact().id, 100)).unwrap();
        all.iter().filter(|event| event["type"] == kind).count()
    }
}

fn offer() -> Value {
    json!({"kind": "offer", "title": {"en": "10 % off, {{ first_name }}", "ko": "{{ name }}님, 10% 할인"},
        "body": {"en": "For {{ attribute.pet }}.\n\nFor you.", "ko": "{{ attribute.pet }}에게\n\n따뜻한 차 한 잔"},
        "button": {"text": {"en": "Shop", "ko": "보러 가기"}, "link": "https://shop.example/"}, "coupon": "spring", "expires": "24h"})
}

#[test]
fn an_offer_shows_the_readers_own_code_and_leaves_out_what_is_not_known() {
    let mut bench = Bench::new();
    let pool: Pool = serde_json::from_str(r#"{"generated": true, "prefix": "SPR-", "valid_hours": 48}"#).unwrap();
    bench.database.write(|tx| coupon::define(tx, "spring", &pool, NOW)).unwrap();
    bench.page("sale", offer());
    let link = bench.link("sale");
    let seen = bench.database.read(|c| look(c, &bench.settings, &link, &[], NOW)).unwrap().unwrap();
    assert!(!render(&seen.view).contains("SPR-"), "a preview gets no code");
    assert_eq!(bench.database.read(|c| coupon::counts(c, "spring")).unwrap().issued, 0);
    let html = bench.open(&link);
    for wanted in
        ["<html lang=\"ko\">", "Kim&#39;s Tea", "Jisoo Kim님, 10% 할인", "따뜻한 차 한 잔", "SPR-", "<svg", "보러 가기"]
    {
        assert!(html.contains(wanted), "{wanted}\n{html}");
    }
    assert!(html.contains("2026년 11월 23일 09:00까지"), "the page ends before the code, in the reader's time\n{html}");
    assert!(!html.contains("에게"), "a paragraph with a hole is left out");
    assert_eq!(bench.open(&link), html, "the same code again");
    assert_eq!(bench.database.read(|c| coupon::counts(c, "spring")).unwrap().issued, 1);
    assert!(html.len() < 20 << 10, "{}", html.len());
    let over = bench.open_at(&link, NOW.plus(Duration::from_secs(86_400)));
    assert!(over.is_over && !render(&over.view).contains("SPR-"));
}

#[test]
fn a_used_code_is_not_shown_as_good() {
    let mut bench = Bench::new();
    let pool: Pool = serde_json::from_str(r#"{"generated": true}"#).unwrap();
    bench.database.write(|tx| coupon::define(tx, "spring", &pool, NOW)).unwrap();
    bench.page("sale", offer());
    let link = bench.link("sale");
    bench.open(&link);
    let number = KOREAN.parse().unwrap();
    let code = bench.database.read(|c| coupon::held(c, "spring", &number)).unwrap().unwrap();
    let used = coupon::Redemption::default();
    bench.database.write(|tx| coupon::redeem(tx, &code, &used, NOW)).unwrap();
    let html = bench.open(&link);
    assert!(!html.contains(&code) && html.contains("이미 사용한 쿠폰입니다"), "{html}");
}

#[test]
fn looking_stops_nothing_and_one_tap_stops_all_advertising() {
    let mut bench = Bench::new();
    let link = bench.link("opt-out");
    assert!(bench.open(&link).contains("<button"));
    assert!(bench.send(&link, "").contains("<button"), "a form without its button is no tap");
    assert_eq!((bench.said(Purpose::Marketing), bench.is_held()), (Standing::Unknown, None));
    let done = bench.send(&link, "send=stop");
    assert!(done.contains("처리되었습니다") && !done.contains("<button"), "{done}");
    assert_eq!(bench.is_held(), Some(Covers::Marketing));
    let entries = || bench.database.read(|c| consent::of(c, person_of(c, &KOREAN.parse().unwrap())?)).unwrap();
    let proof = format!("page opt-out, link {}", link.code);
    let all = entries();
    assert_eq!((all.len(), all[0].word, all[0].source), (1, Word::Withdrawn, Source::Link));
    assert_eq!((all[0].proof.as_ref(), all[0].words.as_deref()), (Some(&proof), Some("수신거부하기")));
    bench.send(&link, "send=stop");
    assert!(!bench.open(&link).contains("<button"), "who is out sees that he is");
    assert_eq!(bench.database.read(|c| consent::of(c, person_of(c, &KOREAN.parse().unwrap())?)).unwrap().len(), 1);
}

#[test]
fn the_preference_centre_writes_down_what_changed() {
    let mut bench = Bench::new();
    bench.page(
        "wishes",
        json!({"kind": "preferences", "lists": [{"name": "club", "label": {"en": "Club"}}, {"name": "news", "label": {"en": "News"}}]}),
    );
    let link = bench.link("wishes");
    let html = bench.open(&link);
    assert!(html.contains("value=\"marketing\" checked") && html.contains("value=\"club\" checked"), "{html}");
    assert!(!html.contains("value=\"marketing_night\" checked") && html.contains("야간"), "Korea asks for it apart");
    // Nothing changed: nothing is written.
    bench.send(&link, "send=save&purposes=marketing&purposes=transactional&lists=club&language=ko");
    assert_eq!(bench.said(Purpose::Marketing), Standing::Unknown);
    // Other lists and another language, and offers also at night.
    let saved = "send=save&purposes=marketing&purposes=marketing_night&purposes=transactional&lists=news&lists=evil&language=th";
    let thai = bench.send(&link, saved);
    assert!(thai.contains("<html lang=\"th\">"), "what was saved is shown in the new language\n{thai}");
    let contact = bench.contact().contact;
    assert_eq!(contact.lists.into_iter().collect::<Vec<_>>(), ["news"]);
    assert_eq!(contact.locale.unwrap().as_str(), "th");
    assert!(matches!(bench.said(Purpose::MarketingNight), Standing::Given(_)));
    // No offers: those of the night are refused with them.
    let html = bench.send(&link, "send=save&purposes=transactional&lists=news&language=th");
    assert!(
        !html.contains("value=\"marketing\" checked") && html.contains("value=\"transactional\" checked"),
        "{html}"
    );
    assert_eq!(bench.is_held(), Some(Covers::Marketing));
    assert!(matches!(bench.said(Purpose::MarketingNight), Standing::Withdrawn(_)));
    // Nothing at all, then about orders only: the offers stay refused.
    bench.send(&link, "send=save&language=th");
    assert_eq!(bench.is_held(), Some(Covers::Transactional));
    bench.send(&link, "send=save&purposes=transactional&language=th");
    assert_eq!(bench.is_held(), Some(Covers::Marketing));
    assert!(matches!(bench.said(Purpose::Marketing), Standing::Withdrawn(_)));
    // And back again.
    let html = bench.send(&link, "send=save&purposes=marketing&language=th");
    assert!(html.contains("value=\"marketing\" checked") && html.contains("value=\"transactional\" checked"), "{html}");
    assert_eq!(bench.is_held(), None);
    bench.send(&link, "send=save&purposes=marketing&language=xx");
    assert_eq!(bench.contact().contact.locale.unwrap().as_str(), "th");
}

#[test]
fn an_appointment_is_confirmed_once_or_another_time_is_asked_for() {
    let mut bench = Bench::new();
    bench.happened(
        json!({"type": "appointment_booked", "contact": KOREAN, "properties": {"at": "2026-11-23T05:30:00Z"}}),
    );
    let link = bench.link("appointment");
    let html = bench.open(&link);
    assert!(html.contains("2026년 11월 23일 14:30") && html.contains("value=\"confirm\""), "{html}");
    assert_eq!(bench.events("appointment_confirmed"), 0);
    assert!(bench.send(&link, "send=confirm").contains("예약이 확정되었습니다"));
    bench.send(&link, "send=confirm");
    assert!(bench.send(&link, "send=other").contains("value=\"confirm\""));
    bench.send(&link, "send=change");
    assert_eq!((bench.events("appointment_confirmed"), bench.events("appointment_change_asked")), (1, 1));
}

#[test]
fn a_page_for_contacts_is_none_for_strangers() {
    let mut bench = Bench::new();
    bench.page(
        "hello",
        json!({"kind": "text", "title": {"en": "Hello", "ko": "안녕하세요"}, "body": {"en": "a\nb\n\nc"}}),
    );
    let mut shared = |page: &str| {
        let target = format!("page:{page}").parse().unwrap();
        let done = bench.database.write(|tx| {
            let code = link::issue(tx, NewLink { target: &target, contact: 0, origin: None }, NOW)?;
            let link = link::find(tx.connection(), &code)?.unwrap();
            open(&Turn::new(tx, &bench.settings, NOW), &link, &["xx".to_owned(), "ko-KR".to_owned()])
        });
        done.unwrap().map(|opened| render(&opened.view))
    };
    for page in ["opt-out", "preferences", "appointment", "gone"] {
        assert_eq!(shared(page), None, "{page}");
    }
    let text = shared("hello").unwrap();
    assert!(text.contains("<html lang=\"ko-KR\">") && text.contains("<p>a<br>b</p><p>c</p>"), "{text}");
}

#[test]
fn a_preview_says_what_is_left_out() {
    let mut bench = Bench::new();
    bench.change(json!({"number": "+66812345678"}));
    let page: Page = serde_json::from_value(offer()).unwrap();
    let reader = bench.database.read(|c| contact::find(c, &"+66812345678".parse().unwrap())).unwrap();
    let seen = bench.database.read(|c| preview(c, &bench.settings, page, reader, NOW)).unwrap().unwrap();
    assert_eq!((seen.0.title.as_str(), seen.0.locale.as_str()), ("Kim's Tea", "en"));
    assert!(
        seen.1.iter().any(|why| why.contains("first_name")) && seen.1.iter().any(|why| why.contains("pet")),
        "{:?}",
        seen.1
    );
}
