//! `postrider trace LINK`: what passed over a link lately, from the running daemon.

use std::process::ExitCode;
use std::time::Duration;

use super::api::{Api, Daemon, Unanswered, path_part};
use super::out;
use super::time::local;
use crate::http::{TraceLineView, TraceView};

/// How long the daemon may take to tell what it keeps.
const WAIT: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The link, like north or north/2, or the name of a modem
    name: String,
    /// Show numbers, texts and octets whole
    #[arg(long)]
    full: bool,
    /// Print only the newest lines, so many
    #[arg(long, value_name = "COUNT")]
    last: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    daemon: Daemon,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut lines = of(&args.daemon.find()?, &args.name, args.full)?;
    if let Some(last) = args.last {
        lines.drain(..lines.len().saturating_sub(last));
    }
    if args.json {
        out::line(serde_json::to_string_pretty(&TraceView { lines })?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if lines.is_empty() {
        out::line(format_args!("nothing passed over {} since the daemon started", args.name))?;
    }
    for line in &lines {
        out::line(shown(line))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What passed over the link `name`, oldest first.
pub fn of(api: &Api, name: &str, full: bool) -> Result<Vec<TraceLineView>, Unanswered> {
    let query = if full { "?full=true" } else { "" };
    let path = format!("/v1/links/{}/trace{query}", path_part(name));
    Ok(api.ask::<TraceView>("GET", &path, None, WAIT)?.lines)
}

/// A line with its time of day.
pub fn shown(line: &TraceLineView) -> String {
    let at = line.at.parse().map_or_else(|_| line.at.clone(), local);
    format!("{at}  {}", line.text)
}
