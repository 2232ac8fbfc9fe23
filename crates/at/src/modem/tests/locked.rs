//! SIMs that need a PIN, a PUK or a person.

use super::bench::{Bench, S};
use crate::{ModemEvent, ModemProfile, Settings};
use postrider_model::{ModemNotice, ModemRequest};

fn locked(pin: Option<&str>, left: &str) -> Bench {
    let settings = Settings { pin: pin.map(|pin| pin.to_owned().into()), ..Settings::default() };
    let mut bench = Bench::with(settings, ModemProfile::default());
    bench.answer("AT+CPIN?", "+CPIN: SIM PIN\r\nOK");
    bench.answer("AT+CPINR", &format!("+CPINR: SIM PIN,{left},3\r\nOK"));
    bench.answer("AT+CPIN=\"1234\"", "OK");
    bench.open();
    bench
}

fn attempts(bench: &Bench) -> Vec<u32> {
    let of = |event: &ModemEvent| match event {
        ModemEvent::Notice { notice: ModemNotice::PinAttempt { .. }, token } => *token,
        _ => None,
    };
    bench.events.iter().filter_map(of).collect()
}

#[test]
fn the_pin_is_entered_once_the_attempt_is_written_down() {
    let mut bench = locked(Some("1234"), "3");
    let tokens = attempts(&bench);
    assert_eq!((tokens.len(), bench.count("AT+CPIN=\"1234\"")), (1, 0));
    bench.pass(S * 100);
    assert_eq!(bench.count("AT+CPIN=\"1234\""), 0, "not before");
    bench.answer("AT+CPIN?", "+CPIN: READY\r\nOK");
    bench.commit(tokens[0], true);
    assert_eq!(bench.count("AT+CPIN=\"1234\""), 1);
    bench.pass(S * 2);
    assert!(bench.modem.is_ready(), "{}", bench.told());
    let accepted = |event: &ModemEvent| matches!(event, ModemEvent::Notice { notice: ModemNotice::PinAccepted { sim }, .. } if sim == "8982000000000000001");
    assert!(bench.events.iter().any(accepted));
    assert!(!bench.modem.recent_lines().any(|line| line.text.contains("1234\"")), "logs never show it");
}

#[test]
fn a_pin_that_failed_before_is_not_entered() {
    let mut bench = locked(Some("1234"), "3");
    bench.commit(attempts(&bench)[0], false);
    bench.pass(S * 600);
    assert_eq!(bench.count("AT+CPIN=\"1234\""), 0);
    assert!(bench.told().contains("sim_locked: modem \"modem\": its SIM did not take the PIN"), "{}", bench.told());
}

#[test]
fn a_wrong_pin_is_entered_once_whatever_happens() {
    let mut bench = locked(Some("1234"), "3");
    bench.answer("AT+CPIN=\"1234\"", "+CME ERROR: 16");
    bench.commit(attempts(&bench)[0], true);
    bench.pass(S * 600);
    bench.tell("+CPIN: SIM PIN");
    bench.close(0);
    bench.open();
    bench.pass(S * 600);
    assert_eq!(bench.count("AT+CPIN=\"1234\""), 1);
    assert!(!bench.modem.is_ready());
}

#[test]
fn with_few_tries_left_it_is_left_to_a_person() {
    for left in ["0", "1", "2"] {
        let bench = locked(Some("1234"), left);
        assert!(attempts(&bench).is_empty());
        assert!(bench.told().contains(&format!("{left} PIN tries left")), "{}", bench.told());
    }
}

#[test]
fn where_the_tries_cannot_be_counted_the_pin_is_entered_all_the_same() {
    let mut bench = locked(Some("1234"), "x");
    assert_eq!(attempts(&bench).len(), 1);
    bench.commit(attempts(&bench)[0], true);
    assert_eq!(bench.count("AT+CPIN=\"1234\""), 1);
}

#[test]
fn without_a_pin_in_the_configuration_a_person_is_asked() {
    let bench = locked(None, "3");
    assert!(bench.told().contains("wants a PIN and none is configured"), "{}", bench.told());
}

#[test]
fn a_puk_is_never_entered_and_looked_at_slowly() {
    let mut bench = Bench::new();
    bench.answer("AT+CPIN?", "+CPIN: SIM PUK\r\nOK");
    bench.open();
    assert!(bench.told().contains("wants its PUK"), "{}", bench.told());
    bench.forget();
    bench.pass(S * 300);
    assert!(bench.count("AT+CPIN?") <= 5, "{:?}", bench.sent);
    assert!(bench.sent.iter().all(|line| line == "AT+CPIN?"));
    assert!(bench.told().is_empty(), "told once");
    bench.answer("AT+CPIN?", "+CPIN: READY\r\nOK");
    bench.pass(S * 70);
    assert!(bench.modem.is_ready());
}

#[test]
fn an_absent_sim_is_seen_when_it_is_put_in() {
    let mut bench = Bench::new();
    bench.answer("AT+CPIN?", "+CME ERROR: 10");
    bench.open();
    bench.pass(S * 10);
    assert!(bench.told().contains("no SIM is in it"), "{}", bench.told());
    bench.answer("AT+CPIN?", "+CPIN: READY\r\nOK");
    bench.tell("+QSIMSTAT: 1,1");
    bench.pass(S * 2);
    assert!(bench.modem.is_ready());
}

#[test]
fn a_locked_modem_that_does_not_answer_a_technician_stays_locked() {
    let mut bench = Bench::new();
    bench.answer("AT+CPIN?", "+CPIN: SIM PUK\r\nOK");
    bench.answer("AT+SLOW", "");
    bench.open();
    bench.modem.request(bench.now, 1, ModemRequest::At("AT+SLOW".to_owned()));
    bench.pass(S * 190);
    assert!(!bench.modem.is_ready());
    assert_eq!(bench.told().matches("wants its PUK").count(), 2, "looked at again: {}", bench.told());
}

#[test]
fn a_sim_that_is_still_read_is_waited_for() {
    let mut bench = Bench::new();
    bench.answer("AT+CPIN?", "+CME ERROR: SIM busy");
    bench.open();
    bench.pass(S * 10);
    assert!(!bench.told().contains("sim_locked"));
    bench.answer("AT+CPIN?", "+CPIN: READY");
    bench.pass(S * 3);
    assert!(bench.modem.is_ready(), "even where no OK follows: {}", bench.told());
}
