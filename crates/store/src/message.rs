//! The `message` table: insert, lease, change, purge; `look` has what people and tools see of it, `queue` where it waits.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Statement, ToSql, params};

use super::clock::{self, Line};
use super::damaged::{self, LOOKS_MAX};
use super::{StoreError, Tx, row};
use postrider_model::{Class, Encoded, MessageId, OnDoubt, PhoneNumber, Sender, State, Timestamp};

/// An instant of a message in the present, whatever the clock's setting was when it was written.
macro_rules! in_present {
    ($column:literal) => {
        concat!(
            $column,
            " + coalesce((SELECT shift FROM clock_line WHERE clock_line.n = message.clock), 0) AS ",
            $column
        )
    };
}

/// A query of the columns that [`head_of`] reads, with what else is asked for and the condition.
macro_rules! concat_head {
    ($condition:literal) => {
        concat_head!("", $condition)
    };
    ($more:literal, $condition:literal) => {
        concat!(
            "SELECT id, state, class, recipient, segments, ",
            in_present!("valid_until"),
            ", on_doubt, attempt, tries, doubts, awaited, \
             events, link, callback, reference, tags, sim, released, ended",
            $more,
            " FROM message ",
            $condition
        )
    };
}

mod aside;
mod facts;
mod look;
mod person;
mod queue;
mod seal;

use aside::{AWAY, keep};
pub use aside::{set_aside, set_strays_aside};
pub use facts::{changed_at, changed_since, leased_to_suffix, sender_of};
use look::tags_of;
pub use look::{Filter, View, list, view};
pub use person::{all_of, heads_of, marketing_times, waiting_for};
pub use queue::{awaited_links, defer, only_link, queue_of, reroute};
use seal::{Sealed, resealing};

/// No text has more: the number of a segment is one octet.
const SEGMENTS_MAX: usize = 255;

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
    /// Whether a person said when: then it does not move when the clock is set.
    pub given: bool,
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
    let sealed = Sealed::of(id, new, parameters.as_deref());
    tx.sql()
        .prepare_cached(
            "INSERT INTO message (id, state, class, route, recipient, sender, body, encoded, profile, segments, due_at, \
             timer_at, valid_until, on_doubt, changed_at, token, callback, reference, tags, parameters, checksum, \
             clock) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
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
            sealed.checksum(),
            if new.given { clock::GIVEN } else { tx.clock().line },
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
    /// The SIM that has or had the lease; absent over a carrier.
    pub sim: Option<String>,
    /// Doubts of leases up to this one go again by somebody's decision.
    pub released: u32,
    /// What its parts end as that turn out not to have left, once the rest of it was given up or withdrawn.
    pub ended: Option<State>,
}

/// Reads the columns of `concat_head!` by place: names would be looked up for every row, and this is the hottest row.
fn head_of(row: &Row<'_>) -> Result<Head, StoreError> {
    let segments: usize = row.get(4)?;
    if segments > SEGMENTS_MAX {
        return Err(StoreError::Row(format!("column 4: {segments} segments")));
    }
    Ok(Head {
        id: row::id(row, 0)?,
        state: row::parsed(row, 1)?,
        class: row::parsed(row, 2)?,
        recipient: row::parsed(row, 3)?,
        segments,
        valid_until: row::time(row, 5)?,
        on_doubt: row::parsed(row, 6)?,
        attempt: row.get(7)?,
        tries: row.get(8)?,
        doubts: row.get(9)?,
        awaited: row.get(10)?,
        events: row.get(11)?,
        link: row.get(12)?,
        callback: row.get(13)?,
        reference: row.get(14)?,
        tags: row.get(15)?,
        sim: row.get(16)?,
        released: row.get(17)?,
        ended: row.get::<_, Option<String>>(18)?.map(|text| text.parse()).transpose().map_err(StoreError::Row)?,
    })
}

