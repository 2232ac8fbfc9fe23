//! What is wrong with a configuration, as sentences that name the thing, the key, the file and the line.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;

/// One mistake. It reads as one line: `carrier "north": password is empty; … (postrider.toml, line 41)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// The thing: `http`, `carrier "north"`; empty for the file itself.
    pub place: String,
    /// The key that is wrong or missing; empty when it is not about one.
    pub key: String,
    /// What is wrong and what to do about it, the key included.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{} ({}", self.message, self.file)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        f.write_str(")")
    }
}

/// Every mistake of a configuration, by file and line. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", check_report(.0))]
pub struct Problems(pub Vec<Problem>);

/// The answer of `postrider config check`: one line a mistake, by file and line, then how many there are.
pub fn check_report(problems: &[Problem]) -> String {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort();
    let mut out: String = sorted.iter().map(|problem| format!("{problem}\n")).collect();
    out.push_str(&match sorted.len() {
        0 => "no mistakes".to_owned(),
        1 => "1 mistake".to_owned(),
        count => format!("{count} mistakes"),
    });
    out
}

/// Mistakes that are kept. A file with more of them is something else than a configuration.
const PROBLEMS_MAX: usize = 200;
/// The longest message, in characters: it may quote a value.
const MESSAGE_MAX: usize = 600;

/// Gathers what is found while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: RefCell<Vec<Problem>>,
    /// Whether there were more problems than are kept.
    overflows: Cell<bool>,
    warnings: RefCell<Vec<Problem>>,
    /// Every key that was asked for, as `http.listen`: the documents are tested against it.
    keys: RefCell<BTreeSet<String>>,
}

impl Report {
    pub(super) fn problem(&self, problem: Problem) {
        keep(&mut self.problems.borrow_mut(), problem, &self.overflows);
    }

    pub(super) fn warning(&self, warning: Problem) {
        keep(&mut self.warnings.borrow_mut(), warning, &Cell::new(false));
    }

    pub(super) fn asked(&self, key: String) {
        self.keys.borrow_mut().insert(key);
    }

    /// Problems, warnings and keys. What is found twice, in a file that two carriers share, is one mistake.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>, BTreeSet<String>) {
        let sorted = |found: RefCell<Vec<Problem>>| {
            let mut found = found.into_inner();
            found.sort();
            found.dedup();
            found
        };
        (sorted(self.problems), sorted(self.warnings), self.keys.into_inner())
    }
}

/// Adds `problem`, within bounds.
fn keep(list: &mut Vec<Problem>, mut problem: Problem, overflows: &Cell<bool>) {
    if list.len() < PROBLEMS_MAX {
        cut(&mut problem.message, MESSAGE_MAX);
        cut(&mut problem.place, MESSAGE_MAX);
        list.push(problem);
    } else if !overflows.replace(true) {
        let message = format!("there are more than {PROBLEMS_MAX} mistakes; these are the first");
        list.push(Problem { line: 0, place: String::new(), key: String::new(), message, ..problem });
    }
}

fn cut(text: &mut String, length_max: usize) {
    if let Some((end, _)) = text.char_indices().nth(length_max) {
        text.truncate(end);
        text.push('…');
    }
}

/// The known word that `unknown` was probably meant to be.
pub(super) fn did_you_mean<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance_max = (unknown.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|word| (distance(&unknown.to_ascii_lowercase(), word), word))
        .filter(|(distance, _)| *distance <= distance_max)
        .min()
        .map(|(_, word)| word)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut best = (rows[i][j + 1] + 1).min(row[j] + 1).min(rows[i][j] + usize::from(from != to));
            if i > 0 && j > 0 && a[i - 1] == *to && b[j - 1] == *from {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["listen", "system_id", "window", "binds"];
        for (slip, meant) in [("lsiten", "listen"), ("sytem_id", "system_id"), ("Window", "window"), ("bind", "binds")]
        {
            assert_eq!(did_you_mean(slip, known), Some(meant), "{slip}");
        }
        assert_eq!(did_you_mean("frequency", known), None);
    }

    #[test]
    fn the_report_sorts_by_file_and_line_and_counts() {
        let problem = |file: &str, line: usize, place: &str| Problem {
            file: file.into(),
            line,
            place: place.into(),
            key: "password".into(),
            message: "password is empty".into(),
        };
        let report = check_report(&[problem("b.toml", 2, ""), problem("a.toml", 41, "carrier \"north\"")]);
        assert_eq!(
            report,
            "carrier \"north\": password is empty (a.toml, line 41)\npassword is empty (b.toml, line 2)\n2 mistakes"
        );
    }
}
