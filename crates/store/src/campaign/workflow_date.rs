//! The `workflow_date` table: how far the date triggers were looked through; and the queries that find whose day or instant
//! it is, a bounded piece at a time.

use rusqlite::{Connection, ToSql, params};

use crate::{StoreError, Tx, row};
use postrider_campaign::point::Point;
use postrider_model::Timestamp;

/// The zone of rows that are about instants, which are the same everywhere.
pub const EVERYWHERE: i64 = -1;
/// How many contacts one piece looks at where no index helps.
const CHUNK: i64 = 20_000;

/// How far one trigger was looked through in one time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The workflow.
    pub workflow: String,
    /// Which of its triggers.
    pub n: usize,
    /// The time zone's row, 0 for contacts of whom none is known, or [`EVERYWHERE`].
    pub zone: i64,
    /// The trigger in words; another one begins anew.
    pub what: String,
    /// Days: the day that is looked through. Instants: until when all are looked through, in milliseconds.
    pub until: i64,
    /// Instants: until when they are being looked through.
    pub upto: Option<i64>,
    /// The contact that was looked at last.
    pub after: i64,
    /// When to go on.
    pub due_at: Timestamp,
}

/// Those that go on now.
///
/// # Errors
/// SQLite's own.
pub fn due(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<Progress>, StoreError> {
    read(
        connection,
        "SELECT * FROM workflow_date WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
        &[&now.as_millis(), &limit],
    )
}

/// Those of a workflow.
///
/// # Errors
/// SQLite's own.
pub fn of(connection: &Connection, workflow: &str) -> Result<Vec<Progress>, StoreError> {
    read(connection, "SELECT * FROM workflow_date WHERE workflow = ?1", &[&workflow])
}

fn read(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Progress>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Progress {
            workflow: row.get("workflow")?,
            n: row.get("n")?,
            zone: row.get("zone")?,
            what: row.get("what")?,
            until: row.get("until")?,
            upto: row.get("upto")?,
            after: row.get("after")?,
            due_at: row::time(row, "due_at")?,
        });
    }
    Ok(all)
}

/// When the next one goes on.
///
/// # Errors
/// SQLite's own.
pub fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> =
        connection.prepare_cached("SELECT min(due_at) FROM workflow_date")?.query_row([], |row| row.get(0))?;
    Ok(due.map(Timestamp::from_millis))
}

/// Triggers that go by days, with the zones that contacts have and for which there is no row yet.
///
/// # Errors
/// SQLite's own.
pub fn new_zones(connection: &Connection, limit: usize) -> Result<Vec<(String, usize, i64)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.workflow, d.n, z.id FROM workflow_date d JOIN contact_zone z WHERE d.zone = 0 AND NOT EXISTS \
         (SELECT 1 FROM workflow_date o WHERE o.workflow = d.workflow AND o.n = d.n AND o.zone = z.id) LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes how far a trigger was looked through.
///
/// # Errors
/// SQLite's own.
pub fn save(tx: &Tx<'_>, progress: &Progress) -> Result<(), StoreError> {
    tx.sql().prepare_cached("INSERT OR REPLACE INTO workflow_date VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(
        params![
            progress.workflow,
            progress.n,
            progress.zone,
            progress.what,
            progress.until,
            progress.upto,
            progress.after,
            progress.due_at.as_millis()
        ],
    )?;
    Ok(())
}

/// Removes a trigger of a workflow that is not there any more.
///
/// # Errors
/// SQLite's own.
pub fn remove(tx: &Tx<'_>, workflow: &str, n: usize) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("DELETE FROM workflow_date WHERE workflow = ?1 AND n = ?2")?
        .execute(params![workflow, n])?;
    Ok(())
}

/// Whom a trigger is about at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look<'a> {
    /// Whose birthday is at one of these places of the year.
    Birthday([i64; 2]),
    /// Whose data point is this day.
    Day(Point, i64),
    /// Whose data point is an instant after the first and not after the second.
    Instants(Point, i64, i64),
    /// Whose attribute is this day, or an instant as text between these.
    Attribute(&'a str, i64, [String; 2]),
}

