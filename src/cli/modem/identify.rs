//! `postrider modem identify`: what a modem, its SIM and its network say of themselves, asked afresh.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::port::Port;
use super::view::wrapped;
use super::{ask, is_port, modem, modems, print, print_json, view};
use crate::cli::api::{Daemon, Unanswered};
use crate::cli::out;
use crate::cli::ports;

/// How long one answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The modem's name, or a port like /dev/ttyUSB2 when no daemon runs; all if absent
    target: Option<String>,
    #[command(flatten)]
    daemon: Daemon,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let known = args.daemon.find().and_then(|api| modems(&api).map(|known| (api, known)));
    let (api, known) = match (known, args.target.as_deref()) {
        (Ok(found), _) => found,
        (Err(_), Some(port)) if is_port(port) => return tell(vec![straight(port)?], args.json),
        (Err(Unanswered::NotRunning(why)), None) => {
            out::complain(format_args!("postrider: {why:#}; asking the ports themselves"));
            return tell(everywhere(), args.json);
        }
        (Err(why), _) => return Err(why.into()),
    };
    let names: Vec<String> = match args.target.as_deref() {
        None => known.into_iter().map(|modem| modem.name).collect(),
        Some(target) => {
            let owner = known.into_iter().find(|modem| modem.name == target || modem.port.as_deref() == Some(target));
            match owner {
                Some(modem) => vec![modem.name],
                None if is_port(target) => return tell(vec![straight(target)?], args.json),
                None => vec![target.to_owned()],
            }
        }
    };
    let mut found = Vec::new();
    for name in &names {
        // One that cannot be asked now still shows what is known of it.
        let refreshed = ask(&api, name, "refresh", &json!({}));
        if let Err(why) = refreshed {
            out::complain(format_args!("{name}: {:#}", anyhow::Error::from(why)));
        }
        found.push(modem(&api, name)?);
    }
    if args.json {
        return print_json(&json!({ "modems": found }));
    }
    for (number, modem) in found.iter().enumerate() {
        if number > 0 {
            out::gap()?;
        }
        print(&view::show(modem))?;
    }
    if found.is_empty() {
        return print(&view::list(&[]));
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked of a port, and the answers in words.
type Said = (String, Result<Vec<(&'static str, String)>, String>);

/// Names of facts, and the questions that give them: the first that is answered counts.
const FACTS: [(&str, &[&str]); 12] = [
    ("maker", &["AT+CGMI"]),
    ("model", &["AT+CGMM"]),
    ("firmware", &["AT+CGMR"]),
    ("IMEI", &["AT+CGSN"]),
    ("SIM", &["AT+CPIN?"]),
    ("ICCID", &["AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID"]),
    ("IMSI", &["AT+CIMI"]),
    ("number", &["AT+CNUM"]),
    ("SMSC", &["AT+CSCA?"]),
    ("network", &["AT+COPS?"]),
    ("registered", &["AT+CREG?"]),
    ("signal", &["AT+CSQ"]),
];

fn straight(path: &str) -> anyhow::Result<Said> {
    let mut port = Port::open(path)?;
    let mut facts = Vec::new();
    for (name, questions) in FACTS {
        let answers = questions.iter().filter_map(|question| port.command(question, ANSWER_WAIT).ok());
        if let Some(fact) = answers.filter_map(|heard| fact(&heard.lines)).next() {
            facts.push((name, fact));
        }
    }
    Ok((path.to_owned(), Ok(facts)))
}

/// Every port that nobody holds.
fn everywhere() -> Vec<Said> {
    let ports = ports::scan(std::path::Path::new("/"));
    let ask = |port: ports::Port| straight(&port.path).unwrap_or_else(|error| (port.path, Err(format!("{error:#}"))));
    ports.into_iter().map(ask).collect()
}

/// The first line of an answer without its prefix and quotation marks; `None` after an error.
fn fact(lines: &[String]) -> Option<String> {
    let [first, .., last] = lines else { return None };
    (last == "OK").then_some(())?;
    let value = match first.split_once(": ") {
        Some((prefix, value)) if prefix.starts_with(['+', '^', '#']) => value,
        _ => first.as_str(),
    };
    let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|bare| !bare.contains('"'));
    let value = bare.unwrap_or(value);
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

fn tell(said: Vec<Said>, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        let ports = said.into_iter().map(|(path, answers)| match answers {
            Ok(facts) => {
                let facts: Map<String, Value> =
                    facts.into_iter().map(|(name, fact)| (name.to_lowercase(), fact.into())).collect();
                json!({ "port": path, "facts": facts })
            }
            Err(why) => json!({ "port": path, "error": why }),
        });
        return print_json(&json!({ "ports": ports.collect::<Vec<_>>() }));
    }
    if said.is_empty() {
        return print(&view::ports(&[]));
    }
    for (path, answers) in said {
        out::line(&path)?;
        match answers {
            Ok(facts) => print(&facts.iter().map(|(name, fact)| format!("    {name:<12}{fact}")).collect::<Vec<_>>())?,
            Err(why) => print(&wrapped("    ", &why))?,
        };
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_lose_their_prefixes_and_errors_are_none() {
        let of = |lines: &[&str]| fact(&lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["+CCID: \"8982001234567890123\"", "OK"]).as_deref(), Some("8982001234567890123"));
        assert_eq!(of(&["E173", "OK"]).as_deref(), Some("E173"));
        assert_eq!(of(&["+CSCA: \"+821099900001\",145", "OK"]).as_deref(), Some("\"+821099900001\",145"));
        assert_eq!(of(&["+CME ERROR: 10"]), None);
        assert_eq!(of(&["OK"]), None);
    }
}
