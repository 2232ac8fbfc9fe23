//! `postrider contact`: contacts as a shop's person sees them, and bringing them in from a table.
//!
//! | file | what |
//! |---|---|
//! | `import` | a CSV file into the database, chunk by chunk, also while the daemon runs |
//! | `show` | what is printed of contacts |

mod import;
mod show;

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use super::database::Which;
use super::out;
use crate::campaign::contact::read_number;
use crate::model::PhoneNumber;
use crate::store::campaign::contact::{self, Filter};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring contacts in from a CSV file; a daemon may be running
    ///
    /// Columns with usual names (number, phone, name, locale, birthday, ...) are known by them; others are named with
    /// --map. Rows that are wrong go to a file of their own with the reason, and all others come in. A contact that is
    /// there already is changed; empty cells change nothing.
    Import(import::Args),
    /// Show a contact with its data points and newest events
    Show {
        /// The contact's number
        number: String,
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List contacts, in the order in which they came
    List {
        /// Only those with this tag
        #[arg(long)]
        tag: Option<String>,
        /// Only those on this list
        #[arg(long)]
        list: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        which: Which,
        /// Print JSON, one contact a line
        #[arg(long)]
        json: bool,
    },
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Import(args) => import::run(args),
        Command::Show { number, which, json } => {
            let settings = which.settings()?;
            let country = settings.as_ref().and_then(|settings| settings.messages.default_country);
            let number: PhoneNumber = read_number(number, country)?;
            let connection = which.read(settings.as_ref())?;
            let Some(stored) = contact::find(&connection, &number)? else { bail!("there is no contact {number}") };
            show::whole(&connection, &stored, *json)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::List { tag, list, limit, which, json } => {
            let connection = which.read(which.settings()?.as_ref())?;
            let filter = Filter { tag: tag.clone(), list: list.clone(), after: 0 };
            let (all, next) = contact::list(&connection, &filter, *limit)?;
            show::lines(&all, *json)?;
            if next.is_some() && !json {
                out::line(format_args!("and more; --limit shows more than {limit}"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

pub use show::lines;
