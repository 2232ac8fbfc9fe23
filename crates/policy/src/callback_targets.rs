//! Decides how many callbacks may be on their way to which target, so that one that hangs, fails or is slow takes
//! nothing from the others.
//!
//! A target is an origin: scheme, host and port. What is due stays in rows; a target only says how many of its rows may
//! be taken now.
//!
//! ```text
//!          answers                         fails while one at a time goes
//! New ───────────────▶ Answering ◀──┐  ┌────────────────────────────────┐
//!  │                       │        │  ▼                                │
//!  │ fails                 └──────▶ Failing ── the pause is over: one probe
//!  └────────────────────────────────▲  └── the probe is answered ──▶ Answering
//! ```
//!
//! - The first callback to a new target goes alone. Each answer lets one more go at a time, each failure halves how many;
//!   a target that fails while it has one at a time is left alone for a pause that doubles, then probed with one.
//! - New targets and probes have a share of their own, and a target that answers may have as many on their way as places
//!   are free, less a reserve: whoever comes finds one.
//! - When a share is used up all the same, callbacks that did not get an answer for half a second are cut short, so that any
//!   number of hosts that hang cannot keep a good one from its turn. They count as failed, and come back as probes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use postrider_model::Random;

/// Callbacks on their way at once, to all targets together; three times what one target may have if that is more.
const ALL_MAX: usize = 640;
/// First callbacks to new targets on their way at once.
const TRIALS_MAX: usize = 384;
/// Probes of failing targets on their way at once.
const PROBES_MAX: usize = 64;
/// One that waits longer for its answer is cut short if others wait for its place.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many are cut short at a time.
const CUT_MAX: usize = 384;
/// The first pause of a failing target; it doubles from probe to probe.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause that does not come from the target's own wish.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A target's own wish is followed up to this; its rows follow it for longer.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);
/// Targets of which something is remembered.
const KNOWN_MAX: usize = 4_096;

/// What is remembered of all targets.
#[derive(Debug)]
pub struct Targets {
    known: BTreeMap<Box<str>, Target>,
    each_max: usize,
    all_max: usize,
    /// When each began.
    on_their_way: BTreeMap<u64, (Instant, Kind)>,
    trials: usize,
    probes: usize,
    begun: u64,
    random: Random,
}

#[derive(Debug, Clone, PartialEq)]
struct Target {
    standing: Standing,
    on_their_way: usize,
    /// When it was last asked anything, as a count of what was begun.
    asked: u64,
}

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Standing {
    New,
    Answering { window: usize },
    Failing { failures: u32, until: Instant },
}

/// Why a callback was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Trial,
    Usual,
    Probe,
}

/// A place that one callback has until it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    origin: Box<str>,
    kind: Kind,
    number: u64,
}

impl Place {
    /// The target.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Tells this place from all others of the run.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// What a callback that ended says about its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It answers, be it to refuse this one callback.
    Answers,
    /// It cannot be reached, gave no answer, or says that it is broken or too busy.
    Fails {
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
}

/// What changed with a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing to tell.
    Same,
    /// It began to fail.
    Failed,
    /// It still fails: a probe failed, too.
    FailsOn,
    /// It answers again after it failed.
    Recovered,
}

/// How much a target may have now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// This many more.
    Open(usize),
    /// None before this time is over.
    After(Duration),
    /// None before one that is on its way ended.
    Full,
}

/// Targets by their standing, and callbacks on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Targets that have not answered yet and have not failed.
    pub new: usize,
    /// Targets that answered last.
    pub answering: usize,
    /// Targets that are left alone or probed.
    pub failing: usize,
    /// Callbacks that wait for an answer.
    pub on_their_way: usize,
}

impl Targets {
    /// Nothing is known yet; `each_max` is the most that one target may have on their way at once.
    pub fn new(each_max: usize, seed: u64) -> Self {
        let each_max = each_max.max(1);
        Self {
            known: BTreeMap::new(),
            each_max,
            all_max: ALL_MAX.max(each_max * 3),
            on_their_way: BTreeMap::new(),
            trials: 0,
            probes: 0,
            begun: 0,
            random: Random::new(seed),
        }
    }

