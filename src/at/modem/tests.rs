//! The machine's claims.
