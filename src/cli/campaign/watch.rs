//! Watches a campaign until every text has its outcome: a progress bar for people, a line of JSON a look for programs.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::WAIT;
use crate::cli::api::Api;
use crate::cli::out;
use crate::model::State;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);

pub fn run(api: &Api, path: &str, json: bool) -> anyhow::Result<ExitCode> {
    let bar = if json || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut last = String::new();
    loop {
        let said: Value = api.ask("GET", path, None, WAIT)?;
        let standing = Standing::of(&said);
        bar.set_length(standing.recipients);
        bar.set_position(standing.decided);
        bar.set_message(standing.message.clone());
        if json {
            out::line(&said)?;
        } else if bar.is_hidden() && standing.message != last {
            out::line(format_args!("{}/{}  {}", standing.decided, standing.recipients, standing.message))?;
        }
        if standing.over {
            bar.finish();
            return Ok(ExitCode::SUCCESS);
        }
        last = standing.message;
        sleep(PERIOD);
    }
}

/// How far a campaign is.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    recipients: u64,
    /// Recipients that nothing more happens to.
    decided: u64,
    message: String,
    over: bool,
}

impl Standing {
    fn of(said: &Value) -> Self {
        let state = said.get("state").and_then(Value::as_str).unwrap_or_default();
        let counts: Vec<(&str, u64)> = said
            .get("states")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, count)| Some((name.as_str(), count.as_u64()?)))
            .collect();
        // What was sent is decided by its receipt, which a link may never bring; it is waited for no longer than the campaign.
        let on_the_way = |name: &str| ["waiting", "scheduled", "queued", "leased"].contains(&name);
        let sum = |wanted: &dyn Fn(&str) -> bool| counts.iter().filter(|(name, _)| wanted(name)).map(|(_, n)| n).sum();
        let recipients = sum(&|_| true);
        let decided = sum(&|name| !on_the_way(name));
        let order =
            ["waiting", "queued", "scheduled", "leased"].into_iter().chain(State::ALL.iter().map(|s| s.as_str()));
        let mut named: Vec<&str> = Vec::new();
        for name in order.chain(["control", "skipped", "withdrawn"]) {
            if !named.contains(&name) {
                named.push(name);
            }
        }
        let words = named.into_iter().filter_map(|name| {
            let count = counts.iter().find(|(found, _)| *found == name)?.1;
            Some(format!("{name} {count}"))
        });
        let message = std::iter::once(state.to_owned()).chain(words).collect::<Vec<_>>().join("  ");
        let ended = matches!(state, "done" | "canceled");
        let withdrawing = said.get("withdrawing").and_then(Value::as_bool).unwrap_or(false);
        let over = matches!(state, "draft" | "paused") || ended && decided == recipients && !withdrawing;
        Self { recipients, decided, message, over }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_watched_until_nothing_waits() {
        let of = |state: &str, states: Value| Standing::of(&json!({"state": state, "states": states}));
        let running = of("running", json!({"waiting": 5, "delivered": 3, "control": 2}));
        assert_eq!((running.recipients, running.decided, running.over), (10, 5, false));
        assert!(running.message.starts_with("running  waiting 5"), "{}", running.message);
        assert!(!of("done", json!({"queued": 1, "delivered": 3})).over);
        assert!(of("done", json!({"delivered": 3, "sent": 1})).over && of("paused", json!({"waiting": 3})).over);
    }
}
