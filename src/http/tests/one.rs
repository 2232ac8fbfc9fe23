//! One message: posted, looked at, withdrawn, decided about.

use super::*;

#[tokio::test]
async fn a_message_is_accepted_and_the_dispatcher_hears_of_it() {
    let bench = Bench::new().await;
    let (status, answer) = bench.post("/v1/messages", PLAIN).await;
    assert_eq!(status, 202);
    let id: MessageId = answer["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.given_at(), NOW);
    assert_eq!(bench.daemon.dispatch_wakes.load(Ordering::Relaxed), 1);
    insta::assert_json_snapshot!("accepted", answer);
}

#[tokio::test]
async fn a_message_shows_everything_that_is_known_of_it() {
    let bench = Bench::new().await;
    let id = bench
        .accepted(
            r#"{"to": "+821012345678", "from": "Shop", "text": "Grüße", "class": "otp", "reference": "order-7",
                "tags": ["spring", "vip"], "send_at": "2026-11-22T09:30:00+09:00", "valid_for": "1h", "on_doubt": "hold",
                "callback": "https://shop.example/sms", "parameters": {"entity": "1001"}}"#,
        )
        .await;
    let (status, answer) = bench.get(&format!("/v1/messages/{id}")).await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("scheduled_message", answer);
    let upper = bench.get(&format!("/v1/messages/{}", id.to_uppercase())).await;
    assert_eq!(upper.0, 200, "ids read in either case");
}

#[tokio::test]
async fn data_comes_back_as_it_was_posted() {
    let bench = Bench::new().await;
    let id =
        bench.accepted(r#"{"to": "+821012345678", "data": {"hex": "00ff10"}, "udh": {"hex": "06050415820000"}}"#).await;
    let (_, answer) = bench.get(&format!("/v1/messages/{id}")).await;
    assert_eq!((answer["data"].as_str(), answer["alphabet"].as_str()), (Some("AP8Q"), Some("binary")));
}

#[tokio::test]
async fn wrong_fields_are_named_and_the_good_messages_taken() {
    let bench = Bench::new().await;
    let body = r#"[{"to": "+821012345678", "text": "a"}, {"to": "hello", "text": "b", "flush": true},
                   {"to": "+821012345678", "text": "c", "route": "south"}, {"to": "+821012345679", "text": "d"}]"#;
    let (status, answer) = bench.post("/v1/messages", body).await;
    assert_eq!(status, 422);
    insta::assert_json_snapshot!("partly_accepted", answer);
    assert_eq!(bench.count().await, 2);
}

#[tokio::test]
async fn atomic_takes_all_or_none() {
    let bench = Bench::new().await;
    let bad = r#"[{"to": "+821012345678", "text": "a"}, {"to": "hello", "text": "b"}]"#;
    let (status, answer) = bench.post("/v1/messages?atomic=true", bad).await;
    assert_eq!((status.as_u16(), bench.count().await), (422, 0), "{answer}");
    let good = r#"[{"to": "+821012345678", "text": "a"}, {"to": "+821012345679", "text": "b"}]"#;
    let (status, answer) = bench.post("/v1/messages?atomic=true", good).await;
    assert_eq!((status.as_u16(), bench.count().await), (202, 2), "{answer}");
    assert_eq!(answer["messages"][1]["index"], 1);
}

#[tokio::test]
async fn a_large_batch_passes_and_one_above_the_limit_does_not() {
    let bench = Bench::new().await;
    let batch = |count: usize| format!("[{}]", vec![PLAIN; count].join(","));
    let (status, answer) = bench.post("/v1/messages", batch(10_000)).await;
    assert_eq!((status.as_u16(), answer["messages"].as_array().unwrap().len()), (202, 10_000));
    let (status, _) = bench.post("/v1/messages", batch(10_001)).await;
    assert_eq!((status.as_u16(), bench.count().await), (422, 10_000));
}

#[tokio::test]
async fn what_no_route_can_carry_is_refused_with_its_reason() {
    let bench = Bench::new().await;
    let long = format!(r#"{{"to": "+821012345678", "text": "{}"}}"#, "가".repeat(700));
    let (status, answer) = bench.post("/v1/messages", long).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &"/text".into()));
    assert!(answer["errors"][0]["detail"].as_str().unwrap().contains("segments"), "{answer}");
}

