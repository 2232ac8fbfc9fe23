//! The life of one SMPP link: waits, connects, carries messages while bound, and begins again until it is told to stop.
//!
//! ```text
//!            due                connected             lost, refused, silent
//! Waiting ────────▶ Connecting ───────────▶ Carrying ──────────────────────▶ Waiting
//!    └───────────────────┴──────────────────────┴──────── stop ───────────▶ Stopped
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::carriage::{Carriage, End};
use super::clock::Moment;
use super::connector::{Connector, ConnectorSettings, Loss};
use super::handle::{AckResult, IDLE_MAX, LinkHandle, Shared};
use super::line::{Line, SegmentToken};
use super::report::Reporter;
use super::settings::SmppLinkSettings;
use super::status::{LinkState, LinkStatus};
use super::stream::{ConnectError, HostPort, Stream, connect, listen};
use postrider_model::{AckToken, LinkEvent, LinkHealth, LinkName, Random, Submission, SubmitOutcome, catalog};
use postrider_smpp::pdu::BindKind;
use postrider_smpp::session::{Session, SessionSettings, Tap, Unanswered};

/// How long a link without a handle takes to stop.
const ABANDONED_LIMIT: Duration = Duration::from_secs(5);

/// Starts a link. It reports to `events` until it is shut down; the channel is to outlive it.
pub fn spawn(settings: SmppLinkSettings, events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>) -> LinkHandle {
    let moment = Moment::read();
    let held_max = settings.held_max();
    let host = settings.hosts.first().map(ToString::to_string).unwrap_or_default();
    let status = LinkStatus::new(settings.name.clone(), host, settings.profile.window, moment.wall);
    let shared = Arc::new(Shared::new(status, held_max, Arc::clone(&settings.wake)));
    // Every message in the channel has a reserved segment, and every answer one of the inbound window, so neither
    // channel can be too small.
    let (offers, offers_in) = mpsc::channel(held_max);
    let (acks, acks_in) = mpsc::channel(2 * settings.profile.inbound_window.max(1));
    let (stop, stop_asked) = watch::channel(None);
    let (stopped_out, stopped) = watch::channel(false);
    let connector = ConnectorSettings { hosts: settings.hosts.len(), ..settings.connector.clone() };
    let link = SmppLink {
        connector: Connector::new(connector, Random::new(settings.seed), moment.now),
        reporter: Reporter::new(settings.name.clone(), Arc::clone(&shared), events),
        inbox: Inbox { offers: offers_in, acks: acks_in, stop: stop_asked },
        shared: Arc::clone(&shared),
        last_session: 0,
        next_sequence: 1,
        unanswered: Unanswered::default(),
        in_doubt: 0,
        settings: settings.clone(),
    };
    tokio::spawn(async move {
        link.run().await;
        stopped_out.send_replace(true);
    });
    LinkHandle { name: settings.name, shared, offers, acks, stop, stopped }
}

/// What comes from the daemon.
pub(super) struct Inbox {
    pub offers: mpsc::Receiver<Submission>,
    pub acks: mpsc::Receiver<(AckToken, AckResult)>,
    pub stop: watch::Receiver<Option<Duration>>,
}

impl Inbox {
    /// How long the link may take to stop, once it was told to. A daemon that dropped its handle cannot tell it, and
    /// means it all the same.
    pub fn stopping(&self) -> Option<Duration> {
        (*self.stop.borrow()).or_else(|| self.stop.has_changed().is_err().then_some(ABANDONED_LIMIT))
    }
}

/// Waits until the link is told to stop, or its handle is gone.
pub(super) async fn stop_asked(stop: &mut watch::Receiver<Option<Duration>>) {
    let _ = stop.wait_for(Option::is_some).await;
}

