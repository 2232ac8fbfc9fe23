//! Conversations, services, surveys and contests: what tools and people of the shop see and do.

use serde_json::json;

use super::*;
use crate::model::{Alphabet, InboundPart, LinkEvent, LinkName, Sender};
use crate::pipeline::{Turn, settle};

const KOREAN: &str = "+821012345678";

async fn put(bench: &Bench, path: &str, body: Value) -> (StatusCode, Value) {
    let request = bench.request(Method::PUT, path).header(header::CONTENT_TYPE, "application/json");
    read(bench.send(request.body(body.to_string().into()).unwrap()).await).await
}

/// A person writes to us.
async fn writes(bench: &Bench, from: &'static str, text: &'static str) {
    let settings = bench.daemon.settings();
    let work = move |tx: &store::Tx<'_>| {
        let part = InboundPart {
            from: Sender::from_network(from),
            to: Sender::from_network("15771234"),
            alphabet: Alphabet::Ucs2,
            payload: text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            elements: Vec::new(),
            part_of: None,
            network_time: None,
        };
        let event = LinkEvent::Inbound { part, ack: None };
        settle(&Turn::new(tx, &settings, NOW), &LinkName::new("north", 1), &[event])
    };
    bench.store.write(work).await.unwrap();
}

#[tokio::test]
async fn a_conversation_is_listed_shown_answered_noted_tagged_assigned_and_closed() {
    let bench = Bench::new().await;
    bench.post("/v1/contacts", json!({"number": KOREAN, "name": "Jisoo"}).to_string()).await;
    let hours = json!({"words": ["HOURS"], "reply": {"en": "9 to 6"}});
    assert_eq!(put(&bench, "/v1/services/hours", hours).await.0, 201);
    writes(&bench, KOREAN, "hours").await;
    writes(&bench, KOREAN, "Do you have green tea?").await;
    let (_, page) = bench.get("/v1/conversations?state=open&unread=true").await;
    assert_eq!(
        (&page["conversations"][0]["number"], &page["conversations"][0]["unread"], page.get("next")),
        (&json!(KOREAN), &json!(1), None),
        "{page}"
    );
    let path = "/v1/conversations/+821012345678";
    let (status, reply) = bench.post(&format!("{path}/messages"), r#"{"text": "Yes, five kinds", "by": "Mina"}"#).await;
    assert_eq!((status.as_u16(), &reply["state"]), (202, &json!("queued")), "{reply}");
    assert_eq!(bench.post(&format!("{path}/notes"), r#"{"text": "likes tea", "by": "Mina"}"#).await.0, 204);
    let (status, answer) =
        bench.post(&format!("{path}/tags"), r#"{"add": ["tea"], "feedback": true, "rating": 5}"#).await;
    assert_eq!((status.as_u16(), &answer["tags"]), (200, &json!(["feedback", "tea"])), "{answer}");
    assert_eq!(bench.post(&format!("{path}/assign"), r#"{"to": "Mina"}"#).await.1["assignee"], "Mina");
    assert_eq!(bench.post(&format!("{path}/close"), "").await.1["state"], "closed");
    let (_, mut shown) = bench.get(path).await;
    for message in shown["messages"].as_array_mut().unwrap() {
        message.as_object_mut().unwrap().remove("id");
        message.as_object_mut().unwrap().remove("at");
    }
    insta::assert_json_snapshot!("conversation", shown);
    assert_eq!(bench.get("/v1/contacts/+821012345678").await.1["points"]["feedbacks"], 1);
    let (_, first) = bench.get(&format!("{path}?limit=2")).await;
    let next = first["next"].as_str().unwrap();
    let (_, second) = bench.get(&format!("{path}?limit=2&cursor={next}")).await;
    assert_eq!(
        (first["messages"].as_array().unwrap().len(), second["messages"][1]["text"].as_str()),
        (2, Some("hours"))
    );
    assert_eq!(bench.get("/v1/conversations/+821099999999").await.0, 404);
    assert_eq!(bench.get("/v1/conversations?state=ajar").await.0, 400);
    assert_eq!(bench.post(&format!("{path}/open"), "{}").await.1["state"], "open");
    assert_eq!(bench.post(&format!("{path}/read"), "{}").await.1["unread"], 0);
}

#[tokio::test]
async fn a_reply_that_is_repeated_goes_once() {
    let bench = Bench::new().await;
    writes(&bench, KOREAN, "Hello?").await;
    let send = async |text: &str| {
        let request = bench.request(Method::POST, "/v1/conversations/+821012345678/messages");
        let request = request.header(header::CONTENT_TYPE, "application/json").header("idempotency-key", "r1");
        read(bench.send(request.body(json!({"text": text}).to_string().into()).unwrap()).await).await
    };
    let (first, again) = (send("Hi").await, send("Hi").await);
    assert_eq!((first.0.as_u16(), &first), (202, &again));
    assert_eq!(send("Ho").await.0, 422);
    assert_eq!(bench.count().await, 1);
    let (status, answer) = bench.post("/v1/conversations/+821011111111/messages", r#"{"text": "Hi"}"#).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!("/class")), "{answer}");
    for wrong in [r#"{"text": "Hi", "class": "otp"}"#, r#"{"text": "Hi", "by": ""}"#, r#"{"txt": "Hi"}"#] {
        assert_eq!(bench.post("/v1/conversations/+821012345678/messages", wrong).await.0, 422, "{wrong}");
    }
}

#[tokio::test]
async fn definitions_are_checked_listed_changed_and_removed() {
    let bench = Bench::new().await;
    for (path, good, wrong, place) in [
        ("/v1/services/a", json!({"match": "any"}), json!({"words": ["("], "match": "regex"}), "/words/0"),
        (
            "/v1/surveys/a",
            json!({"question": [{"id": "q", "ask": {"en": "?"}, "kind": "text"}]}),
            json!({"question": []}),
            "/question",
        ),
        ("/v1/contests/a", json!({"winners": 2}), json!({"winners": 0}), "/winners"),
    ] {
        let (status, answer) = put(&bench, path, wrong).await;
        assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!(place)), "{answer}");
        assert_eq!(put(&bench, path, good.clone()).await.0, 201, "{path}");
        let (status, answer) = put(&bench, path, good).await;
        assert_eq!((status.as_u16(), &answer["name"]), (200, &json!("a")), "{answer}");
        assert_eq!(put(&bench, path, json!({"name": "b", "match": "any", "question": []})).await.0, 422);
        let list = path.trim_end_matches("/a");
        let (_, all) = bench.get(list).await;
        assert_eq!(all.as_object().unwrap().values().next().unwrap()[0]["name"], "a", "{all}");
        assert_eq!(bench.get(path).await.0, 200);
        let gone = bench.send(bench.request(Method::DELETE, path).body(Body::empty()).unwrap()).await.status();
        assert_eq!((gone.as_u16(), bench.get(path).await.0.as_u16()), (204, 404));
    }
}

#[tokio::test]
async fn a_survey_is_asked_and_its_answers_come_as_json_and_csv() {
    let bench = Bench::new().await;
    let survey = json!({"thanks": {"en": "Thanks"}, "question": [{"id": "rating", "ask": {"en": "1 to 5?"}, "kind": "number",
        "min": 1, "max": 5}, {"id": "more", "ask": {"en": "More?"}, "kind": "text"}]});
    assert_eq!(put(&bench, "/v1/surveys/how", survey).await.0, 201);
    let start = json!({"contact": KOREAN, "class": "transactional"}).to_string();
    let (status, answer) = bench.post("/v1/surveys/how/start", start.clone()).await;
    assert_eq!((status.as_u16(), &answer["run"]), (202, &json!(1)), "{answer}");
    assert_eq!(bench.post("/v1/surveys/how/start", start.clone()).await.0, 409);
    assert_eq!(bench.post("/v1/surveys/none/start", start).await.0, 404);
    for text in ["5", "=cheap, \"good\""] {
        writes(&bench, KOREAN, text).await;
    }
    let (_, page) = bench.get("/v1/surveys/how/answers").await;
    assert_eq!((&page["answers"][0]["state"], &page["answers"][0]["answers"]["rating"]), (&json!("done"), &json!(5)));
    let (_, csv) = bench.get("/v1/surveys/how/answers?format=csv").await;
    let csv = csv.as_str().unwrap();
    assert!(
        csv.starts_with("run,contact,state,begun_by,started_at,ended_at,rating,more\n1,+821012345678,done,api,"),
        "{csv}"
    );
    assert!(csv.trim_end().ends_with(",5,\"'=cheap, \"\"good\"\"\""), "{csv}");
    assert_eq!(bench.get("/v1/surveys/how").await.1["counts"]["done"], 1);
    assert_eq!(bench.get("/v1/surveys/how/answers?format=xml").await.0, 400);
    let (_, export) = bench.get("/v1/numbers/+821012345678/export").await;
    assert_eq!((&export["surveys"][0]["state"], &export["conversation"]["state"]), (&json!("done"), &json!("closed")));
}

#[tokio::test]
async fn a_contest_is_entered_drawn_once_and_shown_with_all_that_a_check_needs() {
    let bench = Bench::new().await;
    assert_eq!(put(&bench, "/v1/contests/win", json!({"winners": 2})).await.0, 201);
    for n in 0..5 {
        let body = json!({"contact": format!("+82101234567{n}")}).to_string();
        assert_eq!(bench.post("/v1/contests/win/entries", body).await.1["again"], false);
    }
    let again = bench.post("/v1/contests/win/entries", r#"{"contact": "+821012345670"}"#).await.1;
    assert_eq!(again["again"], true);
    let (_, before) = bench.get("/v1/contests/win").await;
    assert_eq!((&before["phase"], &before["entries"]), (&json!("open"), &json!(5)), "{before}");
    assert_eq!(bench.post("/v1/contests/win/draw", "").await.0, 409, "it is still open");
    let (status, drawn) = bench.post("/v1/contests/win/draw", r#"{"close": true}"#).await;
    assert_eq!((status.as_u16(), &drawn["commitment"]), (200, &before["commitment"]), "{drawn}");
    assert_eq!((drawn["winners"].as_array().unwrap().len(), &drawn["entries"]), (2, &json!(5)));
    assert_eq!(bench.post("/v1/contests/win/draw", r#"{"close": true}"#).await.0, 409);
    assert_eq!(bench.post("/v1/contests/win/entries", r#"{"contact": "+821099999999"}"#).await.0, 409);
    let (_, redone) = bench.post("/v1/contests/win/draw", r#"{"redo": "test", "seed": "1 7 23", "winners": 1}"#).await;
    assert_eq!((&redone["n"], &redone["given"], &redone["seed"]), (&json!(2), &json!(true), &json!("1 7 23")));
    let (_, after) = bench.get("/v1/contests/win").await;
    assert_eq!((after["draws"].as_array().unwrap().len(), &after["phase"]), (2, &json!("over")));
    let (_, csv) = bench.get("/v1/contests/win/entries?format=csv&limit=3").await;
    assert_eq!(csv.as_str().unwrap().lines().count(), 4);
    assert_eq!(bench.post("/v1/contests/none/draw", "").await.0, 404);
    assert_eq!(bench.post("/v1/contests/win/draw", r#"{"winners": 0, "redo": "x"}"#).await.0, 422);
}
