//! Decides which job runs next, and hands each answer, or its absence, to the job that waits for it.

use std::time::{Duration, Instant};

use super::jobs::Job;
use super::{Modem, Phase};
use crate::command::{Command, Reply};
use crate::line::Reading;
use crate::wire::Line;

/// What a job wants after an answer.
#[derive(Debug)]
pub(super) enum Next {
    /// Another command.
    Command(Job, Command),
    /// To go on after a while.
    Later(Job, Duration),
    /// Nothing: it is done, or something else was begun.
    Done,
}

impl Modem {
    pub(super) fn handle_reading(&mut self, now: Instant, reading: Reading) {
        match reading {
            Reading::Prompt => {
                self.recent.note(self.wall, "<<", "\\r\\n> ");
                self.handle_prompt(now);
            }
            Reading::Line(line) => {
                self.recent.note(self.wall, "<", &line);
                self.handle_line(now, &line, None);
            }
            Reading::WithPdu { head, pdu } => {
                self.recent.note(self.wall, "<", &head);
                self.recent.note(self.wall, "<", &pdu);
                self.handle_line(now, &head, Some(&pdu));
            }
            Reading::Dropped => self.recent.note(self.wall, "#", "a line without end was dropped"),
        }
    }

    fn handle_prompt(&mut self, now: Instant) {
        if let Some((payload, _)) = self.wire.command().and_then(|command| command.payload.clone()) {
            self.recent.note(self.wall, ">>", &format!("{payload}\\x1A"));
        }
        self.wire.handle_prompt(now, self.profile.send.chunks);
    }

    fn handle_line(&mut self, now: Instant, line: &str, pdu: Option<&str>) {
        match self.wire.handle_line(now, line, pdu) {
            Line::Taken => {}
            Line::Ends(reply) => self.finish(now, reply),
            Line::Other => {
                if !self.handle_unasked(now, line, pdu) {
                    self.wire.handle_bare(line);
                }
            }
        }
    }

    /// The command under way has ended.
    pub(super) fn finish(&mut self, now: Instant, reply: Reply) {
        self.reader.expect_prompt(false);
        let gap = self.profile.init.command_gap;
        self.gap_until = (!gap.is_zero()).then(|| now + gap);
        let Some(job) = self.job.take() else { return };
        // The set-up and the ladder have their own view of silence.
        if reply.is_silent() && !matches!(job, Job::Heal(_) | Job::Setup(_)) {
            self.counters.timeouts += 1;
            return self.abandon(now, job, reply);
        }
        let next = self.run(now, job, Some(reply));
        self.follow(now, next);
    }

    /// Begins the work that is due, if nothing is under way.
    pub(super) fn advance(&mut self, now: Instant) {
        while !self.wire.is_busy() && self.gap_until.is_none_or(|until| until <= now) {
            self.gap_until = None;
            if let Some((job, command)) = self.next.take() {
                self.begin(now, job, command);
            } else if let Some(job) = self.due(now) {
                let next = self.run(now, job, None);
                self.follow(now, next);
            } else {
                return;
            }
        }
    }

    /// The next job that may run now.
    fn due(&mut self, now: Instant) -> Option<Job> {
        if self.postponed.as_ref().is_some_and(|(at, _)| *at <= now) {
            return self.postponed.take().map(|(_, job)| job);
        }
        match self.phase {
            Phase::Running => self.queue.pop(now).or_else(|| self.upkeep_due(now)),
            Phase::Locked => self.queue.pop(now),
            Phase::Closed | Phase::Starting | Phase::Healing | Phase::Quarantined { .. } => None,
        }
    }

    pub(super) fn follow(&mut self, now: Instant, next: Next) {
        match next {
            Next::Command(job, command) if self.gap_until.is_none_or(|until| until <= now) => {
                self.begin(now, job, command);
            }
            Next::Command(job, command) => self.next = Some((job, command)),
            Next::Later(job, wait) => self.postponed = Some((now + wait, job)),
            Next::Done => {}
        }
    }

    fn begin(&mut self, now: Instant, job: Job, command: Command) {
        self.gap_until = None;
        if !command.text.is_empty() {
            let escape = command.text == "\u{1b}";
            let (mark, shown) = if escape { (">>", "\\x1B".to_owned()) } else { (">", command.shown()) };
            self.recent.note(self.wall, mark, &shown);
        }
        self.reader.expect_prompt(command.payload.is_some());
        self.wire.begin(now, command);
        self.job = Some(job);
    }

    fn run(&mut self, now: Instant, job: Job, reply: Option<Reply>) -> Next {
        match job {
            Job::Setup(step) => self.setup(now, step, reply),
            Job::Heal(heal) => self.heal(now, heal, reply),
            Job::Send(send) => self.send(now, send, reply),
            Job::Acknowledge(what) => self.acknowledge(now, what, reply),
            Job::Slot(slot) => self.slot(now, slot, reply),
            Job::Asked(asked) => self.asked(now, asked, reply),
            Job::HangUp => match reply {
                None => Next::Command(Job::HangUp, Command::new("ATH", Duration::from_secs(5))),
                Some(_) => Next::Done,
            },
            Job::Check(check) => self.check(now, check, reply),
        }
    }
}
