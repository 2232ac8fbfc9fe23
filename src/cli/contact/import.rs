//! `postrider contact import`: contacts from a table.

use std::process::ExitCode;

use crate::campaign::import::Mapping;
use crate::cli::table::{self, Source, pair};
use crate::daemon::intake::Reading;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Which column is which field, like "Shoe size=attribute.size:number"; "-" leaves a column out
    ///
    /// Fields: number, name, name_part, locale, time_zone, tags, lists, and attribute.NAME with :text, :number, :date,
    /// :boolean or :list.
    #[arg(long = "map", value_name = "COLUMN=FIELD", value_parser = pair)]
    map: Vec<(String, String)>,
    /// A tag for all of them; may be given more than once
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// A list that all of them are put on; may be given more than once
    #[arg(long = "list", value_name = "LIST")]
    lists: Vec<String>,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    table::bring_in(&args.source, |columns, country| {
        let mapping = Mapping::new(columns, &args.map, &args.tags, &args.lists, country)?;
        Ok(Reading::Contacts(Box::new(mapping)))
    })
}
