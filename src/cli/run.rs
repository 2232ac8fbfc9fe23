//! `postrider run`: the daemon.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

use super::settings;
use crate::config::Settings;
use crate::daemon::{self, Reloaded, log, plan};
use crate::store::StoreError;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = settings::USUAL_FILE)]
    config: PathBuf,
}

/// Two do the work of a shop's gateway, and each costs memory.
const WORKERS: usize = 2;
/// Threads for reads of the store and for name look-ups.
const BLOCKING_MAX: usize = 8;
/// The loops are shallow; the usual two MiB a thread would be for nothing.
const STACK_SIZE_BYTES: usize = 512 << 10;

/// The runtime of a daemon.
pub fn runtime() -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(WORKERS).max_blocking_threads(BLOCKING_MAX).thread_stack_size(STACK_SIZE_BYTES);
    builder.enable_all().build()
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = settings::load(&args.config)?;
    log::start(settings.log.level.as_str());
    tell_warnings(&settings);
    let parts = plan::parts(&settings)?;
    drop(settings);
    let reload = || {
        let settings = settings::load_again(&args.config)?;
        tell_warnings(&settings);
        Ok(Reloaded { settings: plan::pipeline(&settings), links: plan::links(&settings)?, modems: settings.modems })
    };
    runtime()?.block_on(daemon::run(parts, reload)).map_err(advise)?;
    Ok(ExitCode::SUCCESS)
}

fn tell_warnings(settings: &Settings) {
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
}

/// Says what to do about what keeps a daemon from starting, where that is known.
fn advise(error: anyhow::Error) -> anyhow::Error {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let store = error.chain().find_map(|cause| cause.downcast_ref::<StoreError>());
    let advice = match (kind, store) {
        (Some(io::ErrorKind::AddrInUse), _) => {
            "another program listens there (another postrider?): stop it, or change http.listen"
        }
        (Some(io::ErrorKind::AddrNotAvailable), _) => "this machine has no such address: correct http.listen",
        (Some(io::ErrorKind::PermissionDenied), _) => {
            "this user may not do that: use a port above 1023, or another path"
        }
        (_, Some(StoreError::Open { .. })) => {
            "its directory must exist and belong to the user that runs postrider: correct store.path, or make it so"
        }
        _ => return error,
    };
    let mut text = format!("{error:#}");
    let _ = write!(text, "; {advice}");
    anyhow::Error::msg(text)
}
