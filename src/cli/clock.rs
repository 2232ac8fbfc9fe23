//! `postrider clock`: how the clock stands with the gateway, and a person's word that it is right.

use std::process::ExitCode;

use clap::Subcommand;

use super::database::Which;
use super::out;
use super::time::local;
use crate::daemon::now;
use crate::pipeline::believe_clock;
use crate::policy::wall_clock::{BUILT, Trust};
use crate::store::clock;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell whether the clock is believed, and since when it was
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Say that the clock of this machine is right as it is; marketing and scheduled texts go on then
    Accept {
        #[command(flatten)]
        which: Which,
    },
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show { which } => show(which)?,
        Command::Accept { which } => {
            let now = now();
            if which.open()?.write(|tx| believe_clock(tx, now))? != Trust::Set {
                anyhow::bail!(
                    "the clock shows {}, and this program was made after {}: set it first (sudo timedatectl set-time)",
                    local(now),
                    local(BUILT)
                );
            }
            out::line(format_args!("{} is believed; a running daemon goes on within seconds", local(now)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(which: &Which) -> anyhow::Result<()> {
    let connection = which.read(which.settings()?.as_ref())?;
    let Some(kept) = clock::kept(&connection)? else {
        out::line("no daemon has run on this database yet")?;
        return Ok(());
    };
    out::line(format_args!("the clock shows {}", local(now())))?;
    let word = match kept.trust {
        Trust::Set => "it is believed",
        Trust::Behind => "it is behind: marketing and scheduled texts wait",
        Trust::Ahead => "it leapt ahead: marketing and scheduled texts wait",
    };
    out::line(format_args!("{word}; the latest time that was believed is {}", local(kept.believed)))?;
    Ok(())
}
