//! The `reference` table: the next concatenation reference for each sender and recipient.

use rusqlite::params;

use super::{StoreError, Tx, row};

/// The next reference for messages from `sender` to `recipient`: 1 to 65535 in turn, the low octet in turn too.
///
/// # Errors
/// SQLite's own.
pub fn next(tx: &Tx<'_>, sender: &str, recipient: &str) -> Result<u16, StoreError> {
    let pair = row::hash(&[sender.as_bytes(), recipient.as_bytes()]);
    let next: i64 = tx
        .sql()
        .prepare_cached(
            "INSERT INTO reference VALUES (?1, ?2) ON CONFLICT DO UPDATE SET next = (next + 1) & 65535 RETURNING next",
        )?
        // A new pair starts anywhere, so that a restored database does not repeat what it sent last.
        .query_row(params![pair, pair & 0xffff], |row| row.get(0))?;
    Ok(u16::try_from(next & 0xffff).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::Database;

    #[test]
    fn a_pair_repeats_no_reference_within_256_messages() {
        let mut database = Database::in_memory().unwrap();
        let references: Vec<u16> =
            (0..256).map(|_| database.write(|tx| super::next(tx, "Shop", "+821012345678")).unwrap()).collect();
        let mut low: Vec<u8> = references.iter().map(|reference| reference.to_be_bytes()[1]).collect();
        low.sort_unstable();
        low.dedup();
        assert_eq!(low.len(), 256, "8-bit references differ too");
    }
}
