//! The demo's playbook: of a hundred customers three have gone quiet. Weeks pass in a moment; one follows a link, one
//! writes STOP, and one says nothing to the end.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::time::interval;

use super::api::Api;
use super::house::House;
use crate::campaign::law;
use crate::campaign::playbook::{Values, built_in, read};
use crate::cli::http1::Connection;
use crate::cli::out;
use crate::daemon::now;
use crate::model::{Timestamp, mask};
use crate::pipeline::playbook::{Wanted, install};
use crate::pipeline::{Settings, Turn};

/// The playbook.
const PLAYBOOK: &str = "win-back";
/// How many customers the shop has.
const CUSTOMERS: usize = 100;
/// Those who have gone quiet, and what each of them will do.
const QUIET: [(&str, &str); 3] =
    [("김민준", "follows the link"), ("이서연", "writes STOP"), ("박지훈", "says nothing")];
/// How long ago these three bought last. The playbook begins after thirty days.
const QUIET_DAYS: u64 = 29;
const DAY: Duration = Duration::from_secs(86_400);
/// How often the texts are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// What a phone's browser says of itself.
const BROWSER: &str = "Mozilla/5.0 (Linux; Android 15; SM-S931N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
                       Mobile Safari/537.36";

/// Plays it.
pub async fn show(house: &House, api: &mut Api) -> anyhow::Result<()> {
    out::gap()?;
    out::line(format_args!(
        "A playbook, with the clock put forward: {CUSTOMERS} customers, {} of whom bought nothing for {QUIET_DAYS} days.",
        QUIET.len()
    ))?;
    put_up(house).await?;
    bring_customers(api).await?;
    let mut texts = Texts::default();

    to_eleven(house, 1)?;
    out::line(format_args!("  Day {}, 11:00: the playbook \"{PLAYBOOK}\" asks what went wrong.", QUIET_DAYS + 1))?;
    texts.arrive(api, 3).await?;
    let link = texts.link_to(0).context("the first text has no link")?;
    let page = open(&link).await?;
    out::line(format_args!("  {} opens {link}: the page \"{page}\". That counts as active again.", QUIET[0].0))?;
    house.writes(&number(1), "수신거부")?;
    texts.arrive(api, 4).await?;
    out::line(format_args!("  {} wrote 수신거부 (STOP), got that one answer, and gets nothing more.", QUIET[1].0))?;

    for (days, what) in [(30, "a contest"), (30, "a coupon")] {
        others_buy(house, api, days).await?;
        out::line(format_args!("  {days} days later: {what}, for {} only.", QUIET[2].0))?;
        let count = texts.seen.len() + 1;
        texts.arrive(api, count).await?;
    }
    others_buy(house, api, 14).await?;
    until_withdrawn(api, &number(2)).await?;
    out::line(format_args!("  14 days later: {} followed no link in three texts and is left in peace.", QUIET[2].0))?;
    let last = texts.all(api).await?;
    ensure!(last.len() == texts.seen.len(), "there were further texts: {last:?}");
    out::line(format_args!("  The other {} customers, who bought in between, got no text.", CUSTOMERS - QUIET.len()))?;
    Ok(())
}

/// Installs the playbook, as `postrider playbook install win-back --activate` does.
async fn put_up(house: &House) -> anyhow::Result<()> {
    let file = built_in(PLAYBOOK).context("the playbook is not part of this program")?;
    let mut values = Values::default();
    values.set("shop_url=https://books.example/").map_err(anyhow::Error::msg)?;
    let said = |mistakes: Vec<_>| anyhow::anyhow!("the playbook is wrong: {mistakes:?}");
    let playbook = read(file.text, &values).map_err(said)?;
    house
        .store()
        .write(move |tx| {
            let settings = Settings::default();
            let text = file.text;
            let wanted =
                Wanted { playbook: &playbook, text, values: &values, language: "ko", replace: false, activate: true };
            install(&Turn::new(tx, &settings, now()), &wanted).map(drop)
        })
        .await?;
    house.put_clock_forward(Duration::ZERO);
    Ok(())
}

/// All customers with what they bought last.
async fn bring_customers(api: &mut Api) -> anyhow::Result<()> {
    let contacts: Vec<Value> = (0..CUSTOMERS)
        .map(|n| {
            let name = QUIET.get(n).map_or_else(|| format!("고객 {n}"), |(name, _)| (*name).to_owned());
            json!({"number": number(n), "name": name, "locale": "ko-KR"})
        })
        .collect();
    api.ask("POST", "/v1/contacts", Some(&Value::from(contacts).to_string()), 200).await?;
    let long_ago = now().minus(DAY * u32::try_from(QUIET_DAYS)?);
    let of = |n: usize| purchase(n, if n < QUIET.len() { long_ago } else { now() });
    let events: Vec<Value> = (0..CUSTOMERS).map(of).collect();
    api.ask("POST", "/v1/events", Some(&Value::from(events).to_string()), 200).await?;
    Ok(())
}

