//! Brings one event into the data points of its contact. Events may come late: what is newer stays.

use super::{Point, PointValue, Points};
use crate::event::{ENTERED, Event, LEFT};
use crate::money::Money;
use postrider_model::Timestamp;

/// Events in which the contact himself did something.
const ACTIVE: [&str; 14] = [
    "purchase",
    "visit",
    "product_viewed",
    "cart_updated",
    "clicked",
    "replied",
    "mail_opened",
    "mail_clicked",
    "loyalty_joined",
    "referral",
    "feedback",
    "appointment_booked",
    "card_used",
    "signed_up",
];

/// All kinds of events that change more than the count of events.
pub const KINDS: [&str; 25] = [
    "purchase",
    "refunded",
    "visit",
    "product_viewed",
    "cart_updated",
    "order_shipped",
    "order_out_for_delivery",
    "order_delivered",
    "points_changed",
    "tier_changed",
    "loyalty_joined",
    "referral",
    "referral_code",
    "message_sent",
    "message_delivered",
    "clicked",
    "replied",
    "mail_opened",
    "mail_clicked",
    "appointment_booked",
    "appointment_canceled",
    "subscription_changed",
    "feedback",
    "card_used",
    "signed_up",
];

/// What the gateway concludes about a contact is nothing that happened to it, and counts nowhere.
const CONCLUDED: [&str; 2] = [ENTERED, LEFT];

impl Points {
    /// Brings an event in.
    pub fn record(&mut self, event: &Event) {
        if CONCLUDED.contains(&event.kind.as_str()) {
            return;
        }
        self.add(Point::Events, 1);
        self.latest(Point::LastEventAt, event.at);
        if ACTIVE.contains(&event.kind.as_str()) {
            self.earliest(Point::FirstActiveAt, event.at);
            self.latest(Point::LastActiveAt, event.at);
        }
        match event.kind.as_str() {
            "purchase" => self.purchase(event),
            "refunded" => self.refund(event),
            "visit" => {
                self.earliest(Point::FirstVisitAt, event.at);
                self.counted(Point::Visits, Point::LastVisitAt, event);
            }
            "product_viewed" => self.view(event),
            "cart_updated" => self.cart(event),
            "order_shipped" => self.shipped(event),
            "order_out_for_delivery" => self.order(event, "out_for_delivery"),
            "order_delivered" => {
                self.order(event, "delivered");
                self.latest(Point::OrderDeliveredAt, event.at);
            }
            "points_changed" | "tier_changed" | "loyalty_joined" => self.loyalty(event),
            "referral" | "referral_code" => self.referral(event),
            "message_sent" => drop(self.counted(Point::MessagesSent, Point::LastMessageAt, event)),
            "message_delivered" => drop(self.counted(Point::MessagesDelivered, Point::LastDeliveredAt, event)),
            "clicked" => drop(self.counted(Point::Clicks, Point::LastClickAt, event)),
            "replied" => drop(self.counted(Point::Replies, Point::LastReplyAt, event)),
            "mail_opened" => drop(self.latest(Point::LastMailOpenedAt, event.at)),
            "appointment_booked" => {
                if let Some(at) = event.property_time("at") {
                    self.set_time(Point::NextAppointmentAt, at);
                }
            }
            "appointment_canceled" => self.set(Point::NextAppointmentAt, None),
            "subscription_changed" => {
                let day = event.property_day("renews_on").map(|day| PointValue::Integer(super::day_number(day)));
                self.set(Point::RenewalOn, day);
            }
            "feedback" => self.feedback(event),
            _ => {}
        }
    }

    /// Keeps the later of two instants; says whether that is the new one.
    fn latest(&mut self, point: Point, at: Timestamp) -> bool {
        let newer = self.time(point).is_none_or(|known| at >= known);
        if newer {
            self.set_time(point, at);
        }
        newer
    }

    fn earliest(&mut self, point: Point, at: Timestamp) {
        if self.time(point).is_none_or(|known| at < known) {
            self.set_time(point, at);
        }
    }

    /// One more, and when the last one was; says whether this is the last one.
    fn counted(&mut self, count: Point, last: Point, event: &Event) -> bool {
        self.add(count, 1);
        self.latest(last, event.at)
    }

    /// The amount, if it is in the contact's currency; the first currency that is named becomes the contact's.
    fn own_money(&mut self, event: &Event) -> Option<Money> {
        match (self.text(Point::Currency), event.currency.as_deref()) {
            (Some(own), Some(other)) if own != other => return None,
            (None, Some(first)) => self.set_text(Point::Currency, Some(first)),
            _ => {}
        }
        event.amount
    }

