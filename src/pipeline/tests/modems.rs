//! Groups of modems: who takes what, paces, caps and stickiness.

mod chance;
mod notices;
mod reports;

use super::*;
use crate::policy::caps::Caps;
use crate::policy::limits::lease_max;
use crate::policy::pace::Pace;
use crate::policy::pool::{PoolSettings, SimRules, Stickiness};

const HOUR: Duration = Duration::from_secs(3600);
const A: &str = "8982000000000000001";
const B: &str = "8982000000000000002";

/// A gateway with one route over the group of modems `sticks`.
pub(super) struct Sticks {
    pub gateway: Gateway,
}

impl Sticks {
    pub fn new(caps: Caps, pace: Pace) -> Self {
        let rules = SimRules { caps, pace, ..SimRules::default() };
        let pool = PoolSettings { rules, ..PoolSettings::default() };
        let mut gateway = Gateway::new();
        gateway.settings.routes = vec![crate::policy::routes::Route::over("all", &["sticks", "north"])];
        gateway.settings.groups.insert("sticks".into(), Group::of_modems(TextProfile::default(), pool));
        Self { gateway }
    }

    fn free() -> Self {
        Self::new(Caps::NONE, Pace::NONE)
    }

    fn post_to(&mut self, number: &str, text: &str) -> MessageId {
        self.gateway.post(NewMessage::text(number.parse().unwrap(), text))
    }

    /// Dispatches to modems: name, SIM, free segments.
    pub fn dispatch(&mut self, modems: &[(&str, &str, usize)]) -> Dispatched {
        let offer = |&(name, sim, free): &(&str, &str, usize)| LinkOffer {
            sim: Some(SimOffer { id: sim.into(), held: 0, send_time: None, failures: 0 }),
            ..LinkOffer::new(LinkName::modem("sticks", name), free, false)
        };
        let offers = modems.iter().map(offer).collect();
        self.dispatch_offers(offers)
    }

    fn dispatch_offers(&mut self, offers: Vec<LinkOffer>) -> Dispatched {
        let mut dispatcher = self.gateway.dispatcher.clone();
        let out = self.gateway.turn(|turn| dispatch(turn, &mut dispatcher, offers));
        self.gateway.dispatcher = dispatcher;
        out
    }

    fn restart(&mut self) {
        let kept = self.gateway.database.read(crate::store::throttle::load).unwrap();
        self.gateway.dispatcher = Dispatcher::new(&kept);
    }

    pub fn event(&mut self, modem: &str, event: LinkEvent) {
        self.gateway.turn(|turn| settle(turn, &LinkName::modem("sticks", modem), std::slice::from_ref(&event)));
    }

    pub fn outcome(&mut self, modem: &str, message: MessageId, attempt: u32, index: u8, outcome: SubmitOutcome) {
        self.event(modem, LinkEvent::Submit(SubmitResult { message, attempt, index, outcome }));
    }

    pub fn accepted(&mut self, modem: &str, message: MessageId, id: &str) {
        let carrier_id = CarrierMessageId::new(id);
        self.outcome(modem, message, 1, 0, SubmitOutcome::Accepted { carrier_id });
    }
}

/// Who got which message, by the modem's name.
fn taken(out: &Dispatched) -> Vec<(String, MessageId)> {
    let name = |link: &LinkName| link.modem.as_deref().unwrap_or_default().to_owned();
    out.submissions.iter().map(|(link, submission)| (name(link), submission.message)).collect()
}

fn number(n: usize) -> String {
    format!("+8210{n:08}")
}

#[test]
fn two_modems_share_the_work_and_each_keeps_its_own_pace() {
    let mut sticks = Sticks::new(Caps::NONE, Pace { gap: SECOND * 10, jitter_percent: 0 });
    for n in 0..6 {
        sticks.post_to(&number(n), "x");
    }
    let mut seen = Vec::new();
    let both = [("one", A, 4), ("two", B, 4)];
    for _ in 0..3 {
        let out = sticks.dispatch(&both);
        assert!(!out.more);
        let names: Vec<String> = taken(&out).into_iter().map(|(name, _)| name).collect();
        seen.push(names);
        assert!(sticks.dispatch(&both).submissions.is_empty(), "both rest");
        sticks.restart();
        assert!(sticks.dispatch(&both).submissions.is_empty(), "over a restart too");
        let next = out.next_at.unwrap();
        assert_eq!(next, sticks.gateway.now.plus(SECOND * 10).minus(Duration::from_millis(100)));
        sticks.gateway.pass(SECOND * 10);
    }
    assert_eq!(seen, vec![vec!["one", "two"]; 3]);
}

