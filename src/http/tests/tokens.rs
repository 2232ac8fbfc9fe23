//! Who may do what.

use std::time::Duration;

use super::*;

async fn with_token(bench: &Bench, method: Method, path: &str, token: &str) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    read(bench.send(request.body(Body::empty()).unwrap()).await).await
}

#[tokio::test]
async fn every_scope_opens_its_own_routes_and_no_others() {
    let bench = Bench::new().await;
    let routes = [
        (Method::POST, "/v1/messages", "messages:write"),
        (Method::POST, "/v1/estimate", "messages:write"),
        (Method::POST, "/v1/messages/x/cancel", "messages:write"),
        (Method::DELETE, "/v1/messages/x", "messages:write"),
        (Method::GET, "/v1/messages", "messages:read"),
        (Method::GET, "/v1/messages/x", "messages:read"),
        (Method::GET, "/v1/inbound", "inbound:read"),
        (Method::GET, "/v1/links", "links:read"),
        (Method::GET, "/v1/links/x/trace", "links:read"),
        (Method::GET, "/v1/modems", "modems:read"),
        (Method::GET, "/v1/modems/x", "modems:read"),
        (Method::POST, "/v1/modems/x/at", "modems:write"),
        (Method::POST, "/v1/modems/x/ussd", "modems:write"),
        (Method::POST, "/v1/modems/x/reset", "modems:write"),
        (Method::POST, "/v1/modems/x/refresh", "modems:write"),
        (Method::POST, "/v1/modems/x/sms-test", "modems:write"),
        (Method::POST, "/v1/contacts", "contacts:write"),
        (Method::PUT, "/v1/contacts/x", "contacts:write"),
        (Method::DELETE, "/v1/contacts/x", "contacts:write"),
        (Method::GET, "/v1/contacts", "contacts:read"),
        (Method::GET, "/v1/contacts/x", "contacts:read"),
        (Method::POST, "/v1/events", "events:write"),
        (Method::PUT, "/v1/segments/x", "segments:write"),
        (Method::DELETE, "/v1/segments/x", "segments:write"),
        (Method::GET, "/v1/segments", "segments:read"),
        (Method::GET, "/v1/segments/x", "segments:read"),
        (Method::POST, "/v1/segments/count", "segments:read"),
        (Method::GET, "/v1/points", "segments:read"),
        (Method::PUT, "/v1/templates/x", "templates:write"),
        (Method::DELETE, "/v1/templates/x", "templates:write"),
        (Method::GET, "/v1/templates", "templates:read"),
        (Method::GET, "/v1/templates/x", "templates:read"),
        (Method::POST, "/v1/templates/preview", "templates:read"),
        (Method::GET, "/v1/coupons", "coupons:read"),
        (Method::PUT, "/v1/coupons/x", "coupons:write"),
        (Method::POST, "/v1/coupons/x/codes", "coupons:write"),
        (Method::POST, "/v1/coupons/x/issue", "coupons:write"),
        (Method::POST, "/v1/coupons/redeem", "coupons:redeem"),
        (Method::GET, "/metrics", "metrics:read"),
        (Method::GET, "/v1/consents", "consents:read"),
        (Method::GET, "/v1/suppressions", "consents:read"),
        (Method::GET, "/v1/law", "consents:read"),
        (Method::POST, "/v1/consents", "consents:write"),
        (Method::POST, "/v1/suppressions", "consents:write"),
        (Method::DELETE, "/v1/suppressions/x", "consents:write"),
        (Method::DELETE, "/v1/numbers/x", "consents:write"),
        (Method::POST, "/v1/messages/x/resolve", "admin"),
    ];
    for (octet, scope) in (10..).zip(token::Scope::ALL.iter().copied()) {
        bench.add_token("one", octet, &[scope.as_str()]).await;
        for (method, path, needed) in &routes {
            let (status, answer) = with_token(&bench, method.clone(), path, &token_of(octet)).await;
            let open = scope.as_str() == *needed || scope == token::Scope::Admin;
            assert_eq!(status != 403, open, "{method} {path} with {scope}: {answer}");
            assert!(open || answer["detail"].as_str().unwrap().contains(needed), "{answer}");
        }
    }
}

#[tokio::test]
async fn what_passed_over_a_link_is_masked_for_who_may_not_read_messages() {
    let bench = Bench::new().await;
    bench.add_token("wall", 2, &["links:read"]).await;
    let path = "/v1/links/north%2F2/trace";
    let (status, masked) = with_token(&bench, Method::GET, path, &token_of(2)).await;
    assert_eq!((status.as_u16(), &masked["lines"][0]["text"]), (200, &Value::from("> to +82101***78")));
    let full = format!("{path}?full=true");
    assert_eq!(with_token(&bench, Method::GET, &full, &token_of(2)).await.0, 403);
    bench.add_token("clerk", 3, &["links:read", "messages:read"]).await;
    assert_eq!(with_token(&bench, Method::GET, &full, &token_of(3)).await.1["lines"][0]["text"], "> to +821012345678");
    assert_eq!(bench.get("/v1/links/south/trace").await.0, 404);
    assert_eq!(bench.get(&format!("{path}?fulll=true")).await.0, 400);
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_shown() {
    let bench = Bench::new().await;
    let damaged = bench.token.replacen("pr_", "pr_0", 1);
    for token in ["", "pr_", "hello", &token_of(9), &damaged, "pr_\u{e9}"] {
        assert_eq!(with_token(&bench, Method::GET, "/v1/messages", token).await.0, 401, "{token}");
    }
    let plain = Request::get("/v1/messages").header(header::HOST, "localhost").body(Body::empty()).unwrap();
    let response = bench.send(plain).await;
    assert_eq!((response.status().as_u16(), response.headers().contains_key(header::WWW_AUTHENTICATE)), (401, true));
    for open in ["/healthz", "/readyz", "/v1/openapi.json"] {
        let request = Request::get(open).header(header::HOST, "localhost").body(Body::empty()).unwrap();
        assert_eq!(bench.send(request).await.status(), 200, "{open}");
    }
}

#[tokio::test]
async fn a_revoked_token_stops_working_within_its_time() {
    let bench = Bench::with(HttpSettings { token_cache_time: Duration::ZERO, ..HttpSettings::default() }).await;
    bench.add_token("gone", 2, &["messages:read"]).await;
    assert_eq!(with_token(&bench, Method::GET, "/v1/messages", &token_of(2)).await.0, 200);
    bench.store.write(|tx| store::token::revoke(tx, "gone", NOW)).await.unwrap();
    assert_eq!(with_token(&bench, Method::GET, "/v1/messages", &token_of(2)).await.0, 401);
}

#[tokio::test]
async fn a_flood_of_invented_tokens_does_not_lock_out_a_good_one() {
    let bench = Bench::new().await;
    for n in 0..1_500_u32 {
        let mut secret = [9; 32];
        secret[..4].copy_from_slice(&n.to_be_bytes());
        assert_eq!(with_token(&bench, Method::GET, "/v1/links", &token::format(&secret)).await.0, 401);
    }
    assert_eq!(bench.get("/v1/links").await.0, 200);
}
