//! `postrider resolve` and `postrider cancel`: a person's decisions, asked of the running daemon, which owns the rows.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::Value;

use super::http1::{Answer, Connection, Place, request};
use super::out;
use crate::model::MessageId;

/// Where the API is, and the right to ask it.
#[derive(Debug, clap::Args)]
pub struct Daemon {
    /// Where the running daemon listens: http://HOST:PORT or unix:PATH
    #[arg(long, default_value = "http://127.0.0.1:8025")]
    url: Place,
    /// A token that may do this; POSTRIDER_TOKEN in the environment if absent, where other users cannot see it
    #[arg(long)]
    token: Option<String>,
}

impl Daemon {
    /// Asks the running daemon. The answer comes with its status, whatever that is.
    ///
    /// # Errors
    /// When there is no token, or no daemon.
    pub fn ask(&self, method: &str, path: &str, body: Option<&str>) -> anyhow::Result<(u16, Value)> {
        let request = request(method, path, &self.token()?, body);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = runtime.block_on(async { Connection::open(&self.url).await?.exchange(&request).await });
        let Answer { status, body } = answer.context("is the daemon running, and is --url right?")?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// Asks the running daemon for something that ends with 200; any other answer is an error in its words.
    ///
    /// # Errors
    /// As [`Daemon::ask`], and what the daemon refuses.
    pub fn ask_ok(&self, method: &str, path: &str, body: Option<&str>) -> anyhow::Result<Value> {
        let (status, said) = self.ask(method, path, body)?;
        if status != 200 {
            bail!("{}", refusal(status, &said));
        }
        Ok(said)
    }

    fn token(&self) -> anyhow::Result<String> {
        let given = self.token.clone().or_else(|| std::env::var("POSTRIDER_TOKEN").ok());
        let given = given.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        given.context("a token is needed: --token, or POSTRIDER_TOKEN in the environment")
    }
}

#[derive(Debug, clap::Args)]
pub struct ResolveArgs {
    /// The message
    id: MessageId,
    /// What is to become of it
    decision: Decision,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Decision {
    /// Send it again; two copies may arrive
    Resend,
    /// Count it as not sent
    GiveUp,
    /// Count it as delivered
    Delivered,
}

#[derive(Debug, clap::Args)]
pub struct CancelArgs {
    /// The message
    id: MessageId,
    #[command(flatten)]
    daemon: Daemon,
}

pub fn resolve(args: &ResolveArgs) -> anyhow::Result<ExitCode> {
    let decision = match args.decision {
        Decision::Resend => "resend",
        Decision::GiveUp => "give_up",
        Decision::Delivered => "delivered",
    };
    let body = serde_json::json!({ "decision": decision }).to_string();
    ask(&args.daemon, &format!("/v1/messages/{}/resolve", args.id), Some(&body))
}

pub fn cancel(args: &CancelArgs) -> anyhow::Result<ExitCode> {
    ask(&args.daemon, &format!("/v1/messages/{}/cancel", args.id), None)
}

fn ask(daemon: &Daemon, path: &str, body: Option<&str>) -> anyhow::Result<ExitCode> {
    let said = daemon.ask_ok("POST", path, Some(body.unwrap_or("{}")))?;
    let word = |name: &str| said.get(name).and_then(Value::as_str);
    out::line(format_args!("{} is {}", word("id").unwrap_or("the message"), word("state").unwrap_or("decided")))?;
    Ok(ExitCode::SUCCESS)
}

/// A refusal in the daemon's words, each wrong field on a line of its own.
fn refusal(status: u16, said: &Value) -> String {
    let word = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let whole = word(said, "detail").or_else(|| word(said, "title")).unwrap_or("the answer has no words".to_owned());
    let mut text = format!("{whole} (HTTP {status})");
    for error in said.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let pointer = word(error, "pointer").unwrap_or_default();
        text.push_str(&format!(
            "\n  {}: {}",
            pointer.trim_start_matches('/'),
            word(error, "detail").unwrap_or_default()
        ));
    }
    text
}
