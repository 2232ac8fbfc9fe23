//! The `talk_flood` table: how often a number was answered by itself.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use crate::{StoreError, Tx};
use postrider_campaign::flood::Ledger;
use postrider_model::{PhoneNumber, Timestamp};

/// What is kept in mind counts for a day.
const KEPT_FOR: Duration = Duration::from_secs(2 * 86_400);

/// What is kept in mind of a number.
///
/// # Errors
/// SQLite's own.
pub fn of(tx: &Tx<'_>, number: &PhoneNumber) -> Result<Ledger, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT ledger FROM talk_flood WHERE number = ?1")?;
    let json: Option<String> = statement.query_row([number.as_str()], |row| row.get(0)).optional()?;
    // A ledger that another version wrote differently is begun anew.
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default())
}

/// Keeps it.
///
/// # Errors
/// SQLite's own.
pub fn keep(tx: &Tx<'_>, number: &PhoneNumber, ledger: &Ledger, now: Timestamp) -> Result<(), StoreError> {
    let json = serde_json::to_string(ledger).map_err(|error| StoreError::Row(error.to_string()))?;
    tx.sql()
        .prepare_cached("INSERT INTO talk_flood VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET ledger = ?2, at = ?3")?
        .execute(params![number.as_str(), json, now.as_millis()])?;
    Ok(())
}

/// Forgets what does not count any more; returns how much.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
    let sql = "DELETE FROM talk_flood WHERE number IN (SELECT number FROM talk_flood WHERE at < ?1 LIMIT ?2)";
    Ok(tx.sql().prepare_cached(sql)?.execute(params![now.minus(KEPT_FOR).as_millis(), limit])?)
}

/// Forgets a number.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, number: &PhoneNumber) -> Result<(), StoreError> {
    tx.sql().prepare_cached("DELETE FROM talk_flood WHERE number = ?1")?.execute([number.as_str()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    #[test]
    fn a_ledger_is_kept_and_forgotten_after_its_days() {
        let mut database = Database::in_memory().unwrap();
        let (number, now): (PhoneNumber, _) =
            ("+821012345678".parse().unwrap(), Timestamp::from_millis(1_795_305_600_000));
        let mut ledger = Ledger::default();
        ledger.answered("info", now);
        database.write(|tx| keep(tx, &number, &ledger, now)).unwrap();
        assert_eq!(database.write(|tx| of(tx, &number)).unwrap(), ledger);
        let later = now.plus(KEPT_FOR).plus(Duration::from_secs(1));
        assert_eq!(database.write(|tx| forget_older(tx, later, 10)).unwrap(), 1);
        assert_eq!(database.write(|tx| of(tx, &number)).unwrap(), Ledger::default());
    }
}
