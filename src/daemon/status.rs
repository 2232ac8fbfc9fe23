//! The line that `systemctl status` shows: modems, binds, queue.

use super::links::Links;
use crate::link::LinkHandle;
use crate::model::{LinkHealth, State};
use crate::store::{Standing, Tally};

/// What the line is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overview {
    /// Modems that are registered with a network, and all modems.
    pub modems: (usize, usize),
    /// Binds that are up, and all binds.
    pub binds: (usize, usize),
    /// Messages that wait to be sent.
    pub waiting: i64,
    /// Messages that wait for a receipt.
    pub sent: i64,
    /// Messages of which nobody can tell whether they were sent.
    pub in_doubt: i64,
    /// Whether the database was put back, and what it holds waits for a person.
    pub restored: bool,
    /// Rows that are set aside because they cannot be read.
    pub damaged: usize,
}

impl Overview {
    /// The modems and binds of `links`, the queue, and how the database stands.
    pub fn of(links: &Links, tally: &Tally, standing: Standing) -> Self {
        let is_up = |handle: &&LinkHandle| matches!(handle.health(), LinkHealth::Up);
        let handles = links.handles();
        let binds: Vec<LinkHandle> = handles.into_iter().filter(|handle| handle.name().modem.is_none()).collect();
        let modems = links.modems();
        let registered =
            modems.iter().filter(|(_, modem)| modem.look(|status| status.registration.is_registered())).count();
        Self {
            modems: (registered, modems.len()),
            binds: (binds.iter().filter(is_up).count(), binds.len()),
            waiting: tally.backlog(),
            sent: tally.get(State::Sent),
            in_doubt: tally.get(State::Uncertain),
            restored: standing.held_upto.is_some(),
            damaged: standing.damaged,
        }
    }

    /// The line.
    pub fn line(&self) -> String {
        let mut parts = Vec::new();
        for (what, (good, all)) in [("modems registered", self.modems), ("binds up", self.binds)] {
            if all > 0 {
                parts.push(format!("{good} of {all} {what}"));
            }
        }
        if parts.is_empty() {
            parts.push("no links are configured".to_owned());
        }
        parts.push(format!("{} messages wait", self.waiting));
        parts.push(format!("{} wait for receipts", self.sent));
        if self.in_doubt > 0 {
            parts.push(format!("{} in doubt", self.in_doubt));
        }
        if self.restored {
            parts.push("what the database held when it was put back waits for postrider restore --release".to_owned());
        }
        if self.damaged > 0 {
            parts.push(format!("{} damaged rows set aside", self.damaged));
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_modems_binds_and_queue() {
        let overview = Overview { modems: (1, 2), binds: (3, 3), waiting: 120, sent: 33, ..Overview::default() };
        assert_eq!(
            overview.line(),
            "1 of 2 modems registered, 3 of 3 binds up, 120 messages wait, 33 wait for receipts"
        );
        let doubts = Overview { in_doubt: 2, ..Overview::default() };
        assert_eq!(doubts.line(), "no links are configured, 0 messages wait, 0 wait for receipts, 2 in doubt");
    }
}
