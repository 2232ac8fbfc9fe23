//! Shows the messages while they travel: a line for each and a bar for all on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::api::Seen;
use super::samples::{SAMPLES, Sample};
use crate::cli::out;

/// How often the spinners turn.
const TURN: Duration = Duration::from_millis(100);

/// The board.
pub struct Board {
    /// The lines of a terminal; without one every change is a line of its own.
    lines: Option<Lines>,
    rows: Vec<Row>,
}

struct Lines {
    all: MultiProgress,
    overall: ProgressBar,
    bars: Vec<ProgressBar>,
}

struct Row {
    head: String,
    seen: Seen,
}

impl Board {
    /// An empty board.
    pub fn new() -> Self {
        let lines = stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let overall = all.add(ProgressBar::new(SAMPLES.len().try_into().unwrap_or(u64::MAX)));
            overall.set_style(style("  {bar:40.green/dim} {pos} of {len} finished"));
            Lines { all, overall, bars: Vec::new() }
        });
        Self { lines, rows: Vec::new() }
    }

    /// One message more.
    pub fn add(&mut self, sample: &Sample) {
        let head = format!("{:<14}  {:<12}", sample.name, sample.masked());
        if let Some(lines) = &mut self.lines {
            let bar = lines.all.insert_before(&lines.overall, ProgressBar::new_spinner());
            bar.set_style(style("  {spinner:.cyan} {msg}"));
            bar.set_message(head.clone());
            bar.enable_steady_tick(TURN);
            lines.bars.push(bar);
        }
        self.rows.push(Row { head, seen: Seen::default() });
    }

    /// What a look showed.
    pub fn update(&mut self, place: usize, seen: &Seen) {
        let Some(row) = self.rows.get_mut(place).filter(|row| row.seen != *seen) else { return };
        row.seen = seen.clone();
        let text = row.text();
        let Some(lines) = &self.lines else {
            // Nobody is left to tell when standard output is gone.
            let _ = out::line(format_args!("  {text}"));
            return;
        };
        let Some(bar) = lines.bars.get(place) else { return };
        if seen.is_final() {
            let sign = if seen.state == "delivered" { "  {prefix:.green} {msg}" } else { "  {prefix:.red} {msg}" };
            bar.set_style(style(sign));
            bar.set_prefix(if seen.state == "delivered" { "✔" } else { "✘" });
            bar.finish_with_message(text);
            lines.overall.inc(1);
        } else {
            bar.set_message(text);
        }
    }

    /// Leaves the last picture on the terminal.
    pub fn finish(self) {
        if let Some(lines) = self.lines {
            lines.overall.finish();
        }
    }
}

impl Row {
    fn text(&self) -> String {
        let Self { head, seen } = self;
        let count = usize::try_from(seen.segments).unwrap_or(usize::MAX);
        let why = match seen.state.as_str() {
            "failed" | "undelivered" | "expired" => format!("  {}", seen.note),
            _ => String::new(),
        };
        format!("{head}  {:<5} {:<11}  {}{why}", seen.alphabet, out::count(count, "segment"), seen.path.join(" → "))
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
