//! Segments against a database in memory: what the compiled SQL finds is what the tree says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::Database;
use crate::campaign::{contact, event, point};
use postrider_campaign::contact::ContactChange;
use postrider_campaign::event::Event;
use postrider_campaign::money::Money;
use postrider_campaign::point::{Kind, Point, PointValue, Today, day_of};
use postrider_campaign::segment::{compile, compile_span, read, ready};

/// 2026-11-22T00:00:00Z, a Sunday; nine in the morning in Seoul, one in Berlin, the evening before in New York.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const DAY: i64 = 86_400_000;

struct Shop(Database);

impl Shop {
    fn new() -> Self {
        Self(Database::in_memory().unwrap())
    }

    fn number(n: usize) -> String {
        format!("+8210{n:08}")
    }

    /// A contact that came into the list so many days ago.
    fn contact(&mut self, n: usize, days: i64, mut fields: Value) {
        fields["number"] = json!(Self::number(n));
        let change = ContactChange::from_json(&fields, None, None).unwrap();
        let at = Timestamp::from_millis(NOW.as_millis() - days * DAY);
        self.0.write(|tx| contact::upsert(tx, &change, at)).unwrap().unwrap();
    }

    /// An event so many days ago, at noon in UTC of the day before for 1.
    fn event(&mut self, n: usize, days: i64, mut fields: Value) {
        fields["contact"] = json!(Self::number(n));
        fields["at"] =
            json!(Timestamp::from_millis(NOW.as_millis() - days * DAY + DAY / 2 * i64::from(days > 0)).to_string());
        let event = Event::from_json(&fields, None, NOW).unwrap();
        self.0.write(|tx| event::record(tx, &event, NOW)).unwrap();
    }

    fn purchase(&mut self, n: usize, days: i64, amount: f64) {
        self.event(
            n,
            days,
            json!({"type": "purchase", "amount": amount, "currency": "EUR",
            "products": [{"id": format!("P{n}"), "name": "Tea", "category": "hot"}], "properties": {"store": n}}),
        );
    }

    fn compiled(&self, tree: &Value) -> Compiled {
        let tree = read(tree).unwrap_or_else(|faults| panic!("{tree}: {faults:?}"));
        let calendars = self.0.read(|c| calendars(c, NOW)).unwrap();
        compile(&tree, &calendars)
    }

    /// The contacts of a segment, by their numbers here; counting, sampling, walking and asking for one agree.
    fn found(&self, tree: &Value) -> Vec<usize> {
        let segment = self.compiled(tree);
        let span = compile_span(&read(tree).unwrap(), &self.0.read(|c| calendars(c, NOW)).unwrap());
        self.0
            .read(|c| {
                let (total, ids) = sample(c, &segment, 1_000, &mut Random::new(1))?;
                assert_eq!(count(c, &segment)?, total);
                assert_eq!(page(c, &segment, 0, 1_000)?, ids);
                assert_eq!(within(c, &span, 0, 1_000)?, ids, "{tree}");
                let all = contact::list(c, &contact::Filter::default(), 1_000)?.0;
                for stored in &all {
                    assert_eq!(has(c, &segment, stored.id)?, ids.contains(&stored.id));
                    assert_eq!(has(c, &span, stored.id)?, ids.contains(&stored.id), "{tree}");
                }
                let of = |stored: &contact::Stored| stored.contact.number.as_str()[5..].parse().unwrap();
                Ok(all.iter().filter(|stored| ids.contains(&stored.id)).map(of).collect())
            })
            .unwrap()
    }
}

