//! Where log lines go: to journald with their fields, or to the terminal.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging at `level` (`error` to `trace`, or a filter like `info,postrider::link=debug`). `RUST_LOG` wins.
///
/// Lines go to journald when it started us, each with its fields; otherwise to standard error.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(level)).unwrap_or_default();
    let registry = tracing_subscriber::registry().with(filter);
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok());
    // A second start in the same process keeps the first one's settings.
    let _ = match journal {
        Some(journal) => registry.with(journal.with_field_prefix(None)).try_init(),
        None => {
            let terminal = std::io::stderr().is_terminal();
            registry.with(fmt::layer().with_writer(std::io::stderr).with_ansi(terminal).with_target(false)).try_init()
        }
    };
}
