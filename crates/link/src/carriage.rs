//! One session, or a pair of them, from the connection to its end: what goes in, what comes out, what is due.
//!
//! Each turn takes everything that came (octets, submissions, acknowledgements, timers), lets the sessions work on it,
//! and gives out everything that goes: one write to each connection, one batch to the settler.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tracing::{debug, info};

use super::brake::Brake;
use super::clock::Moment;
use super::connector::Loss;
use super::handle::{AckResult, IDLE_MAX};
use super::line::{Line, Moved};
use super::queue::Queue;
use super::silence::Silence;
use super::smpp_link::{SmppLink, sleep_until, stop_asked};
use super::status::LinkState;
use super::stream::HostPort;
use postrider_model::{AckToken, LinkHealth, Submission};
use postrider_smpp::Body;
use postrider_smpp::CommandStatus;
use postrider_smpp::pdu::{DataSmResp, DeliverSmResp};

/// How long the other session of a pair has to end in order once one of them is lost.
const PARTNER_GRACE: Duration = Duration::from_secs(5);

/// How long a deadline that a turn could not clear is left alone.
const STALE_WAIT: Duration = Duration::from_millis(100);

/// Why a carriage ended, or never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub loss: Loss,
    pub why: String,
}

/// The sessions of a link over their connections.
pub(super) struct Carriage<'a> {
    pub link: &'a mut SmppLink,
    pub lines: Vec<Line>,
    pub place: HostPort,
    pub queue: Queue,
    pub brake: Brake,
    pub silence: Silence,
    /// How many lines are bound.
    pub bound: usize,
    /// Until when a carrier that connected to us is to send `outbind` and take our bind.
    pub outbind_until: Option<Instant>,
    /// The first reason to end, and until when the rest may take.
    pub ending: Option<(End, Instant)>,
    pub malformed: u64,
    pub round_trip: Option<Duration>,
}

/// What ended a wait.
enum Woken {
    Moved(usize, Moved),
    Ack((AckToken, AckResult)),
    Offer(Submission),
    Other,
}

impl<'a> Carriage<'a> {
    pub fn new(link: &'a mut SmppLink, lines: Vec<Line>, place: &HostPort) -> Self {
        let (window, silence_max) = (link.settings.profile.window, link.settings.silence_max);
        let session_init = link.settings.profile.timers.session_init;
        let departures = link.settings.departures.clone();
        let outbind_until = link.settings.outbind.map(|_| Moment::read().now + session_init);
        Self {
            link,
            lines,
            place: place.clone(),
            queue: Queue::under(departures),
            brake: Brake::new(window),
            silence: Silence::new(silence_max),
            bound: 0,
            outbind_until,
            ending: None,
            malformed: 0,
            round_trip: None,
        }
    }

    /// Carries until all connections are gone.
    pub async fn run(mut self) -> End {
        loop {
            let moment = Moment::read();
            self.turn(moment);
            if self.lines.iter().all(|line| line.ended) {
                break;
            }
            let woken = self.wait(moment).await;
            let moment = Moment::read();
            match woken {
                Woken::Moved(_, Moved::Octets) | Woken::Other => {}
                Woken::Moved(index, Moved::Gone(error)) => {
                    let why = error.map_or_else(|| "the carrier closed the connection".to_owned(), |e| e.to_string());
                    self.lose_line(index, why, moment);
                }
                Woken::Ack((token, result)) => self.acknowledge(token, result, moment),
                Woken::Offer(submission) => self.take(submission, moment),
            }
        }
        self.end()
    }

    /// Everything that can be done without waiting.
    fn turn(&mut self, moment: Moment) {
        self.link.shared.turn();
        for line in &mut self.lines {
            line.take_input(moment.now);
        }
        while let Ok((token, result)) = self.link.inbox.acks.try_recv() {
            self.acknowledge(token, result, moment);
        }
        while let Ok(submission) = self.link.inbox.offers.try_recv() {
            self.take(submission, moment);
        }
        self.handle_timeouts(moment);
        self.handle_events(moment);
        self.tell_read();
        self.pump(moment);
        for index in 0..self.lines.len() {
            self.lines[index].take_output();
        }
        self.link.reporter.try_flush();
        self.publish();
    }

    async fn wait(&mut self, moment: Moment) -> Woken {
        let deadline = self.deadline(moment);
        let stopping = self.link.inbox.stopping().is_some();
        let (lines, inbox, reporter) = (&mut self.lines, &mut self.link.inbox, &self.link.reporter);
        tokio::select! {
            biased;
            (index, moved) = poll_fn(|cx| poll_lines(lines, cx)) => Woken::Moved(index, moved),
            Some(ack) = inbox.acks.recv() => Woken::Ack(ack),
            Some(submission) = inbox.offers.recv() => Woken::Offer(submission),
            () = stop_asked(&mut inbox.stop), if !stopping => Woken::Other,
            () = reporter.room(), if reporter.is_waiting() => Woken::Other,
            () = sleep_until(deadline) => Woken::Other,
        }
    }

    /// The next instant at which something is due.
    fn deadline(&self, moment: Moment) -> Option<Instant> {
        let sessions = self.lines.iter().filter(|line| !line.ended).filter_map(|line| line.session.poll_timeout());
        let ready = self.ending.is_none() && self.bound == self.lines.len() && self.brake.allowed(moment.now) > 0;
        let turn = self.queue.poll_timeout().filter(|at| ready && *at > moment.now);
        let ending = self.ending.as_ref().map(|(_, until)| *until).or(self.outbind_until);
        let due =
            sessions.chain(turn).chain(ending).chain(self.brake.poll_timeout()).chain(self.silence.poll_timeout());
        let due = due.chain([moment.now + IDLE_MAX]);
        // What was due has been done this turn; a deadline that stays in the past must not make the loop spin.
        due.map(|at| if at <= moment.now { moment.now + STALE_WAIT } else { at }).min()
    }

