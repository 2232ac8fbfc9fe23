//! What can go wrong with the store, and whose move it then is.

use std::path::PathBuf;

use super::holder::Holder;

/// An error of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Too much work waits for the writer; the caller may try again.
    #[error("the store is busy: {0} writes wait already")]
    Busy(usize),
    /// The disk or its quota is full. Outcomes are kept in memory until there is room again.
    #[error("the disk is full; free some space, sending goes on by itself")]
    DiskFull,
    /// The store stopped after an I/O error or at shutdown; nothing more is written.
    #[error("the store is closed: {0}")]
    Closed(String),
    /// The file cannot be opened as a database.
    #[error("cannot open the database {path}: {reason}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite or the system said.
        reason: String,
    },
    /// Another process holds the file.
    #[error("the database {path} is held by {holder}; only one daemon may work on a file, so this one changed nothing")]
    Held {
        /// The file.
        path: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
    /// The file is empty or gone, and was neither when the last run ended.
    #[error(
        "the database {path} is {what}, though {commits} commits were made in it; nothing was changed. Put the file or its \
         last backup there; or, to begin anew without the opt-outs, tokens and messages it had, remove {epoch}"
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// `empty` or `not there`.
        what: &'static str,
        /// How far it was.
        commits: u64,
        /// The file that knows that.
        epoch: PathBuf,
    },
    /// The file was written by a newer postrider.
    #[error(
        "the database has schema version {found}, this postrider knows {known}: install the newer version again, or \
         restore the backup made before the upgrade"
    )]
    Newer {
        /// The version in the file.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// Reading or writing failed on the disk.
    #[error("the disk reported an error: {0}")]
    Io(String),
    /// The file is damaged.
    #[error("the database is damaged: {0}; it was left as it is, nothing is sent from it")]
    Damaged(String),
    /// A row that only a bug or another program can have written.
    #[error("unexpected row: {0}")]
    Row(String),
    /// Any other answer of SQLite.
    #[error("SQLite: {0}")]
    Sqlite(String),
}

impl StoreError {
    /// After such an error the writer must not go on: what it wrote last is unknown.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Damaged(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as Sql;
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        // A value of another type than its column has, which no statement of ours can have written.
        let unreadable = matches!(
            error,
            Sql::InvalidColumnType(..)
                | Sql::FromSqlConversionFailure(..)
                | Sql::IntegralValueOutOfRange(..)
                | Sql::Utf8Error(..)
        );
        if unreadable {
            return Self::Row(text);
        }
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::DiskFull,
            Some(Code::SystemIoFailure) => Self::Io(text),
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Damaged(text),
            _ => Self::Sqlite(text),
        }
    }
}
