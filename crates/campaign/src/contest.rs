//! Contests: whether an entry counts, and a draw that anybody can repeat.
//!
//! A draw follows from the seed and the list of tickets alone. The seed is made before the first entry, and its SHA-256 is
//! shown from then on, so nobody can choose it by its outcome; it may also be given from outside, like the numbers of a
//! public lottery. The list's own hash goes into it: a ticket that is added or taken away changes all places.
//!
//! ```text
//! list  = SHA-256 of all tickets in ascending order, each followed by a line feed
//! place = SHA-256 of "SEED\nLIST\nTICKET", as hexadecimal digits; the smallest places win
//! ```

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::attribute;
use super::fault::{Fault, short};
use super::label::{check_name, check_texts};
use super::texts::Texts;
use postrider_model::Timestamp;

/// Most winners of one draw.
pub const WINNERS_MAX: u32 = 1_000;

/// A contest as it is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contest {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "is_none")]
    pub title: Texts,
    /// From when on it can be entered: a day or an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// Until when: the end of a day, or an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<String>,
    /// How many win.
    #[serde(default = "one")]
    pub winners: u32,
    /// What is answered to an entry.
    #[serde(default, skip_serializing_if = "is_none")]
    pub confirm: Texts,
    /// What is answered to who is in already.
    #[serde(default, skip_serializing_if = "is_none")]
    pub again: Texts,
    /// What is answered before it opens and after it has closed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub closed: Texts,
}

fn is_none(texts: &Texts) -> bool {
    texts.0.is_empty()
}

const fn one() -> u32 {
    1
}

/// Where a contest stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It cannot be entered yet.
    Early,
    /// It can be entered.
    Open,
    /// It cannot be entered any more.
    Over,
}

impl Phase {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Open => "open",
            Self::Over => "over",
        }
    }
}

