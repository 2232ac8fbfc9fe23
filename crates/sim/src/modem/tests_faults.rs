//! What goes wrong on demand, as raw dialogues.

use super::tests::{Bench, LENGTH, PDU, SECOND};
use super::*;

/// A modem that needs four seconds a part, with one fault at its next occasion.
fn faulty(fault: Fault) -> Bench {
    let settings = SimModemSettings { part_time: 4 * SECOND, ..SimModemSettings::default() };
    let mut bench = Bench::ready(settings);
    bench.modem.once(fault);
    bench
}

/// Sends the sample; what was said until `span` later.
fn send(bench: &mut Bench, span: std::time::Duration) -> String {
    let prompt = bench.ask(LENGTH);
    prompt + &bench.put(&format!("{PDU}\x1a")) + &bench.wait(span)
}

#[test]
fn without_a_prompt_the_modem_waits_for_the_pdu_until_it_is_escaped() {
    let mut bench = faulty(Fault::NoPrompt);
    assert_eq!(bench.ask(LENGTH), "");
    assert_eq!(bench.ask("AT"), "");
    assert_eq!(bench.put("\x1b"), "\r\nOK\r\n");
    assert_eq!(bench.ask("AT"), "\r\nOK\r\n");
    assert!(send(&mut bench, 4 * SECOND).contains("+CMGS: 0"));
}

#[test]
fn a_lost_answer_leaves_the_message_sent_and_its_report_on_the_way() {
    let mut bench = faulty(Fault::AnswerLost);
    let said = send(&mut bench, 10 * SECOND);
    assert!(said.starts_with("\r\n> \r\n+CDS: 24"), "{said}");
    assert_eq!((bench.modem.ledger().counts.taken, bench.modem.ledger().counts.unanswered), (1, 1));
    assert_eq!(bench.ask("AT"), "\r\nOK\r\n");
}

#[test]
fn a_lost_send_and_a_refused_one_leave_nothing_in_the_ledger() {
    let mut bench = faulty(Fault::SendLost);
    assert_eq!(send(&mut bench, 10 * SECOND), "\r\n> ");
    bench.modem.once(Fault::Refuse(38));
    assert_eq!(send(&mut bench, 10 * SECOND), "\r\n> \r\n+CMS ERROR: 38\r\n");
    bench.modem.once(Fault::RefusePrompt(310));
    assert_eq!(bench.ask(LENGTH), "\r\n+CMS ERROR: 310\r\n");
    assert_eq!(bench.modem.ledger().counts.taken, 0);
}

#[test]
fn an_error_may_come_for_what_was_sent() {
    let mut bench = faulty(Fault::SentYetError(500));
    assert!(send(&mut bench, 4 * SECOND).contains("\r\n+CMS ERROR: 500\r\n"));
    assert_eq!(bench.modem.ledger().counts.taken, 1);
}

#[test]
fn a_slow_result_comes_after_135_seconds_more() {
    let mut bench = faulty(Fault::Slow);
    assert_eq!(send(&mut bench, 138 * SECOND), "\r\n> ");
    assert!(bench.wait(SECOND).contains("+CMGS: 0"));
}

#[test]
fn a_hanging_modem_says_nothing_until_it_is_plugged_in_anew() {
    let mut bench = faulty(Fault::Hang);
    assert_eq!(bench.ask("AT"), "");
    assert_eq!(bench.ask("AT+CFUN=1,1"), "");
    assert_eq!(bench.wait(3600 * SECOND), "");
    bench.modem.handle_unplugged();
    let now = bench.now;
    bench.modem.handle_plugged(now);
    assert_eq!(bench.ask("ATE0"), "ATE0\r\r\nOK\r\n");
}

#[test]
fn a_reboot_forgets_the_set_up_and_keeps_the_messages() {
    let persona = Persona::named("quectel-ec25").unwrap();
    let settings = SimModemSettings { persona, part_time: 4 * SECOND, ..SimModemSettings::default() };
    let mut bench = Bench::ready(settings);
    let now = bench.now;
    bench.modem.receive(now, "15771234", "hello").unwrap();
    bench.modem.once(Fault::RebootAfterSend);
    let said = send(&mut bench, 20 * SECOND);
    assert!(!said.contains("+CMGS"), "{said}");
    assert!(said.contains("\r\nRDY\r\n") && said.contains("\r\n+QIND: SMS DONE\r\n"), "{said}");
    assert_eq!((bench.modem.poll_port(), bench.modem.poll_port()), (Some(PortChange::Gone), Some(PortChange::Back)));
    assert_eq!(bench.modem.ledger().counts.taken, 1);
    assert_eq!(bench.ask("ATE0;+CNMI?"), "ATE0;+CNMI?\r\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n");
    bench.ask("AT+CPMS=\"SM\"");
    assert!(bench.ask("AT+CMGL=4").contains("+CMGL: 0,0,,"));
}

