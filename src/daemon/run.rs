//! Start and stop, in order.
//!
//! Start: open the store, clear up after a crash, start links and loops, then take requests. Stop: refuse new work, stop
//! leasing, let the windows settle, unbind, settle what they reported, last commit. What does not finish is a lease,
//! handled as in a crash.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::sync::{mpsc, watch};

use super::bells::Bells;
use super::caught::{caught, caught_while};
use super::clock::now;
use super::links::Links;
use super::local;
use super::loops::{Callbacks, Core, LoopParts, Observed, Running};
use super::pages::{PagesParts, PagesServer};
use super::settler::EVENTS_MAX;
use super::start;
use super::supervisor::{Ended, Supervisor};
use super::systemd::Systemd;
use crate::callback::{CallbackSettings, Poster, Signer};
use crate::config;
use crate::http::{Api, Front, HttpSettings, Listener, Server, router};
use crate::link::{SmppLinkSettings, put_clock_forward};
use crate::model::{LinkName, State, catalog};
use crate::pipeline::{Settings, Turn, Wakes, notify, recover, reroute};
use crate::store::{Options, Store, throttle};

/// How long the writer's thread may take to end once nothing is asked of it any more.
const WRITER_WAIT_MAX: Duration = Duration::from_secs(2);

/// Everything that a daemon is made of, checked and ready.
pub struct Parts {
    /// The database.
    pub store: Options,
    /// New messages are refused while less than this is free on its disk.
    pub disk_free_min_bytes: u64,
    /// The stages' settings.
    pub settings: Settings,
    /// The links to carriers.
    pub links: Vec<SmppLinkSettings>,
    /// The modems.
    pub modems: config::Modems,
    /// The HTTP side.
    pub http: HttpSettings,
    /// Short links and pages.
    pub pages: PagesParts,
    /// How callbacks are posted.
    pub callbacks: CallbackSettings,
    /// How they are signed.
    pub signer: Signer,
    /// How many are posted to one target at a time.
    pub callback_concurrency: usize,
    /// The age at which a callback becomes a dead letter.
    pub callback_give_up_after: Duration,
    /// The folders from which files are taken.
    pub watches: Vec<config::Watch>,
    /// How long the windows may settle at the stop.
    pub drain_max: Duration,
}

/// Mistakes of a refused configuration that stand in the journal.
const MISTAKES_TOLD_MAX: usize = 20;

/// What a configuration that is read again may change.
pub struct Reloaded {
    /// The stages' settings.
    pub settings: Settings,
    /// The links to carriers.
    pub links: Vec<SmppLinkSettings>,
    /// The modems.
    pub modems: config::Modems,
}

/// A running daemon.
pub struct Daemon {
    /// Where the API listens, as given and as it turned out.
    pub addresses: Vec<String>,
    /// Where short links and pages are served; nowhere if they are off.
    pub page_addresses: Vec<String>,
    core: Core,
    supervisor: Supervisor,
    /// Loops that ended though they should not.
    ended: mpsc::Receiver<Ended>,
    loops: Running,
    servers: [tokio::task::JoinHandle<()>; 2],
    server_stop: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    settings: watch::Sender<Arc<Settings>>,
    writer: JoinHandle<()>,
    started: Vec<SmppLinkSettings>,
    drain_max: Duration,
    path: PathBuf,
    _mat: Option<local::Mat>,
}

