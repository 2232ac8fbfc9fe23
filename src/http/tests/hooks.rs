//! Webhooks of shop systems: who may post, and what is answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::config::{Secret, WEBHOOK_MAPPINGS, Webhook, webhook_mapping};

const ORDER: &str = include_str!("../../../hw-fixtures/webhooks/shopify/orders-create.json");

fn hook(name: &str) -> Webhook {
    let mapping = WEBHOOK_MAPPINGS.iter().find(|file| file.name == name).unwrap();
    Webhook {
        name: name.to_owned(),
        mapping: Arc::new(webhook_mapping(name, mapping.text).unwrap()),
        secret: Secret::new("hush".to_owned()),
        country: "KR".parse().ok(),
    }
}

async fn bench() -> Bench {
    let webhooks = ["shopify", "woocommerce", "generic"].map(hook).to_vec();
    Bench::with(HttpSettings { webhooks, ..HttpSettings::default() }).await
}

fn signature(body: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(b"hush").unwrap().chain_update(body.as_bytes()).finalize().into_bytes().to_vec()
}

async fn post(bench: &Bench, name: &str, headers: &[(&str, &str)], body: &str) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/v1/hooks/{name}")).header("host", "localhost");
    for (header, value) in headers {
        request = request.header(*header, *value);
    }
    read(bench.send(request.body(Body::from(body.to_owned())).unwrap()).await).await
}

#[tokio::test]
async fn a_signed_order_is_taken_once_and_without_a_token() {
    let bench = bench().await;
    let signed = STANDARD.encode(signature(ORDER));
    let headers = [("x-shopify-topic", "orders/create"), ("x-shopify-hmac-sha256", signed.as_str())];
    let (status, answer) = post(&bench, "shopify", &headers, ORDER).await;
    assert_eq!((status.as_u16(), &answer["recorded"], &answer["consents"]), (200, &1.into(), &1.into()), "{answer}");
    let (_, answer) = post(&bench, "shopify", &headers, ORDER).await;
    assert_eq!((&answer["recorded"], &answer["repeated"]), (&0.into(), &1.into()), "{answer}");
    let (_, contact) = bench.get("/v1/contacts/+821012345678").await;
    assert_eq!((&contact["points"]["purchases"], &contact["name"]), (&1.into(), &"지수 김".into()), "{contact}");
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_nothing_is_written() {
    let bench = bench().await;
    let other = STANDARD.encode(signature("{}"));
    for header in [None, Some("not base64!"), Some(other.as_str()), Some("")] {
        let mut headers = vec![("x-shopify-topic", "orders/create")];
        headers.extend(header.map(|value| ("x-shopify-hmac-sha256", value)));
        let (status, answer) = post(&bench, "shopify", &headers, ORDER).await;
        assert_eq!(
            (status.as_u16(), &answer["type"]),
            (401, &"urn:postrider:problem:bad_signature".into()),
            "{header:?}: {answer}"
        );
    }
    assert_eq!(bench.get("/v1/contacts/+821012345678").await.0, 404);
    assert_eq!(post(&bench, "nothing", &[], "{}").await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_used_is_answered_so_that_the_shop_does_not_switch_off() {
    let bench = bench().await;
    let sign = |body: &str| STANDARD.encode(signature(body));
    let (bare, broken) = (r#"{"id": 1, "total_price": "5.00", "phone": "12"}"#, "{\"id\": ");
    let (good, wrong) = (sign(bare), sign(broken));
    let topic = ("x-shopify-topic", "orders/create");
    let (status, answer) = post(&bench, "shopify", &[topic, ("x-shopify-hmac-sha256", &good)], bare).await;
    let reason = answer["left_out"][0].as_str().unwrap();
    assert!(status == 200 && reason.contains("no usable number"), "{answer}");
    let (status, _) = post(&bench, "shopify", &[topic, ("x-shopify-hmac-sha256", &wrong)], broken).await;
    assert_eq!(status, 400);
    let (status, answer) = post(&bench, "shopify", &[("x-shopify-hmac-sha256", &good)], bare).await;
    assert!(status == 200 && answer["left_out"][0].as_str().unwrap().contains("topic"), "{answer}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(post(&bench, "woocommerce", &form, "webhook_id=12").await.0, 200, "a new webhook is tried so");
    assert_eq!(post(&bench, "shopify", &form, "webhook_id=12").await.0, 401);
}

#[tokio::test]
async fn a_signature_in_hexadecimal_has_its_prefix() {
    let bench = bench().await;
    let body = r#"{"type": "visit", "visit": 7, "customer": {"phone": "010-1234-5678"}}"#;
    let hex: String = signature(body).iter().map(|octet| format!("{octet:02X}")).collect();
    let (status, answer) = post(&bench, "generic", &[("x-signature", &format!("sha256={hex}"))], body).await;
    assert_eq!((status.as_u16(), &answer["recorded"]), (200, &1.into()), "{answer}");
    assert_eq!(post(&bench, "generic", &[("x-signature", &hex)], body).await.0, 401);
}
