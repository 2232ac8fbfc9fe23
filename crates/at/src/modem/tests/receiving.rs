//! Messages and reports that come in, and what is deleted or acknowledged.

use super::bench::{Bench, S};
use crate::{Acknowledge, ModemEvent, ModemProfile, Settings};
use postrider_model::{InboundPart, Receipt, State};

const MESSAGE: &str = "07916608000000F0040B916608000000F30008621022806100820C0E220E010E400E250E340E01";
const REPORT: &str = "079128010000000006110C91280121430010621051410110636210514101406300";

fn inbound(bench: &Bench) -> Vec<(InboundPart, u32)> {
    let of = |event: &ModemEvent| match event {
        ModemEvent::Inbound { part, token } => Some((part.clone(), *token)),
        _ => None,
    };
    bench.events.iter().filter_map(of).collect()
}

fn receipts(bench: &Bench) -> Vec<(Receipt, u32)> {
    let of = |event: &ModemEvent| match event {
        ModemEvent::Receipt { receipt, token } => Some((receipt.clone(), *token)),
        _ => None,
    };
    bench.events.iter().filter_map(of).collect()
}

/// A modem whose direct messages must be acknowledged.
fn strict() -> Bench {
    let mut profile = ModemProfile::default();
    profile.init.service = 1;
    let mut bench = Bench::with(Settings::default(), profile);
    bench.answer("AT+CSMS=?", "+CSMS: (0-1)\r\nOK");
    bench.answer("AT+CSMS=1", "+CSMS: 1,1,1\r\nOK");
    bench.answer("AT+CNMA", "OK");
    bench.open();
    bench.forget();
    bench
}

#[test]
fn an_announced_message_is_deleted_only_after_the_commit() {
    let mut bench = Bench::ready();
    bench.answer("AT+CMGR=3", &format!("+CMGR: 0,,31\r\n{MESSAGE}\r\n\r\nOK"));
    bench.tell("+CMTI: \"ME\",3");
    let found = inbound(&bench);
    let [(part, token)] = found.as_slice() else { panic!("{:?}", bench.events) };
    assert_eq!(part.from.as_str(), "+66800000003");
    assert_eq!(bench.count("AT+CMGD=3"), 0);
    bench.commit(*token, true);
    assert_eq!(bench.count("AT+CMGD=3"), 1);
}

#[test]
fn a_refused_commit_leaves_the_message_where_it_is() {
    let mut bench = Bench::new();
    bench.answer("AT+CPMS=?", "+CPMS: (\"ME\"),(\"ME\"),(\"ME\")\r\nOK");
    bench.open();
    let listed = format!("+CMGL: 3,0,,31\r\n{MESSAGE}\r\n\r\nOK");
    bench.answer("AT+CMGL=4", &listed);
    bench.tell("^SMMEMFULL:\"ME\"");
    assert_eq!(inbound(&bench).len(), 1);
    bench.pass(S * 300);
    assert_eq!(inbound(&bench).len(), 1, "it waits for its commit, however often it is seen");
    bench.commit(inbound(&bench)[0].1, false);
    assert_eq!(bench.count("AT+CMGD=3"), 0);
    bench.pass(S * 300);
    assert_eq!(inbound(&bench).len(), 2, "the next sweep hands it on again");
}

#[test]
fn every_store_is_swept_at_the_start_and_from_time_to_time() {
    let mut bench = Bench::new();
    bench.open();
    assert_eq!(bench.count("AT+CMGL=4"), 3, "ME, SM and SR");
    assert!(bench.count("AT+CPMS=\"SM\"") == 1 && bench.count("AT+CPMS=\"SR\"") == 1);
    assert_eq!(bench.count("AT+CPMS=\"ME\",\"ME\",\"ME\""), 2, "and back to where messages come in");
    bench.pass(S * 310);
    assert_eq!(bench.count("AT+CMGL=4"), 6);
}

