//! postrider, the SMS gateway that a shop keeps on its own server.
//!
//! A message goes one way through the house: `http` takes it, `pipeline::accept` stores it, `pipeline::dispatch`
//! leases it to a link, `link` carries it, `pipeline::settle` records what came back, `callback` tells the tool that
//! posted it. `docs/ARCHITECTURE.md` is the map; `tests/tidy.rs` keeps the order of the modules below.

pub mod at;
pub mod callback;
pub mod campaign;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod http;
pub mod link;
pub mod model;
pub mod pipeline;
pub mod policy;
pub mod sim;
pub mod smpp;
pub mod store;
pub mod text;
pub mod tpdu;
