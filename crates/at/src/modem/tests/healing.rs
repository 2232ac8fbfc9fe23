//! Silence, faults, reboots: how a modem is brought back, and when it is left alone.

use super::bench::{Bench, S, submission};
use crate::{ModemEvent, ModemProfile, Settings};
use postrider_model::{ModemRequest, ResetKind, SubmitOutcome};

#[test]
fn a_silent_modem_climbs_to_quarantine_and_comes_back() {
    let mut bench = Bench::ready();
    bench.alive = false;
    bench.pass(S * 45);
    let told = bench.told();
    assert!(told.contains("healing: modem \"modem\": it did not answer"), "{told}");
    assert!(told.contains("ask: Reopen"), "{told}");
    bench.close(0);
    bench.open();
    bench.pass(S * 18);
    assert!(!bench.told().contains("quarantined"), "it may be booting: {}", bench.told());
    bench.pass(S * 4);
    assert!(bench.told().contains("quarantined"), "{}", bench.told());
    bench.forget();
    bench.alive = true;
    bench.pass(S * 61);
    assert_eq!(bench.told().matches("ask: Reopen").count(), 1, "{}", bench.told());
    bench.close(0);
    bench.open();
    assert!(bench.modem.is_ready());
}

#[test]
fn one_unanswered_command_is_brought_to_attention_and_work_goes_on() {
    let mut bench = Bench::ready();
    bench.answer("AT+CSQ", "");
    bench.pass(S * 45);
    assert!(bench.told().contains("ESC and AT"), "{}", bench.told());
    assert!(bench.modem.is_ready());
    let counters = bench.modem.counters();
    assert_eq!((counters.timeouts, counters.resets), (1, 0));
}

#[test]
fn a_command_that_hangs_in_the_set_up_is_left_out_the_next_time() {
    let mut bench = Bench::new();
    bench.answer("AT+CNUM", "");
    bench.open();
    bench.pass(S * 10);
    assert!(bench.modem.is_ready(), "{}", bench.told());
    bench.tell("RDY");
    bench.pass(S * 10);
    assert!(bench.modem.is_ready());
    assert_eq!(bench.count("AT+CNUM"), 1);
}

#[test]
fn pdu_mode_is_waited_for_until_the_message_service_is_up() {
    let mut bench = Bench::new();
    bench.answer("AT+CMGF=0", "ERROR");
    bench.open();
    bench.pass(S * 5);
    assert!(!bench.modem.is_ready());
    bench.answer("AT+CMGF=0", "OK");
    bench.tell("SMS Ready");
    assert!(bench.modem.is_ready(), "at once: {}", bench.told());
}

#[test]
fn a_modem_that_never_takes_pdu_mode_is_told_and_reset() {
    let mut bench = Bench::new();
    bench.answer("AT+CMGF=0", "ERROR");
    bench.open();
    bench.pass(S * 25);
    assert!(bench.told().contains("it refuses PDU mode"), "{}", bench.told());
    assert_eq!(bench.count("AT+CFUN=1,1"), 1);
    bench.pass(S * 120);
    assert!(bench.told().contains("quarantined"), "{}", bench.told());
}

#[test]
fn a_reboot_is_noticed_and_the_set_up_repeated() {
    for line in ["RDY", "^SYSSTART"] {
        let mut bench = Bench::ready();
        bench.tell(line);
        assert_eq!(bench.count("AT+CMGF=0"), 1, "{line}");
        assert!(bench.modem.is_ready());
    }
    let mut bench = Bench::ready();
    bench.tell("SMS Ready");
    assert_eq!(bench.count("AT+CMGF=0"), 0, "a late one is no reboot");
    bench.tell("SMS Ready");
    assert_eq!(bench.count("AT+CMGF=0"), 1, "a second one is");
}

#[test]
fn a_reboot_in_the_middle_of_a_send_leaves_a_doubt() {
    let mut bench = Bench::ready();
    bench.result = String::new();
    bench.submit(0, false);
    bench.tell("RDY");
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Unanswered { .. }]));
    assert!(bench.modem.is_ready());
}

#[test]
fn without_network_it_takes_no_messages_and_the_radio_is_switched_after_a_while() {
    let mut bench = Bench::ready();
    bench.answer("AT+CREG?", "+CREG: 0,2");
    bench.answer("AT+CREG?", "+CREG: 0,2\r\nOK");
    bench.tell("+CREG: 2");
    assert!(!bench.modem.is_ready());
    assert!(bench.told().contains("searching"), "{}", bench.told());
    bench.answer("AT+CFUN=4", "OK");
    bench.answer("AT+CFUN=1", "OK");
    bench.pass(S * 310);
    assert!(bench.told().contains("there was no network for 5 minutes"), "{}", bench.told());
    assert_eq!(bench.count("AT+CFUN=4"), 1);
    bench.pass(S * 620);
    assert_eq!(bench.count("AT+CFUN=1,1"), 1, "then it is reset");
    assert!(!bench.told().contains("quarantined"), "{}", bench.told());
    bench.answer("AT+CREG?", "+CREG: 0,5\r\nOK");
    bench.pass(S * 60);
    assert!(bench.modem.is_ready());
}

