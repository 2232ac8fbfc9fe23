//! Reads the gateway's rows, and holds what must be true of them at every moment whoever carries the messages.

use std::collections::BTreeMap;

use postrider::model::{MessageId, State};
use postrider::store::{Database, StoreError};

/// A message's row, as far as it is judged.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: MessageId,
    pub state: State,
    pub doubts: u32,
    /// The last line of the timeline.
    pub note: String,
}

/// All messages.
pub fn rows(database: &Database) -> Result<Vec<Row>, String> {
    let sql = "SELECT id, state, doubts, coalesce((SELECT note FROM event WHERE message = id ORDER BY n DESC LIMIT 1), '') FROM message";
    let found = database.read(|connection| {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?, row.get::<_, String>(3)?))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    let row = |(id, state, doubts, note): (i64, String, u32, String)| {
        Some(Row { id: MessageId::from_i64(id)?, state: state.parse().ok()?, doubts, note })
    };
    found.map_err(told)?.into_iter().map(row).collect::<Option<_>>().ok_or_else(|| "a row cannot be read".to_owned())
}

/// Whether no message is on its way any more.
pub fn all_final(database: &Database) -> Result<bool, String> {
    let waiting = "SELECT count(*) FROM message WHERE state IN ('scheduled', 'queued', 'leased', 'sent')";
    let count = database.read(|connection| Ok(connection.query_row(waiting, [], |row| row.get::<_, usize>(0))?));
    Ok(count.map_err(told)? == 0)
}

/// What was seen of every row last.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<MessageId, State>);

impl Seen {
    /// Nothing accepted is lost, final states are left only for better ones, and the tally counts what is there.
    pub fn check(&mut self, database: &Database, rows: &[Row], accepted: usize) -> Result<(), String> {
        if rows.len() != accepted {
            return Err(format!("{accepted} messages were acknowledged, {} are kept", rows.len()));
        }
        for row in rows {
            let was = self.0.insert(row.id, row.state);
            if let Some(was) = was.filter(|was| was.is_final() && *was != row.state) {
                let better = matches!(row.state, State::Delivered | State::PartiallyDelivered);
                if !better && was != State::Uncertain {
                    return Err(format!("message {} left the final state {was} for {}", row.id, row.state));
                }
            }
        }
        let tally = database.tally();
        for state in State::ALL {
            let counted = i64::try_from(rows.iter().filter(|row| row.state == state).count()).unwrap_or(-1);
            if tally.get(state) != counted {
                return Err(format!("the tally says {} {state}, {counted} are", tally.get(state)));
            }
        }
        Ok(())
    }
}

/// A store's error as the oracle tells it.
pub fn told(error: StoreError) -> String {
    error.to_string()
}
