//! `postrider consent show NUMBER`: what holds, what keeps messages back, and the ledger, read beside the daemon.

use std::process::ExitCode;

use serde_json::json;

use crate::campaign::consent::{Purpose, standing};
use crate::cli::database::Which;
use crate::cli::out;
use crate::cli::time::local;
use crate::daemon::now;
use crate::model::PhoneNumber;
use crate::store::{consent, person_of, suppression};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The number, with country code
    number: PhoneNumber,
    #[command(flatten)]
    which: Which,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let connection = args.which.read(args.which.settings()?.as_ref())?;
    let person = person_of(&connection, &args.number)?;
    let (entries, held) = (consent::of(&connection, person)?, suppression::of(&connection, person)?);
    let now = now();
    let standings = Purpose::ALL.iter().map(|purpose| (purpose.as_str(), standing(&entries, *purpose, None, now)));
    if args.json {
        let shown = json!({
            "number": args.number.as_str(),
            "standings": standings.map(|(purpose, said)| json!({
                "purpose": purpose, "standing": said.as_str(), "since": said.since().map(|at| at.to_string()),
            })).collect::<Vec<_>>(),
            "suppressions": held.iter().map(|held| json!({
                "scope": held.scope, "covers": held.covers.as_str(), "since": held.since.to_string(), "reason": held.reason,
            })).collect::<Vec<_>>(),
            "ledger": entries.iter().map(|entry| json!({
                "purpose": entry.purpose.as_str(), "word": entry.word.as_str(), "scope": entry.scope,
                "at": entry.at.to_string(), "source": entry.source.as_str(), "words": entry.words, "proof": entry.proof,
            })).collect::<Vec<_>>(),
        });
        out::line(serde_json::to_string_pretty(&shown)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (purpose, said) in standings {
        let since = said.since().map(|at| format!(" since {}", local(at))).unwrap_or_default();
        out::line(format_args!("{purpose:16} {}{since}", said.as_str()))?;
    }
    for held in &held {
        let scope = held.scope.as_deref().unwrap_or("all senders");
        let (covers, since) = (held.covers.as_str(), local(held.since));
        out::line(format_args!("suppressed       {covers} of {scope} since {since}: {}", held.reason))?;
    }
    if entries.is_empty() {
        out::line("nothing is on record for this number")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["when", "purpose", "word", "by", "words", "proof"].map(str::to_owned)];
    rows.extend(entries.into_iter().map(|entry| {
        let (words, proof) = (entry.words.unwrap_or_default(), entry.proof.unwrap_or_default());
        let (purpose, word, source) = (entry.purpose.as_str(), entry.word.as_str(), entry.source.as_str());
        [local(entry.at), purpose.to_owned(), word.to_owned(), source.to_owned(), words, proof]
    }));
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    Ok(ExitCode::SUCCESS)
}
