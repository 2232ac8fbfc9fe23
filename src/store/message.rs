//! The `message` table: insert, lease, change, look up, list, purge.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{StoreError, Tx, row};
use crate::model::{Class, Encoded, MessageId, OnDoubt, PhoneNumber, Sender, State, Timestamp};

/// A query of the columns that [`head_of`] reads, with what else is asked for and the condition.
macro_rules! concat_head {
    ($condition:literal) => {
        concat_head!("", $condition)
    };
    ($more:literal, $condition:literal) => {
        concat!(
            "SELECT id, state, class, recipient, segments, valid_until, on_doubt, attempt, tries, doubts, awaited, \
             events, link, callback, reference, tags",
            $more,
            " FROM message ",
            $condition
        )
    };
}

/// A query of the columns that [`view_of`] reads.
macro_rules! concat_view {
    ($condition:literal) => {
        concat_head!(", route, sender, body, encoded, due_at, changed_at, parameters", $condition)
    };
}

/// A message as `accept` writes it.
#[derive(Debug, Clone)]
pub struct NewRow<'a> {
    /// `scheduled`, `queued` or `blocked`.
    pub state: State,
    /// Its class.
    pub class: Class,
    /// The route that will carry it.
    pub route: &'a str,
    /// The recipient.
    pub recipient: &'a PhoneNumber,
    /// The sender, if the message or its route names one.
    pub sender: Option<&'a Sender>,
    /// The text as posted.
    pub body: Option<&'a str>,
    /// [`Encoded::to_bytes`].
    pub encoded: &'a [u8],
    /// Which text profile it was encoded for.
    pub profile: i64,
    /// How many segments it has.
    pub segments: usize,
    /// When it may leave.
    pub due_at: Timestamp,
    /// After this it is not worth sending.
    pub valid_until: Timestamp,
    /// What a doubt means.
    pub on_doubt: OnDoubt,
    /// Who posted it.
    pub token: i64,
    /// Where changes are posted.
    pub callback: Option<&'a str>,
    /// The tool's own name for it.
    pub reference: Option<&'a str>,
    /// Words to filter by.
    pub tags: &'a [String],
    /// Values for per-message TLVs.
    pub parameters: &'a BTreeMap<String, String>,
}

/// Writes a new message.
///
/// # Errors
/// SQLite's own.
pub fn insert(tx: &Tx<'_>, id: MessageId, new: &NewRow<'_>, now: Timestamp) -> Result<(), StoreError> {
    let tags = (!new.tags.is_empty()).then(|| json(new.tags));
    let parameters = (!new.parameters.is_empty()).then(|| json(new.parameters));
    let waits = matches!(new.state, State::Scheduled | State::Queued);
    tx.sql()
        .prepare_cached(
            "INSERT INTO message (id, state, class, route, recipient, sender, body, encoded, profile, segments, due_at, \
             timer_at, valid_until, on_doubt, changed_at, token, callback, reference, tags, parameters) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            id.as_i64(),
            new.state.as_str(),
            new.class.as_str(),
            new.route,
            new.recipient.as_str(),
            new.sender.map(Sender::as_str),
            new.body,
            new.encoded,
            new.profile,
            new.segments,
            waits.then(|| new.due_at.as_millis()),
            new.valid_until.as_millis(),
            new.on_doubt.as_str(),
            now.as_millis(),
            new.token,
            new.callback,
            new.reference,
            tags,
            parameters,
        ])?;
    for tag in new.tags {
        tx.sql().prepare_cached("INSERT OR IGNORE INTO tag VALUES (?1, ?2)")?.execute(params![tag, id.as_i64()])?;
    }
    tx.change_tally(|tally| tally.add(new.state));
    Ok(())
}

/// What the pipeline needs to know of a message to decide about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its id.
    pub id: MessageId,
    /// Where it stands.
    pub state: State,
    /// Its class.
    pub class: Class,
    /// Its recipient.
    pub recipient: PhoneNumber,
    /// How many segments it has.
    pub segments: usize,
    /// After this it is not worth sending.
    pub valid_until: Timestamp,
    /// What a doubt means.
    pub on_doubt: OnDoubt,
    /// Leases so far.
    pub attempt: u32,
    /// Leases that counted as tries.
    pub tries: u32,
    /// Leases that ended in doubt.
    pub doubts: u32,
    /// Outcomes that the current lease still waits for.
    pub awaited: u32,
    /// Rows on its timeline.
    pub events: u32,
    /// Who has or had the lease.
    pub link: Option<String>,
    /// Where changes are posted.
    pub callback: Option<String>,
    /// The tool's own name for it.
    pub reference: Option<String>,
    /// Its tags, as JSON.
    pub tags: Option<String>,
}