    fn purchase(&mut self, event: &Event) {
        self.earliest(Point::FirstPurchaseAt, event.at);
        let newest = self.counted(Point::Purchases, Point::LastPurchaseAt, event);
        self.add(Point::ProductsBought, event.pieces());
        if event.property_text("coupon").is_some() {
            self.add(Point::CouponsUsed, 1);
        }
        let amount = self.own_money(event);
        if let Some(amount) = amount {
            self.add(Point::LifetimeValue, amount.parts());
            if self.money(Point::LargestPurchaseValue).is_none_or(|largest| amount > largest) {
                self.set(Point::LargestPurchaseValue, Some(PointValue::Integer(amount.parts())));
            }
        }
        if newest {
            self.set(Point::LastPurchaseValue, amount.map(|amount| PointValue::Integer(amount.parts())));
            let first = event.products.first();
            self.set_text(Point::LastProduct, first.and_then(|product| product.label()));
            self.set_text(Point::LastProductCategory, first.and_then(|product| product.category.as_deref()));
            self.order(event, "placed");
        }
        if self.time(Point::CartUpdatedAt).is_some_and(|cart| cart <= event.at) {
            self.forget_cart();
        }
    }

    fn refund(&mut self, event: &Event) {
        self.counted(Point::Refunds, Point::LastRefundAt, event);
        if let Some(amount) = self.own_money(event) {
            let amount = amount.parts().saturating_abs();
            self.add(Point::RefundedValue, amount);
            self.add(Point::LifetimeValue, -amount);
        }
    }

    fn view(&mut self, event: &Event) {
        if !self.counted(Point::ProductsViewed, Point::LastViewedAt, event) {
            return;
        }
        let first = event.products.first();
        self.set_text(Point::LastViewedProduct, first.and_then(|product| product.label()));
        self.set_text(Point::LastViewedCategory, first.and_then(|product| product.category.as_deref()));
        self.set_text(Point::LastViewedUrl, first.and_then(|product| product.url.as_deref()));
    }

    fn cart(&mut self, event: &Event) {
        self.add(Point::Carts, 1);
        let bought_since = self.time(Point::LastPurchaseAt).is_some_and(|bought| bought >= event.at);
        let stale = self.time(Point::CartUpdatedAt).is_some_and(|known| known > event.at);
        if bought_since || stale {
            return;
        }
        let amount = self.own_money(event);
        if event.products.is_empty() && amount.is_none_or(|amount| amount.parts() == 0) {
            return self.forget_cart();
        }
        self.set_time(Point::CartUpdatedAt, event.at);
        self.set(Point::CartValue, amount.map(|amount| PointValue::Integer(amount.parts())));
        self.set(Point::CartItems, Some(PointValue::Integer(event.pieces())));
        self.set_text(Point::CartProduct, event.products.first().and_then(|product| product.label()));
        self.set_text(Point::CartUrl, event.property_text("url"));
    }

    fn forget_cart(&mut self) {
        for point in [Point::CartUpdatedAt, Point::CartValue, Point::CartItems, Point::CartProduct, Point::CartUrl] {
            self.set(point, None);
        }
    }

    fn order(&mut self, event: &Event, status: &str) {
        let order = event.property_text("order").or(event.id.as_deref()).map(str::to_owned);
        self.set_text(Point::LastOrder, order.as_deref());
        self.set_text(Point::OrderStatus, Some(status));
    }

    fn shipped(&mut self, event: &Event) {
        if self.latest(Point::OrderShippedAt, event.at) {
            self.order(event, "shipped");
            let day = event.property_day("expected_on").map(|day| PointValue::Integer(super::day_number(day)));
            self.set(Point::DeliveryExpectedOn, day);
            self.set_text(Point::TrackingUrl, event.property_text("tracking_url"));
        }
    }

    fn loyalty(&mut self, event: &Event) {
        if event.kind == "loyalty_joined" || self.get(Point::LoyaltySince).is_none() {
            self.earliest(Point::LoyaltySince, event.at);
        }
        if event.kind != "tier_changed" {
            self.points(event);
        }
        for (point, property) in [(Point::Tier, "tier"), (Point::NextTier, "next_tier")] {
            if let Some(text) = event.property_text(property) {
                self.set_text(point, Some(text));
            }
        }
        if let Some(distance) = event.property_number("next_tier_distance") {
            self.set(Point::NextTierDistance, Some(PointValue::Real(distance)));
        }
    }

