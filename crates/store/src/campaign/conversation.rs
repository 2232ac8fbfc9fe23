//! The `conversation`, `conversation_note` and `heard` tables: who wrote, what it was for, and what the shop did about it.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, Tx, row};
use postrider_campaign::conversation::NOTES_MAX;
use postrider_model::{MessageId, PhoneNumber, Timestamp};

/// Of a text so much is shown in lists, in characters.
const PREVIEW_MAX: usize = 100;

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its row.
    pub id: i64,
    /// With whom.
    pub number: PhoneNumber,
    /// Whether somebody of the shop has to look at it.
    pub open: bool,
    /// Who of the shop sees to it.
    pub assignee: Option<String>,
    /// Words that the shop sorts conversations by.
    pub tags: BTreeSet<String>,
    /// Texts that nobody of the shop has read.
    pub unread: u32,
    /// Our number that it last came to.
    pub ours: Option<String>,
    /// The beginning of the last text, either way.
    pub last_text: Option<String>,
    /// When the person last wrote.
    pub last_in_at: Option<Timestamp>,
    /// When anything last happened.
    pub last_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
}

/// A note of the shop's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its row.
    pub id: i64,
    /// When it was written.
    pub at: Timestamp,
    /// By whom or what.
    pub author: String,
    /// What it says.
    pub text: String,
}

fn conversation_of(row: &Row<'_>) -> Result<Conversation, StoreError> {
    let tags: Option<String> = row.get("tags")?;
    let tags = tags.map(|json| serde_json::from_str(&json)).transpose();
    Ok(Conversation {
        id: row.get("id")?,
        number: row::parsed(row, "number")?,
        open: row.get::<_, String>("state")? == "open",
        assignee: row.get("assignee")?,
        tags: tags.map_err(|error| StoreError::Row(format!("tags: {error}")))?.unwrap_or_default(),
        unread: row.get("unread")?,
        ours: row.get("ours")?,
        last_text: row.get("last_text")?,
        last_in_at: row::maybe_time(row, "last_in_at")?,
        last_at: row::time(row, "last_at")?,
        created_at: row::time(row, "created_at")?,
    })
}

/// The conversation with a number.
///
/// # Errors
/// SQLite's own, or a row that only a bug can have written.
pub fn find(connection: &Connection, number: &PhoneNumber) -> Result<Option<Conversation>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM conversation WHERE number = ?1")?;
    let mut rows = statement.query([number.as_str()])?;
    rows.next()?.map(conversation_of).transpose()
}

/// Whether a conversation with this tag has texts that nobody of the shop has read, and is open.
///
/// # Errors
/// As [`find`].
pub fn awaits_reader(connection: &Connection, number: &PhoneNumber, tag: &str) -> Result<bool, StoreError> {
    // Nearly every number has none, or one without tags.
    const TAGS: &str =
        "SELECT tags FROM conversation WHERE number = ?1 AND state = 'open' AND unread > 0 AND tags IS NOT NULL";
    let mut statement = connection.prepare_cached(TAGS)?;
    let tags: Option<String> = statement.query_row([number.as_str()], |row| row.get(0)).optional()?;
    let tags = tags.map(|json| serde_json::from_str::<BTreeSet<String>>(&json)).transpose();
    Ok(tags.map_err(|error| StoreError::Row(format!("tags: {error}")))?.is_some_and(|tags| tags.contains(tag)))
}

/// The conversation with a number, which is begun if there is none; a new one is closed.
///
/// # Errors
/// As [`find`].
pub fn ensure(tx: &Tx<'_>, number: &PhoneNumber, now: Timestamp) -> Result<Conversation, StoreError> {
    if let Some(found) = find(tx.sql(), number)? {
        return Ok(found);
    }
    tx.sql()
        .prepare_cached(
            "INSERT INTO conversation (number, state, unread, last_at, created_at) VALUES (?1, 'closed', 0, ?2, ?2)",
        )?
        .execute(params![number.as_str(), now.as_millis()])?;
    find(tx.sql(), number)?.ok_or_else(|| StoreError::Row("a conversation was just begun and is not there".to_owned()))
}

