//! Tells time that passed from a wall clock that was set, and decides whether what the clock shows is believed.
//!
//! ```text
//!          older than the build, or than the last time that was believed
//!    Set ─────────────────────────────────────────────────────────────▶ Behind
//!     │ ▲                                                                 │
//!     │ └──────────── shows a believable time again, or is confirmed ─────┤
//!     │                                                                   │
//!     └──── more than thirty days ahead of the last believed time ─────▶ Ahead
//! ```
//!
//! Within a run, and over restarts within one boot of the machine, the clock that counts from the boot says what passed;
//! whatever the wall clock shows beyond that is a step. Over a reboot nobody counted.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use postrider_model::Timestamp;

/// A wall clock that shows less is wrong: this program is not older than this. Moved up with each release (2026-11-01).
pub const BUILT: Timestamp = Timestamp::from_millis(1_793_491_200_000);
/// What the wall clock may differ from the time that passed without having been set: clocks are slewed.
pub const STEP_MIN: Duration = Duration::from_secs(1);
/// A clock that is further ahead of the last believed time is not believed. No shop rests for so long with texts waiting.
pub const AHEAD_MAX: Duration = Duration::from_secs(30 * 86_400);

/// A clock that a time service slows down may show a little less at a start than was believed before.
const BEHIND_MIN: Duration = Duration::from_secs(60);

/// Whether what the wall clock shows is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// It is.
    #[default]
    Set,
    /// It shows less than this program's build, or than a time that was believed before.
    Behind,
    /// It is ahead by more than anybody could have waited.
    Ahead,
}

impl Trust {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Trust {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = [Self::Set, Self::Behind, Self::Ahead].into_iter().find(|trust| trust.as_str() == text);
        found.ok_or_else(|| format!("\"{text}\" is not a state of the clock (set, behind, ahead)"))
    }
}

/// Both clocks at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Which boot of the machine it is.
    pub boot: String,
    /// Milliseconds since then; suspended time counts.
    pub up_millis: i64,
    /// What the wall clock shows.
    pub wall: Timestamp,
}

/// What is known from before: kept in the store every minute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// The clocks then.
    pub reading: Reading,
    /// The latest time that was believed.
    pub believed: Timestamp,
    /// Whether the clock was believed then.
    pub trust: Trust,
}

/// What is made of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// By how much the clock was set, in milliseconds; 0 if it was not.
    pub step_millis: i64,
    /// Whether it is believed now.
    pub trust: Trust,
    /// Nobody can tell how much of the step is time that passed while the machine was off.
    pub unexplained: bool,
}

/// What a start makes of the clocks. `confirmed`: a time service has set this clock lately.
pub fn at_start(kept: &Kept, now: &Reading, confirmed: bool) -> Verdict {
    let (was, ahead) = (&kept.reading, |later: Timestamp, sooner: Timestamp| later.as_millis() - sooner.as_millis());
    if was.boot == now.boot && now.up_millis >= was.up_millis {
        let passed = Duration::from_millis(u64::try_from(now.up_millis - was.up_millis).unwrap_or(0));
        let step_millis = step(ahead(now.wall, was.wall.plus(passed)));
        let believed = if kept.trust == Trust::Set { kept.believed.plus(passed) } else { kept.believed };
        let corrected = step_millis != 0 && kept.trust != Trust::Behind;
        return Verdict { step_millis, trust: judge(believed, now.wall, corrected, confirmed), unexplained: false };
    }
    let trust = judge(kept.believed, now.wall, false, confirmed);
    let gap = ahead(now.wall, was.wall);
    // The machine was off for a while that only a clock which is right before and after can tell. Where it cannot be told,
    // it counts as nothing: what waits loses no validity, and nothing is deleted.
    let told = kept.trust == Trust::Set && trust == Trust::Set && gap >= 0;
    let step_millis = if told { 0 } else { step(gap) };
    Verdict { step_millis, trust, unexplained: trust == Trust::Ahead }
}

/// Whether the clock is believed after it was set from `before` to `after` while somebody watched.
pub fn after_step(kept: &Kept, before: Timestamp, after: Timestamp, confirmed: bool) -> Trust {
    let believed = if kept.trust == Trust::Set { before } else { kept.believed };
    // Who sets a clock that was believed corrects it; only one that is behind already has to reach what was believed.
    judge(believed, after, kept.trust != Trust::Behind, confirmed)
}

/// Whether the clock is believed while it runs on.
pub fn running(kept: &Kept, wall: Timestamp, confirmed: bool) -> Trust {
    judge(kept.believed, wall, kept.trust == Trust::Set, confirmed)
}

/// A difference that is a step.
fn step(millis: i64) -> i64 {
    if Duration::from_millis(millis.unsigned_abs()) < STEP_MIN { 0 } else { millis }
}

