//! The tables of coupons: pools, codes and who has them, and every redemption.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{StoreError, Tx, row};
use postrider_campaign::coupon::{Pool, Standing, Unredeemable};
use postrider_campaign::money::Money;
use postrider_model::{PhoneNumber, Random, Timestamp};

/// How often a new code may turn out to be taken before a pool counts as exhausted.
const TRIES_MAX: usize = 20;

/// A code that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// The code.
    pub code: String,
    /// Its pool.
    pub pool: String,
    /// Who has it.
    pub number: Option<String>,
    /// Until when it is valid.
    pub valid_until: Option<Timestamp>,
    /// How often it was redeemed.
    pub uses: u32,
}

/// A redemption as a shop reports it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redemption {
    /// What was bought with it.
    pub amount: Option<Money>,
    /// In which currency.
    pub currency: Option<String>,
    /// The shop's own reference: the same one again is the same redemption.
    pub reference: Option<String>,
}

/// How a pool stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Codes that wait to be given out.
    pub waiting: i64,
    /// Codes that somebody has.
    pub issued: i64,
    /// Redemptions.
    pub redeemed: i64,
    /// What was bought with them.
    pub amount: Money,
}

/// Defines a pool, or changes it; says whether it is new.
///
/// # Errors
/// SQLite's own.
pub fn define(tx: &Tx<'_>, name: &str, pool: &Pool, now: Timestamp) -> Result<bool, StoreError> {
    let known = find(tx.sql(), name)?.is_some();
    let definition = serde_json::to_string(pool).map_err(|error| StoreError::Row(error.to_string()))?;
    tx.sql()
        .prepare_cached("INSERT INTO coupon_pool VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET definition = ?2")?
        .execute(params![name, definition, now.as_millis()])?;
    Ok(!known)
}

/// The pool of this name.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Pool>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT definition FROM coupon_pool WHERE name = ?1")?;
    let definition: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
    let read =
        |text: String| serde_json::from_str(&text).map_err(|error| StoreError::Row(format!("coupon_pool: {error}")));
    definition.map(read).transpose()
}

/// The names of all pools.
///
/// # Errors
/// SQLite's own.
pub fn names(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name FROM coupon_pool ORDER BY name")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes a pool with the codes that nobody has; says whether there was one.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, name: &str) -> Result<bool, StoreError> {
    tx.sql().execute("DELETE FROM coupon WHERE pool = ?1 AND number IS NULL", [name])?;
    Ok(tx.sql().execute("DELETE FROM coupon_pool WHERE name = ?1", [name])? > 0)
}

