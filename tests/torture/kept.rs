//! Reads what the gateway keeps, by plain SQL: the checker trusts none of its code.

use std::collections::BTreeMap;
use std::path::Path;

use postrider::model::MessageId;
use postrider::store::open_reader;
use rusqlite::{Connection, Row};

use crate::evidence::Evidence;

/// A message as the database has it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its id, as the API writes it.
    pub id: String,
    /// The message's number, which the tool gave as its reference.
    pub number: Option<u32>,
    /// The state's word.
    pub state: String,
    /// `marketing` or another.
    pub class: String,
    /// `hold` or `resend`.
    pub on_doubt: String,
    /// How many parts it has.
    pub parts: usize,
    /// The handset, in digits.
    pub to: String,
    /// Leases that ended in doubt.
    pub doubts: u32,
    /// The timeline.
    pub events: Vec<Event>,
    /// The outcomes of its parts.
    pub outcomes: Vec<Outcome>,
    /// Its callbacks: their places, and whether each was delivered.
    pub callbacks: Vec<(u32, bool)>,
}

/// An entry of the timeline.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: i64,
    /// The state that was entered.
    pub state: String,
    /// Why.
    pub note: Option<String>,
}

/// What became of a part in one lease.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// From 0.
    pub part: usize,
    /// The lease.
    pub attempt: u32,
    /// The state's word.
    pub state: String,
    /// The link.
    pub link: String,
    /// The carrier's id.
    pub carrier_id: Option<String>,
}

impl Kept {
    /// Whether its state ends it.
    pub fn is_final(&self) -> bool {
        !matches!(self.state.as_str(), "scheduled" | "queued" | "leased" | "sent")
    }
}

/// An incoming message as the database has it.
#[derive(Debug, Clone)]
pub struct KeptInbound {
    /// Its id, as the API writes it.
    pub id: String,
    /// The handset, in digits.
    pub from: String,
    /// The text.
    pub text: String,
    /// When it was stored.
    pub at: i64,
    /// Whether parts of it never came.
    pub is_partial: bool,
    /// Redeliveries that were counted on it.
    pub copies: u32,
}

/// What is not finished: messages on their way, callbacks that are owed, and incoming parts that are held until it shows
/// what they are.
pub fn unfinished(db: &Path) -> (i64, i64, i64) {
    let connection = open_reader(db).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
    (
        count("SELECT count(*) FROM message WHERE state IN ('scheduled', 'queued', 'leased', 'sent')"),
        count("SELECT count(*) FROM callback WHERE done_at IS NULL AND dead_at IS NULL"),
        count("SELECT count(*) FROM inbound_part WHERE repeats IS NOT NULL"),
    )
}

/// Reads the database into `evidence`.
pub fn read(db: &Path, evidence: &mut Evidence) {
    let connection = open_reader(db).unwrap();
    let mut messages: BTreeMap<i64, Kept> = BTreeMap::new();
    let sql = "SELECT id, state, class, on_doubt, segments, recipient, doubts, reference FROM message";
    each(&connection, sql, |row| {
        let id: i64 = row.get(0)?;
        let reference: Option<String> = row.get(7)?;
        let kept = Kept {
            id: id_text(id),
            number: reference.and_then(|text| text.parse().ok()),
            state: row.get(1)?,
            class: row.get(2)?,
            on_doubt: row.get(3)?,
            parts: row.get(4)?,
            to: digits(&row.get::<_, String>(5)?),
            doubts: row.get(6)?,
            events: Vec::new(),
            outcomes: Vec::new(),
            callbacks: Vec::new(),
        };
        messages.insert(id, kept);
        Ok(())
    });
    each(&connection, "SELECT message, at, state, note FROM event ORDER BY message, n", |row| {
        let event = Event { at: row.get(1)?, state: row.get(2)?, note: row.get(3)? };
        messages.entry(row.get(0)?).and_modify(|kept| kept.events.push(event));
        Ok(())
    });
    let sql =
        "SELECT message, segment, attempt, state, link, carrier_id FROM submission ORDER BY message, attempt, segment";
    each(&connection, sql, |row| {
        let outcome = Outcome {
            part: row.get(1)?,
            attempt: row.get(2)?,
            state: row.get(3)?,
            link: row.get(4)?,
            carrier_id: row.get(5)?,
        };
        messages.entry(row.get(0)?).and_modify(|kept| kept.outcomes.push(outcome));
        Ok(())
    });
    each(&connection, "SELECT message, n, done_at IS NOT NULL FROM callback ORDER BY message, n", |row| {
        let callback = (row.get(1)?, row.get(2)?);
        messages.entry(row.get(0)?).and_modify(|kept| kept.callbacks.push(callback));
        Ok(())
    });
    evidence.messages = messages.into_values().collect();
    let sql = "SELECT id, sender, body, received_at, parts_came < parts, copies FROM inbound ORDER BY id";
    each(&connection, sql, |row| {
        evidence.inbound.push(KeptInbound {
            id: id_text(row.get(0)?),
            from: digits(&row.get::<_, String>(1)?),
            text: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            at: row.get(3)?,
            is_partial: row.get(4)?,
            copies: row.get(5)?,
        });
        Ok(())
    });
    let sql = "SELECT sender, count(*) FROM inbound_part WHERE message IS NULL AND repeats IS NULL GROUP BY sender";
    each(&connection, sql, |row| {
        evidence.waiting_parts.insert(digits(&row.get::<_, String>(0)?), row.get(1)?);
        Ok(())
    });
}

fn each(connection: &Connection, sql: &str, mut work: impl FnMut(&Row<'_>) -> rusqlite::Result<()>) {
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        work(row).unwrap();
    }
}

fn id_text(id: i64) -> String {
    MessageId::from_i64(id).unwrap().to_string()
}

fn digits(number: &str) -> String {
    number.trim_start_matches('+').to_owned()
}
