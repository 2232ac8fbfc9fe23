//! Set-up, and a segment that goes out.

use super::bench::Bench;
use crate::model::SubmitOutcome;
use crate::tpdu::{Pdu, Submit, Validity};

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
