//! Turns counts and latencies into the words of a figure.

use std::time::Duration;

use super::rows::thousands;

/// How long single things took.
#[derive(Debug, Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    /// One more.
    pub fn add(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Those of another task too.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// `p50 1.2 ms, p99 8.0 ms, slowest 20.1 ms`.
    pub fn words(&mut self) -> String {
        self.0.sort_unstable();
        let [half, most, all] = [50, 99, 100].map(|percent| self.percentile(percent));
        format!("p50 {half}, p99 {most}, slowest {all}")
    }

    /// The value that `percent` of all do not pass.
    fn percentile(&self, percent: usize) -> String {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        let micros = self.0.get(place).copied().unwrap_or(0);
        format!("{:.1} ms", f64::from(micros) / 1_000.0)
    }
}

/// So many in so long, as a number a second.
pub fn a_second(count: u64, elapsed: Duration) -> String {
    let millis = elapsed.as_millis().max(1);
    let rate = u128::from(count) * 1_000 / millis;
    format!("{}/s", thousands(u64::try_from(rate).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_added() {
        let mut latencies = Latencies::default();
        (1..=200).rev().for_each(|millis| latencies.add(Duration::from_millis(millis)));
        assert_eq!(latencies.words(), "p50 100.0 ms, p99 198.0 ms, slowest 200.0 ms");
        assert_eq!(Latencies::default().words(), "p50 0.0 ms, p99 0.0 ms, slowest 0.0 ms");
    }

    #[test]
    fn rates_are_whole_numbers() {
        assert_eq!(a_second(15_000, Duration::from_millis(1_500)), "10,000/s");
        assert_eq!(a_second(5, Duration::ZERO), "5,000/s");
    }
}