impl Contest {
    /// Checks all of it.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        if !self.name.is_empty() {
            check_name("/name", &self.name, &mut faults);
        }
        for (place, text) in [("/opens", &self.opens), ("/closes", &self.closes)] {
            if let Some(text) = text
                && moment(text, &TimeZone::UTC, false).is_none()
            {
                let detail =
                    format!("\"{}\" is neither a day like 2026-11-22 nor an instant with its offset", short(text));
                faults.push(Fault::new(place, "wrong_time", detail));
            }
        }
        if let (Some(opens), Some(closes)) = self.times(&TimeZone::UTC)
            && opens >= closes
        {
            faults.push(Fault::new("/closes", "out_of_range", "it closes before it opens"));
        }
        if !(1..=WINNERS_MAX).contains(&self.winners) {
            faults.push(Fault::new("/winners", "out_of_range", format!("1 to {WINNERS_MAX} can win")));
        }
        for (place, texts) in
            [("/title", &self.title), ("/confirm", &self.confirm), ("/again", &self.again), ("/closed", &self.closed)]
        {
            if !is_none(texts) {
                check_texts(place, texts, &mut faults);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn times(&self, zone: &TimeZone) -> (Option<Timestamp>, Option<Timestamp>) {
        let read = |text: &Option<String>, end| text.as_deref().and_then(|text| moment(text, zone, end));
        (read(&self.opens, false), read(&self.closes, true))
    }

    /// Where it stands at `now`; days are those of the shop's `zone`.
    pub fn phase(&self, zone: &TimeZone, now: Timestamp) -> Phase {
        let (opens, closes) = self.times(zone);
        if closes.is_some_and(|closes| now >= closes) {
            return Phase::Over;
        }
        if opens.is_some_and(|opens| now < opens) { Phase::Early } else { Phase::Open }
    }
}

/// A day's beginning or end, or an instant.
fn moment(text: &str, zone: &TimeZone, end: bool) -> Option<Timestamp> {
    let Some(day) = attribute::day(text) else { return text.parse().ok() };
    let day = if end { day.tomorrow().ok()? } else { day };
    Some(Timestamp::from(day.to_zoned(zone.clone()).ok()?.timestamp()))
}

/// The SHA-256 of the seed's text, as hexadecimal digits: what is shown before a draw.
pub fn commitment(seed: &str) -> String {
    hex(&Sha256::digest(seed.as_bytes()))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The hash of a list of tickets, which come in ascending order.
#[derive(Debug, Clone, Default)]
pub struct ListHash {
    digest: Sha256,
    count: u64,
}

impl ListHash {
    /// The next ticket.
    pub fn add(&mut self, ticket: &str) {
        self.digest.update(ticket.as_bytes());
        self.digest.update(b"\n");
        self.count = self.count.saturating_add(1);
    }

    /// The hash, and how many tickets there were.
    pub fn finish(self) -> (String, u64) {
        (hex(&self.digest.finalize()), self.count)
    }
}

/// Keeps the winners while the tickets pass by, in any order and number.
#[derive(Debug)]
pub struct Draw {
    head: String,
    winners: usize,
    best: BTreeSet<(String, String)>,
}

impl Draw {
    /// A draw of so many winners.
    pub fn new(seed: &str, list: &str, winners: u32) -> Self {
        let winners = usize::try_from(winners.min(WINNERS_MAX)).unwrap_or(0);
        Self { head: format!("{seed}\n{list}\n"), winners, best: BTreeSet::new() }
    }

    /// A ticket.
    pub fn add(&mut self, ticket: &str) {
        let place = hex(&Sha256::digest(format!("{}{ticket}", self.head).as_bytes()));
        self.best.insert((place, ticket.to_owned()));
        if self.best.len() > self.winners {
            self.best.pop_last();
        }
    }

    /// The tickets that win, the first prize first.
    pub fn finish(self) -> Vec<String> {
        self.best.into_iter().map(|(_, ticket)| ticket).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contest(json: &str) -> Contest {
        serde_json::from_str(json).unwrap()
    }

    fn drawn(tickets: &[&str], seed: &str, winners: u32) -> (String, Vec<String>) {
        let mut list = ListHash::default();
        tickets.iter().for_each(|ticket| list.add(ticket));
        let (list, _) = list.finish();
        let mut draw = Draw::new(seed, &list, winners);
        tickets.iter().rev().for_each(|ticket| draw.add(ticket));
        (list, draw.finish())
    }

    #[test]
    fn a_draw_can_be_repeated_with_nothing_but_sha256() {
        // printf '%s\n' 01 02 03 04 | sha256sum
        let (list, winners) = drawn(&["01", "02", "03", "04"], "seed", 2);
        assert_eq!(list, "ed36ff2a11ef0605fbcd72e89139ea87bf7a5fa8f8841daeb1858bc87b106d7a");
        let mut places: Vec<(String, &str)> =
            ["01", "02", "03", "04"].map(|ticket| (commitment(&format!("seed\n{list}\n{ticket}")), ticket)).to_vec();
        places.sort();
        assert_eq!(winners, [places[0].1, places[1].1]);
    }

    #[test]
    fn another_seed_or_another_list_is_another_draw() {
        let tickets: Vec<String> = (0..1_000).map(|n| format!("{n:04}")).collect();
        let all: Vec<&str> = tickets.iter().map(String::as_str).collect();
        let first = drawn(&all, "a", 10).1;
        assert_eq!(first, drawn(&all, "a", 10).1);
        assert_ne!(first, drawn(&all, "b", 10).1);
        assert_ne!(first, drawn(&all[..999], "a", 10).1);
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 10);
        assert_eq!(drawn(&all[..3], "a", 10).1.len(), 3, "fewer entries than prizes");
    }

    #[test]
    fn every_ticket_wins_about_as_often() {
        let all: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut wins = [0_u32; 10];
        for seed in 0..2_000 {
            let winner: usize = drawn(&all, &seed.to_string(), 1).1[0].parse().unwrap();
            wins[winner] += 1;
        }
        assert!(wins.iter().all(|wins| (140..260).contains(wins)), "{wins:?}");
    }

    #[test]
    fn days_are_those_of_the_shop_and_the_last_one_counts_whole() {
        let contest = contest(r#"{"opens": "2026-11-20", "closes": "2026-11-22"}"#);
        let zone = crate::law::zone("Asia/Seoul").unwrap();
        let at = |text: &str| contest.phase(&zone, text.parse().unwrap());
        assert_eq!(at("2026-11-19T23:59:59+09:00"), Phase::Early);
        assert_eq!(at("2026-11-20T00:00:00+09:00"), Phase::Open);
        assert_eq!(at("2026-11-22T23:59:59+09:00"), Phase::Open);
        assert_eq!(at("2026-11-23T00:00:00+09:00"), Phase::Over);
        assert_eq!(super::tests::contest("{}").phase(&zone, Timestamp::default()), Phase::Open);
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = contest(
            r#"{"name": "A", "opens": "soon", "winners": 0, "confirm": {"en": "{{ x }}"}, "closes": "2026-11-22T10:00:00Z"}"#,
        );
        let places: Vec<_> = wrong.check().unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(places, ["/name", "/opens", "/winners", "/confirm/en"]);
        assert!(contest(r#"{"opens": "2026-11-22", "closes": "2026-11-21"}"#).check().is_err());
        assert!(contest(r#"{"opens": "2026-11-22", "closes": "2026-11-22"}"#).check().is_ok());
    }
}
