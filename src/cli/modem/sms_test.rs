//! `postrider modem sms-test NUMBER`: sends a message through one modem and tells what becomes of it.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{LOOK_WAIT, modems, print_json, view};
use crate::cli::api::{Api, Daemon, path_part};
use crate::cli::out;
use crate::cli::time::{instant, span};
use crate::http::ModemView;
use crate::model::State;

/// How often it is looked what became of the message.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The recipient, with country code: +821012345678
    number: String,
    /// The modem that sends it; may be left out when only one is ready
    #[arg(long, value_name = "NAME")]
    modem: Option<String>,
    /// The text; names the modem and the time if absent
    #[arg(long)]
    text: Option<String>,
    /// How long to watch for the handset's receipt
    #[arg(long, value_parser = span, default_value = "2m")]
    wait: Duration,
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Accepted {
    id: String,
}

/// What is read of a message.
#[derive(Debug, Deserialize)]
struct Look {
    state: String,
    #[serde(default)]
    timeline: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    state: String,
    #[serde(default)]
    note: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let api = args.daemon.find()?;
    let name = match &args.modem {
        Some(name) => name.clone(),
        None => only_ready(&modems(&api)?)?,
    };
    let mut body = json!({ "to": args.number });
    if let (Some(fields), Some(text)) = (body.as_object_mut(), &args.text) {
        fields.insert("text".to_owned(), json!(text));
    }
    let path = format!("/v1/modems/{}/sms-test", path_part(&name));
    let Accepted { id } = api.ask("POST", &path, Some(&body), LOOK_WAIT)?;
    if !args.json {
        out::line(format_args!("message {id} is queued for {name}"))?;
    }
    let ends = watch(&api, &id, args)?;
    if args.json {
        let message: Value = api.ask("GET", &format!("/v1/messages/{id}"), None, LOOK_WAIT)?;
        return print_json(&message).map(|_| ends.code());
    }
    out::line(ends.words(&name, &id, args.wait))?;
    Ok(ends.code())
}

/// The modem to take when none is named.
fn only_ready(modems: &[ModemView]) -> anyhow::Result<String> {
    let ready: Vec<&str> =
        modems.iter().filter(|modem| modem.stage == "ready").map(|modem| modem.name.as_str()).collect();
    match ready[..] {
        [name] => Ok(name.to_owned()),
        [] if modems.is_empty() => bail!("there is no modem; postrider doctor tells why"),
        [] => bail!("no modem is ready:\n{}", view::list(modems).join("\n")),
        [..] => bail!("several modems are ready: choose one with --modem ({})", ready.join(", ")),
    }
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ends {
    /// The handset has it.
    Delivered,
    /// The network took it; no receipt yet.
    Sent,
    /// It waits: nothing is known yet.
    Waiting,
    /// It did not work; the note says why.
    Failed(String),
}

impl Ends {
    fn code(&self) -> ExitCode {
        match self {
            Self::Delivered | Self::Sent => ExitCode::SUCCESS,
            Self::Waiting | Self::Failed(_) => ExitCode::FAILURE,
        }
    }

    fn words(&self, name: &str, id: &str, wait: Duration) -> String {
        let seconds = wait.as_secs();
        match self {
            Self::Delivered => format!("delivered: {name} sends, and receipts come back"),
            Self::Sent => format!(
                "the network took it; no receipt within {seconds} s (the handset may be off, or the network sends none)"
            ),
            Self::Waiting => {
                format!("not sent within {seconds} s; postrider why {id} and postrider modem show {name} tell why")
            }
            Self::Failed(note) => format!("not delivered: {note}; postrider why {id} tells more"),
        }
    }
}

/// Follows the message, printing each step, until it is final or the time is over.
fn watch(api: &Api, id: &str, args: &Args) -> anyhow::Result<Ends> {
    let until = instant() + args.wait;
    let mut told = 1; // The first line is that it was accepted.
    loop {
        let look: Look = api.ask("GET", &format!("/v1/messages/{id}"), None, LOOK_WAIT)?;
        for line in look.timeline.iter().skip(told).filter(|_| !args.json) {
            let note = line.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
            out::line(format_args!("  {}{note}", line.state))?;
        }
        told = told.max(look.timeline.len());
        let ends = ends(&look)?;
        if matches!(ends, Ends::Delivered | Ends::Failed(_)) || instant() >= until {
            return Ok(ends);
        }
        sleep(LOOK_EVERY);
    }
}

fn ends(look: &Look) -> anyhow::Result<Ends> {
    let state: State = look.state.parse().ok().context("the message has a state that this version does not know")?;
    let note = || look.timeline.last().and_then(|line| line.note.clone()).unwrap_or_else(|| look.state.clone());
    Ok(match state {
        State::Delivered => Ends::Delivered,
        State::Sent | State::PartiallyDelivered => Ends::Sent,
        State::Scheduled | State::Queued | State::Leased => Ends::Waiting,
        State::Undelivered | State::Failed | State::Expired | State::Canceled | State::Blocked | State::Uncertain => {
            Ends::Failed(note())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modem_need_not_be_named_when_one_is_ready() {
        let modem = |name: &str, stage: &str| ModemView {
            name: name.to_owned(),
            stage: stage.to_owned(),
            ..ModemView::default()
        };
        let ready = [modem("a", "ready"), modem("b", "healing")];
        assert_eq!(only_ready(&ready).unwrap(), "a");
        assert!(only_ready(&ready[1..]).unwrap_err().to_string().contains("healing"));
        assert!(only_ready(&[]).unwrap_err().to_string().contains("doctor"));
        let two = [modem("a", "ready"), modem("b", "ready")];
        assert!(only_ready(&two).unwrap_err().to_string().contains("(a, b)"));
    }

    #[test]
    fn the_end_of_a_test_is_told_in_words() {
        let look = |state: &str| Look {
            state: state.to_owned(),
            timeline: vec![Line { state: state.to_owned(), note: Some("CMS 38: network out of order".to_owned()) }],
        };
        assert_eq!(ends(&look("delivered")).unwrap(), Ends::Delivered);
        assert_eq!(ends(&look("queued")).unwrap(), Ends::Waiting);
        let failed = ends(&look("failed")).unwrap();
        assert!(failed.words("a", "x", Duration::ZERO).contains("CMS 38: network out of order"));
        assert!(ends(&look("lost")).is_err());
    }
}
