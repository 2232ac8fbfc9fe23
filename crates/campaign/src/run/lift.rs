//! What the held-out contacts tell of a campaign's effect: how much more those bought who were chosen to get a text, and
//! whether that can be chance.
//!
//! All who were chosen are compared with all who were held out, also those whose text was blocked, skipped or lost: leaving
//! them out would compare the reachable with everybody.

use serde::Serialize;

/// Below so many buyers, or others, in either group nothing can be told.
const LEAST: u64 = 5;
/// The width of an interval that holds in 95 of 100 cases.
const NORMAL_95: f64 = 1.96;

/// What was counted of one group.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Group {
    /// How many contacts.
    pub contacts: u64,
    /// How many of them bought.
    pub buyers: u64,
    /// What they spent.
    pub revenue: f64,
    /// The sum of the squares of what each spent.
    pub squares: f64,
}

impl Group {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            contacts: self.contacts + other.contacts,
            buyers: self.buyers + other.buyers,
            revenue: self.revenue + other.revenue,
            squares: self.squares + other.squares,
        }
    }

    /// Counts one who spent this.
    pub fn add_buyer(&mut self, spent: f64) {
        self.buyers += 1;
        self.revenue += spent;
        self.squares += spent * spent;
    }

    fn rate(self) -> f64 {
        ratio(count(self.buyers), count(self.contacts))
    }

    fn mean(self) -> f64 {
        ratio(self.revenue, count(self.contacts))
    }

    /// The variance of the mean.
    fn doubt(self) -> f64 {
        let n = count(self.contacts);
        let variance = (self.squares - n * self.mean().powi(2)) / (n - 1.0);
        if n > 1.0 { (variance / n).max(0.0) } else { f64::INFINITY }
    }
}

#[expect(clippy::cast_precision_loss, reason = "contacts are far fewer than 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}

fn ratio(part: f64, all: f64) -> f64 {
    if all > 0.0 { part / all } else { 0.0 }
}

/// How a group that got a text compares with the one that did not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lift {
    /// Contacts that were chosen to get a text.
    pub contacts: u64,
    /// Of them, how many bought.
    pub buyers: u64,
    /// Contacts that were held out.
    pub control_contacts: u64,
    /// Of them, how many bought.
    pub control_buyers: u64,
    /// Buyers in a hundred.
    pub rate_percent: f64,
    /// Buyers in a hundred of those held out.
    pub control_rate_percent: f64,
    /// Buyers in a hundred more than without the campaign.
    pub difference_percent: f64,
    /// Between these two in 95 of 100 cases.
    pub difference_between: [f64; 2],
    /// Revenue that would not have come without the campaign, as far as can be told.
    pub revenue: f64,
    /// Between these two in 95 of 100 cases.
    pub revenue_between: [f64; 2],
    /// Whether the difference in buyers is more than chance explains in 95 of 100 cases.
    pub certain: bool,
    /// The same in a sentence.
    pub verdict: String,
}

/// Compares a group with the control group; `None` without a control group.
pub fn compare(sent: Group, control: Group) -> Option<Lift> {
    if sent.contacts == 0 || control.contacts == 0 {
        return None;
    }
    let spread = |group: Group| group.rate() * (1.0 - group.rate()) / count(group.contacts);
    let difference = sent.rate() - control.rate();
    let margin = NORMAL_95 * (spread(sent) + spread(control)).sqrt();
    let most = count(sent.contacts);
    let revenue = (sent.mean() - control.mean()) * most;
    let doubt = NORMAL_95 * (sent.doubt() + control.doubt()).sqrt() * most;
    let too_small = [sent, control]
        .into_iter()
        .any(|group| group.buyers < LEAST || group.contacts.saturating_sub(group.buyers) < LEAST);
    let certain = !too_small && difference.abs() > margin;
    let verdict = match (too_small, certain) {
        (true, _) => format!(
            "too few to tell: {} of {} bought, and {} of {} held out; at least {LEAST} of each are needed",
            sent.buyers, sent.contacts, control.buyers, control.contacts
        ),
        (false, false) => "the groups are too small, or too alike, to tell the difference from chance".to_owned(),
        (false, true) if difference > 0.0 => "more bought than without the campaign, and it is not chance".to_owned(),
        (false, true) => "fewer bought than without the campaign, and it is not chance".to_owned(),
    };
    let percent = |share: f64| rounded(share * 100.0);
    Some(Lift {
        contacts: sent.contacts,
        buyers: sent.buyers,
        control_contacts: control.contacts,
        control_buyers: control.buyers,
        rate_percent: percent(sent.rate()),
        control_rate_percent: percent(control.rate()),
        difference_percent: percent(difference),
        difference_between: [percent(difference - margin), percent(difference + margin)],
        revenue: rounded(revenue),
        revenue_between: [rounded(revenue - doubt), rounded(revenue + doubt)],
        certain,
        verdict,
    })
}

fn rounded(number: f64) -> f64 {
    if number.is_finite() { (number * 100.0).round() / 100.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(contacts: u64, buyers: u64, each: f64) -> Group {
        let mut group = Group { contacts, ..Group::default() };
        (0..buyers).for_each(|_| group.add_buyer(each));
        group
    }

    #[test]
    fn a_large_difference_between_large_groups_is_certain() {
        let lift = compare(group(9_000, 540, 30.0), group(1_000, 30, 30.0)).unwrap();
        assert!(lift.certain && lift.verdict.starts_with("more bought"), "{lift:?}");
        assert_eq!((lift.rate_percent, lift.control_rate_percent, lift.difference_percent), (6.0, 3.0, 3.0));
        assert!((lift.revenue - 8_100.0).abs() < 0.01 && lift.revenue_between[0] > 0.0, "{lift:?}");
    }

    #[test]
    fn small_groups_tell_nothing_and_the_report_says_so() {
        let lift = compare(group(90, 6, 30.0), group(10, 0, 0.0)).unwrap();
        assert!(!lift.certain && lift.verdict.starts_with("too few to tell: 6 of 90"), "{lift:?}");
        let alike = compare(group(900, 60, 30.0), group(100, 6, 30.0)).unwrap();
        assert!(!alike.certain && alike.verdict.contains("chance"), "{alike:?}");
        assert_eq!(compare(group(10, 1, 1.0), Group::default()), None);
    }
}
