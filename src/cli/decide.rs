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
struct Daemon {
    /// Where the running daemon listens: http://HOST:PORT or unix:PATH
    #[arg(long, default_value = "http://127.0.0.1:8025")]
    url: Place,
    /// A token that may do this; POSTRIDER_TOKEN in the environment if absent, where other users cannot see it
    #[arg(long)]
    token: Option<String>,
}

impl Daemon {
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
    let request = request("POST", path, &daemon.token()?, Some(body.unwrap_or("{}")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async { Connection::open(&daemon.url).await?.exchange(&request).await });
    let Answer { status, body } = answer.context("is the daemon running, and is --url right?")?;
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    let word = |name: &str| said.get(name).and_then(Value::as_str);
    if status != 200 {
        bail!("{} (HTTP {status})", word("detail").or(word("title")).unwrap_or("the answer has no words"));
    }
    out::line(format_args!("{} is {}", word("id").unwrap_or("the message"), word("state").unwrap_or("decided")))?;
    Ok(ExitCode::SUCCESS)
}
