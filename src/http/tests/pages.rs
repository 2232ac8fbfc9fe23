//! Short links and pages as browsers and robots meet them.

use axum::http::HeaderMap;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::*;
use crate::campaign::link::Target;
use crate::campaign::origin::{Kind, Origin};
use crate::http::pages::{Pages, PagesSettings, router as pages_router};
use crate::store::campaign::link::{self, Link, NewLink};
use crate::store::campaign::{contact, event};

pub(super) const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                                Version/18.1 Mobile/15E148 Safari/604.1";

/// The pages and their store.
pub(super) struct PagesBench {
    pub(super) bench: Bench,
    front: Front,
    metrics: PagesMetrics,
    pub(super) contact: i64,
}

pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl PagesBench {
    pub(super) async fn new() -> Self {
        Self::with(PagesSettings::default()).await
    }

    async fn with(settings: PagesSettings) -> Self {
        let bench = Bench::new().await;
        let http = HttpSettings { hosts: vec!["s.shop.example".to_owned()], ..HttpSettings::default() };
        let house = Arc::clone(&bench.daemon) as Arc<dyn Surroundings>;
        let metrics = PagesMetrics::default();
        let pages = Pages::new(settings, bench.store.clone(), now, house, metrics.clone());
        let front = Front::new(pages_router(pages), &http, metrics.http.clone());
        let person = r#"{"number": "+821012345678", "name": "Jisoo Kim", "locale": "ko"}"#;
        assert_eq!(bench.post("/v1/contacts", person).await.0, 200);
        let contact = bench.store.read(|c| contact::id_of(c, &"+821012345678".parse().unwrap())).unwrap().unwrap();
        Self { bench, front, metrics, contact }
    }

    pub(super) async fn link(&self, target: &str, contact: i64) -> String {
        let target: Target = target.parse().unwrap();
        let origin = Origin::new(Kind::Campaign, "sale", "a");
        let work =
            move |tx: &store::Tx<'_>| link::issue(tx, NewLink { target: &target, contact, origin: Some(&origin) }, NOW);
        self.bench.store.write(work).await.unwrap()
    }

    pub(super) fn stored(&self, code: &str) -> Link {
        self.bench.store.read(|c| link::find(c, code)).unwrap().unwrap()
    }

    pub(super) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "s.shop.example");
        if !headers.iter().any(|(name, _)| *name == "user-agent") {
            request = request.header(header::USER_AGENT, PHONE);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.front.handle(request.body(body.to_owned().into()).unwrap(), false).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Seen { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(super) async fn get(&self, path: &str) -> Seen {
        self.ask(Method::GET, path, &[], "").await
    }

    pub(super) async fn submit(&self, path: &str, form: &str) -> Seen {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.ask(Method::POST, path, &[kind], form).await
    }

    /// What Prometheus reads.
    fn numbers(&self) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        self.metrics.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        text
    }

    pub(super) fn events(&self, kind: &str) -> Vec<Value> {
        let all = self.bench.store.read(|c| event::of(c, self.contact, 100)).unwrap();
        all.into_iter().filter(|event| event["type"] == kind).map(Value::Object).collect()
    }
}

#[tokio::test]
async fn a_person_is_led_on_and_counted_once() {
    let pages = PagesBench::new().await;
    let code = pages.link("https://shop.example/tea?a=1&b=2", pages.contact).await;
    for path in
        [format!("/{code}"), format!("/{}", code.to_ascii_uppercase()), format!("/{code}."), format!("/{code}%20")]
    {
        let seen = pages.get(&path).await;
        assert_eq!((seen.status, seen.header("location")), (302, Some("https://shop.example/tea?a=1&b=2")), "{path}");
        assert_eq!(seen.header("cache-control"), Some("no-store"));
    }
    let link = pages.stored(&code);
    assert_eq!((link.clicks, link.machines), (1, 0));
    let events = pages.events("clicked");
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["properties"]["source"], &events[0]["properties"]["part"]), (&"sale".into(), &"a".into()));
}

#[tokio::test]
async fn previews_heads_and_prefetches_are_no_people() {
    let pages = PagesBench::new().await;
    let code = pages.link("https://shop.example/", pages.contact).await;
    let path = format!("/{code}");
    let preview = pages.ask(Method::GET, &path, &[("user-agent", "WhatsApp/2.24.20 A")], "").await;
    assert_eq!(preview.status, 302, "a preview shows the shop's own");
    assert_eq!(pages.ask(Method::HEAD, &path, &[], "").await.status, 302);
    let ahead = pages.ask(Method::GET, &path, &[("sec-purpose", "prefetch;prerender")], "").await;
    assert_eq!((ahead.status, ahead.header("location")), (503, None));
    let link = pages.stored(&code);
    assert_eq!((link.clicks, link.machines), (0, 2));
    assert!(pages.events("clicked").is_empty());
    pages.get(&path).await;
    let numbers = pages.numbers();
    for line in [
        "pages_requests_total{visitor=\"machine\"} 2",
        "pages_requests_total{visitor=\"prefetch\"} 1",
        "pages_requests_total{visitor=\"person\"} 1",
        "pages_answers_total{status=\"302\"} 3",
        "pages_clicks_lost_total 0",
    ] {
        assert!(numbers.lines().any(|found| found == line), "{line}:\n{numbers}");
    }
}

