//! Decides which features of our dependencies are on in tests only. What behaves so in every test may not do so in the
//! released binary, which Cargo builds without them.

use std::collections::{BTreeMap, BTreeSet};

/// Features that the crates of the tests switch on in ours, and that add items or change how something is built, not what
/// it does. A feature that changes what a call gives belongs into `[dependencies]`.
const HARMLESS: &[(&str, &[&str])] = &[
    // Traits for types that we do not use so.
    ("bytes", &["serde"]),
    ("serde", &["alloc"]),
    ("serde_core", &["alloc"]),
    // An attribute of options that we do not write.
    ("clap", &["env"]),
    ("clap_builder", &["env"]),
    // Modules, macros and functions beside those that are there.
    ("futures-channel", &["futures-sink", "sink"]),
    (
        "futures-util",
        &[
            "async-await",
            "async-await-macro",
            "channel",
            "futures-channel",
            "futures-io",
            "futures-macro",
            "futures-sink",
            "io",
            "memchr",
            "sink",
        ],
    ),
    ("getrandom", &["std", "sys_rng"]),
    // Modules, and another kind of lock below.
    ("tokio", &["fs", "full", "io-std", "parking_lot", "process", "test-util"]),
];

/// Package and version, with each set of features in which it is built.
pub type Built = BTreeMap<String, BTreeSet<BTreeSet<String>>>;

/// Reads the lines of `cargo tree --prefix none -f "{p} {f}"`.
pub fn read(tree: &str) -> Built {
    let mut built = Built::new();
    for line in tree.lines() {
        let line = line.trim_end().trim_end_matches(" (*)");
        let mut words = line.split(' ').filter(|word| !word.starts_with('('));
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        let features = words.next().unwrap_or_default();
        // What it stands for is listed beside it.
        let features = features.split(',').filter(|feature| !feature.is_empty() && *feature != "default");
        built.entry(format!("{name} {version}")).or_default().insert(features.map(str::to_owned).collect());
    }
    built
}

/// What is on in tests only and not known to be harmless.
pub fn of_tests_only(released: &Built, tested: &Built) -> Vec<String> {
    let mut found = Vec::new();
    for (package, sets) in released {
        let Some(in_tests) = tested.get(package) else { continue };
        let name = package.split(' ').next().unwrap_or_default();
        let harmless = HARMLESS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, features)| features);
        for set in sets {
            let more = in_tests.iter().filter(|other| other.is_superset(set)).min_by_key(|other| other.len());
            let Some(more) = more else { continue };
            let extra: Vec<&str> =
                more.difference(set).map(String::as_str).filter(|feature| !harmless.contains(feature)).collect();
            if !extra.is_empty() {
                found.push(format!(
                    "{package}: {} in tests only; switch it on in [dependencies], or say in tests/tidy/features.rs why it \
                     changes nothing",
                    extra.join(", ")
                ));
            }
        }
    }
    found
}
