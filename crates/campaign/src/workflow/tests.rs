//! Claims about definitions: what is read, and what is told about a wrong one.

use serde_json::{Value, json};

use super::file::Document;
use super::*;
use crate::fault::Fault;

/// A definition with these steps.
pub fn workflow_of(steps: Value) -> Value {
    json!({"name": "test", "trigger": [{"event": "cart_updated"}], "step": steps})
}

fn faults(value: &Value) -> Vec<(String, &'static str)> {
    let told = |fault: Fault| (fault.pointer, fault.code);
    read(value).map_or_else(|faults| faults.into_iter().map(told).collect(), |_| Vec::new())
}

const CART: &str = r#"
name = "cart-left"
title = "A cart left behind"
reentry = "30d"
audience = { point = "purchases", at_least = 1 }
at_local = ["09:00", "20:00"]

[[goal]]
event = "purchase"
with = { status = "paid" }

[[trigger]]
event = "cart_updated"
delay = "24h"
[[trigger]]
date = "birthday"
offset = "-7d"
at = "10:00"
[[trigger]]
segment = "inactive_30"
[[trigger]]
keyword = "join"
[[trigger]]
api = true

[[step]]
id = "remind"
send = "cart_left"
[[step]]
wait = "2d"
at = "10:00"
[[step]]
wait_until = "event.at"
offset = "-12h"
[[step]]
id = "answer"
wait_for = [ { event = "purchase", to = "thanks" }, { words = ["YES", "네", "ใช่"], to = "order" }, { clicked = "remind", to = "won" }, { replied = true } ]
timeout = "3d"
else = "again"
[[step]]
branch = { condition = { tag = "vip" } }
then = "won"
[[step]]
id = "again"
split = [ { to = "order", share = 50 }, { to = "thanks", share = 50 } ]
[[step]]
id = "order"
set = { reminded = true, ask_again_on = "+30d", size = "event.size" }
[[step]]
event = "points_changed"
properties = { change = 100, reason = "joined" }
contact = "event.referrer"
[[step]]
notify = "A customer asks for {{ event.text }}"
next = "end"
[[step]]
id = "thanks"
send = "thanks"
urgent = true
[[step]]
id = "won"
tag = ["vip"]
[[step]]
opt_out = "no click in 90 days"
[[step]]
id = "end"
exit = "won back"
"#;

#[test]
fn the_format_is_read_whole() {
    let workflow = Document::parse(CART).unwrap().workflow().unwrap();
    assert_eq!((workflow.steps.len(), workflow.triggers.len()), (13, 5));
    assert_eq!(read(&workflow.source), Ok(workflow.clone()), "what is kept says the same");
    let Action::WaitFor { answers, otherwise, .. } = &workflow.steps[3].action else { panic!() };
    assert_eq!((answers[0].to, answers[3].to, *otherwise), (9, 4, 5));
    assert_eq!(answers[1].what, Awaited::Words(vec!["yes".into(), "네".into(), "ใช่".into()]));
    assert_eq!(workflow.steps[8].next, 12);
    let urgent = postrider_model::Class::Transactional;
    assert_eq!(workflow.steps[9].action, Action::Send(Send { template: "thanks".into(), class: urgent, urgent: true }));
    let named: Vec<_> = workflow.names().into_iter().map(|named| (named.kind, named.name)).collect();
    assert_eq!(named, [("segment", "inactive_30"), ("template", "cart_left"), ("template", "thanks")]);
    assert_eq!(workflow.moved_by().collect::<Vec<_>>(), ["purchase", "purchase", "clicked", "replied"]);
}