/// Writes a conversation as it is now.
///
/// # Errors
/// SQLite's own.
pub fn save(tx: &Tx<'_>, conversation: &Conversation) -> Result<(), StoreError> {
    let tags = if conversation.tags.is_empty() { None } else { serde_json::to_string(&conversation.tags).ok() };
    let preview = conversation.last_text.as_deref().map(|text| text.chars().take(PREVIEW_MAX).collect::<String>());
    tx.sql()
        .prepare_cached(
            "UPDATE conversation SET state = ?2, assignee = ?3, tags = ?4, unread = ?5, ours = ?6, last_text = ?7, \
             last_in_at = ?8, last_at = ?9 WHERE id = ?1",
        )?
        .execute(params![
            conversation.id,
            if conversation.open { "open" } else { "closed" },
            conversation.assignee,
            tags,
            conversation.unread,
            conversation.ours,
            preview,
            conversation.last_in_at.map(Timestamp::as_millis),
            conversation.last_at.as_millis(),
        ])?;
    Ok(())
}

/// Writes a note; the oldest goes when there are too many.
///
/// # Errors
/// SQLite's own.
pub fn add_note(tx: &Tx<'_>, conversation: i64, author: &str, text: &str, now: Timestamp) -> Result<i64, StoreError> {
    tx.sql()
        .prepare_cached("INSERT INTO conversation_note (conversation, at, author, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![conversation, now.as_millis(), author, text])?;
    let id = tx.sql().last_insert_rowid();
    tx.sql()
        .prepare_cached(
            "DELETE FROM conversation_note WHERE id IN (SELECT id FROM conversation_note WHERE conversation = ?1 \
             ORDER BY id DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![conversation, NOTES_MAX])?;
    Ok(id)
}

/// The notes of a conversation, the newest first.
///
/// # Errors
/// SQLite's own.
pub fn notes(connection: &Connection, conversation: i64, limit: usize) -> Result<Vec<Note>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, at, author, text FROM conversation_note WHERE conversation = ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let mut rows = statement.query(params![conversation, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Note {
            id: row.get("id")?,
            at: row::time(row, "at")?,
            author: row.get("author")?,
            text: row.get("text")?,
        });
    }
    Ok(all)
}

/// Notes what took an incoming text.
///
/// # Errors
/// SQLite's own.
pub fn heard(tx: &Tx<'_>, message: MessageId, kind: &str, source: &str) -> Result<(), StoreError> {
    tx.sql().prepare_cached("INSERT OR REPLACE INTO heard VALUES (?1, ?2, ?3)")?.execute(params![
        message.as_i64(),
        kind,
        source
    ])?;
    Ok(())
}

/// What took an incoming text, by word and name.
///
/// # Errors
/// SQLite's own.
pub fn heard_of(connection: &Connection, message: MessageId) -> Result<Option<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT kind, source FROM heard WHERE message = ?1")?;
    Ok(statement.query_row([message.as_i64()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Which conversations are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only open or only closed ones.
    pub open: Option<bool>,
    /// Only those that somebody sees to; the empty name stands for nobody.
    pub assignee: Option<String>,
    /// Only those with this tag.
    pub tag: Option<String>,
    /// Only those with texts that nobody has read.
    pub unread: bool,
    /// Where the page before ended.
    pub before: Option<(Timestamp, i64)>,
}

/// Conversations, the one where something happened last first.
///
/// # Errors
/// As [`find`].
pub fn list(connection: &Connection, filter: &Filter, limit: usize) -> Result<Vec<Conversation>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM conversation WHERE (last_at, id) < (?1, ?2) AND (?3 IS NULL OR state = ?3) \
         AND (?4 IS NULL OR coalesce(assignee, '') = ?4) AND (NOT ?5 OR unread > 0) \
         AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?6)) \
         ORDER BY last_at DESC, id DESC LIMIT ?7",
    )?;
    let (at, id) = filter.before.map_or((i64::MAX, i64::MAX), |(at, id)| (at.as_millis(), id));
    let state = filter.open.map(|open| if open { "open" } else { "closed" });
    let mut rows = statement.query(params![at, id, state, filter.assignee, filter.unread, filter.tag, limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(conversation_of(row)?);
    }
    Ok(all)
}

