//! `postrider consent import FILE.csv`: consents in bulk, a thousand to a request; refused rows are told with their lines.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use super::WAIT;
use crate::cli::api::{Api, Daemon};
use crate::cli::http1::Answer;
use crate::cli::out;

/// Rows to a request.
const BATCH: usize = 1_000;
/// The columns that a file may have.
const COLUMNS: [&str; 7] = ["number", "purpose", "given", "at", "scope", "words", "proof"];
/// How many refused rows are told.
const TOLD_MAX: usize = 20;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A CSV file with a head line: number, and any of purpose, given (yes or no), at, scope, words, proof
    file: PathBuf,
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What became of the rows.
#[derive(Debug, Default)]
struct Tally {
    recorded: usize,
    /// Line and reason of each refused row.
    refused: Vec<(u64, String)>,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let shown = args.file.display();
    let api = args.daemon.find()?;
    let file = File::open(&args.file).with_context(|| format!("cannot open {shown}"))?;
    let size = file.metadata()?.len();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(file);
    let columns = columns(&mut reader).with_context(|| format!("{shown} has no usable head line"))?;
    let bar = ProgressBar::new(size).with_style(
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}  {msg}").unwrap_or(ProgressStyle::default_bar()),
    );
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(BATCH);
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                tally.refused.push((line, error.to_string()));
                continue;
            }
        };
        let position = record.position().cloned().unwrap_or_else(csv::Position::new);
        match row(&columns, &record) {
            Ok(row) => batch.push((position.line(), row)),
            Err(why) => tally.refused.push((position.line(), why)),
        }
        if batch.len() == BATCH {
            post(&api, std::mem::take(&mut batch), &mut tally)?;
            bar.set_position(position.byte());
            bar.set_message(format!("{} recorded, {} refused", tally.recorded, tally.refused.len()));
        }
    }
    post(&api, batch, &mut tally)?;
    bar.finish_and_clear();
    tell(&tally, args.json)?;
    Ok(if tally.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn columns(reader: &mut csv::Reader<File>) -> anyhow::Result<Vec<&'static str>> {
    let mut columns = Vec::new();
    for name in reader.headers()? {
        let name = name.trim_start_matches('\u{feff}').to_lowercase();
        match COLUMNS.iter().find(|known| **known == name) {
            Some(known) => columns.push(*known),
            None => bail!("\"{name}\" is none of its possible columns: {}", COLUMNS.join(", ")),
        }
    }
    ensure!(columns.contains(&"number"), "the column \"number\" is missing");
    Ok(columns)
}

/// A row as the API takes it.
fn row(columns: &[&'static str], record: &csv::StringRecord) -> Result<Value, String> {
    let mut row = Map::new();
    row.insert("source".to_owned(), "import".into());
    row.insert("given".to_owned(), true.into());
    for (column, text) in columns.iter().zip(record).filter(|(_, text)| !text.is_empty()) {
        let value = match *column {
            "given" => match text.to_lowercase().as_str() {
                "yes" | "y" | "true" | "1" | "given" => true.into(),
                "no" | "n" | "false" | "0" | "withdrawn" => false.into(),
                _ => return Err(format!("given is yes or no, not \"{text}\"")),
            },
            _ => Value::from(text),
        };
        row.insert((*column).to_owned(), value);
    }
    Ok(Value::Object(row))
}

/// Posts rows. If the daemon names wrong ones, those are left out and the rest is posted again.
fn post(api: &Api, mut batch: Vec<(u64, Value)>, tally: &mut Tally) -> anyhow::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let body = |batch: &[(u64, Value)]| Value::Array(batch.iter().map(|(_, row)| row.clone()).collect()).to_string();
    let Answer { status, body: said } = api.exchange("POST", "/v1/consents", Some(&body(&batch)), WAIT)?;
    let said: Value = serde_json::from_slice(&said).unwrap_or_default();
    if status == 422 {
        let wrong = wrong_rows(&said);
        ensure!(!wrong.is_empty(), "{}", said["detail"].as_str().unwrap_or("the daemon refused the rows"));
        let places: BTreeSet<usize> = wrong.iter().map(|(place, _)| *place).collect();
        for (place, why) in wrong {
            let line = batch.get(place).map_or(0, |(line, _)| *line);
            tally.refused.push((line, why));
        }
        let mut place = 0;
        batch.retain(|_| {
            place += 1;
            !places.contains(&(place - 1))
        });
        if !batch.is_empty() {
            let left = Value::Array(batch.iter().map(|(_, row)| row.clone()).collect());
            api.ask::<Value>("POST", "/v1/consents", Some(&left), WAIT)?;
        }
    } else if status != 200 {
        bail!("{} (HTTP {status})", said["detail"].as_str().unwrap_or("the daemon refused the rows"));
    }
    tally.recorded += batch.len();
    Ok(())
}

/// The places of wrong rows, each with its first reason.
fn wrong_rows(said: &Value) -> Vec<(usize, String)> {
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for error in said["errors"].as_array().into_iter().flatten() {
        let place = error["pointer"].as_str().and_then(|pointer| pointer.split('/').nth(1)?.parse().ok());
        let (Some(place), Some(detail)) = (place, error["detail"].as_str()) else { continue };
        if wrong.last().is_none_or(|(last, _)| *last != place) {
            wrong.push((place, detail.to_owned()));
        }
    }
    wrong
}

fn tell(tally: &Tally, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let refused: Vec<_> =
            tally.refused.iter().map(|(line, why)| serde_json::json!({"line": line, "reason": why})).collect();
        let all = serde_json::json!({"recorded": tally.recorded, "refused": refused});
        out::line(serde_json::to_string_pretty(&all)?)?;
        return Ok(());
    }
    out::line(format_args!("{} recorded, {} refused", tally.recorded, tally.refused.len()))?;
    for (line, why) in tally.refused.iter().take(TOLD_MAX) {
        out::line(format_args!("line {line}: {why}"))?;
    }
    if tally.refused.len() > TOLD_MAX {
        out::line(format_args!("and {} more; --json tells all", tally.refused.len() - TOLD_MAX))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_what_the_api_takes() {
        let record = csv::StringRecord::from(vec!["+821012345678", "no", "", "form 7"]);
        let row = row(&["number", "given", "at", "proof"], &record).unwrap();
        let expected =
            serde_json::json!({"number": "+821012345678", "given": false, "proof": "form 7", "source": "import"});
        assert_eq!(row, expected);
        assert!(super::row(&["given"], &csv::StringRecord::from(vec!["maybe"])).unwrap_err().contains("maybe"));
    }

    #[test]
    fn each_wrong_row_is_told_once() {
        let said = serde_json::json!({"errors": [
            {"pointer": "/3/number", "detail": "a"}, {"pointer": "/3/at", "detail": "b"}, {"pointer": "/7/at", "detail": "c"},
        ]});
        assert_eq!(wrong_rows(&said), [(3, "a".to_owned()), (7, "c".to_owned())]);
    }
}
