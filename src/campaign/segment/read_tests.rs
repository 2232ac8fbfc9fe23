//! What is wrong with a tree is told with its place, all of it at once.

use serde_json::{Value, json};

use super::*;

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
    let calendars = Calendars::new(crate::model::Timestamp::from_millis(0), []);
    let compiled = compile(&tree, &calendars);
    assert!(!compiled.condition.contains("DROP") && !compiled.condition.contains("1=1"), "{}", compiled.condition);
    assert_eq!(compiled.params.len(), 2);
}
