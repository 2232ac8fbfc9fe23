//! Who a number belongs to, as a hash under a key that never leaves the file.
//!
//! The tables of consent are keyed by this hash and hold the number beside it. Erasing a person takes the number away; the
//! hash stays, so that an opt-out still holds when the same number comes again, and nobody reads a number from the file.

use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, ToSql, types};
use sha2::Sha256;

use super::StoreError;
use crate::model::PhoneNumber;

/// The hash of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person([u8; 16]);

impl ToSql for Person {
    fn to_sql(&self) -> rusqlite::Result<types::ToSqlOutput<'_>> {
        Ok(types::ToSqlOutput::Borrowed(types::ValueRef::Blob(&self.0)))
    }
}

impl types::FromSql for Person {
    fn column_result(value: types::ValueRef<'_>) -> types::FromSqlResult<Self> {
        let octets = value.as_blob()?;
        octets
            .try_into()
            .map(Self)
            .map_err(|_| types::FromSqlError::InvalidBlobSize { expected_size: 16, blob_size: octets.len() })
    }
}

/// The key of the hashes.
#[derive(Clone)]
pub(super) struct PersonKey(Vec<u8>);

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonKey")
    }
}

impl PersonKey {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare_cached("SELECT value FROM secret WHERE name = 'person'")?;
        Ok(Self(statement.query_row([], |row| row.get(0))?))
    }

    pub(super) fn person(&self, number: &PhoneNumber) -> Person {
        let mut short = [0; 16];
        // A key of any length is good; there is nothing else that could fail.
        if let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(&self.0) {
            hash.update(number.as_str().as_bytes());
            let digest = hash.finalize().into_bytes();
            short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        }
        Person(short)
    }
}

/// Who a number belongs to, on a reading connection.
///
/// # Errors
/// SQLite's own.
pub fn person_of(connection: &Connection, number: &PhoneNumber) -> Result<Person, StoreError> {
    Ok(PersonKey::load(connection)?.person(number))
}
