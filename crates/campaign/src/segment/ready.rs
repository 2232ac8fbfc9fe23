//! Segments that every shop needs, as data files beside this one.

use serde::Deserialize;
use serde_json::Value;

/// A segment that comes with the program.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Its name, for the API and the command line.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// Its conditions; a shop that wants other numbers defines a segment of its own from them.
    pub tree: Value,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        const FILES: &[&str] = &[$(include_str!(concat!("ready/", $name, ".json"))),*];
    };
}

files!(
    "new",
    "active",
    "inactive_30_days",
    "inactive_60_days",
    "inactive_90_days",
    "inactive_by_own_rhythm",
    "inactive_seldom",
    "inactive_never_bought",
    "at_risk",
    "lapsed",
    "vip",
    "high_value",
    "low_value",
    "points_never_used",
    "points_expiring",
    "next_tier_near",
    "cart_left",
    "viewed_not_bought",
    "birthday_soon",
    "bought_recently",
    "replenish",
    "no_click",
);

/// All of them.
pub fn all() -> impl Iterator<Item = Ready> {
    // A test reads every file, so that none is passed over here.
    FILES.iter().filter_map(|text| serde_json::from_str(text).ok())
}

/// The one of this name.
pub fn named(name: &str) -> Option<Ready> {
    all().find(|ready| ready.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_segment_under_its_own_name() {
        assert_eq!(all().count(), FILES.len());
        for text in FILES {
            let ready: Ready = serde_json::from_str(text).unwrap();
            super::super::read(&ready.tree).unwrap_or_else(|faults| panic!("{}: {faults:?}", ready.name));
            assert_eq!(named(&ready.name).as_ref(), Some(&ready));
            assert!(!ready.title.is_empty() && ready.about.ends_with('.'), "{}", ready.name);
        }
    }
}
