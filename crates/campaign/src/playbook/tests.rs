//! Claims about the playbooks that come with the program: whole, in three languages, and short enough.

use std::collections::BTreeSet;

use super::*;
use crate::template::Skip;
use crate::workflow::Action;
use crate::workflow::file::Document;
use postrider_policy::pattern::{Case, compile};

fn shipped() -> impl Iterator<Item = Playbook> {
    BUILT_IN.iter().map(|file| {
        read(file.text, &Values::default()).unwrap_or_else(|mistakes| {
            let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            panic!("{}.toml:\n{}", file.name, lines.join("\n"))
        })
    })
}

/// All texts by language in a definition.
fn texts_in(value: &Value, found: &mut Vec<BTreeSet<String>>) {
    match value {
        Value::Object(fields) if fields.contains_key("en") => found.push(fields.keys().cloned().collect()),
        Value::Object(fields) => fields.values().for_each(|value| texts_in(value, found)),
        Value::Array(entries) => entries.iter().for_each(|value| texts_in(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_file_is_a_playbook_under_its_own_name() {
    let mut names: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../playbooks"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "common")
        .collect();
    names.sort();
    assert_eq!(names, BUILT_IN.iter().map(|file| file.name).collect::<Vec<_>>());
    for (playbook, file) in shipped().zip(BUILT_IN) {
        assert_eq!(playbook.outline.name, file.name);
        assert!(playbook.workflows().count() > 0, "{}", file.name);
    }
}

#[test]
fn every_text_of_every_playbook_is_there_in_three_languages() {
    let three: BTreeSet<String> = LANGUAGES.map(str::to_owned).into();
    // Before the parameters are put in, which are whole numbers outside of quotes.
    let number = compile(r"= \$\{\w+\}", Case::Counts, 1 << 20).unwrap();
    for file in BUILT_IN {
        let value = number.replace_all(file.text, "= 1");
        let value = Document::parse(&value).unwrap().value;
        let mut found = Vec::new();
        texts_in(&value, &mut found);
        assert!(found.len() > 2, "{}", file.name);
        for languages in found {
            let languages: BTreeSet<String> =
                languages.into_iter().filter(|key| !["fallbacks", "segments_max"].contains(&key.as_str())).collect();
            assert_eq!(languages, three, "{}", file.name);
        }
    }
}

/// Fields without which a text makes no sense, so that who lacks them gets none.
const ESSENTIAL: [&str; 13] = [
    "points",
    "points_balance",
    "points_expiring",
    "points_expire_on",
    "next_tier_distance",
    "next_appointment_at",
    "delivery_expected_on",
    "renewal_on",
    "attribute.service_on",
    "event.due_on",
    "event.text",
    "points_expire_on",
    "last_rating",
];

#[test]
fn a_text_has_no_hole_for_somebody_of_whom_nothing_is_known() {
    for playbook in shipped() {
        for (name, template) in playbook.templates() {
            for language in LANGUAGES {
                let fields = sample::stranger(language).unwrap();
                let text = match template.render(&fields, &crate::template::Grants::default()) {
                    Ok(rendered) => rendered.text,
                    Err(Skip::Missing(field)) if ESSENTIAL.contains(&field.as_str()) => continue,
                    Err(skip) => panic!("{name} {language}: {skip}"),
                };
                no_hole(&text, &format!("{name} {language}"));
                let rendered = sample::render(sample::friend(language).unwrap(), |f, g| template.render(f, g)).unwrap();
                no_hole(&rendered.text, &format!("{name} {language}"));
            }
        }
    }
}

fn no_hole(text: &str, what: &str) {
    for hole in ["  ", " ,", " .", " !", "()", "( ", " )", " 님", ": .", ",,", "..", "none", "{{", "${", "undefined"] {
        assert!(!text.contains(hole), "{what}: \"{hole}\" in {text}");
    }
    assert!(!text.starts_with([',', '.', ':', '!', ' ']) && !text.ends_with([',', ':']), "{what}: {text}");
}

#[test]
fn english_texts_are_cheap_and_end_an_offer_with_the_way_out() {
    for playbook in shipped() {
        for (name, template) in playbook.templates() {
            assert!(template.text.is_ascii(), "{name} would be sent as UCS-2: {}", template.text);
        }
        for workflow in playbook.workflows() {
            for named in workflow.steps.iter() {
                let Action::Send(send) = &named.action else { continue };
                let template = playbook.templates().find(|(name, _)| *name == send.template).unwrap().1;
                let is_marketing = send.class == postrider_model::Class::Marketing;
                assert_eq!(
                    template.text.contains("Reply STOP to opt out"),
                    is_marketing || send.template == "new-arrivals-joined",
                    "{}: {}",
                    workflow.name,
                    template.text
                );
            }
        }
    }
}

#[test]
fn no_two_playbooks_bring_a_thing_or_a_word_of_the_same_name() {
    let (mut names, mut words) = (BTreeSet::new(), BTreeSet::new());
    for playbook in shipped() {
        for asset in &playbook.assets {
            assert!(names.insert((asset.definition.kind(), asset.name.clone())), "{}", asset.name);
            let Definition::Service(service) = &asset.definition else { continue };
            for word in &service.words {
                assert!(words.insert(word.to_lowercase()), "{word}");
                assert!(!is_of_consent(word), "{word} is a word of consent");
            }
        }
    }
}

#[test]
fn the_shop_s_values_stand_in_the_texts() {
    let mut values = Values::default();
    values.set("hours=6").unwrap();
    values.set("offer.ko=무료 배송").unwrap();
    let cart = read(built_in("cart").unwrap().text, &values).unwrap();
    let template = cart.templates().find(|(name, _)| *name == "cart-coupon").unwrap().1;
    assert!(template.variants["ko"].contains("무료 배송") && template.text.contains("10% off"));
    assert_eq!(cart.outline.is_set(&values), Err(Missing(vec!["shop_url".to_owned()])));
    values.set("shop_url=https://kims.example").unwrap();
    assert_eq!(cart.outline.is_set(&values), Ok(()));
    let wrong = Values([("ours".to_owned(), "6".to_owned())].into());
    let told = read(built_in("cart").unwrap().text, &wrong).unwrap_err();
    assert!(told[0].detail.contains("did you mean \"hours\"?"), "{}", told[0]);
}

#[test]
fn every_mistake_has_its_line() {
    let text = r#"name = "tea"
title = { en = "Tea" }
about = { en = "Tea." }
[parameters.days]
kind = "number"
default = 3
about = { en = "Days" }

[template.tea-time]
en = "Time for tea, {{ nmae }}"
[template.coffee]
en = "Coffee {{ coupon('beans') }} {{ link('page:cup') }} "

[[workflow]]
name = "tea"
trigger = [{ segment = "thirsty" }, { keyword = "drink" }]
[[workflow.step]]
send = "tea-tmie"
[[workflow.step]]
wait = "${days}d"
[sevrice]
"#;
    let told: Vec<String> = read(text, &Values::default()).unwrap_err().iter().map(ToString::to_string).collect();
    let lines: Vec<usize> = told
        .iter()
        .map(|told| told.strip_prefix("line ").unwrap().split(':').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(lines, [10, 11, 12, 12, 16, 16, 18, 21], "{told:#?}");
    let told = read(&text.replace("${days}", "${day}"), &Values::default()).unwrap_err();
    assert_eq!(told[0].to_string(), "line 20: there is no parameter \"day\"; did you mean \"days\"?");
}

fn is_of_consent(word: &str) -> bool {
    use crate::keywords::{Changes, Reading, read};
    ["US", "KR", "TH"].iter().any(|country| read(word, country.parse().ok(), &Changes::default()) != Reading::Other)
}

#[test]
fn the_page_has_every_playbook_with_all_that_can_be_set() {
    let page = include_str!("../../../../docs/PLAYBOOKS.md");
    for playbook in shipped() {
        let outline = &playbook.outline;
        let about = outline.about.source(None).1;
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", outline.name)));
        let row = row.unwrap_or_else(|| panic!("{} is not in docs/PLAYBOOKS.md", outline.name));
        assert!(row.contains(about), "{}: {about}", outline.name);
        let own = outline.parameters.keys().filter(|name| !["shop_url", "from", "leave"].contains(&name.as_str()));
        own.for_each(|name| assert!(row.contains(&format!("`{name}`")), "{}: {name}", outline.name));
        for asset in &playbook.assets {
            let Definition::Service(service) = &asset.definition else { continue };
            service.words.iter().for_each(|word| assert!(page.contains(word), "{word}"));
        }
    }
}

#[test]
fn the_way_back_among_the_active_is_counted_by_what_the_shop_chose() {
    let told = |set: &str| {
        let mut values = Values::default();
        values.set(set).unwrap();
        let playbook = read(built_in("win-back").unwrap().text, &values).unwrap();
        let tree = playbook.assets.into_iter().find_map(|asset| {
            let Definition::Segment(_, tree) = asset.definition else { return None };
            Some(tree.to_string())
        });
        tree.unwrap()
    };
    for (behaviour, point) in [
        ("purchase", "last_purchase_at"),
        ("visit", "last_visit_at"),
        ("mail", "last_mail_opened_at"),
        ("card", "last_points_at"),
    ] {
        assert!(told(&format!("behaviour={behaviour}")).contains(point), "{behaviour}");
    }
}