#[test]
fn a_denied_registration_is_told_with_advice() {
    let mut bench = Bench::ready();
    bench.answer("AT+CREG?", "+CREG: 2,3\r\nOK");
    bench.pass(S * 31);
    let advised = |event: &ModemEvent| matches!(event, ModemEvent::Stage { reason, advice, .. } if reason.contains("denied") && !advice.is_empty());
    assert!(bench.events.iter().any(advised), "{}", bench.told());
}

#[test]
fn lte_alone_is_a_network() {
    let mut bench = Bench::new();
    bench.answer("AT+CREG?", "+CREG: 2,3\r\nOK");
    bench.answer("AT+CEREG?", "+CEREG: 2,1,\"1F00\",\"79D903\",7\r\nOK");
    bench.open();
    assert!(bench.modem.is_ready());
}

#[test]
fn a_modem_that_cannot_tell_its_registration_is_used() {
    let mut bench = Bench::new();
    bench.answers.remove("AT+CREG?");
    bench.open();
    assert!(bench.modem.is_ready());
}

#[test]
fn a_technicians_reset_waits_for_the_segment_under_way() {
    let mut bench = Bench::ready();
    bench.result = String::new();
    bench.answer("AT+CFUN=1,1", "OK");
    bench.submit(0, false);
    bench.modem.request(bench.now, 1, ModemRequest::Reset(ResetKind::Modem));
    bench.settle();
    assert_eq!(bench.count("AT+CFUN=1,1"), 0);
    bench.tell("+CMGS: 7\r\n\r\nOK");
    assert_eq!(bench.count("AT+CFUN=1,1"), 1);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }]));
    bench.pass(S * 31);
    assert!(bench.modem.is_ready(), "{}", bench.told());
}

#[test]
fn weak_power_is_told() {
    let mut bench = Bench::ready();
    bench.tell("UNDER-VOLTAGE WARNNING");
    assert!(bench.told().contains("power supply is out of limits"));
}

#[test]
fn noise_of_all_makers_changes_nothing() {
    let mut bench = Bench::ready();
    for line in [
        "^RSSI:17",
        "^DSFLOWRPT:0000001E,00000000",
        "^BOOT:35323129,0,0,0,26",
        "+ZUSIMR:2",
        "+QIND: SMS DONE",
        "Call Ready",
        "*PSUTTZ: 1",
        "#STN: 25",
        "+WIND: 4",
        "+CIEV: 1,2",
        "NO CARRIER",
        "+CGEV: NW DETACH",
        "garbage",
        "> not a prompt",
        "OK",
        "ERROR",
        "+CMS ERROR: 500",
        "+CMGL: 1,1,,5",
    ] {
        bench.tell(line);
    }
    bench.bytes(&[0, 0xff, 0xfe, b'\r', 0x80, b'\n']);
    bench.bytes(&vec![b'x'; 100_000]);
    bench.settle();
    assert!(bench.sent.is_empty(), "{:?}", bench.sent);
    assert!(bench.modem.is_ready() && bench.told().is_empty(), "{}", bench.told());
    bench.bytes(b"\r\n");
    bench.submit(0, false);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }]));
}

#[test]
fn a_sim_that_is_still_read_delays_the_stores_and_does_not_change_them() {
    let mut bench = Bench::new();
    bench.answer("AT+CPMS=\"ME\",\"ME\",\"ME\"", "+CME ERROR: 515");
    bench.open();
    bench.pass(S * 3);
    assert!(!bench.modem.is_ready());
    bench.answer("AT+CPMS=\"ME\",\"ME\",\"ME\"", "+CPMS: 0,20,0,20,0,20\r\nOK");
    bench.pass(S * 2);
    assert!(bench.modem.is_ready(), "{}", bench.told());
    assert_eq!(bench.count("AT+CPMS=\"SM\",\"SM\",\"SM\""), 0);
}

#[test]
fn bad_power_is_told_once_however_often_the_modem_says_so() {
    let mut bench = Bench::ready();
    for _ in 0..50 {
        bench.tell("UNDER-VOLTAGE WARNNING");
    }
    assert_eq!(bench.told().matches("power supply").count(), 1);
}

#[test]
fn a_segment_that_waits_for_the_gap_between_commands_has_its_outcome_too() {
    let mut profile = ModemProfile::default();
    profile.init.command_gap = S / 10;
    let mut bench = Bench::with(Settings::default(), profile);
    bench.open();
    assert!(bench.modem.is_ready());
    let submission = submission();
    bench.modem.submit(bench.now, bench.wall(), &submission, 0, true);
    while bench.modem.poll_transmit().is_some() {}
    bench.bytes(b"\r\nOK\r\n");
    bench.close(0);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::NotSent { .. }]));
    bench.open();
    assert!(bench.modem.is_ready());
}