impl Daemon {
    /// Starts everything; when this returns, the API takes requests.
    ///
    /// # Errors
    /// Says what could not be started, and why.
    pub async fn start(mut parts: Parts) -> anyhow::Result<Self> {
        parts.settings.started_at = now();
        parts.settings.run = run_id()?;
        let path = parts.store.path.clone();
        let (store, writer) = start::open(&parts.store)?;
        let kept = store.write(throttle::look_over).await?;
        let (settings, settings_out) = watch::channel(Arc::new(parts.settings));
        let (stop, stopped) = watch::channel(false);
        let bells = Bells::new(settings_out, stopped.clone());
        clear_up(&store, &bells).await?;
        start::hold(&store).await?;
        let listeners = listeners(&parts.http).await?;
        let addresses: Vec<String> = listeners.iter().map(Listener::describe).collect();

        let (events, reports) = mpsc::channel(EVENTS_MAX);
        let core = Core { links: Links::new(&events, bells.dispatch.clone()), store, bells, events };
        let (observed, (supervisor, ended)) = (Observed::default(), Supervisor::new(stopped));
        let poster = Poster::new(parts.callbacks).context("cannot set up TLS for callbacks")?;
        let (signer, give_up_after) = (parts.signer, parts.callback_give_up_after);
        let callbacks = Callbacks { poster, signer, concurrency: parts.callback_concurrency, give_up_after };
        let (watches, disk_free_min_bytes) = (parts.watches, parts.disk_free_min_bytes);
        let loops = LoopParts { reports, kept, callbacks, watches, path: path.clone(), disk_free_min_bytes };
        let loops = core.spawn(&supervisor, loops, &observed);
        for link in parts.links.clone() {
            core.links.start(link);
        }
        core.links.set_modems(&parts.modems).await;

        let (house, (server_stop, server_stopped)) = (core.house(&observed), watch::channel(false));
        let pages = PagesServer::open(parts.pages, &core.store, house.clone(), observed.pages).await?;
        let page_addresses = pages.addresses.clone();
        let pages = supervisor.spawn("pages server", pages.run(server_stopped.clone()));
        let api = Api::new(&parts.http, core.store.clone(), now, observed.http.clone(), house);
        let front = Front::new(router(api), &parts.http, observed.http);
        let server = supervisor.spawn("HTTP server", Server::new(front, parts.http).run(listeners, server_stopped));
        // Without the file technicians need a token of their own; nothing else does.
        let mat = local::lay(&core.store, &path, addresses.first().map_or("", String::as_str)).await;
        let mat = mat.inspect_err(|error| tracing::warn!("No token for technicians on this machine: {error:#}")).ok();
        Systemd.ready();
        let (servers, started, drain_max) = ([server, pages], parts.links, parts.drain_max);
        Ok(Self {
            core,
            addresses,
            page_addresses,
            stop,
            settings,
            writer,
            loops,
            servers,
            server_stop,
            ended,
            started,
            drain_max,
            path,
            supervisor,
            _mat: mat,
        })
    }

    /// Puts new settings into force: links that changed are stopped and started again, the others are not touched.
    pub async fn reload(&mut self, Reloaded { settings, links, modems }: Reloaded) {
        let settings = {
            let before = self.core.bells.settings();
            Settings { started_at: before.started_at, run: before.run, ..settings }
        };
        let same = |a: &SmppLinkSettings, b: &SmppLinkSettings| a.name == b.name && a.is_same(b);
        let gone: Vec<LinkName> = self
            .started
            .iter()
            .filter(|old| !links.iter().any(|new| same(old, new)))
            .map(|old| old.name.clone())
            .collect();
        self.settings.send_replace(Arc::new(settings));
        for name in &gone {
            tracing::info!(postrider.link = %name, "Link {name} is stopped: the configuration changed");
            self.core.links.stop(name, self.drain_max).await;
        }
        for link in &links {
            if !self.started.iter().any(|old| same(old, link)) {
                self.core.links.start(link.clone());
            }
        }
        self.started = links;
        self.core.links.set_modems(&modems).await;
        self.core.bells.dispatch.notify_one();
    }

    /// Puts the clock forward and lets everybody look again. Only while nothing is on its way: what waits for an answer
    /// would be given up.
    pub fn put_clock_forward(&self, by: Duration) {
        put_clock_forward(by);
        self.core.bells.ring(Wakes { dispatch: true, callbacks: true, steps: true });
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.core.store
    }

