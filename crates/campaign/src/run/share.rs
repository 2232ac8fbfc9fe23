//! Which variant a contact gets, or none: by a hash of campaign and contact, so that it is the same whenever it is asked.

use super::Run;
use postrider_model::Random;

/// What a contact is to a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// It gets nothing, and is measured all the same.
    Control,
    /// It gets this variant.
    Variant(&'a str),
}

/// Fractions are told in so many parts.
const PARTS: u64 = 1_000_000;

/// A number below [`PARTS`] for a contact; `salt` makes one choice independent of another.
fn draw(campaign: &str, contact: i64, salt: u64) -> u64 {
    // FNV-1a over the name: small, and the same in every version.
    let name = campaign
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut random = Random::new(name ^ contact.cast_unsigned().rotate_left(17) ^ salt);
    // Seeds that lie near each other give first numbers that do not.
    random.next_u64();
    random.below(PARTS)
}

impl Run {
    /// What the contact with this row id is to the campaign `name`.
    pub fn part_of(&self, name: &str, contact: i64) -> Part<'_> {
        if draw(name, contact, 0) < u64::from(self.control_percent) * PARTS / 100 {
            return Part::Control;
        }
        let all: u64 = self.variants.iter().map(|variant| u64::from(variant.share)).sum();
        let place = draw(name, contact, 0x5eed) * all.max(1) / PARTS;
        let mut end = 0;
        for variant in &self.variants {
            end += u64::from(variant.share);
            if place < end {
                return Part::Variant(&variant.name);
            }
        }
        // Only shares that are all zero lead here, and `check` refuses them.
        Part::Control
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run::Definition;

    fn run(shares: &[u8], control: u8) -> Run {
        let variants: Vec<_> = shares
            .iter()
            .enumerate()
            .map(|(n, share)| serde_json::json!({"name": format!("v{n}"), "template": "t", "share": share}))
            .collect();
        let value =
            serde_json::json!({"name": "sale", "to": {"list": "all"}, "variants": variants, "control": control});
        serde_json::from_value::<Definition>(value).unwrap().check().unwrap()
    }

    fn counts(run: &Run, name: &str) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::new();
        for contact in 1..=100_000 {
            let part = match run.part_of(name, contact) {
                Part::Control => "control",
                Part::Variant(name) => name,
            };
            *counts.entry(part.to_owned()).or_default() += 1;
        }
        counts
    }

    #[test]
    fn shares_come_out_as_they_are_written() {
        let counts = counts(&run(&[50, 30, 20], 10), "sale");
        for (part, expected) in [("control", 10_000), ("v0", 45_000), ("v1", 27_000), ("v2", 18_000)] {
            assert!((counts[part] - expected).abs() < 600, "{counts:?}");
        }
    }

    #[test]
    fn a_contact_keeps_its_part_and_another_campaign_draws_anew() {
        let run = run(&[50, 50], 20);
        let same = (1..2_000).filter(|contact| run.part_of("one", *contact) == run.part_of("two", *contact)).count();
        assert!((700..920).contains(&same), "{same} of 2000: 0.36 by chance");
        assert!((1..2_000).all(|contact| run.part_of("one", contact) == run.part_of("one", contact)));
    }
}