#[test]
fn a_slot_that_cannot_be_read_is_left_and_told_once() {
    let mut bench = Bench::ready();
    bench.answer("AT+CMGL=4", "+CMGL: 3,1,,20\r\n00\r\n\r\nOK");
    bench.pass(S * 1000);
    assert!(inbound(&bench).is_empty());
    assert_eq!(bench.count("AT+CMGD=3"), 0);
    // Once for each of the three stores that the table answers for.
    assert_eq!(bench.told().matches("cannot be read").count(), 3, "{}", bench.told());
}

#[test]
fn empty_slots_are_skipped() {
    let mut bench = Bench::ready();
    bench.answer("AT+CMGR=4", "+CMS ERROR: 321");
    bench.answer("AT+CMGR=5", "OK");
    bench.tell("+CMTI: \"ME\",4");
    bench.tell("+CMTI: \"ME\",5");
    bench.pass(S * 60);
    assert_eq!((bench.count("AT+CMGR=4"), bench.count("AT+CMGR=5")), (1, 1));
    assert!(inbound(&bench).is_empty() && bench.told().is_empty(), "{}", bench.told());
}

#[test]
fn drafts_on_the_sim_are_none_of_our_business() {
    let mut bench = Bench::ready();
    bench.answer("AT+CMGL=4", "+CMGL: 1,2,,14\r\n0001000A91540200001000000101\r\n\r\nOK");
    bench.pass(S * 310);
    assert!(inbound(&bench).is_empty() && bench.told().is_empty(), "{}", bench.told());
}

#[test]
fn a_direct_report_names_its_segment_by_sim_and_reference() {
    let mut bench = Bench::ready();
    bench.tell(&format!("+CDS: 25\r\n{REPORT}"));
    let found = receipts(&bench);
    let [(receipt, _)] = found.as_slice() else { panic!("{:?}", bench.events) };
    assert_eq!(receipt.ids[0].as_str(), "8982000000000000001:17");
    assert_eq!((receipt.state, receipt.raw_state.as_str()), (State::Delivered, "00"));
    assert_eq!(receipt.source.as_ref().map(|to| to.as_str().to_owned()).as_deref(), Some("+821012340001"));
    assert_eq!(receipt.done_at.map(|at| at.to_string()).as_deref(), Some("2026-01-15T05:10:04.000Z"));
    assert!(bench.sent.is_empty(), "nothing is to be acknowledged under service 0");
}

#[test]
fn an_acknowledgement_follows_the_commit_and_only_that() {
    let mut bench = strict();
    bench.tell(&format!("+CDS: ,25\r\n{REPORT}"));
    assert_eq!(bench.count("AT+CNMA"), 0);
    let token = receipts(&bench)[0].1;
    bench.commit(token, true);
    assert_eq!(bench.count("AT+CNMA"), 1);
    bench.commit(token, true);
    assert_eq!(bench.count("AT+CNMA"), 1, "once");
}

#[test]
fn acknowledgements_are_written_as_the_maker_wants_them() {
    for (form, lines) in [
        (Acknowledge::Zero, vec!["AT+CNMA=0"]),
        (Acknowledge::One, vec!["AT+CNMA=1"]),
        (Acknowledge::Pdu, vec!["AT+CNMA=1,2", "0000"]),
        (Acknowledge::None, vec![]),
    ] {
        let mut bench = strict();
        bench.modem.profile.receive.acknowledge = form;
        bench.answer("AT+CNMA=0", "OK");
        bench.answer("AT+CNMA=1", "OK");
        bench.answer("AT+CNMA=1,2", "");
        bench.tell(&format!("+CMT: ,31\r\n{MESSAGE}"));
        bench.commit(inbound(&bench)[0].1, true);
        if form == Acknowledge::Pdu {
            bench.bytes(b"\r\n> ");
            bench.settle();
        }
        assert_eq!(bench.sent, lines, "{form:?}");
    }
}