#[test]
fn without_pace_and_caps_modems_get_all_that_they_have_room_for() {
    let mut sticks = Sticks::free();
    for n in 0..50 {
        sticks.post_to(&number(n), "x");
    }
    let out = sticks.dispatch(&[("one", A, 16), ("two", B, 16)]);
    assert_eq!(out.submissions.len(), 32);
    let ones = taken(&out).iter().filter(|(name, _)| name == "one").count();
    assert_eq!(ones, 16);
    assert!(out.submissions.iter().all(|(_, one)| one.turns[0].not_before == sticks.gateway.now));
}

#[test]
fn a_cap_is_a_rest_with_an_end_that_survives_a_restart() {
    let mut sticks = Sticks::new(Caps { day: Some(3), ..Caps::NONE }, Pace::NONE);
    for n in 0..5 {
        sticks.post_to(&number(n), "x");
    }
    let one = [("one", A, 100)];
    assert_eq!(sticks.dispatch(&one).submissions.len(), 3);
    sticks.restart();
    let out = sticks.dispatch(&one);
    assert_eq!((out.submissions.len(), out.more), (0, false));
    let wake = out.next_at.unwrap();
    assert!((HOUR * 24..=HOUR * 25 + SECOND).contains(&wake.since(sticks.gateway.now)), "{wake}");
    sticks.gateway.settings.groups.get_mut("sticks").unwrap().pool.as_mut().unwrap().rules.caps.day = Some(4);
    assert_eq!(sticks.dispatch(&one).submissions.len(), 1, "a raised cap holds at once");
}

#[test]
fn while_all_sims_rest_for_long_the_routes_next_choice_serves() {
    let mut sticks = Sticks::new(Caps { day: Some(1), ..Caps::NONE }, Pace::NONE);
    let first = sticks.post_to(&number(1), "x");
    let second = sticks.post_to(&number(2), "x");
    let offers = || {
        let modem = LinkOffer {
            sim: Some(SimOffer { id: A.into(), held: 0, send_time: None, failures: 0 }),
            ..LinkOffer::new(LinkName::modem("sticks", "one"), 9, true)
        };
        vec![modem, LinkOffer::new(LinkName::new("north", 1), 9, true)]
    };
    let out = sticks.dispatch_offers(offers());
    assert_eq!(taken(&out), [("one".to_owned(), first)]);
    let out = sticks.dispatch_offers(offers());
    assert_eq!((out.submissions[0].0.clone(), out.submissions[0].1.message), (LinkName::new("north", 1), second));
}

#[test]
fn what_never_left_is_not_counted() {
    let mut sticks = Sticks::new(Caps { hour: Some(1), ..Caps::NONE }, Pace::NONE);
    let id = sticks.post_to(&number(1), "x");
    let one = [("one", A, 9)];
    sticks.dispatch(&one);
    sticks.outcome("one", id, 1, 0, SubmitOutcome::NotSent { reason: "the port closed".to_owned() });
    sticks.gateway.pass(SECOND);
    let out = sticks.dispatch(&one);
    assert_eq!((out.submissions.len(), out.submissions[0].1.attempt), (1, 2));
    sticks.outcome("one", id, 2, 0, lost());
    sticks.gateway.pass(SECOND * 61);
    assert!(sticks.dispatch(&one).submissions.is_empty(), "what may have left is counted");
}

#[test]
fn a_sim_that_cannot_send_uses_no_cap_up_and_another_one_takes_over() {
    let mut sticks = Sticks::new(Caps { hour: Some(3), ..Caps::NONE }, Pace::NONE);
    let first = sticks.post_to(&number(1), "x");
    sticks.dispatch(&[("two", B, 4)]);
    sticks.accepted("two", first, &format!("{B}:1"));
    let id = sticks.post_to(&number(1), "y");
    for attempt in 1..9 {
        assert_eq!(taken(&sticks.dispatch(&[("two", B, 4)])), [("two".to_owned(), id)], "attempt {attempt}");
        sticks.outcome("two", id, attempt, 0, refused(ErrorClass::BindFatal));
        sticks.gateway.pass(SECOND);
    }
    assert_eq!(taken(&sticks.dispatch(&[("one", A, 4), ("two", B, 0)])), [("one".to_owned(), id)]);
}