#[tokio::test]
async fn no_request_makes_a_redirect_elsewhere() {
    let pages = PagesBench::new().await;
    let code = pages.link("https://shop.example/tea", pages.contact).await;
    let evil = "https://evil.example/";
    let wires = [
        format!("/{code}?url={evil}&to={evil}&next={evil}&redirect_uri={evil}&target={evil}"),
        format!("/{code}?{evil}"),
        format!("/{code}#{evil}"),
        format!("/{code}@evil.example"),
        format!("/{code}%0d%0aLocation:%20{evil}"),
        format!("/{code}/..//evil.example"),
        format!("/{code}//evil.example/"),
        "//evil.example/".to_owned(),
        "//evil.example/%2e%2e".to_owned(),
        "/https://evil.example/".to_owned(),
        "/%5cevil.example".to_owned(),
        "/https:%2f%2fevil.example".to_owned(),
        format!("https://s.shop.example/{code}?{evil}"),
    ];
    let headers: [&[(&str, &str)]; 6] = [
        &[],
        &[("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "gopher"), ("forwarded", "host=evil.example")],
        &[("referer", evil), ("origin", "https://evil.example")],
        &[("x-original-url", "//evil.example/"), ("x-rewrite-url", "//evil.example/")],
        &[("x-http-method-override", "PUT"), ("location", evil), ("refresh", "0;url=https://evil.example/")],
        &[("accept-language", "https://evil.example/"), ("cookie", "to=https://evil.example/")],
    ];
    let form = "url=https%3A%2F%2Fevil.example%2F&next=//evil.example/&target=https://evil.example/&_method=GET";
    for path in &wires {
        for lines in headers {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS] {
                let body = if method == Method::POST { form } else { "" };
                let mut lines = lines.to_vec();
                if method == Method::POST {
                    lines.push(("content-type", "application/x-www-form-urlencoded"));
                }
                let seen = pages.ask(method.clone(), path, &lines, body).await;
                let leads = seen.header("location").is_none_or(|to| to == "https://shop.example/tea");
                assert!(leads, "{method} {path} {lines:?}: {:?}", seen.headers);
                assert!(seen.header("refresh").is_none() && !seen.body.contains("evil"), "{method} {path} {lines:?}");
            }
        }
    }
    let stranger = pages.ask(Method::GET, &format!("/{code}"), &[("host", "evil.example")], "").await;
    assert!(stranger.header("location").is_none_or(|to| to == "https://shop.example/tea"));
}

#[tokio::test]
async fn what_leads_nowhere_is_told_kindly_and_guessing_ends() {
    let pages = PagesBench::new().await;
    let code = pages.link("https://shop.example/tea", pages.contact).await;
    let korean = pages.ask(Method::GET, "/00000000", &[("accept-language", "ko-KR,en;q=0.5")], "").await;
    assert!(korean.status == 404 && korean.body.contains("<html lang=\"ko\">"), "{}", korean.body);
    for (name, value) in
        [("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")]
    {
        assert_eq!(korean.header(name), Some(value));
    }
    let policy = korean.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("script"),
        "{policy}"
    );
    assert!(korean.header("x-robots-tag").unwrap().contains("noindex"));
    for path in ["/", "/a/b", "/v1/messages", "/healthz"] {
        assert_eq!(pages.get(path).await.status, 404, "{path}");
    }
    assert!(pages.get("/robots.txt").await.body.contains("Disallow: /"));
    let mut last = 0;
    for n in 0..80 {
        last = pages.get(&format!("/0000{n:04}")).await.status;
    }
    assert_eq!(last, 429);
    assert_eq!(pages.get(&format!("/{code}")).await.status, 429, "the one who guesses waits");
    let erased = PagesBench::new().await;
    let code = erased.link("https://shop.example/tea", erased.contact).await;
    let gone = erased.bench.request(Method::DELETE, "/v1/numbers/+821012345678").body(Body::empty()).unwrap();
    assert_eq!(erased.bench.send(gone).await.status(), 200);
    assert_eq!(erased.get(&format!("/{code}")).await.status, 404);
}

