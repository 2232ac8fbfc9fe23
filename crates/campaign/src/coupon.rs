//! Coupons: what a pool gives out, what its codes look like, and whether a code can be redeemed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, short};
use postrider_model::{Random, Timestamp};

/// Letters and digits that nobody takes for each other when a code is read aloud or typed.
const LETTERS: &[u8] = b"ACDEFGHJKLMNPQRTUVWXY34679";
/// The longest code, and the longest prefix.
pub const CODE_MAX: usize = 40;
const PREFIX_MAX: usize = 12;
/// How many letters a generated code has after its prefix.
const LENGTH: (u8, u8) = (6, 16);
/// Days that a code may be valid for.
const DAYS_MAX: u32 = 3_650;

/// What a pool gives out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Whether codes are made when they are given out; else they are those that were put in.
    #[serde(default)]
    pub generated: bool,
    /// How generated codes begin.
    #[serde(default)]
    pub prefix: String,
    /// How many letters follow.
    #[serde(default = "length")]
    pub length: u8,
    /// How often a code may be redeemed; 0 for as often as the contact likes.
    #[serde(default = "once")]
    pub uses_max: u32,
    /// For how many hours a code is valid after it was given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_hours: Option<u32>,
    /// Until when all codes are valid: RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

const fn length() -> u8 {
    8
}

const fn once() -> u32 {
    1
}

impl Pool {
    /// Checks all of it.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |place: &str, detail: String| faults.push(Fault::new(place, "wrong_value", detail));
        if self.prefix.len() > PREFIX_MAX
            || normal(&self.prefix).as_deref() != Some(&self.prefix) && !self.prefix.is_empty()
        {
            fault("/prefix", format!("a prefix has at most {PREFIX_MAX} capital letters, digits and -"));
        }
        if !(LENGTH.0..=LENGTH.1).contains(&self.length) {
            fault("/length", format!("a code has {} to {} letters after its prefix", LENGTH.0, LENGTH.1));
        }
        if self.valid_hours.is_some_and(|hours| hours == 0 || hours > DAYS_MAX * 24) {
            fault("/valid_hours", format!("a code is valid for 1 hour to {DAYS_MAX} days"));
        }
        if self.valid_until.as_deref().is_some_and(|text| text.parse::<Timestamp>().is_err()) {
            fault("/valid_until", "this is an instant like 2026-12-31T23:59:59+09:00".to_owned());
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Until when a code that is given out now is valid.
    pub fn valid_until(&self, now: Timestamp) -> Option<Timestamp> {
        let by_pool = self.valid_until.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        let by_hours = self.valid_hours.map(|hours| now.plus(Duration::from_secs(u64::from(hours) * 3_600)));
        by_pool.into_iter().chain(by_hours).min()
    }

    /// A new code.
    pub fn code(&self, random: &mut Random) -> String {
        let mut code = self.prefix.clone();
        for _ in 0..self.length {
            let place = usize::try_from(random.below(LETTERS.len() as u64)).unwrap_or(0);
            code.push(char::from(LETTERS[place]));
        }
        code
    }
}

/// A code as it is compared: without blanks, in capital letters. `None` if it is none.
pub fn normal(text: &str) -> Option<String> {
    let code: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let good =
        (1..=CODE_MAX).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    good.then_some(code)
}

/// A code of a list that somebody put in.
///
/// # Errors
/// Says what codes are made of.
pub fn read_code(text: &str) -> Result<String, Fault> {
    let detail = || format!("\"{}\" is no code: letters, digits and -, at most {CODE_MAX}", short(text));
    normal(text).ok_or_else(|| Fault::new("", "wrong_code", detail()))
}

/// What is known of a code that somebody wants to redeem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether somebody has it.
    pub issued: bool,
    /// Until when it is valid.
    pub valid_until: Option<Timestamp>,
    /// How often it was redeemed.
    pub uses: u32,
    /// How often it may be; 0 for any number.
    pub uses_max: u32,
}

/// Why a code cannot be redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unredeemable {
    /// Nobody has it.
    #[error("the code was not given out")]
    NotIssued,
    /// Its time is over.
    #[error("the code was valid until {0}")]
    Expired(Timestamp),
    /// It was redeemed as often as it may be.
    #[error("the code was redeemed already")]
    Used,
}

impl Standing {
    /// Whether the code can be redeemed at `now`.
    ///
    /// # Errors
    /// Why not.
    pub fn redeemable(&self, now: Timestamp) -> Result<(), Unredeemable> {
        match self.valid_until {
            _ if !self.issued => Err(Unredeemable::NotIssued),
            Some(until) if now > until => Err(Unredeemable::Expired(until)),
            _ if self.uses_max > 0 && self.uses >= self.uses_max => Err(Unredeemable::Used),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(json: &str) -> Pool {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn codes_are_easy_to_read_and_do_not_repeat() {
        let pool = pool(r#"{"generated": true, "prefix": "SPR-", "length": 8}"#);
        pool.check().unwrap();
        let mut random = Random::new(7);
        let codes: std::collections::BTreeSet<_> = (0..10_000).map(|_| pool.code(&mut random)).collect();
        assert_eq!(codes.len(), 10_000);
        assert!(
            codes.iter().all(|code| code.len() == 12 && !code[4..].contains(['O', '0', 'I', '1', 'B', '8', 'S', '5']))
        );
        assert_eq!(normal(" spr-ac de\n"), Some("SPR-ACDE".to_owned()));
        assert!(read_code("a_b").is_err() && read_code("").is_err() && read_code(&"A".repeat(41)).is_err());
    }

    #[test]
    fn a_pool_with_mistakes_names_them_all() {
        let faults =
            pool(r#"{"prefix": "spring", "length": 2, "valid_hours": 0, "valid_until": "soon"}"#).check().unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/prefix", "/length", "/valid_hours", "/valid_until"]);
    }

    #[test]
    fn a_code_is_redeemed_in_time_and_as_often_as_it_may() {
        let now = Timestamp::from_millis(1_795_305_600_000);
        let day = pool(r#"{"valid_hours": 24}"#).valid_until(now);
        assert_eq!(day, Some(now.plus(Duration::from_secs(86_400))));
        assert_eq!(
            pool(r#"{"valid_hours": 24, "valid_until": "2026-11-22T01:00:00Z"}"#).valid_until(now),
            Some(now.plus(Duration::from_secs(3_600)))
        );
        let fresh = Standing { issued: true, valid_until: day, uses: 0, uses_max: 1 };
        assert_eq!(fresh.redeemable(now), Ok(()));
        assert_eq!(Standing { uses: 1, ..fresh }.redeemable(now), Err(Unredeemable::Used));
        assert_eq!(Standing { uses: 9, uses_max: 0, ..fresh }.redeemable(now), Ok(()));
        assert_eq!(Standing { issued: false, ..fresh }.redeemable(now), Err(Unredeemable::NotIssued));
        let late = now.plus(Duration::from_secs(86_401));
        assert!(matches!(fresh.redeemable(late), Err(Unredeemable::Expired(_))));
    }
}
