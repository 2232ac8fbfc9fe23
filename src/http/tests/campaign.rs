//! Contacts, events and segments: what tools send, and what they get back.

use serde_json::json;

use super::*;
use crate::pipeline::Turn;

async fn put(bench: &Bench, path: &str, body: Value) -> (StatusCode, Value) {
    let request = bench.request(Method::PUT, path).header(header::CONTENT_TYPE, "application/json");
    read(bench.send(request.body(body.to_string().into()).unwrap()).await).await
}

async fn delete(bench: &Bench, path: &str) -> StatusCode {
    bench.send(bench.request(Method::DELETE, path).body(Body::empty()).unwrap()).await.status()
}

#[tokio::test]
async fn a_contact_is_made_changed_shown_and_removed() {
    let bench = Bench::new().await;
    let path = "/v1/contacts/+821012345678";
    let first =
        json!({"name": "Jisoo", "locale": "ko", "attributes": {"size": 42, "birthday": "1990-11-25"}, "tags": ["vip"]});
    let (status, answer) = put(&bench, path, first).await;
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = put(&bench, path, json!({"add_tags": ["web"], "name": null})).await;
    assert_eq!((status.as_u16(), &answer["tags"]), (200, &json!(["vip", "web"])), "{answer}");
    let event = json!({"id": "1", "type": "purchase", "contact": "+821012345678", "amount": 35000, "currency": "KRW",
        "at": "2026-11-20T10:00:00+09:00", "products": [{"name": "Tea", "quantity": 2}]});
    assert_eq!(bench.post("/v1/events", event.to_string()).await.0, 200);
    let (status, answer) = bench.get("/v1/contacts/821012345678").await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("contact", answer);
    let (_, page) = bench.get("/v1/contacts?tag=web&limit=1").await;
    assert_eq!((&page["contacts"][0]["number"], page.get("next")), (&json!("+821012345678"), None));
    assert_eq!(delete(&bench, path).await, 204);
    assert_eq!(delete(&bench, path).await, 404);
    assert_eq!(bench.get(path).await.0, 404);
}

