//! Decides which send a status report is about. A modem's reference has 256 values and comes round again, so the SIM, the
//! reference and the handset may fit several sends; their times tell them apart.

use std::time::Duration;

use postrider_model::{State, Timestamp};

/// How far the network's clock and ours may be apart.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(600);

/// A send with the report's SIM, reference and handset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Send {
    /// Where it stands.
    pub state: State,
    /// When it got there: when it was taken, or when a report settled it.
    pub at: Timestamp,
    /// Until when reports about it are believed.
    pub until: Timestamp,
    /// Whether the report names the handset that it went to; it may name none.
    pub same_handset: bool,
}

impl Send {
    /// Whether a report may still change it.
    fn is_open(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Sent | State::Uncertain | State::Undelivered | State::Expired) && now <= self.until
    }

    /// Whether something that happened at `done_at` can have happened to it.
    fn fits(&self, done_at: Timestamp) -> bool {
        match self.state {
            // It happened to a send that was on its way.
            State::Sent | State::Uncertain => done_at.plus(CLOCKS_APART_MAX) >= self.at,
            // What is settled was settled by a report of something earlier.
            State::Scheduled
            | State::Queued
            | State::Leased
            | State::Delivered
            | State::PartiallyDelivered
            | State::Undelivered
            | State::Failed
            | State::Expired
            | State::Canceled
            | State::Blocked => done_at <= self.at.plus(CLOCKS_APART_MAX),
        }
    }
}

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is about the send at this place.
    Send(usize),
    /// It says again what is known.
    Repeated,
    /// It is about none of them.
    None,
}

/// Which of `sends` a report of something that happened at `done_at` is about: the newest that it fits.
///
/// A report that names no handset is only believed when a single send waits for one.
pub fn choose(sends: &[Send], done_at: Option<Timestamp>, now: Timestamp) -> Match {
    let mut newest: Vec<usize> = (0..sends.len()).filter(|&place| now <= sends[place].until).collect();
    newest.sort_by_key(|&place| std::cmp::Reverse(sends[place].at));
    let fitting = newest.iter().find(|&&place| done_at.is_none_or(|at| sends[place].fits(at)));
    // A network whose clock is wrong makes every report look too early; then the newest send that waits is meant.
    let nameless = sends.iter().filter(|send| send.is_open(now) && !send.same_handset).count();
    if nameless > 1 {
        return Match::None;
    }
    let meant = fitting.or_else(|| newest.iter().find(|&&place| sends[place].is_open(now)));
    match meant {
        Some(&place) if sends[place].is_open(now) => Match::Send(place),
        Some(_) => Match::Repeated,
        None => Match::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn send(state: State, hours_ago: u32) -> Send {
        Send {
            state,
            at: NOW.minus(HOUR * hours_ago),
            until: NOW.minus(HOUR * hours_ago).plus(HOUR * 48),
            same_handset: true,
        }
    }

    fn chosen(sends: &[Send], done_hours_ago: Option<u32>) -> Match {
        choose(sends, done_hours_ago.map(|hours| NOW.minus(HOUR * hours)), NOW)
    }

    #[test]
    fn the_newest_send_that_waits_is_meant() {
        assert_eq!(chosen(&[send(State::Sent, 30), send(State::Sent, 2)], Some(0)), Match::Send(1));
        assert_eq!(chosen(&[send(State::Sent, 30), send(State::Sent, 2)], None), Match::Send(1));
        assert_eq!(chosen(&[send(State::Uncertain, 3)], Some(0)), Match::Send(0));
        assert_eq!(chosen(&[], Some(0)), Match::None);
    }

    #[test]
    fn what_happened_before_a_send_is_about_an_earlier_one() {
        assert_eq!(chosen(&[send(State::Sent, 30), send(State::Sent, 2)], Some(20)), Match::Send(0));
    }

    #[test]
    fn a_repeated_report_is_not_taken_for_another_send() {
        assert_eq!(chosen(&[send(State::Delivered, 1)], Some(1)), Match::Repeated);
        assert_eq!(chosen(&[send(State::Undelivered, 40), send(State::Delivered, 1)], Some(1)), Match::Repeated);
        let newer = [send(State::Delivered, 5), send(State::Sent, 1)];
        assert_eq!(chosen(&newer, Some(5)), Match::Repeated, "the newer one had not left then");
        assert_eq!(chosen(&newer, Some(0)), Match::Send(1));
    }

    #[test]
    fn a_late_delivery_still_counts_and_one_beyond_the_window_does_not() {
        assert_eq!(chosen(&[send(State::Expired, 1)], Some(1)), Match::Send(0));
        assert_eq!(chosen(&[send(State::Sent, 49)], Some(0)), Match::None);
    }

    #[test]
    fn a_report_without_a_handset_is_believed_when_one_send_waits() {
        let nameless = |hours_ago| Send { same_handset: false, ..send(State::Sent, hours_ago) };
        assert_eq!(chosen(&[nameless(1)], Some(0)), Match::Send(0));
        assert_eq!(chosen(&[nameless(30), nameless(1)], Some(0)), Match::None);
        assert_eq!(chosen(&[Send { state: State::Delivered, ..nameless(30) }, nameless(1)], Some(0)), Match::Send(1));
    }

    #[test]
    fn a_network_with_a_wrong_clock_is_understood() {
        assert_eq!(chosen(&[send(State::Sent, 1)], Some(10)), Match::Send(0));
    }
}