    /// Waits until the daemon cannot go on, and says why: the store stopped after an error, or a loop ended.
    pub async fn failed(&mut self) -> anyhow::Error {
        tokio::select! {
            // A store that stops takes loops with it; it is the cause.
            biased;
            error = self.core.store.failed() => {
                anyhow::Error::new(error).context("the store stopped; restart postrider to check the file")
            }
            Some(Ended { name, how }) = self.ended.recv() => anyhow!("the {name} {how}"),
        }
    }

    /// Stops in order. What did not finish is a lease, handled as in a crash.
    pub async fn stop(self) {
        let Self { core, supervisor, loops, servers, server_stop, stop, writer, drain_max, path, _mat, .. } = self;
        Systemd.stopping();
        stop.send_replace(true);
        server_stop.send_replace(true);
        let [server, pages] = servers;
        let _ = server.await;
        let _ = pages.await;
        for task in loops.others {
            let _ = task.await;
        }
        let Core { store, bells, links, events } = core;
        drop((bells, supervisor));
        let awaited = links.stop_all(drain_max).await;
        // The settler ends when the last link has reported; its commits are the last ones.
        drop(events);
        let _ = loops.settler.await;
        let leased = store.tally().get(State::Leased);
        if leased > 0 {
            let links: Vec<String> = awaited.iter().map(|(name, held)| format!("{held} on {name}")).collect();
            tracing::warn!(
                "Stopped while {leased} messages wait for answers ({}); their outcome is in doubt",
                links.join(", ")
            );
        }
        drop(store);
        // Everything that was asked is committed. A request that still hangs must not keep the process.
        let joined = tokio::task::spawn_blocking(move || writer.join());
        let _ = tokio::time::timeout(WRITER_WAIT_MAX, joined).await;
        tracing::info!("Stopped; the database is {}", path.display());
    }
}

/// The sockets that systemd handed over, or those of the configuration.
async fn listeners(http: &HttpSettings) -> anyhow::Result<Vec<Listener>> {
    let mut listeners = Listener::from_systemd()?;
    if listeners.is_empty() {
        for address in &http.listen {
            let listener = Listener::open(address).await;
            listeners.push(listener.with_context(|| format!("cannot listen on {address}"))?);
        }
    }
    Ok(listeners)
}

/// Runs until a signal, a failed store or a loop that ended; SIGHUP asks `reload` for new settings.
///
/// # Errors
/// When the store failed or a loop ended: the process must end, and the next one looks at the file again.
pub async fn run(parts: Parts, reload: impl Fn() -> anyhow::Result<Reloaded>) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt, mut hangup) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    let telling = tokio::spawn(super::log::tell_left_out());
    let mut daemon = Daemon::start(parts).await?;
    tracing::info!(message_id = catalog::READY.id, "Ready: the API listens on {}", daemon.addresses.join(" and on "));
    let failure = loop {
        tokio::select! {
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            _ = hangup.recv() => read_again(&mut daemon, &reload).await,
            error = daemon.failed() => break Some(error),
        }
    };
    tracing::info!(
        message_id = catalog::STOPPING.id,
        "Stopping: no new messages are taken; what was handed to carriers may still be answered"
    );
    daemon.stop().await;
    telling.abort();
    super::log::left_out(true);
    failure.map_or(Ok(()), Err)
}

/// Reads the configuration again and puts it into force. Whatever the file holds, the daemon goes on.
async fn read_again(daemon: &mut Daemon, reload: &impl Fn() -> anyhow::Result<Reloaded>) {
    let reloaded = match caught("Reading the configuration", reload).flatten() {
        Ok(reloaded) => reloaded,
        Err(error) => {
            let why = one_line(&error);
            return tracing::error!(
                message_id = catalog::CONFIG_REFUSED.id,
                "The configuration was not taken; the old one stays in force: {why}"
            );
        }
    };
    match caught_while("Putting the configuration into force", daemon.reload(reloaded)).await {
        Ok(()) => tracing::info!("The configuration was read again"),
        Err(error) => tracing::error!(
            message_id = catalog::CONFIG_REFUSED.id,
            "The configuration was taken in part only; restart postrider when it suits you: {error:#}"
        ),
    }
}

