//! Campaigns over the API: written, foretold, tried, started, stopped, reported.

use serde_json::json;

use super::*;

async fn put(bench: &Bench, path: &str, body: Value) -> (StatusCode, Value) {
    let request = bench.request(Method::PUT, path).header(header::CONTENT_TYPE, "application/json");
    read(bench.send(request.body(body.to_string().into()).unwrap()).await).await
}

async fn step(bench: &Bench) {
    loop {
        let settings = bench.daemon.settings();
        let done = bench.store.write(move |tx| crate::pipeline::step(&crate::pipeline::Turn::new(tx, &settings, NOW)));
        if done.await.unwrap().done == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn a_campaign_goes_its_whole_way() {
    let bench = Bench::new().await;
    let contacts: Vec<_> =
        (0..30).map(|n| json!({"number": format!("+33612345{n:03}"), "lists": ["all"], "time_zone": "UTC"})).collect();
    bench.post("/v1/contacts", json!(contacts).to_string()).await;
    put(&bench, "/v1/templates/hi", json!({"text": "Hi {{ first_name | or(\"there\") }}"})).await;
    let path = "/v1/campaigns/news";
    let definition =
        json!({"title": "News", "to": {"list": "all"}, "template": "hi", "class": "transactional", "control": 20});
    let (status, answer) = put(&bench, path, definition.clone()).await;
    assert_eq!((status.as_u16(), &answer["state"]), (201, &json!("draft")), "{answer}");
    let (_, forecast) = bench.post(&format!("{path}/estimate"), "{}".to_owned()).await;
    assert_eq!((&forecast["recipients"], &forecast["exact"]), (&json!(30), &json!(true)), "{forecast}");
    let trial = json!({"to": ["+33699999999"], "contact": "+33612345001"});
    let (_, tried) = bench.post(&format!("{path}/test"), trial.to_string()).await;
    assert_eq!(
        (&tried["texts"][0]["text"], &tried["texts"][0]["state"]),
        (&json!("Hi there"), &json!("queued")),
        "{tried}"
    );
    for _ in 0..2 {
        let (status, answer) = bench.post(&format!("{path}/start"), "{}".to_owned()).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(put(&bench, path, definition).await.0, 409);
    step(&bench).await;
    let (_, shown) = bench.get(path).await;
    assert_eq!((&shown["state"], &shown["recipients"]), (&json!("done"), &json!(30)), "{shown}");
    let (_, report) = bench.get(&format!("{path}/report")).await;
    assert_eq!(report["total"]["recipients"], 30, "{report}");
    assert_eq!(report["total"]["states"]["queued"], forecast["texts"]);
    let csv = bench.send(bench.request(Method::GET, &format!("{path}/report?format=csv")).body(Body::empty()).unwrap());
    let csv = csv.await;
    assert_eq!(csv.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let (_, page) = bench.get(&format!("{path}/recipients?limit=20")).await;
    let (_, rest) = bench.get(&format!("{path}/recipients?limit=20&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((rest["recipients"].as_array().unwrap().len(), rest.get("next")), (10, None));
    let (status, stopped) = bench.post(&format!("{path}/cancel"), "{}".to_owned()).await;
    assert_eq!((status.as_u16(), &stopped["state"]), (200, &json!("canceled")), "{stopped}");
    assert_eq!((&stopped["not_sent"], &stopped["sent"]), (&forecast["texts"], &json!(0)), "{stopped}");
    assert_eq!(bench.get("/v1/campaigns").await.1["campaigns"][0]["name"], "news");
    let (_, export) = bench.get("/v1/numbers/+33612345001/export").await;
    assert_eq!(export["contact"]["campaigns"][0]["campaign"], "news", "{export}");
}

#[tokio::test]
async fn mistakes_are_named_and_drafts_are_removed() {
    let bench = Bench::new().await;
    let path = "/v1/campaigns/news";
    let (status, answer) = put(&bench, path, json!({"to": {}, "class": "otp", "template": "hi"})).await;
    let places: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!((status.as_u16(), places), (422, vec![json!("/to"), json!("/class")]), "{answer}");
    assert_eq!(put(&bench, "/v1/campaigns/News!", json!({"to": {"list": "a"}, "template": "t"})).await.0, 422);
    assert_eq!(put(&bench, path, json!({"to": {"segment": "gone"}, "template": "gone"})).await.0, 201);
    let (status, answer) = bench.post(&format!("{path}/start"), "{}".to_owned()).await;
    assert_eq!((status.as_u16(), answer["errors"].as_array().unwrap().len()), (422, 2), "{answer}");
    assert_eq!(bench.post(&format!("{path}/pause"), "{}".to_owned()).await.0, 409);
    assert_eq!(bench.post(&format!("{path}/test"), json!({"to": ["12"]}).to_string()).await.0, 422);
    let gone = bench.send(bench.request(Method::DELETE, path).body(Body::empty()).unwrap()).await.status();
    assert_eq!(gone, 204);
    assert_eq!(bench.get(path).await.0, 404);
    assert_eq!(bench.get(&format!("{path}/report")).await.0, 404);
}
