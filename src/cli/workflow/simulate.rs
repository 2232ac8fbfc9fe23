//! `postrider workflow simulate`: plays a workflow for one contact in fast time, with the pipeline of the daemon over a
//! database in memory, and prints what it did when.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use jiff::tz::TimeZone;

use super::super::settings;
use super::file::Source;
use super::people::{people, zone_of};
use super::play::{Input, Play};
use super::world::World;
use crate::campaign::Rules;
use crate::campaign::workflow::{Span, Workflow};
use crate::daemon::now;
use crate::model::Timestamp;

/// What stands for the shop's own where no configuration is named.
const BRAND: &str = "Shop";
const REFUSAL_NUMBER: &str = "080-000-0000";
/// Most things that happen on the way.
const INPUTS_MAX: usize = 200;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A workflow as TOML or JSON with templates.toml beside it, or a playbook
    file: PathBuf,
    /// Which workflow of a playbook; the first if absent
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// A number, or a JSON file as PUT /v1/contacts takes it
    #[arg(long, value_name = "FILE-or-NUMBER")]
    contact: String,
    /// The event that begins it, like {"type": "cart_updated", "properties": {"url": "..."}}; what its first trigger waits
    /// for, with one product, if absent
    #[arg(long, value_name = "JSON")]
    event: Option<String>,
    /// When it begins, like 2026-11-22T10:00:00+09:00; now if absent
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How long to play
    #[arg(long, value_name = "SPAN", default_value = "120d")]
    until: String,
    /// What the contact writes, so long after the beginning, like 3d:YES
    #[arg(long, value_name = "SPAN:TEXT")]
    answer: Vec<String>,
    /// Which step's link the contact follows, so long after the beginning, like remind@2h
    #[arg(long, value_name = "STEP@SPAN")]
    click: Vec<String>,
    /// What else happens, so long after the beginning, like 2d:{"type": "purchase"}
    #[arg(long, value_name = "SPAN:JSON")]
    later: Vec<String>,
    /// Take brand, consent and hours from this configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the contact, templates, coupons, segments and other workflows from this database
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    play(args)?.print(args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Plays it, until it is over or the time is.
fn play(args: &Args) -> anyhow::Result<Play> {
    let source = Source::read(&args.file).map_err(|wrong| wrong.told(&args.file))?;
    let workflow = chosen(&source, args.workflow.as_deref())?.clone();
    let begins = match &args.at {
        Some(text) => {
            text.parse().map_err(|_| anyhow!("--at: \"{text}\" is no instant like 2026-11-22T10:00:00+09:00"))?
        }
        None => now(),
    };
    let rules = match &args.config {
        Some(file) => settings::load_without_secrets(file)?.consent,
        None => {
            Rules { brand: Some(BRAND.to_owned()), refusal_number: Some(REFUSAL_NUMBER.to_owned()), ..Rules::default() }
        }
    };
    let country = rules.country;
    let mut world = World::new(rules, begins)?;
    let number = people(&mut world, &args.contact, args.database.as_deref(), country)?;
    let zone = zone_of(&world, &number)?;
    world.bring(&source)?;
    let gaps = if args.database.is_some() { Vec::new() } else { source.gaps()? };
    let mut play = Play::new(world, &workflow.name, number, zone, gaps);
    let ends = Span::parse(&args.until).map_err(|why| anyhow!("--until: {why}"))?.from(begins, &play.zone);
    let mut inputs = inputs(args, begins, &play.zone)?;
    play.begin(args.event.as_deref(), &workflow)?;
    play.settle()?;
    loop {
        let next = play.world.settle()?;
        let input = inputs.first().map(|(at, _)| *at);
        let Some(at) = next.into_iter().chain(input).min().filter(|at| *at <= ends) else { break };
        play.world.now = at.max(play.world.now);
        while let Some((_, input)) = inputs.first().filter(|(at, _)| *at <= play.world.now).cloned() {
            inputs.remove(0);
            play.happens(&input)?;
        }
        play.settle()?;
        if inputs.is_empty() && play.is_over()? {
            break;
        }
    }
    Ok(play)
}

fn chosen<'s>(source: &'s Source, name: Option<&str>) -> anyhow::Result<&'s Workflow> {
    let names = || source.workflows.iter().map(|workflow| workflow.name.as_str()).collect::<Vec<_>>().join(", ");
    match name {
        None => source.workflows.first().context("the file has no workflow"),
        Some(name) => {
            let found = source.workflows.iter().find(|workflow| workflow.name == name);
            found.with_context(|| format!("the file has no workflow \"{name}\"; it has {}", names()))
        }
    }
}

fn inputs(args: &Args, begins: Timestamp, zone: &TimeZone) -> anyhow::Result<Vec<(Timestamp, Input)>> {
    let at = |span: &str, option: &str| {
        let span = Span::parse(span.trim()).map_err(|why| anyhow!("--{option}: {why}"))?;
        Ok::<_, anyhow::Error>(span.from(begins, zone))
    };
    let mut all = Vec::new();
    for answer in &args.answer {
        let (span, text) =
            answer.split_once(':').with_context(|| format!("--answer is like 3d:YES, not \"{answer}\""))?;
        all.push((at(span, "answer")?, Input::Writes(text.to_owned())));
    }
    for click in &args.click {
        let (step, span) =
            click.rsplit_once('@').with_context(|| format!("--click is like remind@2h, not \"{click}\""))?;
        all.push((at(span, "click")?, Input::Clicks(step.to_owned())));
    }
    for later in &args.later {
        let (span, event) = later
            .split_once(':')
            .with_context(|| format!("--later is like 2d:{{\"type\": \"purchase\"}}, not \"{later}\""))?;
        let event = serde_json::from_str(event).with_context(|| format!("--later: this is no JSON: {event}"))?;
        all.push((at(span, "later")?, Input::Happens(event)));
    }
    ensure!(all.len() <= INPUTS_MAX, "at most {INPUTS_MAX} things happen on the way");
    all.sort_by_key(|(at, _)| *at);
    Ok(all)
}

#[cfg(test)]
#[path = "simulate_tests.rs"]
mod tests;
