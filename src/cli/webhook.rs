//! `postrider webhook check`: what would be recorded of a body that a shop system posts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::out;
use super::settings::Wrong;
use crate::campaign::event::Event;
use crate::campaign::mapping::{Found, Mapping, Topic};
use crate::config::{WEBHOOK_MAPPINGS, webhook_mapping};
use crate::daemon::now;
use crate::model::{Country, PhoneNumber};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look a mapping over, and show what would be recorded of a sample; nothing is written
    Check(Args),
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The mapping: shopify, woocommerce, generic, or a file
    mapping: String,
    /// A body as the shop system posts it
    sample: Option<PathBuf>,
    /// The topic, where the mapping finds it in a header; read from the file's name if absent
    #[arg(long)]
    topic: Option<String>,
    /// The country of numbers that have no country code
    #[arg(long, value_name = "COUNTRY")]
    country: Option<Country>,
    /// Whose the earlier events are that the sample refers to
    #[arg(long, value_name = "NUMBER", default_value = "+821000000000")]
    known: PhoneNumber,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Check(args) = command;
    let mapping = mapping(&args.mapping)?;
    let Some(sample) = &args.sample else {
        let topics: Vec<_> = mapping.topics().into_iter().collect();
        out::line(format_args!("{}: {} rules, no mistakes", mapping.title, mapping.rules.len()))?;
        out::line(format_args!("topics: {}", topics.join(", ")))?;
        return Ok(ExitCode::SUCCESS);
    };
    let text = fs::read_to_string(sample).with_context(|| format!("cannot read {}", sample.display()))?;
    let body: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", sample.display()))?;
    let topic = match &args.topic {
        Some(topic) => topic.clone(),
        None => topic(&mapping, sample, &body)?,
    };
    let known = |_: &str, _: &str| Some(args.known.clone());
    let found = mapping.read(&topic, &body, args.country, now(), &known);
    tell(&topic, &found, args.json)?;
    let nothing = found.events.is_empty() && found.changes.is_empty() && found.consents.is_empty();
    Ok(if nothing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn mapping(name: &str) -> anyhow::Result<Mapping> {
    let built_in = WEBHOOK_MAPPINGS.iter().find(|file| file.name == name);
    let (file, text) = match built_in {
        Some(file) => (format!("{name}.toml, built in"), file.text.to_owned()),
        None => (name.to_owned(), fs::read_to_string(name).with_context(|| format!("cannot read the mapping {name}"))?),
    };
    Ok(webhook_mapping(&file, &text).map_err(Wrong)?)
}

/// The topic in the body, or the one that the sample's file is named after: `orders-create.json` is `orders/create`.
fn topic(mapping: &Mapping, sample: &Path, body: &Value) -> anyhow::Result<String> {
    if let Topic::Body(path) = &mapping.topic
        && let Some(topic) = path.all(body, body).first().and_then(|value| value.as_str())
    {
        return Ok(topic.to_owned());
    }
    let plain = |text: &str| text.replace(['/', '_'], "-");
    let stem = plain(sample.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default());
    let topics = mapping.topics();
    let named = topics.iter().filter(|topic| stem.starts_with(&plain(topic))).max_by_key(|topic| topic.len());
    match named {
        Some(topic) => Ok((*topic).to_owned()),
        None => bail!("say which topic it has with --topic: {}", topics.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

fn tell(topic: &str, found: &Found, as_json: bool) -> anyhow::Result<()> {
    let events: Vec<Value> = found.events.iter().map(event_json).collect();
    let contacts: Vec<Value> = found
        .changes
        .iter()
        .map(|change| {
            json!({ "number": change.number.as_str(), "name": change.name.clone().flatten(),
                "locale": change.locale.as_ref().and_then(|locale| locale.as_ref()).map(|locale| locale.as_str()),
                "attributes": change.attributes.iter().map(|(name, value)| {
                    (name.clone(), value.as_ref().map_or(Value::Null, |value| value.to_json()))
                }).collect::<serde_json::Map<_, _>>(), "add_tags": change.tags.add, "add_lists": change.lists.add })
        })
        .collect();
    let consents: Vec<Value> = found
        .consents
        .iter()
        .map(|said| {
            json!({ "number": said.number.as_str(), "purpose": "marketing", "given": said.given,
                "at": said.at.to_string(), "words": said.words, "proof": said.proof })
        })
        .collect();
    if as_json {
        let all = json!({ "topic": topic, "events": events, "contacts": contacts, "consents": consents,
            "left_out": found.left_out });
        out::line(serde_json::to_string_pretty(&all)?)?;
        return Ok(());
    }
    out::line(format_args!("topic {topic}"))?;
    for (what, all) in [("event", events), ("contact", contacts), ("consent", consents)] {
        for one in all {
            out::line(format_args!("{what} {}", serde_json::to_string_pretty(&one)?))?;
        }
    }
    for reason in &found.left_out {
        out::line(format_args!("left out: {reason}"))?;
    }
    Ok(())
}

fn event_json(event: &Event) -> Value {
    json!({ "type": event.kind, "id": event.id, "contact": event.number.as_str(), "at": event.at.to_string(),
        "amount": event.amount.map(|amount| amount.to_json()), "currency": event.currency,
        "products": event.products.iter().map(|product| product.to_json()).collect::<Vec<_>>(),
        "properties": event.properties })
}
