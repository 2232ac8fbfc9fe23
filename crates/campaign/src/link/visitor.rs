//! Tells people from previews and robots, by what a request says of itself.

use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use postrider_model::Timestamp;

/// Requests of one visitor within this time are one visit: browsers load again, people go back and forth.
const VISIT: Duration = Duration::from_secs(30 * 60);

/// What a request says of who sends it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signs<'a> {
    /// Whether only the head is asked for. No browser does that when a person follows a link.
    pub is_head: bool,
    /// `User-Agent`.
    pub agent: Option<&'a str>,
    /// `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz`: the browser fetches what nobody looks at yet.
    pub purpose: Option<&'a str>,
}

/// Who follows a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// A person, as far as one can tell.
    Person,
    /// A browser that fetches before anybody asked it to. If somebody looks, it asks again.
    Prefetch,
    /// A preview, a search engine, a scanner, a program: its name.
    Machine(&'static str),
}

impl Visitor {
    /// Who it is.
    pub fn of(signs: Signs<'_>) -> Self {
        let agent = signs.agent.unwrap_or_default().to_ascii_lowercase();
        if let Some(robot) = ROBOTS.iter().find(|robot| robot.is(&agent)) {
            return Self::Machine(&robot.name);
        }
        let purpose = signs.purpose.unwrap_or_default().to_ascii_lowercase();
        if ["prefetch", "prerender", "preview", "instant"].iter().any(|word| purpose.contains(word)) {
            return Self::Prefetch;
        }
        match signs.is_head {
            true => Self::Machine("head request"),
            false if agent.trim().is_empty() => Self::Machine("without a name"),
            false => Self::Person,
        }
    }
}

/// Whether a request at `now` belongs to the visit that was counted at `before`.
pub fn same_visit(before: Timestamp, now: Timestamp) -> bool {
    now < before.plus(VISIT)
}

/// A row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Robot {
    /// What it is called in reports.
    name: String,
    /// What its `User-Agent` has in it, in small letters; one of them is enough.
    has: Vec<String>,
    /// What it has in it if it is something else after all.
    #[serde(default)]
    but_not: Vec<String>,
    /// Who says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the table, and checked by a test"))]
    source: String,
    /// When it was looked up.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the table, and checked by a test"))]
    date: String,
}

impl Robot {
    fn is(&self, agent: &str) -> bool {
        let has = |words: &[String]| words.iter().any(|word| agent.contains(word.as_str()));
        has(&self.has) && !has(&self.but_not)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    robot: Vec<Robot>,
}

const TABLE: &str = include_str!("robots.toml");

static ROBOTS: LazyLock<Vec<Robot>> =
    LazyLock::new(|| toml::from_str::<Table>(TABLE).map(|table| table.robot).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;

    fn of(agent: &str) -> Visitor {
        Visitor::of(Signs { agent: Some(agent), ..Signs::default() })
    }

    #[test]
    fn the_table_is_whole() {
        let table: Table = toml::from_str(TABLE).unwrap();
        assert!(table.robot.len() >= 30, "{}", table.robot.len());
        for robot in &table.robot {
            let dated = robot.date.parse::<jiff::civil::Date>().is_ok() && !robot.source.is_empty();
            assert!(dated && !robot.has.is_empty(), "{robot:?}");
            let words = robot.has.iter().chain(&robot.but_not);
            assert!(words.clone().all(|word| word.len() >= 3 && *word == word.to_ascii_lowercase()), "{robot:?}");
        }
    }

    #[test]
    fn people_are_people_also_within_messengers() {
        for agent in [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36;KAKAOTALK 2610830",
            "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36 Line/14.18.0/IAB",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 [FBAN/FBIOS;FBAV/467.0]",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 NAVER(inapp; search; 2000; 12.8.5)",
            "Mozilla/5.0 (Linux; U; Android 9; CUBOT_NOTE_S) AppleWebKit/537.36 Chrome/110.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-A155F) AppleWebKit/537.36 SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
            "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1/191.273; U; th) Presto/2.12 Version/12.16",
        ] {
            assert_eq!(of(agent), Visitor::Person, "{agent}");
        }
    }

    #[test]
    fn previews_search_engines_and_scanners_are_none() {
        for (agent, name) in [
            ("WhatsApp/2.24.20.89 A", "WhatsApp preview"),
            ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Facebook preview"),
            (
                "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
                "KakaoTalk preview",
            ),
            ("facebookexternalhit/1.1;line-poker/1.0", "LINE preview"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
                "iMessage preview",
            ),
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slack preview"),
            ("TelegramBot (like TwitterBot)", "Telegram preview"),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Google"),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0",
                "Bing",
            ),
            ("Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)", "Naver"),
            ("curl/8.5.0", "a program"),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/130.0.0.0 Safari/537.36",
                "a program",
            ),
            ("Some-New-Crawler/0.1", "another robot"),
            ("", "without a name"),
        ] {
            assert_eq!(of(agent), Visitor::Machine(name), "{agent}");
        }
    }

    #[test]
    fn what_nobody_looks_at_yet_counts_for_nobody() {
        let phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36";
        let with = |purpose| Visitor::of(Signs { agent: Some(phone), purpose, is_head: false });
        assert_eq!(with(Some("prefetch;prerender")), Visitor::Prefetch);
        assert_eq!(with(Some("preview")), Visitor::Prefetch);
        assert_eq!(with(None), Visitor::Person);
        let head = Visitor::of(Signs { agent: Some(phone), purpose: None, is_head: true });
        assert_eq!(head, Visitor::Machine("head request"));
    }

    #[test]
    fn a_visit_lasts_half_an_hour() {
        let before = Timestamp::from_millis(1_795_305_600_000);
        let later = |minutes: u64| before.plus(Duration::from_secs(minutes * 60));
        assert!(same_visit(before, later(29)) && !same_visit(before, later(30)));
    }
}
