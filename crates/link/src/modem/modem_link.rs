//! The life of one modem's link: waits for a port, carries its octets, and feeds the machine one segment at a time.
//!
//! The link outlives its port. While there is none, what was handed over is given back as certainly not sent; what was
//! under way when the port went ends as the machine judges it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tracing::{debug, info};

use super::carriage::{Carriage, Moved};
use super::ends::{Attachment, Closed, FromFinder, UsbPlace};
use super::fault::Fault;
use super::handle::{REQUESTS_MAX, Request, SharedStatus, lock};
use super::settings::LinkSettings;
use crate::clock::Moment;
use crate::handle::{AckResult, IDLE_MAX, Shared};
use crate::queue::Queue;
use crate::report::Reporter;
use crate::smpp_link::{sleep_until, stop_asked};
use crate::status::LinkState;
use postrider_at::{self as at, Ask, ModemEvent};
use postrider_model::{
    AckToken, LinkEvent, LinkHealth, LinkName, MessageId, ModemAnswer, ModemRequest, ModemStage, ResetKind, Submission,
    SubmitOutcome,
};

/// How long a link without a handle takes to stop.
const ABANDONED_LIMIT: Duration = Duration::from_secs(5);
/// Segments that a link may hold besides those that leave: one message for a slow modem, so many for a fast one.
pub(super) const AHEAD: (usize, usize) = (1, 16);
/// A modem gets as many segments ahead as it sends in this time: what the store needs to lease the next ones.
const AHEAD_TIME: Duration = Duration::from_millis(100);
/// Another segment that leaves so soon is worth keeping the radio link open for.
const MORE_WITHIN: Duration = Duration::from_secs(1);

/// What comes from elsewhere.
pub(super) struct Inbox {
    pub offers: mpsc::Receiver<Submission>,
    pub acks: mpsc::Receiver<(AckToken, AckResult)>,
    pub requests: mpsc::Receiver<Request>,
    pub finder: mpsc::Receiver<FromFinder>,
    pub stop: watch::Receiver<Option<Duration>>,
}

impl Inbox {
    /// How long the link may take to stop, once it was told to or its handle is gone.
    fn stopping(&self) -> Option<Duration> {
        (*self.stop.borrow()).or_else(|| self.stop.has_changed().is_err().then_some(ABANDONED_LIMIT))
    }
}

/// A segment that the machine has and that has no outcome yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub message: MessageId,
    pub attempt: u32,
    pub index: u8,
}

/// What woke the link.
enum Woken {
    Stop,
    Finder(Option<FromFinder>),
    Offer(Submission),
    Ack(AckToken, AckResult),
    Request(Request),
    Moved(Moved),
    Time,
}

/// The task.
pub(super) struct ModemLink {
    pub name: LinkName,
    pub settings: LinkSettings,
    pub shared: Arc<Shared>,
    pub status: SharedStatus,
    pub inbox: Inbox,
    pub reporter: Reporter,
    pub machine: at::Modem,
    /// Where it is plugged in.
    pub usb: Option<UsbPlace>,
    pub carriage: Option<Carriage>,
    /// Counts the openings of a port.
    pub session: u32,
    pub queue: Queue,
    pub flights: Vec<Flight>,
    /// Technicians who wait for an answer.
    pub answers: BTreeMap<u64, oneshot::Sender<ModemAnswer>>,
    pub requests: u64,
    /// When what is under way is given up, once the link is to stop.
    pub stop_at: Option<Instant>,
    pub closed: mpsc::Sender<Closed>,
}

impl ModemLink {
    pub async fn run(mut self) {
        loop {
            let moment = Moment::read();
            self.turn(moment);
            if self.stop_at.is_some_and(|at| self.flights.is_empty() || at <= moment.now) {
                break;
            }
            match self.wait(moment.now).await {
                Woken::Stop => self.begin_stop(),
                Woken::Finder(Some(FromFinder::Attach(attachment))) => self.attach(attachment),
                Woken::Finder(Some(FromFinder::Absent(fault))) => self.tell_absent(&fault),
                // Without a finder there will be no port any more.
                Woken::Finder(None) => self.begin_stop(),
                Woken::Offer(submission) => self.take(submission),
                Woken::Ack(token, result) => self.acknowledge(token, result),
                Woken::Request(request) => self.request(request),
                Woken::Moved(moved) => self.carry(moved),
                Woken::Time => {}
            }
        }
        self.finish().await;
    }

