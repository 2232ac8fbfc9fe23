//! Consents, suppressions, what the law says, and all that is known of a number.

use super::*;

const KOREAN: &str = "%2B821012345678";

async fn delete(bench: &Bench, path: &str) -> (StatusCode, Value) {
    read(bench.send(bench.request(Method::DELETE, path).body(Body::empty()).unwrap()).await).await
}

/// A marketing text that Korea lets pass; it is nine in the morning there.
fn advert(extra: &str) -> String {
    format!(r#"{{"to": "+821012345678", "class": "marketing", "text": "(광고)가게 할인 무료거부 0801234567"{extra}}}"#)
}

#[tokio::test]
async fn a_refusal_holds_from_the_answer_on() {
    let bench = Bench::new().await;
    let waiting = bench.accepted(&advert("")).await;
    let said = r#"{"number": "+821012345678", "given": false, "proof": "call 7"}"#;
    let (status, answer) = bench.post("/v1/consents", said).await;
    assert_eq!((status.as_u16(), answer["consents"][0]["standing"].as_str()), (200, Some("withdrawn")));
    assert_eq!(bench.get(&format!("/v1/messages/{waiting}")).await.1["state"], "blocked");
    let (status, answer) = bench.post("/v1/messages", advert("")).await;
    assert_eq!((status.as_u16(), answer["state"].as_str()), (202, Some("blocked")));
    assert_eq!(answer["reason"]["code"], "opted_out");
    let (_, shown) = bench.get(&format!("/v1/consents?number={KOREAN}")).await;
    assert_eq!(shown["ledger"][0]["proof"], "call 7");
    assert_eq!(shown["suppressions"][0]["covers"], "marketing");
    assert_eq!(bench.get("/v1/consents").await.1["ledger"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_consents_is_named_and_none_is_recorded() {
    let bench = Bench::new().await;
    let body = r#"[{"number": "+821012345678", "given": true}, {"number": "hello", "given": true, "purpose": "fun",
                    "at": "2030-01-01T00:00:00Z", "source": "keyword"}]"#;
    let (status, answer) = bench.post("/v1/consents", body).await;
    assert_eq!(status, 422);
    let pointers: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/1/number", "/1/purpose", "/1/source", "/1/at"]);
    assert!(bench.get("/v1/consents").await.1["ledger"].as_array().unwrap().is_empty());
    for (body, status) in
        [("[]", 422), ("{", 400), ("{}", 422), (r#"{"number": "+821012345678", "given": "yes"}"#, 422)]
    {
        assert_eq!(bench.post("/v1/consents", body).await.0, status, "{body}");
    }
}

#[tokio::test]
async fn a_double_opt_in_is_pending_and_asks() {
    let bench = Bench::new().await;
    let body = r#"{"number": "+821012345678", "given": true, "double_opt_in": true, "words": "v3", "source": "link"}"#;
    let (_, answer) = bench.post("/v1/consents", body).await;
    assert_eq!(answer["consents"][0]["standing"], "pending");
    let (_, list) = bench.get("/v1/messages").await;
    assert!(list["messages"][0]["text"].as_str().unwrap().contains("동의"), "{list}");
}

#[tokio::test]
async fn suppressions_are_added_listed_and_lifted_with_a_reason() {
    let bench = Bench::new().await;
    let body = r#"{"number": "+821012345678", "covers": "all", "reason": "wrong number"}"#;
    assert_eq!(bench.post("/v1/suppressions", body).await.1["changed"], true);
    assert_eq!(bench.post("/v1/suppressions", body).await.1["changed"], false);
    let (_, list) = bench.get("/v1/suppressions").await;
    assert_eq!(list["suppressions"][0]["reason"], "wrong number");
    let (_, answer) =
        bench.post("/v1/messages", r#"{"to": "+821012345678", "text": "code 123", "class": "otp"}"#).await;
    assert_eq!(answer["state"], "blocked");
    let path = format!("/v1/suppressions/{KOREAN}");
    assert_eq!(delete(&bench, &path).await.0, 400, "why?");
    assert_eq!(delete(&bench, &format!("{path}?reason=mistyped")).await.1["lifted"], 1);
    assert_eq!(delete(&bench, &format!("{path}?reason=mistyped")).await.0, 404);
    let (_, shown) = bench.get(&format!("/v1/consents?number={KOREAN}")).await;
    assert_eq!(
        (shown["ledger"][0]["word"].as_str(), shown["ledger"][0]["words"].as_str()),
        (Some("lifted"), Some("mistyped"))
    );
    for body in [
        r#"{"number": "+821012345678"}"#,
        r#"{"number": "+821012345678", "reason": ""}"#,
        r#"{"number": "x", "reason": "a"}"#,
    ] {
        assert_eq!(bench.post("/v1/suppressions", body).await.0, 422, "{body}");
    }
}

#[tokio::test]
async fn the_answer_says_when_a_message_will_go_and_why() {
    let bench = Bench::new().await;
    // It is one in the morning of a Sunday in France.
    let (status, answer) =
        bench.post("/v1/messages", r#"{"to": "+33612345678", "text": "soldes", "class": "marketing"}"#).await;
    assert_eq!((status.as_u16(), answer["state"].as_str()), (202, Some("scheduled")));
    assert_eq!(answer["due_at"], "2026-11-23T07:00:00.000Z");
    assert_eq!(answer["reason"]["code"], "quiet_hours");
    let (status, answer) =
        bench.post("/v1/messages", r#"{"to": "+821012345678", "text": "할인", "class": "marketing"}"#).await;
    assert_eq!((status.as_u16(), answer["errors"][0]["code"].as_str()), (422, Some("label")));
}

#[tokio::test]
async fn an_exemption_needs_its_scope_and_stands_on_the_timeline_with_the_tokens_name() {
    let bench = Bench::new().await;
    let body = r#"{"to": "+33612345678", "text": "rappel", "class": "marketing", "exempt": "recall 17"}"#;
    bench.add_token("campaigns", 7, &["messages:write"]).await;
    let plain = Request::post("/v1/messages")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", token_of(7)));
    let (status, answer) = read(bench.send(plain.body(Body::from(body)).unwrap()).await).await;
    assert_eq!((status.as_u16(), answer["errors"][0]["pointer"].as_str()), (422, Some("/exempt")));
    let id = bench.accepted(body).await;
    let (_, shown) = bench.get(&format!("/v1/messages/{id}")).await;
    assert_eq!(shown["state"], "queued");
    assert!(shown["timeline"].to_string().contains("recall 17 (token admin)"), "{shown}");
}

#[tokio::test]
async fn the_law_is_told_with_its_source() {
    let bench = Bench::new().await;
    let (status, korea) = bench.get("/v1/law?country=KR&class=marketing&at=2026-11-22T23:00:00%2B09:00").await;
    assert_eq!((status.as_u16(), korea["allowed"].as_bool(), korea["basis"].as_str()), (200, Some(false), Some("law")));
    assert_eq!(
        (korea["not_before"].as_str(), korea["label"].as_str()),
        (Some("2026-11-22T23:00:00.000Z"), Some("(광고)"))
    );
    assert_eq!(korea["renew_months"], 24);
    let (_, florida) = bench.get("/v1/law?number=%2B13055550123").await;
    assert_eq!((florida["region"].as_str(), florida["hours"].as_str()), (Some("FL"), Some("08:00-20:00 every day")));
    let (_, states) = bench.get("/v1/law?country=US").await;
    assert!(states["time_zones"].as_array().unwrap().len() > 6, "{states}");
    for country in crate::model::Country::all() {
        let (status, answer) = bench.get(&format!("/v1/law?country={country}")).await;
        assert_eq!(status, 200, "{country}: {answer}");
    }
    for wrong in [
        "",
        "?country=XX",
        "?country=KR&class=fun",
        "?country=KR&at=noon",
        "?number=hello",
        "?country=KR&time_zone=Mars",
    ] {
        assert_eq!(bench.get(&format!("/v1/law{wrong}")).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_number_is_exported_and_erased_and_stays_suppressed() {
    let bench = Bench::new().await;
    bench.accepted(PLAIN).await;
    bench.post("/v1/consents", r#"{"number": "+821012345678", "given": false}"#).await;
    let (status, export) = bench.get(&format!("/v1/numbers/{KOREAN}/export")).await;
    assert_eq!((status.as_u16(), export["messages"][0]["text"].as_str()), (200, Some("안녕하세요")));
    assert_eq!((export["consents"].as_array().unwrap().len(), export["inbound"].as_array().unwrap().len()), (1, 0));
    let (status, erased) = delete(&bench, &format!("/v1/numbers/{KOREAN}")).await;
    assert_eq!(
        (status.as_u16(), erased["messages"].as_u64(), erased["suppressions"].as_u64()),
        (200, Some(1), Some(1))
    );
    assert_eq!(bench.count().await, 0);
    let (_, export) = bench.get(&format!("/v1/numbers/{KOREAN}/export")).await;
    assert!(export["messages"].as_array().unwrap().is_empty() && export["suppressions"][0]["number"].is_null());
    assert_eq!(bench.post("/v1/messages", advert("")).await.1["reason"]["code"], "opted_out");
    assert_eq!(bench.get("/v1/numbers/hello/export").await.0, 404);
}
