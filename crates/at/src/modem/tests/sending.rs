//! A segment's outcomes: accepted, refused, certainly not sent, in doubt.

use super::bench::{Bench, S};
use crate::{ModemProfile, SendErrorClass, Settings};
use postrider_model::{ErrorClass, SubmitOutcome};

fn result(said: &str) -> Bench {
    let mut bench = Bench::ready();
    bench.result = said.to_owned();
    bench.submit(0, false);
    bench
}

#[test]
fn a_reference_without_ok_counts_as_sent_after_five_seconds() {
    let mut bench = result("+CMGS: 64");
    assert!(bench.outcomes().is_empty());
    bench.pass(S * 5);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }]));
    assert!(bench.modem.is_ready());
}

#[test]
fn a_result_after_135_seconds_is_still_the_result() {
    let mut bench = result("");
    bench.pass(S * 135);
    assert!(bench.outcomes().is_empty(), "{}", bench.told());
    bench.tell("+CMGS: 64\r\n\r\nOK");
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }]));
    assert_eq!(bench.modem.send_time(), Some(S * 135));
}

#[test]
fn without_a_result_it_is_in_doubt_and_never_sent_again() {
    let mut bench = result("");
    let pdu = bench.sent[1].clone();
    bench.pass(S * 181);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Unanswered { .. }]));
    assert!(bench.told().contains("nobody knows whether it went out"), "{}", bench.told());
    assert_eq!(bench.sent[2..4], ["\u{1b}", "AT"], "brought to attention");
    bench.pass(S * 600);
    assert_eq!(bench.count(&pdu), 1);
    assert!(bench.modem.is_ready());
}

#[test]
fn a_late_result_ends_the_doubt() {
    let mut bench = result("");
    bench.pass(S * 200);
    bench.tell("+CMGS: 9\r\n\r\nOK");
    let outcomes = bench.outcomes();
    let [SubmitOutcome::Unanswered { .. }, SubmitOutcome::Accepted { carrier_id: Some(id) }] = outcomes.as_slice()
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!(id.as_str(), "8982000000000000001:9");
    bench.tell("+CMGS: 10");
    assert_eq!(bench.outcomes().len(), 2, "once");
}

#[test]
fn a_missing_prompt_is_certainly_not_sent_and_the_next_try_goes_out() {
    let mut bench = Bench::ready();
    bench.prompts = false;
    bench.submit(0, false);
    bench.pass(S * 6);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::NotSent { .. }]), "{:?}", bench.outcomes());
    assert_eq!(bench.sent[1..3], ["\u{1b}", "AT"]);
    assert!(!bench.sent.iter().any(|line| line.starts_with("0071")), "no PDU without a prompt");
    bench.prompts = true;
    bench.pass(S * 3);
    bench.submit(0, false);
    assert!(matches!(bench.outcomes()[..], [_, SubmitOutcome::Accepted { .. }]));
}

#[test]
fn a_prompt_with_an_indication_behind_it_still_takes_the_pdu() {
    let mut bench = Bench::ready();
    bench.prompts = false;
    bench.submit(0, false);
    bench.bytes(b"\r\n> \r\nRING\r\n");
    bench.settle();
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }]));
    assert_eq!(bench.sent.last().map(String::as_str), Some("ATH"), "the call is ended after the send");
}

#[test]
fn errors_are_classes() {
    let refused = |said: &str| match result(said).outcomes().as_slice() {
        [SubmitOutcome::Refused { class, .. }] => Some(*class),
        _ => None,
    };
    assert_eq!(refused("+CMS ERROR: 1"), Some(ErrorClass::Permanent));
    assert_eq!(refused("+CMS ERROR: 38"), Some(ErrorClass::Retry));
    assert_eq!(refused("+CMS ERROR: 42"), Some(ErrorClass::Backoff));
    assert!(matches!(result("+CMS ERROR: 500").outcomes()[..], [SubmitOutcome::Unanswered { .. }]));
    assert!(matches!(result("+CMS ERROR: 331").outcomes()[..], [SubmitOutcome::NotSent { .. }]));
}