fn head_of(row: &Row<'_>) -> Result<Head, StoreError> {
    Ok(Head {
        id: row::id(row, "id")?,
        state: row::parsed(row, "state")?,
        class: row::parsed(row, "class")?,
        recipient: row::parsed(row, "recipient")?,
        segments: row.get("segments")?,
        valid_until: row::time(row, "valid_until")?,
        on_doubt: row::parsed(row, "on_doubt")?,
        attempt: row.get("attempt")?,
        tries: row.get("tries")?,
        doubts: row.get("doubts")?,
        awaited: row.get("awaited")?,
        events: row.get("events")?,
        link: row.get("link")?,
        callback: row.get("callback")?,
        reference: row.get("reference")?,
        tags: row.get("tags")?,
    })
}

/// The head of a message, if there is such a message.
///
/// # Errors
/// SQLite's own.
pub fn head(tx: &Tx<'_>, id: MessageId) -> Result<Option<Head>, StoreError> {
    let mut statement = tx.sql().prepare_cached(concat_head!("WHERE id = ?1"))?;
    let mut rows = statement.query([id.as_i64()])?;
    rows.next()?.map(head_of).transpose()
}

/// Writes back what changed in `head`. `was` is the state that the row still has.
///
/// # Errors
/// SQLite's own.
pub fn save(
    tx: &Tx<'_>,
    was: State,
    head: &Head,
    due_at: Option<Timestamp>,
    timer_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    assert!(due_at.is_some() == matches!(head.state, State::Scheduled | State::Queued), "{head:?} due {due_at:?}");
    tx.sql()
        .prepare_cached(
            "UPDATE message SET state = ?2, due_at = ?3, timer_at = ?4, attempt = ?5, tries = ?6, doubts = ?7, \
             awaited = ?8, events = ?9, link = ?10, changed_at = ?11 WHERE id = ?1",
        )?
        .execute(params![
            head.id.as_i64(),
            head.state.as_str(),
            due_at.map(Timestamp::as_millis),
            timer_at.as_millis(),
            head.attempt,
            head.tries,
            head.doubts,
            head.awaited,
            head.events,
            head.link,
            now.as_millis(),
        ])?;
    if was != head.state {
        tx.change_tally(|tally| {
            tally.remove(was);
            tally.add(head.state);
        });
    }
    Ok(())
}

/// Notes that one more outcome of the current lease came, and nothing else.
///
/// # Errors
/// SQLite's own.
pub fn save_awaited(tx: &Tx<'_>, id: MessageId, awaited: u32) -> Result<(), StoreError> {
    tx.sql().prepare_cached("UPDATE message SET awaited = ?2 WHERE id = ?1")?.execute(params![id.as_i64(), awaited])?;
    Ok(())
}

/// Notes that the timeline grew, and nothing else.
///
/// # Errors
/// SQLite's own.
pub fn save_events(tx: &Tx<'_>, id: MessageId, events: u32) -> Result<(), StoreError> {
    tx.sql().prepare_cached("UPDATE message SET events = ?2 WHERE id = ?1")?.execute(params![id.as_i64(), events])?;
    Ok(())
}

/// Gives a message more time.
///
/// # Errors
/// SQLite's own.
pub fn save_validity(tx: &Tx<'_>, id: MessageId, valid_until: Timestamp) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE message SET valid_until = ?2 WHERE id = ?1")?
        .execute(params![id.as_i64(), valid_until.as_millis()])?;
    Ok(())
}

/// Moves waiting messages whose route is not among `known` to `route`; returns how many.
///
/// # Errors
/// SQLite's own.
pub fn reroute(tx: &Tx<'_>, known: &[&str], route: &str) -> Result<usize, StoreError> {
    let mut statement = tx.sql().prepare("SELECT DISTINCT route FROM message WHERE due_at IS NOT NULL")?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut moved = 0;
    for gone in found.iter().filter(|name| !known.contains(&name.as_str())) {
        moved += tx
            .sql()
            .prepare("UPDATE message SET route = ?2 WHERE route = ?1 AND due_at IS NOT NULL")?
            .execute(params![gone, route])?;
    }
    Ok(moved)
}