/// How a pool stands.
///
/// # Errors
/// SQLite's own.
pub fn counts(connection: &Connection, pool: &str) -> Result<Counts, StoreError> {
    let (waiting, issued) = connection.query_row(
        "SELECT count(*) FILTER (WHERE number IS NULL), count(*) FILTER (WHERE number IS NOT NULL) FROM coupon \
         WHERE pool = ?1",
        [pool],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (redeemed, amount) = connection.query_row(
        "SELECT count(*), coalesce(sum(u.amount), 0) FROM coupon_use u JOIN coupon c ON c.id = u.coupon WHERE c.pool = ?1",
        [pool],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(Counts { waiting, issued, redeemed, amount: Money::from_parts(amount) })
}

/// Puts codes into a pool; those that any pool has already are passed over. Returns how many are new.
///
/// # Errors
/// SQLite's own.
pub fn add_codes(tx: &Tx<'_>, pool: &str, codes: &[String]) -> Result<usize, StoreError> {
    let mut insert =
        tx.sql().prepare_cached("INSERT INTO coupon (pool, code) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    codes.iter().try_fold(0, |new, code| Ok(new + insert.execute(params![pool, code])?))
}

/// The code of a pool that `number` has.
///
/// # Errors
/// SQLite's own.
pub fn held(connection: &Connection, pool: &str, number: &PhoneNumber) -> Result<Option<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT code FROM coupon WHERE pool = ?1 AND number = ?2 AND past = 0")?;
    Ok(statement.query_row(params![pool, number.as_str()], |row| row.get(0)).optional()?)
}

/// The code of `number` from a pool: the one that it has and that is still valid, else the next one. `None` when the pool has none left.
///
/// # Errors
/// SQLite's own.
pub fn issue(
    tx: &Tx<'_>,
    name: &str,
    pool: &Pool,
    number: &PhoneNumber,
    random: &mut Random,
    now: Timestamp,
) -> Result<Option<Coupon>, StoreError> {
    // A code that is valid no more makes room for another one, unless the whole pool has run out.
    if pool.valid_until(now).is_none_or(|until| until > now) {
        tx.sql()
            .prepare_cached(
                "UPDATE coupon SET past = 1 WHERE pool = ?1 AND number = ?2 AND past = 0 AND valid_until < ?3",
            )?
            .execute(params![name, number.as_str(), now.as_millis()])?;
    }
    if let Some(code) = held(tx.sql(), name, number)? {
        return by_code(tx.sql(), &code);
    }
    let until = pool.valid_until(now).map(Timestamp::as_millis);
    if !pool.generated {
        let code = tx
            .sql()
            .prepare_cached(
                "UPDATE coupon SET number = ?2, issued_at = ?3, valid_until = ?4 WHERE id = \
                 (SELECT min(id) FROM coupon WHERE pool = ?1 AND number IS NULL) RETURNING code",
            )?
            .query_row(params![name, number.as_str(), now.as_millis(), until], |row| row.get::<_, String>(0))
            .optional()?;
        return code.map_or(Ok(None), |code| by_code(tx.sql(), &code));
    }
    for _ in 0..TRIES_MAX {
        let code = pool.code(random);
        let taken = tx
            .sql()
            .prepare_cached(
                "INSERT INTO coupon (pool, code, number, issued_at, valid_until) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![name, code, number.as_str(), now.as_millis(), until])?;
        if taken > 0 {
            return by_code(tx.sql(), &code);
        }
    }
    Ok(None)
}

/// What is known of a code.
///
/// # Errors
/// SQLite's own.
pub fn by_code(connection: &Connection, code: &str) -> Result<Option<Coupon>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT code, pool, number, valid_until, uses FROM coupon WHERE code = ?1")?;
    let mut rows = statement.query([code])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Coupon {
        code: row.get("code")?,
        pool: row.get("pool")?,
        number: row.get("number")?,
        valid_until: row::maybe_time(row, "valid_until")?,
        uses: row.get("uses")?,
    }))
}

/// What became of a redemption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It counts.
    Now(Coupon),
    /// It came before with the same reference, and counted then.
    Before(Coupon),
    /// It cannot be.
    Refused(Unredeemable),
    /// Nobody knows the code.
    Unknown,
}

/// Redeems a code.
///
/// # Errors
/// SQLite's own.
pub fn redeem(tx: &Tx<'_>, code: &str, redemption: &Redemption, now: Timestamp) -> Result<Redeemed, StoreError> {
    let Some(coupon) = by_code(tx.sql(), code)? else { return Ok(Redeemed::Unknown) };
    let id: i64 = tx.sql().query_row("SELECT id FROM coupon WHERE code = ?1", [code], |row| row.get(0))?;
    let known = tx
        .sql()
        .prepare_cached("SELECT 1 FROM coupon_use WHERE coupon = ?1 AND reference = ?2")?
        .query_row(params![id, redemption.reference], |_| Ok(()))
        .optional()?;
    if known.is_some() {
        return Ok(Redeemed::Before(coupon));
    }
    let uses_max = find(tx.sql(), &coupon.pool)?.map_or(1, |pool| pool.uses_max);
    let standing =
        Standing { issued: coupon.number.is_some(), valid_until: coupon.valid_until, uses: coupon.uses, uses_max };
    if let Err(why) = standing.redeemable(now) {
        return Ok(Redeemed::Refused(why));
    }
    tx.sql().prepare_cached("INSERT INTO coupon_use VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        id,
        coupon.uses,
        now.as_millis(),
        redemption.amount.map(Money::parts),
        redemption.currency,
        redemption.reference,
    ])?;
    tx.sql().prepare_cached("UPDATE coupon SET uses = uses + 1 WHERE id = ?1")?.execute([id])?;
    Ok(Redeemed::Now(Coupon { uses: coupon.uses + 1, ..coupon }))
}

