//! `postrider config check FILE`: tells every mistake of a configuration with its file, line and key.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::{out, settings};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read a configuration and tell every mistake in it; the exit code is 1 if there is one
    Check {
        /// The configuration
        #[arg(default_value = settings::USUAL_FILE)]
        file: PathBuf,
    },
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Check { file } = command;
    match settings::load(file) {
        Ok(found) => {
            for warning in &found.warnings {
                out::line(format_args!("warning: {warning}"))?;
            }
            let (carriers, routes) = (found.carriers.len(), found.routes.len());
            let (carriers, routes) = (out::count(carriers, "carrier"), out::count(routes, "route"));
            out::line(format_args!("{}: no mistakes; {carriers}, {routes}", file.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => match error.downcast::<settings::Wrong>() {
            Ok(wrong) => {
                out::line(wrong)?;
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error),
        },
    }
}
