//! Modems: parts a second over simulated modems on pseudo terminals, and what the daemon costs while they send.
//!
//! The modems take `--part-time` for each part, as a network does, so the possible rate is known: modems over part time. The
//! rate is read between two looks at the modems' own ledgers, after every modem has sent its first parts.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::load::Load;
use super::rig::{Peers, Rig};
use super::rows;
use crate::cli::time;
use crate::sim::modem::{Persona, SimModemSettings};
use crate::sim::modem_server::ModemServer;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many modems
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub modems: u16,
    /// From the PDU to its result; zero is a modem that answers at once
    #[arg(long, value_name = "SPAN", default_value = "2500ms", value_parser = time::span)]
    pub part_time: Duration,
    /// How long is measured
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
}

impl Args {
    /// So many modems that take so many milliseconds for a part.
    pub const fn of(modems: u16, part_millis: u64) -> Self {
        Self { modems, part_time: Duration::from_millis(part_millis), seconds: 60 }
    }
}

/// A modem that is not ready after this will not be.
const READY_WAIT: Duration = Duration::from_secs(60);
/// What a modem that answers at once sends at the most, for the size of the queue.
const PARTS_PER_SECOND_MAX: u64 = 2_000;
/// Ticks of the processor's time in a second (`getconf CLK_TCK`; Linux shows this unit to all programs).
const TICKS_PER_SECOND: f64 = 100.0;

pub async fn run(args: &Args, dir: &Path) -> anyhow::Result<()> {
    let ports = TempDir::with_prefix("postrider-bench-ports-")?;
    let mut modems = Vec::new();
    for number in 1..=args.modems {
        let mut settings = SimModemSettings::numbered(number.into(), Persona::default());
        settings.part_time = args.part_time;
        settings.network.report_delay = (Duration::from_secs(1), Duration::from_secs(3));
        let link = ports.path().join(format!("modem{number}"));
        modems.push(ModemServer::on_pty(settings, number.into(), Some(&link))?);
    }
    let paths = (1..=args.modems).map(|number| ports.path().join(format!("modem{number}"))).collect();
    let mut rig = Rig::new(dir, &Peers { modems: paths, ..Peers::none()? })?;
    rig.start().await?;
    Load {
        place: rig.place.clone(),
        token: rig.token.clone(),
        connections: 2,
        batch: 100,
        seconds_max: None,
        messages_max: queue_size(args),
        rate: None,
    }
    .run(None, "queue")
    .await?;
    for modem in &modems {
        let ready = modem.until(|modem| modem.ledger().counts.taken > 0);
        timeout(READY_WAIT, ready).await.context("a modem sent nothing")?;
    }
    let (begun, taken, busy) = (time::instant(), taken(&modems), rig.processor_ticks()?);
    sleep(Duration::from_secs(args.seconds)).await;
    let elapsed = time::instant().saturating_duration_since(begun).as_secs_f64();
    let (parts, ticks) = (self::taken(&modems) - taken, rig.processor_ticks()? - busy);
    let resident = rig.resident_kib()?;
    let doubled: usize = modems.iter().map(|modem| modem.with(|modem, _| modem.ledger().doubled().len())).sum();
    rig.stop().await?;
    ensure!(doubled == 0, "{doubled} messages went out twice");

    let count = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let rate = count(parts) / elapsed;
    let possible = f64::from(args.modems) / args.part_time.as_secs_f64();
    let share = if possible.is_finite() {
        format!(", {:.1} % of the possible {possible:.2}", rate / possible * 100.0)
    } else {
        String::new()
    };
    let core = count(ticks) / TICKS_PER_SECOND / elapsed * 100.0;
    let measured =
        format!("{rate:.3} parts/s{share}; {core:.1} % of a core, {:.1} MiB resident", count(resident) / 1024.0);
    let Args { modems, part_time, seconds } = args;
    let millis = part_time.as_millis();
    let figure = format!("{modems} modem{}, {millis} ms a part", if *modems == 1 { "" } else { "s" });
    rows::row(&figure, &measured, &format!("modems --modems {modems} --part-time {millis}ms --seconds {seconds}"))?;
    Ok(())
}

/// More than can be sent while the bench runs.
fn queue_size(args: &Args) -> u64 {
    let seconds = args.seconds + READY_WAIT.as_secs();
    let each = match u64::try_from(args.part_time.as_millis()) {
        Ok(0) | Err(_) => PARTS_PER_SECOND_MAX * seconds,
        Ok(millis) => (seconds * 1_000 / millis).min(PARTS_PER_SECOND_MAX * seconds),
    };
    ((each + 20) * u64::from(args.modems)).min(1_900_000)
}

fn taken(modems: &[ModemServer]) -> u64 {
    modems.iter().map(|modem| modem.with(|modem, _| modem.ledger().counts.taken)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_outlasts_the_bench() {
        assert_eq!([Args::of(1, 2_500), Args::of(4, 2_500)].map(|args| queue_size(&args)), [68, 272]);
        assert!(queue_size(&Args::of(1, 0)) > 100_000 && queue_size(&Args::of(200, 0)) <= 1_900_000);
    }
}