    fn points(&mut self, event: &Event) {
        let (balance, change) = (event.property_number("balance"), event.property_number("change"));
        if balance.is_none() && change.is_none() {
            return;
        }
        let newest = self.latest(Point::LastPointsAt, event.at);
        if let Some(change) = change {
            let expired = event.property_text("reason") == Some("expired");
            match (change < 0.0, expired) {
                (false, _) => self.add_number(Point::PointsEarned, change),
                (true, true) => self.add_number(Point::PointsExpired, -change),
                (true, false) => {
                    self.add_number(Point::PointsRedeemed, -change);
                    self.latest(Point::LastRedeemedAt, event.at);
                }
            }
        }
        match (balance, change) {
            (Some(balance), _) if newest => self.set(Point::PointsBalance, Some(PointValue::Real(balance))),
            (None, Some(change)) => self.add_number(Point::PointsBalance, change),
            _ => {}
        }
        if newest && (event.properties.contains_key("expiring") || event.properties.contains_key("expires_on")) {
            self.set(Point::PointsExpiring, event.property_number("expiring").map(PointValue::Real));
            let day = event.property_day("expires_on").map(|day| PointValue::Integer(super::day_number(day)));
            self.set(Point::PointsExpireOn, day);
        }
    }

    fn feedback(&mut self, event: &Event) {
        if self.counted(Point::Feedbacks, Point::LastFeedbackAt, event) {
            self.set(Point::LastRating, event.property_number("rating").map(PointValue::Real));
        }
    }