#[test]
fn every_data_point_has_the_same_value_in_sql_and_in_rust() {
    let mut shop = Shop::new();
    for (n, zone) in [None, Some("Asia/Seoul"), Some("America/New_York"), Some("Europe/Berlin")].into_iter().enumerate()
    {
        let birthday = ["1990-02-28", "2000-02-29", "1985-11-22", "1970-11-21"][n];
        shop.contact(n, 400, json!({"time_zone": zone, "locale": "ko", "attributes": {"birthday": birthday}}));
        for (round, days) in [200, 90, 31, 1].into_iter().enumerate().take(n + 1) {
            shop.purchase(n, days, 10.5 * (round + 1) as f64);
            let properties = json!({"expected_on": "2026-12-01", "change": 5, "expiring": 2, "expires_on": "2026-11-20",
                "tier": "a", "next_tier_distance": 7, "at": "2026-11-21T22:00:00Z", "renews_on": "2026-12-24", "rating": 4});
            for kind in [
                "visit",
                "cart_updated",
                "points_changed",
                "clicked",
                "replied",
                "message_sent",
                "message_delivered",
                "appointment_booked",
                "subscription_changed",
                "feedback",
                "order_shipped",
                "refunded",
            ] {
                shop.event(
                    n,
                    days - 1,
                    json!({"type": kind, "properties": properties, "amount": 3, "products": [{"name": "Pot"}]}),
                );
            }
        }
    }
    shop.contact(9, 0, json!({}));
    let mut compared = 0;
    for (id, n) in [(1, 0), (2, 1), (3, 2), (4, 3), (5, 9)] {
        let (points, stored) = shop.0.read(|c| Ok((point::of(c, id)?, contact::by_id(c, id)?.unwrap()))).unwrap();
        let zone = postrider_campaign::law::zone(stored.contact.calendar().unwrap()).unwrap();
        let today = Today::of(NOW, &zone);
        for &point in Point::ALL {
            let mut tree = json!({"point": point.name()});
            match points.value(point, &today) {
                None => tree["known"] = json!(false),
                Some(value) => {
                    compared += 1;
                    match (point.kind(), value) {
                        (Kind::Money, PointValue::Integer(parts)) => tree["is"] = Money::from_parts(parts).to_json(),
                        (Kind::Time, PointValue::Integer(millis)) => {
                            let at = Timestamp::from_millis(millis).to_string();
                            tree["between"] = json!([at, at]);
                        }
                        (Kind::Day, PointValue::Integer(day)) => tree["on"] = json!(day_of(day).unwrap().to_string()),
                        (Kind::Text, PointValue::Text(text)) => tree["is"] = json!(text),
                        (_, value) => {
                            let number = value.as_f64().unwrap();
                            tree["between"] = json!([number - 1e-9, number + 1e-9]);
                        }
                    }
                }
            }
            assert!(shop.found(&tree).contains(&n), "{tree} for contact {n} of {zone:?}: {:?}", shop.compiled(&tree));
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn conditions_join_and_what_is_unknown_fails_a_test_and_passes_its_opposite() {
    let mut shop = Shop::new();
    shop.contact(1, 0, json!({"tags": ["vip", "web"], "lists": ["news"], "name": "Ana", "locale": "pt-BR"}));
    shop.contact(
        2,
        0,
        json!({"tags": ["web"], "attributes": {"color": "red", "size": 42, "likes": ["tea", "pots"], "club": true}}),
    );
    shop.contact(3, 0, json!({"attributes": {"color": "blue", "size": 36, "since": "2026-11-15", "club": false}}));
    shop.purchase(1, 10, 50.0);
    let tag = |tag: &str| json!({"tag": tag});
    for (tree, expected) in [
        (json!({"all": []}), vec![1, 2, 3]),
        (json!({"any": []}), vec![]),
        (json!({"all": [tag("web"), {"not": tag("vip")}]}), vec![2]),
        (json!({"any": [tag("vip"), {"attribute": "size", "below": 40}]}), vec![1, 3]),
        (json!({"tag": ["vip", "web"]}), vec![1, 2]),
        (json!({"list": "news"}), vec![1]),
        (json!({"not": {"any": [tag("vip"), tag("web")]}}), vec![3]),
        (json!({"attribute": "color", "is": "red"}), vec![2]),
        (json!({"attribute": "color", "is_not": "red"}), vec![1, 3]),
        (json!({"attribute": "color", "in": ["red", "blue"]}), vec![2, 3]),
        (json!({"attribute": "color", "known": false}), vec![1]),
        (json!({"attribute": "size", "between": [36, 42]}), vec![2, 3]),
        (json!({"attribute": "likes", "is": "pots"}), vec![2]),
        (json!({"attribute": "likes", "contains": "ea"}), vec![2]),
        (json!({"attribute": "color", "starts_with": "bl"}), vec![3]),
        (json!({"attribute": "club", "is": true}), vec![2]),
        (json!({"attribute": "since", "since": "today-7d"}), vec![3]),
        (json!({"attribute": "since", "before": "today-7d"}), vec![]),
        (json!({"field": "name", "is": "Ana"}), vec![1]),
        (json!({"field": "locale", "known": false}), vec![2, 3]),
        (json!({"point": "language", "is": "pt"}), vec![1]),
        (json!({"point": "purchases", "at_least": 1}), vec![1]),
        (json!({"not": {"point": "purchases", "at_least": 1}}), vec![2, 3]),
        (json!({"point": "lifetime_value", "is": 50}), vec![1]),
        (
            json!({"point": "lifetime_value", "above": {"point": "last_purchase_value", "times": 0.5, "plus": 24}}),
            vec![1],
        ),
        (json!({"point": "lifetime_value", "above": {"point": "purchases", "times": 50}}), vec![]),
        (json!({"point": "last_purchase_at", "between": ["today-10d", "today-9d"]}), vec![1]),
        (json!({"point": "last_purchase_at", "after": "today-9d"}), vec![]),
    ] {
        assert_eq!(shop.found(&tree), expected, "{tree}");
    }
}

/// A tree of the leaves by their places, and whom it names by theirs.
fn made_up(
    random: &mut Random,
    leaves: &[(Value, BTreeSet<usize>)],
    all: &BTreeSet<usize>,
    depth: u64,
) -> (Value, BTreeSet<usize>) {
    let pick = random.below(if depth == 0 { 1 } else { 4 });
    if pick == 0 {
        let place = usize::try_from(random.below(leaves.len() as u64)).unwrap();
        return leaves[place].clone();
    }
    if pick == 3 {
        let (tree, found) = made_up(random, leaves, all, depth - 1);
        return (json!({"not": tree}), all - &found);
    }
    let parts: Vec<_> = (0..1 + random.below(4)).map(|_| made_up(random, leaves, all, depth - 1)).collect();
    let trees: Vec<_> = parts.iter().map(|(tree, _)| tree).collect();
    let sets = parts.iter().map(|(_, found)| found.clone());
    if pick == 1 {
        return (json!({"any": trees}), sets.fold(BTreeSet::new(), |all, found| &all | &found));
    }
    (json!({"all": trees}), sets.fold(all.clone(), |all, found| &all & &found))
}

#[test]
fn trees_of_any_shape_find_what_their_conditions_find_alone() {
    let mut shop = Shop::new();
    for n in 1..=12 {
        let tags: Vec<_> =
            ["vip", "web"].iter().zip([2, 3]).filter(|(_, of)| n % of == 0).map(|(tag, _)| tag).collect();
        let attributes = if n % 4 == 0 { json!({}) } else { json!({"size": n % 3, "color": (["red", "blue"][n % 2])}) };
        shop.contact(n, 0, json!({"tags": tags, "attributes": attributes, "name": format!("Name {n}")}));
        (0..n % 4).for_each(|times| shop.purchase(n, 3 + 9 * i64::try_from(times).unwrap(), 10.0));
    }
    let leaves = [
        json!({"tag": "vip"}),
        json!({"tag": ["vip", "web"]}),
        json!({"attribute": "size", "is": 1}),
        json!({"attribute": "size", "at_least": 1, "below": 2}),
        json!({"attribute": "color", "in": ["red", "green"]}),
        json!({"attribute": "color", "known": false}),
        json!({"field": "name", "contains": "1"}),
        json!({"point": "purchases", "at_least": 2}),
        json!({"event": "purchase", "within": "10d", "where": {"amount": {"above": 5}}}),
        json!({"event": "purchase", "count": {"at_least": 2}}),
        json!({"event": "purchase", "sum": {"below": 25}}),
        json!({"clicked": {"campaign": "spring"}}),
    ];
    let set = |tree: &Value| shop.found(tree).into_iter().collect::<BTreeSet<_>>();
    let leaves: Vec<_> = leaves.into_iter().map(|tree| (tree.clone(), set(&tree))).collect();
    let all: BTreeSet<_> = (1..=12).collect();
    assert!(leaves.iter().filter(|(_, found)| !found.is_empty() && *found != all).count() >= 10);
    for seed in 0..150 {
        let (tree, expected) = made_up(&mut Random::new(seed), &leaves, &all, 4);
        assert_eq!(set(&tree), expected, "seed {seed}: {tree}");
    }
}

#[test]
fn events_are_counted_and_summed_in_windows_also_when_there_are_none() {
    let mut shop = Shop::new();
    for (n, purchases) in [(1, &[(2, 10.0), (40, 20.0), (200, 100.0)][..]), (2, &[(5, 200.0)]), (3, &[])] {
        shop.contact(n, 300, json!({}));
        purchases.iter().for_each(|&(days, amount)| shop.purchase(n, days, amount));
    }
    let event = |fields: Value| {
        let mut tree = json!({"event": "purchase"});
        tree.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        tree
    };
    for (tree, expected) in [
        (event(json!({})), vec![1, 2]),
        (event(json!({"within": "30d"})), vec![1, 2]),
        (event(json!({"within": "3d"})), vec![1]),
        (event(json!({"within": "90d", "count": {"at_least": 2}})), vec![1]),
        (event(json!({"count": 3})), vec![1]),
        (event(json!({"count": {"below": 2}})), vec![2, 3]),
        (event(json!({"count": 0, "within": "3d"})), vec![2, 3]),
        (event(json!({"sum": {"above": 125}})), vec![1, 2]),
        (event(json!({"sum": {"at_most": 130}, "within": "1y"})), vec![1, 3]),
        (event(json!({"since": "today-210d", "before": "today-100d"})), vec![1]),
        (event(json!({"where": {"amount": {"at_least": 150}}})), vec![2]),
        (event(json!({"where": {"product": "P2"}})), vec![2]),
        (event(json!({"where": {"product": "Tea", "category": "hot", "currency": "EUR"}, "within": "3d"})), vec![1]),
        (event(json!({"where": {"properties": {"store": 2}}})), vec![2]),
        (json!({"not": event(json!({"within": "90d"}))}), vec![3]),
    ] {
        assert_eq!(shop.found(&tree), expected, "{tree}");
    }
}

#[test]
fn each_contact_has_a_calendar_of_its_own() {
    let mut shop = Shop::new();
    for (n, zone) in [(1, "America/New_York"), (2, "Asia/Seoul"), (3, "UTC")] {
        shop.contact(n, 30, json!({"time_zone": zone}));
        // The day before at noon in UTC: seven in the morning in New York, where it is that day still.
        shop.purchase(n, 1, 10.0);
    }
    assert_eq!(shop.found(&json!({"point": "last_purchase_at", "on": "today"})), [1]);
    assert_eq!(shop.found(&json!({"point": "days_since_purchase", "is": 1})), [2, 3]);
    assert_eq!(shop.found(&json!({"event": "purchase", "since": "today"})), [1]);
    assert_eq!(shop.found(&json!({"event": "purchase", "before": "today"})), [2, 3]);
    assert_eq!(shop.found(&json!({"point": "last_purchase_at", "since": "now-13h"})), [1, 2, 3]);
}

#[test]
fn the_ready_segments_find_whom_they_name() {
    let mut shop = Shop::new();
    // 1 is new, 2 to 4 were last seen 31, 61 and 91 days ago, 5 buys every ten days and has been gone for forty.
    shop.contact(1, 2, json!({}));
    for (n, days) in [(2, 31), (3, 61), (4, 200)] {
        shop.contact(n, 300, json!({}));
        shop.purchase(n, days, 30.0);
    }
    shop.contact(5, 300, json!({"attributes": {"birthday": "1990-11-25"}}));
    [70, 60, 50, 40].into_iter().for_each(|days| shop.purchase(5, days, 300.0));
    shop.contact(6, 100, json!({}));
    shop.event(
        6,
        40,
        json!({"type": "points_changed", "properties":
        {"change": 200, "expiring": 50, "expires_on": "2026-12-10", "next_tier": "gold", "next_tier_distance": 80}}),
    );
    shop.event(6, 2, json!({"type": "cart_updated", "amount": 20, "products": [{"name": "Pot"}]}));
    for (name, expected) in [
        ("new", vec![1]),
        ("inactive_30_days", vec![2, 5]),
        ("inactive_60_days", vec![3]),
        ("inactive_90_days", vec![4]),
        ("inactive_by_own_rhythm", vec![5]),
        ("inactive_never_bought", vec![6]),
        ("lapsed", vec![4]),
        ("vip", vec![5]),
        ("high_value", vec![5]),
        ("low_value", vec![2, 3, 4]),
        ("points_never_used", vec![6]),
        ("points_expiring", vec![6]),
        ("next_tier_near", vec![6]),
        ("cart_left", vec![6]),
        ("birthday_soon", vec![5]),
        ("active", vec![6]),
    ] {
        assert_eq!(shop.found(&ready::named(name).unwrap().tree), expected, "{name}");
    }
    for ready in ready::all() {
        shop.found(&ready.tree);
    }
}

#[test]
fn a_sample_is_spread_over_the_segment() {
    let mut shop = Shop::new();
    (0..200).for_each(|n| shop.contact(n, 1, json!({})));
    let segment = shop.compiled(&json!({"all": []}));
    let (total, ids) = shop.0.read(|c| sample(c, &segment, 10, &mut Random::new(7))).unwrap();
    assert_eq!((total, ids.len()), (200, 10));
    assert!(ids[0] < 100 && ids[9] > 100, "{ids:?}");
}

#[test]
fn a_segment_is_defined_changed_and_removed() {
    let mut shop = Shop::new();
    assert!(shop.0.write(|tx| define(tx, "a", "A", "{}", NOW)).unwrap());
    assert!(!shop.0.write(|tx| define(tx, "a", "B", "{}", NOW)).unwrap());
    assert_eq!(shop.0.read(list).unwrap()[0].title, "B");
    assert!(shop.0.write(|tx| remove(tx, "a")).unwrap() && !shop.0.write(|tx| remove(tx, "a")).unwrap());
}

#[test]
fn texts_of_one_campaign_are_told_from_all_others() {
    let mut shop = Shop::new();
    for n in 1..=4 {
        shop.contact(n, 100, json!({}));
    }
    let now = NOW.as_millis();
    shop.0
        .write(|tx| {
            let message = "INSERT INTO message (id, state, class, route, recipient, encoded, profile, segments, timer_at, \
                           valid_until, on_doubt, changed_at, token) \
                           VALUES (?1, ?2, 'marketing', 'all', '+8210', x'00', 1, 1, 2, 3, 'hold', ?3, 0)";
            let origin = "INSERT INTO origin VALUES (?1, ?2, 'spring', ?3, ?4)";
            for (id, state, kind, part, contact) in [
                (1, "delivered", "campaign", "a", 1),
                (2, "blocked", "campaign", "b", 2),
                (3, "undelivered", "campaign", "b", 3),
                (4, "delivered", "workflow", "a", 4),
            ] {
                tx.sql().execute(message, (id, state, now - 10 * DAY))?;
                tx.sql().execute(origin, (id, kind, part, contact))?;
            }
            let link = "INSERT INTO short_link (code, target, contact, kind, source, part, created_at, clicks, last_click_at) \
                        VALUES (?1, 'https://shop.example/', ?2, 'campaign', 'spring', 'a', 0, ?3, ?4)";
            tx.sql().execute(link, ("one", 1, 2, now - DAY))?;
            tx.sql().execute(link, ("two", 3, 0, None::<i64>))?;
            Ok(())
        })
        .unwrap();
    shop.event(3, 2, json!({"type": "replied", "properties": {"kind": "campaign", "source": "spring", "part": "b"}}));
    shop.event(4, 2, json!({"type": "replied", "properties": {"kind": "workflow", "source": "spring", "part": "a"}}));
    let spring = |response: &str, more: Value| {
        let mut fields = json!({"campaign": "spring"});
        fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        json!({ response: fields })
    };
    for (tree, expected) in [
        (spring("received", json!({})), vec![1]),
        (spring("sent", json!({})), vec![1, 3]),
        (spring("sent", json!({"variant": "b"})), vec![3]),
        (spring("sent", json!({"within": "9d"})), vec![]),
        (spring("sent", json!({"within": "11d"})), vec![1, 3]),
        (spring("clicked", json!({})), vec![1]),
        (spring("clicked", json!({"since": "now-1h"})), vec![]),
        (json!({"not": spring("clicked", json!({}))}), vec![2, 3, 4]),
        (spring("replied", json!({})), vec![3]),
        (spring("replied", json!({"within": "1d"})), vec![]),
        (json!({"replied": {"workflow": "spring", "step": "a"}}), vec![4]),
    ] {
        assert_eq!(shop.found(&tree), expected, "{tree}");
    }
}
