//! Shows the PDUs of a session to somebody, as a recorder wants them.

use std::fmt::Debug;

/// Sees the PDUs of a session as they pass, whole and in order. It is called in the middle of the session's work, so it is
/// to be quick. A bind is among them, with its password.
pub trait Tap: Debug + Send + Sync {
    /// A PDU was handed to the transport.
    fn handle_sent(&self, octets: &[u8]);
    /// A PDU came, whether it can be read or not.
    fn handle_received(&self, octets: &[u8]);
}