/// The head of a message, if there is such a message. One that cannot be read is set aside.
///
/// # Errors
/// SQLite's own.
pub fn head(tx: &Tx<'_>, id: MessageId) -> Result<Option<Head>, StoreError> {
    let mut statement = tx.sql().prepare_cached(concat_head!("WHERE id = ?1"))?;
    Ok(keep(tx, &mut statement, params![id.as_i64()], head_of)?.0.pop())
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
    // What a file that was put back has in its queues stays out of them until it is released.
    let held = tx.holds(head.id);
    tx.sql()
        .prepare_cached(
            "UPDATE message SET state = ?2, due_at = ?3, timer_at = ?4, attempt = ?5, tries = ?6, doubts = ?7, \
             awaited = ?8, events = ?9, link = ?10, changed_at = ?11, sim = ?12, released = ?13, \
             ended = ?14, held = ?15, valid_until = ?16, clock = ?17 WHERE id = ?1",
        )?
        .execute(params![
            head.id.as_i64(),
            head.state.as_str(),
            due_at.filter(|_| !held).map(Timestamp::as_millis),
            timer_at.as_millis(),
            head.attempt,
            head.tries,
            head.doubts,
            head.awaited,
            head.events,
            head.link,
            now.as_millis(),
            head.sim,
            head.released,
            head.ended.map(State::as_str),
            due_at.filter(|_| held).map(Timestamp::as_millis),
            head.valid_until.as_millis(),
            tx.clock().line,
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
        .prepare_cached(
            "UPDATE message SET valid_until = ?2 - \
             coalesce((SELECT shift FROM clock_line WHERE clock_line.n = message.clock), 0) WHERE id = ?1",
        )?
        .execute(params![id.as_i64(), valid_until.as_millis()])?;
    Ok(())
}

/// Puts a message in transport form again, for a link with another text profile.
///
/// # Errors
/// SQLite's own.
pub fn save_encoded(tx: &Tx<'_>, id: MessageId, encoded: &Encoded, profile: i64) -> Result<(), StoreError> {
    resealing(tx, id, || {
        tx.sql()
            .prepare_cached("UPDATE message SET encoded = ?2, profile = ?3, segments = ?4 WHERE id = ?1")?
            .execute(params![id.as_i64(), encoded.to_bytes(), profile, encoded.segments.len()])?;
        Ok(())
    })
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
    /// Its transport form.
    pub encoded: Encoded,
    /// Which text profile it was encoded for.
    pub profile: i64,
    /// Values for per-message TLVs, as JSON.
    pub parameters: Option<String>,
}

/// Reads a message that is due, and proves that it is what was accepted.
fn due_of(row: &Row<'_>) -> Result<Due, StoreError> {
    let checksum: Option<i64> = row.get(24)?;
    if checksum.is_some_and(|checksum| Sealed::of_due(row).is_ok_and(|sealed| sealed.checksum() != checksum)) {
        return Err(StoreError::Row("it is not what was accepted: its checksum is another".to_owned()));
    }
    let head = head_of(row)?;
    let encoded = Encoded::from_bytes(row.get_ref(21)?.as_blob().unwrap_or_default());
    let encoded = encoded.filter(|encoded| encoded.segments.len() == head.segments);
    Ok(Due {
        head,
        sender: row.get::<_, Option<String>>(19)?.map(|text| Sender::from_network(&text)),
        body: row.get(20)?,
        encoded: encoded.ok_or_else(|| StoreError::Row("its encoded form is damaged".to_owned()))?,
        profile: row.get(22)?,
        parameters: row.get(23)?,
    })
}

/// The messages of a route and class that are due at `now`, longest due first. None of those that wait for the clock; those that
/// cannot be read are set aside.
///
/// # Errors
/// SQLite's own.
pub fn due(tx: &Tx<'_>, route: &str, class: Class, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
    if tx.clock().holds(class) {
        return Ok(Vec::new());
    }
    let mut due = Vec::new();
    for line in clock::lines(tx)? {
        due_of_line(tx, (route, class, line), now, limit, &mut due)?;
    }
    if due.len() > 1 {
        due.sort_by_key(|(at, due): &(Timestamp, Due)| (*at, due.head.id));
        due.truncate(limit);
    }
    Ok(due.into_iter().map(|(_, due)| due).collect())
}

fn due_of_line(
    tx: &Tx<'_>,
    (route, class, line): (&str, Class, Line),
    now: Timestamp,
    limit: usize,
    due: &mut Vec<(Timestamp, Due)>,
) -> Result<(), StoreError> {
    let mut statement = tx.sql().prepare_cached(concat_head!(
        ", sender, body, encoded, profile, parameters, checksum, valid_until, due_at",
        "WHERE route = ?1 AND class = ?2 AND clock = ?5 AND due_at <= ?3 ORDER BY due_at, id LIMIT ?4"
    ))?;
    let now = line.from_present(now).as_millis();
    let params = params![route, class.as_str(), now, limit, line.n];
    let found = queue(tx, &mut statement, params, |row| Ok((row::time(row, 26)?, due_of(row)?)))?;
    due.extend(found.into_iter().map(|(at, one)| (line.to_present(at), one)));
    Ok(())
}

/// Reads from a queue that a row which is set aside leaves; it is looked at again, so that nobody waits behind such rows.
fn queue<T>(
    tx: &Tx<'_>,
    statement: &mut Statement<'_>,
    params: &[&dyn ToSql],
    read: fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    for _ in 0..LOOKS_MAX {
        let (found, aside) = keep(tx, statement, params, read)?;
        if aside == 0 {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// When the next message of a route and class is due after `now`.
///
/// # Errors
/// SQLite's own.
pub fn next_due(tx: &Tx<'_>, route: &str, class: Class, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    if tx.clock().holds(class) {
        return Ok(None);
    }
    let mut statement = tx.sql().prepare_cached(
        "SELECT min(due_at) FROM message WHERE route = ?1 AND class = ?2 AND clock = ?4 AND due_at > ?3",
    )?;
    let mut next: Option<Timestamp> = None;
    for line in clock::lines(tx)? {
        let after = line.from_present(now).as_millis();
        let at: Option<i64> = statement.query_row(params![route, class.as_str(), after, line.n], |row| row.get(0))?;
        let at = at.map(|millis| line.to_present(Timestamp::from_millis(millis)));
        next = next.into_iter().chain(at).min();
    }
    Ok(next)
}

/// Messages whose timer has run out, the oldest first. Those that cannot be read are set aside.
///
/// # Errors
/// SQLite's own.
pub fn timed_out(tx: &Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<Head>, StoreError> {
    let mut found = Vec::new();
    for line in clock::lines(tx)? {
        let (now, left) = (line.from_present(now).as_millis(), limit.saturating_sub(found.len()));
        let sql = concat_head!("WHERE clock = ?3 AND timer_at <= ?1 ORDER BY timer_at LIMIT ?2");
        let mut statement = tx.sql().prepare_cached(sql)?;
        found.extend(queue(tx, &mut statement, params![now, left, line.n], head_of)?);
    }
    Ok(found)
}

/// Messages that some link has a lease on, to be settled after a crash. Those that cannot be read are set aside.
///
/// # Errors
/// SQLite's own.
pub fn leased(tx: &Tx<'_>, limit: usize) -> Result<Vec<Head>, StoreError> {
    let mut statement = tx.sql().prepare_cached(concat_head!("WHERE state = 'leased' AND timer_at < ?1 LIMIT ?2"))?;
    queue(tx, &mut statement, params![AWAY, limit], head_of)
}

fn heads(tx: &Tx<'_>, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Head>, StoreError> {
    let mut statement = tx.sql().prepare_cached(sql)?;
    Ok(keep(tx, &mut statement, params, head_of)?.0)
}

/// Removes a message and all rows that belong to it.
///
/// # Errors
/// SQLite's own.
pub fn purge(tx: &Tx<'_>, head: &Head) -> Result<(), StoreError> {
    super::campaign::run::recipient::keep_outcome(tx, head.id, head.state)?;
    for sql in [
        "DELETE FROM submission WHERE message = ?1",
        "DELETE FROM event WHERE message = ?1",
        "DELETE FROM callback WHERE message = ?1",
        "DELETE FROM terms WHERE message = ?1",
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
    damaged::forget(tx, "message", &head.id.to_string())
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

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
