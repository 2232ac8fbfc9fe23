//! Claims about the probe: whatever a modem does while it wakes, its answers are taken for what they are.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::probe::Probe;
use super::test_clock::zero;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);
const IMEI: &str = "490154203237518";
const ICCID: &str = "8982000000000000001";

/// A modem on the line, with its ways of waking.
#[derive(Clone, Default)]
struct Line {
    /// Nothing is heard before this.
    deaf: Duration,
    /// Nothing is answered before this; what is asked meanwhile is answered then, all at once.
    asleep: Duration,
    /// Each answer is late by this.
    late: Duration,
    /// So many commands are heard and never answered.
    swallows: usize,
    echo: bool,
    /// `ATV0`.
    numeric: bool,
    /// What it says of its own accord, and when.
    says: Vec<(Duration, &'static [u8])>,
    /// It knows no IMEI.
    no_imei: bool,
}

/// What came of it: the outcome, what was written, and after how long.
struct Seen {
    outcome: Result<(postrider_model::ModemIdentity, Option<String>), String>,
    sent: Vec<String>,
    took: Duration,
}

impl Line {
    fn answer(&self, asked: &str) -> String {
        let line = match asked {
            "AT+CGMI" => Some("huawei"),
            "AT+CGMM" => Some("E173"),
            "AT+CGMR" => Some("11.126.85.00.209"),
            "AT+CGSN" if !self.no_imei => Some(IMEI),
            "AT^ICCID?" => Some("^ICCID: 8982000000000000001F"),
            _ => None,
        };
        let known = line.is_some() || ["AT", "ATE0", "ATE0V1"].contains(&asked);
        let result = match (known, self.numeric && asked != "ATE0V1") {
            (true, false) => "OK",
            (true, true) => "0",
            (false, _) => "ERROR",
        };
        line.map_or_else(|| format!("\r\n{result}\r\n"), |line| format!("\r\n{line}\r\n\r\n{result}\r\n"))
    }

    /// Plays it against a probe.
    fn run(&self, patience: Duration) -> Seen {
        let start = zero();
        let (mut now, mut probe, mut sent) = (start, Probe::new(start, patience), Vec::new());
        let mut modem = self.clone();
        let mut coming: VecDeque<(Instant, Vec<u8>)> =
            self.says.iter().map(|(after, octets)| (start + *after, octets.to_vec())).collect();
        for _ in 0..2_000 {
            while let Some(octets) = probe.poll_transmit() {
                let line = String::from_utf8(octets).unwrap().trim().to_owned();
                sent.push(line.clone());
                if line.starts_with("AT") && now >= start + self.deaf {
                    if self.echo {
                        coming.push_back((now, format!("{line}\r").into_bytes()));
                    }
                    let at = (now + self.late).max(start + self.asleep);
                    match modem.swallows.checked_sub(1) {
                        Some(left) => modem.swallows = left,
                        None => coming.push_back((at, modem.answer(&line).into_bytes())),
                    }
                    modem.numeric &= line != "ATE0V1";
                }
            }
            coming.make_contiguous().sort_by_key(|(at, _)| *at);
            let due = probe.poll_timeout();
            match (coming.front().map(|(at, _)| *at), due) {
                (_, None) => break,
                (Some(at), Some(due)) if at <= due => {
                    now = now.max(at);
                    let (_, octets) = coming.pop_front().unwrap();
                    probe.handle_bytes(now, &octets);
                }
                (_, Some(due)) => {
                    now = now.max(due);
                    probe.handle_timeout(now);
                }
            }
        }
        Seen { outcome: probe.outcome().expect("it ends"), sent, took: now - start }
    }