#[tokio::test]
async fn a_waiting_message_can_be_withdrawn_and_a_sent_one_cannot() {
    let bench = Bench::new().await;
    let id = bench.accepted(PLAIN).await;
    let (status, answer) = bench.post(&format!("/v1/messages/{id}/cancel"), "").await;
    assert_eq!((status.as_u16(), &answer["state"]), (200, &"canceled".into()));
    let again = bench.request(Method::DELETE, &format!("/v1/messages/{id}")).body(Body::empty()).unwrap();
    assert_eq!(read(bench.send(again).await).await.0, 200, "withdrawing twice is the same as once");
    let other = bench.accepted(PLAIN).await;
    set_state(&bench, &other, State::Sent).await;
    let (status, answer) = bench.post(&format!("/v1/messages/{other}/cancel"), "").await;
    assert_eq!(status, 409);
    insta::assert_json_snapshot!("too_late", answer);
}

#[tokio::test]
async fn a_doubt_is_decided_by_a_person() {
    let bench = Bench::new().await;
    let id = bench.accepted(PLAIN).await;
    let path = format!("/v1/messages/{id}/resolve");
    let (status, answer) = bench.post(&path, r#"{"decision": "delivered"}"#).await;
    assert_eq!((status.as_u16(), &answer["state"]), (409, &"queued".into()));
    set_state(&bench, &id, State::Uncertain).await;
    assert_eq!(bench.post(&path, r#"{"decision": "perhaps"}"#).await.0, 422);
    assert_eq!(bench.post(&path, "{").await.0, 400);
    let (status, answer) = bench.post(&path, r#"{"decision": "delivered"}"#).await;
    assert_eq!((status.as_u16(), &answer["state"]), (200, &"delivered".into()));
}

#[tokio::test]
async fn an_unknown_id_and_a_text_that_is_none_are_not_found() {
    let bench = Bench::new().await;
    for id in ["01jd8x4m2v0g0", "hello", "%ff", "..%2F"] {
        for (method, path) in
            [(Method::GET, ""), (Method::DELETE, ""), (Method::POST, "/cancel"), (Method::POST, "/resolve")]
        {
            let request = bench.request(method, &format!("/v1/messages/{id}{path}"));
            let (status, answer) =
                read(bench.send(request.body(r#"{"decision": "resend"}"#.into()).unwrap()).await).await;
            assert_eq!(
                (status.as_u16(), &answer["type"]),
                (404, &"urn:postrider:problem:not_found".into()),
                "{id}{path}"
            );
        }
    }
}

#[tokio::test]
async fn an_estimate_stores_nothing() {
    let bench = Bench::new().await;
    let (status, answer) = bench.post("/v1/estimate", r#"{"text": "It’s ready", "to": "+821012345678"}"#).await;
    assert_eq!((status.as_u16(), bench.count().await), (200, 0));
    insta::assert_json_snapshot!("estimate", answer);
    assert_eq!(bench.post("/v1/estimate", r#"{"text": 5}"#).await.0, 422);
    assert_eq!(bench.post("/v1/estimate", r#"{"text": "a", "to": "hello"}"#).await.0, 422);
}

/// Brings a message into a state as if links had reported it.
async fn set_state(bench: &Bench, id: &str, state: State) {
    let id: MessageId = id.parse().unwrap();
    let write = move |tx: &store::Tx<'_>| {
        let mut head = store::message::head(tx, id)?.unwrap();
        let was = std::mem::replace(&mut head.state, state);
        store::message::save(tx, was, &head, None, NOW, NOW)
    };
    bench.store.write(write).await.unwrap();
}

#[tokio::test]
async fn a_time_of_sending_that_is_long_over_is_refused() {
    let bench = Bench::new().await;
    let body = r#"{"to": "+821012345678", "text": "x", "send_at": "2019-01-01T00:00:00Z"}"#;
    let (status, answer) = bench.post("/v1/messages", body).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["code"]), (422, &Value::from("too_long_ago")), "{answer}");
    let recent = NOW.minus(std::time::Duration::from_secs(3_600));
    let body = format!(r#"{{"to": "+821012345678", "text": "x", "send_at": "{recent}"}}"#);
    assert_eq!(bench.post("/v1/messages", body).await.0, 202, "an hour ago is now");
}
