//! Durable accepts a second: every 202 of these came after its commit reached the disk.

use std::path::Path;

use super::figures::a_second;
use super::load::Load;
use super::rig::{Peers, Rig};
use super::rows;

#[derive(Debug, clap::Args)]
pub struct AcceptArgs {
    /// Connections that post at once, each with one request under way
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// For how long
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
}

impl Default for AcceptArgs {
    fn default() -> Self {
        Self { connections: 64, seconds: 10 }
    }
}

#[derive(Debug, clap::Args)]
pub struct BatchArgs {
    /// Messages in a request
    #[arg(long, default_value_t = 1_000)]
    pub size: usize,
    /// Connections that post at once
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    /// For how long
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
}

impl Default for BatchArgs {
    fn default() -> Self {
        Self { size: 1_000, connections: 4, seconds: 10 }
    }
}

/// More are refused by the daemon's limit on its backlog.
const MESSAGES_MAX: u64 = 1_900_000;

pub async fn accept(args: &AcceptArgs, dir: &Path) -> anyhow::Result<()> {
    let AcceptArgs { connections, seconds } = args;
    let measured = post(dir, *connections, 1, *seconds, "request").await?;
    let command = format!("accept --connections {connections} --seconds {seconds}");
    rows::row(&format!("durable accepts, one a request, {connections} connections"), &measured, &command)?;
    Ok(())
}

pub async fn batch(args: &BatchArgs, dir: &Path) -> anyhow::Result<()> {
    let BatchArgs { size, connections, seconds } = args;
    let measured = post(dir, *connections, *size, *seconds, "batch").await?;
    let command = format!("batch --size {size} --connections {connections} --seconds {seconds}");
    rows::row(&format!("durable accepts, {size} a request, {connections} connections"), &measured, &command)?;
    Ok(())
}

async fn post(dir: &Path, connections: usize, batch: usize, seconds: u64, each: &str) -> anyhow::Result<String> {
    let mut rig = Rig::new(dir, &Peers::none()?)?;
    rig.start().await?;
    let load = Load {
        place: rig.place.clone(),
        token: rig.token.clone(),
        connections,
        batch,
        seconds_max: Some(seconds),
        messages_max: MESSAGES_MAX,
        rate: None,
    };
    let mut posted = load.run(None, "accept").await?;
    rig.stop().await?;
    let rate = a_second(posted.messages, posted.elapsed);
    Ok(format!("{rate}; a {each}: {}", posted.latencies.words()))
}
