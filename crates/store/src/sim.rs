//! The `sim`, `modem` and `pin_attempt` tables: which SIM is in which modem, its credit, its use and its PIN.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{StoreError, Tx, row};
use postrider_model::{ModemIdentity, SimIdentity, Timestamp};
use postrider_policy::balance::Amount;
use postrider_policy::sim_care::Life;

/// A SIM as people and rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sim {
    /// The ICCID, or the modem's IMEI where the SIM does not tell it.
    pub id: String,
    /// The modem that it is in, or was last: `group/name`.
    pub link: String,
    /// The subscriber's number in the network.
    pub imsi: Option<String>,
    /// Its own number.
    pub number: Option<String>,
    /// When it was seen last.
    pub seen_at: Timestamp,
    /// What is known of its use.
    pub life: Life,
    /// The last amount that was read.
    pub balance: Option<Amount>,
    /// The network's own words.
    pub balance_text: Option<String>,
    /// Whether a person was told that it is low.
    pub balance_low: bool,
}

fn sim_of(row: &Row<'_>) -> Result<Sim, StoreError> {
    Ok(Sim {
        id: row.get("id")?,
        link: row.get("link")?,
        imsi: row.get("imsi")?,
        number: row.get("number")?,
        seen_at: row::time(row, "seen_at")?,
        life: Life {
            first_at: row::time(row, "first_at")?,
            used_at: row::maybe_time(row, "used_at")?,
            balance_asked_at: row::maybe_time(row, "balance_asked_at")?,
            balance_at: row::maybe_time(row, "balance_at")?,
            kept_alive_at: row::maybe_time(row, "kept_alive_at")?,
        },
        balance: row.get::<_, Option<i64>>("balance")?.map(Amount::from_thousandths),
        balance_text: row.get("balance_text")?,
        balance_low: row.get("balance_low")?,
    })
}

/// All SIMs, by the modems that they are in or were last.
///
/// # Errors
/// SQLite's own.
pub fn list(connection: &Connection) -> Result<Vec<Sim>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM sim ORDER BY link, seen_at DESC, id")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(sim_of(row)?);
    }
    Ok(all)
}

/// One SIM.
///
/// # Errors
/// SQLite's own.
pub fn find(connection: &Connection, id: &str) -> Result<Option<Sim>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM sim WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(sim_of).transpose()
}

/// As [`find`], within a transaction.
///
/// # Errors
/// SQLite's own.
pub fn get(tx: &Tx<'_>, id: &str) -> Result<Option<Sim>, StoreError> {
    find(tx.sql(), id)
}

/// The SIMs that are in modems now, as far as the store knows: the last one that each modem named.
///
/// # Errors
/// SQLite's own.
pub fn present(tx: &Tx<'_>) -> Result<Vec<Sim>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT sim.* FROM sim JOIN modem ON modem.link = sim.link AND modem.sim = sim.id ORDER BY sim.link",
    )?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(sim_of(row)?);
    }
    Ok(all)
}

/// The SIM that is in the modem `link`, or was last.
///
/// # Errors
/// SQLite's own.
pub fn in_modem(tx: &Tx<'_>, link: &str) -> Result<Option<String>, StoreError> {
    let mut statement = tx.sql().prepare_cached("SELECT sim FROM modem WHERE link = ?1")?;
    Ok(statement.query_row([link], |row| row.get(0)).optional()?.flatten())
}

/// Notes that the modem `link` is there with the SIM `sim`; `None` when the SIM could not be read, which keeps the last one.
///
/// # Errors
/// SQLite's own.
pub fn saw_modem(
    tx: &Tx<'_>,
    link: &str,
    modem: &ModemIdentity,
    sim: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO modem VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET imei = ?2, maker = ?3, \
             model = ?4, firmware = ?5, sim = coalesce(?6, sim), seen_at = ?7",
        )?
        .execute(params![link, modem.imei, modem.maker, modem.model, modem.firmware, sim, now.as_millis()])?;
    Ok(())
}

/// Notes that the SIM `id` is in the modem `link`.
///
/// # Errors
/// SQLite's own.
pub fn saw(tx: &Tx<'_>, id: &str, link: &str, sim: &SimIdentity, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO sim (id, link, imsi, number, first_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5) \
             ON CONFLICT DO UPDATE SET link = ?2, imsi = coalesce(?3, imsi), number = coalesce(?4, number), seen_at = ?5",
        )?
        .execute(params![id, link, sim.imsi, sim.number, now.as_millis()])?;
    Ok(())
}

/// Notes that the network took a segment of the SIM.
///
/// # Errors
/// SQLite's own.
pub fn used(tx: &Tx<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.sql().prepare_cached("UPDATE sim SET used_at = ?2 WHERE id = ?1")?.execute(params![id, now.as_millis()])?;
    Ok(())
}

/// Notes that a message was made that keeps the SIM alive.
///
/// # Errors
/// SQLite's own.
pub fn kept_alive(tx: &Tx<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE sim SET kept_alive_at = ?2 WHERE id = ?1")?
        .execute(params![id, now.as_millis()])?;
    Ok(())
}

/// Notes that the SIM's balance is being asked for.
///
/// # Errors
/// SQLite's own.
pub fn balance_asked(tx: &Tx<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE sim SET balance_asked_at = ?2 WHERE id = ?1")?
        .execute(params![id, now.as_millis()])?;
    Ok(())
}

/// What a balance answer changes.
#[derive(Debug, Clone, Copy)]
pub struct Balance<'a> {
    /// The amount; absent when it could not be read, which keeps the last one.
    pub amount: Option<Amount>,
    /// The network's own words.
    pub text: &'a str,
    /// Whether a person was told that it is low.
    pub low: bool,
}

/// Keeps an answer to a balance question.
///
/// # Errors
/// SQLite's own.
pub fn balance(tx: &Tx<'_>, id: &str, answer: &Balance<'_>, now: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "UPDATE sim SET balance = coalesce(?2, balance), balance_text = ?3, balance_low = ?4, balance_at = ?5 \
             WHERE id = ?1",
        )?
        .execute(params![id, answer.amount.map(Amount::thousandths), answer.text, answer.low, now.as_millis()])?;
    Ok(())
}

/// Notes that a PIN is about to be entered; `false` if this PIN was entered into this SIM before and never taken.
///
/// # Errors
/// SQLite's own.
pub fn pin_attempt(tx: &Tx<'_>, sim: &str, digest: i64, now: Timestamp) -> Result<bool, StoreError> {
    let rows = tx.sql().prepare_cached("INSERT OR IGNORE INTO pin_attempt VALUES (?1, ?2, ?3)")?.execute(params![
        sim,
        digest,
        now.as_millis()
    ])?;
    Ok(rows == 1)
}

/// Forgets the PINs that were entered into the SIM: one was taken, or a person allows another try.
///
/// # Errors
/// SQLite's own.
pub fn forget_pins(tx: &Tx<'_>, sim: &str) -> Result<usize, StoreError> {
    Ok(tx.sql().prepare_cached("DELETE FROM pin_attempt WHERE sim = ?1")?.execute([sim])?)
}

/// The numbers of our own SIMs, as far as they are known.
///
/// # Errors
/// SQLite's own.
pub fn numbers(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number FROM sim WHERE number IS NOT NULL LIMIT 1000")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