#[test]
fn a_sim_that_the_network_refuses_rests_and_a_person_is_told() {
    let mut bench = result("+CMS ERROR: 8");
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Refused { class: ErrorClass::BindFatal, .. }]));
    assert!(bench.told().contains("the network refuses what its SIM sends"), "{}", bench.told());
    assert!(!bench.modem.is_ready());
    bench.pass(S * 899);
    assert!(!bench.modem.is_ready());
    bench.pass(S * 2);
    assert!(bench.modem.is_ready());
}

#[test]
fn an_error_instead_of_the_prompt_is_certainly_not_sent_and_slows_down() {
    let mut bench = Bench::ready();
    bench.answer("AT+CMGS=23", "+CMS ERROR: 302");
    bench.submit(0, false);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::NotSent { .. }]));
    assert!(!bench.modem.is_ready(), "no loop at full speed");
    bench.pass(S * 2);
    assert!(bench.modem.is_ready());
}

#[test]
fn three_failures_of_the_modem_set_it_up_anew() {
    let mut bench = Bench::ready();
    bench.result = "+CMS ERROR: 300".to_owned();
    for _ in 0..3 {
        bench.submit(0, false);
        bench.pass(S);
    }
    assert!(bench.told().contains("it is set up anew"), "{}", bench.told());
    assert_eq!(bench.outcomes().len(), 3);
}

#[test]
fn unplugged_before_ctrl_z_is_certain_and_after_it_is_doubt() {
    for (unwritten, doubt) in [(1, false), (0, true)] {
        let mut bench = result("");
        bench.close(unwritten);
        let outcomes = bench.outcomes();
        let unanswered = matches!(outcomes[..], [SubmitOutcome::Unanswered { .. }]);
        assert_eq!(unanswered, doubt, "{outcomes:?}");
        assert_eq!(outcomes.len(), 1);
        assert!(bench.told().contains("its port went away: unplugged"));
        assert!(!bench.modem.is_ready());
        assert_eq!(bench.modem.poll_timeout(), None);
        bench.forget();
        bench.result = "+CMGS: 8\r\n\r\nOK".to_owned();
        bench.open();
        assert!(bench.modem.is_ready(), "plugged in again");
        assert!(!bench.sent.iter().any(|line| line.starts_with("0071")), "nothing is sent again");
    }
}

#[test]
fn a_segment_that_nobody_can_take_comes_back_at_once() {
    let mut bench = result("");
    bench.submit(1, false);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::NotSent { .. }]));
    bench.tell("+CMGS: 5\r\n\r\nOK");
    assert!(matches!(bench.outcomes()[..], [_, SubmitOutcome::Accepted { .. }]), "the first goes its way");
}

#[test]
fn parts_keep_the_connection_open_and_the_last_lets_it_go() {
    let mut bench = Bench::ready();
    bench.submit(0, true);
    bench.submit(1, true);
    bench.submit(2, false);
    assert_eq!(bench.count("AT+CMMS=1"), 1);
    assert_eq!(bench.outcomes().len(), 3);
    let mut profile = ModemProfile::default();
    profile.send.more_messages = 2;
    let mut bench = Bench::with(Settings::default(), profile);
    bench.open();
    bench.submit(0, true);
    bench.submit(1, false);
    assert_eq!(bench.count("AT+CMMS=2"), 1);
    assert_eq!(bench.sent.last().map(String::as_str), Some("AT+CMMS=0"));
}

