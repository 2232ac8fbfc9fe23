//! Any octets as one TPDU in either direction: reading never panics, and what can be written again reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postrider::model::Sender;
use postrider::tpdu::{Incoming, Outgoing};

fuzz_target!(|octets: &[u8]| {
    if let Ok(read) = Incoming::decode(octets) {
        let written = match &read {
            Incoming::Deliver(deliver) => {
                let part = deliver.to_part(Sender::Alphanumeric("us".into()));
                assert!(part.payload.len() <= 255 && part.elements.len() <= 255);
                assert!(deliver.content().text().chars().count() <= 2 * part.payload.len());
                deliver.encode()
            }
            Incoming::StatusReport(report) => {
                assert!(!report.status.to_string().is_empty() && !report.discharge_time.to_string().is_empty());
                report.encode()
            }
            Incoming::SubmitReport(report) => report.encode(),
        };
        if let Ok(written) = written {
            assert_eq!(Incoming::decode(&written).expect("what was written reads"), read);
        }
    }
    if let Ok(read) = Outgoing::decode(octets) {
        let written = match &read {
            Outgoing::Submit(submit) => submit.encode(),
            Outgoing::DeliverReport(report) => report.encode(),
            Outgoing::Command(command) => command.encode(),
        };
        if let Ok(written) = written {
            assert_eq!(Outgoing::decode(&written).expect("what was written reads"), read);
        }
    }
});
