//! Reads single columns as the types of `model`, and says which column a bad value stood in.

use std::fmt::Display;
use std::str::FromStr;

use rusqlite::types::ValueRef;
use rusqlite::{Row, RowIndex};

use super::StoreError;
use postrider_model::{MessageId, Timestamp};

/// A text column as any type that reads from text.
pub fn parsed<T: FromStr>(row: &Row<'_>, column: impl RowIndex + Display) -> Result<T, StoreError>
where
    T::Err: Display,
{
    let text = row.get_ref(column)?.as_str().map_err(|error| StoreError::Row(format!("column {column}: {error}")))?;
    text.parse().map_err(|error| StoreError::Row(format!("column {column}: {error}")))
}

/// An id column.
pub fn id(row: &Row<'_>, column: impl RowIndex + Display) -> Result<MessageId, StoreError> {
    let value: i64 = row.get(column)?;
    MessageId::from_i64(value).ok_or_else(|| StoreError::Row(format!("column {column}: {value} is not an id")))
}

/// A time column.
pub fn time(row: &Row<'_>, column: impl RowIndex + Display) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// A time column that may be absent.
pub fn maybe_time(row: &Row<'_>, column: impl RowIndex + Display) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// An FNV-1a hash of several parts, kept apart by a separator; stable across versions, since rows hold it.
#[derive(Debug, Clone, Copy)]
pub struct Hash(u64);

impl Hash {
    /// Of nothing yet.
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Goes on with `octets`.
    fn take(self, octets: &[u8]) -> Self {
        let step = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3);
        Self(octets.iter().fold(self.0, step))
    }

    /// Adds a part.
    pub fn part(self, octets: &[u8]) -> Self {
        self.take(octets).take(&[0xff])
    }

    /// Adds a column, whatever it holds; its type counts.
    pub fn column(self, value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => self.take(&[0]),
            ValueRef::Integer(number) => self.take(&[1]).part(&number.to_be_bytes()),
            ValueRef::Real(number) => self.take(&[2]).part(&number.to_be_bytes()),
            ValueRef::Text(octets) => self.take(&[3]).part(octets),
            ValueRef::Blob(octets) => self.take(&[4]).part(octets),
        }
    }

    /// The hash of all parts, as a column holds it.
    pub const fn value(self) -> i64 {
        self.0.cast_signed()
    }
}

/// The hash of several texts.
pub fn hash(parts: &[&[u8]]) -> i64 {
    parts.iter().fold(Hash::new(), |hash, part| hash.part(part)).value()
}

/// The hash of one text, for columns that only have to differ.
pub fn stable_hash(text: &[u8]) -> i64 {
    hash(&[text])
}
