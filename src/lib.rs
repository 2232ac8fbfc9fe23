//! postrider, the SMS gateway that a shop keeps on its own server.
//!
//! A message goes one way through the house: `http` takes it, `pipeline::accept` stores it, `pipeline::dispatch`
//! leases it to a link, `link` carries it, `pipeline::settle` records what came back, `callback` tells the tool that
//! posted it. `docs/ARCHITECTURE.md` is the map; `tests/tidy.rs` keeps the order of the modules below.

pub mod cli;
pub mod daemon;
pub mod http;
pub mod pipeline;

pub use postrider_at as at;
pub use postrider_callback as callback;
pub use postrider_campaign as campaign;
pub use postrider_config as config;
pub use postrider_link as link;
pub use postrider_model as model;
pub use postrider_policy as policy;
pub use postrider_sim as sim;
pub use postrider_smpp as smpp;
pub use postrider_store as store;
pub use postrider_text as text;
pub use postrider_tpdu as tpdu;
