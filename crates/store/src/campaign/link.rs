//! The `short_link` table: one code for each recipient, target and origin.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, Tx, row};
use postrider_campaign::link::Target;
use postrider_campaign::origin::Origin;
use postrider_model::Timestamp;

/// How many codes are tried before a chance that never happens is taken for an error.
const TRIES_MAX: u32 = 8;

/// A link that is to have a code.
#[derive(Debug, Clone, Copy)]
pub struct NewLink<'a> {
    /// Where it leads.
    pub target: &'a Target,
    /// Whose it is; 0 for one that everybody gets.
    pub contact: i64,
    /// What it is sent for; nothing if it was made by hand.
    pub origin: Option<&'a Origin>,
}

/// A link as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its row.
    pub id: i64,
    /// Its code.
    pub code: String,
    /// Where it leads.
    pub target: Target,
    /// Whose it is; 0 for one that everybody gets.
    pub contact: i64,
    /// What it was sent for; nothing if it was made by hand.
    pub origin: Option<Origin>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Visits of people.
    pub clicks: i64,
    /// Requests of previews and robots.
    pub machines: i64,
    /// The first visit.
    pub first_click_at: Option<Timestamp>,
    /// The last visit.
    pub last_click_at: Option<Timestamp>,
}

/// The code of a link: the one that it has, else a new one that nobody can guess.
///
/// # Errors
/// SQLite's own.
pub fn issue(tx: &Tx<'_>, link: NewLink<'_>, now: Timestamp) -> Result<String, StoreError> {
    let (kind, source, part) =
        link.origin.map_or(("", "", ""), |origin| (origin.kind.as_str(), origin.source.as_str(), origin.part.as_str()));
    let target = link.target.to_string();
    let known = tx
        .sql()
        .prepare_cached(
            "SELECT code FROM short_link WHERE contact = ?1 AND target = ?2 AND kind = ?3 AND source = ?4 AND part = ?5",
        )?
        .query_row(params![link.contact, target, kind, source, part], |row| row.get(0))
        .optional()?;
    if let Some(code) = known {
        return Ok(code);
    }
    for salt in 0..TRIES_MAX {
        let contact = link.contact;
        let code = tx.code(&format!("{salt}\n{contact}\n{kind}\n{source}\n{part}\n{target}"));
        let written = tx
            .sql()
            .prepare_cached(
                "INSERT INTO short_link (code, target, contact, kind, source, part, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (code) DO NOTHING",
            )?
            .execute(params![code, target, contact, kind, source, part, now.as_millis()])?;
        if written > 0 {
            return Ok(code);
        }
    }
    Err(StoreError::Row("no free code for a short link".to_owned()))
}

fn link_of(row: &Row<'_>) -> Result<Link, StoreError> {
    let wrong = |what: &str, error: String| StoreError::Row(format!("short_link {what}: {error}"));
    let kind: String = row.get("kind")?;
    let origin = match kind.as_str() {
        "" => None,
        kind => {
            let kind = kind.parse().map_err(|error| wrong("kind", error))?;
            Some(Origin { kind, source: row.get("source")?, part: row.get("part")? })
        }
    };
    Ok(Link {
        id: row.get("id")?,
        code: row.get("code")?,
        target: Target::read(&row.get::<_, String>("target")?).map_err(|fault| wrong("target", fault.detail))?,
        contact: row.get("contact")?,
        origin,
        created_at: row::time(row, "created_at")?,
        clicks: row.get("clicks")?,
        machines: row.get("machines")?,
        first_click_at: row::maybe_time(row, "first_click_at")?,
        last_click_at: row::maybe_time(row, "last_click_at")?,
    })
}

/// The link with a code.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find(connection: &Connection, code: &str) -> Result<Option<Link>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM short_link WHERE code = ?1")?;
    let mut rows = statement.query([code])?;
    rows.next()?.map(link_of).transpose()
}

/// Which links are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those of this contact; 0 for those that everybody gets.
    pub contact: Option<i64>,
    /// Only those that were sent for something of this kind.
    pub kind: Option<String>,
    /// Only those that were sent for this.
    pub source: Option<String>,
    /// Only those before this row, for the next page.
    pub before: Option<i64>,
}

/// Links, the newest first, and the `before` of the next page.
///
/// # Errors
/// As [`find`].
pub fn list(connection: &Connection, filter: &Filter, limit: usize) -> Result<(Vec<Link>, Option<i64>), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM short_link WHERE (?1 IS NULL OR contact = ?1) AND (?2 IS NULL OR kind = ?2) \
         AND (?3 IS NULL OR source = ?3) AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?5",
    )?;
    let mut rows = statement.query(params![filter.contact, filter.kind, filter.source, filter.before, limit + 1])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(link_of(row)?);
    }
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| last.id);
    Ok((all, next))
}

