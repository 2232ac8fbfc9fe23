//! Decides which lines are written when somebody outside causes more than anybody reads: ten a second for each source,
//! and one that says how many were left out.
//!
//! A source is a link, a modem or a target of callbacks, as a line's fields name it, or else the place in the program. Errors
//! and lines of the message catalog have a small budget of their own beside their source's, so that a flood of one kind does
//! not hide them. Lines for debugging, which somebody asked for, have a hundred times as much.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Lines of a source in a second.
const LINES_MAX: u32 = 10;
/// Errors and lines of the catalog beyond that, of each kind.
const IMPORTANT_MAX: u32 = 2;
/// For debugging.
const DEBUG_MAX: u32 = 1_000;
/// Sources, and kinds of lines, that are known at a time; others share one budget.
const KNOWN_MAX: usize = 2_048;
/// What is left out is told this often while it goes on, and when it ended.
const TELL_EVERY: Duration = Duration::from_secs(15);
const SECOND: Duration = Duration::from_secs(1);
/// Stands for all that are one too many.
const OTHERS: u64 = 0;

/// What is known of a line before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// A hash of who caused it.
    pub source: u64,
    /// A hash of the place in the program, or of the catalog's id.
    pub kind: u64,
    /// Whether it is for debugging.
    pub debug: bool,
    /// Whether it is an error or stands in the catalog.
    pub important: bool,
}

/// Lines that were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub text: String,
    /// Within what time.
    pub within: Duration,
}

/// The budgets of all sources.
#[derive(Debug, Default)]
pub struct Budget {
    sources: HashMap<u64, Bucket>,
    kinds: HashMap<(u64, u64), Kind>,
    looked_at: Option<Instant>,
}

/// Counts the lines of a second.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    since: Instant,
    count: u32,
}

#[derive(Debug)]
struct Kind {
    bucket: Bucket,
    left_out: Option<Silence>,
}

#[derive(Debug)]
struct Silence {
    count: u64,
    text: String,
    since: Instant,
    last: Instant,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self { since: now, count: 0 }
    }

    fn take(&mut self, now: Instant, most: u32) -> bool {
        if now.saturating_duration_since(self.since) >= SECOND {
            *self = Self::new(now);
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }

    fn is_idle(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= SECOND
    }
}

impl Budget {
    /// Whether the line is written. `text` is asked for the first of those that are not.
    pub fn admit(&mut self, line: Line, now: Instant, text: impl FnOnce() -> String) -> bool {
        self.make_room(now);
        let known = self.sources.contains_key(&line.source) || self.sources.len() < KNOWN_MAX;
        let source = if known { line.source } else { OTHERS };
        let most = if line.debug { DEBUG_MAX } else { LINES_MAX };
        if self.sources.entry(source).or_insert_with(|| Bucket::new(now)).take(now, most) {
            return true;
        }
        let known = self.kinds.contains_key(&(source, line.kind)) || self.kinds.len() < KNOWN_MAX;
        let key = if known { (source, line.kind) } else { (OTHERS, OTHERS) };
        let kind = self.kinds.entry(key).or_insert_with(|| Kind { bucket: Bucket::new(now), left_out: None });
        if line.important && kind.bucket.take(now, IMPORTANT_MAX) {
            return true;
        }
        let silence = kind.left_out.get_or_insert_with(|| Silence { count: 0, text: text(), since: now, last: now });
        silence.count += 1;
        silence.last = now;
        false
    }

    /// What was left out and is to be told now; `all` at the end of the program.
    pub fn left_out(&mut self, now: Instant, all: bool) -> Vec<LeftOut> {
        let due = |silence: &Silence| {
            let over = now.saturating_duration_since(silence.last) >= SECOND;
            all || over || now.saturating_duration_since(silence.since) >= TELL_EVERY
        };
        let told = self.kinds.values_mut().filter_map(|kind| kind.left_out.take_if(|silence| due(silence)));
        let mut told: Vec<LeftOut> = told
            .map(|silence| LeftOut {
                count: silence.count,
                text: silence.text,
                within: now.saturating_duration_since(silence.since),
            })
            .collect();
        told.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        told
    }

    /// Forgets who has been quiet, once there are many.
    fn make_room(&mut self, now: Instant) {
        // Not for each line: a flood from many sources must not cost a look at all of them.
        let full = self.sources.len() >= KNOWN_MAX || self.kinds.len() >= KNOWN_MAX;
        if !full || self.looked_at.is_some_and(|at| now.saturating_duration_since(at) < SECOND) {
            return;
        }
        self.looked_at = Some(now);
        if self.sources.len() >= KNOWN_MAX {
            self.sources.retain(|_, bucket| !bucket.is_idle(now));
        }
        if self.kinds.len() >= KNOWN_MAX {
            self.kinds.retain(|_, kind| kind.left_out.is_some() || !kind.bucket.is_idle(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Line = Line { source: 1, kind: 1, debug: false, important: false };

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// How many of `count` lines within a second are written.
    fn flood(budget: &mut Budget, line: Line, count: u64, now: Instant) -> u64 {
        (0..count).map(|n| u64::from(budget.admit(line, now, || format!("line {n}")))).sum()
    }

    #[test]
    fn a_flood_writes_ten_lines_a_second_and_one_that_counts_the_rest() {
        let (mut budget, begin) = (Budget::default(), start());
        let written: u64 = (0..15).map(|second| flood(&mut budget, USUAL, 1_000, begin + SECOND * second)).sum();
        assert_eq!(written, 150);
        assert_eq!(budget.left_out(begin + SECOND * 14, false), []);
        let end = begin + SECOND * 15;
        let told = budget.left_out(end, false);
        assert_eq!(told, [LeftOut { count: 15 * 990, text: "line 10".to_owned(), within: SECOND * 15 }]);
        assert_eq!(budget.left_out(end + SECOND * 60, true), []);
    }

    #[test]
    fn another_sources_flood_takes_nothing_and_the_own_leaves_errors_and_the_catalog_some() {
        let (mut budget, now) = (Budget::default(), start());
        assert_eq!(flood(&mut budget, USUAL, 5_000, now), 10);
        assert_eq!(flood(&mut budget, Line { source: 2, ..USUAL }, 3, now), 3);
        let error = Line { kind: 2, important: true, ..USUAL };
        assert_eq!(flood(&mut budget, error, 500, now), 2);
        assert_eq!(flood(&mut budget, Line { kind: 3, ..error }, 1, now), 1, "of each kind");
        assert_eq!(flood(&mut budget, Line { source: 3, debug: true, ..USUAL }, 5_000, now), 1_000);
        assert_eq!(budget.left_out(now, true).len(), 3);
    }

    #[test]
    fn any_number_of_sources_stays_within_bounds() {
        let (mut budget, now) = (Budget::default(), start());
        let written: u64 =
            (1..100_000).map(|source| flood(&mut budget, Line { source, kind: source, ..USUAL }, 11, now)).sum();
        assert!(budget.sources.len() <= KNOWN_MAX + 1 && budget.kinds.len() <= KNOWN_MAX + 1);
        assert!(written <= (u64::try_from(KNOWN_MAX).unwrap() + 1) * 10, "{written}");
        assert_eq!(
            flood(&mut budget, Line { source: 7_000_000, ..USUAL }, 20, now + SECOND),
            10,
            "the old ones are forgotten"
        );
    }
}
