//! `postrider token`: makes, lists and revokes API tokens, also while the daemon runs.

use std::process::ExitCode;

use anyhow::{bail, ensure};
use clap::Subcommand;

use super::database::Which;
use super::out;
use super::time::local;
use crate::daemon::{TOKEN_NAME, now};
use crate::http::token::{self as form, SECRET_SIZE_BYTES, Scope, TokenHash};
use crate::model::Timestamp;
use crate::store::{Database, token};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token and print it: it is shown this once and kept only as a hash
    Create {
        /// What it is called in lists, like the tool that uses it
        #[arg(long)]
        name: String,
        /// What it may do; may be given more than once, or parted by commas
        ///
        /// One or more of messages:write, messages:read, inbound:read, links:read, modems:read,
        /// modems:write, contacts:write, contacts:read, events:write, segments:write, segments:read,
        /// templates:write, templates:read, coupons:write, coupons:read, coupons:redeem, metrics:read, admin.
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true)]
        scopes: Vec<Scope>,
        #[command(flatten)]
        which: Which,
    },
    /// List the tokens; their secrets are not kept, so they cannot be shown
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Revoke a token by its name; within seconds it opens nothing any more
    Revoke {
        /// The token's name, or its number in the list
        name: String,
        #[command(flatten)]
        which: Which,
    },
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Create { name, scopes, which } => {
            out::line(create(&mut which.open()?, name, scopes, now())?)?;
        }
        Command::List { which } => list(which)?,
        Command::Revoke { name, which } => {
            let revoked = which.open()?.write(|tx| token::revoke(tx, name, now()))?;
            let Some(name) = revoked else {
                bail!("there is no valid token \"{name}\"; postrider token list shows all")
            };
            out::line(format_args!("revoked {name}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a new token and gives its text, which is nowhere else.
///
/// # Errors
/// When the name is taken or empty, or the store's own.
pub fn create(database: &mut Database, name: &str, scopes: &[Scope], now: Timestamp) -> anyhow::Result<String> {
    let name = name.trim();
    ensure!((1..=64).contains(&name.chars().count()), "a token's name has 1 to 64 characters");
    ensure!(
        name != TOKEN_NAME,
        "the name \"{name}\" is the daemon's own, for commands on this machine; choose another"
    );
    let taken = database.read(token::list)?.iter().any(|token| token.name == name && token.revoked_at.is_none());
    ensure!(!taken, "there is a token \"{name}\" already; revoke it first, or choose another name");
    let mut secret = [0; SECRET_SIZE_BYTES];
    getrandom::fill(&mut secret)?;
    let text = form::format(&secret);
    let words: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    database.write(|tx| token::insert(tx, name, &TokenHash::of(&text).0, &words, now))?;
    Ok(text)
}

fn list(which: &Which) -> anyhow::Result<()> {
    let connection = which.read(which.settings()?.as_ref())?;
    let tokens = token::list(&connection)?;
    if tokens.is_empty() {
        out::line("no tokens yet; postrider token create makes one")?;
        return Ok(());
    }
    let mut rows = vec![["number", "name", "scopes", "made", "revoked"].map(str::to_owned)];
    rows.extend(tokens.into_iter().map(|token| {
        let revoked = token.revoked_at.map_or_else(|| "-".to_owned(), local);
        [token.id.to_string(), token.name, token.scopes.join(" "), local(token.created_at), revoked]
    }));
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    Ok(())
}
