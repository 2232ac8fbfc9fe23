//! Texts for contacts of whom much, little or nothing is known.

use serde_json::json;

use super::*;
use crate::contact::{Contact, ContactChange};
use crate::event::Event;
use crate::point::Points;
use postrider_model::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

fn fields(contact: &serde_json::Value) -> Fields {
    let mut whole = contact.clone();
    whole["number"] = json!("+821012345678");
    let change = ContactChange::from_json(&whole, None, None).unwrap();
    let mut contact = Contact::new(change.number.clone());
    change.apply(&mut contact).unwrap();
    let mut points = Points::default();
    for event in [
        json!({"type": "purchase", "at": "2026-10-01T00:00:00Z", "amount": 35000, "currency": "KRW"}),
        json!({"type": "points_changed", "properties": {"balance": 1250, "expiring": 300, "expires_on": "2026-12-01"}}),
        json!({"type": "appointment_booked", "properties": {"at": "2026-11-23T05:30:00Z"}}),
    ] {
        let mut event = event;
        event["contact"] = json!("+821012345678");
        points.record(&Event::from_json(&event, None, NOW).unwrap());
    }
    Fields::of(&contact, &points, NOW)
}

fn text(source: &str, contact: &serde_json::Value) -> Result<String, Skip> {
    let template = Template::of(source);
    template.check().unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
    template.render(&fields(contact), &Grants::default()).map(|rendered| rendered.text)
}

#[test]
fn fields_are_written_as_the_contact_reads() {
    let source = "{{ first_name }}: {{ points | number }} points, {{ points_expiring | number }} until \
                  {{ points_expire_on | date }}; {{ lifetime_value | money }}; {{ next_appointment_at | time }}";
    let with = |locale: &str| text(source, &json!({"name": "Jisoo Kim", "locale": locale})).unwrap();
    assert_eq!(with("ko"), "Jisoo: 1,250 points, 300 until 2026년 12월 1일; 35,000원; 14:30");
    assert_eq!(with("de"), "Jisoo: 1.250 points, 300 until 1. Dezember 2026; 35.000원; 14:30");
    assert_eq!(with("th"), "Jisoo: 1,250 points, 300 until 1 ธ.ค. 2569; 35,000원; 14:30");
}