/// Forgets who had codes: they can still be redeemed.
///
/// # Errors
/// SQLite's own.
pub(super) fn forget_holder(tx: &Tx<'_>, number: &PhoneNumber) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE coupon SET number = 'erased ' || id WHERE number = ?1")?
        .execute([number.as_str()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn number(n: u32) -> PhoneNumber {
        format!("+8210{n:08}").parse().unwrap()
    }

    fn give(database: &mut Database, name: &str, n: u32) -> Option<String> {
        let pool = database.read(|c| find(c, name)).unwrap().unwrap();
        let issued =
            database.write(|tx| issue(tx, name, &pool, &number(n), &mut Random::new(u64::from(n)), NOW)).unwrap();
        issued.map(|coupon| coupon.code)
    }

    #[test]
    fn each_contact_has_one_code_of_a_pool() {
        let mut database = Database::in_memory().unwrap();
        let made: Pool = serde_json::from_str(r#"{"generated": true, "prefix": "A-"}"#).unwrap();
        let listed: Pool = serde_json::from_str("{}").unwrap();
        database.write(|tx| Ok((define(tx, "made", &made, NOW)?, define(tx, "listed", &listed, NOW)?))).unwrap();
        let codes = ["ONE", "TWO", "ONE"].map(str::to_owned);
        assert_eq!(database.write(|tx| add_codes(tx, "listed", &codes)).unwrap(), 2);
        let first = give(&mut database, "made", 1).unwrap();
        assert_eq!(give(&mut database, "made", 1).as_ref(), Some(&first));
        assert_ne!(give(&mut database, "made", 2).as_ref(), Some(&first));
        let listed: Vec<_> = [1, 2, 1, 3].map(|n| give(&mut database, "listed", n)).into();
        assert_eq!(listed, [Some("ONE".to_owned()), Some("TWO".to_owned()), Some("ONE".to_owned()), None]);
        let counts = database.read(|c| counts(c, "listed")).unwrap();
        assert_eq!((counts.waiting, counts.issued), (0, 2));
    }

    #[test]
    fn who_had_a_code_that_is_valid_no_more_gets_another_one() {
        let mut database = Database::in_memory().unwrap();
        let pool: Pool = serde_json::from_str(r#"{"generated": true, "valid_hours": 24}"#).unwrap();
        database.write(|tx| define(tx, "birthday", &pool, NOW)).unwrap();
        let mut at = |days: u32| {
            let at = NOW.plus(std::time::Duration::from_secs(86_400) * days);
            let mut random = Random::new(u64::from(days));
            database.write(|tx| issue(tx, "birthday", &pool, &number(1), &mut random, at)).unwrap().unwrap().code
        };
        let first = at(0);
        assert_eq!(at(1), first, "it is valid for a day");
        let next = at(365);
        assert_ne!(next, first);
        assert_eq!(at(366), next);
        assert!(database.write(|tx| forget_holder(tx, &number(1))).is_ok());
        let named = database.read(|c| {
            Ok(c.query_row("SELECT count(*) FROM coupon WHERE number = ?1", [number(1).as_str()], |row| {
                row.get::<_, i64>(0)
            })?)
        });
        assert_eq!(named.unwrap(), 0, "no old code knows an erased contact");
    }

    #[test]
    fn a_code_is_redeemed_once_and_its_repetition_is_known() {
        let mut database = Database::in_memory().unwrap();
        let pool: Pool = serde_json::from_str(r#"{"valid_hours": 24}"#).unwrap();
        database.write(|tx| define(tx, "p", &pool, NOW)).unwrap();
        database.write(|tx| add_codes(tx, "p", &["ONE".to_owned(), "TWO".to_owned()])).unwrap();
        let redeem_at = |database: &mut Database, code: &str, reference: &str, at: Timestamp| {
            let amount = Some(Money::from_parts(499_000));
            let redemption = Redemption { amount, currency: None, reference: Some(reference.to_owned()) };
            database.write(|tx| redeem(tx, code, &redemption, at)).unwrap()
        };
        assert_eq!(redeem_at(&mut database, "ONE", "o1", NOW), Redeemed::Refused(Unredeemable::NotIssued));
        give(&mut database, "p", 1);
        give(&mut database, "p", 2);
        assert!(matches!(redeem_at(&mut database, "ONE", "o1", NOW), Redeemed::Now(coupon) if coupon.uses == 1));
        assert!(matches!(redeem_at(&mut database, "ONE", "o1", NOW), Redeemed::Before(_)));
        assert_eq!(redeem_at(&mut database, "ONE", "o2", NOW), Redeemed::Refused(Unredeemable::Used));
        let late = NOW.plus(std::time::Duration::from_secs(100_000));
        assert!(matches!(redeem_at(&mut database, "TWO", "o3", late), Redeemed::Refused(Unredeemable::Expired(_))));
        assert_eq!(redeem_at(&mut database, "THREE", "o4", NOW), Redeemed::Unknown);
        assert_eq!(database.read(|c| counts(c, "p")).unwrap().amount, Money::from_parts(499_000));
    }
}