/// The task.
pub(super) struct SmppLink {
    pub settings: SmppLinkSettings,
    pub shared: Arc<Shared>,
    pub inbox: Inbox,
    pub reporter: Reporter,
    pub connector: Connector,
    pub last_session: u32,
    /// Numbers go on from session to session, so that an answer says which request it means.
    next_sequence: u32,
    /// What earlier sessions left unanswered.
    unanswered: Unanswered<SegmentToken>,
    /// Segments that the present session left without an answer.
    pub in_doubt: u64,
}

impl SmppLink {
    async fn run(mut self) {
        while let Some(host) = self.wait_for_try().await {
            let listening =
                self.settings.outbind.map(|address| HostPort::new(&address.ip().to_string(), address.port()));
            let Some(place) = listening.or_else(|| self.settings.hosts.get(host).cloned()) else { break };
            let end = match self.connect(&place).await {
                Some(Ok(lines)) => Carriage::new(&mut self, lines, &place).run().await,
                Some(Err(end)) => end,
                None => break,
            };
            if self.inbox.stopping().is_some() {
                break;
            }
            self.lose(&end, &place);
        }
        self.finish().await;
    }

    /// Waits until a try is due and gives the index of its host; `None` when the link is to stop.
    async fn wait_for_try(&mut self) -> Option<usize> {
        loop {
            let moment = Moment::read();
            self.shared.turn();
            if self.inbox.stopping().is_some() {
                return None;
            }
            if let Some(host) = self.connector.poll_try(moment.now) {
                return Some(host);
            }
            let due = self.connector.poll_timeout();
            self.reporter.try_flush();
            tokio::select! {
                biased;
                () = stop_asked(&mut self.inbox.stop) => return None,
                Some(submission) = self.inbox.offers.recv() => self.give_back(&submission, 0, "the link is down"),
                Some(_) = self.inbox.acks.recv() => {}
                () = self.reporter.room(), if self.reporter.is_waiting() => {}
                () = sleep_until(due) => {}
                () = sleep(IDLE_MAX) => {}
            }
        }
    }

    /// Opens the connections that make the link; `None` when the link is to stop.
    async fn connect(&mut self, place: &HostPort) -> Option<Result<Vec<Line>, End>> {
        {
            let mut status = self.shared.status();
            status.enter(LinkState::Connecting, Moment::read().wall);
            (status.host, status.next_try) = (place.to_string(), None);
        }
        let kinds = self.settings.profile.account.bind_mode.kinds();
        let mut lines = Vec::new();
        for kind in kinds.iter().take(if self.settings.outbind.is_some() { 1 } else { 2 }) {
            let (stream, peer) = match self.open(place).await? {
                Ok(connected) => connected,
                Err(error) => return Some(Err(End { loss: Loss::Unreachable, why: error.to_string() })),
            };
            let mut line = self.line(stream, peer, *kind);
            if self.settings.outbind.is_none()
                && let Err(end) = self.bind(&mut line, *kind)
            {
                return Some(Err(end));
            }
            lines.push(line);
        }
        Some(Ok(lines))
    }

    /// Opens one connection; `None` when the link is to stop.
    async fn open(&mut self, place: &HostPort) -> Option<Result<(Stream, Option<SocketAddr>), ConnectError>> {
        let (tls, limit) = (self.settings.tls.clone(), self.settings.profile.timers.connect);
        let outbind = self.settings.outbind;
        let connecting = async {
            match outbind {
                Some(address) => listen(address).await,
                None => connect(place, tls.as_ref(), limit).await,
            }
        };
        let mut connecting = std::pin::pin!(connecting);
        loop {
            self.shared.turn();
            tokio::select! {
                biased;
                () = stop_asked(&mut self.inbox.stop) => return None,
                connected = &mut connecting => return Some(connected),
                () = sleep(IDLE_MAX) => {}
            }
        }
    }

    /// Sends the bind request of one line.
    pub fn bind(&self, line: &mut Line, kind: BindKind) -> Result<(), End> {
        let bind = self.settings.profile.account.bind(kind);
        // The account does not fit the PDU, so no other host will take it either.
        line.session
            .bind(Moment::read().now, bind)
            .map_err(|error| End { loss: Loss::AccountRefused, why: format!("the account cannot be sent: {error}") })
    }

