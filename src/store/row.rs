//! Reads single columns as the types of `model`, and says which column a bad value stood in.

use std::fmt::Display;
use std::str::FromStr;

use rusqlite::{Row, RowIndex};

use super::StoreError;
use crate::model::{MessageId, Timestamp};

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

/// The FNV-1a hash of several texts, kept apart by a separator; stable across versions, since rows hold it.
pub fn hash(parts: &[&[u8]]) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut take = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for part in parts {
        part.iter().copied().for_each(&mut take);
        take(0xff);
    }
    hash.cast_signed()
}

/// The hash of one text, for columns that only have to differ.
pub fn stable_hash(text: &[u8]) -> i64 {
    hash(&[text])
}
