//! Lists: pages and filters.

use super::*;

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let bench = Bench::new().await;
    let batch = format!("[{}]", vec![PLAIN; 25].join(","));
    let (_, answer) = bench.post("/v1/messages", batch).await;
    let mut posted: Vec<String> =
        answer["messages"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    posted.reverse();
    let (mut seen, mut path) = (Vec::new(), "/v1/messages?limit=10".to_owned());
    loop {
        let (status, page) = bench.get(&path).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(page["messages"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/messages?limit=10&cursor={next}");
    }
    assert_eq!(seen, posted);
}

#[tokio::test]
async fn every_filter_filters() {
    let bench = Bench::new().await;
    bench.accepted(r#"{"to": "+821012345678", "text": "a", "class": "otp", "reference": "r 1", "tags": ["x"]}"#).await;
    bench.accepted(r#"{"to": "+821012345679", "text": "b", "send_at": "2026-11-23T00:00:00Z"}"#).await;
    for (filter, count) in [
        ("", 2),
        ("state=queued", 1),
        ("state=queued,scheduled", 2),
        ("state=failed", 0),
        ("to=%2B821012345678", 1),
        ("reference=r%201", 1),
        ("tag=x", 1),
        ("class=otp", 1),
        ("since=2026-11-22T00:00:00Z", 2),
        ("since=2026-11-22T00:00:01Z", 0),
        ("until=2026-11-22T00:00:00Z", 0),
        ("class=otp&tag=x&state=queued", 1),
    ] {
        let (status, page) = bench.get(&format!("/v1/messages?{filter}")).await;
        assert_eq!(
            (status.as_u16(), page["messages"].as_array().map(Vec::len)),
            (200, Some(count)),
            "{filter}: {page}"
        );
    }
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_refused() {
    let bench = Bench::new().await;
    for filter in [
        "state=gone",
        "to=hello",
        "class=spam",
        "since=yesterday",
        "cursor=x",
        "limit=0",
        "limit=1001",
        "limit=x",
        "colour=red",
        "tag=a&tag=b",
    ] {
        let (status, answer) = bench.get(&format!("/v1/messages?{filter}")).await;
        assert_eq!(status, 400, "{filter}: {answer}");
        let name = filter.split('=').next().unwrap();
        assert!(answer["detail"].as_str().unwrap().contains(name), "{filter}: {answer}");
    }
}

#[tokio::test]
async fn incoming_messages_are_listed_newest_first() {
    let bench = Bench::new().await;
    let write = |tx: &store::Tx<'_>| {
        for text in ["first", "second"] {
            let message = crate::model::InboundMessage {
                sent_at: None,
                id: tx.next_id(NOW),
                from: crate::model::Sender::from_network("+821012345678"),
                to: crate::model::Sender::from_network("15771234"),
                text: Some(text.to_owned()),
                data: None,
                link: "north".to_owned(),
                received_at: NOW,
                parts: (1, 1),
            };
            store::inbound::insert(tx, &message, store::inbound::Arrival::default())?;
        }
        Ok(())
    };
    bench.store.write(write).await.unwrap();
    let (status, page) = bench.get("/v1/inbound?limit=1").await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("inbound", page);
    let (_, page) = bench.get(&format!("/v1/inbound?cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!(page["messages"][0]["text"], "first");
    let (_, page) = bench.get("/v1/inbound?from=%2B4915112345678").await;
    assert_eq!(page["messages"], serde_json::json!([]));
}

#[tokio::test]
async fn links_tell_their_health() {
    let (status, answer) = Bench::new().await.get("/v1/links").await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("links", answer);
}

#[tokio::test]
async fn a_list_shows_messages_as_they_are() {
    let bench = Bench::new().await;
    bench.accepted(PLAIN).await;
    let (_, page) = bench.get("/v1/messages").await;
    assert_eq!(page["messages"][0]["text"], "안녕하세요");
    assert_eq!(page["messages"][0]["class"], Class::Transactional.as_str());
}
