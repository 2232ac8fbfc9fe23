//! Workflows over the API: defined, refused with places, activated, enrolled in, shown and removed.

use serde_json::json;

use super::*;

async fn put(bench: &Bench, path: &str, body: Value) -> (StatusCode, Value) {
    let request = bench.request(Method::PUT, path).header(header::CONTENT_TYPE, "application/json");
    read(bench.send(request.body(body.to_string().into()).unwrap()).await).await
}

async fn delete(bench: &Bench, path: &str) -> StatusCode {
    bench.send(bench.request(Method::DELETE, path).body(Body::empty()).unwrap()).await.status()
}

fn definition() -> Value {
    json!({"title": "Hello", "trigger": [{"api": true, "delay": "1h"}], "step": [{"id": "hello", "send": "hello"}, {"wait": "2d"}]})
}

#[tokio::test]
async fn a_workflow_is_defined_activated_enrolled_in_and_removed() {
    let bench = Bench::new().await;
    bench.post("/v1/contacts", r#"{"number": "+821012345670"}"#).await;
    let path = "/v1/workflows/hello";
    let (status, answer) = put(&bench, path, definition()).await;
    assert_eq!((status.as_u16(), &answer["version"], &answer["active"]), (201, &json!(1), &json!(false)), "{answer}");
    assert_eq!(answer["missing"], json!(["template \"hello\""]));
    let (status, answer) = bench.post("/v1/workflows/hello/activate", "").await;
    assert_eq!((status.as_u16(), &answer["type"]), (409, &json!("urn:postrider:problem:missing_parts")), "{answer}");
    put(&bench, "/v1/templates/hello", json!({"text": "Hello"})).await;
    let enrol = r#"{"contact": "+821012345670", "event": {"size": 3}}"#;
    let (status, answer) = bench.post("/v1/workflows/hello/enrolments", enrol).await;
    assert_eq!((status.as_u16(), &answer["type"]), (409, &json!("urn:postrider:problem:inactive")), "{answer}");
    assert_eq!(bench.post("/v1/workflows/hello/activate", "").await.1["active"], true);
    let (status, answer) = bench.post("/v1/workflows/hello/enrolments", enrol).await;
    assert_eq!(status, 201, "{answer}");
    let id = answer["id"].clone();
    assert_eq!(bench.post("/v1/workflows/hello/enrolments", enrol).await.1["type"], "urn:postrider:problem:already_in");
    let stranger = r#"{"contact": "+821099999999"}"#;
    assert_eq!(bench.post("/v1/workflows/hello/enrolments", stranger).await.0, 404);
    let (_, page) = bench.get("/v1/workflows/hello/enrolments?state=running&contact=%2B821012345670&limit=1").await;
    let shown = &page["enrolments"][0];
    assert_eq!(
        (&shown["step"], &shown["event"]["size"], &shown["contact"]),
        (&json!("hello"), &json!(3), &json!("+821012345670")),
        "{page}"
    );
    let (_, export) = bench.get("/v1/numbers/+821012345670/export").await;
    assert_eq!(export["contact"]["enrolments"][0]["workflow"], "hello");
    let mut second = definition();
    second["title"] = json!("Hello again");
    assert_eq!(put(&bench, path, second).await.1["version"], 2);
    let (_, answer) = bench.get(path).await;
    assert_eq!(answer["counts"], json!([{"step": "hello", "enrolments": 1}]), "{answer}");
    let one = format!("/v1/workflows/hello/enrolments/{id}");
    assert_eq!(bench.get(&one).await.1["version"], 1);
    assert_eq!(
        (delete(&bench, &one).await, delete(&bench, &one).await),
        (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND)
    );
    assert_eq!(bench.get(&one).await.1["outcome"], "canceled");
    assert_eq!(bench.post("/v1/workflows/hello/deactivate", "").await.1["active"], false);
    assert_eq!(bench.get("/v1/workflows").await.1["workflows"][0]["name"], "hello");
    assert_eq!(
        (delete(&bench, path).await, delete(&bench, path).await),
        (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND)
    );
    assert_eq!(bench.get("/v1/workflows/hello/enrolments").await.0, 404);
}

#[tokio::test]
async fn wrong_workflows_are_refused_with_their_places() {
    let bench = Bench::new().await;
    let wrong = json!({"trigger": [{"evnet": "x"}], "step": [{"send": "a", "next": "gone"}]});
    let (status, answer) = put(&bench, "/v1/workflows/wrong", wrong).await;
    let places: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!((status.as_u16(), places), (422, vec![json!("/trigger/0"), json!("/step/0/next")]), "{answer}");
    let (status, answer) = put(&bench, "/v1/workflows/one", json!({"name": "other"})).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!("/name")), "{answer}");
    assert_eq!(bench.get("/v1/workflows/none").await.0, 404);
    assert_eq!(bench.get("/v1/workflows/none/enrolments?state=x").await.0, 400);
    for (path, status) in [("/v1/workflows/none/activate", 404), ("/v1/workflows/none/deactivate", 404)] {
        assert_eq!(bench.post(path, "").await.0.as_u16(), status, "{path}");
    }
    let (status, _) = bench.post("/v1/workflows/none/enrolments", r#"{"contact": "x"}"#).await;
    assert_eq!(status, 422);
}
