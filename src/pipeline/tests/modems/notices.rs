//! What modems say of themselves and their SIMs, what comes to them, and how SIMs are looked after.

use super::*;
use crate::policy::balance::{Amount, BalancePattern};
use crate::policy::sim_care::{BalanceWatch, KeepAlive};
use crate::store::sim::{self, Sim};

fn token(sequence: u32) -> AckToken {
    AckToken { session: 1, sequence, ..AckToken::default() }
}

/// The modem says who it is; returns what was refused.
fn notice(sticks: &mut Sticks, modem: &str, notice: ModemNotice, sequence: u32) -> Vec<(LinkName, AckToken)> {
    let event = LinkEvent::Modem { notice, ack: Some(token(sequence)) };
    let link = LinkName::modem("sticks", modem);
    sticks.gateway.turn(|turn| {
        settle(turn, &link, std::slice::from_ref(&event))?;
        Ok(turn.refused())
    })
}

fn identified(sim: &str) -> ModemNotice {
    ModemNotice::Identified {
        modem: ModemIdentity { imei: Some("354056789012345".to_owned()), ..ModemIdentity::default() },
        sim: SimIdentity { iccid: Some(sim.to_owned()), ..SimIdentity::default() },
    }
}

fn sims_of(sticks: &Sticks) -> Vec<Sim> {
    sticks.gateway.database.read(sim::list).unwrap()
}

#[test]
fn a_pin_that_was_not_taken_is_not_entered_again_until_it_changes() {
    let mut sticks = Sticks::free();
    let attempt = |pin_digest| ModemNotice::PinAttempt { sim: A.to_owned(), pin_digest };
    assert!(notice(&mut sticks, "one", attempt(11), 1).is_empty());
    assert_eq!(notice(&mut sticks, "one", attempt(11), 2), [(LinkName::modem("sticks", "one"), token(2))]);
    assert!(notice(&mut sticks, "one", attempt(12), 3).is_empty(), "another PIN");
    assert_eq!(notice(&mut sticks, "one", attempt(11), 4).len(), 1, "the first one is remembered still");
    assert!(notice(&mut sticks, "two", ModemNotice::PinAttempt { sim: B.to_owned(), pin_digest: 11 }, 1).is_empty());
    assert!(notice(&mut sticks, "one", ModemNotice::PinAccepted { sim: A.to_owned() }, 5).is_empty());
    assert!(notice(&mut sticks, "one", attempt(12), 6).is_empty(), "a PIN that was taken may be entered again");
}

#[test]
fn a_sim_that_moves_keeps_its_counts_and_its_modem_the_newest_sim() {
    let mut sticks = Sticks::new(Caps { day: Some(2), ..Caps::NONE }, Pace::NONE);
    notice(&mut sticks, "one", identified(A), 1);
    for n in 0..3 {
        sticks.post_to(&number(n), "x");
    }
    assert_eq!(sticks.dispatch(&[("one", A, 9)]).submissions.len(), 2);
    notice(&mut sticks, "one", identified(B), 1);
    notice(&mut sticks, "two", identified(A), 1);
    assert!(sticks.dispatch(&[("two", A, 9)]).submissions.is_empty(), "the cap is the SIM's");
    let links: Vec<(String, String)> = sims_of(&sticks).into_iter().map(|sim| (sim.link, sim.id)).collect();
    assert_eq!(links, [("sticks/one".to_owned(), B.to_owned()), ("sticks/two".to_owned(), A.to_owned())]);
}

/// A gateway whose SIMs are asked for their balance once a day and kept alive after sixty days.
fn cared_for() -> Sticks {
    let mut sticks = Sticks::free();
    let rules = &mut sticks.gateway.settings.groups.get_mut("sticks").unwrap().pool.as_mut().unwrap().rules;
    rules.caps.day = Some(9);
    rules.balance = Some(BalanceWatch {
        code: "*100#".to_owned(),
        pattern: BalancePattern::new("balance ([0-9.,]+)").unwrap(),
        every: HOUR * 24,
        minimum: Some(Amount::from_thousandths(5_000)),
    });
    rules.keep_alive =
        Some(KeepAlive { after: HOUR * 24 * 60, to: number(5).parse().unwrap(), text: "alive".to_owned() });
    notice(&mut sticks, "one", identified(A), 1);
    sticks
}

fn cared(sticks: &mut Sticks, up: &[&str]) -> Vec<Question> {
    let up: Vec<LinkName> = up.iter().map(|name| LinkName::modem("sticks", name)).collect();
    sticks.gateway.turn(|turn| care(turn, &up))
}

