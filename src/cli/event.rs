//! `postrider event import`: events from a table, as tills export them.

use std::process::ExitCode;

use clap::Subcommand;

use super::table::{self, Source, pair};
use crate::campaign::event_import::{EventMapping, Repeats, Usual};
use crate::daemon::intake::Reading;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring events in from a CSV file, like a till's sales; a daemon may be running
    ///
    /// Columns with usual names (phone, date, time, receipt, total, item, ...) are known by them; others are named with
    /// --map. An event with an id counts once for each type; rows without one may be brought in again, too.
    Import(Args),
}

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// The type of all events, where no column says it
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The currency of amounts, where no column says it
    #[arg(long, value_name = "CURRENCY")]
    currency: Option<String>,
    /// The time zone of moments without an offset; that of each number if absent
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Rows have no date and happened just now; without it a table without a date is refused
    #[arg(long)]
    now: bool,
    /// Which column is which field, like "Umsatz=amount"; "-" leaves a column out
    ///
    /// Fields: number, type, at, date, time, id, amount, currency, product, product_id, category, quantity, price, and
    /// property.NAME, with :number where it is one.
    #[arg(long = "map", value_name = "COLUMN=FIELD", value_parser = pair)]
    map: Vec<(String, String)>,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Import(args) = command;
    table::bring_in(&args.source, |columns, country| {
        let (kind, currency) = (args.kind.clone(), args.currency.clone());
        let usual = Usual { kind, currency, country, zone: args.time_zone.clone(), undated_is_now: args.now };
        Ok(Reading::Events(Box::new(EventMapping::new(columns, &args.map, usual)?), Repeats::default()))
    })
}