/// Whether the column of a data point has an index of its own.
const fn is_indexed(point: Point) -> bool {
    matches!(point, Point::NextAppointmentAt | Point::RenewalOn | Point::PointsExpireOn)
}

impl Look<'_> {
    /// Whether those whom it finds stand together, so that nobody else need be looked at.
    pub const fn is_quick(&self) -> bool {
        match self {
            Self::Birthday(_) => true,
            Self::Day(point, _) | Self::Instants(point, ..) => is_indexed(*point),
            Self::Attribute(..) => false,
        }
    }
}

/// A piece of what a look finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The contacts, in order.
    pub found: Vec<i64>,
    /// Where the next piece begins; nothing if this was the last.
    pub after: Option<i64>,
}

/// Finds the next contacts behind `after`, at most `limit`.
///
/// # Errors
/// SQLite's own.
pub fn look(connection: &Connection, look: &Look<'_>, zone: i64, after: i64, limit: usize) -> Result<Page, StoreError> {
    // Without an index a piece is so many contacts long, whoever is found among them.
    let bound = if look.is_quick() { i64::MAX } else { after.saturating_add(CHUNK) };
    let of_zone = format!("(?1 = {EVERYWHERE} OR p.zone = ?1)");
    let from = "SELECT p.contact FROM contact_point p WHERE";
    let found = match look {
        Look::Birthday([one, other]) => {
            let sql = format!(
                "{from} p.birthday_place IN (?5, ?6) AND +p.contact > ?2 AND +p.contact <= ?3 AND {of_zone} \
                 ORDER BY +p.contact LIMIT ?4"
            );
            ids(connection, &sql, params![zone, after, bound, limit, one, other])
        }
        Look::Day(point, day) => {
            let plus = if is_indexed(*point) { "+" } else { "" };
            let sql = format!(
                "{from} p.{} = ?5 AND {plus}p.contact > ?2 AND {plus}p.contact <= ?3 AND {of_zone} \
                 ORDER BY {plus}p.contact LIMIT ?4",
                point.name()
            );
            ids(connection, &sql, params![zone, after, bound, limit, day])
        }
        Look::Instants(point, start, end) => {
            let plus = if is_indexed(*point) { "+" } else { "" };
            let sql = format!(
                "{from} p.{name} > ?5 AND p.{name} <= ?6 AND {plus}p.contact > ?2 AND {plus}p.contact <= ?3 AND {of_zone} \
                 ORDER BY {plus}p.contact LIMIT ?4",
                name = point.name()
            );
            ids(connection, &sql, params![zone, after, bound, limit, start, end])
        }
        Look::Attribute(name, day, [low, high]) => {
            let sql = format!(
                "SELECT a.contact FROM contact_attribute a JOIN contact_point p ON p.contact = a.contact WHERE a.name = ?5 \
                 AND a.contact > ?2 AND a.contact <= ?3 AND (+a.number = ?6 OR (+a.text >= ?7 AND +a.text < ?8)) AND a.n = 0 \
                 AND {of_zone} ORDER BY a.contact LIMIT ?4"
            );
            ids(connection, &sql, params![zone, after, bound, limit, name, day, low, high])
        }
    }?;
    let after = if found.len() >= limit {
        found.last().copied()
    } else {
        let last: Option<i64> =
            connection.prepare_cached("SELECT max(contact) FROM contact_point")?.query_row([], |row| row.get(0))?;
        Some(bound).filter(|bound| last.is_some_and(|last| last > *bound))
    };
    Ok(Page { found, after })
}

fn ids(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map(params, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The first instant of a data point after another, where an index tells it.
///
/// # Errors
/// SQLite's own.
pub fn next_instant(connection: &Connection, point: Point, after: i64) -> Result<Option<i64>, StoreError> {
    if !is_indexed(point) {
        return Ok(None);
    }
    let name = point.name();
    let sql = format!("SELECT min({name}) FROM contact_point WHERE {name} > ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([after], |row| row.get(0))?)
}

/// The name of a time zone's row.
///
/// # Errors
/// SQLite's own.
pub fn zone_name(connection: &Connection, id: i64) -> Result<Option<String>, StoreError> {
    use rusqlite::OptionalExtension;
    let mut statement = connection.prepare_cached("SELECT name FROM contact_zone WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}
