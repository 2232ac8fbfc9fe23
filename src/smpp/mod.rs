//! SMPP 3.4 and 5.0: the codec, the session machine of both roles, and what is particular about a carrier.

pub mod profile;
