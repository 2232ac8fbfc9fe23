//! Set-up, and a segment that goes out.

use super::bench::{Bench, S};
use crate::{Modem, ModemEvent, ModemProfile, Settings};
use postrider_model::{ModemNotice, SubmitOutcome};
use postrider_tpdu::{Pdu, Submit, Validity};

#[test]
fn an_opened_port_becomes_a_ready_modem() {
    let mut bench = Bench::new();
    bench.open();
    assert!(bench.modem.is_ready(), "{}\n{:?}", bench.told(), bench.sent);
    assert_eq!(bench.sent[..3], ["\u{1b}", "AT", "ATE0"]);
    assert!(bench.told().contains("starting") && bench.told().contains("ready"));
}

#[test]
fn a_segment_is_accepted_with_the_sims_number_and_the_modems_reference() {
    let mut bench = Bench::ready();
    bench.submit(0, false);
    let outcomes = bench.outcomes();
    let [SubmitOutcome::Accepted { carrier_id: Some(id) }] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(id.as_str(), "8982000000000000001:7");
    let pdu = Pdu::parse_hex(&bench.sent[1]).unwrap();
    assert_eq!(bench.sent[0], format!("AT+CMGS={}", pdu.tpdu_len()));
    let submit = Submit::decode(&pdu.tpdu).unwrap();
    assert!(submit.report_request && pdu.smsc.is_none());
    assert_eq!(submit.validity, Some(Validity::Relative(167)), "24 hours");
    assert_eq!(submit.header, [5, 0, 3, 42, 3, 1]);
    assert_eq!(submit.to.text(), "821012345678");
    assert!(bench.modem.is_ready());
}

#[test]
fn a_service_centre_that_is_not_known_yet_is_asked_for_later_and_does_not_delay_the_start() {
    let settings = Settings { smsc: Some("+821099999999".parse().unwrap()), ..Settings::default() };
    let mut bench = Bench::with(settings, ModemProfile::default());
    bench.answer("AT+CSCA?", "+CMS ERROR: 314");
    bench.open();
    assert!(bench.modem.is_ready());
    bench.answer("AT+CSCA?", "+CSCA: \"+821000000000\",145\r\nOK");
    bench.answer("AT+CSCA=\"+821099999999\",145", "OK");
    bench.pass(S * 6);
    assert_eq!(bench.count("AT+CSCA=\"+821099999999\",145"), 1);
    assert!(bench.modem.is_ready());
    bench.answer("AT+CSCA?", "+CSCA: \"+821099999999\",145\r\nOK");
    bench.tell("RDY");
    assert_eq!(bench.count("AT+CSCA=\"+821099999999\",145"), 1, "written only where it differs");
}

#[test]
fn a_missing_service_centre_is_told_once() {
    let mut bench = Bench::new();
    bench.answer("AT+CSCA?", "+CSCA: \"\",129\r\nOK");
    bench.open();
    bench.tell("RDY");
    assert_eq!(bench.told().matches("no service centre's number").count(), 1, "{}", bench.told());
}

#[test]
fn the_owner_learns_who_the_modem_and_its_sim_are() {
    let mut bench = Bench::new();
    bench.answer("AT+CNUM", "+CNUM: \"\",\"+821012340000\",145\r\nOK");
    bench.open();
    let identified = |event: &ModemEvent| match event {
        ModemEvent::Notice { notice: ModemNotice::Identified { modem, sim }, .. } => {
            modem.imei.as_deref() == Some("490154203237518")
                && sim.iccid.as_deref() == Some("8982000000000000001")
                && sim.number.as_deref() == Some("+821012340000")
        }
        _ => false,
    };
    assert!(bench.events.iter().any(identified));
    assert!(bench.events.contains(&ModemEvent::Profile("generic".to_owned())));
    assert!(bench.events.contains(&ModemEvent::Smsc(Some("+821000000000".to_owned()))));
}

#[test]
fn the_makers_profile_is_taken_and_its_first_commands_are_sent() {
    let mut own = ModemProfile { name: "own".to_owned(), ..ModemProfile::default() };
    own.matches.makers = vec!["maker".to_owned()];
    own.init.first = vec!["AT+OWN=1".to_owned()];
    let mut bench = Bench::new();
    let settings = Settings { profiles: vec![own, ModemProfile::default()].into(), ..Settings::default() };
    bench.modem = Modem::new(settings, None);
    bench.open();
    assert_eq!(bench.count("AT+OWN=1"), 1);
    assert_eq!(bench.modem.profile().name, "own");
    assert!(bench.modem.is_ready());
}

#[test]
fn the_result_of_an_earlier_dialogue_s_send_makes_the_set_up_begin_again() {
    let mut bench = Bench::new();
    bench.modem.handle_opened(bench.now, bench.wall());
    bench.say("+CMGS: 7\r\n\r\nOK");
    bench.settle();
    bench.pass(S);
    assert_eq!(bench.count("AT+CGSN"), 2, "what was read between was the answer to something else");
    assert!(bench.modem.is_ready());
}