#[tokio::test]
async fn of_many_contacts_the_good_ones_are_taken() {
    let bench = Bench::new().await;
    let body = json!([{"number": "+821012345670"}, {"number": "12", "tags": [1]}, {"number": "+821012345671", "name": "B"},
        {"number": "+821012345670"}]);
    let (status, answer) = bench.post("/v1/contacts", body.to_string()).await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("contacts_partly", answer);
    let (status, answer) = bench.post("/v1/contacts", r#"{"number": "+821012345672", "nmae": "x"}"#).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!("/nmae")), "{answer}");
    let many: Vec<_> = (0..1_200).map(|n| json!({"number": format!("+8210{n:08}")})).collect();
    let (_, answer) = bench.post("/v1/contacts", json!(many).to_string()).await;
    assert_eq!(answer["created"], 1_200);
    assert_eq!(bench.post("/v1/contacts", "[]").await.0, 422);
    assert_eq!(bench.post("/v1/contacts", "{").await.0, 400);
}

#[tokio::test]
async fn an_event_counts_once() {
    let bench = Bench::new().await;
    let events = json!([{"id": "a", "type": "visit", "contact": "+821012345678"}, {"id": "a", "type": "visit", "contact": "+821012345678"},
        {"type": "Visit", "contact": "x"}]);
    let (status, answer) = bench.post("/v1/events", events.to_string()).await;
    assert_eq!((status.as_u16(), &answer["recorded"], &answer["repeated"]), (200, &json!(1), &json!(1)), "{answer}");
    let places: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(places, ["/2/type", "/2/contact"]);
    assert_eq!(bench.get("/v1/contacts/+821012345678").await.1["points"]["visits"], 1);
    assert_eq!(bench.post("/v1/events", r#"{"type": "visit"}"#).await.0, 422);
}

#[tokio::test]
async fn a_segment_is_defined_counted_and_removed() {
    let bench = Bench::new().await;
    let contacts: Vec<_> =
        (0..5).map(|n| json!({"number": format!("+82101234567{n}"), "attributes": {"size": n}})).collect();
    bench.post("/v1/contacts", json!(contacts).to_string()).await;
    let tree = json!({"attribute": "size", "at_least": 3});
    let (status, answer) = put(&bench, "/v1/segments/large", json!({"title": "Large", "tree": tree})).await;
    assert_eq!((status.as_u16(), &answer["tree"]), (201, &tree), "{answer}");
    let (_, answer) = bench.post("/v1/segments/count", r#"{"segment": "large", "sample": 10}"#).await;
    assert_eq!((&answer["count"], answer["sample"].as_array().unwrap().len()), (&json!(2), 2), "{answer}");
    let (_, answer) = bench.post("/v1/segments/count", r#"{"segment": "new"}"#).await;
    assert_eq!(answer["count"], 5);
    let (_, answer) = bench.post("/v1/segments/count", json!({"tree": {"not": tree}}).to_string()).await;
    assert_eq!(answer["count"], 3);
    let (_, all) = bench.get("/v1/segments").await;
    assert!(all["segments"].as_array().unwrap().len() > 20 && all["segments"][0]["name"] == "large");
    assert_eq!(bench.get("/v1/segments/vip").await.1["ready"], true);
    assert_eq!(delete(&bench, "/v1/segments/large").await, 204);
    assert_eq!(bench.get("/v1/segments/large").await.0, 404);
    assert_eq!(bench.post("/v1/segments/count", r#"{"segment": "large"}"#).await.0, 404);
}

#[tokio::test]
async fn wrong_segments_are_refused_with_their_places() {
    let bench = Bench::new().await;
    let wrong = json!({"tree": {"all": [{"point": "purchases", "at_laest": 1}]}});
    let (status, answer) = put(&bench, "/v1/segments/mine", wrong).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!("/tree/all/0/at_laest")), "{answer}");
    assert_eq!(put(&bench, "/v1/segments/vip", json!({"tree": {"tag": "a"}})).await.0, 409);
    assert_eq!(put(&bench, "/v1/segments/Mine", json!({"tree": {"tag": "a"}})).await.0, 422);
    assert_eq!(bench.post("/v1/segments/count", r#"{}"#).await.0, 422);
    let (_, points) = bench.get("/v1/points").await;
    assert!(points["points"].as_array().unwrap().len() >= 50);
}

#[tokio::test]
async fn a_segment_becomes_live_and_tells_who_comes_and_goes() {
    let bench = Bench::new().await;
    let step = || async {
        let work = |tx: &crate::store::Tx<'_>| crate::pipeline::step(&Turn::new(tx, &Settings::default(), NOW));
        while bench.store.write(work).await.unwrap().done > 0 {}
    };
    let contact = |size: u8| json!({"number": "+821012345670", "attributes": {"size": size}}).to_string();
    bench.post("/v1/contacts", r#"{"number": "+821012345671", "attributes": {"size": 5}}"#).await;
    let definition = json!({"tree": {"attribute": "size", "at_least": 3}, "live": true});
    let (status, answer) = put(&bench, "/v1/segments/large", definition).await;
    assert_eq!((status.as_u16(), &answer["live"]["beginning"]), (201, &json!(true)), "{answer}");
    step().await;
    for size in [4, 1, 5] {
        bench.post("/v1/contacts", contact(size)).await;
        step().await;
    }
    let (_, answer) = bench.get("/v1/segments/large").await;
    assert_eq!((&answer["live"]["members"], &answer["live"]["beginning"]), (&json!(2), &json!(false)), "{answer}");
    let (_, page) = bench.get("/v1/segments/large/members?limit=1").await;
    assert_eq!((&page["members"][0]["number"], &page["next"]), (&json!("+821012345671"), &json!("1")), "{page}");
    let (_, page) = bench.get("/v1/segments/large/changes?limit=2").await;
    let told: Vec<_> = page["changes"].as_array().unwrap().iter().map(|change| change["change"].clone()).collect();
    assert_eq!(told, ["entered", "left"], "{page}");
    let next = page["next"].as_str().unwrap();
    let (_, page) = bench.get(&format!("/v1/segments/large/changes?cursor={next}")).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), page.get("next")), (1, None), "{page}");
    let (_, known) = bench.get("/v1/numbers/+821012345670/export").await;
    assert_eq!(known["contact"]["segments"][0]["name"], "large", "{known}");
    let (status, answer) = put(&bench, "/v1/segments/vip/live", json!({"backfill": true})).await;
    assert_eq!((status.as_u16(), &answer["ready"], &answer["live"]["members"]), (200, &json!(true), &json!(0)));
    assert_eq!(delete(&bench, "/v1/segments/vip/live").await, 204);
    assert_eq!(delete(&bench, "/v1/segments/vip/live").await, 404);
    assert_eq!(bench.get("/v1/segments/vip/members").await.0, 404);
    assert_eq!(put(&bench, "/v1/segments/none/live", json!({})).await.0, 404);
    assert_eq!(bench.get("/v1/segments/none/changes").await.0, 404);
}

#[tokio::test]
async fn a_template_is_previewed_for_each_contact() {
    let bench = Bench::new().await;
    let long = "x".repeat(490);
    let contacts = json!([{"number": "+821012345670", "name": "Jisoo Kim", "locale": "ko"}, {"number": "+821012345671", "name": "Ana"},
        {"number": "+821012345672"}, {"number": "+821012345673", "name": "B", "attributes": {"note": long}}]);
    bench.post("/v1/contacts", contacts.to_string()).await;
    let template = json!({"text": "Hi {{ first_name }}. {{ attribute.note }}", "variants": {"ko": "{{ first_name }}님 안녕하세요"},
        "fallbacks": {"attribute.note": "See you!"}});
    assert_eq!(put(&bench, "/v1/templates/hello", template.clone()).await.0, 201);
    assert_eq!(put(&bench, "/v1/templates/hello", template).await.0, 200);
    let whom = json!({"template": "hello", "class": "transactional",
        "contacts": ["+821012345670", "+821012345671", "+821012345672", "+821012345673", "+821099999999"]});
    let (status, answer) = bench.post("/v1/templates/preview", whom.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    let mut answer = answer;
    answer["texts"][2]["text"] = "[long]".into();
    insta::assert_json_snapshot!("preview", answer);
    let (_, answer) = bench
        .post(
            "/v1/templates/preview",
            r#"{"definition": {"text": "Hi"}, "class": "otp", "segment": "new", "sample": 2}"#,
        )
        .await;
    assert_eq!((answer["texts"].as_array().unwrap().len(), &answer["segments"]), (2, &json!(2)), "{answer}");
    let (status, answer) = put(&bench, "/v1/templates/bad", json!({"text": "Hi {{ frist_name }}"})).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!("/text")), "{answer}");
    for wrong in [
        json!({"template": "hello"}),
        json!({"contacts": ["+821012345670"]}),
        json!({"template": "hello", "contacts": ["x"]}),
    ] {
        assert_eq!(bench.post("/v1/templates/preview", wrong.to_string()).await.0, 422, "{wrong}");
    }
    assert_eq!(bench.post("/v1/templates/preview", r#"{"template": "x", "contacts": ["+821012345670"]}"#).await.0, 404);
    assert_eq!(bench.get("/v1/templates").await.1["templates"][0]["segments_max"], 3);
    assert_eq!(delete(&bench, "/v1/templates/hello").await, 204);
    assert_eq!(bench.get("/v1/templates/hello").await.0, 404);
}

#[tokio::test]
async fn a_coupon_is_given_out_shown_and_redeemed_once() {
    let bench = Bench::new().await;
    bench.post("/v1/contacts", r#"{"number": "+821012345670"}"#).await;
    let pool = json!({"generated": true, "prefix": "SPR-", "valid_hours": 24});
    assert_eq!(put(&bench, "/v1/coupons/spring", pool).await.0, 201);
    let (_, first) = bench.post("/v1/coupons/spring/issue", r#"{"contact": "+821012345670"}"#).await;
    let (_, again) = bench.post("/v1/coupons/spring/issue", r#"{"contact": "+821012345670"}"#).await;
    let code = first["code"].as_str().unwrap();
    assert_eq!((&first, first["valid_until"].as_str()), (&again, Some("2026-11-23T00:00:00.000Z")));
    let preview =
        json!({"definition": {"text": "{{ coupon('spring') }}"}, "class": "otp", "contacts": ["+821012345670"]});
    assert_eq!(bench.post("/v1/templates/preview", preview.to_string()).await.1["texts"][0]["text"], code);
    let redeem = |reference: &str| {
        json!({"code": code.to_lowercase(), "amount": 49.9, "currency": "EUR", "reference": reference}).to_string()
    };
    assert_eq!(bench.post("/v1/coupons/redeem", redeem("o1")).await.0, 200);
    assert_eq!(bench.post("/v1/coupons/redeem", redeem("o1")).await.1["uses"], 1);
    let (status, answer) = bench.post("/v1/coupons/redeem", redeem("o2")).await;
    assert_eq!((status.as_u16(), &answer["detail"]), (409, &json!("the code was redeemed already")));
    let (_, pools) = bench.get("/v1/coupons").await;
    assert_eq!((&pools["pools"][0]["redeemed"], &pools["pools"][0]["amount"]), (&json!(1), &json!(49.9)));
    assert_eq!(bench.post("/v1/coupons/redeem", r#"{"code": "NONE"}"#).await.0, 404);

    put(&bench, "/v1/coupons/listed", json!({})).await;
    let (_, answer) = bench.post("/v1/coupons/listed/codes", r#"{"codes": ["one", "ONE", "two"]}"#).await;
    assert_eq!(answer["added"], 2);
    assert_eq!(bench.post("/v1/coupons/listed/codes", r#"{"codes": ["a b_"]}"#).await.0, 422);
    assert_eq!(bench.post("/v1/coupons/spring/codes", r#"{"codes": ["one"]}"#).await.0, 422);
    for (contact, status) in [("+821012345671", 200), ("+821012345672", 200), ("+821012345673", 409), ("x", 422)] {
        let body = json!({"contact": contact}).to_string();
        assert_eq!(bench.post("/v1/coupons/listed/issue", body).await.0.as_u16(), status, "{contact}");
    }
    assert_eq!(bench.post("/v1/coupons/none/issue", r#"{"contact": "+821012345671"}"#).await.0, 404);
    assert_eq!(put(&bench, "/v1/coupons/redeem", json!({})).await.0, 405);
}

#[tokio::test]
async fn an_export_shows_the_contact_and_an_erasure_removes_it() {
    let bench = Bench::new().await;
    bench.post("/v1/contacts", r#"{"number": "+821012345670", "name": "Jisoo Kim"}"#).await;
    let event = r#"{"contact": "+821012345670", "type": "purchase", "amount": 12.5, "currency": "EUR"}"#;
    let (status, answer) = bench.post("/v1/events", event).await;
    assert!(status.is_success(), "{answer}");
    let (_, export) = bench.get("/v1/numbers/+821012345670/export").await;
    assert_eq!(
        (&export["contact"]["name"], &export["contact"]["points"]["purchases"]),
        (&json!("Jisoo Kim"), &json!(1))
    );
    assert_eq!(export["contact"]["events"].as_array().map(Vec::len), Some(1), "{export}");
    assert_eq!(delete(&bench, "/v1/numbers/+821012345670").await, 200);
    assert_eq!(bench.get("/v1/contacts/+821012345670").await.0, 404);
    assert!(bench.get("/v1/numbers/+821012345670/export").await.1.get("contact").is_none());
}
