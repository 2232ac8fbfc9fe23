//! The departures that the links of a carrier share, since they share its contract.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::clock::Moment;
use super::rate_window::RateWindow;

/// The departures of one contract. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Mutex<RateWindow>>);

impl Pace {
    /// Nothing has left yet; `rate` is in segments a second.
    pub fn new(rate: Option<f64>) -> Self {
        Self(Arc::new(Mutex::new(RateWindow::new(rate, Moment::read().now))))
    }

    fn lock(&self) -> MutexGuard<'_, RateWindow> {
        // Whole after every call, so a panic elsewhere leaves it usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes another rate from a changed configuration.
    pub fn set_rate(&self, rate: Option<f64>) {
        self.lock().set_rate(rate);
    }

    /// When the next segment may leave; `None` is at any time.
    pub fn ready_at(&self) -> Option<Instant> {
        self.lock().ready_at()
    }

    /// A segment leaves now, if it may; gives the number of its departure.
    pub fn claim(&self, now: Instant) -> Option<u64> {
        self.lock().claim(now)
    }

    /// The octets of the departures from number `from` on were written.
    pub fn written(&self, from: u64, now: Instant) {
        self.lock().written(from, now);
    }
}
