//! The bodies of real shop systems, from the mapping to the rows.

use serde_json::Value;

use super::*;
use crate::campaign::point::Point;
use crate::config::{WEBHOOK_MAPPINGS, webhook_mapping};
use crate::model::{PhoneNumber, Timestamp};
use crate::pipeline::Settings;
use crate::store::Database;
use crate::store::campaign::point;

/// 2026-11-22T00:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

struct Shop {
    database: Database,
    system: &'static str,
    country: &'static str,
}

impl Shop {
    fn new(system: &'static str, country: &'static str) -> Self {
        Self { database: Database::in_memory().unwrap(), system, country }
    }

    /// Posts a fixture: its file is named after the topic, with a word behind it where there are several.
    fn post(&mut self, file: &str) -> Taken {
        let text = std::fs::read_to_string(format!("hw-fixtures/webhooks/{}/{file}.json", self.system)).unwrap();
        let topic = match self.system {
            "shopify" => file.replacen('-', "/", 1),
            _ => file.split('-').next().unwrap().to_owned(),
        };
        self.take(&topic, &serde_json::from_str(&text).unwrap())
    }

    fn take(&mut self, topic: &str, body: &Value) -> Taken {
        let mapping = WEBHOOK_MAPPINGS.iter().find(|file| file.name == self.system).unwrap();
        let mapping = webhook_mapping(mapping.name, mapping.text).unwrap();
        let country = self.country.parse().ok();
        let found = self
            .database
            .read(|c| {
                let known = |kind: &str, id: &str| event::whose(c, kind, id).unwrap();
                Ok(mapping.read(topic, body, country, NOW, &known))
            })
            .unwrap();
        self.database.write(|tx| take(&Turn::new(tx, &Settings::default(), NOW), &found)).unwrap()
    }

    fn number(&self) -> PhoneNumber {
        let text: String =
            self.database.read(|c| Ok(c.query_row("SELECT number FROM contact", [], |row| row.get(0))?)).unwrap();
        text.parse().unwrap()
    }

    fn points(&self) -> crate::campaign::point::Points {
        self.database.read(|c| point::of(c, contact::id_of(c, &self.number())?.unwrap())).unwrap()
    }

    fn events(&self) -> Vec<String> {
        let sql = "SELECT kind FROM contact_event ORDER BY id";
        self.database.read(|c| Ok(c.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)).unwrap()
    }

    fn consent(&mut self) -> Standing {
        let number = self.number();
        let entries = self.database.write(|tx| ledger::entries(tx, tx.person(&number))).unwrap();
        standing(&entries, Purpose::Marketing, None, NOW)
    }
}

#[test]
fn a_withdrawal_needs_neither_moment_nor_proof_and_a_consent_needs_both() {
    let body = |state: &str, consent: Value| {
        let mut body = serde_json::json!({"phone": "010-1234-5678", "sms_marketing_consent": consent});
        body["sms_marketing_consent"]["state"] = state.into();
        body
    };
    let mut shop = Shop::new("shopify", "KR");
    let topic = "customers_marketing_consent/update";
    let taken = shop.take(topic, &body("subscribed", serde_json::json!({"consent_updated_at": null})));
    assert_eq!(taken.consents, 0);
    assert!(taken.left_out[0].starts_with("a consent: there is no time at"), "{:?}", taken.left_out);
    let refusal = body("unsubscribed", serde_json::json!({"consent_updated_at": null}));
    assert_eq!(shop.take(topic, &refusal).consents, 1);
    assert_eq!(shop.consent(), Standing::Withdrawn(NOW));
    assert_eq!(shop.take(topic, &refusal).consents, 0, "it comes with every change of the customer");
    let nobody = serde_json::json!({"sms_marketing_consent": {"state": "unsubscribed"}});
    assert!(!shop.take(topic, &nobody).left_out.is_empty());
}

#[test]
fn an_order_of_shopify_is_bought_shipped_delivered_and_paid_back() {
    let mut shop = Shop::new("shopify", "KR");
    let taken = shop.post("orders-create");
    assert_eq!((taken.recorded, taken.contacts, taken.consents, &taken.left_out[..]), (1, 1, 1, &[][..]));
    assert_eq!(shop.number().as_str(), "+821012345678");
    let again = shop.post("orders-create");
    assert_eq!((again.recorded, again.repeated, again.contacts, again.consents), (0, 1, 0, 0), "shops post twice");
    shop.post("orders-paid");
    shop.post("fulfillments-create");
    assert_eq!(shop.post("orders-fulfilled").repeated, 1, "the same parcel told by two webhooks is one");
    assert_eq!(shop.points().text(Point::TrackingUrl), Some("https://track.example/6051234567"));
    shop.post("fulfillments-update");
    shop.post("refunds-create");
    assert_eq!(shop.events(), ["purchase", "order_paid", "order_shipped", "order_delivered", "refunded"]);
    let points = shop.points();
    assert_eq!((points.integer(Point::Purchases), points.integer(Point::ProductsBought)), (Some(1), Some(3)));
    assert_eq!(points.money(Point::LifetimeValue).unwrap().units(), 27_000.0);
    assert_eq!((points.text(Point::LastProduct), points.text(Point::Currency)), (Some("제주 녹차"), Some("KRW")));
    assert_eq!((points.text(Point::OrderStatus), points.integer(Point::CouponsUsed)), (Some("delivered"), Some(1)));
    let stored = shop.database.read(|c| contact::find(c, &"+821012345678".parse().unwrap())).unwrap().unwrap();
    assert_eq!(stored.contact.name.as_deref(), Some("지수 김"));
    assert_eq!(stored.contact.locale.unwrap().as_str(), "ko-KR");
}