    /// A submission that comes while the link ends goes back at once.
    fn take(&mut self, submission: Submission, moment: Moment) {
        match &self.ending {
            None => self.queue.push(submission, moment.now, moment.wall),
            Some((end, _)) => {
                let why = end.why.clone();
                self.link.give_back(&submission, 0, &why);
            }
        }
    }

    /// Answers a delivery in the session that it came in, if that is still there.
    fn acknowledge(&mut self, token: AckToken, result: AckResult, moment: Moment) {
        let Some(line) = self.lines.iter_mut().find(|line| line.number == token.session) else { return };
        let status = match result {
            AckResult::Ok => CommandStatus::ROK,
            AckResult::Temporary => CommandStatus::RX_T_APPN,
            AckResult::Permanent => CommandStatus::RX_P_APPN,
        };
        let body = if token.data_sm {
            Body::DataSmResp(DataSmResp::default())
        } else {
            Body::DeliverSmResp(DeliverSmResp::default())
        };
        line.session.respond(moment.now, token.sequence, status, body);
    }

    fn handle_timeouts(&mut self, moment: Moment) {
        let now = moment.now;
        for line in &mut self.lines {
            if !line.ended && line.session.poll_timeout().is_some_and(|at| at <= now) {
                line.session.handle_timeout(now);
            }
        }
        if self.brake.handle_timeout(now) && self.ending.is_none() && self.is_up() {
            debug!(postrider.link = %self.link.settings.name, "{} goes on", self.link.settings.name);
            self.link.shared.status().enter(LinkState::Up, moment.wall);
            self.link.set_health(LinkHealth::Up);
        }
        if self.outbind_until.is_some_and(|until| until <= now) {
            self.outbind_until = None;
            let why = "the carrier connected, and sent no outbind".to_owned();
            self.begin_end_until(End { loss: Loss::Unreachable, why }, now, now);
        }
        if self.ending.is_none() && self.silence.is_silent(now) {
            let seconds = self.link.settings.silence_max.as_secs();
            let why = format!("bound but silent: no submission was answered for {seconds} s");
            self.begin_end(End { loss: Loss::Dropped, why }, now);
        }
        if let Some(limit) = self.link.inbox.stopping()
            && self.ending.as_ref().is_none_or(|(end, _)| end.loss != Loss::Stopped)
        {
            self.stop(limit, moment);
        }
        if self.ending.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.lines.iter_mut().for_each(Line::end);
        }
    }

    /// Stops taking, gives back what never left, and lets the sessions settle and unbind.
    fn stop(&mut self, limit: Duration, moment: Moment) {
        let name = &self.link.settings.name;
        let open: usize = self.lines.iter().map(|line| line.session.outstanding()).sum();
        info!(postrider.link = %name, open, "Stopping {name}: {open} segments wait for their answers, for at most {} s", limit.as_secs());
        self.link.inbox.offers.close();
        self.link.shared.status().enter(LinkState::Draining, moment.wall);
        // A stop overrules an end that was under way, so that its time limit holds.
        self.ending = None;
        let end = End { loss: Loss::Stopped, why: "the link was stopped".to_owned() };
        self.begin_end_until(end, moment.now, moment.now + limit);
    }

    /// Nothing more is submitted: what never left goes back, and each session ends in order.
    pub fn begin_end(&mut self, end: End, now: Instant) {
        self.begin_end_until(end, now, now + PARTNER_GRACE);
    }

    /// As [`Carriage::begin_end`]; what has not ended at `until` is cut off.
    pub fn begin_end_until(&mut self, end: End, now: Instant, until: Instant) {
        if self.ending.is_some() {
            return;
        }
        self.link.set_health(LinkHealth::Down(end.why.clone()));
        for (submission, next) in self.queue.drain().collect::<Vec<_>>() {
            self.link.give_back(&submission, next, &end.why);
        }
        for line in self.lines.iter_mut().filter(|line| !line.ended) {
            line.session.unbind(now);
        }
        self.ending = Some((end, until));
    }

    /// A connection is gone.
    fn lose_line(&mut self, index: usize, why: String, moment: Moment) {
        if let Some(line) = self.lines.get_mut(index) {
            line.end();
        }
        self.begin_end(End { loss: self.loss_without_word(), why }, moment.now);
    }

    /// Before the bind was answered, a connection that breaks says that this host does not take us now.
    pub fn loss_without_word(&self) -> Loss {
        if self.is_up() { Loss::Dropped } else { Loss::Unreachable }
    }

    /// Whether all sessions of the link are bound.
    pub fn is_up(&self) -> bool {
        self.bound >= self.lines.len()
    }

    fn publish(&mut self) {
        let mut status = self.link.shared.status();
        status.window_used = self.lines.iter().map(|line| line.session.outstanding()).sum();
        status.round_trip = self.round_trip;
    }

    fn end(mut self) -> End {
        // Events of the last moments, and submissions that were handed over meanwhile.
        self.handle_events(Moment::read());
        self.tell_read();
        let now = Moment::read().now;
        for line in &self.lines {
            self.link.inherit(&line.session, now);
        }
        let end = self.ending.take().map(|(end, _)| end);
        end.unwrap_or(End { loss: Loss::Dropped, why: "the connection was lost".to_owned() })
    }
}

fn poll_lines(lines: &mut [Line], cx: &mut Context<'_>) -> Poll<(usize, Moved)> {
    let now = Moment::read().now;
    for (index, line) in lines.iter_mut().enumerate() {
        if let Poll::Ready(moved) = line.poll(cx, now) {
            return Poll::Ready((index, moved));
        }
    }
    Poll::Pending
}
