//! Keeps one bad row from stopping all others. A turn that failed on a row is done again carefully: each message, and each
//! event of a link, in a savepoint of its own, and what fails is set aside.

use super::Turn;
use super::settle::settle;
use crate::model::{LinkEvent, LinkName, MessageId};
use crate::store::{StoreError, message};

impl Turn<'_> {
    /// The same turn, done carefully.
    #[must_use]
    pub fn carefully(mut self, careful: bool) -> Self {
        self.careful = careful;
        self
    }

    /// Does something with one message of many. In a careful turn a row that cannot be read sets the message aside, and there
    /// is no result.
    pub(super) fn apart<T>(
        &self,
        id: MessageId,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if !self.careful {
            return work().map(Some);
        }
        match attempt(self, work)? {
            Ok(done) => Ok(Some(done)),
            Err(why) => message::set_aside(self.tx, id.as_i64(), &why).map(|()| None),
        }
    }
}

/// Does `work`, and takes back what it wrote if it met a row that cannot be read.
fn attempt<T>(turn: &Turn<'_>, work: impl FnOnce() -> Result<T, StoreError>) -> Result<Result<T, String>, StoreError> {
    turn.tx.attempt(|_| match work() {
        Ok(done) => Ok(Ok(done)),
        Err(StoreError::Row(why)) => Ok(Err(why)),
        Err(other) => Err(other),
    })
}

/// Records the events of one link, each by itself: one that meets a row which cannot be read is left out, and its message is
/// set aside. What came in from outside is answered with a no then, so that the carrier keeps it.
///
/// # Errors
/// The store's own but for such rows.
pub fn settle_apart(turn: &Turn<'_>, link: &LinkName, events: &[LinkEvent]) -> Result<(), StoreError> {
    for event in events {
        let done = attempt(turn, || settle(turn, link, std::slice::from_ref(event)))?;
        let Err(why) = done else { continue };
        match event {
            LinkEvent::Submit(result) => message::set_aside(turn.tx, result.message.as_i64(), &why)?,
            LinkEvent::Receipt { ack, .. } | LinkEvent::Inbound { ack, .. } | LinkEvent::Modem { ack, .. } => {
                tracing::error!(postrider.link = %link, "What came in cannot be recorded, and is left with the network: {why}");
                if let Some(ack) = ack {
                    turn.refuse(link, *ack);
                }
            }
            LinkEvent::Health(_) | LinkEvent::Session { .. } => {}
        }
    }
    Ok(())
}