    /// Lets the machine do what is due, until it has nothing more to say.
    fn turn(&mut self, moment: Moment) {
        if self.machine.poll_timeout().is_some_and(|at| at <= moment.now) {
            self.machine.handle_timeout(moment.now, moment.wall);
        }
        loop {
            while let Some(event) = self.machine.poll_event() {
                self.handle_event(event, moment);
            }
            if !self.feed(moment) {
                break;
            }
        }
        self.transmit();
        while let Some(line) = self.machine.poll_line() {
            self.shared.trace.push_line(line);
        }
        self.update();
        self.reporter.try_flush();
    }

    /// Gives the machine its next segment, if its turn has come.
    fn feed(&mut self, moment: Moment) -> bool {
        if self.stop_at.is_some() || self.carriage.is_none() || !self.machine.is_ready() {
            return false;
        }
        let more = self.queue.more_within(moment.now, MORE_WITHIN);
        let Some((submission, turn)) = self.queue.front(moment.now) else { return false };
        let flight = Flight { message: submission.message, attempt: submission.attempt, index: turn.index };
        self.machine.submit(moment.now, moment.wall, submission, turn.index, more);
        self.flights.push(flight);
        self.queue.pop(moment.now);
        self.shared.status().counters.sent += 1;
        true
    }

    /// Hands the kernel what the machine has to send. Without a port it goes nowhere: the machine's timers tell it so.
    fn transmit(&mut self) {
        let Some(carriage) = &mut self.carriage else {
            while self.machine.poll_transmit().is_some() {}
            return;
        };
        if carriage.is_clear()
            && let Some(octets) = self.machine.poll_transmit()
        {
            carriage.send(octets);
        }
    }

    /// Brings the numbers up to date that others read.
    fn update(&mut self) {
        let send_time = self.machine.send_time();
        // A modem that has not sent yet counts as slow.
        let ahead = send_time.map_or(AHEAD.0, |time| {
            let fits = AHEAD_TIME.as_micros() / time.as_micros().max(1);
            usize::try_from(fits).unwrap_or(AHEAD.1).clamp(AHEAD.0, AHEAD.1)
        });
        self.shared.set_held_max(ahead);
        self.shared.set_leaving(self.flights.len() + self.queue.begun());
        let counters = self.machine.counters();
        let mut status = lock(&self.status);
        (status.counters, status.send_time) = (counters, send_time);
        drop(status);
        self.shared.status().round_trip = send_time;
    }

    async fn wait(&mut self, now: Instant) -> Woken {
        let fed = self.carriage.is_some() && self.machine.is_ready();
        let due = [
            self.machine.poll_timeout(),
            self.queue.poll_timeout().filter(|_| fed && self.stop_at.is_none()),
            self.stop_at,
        ];
        // Whatever it waits for, it turns now and then, so that one that hangs can be told from one that waits.
        let due = due.into_iter().flatten().chain([now + IDLE_MAX]).min().map(|at| at.max(now));
        self.shared.turn();
        let (inbox, carriage) = (&mut self.inbox, &mut self.carriage);
        let moved = poll_fn(|cx| match carriage {
            Some(carriage) => carriage.poll(cx),
            None => Poll::Pending,
        });
        tokio::select! {
            biased;
            () = stop_asked(&mut inbox.stop), if self.stop_at.is_none() => Woken::Stop,
            // A modem is not read from while the store is behind: its own stores keep what comes.
            moved = moved, if !self.reporter.is_crowded() => Woken::Moved(moved),
            Some((token, result)) = inbox.acks.recv() => Woken::Ack(token, result),
            told = inbox.finder.recv(), if self.stop_at.is_none() => Woken::Finder(told),
            Some(submission) = inbox.offers.recv() => Woken::Offer(submission),
            Some(request) = inbox.requests.recv() => Woken::Request(request),
            () = self.reporter.room(), if self.reporter.is_waiting() => Woken::Time,
            () = sleep_until(due) => Woken::Time,
        }
    }

