//! `postrider law`: when a message may go to a number and why, and the table of countries with its sources.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{out, settings};
use crate::campaign::Rules;
use crate::campaign::hours::{self, Verdict};
use crate::campaign::law::{Place, Table, zone};
use crate::daemon::now;
use crate::model::{Class, PhoneNumber, Timestamp};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell when a message may go to a number, and why
    Check(CheckArgs),
    /// Show what is known of all countries, with sources and dates
    Table {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The number, with country code
    number: PhoneNumber,
    /// The moment, like 2026-11-22T23:00:00+09:00; now if absent
    #[arg(long)]
    at: Option<Timestamp>,
    /// otp, transactional or marketing
    #[arg(long, default_value_t = Class::Marketing)]
    class: Class,
    /// The recipient's own time zone, like Asia/Seoul; guessed from the number if absent
    #[arg(long)]
    time_zone: Option<String>,
    /// The configuration whose [consent] counts; the defaults if absent
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check(args),
        Command::Table { json } => table(*json),
    }
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let rules = match &args.config {
        Some(file) => settings::load_without_secrets(file)?.consent,
        None => Rules::default(),
    };
    let own = args.time_zone.as_deref().map(|name| {
        zone(name).ok_or_else(|| anyhow::anyhow!("\"{name}\" is no time zone; write an IANA name like Asia/Seoul"))
    });
    let place = Place::of(&args.number, &rules, own.transpose()?.as_ref());
    let at = args.at.unwrap_or_else(now);
    let enforced = rules.is_quiet(args.class);
    let verdict = if enforced { hours::when(&place, &rules, false, at) } else { Verdict::Allowed };
    let not_before = match verdict {
        Verdict::NotBefore(open) => Some(open),
        Verdict::Allowed | Verdict::Never => None,
    };
    let zones: Vec<&str> = place.zones.iter().filter_map(|zone| zone.iana_name()).collect();
    let country = place.country.map(|country| country.to_string());
    if args.json {
        let said = json!({
            "number": args.number.as_str(), "country": country, "region": place.region, "class": args.class.as_str(),
            "time_zones": zones, "hours": place.week.to_string(), "enforced": enforced,
            "allowed": verdict == Verdict::Allowed, "not_before": not_before.map(|open| open.to_string()),
            "night_by_consent": place.row.night_by_consent, "basis": place.row.basis.as_str(),
            "source": place.row.source, "as_of": place.row.as_of, "note": place.row.note,
        });
        out::line(serde_json::to_string_pretty(&said)?)?;
    } else {
        let region = place.region.map(|region| format!("-{region}")).unwrap_or_default();
        out::line(format_args!(
            "country  {}{region}",
            country.as_deref().unwrap_or("none: not a number of a country")
        ))?;
        out::line(format_args!("zones    {}", zones.join(", ")))?;
        out::line(format_args!("hours    {}", place.week))?;
        let row = place.row;
        out::line(format_args!("source   {} ({}, as of {})", row.source, row.basis.as_str(), row.as_of))?;
        if !row.note.is_empty() {
            out::line(format_args!("note     {}", row.note))?;
        }
        out::line(format_args!("verdict  {}", words(args.class, enforced, verdict, at)))?;
    }
    Ok(if verdict == Verdict::Allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(class: Class, enforced: bool, verdict: Verdict, at: Timestamp) -> String {
    match verdict {
        Verdict::Allowed if !enforced => format!("{class} messages may go at any time"),
        Verdict::Allowed => format!("a {class} message may go at {at}"),
        Verdict::NotBefore(open) => format!("a {class} message of {at} goes from {open}"),
        Verdict::Never => format!("no hour of the next month is allowed for {class} messages"),
    }
}

fn table(as_json: bool) -> anyhow::Result<ExitCode> {
    let rows = Table::built_in().rows();
    if as_json {
        let all: Vec<Value> = rows
            .map(|(country, row)| {
                let regions: serde_json::Map<String, Value> =
                    row.regions.iter().map(|(name, week)| (name.to_string(), week.to_string().into())).collect();
                json!({
                    "country": country.map(|country| country.to_string()), "hours": row.week.to_string(), "regions": regions,
                    "night_by_consent": row.night_by_consent, "label": row.label.as_ref().map(|label| label.prefix.clone()),
                    "renew_months": row.renew_months, "tell_days": row.tell_days, "basis": row.basis.as_str(),
                    "source": row.source, "as_of": row.as_of, "note": row.note,
                })
            })
            .collect();
        out::line(serde_json::to_string_pretty(&all)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = vec![["country", "hours", "basis", "as of", "source"].map(str::to_owned)];
    for (country, row) in rows {
        let name = country.map_or("others".to_owned(), |country| country.to_string());
        let (basis, as_of) = (row.basis.as_str().to_owned(), row.as_of.to_string());
        lines.push([name, row.week.to_string(), basis, as_of.clone(), row.source.to_string()]);
        for (region, week) in &row.regions {
            lines.push([format!("  {region}"), week.to_string(), String::new(), as_of.clone(), String::new()]);
        }
    }
    for line in out::columns(&lines) {
        out::line(line)?;
    }
    Ok(ExitCode::SUCCESS)
}
