//! `postrider callbacks`: the dead letters, and sending them again.

use std::process::ExitCode;

use clap::Subcommand;

use super::database::Which;
use super::out;
use super::time::local;
use crate::daemon::now;
use crate::model::MessageId;
use crate::store::callback;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the callbacks that were given up
    Dead {
        #[command(flatten)]
        which: Which,
        /// How many to show, the latest first
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Send callbacks that were given up again
    Replay {
        /// Only those of this message; all if absent
        id: Option<MessageId>,
        #[command(flatten)]
        which: Which,
    },
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Dead { which, limit } => dead(which, *limit)?,
        Command::Replay { id, which } => {
            let replayed = which.open()?.write(|tx| callback::replay(tx, *id, now()))?;
            out::line(match replayed {
                0 => "no callback was given up; nothing to send again".to_owned(),
                some => {
                    format!("{} due again; a running daemon sends them within seconds", out::count(some, "callback"))
                }
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn dead(which: &Which, limit: usize) -> anyhow::Result<()> {
    let connection = which.read(which.settings()?.as_ref())?;
    let letters = callback::dead(&connection, limit)?;
    let (waiting, dead) = callback::counts(&connection)?;
    if !letters.is_empty() {
        let mut rows = vec![["message", "given up", "tries", "target", "last answer"].map(str::to_owned)];
        rows.extend(letters.into_iter().map(|(message, view)| {
            let at = view.dead_at.map_or_else(String::new, local);
            [message.to_string(), at, view.tries.to_string(), view.target, view.note.unwrap_or_default()]
        }));
        for line in out::columns(&rows) {
            out::line(line)?;
        }
    }
    out::line(format_args!("{dead} given up, {waiting} waiting"))?;
    Ok(())
}