    /// A look at all targets in which places are handed out that are taken with [`Targets::begin`] afterwards.
    pub fn round(&self, now: Instant) -> Round<'_> {
        Round {
            targets: Some((self, now)),
            places: self.all_max.saturating_sub(self.on_their_way.len()),
            trials: TRIALS_MAX.saturating_sub(self.trials),
            probes: PROBES_MAX.saturating_sub(self.probes),
            crowded: false,
        }
    }

    /// A callback to `origin` leaves.
    pub fn begin(&mut self, origin: &str, now: Instant) -> Place {
        self.begun += 1;
        let number = self.begun;
        if !self.known.contains_key(origin) {
            self.make_room();
        }
        let fresh = Target { standing: Standing::New, on_their_way: 0, asked: number };
        let target = self.known.entry(origin.into()).or_insert(fresh);
        target.on_their_way += 1;
        target.asked = number;
        let kind = match target.standing {
            Standing::New => Kind::Trial,
            Standing::Answering { .. } => Kind::Usual,
            Standing::Failing { .. } => Kind::Probe,
        };
        self.trials += usize::from(kind == Kind::Trial);
        self.probes += usize::from(kind == Kind::Probe);
        self.on_their_way.insert(number, (now, kind));
        Place { origin: origin.into(), kind, number }
    }

    /// A callback ended.
    pub fn end(&mut self, place: &Place, verdict: Verdict, now: Instant) -> Change {
        self.on_their_way.remove(&place.number);
        self.trials = self.trials.saturating_sub(usize::from(place.kind == Kind::Trial));
        self.probes = self.probes.saturating_sub(usize::from(place.kind == Kind::Probe));
        let Some(target) = self.known.get_mut(&place.origin) else { return Change::Same };
        target.on_their_way = target.on_their_way.saturating_sub(1);
        let before = target.standing;
        let (failures, retry_after) = match (verdict, before) {
            (Verdict::Answers, Standing::New) => {
                target.standing = Standing::Answering { window: 2.min(self.each_max) };
                return Change::Same;
            }
            (Verdict::Answers, Standing::Answering { window }) => {
                target.standing = Standing::Answering { window: (window + 1).min(self.each_max) };
                return Change::Same;
            }
            (Verdict::Answers, Standing::Failing { .. }) => {
                target.standing = Standing::Answering { window: 1 };
                return Change::Recovered;
            }
            (Verdict::Fails { .. }, Standing::Answering { window }) if window > 1 => {
                target.standing = Standing::Answering { window: window / 2 };
                return Change::Same;
            }
            // What left before the target failed says nothing new.
            (Verdict::Fails { .. }, Standing::Failing { .. }) if place.kind != Kind::Probe => return Change::Same,
            (Verdict::Fails { retry_after }, Standing::Failing { failures, .. }) => (failures + 1, retry_after),
            (Verdict::Fails { retry_after }, Standing::New | Standing::Answering { .. }) => (1, retry_after),
        };
        let until = now + self.pause(failures, retry_after);
        if let Some(target) = self.known.get_mut(&place.origin) {
            target.standing = Standing::Failing { failures, until };
        }
        if failures == 1 { Change::Failed } else { Change::FailsOn }
    }

    /// The places of callbacks that waited long enough while others wait for a place, the oldest first: they are cut short
    /// and count as failed. Asked when a round was [crowded](Round::is_crowded).
    pub fn cut(&self, now: Instant) -> Vec<u64> {
        let all = self.on_their_way.len() >= self.all_max;
        let others = |kind: Kind| kind == Kind::Trial || (all && kind == Kind::Usual);
        let long = self.on_their_way.iter().take_while(|(_, (began, _))| now >= *began + PATIENCE);
        let cut = long.filter(|(_, (_, kind))| others(*kind)).map(|(number, _)| *number);
        cut.take(CUT_MAX).collect()
    }

    /// How the targets stand.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { on_their_way: self.on_their_way.len(), ..Counts::default() };
        for target in self.known.values() {
            match target.standing {
                Standing::New => counts.new += 1,
                Standing::Answering { .. } => counts.answering += 1,
                Standing::Failing { .. } => counts.failing += 1,
            }
        }
        counts
    }

    fn pause(&mut self, failures: u32, retry_after: Option<Duration>) -> Duration {
        let doubled = PAUSE_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(PAUSE_MAX);
        let wish = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        // Targets that failed together, like those behind one line, are not probed together.
        let pause = doubled.max(wish);
        pause + self.random.between(Duration::ZERO, pause / 4)
    }

    /// Forgets the target that was asked longest ago if there are too many; it is new again when it comes back.
    fn make_room(&mut self) {
        if self.known.len() < KNOWN_MAX {
            return;
        }
        let idle = self.known.iter().filter(|(_, target)| target.on_their_way == 0);
        if let Some(oldest) = idle.min_by_key(|(_, target)| target.asked).map(|(origin, _)| origin.clone()) {
            self.known.remove(&oldest);
        }
    }
}

/// One look at all targets.
#[derive(Debug)]
pub struct Round<'a> {
    targets: Option<(&'a Targets, Instant)>,
    places: usize,
    trials: usize,
    probes: usize,
    crowded: bool,
}

