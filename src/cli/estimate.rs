//! `postrider estimate TEXT`: what a text would cost, and which characters make it dear.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};

use super::{out, settings};
use crate::daemon::plan;
use crate::model::Class;
use crate::pipeline::{self, Draft};
use crate::text::{Change, Estimate};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text
    text: String,
    /// Estimate for the routes of this configuration; without it, for a carrier that takes GSM 7-bit and UCS-2
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The route; the first one if absent
    #[arg(long, requires = "config")]
    route: Option<String>,
    /// Replace characters by similar ones where that keeps the text in GSM 7-bit
    #[arg(long)]
    transliterate: bool,
    /// Print JSON, as POST /v1/estimate answers
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = args.config.as_deref().map(settings::load_without_secrets).transpose()?;
    let settings = settings.as_ref().map_or_else(pipeline::Settings::default, plan::pipeline);
    let draft = Draft {
        text: &args.text,
        to: None,
        class: Class::Transactional,
        route: args.route.as_deref(),
        transliterate: args.transliterate.then_some(true),
    };
    let estimate = pipeline::estimate(&settings, draft)
        .map(|estimated| estimated.estimate)
        .map_err(|refusal| anyhow!(refusal.message))?;
    if args.json {
        out::line(serde_json::to_string_pretty(&estimate).context("an estimate is JSON")?)?;
    } else {
        for line in lines(&estimate) {
            out::line(line)?;
        }
    }
    Ok(if estimate.refusal.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn lines(estimate: &Estimate) -> Vec<String> {
    let mut lines = Vec::new();
    let national =
        if estimate.national.is_empty() { String::new() } else { format!(" ({})", estimate.national.join(", ")) };
    lines.push(format!("encoding   {}{national}", estimate.alphabet.as_str()));
    lines.push(format!("segments   {} of at most {}", estimate.segments, estimate.segments_max));
    lines.push(format!(
        "length     {}, {}; {} fit a segment, {} more fit the last one",
        out::count(estimate.characters, "character"),
        out::count(estimate.units_used, "unit"),
        estimate.units_per_segment,
        estimate.units_left
    ));
    lines.extend(changes("replaced", &estimate.changes));
    for (place, forcing) in estimate.forced_ucs2.iter().enumerate() {
        let places: Vec<String> = forcing.positions.iter().map(|place| (place + 1).to_string()).collect();
        let (head, name) = (if place == 0 { "forced by" } else { "" }, forcing.name.unwrap_or_default());
        let more = if forcing.count > places.len() { ", …" } else { "" };
        let (shown, code) = (shown(forcing.character), &forcing.code_point);
        lines.push(format!(
            "{head:11}{shown}  {code} {name}, {} (character {}{more})",
            times(forcing.count),
            places.join(", ")
        ));
    }
    if let Some(variant) = &estimate.gsm7_variant {
        let levels: Vec<&str> = variant.levels.iter().map(|level| level.as_str()).collect();
        let segments = out::count(variant.segments, "segment");
        let with = if levels.is_empty() { String::new() } else { format!(", replacing {}", levels.join(" and ")) };
        lines.push(format!("in gsm7    {segments}{with}"));
        lines.push(format!("           {}", variant.text));
        lines.extend(changes("", &variant.changes));
    }
    if let Some(refusal) = &estimate.refusal {
        lines.push(format!("refused    {refusal}"));
    }
    lines
}

fn changes(head: &str, changes: &[Change]) -> Vec<String> {
    let line = |(place, change): (usize, &Change)| {
        let (head, from) = (if place == 0 { head } else { "" }, shown(change.from));
        let to = if change.to.is_empty() { "nothing".to_owned() } else { change.to.clone() };
        format!("{head:11}{from} -> {to}, {}", times(change.count))
    };
    changes.iter().enumerate().map(line).collect()
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// A character that can be printed by itself.
fn shown(character: char) -> String {
    let marks = '\u{300}'..='\u{36f}';
    if character.is_control()
        || character.is_whitespace()
        || marks.contains(&character)
        || ('\u{fe00}'..='\u{fe0f}').contains(&character)
    {
        return "·".to_owned();
    }
    character.to_string()
}
