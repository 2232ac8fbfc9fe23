//! A group of modems under chance: they come and go, answers are lost, the process restarts, the clock jumps. One seed gives
//! one run.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const MODEMS: [(&str, &str); 4] =
    [("one", A), ("two", B), ("three", "8982000000000000003"), ("four", "8982000000000000004")];

/// What left over each SIM, as the test saw it.
#[derive(Default)]
struct Ledger {
    departures: BTreeMap<LinkName, Vec<(Timestamp, usize)>>,
    sent: BTreeMap<MessageId, Vec<LinkName>>,
    sender_of: BTreeMap<String, LinkName>,
    moved: usize,
}

impl Ledger {
    fn note(&mut self, link: &LinkName, submission: &Submission) {
        let at = submission.turns.iter().map(|turn| turn.not_before).max().unwrap();
        self.departures.entry(link.clone()).or_default().push((at, submission.turns.len()));
        self.sent.entry(submission.message).or_default().push(link.clone());
        let before = self.sender_of.insert(submission.to.to_string(), link.clone());
        self.moved += usize::from(before.is_some_and(|before| before != *link));
    }

    /// No SIM sent more than `cap` segments within `span`, but for one message that was longer than the cap.
    fn hold(&self, cap: usize, span: Duration) {
        for (link, departures) in &self.departures {
            for (place, (start, first)) in departures.iter().enumerate() {
                let within = departures[place..].iter().take_while(|(at, _)| at.since(*start) < span);
                let sum: usize = within.map(|(_, segments)| segments).sum();
                assert!(sum <= cap.max(*first), "{link} sent {sum} within {span:?} from {start}");
            }
        }
    }
}

fn run(seed: u64) -> Ledger {
    let mut random = Random::new(seed);
    let caps = Caps { minute: Some(6), hour: Some(60), ..Caps::NONE };
    let mut sticks = Sticks::new(caps, Pace { gap: SECOND * 5, jitter_percent: 40 });
    sticks.gateway.settings.routes = vec![crate::policy::routes::Route::over("all", &["sticks"])];
    let (mut ledger, mut waiting) = (Ledger::default(), BTreeSet::new());
    for n in 0..100 {
        let text = if random.chance(200) { long_korean() } else { "x".to_owned() };
        waiting.insert(sticks.post_to(&number(n % 30), &text));
    }
    let mut references = 0_u32;
    for _ in 0..20_000 {
        if waiting.is_empty() {
            break;
        }
        // The second modem is away for a while now and then.
        let away = random.chance(20).then(|| usize::try_from(random.below(4)).unwrap());
        let up: Vec<(&str, &str, usize)> = (0..4)
            .filter(|place| Some(*place) != away)
            .map(|place| (MODEMS[place].0, MODEMS[place].1, usize::try_from(random.below(5)).unwrap()))
            .collect();
        let out = sticks.dispatch(&up);
        for (link, submission) in &out.submissions {
            let (name, id) = (link.modem.as_deref().unwrap(), submission.message);
            let never_left = random.chance(100);
            if !never_left {
                ledger.note(link, submission);
                waiting.remove(&id);
            }
            for turn in &submission.turns {
                references += 1;
                let carrier_id = CarrierMessageId::new(&format!("{name}:{}", references % 256));
                let outcome = if never_left {
                    SubmitOutcome::NotSent { reason: "unplugged".to_owned() }
                } else {
                    SubmitOutcome::Accepted { carrier_id }
                };
                sticks.outcome(name, id, submission.attempt, turn.index, outcome);
            }
        }
        if random.chance(30) {
            sticks.restart();
        }
        let soon = sticks.gateway.now.plus(SECOND / 4);
        sticks.gateway.now = if out.more { soon } else { out.next_at.unwrap_or(soon).max(soon) };
    }
    assert!(waiting.is_empty(), "seed {seed}: {} messages never left", waiting.len());
    ledger
}

#[test]
fn caps_and_paces_hold_whatever_happens_and_everything_leaves_once() {
    for seed in 0..4 {
        let ledger = run(seed);
        ledger.hold(6, SECOND * 60);
        ledger.hold(60, HOUR);
        assert!(ledger.sent.values().all(|links| links.len() == 1), "seed {seed}");
        let sends: usize = ledger.sent.len();
        assert!(ledger.moved * 10 <= sends, "seed {seed}: {} of {sends} changed their SIM", ledger.moved);
    }
}

#[test]
fn one_seed_gives_one_run() {
    assert_eq!(run(3).sent, run(3).sent);
}

#[test]
fn a_clock_that_jumps_neither_lifts_a_cap_nor_stalls_for_longer_than_its_span() {
    for jump in [HOUR * 24, HOUR, SECOND * 2] {
        let mut sticks = Sticks::new(Caps { hour: Some(3), ..Caps::NONE }, Pace::default());
        let one = [("one", A, 9)];
        let mut left = Vec::new();
        for turn in 0..400 {
            // Some wait before the jump, some come after it.
            if turn < 3 || (7..10).contains(&turn) {
                sticks.post_to(&number(turn), "x");
            }
            left.extend(sticks.dispatch(&one).submissions.iter().map(|_| turn));
            // After a minute the clock is set back.
            match turn {
                6 => sticks.gateway.now = sticks.gateway.now.minus(jump),
                _ => sticks.gateway.pass(SECOND * 10),
            }
        }
        assert_eq!(left.len(), 6, "{jump:?}");
        assert!(left[3] - left[0] >= 360, "{jump:?}: the cap held for an hour: {left:?}");
    }
}
