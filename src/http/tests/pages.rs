//! Short links and pages as browsers and robots meet them.

use axum::http::HeaderMap;

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
        let pages = Pages::new(settings, bench.store.clone(), now, house);
        let front = Front::new(pages_router(pages), &http, HttpMetrics::default());
        let person = r#"{"number": "+821012345678", "name": "Jisoo Kim", "locale": "ko"}"#;
        assert_eq!(bench.post("/v1/contacts", person).await.0, 200);
        let contact = bench.store.read(|c| contact::id_of(c, &"+821012345678".parse().unwrap())).unwrap().unwrap();
        Self { bench, front, contact }
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