#[test]
fn a_profiles_cure_is_tried_once_for_a_sim() {
    let mut profile = ModemProfile::default();
    profile.send.on_unknown_error = Some("AT+CNMP=14".to_owned());
    let mut bench = Bench::with(Settings::default(), profile);
    bench.open();
    bench.result = "+CMS ERROR: Unknown error".to_owned();
    bench.submit(0, false);
    assert_eq!(bench.count("AT+CNMP=14"), 1);
    bench.pass(S * 20);
    bench.submit(0, false);
    assert_eq!(bench.count("AT+CNMP=14"), 1);
    assert_eq!(bench.outcomes().len(), 2);
}

#[test]
fn a_profile_may_know_a_collision() {
    let mut profile = ModemProfile::default();
    profile.send.errors.push((512, SendErrorClass::SimWait));
    let mut bench = Bench::with(Settings::default(), profile);
    bench.open();
    bench.result = "+CMS ERROR: 512".to_owned();
    bench.submit(0, false);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::NotSent { .. }]));
    bench.pass(S * 5);
    assert!(bench.modem.is_ready());
}

#[test]
fn no_reports_and_no_validity_where_they_are_not_wanted() {
    let mut profile = ModemProfile::default();
    profile.send.validity = false;
    let mut bench = Bench::with(Settings { reports: false, ..Settings::default() }, profile);
    bench.open();
    bench.forget();
    bench.submit(0, false);
    assert!(bench.sent[1].starts_with("0041000C91"), "{}", bench.sent[1]);
}

/// What a modem that rebooted without a word answers to the question before a segment.
fn rebooted(said: &str) -> Bench {
    let mut bench = Bench::ready();
    bench.pass(S * 10);
    bench.forget();
    bench.answer("AT+CMGF?;+CNMI?", said);
    bench.submit(0, false);
    bench
}

#[test]
fn a_modem_that_rebooted_without_a_word_never_gets_a_pdu() {
    let signs = [
        "+CMGF: 1\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK",
        "+CMGF: 0\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK",
        "AT+CMGF?;+CNMI?\r\r\n+CMGF: 0\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK",
    ];
    for said in signs {
        let bench = rebooted(said);
        assert!(matches!(bench.outcomes()[..], [SubmitOutcome::NotSent { .. }]), "{said}: {:?}", bench.outcomes());
        assert!(!bench.sent.iter().any(|line| line.starts_with("AT+CMGS=")), "{:?}", bench.sent);
        assert!(bench.sent.contains(&"AT+CMGF=0".to_owned()), "set up again: {:?}", bench.sent);
        assert!(bench.told().contains("rebooted without a word"), "{}", bench.told());
    }
}

#[test]
fn a_modem_that_is_as_it_was_set_up_gets_its_segments_with_one_question_before_the_first() {
    let mut bench = rebooted("+CMGF: 0\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK");
    bench.submit(1, false);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }, SubmitOutcome::Accepted { .. }]));
    assert_eq!(bench.count("AT+CMGF?;+CNMI?"), 1);
}

#[test]
fn where_questions_are_refused_pdu_mode_is_written_before_a_segment() {
    let mut bench = Bench::ready();
    bench.pass(S * 10);
    bench.forget();
    bench.submit(0, false);
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }]));
    assert_eq!(
        bench.sent[..4],
        ["AT+CMGF?;+CNMI?", "AT+CMGF?", "AT+CMGF=0", "AT+CMGS=23"].map(String::from),
        "{:?}",
        bench.sent
    );
}

#[test]
fn an_indication_setting_that_the_modem_writes_in_its_own_way_costs_one_set_up() {
    let mut bench = rebooted("+CMGF: 0\r\n+CNMI: 3,1,0,1,0\r\n\r\nOK");
    assert!(matches!(bench.outcomes()[..], [SubmitOutcome::NotSent { .. }]));
    for _ in 0..3 {
        bench.pass(S * 20);
        bench.forget();
        bench.events.clear();
        bench.submit(0, false);
        assert!(matches!(bench.outcomes()[..], [SubmitOutcome::Accepted { .. }]), "{:?}", bench.sent);
    }
}
