//! The load generator: posts messages over several connections, with requests that are written once and patched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::figures::Latencies;
use crate::cli::http1::{Connection, Place, request};
use crate::cli::time;

/// Digits of a message's number, in the recipient as in the reference.
const DIGITS: usize = 8;

/// What is posted, and how.
#[derive(Debug, Clone)]
pub struct Load {
    /// The API.
    pub place: Place,
    /// The right to use it.
    pub token: String,
    /// How many connections post at once.
    pub connections: usize,
    /// Messages in a request; 1 posts them one by one.
    pub batch: usize,
    /// No message is posted after this.
    pub seconds_max: Option<u64>,
    /// No more messages than this are posted.
    pub messages_max: u64,
    /// How many are posted a second; as many as go through if absent.
    pub rate: Option<f64>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Posted {
    /// Messages that were accepted.
    pub messages: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each request took.
    pub latencies: Latencies,
}

/// When each message was posted, in nanoseconds from a common instant; by number.
pub type PostedAt = Arc<[AtomicU64]>;

struct Shared {
    load: Load,
    begun: Instant,
    next: AtomicU64,
    done: AtomicU64,
    posted_at: Option<PostedAt>,
}

impl Load {
    /// Posts, with a progress bar. `posted_at` notes when each message left.
    pub async fn run(&self, posted_at: Option<PostedAt>, what: &str) -> anyhow::Result<Posted> {
        let begun = time::instant();
        let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let shared = Arc::new(Shared { load: self.clone(), begun, next, done, posted_at });
        let mut tasks = JoinSet::new();
        for _ in 0..self.connections.max(1) {
            tasks.spawn(Arc::clone(&shared).post());
        }
        let bar = bar(what, self.messages_max.min(self.seconds_max.map_or(u64::MAX, |seconds| seconds * 10)));
        let watch = tokio::spawn(watch(Arc::clone(&shared), bar.clone()));
        let mut all = Posted::default();
        let result = loop {
            match tasks.join_next().await {
                Some(Ok(Ok(latencies))) => all.latencies.append(latencies),
                Some(Ok(Err(error))) => break Err(error),
                Some(Err(error)) => break Err(error.into()),
                None => break Ok(()),
            }
        };
        watch.abort();
        bar.finish_and_clear();
        all.elapsed = time::instant().saturating_duration_since(begun);
        all.messages = shared.done.load(Ordering::Relaxed);
        result.map(|()| all)
    }
}

impl Shared {
    /// One connection's work.
    async fn post(self: Arc<Self>) -> anyhow::Result<Latencies> {
        let Load { place, token, batch, seconds_max, messages_max, rate, .. } = &self.load;
        let batch = u64::try_from(*batch).unwrap_or(1).max(1);
        let deadline = seconds_max.map(|seconds| self.begun + Duration::from_secs(seconds));
        let mut connection = Connection::open(place).await?;
        let mut whole = Template::new(token, batch);
        let mut latencies = Latencies::default();
        loop {
            let first = self.next.fetch_add(batch, Ordering::Relaxed);
            if first >= *messages_max || deadline.is_some_and(|at| time::instant() >= at) {
                return Ok(latencies);
            }
            if let Some(rate) = rate {
                sleep_until((self.begun + Duration::from_secs_f64(to_f64(first) / rate)).into()).await;
            }
            let count = batch.min(messages_max - first);
            if count < batch {
                whole = Template::new(token, count);
            }
            whole.number(first);
            let left = time::instant();
            if let Some(posted_at) = &self.posted_at {
                let nanos = u64::try_from(left.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX);
                let places = usize::try_from(first).unwrap_or(usize::MAX);
                posted_at
                    .iter()
                    .skip(places)
                    .take(usize::try_from(count).unwrap_or(0))
                    .for_each(|at| at.store(nanos, Ordering::Relaxed));
            }
            let answer = connection.exchange(&whole.octets).await?;
            let said = || String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>();
            ensure!(answer.status == 202, "a post was answered with {}: {}", answer.status, said());
            latencies.add(time::instant().saturating_duration_since(left));
            self.done.fetch_add(count, Ordering::Relaxed);
        }
    }
}

fn to_f64(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A request whose messages can be renumbered in place.
struct Template {
    octets: Vec<u8>,
    /// Where the digits of each message's number stand.
    places: Vec<[usize; 2]>,
}

impl Template {
    fn new(token: &str, count: u64) -> Self {
        const MESSAGE: &str = "{\"to\":\"+8210########\",\"text\":\"Hello, your order is ready. We are open until 20:00. \
                               Bookshop\",\"reference\":\"########\"}";
        let messages: Vec<&str> = (0..count).map(|_| MESSAGE).collect();
        let body = if count == 1 { MESSAGE.to_owned() } else { format!("[{}]", messages.join(",")) };
        let octets = request("POST", "/v1/messages", token, Some(&body));
        let mut found = Vec::new();
        let mut place = octets.len() - body.len();
        while let Some(next) = octets[place..].iter().position(|&octet| octet == b'#') {
            found.push(place + next);
            place += next + DIGITS;
        }
        let places = found.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        Self { octets, places }
    }

    /// Gives the messages the numbers from `first` on.
    fn number(&mut self, first: u64) {
        for (number, places) in (first..).zip(&self.places) {
            let digits = format!("{:0DIGITS$}", number % 100_000_000);
            for &place in places {
                self.octets[place..place + DIGITS].copy_from_slice(digits.as_bytes());
            }
        }
    }
}

/// A bar on a terminal; nothing elsewhere.
pub fn bar(what: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template("{prefix} {bar:40.green/dim} {percent:>3} %  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(what.to_owned());
    bar
}

async fn watch(shared: Arc<Shared>, bar: ProgressBar) {
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        let done = shared.done.load(Ordering::Relaxed);
        let tenths =
            u64::try_from(time::instant().saturating_duration_since(shared.begun).as_millis() / 100).unwrap_or(0);
        bar.set_position(if shared.load.seconds_max.is_some() { tenths } else { done });
        bar.set_message(format!("{} accepted", super::rows::thousands(done)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_renumbered_in_place() {
        let mut template = Template::new("pr_x", 2);
        template.number(99_999_999);
        let text = String::from_utf8(template.octets.clone()).unwrap();
        assert!(text.contains("\"to\":\"+821099999999\"") && text.contains("\"reference\":\"00000000\""), "{text}");
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let messages: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(messages[1]["to"], "+821000000000");
        assert!(text.contains(&format!("content-length: {}\r\n", body.len())));
        assert!(
            serde_json::from_slice::<serde_json::Value>(
                Template::new("x", 1).octets.split(|&o| o == b'\n').next_back().unwrap()
            )
            .unwrap()
            .is_object()
        );
    }
}
