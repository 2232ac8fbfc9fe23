//! Tells the service manager how the daemon is: ready, alive, stopping, and one line of status.

use sd_notify::NotifyState;

/// The service manager, if one started us.
#[derive(Debug, Clone, Copy, Default)]
pub struct Systemd;

impl Systemd {
    /// The daemon takes messages.
    pub fn ready(self) {
        Self::tell(&[NotifyState::Ready]);
    }

    /// The writer and the loops turn.
    pub fn watchdog(self) {
        Self::tell(&[NotifyState::Watchdog]);
    }

    /// The daemon stops.
    pub fn stopping(self) {
        Self::tell(&[NotifyState::Stopping]);
    }

    /// The line that `systemctl status` shows.
    pub fn status(self, line: &str) {
        Self::tell(&[NotifyState::Status(line)]);
    }

    /// Without a service manager nobody listens, and that is fine.
    fn tell(states: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(states) {
            tracing::debug!(%error, "The service manager did not listen: {error}");
        }
    }
}