#[test]
fn nothing_is_taken_when_the_stick_is_pulled_out_first() {
    let settings = SimModemSettings { part_time: 4 * SECOND, ..SimModemSettings::default() };
    let mut bench = Bench::ready(settings);
    send(&mut bench, SECOND);
    bench.modem.handle_unplugged();
    let (at, now) = (bench.wait(10 * SECOND), bench.now);
    bench.modem.handle_plugged(now);
    bench.wait(10 * SECOND);
    assert_eq!((at.as_str(), bench.modem.ledger().counts.taken), ("", 0));
}

#[test]
fn indications_come_in_the_middle_and_behind_the_prompt() {
    let mut bench = faulty(Fault::Indication);
    assert_eq!(bench.ask("AT+CSQ"), "\r\n+CSQ: 22,99\r\n\r\nRING\r\n\r\nOK\r\n");
    bench.modem.once(Fault::Indication);
    assert_eq!(bench.ask(LENGTH), "\r\n> \r\nRING\r\n");
}

#[test]
fn garbage_echo_and_small_pieces_change_the_wire_alone() {
    let mut bench = faulty(Fault::Garbage);
    assert!(bench.ask("AT").ends_with("\r\nOK\r\n"));
    let faults = ModemFaults { echo: true, split: true, ..ModemFaults::default() };
    let now = bench.now;
    bench.modem.set_faults(now, faults);
    assert_eq!(bench.ask("AT"), "AT\r\r\nOK\r\n");
    bench.modem.handle_bytes(now, b"AT\r");
    assert!(bench.modem.poll_transmit().is_some_and(|piece| piece.len() < 8));
}

#[test]
fn a_full_store_takes_nothing_until_a_slot_is_free() {
    let persona = Persona::named("huawei-e173").unwrap();
    let mut bench = Bench::ready(SimModemSettings { persona, slots: Some(1), ..SimModemSettings::default() });
    let now = bench.now;
    bench.modem.receive(now, "15771234", "one").unwrap();
    bench.modem.receive(now, "15771234", "two").unwrap();
    assert_eq!(bench.wait(SECOND), "\r\n+CMTI: \"SM\",0\r\n\r\n^SMMEMFULL:\"SM\"\r\n");
    assert_eq!(bench.modem.waiting(), 1);
    assert_eq!(bench.ask("AT+CMGD=0"), "\r\nOK\r\n\r\n+CMTI: \"SM\",0\r\n");
    assert_eq!(bench.modem.waiting(), 0);
}

#[test]
fn a_denied_registration_is_told_and_ends_sends() {
    let mut bench = Bench::ready(SimModemSettings::default());
    bench.ask("AT+CREG=1");
    let now = bench.now;
    bench.modem.set_faults(now, ModemFaults { denied: true, ..ModemFaults::default() });
    assert_eq!(bench.wait(SECOND), "\r\n+CREG: 3\r\n");
    assert_eq!(send(&mut bench, SECOND), "\r\n> \r\n+CMS ERROR: 331\r\n");
    let now = bench.now;
    bench.modem.set_faults(now, ModemFaults::default());
    assert_eq!(bench.wait(SECOND), "\r\n+CREG: 1\r\n");
}

#[test]
fn a_direct_delivery_that_nobody_acknowledges_comes_again_and_turns_indications_off() {
    let mut bench = Bench::ready(SimModemSettings::default());
    bench.ask("AT+CSMS=1;+CNMI=2,2,0,1,0");
    let now = bench.now;
    bench.modem.receive(now, "15771234", "one").unwrap();
    bench.modem.receive(now, "15771234", "two").unwrap();
    assert_eq!(bench.wait(SECOND).matches("+CMT: ,").count(), 1, "one at a time");
    assert_eq!(bench.ask("AT+CNMA").matches("+CMT: ,").count(), 1);
    bench.wait(20 * SECOND);
    assert_eq!(bench.ask("AT+CNMA"), "\r\n+CMS ERROR: 340\r\n");
    assert!(bench.ask("AT+CNMI?").contains("+CNMI: 2,0,0,0,0"));
    assert_eq!(bench.ask("AT+CNMI=2,2,0,1,0"), "\r\nOK\r\n");
    assert!(bench.wait(60 * SECOND).contains("+CMT: ,"));
    let prompt = bench.ask("AT+CNMA=1,2");
    assert_eq!(prompt + &bench.put("0000\x1a"), "\r\n> \r\nOK\r\n");
}

