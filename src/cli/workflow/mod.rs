//! `postrider workflow`: checks definitions, plays them in fast time, and shows who is in which.
//!
//! | file | what |
//! |---|---|
//! | `file` | reads a workflow with the texts beside it |
//! | `world` | a gateway in memory with a clock of its own |
//! | `people` | the contact of a play |
//! | `play`, `simulate` | plays a workflow there, and prints what it did |
//! | `show` | what is printed of workflows and enrolments |

mod file;
mod people;
mod play;
mod show;
mod simulate;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{bail, ensure};
use clap::Subcommand;

use self::file::Source;
use super::database::Which;
use super::out;
use crate::campaign::contact::read_number;
use crate::daemon::now;
use crate::pipeline::{Settings, Turn, workflow as stage};
use crate::store::StoreError;
use crate::store::campaign::enrolment::{self, Filter};
use crate::store::campaign::{contact, workflow as table};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a definition: every mistake with its line and key
    Check {
        /// A workflow as TOML or JSON, or a playbook
        file: PathBuf,
    },
    /// Play a workflow for one contact in fast time: what would be sent when, and why not
    Simulate(simulate::Args),
    /// Define a workflow, or give it a new version; who is in it goes on with the old one
    Put {
        /// A workflow as TOML or JSON
        file: PathBuf,
        /// Let triggers begin it at once
        #[arg(long)]
        activate: bool,
        #[command(flatten)]
        which: Which,
    },
    /// List the workflows
    List {
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a workflow: its definition, and how many stand where
    Show {
        /// Its name
        name: String,
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show who is or was in a workflow, where each stands and why
    Enrolments {
        /// Its name
        name: String,
        /// Only this contact, with all that was done
        #[arg(long, value_name = "NUMBER")]
        contact: Option<String>,
        /// Only those that are not over
        #[arg(long)]
        running: bool,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        which: Which,
        /// Print JSON, one enrolment a line
        #[arg(long)]
        json: bool,
    },
    /// Let triggers begin a workflow; what it names must be there
    Activate {
        /// Its name
        name: String,
        #[command(flatten)]
        which: Which,
    },
    /// Let triggers no longer begin a workflow; who is in it goes on
    Deactivate {
        /// Its name
        name: String,
        #[command(flatten)]
        which: Which,
    },
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { file } => return check(file),
        Command::Simulate(args) => return simulate::run(args),
        Command::Put { file, activate, which } => put(file, *activate, which)?,
        Command::List { which, json } => show::list(&which.read(which.settings()?.as_ref())?, *json)?,
        Command::Show { name, which, json } => show::one(&which.read(which.settings()?.as_ref())?, name, *json)?,
        Command::Enrolments { name, contact, running, limit, which, json } => {
            let settings = which.settings()?;
            let country = settings.as_ref().and_then(|settings| settings.messages.default_country);
            let connection = which.read(settings.as_ref())?;
            ensure!(table::standing(&connection, name)?.is_some(), "there is no workflow \"{name}\"");
            let contact = match contact {
                None => None,
                Some(text) => {
                    let number = read_number(text, country)?;
                    let Some(id) = contact::id_of(&connection, &number)? else { bail!("there is no contact {number}") };
                    Some(id)
                }
            };
            let running = running.then_some(true);
            let filter = Filter { workflow: Some(name.clone()), contact, running, ..Filter::default() };
            let (found, next) = enrolment::list(&connection, &filter, (*limit).clamp(1, 10_000))?;
            show::enrolments(&connection, &found, *json)?;
            if next.is_some() && !json {
                out::line(format_args!("and more; --limit shows more than {limit}"))?;
            }
        }
        Command::Activate { name, which } => activate(name, which)?,
        Command::Deactivate { name, which } => {
            let is_there = turn(which, |turn| stage::deactivate(turn, name))?;
            ensure!(is_there, "there is no workflow \"{name}\"; postrider workflow list shows all");
            out::line(format_args!("{name}: nothing begins it any more; who is in it goes on"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something in the database; a running daemon sees it within a minute.
fn turn<T>(which: &Which, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> anyhow::Result<T> {
    let settings = Settings::default();
    Ok(which.open()?.write(|tx| work(&Turn::new(tx, &settings, now())))?)
}

fn check(path: &std::path::Path) -> anyhow::Result<ExitCode> {
    let source = match Source::read(path) {
        Ok(source) => source,
        Err(file::Wrong::Mistakes(mistakes)) => {
            for mistake in &mistakes {
                out::line(format_args!("{}:{mistake}", path.display()).to_string().replace(":line ", ", line "))?;
            }
            out::line(out::count(mistakes.len(), "mistake"))?;
            return Ok(ExitCode::FAILURE);
        }
        Err(file::Wrong::Unreadable(error)) => return Err(error),
    };
    for workflow in &source.workflows {
        out::line(format_args!("{}: {}, no mistakes", workflow.name, out::count(workflow.steps.len(), "step")))?;
    }
    for gap in source.gaps()? {
        out::line(format_args!("to be there before it is activated: {gap}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn put(path: &std::path::Path, active: bool, which: &Which) -> anyhow::Result<()> {
    let source = Source::read(path).map_err(|wrong| wrong.told(path))?;
    for workflow in &source.workflows {
        let version = turn(which, |turn| stage::define(turn, workflow))?;
        let Some(version) = version else { bail!("there are as many workflows as there may be") };
        out::line(format_args!("{}: version {version}", workflow.name))?;
        if active {
            activate(&workflow.name, which)?;
        }
    }
    Ok(())
}

fn activate(name: &str, which: &Which) -> anyhow::Result<()> {
    let missing = turn(which, |turn| {
        let Some(stored) = table::find(turn.tx.connection(), name)? else { return Ok(None) };
        let missing = stage::missing(turn.tx.connection(), stored.workflow.names())?;
        let missing: Vec<String> = missing.iter().map(|gone| format!("{} \"{}\"", gone.kind, gone.name)).collect();
        if missing.is_empty() {
            stage::activate(turn, name)?;
        }
        Ok(Some(missing))
    })?;
    match missing {
        None => bail!("there is no workflow \"{name}\"; postrider workflow list shows all"),
        Some(missing) => ensure!(missing.is_empty(), "{name} cannot begin; there is no {}", missing.join(", no ")),
    }
    out::line(format_args!("{name}: is active"))?;
    Ok(())
}
