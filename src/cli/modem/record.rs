//! `postrider modem record`: asks a modem everything that a profile is made of, and writes the dialogue down as a fixture.
//!
//! The questions change nothing in the modem. The form of the fixture is that of `hw-fixtures`: `>` what is sent, `<` what
//! comes, `@` seconds of silence, `#` remarks.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::reach::{Heard, Reach};
use crate::at::Masker;
use crate::cli::api::Daemon;
use crate::cli::out;
use crate::cli::time::{instant, span};
use crate::cli::trace;
use crate::daemon::now;
use crate::http::TraceLineView;

/// What is asked, in this order: all of it only reads.
const QUESTIONS: [&str; 38] = [
    "AT",
    "ATI",
    "AT+CGMI",
    "AT+CGMM",
    "AT+CGMR",
    "AT+CGSN",
    "AT+CMEE?",
    "AT+CFUN?",
    "AT+CPIN?",
    "AT+CIMI",
    "AT+CCID",
    "AT+ICCID",
    "AT+QCCID",
    "AT^ICCID?",
    "AT+CNUM",
    "AT+CSMS=?",
    "AT+CSMS?",
    "AT+CMGF=?",
    "AT+CMGF?",
    "AT+CPMS=?",
    "AT+CPMS?",
    "AT+CNMI=?",
    "AT+CNMI?",
    "AT+CMMS=?",
    "AT+CSCA?",
    "AT+CREG?",
    "AT+CGREG?",
    "AT+CEREG?",
    "AT+COPS?",
    "AT+CSQ",
    "AT+CESQ",
    "AT+CGSMS?",
    "AT+CSCS=?",
    "AT+CSCS?",
    "AT+CUSD=?",
    "AT+CMGD=?",
    "AT+CCLK?",
    "AT+CMGL=4",
];
/// How long one answer may take; lists of a full SIM take longest.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// A silence worth a line of its own.
const SILENCE_MIN: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The modem's name; or a port like /dev/ttyUSB2, when no daemon runs
    target: String,
    /// Where to write the fixture; to the terminal if absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Listen so long at the end for what the modem says by itself; only with a port
    #[arg(long, value_parser = span, default_value = "10s")]
    listen: Duration,
    #[command(flatten)]
    daemon: Daemon,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut reach = Reach::find(&args.daemon, &args.target)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let mut sheet = Sheet::new(salt);
    let before = match &reach {
        Reach::Daemon { api, name } => trace::of(api, name, true).ok(),
        Reach::Port(_) => None,
    };
    for question in QUESTIONS {
        out::complain(format_args!("{question}"));
        match reach.command(question, ANSWER_WAIT) {
            Ok(heard) => sheet.answer(question, &heard),
            Err(error) => sheet.silence(question, &error),
        }
    }
    if let Reach::Port(port) = &mut reach {
        out::complain(format_args!("listening for {} s", args.listen.as_secs()));
        sheet.unasked(&port.listen(instant() + args.listen)?);
    }
    // What passed before anybody asked is often what the fault looks like.
    if let Some(before) = before {
        sheet.before(&before);
    }
    let text = sheet.finish(&now().to_string());
    match &args.out {
        None => out::line(text.trim_end())?,
        Some(file) => {
            fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
            out::line(format_args!(
                "{} is written; numbers, texts and cells are masked. Look it over before you send it to anyone",
                file.display()
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The fixture as it grows.
struct Sheet {
    masker: Masker,
    body: String,
    /// Maker, model, firmware.
    device: Vec<String>,
}

impl Sheet {
    fn new(salt: [u8; 16]) -> Self {
        Self { masker: Masker::new(salt), body: String::new(), device: Vec::new() }
    }

    fn answer(&mut self, question: &str, heard: &Heard) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "> {question}");
        if let Some(took) = heard.took.filter(|took| *took >= SILENCE_MIN) {
            let _ = writeln!(self.body, "@ {:.1}", took.as_secs_f32());
        }
        self.lines(&heard.lines);
        if let ("AT+CGMI" | "AT+CGMM" | "AT+CGMR", [word, _]) = (question, heard.lines.as_slice()) {
            let word = self.masker.line(word).unwrap_or_default();
            self.device.push(word);
        }
    }

    fn lines(&mut self, lines: &[String]) {
        for line in lines {
            let _ = match self.masker.line(line) {
                Ok(line) => writeln!(self.body, "< {line}"),
                Err(remark) => writeln!(self.body, "# {remark}"),
            };
        }
    }

    fn silence(&mut self, question: &str, error: &anyhow::Error) {
        let _ = writeln!(self.body, "> {question}\n! timeout {}\n# {error:#}", ANSWER_WAIT.as_secs());
    }

    fn unasked(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            let _ = writeln!(self.body, "# What the modem said by itself:");
            self.lines(lines);
        }
    }

    /// What the daemon and the modem said to each other before.
    fn before(&mut self, lines: &[TraceLineView]) {
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(self.body, "# What passed before, as comments, since it has no beginning:");
        for line in lines {
            let at = line.at.get(11..23).unwrap_or(&line.at);
            let _ = writeln!(self.body, "# {at} {}", self.masker.recent(&line.text));
        }
    }

    fn finish(self, at: &str) -> String {
        let device = if self.device.is_empty() { "unknown device".to_owned() } else { self.device.join(", ") };
        let (version, day) = (env!("CARGO_PKG_VERSION"), at.get(..10).unwrap_or(at));
        format!(
            "# {device}: what it answers to every question of the set-up.\n\
             # Recorded with postrider {version} on {day}. Numbers, IMEI, IMSI, ICCID, cells, names and texts are masked: \
             other digits\n# and letters of the same length, the same ones for the same ones.\n\n{}",
            self.body
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialogue_becomes_a_fixture_that_names_nobody() {
        let mut sheet = Sheet::new([1; 16]);
        let heard = |lines: &[&str], took: u64| Heard {
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            took: Some(Duration::from_millis(took)),
        };
        sheet.answer("AT+CGMM", &heard(&["E173", "OK"], 20));
        sheet.answer("AT+CGSN", &heard(&["490154203237518", "OK"], 1_240));
        sheet.silence("AT+CESQ", &anyhow::anyhow!("no answer"));
        sheet.unasked(&["^RSSI: 19".to_owned()]);
        let text = sheet.finish("2026-11-22T00:00:00.000Z");
        assert!(text.starts_with("# E173: what it answers"), "{text}");
        assert!(text.contains("on 2026-11-22."), "{text}");
        assert!(text.contains("> AT+CGSN\n@ 1.2\n< 49015") && !text.contains("490154203237518"), "{text}");
        assert!(text.contains("> AT+CESQ\n! timeout 60\n# no answer\n"), "{text}");
        assert!(text.ends_with("# What the modem said by itself:\n< ^RSSI: 19\n"), "{text}");
        let good =
            |line: &str| line.is_empty() || ["# ", "> ", "< ", "@ ", "! "].iter().any(|start| line.starts_with(start));
        assert!(text.lines().all(good), "{text}");
    }

    #[test]
    fn no_question_changes_anything() {
        for question in QUESTIONS {
            let reads = question.ends_with('?')
                || matches!(question, "AT+CMGL=4" | "AT+CIMI" | "AT+CNUM" | "AT+CSQ" | "AT+CESQ")
                || question.starts_with("AT+CGM")
                || question.starts_with("AT+CGSN")
                || question.ends_with("CCID")
                || matches!(question, "AT" | "ATI");
            assert!(reads, "{question}");
            assert!(crate::http::at_command(question).is_ok(), "{question}");
        }
    }
}
