//! One turn of the pipeline: the transaction, the settings and the one reading of the clock.

use std::cell::Cell;

use super::Settings;
use crate::model::Timestamp;
use crate::store::Tx;

/// What the stages of one transaction share.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The open transaction.
    pub tx: &'a Tx<'a>,
    /// The settings in force.
    pub settings: &'a Settings,
    /// The time at which the turn happens.
    pub now: Timestamp,
    wakes: Cell<Wakes>,
}

/// Who should look at the rows after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wakes {
    /// Something is due to be sent, or a slot may be free.
    pub dispatch: bool,
    /// A callback is due.
    pub callbacks: bool,
}

impl Wakes {
    /// Both wishes together.
    pub fn and(self, other: Self) -> Self {
        Self { dispatch: self.dispatch || other.dispatch, callbacks: self.callbacks || other.callbacks }
    }
}

impl<'a> Turn<'a> {
    /// A turn at `now`.
    pub fn new(tx: &'a Tx<'a>, settings: &'a Settings, now: Timestamp) -> Self {
        Self { tx, settings, now, wakes: Cell::default() }
    }

    /// Who should look at the rows once the transaction is committed.
    pub fn wakes(&self) -> Wakes {
        self.wakes.get()
    }

    pub(super) fn wake_dispatch(&self) {
        self.wakes.set(self.wakes.get().and(Wakes { dispatch: true, callbacks: false }));
    }

    pub(super) fn wake_callbacks(&self) {
        self.wakes.set(self.wakes.get().and(Wakes { dispatch: false, callbacks: true }));
    }
}
