//! `postrider campaign`: campaigns of the running daemon: written, foretold, started, watched, stopped, and what they came to.

mod file;
mod show;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::api::{Api, Daemon, path_part};
use super::out;

/// How long the daemon may take; a report goes over all recipients.
const WAIT: Duration = Duration::from_secs(120);

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the campaigns, the newest first
    List {
        #[command(flatten)]
        daemon: Daemon,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a campaign, and how many of its recipients are in each state
    Show(Named),
    /// Look a campaign's file over; nothing is sent anywhere
    Check {
        /// A TOML file, or a JSON file that ends in .json
        file: PathBuf,
    },
    /// Write a campaign from a file, or change it while it is a draft
    Put {
        /// A TOML file, or a JSON file that ends in .json
        file: PathBuf,
        #[command(flatten)]
        daemon: Daemon,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Foretell who would get it, what it would cost and when it would be over
    Estimate(Named),
    /// Send its texts to your own handsets
    Test(TestArgs),
    /// Start a campaign
    Start {
        #[command(flatten)]
        named: Named,
        /// Watch it until it is over
        #[arg(long)]
        follow: bool,
    },
    /// Watch a campaign until it is over
    Watch(Named),
    /// Let a campaign rest; what waits in the queue is taken back
    Pause(Named),
    /// Let a paused campaign go on
    Resume(Named),
    /// End a campaign; what waits in the queue is withdrawn
    Cancel(Named),
    /// Tell what a campaign came to
    Report {
        #[command(flatten)]
        named: Named,
        /// Print a table for spreadsheets
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Remove a draft
    Remove(Named),
}

/// A campaign of a daemon.
#[derive(Debug, Clone, Args)]
pub struct Named {
    /// The campaign's name
    name: String,
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    named: Named,
    /// To this number; may be given more than once
    #[arg(long, required = true)]
    to: Vec<String>,
    /// Written as for the contact with this number
    #[arg(long = "as", value_name = "NUMBER")]
    contact: Option<String>,
    /// Only this variant
    #[arg(long)]
    variant: Option<String>,
    /// Waive hours, caps, missing consent and label, for this reason
    #[arg(long, value_name = "REASON")]
    exempt: Option<String>,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { daemon, json } => {
            let said: Value = daemon.find()?.ask("GET", "/v1/campaigns", None, WAIT)?;
            print(&said, *json, show::list)?;
        }
        Command::Show(named) => print(&named.ask("GET", "", None)?, named.json, show::campaign)?,
        Command::Check { file } => {
            let definition = file::read(file)?;
            out::line(format_args!("{}: campaign \"{}\" has no mistakes", file.display(), definition.name))?;
        }
        Command::Put { file, daemon, json } => {
            let definition = file::read(file)?;
            let path = format!("/v1/campaigns/{}", path_part(&definition.name));
            let said: Value = daemon.find()?.ask("PUT", &path, Some(&serde_json::to_value(&definition)?), WAIT)?;
            print(&said, *json, show::campaign)?;
        }
        Command::Estimate(named) => print(&named.ask("POST", "/estimate", None)?, named.json, show::forecast)?,
        Command::Test(args) => {
            let mut body = Map::from_iter([("to".to_owned(), json!(args.to))]);
            let given = [("contact", &args.contact), ("variant", &args.variant), ("exempt", &args.exempt)].into_iter();
            body.extend(given.filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_deref()?)))));
            let said = args.named.ask("POST", "/test", Some(&Value::Object(body)))?;
            print(&said, args.named.json, show::texts)?;
        }
        Command::Start { named, follow } => {
            let said = named.ask("POST", "/start", None)?;
            if *follow {
                return watch::run(&named.api()?, &named.path(""), named.json);
            }
            print(&said, named.json, show::campaign)?;
        }
        Command::Watch(named) => return watch::run(&named.api()?, &named.path(""), named.json),
        Command::Pause(named) => print(&named.ask("POST", "/pause", None)?, named.json, show::stopped)?,
        Command::Resume(named) => print(&named.ask("POST", "/resume", None)?, named.json, show::campaign)?,
        Command::Cancel(named) => print(&named.ask("POST", "/cancel", None)?, named.json, show::stopped)?,
        Command::Report { named, csv: true } => {
            let answer = named.api()?.exchange("GET", &named.path("/report?format=csv"), None, WAIT)?;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            anyhow::ensure!(answer.status == 200, "{text} (HTTP {})", answer.status);
            out::line(text.trim_end())?;
        }
        Command::Report { named, csv: false } => print(&named.ask("GET", "/report", None)?, named.json, show::report)?,
        Command::Remove(named) => {
            let answer = named.api()?.exchange("DELETE", &named.path(""), None, WAIT)?;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            anyhow::ensure!(answer.status == 204, "{text} (HTTP {})", answer.status);
            out::line(format_args!("{} is removed", named.name))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Named {
    fn path(&self, more: &str) -> String {
        format!("/v1/campaigns/{}{more}", path_part(&self.name))
    }

    fn api(&self) -> anyhow::Result<Api> {
        Ok(self.daemon.find()?)
    }

    fn ask(&self, method: &str, more: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let nothing = json!({});
        let body = if method == "POST" { Some(body.unwrap_or(&nothing)) } else { body };
        Ok(self.api()?.ask(method, &self.path(more), body, WAIT)?)
    }
}

fn print(said: &Value, json: bool, lines: fn(&Value) -> Vec<String>) -> anyhow::Result<()> {
    if json {
        out::line(serde_json::to_string_pretty(said)?)?;
        return Ok(());
    }
    lines(said).into_iter().try_for_each(out::line)?;
    Ok(())
}
