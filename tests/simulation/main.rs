//! Whole runs of the gateway under a fake clock, with faults by seed and an oracle with a ledger of its own.
//!
//! The pipeline, the store and the SMPP session machines are the real ones; the carrier, the wires and the clock are
//! simulated.
//!
//! | to | set |
//! |---|---|
//! | replay one run | `POSTRIDER_SIM_SEED=7` |
//! | play the seeds below 5,000 | `POSTRIDER_SIM_SEEDS=5000` |
//! | begin elsewhere | `POSTRIDER_SIM_FROM=5000` |
//! | play the fresh seeds of another day again | `POSTRIDER_SIM_FRESH=20417000000`, as the run printed it |
//!
//! Without them the first 300 seeds, those of mended bugs (`seeds.txt`), and 100 that nobody played before are played.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test may fail where it stands"
)]

mod book;
mod ears;
mod gateway;
mod judge;
mod link;
mod modem_dialogues;
mod modem_duel;
mod modem_oracle;
mod modem_tests;
mod modem_world;
mod oracle;
mod people;
mod plan;
mod rate;
mod rows;
mod runs;
mod stick;
mod texts;
mod wires;
mod world;

use plan::Plan;
use world::{Planted, World};

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_seed_keeps_the_promises() {
    runs::play(&runs::seeds());
}

#[test]
fn one_seed_gives_one_run() {
    let run = |seed| {
        let mut world = World::new(seed, Plan::of_seed(seed));
        (world.run(), world.story())
    };
    for seed in [3, 4, 5] {
        assert_eq!(run(seed), run(seed));
    }
}

/// Whether the oracle sees a planted fault in one of some runs, with these words.
fn is_caught(fault: Planted, words: &[&str]) -> bool {
    (0..60).any(|seed| {
        let mut world = World::new(seed, Plan::of_seed(seed));
        world.plant(fault);
        world.run().is_err_and(|broken| words.iter().any(|words| broken.contains(words)))
    })
}

#[test]
fn a_blind_resend_planted_in_the_engine_is_caught() {
    assert!(is_caught(Planted::BlindResend, &["went out twice"]), "the oracle does not see duplicates");
}

#[test]
fn an_acknowledgement_before_the_commit_planted_in_the_engine_is_caught() {
    let caught = is_caught(Planted::EarlyAcknowledgement, &["known to have arrived", "told that it arrived"]);
    assert!(caught, "the oracle does not see lost receipts");
    assert!(is_caught(Planted::EarlyAcknowledgement, &["kept 0 times"]), "the oracle does not see lost texts");
}

#[test]
fn a_receipt_told_of_another_message_planted_in_the_engine_is_caught() {
    let caught = is_caught(Planted::ReceiptOfAnother, &["parts arrived", "every part arrived", "no part arrived"]);
    assert!(caught, "the oracle does not see false states");
}

#[test]
fn an_incoming_text_stored_twice_planted_in_the_engine_is_caught() {
    assert!(is_caught(Planted::InboundTwice, &["1 times, and it is kept 2 times"]), "the oracle does not see copies");
}

#[test]
fn a_callback_forgotten_by_a_crash_planted_in_the_engine_is_caught() {
    assert!(is_caught(Planted::CallbackForgotten, &["a tool heard"]), "the oracle does not see what tools miss");
}
