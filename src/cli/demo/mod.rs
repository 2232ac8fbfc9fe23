//! `postrider demo`: the gateway at work, for somebody who sees it for the first time.
//!
//! The real daemon runs in this process, with a database in a temporary directory, two simulated carriers on the loopback
//! address, one that delivers and one that refuses everything, and two simulated modems on pseudo terminals. A few messages are posted over the daemon's own
//! API and watched until they arrive; then it stays up for whoever wants to try it.

mod api;
mod board;
mod hints;
mod house;
mod samples;
mod sticks;
mod winback;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use indicatif::HumanDuration;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

use super::{out, run, time};
use crate::daemon::now;
use api::{Api, Seen};
use board::Board;
use house::{Heard, House};
use samples::{SAMPLES, Sample};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port of the API; 8025 if it is free, else any free one
    #[arg(long)]
    port: Option<u16>,
    /// End once everything has arrived, instead of staying up
    #[arg(long)]
    once: bool,
}

/// How often the messages are looked at.
const LOOK: Duration = Duration::from_millis(80);
/// Everything has arrived long before this, or something is wrong.
const WAIT_MAX: Duration = Duration::from_secs(90);

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // A log is there for who asks for it.
    if std::env::var_os("RUST_LOG").is_some() {
        crate::daemon::log::start("warn");
    }
    run::runtime()?.block_on(show(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn show(args: &Args) -> anyhow::Result<()> {
    let started = time::instant();
    let mut house = House::start(args.port).await?;
    out::line(format_args!(
        "postrider {} runs on {}, with a temporary database, two simulated carriers and two simulated modems.",
        env!("CARGO_PKG_VERSION"),
        house.url
    ))?;
    out::line("Nothing leaves this machine. Posting a few messages over the API:")?;
    out::gap()?;
    let mut api = Api::open(&house.url, &house.token).await?;
    let outcome = timeout(WAIT_MAX, watch(&mut api, &mut house)).await;
    let first = outcome.context("the messages did not all arrive in time; RUST_LOG=debug tells more")??;
    let modems = timeout(WAIT_MAX, house.sticks.show(&mut api)).await;
    modems.context("the modems did not come back in time; RUST_LOG=debug tells more")??;
    let playbook = timeout(WAIT_MAX, winback::show(&house, &mut api)).await;
    playbook.context("the playbook did not come to its end in time; RUST_LOG=debug tells more")??;
    let elapsed = HumanDuration(time::instant().saturating_duration_since(started));
    out::line(format_args!("Done in {elapsed}. Every callback came with a valid signature."))?;
    hints::print(&house, &first)?;
    if args.once {
        return house.stop().await;
    }
    out::gap()?;
    out::line("It stays up until Ctrl-C.")?;
    tokio::signal::ctrl_c().await?;
    out::line("Stopping; the temporary database is removed.")?;
    house.stop().await
}

/// Posts the samples and follows them to their ends; gives the id of the first.
async fn watch(api: &mut Api, house: &mut House) -> anyhow::Result<String> {
    let mut board = Board::new();
    let mut ids = Vec::with_capacity(SAMPLES.len());
    for sample in &SAMPLES {
        ids.push(api.post(sample, now()).await?);
        board.add(sample);
    }
    let mut ticks = interval(LOOK);
    let mut seen: Vec<Seen> = vec![Seen::default(); SAMPLES.len()];
    let mut replied = false;
    while !seen.iter().all(Seen::is_final) {
        ticks.tick().await;
        for (place, id) in ids.iter().enumerate() {
            if !seen[place].is_final() {
                let before = std::mem::take(&mut seen[place]);
                seen[place] = api.look(id).await?.after(&before);
                board.update(place, &seen[place]);
            }
        }
        // A person answers a message once it is on the handset.
        if !replied && seen[samples::ANSWERED].state == "delivered" {
            replied = true;
            house.reply(&SAMPLES[samples::ANSWERED])?;
        }
    }
    board.finish();
    out::gap()?;
    let reply = wait_for_callbacks(&mut house.heard, SAMPLES.len()).await?;
    out::line(format_args!("A reply came in from {}: {}", reply.0, reply.1))?;
    for (sample, seen) in SAMPLES.iter().zip(&seen) {
        ensure!(seen.state == sample.ends, "the {} message is {}, not {}", sample.name, seen.state, sample.ends);
    }
    let delivered = seen.iter().filter(|seen| seen.state == "delivered").count();
    let rest = SAMPLES.len() - delivered;
    out::line(format_args!(
        "{delivered} of {} messages are delivered; {rest} failed, as it was meant to: its carrier refuses everything.",
        SAMPLES.len()
    ))?;
    Ok(ids.swap_remove(samples::ANSWERED))
}

/// Waits until the end of every message and the reply were called back.
async fn wait_for_callbacks(heard: &mut mpsc::Receiver<Heard>, messages: usize) -> anyhow::Result<(String, String)> {
    let (mut ends, mut reply) = (0, None);
    loop {
        match heard.recv().await.context("the receiver of callbacks is gone")? {
            Heard::Reply { from, text } => reply = Some((from, text)),
            Heard::State => ends += 1,
            Heard::Forged => anyhow::bail!("a callback came whose signature is wrong"),
        }
        if let Some(reply) = reply.take_if(|_| ends >= messages) {
            return Ok(reply);
        }
    }
}

impl Sample {
    /// The recipient as the board shows it.
    fn masked(&self) -> String {
        crate::model::mask(self.to)
    }
}
