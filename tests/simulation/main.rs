//! Whole runs of the gateway under a fake clock, with faults by seed and an oracle with a ledger of its own.
//!
//! The pipeline, the store and the SMPP session machines are the real ones; the carrier, the wires and the clock are
//! simulated. `POSTRIDER_SIM_SEED=7` replays one run, `POSTRIDER_SIM_SEEDS=1000` plays the seeds below a thousand. Seeds of
//! mended bugs stand in `seeds.txt` and are always played.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

mod link;
mod modem_dialogues;
mod modem_duel;
mod modem_tests;
mod modem_world;
mod oracle;
mod plan;
mod stick;
mod wires;
mod world;

use plan::Plan;
use world::World;

/// The seeds that are played when nothing is asked for.
const SEEDS: u64 = 100;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn kept_seeds() -> impl Iterator<Item = u64> {
    let lines = include_str!("seeds.txt").lines();
    lines.filter_map(|line| line.split('#').next()?.trim().parse().ok())
}

#[test]
fn every_seed_keeps_the_promises() {
    let seeds: Vec<u64> = match asked("POSTRIDER_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (0..asked("POSTRIDER_SIM_SEEDS").unwrap_or(SEEDS)).chain(kept_seeds()).collect(),
    };
    let (mut hours, mut steps) = (0.0, 0);
    for seed in &seeds {
        let (time, count) = World::new(*seed, Plan::of_seed(*seed)).run().unwrap_or_else(|broken| {
            panic!("seed {seed}: {broken}\nreplay: POSTRIDER_SIM_SEED={seed} cargo test --test simulation")
        });
        hours += time.as_secs_f64() / 3600.0;
        steps += count;
    }
    println!("{} seeds, {steps} steps, {hours:.0} simulated hours", seeds.len());
}

#[test]
fn one_seed_gives_one_run() {
    let run = || {
        let mut world = World::new(3, Plan::of_seed(3));
        world.run().map(|end| (end, world.story()))
    };
    assert_eq!(run(), run());
}

#[test]
fn a_blind_resend_planted_in_the_engine_is_caught() {
    let caught = (0..20).any(|seed| {
        let mut world = World::new(seed, Plan::of_seed(seed));
        world.plant_blind_resend();
        world.run().is_err_and(|broken| broken.contains("went out twice"))
    });
    assert!(caught, "the oracle does not see duplicates");
}

#[test]
fn an_acknowledgement_before_the_commit_planted_in_the_engine_is_caught() {
    let caught = (0..20).any(|seed| {
        let mut world = World::new(seed, Plan::of_seed(seed));
        world.plant_early_acknowledgement();
        world.run().is_err()
    });
    assert!(caught, "the oracle does not see lost receipts");
}
