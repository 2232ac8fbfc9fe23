//! The real binary under a mixed load, killed with -9 at random points, against ledgers that it never sees.
//!
//! Messages of one to three parts, held or sent again after a doubt, many of them to shared handsets; receipts that come
//! early, late and doubled; carriers that lose answers, drop connections and refuse; people who write in parts, repeat
//! themselves and opt out; a target for callbacks that fails now and then. The carriers' ledgers and the tool's journal
//! lie outside of the gateway; after the last start everything settles, and every row is held against them.
//!
//! `POSTRIDER_KILLS` sets how often it is killed (40 by default), `POSTRIDER_SEED` which load, faults and moments are drawn.
//! A failing run prints its seed and keeps its directory; `POSTRIDER_TORTURE_DIR` checks such a directory again.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

mod carriers;
mod check;
mod check_callbacks;
mod check_inbound;
mod controls;
mod evidence;
mod figures;
mod gateway;
mod index;
mod kept;
mod plan;
mod run;
mod tool;

use std::path::{Path, PathBuf};

use crate::evidence::Evidence;
use crate::figures::Report;
use crate::run::Run;

/// So few messages for each kill prove nothing.
const LOAD_MIN: usize = 10;

#[test]
fn no_promise_breaks_over_kills_under_a_mixed_load() {
    if let Some(dir) = std::env::var_os("POSTRIDER_TORTURE_DIR") {
        return judge(&PathBuf::from(dir), 0);
    }
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (kills, seed) = (number("POSTRIDER_KILLS", 40), number("POSTRIDER_SEED", 7));
    println!("POSTRIDER_KILLS={kills} POSTRIDER_SEED={seed}");
    let dir = tempfile::tempdir().unwrap();
    let mut run = Run::new(dir.path(), seed, true);
    for _ in 0..kills {
        run.round();
    }
    run.settle(0);
    // From here on the directory stays if anything is found.
    let dir = dir.keep();
    judge(&dir, usize::try_from(kills).unwrap() * LOAD_MIN);
    std::fs::remove_dir_all(&dir).unwrap();
}

/// Checks a directory and prints one line for each promise.
fn judge(dir: &Path, accepted_min: usize) {
    let evidence = Evidence::read(dir);
    let report: Report = check::check(&evidence);
    println!("{}", report.table());
    if !report.broken().is_empty() {
        std::fs::write(dir.join("findings.txt"), report.findings(usize::MAX)).unwrap();
        println!("{}", report.findings(2));
        panic!("promises are broken; ledgers, database and findings.txt lie in {}", dir.display());
    }
    let accepted = evidence.accepted.len();
    assert!(accepted >= accepted_min, "too little load to prove anything: {accepted}");
}
