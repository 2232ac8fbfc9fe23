//! What comes in, in parts and more than once.

use super::*;

const TEXT: &str = "5";

/// One carrier with two binds whose sessions begin, are read from, and end as a test says.
struct Carrier {
    gateway: Gateway,
    /// How many deliveries each session had.
    places: std::collections::BTreeMap<(u16, u32), u64>,
}

/// Session number 1 of bind 1, and so on. A restart of postrider numbers them anew.
type Line = (u16, u32);

impl Carrier {
    fn new(lines: &[Line]) -> Self {
        let mut carrier = Self { gateway: Gateway::new(), places: Default::default() };
        carrier.gateway.settings.run = 1;
        lines.iter().for_each(|line| carrier.news(*line, SessionNews::Began));
        carrier
    }

    fn link((bind, _): Line) -> LinkName {
        LinkName::new("north", bind)
    }

    fn news(&mut self, line: Line, news: SessionNews) {
        let event = LinkEvent::Session { session: line.1, news };
        self.gateway.turn(|turn| settle(turn, &Self::link(line), std::slice::from_ref(&event)));
    }

    /// The carrier shows that it has read all answers of this session.
    fn reads(&mut self, line: Line) {
        let up_to = self.places.get(&line).copied().unwrap_or_default();
        self.news(line, SessionNews::Read { up_to });
    }

    fn delivers(&mut self, line: Line, event: &LinkEvent) {
        self.delivers_late(line, event, Duration::ZERO);
    }

    /// A delivery that came so long before it could be stored.
    fn delivers_late(&mut self, line: Line, event: &LinkEvent, ago: Duration) {
        let place = self.places.entry(line).or_default();
        *place += 1;
        let LinkEvent::Inbound { part, .. } = event else { unreachable!() };
        let came_at = self.gateway.now.minus(ago);
        let ack = Some(AckToken { session: line.1, place: *place, came_at, ..AckToken::default() });
        let event = LinkEvent::Inbound { part: part.clone(), ack };
        self.gateway.turn(|turn| settle(turn, &Self::link(line), std::slice::from_ref(&event)));
    }

    /// postrider is killed, and comes up again after `down` with new sessions under the old numbers.
    fn crash(&mut self, down: Duration, lines: &[Line]) {
        self.gateway.pass(down);
        self.gateway.settings.run += 1;
        self.gateway.settings.started_at = self.gateway.now;
        self.places.clear();
        while self.gateway.turn(recover) > 0 {}
        lines.iter().for_each(|line| self.news(*line, SessionNews::Began));
    }

    fn messages(&self) -> Vec<InboundMessage> {
        let mut all = self.gateway.database.read(|c| inbound::list(c, None, None, 100)).unwrap();
        all.reverse();
        all
    }

    fn texts(&self) -> Vec<String> {
        self.messages().into_iter().map(|message| message.text.unwrap_or_default()).collect()
    }

    fn copies(&self) -> i64 {
        self.gateway
            .database
            .read(|c| Ok(c.query_row("SELECT sum(copies) FROM inbound", [], |row| row.get(0))?))
            .unwrap()
    }

    /// The time for missing parts is over.
    fn give_up(&mut self) {
        self.gateway.pass(self.gateway.settings.parts_wait + SECOND);
        self.gateway.turn(sweep);
    }
}

/// A part under another reference than [`part`] has.
fn part_under(reference: u16, wide: bool, text: &str, number: u8, total: u8) -> LinkEvent {
    let LinkEvent::Inbound { mut part, ack } = part(text, number, total) else { unreachable!() };
    part.part_of = Some(PartOf { reference, wide, total, number });
    LinkEvent::Inbound { part, ack }
}

/// A part that came over a modem, which the network took so long after the start.
fn stamped(text: &str, number: u8, total: u8, after: Duration) -> LinkEvent {
    let LinkEvent::Inbound { mut part, ack } = part(text, number, total) else { unreachable!() };
    part.network_time = Some(START.plus(after));
    LinkEvent::Inbound { part, ack }
}

#[test]
fn parts_in_any_order_and_doubled_make_one_message() {
    let mut gateway = Gateway::new();
    let events = [part("다음 ", 2, 3), part("끝", 3, 3), part("처음 ", 1, 3)];
    gateway.turn(|turn| settle(turn, &LinkName::new("north", 1), &events));
    let messages = gateway.database.read(|c| inbound::list(c, None, None, 10)).unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!((messages[0].text.as_deref(), messages[0].parts), (Some("처음 다음 끝"), (3, 3)));
    assert_eq!(gateway.told(), ["inbound.received"]);
}

