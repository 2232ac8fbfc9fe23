//! Decides whether a delivery that says what an earlier one said is that one once more, or another of the same person.
//!
//! SMPP gives incoming messages no id, so the content cannot tell. What tells is whether our acknowledgement of the earlier
//! one reached the carrier: a carrier repeats what it did not see acknowledged, and nothing else.

use std::time::Duration;

use postrider_model::Timestamp;

/// How long after a carrier could deliver again it is expected to have repeated what it did not see acknowledged.
pub const REDELIVERY: Duration = Duration::from_secs(3600);
/// No carrier repeats a delivery within this time while its session lives: response timers are longer.
pub const RESPONSE_TIMER_MIN: Duration = Duration::from_secs(5);

/// What became of an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The carrier has read it.
    Read,
    /// Nobody knows yet: its session lives.
    Open,
    /// Nobody will know: its session is over.
    Unknown,
}

/// A delivery that was stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// The session that it came over last.
    pub session: Option<i64>,
    /// When it came.
    pub came_at: Timestamp,
    /// When it was stored, and so acknowledged at the soonest.
    pub stored_at: Timestamp,
    /// What became of its acknowledgement.
    pub fate: Fate,
}

/// A delivery with the same content, from the same sender to the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The session that it came over; without one nobody waits for an acknowledgement.
    pub session: Option<i64>,
    /// When it came.
    pub came_at: Timestamp,
}

/// What a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A message of its own.
    Another,
    /// The earlier one once more.
    Copy,
    /// That shows once the fate of the earlier one's acknowledgement is known.
    Wait,
}

/// Judges a delivery that came at `now`, or that waited since it came. `back_at` is when the carrier last got a new session
/// with us, if it did.
pub fn judge(earlier: &Earlier, again: &Again, back_at: Option<Timestamp>, now: Timestamp) -> Verdict {
    if earlier.fate == Fate::Read || earlier.session.is_none() || again.session.is_none() {
        return Verdict::Another;
    }
    // Our answer came so late that the carrier's timer may have run out before; over whichever session it tries again.
    let late = earlier.stored_at.since(earlier.came_at) >= RESPONSE_TIMER_MIN;
    if late && again.came_at.since(earlier.came_at) >= RESPONSE_TIMER_MIN {
        return Verdict::Copy;
    }
    // A carrier that was answered in time does not repeat itself over the session in which it waited.
    if again.session == earlier.session {
        return Verdict::Another;
    }
    if earlier.fate == Fate::Open {
        return Verdict::Wait;
    }
    let since = earlier.stored_at.max(back_at.unwrap_or_default());
    if now.since(since) <= REDELIVERY { Verdict::Copy } else { Verdict::Another }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn earlier(fate: Fate) -> Earlier {
        Earlier { session: Some(1), came_at: START, stored_at: START, fate }
    }

    fn after(session: i64, span: Duration) -> (Again, Timestamp) {
        (Again { session: Some(session), came_at: START.plus(span) }, START.plus(span))
    }

    fn verdict(fate: Fate, session: i64, span: Duration) -> Verdict {
        let (again, now) = after(session, span);
        judge(&earlier(fate), &again, None, now)
    }

    #[test]
    fn only_an_acknowledgement_that_may_be_missing_is_repeated() {
        assert_eq!(verdict(Fate::Read, 2, Duration::ZERO), Verdict::Another);
        assert_eq!(verdict(Fate::Open, 2, Duration::ZERO), Verdict::Wait);
        assert_eq!(verdict(Fate::Unknown, 2, Duration::ZERO), Verdict::Copy);
        assert_eq!(verdict(Fate::Unknown, 1, MINUTE), Verdict::Another, "the session in which it was answered");
        assert_eq!(verdict(Fate::Unknown, 2, MINUTE * 61), Verdict::Another, "no carrier waits so long");
    }

    #[test]
    fn a_carrier_that_was_away_has_its_time_from_when_it_is_back() {
        let (again, now) = after(2, MINUTE * 300);
        assert_eq!(judge(&earlier(Fate::Unknown), &again, Some(START.plus(MINUTE * 299)), now), Verdict::Copy);
        assert_eq!(judge(&earlier(Fate::Unknown), &again, Some(START.plus(MINUTE * 200)), now), Verdict::Another);
    }

    #[test]
    fn a_late_answer_may_have_come_after_the_carriers_timer() {
        let late = Earlier { stored_at: START.plus(MINUTE), ..earlier(Fate::Open) };
        for session in [1, 2] {
            let judged = |span| judge(&late, &after(session, span).0, None, START.plus(MINUTE));
            assert_eq!(judged(Duration::from_secs(30)), Verdict::Copy, "session {session}");
            assert_ne!(judged(Duration::from_secs(4)), Verdict::Copy, "faster than any timer");
        }
        let read = Earlier { fate: Fate::Read, ..late };
        assert_eq!(judge(&read, &after(1, MINUTE * 2).0, None, START.plus(MINUTE * 2)), Verdict::Another);
    }

    #[test]
    fn what_nobody_acknowledges_is_not_repeated() {
        let again = Again { session: None, came_at: START };
        assert_eq!(judge(&earlier(Fate::Unknown), &again, None, START), Verdict::Another);
        let shown = Earlier { session: None, ..earlier(Fate::Unknown) };
        assert_eq!(judge(&shown, &after(2, MINUTE).0, None, START), Verdict::Another);
    }
}
