//! Decides whether a number is answered by itself: never in a loop with another machine, never without end.

use std::collections::VecDeque;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keywords;
use postrider_model::Timestamp;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Most answers a day that can be allowed; so many are kept in mind.
pub const DAY_MAX: u32 = 500;
/// Of a text so much is kept in mind, in characters.
const TEXT_MAX: usize = 100;

/// How often one number is answered by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In any hour, by all services and surveys together.
    pub hour: u32,
    /// In any day.
    pub day: u32,
    /// In any hour, by one service.
    pub service_hour: u32,
    /// From this one on, the same text within an hour is not answered.
    pub same: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { hour: 20, day: 60, service_hour: 5, same: 4 }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The number is one of ours.
    OwnNumber,
    /// The text is one that machines write.
    Machine,
    /// The text was sent long ago.
    Old,
    /// It is the same text for the so manieth time.
    Same(u32),
    /// The number had all its answers of an hour.
    Hour(u32),
    /// The number had all its answers of a day.
    Day(u32),
    /// The service answered this number as often as it may in an hour.
    Service(u32),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnNumber => f.write_str("the number is one of ours"),
            Self::Old => f.write_str("the text was sent more than an hour ago"),
            Self::Machine => f.write_str("the text looks like a machine's"),
            Self::Same(times) => write!(f, "the same text came {times} times within an hour"),
            Self::Hour(most) => write!(f, "it had {most} answers within an hour"),
            Self::Day(most) => write!(f, "it had {most} answers within a day"),
            Self::Service(most) => write!(f, "this service answered it {most} times within an hour"),
        }
    }
}

/// What is kept in mind of one number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// The answers of a day: when, and what answered.
    #[serde(default)]
    answers: VecDeque<(i64, String)>,
    /// The last text in its plain form.
    #[serde(default)]
    text: String,
    /// How often it came in a row.
    #[serde(default)]
    same: u32,
    /// When it came first.
    #[serde(default)]
    since: i64,
    /// When the number was last told that nobody is there.
    #[serde(default)]
    closed_at: Option<i64>,
}

impl Ledger {
    /// A text came.
    pub fn heard(&mut self, text: &str, now: Timestamp) {
        let text: String = keywords::form(text).chars().take(TEXT_MAX).collect();
        if text == self.text && now.since(Timestamp::from_millis(self.since)) < HOUR {
            self.same = self.same.saturating_add(1);
            return;
        }
        (self.text, self.same, self.since) = (text, 1, now.as_millis());
    }

    /// Whether the text that came last may be answered by a service.
    ///
    /// # Errors
    /// Why not.
    pub fn may_serve(&self, limits: Limits, service: &str, now: Timestamp) -> Result<(), Silence> {
        if self.same >= limits.same {
            return Err(Silence::Same(self.same));
        }
        let of_service = self.within(HOUR, now).filter(|(_, what)| what == service).count();
        if of_service >= usize_of(limits.service_hour) {
            return Err(Silence::Service(limits.service_hour));
        }
        self.may_answer(limits, now)
    }

    /// Whether anything may be answered. The same answer to several questions of a survey is no loop.
    ///
    /// # Errors
    /// Why not.
    pub fn may_answer(&self, limits: Limits, now: Timestamp) -> Result<(), Silence> {
        if self.within(HOUR, now).count() >= usize_of(limits.hour) {
            return Err(Silence::Hour(limits.hour));
        }
        if self.within(DAY, now).count() >= usize_of(limits.day.min(DAY_MAX)) {
            return Err(Silence::Day(limits.day.min(DAY_MAX)));
        }
        Ok(())
    }

    /// An answer was sent by `what`.
    pub fn answered(&mut self, what: &str, now: Timestamp) {
        self.answers.retain(|(at, _)| now.since(Timestamp::from_millis(*at)) < DAY);
        while self.answers.len() >= usize_of(DAY_MAX) {
            self.answers.pop_front();
        }
        self.answers.push_back((now.as_millis(), what.to_owned()));
    }

    /// Whether the number is to be told that nobody is there: once a day.
    pub fn tell_closed(&mut self, now: Timestamp) -> bool {
        let told = self.closed_at.is_some_and(|at| now.since(Timestamp::from_millis(at)) < DAY);
        if !told {
            self.closed_at = Some(now.as_millis());
        }
        !told
    }

