//! Decides which of the long messages that are not together yet a part belongs to.
//!
//! The reference of a long message has 8 or 16 bits and is given anew all the time, by some senders always the same. So
//! parts with one reference belong together only if they were sent together and do not contradict each other.

use std::collections::BTreeMap;
use std::time::Duration;

use postrider_model::Timestamp;

/// The longest time between a part and the nearest of its siblings. A handset sends them within seconds, over a poor
/// network within a few minutes.
pub const SIBLINGS_APART_MAX: Duration = Duration::from_secs(600);

/// A part that waits for its siblings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sibling {
    /// The set that it belongs to; newer sets have larger numbers.
    pub set: i64,
    /// Its place in the message.
    pub number: u8,
    /// When it came.
    pub came_at: Timestamp,
    /// When the network took it, if that is known.
    pub network_time: Option<Timestamp>,
    /// Whether the session that it came over still lives, so that the carrier could deliver all the time.
    pub lives: bool,
}

/// The part to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newcomer {
    /// Its place in the message.
    pub number: u8,
    /// When it came.
    pub came_at: Timestamp,
    /// When the network took it, if that is known.
    pub network_time: Option<Timestamp>,
}

/// The set that a part joins, of those with its sender, recipient, reference and total; `None` opens a new one.
///
/// A set that has the part's place taken is contradicted by it, since a part that is there already is known as such before.
/// Of several that fit, the nearest in time counts, then the newest. `back_at` is when the carrier last got a new session
/// with us.
pub fn set_of(open: &[Sibling], part: &Newcomer, back_at: Option<Timestamp>) -> Option<i64> {
    let mut sets: BTreeMap<i64, Option<Duration>> = BTreeMap::new();
    for sibling in open {
        let nearest = sets.entry(sibling.set).or_insert(Some(Duration::MAX));
        *nearest =
            nearest.filter(|_| sibling.number != part.number).map(|known| known.min(apart(sibling, part, back_at)));
    }
    let near =
        sets.into_iter().filter_map(|(set, apart)| Some((set, apart.filter(|apart| *apart <= SIBLINGS_APART_MAX)?)));
    near.min_by_key(|(set, apart)| (*apart, std::cmp::Reverse(*set))).map(|(set, _)| set)
}

/// How far apart two parts were sent, as far as that can be known.
fn apart(sibling: &Sibling, part: &Newcomer, back_at: Option<Timestamp>) -> Duration {
    if let (Some(one), Some(other)) = (sibling.network_time, part.network_time) {
        return one.max(other).since(one.min(other));
    }
    // While the carrier had no session with us, the rest of the message waited for one.
    let from = back_at.filter(|_| !sibling.lives).map_or(sibling.came_at, |at| at.max(sibling.came_at));
    part.came_at.since(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_305_600_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn sibling(set: i64, number: u8, after: Duration) -> Sibling {
        Sibling { set, number, came_at: START.plus(after), network_time: None, lives: true }
    }

    fn part(number: u8, after: Duration) -> Newcomer {
        Newcomer { number, came_at: START.plus(after), network_time: None }
    }

    #[test]
    fn a_part_joins_the_nearest_set_that_lacks_it() {
        let minute = HOUR / 60;
        let open = [sibling(1, 1, Duration::ZERO), sibling(2, 1, minute * 5), sibling(3, 2, minute * 5)];
        assert_eq!(set_of(&open, &part(2, minute * 6), None), Some(2));
        assert_eq!(set_of(&open, &part(1, minute * 6), None), Some(3));
        assert_eq!(set_of(&open[..1], &part(1, minute), None), None, "its place is taken");
        assert_eq!(set_of(&[], &part(1, minute), None), None);
        assert_eq!(
            set_of(&[sibling(1, 1, minute), sibling(2, 1, minute)], &part(2, minute), None),
            Some(2),
            "the newest"
        );
    }

    #[test]
    fn one_place_taken_speaks_against_the_whole_set() {
        let open = [sibling(1, 2, Duration::ZERO), sibling(1, 1, Duration::ZERO), sibling(1, 3, Duration::ZERO)];
        assert_eq!(set_of(&open, &part(1, Duration::ZERO), None), None);
        assert_eq!(set_of(&open, &part(4, Duration::ZERO), None), Some(1));
    }

    #[test]
    fn parts_long_apart_do_not_belong_together() {
        let open = [sibling(1, 1, Duration::ZERO)];
        assert_eq!(set_of(&open, &part(2, SIBLINGS_APART_MAX), None), Some(1));
        assert_eq!(set_of(&open, &part(2, SIBLINGS_APART_MAX + HOUR), None), None);
        assert_eq!(
            set_of(&open, &part(2, HOUR), Some(START.plus(HOUR))),
            None,
            "the carrier could deliver all the time"
        );
        let cut = [Sibling { lives: false, ..open[0] }];
        assert_eq!(set_of(&cut, &part(2, HOUR), Some(START.plus(HOUR))), Some(1), "the rest waited for a session");
        assert_eq!(set_of(&cut, &part(2, HOUR * 2), Some(START.plus(HOUR))), None);
    }

    #[test]
    fn the_networks_time_counts_where_it_is_known() {
        let stamped = Sibling { network_time: Some(START), ..sibling(1, 1, HOUR * 9) };
        let at = |span| Newcomer { network_time: Some(START.plus(span)), ..part(2, HOUR * 9) };
        assert_eq!(set_of(&[stamped], &at(HOUR * 8), None), None, "they came together and were sent apart");
        let late = Newcomer { came_at: START.plus(HOUR * 20), ..at(Duration::from_secs(30)) };
        assert_eq!(set_of(&[stamped], &late, None), Some(1), "they came apart and were sent together");
    }
}
