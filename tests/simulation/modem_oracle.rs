//! Keeps a ledger of its own over modems and holds the gateway's rows and what the networks took against it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use postrider::model::{MessageId, OLD_AFTER, State};
use postrider::store::Database;

use super::rows::{Row, Seen, all_final, rows, told};

/// What was acknowledged to the tool.
#[derive(Debug, Clone)]
pub struct Posted {
    pub recipient: String,
    pub segments: usize,
}

/// A segment that a network took.
#[derive(Debug)]
pub struct Taken<'a> {
    pub recipient: &'a str,
    /// What makes it this segment of this message.
    pub octets: Cow<'a, [u8]>,
}

#[derive(Debug, Default)]
pub struct Oracle {
    posted: BTreeMap<MessageId, Posted>,
    seen: Seen,
    /// Incoming messages that the carrier was told are stored.
    pub inbound: usize,
    /// Of those, the ones that were sent hours before.
    pub old_inbound: usize,
}

impl Oracle {
    pub fn posted(&mut self, id: MessageId, posted: Posted) {
        self.posted.insert(id, posted);
    }

    /// What must hold at every moment.
    pub fn check(&mut self, database: &Database, taken: &[Taken<'_>]) -> Result<(), String> {
        let rows = rows(database)?;
        self.seen.check(database, &rows, self.posted.len())?;
        self.check_copies(&rows, taken)
    }

    /// Nothing goes out twice unless its doubt is on record.
    fn check_copies(&self, rows: &[Row], taken: &[Taken<'_>]) -> Result<(), String> {
        let mut copies: BTreeMap<(&str, &[u8]), u32> = BTreeMap::new();
        for one in taken {
            *copies.entry((one.recipient, &one.octets)).or_default() += 1;
        }
        let mut most: BTreeMap<&str, u32> = BTreeMap::new();
        for ((recipient, _), count) in copies {
            let one = most.entry(recipient).or_default();
            *one = count.max(*one);
        }
        for row in rows {
            let recipient = self.posted[&row.id].recipient.trim_start_matches('+');
            let count = most.get(recipient).copied().unwrap_or(0);
            if count > 1 && row.doubts == 0 || count > 2 {
                return Err(format!("message {} went out twice or more ({count}) with {} doubts", row.id, row.doubts));
            }
        }
        Ok(())
    }

    /// Whether nothing is on its way any more.
    pub fn is_settled(&self, database: &Database) -> Result<bool, String> {
        all_final(database)
    }

    /// What must hold in the end.
    pub fn check_end(&self, database: &Database, all: &[Taken<'_>]) -> Result<(), String> {
        let mut taken: BTreeMap<&str, BTreeSet<&[u8]>> = BTreeMap::new();
        for one in all {
            taken.entry(one.recipient).or_default().insert(&one.octets);
        }
        for row in rows(database)? {
            let posted = &self.posted[&row.id];
            let sent = taken.get(posted.recipient.trim_start_matches('+')).map_or(0, BTreeSet::len);
            let fault = match row.state {
                State::Delivered | State::Undelivered if sent < posted.segments => {
                    Some(format!("{sent} of {} segments reached the carrier", posted.segments))
                }
                // The other segments may have been refused.
                State::PartiallyDelivered if sent == 0 => Some("no segment reached the carrier".to_owned()),
                State::Canceled | State::Blocked if sent > 0 => Some(format!("{sent} segments were sent")),
                State::Uncertain if row.doubts == 0 && !row.note.contains("no receipt") => {
                    Some("no doubt is on record".to_owned())
                }
                State::Scheduled | State::Queued | State::Leased | State::Sent => Some("it is not settled".to_owned()),
                State::Delivered
                | State::Undelivered
                | State::PartiallyDelivered
                | State::Canceled
                | State::Blocked
                | State::Uncertain
                | State::Failed
                | State::Expired => None,
            };
            if let Some(fault) = fault {
                return Err(format!("message {} is {} ({}), but {fault}", row.id, row.state, row.note));
            }
        }
        check_callbacks(database)?;
        check_inbound(database, self.inbound, self.old_inbound)
    }
}

/// Each final state was told once, in order, and the last word told is the state in the end.
fn check_callbacks(database: &Database) -> Result<(), String> {
    let sql = "SELECT m.id, m.state, (SELECT count(*) FROM event e WHERE e.message = m.id AND e.state IN ('delivered', \
               'partially_delivered', 'undelivered', 'failed', 'expired', 'canceled', 'blocked', 'uncertain')), \
               (SELECT count(*) FROM callback c WHERE c.message = m.id), \
               (SELECT count(*) FROM callback c WHERE c.message = m.id AND c.done_at IS NULL) FROM message m";
    let found = database.read(|connection| {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, i64>(4)?,
            ))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    for (id, state, events, callbacks, open) in found.map_err(told)? {
        // A timeline line that repeats the state (a remark) is no change, so there may be fewer callbacks than lines.
        if callbacks == 0 || callbacks > events || open > 0 {
            return Err(format!(
                "message {id} is {state} with {events} final lines, {callbacks} callbacks, {open} of them open"
            ));
        }
    }
    Ok(())
}

/// Each came in once, and whoever was sent long ago is known as old.
fn check_inbound(database: &Database, expected: usize, expected_old: usize) -> Result<(), String> {
    const COUNTS: &str = "SELECT count(*), count(*) FILTER (WHERE sent_at < received_at - ?1) FROM inbound";
    let an_hour = i64::try_from(OLD_AFTER.as_millis()).expect("an hour");
    let counts = database.read(|connection| {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, usize>(0)?, row.get::<_, usize>(1)?));
        Ok(connection.query_row(COUNTS, [an_hour], row)?)
    });
    let (count, old) = counts.map_err(told)?;
    if count != expected {
        return Err(format!("{expected} messages came in, {count} are kept"));
    }
    // A modem that was away for hours brings young messages late.
    if old < expected_old { Err(format!("{expected_old} of them were old, {old} are known as such")) } else { Ok(()) }
}
