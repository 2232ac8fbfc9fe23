//! A request that is repeated under its key is answered, not done again.

use super::*;

async fn post(bench: &Bench, token: &str, key: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::post("/v1/messages")
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key);
    read(bench.send(request.body(body.to_owned().into()).unwrap()).await).await
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_one_message() {
    let bench = Arc::new(Bench::new().await);
    let mut posts = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let bench = Arc::clone(&bench);
        posts.spawn(async move { post(&bench, &bench.token, "order-7", PLAIN).await });
    }
    let answers = posts.join_all().await;
    assert!(answers.iter().all(|answer| answer == &answers[0] && answer.0 == 202), "{answers:?}");
    assert_eq!(bench.count().await, 1);
}

#[tokio::test]
async fn another_body_under_the_key_is_refused() {
    let bench = Bench::new().await;
    post(&bench, &bench.token, "order-7", PLAIN).await;
    let (status, answer) = post(&bench, &bench.token, "order-7", &PLAIN.replace("678", "679")).await;
    assert_eq!((status.as_u16(), &answer["type"]), (422, &"urn:postrider:problem:key_reused".into()));
    assert_eq!(bench.count().await, 1);
}

#[tokio::test]
async fn keys_are_per_token() {
    let bench = Bench::new().await;
    bench.add_token("other", 2, &["messages:write"]).await;
    let first = post(&bench, &bench.token, "order-7", PLAIN).await;
    let second = post(&bench, &token_of(2), "order-7", PLAIN).await;
    assert_ne!(first.1["id"], second.1["id"]);
    assert_eq!(bench.count().await, 2);
}

#[tokio::test]
async fn a_partly_good_array_is_answered_alike_when_repeated() {
    let bench = Bench::new().await;
    let body = format!(r#"[{PLAIN}, {{"to": 5}}]"#);
    let first = post(&bench, &bench.token, "k", &body).await;
    let second = post(&bench, &bench.token, "k", &body).await;
    assert_eq!((first.0.as_u16(), bench.count().await), (422, 1));
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_request_of_which_nothing_was_taken_leaves_its_key_free() {
    let bench = Bench::new().await;
    assert_eq!(post(&bench, &bench.token, "k", r#"{"to": 5}"#).await.0, 422);
    assert_eq!(post(&bench, &bench.token, "k", PLAIN).await.0, 202);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let bench = Bench::new().await;
    for key in ["", " ", "a b", &"k".repeat(256)] {
        assert_eq!(post(&bench, &bench.token, key, PLAIN).await.0, 400, "{key}");
    }
    assert_eq!(post(&bench, &bench.token, &"k".repeat(255), PLAIN).await.0, 202);
}
