//! `postrider consent`: who agreed to what. Recording goes through the running daemon, which owns the rows.

mod import;
mod show;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::Daemon;
use super::out;
use crate::model::{PhoneNumber, Timestamp};

/// How long the daemon may take.
const WAIT: Duration = Duration::from_secs(60);

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what holds for a number and all that was said
    Show(show::Args),
    /// Record that somebody agreed
    Grant(SayArgs),
    /// Record that somebody refused; what waits for the number is blocked
    Withdraw(SayArgs),
    /// Record the consents of a CSV file; it never brings back who has left
    Import(import::Args),
}

#[derive(Debug, Args)]
pub struct SayArgs {
    /// The number, with country code
    number: PhoneNumber,
    /// marketing, marketing_night or transactional
    #[arg(long, default_value = "marketing")]
    purpose: String,
    /// When it was said, like 2026-11-22T09:00:00+09:00; now if absent
    #[arg(long)]
    at: Option<Timestamp>,
    /// The sender that it is about; all if absent
    #[arg(long)]
    scope: Option<String>,
    /// In which words
    #[arg(long)]
    words: Option<String>,
    /// What proves it: the number of a form, of a call
    #[arg(long)]
    proof: Option<String>,
    /// Ask the person to confirm with YES
    #[arg(long)]
    double_opt_in: bool,
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show(args) => show::run(args),
        Command::Grant(args) => say(args, true),
        Command::Withdraw(args) => say(args, false),
        Command::Import(args) => import::run(args),
    }
}

fn say(args: &SayArgs, given: bool) -> anyhow::Result<ExitCode> {
    let mut body = json!({
        "number": args.number.as_str(), "purpose": args.purpose, "given": given, "source": "staff",
        "scope": args.scope, "words": args.words, "proof": args.proof, "at": args.at.map(|at| at.to_string()),
    });
    if args.double_opt_in {
        body["double_opt_in"] = Value::Bool(true);
    }
    let said: Value = args.daemon.find()?.ask("POST", "/v1/consents", Some(&body), WAIT)?;
    if args.json {
        out::line(serde_json::to_string_pretty(&said)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for one in said["consents"].as_array().into_iter().flatten() {
        let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        out::line(format_args!(
            "{} {}: {} since {}",
            word("number"),
            word("purpose"),
            word("standing"),
            word("since")
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