fn judge(believed: Timestamp, wall: Timestamp, corrected: bool, confirmed: bool) -> Trust {
    match () {
        () if wall < BUILT => Trust::Behind,
        () if confirmed => Trust::Set,
        () if believed < BUILT => Trust::Set,
        () if wall.since(believed) > AHEAD_MAX => Trust::Ahead,
        () if wall.plus(BEHIND_MIN) < believed && !corrected => Trust::Behind,
        () => Trust::Set,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const DAY: i64 = 86_400_000;
    const YEAR_1970: Timestamp = Timestamp::from_millis(60_000);
    const YEAR_2020: Timestamp = Timestamp::from_millis(1_577_836_800_000);
    const YEAR_2038: Timestamp = Timestamp::from_millis(2_147_483_647_000);

    fn reading(boot: &str, up_millis: i64, wall: Timestamp) -> Reading {
        Reading { boot: boot.to_owned(), up_millis, wall }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(NOW.as_millis() + millis)
    }

    /// Believed at NOW, an hour after the boot.
    fn kept() -> Kept {
        Kept { reading: reading("a", 3_600_000, NOW), believed: NOW, trust: Trust::Set }
    }

    fn start(boot: &str, up_millis: i64, wall: Timestamp) -> (i64, Trust) {
        let verdict = at_start(&kept(), &reading(boot, up_millis, wall), false);
        (verdict.step_millis, verdict.trust)
    }

    #[test]
    fn within_one_boot_only_what_did_not_pass_is_a_step() {
        assert_eq!(start("a", 3_660_000, at(60_000)), (0, Trust::Set));
        assert_eq!(start("a", 3_660_000, at(60_900)), (0, Trust::Set), "slewed");
        assert_eq!(start("a", 3_600_000 + DAY, at(DAY)), (0, Trust::Set), "suspended for a day");
        assert_eq!(start("a", 3_660_000, at(60_000 + DAY)), (DAY, Trust::Set));
        assert_eq!(start("a", 3_660_000, at(60_000 - 3_600_000)), (-3_600_000, Trust::Set));
    }

    #[test]
    fn a_box_without_battery_is_behind_and_what_waits_goes_back_with_it() {
        for wall in [YEAR_1970, YEAR_2020] {
            assert_eq!(start("b", 5_000, wall), (wall.as_millis() - NOW.as_millis(), Trust::Behind));
        }
        assert_eq!(start("b", 5_000, at(-7_200_000)), (-7_200_000, Trust::Behind), "older than the last stored time");
        assert_eq!(start("b", 5_000, at(DAY)), (0, Trust::Set), "it was off for a day");
    }

    #[test]
    fn a_leap_over_a_reboot_is_not_taken_for_a_long_rest() {
        let leap = YEAR_2038.as_millis() - NOW.as_millis();
        assert_eq!(start("b", 5_000, YEAR_2038), (leap, Trust::Ahead));
        let rested = at_start(&kept(), &reading("b", 5_000, at(DAY * 100)), true);
        assert_eq!((rested.step_millis, rested.trust), (0, Trust::Set), "a time service says that it was a rest");
    }

    #[test]
    fn set_right_by_a_reboot_after_a_run_in_1970() {
        let wrong = Kept { reading: reading("b", 90_000, YEAR_1970), believed: NOW, trust: Trust::Behind };
        let verdict = at_start(&wrong, &reading("c", 5_000, at(DAY)), false);
        assert_eq!(
            verdict,
            Verdict { step_millis: at(DAY).as_millis() - YEAR_1970.as_millis(), trust: Trust::Set, unexplained: false }
        );
    }

    #[test]
    fn who_sets_a_believed_clock_is_believed_and_a_leap_is_not() {
        let kept = kept();
        assert_eq!(after_step(&kept, NOW, at(-3_600_000), false), Trust::Set);
        assert_eq!(after_step(&kept, NOW, at(DAY), false), Trust::Set);
        assert_eq!(after_step(&kept, NOW, YEAR_2038, false), Trust::Ahead);
        assert_eq!(after_step(&kept, NOW, YEAR_2020, false), Trust::Behind);
        assert_eq!(after_step(&kept, NOW, YEAR_1970, true), Trust::Behind, "no confirmation makes it 1970");
    }

    #[test]
    fn what_is_wrong_stays_wrong_until_it_shows_a_believable_time() {
        let behind = Kept { trust: Trust::Behind, ..kept() };
        assert_eq!(after_step(&behind, YEAR_1970, YEAR_2020, false), Trust::Behind);
        assert_eq!(after_step(&behind, YEAR_1970, at(-120_000), false), Trust::Behind);
        assert_eq!(after_step(&behind, YEAR_1970, at(-1_000), true), Trust::Set, "a time service knows better");
        assert_eq!(after_step(&behind, YEAR_1970, at(600_000), false), Trust::Set);
        assert_eq!(running(&behind, at(1), false), Trust::Set, "it caught up");
        let ahead = Kept { trust: Trust::Ahead, ..kept() };
        assert_eq!(running(&ahead, YEAR_2038, false), Trust::Ahead);
        assert_eq!(after_step(&ahead, YEAR_2038, at(-5_000), false), Trust::Set);
    }

    #[test]
    fn a_new_installation_believes_any_clock_that_is_not_older_than_the_program() {
        let none = Kept::default();
        assert_eq!(at_start(&none, &reading("a", 1, YEAR_2038), false).trust, Trust::Set);
        assert_eq!(at_start(&none, &reading("a", 1, YEAR_2020), false).trust, Trust::Behind);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a release must not be dated into the future")]
    fn the_build_is_not_in_the_future() {
        assert!(BUILT < Timestamp::from(jiff::Timestamp::now()));
    }
}