#[test]
fn the_balance_is_asked_read_kept_and_told_once_when_low() {
    let mut sticks = cared_for();
    assert!(cared(&mut sticks, &[]).is_empty(), "the modem is not there");
    assert_eq!(cared(&mut sticks, &["one"]), [(LinkName::modem("sticks", "one"), "*100#".to_owned())]);
    assert!(cared(&mut sticks, &["one"]).is_empty());
    for (answer, amount, low) in [
        ("Your balance 12.50 THB", "12.50", false),
        ("Your balance 3 THB", "3", true),
        ("Service busy", "3", true),
        ("Your balance 20 THB", "20", false),
    ] {
        let answer_notice = ModemNotice::Balance { iccid: A.to_owned(), text: answer.to_owned() };
        notice(&mut sticks, "one", answer_notice, 2);
        let sim = sims_of(&sticks).remove(0);
        assert_eq!((sim.balance.unwrap().to_string().as_str(), sim.balance_low), (amount, low), "{answer}");
        assert_eq!(sim.balance_text.as_deref(), Some(answer));
    }
    sticks.gateway.pass(HOUR * 24);
    assert_eq!(cared(&mut sticks, &["one"]).len(), 1);
}

#[test]
fn an_unused_sim_sends_one_message_to_stay_alive_over_itself() {
    let mut sticks = cared_for();
    sticks.gateway.pass(HOUR * 24 * 60);
    cared(&mut sticks, &["one", "two"]);
    cared(&mut sticks, &["one", "two"]);
    assert!(sticks.dispatch(&[("two", B, 9)]).submissions.is_empty());
    let out = sticks.dispatch(&[("one", A, 9), ("two", B, 9)]);
    assert_eq!((out.submissions.len(), out.submissions[0].1.to.as_str()), (1, number(5).as_str()));
    let id = out.submissions[0].1.message;
    sticks.accepted("one", id, &format!("{A}:1"));
    sticks.gateway.pass(HOUR * 24 * 59);
    cared(&mut sticks, &["one"]);
    assert!(sticks.dispatch(&[("one", A, 9)]).submissions.is_empty(), "it was used");
}

#[test]
fn how_the_sims_stand_can_be_read() {
    let mut sticks = cared_for();
    for n in 0..12 {
        sticks.post_to(&number(n), "x");
    }
    sticks.dispatch(&[("one", A, 99)]);
    let (settings, now) = (&sticks.gateway.settings, sticks.gateway.now);
    let all = sticks.gateway.database.read(|c| sims(c, settings, now)).unwrap();
    let [one] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(one.spans[2], SpanUse { span: "day", cap: Some(9), used: 9 });
    let (span, until) = one.quota.unwrap();
    assert!(span == "day" && until > now);
    assert_eq!(one.balance_min.unwrap().to_string(), "5");
}

fn incoming(text: &str, from: &str, at: Timestamp, of: Option<PartOf>) -> InboundPart {
    InboundPart {
        from: Sender::from_network(from),
        to: Sender::from_network("15771234"),
        alphabet: Alphabet::Ucs2,
        payload: text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        elements: Vec::new(),
        part_of: of,
        network_time: Some(at),
    }
}

#[test]
fn a_slot_that_is_read_again_makes_no_second_message_and_a_repeated_text_does() {
    let mut sticks = Sticks::free();
    notice(&mut sticks, "one", identified(A), 1);
    let came = |sticks: &mut Sticks, part: &InboundPart, session| {
        let ack = Some(AckToken { session, ..token(7) });
        sticks.event("one", LinkEvent::Inbound { part: part.clone(), ack });
        sticks.gateway.database.read(|c| inbound::list(c, None, None, 99)).unwrap().len()
    };
    let yes = incoming("YES", "+821012345678", START, None);
    assert_eq!(came(&mut sticks, &yes, 1), 1);
    assert_eq!(came(&mut sticks, &yes, 1), 1, "the network sent it again");
    sticks.gateway.pass(HOUR * 24 * 20);
    assert_eq!(came(&mut sticks, &yes, 2), 1, "the slot was read again after the modem came back");
    let repeated = InboundPart { network_time: Some(START.plus(SECOND)), ..yes.clone() };
    assert_eq!(came(&mut sticks, &repeated, 2), 2, "a person repeats himself");
    notice(&mut sticks, "one", identified(B), 1);
    assert_eq!(came(&mut sticks, &yes, 3), 3, "sent to another of our numbers");
}

#[test]
fn a_part_that_is_read_again_after_its_message_is_whole_is_not_kept() {
    let mut sticks = Sticks::free();
    notice(&mut sticks, "one", identified(A), 1);
    let part = |number| {
        let of = Some(PartOf { reference: 9, wide: false, total: 2, number });
        let part = incoming("가", "+821012345678", START, of);
        LinkEvent::Inbound { part, ack: Some(token(u32::from(number))) }
    };
    for event in [part(1), part(2), part(2)] {
        sticks.event("one", event);
    }
    sticks.gateway.pass(sticks.gateway.settings.parts_wait + SECOND);
    sticks.gateway.turn(sweep);
    let messages = sticks.gateway.database.read(|c| inbound::list(c, None, None, 9)).unwrap();
    assert_eq!((messages.len(), messages[0].text.as_deref()), (1, Some("가가")));
}
