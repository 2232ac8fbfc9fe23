//! The modems over the API: what is shown of them, what may be asked, and a test message through one of them.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::model::{
    MODEM_PARAMETER, ModemCounters, ModemIdentity, ModemStage, Registration, ResetKind, SimIdentity, StorageFill,
};

/// One that is ready, and one that was given up for a while.
pub(super) fn two() -> Vec<ModemStatus> {
    let ready = ModemStatus {
        name: "stick-1".to_owned(),
        group: "pool".to_owned(),
        stage: ModemStage::Ready,
        since: NOW,
        place: Some("1-1.2".to_owned()),
        port: Some("/dev/ttyUSB2".to_owned()),
        usb_id: Some("12d1:1506".to_owned()),
        profile: "huawei".to_owned(),
        identity: ModemIdentity {
            maker: "huawei".to_owned(),
            model: "E173".to_owned(),
            firmware: "11.126.85".to_owned(),
            imei: Some("351756051523999".to_owned()),
        },
        sim: SimIdentity {
            iccid: Some("8982001234567890123".to_owned()),
            imsi: Some("450050123456789".to_owned()),
            number: Some("+821012345678".to_owned()),
        },
        smsc: Some("+821099900001".to_owned()),
        registration: Registration::Home,
        operator: Some("SKTelecom".to_owned()),
        technology: Some("LTE".to_owned()),
        signal_dbm: Some(-71),
        storage: vec![StorageFill { name: "SM".to_owned(), used: 3, total: 20 }],
        last_answer_at: Some(NOW),
        last_success_at: Some(NOW),
        last_error: Some((NOW, "+CMS ERROR: 38".to_owned())),
        send_time: Some(Duration::from_millis(2_510)),
        counters: ModemCounters { sent: 12, reports: 11, ..ModemCounters::default() },
        ..ModemStatus::default()
    };
    let gone = ModemStatus {
        name: "attic".to_owned(),
        group: "pool".to_owned(),
        stage: ModemStage::Quarantined { until: NOW.plus(Duration::from_secs(60)) },
        since: NOW,
        reason: "It does not answer.".to_owned(),
        advice: "Unplug it and plug it in again.".to_owned(),
        ..ModemStatus::default()
    };
    vec![ready, gone]
}

/// What the modems of these tests say.
pub(super) fn answer(name: &str, what: &ModemRequest) -> Option<ModemAnswer> {
    if name == "attic" {
        return Some(ModemAnswer::Failed("the modem attic is left alone until 00:01".to_owned()));
    }
    Some(match what {
        ModemRequest::At(command) => ModemAnswer::Lines(vec![format!("echo of {command}"), "OK".to_owned()]),
        ModemRequest::Ussd(text) => ModemAnswer::Ussd { text: format!("{text}?"), more: text == "*100#" },
        ModemRequest::Reset(ResetKind::Hook) => ModemAnswer::Failed("no hook is configured".to_owned()),
        ModemRequest::UssdEnd | ModemRequest::Reset(_) | ModemRequest::Refresh => ModemAnswer::Done,
    })
}

#[tokio::test]
async fn modems_are_listed_by_name_and_shown_one_by_one() {
    let bench = Bench::new().await;
    let (status, all) = bench.get("/v1/modems").await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("modems", all);
    let (status, one) = bench.get("/v1/modems/stick-1").await;
    assert_eq!((status.as_u16(), &one), (200, &all["modems"][1]));
    let (status, missing) = bench.get("/v1/modems/stick-2").await;
    assert_eq!(status, 404);
    assert_eq!(missing["detail"], "there is no modem \"stick-2\"; known: stick-1, attic");
    let read: ModemView = serde_json::from_value(one.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), one, "the commands read what the API writes");
}

#[tokio::test]
async fn a_technicians_question_gets_the_modems_answer() {
    let bench = Bench::new().await;
    let cases = [
        ("at", json!({"command": "AT+CSQ"}), 200, json!({"lines": ["echo of AT+CSQ", "OK"]})),
        ("ussd", json!({"code": "*100#"}), 200, json!({"text": "*100#?", "more": true})),
        ("ussd", json!({"answer": "1"}), 200, json!({"text": "1?", "more": false})),
        ("ussd", json!({"end": true}), 200, json!({"done": true})),
        ("reset", json!({}), 200, json!({"done": true})),
        ("reset", json!({"kind": "usb"}), 200, json!({"done": true})),
        ("refresh", json!({}), 200, json!({"done": true})),
    ];
    for (what, body, status, expected) in cases {
        let answer = bench.post(&format!("/v1/modems/stick-1/{what}"), body.to_string()).await;
        assert_eq!((answer.0.as_u16(), answer.1), (status, expected), "{what} {body}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let bench = Bench::new().await;
    let cases = [
        ("stick-1/at", json!({"command": "AT+CMGS=23"}), 422, "disturb sending"),
        ("stick-1/at", json!({"command": "AT\rAT+CMGD=1"}), 422, "one line"),
        ("stick-1/at", json!({"cmd": "AT"}), 422, "unknown field"),
        ("stick-1/ussd", json!({"code": "*100#", "answer": "1"}), 422, "one of the three"),
        ("stick-1/ussd", json!({"end": false}), 422, "one of the three"),
        ("stick-1/reset", json!({"kind": "hard"}), 422, "unknown variant"),
        ("stick-1/reset", json!({"kind": "hook"}), 409, "no hook is configured"),
        ("attic/at", json!({"command": "AT"}), 409, "left alone until"),
        ("nobody/at", json!({"command": "AT"}), 404, "known: stick-1, attic"),
    ];
    for (path, body, status, words) in cases {
        let (found, answer) = bench.post(&format!("/v1/modems/{path}"), body.to_string()).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{path} {body}: {answer}");
    }
    assert_eq!(bench.post("/v1/modems/stick-1/at", "AT").await.0, 400, "not JSON");
}

#[tokio::test]
async fn a_test_message_is_a_message_tied_to_its_modem() {
    let bench = Bench::new().await;
    let (status, accepted) = bench.post("/v1/modems/stick-1/sms-test", r#"{"to": "+82 10-1234-5678"}"#).await;
    assert_eq!(status, 202, "{accepted}");
    assert_eq!(bench.daemon.dispatch_wakes.load(Ordering::Relaxed), 1);
    let (_, message) = bench.get(&format!("/v1/messages/{}", accepted["id"].as_str().unwrap())).await;
    assert_eq!(message["text"], "postrider test through stick-1, 2026-11-22 00:00 UTC");
    assert_eq!((&message["route"], &message["on_doubt"]), (&json!("sticks"), &json!("hold")));
    assert_eq!(message["parameters"][MODEM_PARAMETER], "stick-1");
    let cases = [
        ("attic", json!({"to": "+821012345678"}), 409, "quarantined: It does not answer: Unplug it"),
        ("stick-1", json!({"to": "hello"}), 422, ""),
        ("stick-1", json!({"text": "x"}), 422, "missing field `to`"),
        ("nobody", json!({"to": "+821012345678"}), 404, ""),
    ];
    for (name, body, status, words) in cases {
        let (found, answer) = bench.post(&format!("/v1/modems/{name}/sms-test"), body.to_string()).await;
        assert_eq!(found, status, "{name} {body}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{name} {body}: {answer}");
    }
    assert_eq!(bench.count().await, 1);
}
