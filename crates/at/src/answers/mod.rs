//! Reads what modems answer, one kind of answer a file. Each is lenient: every form that a maker is known to write is a
//! test, and what cannot be read is `None`, never an error.

pub(super) mod identity;
pub(super) mod indications;
pub(super) mod message;
pub(super) mod operator;
pub(super) mod pin;
pub(super) mod registration;
pub(super) mod service;
pub(super) mod signal;
pub(super) mod storage;
pub(super) mod ussd;
pub(crate) mod wide;