#[tokio::test]
async fn a_page_is_shown_and_its_form_is_taken() {
    let pages = PagesBench::new().await;
    let code = pages.link("page:opt-out", pages.contact).await;
    let path = format!("/{code}");
    let seen = pages.get(&path).await;
    assert_eq!((seen.status, seen.header("content-type")), (200, Some("text/html; charset=utf-8")), "{}", seen.body);
    assert!(seen.body.contains("<form method=\"post\"") && !seen.body.contains("action="));
    assert!(seen.header("content-security-policy").unwrap().contains("form-action 'self'"));
    let held = || async { pages.bench.get("/v1/suppressions").await.1["suppressions"].as_array().unwrap().len() };
    // Neither previews, nor looking, nor a machine that sends the form stop anything.
    let robot = ("user-agent", "WhatsApp/2.24.20 A");
    let kind = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(pages.ask(Method::GET, &path, &[robot], "").await.status, 200);
    assert_eq!(pages.ask(Method::GET, &format!("{path}?send=stop"), &[], "").await.status, 200);
    assert_eq!(pages.ask(Method::POST, &path, &[robot, kind], "send=stop").await.status, 405);
    assert_eq!(pages.ask(Method::POST, &path, &[("content-type", "text/plain")], "send=stop").await.status, 415);
    assert_eq!(held().await, 0);
    let done = pages.submit(&path, "send=stop").await;
    assert!(done.status == 200 && done.body.contains("처리되었습니다"), "{}", done.body);
    assert_eq!(held().await, 1);
    assert_eq!(pages.submit(&path, &"x=y&".repeat(20_000)).await.status, 413);
    let link = pages.stored(&code);
    assert_eq!((link.clicks, link.machines, pages.events("clicked").len()), (1, 1, 1));
    let redirect = pages.link("https://shop.example/", pages.contact).await;
    assert_eq!(pages.submit(&format!("/{redirect}"), "send=stop").await.status, 405);
}

#[tokio::test]
async fn the_api_defines_pages_and_makes_links() {
    let pages = PagesBench::new().await;
    let bench = &pages.bench;
    let put = async |path: &str, body: &str| {
        let request = bench.request(Method::PUT, path).header(header::CONTENT_TYPE, "application/json");
        read(bench.send(request.body(body.to_owned().into()).unwrap()).await).await
    };
    let page = r#"{"kind": "text", "title": {"en": "Hello {{ first_name }}"}, "body": {"en": "A\n\nYour {{ attribute.pet }}"}}"#;
    assert_eq!(put("/v1/pages/hello", page).await.0, 201);
    let (status, answer) = put("/v1/pages/hello", page).await;
    assert_eq!((status.as_u16(), &answer["name"], &answer["kind"]), (200, &"hello".into(), &"text".into()), "{answer}");
    let (status, answer) = put("/v1/pages/other", r#"{"kind": "offer", "name": "hello"}"#).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &"/name".into()), "{answer}");
    let (status, answer) = put("/v1/pages/other", r#"{"kind": "survey"}"#).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &"/survey".into()), "{answer}");
    assert_eq!(put("/v1/pages/other", r#"{"kind": "shop"}"#).await.0, 422);
    let names: Vec<_> =
        bench.get("/v1/pages").await.1["pages"].as_array().unwrap().iter().map(|page| page["name"].clone()).collect();
    assert_eq!(names, ["hello", "opt-out", "preferences", "appointment"]);
    let asked = r#"{"contact": "+821012345678"}"#;
    let request =
        bench.request(Method::POST, "/v1/pages/hello/preview").header(header::CONTENT_TYPE, "application/json");
    let response = bench.send(request.body(asked.into()).unwrap()).await;
    assert!(response.headers()["postrider-left-out"].to_str().unwrap().contains("attribute.pet"));
    let (status, html) = read(response).await;
    assert!(status == 200 && html.as_str().unwrap().contains("Hello Jisoo"), "{html}");
    assert_eq!(bench.post("/v1/pages/opt-out/preview", "{}").await.0, 422);
    assert_eq!(bench.post("/v1/pages/gone/preview", "{}").await.0, 404);
    let (status, link) = bench.post("/v1/short-links", r#"{"target": "page:hello", "contact": "+821012345678"}"#).await;
    assert_eq!(status, 200, "{link}");
    let code = link["code"].as_str().unwrap();
    assert_eq!(
        bench.post("/v1/short-links", r#"{"target": "page:hello", "contact": "+821012345678"}"#).await.1["code"],
        code
    );
    let (status, answer) = bench.post("/v1/short-links", r#"{"target": "javascript:alert(1)"}"#).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &"/target".into()), "{answer}");
    pages.get(&format!("/{code}")).await;
    pages.ask(Method::GET, &format!("/{code}"), &[("user-agent", "curl/8.0")], "").await;
    let (_, shown) = bench.get(&format!("/v1/short-links/{code}")).await;
    assert_eq!((&shown["clicks"], &shown["unique"], &shown["machines"]), (&1.into(), &1.into(), &1.into()), "{shown}");
    assert_eq!(shown["log"][0]["machine"], "a program", "{shown}");
    let (_, list) = bench.get("/v1/short-links?contact=%2B821012345678&limit=1").await;
    assert_eq!(
        (&list["links"][0]["code"], &list["links"][0]["contact"]),
        (&code.into(), &"+821012345678".into()),
        "{list}"
    );
    assert_eq!(bench.get("/v1/short-links/nothing").await.0, 404);
    let (_, export) = bench.get("/v1/numbers/+821012345678/export").await;
    assert_eq!(
        (&export["contact"]["links"][0]["code"], &export["contact"]["links"][0]["clicks"]),
        (&code.into(), &1.into())
    );
    let gone = bench.request(Method::DELETE, "/v1/pages/hello").body(Body::empty()).unwrap();
    assert_eq!(bench.send(gone).await.status(), 204);
    assert_eq!(pages.get(&format!("/{code}")).await.status, 404);
}
