//! Plays many seeds on two threads, and tells every one that fails.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::asked;
use super::plan::Plan;
use super::world::World;

/// The seeds that are always played.
const FIXED: u64 = 300;
/// How many more are played that nobody played before.
const FRESH: u64 = 100;
const THREADS: usize = 2;
/// How many failures are told whole.
const TOLD_MAX: usize = 20;

fn kept_seeds() -> impl Iterator<Item = u64> {
    let lines = include_str!("seeds.txt").lines();
    lines.filter_map(|line| line.split('#').next()?.trim().parse().ok())
}

/// The first of today's fresh seeds.
#[expect(clippy::disallowed_methods, reason = "the day picks seeds that nobody played; a run itself knows no clock")]
fn fresh() -> u64 {
    const DAY_SECONDS: u64 = 86_400;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    asked("POSTRIDER_SIM_FRESH").unwrap_or_else(|| since.map_or(0, |since| since.as_secs() / DAY_SECONDS) * 1_000_000)
}

/// The seeds that are asked for, or the fixed, the kept and the fresh ones.
pub fn seeds() -> Vec<u64> {
    if let Some(seed) = asked("POSTRIDER_SIM_SEED") {
        return vec![seed];
    }
    let from = asked("POSTRIDER_SIM_FROM").unwrap_or(0);
    if let Some(count) = asked("POSTRIDER_SIM_SEEDS") {
        return (from..from + count).chain(kept_seeds()).collect();
    }
    let fresh = fresh();
    println!("fresh seeds from {fresh}: POSTRIDER_SIM_FRESH={fresh} plays them again");
    (0..FIXED).chain(kept_seeds()).chain(fresh..fresh + FRESH).collect()
}

/// What all runs came to.
#[derive(Default)]
struct Sum {
    hours: f64,
    segments: u64,
    failed: BTreeMap<u64, String>,
}

/// Plays the seeds; fails with those that broke a promise.
pub fn play(seeds: &[u64]) {
    let (next, sum) = (Mutex::new(seeds.iter()), Mutex::new(Sum::default()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(seed) = next.lock().unwrap().next() else { break };
                    let run = || World::new(*seed, Plan::of_seed(*seed)).run();
                    let end = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("it panicked".to_owned()));
                    let mut sum = sum.lock().unwrap();
                    match end {
                        Ok((time, segments)) => {
                            sum.hours += time.as_secs_f64() / 3600.0;
                            sum.segments += segments;
                        }
                        Err(broken) => {
                            println!("seed {seed}: {broken}");
                            sum.failed.insert(*seed, broken);
                        }
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    println!("{} seeds, {} segments, {:.0} simulated hours", seeds.len(), sum.segments, sum.hours);
    let told: Vec<String> =
        sum.failed.iter().take(TOLD_MAX).map(|(seed, broken)| format!("seed {seed}: {broken}")).collect();
    assert!(
        sum.failed.is_empty(),
        "{} of {} seeds failed\n{}\nreplay: POSTRIDER_SIM_SEED={} cargo test --test simulation every_seed",
        sum.failed.len(),
        seeds.len(),
        told.join("\n"),
        sum.failed.keys().next().unwrap_or(&0)
    );
}
