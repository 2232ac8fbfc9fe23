//! The contract's rate, judged where bytes leave the gateway, so that what happens on the wire does not blur it.

use std::time::{Duration, Instant};

/// No second, wherever it begins, holds more segments than the contract allows.
pub fn check(left_at: &[Instant], rate: f64) -> Result<(), String> {
    let most = (rate.floor() as usize).max(1);
    let too_many = left_at.windows(most + 1).find(|some| some[most] - some[0] < Duration::from_secs(1));
    match too_many {
        Some(some) => {
            let (within, start) = (some[most] - some[0], some[0] - left_at[0]);
            Err(format!(
                "{} segments within {within:?}, {start:?} after the first one, and {rate} a second are allowed",
                most + 1
            ))
        }
        None => Ok(()),
    }
}
