//! The simulated modem, as raw dialogues.

use std::time::{Duration, Instant};

use super::*;

/// A bench with one modem and a clock.
pub(super) struct Bench {
    pub modem: SimModem,
    pub now: Instant,
}

pub(super) const SECOND: Duration = Duration::from_secs(1);

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no zero; everything is counted from this one")]
    pub fn new(settings: SimModemSettings) -> Self {
        let now = Instant::now();
        Self { modem: SimModem::new(now, settings, 1), now }
    }

    /// Set up as a gateway does, with direct reports and announced messages.
    pub fn ready(settings: SimModemSettings) -> Self {
        let mut bench = Self::new(settings);
        for line in ["ATE0", "AT+CMEE=1", "AT+CMGF=0", "AT+CPMS=\"SM\",\"SM\",\"SM\"", "AT+CNMI=1,1,0,1,0"] {
            assert!(bench.ask(line).ends_with("\r\nOK\r\n"), "{line}");
        }
        bench
    }

    /// Everything that the modem says until `span` from now.
    pub fn wait(&mut self, span: Duration) -> String {
        let end = self.now + span;
        let mut said = Vec::new();
        loop {
            while let Some(octets) = self.modem.poll_transmit() {
                said.extend(octets);
            }
            let Some(at) = self.modem.poll_timeout().filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.modem.handle_timeout(self.now);
        }
        self.now = end;
        String::from_utf8_lossy(&said).into_owned()
    }

    /// What it says at once to these octets.
    pub fn put(&mut self, octets: &str) -> String {
        self.modem.handle_bytes(self.now, octets.as_bytes());
        self.wait(Duration::ZERO)
    }

    /// What it says at once to a line.
    pub fn ask(&mut self, line: &str) -> String {
        self.put(&format!("{line}\r"))
    }
}

/// A text of eleven characters with a request for a report, 23 octets of TPDU.
pub(super) const PDU: &str = "0031000A9154020000300000A70BCCF79C0E0ABBE7F7B21C";
pub(super) const LENGTH: &str = "AT+CMGS=23";

#[test]
fn echo_is_on_until_it_is_switched_off() {
    let mut bench = Bench::new(SimModemSettings::default());
    assert_eq!(bench.ask("AT"), "AT\r\r\nOK\r\n");
    assert_eq!(bench.ask("ATE0"), "ATE0\r\r\nOK\r\n");
    assert_eq!(bench.ask("at+cgmm"), "\r\nGSM Modem\r\n\r\nOK\r\n");
    assert_eq!(bench.ask("AT+WHAT"), "\r\nERROR\r\n");
    assert_eq!(bench.ask("AT+CREG=2;+CREG?"), "\r\n+CREG: 2,1,\"1F00\",\"79D903\",7\r\n\r\nOK\r\n");
}

#[test]
fn a_message_goes_out_and_its_report_comes_back() {
    let settings = SimModemSettings { part_time: 4 * SECOND, first_reference: 255, ..SimModemSettings::default() };
    let mut bench = Bench::ready(settings);
    assert_eq!(bench.ask(LENGTH), "\r\n> ");
    assert_eq!(bench.put(&format!("{PDU}\x1a")), "");
    assert_eq!(bench.wait(3 * SECOND), "");
    let said = bench.wait(SECOND);
    assert!(said.starts_with("\r\n+CMGS: 255\r\n\r\nOK\r\n\r\n+CDS: 24\r\n07912801000000"), "{said}");
    assert!(said.contains("06FF0A9154020000"), "{said}");
    let part = bench.modem.ledger().parts().next().unwrap();
    assert_eq!((part.reference, part.content.recipient.as_str()), (255, "4520000003"));
    assert_eq!(bench.modem.ledger().messages().next().unwrap().parts, 1);
    bench.ask(LENGTH);
    bench.put(&format!("{PDU}\x1a"));
    assert!(bench.wait(4 * SECOND).contains("+CMGS: 0\r\n"), "TP-MR wraps");
    assert_eq!(bench.modem.ledger().doubled(), [("4520000003".to_owned(), 2)]);
}

#[test]
fn a_message_for_us_is_stored_announced_read_and_deleted() {
    let mut bench = Bench::ready(SimModemSettings::default());
    let now = bench.now;
    bench.modem.receive(now, "+821012345678", "수신거부").unwrap();
    assert_eq!(bench.wait(Duration::ZERO), "\r\n+CMTI: \"SM\",0\r\n");
    let said = bench.ask("AT+CMGR=0");
    assert!(said.starts_with("\r\n+CMGR: 0,,27\r\n0791280100000000040C91280121436587000862"), "{said}");
    assert!(said.ends_with("08C218C2E0AC70BD80\r\n\r\nOK\r\n"), "{said}");
    assert!(bench.ask("AT+CMGL=4").starts_with("\r\n+CMGL: 0,1,,27\r\n07"));
    assert_eq!(bench.ask("AT+CMGL=0"), "\r\nOK\r\n");
    assert_eq!(bench.ask("AT+CMGD=0"), "\r\nOK\r\n");
    assert_eq!(bench.ask("AT+CMGR=0"), "\r\nOK\r\n");
}

