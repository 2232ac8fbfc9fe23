//! Foretells when texts would leave: each at its turn or in its hours, one after the other at the speed of the links.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use postrider_model::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);
/// How often a text may find its hours closed before its end is told as it is then.
const TRIES_MAX: u32 = 100;

/// How fast the links of a route are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Speed {
    /// Segments a second; `None` is as fast as may be.
    pub a_second: Option<f64>,
    /// Segments a day.
    pub a_day: Option<f64>,
}

/// Some texts that have their turn at the same time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// When.
    pub due_at: Timestamp,
    /// How many segments; a sample stands for many.
    pub segments: f64,
}

/// When the last of `loads` would leave. `opens` says from when on load number `n` may leave at a moment, and gives the moment
/// itself if it may leave then.
pub fn last(loads: &[Load], speed: Speed, opens: impl Fn(usize, Timestamp) -> Timestamp) -> Option<Timestamp> {
    let mut waiting: BinaryHeap<Reverse<(Timestamp, usize, u32)>> =
        loads.iter().enumerate().map(|(n, load)| Reverse((load.due_at, n, 0))).collect();
    let mut last = waiting.peek().map(|Reverse((at, ..))| *at)?;
    let (mut free, mut day_began, mut day_used) = (last, last, 0.0);
    while let Some(Reverse((due_at, n, tries))) = waiting.pop() {
        let mut at = due_at.max(free);
        if speed.a_day.is_some_and(|most| day_used >= most) {
            at = at.max(day_began.plus(DAY));
        }
        let open = opens(n, at);
        if open > at && tries < TRIES_MAX {
            waiting.push(Reverse((open, n, tries + 1)));
            continue;
        }
        if at.since(day_began) >= DAY {
            (day_began, day_used) = (at, 0.0);
        }
        let segments = loads.get(n).map_or(0.0, |load| load.segments);
        day_used += segments;
        let takes = speed.a_second.map_or(0.0, |rate| segments / rate.max(0.000_001));
        free = at.plus(Duration::try_from_secs_f64(takes).unwrap_or(DAY * 3_650));
        last = last.max(free);
        // A sample's load may stand for more than a day has room for.
        if let Some(most) = speed.a_day.filter(|most| *most > 0.0 && segments > *most) {
            last = last.max(at.plus(DAY.mul_f64((segments / most).min(3_650.0))));
            free = free.max(last);
        }
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn loads(count: usize, segments: f64) -> Vec<Load> {
        vec![Load { due_at: NOON, segments }; count]
    }

    fn hours_after_noon(at: Option<Timestamp>) -> f64 {
        at.unwrap().since(NOON).as_secs_f64() / 3_600.0
    }

    #[test]
    fn the_links_speed_decides() {
        let speed = Speed { a_second: Some(10.0), a_day: None };
        assert!((hours_after_noon(last(&loads(3_600, 10.0), speed, |_, at| at)) - 1.0).abs() < 0.01);
        assert_eq!(last(&loads(5, 1.0), Speed::default(), |_, at| at), Some(NOON));
        assert_eq!(last(&[], speed, |_, at| at), None);
    }

    #[test]
    fn what_does_not_go_today_goes_tomorrow() {
        let speed = Speed { a_second: None, a_day: Some(200.0) };
        let end = hours_after_noon(last(&loads(500, 1.0), speed, |_, at| at));
        assert!((end - 48.0).abs() < 0.1, "{end}");
    }

    #[test]
    fn closed_hours_are_waited_for() {
        // Open from noon to 18:00 each day, as hours after the first noon.
        let opens = |_, at: Timestamp| {
            let seconds = at.since(NOON).as_secs();
            let (day, of_day) = (seconds / 86_400, seconds % 86_400);
            if of_day < 6 * 3_600 { at } else { NOON.plus(Duration::from_secs((day + 1) * 86_400)) }
        };
        let speed = Speed { a_second: Some(1.0), a_day: None };
        let end = hours_after_noon(last(&loads(8 * 36, 100.0), speed, opens));
        assert!((end - 26.0).abs() < 0.1, "six hours today, two tomorrow: {end}");
    }
}