#[test]
fn a_checkout_of_shopify_waits_as_a_cart_and_its_box_is_a_consent() {
    let mut shop = Shop::new("shopify", "KR");
    let taken = shop.post("checkouts-create");
    assert_eq!((taken.recorded, taken.consents), (1, 1));
    assert!(shop.points().text(Point::CartUrl).unwrap().contains("recover"));
    assert_eq!(shop.post("checkouts-update").recorded, 1);
    assert_eq!((shop.points().integer(Point::CartItems), shop.points().integer(Point::Carts)), (Some(2), Some(2)));
    let taken = shop.post("carts-update");
    assert!(taken.recorded == 0 && taken.left_out[0].contains("there is no number at attributes.phone"), "{taken:?}");
}

#[test]
fn a_customer_of_shopify_agrees_and_leaves_once_each() {
    let mut shop = Shop::new("shopify", "KR");
    assert_eq!((shop.post("customers-create").consents, shop.post("customers-create").consents), (1, 0));
    assert!(matches!(shop.consent(), Standing::Given(_)));
    assert_eq!(shop.post("customers-update").consents, 1);
    assert!(matches!(shop.consent(), Standing::Withdrawn(_)));
    shop.post("customers-create");
    assert!(matches!(shop.consent(), Standing::Withdrawn(_)), "an older yes that comes late undoes no later no");
    assert_eq!(shop.events(), ["signed_up"]);
}

#[test]
fn what_was_never_ordered_cannot_be_canceled() {
    let mut shop = Shop::new("shopify", "KR");
    let taken = shop.post("orders-cancelled");
    assert!(taken.recorded == 0 && taken.left_out[0].contains("no earlier purchase"), "{taken:?}");
    let taken = shop.take("products/update", &serde_json::json!({"id": 1}));
    assert!(taken.left_out[0].contains("no rule for the topic \"products/update\""), "{taken:?}");
}

#[test]
fn an_order_of_woocommerce_is_a_cart_a_purchase_a_parcel_and_comes_back() {
    let mut shop = Shop::new("woocommerce", "TH");
    shop.post("order.created-pending");
    assert!(shop.points().text(Point::CartUrl).unwrap().contains("order-pay"));
    let taken = shop.post("order.created");
    assert_eq!((taken.recorded, taken.consents), (2, 1), "{taken:?}");
    assert_eq!(shop.number().as_str(), "+66812345678");
    assert!(shop.points().get(Point::CartUrl).is_none(), "bought since");
    assert_eq!(shop.post("order.updated-completed").recorded, 1);
    assert_eq!(shop.points().text(Point::TrackingUrl), Some("https://track.example/EX123456785TH"));
    assert_eq!(shop.post("order.updated-refunded").recorded, 2);
    assert_eq!(shop.post("order.updated-refunded").recorded, 0);
    let points = shop.points();
    assert_eq!((points.integer(Point::Purchases), points.integer(Point::Refunds)), (Some(1), Some(2)));
    assert_eq!(points.money(Point::LifetimeValue).unwrap().units(), 0.0);
    assert_eq!(points.time(Point::FirstPurchaseAt).unwrap().to_string(), "2026-11-20T03:00:58.000Z");
}

#[test]
fn an_order_of_woocommerce_that_was_never_paid_is_taken_back() {
    let mut shop = Shop::new("woocommerce", "TH");
    shop.post("order.created");
    assert_eq!(shop.post("order.updated-cancelled").recorded, 2);
    assert_eq!(shop.points().money(Point::LifetimeValue).unwrap().units(), 0.0);
    let mut customers = Shop::new("woocommerce", "TH");
    customers.post("customer.created");
    assert_eq!((customers.consent(), customers.post("customer.updated").consents), (Standing::Unknown, 1));
    assert!(matches!(customers.consent(), Standing::Withdrawn(_)));
}

#[test]
fn a_till_of_ones_own_is_read_by_the_generic_mapping() {
    let mut shop = Shop::new("generic", "KR");
    let sale = serde_json::json!({"type": "sale", "receipt": "A-17", "at": "2026-11-21T10:00:00+09:00", "total": "35,000",
        "customer": {"phone": "010-1234-5678", "first": "Jisoo", "sms": true, "sms_at": "2026-11-21T10:00:00+09:00"},
        "items": [{"name": "Tea", "price": 35000}]});
    let taken = shop.take("sale", &sale);
    assert_eq!((taken.recorded, taken.left_out.len()), (0, 1), "an amount with a comma is none in JSON: {taken:?}");
    let mut sale = sale;
    sale["total"] = serde_json::json!("35000");
    let taken = shop.take("sale", &sale);
    assert_eq!((taken.recorded, taken.left_out.len()), (1, 0), "{taken:?}");
    assert!(matches!(shop.consent(), Standing::Given(_)));
    sale["test"] = serde_json::json!(true);
    assert!(shop.take("sale", &sale).left_out[0].contains("no rule for this topic fits"));
}