#[test]
fn parts_that_never_complete_are_shown_with_what_is_there() {
    let mut gateway = Gateway::new();
    gateway.turn(|turn| settle(turn, &LinkName::new("north", 2), &[part("처음 ", 1, 2)]));
    gateway.pass(gateway.settings.parts_wait + SECOND);
    gateway.turn(sweep);
    gateway.turn(sweep);
    let messages = gateway.database.read(|c| inbound::list(c, None, None, 10)).unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!((messages[0].text.as_deref(), messages[0].parts), (Some("처음 "), (2, 1)));
    assert_eq!(messages[0].link, "north/2");
}

#[test]
fn what_comes_over_the_other_bind_after_a_lost_acknowledgement_is_one_message() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    carrier.news((1, 1), SessionNews::Ended);
    carrier.delivers((2, 1), &part(TEXT, 1, 1));
    assert_eq!((carrier.texts(), carrier.copies()), (vec![TEXT.to_owned()], 1));
    assert_eq!(carrier.gateway.told(), ["inbound.received"]);
}

#[test]
fn a_person_who_answers_twice_over_two_binds_is_heard_twice() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    carrier.reads((1, 1));
    carrier.delivers((2, 1), &part(TEXT, 1, 1));
    assert_eq!((carrier.texts().len(), carrier.copies()), (2, 0));
}

#[test]
fn while_nobody_knows_whether_the_first_was_acknowledged_the_second_is_held() {
    for (read, expected) in [(true, (2, 0)), (false, (1, 1))] {
        let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
        carrier.delivers((1, 1), &part(TEXT, 1, 1));
        carrier.delivers((2, 1), &part(TEXT, 1, 1));
        assert_eq!(carrier.texts().len(), 1, "its session lives, and nothing is known");
        if read {
            carrier.reads((1, 1));
        }
        carrier.news((1, 1), SessionNews::Ended);
        assert_eq!((carrier.texts().len(), carrier.copies()), expected, "read {read}");
        carrier.news((2, 1), SessionNews::Ended);
        carrier.give_up();
        assert_eq!(carrier.texts().len(), expected.0, "decided once");
    }
}

#[test]
fn a_held_message_is_never_kept_back_for_long() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    carrier.delivers((2, 1), &part(TEXT, 1, 1));
    carrier.gateway.pass(SECOND * 299);
    carrier.gateway.turn(sweep);
    assert_eq!(carrier.texts().len(), 1);
    carrier.gateway.pass(SECOND);
    carrier.gateway.turn(sweep);
    assert_eq!(carrier.texts().len(), 2);
}

#[test]
fn a_message_that_is_held_when_postrider_dies_is_decided_when_it_starts() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    carrier.delivers((2, 1), &part(TEXT, 1, 1));
    carrier.crash(SECOND, &[(1, 1)]);
    assert_eq!((carrier.texts().len(), carrier.copies()), (1, 1));
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    assert_eq!((carrier.texts().len(), carrier.copies()), (1, 2), "its acknowledgement was lost, too");
}