#[test]
fn a_recipient_keeps_its_sim_and_a_one_time_code_does_not_wait_for_it() {
    let mut sticks = Sticks::new(Caps::NONE, Pace { gap: SECOND * 10, jitter_percent: 0 });
    let first = sticks.post_to(&number(1), "x");
    let out = sticks.dispatch(&[("two", B, 4)]);
    assert_eq!(taken(&out), [("two".to_owned(), first)]);
    sticks.accepted("two", first, &format!("{B}:1"));
    let again = sticks.post_to(&number(1), "y");
    let other = sticks.post_to(&number(2), "z");
    let both = [("one", A, 4), ("two", B, 4)];
    let out = sticks.dispatch(&both);
    assert_eq!(taken(&out), [("one".to_owned(), other)], "the one before it waits for its SIM and lets it past");
    sticks.gateway.pass(SECOND * 10);
    let code =
        sticks.gateway.post(NewMessage { class: Class::Otp, ..NewMessage::text(number(1).parse().unwrap(), "1234") });
    let out = sticks.dispatch(&both);
    assert_eq!(taken(&out), [("two".to_owned(), code)], "it knows that SIM too");
    sticks.gateway.pass(SECOND * 10);
    assert_eq!(taken(&sticks.dispatch(&both)), [("two".to_owned(), again)]);
    let urgent =
        sticks.gateway.post(NewMessage { class: Class::Otp, ..NewMessage::text(number(1).parse().unwrap(), "5678") });
    assert_eq!(taken(&sticks.dispatch(&both)), [("one".to_owned(), urgent)], "its SIM rests");
}

#[test]
fn a_sim_that_is_gone_is_waited_for_a_while() {
    let mut sticks = Sticks::free();
    let first = sticks.post_to(&number(1), "x");
    sticks.dispatch(&[("two", B, 4)]);
    sticks.accepted("two", first, &format!("{B}:1"));
    let next = sticks.post_to(&number(1), "y");
    let out = sticks.dispatch(&[("one", A, 4)]);
    assert!(out.submissions.is_empty());
    assert_eq!(out.next_at, Some(sticks.gateway.now.plus(Stickiness::default().wait)));
    let started = sticks.gateway.now;
    sticks.gateway.pass(SECOND * 200);
    assert!(sticks.dispatch(&[("one", A, 4)]).submissions.is_empty());
    sticks.gateway.now = started.plus(Stickiness::default().wait);
    assert_eq!(taken(&sticks.dispatch(&[("one", A, 4)])), [("one".to_owned(), next)]);
}

#[test]
fn an_answer_makes_its_sim_the_one_to_answer_from() {
    let mut sticks = Sticks::free();
    for (modem, sim) in [("one", A), ("two", B)] {
        let notice = ModemNotice::Identified {
            modem: ModemIdentity::default(),
            sim: SimIdentity { iccid: Some(sim.to_owned()), ..SimIdentity::default() },
        };
        sticks.event(modem, LinkEvent::Modem { notice, ack: None });
    }
    let LinkEvent::Inbound { mut part, ack } = part("네", 1, 1) else { unreachable!() };
    part.from = Sender::from_network("01000000007");
    sticks.event("two", LinkEvent::Inbound { part, ack });
    let id = sticks.post_to(&number(7), "x");
    assert_eq!(taken(&sticks.dispatch(&[("one", A, 9), ("two", B, 1)])), [("two".to_owned(), id)]);
}

#[test]
fn the_rest_of_a_message_goes_over_the_sim_that_sent_the_first_parts() {
    let mut sticks = Sticks::free();
    let id = sticks.post_to(&number(1), &long_korean());
    assert_eq!(taken(&sticks.dispatch(&[("two", B, 9)])), [("two".to_owned(), id)]);
    sticks.accepted("two", id, &format!("{B}:1"));
    for index in [1, 2] {
        sticks.outcome("two", id, 1, index, SubmitOutcome::NotSent { reason: "unplugged".to_owned() });
    }
    sticks.gateway.pass(SECOND * 600);
    assert!(sticks.dispatch(&[("one", A, 9)]).submissions.is_empty());
    let out = sticks.dispatch(&[("one", A, 9), ("two", B, 9)]);
    assert_eq!(taken(&out), [("two".to_owned(), id)]);
    assert_eq!(out.submissions[0].1.turns.len(), 2);
}

