//! Requests as tools write them, good and bad.

use std::time::Duration;

use crate::model::{Body, Class, OnDoubt, Waiting};

use super::super::settings::HttpSettings;
use super::*;

#[derive(Debug)]
enum Messages {
    One(Box<Checked>),
    Many(Vec<Checked>),
}

fn parse(body: &[u8], defaults: Defaults) -> Result<Messages, Problem> {
    let mut all = Vec::new();
    let many = parse_each(body, defaults, |checked| all.push(checked))?;
    Ok(if many { Messages::Many(all) } else { Messages::One(Box::new(all.remove(0))) })
}

fn plain() -> Defaults {
    Defaults::of(&HttpSettings::default())
}

fn one(json: &str) -> Checked {
    match parse(json.as_bytes(), plain()).unwrap() {
        Messages::One(checked) => *checked,
        Messages::Many(_) => panic!("one was posted"),
    }
}

fn places(json: &str) -> Vec<String> {
    one(json).unwrap_err().into_iter().map(|error| error.pointer).collect()
}

#[test]
fn the_shortest_message_has_the_defaults() {
    let message = one(r#" {"to": "+82 10-1234-5678", "text": "안녕\n하세요"} "#).unwrap();
    assert_eq!(message, crate::model::NewMessage::text("+821012345678".parse().unwrap(), "안녕\n하세요"));
}

#[test]
fn a_national_number_needs_a_default_country() {
    let korean = Defaults { class: Class::Marketing, country: Some("KR".parse().unwrap()) };
    for json in [
        r#"{"to": "010-1234-5678", "text": "x"}"#,
        // The 7 makes the quick reading fail, and the slow one has to know the defaults too.
        r#"[{"to": "010-1234-5678", "text": "x"}, 7]"#,
    ] {
        let first = |defaults| match parse(json.as_bytes(), defaults).unwrap() {
            Messages::One(checked) => *checked,
            Messages::Many(all) => all.into_iter().next().unwrap(),
        };
        let message = first(korean).unwrap();
        assert_eq!((message.to.as_str(), message.class), ("+821012345678", Class::Marketing));
        assert_eq!(first(plain()).unwrap_err()[0].pointer, "/to");
    }
}

#[test]
fn every_field_arrives() {
    let message = one(
        r#"{"to": "+821012345678", "from": "Shop", "data": {"hex": "0a 0b"}, "udh": "BgUEFYIAAA==", "class": "otp",
            "flash": false, "silent": true, "ports": {"destination": 5000}, "reference": "order-7", "tags": ["a", "b"],
            "send_at": "2026-11-22T09:00:00+09:00", "valid_for": "1h30m", "on_doubt": "hold", "callback": "https://shop.example/sms",
            "transliterate": true, "route": "north", "parameters": {"entity": "1001"}, "replace": null,
            "waiting": {"kind": "fax", "store": true}}"#,
    )
    .unwrap();
    let Body::Data(data) = &message.body else { panic!("data was posted") };
    assert_eq!((&data.octets[..], &data.elements[..]), (&[10, 11][..], &[5, 4, 0x15, 0x82, 0, 0][..]));
    assert_eq!((message.class, message.on_doubt), (Class::Otp, Some(OnDoubt::Hold)));
    assert_eq!((message.indication.protocol_id, message.indication.ports), (0x40, Some((5000, 0))));
    assert_eq!(message.indication.waiting, Some(Waiting { kind: 1, active: true, store: true }));
    assert_eq!(message.valid_for, Some(Duration::from_secs(5_400)));
    assert_eq!(message.send_at.unwrap().to_string(), "2026-11-22T00:00:00.000Z");
    assert_eq!((message.tags.len(), message.parameters["entity"].as_str()), (2, "1001"));
    let flash = one(r#"{"to": "+821012345678", "text": "x", "flash": true, "replace": 3, "valid_for": 60}"#).unwrap();
    assert_eq!((flash.indication.message_class, flash.indication.protocol_id), (Some(0), 0x43));
}

#[test]
fn all_that_makes_no_sense_is_named_at_once() {
    let found = places(
        r#"{"to": "hello", "from": "ElevenPlusOne", "text": "x", "class": "spam", "udh": "AA", "replace": 8, "silent": true,
            "tags": [""], "send_at": "tomorrow", "valid_for": "0s", "on_doubt": "maybe", "callback": "ftp://x", "reference": ""}"#,
    );
    for place in [
        "/to",
        "/from",
        "/class",
        "/udh",
        "/replace",
        "/tags/0",
        "/send_at",
        "/valid_for",
        "/on_doubt",
        "/callback",
        "/reference",
    ] {
        assert!(found.iter().any(|known| known == place), "{place} in {found:?}");
    }
}

