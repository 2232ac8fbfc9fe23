//! The OpenAPI document and the routes are the same.

use std::collections::BTreeSet;

use super::*;

/// What each path of the document has.
async fn document(bench: &Bench) -> (Value, BTreeSet<(String, String)>) {
    let (_, document) = bench.get("/v1/openapi.json").await;
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "put", "post", "delete", "patch"].contains(&key.as_str()))
        {
            all.insert((method.to_uppercase(), path.clone()));
        }
    }
    (document, all)
}

/// The paths that the router itself lists in its debug output.
fn paths_of_router() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (store, _) = Store::start(Database::open(&Options::at(&path)).unwrap(), path).unwrap();
    let settings = HttpSettings::default();
    let api = Api::new(&settings, store, now, HttpMetrics::default(), Arc::new(Quiet::default()));
    let text = format!("{:?}", router(api));
    // The fallback stands there as "/" and as a wildcard with a private name.
    let paths = text.split('"').filter(|part| part.starts_with('/') && *part != "/" && !part.contains("__private"));
    paths.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_route_is_documented_and_everything_documented_is_there() {
    let bench = Bench::new().await;
    let (_, documented) = document(&bench).await;
    let paths: BTreeSet<String> = documented.iter().map(|(_, path)| path.clone()).collect();
    assert_eq!(paths, paths_of_router());
    assert!(documented.len() >= 20, "{documented:?}");
    for path in &paths {
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            let request =
                bench.request(method.parse().unwrap(), &path.replace("{id}", "01jd8x4m2v0g0").replace("{name}", "x"));
            let status = bench.send(request.body(Body::empty()).unwrap()).await.status();
            let known = documented.contains(&(method.to_owned(), path.clone()));
            assert_eq!(status != 405, known, "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_its_references_lead_somewhere() {
    let bench = Bench::new().await;
    let (document, _) = document(&bench).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let text = document.to_string();
    for part in text.split("\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
    let ids: Vec<&str> = text.split("\"operationId\":\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

#[tokio::test]
async fn secured_routes_say_so_and_need_the_scope_that_they_say() {
    let bench = Bench::new().await;
    let (document, documented) = document(&bench).await;
    bench.add_token("bare", 3, &[]).await;
    for (method, path) in documented {
        let security = document["paths"][&path][method.to_lowercase()]["security"][0]["token"][0].as_str();
        let open = ["/healthz", "/readyz", "/v1/openapi.json", "/v1/hooks/{name}"].contains(&path.as_str());
        assert_eq!(security.is_none(), open, "{method} {path}");
        let Some(scope) = security else { continue };
        let path = path.replace("{id}", "x").replace("{name}", "x");
        let request = Request::builder().method(method.as_str()).uri(&path).header(header::HOST, "localhost");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", token_of(3)));
        let (status, answer) = read(bench.send(request.body(Body::empty()).unwrap()).await).await;
        assert_eq!(status, 403, "{method} {path}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(scope), "{method} {path}: {answer}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let bench = Bench::new().await;
    let (status, answer) = bench.get("/v1/massages").await;
    assert_eq!(status, 404);
    insta::assert_json_snapshot!("unknown_path", answer);
    let request = bench.request(Method::PUT, "/v1/messages").body(Body::empty()).unwrap();
    let response = bench.send(request).await;
    let allowed: BTreeSet<&str> = response.headers()[header::ALLOW].to_str().unwrap().split(',').collect();
    assert_eq!(allowed, BTreeSet::from(["GET", "HEAD", "POST"]));
    let (status, answer) = read(response).await;
    assert_eq!(status, 405);
    insta::assert_json_snapshot!("unknown_method", answer);
}