#[test]
fn a_long_message_on_a_slow_network_is_not_given_up_while_it_is_being_sent() {
    let mut sticks = Sticks::free();
    let id = sticks.post_to(&number(1), &long_korean());
    sticks.dispatch(&[("one", A, 9)]);
    sticks.gateway.pass(SECOND * 180 * 3 + SECOND * 900);
    sticks.gateway.turn(sweep);
    assert_eq!(sticks.gateway.state(id), State::Leased);
    sticks.gateway.pass(HOUR);
    sticks.gateway.turn(sweep);
    assert_eq!(sticks.gateway.state(id), State::Queued, "the link is lost, and so is its answer");
}

#[test]
fn a_message_for_one_modem_goes_over_no_other() {
    let mut sticks = Sticks::free();
    let new =
        NewMessage { link: Some("sticks/two".to_owned()), ..NewMessage::text(number(1).parse().unwrap(), "test") };
    let id = sticks.gateway.post(new.clone());
    assert!(sticks.dispatch(&[("one", A, 9)]).submissions.is_empty());
    assert!(sticks.gateway.dispatch().is_empty(), "nor over a carrier");
    assert_eq!(sticks.gateway.turn(reroute), 0);
    assert_eq!(taken(&sticks.dispatch(&[("one", A, 9), ("two", B, 9)])), [("two".to_owned(), id)]);
    sticks.outcome("two", id, 1, 0, refused(ErrorClass::Retry));
    let out = sticks.dispatch(&[("two", B, 9)]);
    assert!(out.submissions.is_empty() && out.next_at.is_some_and(|at| at > sticks.gateway.now), "it is tried again");
    for link in ["sticks", "sticks/", "north/1", "nowhere/one"] {
        let refusal = prepare(&sticks.gateway.settings, NewMessage { link: Some(link.into()), ..new.clone() }, START);
        assert_eq!(refusal.unwrap_err().code, "unknown_link", "{link}");
    }
}

#[test]
fn many_messages_for_one_sim_do_not_keep_the_others_from_leaving() {
    let mut sticks = Sticks::free();
    let first = sticks.post_to(&number(1), "x");
    sticks.dispatch(&[("two", B, 4)]);
    sticks.accepted("two", first, &format!("{B}:1"));
    for _ in 0..200 {
        sticks.post_to(&number(1), "y");
    }
    let other = sticks.post_to(&number(2), "z");
    let mut turns = 0;
    loop {
        turns += 1;
        let out = sticks.dispatch(&[("one", A, 4), ("two", B, 0)]);
        if !out.submissions.is_empty() {
            assert_eq!(taken(&out), [("one".to_owned(), other)]);
            break;
        }
        assert!(out.more && turns < 5, "turn {turns}: {out:?}");
    }
    sticks.gateway.pass(SECOND * 15);
    assert_eq!(sticks.dispatch(&[("one", A, 4), ("two", B, 9)]).submissions.len(), 9, "they come back");
}

#[test]
fn a_long_message_gets_its_turn_between_short_ones() {
    let mut sticks = Sticks::free();
    let long = sticks.post_to(&number(1), &long_korean());
    for n in 2..9 {
        sticks.post_to(&number(n), "x");
    }
    let out = sticks.dispatch(&[("one", A, 2), ("two", B, 2)]);
    assert_eq!(out.submissions.len(), 2, "one modem is kept for it");
    assert!(out.next_at.is_some());
    let kept = if taken(&out)[0].0 == "one" { [("one", A, 0), ("two", B, 3)] } else { [("one", A, 3), ("two", B, 0)] };
    assert!(taken(&sticks.dispatch(&kept)).iter().any(|(_, id)| *id == long));
}

#[test]
fn a_busy_network_slows_one_sim_and_not_its_neighbour() {
    let mut sticks = Sticks::free();
    let both = [("one", A, 1), ("two", B, 1)];
    sticks.dispatch(&both);
    sticks.gateway.dispatcher.slow_down(&LinkName::modem("sticks", "one"), START, SECOND * 30);
    for n in 0..3 {
        sticks.post_to(&number(n), "x");
    }
    let out = sticks.dispatch(&both);
    assert_eq!(taken(&out).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["two"]);
    sticks.gateway.pass(SECOND * 30);
    assert_eq!(sticks.dispatch(&both).submissions.len(), 2);
}