#[test]
fn a_missing_field_takes_its_fallback_or_skips_the_contact() {
    let nobody = json!({"name": ""});
    assert_eq!(text("Hello {{ name }}, come in", &nobody), Err(Skip::Missing("name".to_owned())));
    assert_eq!(text("Hello {{ name | upper }}", &nobody), Err(Skip::Missing("name".to_owned())));
    assert_eq!(text("Hello {{ name | or('you') }}, come in", &nobody).unwrap(), "Hello you, come in");
    assert_eq!(text("Your {{ attribute.color }} pot", &nobody), Err(Skip::Missing("attribute.color".to_owned())));
    assert_eq!(text("{% if name %}Hello {{ name }}, {% endif %}come in", &nobody).unwrap(), "come in");
    assert_eq!(text("{% if name %}x{% endif %} ", &nobody), Err(Skip::Empty));
    let mut template = Template::of("Hello {{ name }}, your {{ attribute.color }} pot");
    template.fallbacks =
        BTreeMap::from([("name", "you"), ("attribute.color", "red")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    template.check().unwrap();
    assert_eq!(template.render(&fields(&nobody), &Grants::default()).unwrap().text, "Hello you, your red pot");
    assert!(matches!(text("{{ name | money }}", &json!({"name": "Ana"})), Err(Skip::Wrong(_))));
}

#[test]
fn the_variant_of_the_locale_then_of_the_language_is_taken() {
    let mut template = Template::of("Hello");
    template.variants = BTreeMap::from(
        [("pt", "Olá"), ("pt-BR", "Oi"), ("ko", "안녕하세요")].map(|(a, b)| (a.to_owned(), b.to_owned())),
    );
    template.check().unwrap();
    for (locale, expected) in [("pt-BR", "Oi"), ("pt-PT", "Olá"), ("ko-KR", "안녕하세요"), ("fr", "Hello")] {
        let rendered = template.render(&fields(&json!({"locale": locale})), &Grants::default()).unwrap();
        assert_eq!(rendered.text, expected, "{locale}");
    }
    assert_eq!(template.source(None), (None, "Hello"));
}

#[test]
fn coupons_and_links_are_asked_for_and_filled_in() {
    let template = Template::of("{{ coupon('spring') }} at {{ link('https://shop.example/tea') }}");
    template.check().unwrap();
    let first = template.render(&fields(&json!({})), &Grants::default()).unwrap();
    assert_eq!(first.text, "XXXX-0000 at https://shop.example/tea");
    assert_eq!((first.coupons.first().unwrap().as_str(), first.links.len()), ("spring", 1));
    let mut grants = Grants::default();
    grants.coupons.insert("spring".to_owned(), "SPR-42".to_owned());
    grants.links.insert("https://shop.example/tea".to_owned(), "s.example/a1".to_owned());
    assert_eq!(template.render(&fields(&json!({})), &grants).unwrap().text, "SPR-42 at s.example/a1");
}

#[test]
fn a_link_to_a_field_that_is_missing_skips_the_contact() {
    let template = Template::of("Pay here: {{ link(event.url) }}");
    template.check().unwrap();
    let missing = template.render(&fields(&json!({})), &Grants::default());
    assert_eq!(missing, Err(Skip::Missing("event.url".to_owned())));
    let event = json!({"url": "https://shop.example/pay"});
    let there = fields(&json!({})).with_event(event.as_object().unwrap());
    assert_eq!(template.render(&there, &Grants::default()).unwrap().text, "Pay here: https://shop.example/pay");
    let number = fields(&json!({})).with_event(json!({"url": 5}).as_object().unwrap());
    let wrong = Skip::Wrong("line 1: link is for texts, not \"5\"".to_owned());
    assert_eq!(template.render(&number, &Grants::default()), Err(wrong));
}

#[test]
fn mistakes_are_told_with_their_place_before_anything_is_sent() {
    let mut template = Template::of("Hi {{ frist_name }}");
    template.variants.insert("korean".to_owned(), "x".to_owned());
    template.variants.insert("ko".to_owned(), "{{ name | shout }}{{".to_owned());
    template.fallbacks.insert("nmae".to_owned(), "you".to_owned());
    template.segments_max = 0;
    let faults = template.check().unwrap_err();
    let mut places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/fallbacks/nmae", "/segments_max", "/text", "/variants/ko", "/variants/korean"]);
    assert!(faults.iter().any(|fault| fault.detail.contains("did you mean \"first_name\"?")), "{faults:?}");
    for wrong in ["{{ name | shout }}", "{{ name", "{% if %}", "{% for a in %}", "{{ range(5) }}", "{{ name.upper() }}"]
    {
        let rendered = Template::of(wrong)
            .check()
            .map(|()| Template::of(wrong).render(&fields(&json!({"name": "A"})), &Grants::default()));
        assert!(!matches!(rendered, Ok(Ok(_))), "{wrong}");
    }
}

#[test]
fn no_template_grows_beyond_its_bounds() {
    let list = json!({"attributes": {"all": vec!["x".repeat(400); 50]}});
    let nested = "{% for a in attribute.all %}{% for b in attribute.all %}{{ b }}{% endfor %}{% endfor %}";
    assert_eq!(text(nested, &list), Err(Skip::TooLarge));
    let work = "{% for a in attribute.all %}{% for b in attribute.all %}{% for c in attribute.all %}{% if c %}{% endif %}{% endfor %}{% endfor %}{% endfor %}x";
    assert_eq!(text(work, &list), Err(Skip::TooLarge));
    let doubled = format!("{{{{ {} }}}}", vec!["attribute.long"; 120].join(" ~ "));
    assert_eq!(text(&doubled, &json!({"attributes": {"long": "x".repeat(500)}})), Err(Skip::TooLarge));
}

#[test]
fn what_is_given_out_later_is_put_in_without_rendering_again() {
    let source =
        "{{ name }}: {{ coupon('spring') }}, {{ link('https://a.example/') }} and {{ link('https://a.example/b') }}";
    let template = Template::of(source);
    let fields = fields(&json!({"name": "Ana"}));
    let first = template.render(&fields, &Grants::marks()).unwrap();
    let grants = Grants {
        coupons: [("spring".to_owned(), "A-1".to_owned())].into(),
        links: [("https://a.example/", "https://s/1"), ("https://a.example/b", "https://s/2")]
            .map(|(target, short)| (target.to_owned(), short.to_owned()))
            .into(),
        marks: false,
    };
    let again = template.render(&fields, &grants).unwrap().text;
    assert_eq!(grants.fill(&first).as_deref(), Some("Ana: A-1, https://s/1 and https://s/2"));
    assert_eq!(grants.fill(&first), Some(again));
    // A filter that cuts a mark leaves no half of it in the text.
    let cut = Template::of("{{ coupon('spring') | truncate(4) }}").render(&fields, &Grants::marks()).unwrap();
    assert_eq!(grants.fill(&cut), None);
}
