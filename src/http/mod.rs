//! door
pub mod api; pub mod problem; pub mod request; pub mod settings; pub mod token;