    fn take(&mut self, submission: Submission) {
        if self.stop_at.is_some() {
            self.give_back(&submission, 0, "the modem's link was stopped");
        } else if self.shared.status().health != LinkHealth::Up {
            self.give_back(&submission, 0, "the modem is not ready");
        } else {
            let Moment { now, wall } = Moment::read();
            self.queue.push(submission, now, wall);
        }
    }

    fn acknowledge(&mut self, token: AckToken, result: AckResult) {
        // What an earlier opening asked for is read again by the present one.
        if token.session == self.session {
            self.machine.committed(Moment::read().now, token.sequence, result == AckResult::Ok);
        }
    }

    fn request(&mut self, request: Request) {
        let name = self.settings.modem.name.clone();
        self.answers.retain(|_, answer| !answer.is_closed());
        // What needs no port is done without the machine: it may be what brings the port back.
        let without_port = match request.what {
            ModemRequest::Reset(ResetKind::Usb) => Some(Ask::UsbReset),
            ModemRequest::Reset(ResetKind::Hook) if !self.settings.modem.hook.is_empty() => Some(Ask::Hook),
            ModemRequest::Reset(_)
            | ModemRequest::At(_)
            | ModemRequest::Ussd(_)
            | ModemRequest::UssdEnd
            | ModemRequest::Refresh => None,
        };
        if let (None, Some(ask)) = (&self.carriage, without_port) {
            self.handle_ask(ask);
            let _ = request.answer.send(ModemAnswer::Done);
        } else if self.carriage.is_none() {
            let reason = lock(&self.status).reason.clone();
            let why = if reason.is_empty() { format!("modem \"{name}\" has no port now") } else { reason };
            let _ = request.answer.send(ModemAnswer::Failed(why));
        } else if self.answers.len() >= REQUESTS_MAX {
            let why = format!("modem \"{name}\" has as many requests as it can keep; try again in a minute");
            let _ = request.answer.send(ModemAnswer::Failed(why));
        } else {
            self.requests += 1;
            self.answers.insert(self.requests, request.answer);
            self.machine.request(Moment::read().now, self.requests, request.what);
        }
    }

    fn attach(&mut self, attachment: Attachment) {
        let moment = Moment::read();
        let Attachment { wire, port, usb } = attachment;
        if self.carriage.take().is_some() {
            self.machine.handle_closed(moment.now, moment.wall, 0, "another port took its place");
        }
        // What is known of a modem depends on what it is; another kind of device begins anew.
        if self.usb.as_ref().map(|usb| usb.id) != usb.as_ref().map(|usb| usb.id) {
            self.drain_machine(moment);
            self.machine = at::Modem::new(self.settings.at.clone(), usb.as_ref().map(|usb| usb.id));
        }
        self.session = self.session.wrapping_add(1);
        {
            let mut status = lock(&self.status);
            status.usb_id = usb.as_ref().map(|usb| format!("{:04x}:{:04x}", usb.id.0, usb.id.1));
            status.place = Some(usb.as_ref().map_or_else(|| port.clone(), |usb| usb.path.clone()));
            status.port = Some(port.clone());
        }
        {
            let mut status = self.shared.status();
            status.host.clone_from(&port);
            status.counters.binds += 1;
        }
        debug!(postrider.modem = %self.settings.modem.name, "Opened {port} for modem \"{}\"", self.settings.modem.name);
        self.usb = usb;
        self.carriage = Some(Carriage::new(wire));
        self.machine.handle_opened(moment.now, moment.wall);
    }

    fn carry(&mut self, moved: Moved) {
        let moment = Moment::read();
        match moved {
            Moved::Written => {}
            Moved::Came(octets) => {
                let Some(carriage) = &self.carriage else { return };
                self.machine.handle_bytes(moment.now, moment.wall, carriage.input(octets));
                lock(&self.status).last_answer_at = Some(moment.wall);
            }
            Moved::Gone(why) => {
                let unwritten = self.drop_carriage();
                self.machine.handle_closed(moment.now, moment.wall, unwritten, &why);
                self.shared.status().counters.losses += 1;
                self.tell_finder(false);
            }
        }
    }

    /// Closes the port; gives the octets that never reached the kernel.
    pub(super) fn drop_carriage(&mut self) -> usize {
        lock(&self.status).port = None;
        self.carriage.take().map_or(0, |carriage| carriage.unwritten())
    }

