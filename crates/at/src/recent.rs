//! Keeps the last lines of the dialogue, in the form of a fixture, until the owner fetches them for whoever looks for a fault.

use std::collections::VecDeque;

use postrider_model::{Timestamp, TraceLine};

/// How many lines are kept.
const LINES_MAX: usize = 400;
/// What is kept of one line.
const LINE_MAX: usize = 512;

/// The last lines. PINs are hidden in them; numbers and texts in PDUs are not.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<TraceLine>);

impl Recent {
    /// Notes what passed. `mark` is the fixture's word for its kind.
    pub(super) fn note(&mut self, at: Timestamp, mark: &str, line: &str) {
        if self.0.len() == LINES_MAX {
            self.0.pop_front();
        }
        let line: String = line.chars().take(LINE_MAX).collect();
        self.0.push_back(TraceLine { at, text: format!("{mark} {line}") });
    }

    /// The lines, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &TraceLine> {
        self.0.iter()
    }

    /// The oldest line, which is kept no longer.
    pub(super) fn poll(&mut self) -> Option<TraceLine> {
        self.0.pop_front()
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
        while recent.poll().is_some() {}
        assert_eq!(recent.iter().count(), 0, "each is fetched once");
    }
}