    fn referral(&mut self, event: &Event) {
        if event.kind == "referral" {
            self.counted(Point::Referrals, Point::LastReferralAt, event);
        }
        if let Some(code) = event.property_text("code") {
            self.set_text(Point::ReferralCode, Some(code));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn after(events: &[Value]) -> Points {
        let mut points = Points::default();
        for event in events {
            let mut event = event.clone();
            event["contact"] = json!("+821012345678");
            points.record(&Event::from_json(&event, None, NOW).unwrap());
        }
        points
    }

    fn purchase(at: &str, amount: i64) -> Value {
        json!({"type": "purchase", "at": at, "amount": amount, "currency": "KRW", "id": at,
            "products": [{"name": format!("tea {amount}"), "category": "tea", "quantity": 2}]})
    }

    #[test]
    fn purchases_add_up_and_a_late_one_does_not_become_the_last() {
        let points = after(&[purchase("2026-10-01T00:00:00Z", 30_000), purchase("2026-09-01T00:00:00Z", 50_000)]);
        assert_eq!((points.integer(Point::Purchases), points.integer(Point::ProductsBought)), (Some(2), Some(4)));
        assert_eq!(points.money(Point::LifetimeValue).unwrap().units(), 80_000.0);
        assert_eq!(points.money(Point::LargestPurchaseValue).unwrap().units(), 50_000.0);
        assert_eq!(points.text(Point::LastProduct), Some("tea 30000"));
        assert_eq!(points.time(Point::FirstPurchaseAt).unwrap().to_string(), "2026-09-01T00:00:00.000Z");
        assert_eq!(points.text(Point::LastOrder), Some("2026-10-01T00:00:00Z"));
    }

    #[test]
    fn another_currency_counts_as_a_purchase_and_not_as_money() {
        let mut other = purchase("2026-10-02T00:00:00Z", 10);
        other["currency"] = json!("EUR");
        let points = after(&[purchase("2026-10-01T00:00:00Z", 30_000), other]);
        assert_eq!((points.integer(Point::Purchases), points.text(Point::Currency)), (Some(2), Some("KRW")));
        assert_eq!(points.money(Point::LifetimeValue).unwrap().units(), 30_000.0);
        assert_eq!(points.money(Point::LastPurchaseValue), None);
    }

    #[test]
    fn a_cart_waits_until_it_is_bought_or_emptied() {
        let cart = json!({"type": "cart_updated", "at": "2026-11-01T00:00:00Z", "amount": 45.5, "currency": "EUR",
            "products": [{"name": "Pot", "quantity": 1}], "properties": {"url": "https://shop.example/c/1"}});
        let points = after(std::slice::from_ref(&cart));
        assert_eq!((points.text(Point::CartProduct), points.integer(Point::CartItems)), (Some("Pot"), Some(1)));
        let earlier = json!({"type": "purchase", "at": "2026-10-31T00:00:00Z"});
        assert!(after(&[cart.clone(), earlier]).get(Point::CartUpdatedAt).is_some());
        let later = json!({"type": "purchase", "at": "2026-11-02T00:00:00Z"});
        assert!(after(&[cart.clone(), later.clone()]).get(Point::CartUpdatedAt).is_none());
        assert!(after(&[later, cart.clone()]).get(Point::CartUpdatedAt).is_none(), "a late cart was bought already");
        let emptied = json!({"type": "cart_updated", "at": "2026-11-03T00:00:00Z", "products": []});
        assert!(after(&[cart, emptied]).get(Point::CartValue).is_none());
    }

    #[test]
    fn points_are_earned_spent_and_run_out() {
        let changed =
            |at: &str, properties: Value| json!({"type": "points_changed", "at": at, "properties": properties});
        let points = after(&[
            changed("2026-10-01T00:00:00Z", json!({"change": 500})),
            changed("2026-10-02T00:00:00Z", json!({"change": -200})),
            changed("2026-10-03T00:00:00Z", json!({"change": -100, "reason": "expired"})),
            changed(
                "2026-10-04T00:00:00Z",
                json!({"balance": 250, "expiring": 50, "expires_on": "2026-12-01",
                "tier": "silver", "next_tier": "gold", "next_tier_distance": 750}),
            ),
        ]);
        let number = |point| points.number(point);
        assert_eq!(
            [number(Point::PointsEarned), number(Point::PointsRedeemed), number(Point::PointsExpired)],
            [Some(500.0), Some(200.0), Some(100.0)]
        );
        assert_eq!((number(Point::PointsBalance), number(Point::PointsExpiring)), (Some(250.0), Some(50.0)));
        assert_eq!(points.integer(Point::PointsExpireOn), Some(20_788));
        assert_eq!((points.text(Point::Tier), number(Point::NextTierDistance)), (Some("silver"), Some(750.0)));
        assert_eq!(points.time(Point::LoyaltySince).unwrap().to_string(), "2026-10-01T00:00:00.000Z");
    }

    #[test]
    fn what_is_concluded_of_a_contact_counts_nowhere() {
        assert_eq!(after(&[json!({"type": "segment_entered"}), json!({"type": "segment_left"})]), Points::default());
        for kind in ACTIVE {
            assert!(KINDS.contains(&kind), "{kind}");
        }
    }

    #[test]
    fn only_what_the_contact_did_counts_as_activity() {
        let shipped = json!({"type": "order_shipped", "at": "2026-11-10T00:00:00Z", "properties":
            {"order": "1001", "expected_on": "2026-11-12", "tracking_url": "https://post.example/1"}});
        let points = after(&[purchase("2026-11-01T00:00:00Z", 10), shipped, json!({"type": "anything_else"})]);
        assert_eq!(points.time(Point::LastActiveAt).unwrap().to_string(), "2026-11-01T00:00:00.000Z");
        assert_eq!((points.time(Point::LastEventAt), points.integer(Point::Events)), (Some(NOW), Some(3)));
        assert_eq!((points.text(Point::OrderStatus), points.text(Point::LastOrder)), (Some("shipped"), Some("1001")));
    }

    #[test]
    fn every_stored_point_that_names_an_event_follows_from_one() {
        let all = json!({"order": "1", "expected_on": "2026-12-01", "tracking_url": "https://a.example", "change": 5,
            "balance": 5, "expiring": 1, "expires_on": "2026-12-01", "tier": "a", "next_tier": "b",
            "next_tier_distance": 1, "code": "X", "at": "2026-12-01T00:00:00Z", "renews_on": "2026-12-01",
            "rating": 5, "coupon": "C", "url": "https://b.example"});
        let mut spent = all.clone();
        (spent["change"], spent["reason"]) = (json!(-1), json!("spent"));
        let mut expired = all.clone();
        (expired["change"], expired["reason"]) = (json!(-1), json!("expired"));
        let event = |kind: &str, properties: &Value| {
            json!({"id": kind, "type": kind, "amount": 5, "currency": "EUR", "properties": properties,
                "products": [{"name": "Tea", "category": "tea", "url": "https://shop.example"}]})
        };
        let mut known = std::collections::BTreeSet::new();
        for kind in [
            "purchase",
            "refunded",
            "visit",
            "product_viewed",
            "cart_updated",
            "order_shipped",
            "order_delivered",
            "order_out_for_delivery",
            "points_changed",
            "loyalty_joined",
            "tier_changed",
            "referral",
            "message_sent",
            "message_delivered",
            "clicked",
            "replied",
            "mail_opened",
            "appointment_booked",
            "subscription_changed",
            "feedback",
        ] {
            known.extend(after(&[event(kind, &all)]).iter().map(|(point, _)| point));
        }
        known.extend(
            after(&[event("points_changed", &spent), event("points_changed", &expired)]).iter().map(|(point, _)| point),
        );
        let of_contact = [Point::ContactSince, Point::Country, Point::Language, Point::Birthday];
        let missing: Vec<_> =
            Point::stored().filter(|point| !known.contains(point) && !of_contact.contains(point)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