fn purchase(n: usize, at: Timestamp) -> Value {
    json!({"type": "purchase", "contact": number(n), "at": at.to_string(), "amount": 21_000, "currency": "KRW"})
}

/// Numbers in Korea that the delivering carrier takes.
fn number(n: usize) -> String {
    format!("+8210555077{n:02}")
}

/// Lets so many days pass, in which everybody else buys something.
async fn others_buy(house: &House, api: &mut Api, days: u64) -> anyhow::Result<()> {
    for part in [days / 2, days - days / 2] {
        to_eleven(house, part)?;
        let events: Vec<Value> = (QUIET.len()..CUSTOMERS).map(|n| purchase(n, now())).collect();
        api.ask("POST", "/v1/events", Some(&Value::from(events).to_string()), 200).await?;
    }
    Ok(())
}

/// Puts the clock forward by so many days, to eleven in the morning of the customers: never at night.
fn to_eleven(house: &House, days: u64) -> anyhow::Result<()> {
    let zone = law::zone("Asia/Seoul").context("Seoul has no time")?;
    let present = now();
    let day = present.to_jiff().to_zoned(zone).date().checked_add(jiff::Span::new().try_days(i64::try_from(days)?)?)?;
    // A text that was due at once would else wait for the morning after.
    let wanted = day.at(11, 0, 0, 0).in_tz("Asia/Seoul")?;
    let ahead = Timestamp::from(wanted.timestamp()).since(present);
    house.put_clock_forward(ahead.max(DAY * u32::try_from(days.saturating_sub(1))?));
    Ok(())
}

/// What arrived on the handsets of the three.
#[derive(Debug, Default)]
struct Texts {
    /// Ids, numbers and texts, the oldest first.
    seen: Vec<(String, String, String)>,
}

impl Texts {
    /// Waits until so many texts in all have arrived, and shows the new ones.
    async fn arrive(&mut self, api: &mut Api, count: usize) -> anyhow::Result<()> {
        let mut ticks = interval(LOOK);
        while self.seen.len() < count {
            ticks.tick().await;
            for (id, to, text) in self.all(api).await? {
                if !self.seen.iter().any(|(seen, ..)| *seen == id) {
                    let shown = text.replace('\n', " ");
                    out::line(format_args!("    {}  {shown}", mask(&to)))?;
                    self.seen.push((id, to, text));
                }
            }
        }
        Ok(())
    }

    /// All that was delivered to the three, the oldest first.
    async fn all(&self, api: &mut Api) -> anyhow::Result<Vec<(String, String, String)>> {
        let mut texts = Vec::new();
        for n in 0..QUIET.len() {
            let path = format!("/v1/messages?state=delivered&to=%2B{}", &number(n)[1..]);
            let page = api.ask("GET", &path, None, 200).await?;
            let messages = page.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
            texts.extend(messages.iter().map(|message| {
                let word = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                (word("id"), word("to"), word("text"))
            }));
        }
        texts.sort();
        Ok(texts)
    }

    /// The first link in the texts to one of the three.
    fn link_to(&self, n: usize) -> Option<String> {
        let text = self.seen.iter().find(|(_, to, _)| *to == number(n)).map(|(_, _, text)| text)?;
        text.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
    }
}

/// Opens a link as a phone's browser does; gives the title of the page.
async fn open(link: &str) -> anyhow::Result<String> {
    let (authority, path) = link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("no link")?;
    let place = authority.parse().map_err(anyhow::Error::msg)?;
    let request =
        format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {BROWSER}\r\nAccept: text/html\r\n\r\n");
    let answer = Connection::open(&place).await?.exchange(request.as_bytes()).await?;
    ensure!(answer.status == 200, "{link} was answered with {}", answer.status);
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    Ok(title.context("the page has no title")?.0.to_owned())
}

/// Waits until a number gets no marketing any more.
async fn until_withdrawn(api: &mut Api, number: &str) -> anyhow::Result<()> {
    let mut ticks = interval(LOOK);
    let path = format!("/v1/suppressions?number=%2B{}", &number[1..]);
    loop {
        ticks.tick().await;
        let page = api.ask("GET", &path, None, 200).await?;
        if page.get("suppressions").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty()) {
            return Ok(());
        }
    }
}