#[test]
fn escape_cancels_and_a_wrong_length_is_refused() {
    let mut bench = Bench::ready(SimModemSettings::default());
    bench.ask(LENGTH);
    assert_eq!(bench.put("0031\x1b"), "\r\nOK\r\n");
    assert_eq!(bench.ask("AT"), "\r\nOK\r\n");
    bench.ask("AT+CMGS=24");
    assert_eq!(bench.put(&format!("{PDU}\x1a")), "\r\n+CMS ERROR: 304\r\n");
    assert_eq!(bench.modem.ledger().counts.taken, 0);
}

#[test]
fn every_maker_registers_and_sends_after_a_cold_start() {
    for name in Persona::names() {
        let persona = Persona::named(name).unwrap();
        let settings = SimModemSettings { persona, cold: true, ..SimModemSettings::default() };
        let mut bench = Bench::new(settings);
        bench.wait(5 * SECOND);
        bench.ask("ATE0");
        bench.ask("AT+CPMS?");
        assert!(bench.ask("AT+CPIN?").contains("+CPIN: READY"), "{name}");
        assert!(bench.ask("AT+CREG?").contains("+CREG: 0,1"), "{name}");
        assert!(bench.ask("AT+CMGF=0").contains("OK"), "{name}");
        if name != "cinterion-mc75i" && name != "sierra-mc7455" {
            assert!(bench.ask("AT+CNMI=1,1,0,1,0").contains("OK"), "{name}");
        }
        assert!(bench.ask(LENGTH).ends_with("\r\n> "), "{name}");
        let said = bench.put(&format!("{PDU}\x1a"));
        assert!(said.contains("+CMGS: 0\r\n\r\nOK\r\n"), "{name} {said}");
    }
}

#[test]
fn reports_come_as_the_maker_writes_them() {
    let report = |name: &str, indications: &str| {
        let settings = SimModemSettings { persona: Persona::named(name).unwrap(), ..SimModemSettings::default() };
        let mut bench = Bench::new(settings);
        bench.ask("ATE0");
        assert!(bench.ask(indications).contains("OK"), "{name}");
        bench.ask(LENGTH);
        let said = bench.put(&format!("{PDU}\x1a"));
        (bench, said)
    };
    assert!(report("zte-k3565", "AT+CNMI=1,1,0,1,0").1.contains("+CDS: ,24\r\n"));
    assert!(report("wavecom-q24", "AT+CNMI=2,1,0,2").1.contains("+CDSI: \"SR\",1\r\n"));
    assert!(report("cinterion-mc75i", "AT+CNMI=2,1,0,2,1").1.contains("+CDSI: \"SM\",1\r\n"));
    let (mut trap, said) = report("quectel-ec25", "AT+CNMI=2,1,0,2,0");
    assert!(said.contains("+CDSI: \"SM\",0\r\n"), "{said}");
    trap.ask("AT+CPMS=\"SM\"");
    assert_eq!(trap.ask("AT+CMGR=0"), "\r\nOK\r\n", "it is not where it was announced");
    trap.ask("AT+CPMS=\"SR\"");
    assert!(trap.ask("AT+CMGR=0").contains("+CMGR: 0,,24"));
}

#[test]
fn refusals_are_the_makers_own() {
    let ask = |name: &str, line: &str| {
        let settings = SimModemSettings { persona: Persona::named(name).unwrap(), ..SimModemSettings::default() };
        let mut bench = Bench::new(settings);
        bench.ask("ATE0");
        bench.ask("AT+CMEE=1");
        bench.ask(line)
    };
    assert_eq!(ask("huawei-e173", "AT^ICCID?"), "\r\nCOMMAND NOT SUPPORT\r\n");
    assert_eq!(ask("simcom-sim800", "AT+CNMI=2,1,0,2,0"), "\r\nERROR\r\n");
    assert_eq!(ask("cinterion-mc75i", "AT+CNMI=2,1,0,2,0"), "\r\n+CMS ERROR: 302\r\n");
    assert_eq!(ask("cinterion-mc75i", "AT+CPMS=\"ME\",\"ME\",\"ME\""), "\r\n+CMS ERROR: 302\r\n");
    assert_eq!(ask("wavecom-q24", "AT+CPMS=\"SM\",\"SM\",\"SM\""), "\r\nERROR\r\n");
    assert_eq!(ask("wavecom-q24", "AT+CPIN?"), "\r\n+CPIN: READY\r\n");
    assert_eq!(ask("quectel-m26", "AT+CSMS=1"), "\r\n+CMS ERROR: 302\r\n");
    assert_eq!(ask("simcom-sim7600", "AT+CGMR"), "\r\n+CGMR: LE20B03SIM7600M22\r\n\r\nOK\r\n");
    assert_eq!(ask("zte-k3565", "AT+CFUN?"), "\r\n+CFUN: (0-1,4-7),(0-1)\r\n\r\nOK\r\n");
}