    fn line(&mut self, stream: Stream, peer: Option<SocketAddr>, kind: BindKind) -> Line {
        self.last_session = self.last_session.wrapping_add(1);
        let tap: Arc<dyn Tap> = self.shared.trace.clone();
        let settings = SessionSettings {
            first_sequence: self.next_sequence,
            tap: Some(tap),
            ..SessionSettings::esme(&self.settings.profile)
        };
        let mut session = Session::new(Moment::read().now, settings);
        if kind.transmits() {
            session.remember(self.unanswered.clone());
        }
        Line::new(self.last_session, stream, peer, session)
    }

    /// Keeps what the next session needs of one that ends.
    pub fn inherit(&mut self, session: &Session<SegmentToken>, now: Instant) {
        if session.bind_kind().is_some_and(BindKind::transmits) {
            self.next_sequence = session.next_sequence();
            self.unanswered = session.unanswered(now);
        }
    }

    /// Plans the next try and tells of the loss.
    fn lose(&mut self, end: &End, place: &HostPort) {
        let moment = Moment::read();
        let next = self.connector.handle_loss(end.loss, moment.now);
        let (name, why) = (&self.settings.name, &end.why);
        let in_doubt = std::mem::take(&mut self.in_doubt);
        let seconds = next.delay.as_secs_f32().round();
        let host = self.settings.hosts.get(next.host).map(ToString::to_string).unwrap_or_default();
        if end.loss == Loss::AccountRefused {
            let times = self.connector.refusals();
            error!(message_id = catalog::CARRIER_REFUSED.id, postrider.link = %name, host = %place, times, "Carrier \"{name}\" refused the account: {why}; next try in {seconds} s. Check system_id, password and system_type");
        } else {
            warn!(message_id = catalog::CARRIER_LOST.id, postrider.link = %name, host = %place, in_doubt, "Lost {name} at {place}: {why}; {in_doubt} segments without an answer; next try in {seconds} s at {host}");
        }
        {
            let mut status = self.shared.status();
            status.enter(LinkState::Waiting, moment.wall);
            status.next_try = Some(moment.wall_at(next.at));
            status.last_error = Some((moment.wall, why.clone()));
            status.counters.losses += 1;
            status.window_used = 0;
        }
        self.set_health(LinkHealth::Down(why.clone()));
    }

    /// Changes how the dispatcher sees the link, if it is a change.
    pub fn set_health(&mut self, health: LinkHealth) {
        let transmits = self.settings.profile.account.bind_mode.kinds().iter().any(|kind| kind.transmits());
        let up = transmits && health == LinkHealth::Up;
        if !up {
            self.shared.set_up(false);
        }
        let mut status = self.shared.status();
        if status.health != health {
            status.health = health.clone();
            drop(status);
            self.reporter.push(LinkEvent::Health(health));
        }
        // Going up rings, and whoever is woken must find it up.
        if up {
            self.shared.set_up(true);
        }
    }

    /// Reports the turns from number `next` on as not sent.
    pub fn give_back(&mut self, submission: &Submission, next: usize, reason: &str) {
        for turn in submission.turns.iter().skip(next) {
            self.shared.status().counters.not_sent += 1;
            let outcome = SubmitOutcome::NotSent { reason: reason.to_owned() };
            self.reporter.outcome(submission.message, submission.attempt, turn.index, outcome);
        }
    }

    /// The last words: what was handed over and never looked at is given back.
    async fn finish(mut self) {
        self.set_health(LinkHealth::Down("stopped".to_owned()));
        self.inbox.offers.close();
        while let Some(submission) = self.inbox.offers.recv().await {
            self.give_back(&submission, 0, "the link was stopped");
        }
        self.reporter.flush().await;
        self.shared.status().enter(LinkState::Stopped, Moment::read().wall);
        info!(postrider.link = %self.settings.name, "Stopped {}", self.settings.name);
    }
}

pub(super) async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
