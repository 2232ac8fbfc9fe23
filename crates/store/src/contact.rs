//! Which SIM a recipient knows: the one of the last message to it or from it.

use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx};
use postrider_model::{MessageId, PhoneNumber, Timestamp, country_of};

/// The SIM of the newest message to or from `number` since `since`, but for the message `except`.
///
/// # Errors
/// SQLite's own.
pub fn last_sim(
    tx: &Tx<'_>,
    number: &PhoneNumber,
    since: Timestamp,
    except: MessageId,
) -> Result<Option<String>, StoreError> {
    let since = MessageId::first_at(since).as_i64();
    let newest = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    let sent: Option<(i64, String)> = tx
        .sql()
        .prepare_cached(
            "SELECT id, sim FROM message INDEXED BY message_contact WHERE recipient = ?1 AND sim IS NOT NULL AND id >= ?2 \
             AND id <> ?3 AND state NOT IN ('scheduled', 'queued', 'failed', 'canceled', 'blocked') ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![number.as_str(), since, except.as_i64()], newest)
        .optional()?;
    let [plus, bare, dialled, home] = forms(number);
    let came: Option<(i64, String)> = tx
        .sql()
        .prepare_cached(
            "SELECT id, sim FROM inbound WHERE sender IN (?1, ?2, ?3, ?4) AND id >= ?5 AND sim IS NOT NULL \
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![plus, bare, dialled, home, since], newest)
        .optional()?;
    Ok(sent.max(came).map(|(_, sim)| sim))
}

/// The forms in which networks write the sender `number`: with plus, bare, and as it is dialled at home.
pub fn forms(number: &PhoneNumber) -> [String; 4] {
    let digits = number.digits();
    let code = country_of(number).map_or("", |country| country.calling_code());
    let home = digits.strip_prefix(code).unwrap_or(digits);
    [number.as_str().to_owned(), digits.to_owned(), format!("0{home}"), home.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_known_in_each_of_its_forms() {
        let number: PhoneNumber = "+821012345678".parse().unwrap();
        assert_eq!(forms(&number), ["+821012345678", "821012345678", "01012345678", "1012345678"]);
    }
}
