//! `postrider restore`: what a database that was put back holds, and its release; both through the running daemon.

use std::process::ExitCode;
use std::time::Duration;

use clap::ArgGroup;
use serde::Deserialize;
use serde_json::json;

use super::api::Daemon;
use super::out;

/// A million messages are released within it.
const WAIT: Duration = Duration::from_secs(600);

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct Args {
    /// Tell whether the database was put back, and what it holds
    #[arg(long, group = "what")]
    status: bool,
    /// Let what it holds go: messages are sent that the lost run may have sent already
    #[arg(long, group = "what")]
    release: bool,
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Standing {
    held: bool,
    messages: usize,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Released {
    released: usize,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let api = args.daemon.find()?;
    if args.release {
        let Released { released } = api.ask("POST", "/v1/restore/release", Some(&json!({})), WAIT)?;
        if args.json {
            out::line(json!({ "released": released }))?;
            return Ok(ExitCode::SUCCESS);
        }
        out::line(match released {
            0 => "no message is held; campaigns and workflows go on".to_owned(),
            some => format!("{} released; campaigns and workflows go on", out::count(some, "message")),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let whole: serde_json::Value = api.ask("GET", "/v1/restore", None, WAIT)?;
    if args.json {
        out::line(serde_json::to_string_pretty(&whole)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Standing { held, messages, since, reason } = serde_json::from_value(whole)?;
    if !held {
        out::line("nothing is held: the database is the one that ran here last, or it was released")?;
        return Ok(ExitCode::SUCCESS);
    }
    let (since, reason) = (since.unwrap_or_default(), reason.unwrap_or_default());
    out::line(format_args!("the database was put back ({reason})"))?;
    let messages = out::count(messages, "message");
    out::line(format_args!(
        "{messages} held since {since}; campaigns and workflows stand still; new messages are sent"
    ))?;
    out::line("postrider restore --release lets them go; what the lost run sent already then goes out twice")?;
    Ok(ExitCode::SUCCESS)
}