impl Round<'_> {
    /// A round that hands out up to `places`, whoever asks.
    pub fn of(places: usize) -> Self {
        Self { targets: None, places, trials: 0, probes: 0, crowded: false }
    }

    /// Whether somebody waits for a place that others have.
    pub fn is_crowded(&self) -> bool {
        self.crowded || self.places == 0
    }

    /// Whether every place is taken.
    pub fn is_over(&self) -> bool {
        self.places == 0
    }

    /// How much `origin` may have.
    pub fn room(&mut self, origin: &str) -> Room {
        let Some((targets, now)) = self.targets else { return some(self.places) };
        if self.places == 0 {
            return Room::Full;
        }
        let Some(target) = targets.known.get(origin) else { return self.trial() };
        match target.standing {
            Standing::New if target.on_their_way > 0 => Room::Full,
            Standing::New => self.trial(),
            // As many as there are free places, counting its own: several busy targets share, and leave room for others.
            Standing::Answering { window } => {
                let shared = (self.places + target.on_their_way).saturating_sub(targets.all_max / 4);
                let fair = shared / 2;
                some(window.min(fair.max(1)).saturating_sub(target.on_their_way).min(self.places))
            }
            Standing::Failing { until, .. } if until > now => Room::After(until.duration_since(now)),
            Standing::Failing { .. } if target.on_their_way > 0 => Room::Full,
            Standing::Failing { .. } => some(self.probes.min(1)),
        }
    }

    fn trial(&mut self) -> Room {
        self.crowded |= self.trials == 0;
        some(self.trials.min(1))
    }

    /// `origin` takes `count` of what [`Round::room`] said.
    pub fn take(&mut self, origin: &str, count: usize) {
        self.places = self.places.saturating_sub(count);
        match self.targets.map(|(targets, _)| targets.known.get(origin).map(|target| target.standing)) {
            Some(None | Some(Standing::New)) => self.trials = self.trials.saturating_sub(count),
            Some(Some(Standing::Failing { .. })) => self.probes = self.probes.saturating_sub(count),
            Some(Some(Standing::Answering { .. })) | None => {}
        }
    }
}

