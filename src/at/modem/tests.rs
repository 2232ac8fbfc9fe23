//! The machine's claims, against a modem that answers by a table and made-up instants.

mod basics;
mod bench;