/// Removes the oldest links that were made before `before`, with their clicks. Returns how many, and when the oldest one
/// that is left was made.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp, limit: usize) -> Result<(usize, Option<Timestamp>), StoreError> {
    let mut gone = 0;
    let mut oldest = tx.sql().prepare_cached("SELECT id, created_at FROM short_link ORDER BY id LIMIT ?1")?;
    let rows = oldest.query_map([limit + 1], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    for (id, created_at) in rows {
        let created_at = Timestamp::from_millis(created_at);
        if created_at >= before || gone == limit {
            return Ok((gone, Some(created_at)));
        }
        tx.sql().prepare_cached("DELETE FROM click WHERE link = ?1")?.execute([id])?;
        tx.sql().prepare_cached("DELETE FROM short_link WHERE id = ?1")?.execute([id])?;
        gone += 1;
    }
    Ok((gone, None))
}

/// Removes all links of a contact and their clicks. A link that is gone leads nowhere.
///
/// # Errors
/// SQLite's own.
pub fn forget(tx: &Tx<'_>, contact: i64) -> Result<(), StoreError> {
    if contact == 0 {
        return Ok(());
    }
    for sql in [
        "DELETE FROM click WHERE link IN (SELECT id FROM short_link WHERE contact = ?1)",
        "DELETE FROM short_link WHERE contact = ?1",
    ] {
        tx.sql().prepare_cached(sql)?.execute([contact])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;
    use postrider_campaign::origin::Kind;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    #[test]
    fn each_recipient_has_one_code_for_each_target_and_origin() {
        let mut database = Database::in_memory().unwrap();
        let (first, second) = (Origin::new(Kind::Campaign, "sale", "a"), Origin::new(Kind::Campaign, "sale", "b"));
        let target = Target::read("https://shop.example/").unwrap();
        let mut code = |contact, origin| {
            let link = NewLink { target: &target, contact, origin: Some(origin) };
            database.write(|tx| issue(tx, link, NOW)).unwrap()
        };
        let one = code(1, &first);
        assert_eq!(code(1, &first), one);
        assert_ne!(code(1, &second), one);
        assert_ne!(code(2, &first), one);
        let link = database.read(|c| find(c, &one)).unwrap().unwrap();
        assert_eq!((link.target, link.contact, link.origin), (target, 1, Some(first)));
    }

    #[test]
    fn old_links_go_a_piece_at_a_time() {
        let mut database = Database::in_memory().unwrap();
        for n in 0..5 {
            let target = Target::read(&format!("https://shop.example/{n}")).unwrap();
            let link = NewLink { target: &target, contact: 0, origin: None };
            database.write(|tx| issue(tx, link, Timestamp::from_millis(n * 10))).unwrap();
        }
        let mut forget = || database.write(|tx| forget_older(tx, Timestamp::from_millis(30), 2)).unwrap();
        assert_eq!(forget(), (2, Some(Timestamp::from_millis(20))));
        assert_eq!(forget(), (1, Some(Timestamp::from_millis(30))));
        assert_eq!(forget(), (0, Some(Timestamp::from_millis(30))));
    }

    #[test]
    fn lists_go_page_by_page_and_an_erased_contact_has_no_link() {
        let mut database = Database::in_memory().unwrap();
        for n in 0..5 {
            let target = Target::read(&format!("https://shop.example/{n}")).unwrap();
            let link = NewLink { target: &target, contact: n % 2, origin: None };
            database.write(|tx| issue(tx, link, NOW)).unwrap();
        }
        let page = |filter: Filter| database.read(|c| list(c, &filter, 2)).unwrap();
        let (first, next) = page(Filter::default());
        assert_eq!((first.len(), first[0].target.to_string().as_str()), (2, "https://shop.example/4"));
        assert_eq!(
            page(Filter { before: next, ..Filter::default() }).0[0].target.to_string(),
            "https://shop.example/2"
        );
        assert_eq!(page(Filter { contact: Some(1), ..Filter::default() }).0.len(), 2);
        assert_eq!(page(Filter { source: Some("sale".to_owned()), ..Filter::default() }).0.len(), 0);
        database.write(|tx| forget(tx, 1)).unwrap();
        database.write(|tx| forget(tx, 0)).unwrap();
        assert_eq!(database.read(|c| list(c, &Filter::default(), 9)).unwrap().0.len(), 3);
    }
}
