//! `postrider doctor`: looks the machine over and says for each fault what to do next.
//!
//! | file | what |
//! |---|---|
//! | `facts` | what is known of the machine, as plain values |
//! | `gather`, `system`, `house` | how it is found out: below a root, from the system, from our own files and the daemon |
//! | `check`, `check_modems` | what follows from it, without looking at anything |
//! | `finding` | how it is told |

mod check;
mod check_modems;
mod facts;
mod finding;
mod gather;
mod house;
mod system;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::api::Daemon;
use super::out;
use finding::{Mark, lines};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Looks everything over; the exit code is 1 when something fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let facts = gather::gather(Path::new("/"), &args.daemon);
    let mut findings = check::check(&facts);
    findings.extend(check_modems::check(&facts));
    let count = |mark| findings.iter().filter(|finding| finding.mark == mark).count();
    let (failed, warned) = (count(Mark::Fail), count(Mark::Warn));
    if args.json {
        let whole = json!({ "findings": findings, "failed": failed, "warned": warned });
        out::line(serde_json::to_string_pretty(&whole)?)?;
    } else {
        for line in findings.iter().flat_map(lines) {
            out::line(line)?;
        }
        let (faults, warnings) = (out::count(failed, "fault"), out::count(warned, "warning"));
        out::line(match (failed, warned) {
            (0, 0) => "all is well".to_owned(),
            _ => format!("{faults}, {warnings}; the next step stands below each"),
        })?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