    /// Tells the finder that there is no port any more.
    pub(super) fn tell_finder(&self, stranger: bool) {
        let word = Closed { stranger, ..self.closed_word() };
        // A hub that is pulled out closes all its ports at once; the word waits for its turn then.
        if let Err(mpsc::error::TrySendError::Full(word)) = self.closed.try_send(word) {
            let closed = self.closed.clone();
            tokio::spawn(async move { closed.send(word).await });
        }
    }

    pub(super) fn closed_word(&self) -> Closed {
        Closed { link: self.name.clone(), stranger: false }
    }

    fn tell_absent(&mut self, fault: &Fault) {
        let moment = Moment::read();
        let reason = format!("modem \"{}\": {}", self.settings.modem.name, fault.text);
        {
            let mut status = lock(&self.status);
            (status.reason, status.advice) = (reason.clone(), fault.advice.clone());
            status.last_error = Some((moment.wall, fault.text.clone()));
        }
        self.shared.status().last_error = Some((moment.wall, fault.text.clone()));
        if self.carriage.is_none() {
            self.set_health(LinkHealth::Down(reason));
        }
    }

    /// Changes how the dispatcher sees the link, if it is a change. What waits for a link that is down is given back.
    pub(super) fn set_health(&mut self, health: LinkHealth) {
        let up = health == LinkHealth::Up && self.stop_at.is_none();
        if !up {
            self.shared.set_up(false);
            let reason = match &health {
                LinkHealth::Down(reason) if !reason.is_empty() => reason.clone(),
                LinkHealth::Down(_) | LinkHealth::Up | LinkHealth::Paused { .. } => "the modem is not ready".to_owned(),
            };
            self.empty_queue(&reason);
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

    fn empty_queue(&mut self, reason: &str) {
        let back: Vec<(Submission, usize)> = self.queue.drain().collect();
        for (submission, next) in back {
            self.give_back(&submission, next, reason);
        }
    }

    /// Reports the turns from number `next` on as not sent.
    pub(super) fn give_back(&mut self, submission: &Submission, next: usize, reason: &str) {
        for turn in submission.turns.iter().skip(next) {
            self.shared.status().counters.not_sent += 1;
            let outcome = SubmitOutcome::NotSent { reason: reason.to_owned() };
            self.reporter.outcome(submission.message, submission.attempt, turn.index, outcome);
        }
    }

    /// Nothing new is taken; a segment that is under way gets its time.
    fn begin_stop(&mut self) {
        let limit = self.inbox.stopping().unwrap_or(ABANDONED_LIMIT);
        self.stop_at = Some(Moment::read().now + limit);
        self.shared.status().enter(LinkState::Draining, Moment::read().wall);
        self.set_health(LinkHealth::Down("stopping".to_owned()));
    }

    fn drain_machine(&mut self, moment: Moment) {
        while let Some(event) = self.machine.poll_event() {
            self.handle_event(event, moment);
        }
    }

    /// The last words: every segment gets an outcome.
    async fn finish(mut self) {
        let moment = Moment::read();
        let unwritten = self.drop_carriage();
        self.machine.handle_closed(moment.now, moment.wall, unwritten, "postrider closes it");
        // That the port is closed is what was asked for: no news for anybody.
        while let Some(event) = self.machine.poll_event() {
            if !matches!(event, ModemEvent::Stage { .. }) {
                self.handle_event(event, moment);
            }
        }
        for Flight { message, attempt, index } in std::mem::take(&mut self.flights) {
            let outcome =
                SubmitOutcome::Unanswered { reason: "the link was stopped before the modem answered".to_owned() };
            self.reporter.outcome(message, attempt, index, outcome);
        }
        self.set_health(LinkHealth::Down("stopped".to_owned()));
        self.inbox.offers.close();
        while let Some(submission) = self.inbox.offers.recv().await {
            self.give_back(&submission, 0, "the modem's link was stopped");
        }
        self.reporter.flush().await;
        let wall = Moment::read().wall;
        self.shared.status().enter(LinkState::Stopped, wall);
        {
            let mut status = lock(&self.status);
            (status.stage, status.since, status.reason) = (ModemStage::Stopped, wall, String::new());
        }
        info!(postrider.modem = %self.settings.modem.name, "Stopped modem \"{}\"", self.settings.modem.name);
    }
}
