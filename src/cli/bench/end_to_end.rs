//! From the post to the signed callback: accepted, sent to a simulated carrier, its receipt matched, called back.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use super::figures::{Latencies, a_second};
use super::load::{self, Load, PostedAt};
use super::rig::{ACCOUNT, Peers, Rig};
use super::rows;
use crate::callback::{Signer, format_secret};
use crate::cli::receiver::{self, Post};
use crate::cli::time;
use crate::daemon::now;
use crate::sim::{CarrierServer, CarrierSettings, Keep, ServerSettings};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The window of the link: submits that may wait for their answer
    #[arg(long, default_value_t = 50)]
    pub window: usize,
    /// How many messages
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=1_900_000))]
    pub messages: u64,
    /// Messages in a request
    #[arg(long, default_value_t = 100)]
    pub batch: usize,
    /// Connections that post at once
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    /// Post so many a second instead of as many as go through, to see the time that each takes
    #[arg(long)]
    pub rate: Option<f64>,
}

impl Default for Args {
    fn default() -> Self {
        Self { window: 50, messages: 100_000, batch: 100, connections: 4, rate: None }
    }
}

/// Slower than this is not slow but stuck.
const MESSAGES_PER_SECOND_MIN: u64 = 200;

/// What came back.
struct Arrivals {
    signer: Signer,
    /// When each message was called back, in nanoseconds from `begun`; 0 is not yet.
    back_at: Vec<AtomicU64>,
    begun: Instant,
    forged: AtomicU64,
    odd: AtomicU64,
    count: watch::Sender<u64>,
}

pub async fn run(args: &Args, dir: &Path) -> anyhow::Result<()> {
    let carrier = CarrierServer::listen(loopback(), carrier()).await?;
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    let secret = format_secret(&key);
    let listener = TcpListener::bind(loopback()).await?;
    let peers = Peers {
        carrier: carrier.address(),
        window: args.window,
        callbacks: Some((listener.local_addr()?, secret.clone())),
        modems: Vec::new(),
    };
    let mut rig = Rig::new(dir, &peers)?;
    rig.start().await?;
    timeout(Duration::from_secs(30), carrier.until(|carrier| carrier.bound_connections() > 0))
        .await
        .context("the daemon did not bind to the carrier")?;

    let places = usize::try_from(args.messages).context("too many messages")?;
    let numbers = |_| AtomicU64::new(0);
    let posted_at: PostedAt = (0..places).map(numbers).collect();
    let (count, counted) = watch::channel(0);
    let arrivals = Arc::new(Arrivals {
        signer: Signer::new(&secret)?,
        back_at: (0..places).map(numbers).collect(),
        begun: time::instant(),
        forged: AtomicU64::new(0),
        odd: AtomicU64::new(0),
        count,
    });
    let judge = {
        let arrivals = Arc::clone(&arrivals);
        move |post: Post<'_>| arrivals.take(post)
    };
    tokio::spawn(receiver::serve(listener, judge));

    let elapsed = drive(args, &rig, Arc::clone(&posted_at), counted).await?;
    let taken = carrier.with(|carrier, _| carrier.ledger().counts.taken);
    rig.stop().await?;
    carrier.stop().await;
    ensure!(arrivals.forged.load(Ordering::Relaxed) == 0, "callbacks came whose signature is wrong");
    ensure!(arrivals.odd.load(Ordering::Relaxed) == 0, "callbacks came that were not of delivered messages");
    ensure!(taken == args.messages, "the carrier took {taken} messages, not {}", args.messages);

    let mut latencies = Latencies::default();
    for (posted, back) in posted_at.iter().zip(&arrivals.back_at) {
        let nanos = back.load(Ordering::Relaxed).saturating_sub(posted.load(Ordering::Relaxed));
        latencies.add(Duration::from_nanos(nanos));
    }
    let measured = format!("{}; post to callback: {}", a_second(args.messages, elapsed), latencies.words());
    let Args { window, messages, batch, connections, rate } = args;
    let paced = rate.map_or_else(String::new, |rate| format!(" --rate {rate}"));
    let figure =
        format!("end to end with receipts and callbacks, window {window}, {} messages", rows::thousands(*messages));
    let command = format!(
        "end-to-end --window {window} --messages {messages} --batch {batch} --connections {connections}{paced}"
    );
    rows::row(&figure, &measured, &command)?;
    Ok(())
}

/// Posts everything and waits for the last callback; gives the time from the first post to then.
async fn drive(
    args: &Args,
    rig: &Rig,
    posted_at: PostedAt,
    mut counted: watch::Receiver<u64>,
) -> anyhow::Result<Duration> {
    let load = Load {
        place: rig.place.clone(),
        token: rig.token.clone(),
        connections: args.connections,
        batch: args.batch,
        seconds_max: None,
        messages_max: args.messages,
        rate: args.rate,
    };
    let begun = time::instant();
    let slowest = args.messages / MESSAGES_PER_SECOND_MIN + 60;
    let bar = load::bar("called back", args.messages);
    let all = async {
        load.run(Some(posted_at), "post").await?;
        while *counted.borrow_and_update() < args.messages {
            bar.set_position(*counted.borrow());
            counted.changed().await?;
        }
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(slowest), all).await.context("the callbacks did not all come in time")??;
    bar.finish_and_clear();
    Ok(time::instant().saturating_duration_since(begun))
}

impl Arrivals {
    fn take(&self, post: Post<'_>) -> bool {
        if !post.verify(&self.signer, now()) {
            self.forged.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let place = reference(post.body).filter(|_| contains(post.body, b"\"state\":\"delivered\""));
        let Some(back_at) = place.and_then(|place| self.back_at.get(place)) else {
            self.odd.fetch_add(1, Ordering::Relaxed);
            return true;
        };
        let nanos = time::instant().saturating_duration_since(self.begun).as_nanos();
        // A callback may come twice; the first one counts.
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX).max(1);
        if back_at.compare_exchange(0, nanos, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.count.send_modify(|count| *count += 1);
        }
        true
    }
}

/// The number that the load generator gave the message.
fn reference(body: &[u8]) -> Option<usize> {
    const KEY: &[u8] = b"\"reference\":\"";
    let place = body.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let digits = body.get(place..)?.split(|&octet| octet == b'"').next()?;
    str::from_utf8(digits).ok()?.parse().ok()
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn carrier() -> ServerSettings {
    let carrier = CarrierSettings {
        accounts: BTreeMap::from([(ACCOUNT.0.to_owned(), ACCOUNT.1.to_owned())]),
        keep: Keep::Counts,
        ..CarrierSettings::default()
    };
    ServerSettings { carrier, ..ServerSettings::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_tells_which_message_it_is_of() {
        let body = br#"{"type":"message.delivered","data":{"state":"delivered","reference":"00001234","link":"x"}}"#;
        assert_eq!(reference(body), Some(1234));
        assert!(contains(body, b"\"state\":\"delivered\""));
        assert_eq!(reference(b"{}"), None);
    }
}
