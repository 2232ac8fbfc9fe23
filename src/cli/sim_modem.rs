//! `postrider sim-modem`: simulated GSM modems on pseudo terminals, for tools and tests that want a stick without hardware.
//!
//! It prints one line for each modem with the path to configure, once it is plugged in. Lines on standard input make it do
//! things: `receive N FROM TEXT`, `unplug N`, `replug N`, `counts`.

use std::fs;
use std::io::{BufRead, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::{out, time};
use crate::sim::modem::{ModemCounts, Persona, SimModemSettings};
use crate::sim::modem_server::ModemServer;

/// Lines that may wait to be done.
const LINES_MAX: usize = 64;
const ASKED: &str = "receive N FROM TEXT, unplug N, replug N, counts";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the links to the pseudo terminals go: DIRECTORY/modem1, DIRECTORY/modem2, ...
    #[arg(long, value_name = "DIRECTORY")]
    dir: PathBuf,
    /// How many modems
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    count: u16,
    /// Which maker's ways they have
    #[arg(long, default_value = "generic", value_parser = persona)]
    persona: Persona,
    /// From the PDU to its result
    #[arg(long, value_name = "SPAN", default_value = "2500ms", value_parser = time::span)]
    part_time: Duration,
    /// How long after its result a status report comes: 50ms, or 50ms..2s
    #[arg(long, value_name = "SPAN", default_value = "1s..3s", value_parser = time::spans)]
    reports: (Duration, Duration),
    /// The seed of all chances
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: &Args) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {}", args.dir.display()))?;
    let mut modems = Vec::new();
    for number in 1..=args.count {
        let mut settings = SimModemSettings::numbered(number.into(), args.persona.clone());
        settings.part_time = args.part_time;
        settings.network.report_delay = args.reports;
        let link = args.dir.join(format!("modem{number}"));
        let modem = ModemServer::on_pty(settings, args.seed ^ u64::from(number), Some(&link))
            .with_context(|| format!("cannot make {}", link.display()))?;
        modems.push(modem);
        out::line(format_args!("ready: simulated modem {number} on {}", link.display()))?;
    }
    tokio::select! {
        result = console(&modems) => result?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    for modem in &modems {
        modem.unplug().await;
    }
    out::line(counts(&modems))?;
    Ok(())
}

/// Does what the lines say, for as long as the program runs; the end of the input changes nothing.
async fn console(modems: &[ModemServer]) -> anyhow::Result<()> {
    let (lines, mut asked) = mpsc::channel::<String>(LINES_MAX);
    thread::spawn(move || {
        let read = stdin().lock().lines().map_while(Result::ok);
        // The channel closes with the program.
        let _ = read.into_iter().try_for_each(|line| lines.blocking_send(line));
    });
    while let Some(line) = asked.recv().await {
        match obey(modems, line.trim()).await {
            Ok(answer) if answer.is_empty() => {}
            Ok(answer) => out::line(answer)?,
            Err(why) => out::complain(format_args!("{why}")),
        }
    }
    std::future::pending().await
}

async fn obey(modems: &[ModemServer], line: &str) -> Result<String, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let modem = || {
        let place: usize = number.parse().map_err(|_| format!("write the modem's number: {ASKED}"))?;
        let found = place.checked_sub(1).and_then(|place| modems.get(place));
        found.ok_or_else(|| format!("there is no modem {place}"))
    };
    match word {
        "" => Ok(String::new()),
        "receive" => {
            let (from, text) = rest.split_once(' ').ok_or("write: receive N FROM TEXT")?;
            modem()?.receive(from, text).map_err(|error| error.to_string())?;
            Ok(format!("modem {number} has a message from {from}"))
        }
        "unplug" => {
            modem()?.unplug().await;
            Ok(format!("modem {number} is unplugged"))
        }
        "replug" => {
            let path = modem()?.replug().await.map_err(|error| error.to_string())?;
            Ok(format!("modem {number} is plugged in as {}", path.unwrap_or_default().display()))
        }
        "counts" => Ok(counts(modems)),
        _ => Err(format!("\"{word}\" is none of: {ASKED}")),
    }
}

/// The sums over all modems in one line, as name=value.
fn counts(modems: &[ModemServer]) -> String {
    let (mut sum, mut doubled) = (ModemCounts::default(), 0);
    for modem in modems {
        let (one, copies) = modem.with(|modem, _| (modem.ledger().counts, modem.ledger().doubled().len()));
        sum.taken += one.taken;
        sum.refused += one.refused;
        sum.unanswered += one.unanswered;
        sum.reports += one.reports;
        sum.received += one.received;
        sum.reboots += one.reboots;
        doubled += copies;
    }
    let ModemCounts { taken, refused, unanswered, reports, received, reboots, .. } = sum;
    format!(
        "counts: taken={taken} refused={refused} unanswered={unanswered} reports={reports} received={received} \
         reboots={reboots} doubled={doubled}"
    )
}

fn persona(name: &str) -> Result<Persona, String> {
    Persona::named(name).ok_or_else(|| {
        let known: Vec<&str> = Persona::names().collect();
        format!("\"{name}\" is none of: {}", known.join(", "))
    })
}
