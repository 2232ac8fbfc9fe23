//! `postrider segment`: counts segments, and shows who is in them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::contact::lines;
use super::database::Which;
use super::out;
use super::time::instant;
use crate::campaign::segment::{self, Compiled, ready};
use crate::daemon::now;
use crate::model::Random;
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::{live, segment as table};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the segments: those that the shop defined, and those that come with the program
    List {
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Count the contacts of a segment
    Count {
        #[command(flatten)]
        segment: Segment,
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show some contacts of a segment, each as likely as any other
    Sample {
        #[command(flatten)]
        segment: Segment,
        /// How many
        #[arg(long, default_value_t = 20)]
        size: usize,
        #[command(flatten)]
        which: Which,
        /// Print JSON, one contact a line
        #[arg(long)]
        json: bool,
    },
    /// Make a segment live: it knows its members and tells who comes and goes
    Live {
        /// The segment's name
        name: String,
        /// Those who are in it now come in with an event each, and set off workflows
        #[arg(long, conflicts_with = "off")]
        backfill: bool,
        /// Make it live no more
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        which: Which,
    },
}

/// A segment by its name, or by a file with its conditions.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Segment {
    /// The segment's name
    name: Option<String>,
    /// A JSON file with conditions that have no name yet
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { which, json } => list(&which.read(which.settings()?.as_ref())?, *json)?,
        Command::Count { segment, which, json } => {
            let connection = which.read(which.settings()?.as_ref())?;
            let compiled = compiled(&connection, segment)?;
            let begun = instant();
            let (count, all) = (table::count(&connection, &compiled)?, contact::count(&connection)?);
            let took = begun.elapsed().as_secs_f64();
            if *json {
                out::line(json!({ "count": count, "contacts": all }))?;
            } else {
                out::line(format_args!("{count} of {all} contacts ({took:.2} s)"))?;
            }
        }
        Command::Sample { segment, size, which, json } => {
            let connection = which.read(which.settings()?.as_ref())?;
            let compiled = compiled(&connection, segment)?;
            let mut random = Random::new(now().as_millis().cast_unsigned());
            let (count, ids) = table::sample(&connection, &compiled, (*size).min(10_000), &mut random)?;
            let stored = ids.into_iter().map(|id| contact::by_id(&connection, id)).filter_map(Result::transpose);
            let stored: Vec<Stored> = stored.collect::<Result<_, _>>()?;
            lines(&stored, *json)?;
            if !json {
                out::line(format_args!("{} of {count}", stored.len()))?;
            }
        }
        Command::Live { name, backfill, off, which } => make_live(which, name, *backfill, *off)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make_live(which: &Which, name: &str, backfill: bool, off: bool) -> anyhow::Result<()> {
    let mut database = which.open()?;
    if off {
        if !database.write(|tx| live::end(tx, name))? {
            bail!("segment \"{name}\" is not live; postrider segment list shows which are");
        }
        return Ok(out::line(format_args!("{name} is live no more"))?);
    }
    if !database.write(|tx| live::begin(tx, name, backfill, now()))? {
        bail!("there is no segment \"{name}\"; postrider segment list shows all");
    }
    out::line(format_args!("{name} is live; the daemon begins to count its members within a minute"))?;
    Ok(())
}

fn compiled(connection: &Connection, segment: &Segment) -> anyhow::Result<Compiled> {
    let tree = tree(connection, segment)?;
    let tree = segment::read(&tree).map_err(|faults| {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        anyhow!("the segment has mistakes:\n{}", lines.join("\n"))
    })?;
    Ok(segment::compile(&tree, &table::calendars(connection, now())?))
}

fn tree(connection: &Connection, segment: &Segment) -> anyhow::Result<Value> {
    if let Some(file) = &segment.file {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        return serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()));
    }
    let name = segment.name.as_deref().unwrap_or_default();
    if let Some(ready) = ready::named(name) {
        return Ok(ready.tree);
    }
    let Some(stored) = table::find(connection, name)? else {
        bail!("there is no segment \"{name}\"; postrider segment list shows all")
    };
    Ok(serde_json::from_str(&stored.tree)?)
}

fn list(connection: &Connection, json: bool) -> anyhow::Result<()> {
    let (own, live) = (table::list(connection)?, live::list(connection)?);
    let members = |name: &str| live.iter().find(|live| live.name == name).map(|live| live.members);
    if json {
        let own = own.into_iter().map(|stored| {
            json!({ "name": stored.name, "title": stored.title, "ready": false, "members": members(&stored.name),
                "tree": serde_json::from_str::<Value>(&stored.tree).unwrap_or_default() })
        });
        let ready = ready::all().map(|ready| {
            json!({ "name": ready.name, "title": ready.title, "about": ready.about, "ready": true,
                "members": members(&ready.name), "tree": ready.tree })
        });
        out::line(json!({ "segments": own.chain(ready).collect::<Vec<_>>() }))?;
        return Ok(());
    }
    let shown = |name: &str| members(name).map_or_else(String::new, |members| members.to_string());
    let mut rows = vec![["name", "title", "members", "about"].map(str::to_owned)];
    rows.extend(own.into_iter().map(|stored| {
        let members = shown(&stored.name);
        [stored.name, stored.title, members, "defined by the shop".to_owned()]
    }));
    rows.extend(ready::all().map(|ready| {
        let members = shown(&ready.name);
        [ready.name, ready.title, members, ready.about]
    }));
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    Ok(())
}
