//! Consent and the law at every gate of a message's way: at accept, at the lease, and when a person writes back.
//!
//! | part | when |
//! |---|---|
//! | `gate` | the one question "may this leave at this moment", asked by both accept and lease |
//! | `admit` | at accept: labels, the moved due time, and why |
//! | `leave` | in the lease transaction: whoever opted out since is not written to |
//! | `hear` | an incoming message: STOP, START, JOIN, YES, HELP |
//! | `record` | consents and suppressions that tools and people bring, and what follows from them |
//! | `due` | what a country wants told: results and renewals |
//! | `person` | export and erasure of all that is known of a number |

mod admit;
mod answer;
mod due;
mod gate;
mod hear;
mod leave;
mod person;
mod record;

pub(super) use admit::{Plan, admit, plan};
pub(super) use answer::OWN_TOKEN;
pub(super) use due::{forget_older, tell_due};
pub(super) use gate::{Ask, Books, Gate, gate, gate_by};
pub(super) use hear::{join, received};
pub(super) use leave::may_leave;

pub use admit::labelled;
pub use gate::Reason;
pub use person::{Erased, Known, erase, known};
pub use record::{Opinion, ask, lift, record, suppress};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trace_tests;
