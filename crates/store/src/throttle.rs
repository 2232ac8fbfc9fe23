//! The `throttle` table: when the next segment of a link group, or of a single SIM, may leave.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::damaged::{self, Sorted};
use super::{StoreError, Tx};

/// Begins the name under which the pace of a single SIM is kept; no link group is named so.
const SIM: &str = "sim:";

/// The name under which the pace of a SIM is kept.
pub fn name_of_sim(sim: &str) -> String {
    format!("{SIM}{sim}")
}

/// The SIM whose pace is kept under `name`, if it is a SIM's.
pub fn sim_of(name: &str) -> Option<&str> {
    name.strip_prefix(SIM)
}

/// Keeps the state of a group's throttle.
///
/// # Errors
/// SQLite's own.
pub fn save(tx: &Tx<'_>, link_group: &str, next_nanos: i64) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("INSERT INTO throttle VALUES (?1, ?2) ON CONFLICT DO UPDATE SET next_nanos = ?2")?
        .execute(params![link_group, next_nanos])?;
    Ok(())
}

/// The kept states of all groups. The group of one that cannot be read begins anew.
///
/// # Errors
/// SQLite's own.
pub fn load(connection: &Connection) -> Result<BTreeMap<String, i64>, StoreError> {
    Ok(sorted(connection)?.good.into_iter().collect())
}

/// As [`load`], and sets those aside that cannot be read.
///
/// # Errors
/// SQLite's own.
pub fn look_over(tx: &Tx<'_>) -> Result<BTreeMap<String, i64>, StoreError> {
    let sorted = sorted(tx.sql())?;
    for (key, why) in &sorted.bad {
        damaged::note(tx, "throttle", &damaged::shown(key), why, None)?;
    }
    Ok(sorted.good.into_iter().collect())
}

fn sorted(connection: &Connection) -> Result<Sorted<[Value; 1], (String, i64)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT link_group, next_nanos FROM throttle")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    damaged::sort(&mut statement.query([])?, damaged::raw::<1>, read)
}
