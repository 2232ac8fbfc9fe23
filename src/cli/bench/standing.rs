//! What stands still: memory with a backlog, and how long a start with one takes.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use tokio::time::sleep;

use super::load::Load;
use super::rig::{Peers, Rig};
use super::rows::{row, thousands};

#[derive(Debug, clap::Args)]
pub struct MemoryArgs {
    /// How many messages are queued when the memory is read, in ascending order
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 1_000_000])]
    pub queued: Vec<u64>,
}

impl Default for MemoryArgs {
    fn default() -> Self {
        Self { queued: vec![100_000, 1_000_000] }
    }
}

#[derive(Debug, clap::Args)]
pub struct StartArgs {
    /// How many messages are queued
    #[arg(long, default_value_t = 1_000_000)]
    pub queued: u64,
}

impl Default for StartArgs {
    fn default() -> Self {
        Self { queued: 1_000_000 }
    }
}

/// How long a daemon is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(3);
/// The daemon's own limit on its backlog is a little higher.
const QUEUED_MAX: u64 = 1_900_000;

pub async fn memory(args: &MemoryArgs, dir: &Path) -> anyhow::Result<()> {
    let mut rig = Rig::new(dir, &Peers::none()?)?;
    rig.start().await?;
    sleep(SETTLE).await;
    row("resident memory, idle", &mebibytes(rig.resident_kib()?), "memory")?;
    let mut queued = 0;
    for &wanted in &args.queued {
        fill(&rig, queued, wanted).await?;
        queued = wanted;
        sleep(SETTLE).await;
        let figure = format!("resident memory, {} queued, carrier down", thousands(wanted));
        row(&figure, &mebibytes(rig.resident_kib()?), &format!("memory --queued {wanted}"))?;
    }
    rig.stop().await
}

pub async fn start(args: &StartArgs, dir: &Path) -> anyhow::Result<()> {
    let mut rig = Rig::new(dir, &Peers::none()?)?;
    let empty = rig.start().await?;
    fill(&rig, 0, args.queued).await?;
    rig.stop().await?;
    let full = rig.start().await?;
    sleep(SETTLE).await;
    let held = mebibytes(rig.resident_kib()?);
    rig.stop().await?;
    let command = format!("start --queued {}", args.queued);
    row("start to ready, empty", &format!("{:.2} s", empty.as_secs_f64()), &command)?;
    let measured = format!("{:.2} s, then {held} resident", full.as_secs_f64());
    row(&format!("start to ready, {} queued", thousands(args.queued)), &measured, &command)?;
    Ok(())
}

/// Brings the backlog from `from` to `to` messages.
async fn fill(rig: &Rig, from: u64, to: u64) -> anyhow::Result<()> {
    ensure!(from <= to && to <= QUEUED_MAX, "queue up to {QUEUED_MAX} messages, in ascending order");
    let load = Load {
        place: rig.place.clone(),
        token: rig.token.clone(),
        connections: 4,
        batch: 1_000,
        seconds_max: None,
        messages_max: to - from,
        rate: None,
    };
    load.run(None, "queue").await?;
    Ok(())
}

fn mebibytes(kib: u64) -> String {
    let tenths = kib * 10 / 1024;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::mebibytes;

    #[test]
    fn memory_is_told_in_tenths_of_mebibytes() {
        assert_eq!([0, 1_024, 20_480, 20_532].map(mebibytes), ["0.0 MiB", "1.0 MiB", "20.0 MiB", "20.0 MiB"]);
    }
}
