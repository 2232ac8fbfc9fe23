//! What is wrong with a tree is told with its place, all of it at once.

use serde_json::{Value, json};

use super::*;
use crate::contact::ContactChange;
use crate::coupon::Pool;
use crate::event::Event;
use crate::template::Template;
use postrider_model::Timestamp;

fn faults(value: &Value) -> Vec<(String, String)> {
    read(value).unwrap_err().into_iter().map(|fault| (fault.pointer, fault.detail)).collect()
}

#[test]
fn every_mistake_has_its_place() {
    let found = faults(&json!({"all": [
        {"point": "last_purchas_at", "before": "today"},
        {"any": [{"tag": ["vip", 3]}, {"event": "Purchase"}]},
        {"point": "purchases", "at_laest": 3},
        {"point": "purchases", "at_least": "three"},
        {"not": {"attribute": "Color", "is": "red"}},
        {"point": "last_visit_at", "before": "yesterday"},
        {"tag": "a", "list": "b"},
        {"tagg": "a"},
        {"point": "birthday", "before": "now-24h"},
        {"event": "visit", "within": "30 days", "count": {"atleast": 1}},
        {"point": "visits"},
        5
    ]}));
    let places: Vec<_> = found.iter().map(|(place, _)| place.as_str()).collect();
    for place in [
        "/all/0/point",
        "/all/1/any/0/tag/1",
        "/all/1/any/1/event",
        "/all/2/at_laest",
        "/all/3/at_least",
        "/all/4/not/attribute",
        "/all/5/before",
        "/all/6",
        "/all/7",
        "/all/8/before",
        "/all/9/within",
        "/all/10",
        "/all/11",
    ] {
        assert!(places.contains(&place), "{place} in {found:?}");
    }
    let says = |text: &str| found.iter().any(|(_, detail)| detail.contains(text));
    assert!(
        says("did you mean \"last_purchase_at\"?") && says("did you mean \"at_least\"?") && says("\"tag\"?"),
        "{found:?}"
    );
}

#[test]
fn trees_are_neither_deep_nor_wide_without_end() {
    let mut deep = json!({"tag": "a"});
    for _ in 0..DEPTH_MAX {
        deep = json!({"not": deep});
    }
    assert!(read(&deep).is_ok());
    assert!(faults(&json!({"not": deep}))[0].1.contains("at most 12 deep"));
    let wide = |count: usize| json!({"any": vec![json!({"tag": "a"}); count]});
    assert!(read(&wide(CONDITIONS_MAX - 1)).is_ok());
    assert!(read(&wide(CONDITIONS_MAX)).is_err());
    assert!(read(&wide(100_000)).unwrap_err().len() <= 20);
}

#[test]
fn hostile_texts_stay_parameters() {
    let tree =
        read(&json!({"all": [{"tag": "x') OR 1=1 --"}, {"field": "name", "contains": "'; DROP TABLE contact; --"}]}))
            .unwrap();
    let calendars = Calendars::new(postrider_model::Timestamp::from_millis(0), []);
    let compiled = compile(&tree, &calendars);
    assert!(!compiled.condition.contains("DROP") && !compiled.condition.contains("1=1"), "{}", compiled.condition);
    assert_eq!(compiled.params.len(), 2);
}

/// The documentation's examples: what stands in ```json, and the bodies of its requests.
#[test]
fn the_examples_of_the_documentation_are_right() {
    let page = include_str!("../../../../docs/CONTACTS.md");
    let trees: Vec<_> = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(trees.len() >= 3);
    for tree in trees {
        read(&serde_json::from_str(tree).unwrap()).unwrap_or_else(|faults| panic!("{tree}: {faults:?}"));
    }
    let now = Timestamp::from_millis(1_795_305_600_000);
    let mut seen = 0;
    for request in page.split("curl ").skip(1) {
        let path = request.split("$API").nth(1).unwrap().split(' ').next().unwrap();
        let Some(body) = request.split("-d '").nth(1) else { continue };
        let body: Value = serde_json::from_str(body.split('\'').next().unwrap()).unwrap();
        seen += 1;
        match path {
            "/v1/contacts/+821012345678" => {
                let number = "+821012345678".parse().unwrap();
                drop(ContactChange::from_json(&body, Some(&number), None).unwrap());
            }
            "/v1/events" => {
                body.as_array().unwrap().iter().for_each(|event| drop(Event::from_json(event, None, now).unwrap()));
            }
            "/v1/segments/count" => assert!(ready::named(body["segment"].as_str().unwrap()).is_some()),
            "/v1/segments/inactive_30_days/live" => assert!(body["backfill"].is_boolean()),
            "/v1/segments/tea_lovers" => drop(read(&body["tree"]).unwrap()),
            "/v1/templates/points" => serde_json::from_value::<Template>(body).unwrap().check().unwrap(),
            "/v1/templates/preview" => assert!(ready::named(body["segment"].as_str().unwrap()).is_some()),
            "/v1/coupons/spring" => serde_json::from_value::<Pool>(body).unwrap().check().unwrap(),
            "/v1/coupons/spring/issue" | "/v1/coupons/redeem" => assert!(body.is_object()),
            other => panic!("{other} is not checked here"),
        }
    }
    assert_eq!(seen, 10);
}
