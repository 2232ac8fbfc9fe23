//! People and an event by whom the texts of a playbook are tried: one of whom all is known, and one of whom only the number
//! is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::contact::Contact;
use crate::law::{self, Table};
use crate::locale::Locale;
use crate::point::{Kind, Point, PointValue, Points};
use crate::template::{Fields, Grants, Rendered, Skip};
use crate::{Labels, Rules};
use postrider_model::{Body, Indication, PhoneNumber, Timestamp};
use postrider_text::{self as text, TextProfile};

/// When the texts are tried.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// What a short link looks like.
const LINK: &str = "https://go.shop.example/aB3dE5gH";
/// Properties of the event that a text may be about, other than those that it names are shown as `...`.
const TRIES_MAX: usize = 20;

struct Tongue {
    locale: &'static str,
    number: &'static str,
    zone: &'static str,
    name: &'static str,
    product: &'static str,
    shop: &'static str,
    currency: &'static str,
}

const TONGUES: [Tongue; 3] = [
    Tongue {
        locale: "en-US",
        number: "+12125550123",
        zone: "America/New_York",
        name: "Maria Gonzalez",
        product: "Jasmine tea, 100 g",
        shop: "Kim's Tea House",
        currency: "USD",
    },
    Tongue {
        locale: "ko-KR",
        number: "+821012345678",
        zone: "Asia/Seoul",
        name: "김지수",
        product: "재스민차 100g",
        shop: "찻집 봄",
        currency: "KRW",
    },
    Tongue {
        locale: "th-TH",
        number: "+66812345678",
        zone: "Asia/Bangkok",
        name: "สมชาย ใจดี",
        product: "ชามะลิ 100 กรัม",
        shop: "ร้านชาบ้านสวน",
        currency: "THB",
    },
];

fn tongue(language: &str) -> &'static Tongue {
    let [english, ..] = &TONGUES;
    TONGUES.iter().find(|tongue| tongue.locale.split('-').next() == Some(language)).unwrap_or(english)
}

fn contact(tongue: &Tongue, name: Option<&str>) -> Option<Contact> {
    let number: PhoneNumber = tongue.number.parse().ok()?;
    let locale: Option<Locale> = tongue.locale.parse().ok();
    Some(Contact { name: name.map(str::to_owned), locale, zone: Some(tongue.zone.to_owned()), ..Contact::new(number) })
}

/// Somebody of whom all is known, who reads this language.
pub fn friend(language: &str) -> Option<Fields> {
    let tongue = tongue(language);
    let contact = contact(tongue, Some(tongue.name))?;
    let mut points = Points::default();
    for point in Point::stored() {
        let value = match point.kind() {
            Kind::Count => PointValue::Integer(3),
            Kind::Number => PointValue::Real(1250.0),
            Kind::Money => PointValue::Integer(499_000),
            Kind::Time => PointValue::Integer(NOW.as_millis() - 86_400_000),
            Kind::Day => PointValue::Integer(NOW.as_millis() / 86_400_000 + 20),
            Kind::Text => PointValue::Text(text_of(point, tongue)),
        };
        points.set(point, Some(value));
    }
    Some(Fields::of(&contact, &points, NOW).with_event(&event(tongue)).with_shop(Some(tongue.shop)))
}

fn text_of(point: Point, tongue: &Tongue) -> String {
    let name = point.name();
    if name.ends_with("url") {
        return "https://shop.example/products/jasmine-tea?variant=100".to_owned();
    }
    let text = match name {
        "currency" => tongue.currency,
        "last_order" => "2026-11-1042",
        "order_status" => "shipped",
        "tier" => "Silver",
        "next_tier" => "Gold",
        _ => tongue.product,
    };
    text.to_owned()
}

fn event(tongue: &Tongue) -> Map<String, Value> {
    let all = json!({
        "order": "2026-11-1042", "product": tongue.product, "item": tongue.product, "amount": 49.9, "currency": tongue.currency,
        "expected_on": "2026-12-01", "due_on": "2026-12-01", "until": "2026-12-01", "place": tongue.shop, "text": tongue.product,
    });
    all.as_object().cloned().unwrap_or_default()
}

/// Somebody of whom only the number and the language are known, and of an event nothing.
pub fn stranger(language: &str) -> Option<Fields> {
    Some(Fields::of(&contact(tongue(language), None)?, &Points::default(), NOW))
}

/// A text for one of these people, with codes and links of a usual length. Fields of the shop's own that are lacking are
/// made up.
///
/// # Errors
/// Why there is no text.
pub fn render(
    mut fields: Fields,
    render: impl Fn(&Fields, &Grants) -> Result<Rendered, Skip>,
) -> Result<Rendered, Skip> {
    for _ in 0..TRIES_MAX {
        let missing = match render(&fields, &Grants::default()) {
            Ok(first) => {
                let links = first.links.iter().map(|target| (target.clone(), LINK.to_owned())).collect();
                let coupons: BTreeMap<_, _> =
                    first.coupons.iter().map(|pool| (pool.clone(), "SPRING-ACDEFGHJ".to_owned())).collect();
                return render(&fields, &Grants { coupons, links, marks: false });
            }
            Err(Skip::Missing(missing)) => missing,
            Err(skip) => return Err(skip),
        };
        let made_up = minijinja::Value::from("2026-12-01");
        match missing.split_once('.') {
            Some(("attribute", name)) => drop(fields.attributes.insert(name.to_owned(), made_up)),
            Some(("event", name)) => drop(fields.event.insert(name.to_owned(), made_up)),
            Some(_) | None => return Err(Skip::Missing(missing)),
        }
    }
    Err(Skip::TooLarge)
}

/// How many segments a text has, with what the law of Korea adds to marketing.
pub fn segments(text: &str, language: &str) -> usize {
    let shop = tongue(language).shop;
    let label = (language == "ko").then(|| Table::built_in().row("KR".parse().ok()).label.as_ref()).flatten();
    let rules = Rules {
        labels: Labels::Add,
        brand: Some(shop.to_owned()),
        refusal_number: Some("080-123-4567".to_owned()),
        ..Rules::default()
    };
    let labelled = label.and_then(|label| law::labelled(label, &rules, text).ok());
    let body = Body::Text(labelled.map_or_else(|| text.to_owned(), std::borrow::Cow::into_owned));
    text::encode(&body, &Indication::default(), &TextProfile::default(), None)
        .map_or(usize::MAX, |encoding| encoding.encoded.segments.len())
}
