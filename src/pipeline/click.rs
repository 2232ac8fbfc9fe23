//! Somebody follows a short link: a person's visit becomes the event `clicked`, by which branches, segments and reports go.

use serde_json::{Value, json};

use super::{Progress, Turn};
use crate::campaign::event::{Event, TEXT_MAX};
use crate::campaign::link::Visitor;
use crate::store::StoreError;
use crate::store::campaign::link::{self, Link};
use crate::store::campaign::{click, contact, event};

/// The kind of event that a visit is.
pub const CLICKED: &str = "clicked";

/// Counts a request; `who` is what browser and address it came from. Returns whether it is the first one of a person's visit; then the contact has the event `clicked` with
/// the properties `target`, `kind`, `source`, `part` and `code`.
///
/// # Errors
/// The store's own.
pub fn follow(turn: &Turn<'_>, link: &Link, visitor: Visitor, who: &str) -> Result<bool, StoreError> {
    // Whose link it is is known; of one that everybody gets, a hash that nobody can read tells visitors apart.
    let who = if link.contact == 0 { crate::store::stable_hash(turn.tx.code(who).as_bytes()) } else { 0 };
    let Some(visit) = click::record(turn.tx, link, visitor, who, turn.now)? else { return Ok(false) };
    if link.contact == 0 {
        return Ok(true);
    }
    let Some(stored) = contact::by_id(turn.tx.connection(), link.contact)? else { return Ok(true) };
    let mut clicked = Event::new(CLICKED, stored.contact.number, turn.now);
    clicked.id = Some(format!("{}-{visit}", link.code));
    let target: String = link.target.to_string().chars().take(TEXT_MAX).collect();
    let mut put = |name: &str, value: Value| drop(clicked.properties.insert(name.to_owned(), value));
    put("target", json!(target));
    put("code", json!(link.code));
    if let Some(origin) = &link.origin {
        put("kind", json!(origin.kind.as_str()));
        put("source", json!(origin.source));
        put("part", json!(origin.part));
    }
    event::record(turn.tx, &clicked, turn.now)?;
    turn.wake_steps();
    Ok(true)
}

/// How many old links one turn forgets.
const FORGET_MAX: usize = 500;

/// Forgets links that lead nowhere any more, a bounded number in each turn.
///
/// # Errors
/// The store's own.
pub(super) fn step(turn: &Turn<'_>) -> Result<Progress, StoreError> {
    let (keep, clock) = (turn.settings.links_keep, turn.tx.clock());
    if !clock.may_forget(turn.now, keep) {
        return Ok(Progress::default());
    }
    let (done, oldest) = link::forget_older(turn.tx, turn.now.minus(keep), FORGET_MAX)?;
    Ok(Progress { done, next: oldest.map(|made| made.plus(keep)) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::campaign::origin::{Kind, Origin};
    use crate::campaign::point::Point;
    use crate::model::Timestamp;
    use crate::pipeline::Settings;
    use crate::store::Database;
    use crate::store::campaign::link::NewLink;
    use crate::store::campaign::{happening, point};

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    #[test]
    fn a_visit_is_an_event_of_the_contact_and_wakes_who_waits_for_it() {
        let mut database = Database::in_memory().unwrap();
        let settings = Settings::default();
        let (link, contact) = database
            .write(|tx| {
                let contact = contact::ensure(tx, &"+821012345678".parse().unwrap(), NOW)?;
                happening::await_kinds(tx, "workflow:w", [CLICKED])?;
                let (target, origin) = ("page:offer".parse().unwrap(), Origin::new(Kind::Workflow, "w", "remind"));
                let new = NewLink { target: &target, contact, origin: Some(&origin) };
                let code = link::issue(tx, new, NOW)?;
                Ok((link::find(tx.connection(), &code)?.unwrap(), contact))
            })
            .unwrap();
        let mut followed = |visitor, at: Timestamp| {
            let done = database.write(|tx| {
                let turn = Turn::new(tx, &settings, at);
                Ok((follow(&turn, &link, visitor, "")?, turn.wakes().steps))
            });
            done.unwrap()
        };
        assert_eq!(followed(Visitor::Machine("Bing"), NOW), (false, false));
        assert_eq!(followed(Visitor::Person, NOW), (true, true));
        assert_eq!(followed(Visitor::Person, NOW.plus(Duration::from_secs(60))), (false, false));
        assert_eq!(followed(Visitor::Person, NOW.plus(Duration::from_secs(7_200))), (true, true));
        let points = database.read(|c| point::of(c, contact)).unwrap();
        assert_eq!(points.integer(Point::Clicks), Some(2));
        assert_eq!(database.read(|c| happening::next(c, 9)).unwrap().len(), 2);
        let events = database.read(|c| event::of(c, contact, 9)).unwrap();
        let expected =
            json!({"target": "page:offer", "code": link.code, "kind": "workflow", "source": "w", "part": "remind"});
        assert_eq!(events[0]["properties"], expected);
    }
}