/// An error with its causes and its first mistakes as one line, for a journal that shows one line an event.
fn one_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let more = lines.len().saturating_sub(MISTAKES_TOLD_MAX);
    let told = lines[..lines.len() - more].join("; ");
    if more == 0 { told } else { format!("{told}; and more: `postrider config check` tells them all") }
}

/// A number that no other run of the program has, whatever the clock says.
fn run_id() -> anyhow::Result<i64> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).map_err(|error| anyhow::anyhow!("the system gave no random numbers: {error}"))?;
    Ok(i64::from_be_bytes(octets))
}

/// Makes rows out of what a stopped process left behind, before anything is sent.
async fn clear_up(store: &Store, bells: &Bells) -> anyhow::Result<()> {
    let mut doubts = 0;
    loop {
        let settings = bells.settings();
        let done = store.write(move |tx| recover(&Turn::new(tx, &settings, now()).carefully(true))).await?;
        doubts += done;
        if done == 0 {
            break;
        }
    }
    let settings = bells.settings();
    let moved = store.write(move |tx| reroute(&Turn::new(tx, &settings, now()))).await?;
    let (mut released, mut place) = (0, None);
    loop {
        let settings = bells.settings();
        let done;
        (done, place) = store.write(move |tx| notify::release_owed(&Turn::new(tx, &settings, now()), place)).await?;
        released += done;
        if place.is_none() {
            break;
        }
    }
    if doubts > 0 {
        tracing::warn!(
            "The last run ended with {doubts} messages on their way; their outcome is in doubt until a receipt comes"
        );
    }
    if moved > 0 {
        tracing::warn!(
            "{moved} waiting messages were on routes that the configuration no longer has; they take the last route now"
        );
    }
    if released > 0 {
        tracing::info!("{released} callbacks that the last run still owed are due now");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;
    use crate::daemon::plan;

    /// No file but the configuration.
    struct NoFiles;

    impl config::Files for NoFiles {
        fn read(&self, _: &Path) -> io::Result<String> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn others_may_read(&self, _: &Path) -> bool {
            false
        }

        fn credentials_directory(&self) -> Option<PathBuf> {
            None
        }
    }

    async fn started(folder: &Path) -> Daemon {
        let text = format!(
            "[http]\nlisten = [\"127.0.0.1:0\"]\n\
             [pages]\nlisten = [\"127.0.0.1:0\"]\nurl = \"https://s.shop.example/\"\n\
             [store]\npath = \"{0}/postrider.db\"\n\
             [[watch]]\nname = \"till\"\nfolder = \"{0}\"\nkind = \"contacts\"\n",
            folder.display()
        );
        let settings = config::parse(Path::new("postrider.toml"), &text, &NoFiles).unwrap();
        Daemon::start(plan::parts(&settings).unwrap()).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_in_any_loop_stops_the_daemon_by_its_name_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let daemon = started(folder.path()).await;
        let names = daemon.supervisor.plants().names();
        daemon.stop().await;
        let known = [
            "settler",
            "dispatcher",
            "notifier",
            "timekeeper",
            "caretaker",
            "stepper",
            "housekeeper",
            "HTTP server",
            "pages server",
        ];
        assert!(
            known.iter().all(|name| names.iter().any(|one| one == name)) && names.len() == known.len() + 1,
            "{names:?}"
        );
        for name in names {
            let mut daemon = started(folder.path()).await;
            daemon.supervisor.plants().plant(&name);
            let why = format!("{:#}", daemon.failed().await);
            assert!(why.starts_with(&format!("the {name} panicked")), "{why}");
            daemon.stop().await;
        }
    }
}
