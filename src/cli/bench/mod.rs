//! `postrider bench`: measures with a real daemon as a process of its own, on a real disk.
//!
//! The load generator, the simulated carrier and the receiver of callbacks run in this process, on the same cores; what
//! they cost is in the figures. Every run is bounded in count and time and stays on the loopback address. Each figure is
//! printed as a row of a Markdown table with the command that gave it.

mod accept;
mod end_to_end;
mod figures;
mod load;
mod modems;
mod rig;
mod rows;
mod standing;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::run::runtime;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Where the database goes: a directory on a real disk; ./target or the current directory if absent
    #[arg(long, global = true, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Durable accepts a second, one message a request
    Accept(accept::AcceptArgs),
    /// Durable accepts a second, many messages a request
    Batch(accept::BatchArgs),
    /// From the post over the carrier and its receipt to the signed callback
    EndToEnd(end_to_end::Args),
    /// Parts a second over simulated modems, and what the daemon costs meanwhile
    Modems(modems::Args),
    /// Resident memory: idle, and with messages queued while the carrier is down
    Memory(standing::MemoryArgs),
    /// From the start of the process until it takes messages, with messages queued
    Start(standing::StartArgs),
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let usual = || Path::new(if Path::new("target").is_dir() { "target" } else { "." });
    let dir = args.dir.as_deref().unwrap_or_else(usual);
    rig::check_disk(dir)?;
    rows::head()?;
    runtime()?.block_on(async {
        match &args.what {
            Some(what) => measure(what, dir).await,
            None => all(dir).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(what: &What, dir: &Path) -> anyhow::Result<()> {
    match what {
        What::Accept(args) => accept::accept(args, dir).await,
        What::Batch(args) => accept::batch(args, dir).await,
        What::EndToEnd(args) => end_to_end::run(args, dir).await,
        What::Modems(args) => modems::run(args, dir).await,
        What::Memory(args) => standing::memory(args, dir).await,
        What::Start(args) => standing::start(args, dir).await,
    }
}

/// Every figure of the documentation, one after the other.
async fn all(dir: &Path) -> anyhow::Result<()> {
    let figures = [
        What::Accept(accept::AcceptArgs { connections: 16, ..accept::AcceptArgs::default() }),
        What::Accept(accept::AcceptArgs::default()),
        What::Batch(accept::BatchArgs::default()),
        What::EndToEnd(end_to_end::Args::default()),
        What::EndToEnd(end_to_end::Args { window: 500, ..end_to_end::Args::default() }),
        What::Modems(modems::Args::of(1, 2_500)),
        What::Modems(modems::Args::of(4, 2_500)),
        What::Modems(modems::Args::of(32, 2_500)),
        What::Modems(modems::Args::of(1, 0)),
        What::Memory(standing::MemoryArgs::default()),
        What::Start(standing::StartArgs::default()),
    ];
    for figure in &figures {
        measure(figure, dir).await?;
    }
    Ok(())
}
