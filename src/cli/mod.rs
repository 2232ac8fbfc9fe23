//! The subcommands of the program: what an operator types, and what is printed for them.
//!
//! | file | command |
//! |---|---|
//! | `run` | `postrider run`: the daemon |
//! | `config` | `postrider config check`: every mistake at once |
//! | `demo` | `postrider demo`: the daemon beside a simulated carrier, for a first look |
//! | `sim_carrier` | `postrider sim-carrier`: the simulated carrier alone |
//! | `sim_modem` | `postrider sim-modem`: simulated modems on pseudo terminals |
//! | `token`, `callbacks` | what is kept in the database beside messages |
//! | `event`, `webhook` | a till's table of events; what would come of a shop's webhook |
//! | `contact`, `segment` | contacts, bringing them in, and counting segments of them |
//! | `campaign` | campaigns, through the API of the running daemon |
//! | `playbook` | whole uses of texts: shown, checked, installed |
//! | `workflow` | workflows: checking, playing in fast time, who is in them |
//! | `estimate` | what a text would cost |
//! | `why` | a message's story with its PDUs |
//! | `trace` | what passed over a link lately |
//! | `decide` | `postrider resolve` and `postrider cancel`, over the API of the running daemon |
//! | `restore` | a database that was put back, over the API of the running daemon |
//! | `modem` | the modems, through the API of the running daemon or straight at their ports |
//! | `clock` | whether the machine's clock is believed |
//! | `doctor` | looks the machine over |
//! | `consent` | who agreed to what: shown, recorded, imported |
//! | `law` | when a message may go to a number, and why |
//! | `bench` | the figures of `docs/BENCHMARKS.md` |
//!
//! Beside them stands what they share: `settings` and `database` find and open files, `http1` speaks to an API,
//! `api` finds the one of the running daemon, `receiver` takes callbacks, `out` prints,
//! `ports` looks at the serial ports of the machine, `table` brings tables in.

mod api;
mod bench;
mod callbacks;
mod campaign;
mod clock;
mod config;
mod consent;
mod contact;
mod database;
mod decide;
mod decode;
mod demo;
mod doctor;
mod estimate;
mod event;
mod http1;
mod law;
mod modem;
mod out;
mod playbook;
mod ports;
mod receiver;
mod restore;
mod run;
mod segment;
mod settings;
mod sim_carrier;
mod sim_modem;
mod table;
mod time;
mod token;
mod trace;
mod webhook;
mod why;
mod workflow;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::store::StoreError;

/// The exit code of a daemon that finds another one on its database: `EX_TEMPFAIL`, it may be tried again.
const HELD: u8 = 75;

/// The exit code of a command that found the configuration wrong; clap uses it for a wrong command line too.
const WRONG_CONFIGURATION: u8 = 2;

#[derive(Debug, Parser)]
#[command(
    name = "postrider",
    version,
    about = "The SMS gateway that a shop keeps on its own server.",
    max_term_width = 110
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of it in a run")]
enum Command {
    /// Run the gateway
    Run(run::Args),
    /// Look a configuration over
    #[command(subcommand)]
    Config(config::Command),
    /// Show the gateway at work with a simulated carrier, and stay up for a try
    Demo(demo::Args),
    /// Run a simulated carrier (SMSC) that a gateway can bind to
    SimCarrier(sim_carrier::Args),
    /// Run simulated GSM modems on pseudo terminals
    SimModem(sim_modem::Args),
    /// Make, list and revoke API tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Show contacts, and bring them in from a table
    #[command(subcommand)]
    Contact(contact::Command),
    /// Bring events in from a table, like a till's sales
    #[command(subcommand)]
    Event(event::Command),
    /// List, count and sample segments
    #[command(subcommand)]
    Segment(segment::Command),
    /// Write, start, watch and stop campaigns, and tell what they came to
    #[command(subcommand)]
    Campaign(campaign::Command),
    /// Try how a shop system's webhooks are read
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// List, show, check, preview, install and remove playbooks: whole uses of texts
    #[command(subcommand)]
    Playbook(playbook::Command),
    /// Check, simulate and show workflows
    #[command(subcommand)]
    Workflow(workflow::Command),
    /// Tell what a text would cost: encoding, segments, and what makes it dear
    Estimate(estimate::Args),
    /// Read a PDU of SMPP or a TPDU of a modem, field by field
    Decode(decode::Args),
    /// Tell a message's story: every step, every answer, the PDUs decoded
    Why(why::Args),
    /// Show what passed over a link lately: PDUs, or the AT dialogue of a modem
    Trace(trace::Args),
    /// List callbacks that were given up, and send them again
    #[command(subcommand)]
    Callbacks(callbacks::Command),
    /// Decide about a message of which nobody can tell whether it was sent
    Resolve(decide::ResolveArgs),
    /// Withdraw a message that has not left yet
    Cancel(decide::CancelArgs),
    /// See and release what a database holds that was put back
    Restore(restore::Args),
    /// See and ask the modems: list, AT commands, USSD, resets, test messages
    #[command(subcommand)]
    Modem(modem::Command),
    /// Look the machine over: configuration, disk, clock, ports, modems; and say what to do about each fault
    Doctor(doctor::Args),
    /// Tell whether the clock of this machine is believed, and say that it is right
    #[command(subcommand)]
    Clock(clock::Command),
    /// Show, record and import what people agreed to and refused
    #[command(subcommand)]
    Consent(consent::Command),
    /// Tell when a message may go to a number, and why
    #[command(subcommand)]
    Law(law::Command),
    /// Measure this machine with a real daemon on a real disk
    Bench(bench::Args),
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Config(command) => config::run(&command),
        Command::Demo(args) => demo::run(&args),
        Command::SimCarrier(args) => sim_carrier::run(&args),
        Command::SimModem(args) => sim_modem::run(&args),
        Command::Token(command) => token::run(&command),
        Command::Contact(command) => contact::run(&command),
        Command::Event(command) => event::run(&command),
        Command::Segment(command) => segment::run(&command),
        Command::Campaign(command) => campaign::run(&command),
        Command::Webhook(command) => webhook::run(&command),
        Command::Playbook(command) => playbook::run(&command),
        Command::Workflow(command) => workflow::run(&command),
        Command::Estimate(args) => estimate::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Why(args) => why::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Callbacks(command) => callbacks::run(&command),
        Command::Clock(command) => clock::run(&command),
        Command::Resolve(args) => decide::resolve(&args),
        Command::Cancel(args) => decide::cancel(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Modem(command) => modem::run(&command),
        Command::Doctor(args) => doctor::run(&args),
        Command::Consent(command) => consent::run(&command),
        Command::Law(command) => law::run(&command),
        Command::Bench(args) => bench::run(&args),
    };
    result.unwrap_or_else(|error| ended(&error))
}

/// Tells what went wrong, once, and chooses the exit code.
fn ended(error: &anyhow::Error) -> ExitCode {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    if kind == Some(io::ErrorKind::BrokenPipe) {
        // Whoever read our output has seen enough.
        return ExitCode::SUCCESS;
    }
    if error.is::<settings::Wrong>() {
        out::complain(format_args!("{error}"));
        return ExitCode::from(WRONG_CONFIGURATION);
    }
    out::complain(format_args!("postrider: {error:#}"));
    let held = error.chain().any(|cause| matches!(cause.downcast_ref(), Some(StoreError::Held { .. })));
    if held { ExitCode::from(HELD) } else { ExitCode::FAILURE }
}
