//! How many messages are in each state, kept in step with every commit, so that nobody has to count rows.

use rusqlite::Connection;

use super::StoreError;
use postrider_model::State;

/// Message counts by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally([i64; State::ALL.len()]);

impl Tally {
    /// How many messages are in `state`.
    pub fn get(&self, state: State) -> i64 {
        self.0[place(state)]
    }

    /// How many messages wait to be sent: `scheduled`, `queued` and `leased`.
    pub fn backlog(&self) -> i64 {
        [State::Scheduled, State::Queued, State::Leased].into_iter().map(|state| self.get(state)).sum()
    }

    /// One message more in `state`.
    pub fn add(&mut self, state: State) {
        self.0[place(state)] += 1;
    }

    /// One message less in `state`.
    pub fn remove(&mut self, state: State) {
        self.0[place(state)] -= 1;
    }

    /// Reads the counts, or counts the messages themselves if those cannot be read.
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        match Self::kept(connection) {
            Err(StoreError::Row(why)) => {
                tracing::warn!("The kept counts of messages cannot be read, so they are counted again: {why}");
                Self::count(connection)
            }
            kept => kept,
        }
    }

    fn count(connection: &Connection) -> Result<Self, StoreError> {
        let mut tally = Self::default();
        for state in State::ALL {
            let sql = "SELECT count(*) FROM message WHERE state = ?1";
            tally.0[place(state)] = connection.query_row(sql, [state.as_str()], |row| row.get(0))?;
        }
        Ok(tally)
    }

    fn kept(connection: &Connection) -> Result<Self, StoreError> {
        let mut tally = Self::default();
        let mut statement = connection.prepare_cached("SELECT state, messages FROM tally")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let state: State = row.get::<_, String>(0)?.parse().map_err(StoreError::Row)?;
            tally.0[place(state)] = row.get(1)?;
        }
        Ok(tally)
    }

    /// Writes the counts that differ from `before`.
    pub(super) fn save(&self, before: &Self, connection: &Connection) -> Result<(), StoreError> {
        for state in State::ALL {
            if self.get(state) != before.get(state) {
                connection
                    .prepare_cached("INSERT INTO tally VALUES (?1, ?2) ON CONFLICT DO UPDATE SET messages = ?2")?
                    .execute((state.as_str(), self.get(state)))?;
            }
        }
        Ok(())
    }
}

/// A state's place in the array: its place in the enum.
const fn place(state: State) -> usize {
    state as usize
}
