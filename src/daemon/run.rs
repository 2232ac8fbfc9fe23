//! Start and stop, in order.
//!
//! Start: open the store, clear up after a crash, start links and loops, then take requests. Stop: refuse new work, stop
//! leasing, let the windows settle, unbind, settle what they reported, last commit. What does not finish is a lease,
//! handled as in a crash.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::bells::Bells;
use super::caretaker::CaretakerTask;
use super::caught::{caught, caught_while};
use super::clock::now;
use super::dispatcher::{DispatcherTask, SLOW_MAX};
use super::housekeeper::{DiskRoom, HousekeeperTask};
use super::intake::FolderTask;
use super::links::Links;
use super::local;
use super::metrics::Metrics;
use super::notifier::NotifierTask;
use super::notifier_metrics::NotifierMetrics;
use super::pages::{PagesParts, PagesServer};
use super::settler::{EVENTS_MAX, SettlerTask};
use super::start;
use super::status::Overview;
use super::stepper::StepperTask;
use super::surroundings::House;
use super::systemd::Systemd;
use super::timekeeper::TimekeeperTask;
use super::watch::Beat;
use crate::callback::{CallbackSettings, Poster, Signer};
use crate::config;
use crate::http::{Api, Front, HttpMetrics, HttpSettings, Listener, PagesMetrics, Server, router};
use crate::link::{SmppLinkSettings, put_clock_forward};
use crate::model::{LinkName, State, catalog};
use crate::pipeline::{Settings, Turn, Wakes, notify, recover, reroute};
use crate::store::{Options, Store, StoreError, throttle};

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
    /// The store.
    pub store: Store,
    /// Where the API listens, as given and as it turned out.
    pub addresses: Vec<String>,
    /// Where short links and pages are served; nowhere if they are off.
    pub page_addresses: Vec<String>,
    links: Links,
    bells: Bells,
    stop: watch::Sender<bool>,
    settings: watch::Sender<Arc<Settings>>,
    writer: JoinHandle<()>,
    loops: JoinSet<&'static str>,
    server: tokio::task::JoinHandle<()>,
    server_stop: watch::Sender<bool>,
    pages: PagesServer,
    settler: tokio::task::JoinHandle<()>,
    events: mpsc::Sender<super::links::LinkEvents>,
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
        let (settings_in, settings) = watch::channel(Arc::new(parts.settings));
        let (stop, stopped) = watch::channel(false);
        let bells = Bells {
            dispatch: Arc::new(Notify::new()),
            callbacks: Arc::new(Notify::new()),
            steps: Arc::new(Notify::new()),
            settings,
            stop: stopped,
        };
        clear_up(&store, &bells).await?;
        start::hold(&store).await?;

        let mut listeners = Listener::from_systemd()?;
        if listeners.is_empty() {
            for address in &parts.http.listen {
                let listener = Listener::open(address).await;
                listeners.push(listener.with_context(|| format!("cannot listen on {address}"))?);
            }
        }
        let addresses: Vec<String> = listeners.iter().map(Listener::describe).collect();

        let (events, reports) = mpsc::channel(EVENTS_MAX);
        let (slow_in, slow) = mpsc::channel(SLOW_MAX);
        let links = Links::new(&events, bells.dispatch.clone());
        let (http_metrics, pages_metrics) = (HttpMetrics::default(), PagesMetrics::default());
        let notifier_metrics = NotifierMetrics::default();
        let metrics = Metrics::new(store.clone(), &http_metrics, &pages_metrics, &notifier_metrics);
        let disk = DiskRoom::default();
        let (settler_beat, dispatcher_beat) = (Beat::default(), Beat::default());
        let settler = SettlerTask {
            store: store.clone(),
            bells: bells.clone(),
            links: links.clone(),
            events: reports,
            slow: slow_in,
            beat: settler_beat.clone(),
        };
        let settler = tokio::spawn(settler.run());
        let mut loops = JoinSet::new();
        let dispatcher = DispatcherTask {
            store: store.clone(),
            bells: bells.clone(),
            links: links.clone(),
            events: events.clone(),
            slow,
            kept,
            beat: dispatcher_beat.clone(),
        };
        loops.spawn(async {
            dispatcher.run().await;
            "dispatcher"
        });
        let notifier = NotifierTask {
            store: store.clone(),
            bells: bells.clone(),
            poster: Arc::new(Poster::new(parts.callbacks).context("cannot set up TLS for callbacks")?),
            signer: Arc::new(parts.signer),
            give_up_after: parts.callback_give_up_after,
            concurrency: parts.callback_concurrency,
            metrics: notifier_metrics,
        };
        loops.spawn(async {
            notifier.run().await;
            "notifier"
        });
        let (status_store, status_links, turning_links) = (store.clone(), links.clone(), links.clone());
        let housekeeper = HousekeeperTask {
            store: store.clone(),
            bells: bells.clone(),
            path: path.clone(),
            disk_free_min_bytes: parts.disk_free_min_bytes,
            disk: disk.clone(),
            systemd: Systemd,
            status: Box::new(move || {
                Overview::of(&status_links, &status_store.tally(), status_store.standing()).line()
            }),
            turns: Box::new(move || turns(&settler_beat, &dispatcher_beat, &turning_links)),
        };
        loops.spawn(async {
            housekeeper.run().await;
            "housekeeper"
        });
        let timekeeper = TimekeeperTask { store: store.clone(), bells: bells.clone() };
        loops.spawn(async {
            timekeeper.run().await;
            "timekeeper"
        });
        let caretaker =
            CaretakerTask { store: store.clone(), bells: bells.clone(), links: links.clone(), events: events.clone() };
        loops.spawn(async {
            caretaker.run().await;
            "caretaker"
        });
        let stepper = StepperTask { store: store.clone(), bells: bells.clone() };
        loops.spawn(async {
            stepper.run().await;
            "stepper"
        });
        for watch in parts.watches {
            let folder = FolderTask { store: store.clone(), bells: bells.clone(), watch };
            loops.spawn(async {
                folder.run().await;
                "folder"
            });
        }
        for link in parts.links.clone() {
            links.start(link);
        }
        links.set_modems(&parts.modems).await;

        let house = Arc::new(House { bells: bells.clone(), links: links.clone(), disk, metrics });
        let api = Api::new(&parts.http, store.clone(), now, http_metrics.clone(), house.clone());
        let front = Front::new(router(api), &parts.http, http_metrics);
        let (server_stop, server_stopped) = watch::channel(false);
        let pages =
            PagesServer::start(parts.pages, store.clone(), house, pages_metrics, server_stopped.clone()).await?;
        let server = tokio::spawn(Server::new(front, parts.http).run(listeners, server_stopped));
        // Without the file technicians need a token of their own; nothing else does.
        let url = addresses.first().map_or("", String::as_str);
        let mat = local::lay(&store, &path, url).await;
        let mat = mat.inspect_err(|error| tracing::warn!("No token for technicians on this machine: {error:#}")).ok();
        Systemd.ready();
        Ok(Self {
            store,
            addresses,
            page_addresses: pages.addresses.clone(),
            links,
            bells,
            stop,
            settings: settings_in,
            writer,
            loops,
            server,
            server_stop,
            pages,
            settler,
            events,
            started: parts.links,
            drain_max: parts.drain_max,
            path,
            _mat: mat,
        })
    }

    /// Puts new settings into force: links that changed are stopped and started again, the others are not touched.
    pub async fn reload(&mut self, Reloaded { settings, links, modems }: Reloaded) {
        let settings = {
            let before = self.bells.settings();
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
            self.links.stop(name, self.drain_max).await;
        }
        for link in &links {
            if !self.started.iter().any(|old| same(old, link)) {
                self.links.start(link.clone());
            }
        }
        self.started = links;
        self.links.set_modems(&modems).await;
        self.bells.dispatch.notify_one();
    }

    /// Puts the clock forward and lets everybody look again. Only while nothing is on its way: what waits for an answer
    /// would be given up.
    pub fn put_clock_forward(&self, by: Duration) {
        put_clock_forward(by);
        self.bells.ring(Wakes { dispatch: true, callbacks: true, steps: true });
    }

    /// Waits until the store stops after an error, and says what it was.
    pub async fn failed(&self) -> StoreError {
        self.store.failed().await
    }

    /// Stops in order. What did not finish is a lease, handled as in a crash.
    pub async fn stop(self) {
        let Self {
            store,
            links,
            stop,
            server,
            server_stop,
            pages,
            settler,
            events,
            mut loops,
            writer,
            drain_max,
            path,
            _mat,
            ..
        } = self;
        Systemd.stopping();
        stop.send_replace(true);
        server_stop.send_replace(true);
        let _ = server.await;
        pages.stopped().await;
        while loops.join_next().await.is_some() {}
        let awaited = links.stop_all(drain_max).await;
        // The settler ends when the last link has reported; its commits are the last ones.
        drop(events);
        let _ = settler.await;
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

/// Runs until a signal or a failed store; SIGHUP asks `reload` for new settings.
///
/// # Errors
/// When the store failed: the process must end and look at the file again.
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
    match failure {
        None => Ok(()),
        Some(error) => Err(error).context("the store stopped; restart postrider to check the file"),
    }
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

/// The turns of every loop that the watchdog waits for.
fn turns(settler: &Beat, dispatcher: &Beat, links: &Links) -> Vec<(String, u64)> {
    let own = [("settler".to_owned(), settler.turns()), ("dispatcher".to_owned(), dispatcher.turns())];
    let links = links.handles().into_iter().map(|handle| (format!("link {}", handle.name()), handle.turns()));
    own.into_iter().chain(links).collect()
}
