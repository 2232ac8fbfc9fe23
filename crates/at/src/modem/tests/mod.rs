//! The machine's claims, against a modem that answers by a table and made-up instants.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of event among all")]

mod basics;
mod bench;
mod healing;
mod hostile;
mod locked;
mod people;
mod receiving;
mod sending;
