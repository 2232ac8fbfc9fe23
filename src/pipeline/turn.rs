//! One turn of the pipeline: the transaction, the settings and the one reading of the clock.

use std::cell::{Cell, RefCell};

use super::Settings;
use crate::model::{AckToken, LinkName, Timestamp};
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
    /// Whether each message is handled in a savepoint of its own.
    pub(super) careful: bool,
    wakes: Cell<Wakes>,
    refused: RefCell<Vec<(LinkName, AckToken)>>,
}

/// Who should look at the rows after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wakes {
    /// Something is due to be sent, or a slot may be free.
    pub dispatch: bool,
    /// A callback is due.
    pub callbacks: bool,
    /// A campaign, a workflow or the like has something to do.
    pub steps: bool,
}

impl Wakes {
    /// Both wishes together.
    pub fn and(self, other: Self) -> Self {
        Self {
            dispatch: self.dispatch || other.dispatch,
            callbacks: self.callbacks || other.callbacks,
            steps: self.steps || other.steps,
        }
    }
}

impl<'a> Turn<'a> {
    /// A turn at `now`.
    pub fn new(tx: &'a Tx<'a>, settings: &'a Settings, now: Timestamp) -> Self {
        Self { tx, settings, now, careful: false, wakes: Cell::default(), refused: RefCell::default() }
    }

    /// Who should look at the rows once the transaction is committed.
    pub fn wakes(&self) -> Wakes {
        self.wakes.get()
    }

    /// What was settled with a no: it is answered so once the transaction is committed. All else is answered with a yes.
    pub fn refused(&self) -> Vec<(LinkName, AckToken)> {
        self.refused.borrow().clone()
    }

    pub(super) fn refuse(&self, link: &LinkName, token: AckToken) {
        self.refused.borrow_mut().push((link.clone(), token));
    }

    pub(super) fn wake_dispatch(&self) {
        self.wakes.set(self.wakes.get().and(Wakes { dispatch: true, ..Wakes::default() }));
    }

    pub(super) fn wake_callbacks(&self) {
        self.wakes.set(self.wakes.get().and(Wakes { callbacks: true, ..Wakes::default() }));
    }

    /// Something happened that a campaign, a workflow or the like may wait for.
    pub fn wake_steps(&self) {
        self.wakes.set(self.wakes.get().and(Wakes { steps: true, ..Wakes::default() }));
    }
}
