//! Everything that the demo starts: two simulated carriers, two simulated modems, a receiver of callbacks, and the real daemon.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::samples::{ANSWER, MODEM_PREFIX, REFUSED_PREFIX, Sample};
use super::sticks::{GROUP, Sticks};
use crate::callback::{Signer, format_secret};
use crate::cli::receiver::{self, Post};
use crate::cli::sim_carrier::parts;
use crate::cli::{settings, token};
use crate::daemon::{Daemon, now, plan};
use crate::http::token::Scope;
use crate::sim::{CarrierServer, CarrierSettings, Faults, ReceiptSettings, ServerSettings};
use crate::smpp::CommandStatus;
use crate::store::{Database, Options, Store};

/// The port of the API if nobody asks for another.
const USUAL_PORT: u16 = 8025;
const ACCOUNT: (&str, &str) = ("demo", "secret");
/// The number that handsets answer to.
const OUR_NUMBER: &str = "15771234";
/// Callbacks that may wait to be looked at.
const HEARD_MAX: usize = 1_024;

/// What a callback said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A message came to its end.
    State,
    /// Anything else, like the same reply as a part of its conversation.
    Other,
    /// A message came in.
    Reply {
        /// Who sent it.
        from: String,
        /// What it says.
        text: String,
    },
    /// Somebody else wrote it.
    Forged,
}

/// The running demo.
pub struct House {
    /// Where the API is.
    pub url: String,
    /// A token for everything.
    pub token: String,
    /// The daemon's configuration file.
    pub config: PathBuf,
    /// The callbacks as they come.
    pub heard: mpsc::Receiver<Heard>,
    /// The modems.
    pub sticks: Sticks,
    daemon: Daemon,
    delivers: CarrierServer,
    refuses: CarrierServer,
    /// Removed at the end.
    folder: TempDir,
}

impl House {
    /// Starts everything. Without a port it takes the usual one, or any that is free.
    pub async fn start(port: Option<u16>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("postrider-demo-").tempdir().context("no temporary directory")?;
        let delivers = CarrierServer::listen(loopback(0), delivering()).await?;
        let refuses = CarrierServer::listen(loopback(0), refusing()).await?;
        let sticks = Sticks::plug_in(folder.path())?;
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let secret = format_secret(&key);
        let (callbacks, heard) = receive(&secret).await?;

        let config = folder.path().join("postrider.toml");
        let port = port.unwrap_or_else(usual_port);
        let mut text = configuration(port, free_port()?, callbacks, &secret, delivers.address(), refuses.address());
        text.push_str(&Sticks::configuration(folder.path()));
        settings::write_private(&config, &text)?;
        let settings = settings::load(&config)?;
        let mut database = Database::open(&Options::at(&settings.store.path))?;
        let token = token::create(&mut database, "demo", &[Scope::Admin], now())?;
        drop(database);
        let daemon = Daemon::start(plan::parts(&settings)?)
            .await
            .with_context(|| format!("the demo cannot start; if port {port} is taken, name another one with --port"))?;
        let url = daemon.addresses.first().context("the daemon listens nowhere")?.clone();
        Ok(Self { url, token, config, heard, sticks, daemon, delivers, refuses, folder })
    }

    /// The recipient of `sample` answers it.
    pub fn reply(&self, sample: &Sample) -> anyhow::Result<()> {
        self.writes(sample.to, ANSWER)
    }

    /// The daemon's store.
    pub fn store(&self) -> &Store {
        self.daemon.store()
    }

    /// Lets time pass. Only while nothing is on its way.
    pub fn put_clock_forward(&self, by: Duration) {
        self.daemon.put_clock_forward(by);
    }

    /// Somebody writes to the shop.
    pub fn writes(&self, from: &str, text: &str) -> anyhow::Result<()> {
        let parts = parts(from, OUR_NUMBER, text, 1).map_err(|error| anyhow!(error))?;
        self.delivers.with(|carrier, now| carrier.inject(ACCOUNT.0, parts, now));
        Ok(())
    }

