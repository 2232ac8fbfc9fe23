//! The `click` table: who followed a link and when. A visit counts once; machines are counted apart.

use rusqlite::{Connection, params};

use super::link::Link;
use crate::{StoreError, Tx, row};
use postrider_campaign::link::{Visitor, same_visit};
use postrider_model::Timestamp;

/// Rows of visits that are kept of one link; beyond, only its counts grow.
const VISITS_MAX: i64 = 10_000;
/// Rows of machines that are kept of one link.
const MACHINES_MAX: i64 = 50;

/// One click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// When.
    pub at: Timestamp,
    /// The machine's name; absent for a person.
    pub machine: Option<String>,
}

/// Writes that somebody followed a link. Returns the number of the visit if it is a person's first request in it.
///
/// # Errors
/// SQLite's own.
pub fn record(tx: &Tx<'_>, link: &Link, visitor: Visitor, who: i64, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let machine = match visitor {
        Visitor::Person => None,
        Visitor::Machine(name) => Some(name),
        Visitor::Prefetch => return Ok(None),
    };
    let last: Option<i64> = tx
        .sql()
        .prepare_cached("SELECT max(at) FROM click WHERE link = ?1 AND visitor = ?2 AND machine IS ?3")?
        .query_row(params![link.id, who, machine], |row| row.get(0))?;
    let again = last.is_some_and(|last| same_visit(Timestamp::from_millis(last), now));
    let (is_person, millis) = (machine.is_none(), now.as_millis());
    if is_person && again {
        return Ok(None);
    }
    let (clicks, machines): (i64, i64) = tx
        .sql()
        .prepare_cached(
            "UPDATE short_link SET clicks = clicks + ?2, machines = machines + 1 - ?2, \
             first_click_at = iif(?2, coalesce(first_click_at, ?3), first_click_at), \
             last_click_at = iif(?2, ?3, last_click_at) WHERE id = ?1 RETURNING clicks, machines",
        )?
        .query_row(params![link.id, is_person, millis], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let is_kept = if is_person { clicks <= VISITS_MAX } else { !again && machines <= MACHINES_MAX };
    if is_kept {
        tx.sql()
            .prepare_cached("INSERT INTO click (link, at, machine, visitor) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![link.id, millis, machine, who])?;
    }
    Ok(is_person.then_some(clicks))
}

/// The newest clicks of a link.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, link: i64, limit: usize) -> Result<Vec<Click>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT at, machine FROM click WHERE link = ?1 ORDER BY at DESC, id DESC LIMIT ?2")?;
    let mut rows = statement.query(params![link, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Click { at: row::time(row, "at")?, machine: row.get("machine")? });
    }
    Ok(all)
}

/// How many different people followed a link.
///
/// # Errors
/// SQLite's own.
pub fn unique(connection: &Connection, link: &Link) -> Result<i64, StoreError> {
    if link.contact != 0 || link.clicks == 0 {
        return Ok(link.clicks.min(1));
    }
    let mut statement =
        connection.prepare_cached("SELECT count(DISTINCT visitor) FROM click WHERE link = ?1 AND machine IS NULL")?;
    Ok(statement.query_row([link.id], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Database;
    use crate::campaign::link::{NewLink, find, issue};

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn made(database: &mut Database, contact: i64) -> Link {
        let target = "https://shop.example/".parse().unwrap();
        let new = NewLink { target: &target, contact, origin: None };
        let code = database.write(|tx| issue(tx, new, NOW)).unwrap();
        database.read(|c| find(c, &code)).unwrap().unwrap()
    }

    fn after(minutes: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(minutes * 60))
    }

    #[test]
    fn a_visit_counts_once_and_machines_apart() {
        let mut database = Database::in_memory().unwrap();
        let link = made(&mut database, 7);
        let mut follow =
            |visitor, who, minutes| database.write(|tx| record(tx, &link, visitor, who, after(minutes))).unwrap();
        assert_eq!(follow(Visitor::Machine("WhatsApp preview"), 1, 0), None);
        assert_eq!(follow(Visitor::Machine("WhatsApp preview"), 1, 0), None);
        assert_eq!(follow(Visitor::Prefetch, 1, 0), None);
        assert_eq!(follow(Visitor::Person, 1, 1), Some(1));
        assert_eq!(follow(Visitor::Person, 1, 20), None, "the same visit");
        assert_eq!(follow(Visitor::Person, 1, 40), Some(2));
        let link = database.read(|c| find(c, &link.code)).unwrap().unwrap();
        assert_eq!((link.clicks, link.machines), (2, 2));
        assert_eq!((link.first_click_at, link.last_click_at), (Some(after(1)), Some(after(40))));
        assert_eq!(database.read(|c| unique(c, &link)).unwrap(), 1);
        let clicks = database.read(|c| of(c, link.id, 10)).unwrap();
        let machines: Vec<_> = clicks.iter().map(|click| click.machine.as_deref()).collect();
        assert_eq!(machines, [None, None, Some("WhatsApp preview")]);
    }

    #[test]
    fn of_a_link_that_everybody_gets_each_visitor_counts() {
        let mut database = Database::in_memory().unwrap();
        let link = made(&mut database, 0);
        for (who, minutes) in [(1, 0), (1, 5), (2, 5), (1, 60)] {
            database.write(|tx| record(tx, &link, Visitor::Person, who, after(minutes))).unwrap();
        }
        let link = database.read(|c| find(c, &link.code)).unwrap().unwrap();
        assert_eq!((link.clicks, database.read(|c| unique(c, &link)).unwrap()), (3, 2));
    }

    #[test]
    fn robots_do_not_fill_the_file() {
        let mut database = Database::in_memory().unwrap();
        let link = made(&mut database, 7);
        for n in 0..200 {
            database.write(|tx| record(tx, &link, Visitor::Machine("Bing"), 0, after(n * 60))).unwrap();
        }
        assert_eq!(database.read(|c| of(c, link.id, 1_000)).unwrap().len(), 50);
        assert_eq!(database.read(|c| find(c, &link.code)).unwrap().unwrap().machines, 200);
    }
}