#[test]
fn after_a_late_acknowledgement_the_indications_are_looked_at_and_set_again() {
    let mut bench = strict();
    bench.answer("AT+CNMA", "+CMS ERROR: 340");
    bench.answer("AT+CNMI?", "+CNMI: 2,0,0,0,0\r\nOK");
    bench.tell(&format!("+CDS: 25\r\n{REPORT}"));
    let token = receipts(&bench)[0].1;
    bench.pass(S * 12);
    bench.commit(token, true);
    assert_eq!(bench.count("AT+CNMI?"), 1);
    assert_eq!(bench.count("AT+CNMI=2,1,0,1,0"), 1);
}

#[test]
fn without_a_commit_nothing_is_acknowledged_and_the_indications_are_looked_at() {
    let mut bench = strict();
    bench.answer("AT+CNMI?", "+CNMI: 2,1,0,1,0\r\nOK");
    bench.tell(&format!("+CDS: 25\r\n{REPORT}"));
    bench.pass(S * 60);
    assert_eq!(bench.count("AT+CNMA"), 0);
    assert_eq!(bench.count("AT+CNMI?"), 1);
    assert_eq!(bench.count("AT+CNMI=2,1,0,1,0"), 0, "they are as they should be");
}

#[test]
fn a_report_that_lies_elsewhere_is_looked_for_in_sr_and_comes_directly_from_then_on() {
    let mut bench = Bench::new();
    bench.answer("AT+CNMI=2,1,0,1,0", "ERROR");
    bench.answer("AT+CNMI=1,1,0,1,0", "ERROR");
    bench.answer("AT+CNMI=2,1,0,1,1", "ERROR");
    bench.answer("AT+CNMI=1,1,0,1,1", "ERROR");
    bench.answer("AT+CNMI=2,1,0,2,0", "OK");
    bench.open();
    bench.forget();
    bench.answer("AT+CNMI=2,1,0,1,0", "OK");
    bench.answer("AT+CMGR=0", "OK");
    bench.answer("AT+CMGL=4", &format!("+CMGL: 0,0,,25\r\n{REPORT}\r\n\r\nOK"));
    bench.tell("+CDSI: \"SM\",0");
    let found = receipts(&bench);
    assert_eq!(found.len(), 1);
    assert_eq!(bench.count("AT+CNMI=2,1,0,1,0"), 1);
    bench.commit(found[0].1, true);
    assert_eq!(bench.count("AT+CMGD=0"), 1);
}

#[test]
fn a_message_where_a_report_was_announced_is_a_message() {
    let mut bench = Bench::ready();
    bench.answer("AT+CMGR=0", &format!("+CMGR: 0,,31\r\n{MESSAGE}\r\n\r\nOK"));
    bench.tell("+CDSI: \"SM\",0");
    assert_eq!((inbound(&bench).len(), receipts(&bench).len()), (1, 0));
    assert_eq!(bench.count("AT+CMGD=0"), 0);
}

#[test]
fn a_store_that_is_nearly_full_is_emptied_and_told_once() {
    let mut bench = Bench::ready();
    bench.answer("AT+CPMS?", "+CPMS: \"ME\",14,20,\"ME\",14,20,\"ME\",14,20\r\nOK");
    bench.pass(S * 31);
    assert!(bench.told().contains("its message store ME is nearly full (14 of 20)"), "{}", bench.told());
    bench.pass(S * 60);
    assert_eq!(bench.told().matches("nearly full").count(), 1);
    assert!(bench.count("AT+CMGL=4") > 0);
}

#[test]
fn a_modem_that_selects_another_store_by_itself_has_rebooted() {
    let mut bench = Bench::ready();
    bench.answer("AT+CPMS?", "+CPMS: \"SM\",0,10,\"SM\",0,10,\"SM\",0,10\r\nOK");
    bench.pass(S * 61);
    assert!(bench.told().contains("it forgot which store was selected"), "{}", bench.told());
    assert!(bench.modem.is_ready());
    assert!(bench.count("AT+CPMS=\"ME\",\"ME\",\"ME\"") > 0, "it is set up anew");
}