    /// Stops the daemon in order, then the rest, and removes the directory.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { daemon, sticks, delivers, refuses, folder, .. } = self;
        daemon.stop().await;
        sticks.unplug().await;
        delivers.stop().await;
        refuses.stop().await;
        folder.close().context("the temporary directory cannot be removed")
    }
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// The usual port if nobody has it, else 0, which takes any.
fn usual_port() -> u16 {
    StdListener::bind(loopback(USUAL_PORT)).map_or(0, |_| USUAL_PORT)
}

/// A port that nobody has.
fn free_port() -> anyhow::Result<u16> {
    Ok(StdListener::bind(loopback(0))?.local_addr()?.port())
}

/// A carrier that takes its time, as real ones do, and delivers everything.
fn delivering() -> ServerSettings {
    let span = |low, high| (Duration::from_millis(low), Duration::from_millis(high));
    let carrier = CarrierSettings {
        accounts: BTreeMap::from([(ACCOUNT.0.to_owned(), ACCOUNT.1.to_owned())]),
        receipts: ReceiptSettings { delay: span(600, 1_600), ..ReceiptSettings::default() },
        faults: Faults { answer_delay: span(150, 500), ..Faults::default() },
        ..CarrierSettings::default()
    };
    ServerSettings { carrier, seed: 1, ..ServerSettings::default() }
}

/// A carrier to which every number is wrong.
fn refusing() -> ServerSettings {
    let mut settings = delivering();
    settings.carrier.faults.refuse = vec![(CommandStatus::RINVDSTADR.0, 1_000)];
    settings
}

/// Takes callbacks on a free port, checks their signatures, and passes on what they say.
async fn receive(secret: &str) -> anyhow::Result<(SocketAddr, mpsc::Receiver<Heard>)> {
    let signer = Signer::new(secret)?;
    let listener = TcpListener::bind(loopback(0)).await?;
    let address = listener.local_addr()?;
    let (tell, heard) = mpsc::channel(HEARD_MAX);
    let judge = move |post: Post<'_>| {
        let genuine = post.verify(&signer, now());
        let said = if genuine { what(post.body) } else { Heard::Forged };
        // Once the messages of the demo are through, nobody listens; callbacks are answered all the same.
        let _ = tell.try_send(said);
        genuine
    };
    tokio::spawn(receiver::serve(listener, judge));
    Ok((address, heard))
}

fn what(body: &[u8]) -> Heard {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let word = |name: &str| said.pointer(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match word("/type").as_str() {
        "inbound.received" => Heard::Reply { from: crate::model::mask(&word("/data/from")), text: word("/data/text") },
        kind if kind.starts_with("message.") => Heard::State,
        _ => Heard::Other,
    }
}

fn configuration(
    port: u16,
    pages: u16,
    callbacks: SocketAddr,
    secret: &str,
    delivers: SocketAddr,
    refuses: SocketAddr,
) -> String {
    let (id, password) = ACCOUNT;
    format!(
        r#"# Made by postrider demo.
[http]
listen = ["127.0.0.1:{port}"]

[store]
path = "postrider.db"
disk_free_min = "16 MiB"

[callback]
url = "http://{callbacks}/"
inbound_url = "http://{callbacks}/"
allowed_hosts = ["127.0.0.1"]
secret = "{secret}"

[pages]
listen = ["127.0.0.1:{pages}"]
url = "http://127.0.0.1:{pages}/"

[consent]
brand = "책방"
refusal_number = "080-123-4567"

[[carrier]]
name = "north"
hosts = ["{delivers}"]
system_id = "{id}"
password = "{password}"
sender = "{OUR_NUMBER}"
national_languages = ["turkish"]

[[carrier]]
name = "strict"
hosts = ["{refuses}"]
system_id = "{id}"
password = "{password}"
sender = "{OUR_NUMBER}"

[[route]]
name = "strict"
prefixes = ["{REFUSED_PREFIX}"]
links = ["strict"]

[[route]]
name = "modems"
prefixes = ["{MODEM_PREFIX}"]
links = ["{GROUP}"]

[[route]]
name = "world"
links = ["north"]

"#
    )
}
