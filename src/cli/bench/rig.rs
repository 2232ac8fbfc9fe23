//! The daemon under test: its directory on a real disk, its configuration, its process.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cli::http1::{Connection, Place, request};
use crate::cli::{settings, time, token};
use crate::daemon::now;
use crate::http::token::Scope;
use crate::store::{Database, Options};

/// A start or stop that takes longer has failed.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often a process is asked whether it is there, or gone.
const LOOK: Duration = Duration::from_millis(5);
/// What statfs calls a file system that lives in memory.
const TMPFS: i64 = 0x0102_1994;
/// The account that the simulated carriers of the benches know.
pub const ACCOUNT: (&str, &str) = ("bench", "secret");

/// What the daemon is to talk to.
#[derive(Debug, Clone)]
pub struct Peers {
    /// The carrier; nobody listens there when it is to be down.
    pub carrier: SocketAddr,
    /// The window of its only bind.
    pub window: usize,
    /// Where callbacks go, and the secret that signs them.
    pub callbacks: Option<(SocketAddr, String)>,
    /// The ports of modems; with any, they are used and the carrier is not.
    pub modems: Vec<PathBuf>,
}

impl Peers {
    /// A carrier that is down, and nobody to call back.
    pub fn none() -> anyhow::Result<Self> {
        Ok(Self { carrier: free_port()?, window: 10, callbacks: None, modems: Vec::new() })
    }
}

/// The daemon.
pub struct Rig {
    /// Where its API is.
    pub place: Place,
    /// A token for it.
    pub token: String,
    config: PathBuf,
    log: PathBuf,
    child: Option<Child>,
    _folder: TempDir,
}

/// Refuses a directory that lives in memory: what is written there is not durable, and the figures would be lies.
pub fn check_disk(dir: &Path) -> anyhow::Result<()> {
    let stat = rustix::fs::statfs(dir).with_context(|| format!("{} is no directory", dir.display()))?;
    let in_memory = i128::from(stat.f_type) == i128::from(TMPFS);
    ensure!(!in_memory, "{} lives in memory; name a directory on a disk with --dir", dir.display());
    Ok(())
}

/// A port that nobody listens on now.
fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

impl Rig {
    /// Prepares a daemon without starting it.
    pub fn new(dir: &Path, peers: &Peers) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("postrider-bench-").tempdir_in(dir)?;
        let (config, log) = (folder.path().join("postrider.toml"), folder.path().join("log"));
        let api = free_port()?;
        settings::write_private(&config, &configuration(api, peers))?;
        let mut database = Database::open(&Options::at(folder.path().join("postrider.db")))?;
        let token = token::create(&mut database, "bench", &[Scope::Admin], now())?;
        Ok(Self { place: Place::Tcp(api.to_string()), token, config, log, child: None, _folder: folder })
    }

    /// Starts the process; gives how long it took until it takes messages.
    pub async fn start(&mut self) -> anyhow::Result<Duration> {
        let log = File::create(&self.log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("run").arg("--config").arg(&self.config).env_remove("JOURNAL_STREAM").env_remove("NOTIFY_SOCKET");
        let started = time::instant();
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?);
        loop {
            let took = time::instant().saturating_duration_since(started);
            if self.is_ready().await {
                return Ok(took);
            }
            let gone = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if gone || took > WAIT_MAX {
                let said = fs::read_to_string(&self.log).unwrap_or_default();
                bail!("the daemon did not start; it said:\n{said}");
            }
            sleep(LOOK).await;
        }
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut connection) = Connection::open(&self.place).await else { return false };
        let answer = connection.exchange(&request("GET", "/readyz", &self.token, None)).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// Stops the process in order.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        kill_process(Pid::from_child(&child), Signal::TERM)?;
        let asked = time::instant();
        while child.try_wait()?.is_none() {
            if time::instant().saturating_duration_since(asked) > WAIT_MAX {
                child.kill()?;
                bail!("the daemon did not stop within {} s", WAIT_MAX.as_secs());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// The processor's time that the process took until now, in ticks of 10 ms.
    pub fn processor_ticks(&self) -> anyhow::Result<u64> {
        let child = self.child.as_ref().context("the daemon does not run")?;
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
        // The name stands in parentheses and may hold blanks; user and system time are fields 14 and 15 of all.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11).take(2));
        let ticks = fields.map(|fields| fields.filter_map(|field| field.parse::<u64>().ok()).sum());
        ticks.context("the system does not tell how much time the daemon took")
    }

    /// The memory that the process holds now, in KiB.
    pub fn resident_kib(&self) -> anyhow::Result<u64> {
        let child = self.child.as_ref().context("the daemon does not run")?;
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix("kB")).and_then(|text| text.trim().parse().ok());
        number.context("the system does not tell how much memory the daemon holds")
    }
}

impl Drop for Rig {
    /// A bench that failed leaves no daemon behind.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn configuration(api: SocketAddr, peers: &Peers) -> String {
    let (id, password) = ACCOUNT;
    let Peers { carrier, window, callbacks, modems } = peers;
    let callback = match callbacks {
        Some((target, secret)) => {
            format!("[callback]\nurl = \"http://{target}/\"\nallowed_hosts = [\"127.0.0.1\"]\nsecret = \"{secret}\"\n")
        }
        None => String::new(),
    };
    let house = format!(
        "[http]\nlisten = [\"{api}\"]\n\n[store]\npath = \"postrider.db\"\n\n[log]\nlevel = \"warn\"\n\n{callback}\n"
    );
    if modems.is_empty() {
        return format!(
            "{house}[[carrier]]\nname = \"bench\"\nhosts = [\"{carrier}\"]\nsystem_id = \"{id}\"\npassword = \"{password}\"\n\
             sender = \"15771234\"\nwindow = {window}\n"
        );
    }
    let none = "caps = { minute = \"none\", hour = \"none\", day = \"none\", month = \"none\" }\npace = \"0s\"\n";
    let blocks = modems
        .iter()
        .enumerate()
        .map(|(place, port)| format!("[[modem]]\nname = \"modem{}\"\nport = \"{}\"\n\n", place + 1, port.display()));
    format!("{house}[modems]\n{none}\n{}", blocks.collect::<String>())
}
