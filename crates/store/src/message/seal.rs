//! The checksum of what was accepted: whom, from whom, what, until when. It is proven again when the message is leased, so that
//! a bit that flipped on the disk sends nobody else's text to nobody else's number.

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, params};

use super::NewRow;
use crate::row::Hash;
use crate::{StoreError, Tx};
use postrider_model::{MessageId, Sender};

/// What the checksum is of, as the columns hold it: id, class, recipient, sender, body, encoded, profile, segments, on_doubt,
/// parameters, and apart from those the validity. That one is added, so that a trigger can keep the checksum right by itself
/// wherever messages are given more time.
pub(super) struct Sealed<'a>([ValueRef<'a>; 10], i64);

impl<'a> Sealed<'a> {
    /// A message as it is written.
    pub(super) fn of(id: MessageId, new: &'a NewRow<'_>, parameters: Option<&'a str>) -> Self {
        let text = |text: &'a str| ValueRef::Text(text.as_bytes());
        let maybe = |found: Option<&'a str>| found.map_or(ValueRef::Null, text);
        let columns = [
            ValueRef::Integer(id.as_i64()),
            text(new.class.as_str()),
            text(new.recipient.as_str()),
            maybe(new.sender.map(Sender::as_str)),
            maybe(new.body),
            ValueRef::Blob(new.encoded),
            ValueRef::Integer(new.profile),
            ValueRef::Integer(i64::try_from(new.segments).unwrap_or(i64::MAX)),
            text(new.on_doubt.as_str()),
            maybe(parameters),
        ];
        Self(columns, new.valid_until.as_millis())
    }

    /// A message as the query of those that are due reads it.
    pub(super) fn of_due(row: &'a Row<'_>) -> Result<Self, StoreError> {
        // The validity as it stands: the head has it in the present clock.
        Self::at(row, [0, 2, 3, 19, 20, 21, 22, 4, 6, 23], 25)
    }

    fn at(row: &'a Row<'_>, places: [usize; 10], valid_until: usize) -> Result<Self, StoreError> {
        let mut columns = [ValueRef::Null; 10];
        for (column, place) in columns.iter_mut().zip(places) {
            *column = row.get_ref(place)?;
        }
        Ok(Self(columns, row.get(valid_until)?))
    }

    pub(super) fn checksum(&self) -> i64 {
        // Two bits less, so that adding a time never leaves the range of a column.
        let hash = self.0.iter().fold(Hash::new(), |hash, column| hash.column(*column)).value();
        (hash >> 2).wrapping_add(self.1)
    }
}

/// Changes what the checksum is of. A message that was not what was accepted before does not become so by it.
pub(super) fn resealing(
    tx: &Tx<'_>,
    id: MessageId,
    change: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let before = look(tx, id)?;
    change()?;
    if before.is_some_and(|(kept, is)| kept == is)
        && let Some((_, is)) = look(tx, id)?
    {
        let sql = "UPDATE message SET checksum = ?2 WHERE id = ?1";
        tx.sql().prepare_cached(sql)?.execute(params![id.as_i64(), is])?;
    }
    Ok(())
}

/// The checksum that is kept, and that of what stands there now; `None` for messages of older versions, which have none.
fn look(tx: &Tx<'_>, id: MessageId) -> Result<Option<(i64, i64)>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT id, class, recipient, sender, body, encoded, profile, segments, on_doubt, parameters, valid_until, checksum \
         FROM message WHERE id = ?1",
    )?;
    let looked = |row: &Row<'_>| {
        let kept: Option<i64> = row.get(11)?;
        Ok(kept.map(|kept| Ok((kept, Sealed::at(row, std::array::from_fn(|place| place), 10)?.checksum()))))
    };
    statement.query_row([id.as_i64()], looked).optional()?.flatten().transpose()
}
