//! Messages as people and tools see them: one with all its columns, and lists by filter.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, ToSql};

use super::{Head, head_of};
use crate::{StoreError, row};
use postrider_model::{Class, Encoded, MessageId, PhoneNumber, State, Timestamp};

/// A query of the columns that [`view_of`] reads.
macro_rules! concat_view {
    ($condition:literal) => {
        concat_head!(
            ", route, sender, body, encoded, due_at + coalesce((SELECT shift FROM clock_line \
             WHERE clock_line.n = message.clock), 0) AS due_at, changed_at, parameters, held",
            $condition
        )
    };
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
    /// Whether it is held because its file was put back.
    pub held: bool,
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
        held: row::maybe_time(row, "held")?.is_some(),
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

/// The newest messages that pass `filter`, at most `limit`, and the cursor to go on from if there may be more.
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
        let wanted = |state: State| filter.states.is_empty() || filter.states.contains(&state);
        match row::parsed(row, "state").and_then(|state| wanted(state).then(|| view_of(row)).transpose()) {
            Ok(view) => views.extend(view),
            // One that cannot be read is shown by `postrider doctor`; it does not hide the others.
            Err(StoreError::Row(_)) => {}
            Err(other) => return Err(other),
        }
        if views.len() >= limit || looked_at >= SCAN_MAX {
            return Ok((views, MessageId::from_i64(row.get("id")?)));
        }
    }
    Ok((views, None))
}

pub(super) fn tags_of(json: Option<&str>) -> Vec<String> {
    json.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
