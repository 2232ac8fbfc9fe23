//! `postrider resolve` and `postrider cancel`: a person's decisions, asked of the running daemon, which owns the rows.

use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::api::Daemon;
use super::out;
use crate::model::MessageId;

/// How long the daemon may take.
const WAIT: Duration = Duration::from_secs(60);

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
    let body = json!({ "decision": decision });
    ask(&args.daemon, &format!("/v1/messages/{}/resolve", args.id), Some(&body))
}

pub fn cancel(args: &CancelArgs) -> anyhow::Result<ExitCode> {
    ask(&args.daemon, &format!("/v1/messages/{}/cancel", args.id), None)
}

fn ask(daemon: &Daemon, path: &str, body: Option<&Value>) -> anyhow::Result<ExitCode> {
    let nothing = json!({});
    let said: Value = daemon.find()?.ask("POST", path, Some(body.unwrap_or(&nothing)), WAIT)?;
    let word = |name: &str| said.get(name).and_then(Value::as_str);
    out::line(format_args!("{} is {}", word("id").unwrap_or("the message"), word("state").unwrap_or("decided")))?;
    Ok(ExitCode::SUCCESS)
}