#[test]
fn text_and_data_exclude_each_other_and_one_is_needed() {
    assert_eq!(places(r#"{"to": "+821012345678"}"#), ["/text"]);
    assert_eq!(places(r#"{"to": "+821012345678", "text": "x", "data": "AA=="}"#), ["/data"]);
    assert_eq!(places(r#"{"to": "+821012345678", "data": "AA=="  , "udh": "AQUA"}"#), ["/udh"]);
    assert_eq!(places("{}"), ["/to", "/text"]);
    assert_eq!(places(r#"{"to": 5, "text": 5}"#), ["/text", "/to"], "a wrong type is not also a missing field");
}

#[test]
fn a_text_that_no_handset_shows_is_refused() {
    for text in ["", "   ", "\\n\\t", "\u{200b}\u{feff}", "\u{3000}"] {
        assert_eq!(places(&format!(r#"{{"to": "+821012345678", "text": "{text}"}}"#)), ["/text"], "{text:?}");
    }
    assert!(one(r#"{"to": "+821012345678", "text": "", "silent": true}"#).is_ok(), "it is not meant to be shown");
    assert!(one(r#"{"to": "+821012345678", "text": "."}"#).is_ok());
}

#[test]
fn callbacks_carry_no_password() {
    assert_eq!(
        places(r#"{"to": "+821012345678", "text": "x", "callback": "https://me:secret@shop.example/"}"#),
        ["/callback"]
    );
}

#[test]
fn good_messages_of_a_bad_array_are_kept() {
    let json =
        r#"[{"to": "+821012345678", "text": "a"}, {"to": 5, "text": "b"}, 7, {"to": "+821012345679", "text": "c"}]"#;
    let Messages::Many(all) = parse(json.as_bytes(), plain()).unwrap() else { panic!("an array was posted") };
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
}

#[test]
fn a_body_that_is_not_json_says_where() {
    for body in ["{\"to\": ", "[{]", "{\"to\": \"\u{1}\"}", "nul", "{} {}", "[1,]"] {
        let problem = parse(body.as_bytes(), plain()).unwrap_err();
        assert_eq!(problem.status(), 400, "{body}");
        assert!(format!("{problem:?}").contains("line 1 column"), "{problem:?}");
    }
    assert_eq!(parse(b"{\"to\": \"\xff\"}", plain()).unwrap_err().status(), 400);
    assert_eq!(parse(b" ", plain()).unwrap_err().status(), 400);
}

#[test]
fn what_is_json_but_no_message_is_422() {
    for body in ["[]", "5", "null", "\"x\""] {
        assert_eq!(parse(body.as_bytes(), plain()).unwrap_err().status(), 422, "{body}");
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(parse(deep.as_bytes(), plain()), Ok(Messages::Many(all)) if all[0].is_err()));
}

#[test]
fn one_message_above_the_limit_is_too_many() {
    let body = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    assert!(
        matches!(parse(body(MESSAGES_MAX).as_bytes(), plain()), Ok(Messages::Many(all)) if all.len() == MESSAGES_MAX)
    );
    assert_eq!(parse(body(MESSAGES_MAX + 1).as_bytes(), plain()).unwrap_err().status(), 422);
}