    fn is_known(&self, what: &str) -> Seen {
        let seen = self.run(PATIENCE);
        let (identity, iccid) = seen.outcome.clone().unwrap_or_else(|why| panic!("{what}: {why}; {:?}", seen.sent));
        let names = [identity.maker.as_str(), &identity.model, &identity.firmware];
        assert_eq!(names, ["huawei", "E173", "11.126.85.00.209"], "{what}: {:?}", seen.sent);
        assert_eq!(identity.imei.as_deref(), (!self.no_imei).then_some(IMEI), "{what}");
        assert_eq!(iccid.as_deref(), Some(ICCID), "{what}");
        seen
    }
}

fn tenths(count: u32) -> Duration {
    SECOND / 10 * count
}

#[test]
fn a_modem_says_who_it_and_its_sim_are_without_a_wait() {
    let seen = Line::default().is_known("awake");
    let asked = ["\u{1b}", "AT", "AT+CGSN", "ATE0", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN", "AT+CCID", "AT+QCCID"];
    assert_eq!(seen.sent[..10], asked);
    assert!(!seen.sent.iter().any(|line| line.starts_with("AT#")), "enough is known");
    assert_eq!(seen.took, tenths(1), "only the escape is waited for");
}

#[test]
fn a_modem_that_wakes_slowly_is_known_by_what_it_says_and_not_by_what_was_asked_before() {
    for asleep in [5, 11, 25, 29, 30, 31, 80, 99, 200, 290] {
        for late in [0, 1, 4] {
            Line { asleep: tenths(asleep), late: tenths(late), ..Line::default() }
                .is_known(&format!("asleep for {asleep} and late by {late} tenths"));
        }
    }
    for deaf in [5, 25, 100, 200, 250] {
        Line { deaf: tenths(deaf), ..Line::default() }.is_known(&format!("deaf for {deaf} tenths"));
    }
}

#[test]
fn late_answers_are_never_taken_for_those_of_the_next_question() {
    for late in 0..=60 {
        Line { late: tenths(late), ..Line::default() }.is_known(&format!("late by {late} tenths"));
        let echo = Line { late: tenths(late), echo: true, swallows: 1, ..Line::default() };
        echo.is_known(&format!("late by {late} tenths, with echo, the first swallowed"));
    }
}

#[test]
fn swallowed_commands_echo_digits_and_boot_lines_change_nothing() {
    for swallows in [1, 2, 3, 5] {
        Line { swallows, ..Line::default() }.is_known(&format!("{swallows} swallowed"));
    }
    Line { echo: true, ..Line::default() }.is_known("echo");
    Line { numeric: true, ..Line::default() }.is_known("digits");
    Line { no_imei: true, ..Line::default() }.is_known("no IMEI");
    let boot: Vec<(Duration, &[u8])> = vec![
        (tenths(1), b"\xff\xfe\x80\x00garb\x91"),
        (tenths(12), b"\r\nRDY\r\n"),
        (tenths(25), b"\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n"),
        (tenths(26), b"\r\nOK\r\n"),
        (tenths(41), b"\r\nCall Ready\r\n"),
    ];
    for asleep in [0, 11, 25, 40] {
        let line = Line { asleep: tenths(asleep), says: boot.clone(), ..Line::default() };
        line.is_known(&format!("boot lines, asleep for {asleep} tenths"));
    }
}

/// A result that nobody asked for shifts all answers by one; the two questions for the IMEI find that out.
#[test]
fn a_stray_result_at_any_moment_shifts_nothing() {
    for moment in 0..40 {
        let line = Line { late: tenths(3), says: vec![(tenths(moment), b"\r\nOK\r\n")], ..Line::default() };
        line.is_known(&format!("a stray OK after {moment} tenths"));
    }
}

#[test]
fn a_port_that_does_not_answer_is_asked_ever_more_seldom_and_given_up() {
    let silent = Line { deaf: SECOND * 1_000, ..Line::default() };
    let seen = silent.run(SECOND * 3);
    assert_eq!(seen.outcome, Err("it does not answer AT".to_owned()));
    assert_eq!(seen.sent, ["\u{1b}", "AT", "AT", "AT"]);
    let patient = silent.run(PATIENCE);
    assert_eq!((patient.took, patient.sent.len() - 1), (PATIENCE, 8), "{:?}", patient.sent);
}

#[test]
fn a_receiver_of_positions_is_left_alone_soon_and_a_modem_that_starts_is_waited_for() {
    let deaf = Line { deaf: SECOND * 1_000, ..Line::default() };
    let fixes = (0..40).map(|n| (tenths(n * 10), &b"$GPGGA,,,,,,0,,,,,,,,*66\r\n"[..])).collect();
    let seen = Line { says: fixes, ..deaf.clone() }.run(PATIENCE);
    assert_eq!(seen.outcome, Err("it tells positions (NMEA) and does not answer AT".to_owned()));
    assert!(seen.sent.len() <= 4 && seen.took < SECOND * 4, "{:?} {:?}", seen.sent, seen.took);
    let starts = Line { deaf: SECOND * 12, says: vec![(SECOND * 2, b"\r\nRDY\r\n")], ..Line::default() };
    assert!(starts.run(SECOND * 3).outcome.is_ok(), "a sign of life gives it more time");
    let never = Line { says: vec![(SECOND * 2, b"\r\nRDY\r\n")], ..deaf };
    assert_eq!(never.run(SECOND * 3).outcome, Err("it says \"RDY\" and does not answer AT".to_owned()));
    let lines = (0..900).map(|n| (SECOND * n, &b"+LOG: tick\r\n"[..])).collect();
    let console = Line { deaf: SECOND * 1_000, says: lines, ..Line::default() }.run(SECOND * 3);
    assert!(console.outcome.is_err() && console.took <= SECOND * 61, "a console is given up: {:?}", console.took);
}

#[test]
fn a_port_that_floods_is_given_up() {
    let mut probe = Probe::new(zero(), PATIENCE);
    probe.handle_bytes(zero(), &vec![0x7e; 64 * 1024 + 1]);
    assert!(probe.outcome().unwrap().is_err());
    assert_eq!(probe.poll_timeout(), None);
}