#[test]
fn a_store_that_cannot_be_listed_is_read_slot_by_slot() {
    let mut bench = Bench::new();
    bench.answer("AT+CMGL=4", "+CMS ERROR: 303");
    bench.answer("AT+CPMS?", "+CPMS: \"ME\",1,5,\"ME\",1,5,\"ME\",1,5\r\nOK");
    bench.answer("AT+CPMS=\"ME\",\"ME\",\"ME\"", "+CPMS: 1,5,1,5,1,5\r\nOK");
    bench.answer("AT+CPMS=\"ME\"", "+CPMS: 1,5,1,5,1,5\r\nOK");
    bench.answer("AT+CMGR=2", &format!("+CMGR: 0,,31\r\n{MESSAGE}\r\n\r\nOK"));
    bench.open();
    assert_eq!(inbound(&bench).len(), 1);
    assert_eq!(bench.count("AT+CMGL=4"), 1, "once is enough to know");
}

#[test]
fn reports_without_country_code_are_known_by_the_recipient_of_the_segment() {
    let mut bench = Bench::ready();
    bench.result = "+CMGS: 17\r\n\r\nOK".to_owned();
    bench.submit(0, false);
    // TP-RA 01012345678 of unknown type.
    bench.tell("+CDS: 25\r\n0006110B811010325476F8621051410110636210514101406300");
    let found = receipts(&bench);
    assert_eq!(found[0].0.source.as_ref().map(|to| to.as_str().to_owned()).as_deref(), Some("+821012345678"));
}

#[test]
fn what_cannot_be_read_is_told_with_its_next_step() {
    let cases = [
        ("+CMTI: \"SM\",-1", "without telling where it lies"),
        ("+CMTI: ,-1", "without telling where it lies"),
        ("+CMTI: garbage", "without telling where it lies"),
        ("+CMT: ,24\r\n07914400000000F004", "brought something that is no message"),
        ("+CMT: ,24\r\n07914400000000F", "brought something that is no message"),
        ("+CMT: \"+821012345678\",,\"26/11/21,12:00:00+36\"\r\nhello", "without its PDU"),
    ];
    for (line, said) in cases {
        let mut bench = Bench::ready();
        bench.tell(line);
        bench.pass(S * 5);
        assert!(bench.told().contains(said), "{line}: {}", bench.told());
        bench.tell(line);
        bench.pass(S * 5);
        assert!(bench.told().matches(said).count() <= 2, "{}", bench.told());
    }
}

#[test]
fn an_announcement_without_a_place_is_found_by_a_sweep() {
    let mut bench = Bench::ready();
    bench.tell("+CMTI: \"SM\",-1");
    bench.pass(S * 5);
    assert!(bench.count("AT+CMGL=4") > 0, "{:?}", bench.sent);
}

#[test]
fn a_message_whose_slot_cannot_be_deleted_comes_in_once() {
    let mut bench = Bench::ready();
    let pdu = "07914400000000F0040C9144770900213200006211121210000004D4E29308";
    bench.answer("AT+CMGL=4", &format!("+CMGL: 3,1,,{}\r\n{pdu}\r\n\r\nOK", pdu.len() / 2 - 8));
    bench.answer("AT+CMGD=3", "+CMS ERROR: 300");
    for _ in 0..3 {
        bench.tell("+CMTI: \"ME\",-1");
        bench.pass(S * 10);
        for (_, token) in inbound(&bench) {
            bench.modem.committed(bench.now, token, true);
        }
        bench.pass(S * 10);
    }
    // The table answers alike for each of the three stores.
    assert_eq!(inbound(&bench).len(), 3, "{:?}", bench.events);
    assert_eq!(bench.told().matches("cannot be deleted").count(), 1, "{}", bench.told());
}