/// Puts a message in transport form again, for a link with another text profile.
///
/// # Errors
/// SQLite's own.
pub fn save_encoded(tx: &Tx<'_>, id: MessageId, encoded: &Encoded, profile: i64) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE message SET encoded = ?2, profile = ?3, segments = ?4 WHERE id = ?1")?
        .execute(params![id.as_i64(), encoded.to_bytes(), profile, encoded.segments.len()])?;
    Ok(())
}

/// A message that is due, with all that its submission needs.
#[derive(Debug, Clone)]
pub struct Due {
    /// What decisions need.
    pub head: Head,
    /// The sender.
    pub sender: Option<Sender>,
    /// The text, if it is text.
    pub body: Option<String>,
    /// [`Encoded::to_bytes`].
    pub encoded: Vec<u8>,
    /// Which text profile it was encoded for.
    pub profile: i64,
    /// Values for per-message TLVs, as JSON.
    pub parameters: Option<String>,
}

/// The messages of a route and class that are due at `now`, longest due first.
///
/// # Errors
/// SQLite's own.
pub fn due(tx: &Tx<'_>, route: &str, class: Class, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
    let mut statement = tx.sql().prepare_cached(concat_head!(
        ", sender, body, encoded, profile, parameters",
        "WHERE route = ?1 AND class = ?2 AND due_at <= ?3 ORDER BY due_at, id LIMIT ?4"
    ))?;
    let mut rows = statement.query(params![route, class.as_str(), now.as_millis(), limit])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(Due {
            head: head_of(row)?,
            sender: row.get::<_, Option<String>>("sender")?.map(|text| Sender::from_network(&text)),
            body: row.get("body")?,
            encoded: row.get("encoded")?,
            profile: row.get("profile")?,
            parameters: row.get("parameters")?,
        });
    }
    Ok(due)
}

/// When the next message of a route and class is due after `now`.
///
/// # Errors
/// SQLite's own.
pub fn next_due(tx: &Tx<'_>, route: &str, class: Class, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let mut statement =
        tx.sql().prepare_cached("SELECT min(due_at) FROM message WHERE route = ?1 AND class = ?2 AND due_at > ?3")?;
    let at: Option<i64> = statement.query_row(params![route, class.as_str(), now.as_millis()], |row| row.get(0))?;
    Ok(at.map(Timestamp::from_millis))
}

/// Messages whose timer has run out, the oldest first.
///
/// # Errors
/// SQLite's own.
pub fn timed_out(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<Head>, StoreError> {
    heads(tx, concat_head!("WHERE timer_at <= ?1 ORDER BY timer_at LIMIT ?2"), params![now.as_millis(), limit])
}

/// Messages that some link has a lease on, to be settled after a crash.
///
/// # Errors
/// SQLite's own.
pub fn leased(tx: &Tx<'_>, limit: usize) -> Result<Vec<Head>, StoreError> {
    heads(tx, concat_head!("WHERE state = 'leased' LIMIT ?1"), params![limit])
}

fn heads(tx: &Tx<'_>, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Head>, StoreError> {
    let mut statement = tx.sql().prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next()? {
        heads.push(head_of(row)?);
    }
    Ok(heads)
}

/// Removes a message and all rows that belong to it.
///
/// # Errors
/// SQLite's own.
pub fn purge(tx: &Tx<'_>, head: &Head) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM submission WHERE message = ?1",
        "DELETE FROM event WHERE message = ?1",
        "DELETE FROM callback WHERE message = ?1",
        "DELETE FROM message WHERE id = ?1",
    ] {
        tx.sql().prepare_cached(sql)?.execute([head.id.as_i64()])?;
    }
    for tag in tags_of(head.tags.as_deref()) {
        tx.sql()
            .prepare_cached("DELETE FROM tag WHERE tag = ?1 AND message = ?2")?
            .execute(params![tag, head.id.as_i64()])?;
    }
    tx.change_tally(|tally| tally.remove(head.state));
    Ok(())
}

/// Whether a message with this id exists, on a reading connection.
///
/// # Errors
/// SQLite's own.
pub fn state_of(connection: &Connection, id: MessageId) -> Result<Option<State>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT state FROM message WHERE id = ?1")?
        .query_row([id.as_i64()], |row| row.get(0))
        .optional()?;
    text.map(|text| text.parse().map_err(StoreError::Row)).transpose()
}

