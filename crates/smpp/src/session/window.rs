//! Keeps our requests until they are answered, late, or lost, and says which of them certainly never left.
//!
//! ```text
//!         insert             answer
//! (none) ───────▶ waiting ───────────▶ answered
//!                   │  response timer
//!                   ▼         answer
//!                 expired ───────────▶ late          (the last EXPIRED_MAX are remembered)
//!                   │  next session    answer
//!                 earlier ───────────▶ late          (for UNANSWERED_AGE_MAX)
//! ```
//!
//! Every step is constant time on average: answers are found by sequence number, deadlines stand in the order in which
//! the requests were made, since all have the same wait.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How many unanswered requests are remembered after their time, so that a late answer still finds its owner.
pub const EXPIRED_MAX: usize = 10_000;

/// How long a request is remembered beyond its session.
pub const UNANSWERED_AGE_MAX: Duration = Duration::from_secs(15 * 60);

/// What a session leaves to the next one of the same link: requests that were sent and not answered.
#[derive(Debug, Clone)]
pub struct Unanswered<T, K>(Vec<Request<T, K>>);

impl<T, K> Default for Unanswered<T, K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// One request of ours.
#[derive(Debug, Clone)]
pub struct Request<T, K> {
    /// The caller's name for it.
    pub token: T,
    /// Which command it was.
    pub command: K,
    /// When it was made.
    pub made_at: Instant,
    /// How many octets the session had written when its last octet was.
    pub end_octet: u64,
    /// Its number.
    pub sequence: u32,
}

/// Who an answer belongs to.
#[derive(Debug)]
pub enum Match<T, K> {
    /// A request that waited for it.
    InTime(Request<T, K>),
    /// A request that was given up already.
    Late(Request<T, K>),
    /// A request that an earlier session left without an answer.
    Earlier(Request<T, K>),
    /// No request that is remembered.
    None,
}

/// The requests of one session in one direction.
#[derive(Debug)]
pub struct Window<T, K> {
    size: usize,
    response: Duration,
    waiting: HashMap<u32, Request<T, K>>,
    /// Sequence numbers in the order of their deadlines. The first one waits; answered ones behind it are dropped when
    /// they reach the front or outnumber the others.
    order: VecDeque<u32>,
    expired: HashMap<u32, Request<T, K>>,
    expired_order: VecDeque<u32>,
    /// What earlier sessions left unanswered.
    earlier: HashMap<u32, Request<T, K>>,
}

impl<T: Clone, K: Copy> Window<T, K> {
    /// A window for `size` requests, each waiting for `response`.
    pub fn new(size: usize, response: Duration) -> Self {
        Self {
            size: size.max(1),
            response,
            waiting: HashMap::new(),
            order: VecDeque::new(),
            expired: HashMap::new(),
            expired_order: VecDeque::new(),
            earlier: HashMap::new(),
        }
    }

    /// Takes over what an earlier session left unanswered.
    pub fn remember(&mut self, unanswered: Unanswered<T, K>) {
        self.earlier = unanswered.0.into_iter().map(|request| (request.sequence, request)).collect();
    }

    /// Everything that was sent and never answered, for the session that comes after this one.
    pub fn unanswered(&self, now: Instant) -> Unanswered<T, K> {
        let all = self.earlier.values().chain(self.expired.values());
        let recent = all.filter(|request| now.saturating_duration_since(request.made_at) <= UNANSWERED_AGE_MAX);
        let mut kept: Vec<_> = recent.cloned().collect();
        kept.sort_by_key(|request| std::cmp::Reverse(request.made_at));
        kept.truncate(EXPIRED_MAX);
        Unanswered(kept)
    }