    fn within(&self, span: Duration, now: Timestamp) -> impl Iterator<Item = &(i64, String)> {
        self.answers.iter().filter(move |(at, _)| now.since(Timestamp::from_millis(*at)) < span)
    }
}

fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Whether a text is one that machines write: "auto reply", "out of office".
pub fn is_of_a_machine(text: &str) -> bool {
    let text = keywords::form(text);
    let padded = format!(" {text} ");
    PHRASES.iter().any(|phrase| match phrase.is_ascii() {
        true => padded.contains(&format!(" {phrase} ")),
        false => text.replace(' ', "").contains(&phrase.replace(' ', "")),
    })
}

static PHRASES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let lines = include_str!("machine.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(keywords::form).filter(|phrase| !phrase.is_empty()).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(1_795_305_600_000 + second * 1_000)
    }

    #[test]
    fn a_number_has_so_many_answers_an_hour_and_a_day() {
        let limits = Limits { hour: 3, day: 5, service_hour: 9, same: 9 };
        let mut ledger = Ledger::default();
        for second in 0..3 {
            assert_eq!(ledger.may_answer(limits, at(second)), Ok(()));
            ledger.answered("survey", at(second));
        }
        assert_eq!(ledger.may_answer(limits, at(3_599)), Err(Silence::Hour(3)));
        for second in [3_600, 3_601] {
            assert_eq!(ledger.may_answer(limits, at(second)), Ok(()), "the hour slides");
            ledger.answered("survey", at(second));
        }
        assert_eq!(ledger.may_answer(limits, at(20_000)), Err(Silence::Day(5)));
        assert_eq!(ledger.may_answer(limits, at(86_401)), Ok(()));
    }

    #[test]
    fn one_service_answers_so_often_and_another_still_does() {
        let limits = Limits { service_hour: 2, ..Limits::default() };
        let mut ledger = Ledger::default();
        ledger.answered("info", at(0));
        ledger.answered("info", at(1));
        assert_eq!(ledger.may_serve(limits, "info", at(2)), Err(Silence::Service(2)));
        assert_eq!(ledger.may_serve(limits, "menu", at(2)), Ok(()));
    }

    #[test]
    fn the_same_text_is_answered_a_few_times_only() {
        let (limits, mut ledger) = (Limits { same: 3, ..Limits::default() }, Ledger::default());
        for (second, text) in [(0, "Info"), (1, "INFO!")] {
            ledger.heard(text, at(second));
            assert_eq!(ledger.may_serve(limits, "info", at(second)), Ok(()));
        }
        ledger.heard("info", at(2));
        assert_eq!(ledger.may_serve(limits, "info", at(2)), Err(Silence::Same(3)));
        assert_eq!(ledger.may_answer(limits, at(2)), Ok(()), "three times 5 to a survey is no loop");
        ledger.heard("info", at(3_700));
        assert_eq!(ledger.may_serve(limits, "info", at(3_700)), Ok(()), "an hour later");
    }

    #[test]
    fn nobody_is_there_is_told_once_a_day() {
        let mut ledger = Ledger::default();
        assert!(ledger.tell_closed(at(0)) && !ledger.tell_closed(at(86_399)) && ledger.tell_closed(at(86_400)));
    }

    #[test]
    fn texts_of_machines_are_known_in_several_languages() {
        for text in [
            "I am driving now. This is an AUTO-REPLY.",
            "Out of office until Monday",
            "자동 응답: 지금은 회의 중입니다",
            "ข้อความตอบกลับอัตโนมัติ",
            "これは自動返信です",
            "Réponse automatique : absent",
            "Automatische Antwort: im Urlaub",
        ] {
            assert!(is_of_a_machine(text), "{text}");
        }
        for text in ["Can you reply to me?", "INFO", "my car is automatic", "예"] {
            assert!(!is_of_a_machine(text), "{text}");
        }
    }

    #[test]
    fn what_is_kept_in_mind_has_a_bound() {
        let mut ledger = Ledger::default();
        for second in 0..2_000 {
            ledger.answered("a", at(second));
        }
        ledger.heard(&"x".repeat(5_000), at(0));
        assert!(ledger.answers.len() <= usize_of(DAY_MAX) && ledger.text.len() <= TEXT_MAX);
        let kept: Ledger = serde_json::from_str(&serde_json::to_string(&ledger).unwrap()).unwrap();
        assert_eq!(kept, ledger);
    }
}
