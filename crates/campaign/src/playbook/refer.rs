//! Checks what holds a playbook together: names that begin with its own, what its parts name, and whether its texts can be
//! written in each language within their segments.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Asset, Definition, LANGUAGES, Playbook, sample};
use crate::fault::{Fault, pointer_part, short};
use crate::page::Page;
use crate::segment::ready;
use crate::template::Template;
use crate::workflow::{self, On, Workflow};

/// The scheme of links to the gateway's own pages.
const PAGE: &str = "page:";

/// Checks all of it; `value` is the document that it was read from.
pub fn check(playbook: &Playbook, value: &Value, faults: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for asset in &playbook.assets {
        let place = place(playbook, asset, value);
        let kind = asset.definition.kind();
        check_name(playbook, asset, &place, faults);
        if !seen.insert((kind, asset.name.as_str())) {
            faults.push(Fault::new(&place, "repeated", format!("there are two {kind}s \"{}\"", asset.name)));
        }
        match &asset.definition {
            Definition::Template(template) => check_template(playbook, template, &place, faults),
            Definition::Workflow(workflow) => check_workflow(playbook, workflow, &place, faults),
            Definition::Page(page) => {
                let named = [("survey", &page.survey), ("contest", &page.contest), ("coupon", &page.coupon)];
                check_named(playbook, &named, &place, faults);
            }
            Definition::Service(service) => {
                let named = [("survey", &service.survey), ("contest", &service.contest)];
                check_named(playbook, &named, &place, faults);
            }
            Definition::Survey(_) | Definition::Contest(_) | Definition::Coupon(_) | Definition::Segment(..) => {}
        }
    }
}

/// Where something stands in the document.
fn place(playbook: &Playbook, asset: &Asset, value: &Value) -> String {
    let kind = asset.definition.kind();
    let of_kind = value.get(kind).and_then(Value::as_array);
    let is_it = |entry: &Value| entry.get("name").and_then(Value::as_str) == Some(&asset.name);
    let before = playbook.assets.iter().take_while(|other| !std::ptr::eq(*other, asset));
    let same = before.filter(|other| other.name == asset.name && other.definition.kind() == kind).count();
    match of_kind {
        Some(entries) => {
            let n = entries.iter().enumerate().filter(|(_, entry)| is_it(entry)).nth(same).map_or(0, |(n, _)| n);
            format!("/{kind}/{n}")
        }
        None => format!("/{kind}/{}", pointer_part(&asset.name)),
    }
}

fn check_name(playbook: &Playbook, asset: &Asset, place: &str, faults: &mut Vec<Fault>) {
    let own = &playbook.outline.name;
    let begins = asset.name.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if let Err(detail) = workflow::check_name(&asset.name) {
        faults.push(Fault::new(place, "wrong_name", detail));
    } else if !begins {
        let detail = format!(
            "the name \"{}\" does not begin with the playbook's own, so it could be another's; call it \"{own}-{}\"",
            short(&asset.name),
            short(&asset.name)
        );
        faults.push(Fault::new(place, "foreign_name", detail));
    }
}

fn check_template(playbook: &Playbook, template: &Template, place: &str, faults: &mut Vec<Fault>) {
    for language in LANGUAGES {
        let Some(friend) = sample::friend(language) else { continue };
        let variant = template.source(friend.locale.as_ref()).0.unwrap_or("en");
        let place = format!("{place}/{variant}");
        let rendered = match sample::render(friend, |fields, grants| template.render(fields, grants)) {
            Ok(rendered) => rendered,
            Err(skip) => {
                faults.push(Fault::new(
                    place,
                    "not_written",
                    format!("who reads {language} would get no text: {skip}"),
                ));
                continue;
            }
        };
        let segments = sample::segments(&rendered.text, language);
        if segments > usize::from(template.segments_max) {
            let most = template.segments_max;
            let detail = format!(
                "a usual text has {segments} segments, more than the {most} that are allowed: {}",
                rendered.text
            );
            faults.push(Fault::new(&place, "too_many_segments", detail));
        }
        for pool in rendered.coupons.iter().filter(|pool| !playbook.has("coupon", pool)) {
            faults.push(Fault::new(&place, "unknown_coupon", lacks("coupon", pool)));
        }
        for page in rendered.links.iter().filter_map(|target| target.strip_prefix(PAGE)) {
            if !playbook.has("page", page) && !Page::READY.contains(&page) {
                faults.push(Fault::new(&place, "unknown_page", lacks("page", page)));
            }
        }
    }
}

fn check_workflow(playbook: &Playbook, workflow: &Workflow, place: &str, faults: &mut Vec<Fault>) {
    for named in workflow.names() {
        let kind = if named.kind == "coupon pool" { "coupon" } else { named.kind };
        let is_ready = kind == "segment" && ready::named(named.name).is_some();
        if !playbook.has(kind, named.name) && !is_ready {
            faults.push(Fault::new(format!("{place}{}", named.pointer), "unknown_name", lacks(kind, named.name)));
        }
    }
    for (n, trigger) in workflow.triggers.iter().enumerate() {
        if let On::Keyword(service) = &trigger.on
            && !playbook.has("service", service)
        {
            faults.push(Fault::new(format!("{place}/trigger/{n}/keyword"), "unknown_name", lacks("service", service)));
        }
    }
}

fn check_named(playbook: &Playbook, named: &[(&'static str, &Option<String>)], place: &str, faults: &mut Vec<Fault>) {
    for (kind, name) in named {
        if let Some(name) = name
            && !playbook.has(kind, name)
        {
            faults.push(Fault::new(format!("{place}/{kind}"), "unknown_name", lacks(kind, name)));
        }
    }
}

fn lacks(kind: &str, name: &str) -> String {
    format!("the playbook has no {kind} \"{}\"", short(name))
}