    /// How many more requests fit.
    pub fn free(&self) -> usize {
        self.size.saturating_sub(self.waiting.len())
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no request waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When the oldest waiting request was made.
    pub fn oldest(&self) -> Option<Instant> {
        self.order.front().and_then(|sequence| self.waiting.get(sequence)).map(|request| request.made_at)
    }

    /// Keeps a request under its sequence number. The caller looked at [`Window::free`] before.
    pub fn insert(&mut self, sequence: u32, request: Request<T, K>) {
        debug_assert!(self.free() > 0, "the window was asked before");
        // After a wrap the number may still name a request that expired long ago.
        self.expired.remove(&sequence);
        self.earlier.remove(&sequence);
        self.waiting.insert(sequence, request);
        self.order.push_back(sequence);
        self.drop_answered();
    }

    /// Takes out the request that `sequence` answers, if `fits` agrees with its command.
    pub fn take(&mut self, sequence: u32, fits: impl Fn(K) -> bool) -> Match<T, K> {
        if self.waiting.get(&sequence).is_some_and(|request| fits(request.command))
            && let Some(request) = self.waiting.remove(&sequence)
        {
            self.drop_answered_front();
            return Match::InTime(request);
        }
        if self.expired.get(&sequence).is_some_and(|request| fits(request.command))
            && let Some(request) = self.expired.remove(&sequence)
        {
            return Match::Late(request);
        }
        if self.earlier.get(&sequence).is_some_and(|request| fits(request.command))
            && let Some(request) = self.earlier.remove(&sequence)
        {
            return Match::Earlier(request);
        }
        Match::None
    }

    /// The next instant at which [`Window::expire`] has something to give.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.oldest().map(|made_at| made_at + self.response)
    }

    /// The next request whose time is over, if there is one; it stays remembered for a late answer.
    pub fn expire(&mut self, now: Instant) -> Option<Request<T, K>> {
        if self.poll_timeout()? > now {
            return None;
        }
        let sequence = self.order.pop_front()?;
        let request = self.waiting.remove(&sequence)?;
        self.drop_answered_front();
        self.expect_late(request.clone());
        Some(request)
    }

    /// Takes out everything that waits, oldest first: the connection is gone. What left in the first `sent_octets` may
    /// still be answered over the next one.
    pub fn drain(&mut self, sent_octets: u64) -> Vec<Request<T, K>> {
        let order = std::mem::take(&mut self.order);
        let lost: Vec<_> = order.into_iter().filter_map(|sequence| self.waiting.remove(&sequence)).collect();
        for request in lost.iter().filter(|request| request.end_octet <= sent_octets) {
            self.expect_late(request.clone());
        }
        lost
    }

    fn expect_late(&mut self, request: Request<T, K>) {
        while self.expired_order.len() >= EXPIRED_MAX {
            let Some(oldest) = self.expired_order.pop_front() else { break };
            self.expired.remove(&oldest);
        }
        self.expired_order.push_back(request.sequence);
        self.expired.insert(request.sequence, request);
    }

    fn drop_answered_front(&mut self) {
        while self.order.front().is_some_and(|sequence| !self.waiting.contains_key(sequence)) {
            self.order.pop_front();
        }
    }

