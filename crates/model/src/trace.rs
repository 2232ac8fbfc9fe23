//! What passed over a link lately, for whoever looks for a fault.

use super::Timestamp;

/// One line of a link's last traffic: a PDU, or a line of a modem's dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// When it passed.
    pub at: Timestamp,
    /// What passed: `> ` before what was sent, `< ` before what came, as in the fixtures of `hw-fixtures`; `>> ` and
    /// `<< ` before octets without a line end, `# ` before a remark.
    pub text: String,
}