fn some(places: usize) -> Room {
    if places == 0 { Room::Full } else { Room::Open(places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an origin for made-up instants")]
    fn start() -> Instant {
        Instant::now()
    }

    const FAILS: Verdict = Verdict::Fails { retry_after: None };

    fn room(targets: &Targets, origin: &str, now: Instant) -> Room {
        targets.round(now).room(origin)
    }

    /// Takes all that `origin` may have.
    fn fill(targets: &mut Targets, origin: &str, now: Instant) -> Vec<Place> {
        let Room::Open(count) = room(targets, origin, now) else { return Vec::new() };
        (0..count).map(|_| targets.begin(origin, now)).collect()
    }

    fn answer(targets: &mut Targets, places: &[Place], now: Instant) {
        for place in places {
            targets.end(place, Verdict::Answers, now);
        }
    }

    #[test]
    fn a_target_that_answers_gets_more_until_its_limit() {
        let (mut targets, now) = (Targets::new(8, 1), start());
        let mut sizes = Vec::new();
        for _ in 0..5 {
            let places = fill(&mut targets, "a", now);
            sizes.push(places.len());
            places.iter().for_each(|place| assert_eq!(targets.end(place, Verdict::Answers, now), Change::Same));
        }
        assert_eq!(sizes, [1, 2, 4, 8, 8]);
    }

    #[test]
    fn a_failing_target_is_left_alone_then_probed_with_one() {
        let (mut targets, mut now) = (Targets::new(8, 1), start());
        let place = targets.begin("a", now);
        assert_eq!(room(&targets, "a", now), Room::Full, "the first goes alone");
        assert_eq!(targets.end(&place, FAILS, now), Change::Failed);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let Room::After(wait) = room(&targets, "a", now) else { panic!("not left alone") };
            pauses.push(wait.as_secs());
            now += wait;
            let probes = fill(&mut targets, "a", now);
            assert_eq!((probes.len(), room(&targets, "a", now)), (1, Room::Full));
            assert_eq!(targets.end(&probes[0], FAILS, now), Change::FailsOn);
        }
        assert!(pauses.is_sorted_by(|a, b| *b >= *a || *b >= 60) && pauses[0] == 1, "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= 75), "{pauses:?}");
        let Room::After(wait) = room(&targets, "a", now) else { panic!("not left alone") };
        now += wait;
        let probe = fill(&mut targets, "a", now).remove(0);
        assert_eq!(targets.end(&probe, Verdict::Answers, now), Change::Recovered);
        assert_eq!(room(&targets, "a", now), Room::Open(1));
        let wish = Verdict::Fails { retry_after: Some(Duration::from_secs(300)) };
        let place = fill(&mut targets, "a", now).remove(0);
        targets.end(&place, wish, now);
        assert!(matches!(room(&targets, "a", now), Room::After(wait) if wait >= Duration::from_secs(300)));
    }

    #[test]
    fn a_failure_now_and_then_does_not_stop_a_target() {
        let (mut targets, now) = (Targets::new(32, 1), start());
        let (mut least, mut n) = (usize::MAX, 0);
        for round in 0..200 {
            let places = fill(&mut targets, "a", now);
            if round > 10 {
                least = least.min(places.len());
            }
            for place in places {
                n += 1;
                targets.end(&place, if n % 100 == 0 { FAILS } else { Verdict::Answers }, now);
            }
        }
        assert!(least >= 8, "{least}");
    }

    #[test]
    fn all_that_hang_at_a_target_that_answered_before_count_as_one_failure() {
        let (mut targets, now) = (Targets::new(32, 1), start());
        for _ in 0..6 {
            let places = fill(&mut targets, "a", now);
            answer(&mut targets, &places, now);
        }
        let places = fill(&mut targets, "a", now);
        assert_eq!(places.len(), 32);
        let changes: Vec<Change> = places.iter().map(|place| targets.end(place, FAILS, now)).collect();
        assert_eq!(changes.iter().filter(|change| **change == Change::Failed).count(), 1);
        assert!(matches!(room(&targets, "a", now), Room::After(wait) if wait < Duration::from_secs(2)));
    }

    #[test]
    fn any_number_of_hanging_hosts_lets_a_new_good_one_have_its_turn_soon() {
        let (mut targets, mut now) = (Targets::new(32, 1), start());
        let mut hanging = BTreeMap::new();
        for n in 0..1_000 {
            let origin = format!("http://{n}");
            for place in fill(&mut targets, &origin, now) {
                hanging.insert(place.number(), place);
            }
        }
        assert_eq!((hanging.len(), room(&targets, "good", now)), (TRIALS_MAX, Room::Full));
        assert_eq!(targets.cut(now), Vec::<u64>::new());
        now += PATIENCE;
        assert_eq!(targets.cut(now).len(), CUT_MAX);
        for number in targets.cut(now) {
            targets.end(&hanging.remove(&number).unwrap(), FAILS, now);
        }
        assert_eq!(room(&targets, "good", now), Room::Open(1));
        // Probes of those that hang never take the places of new or answering ones.
        now += PAUSE_MAX;
        let probes: usize = (0..1_000).map(|n| fill(&mut targets, &format!("http://{n}"), now).len()).sum();
        assert_eq!(probes, PROBES_MAX + TRIALS_MAX);
        assert!(targets.on_their_way.len() < targets.all_max);
    }

    #[test]
    fn hosts_that_answered_and_hang_now_leave_places_for_others() {
        let (mut targets, now) = (Targets::new(32, 1), start());
        let names: Vec<String> = (0..100).map(|n| format!("http://{n}")).collect();
        for _ in 0..6 {
            for name in &names {
                let places = fill(&mut targets, name, now);
                answer(&mut targets, &places, now);
            }
        }
        for _ in 0..4 {
            names.iter().for_each(|name| drop(fill(&mut targets, name, now)));
        }
        assert_eq!(room(&targets, "good", now), Room::Open(1));
        (0..250).for_each(|n| drop(fill(&mut targets, &format!("https://{n}"), now)));
        assert_eq!((room(&targets, "good", now), targets.cut(now).len()), (Room::Full, 0));
        assert_eq!(targets.cut(now + PATIENCE).len(), CUT_MAX);
        let mut alone = Targets::new(1_000, 1);
        for _ in 0..12 {
            let places = fill(&mut alone, "a", now);
            answer(&mut alone, &places, now);
        }
        assert!(matches!(room(&alone, "a", now), Room::Open(1_000)), "one alone may have what is configured");
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let (mut targets, now) = (Targets::new(32, 1), start());
        for n in 0..KNOWN_MAX + 500 {
            let place = targets.begin(&format!("http://{n}"), now);
            targets.end(&place, FAILS, now);
        }
        let counts = targets.counts();
        assert_eq!((targets.known.len(), counts.failing, counts.on_their_way), (KNOWN_MAX, KNOWN_MAX, 0));
        assert_eq!(room(&targets, "http://0", now), Room::Open(1), "forgotten");
    }
}
