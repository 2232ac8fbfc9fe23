//! The `short_link` table: one code for each recipient, target and origin.

use rusqlite::{Connection, OptionalExtension, params};

use crate::campaign::origin::Origin;
use crate::model::Timestamp;
use crate::store::{StoreError, Tx};

/// How many codes are tried before a chance that never happens is taken for an error.
const TRIES_MAX: u32 = 8;

/// A link that is to have a code.
#[derive(Debug, Clone, Copy)]
pub struct NewLink<'a> {
    /// An address, or `page:NAME`.
    pub target: &'a str,
    /// Whose it is; 0 for one that everybody gets.
    pub contact: i64,
    /// What it is sent for; nothing if it was made by hand.
    pub origin: Option<&'a Origin>,
}

/// The code of a link: the one that it has, else a new one that nobody can guess.
///
/// # Errors
/// SQLite's own.
pub fn issue(tx: &Tx<'_>, link: NewLink<'_>, now: Timestamp) -> Result<String, StoreError> {
    let (kind, source, part) =
        link.origin.map_or(("", "", ""), |origin| (origin.kind.as_str(), origin.source.as_str(), origin.part.as_str()));
    let known = tx
        .sql()
        .prepare_cached(
            "SELECT code FROM short_link WHERE contact = ?1 AND target = ?2 AND kind = ?3 AND source = ?4 AND part = ?5",
        )?
        .query_row(params![link.contact, link.target, kind, source, part], |row| row.get(0))
        .optional()?;
    if let Some(code) = known {
        return Ok(code);
    }
    for salt in 0..TRIES_MAX {
        let contact = link.contact;
        let code = tx.code(&format!("{salt}\n{contact}\n{kind}\n{source}\n{part}\n{}", link.target));
        let written = tx
            .sql()
            .prepare_cached(
                "INSERT INTO short_link (code, target, contact, kind, source, part, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (code) DO NOTHING",
            )?
            .execute(params![code, link.target, contact, kind, source, part, now.as_millis()])?;
        if written > 0 {
            return Ok(code);
        }
    }
    Err(StoreError::Row("no free code for a short link".to_owned()))
}

/// The id of the link with a code.
///
/// # Errors
/// SQLite's own.
pub fn id_of(connection: &Connection, code: &str) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM short_link WHERE code = ?1")?;
    Ok(statement.query_row([code], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::origin::Kind;
    use crate::store::Database;

    #[test]
    fn each_recipient_has_one_code_for_each_target_and_origin() {
        let mut database = Database::in_memory().unwrap();
        let (first, second) = (Origin::new(Kind::Campaign, "sale", "a"), Origin::new(Kind::Campaign, "sale", "b"));
        let now = Timestamp::from_millis(1_795_305_600_000);
        let mut code = |contact, origin| {
            let link = NewLink { target: "https://shop.example/", contact, origin: Some(origin) };
            database.write(|tx| issue(tx, link, now)).unwrap()
        };
        let one = code(1, &first);
        assert_eq!(code(1, &first), one);
        assert_ne!(code(1, &second), one);
        assert_ne!(code(2, &first), one);
        assert!(database.read(|c| id_of(c, &one)).unwrap().is_some());
    }
}
