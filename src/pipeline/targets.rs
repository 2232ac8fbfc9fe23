//! Takes the callbacks that are due, target by target in turn, as many of each as it may have now.

use std::time::Duration;

use super::Turn;
use crate::model::Timestamp;
use crate::policy::callback_targets::{Room, Round};
use crate::store::StoreError;
use crate::store::callback::{self, Callback};

/// How long a taken callback is not taken again; longer than any try may last
/// (`callback.timeout` is 300 s at most).
pub(super) const TAKEN_FOR: Duration = Duration::from_secs(400);
/// Targets looked at in one transaction; each costs one or two looks into an index.
const LOOKS_MAX: usize = 4_000;
/// More targets than that are looked at a little later, so that the writer has time for others.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Callbacks of a failing target that are looked at for their age at a time.
const OLD_MAX: usize = 500;

/// What a look at the targets gave.
#[derive(Debug, Default)]
pub struct Taken {
    /// To be posted now.
    pub callbacks: Vec<Callback>,
    /// When to look again, if nothing ends before.
    pub next_at: Option<Timestamp>,
    /// The target that was looked at last: the next look begins behind it.
    pub last: String,
}

impl Taken {
    fn look_at(&mut self, at: Timestamp) {
        self.next_at = Some(self.next_at.map_or(at, |next| next.min(at)));
    }
}

/// Takes what is due from every target that has room in `round`, beginning behind the target `after`.
///
/// # Errors
/// The store's own.
pub fn take_in_turn(turn: &Turn<'_>, round: &mut Round<'_>, after: &str) -> Result<Taken, StoreError> {
    let mut taken = Taken { last: after.to_owned(), ..Taken::default() };
    // Once around: from behind `after` to the end, then from the beginning up to `after` itself.
    let (mut place, mut wrapped) = (after.to_owned(), false);
    for _ in 0..LOOKS_MAX {
        if round.is_over() {
            return Ok(taken);
        }
        match callback::next_origin(turn.tx, &place)? {
            Some(origin) if !wrapped || *origin <= *after => {
                take_from(turn, round, &origin, &mut taken)?;
                taken.last.clone_from(&origin);
                place = origin;
            }
            None if !wrapped && !after.is_empty() => {
                wrapped = true;
                place.clear();
            }
            Some(_) | None => return Ok(taken),
        }
    }
    taken.look_at(turn.now.plus(LOOK_AGAIN_AFTER));
    Ok(taken)
}

fn take_from(turn: &Turn<'_>, round: &mut Round<'_>, origin: &str, taken: &mut Taken) -> Result<(), StoreError> {
    match round.room(origin) {
        Room::Open(places) => {
            let due = callback::take_due(turn.tx, origin, turn.now, turn.now.plus(TAKEN_FOR), places)?;
            round.take(origin, due.len());
            // With all its places taken it is looked at when one of them ended.
            if due.len() < places
                && let Some(at) = callback::next_due(turn.tx, origin)?
            {
                taken.look_at(at);
            }
            taken.callbacks.extend(due);
        }
        Room::After(wait) => taken.look_at(turn.now.plus(wait)),
        Room::Full => {}
    }
    Ok(())
}

/// Gives up what waits behind a failing target and is older than `age`: its turn to be tried would not come. Returns how many
/// were given up.
///
/// # Errors
/// The store's own.
pub fn give_up_behind(turn: &Turn<'_>, origin: &str, age: Duration, note: &str) -> Result<usize, StoreError> {
    callback::give_up_old(turn.tx, origin, turn.now.minus(age), OLD_MAX, note, turn.now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MessageId;
    use crate::pipeline::Settings;
    use crate::policy::callback_targets::{Targets, Verdict};
    use crate::store::Database;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn start() -> std::time::Instant {
        std::time::Instant::now()
    }

    fn turn<T>(database: &mut Database, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let settings = Settings::default();
        database.write(|tx| work(&Turn::new(tx, &settings, NOW))).unwrap()
    }

    fn queue(database: &mut Database, first: i64, urls: impl Iterator<Item = String>) {
        let all: Vec<String> = urls.collect();
        turn(database, |turn| {
            (first..)
                .zip(&all)
                .try_for_each(|(id, url)| callback::add(turn.tx, MessageId::from_i64(id).unwrap(), url, "{}", turn.now))
        });
    }

    fn hosts(taken: &Taken) -> Vec<&str> {
        taken.callbacks.iter().map(|callback| callback.target.as_str()).collect()
    }

    #[test]
    fn a_dead_hosts_backlog_hides_nobody_and_is_not_tried_row_by_row() {
        let mut database = Database::in_memory().unwrap();
        queue(&mut database, 1, (0..5_000).map(|_| "http://dead/".to_owned()));
        queue(&mut database, 9_001, (0..3).map(|_| "http://good/".to_owned()));
        let (mut targets, now) = (Targets::new(32, 1), start());
        let first = turn(&mut database, |turn| take_in_turn(turn, &mut targets.round(now), ""));
        assert_eq!(hosts(&first), ["http://dead/", "http://good/"], "each new target gets one");
        let places: Vec<_> = ["http://dead:80", "http://good:80"].map(|one| targets.begin(one, now)).into();
        targets.end(&places[0], Verdict::Fails { retry_after: None }, now);
        targets.end(&places[1], Verdict::Answers, now);
        let second = turn(&mut database, |turn| take_in_turn(turn, &mut targets.round(now), &first.last));
        assert_eq!(hosts(&second), ["http://good/", "http://good/"]);
        let wait = second.next_at.unwrap().since(NOW);
        assert!((1_000..1_300).contains(&wait.as_millis()), "the dead one is looked at after its pause: {wait:?}");
    }

    #[test]
    fn whoever_came_last_begins_the_next_round() {
        let mut database = Database::in_memory().unwrap();
        queue(&mut database, 1, (0..40).map(|n| format!("http://host-{}/", n % 4)));
        let mut last = String::new();
        let mut seen = Vec::new();
        for _ in 0..8 {
            let taken = turn(&mut database, |turn| take_in_turn(turn, &mut Round::of(1), &last));
            seen.extend(hosts(&taken).into_iter().map(str::to_owned));
            last = taken.last;
        }
        let expected: Vec<String> = (0..8).map(|n| format!("http://host-{}/", n % 4)).collect();
        assert_eq!(seen, expected);
        let rest = turn(&mut database, |turn| take_in_turn(turn, &mut Round::of(100), &last));
        assert_eq!(rest.callbacks.len(), 32);
        assert!(rest.next_at.is_some_and(|at| at == NOW.plus(TAKEN_FOR)), "when they would be taken again");
    }
}