#[test]
fn the_same_word_before_and_after_a_restart_is_two_when_the_first_was_acknowledged() {
    let mut carrier = Carrier::new(&[(1, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    carrier.reads((1, 1));
    carrier.crash(SECOND * 30, &[(1, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    assert_eq!((carrier.texts().len(), carrier.copies()), (2, 0));
}

#[test]
fn each_missing_acknowledgement_explains_one_redelivery() {
    let mut carrier = Carrier::new(&[(1, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    // Down for a night: the carrier repeats itself when it can.
    carrier.crash(SECOND * 3600 * 9, &[(1, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    assert_eq!((carrier.texts().len(), carrier.copies()), (1, 1));
    // That acknowledgement was lost again, and came the time after.
    carrier.crash(SECOND, &[(1, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    assert_eq!((carrier.texts().len(), carrier.copies()), (1, 2));
    carrier.reads((1, 1));
    carrier.crash(SECOND, &[(1, 1), (2, 1)]);
    carrier.delivers((2, 1), &part(TEXT, 1, 1));
    assert_eq!((carrier.texts().len(), carrier.copies()), (2, 2), "now it is the person");
}

#[test]
fn a_carrier_that_hung_and_went_on_may_repeat_what_it_missed() {
    for (missed, expected) in [(true, (1, 1)), (false, (2, 0))] {
        let mut carrier = Carrier::new(&[(1, 1)]);
        carrier.delivers((1, 1), &part(TEXT, 1, 1));
        if missed {
            carrier.news((1, 1), SessionNews::Missed { after: 0, up_to: 1 });
        }
        carrier.delivers((1, 1), &part("other", 1, 1));
        carrier.reads((1, 1));
        carrier.news((1, 1), SessionNews::Ended);
        carrier.news((1, 2), SessionNews::Began);
        carrier.delivers((1, 2), &part(TEXT, 1, 1));
        carrier.delivers((1, 2), &part("other", 1, 1));
        assert_eq!((carrier.texts().len() - 2, carrier.copies()), expected, "missed {missed}");
    }
}

#[test]
fn two_equal_messages_whose_acknowledgements_are_lost_stay_two() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    for line in [(1, 1), (1, 1), (2, 1), (2, 1)] {
        if line == (2, 1) {
            carrier.news((1, 1), SessionNews::Ended);
        }
        carrier.delivers(line, &part(TEXT, 1, 1));
    }
    assert_eq!((carrier.texts().len(), carrier.copies()), (2, 2));
}

#[test]
fn a_repetition_over_the_same_session_is_a_person_unless_our_answer_was_late() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    carrier.gateway.pass(SECOND * 30);
    carrier.delivers((1, 1), &part(TEXT, 1, 1));
    assert_eq!(carrier.texts().len(), 2);
    // The store hung for a minute; the carrier's timer of twenty seconds ran out twice, the second time on the other bind.
    let late = part("late", 1, 1);
    for (line, ago) in [((1, 1), 60), ((1, 1), 40), ((2, 1), 20)] {
        carrier.delivers_late(line, &late, SECOND * ago);
    }
    carrier.reads((1, 1));
    assert_eq!((carrier.texts().len(), carrier.copies()), (3, 2));
}

#[test]
fn part_by_part_a_redelivery_changes_nothing() {
    let whole = [part("처음 ", 1, 3), part("다음 ", 2, 3), part("끝", 3, 3)];
    for again in [&whole[1..2], &whole[..]] {
        let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
        whole.iter().for_each(|part| carrier.delivers((1, 1), part));
        carrier.news((1, 1), SessionNews::Ended);
        again.iter().for_each(|part| carrier.delivers((2, 1), part));
        carrier.give_up();
        assert_eq!(carrier.texts(), ["처음 다음 끝"], "{} parts", again.len());
        assert_eq!(carrier.copies(), i64::try_from(again.len()).unwrap());
        assert_eq!(carrier.gateway.told(), ["inbound.received"]);
    }
}

#[test]
fn a_part_that_is_repeated_while_its_siblings_are_awaited_is_counted() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    carrier.delivers((1, 1), &part("처음 ", 1, 2));
    carrier.news((1, 1), SessionNews::Ended);
    carrier.delivers((2, 1), &part("처음 ", 1, 2));
    carrier.delivers((2, 1), &part("끝", 2, 2));
    carrier.give_up();
    assert_eq!((carrier.texts(), carrier.copies()), (vec!["처음 끝".to_owned()], 1));
}

#[test]
fn a_long_text_that_is_written_twice_under_one_reference_is_two() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    for (place, line) in [(1, 1), (1, 1), (2, 1), (2, 1)].into_iter().enumerate() {
        let number = u8::try_from(place % 2 + 1).unwrap();
        carrier.delivers(line, &part("가", number, 2));
    }
    assert_eq!(carrier.texts().len(), 1, "the second is held until the first session shows");
    carrier.reads((1, 1));
    assert_eq!((carrier.texts(), carrier.copies()), (vec!["가가".to_owned(); 2], 0));
}

#[test]
fn two_messages_with_one_reference_are_not_mixed() {
    let hour = SECOND * 3600;
    // Part 2 of the first never comes; the second one's parts come in either order.
    for order in [[1, 2], [2, 1]] {
        let mut carrier = Carrier::new(&[(1, 1)]);
        carrier.delivers((1, 1), &part("first begins, ", 1, 2));
        carrier.reads((1, 1));
        carrier.gateway.pass(hour);
        for number in order {
            let text = if number == 1 { "second begins, " } else { "second ends" };
            carrier.delivers((1, 1), &part(text, number, 2));
        }
        assert_eq!(carrier.texts(), ["second begins, second ends"], "{order:?}");
        carrier.give_up();
        assert_eq!(carrier.texts(), ["second begins, second ends", "first begins, "], "shown, never dropped");
        assert_eq!(carrier.messages()[1].parts, (2, 1));
    }
}

#[test]
fn a_part_that_contradicts_opens_a_message_of_its_own_at_once() {
    let mut carrier = Carrier::new(&[(1, 1)]);
    carrier.delivers((1, 1), &part("first begins, ", 1, 2));
    carrier.delivers((1, 1), &part("second begins, ", 1, 2));
    carrier.delivers((1, 1), &part("of three", 2, 3));
    carrier.delivers((1, 1), &part_under(9, true, "16 bits", 2, 2));
    assert!(carrier.texts().is_empty());
    carrier.gateway.pass(SECOND);
    carrier.delivers((1, 1), &part("second ends", 2, 2));
    assert_eq!(carrier.texts(), ["second begins, second ends"]);
    carrier.give_up();
    let mut shown = carrier.texts();
    shown.sort();
    assert_eq!(shown, ["16 bits", "first begins, ", "of three", "second begins, second ends"]);
}

#[test]
fn parts_that_wait_for_a_session_still_belong_together() {
    let mut carrier = Carrier::new(&[(1, 1)]);
    carrier.delivers((1, 1), &part("처음 ", 1, 2));
    carrier.crash(SECOND * 3600 * 8, &[(1, 1)]);
    carrier.delivers((1, 1), &part("끝", 2, 2));
    assert_eq!(carrier.texts(), ["처음 끝"]);
}

#[test]
fn over_modems_the_networks_time_tells_what_was_sent_together() {
    let mut gateway = Gateway::new();
    let modem = LinkName::modem("sticks", "one");
    let hour = SECOND * 3600;
    let settled = |gateway: &mut Gateway, event: LinkEvent| {
        gateway.turn(|turn| settle(turn, &modem, std::slice::from_ref(&event)));
    };
    // The modem was off, so everything comes at once: one part of an old message, and a new one.
    settled(&mut gateway, stamped("old begins, ", 1, 2, Duration::ZERO));
    settled(&mut gateway, stamped("new ends", 2, 2, hour * 5 + SECOND));
    settled(&mut gateway, stamped("new begins, ", 1, 2, hour * 5));
    let texts = |gateway: &Gateway| {
        let all = gateway.database.read(|c| inbound::list(c, None, None, 9)).unwrap();
        all.into_iter().rev().map(|message| message.text.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&gateway), ["new begins, new ends"]);
    gateway.pass(hour * 9);
    settled(&mut gateway, stamped("old ends", 2, 2, SECOND * 3));
    assert_eq!(texts(&gateway), ["new begins, new ends", "old begins, old ends"]);
}

#[test]
fn a_stop_that_is_repeated_or_redelivered_holds_from_its_first_commit() {
    let mut carrier = Carrier::new(&[(1, 1), (2, 1)]);
    let stopped = |carrier: &Carrier| {
        let sql = "SELECT count(*) FROM inbound JOIN callback ON callback.message = inbound.id";
        carrier.gateway.database.read(|c| Ok(c.query_row(sql, [], |row| row.get::<_, i64>(0))?)).unwrap()
    };
    carrier.delivers((1, 1), &part("STOP", 1, 1));
    assert_eq!(stopped(&carrier), 1);
    carrier.news((1, 1), SessionNews::Ended);
    carrier.delivers((2, 1), &part("STOP", 1, 1));
    assert_eq!(stopped(&carrier), 1, "told once");
}

#[test]
fn what_is_known_of_parts_and_sessions_is_forgotten_in_time() {
    let mut carrier = Carrier::new(&[(1, 1)]);
    carrier.delivers((1, 1), &part("처음 ", 1, 2));
    carrier.delivers((1, 1), &part("끝", 2, 2));
    carrier.news((1, 1), SessionNews::Ended);
    let rows = |carrier: &Carrier| {
        let sql = "SELECT (SELECT count(*) FROM inbound_part), (SELECT count(*) FROM inbound_session)";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        carrier.gateway.database.read(|c| Ok(c.query_row(sql, [], row)?)).unwrap()
    };
    assert_eq!(rows(&carrier), (2, 1));
    carrier.gateway.pass(carrier.gateway.settings.remember_for + SECOND);
    carrier.gateway.turn(sweep);
    assert_eq!(rows(&carrier), (0, 0));
}