    /// One request that is never answered must not make the list behind it grow: thin it out once the answered ones
    /// are the greater part, so that each is looked at a constant number of times.
    fn drop_answered(&mut self) {
        if self.order.len() > 2 * self.waiting.len() + 64 {
            let waiting = &self.waiting;
            self.order.retain(|sequence| waiting.contains_key(sequence));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: Duration = Duration::from_secs(60);

    fn start() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "the tests' zero")]
        Instant::now()
    }

    fn request(token: u32, made_at: Instant) -> Request<u32, char> {
        Request { token, command: 's', made_at, end_octet: 0, sequence: token }
    }

    #[test]
    fn an_answer_frees_its_place_and_a_second_one_finds_nothing() {
        let start = start();
        let mut window = Window::new(1, RESPONSE);
        window.insert(7, request(70, start));
        assert_eq!(window.free(), 0);
        assert!(matches!(window.take(7, |command| command == 'x'), Match::None), "another command's answer");
        assert!(matches!(window.take(7, |command| command == 's'), Match::InTime(request) if request.token == 70));
        assert_eq!(window.free(), 1);
        assert!(matches!(window.take(7, |_| true), Match::None));
    }

    #[test]
    fn an_expired_request_frees_its_place_and_still_knows_a_late_answer() {
        let start = start();
        let mut window = Window::new(2, RESPONSE);
        window.insert(1, Request { token: 10, ..request(1, start) });
        window.insert(2, Request { token: 20, ..request(2, start + Duration::from_secs(1)) });
        assert_eq!(window.poll_timeout(), Some(start + RESPONSE));
        assert!(window.expire(start + RESPONSE - Duration::from_nanos(1)).is_none());
        assert_eq!(window.expire(start + RESPONSE).map(|request| request.token), Some(10));
        assert!(window.expire(start + RESPONSE).is_none(), "the other is not due");
        assert_eq!(window.free(), 1);
        assert!(matches!(window.take(1, |_| true), Match::Late(request) if request.token == 10));
        assert!(matches!(window.take(1, |_| true), Match::None), "late only once");
    }

    #[test]
    fn the_memory_of_expired_requests_is_bounded() {
        let start = start();
        let mut window = Window::new(EXPIRED_MAX + 5, RESPONSE);
        for sequence in 0..u32::try_from(EXPIRED_MAX + 5).unwrap() {
            window.insert(sequence, request(sequence, start));
        }
        while window.expire(start + RESPONSE).is_some() {}
        assert!(matches!(window.take(4, |_| true), Match::None), "forgotten");
        assert!(matches!(window.take(5, |_| true), Match::Late(_)));
    }

    #[test]
    fn one_unanswered_request_does_not_make_the_order_grow() {
        let start = start();
        let mut window = Window::new(10, RESPONSE);
        window.insert(0, request(0, start));
        for sequence in 1..100_000 {
            window.insert(sequence, request(sequence, start));
            assert!(matches!(window.take(sequence, |_| true), Match::InTime(_)));
        }
        assert!(window.order.len() < 100, "{}", window.order.len());
        assert_eq!(window.poll_timeout(), Some(start + RESPONSE));
    }

    #[test]
    fn what_is_left_comes_out_in_order() {
        let start = start();
        let mut window = Window::new(4, RESPONSE);
        for sequence in [3, 1, 2] {
            window.insert(sequence, request(sequence, start));
        }
        assert!(matches!(window.take(1, |_| true), Match::InTime(_)));
        assert_eq!(window.drain(0).iter().map(|request| request.token).collect::<Vec<_>>(), [3, 2]);
        assert!(window.is_empty());
    }

    #[test]
    fn what_left_and_was_not_answered_is_known_to_the_next_session() {
        let start = start();
        let mut window = Window::new(4, RESPONSE);
        for (sequence, end_octet) in [(1, 100), (2, 200), (3, 300), (4, 400)] {
            window.insert(sequence, Request { end_octet, ..request(sequence, start) });
        }
        assert!(matches!(window.take(2, |_| true), Match::InTime(_)));
        window.drain(300);
        let now = start + UNANSWERED_AGE_MAX;
        let mut next = Window::new(4, RESPONSE);
        next.remember(window.unanswered(now));
        assert!(matches!(next.take(1, |command| command == 'x'), Match::None), "another command's answer");
        assert!(matches!(next.take(1, |_| true), Match::Earlier(request) if request.token == 1));
        assert!(matches!(next.take(1, |_| true), Match::None), "only once");
        assert!(matches!(next.take(2, |_| true), Match::None), "answered then");
        assert!(matches!(next.take(4, |_| true), Match::None), "its last octets never left");
        let mut third: Window<u32, char> = Window::new(4, RESPONSE);
        third.remember(next.unanswered(now));
        third.insert(3, request(30, now));
        assert!(matches!(third.take(3, |_| true), Match::InTime(request) if request.token == 30), "the number is new");
        third.remember(next.unanswered(now + Duration::from_nanos(1)));
        assert!(matches!(third.take(3, |_| true), Match::None), "too old");
    }
}