#[test]
fn every_mistake_is_named_by_its_place() {
    let wrong = json!({"name": "No", "class": "otp", "reentry": "often", "at_local": ["9", "10:00"], "goals": [],
        "audience": {"point": "purchase", "at_least": 1},
        "trigger": [{"evnet": "x"}, {"event": "a", "api": true}, {"date": "purchases"}, {"date": "birthday", "offset": "-12h"}],
        "step": [{"send": "A B"}, {"wait": "-1d"}, {"wait_for": [{"words": ["!"]}, {"to": "x"}]}, {"branch": {"clicked": "gone"}},
            {"set": {"A": 1}}, {"split": [{"to": "step-1", "share": 0}]}, {"tag": [], "list": "x"}, {"notify": "{{ nmae }}"}]});
    let places: Vec<_> = faults(&wrong).into_iter().map(|(place, _)| place).collect();
    for place in [
        "/name",
        "/class",
        "/reentry",
        "/at_local",
        "/goals",
        "/audience/point",
        "/trigger/0",
        "/trigger/1",
        "/trigger/2/date",
        "/trigger/3/offset",
        "/step/0/send",
        "/step/1/wait",
        "/step/2/wait_for/0/words",
        "/step/2/wait_for/1",
        "/step/3/branch/clicked",
        "/step/3/branch",
        "/step/4/set/A",
        "/step/5/split/0/share",
        "/step/5/split",
        "/step/6",
        "/step/7/notify",
    ] {
        assert!(places.iter().any(|found| found == place), "{place} is missing in {places:?}");
    }
}

#[test]
fn steps_that_lead_nowhere_or_round_are_told() {
    let unreached = workflow_of(
        json!([{"id": "a", "send": "x", "next": "c"}, {"id": "b", "send": "x"}, {"id": "c", "exit": "over"}]),
    );
    assert_eq!(faults(&unreached), [("/step/1".to_owned(), "unreachable")]);
    let round = workflow_of(json!([{"id": "a", "send": "x"}, {"wait": "30s"}, {"tag": "y", "next": "a"}]));
    assert_eq!(faults(&round), [("/step/0".to_owned(), "endless")]);
    let past = workflow_of(json!([{"id": "a", "wait_until": "event.at"}, {"tag": "y", "next": "a"}]));
    assert_eq!(faults(&past), [("/step/0".to_owned(), "endless")]);
    let waits = workflow_of(json!([{"id": "a", "send": "x"}, {"wait": "1m"}, {"tag": "y", "next": "a"}]));
    assert_eq!(faults(&waits), []);
    let unknown = workflow_of(json!([{"id": "remind", "send": "x", "next": "remnd"}]));
    let told = read(&unknown).unwrap_err();
    assert!(told[0].detail.contains("did you mean \"remind\"?"), "{told:?}");
    let twice = workflow_of(json!([{"id": "a", "send": "x"}, {"id": "a", "send": "x"}]));
    assert!(faults(&twice).contains(&("/step/1/id".to_owned(), "repeated")));
}

#[test]
fn a_mistake_in_a_file_knows_its_line_and_key() {
    let text = CART.replace("next = \"end\"", "next = \"edn\"").replace("delay = \"24h\"", "dealy = \"24h\"");
    let mistakes = Document::parse(&text).unwrap().workflow().unwrap_err();
    let line = |word: &str| text.lines().position(|line| line.contains(word)).unwrap() + 1;
    assert_eq!((mistakes[0].line, mistakes[0].key.as_str()), (line("dealy"), "trigger.0.dealy"));
    assert_eq!((mistakes[1].line, mistakes[1].key.as_str()), (line("edn"), "step.8.next"));
    assert!(mistakes[1].to_string().starts_with(&format!("line {}: step.8.next: ", line("edn"))), "{}", mistakes[1]);
    let broken = Document::parse("name = \"a\"\ntitle = = 3\n").unwrap_err();
    assert_eq!(broken[0].line, 2);
}

#[test]
fn the_examples_of_the_documentation_are_read() {
    let page = include_str!("../../../../docs/WORKFLOWS.md");
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    assert!(blocks.len() >= 3);
    for block in blocks {
        let document = Document::parse(block).unwrap();
        match document.value.get("template") {
            None => drop(document.workflow().unwrap()),
            Some(templates) => {
                for template in templates.as_object().unwrap().values() {
                    let template: crate::template::Template = serde_json::from_value(template.clone()).unwrap();
                    template.check().unwrap();
                }
            }
        }
    }
}