/// A message as people and tools see it.
#[derive(Debug, Clone)]
pub struct View {
    /// What decisions need.
    pub head: Head,
    /// The route.
    pub route: String,
    /// The sender.
    pub sender: Option<String>,
    /// The text as posted; absent for data.
    pub body: Option<String>,
    /// The transport form.
    pub encoded: Option<Encoded>,
    /// When it is due, while it waits.
    pub due_at: Option<Timestamp>,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// Its tags.
    pub tags: Vec<String>,
    /// Values for per-message TLVs.
    pub parameters: BTreeMap<String, String>,
}

fn view_of(row: &Row<'_>) -> Result<View, StoreError> {
    let head = head_of(row)?;
    let parameters: Option<String> = row.get("parameters")?;
    Ok(View {
        tags: tags_of(head.tags.as_deref()),
        head,
        route: row.get("route")?,
        sender: row.get("sender")?,
        body: row.get("body")?,
        encoded: Encoded::from_bytes(row.get_ref("encoded")?.as_blob().unwrap_or_default()),
        due_at: row::maybe_time(row, "due_at")?,
        changed_at: row::time(row, "changed_at")?,
        parameters: parameters.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    })
}

/// A message with all its columns.
///
/// # Errors
/// SQLite's own.
pub fn view(connection: &Connection, id: MessageId) -> Result<Option<View>, StoreError> {
    let mut statement = connection.prepare_cached(concat_view!("WHERE id = ?1"))?;
    let mut rows = statement.query([id.as_i64()])?;
    rows.next()?.map(view_of).transpose()
}

/// Which messages a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these states; empty is all.
    pub states: Vec<State>,
    /// Only this recipient.
    pub recipient: Option<PhoneNumber>,
    /// Only this reference.
    pub reference: Option<String>,
    /// Only messages with this tag.
    pub tag: Option<String>,
    /// Only this class.
    pub class: Option<Class>,
    /// Only messages accepted at or after this.
    pub since: Option<Timestamp>,
    /// Only messages accepted before this.
    pub until: Option<Timestamp>,
    /// Only messages older than this one: the cursor.
    pub before: Option<MessageId>,
}

/// How many rows a list looks at before it gives up for this page.
const SCAN_MAX: usize = 200_000;

/// The newest messages that pass `filter`, at most `limit`, and where the next page begins if there may be one.
///
/// A page may be short of `limit` and still have a next one: a list looks at so many rows and then answers.
///
/// # Errors
/// SQLite's own.
pub fn list(
    connection: &Connection,
    filter: &Filter,
    limit: usize,
) -> Result<(Vec<View>, Option<MessageId>), StoreError> {
    let upper = [filter.before, filter.until.map(MessageId::first_at)].into_iter().flatten().min();
    let lower = filter.since.map_or(0, |since| MessageId::first_at(since).as_i64());
    let mut sql = String::from(concat_view!("WHERE id < ?1 AND id >= ?2"));
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(upper.map_or(i64::MAX, MessageId::as_i64)), Box::new(lower)];
    let mut condition = |text: &str, value: Option<Box<dyn ToSql>>| {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {text}?{}", values.len()));
        }
    };
    condition("recipient = ", filter.recipient.as_ref().map(|number| Box::new(number.to_string()) as Box<dyn ToSql>));
    condition("reference = ", filter.reference.clone().map(|text| Box::new(text) as Box<dyn ToSql>));
    condition("class = ", filter.class.map(|class| Box::new(class.as_str()) as Box<dyn ToSql>));
    if let Some(tag) = filter.tag.clone() {
        values.push(Box::new(tag));
        sql.push_str(&format!(" AND id IN (SELECT message FROM tag WHERE tag = ?{})", values.len()));
    }
    sql.push_str(" ORDER BY id DESC");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values.iter().map(AsRef::as_ref)))?;
    let mut views = Vec::new();
    let mut looked_at = 0;
    while let Some(row) = rows.next()? {
        looked_at += 1;
        let state: State = row::parsed(row, "state")?;
        if filter.states.is_empty() || filter.states.contains(&state) {
            views.push(view_of(row)?);
        }
        if views.len() >= limit || looked_at >= SCAN_MAX {
            return Ok((views, Some(row::id(row, "id")?)));
        }
    }
    Ok((views, None))
}

fn tags_of(json: Option<&str>) -> Vec<String> {
    json.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
