//! Playbooks over the API: listed, shown, installed, removed.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_playbook_is_shown_installed_and_removed() {
    let bench = Bench::new().await;
    let (status, all) = bench.get("/v1/playbooks").await;
    assert_eq!((status.as_u16(), all["playbooks"].as_array().unwrap().len()), (200, 22));
    let (_, cart) = bench.get("/v1/playbooks/cart").await;
    assert_eq!((&cart["title"]["ko"], &cart["parameters"]["hours"]["default"]), (&json!("장바구니 알림"), &json!(24)));
    assert!(cart["text"].as_str().unwrap().contains("[template.cart-reminder]") && cart.get("installed_at").is_none());
    assert_eq!(bench.get("/v1/playbooks/none").await.0, 404);

    let install = "/v1/playbooks/cart/install";
    let (status, answer) = bench.post(install, "{}").await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!("/parameters/shop_url")), "{answer}");
    let (status, answer) =
        bench.post(install, r#"{"parameters": {"hours": "soon", "shop_url": "https://a.test"}}"#).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["pointer"]), (422, &json!("/parameters/hours")), "{answer}");
    let asked = json!({"parameters": {"hours": 6, "shop_url": "https://a.test", "offer": {"ko": "무료 배송"}}, "activate": true});
    let (status, answer) = bench.post(install, asked.to_string()).await;
    assert_eq!((status.as_u16(), &answer["assets"][0]["fate"]), (200, &json!("made")), "{answer}");
    let (_, template) = bench.get("/v1/templates/cart-coupon").await;
    assert!(template["variants"]["ko"].as_str().unwrap().contains("무료 배송"), "{template}");
    assert_eq!(bench.get("/v1/workflows/cart").await.1["active"], true);
    let (_, again) = bench.post(install, asked.to_string()).await;
    assert!(again["assets"].as_array().unwrap().iter().all(|asset| asset["fate"] == "same"), "{again}");
    assert!(bench.get("/v1/playbooks/cart").await.1.get("installed_at").is_some());

    let delete = || bench.send(bench.request(Method::DELETE, "/v1/playbooks/cart").body(Body::empty()).unwrap());
    let (status, gone) = read(delete().await).await;
    assert_eq!((status.as_u16(), &gone["assets"][0]["fate"]), (200, &json!("removed")), "{gone}");
    assert_eq!(delete().await.status(), 404);
}
