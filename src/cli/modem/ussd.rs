//! `postrider modem ussd`: dials a code, prints what the network says, and answers its menus.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::view::wrapped;
use super::{ask, print, print_json};
use crate::cli::api::{Api, Daemon};
use crate::cli::out;
use crate::http::AnswerView;

/// A menu that asks more often goes round in circles.
const MENUS_MAX: usize = 20;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The modem's name
    name: String,
    /// The code, in quotation marks: '*100#'
    #[arg(required_unless_present_any = ["answer", "end"], conflicts_with_all = ["answer", "end"])]
    code: Option<String>,
    /// Answer the menu of an open dialogue instead
    #[arg(long, value_name = "TEXT", conflicts_with = "end")]
    answer: Option<String>,
    /// End an open dialogue instead
    #[arg(long)]
    end: bool,
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let step = match (&args.code, &args.answer) {
        (Some(code), _) => json!({ "code": code }),
        (None, Some(answer)) => json!({ "answer": answer }),
        (None, None) => json!({ "end": true }),
    };
    let api = args.daemon.find()?;
    let said = ask(&api, &args.name, "ussd", &step)?;
    if args.json {
        return print_json(&said);
    }
    converse(&api, &args.name, said)
}

/// Prints what the network says, and asks the person for as long as the network asks.
fn converse(api: &Api, name: &str, mut said: AnswerView) -> anyhow::Result<ExitCode> {
    for _ in 0..MENUS_MAX {
        let Some(text) = &said.text else {
            out::line("the dialogue is ended")?;
            return Ok(ExitCode::SUCCESS);
        };
        // A menu's lines are the network's; only longer ones are wrapped.
        let lines: Vec<String> = text.lines().flat_map(|line| wrapped("", line)).collect();
        print(&lines)?;
        if said.more != Some(true) {
            return Ok(ExitCode::SUCCESS);
        }
        if !std::io::stdin().is_terminal() {
            out::line(format_args!("the network waits: postrider modem ussd {name} --answer TEXT, or --end"))?;
            return Ok(ExitCode::SUCCESS);
        }
        out::line("answer (an empty line ends the dialogue):")?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        said = ask(api, name, "ussd", &step(answer.trim()))?;
    }
    ask(api, name, "ussd", &json!({ "end": true }))?;
    bail!("the network asked {MENUS_MAX} times; the dialogue was ended")
}

fn step(answer: &str) -> Value {
    if answer.is_empty() { json!({ "end": true }) } else { json!({ "answer": answer }) }
}
