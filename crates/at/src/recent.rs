//! Keeps the last lines of the dialogue, in the form of a fixture, for `doctor` and `record`.

use std::collections::VecDeque;

use postrider_model::Timestamp;

/// How many lines are kept.
const LINES_MAX: usize = 400;
/// What is kept of one line.
const LINE_MAX: usize = 512;

/// One line of the dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentLine {
    /// When it passed.
    pub at: Timestamp,
    /// What passed, as a fixture writes it: `> ` for what was sent, `< ` for what came, `>> ` and `<< ` for octets
    /// without line ends. PINs are hidden; numbers and texts in PDUs are not.
    pub text: String,
}

/// The last lines.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<RecentLine>);

impl Recent {
    /// Notes what passed. `mark` is the fixture's word for its kind.
    pub(super) fn note(&mut self, at: Timestamp, mark: &str, line: &str) {
        if self.0.len() == LINES_MAX {
            self.0.pop_front();
        }
        let line: String = line.chars().take(LINE_MAX).collect();
        self.0.push_back(RecentLine { at, text: format!("{mark} {line}") });
    }

    /// The lines, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &RecentLine> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut recent = Recent::default();
        for number in 0..LINES_MAX + 3 {
            recent.note(Timestamp::from_millis(0), "<", &number.to_string());
        }
        assert_eq!(recent.iter().count(), LINES_MAX);
        assert_eq!(recent.iter().next().unwrap().text, "< 3");
        recent.note(Timestamp::from_millis(0), "<", &"x".repeat(5000));
        assert!(recent.iter().last().unwrap().text.len() < 600);
    }
}