#[test]
fn a_pin_has_three_tries() {
    let sim = SimCard { pin: Some("1234".to_owned()), ..SimCard::default() };
    let settings = SimModemSettings { sim: Some(sim), cold: true, ..SimModemSettings::default() };
    let mut bench = Bench::new(settings.clone());
    bench.wait(5 * SECOND);
    bench.ask("ATE0;+CMEE=1");
    assert!(bench.ask("AT+CPIN?").contains("SIM PIN"));
    assert_eq!(bench.ask("AT+CIMI"), "\r\n+CME ERROR: 11\r\n");
    assert_eq!(bench.ask("AT+CPIN=\"0000\""), "\r\n+CME ERROR: 16\r\n");
    assert!(bench.ask("AT+CPINR").contains("+CPINR: SIM PIN,2,3"));
    assert_eq!(bench.ask("AT+CPIN=\"1234\""), "\r\nOK\r\n");
    assert!(bench.ask("AT+CREG?").contains("0,1"));
    let mut locked = Bench::new(settings);
    (0..3).for_each(|_| drop(locked.ask("AT+CPIN=\"9\"")));
    assert!(locked.ask("AT+CPIN?").contains("SIM PUK"));
}

#[test]
fn ussd_answers_in_the_makers_form() {
    let mut plain = Bench::ready(SimModemSettings::default());
    assert_eq!(plain.ask("AT+CUSD=1,\"*123#\",15"), "\r\nOK\r\n");
    assert_eq!(plain.wait(5 * SECOND), "\r\n+CUSD: 1,\"1 Balance\n2 Number\",15\r\n");
    plain.ask("AT+CUSD=1,\"1\",15");
    assert_eq!(plain.wait(5 * SECOND), "\r\n+CUSD: 0,\"Balance 12.40 USD\",15\r\n");
    let persona = Persona::named("huawei-e173").unwrap();
    let mut packed = Bench::ready(SimModemSettings { persona, ..SimModemSettings::default() });
    packed.ask("AT+CUSD=1,\"AA180C3602\",15");
    assert!(packed.wait(5 * SECOND).starts_with("\r\n+CUSD: 0,\"C230"));
}

#[test]
fn reports_are_lost_doubled_late_early_and_misplaced() {
    let counted = |fault| {
        let mut bench = faulty(fault);
        let early = send(&mut bench, 4 * SECOND);
        (early.find("+CDS:").map(|at| at > early.find("+CMGS:").unwrap()), bench.wait(30 * SECOND), bench)
    };
    assert!(matches!(counted(Fault::ReportLost), (None, rest, _) if rest.is_empty()));
    assert!(matches!(counted(Fault::ReportDoubled), (Some(true), rest, _) if rest.contains("+CDS:")));
    let (none, _, mut late) = counted(Fault::ReportLate);
    assert!(none.is_none() && late.wait(600 * SECOND).contains("+CDS:"));
    let (_, rest, mut misplaced) = counted(Fault::ReportMisplaced);
    assert!(!rest.contains("+CDS") && misplaced.ask("AT+CMGR=0").contains("06000A915402000030"));
    let mut early = faulty(Fault::ReportEarly);
    early.modem.once(Fault::Slow);
    assert!(!send(&mut early, 10 * SECOND).contains("+CDS"), "it waits for the end of the command");
    assert!(early.wait(200 * SECOND).contains("+CMGS: 0\r\n\r\nOK\r\n\r\n+CDS: 24"));
}

#[test]
fn a_temporary_state_is_followed_by_a_final_one() {
    let network = SimNetwork { report_states: vec![(0x30, 1000)], ..SimNetwork::default() };
    let mut bench = Bench::ready(SimModemSettings { network, ..SimModemSettings::default() });
    assert!(send(&mut bench, SECOND).ends_with("30\r\n"));
    assert!(bench.wait(30 * SECOND).ends_with("00\r\n"));
}

#[test]
fn nothing_that_comes_in_makes_it_panic_or_grow() {
    let mut random = postrider_model::Random::new(5);
    let mut bench = Bench::ready(SimModemSettings::default());
    let words = [
        "AT+CMGS=23\r",
        "\x1a",
        "\x1b",
        "AT",
        "+CPMS=",
        "\"",
        ",,",
        "9999999999999999999999",
        "\r",
        ";",
        "é",
        "AT+CRSM=1",
    ];
    for _ in 0..20_000 {
        let place = usize::try_from(random.below(12)).unwrap();
        bench.put(words[place]);
        bench.modem.handle_bytes(bench.now, &random.next_u64().to_le_bytes());
        bench.wait(SECOND);
    }
}
