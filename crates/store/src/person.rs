//! Who a number belongs to, as a hash under a key that never leaves the file.
//!
//! The tables of consent are keyed by this hash and hold the number beside it. Erasing a person takes the number away; the
//! hash stays, so that an opt-out still holds when the same number comes again, and nobody reads a number from the file.

use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, ToSql, types};
use sha2::Sha256;

use super::StoreError;
use postrider_model::PhoneNumber;

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

/// The key of the hashes, ready to hash with.
#[derive(Clone)]
pub(super) struct PersonKey(Hmac<Sha256>);

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonKey")
    }
}

impl PersonKey {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare_cached("SELECT value FROM secret WHERE name = 'person'")?;
        let key: Vec<u8> = statement.query_row([], |row| row.get(0))?;
        Hmac::new_from_slice(&key).map(Self).map_err(|error| StoreError::Row(format!("secret person: {error}")))
    }

    pub(super) fn person(&self, number: &PhoneNumber) -> Person {
        let digest = self.0.clone().chain_update(number.as_str().as_bytes()).finalize().into_bytes();
        let mut short = [0; 16];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Person(short)
    }

    /// Eight characters of Crockford's base 32: 40 bits.
    pub(super) fn code(&self, seed: &str) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let digest = self.0.clone().chain_update(b"code\n").chain_update(seed.as_bytes()).finalize().into_bytes();
        let letter = |octet: &u8| ALPHABET.get(usize::from(octet & 31)).map_or('0', |&letter| char::from(letter));
        digest.iter().take(8).map(letter).collect()
    }
}

/// Who a number belongs to, on a reading connection.
///
/// # Errors
/// SQLite's own.
pub fn person_of(connection: &Connection, number: &PhoneNumber) -> Result<Person, StoreError> {
    Ok(PersonKey::load(connection)?.person(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Database;

    #[test]
    fn a_number_is_the_same_person_in_one_file_and_another_in_the_next() {
        let number: PhoneNumber = "+821012345678".parse().unwrap();
        let in_file = |database: &Database| database.read(|connection| person_of(connection, &number)).unwrap();
        let (one, two) = (Database::in_memory().unwrap(), Database::in_memory().unwrap());
        assert_eq!(in_file(&one), in_file(&one));
        assert_ne!(in_file(&one), in_file(&two));
    }
}
