//! USSD, and technicians' commands.

use super::bench::{Bench, S};
use crate::ModemEvent;
use postrider_model::{ModemAnswer, ModemRequest};

fn ask(bench: &mut Bench, request: u64, what: ModemRequest) {
    bench.modem.request(bench.now, request, what);
    bench.settle();
}

fn answers(bench: &Bench) -> Vec<(u64, ModemAnswer)> {
    let of = |event: &ModemEvent| match event {
        ModemEvent::Answer { request, answer } => Some((*request, answer.clone())),
        _ => None,
    };
    bench.events.iter().filter_map(of).collect()
}

#[test]
fn a_balance_is_asked_and_answered() {
    let mut bench = Bench::ready();
    bench.answer("AT+CUSD=1,\"*123#\",15", "OK");
    ask(&mut bench, 1, ModemRequest::Ussd("*123#".to_owned()));
    assert!(answers(&bench).is_empty());
    bench.pass(S * 4);
    bench.tell("+CUSD: 0,\"Balance 12.40 USD\",15");
    let text = "Balance 12.40 USD".to_owned();
    assert_eq!(answers(&bench), [(1, ModemAnswer::Ussd { text, more: false })]);
}

#[test]
fn a_menu_is_gone_through() {
    let mut bench = Bench::ready();
    bench.answer("AT+CUSD=1,\"*100#\",15", "OK");
    bench.answer("AT+CUSD=1,\"2\",15", "OK");
    ask(&mut bench, 1, ModemRequest::Ussd("*100#".to_owned()));
    bench.tell("+CUSD: 1,\"1 Balance\r\n2 Offers\",15");
    ask(&mut bench, 2, ModemRequest::Ussd("2".to_owned()));
    bench.tell("+CUSD: 0,\"No offers\",15");
    let found = answers(&bench);
    let menu = ModemAnswer::Ussd { text: "1 Balance\n2 Offers".to_owned(), more: true };
    assert_eq!(found[0], (1, menu));
    assert!(matches!(&found[1], (2, ModemAnswer::Ussd { more: false, .. })), "{found:?}");
}

#[test]
fn a_network_that_says_nothing_is_given_up_and_the_dialogue_cancelled() {
    let mut bench = Bench::ready();
    bench.answer("AT+CUSD=1,\"*123#\",15", "OK");
    ask(&mut bench, 1, ModemRequest::Ussd("*123#".to_owned()));
    bench.pass(S * 101);
    assert!(matches!(&answers(&bench)[..], [(1, ModemAnswer::Failed(_))]));
    assert_eq!(bench.count("AT+CUSD=2"), 1);
}

#[test]
fn ussd_waits_for_the_segment_under_way() {
    let mut bench = Bench::ready();
    bench.result = String::new();
    bench.submit(0, false);
    ask(&mut bench, 1, ModemRequest::Ussd("*123#".to_owned()));
    assert_eq!(bench.count("AT+CUSD=1,\"*123#\",15"), 0);
    bench.tell("+CMGS: 1\r\n\r\nOK");
    assert_eq!(bench.count("AT+CUSD=1,\"*123#\",15"), 1);
}

#[test]
fn a_command_gives_its_lines_and_its_result() {
    let mut bench = Bench::ready();
    bench.answer("ATI", "Quectel\r\n^RSSI:17\r\nEC25\r\nRevision: EC25ECGAR06A04M1G\r\n\r\nOK");
    bench.answer("AT+FOO", "+CME ERROR: 3");
    ask(&mut bench, 1, ModemRequest::At("ATI".to_owned()));
    ask(&mut bench, 2, ModemRequest::At("AT+FOO".to_owned()));
    ask(&mut bench, 3, ModemRequest::At("AT+CMGS=20".to_owned()));
    let found = answers(&bench);
    let lines = ["Quectel", "EC25", "Revision: EC25ECGAR06A04M1G", "OK"].map(str::to_owned).to_vec();
    assert_eq!(found[0], (1, ModemAnswer::Lines(lines)));
    assert_eq!(found[1], (2, ModemAnswer::Lines(vec!["+CME ERROR 3 (operation not allowed)".to_owned()])));
    assert!(matches!(&found[2], (3, ModemAnswer::Failed(_))));
    assert_eq!(bench.count("AT+CMGS=20"), 0);
}

#[test]
fn without_a_port_there_is_an_answer_too() {
    let mut bench = Bench::new();
    ask(&mut bench, 1, ModemRequest::At("AT".to_owned()));
    assert!(matches!(&answers(&bench)[..], [(1, ModemAnswer::Failed(_))]));
}

#[test]
fn an_answer_in_a_turn_that_nobody_defined_is_told_at_once() {
    for (said, expected) in [("9,\"hm\",15", "hm"), ("9", "which nobody defined"), ("2,\"Bye\",15", "Bye")] {
        let mut bench = Bench::ready();
        bench.answer("AT+CUSD=1,\"*100#\",15", "OK");
        bench.modem.request(bench.now, 5, postrider_model::ModemRequest::Ussd("*100#".to_owned()));
        bench.settle();
        bench.tell(&format!("+CUSD: {said}"));
        let told = format!("{:?}", bench.events);
        assert!(told.contains(expected), "{said}: {told}");
    }
}

#[test]
fn the_character_set_is_chosen_and_read_back() {
    let mut bench = Bench::new();
    bench.answer("AT+CSCS=\"00470053004D\"", "ERROR");
    bench.answer("AT+CSCS?", "+CSCS: \"UCS2\"\r\nOK");
    bench.answer("AT+COPS?", "+COPS: 0,0,\"004B0054\",7\r\nOK");
    bench.answer("AT+CUSD=1,\"002A0031003000300023\",15", "OK");
    bench.open();
    assert!(format!("{:?}", bench.events).contains("\"KT\""), "{:?}", bench.events);
    bench.modem.request(bench.now, 5, postrider_model::ModemRequest::Ussd("*100#".to_owned()));
    bench.settle();
    assert_eq!(bench.count("AT+CUSD=1,\"002A0031003000300023\",15"), 1, "{:?}", bench.sent);
}