/// Removes conversations in which nothing happened since `before`, with their notes; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn forget_older(tx: &Tx<'_>, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    const OLD: &str = "SELECT id FROM conversation WHERE last_at < ?1 ORDER BY last_at LIMIT ?2";
    let bounds = params![before.as_millis(), limit];
    tx.sql()
        .prepare_cached(&format!("DELETE FROM conversation_note WHERE conversation IN ({OLD})"))?
        .execute(bounds)?;
    Ok(tx.sql().prepare_cached(&format!("DELETE FROM conversation WHERE id IN ({OLD})"))?.execute(bounds)?)
}

/// Removes the conversation with a number; says whether there was one.
///
/// # Errors
/// SQLite's own.
pub fn erase(tx: &Tx<'_>, number: &PhoneNumber) -> Result<bool, StoreError> {
    tx.sql()
        .prepare_cached(
            "DELETE FROM conversation_note WHERE conversation = (SELECT id FROM conversation WHERE number = ?1)",
        )?
        .execute([number.as_str()])?;
    Ok(tx.sql().prepare_cached("DELETE FROM conversation WHERE number = ?1")?.execute([number.as_str()])? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn number(n: u32) -> PhoneNumber {
        format!("+8210123456{n:02}").parse().unwrap()
    }

    #[test]
    fn conversations_are_listed_by_their_last_activity_page_by_page() {
        let mut database = Database::in_memory().unwrap();
        database
            .write(|tx| {
                for n in 0..5 {
                    let mut one = ensure(tx, &number(n), NOW)?;
                    one.open = n != 2;
                    one.unread = n % 2;
                    one.tags = if n == 3 { ["vip".to_owned()].into() } else { BTreeSet::new() };
                    one.assignee = (n == 4).then(|| "Mina".to_owned());
                    one.last_at = NOW.plus(std::time::Duration::from_secs(u64::from(n)));
                    save(tx, &one)?;
                }
                Ok(())
            })
            .unwrap();
        let listed = |filter: &Filter, limit| {
            let all = database.read(|c| list(c, filter, limit)).unwrap();
            all.into_iter().map(|one| one.number.as_str()[11..].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(listed(&Filter::default(), 2), ["04", "03"]);
        let third = database.read(|c| find(c, &number(3))).unwrap().unwrap();
        let rest = Filter { before: Some((third.last_at, third.id)), ..Filter::default() };
        assert_eq!(listed(&rest, 10), ["02", "01", "00"]);
        assert_eq!(listed(&Filter { open: Some(false), ..Filter::default() }, 10), ["02"]);
        assert_eq!(listed(&Filter { unread: true, ..Filter::default() }, 10), ["03", "01"]);
        assert_eq!(listed(&Filter { tag: Some("vip".to_owned()), ..Filter::default() }, 10), ["03"]);
        assert_eq!(listed(&Filter { assignee: Some("Mina".to_owned()), ..Filter::default() }, 10), ["04"]);
        assert_eq!(listed(&Filter { assignee: Some(String::new()), ..Filter::default() }, 10).len(), 4);
    }

    #[test]
    fn notes_have_a_bound_and_go_with_their_conversation() {
        let mut database = Database::in_memory().unwrap();
        let id = database
            .write(|tx| {
                let one = ensure(tx, &number(1), NOW)?;
                for n in 0..NOTES_MAX + 5 {
                    add_note(tx, one.id, "Mina", &n.to_string(), NOW)?;
                }
                Ok(one.id)
            })
            .unwrap();
        let all = database.read(|c| notes(c, id, 10_000)).unwrap();
        assert_eq!((all.len(), all[0].text.as_str()), (NOTES_MAX, "504"));
        assert!(database.write(|tx| erase(tx, &number(1))).unwrap());
        assert!(database.read(|c| notes(c, id, 10)).unwrap().is_empty());
    }

    #[test]
    fn what_is_old_is_forgotten_a_piece_at_a_time() {
        let mut database = Database::in_memory().unwrap();
        database.write(|tx| (0..5).try_for_each(|n| ensure(tx, &number(n), NOW).map(drop))).unwrap();
        let later = NOW.plus(std::time::Duration::from_secs(1));
        assert_eq!(database.write(|tx| forget_older(tx, later, 3)).unwrap(), 3);
        assert_eq!(database.write(|tx| forget_older(tx, later, 3)).unwrap(), 2);
        assert_eq!(database.write(|tx| forget_older(tx, later, 3)).unwrap(), 0);
    }
}
