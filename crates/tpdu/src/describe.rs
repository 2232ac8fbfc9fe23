//! Shows a TPDU to a person: its fields in wire order, named as in the specification, each with what its value means.

use std::fmt::Write as _;

use super::{Address, Content, DataCoding, Incoming, Outgoing, Parameters, elements, to_hex};
use super::{Deliver, DeliverReport, StatusReport, Submit, SubmitReport};

/// Fields with their values.
pub type Fields = Vec<(&'static str, String)>;

impl Incoming {
    /// The fields, for people.
    pub fn describe(&self) -> Fields {
        match self {
            Self::Deliver(deliver) => of_deliver(deliver),
            Self::StatusReport(report) => of_status_report(report),
            Self::SubmitReport(report) => of_submit_report(report),
        }
    }

    /// The octets, as they travel.
    ///
    /// # Errors
    /// As the TPDU's own.
    pub fn encode(&self) -> Result<Vec<u8>, super::EncodeError> {
        match self {
            Self::Deliver(deliver) => deliver.encode(),
            Self::StatusReport(report) => report.encode(),
            Self::SubmitReport(report) => report.encode(),
        }
    }
}

impl Outgoing {
    /// The fields, for people.
    pub fn describe(&self) -> Fields {
        match self {
            Self::Submit(submit) => of_submit(submit),
            Self::DeliverReport(report) => of_deliver_report(report),
            Self::Command(command) => vec![
                ("TP-MTI", "SMS-COMMAND".to_owned()),
                ("TP-SRR", yes(command.report_request)),
                ("TP-MR", command.reference.to_string()),
                ("TP-PID", command.protocol_id.to_string()),
                ("TP-CT", format!("{:?}", command.command_type)),
                ("TP-MN", command.message_number.to_string()),
                ("TP-DA", address(&command.to)),
                ("TP-CD", to_hex(&command.data)),
            ],
        }
    }

    /// The octets, as they travel.
    ///
    /// # Errors
    /// As the TPDU's own.
    pub fn encode(&self) -> Result<Vec<u8>, super::EncodeError> {
        match self {
            Self::Submit(submit) => submit.encode(),
            Self::DeliverReport(report) => report.encode(),
            Self::Command(command) => command.encode(),
        }
    }
}

fn of_submit(submit: &Submit) -> Fields {
    let mut fields = vec![
        ("TP-MTI", "SMS-SUBMIT".to_owned()),
        ("TP-RD", yes(submit.reject_duplicates)),
        ("TP-SRR", yes(submit.report_request)),
        ("TP-RP", yes(submit.reply_path)),
        ("TP-MR", submit.reference.to_string()),
        ("TP-DA", address(&submit.to)),
        ("TP-PID", submit.protocol_id.to_string()),
        ("TP-DCS", coding(submit.coding)),
        ("TP-VP", submit.validity.map_or_else(|| "none".to_owned(), |validity| validity.to_string())),
    ];
    user_data(&mut fields, &submit.header, &submit.content());
    fields
}

fn of_deliver(deliver: &Deliver) -> Fields {
    let mut fields = vec![
        ("TP-MTI", "SMS-DELIVER".to_owned()),
        ("TP-MMS", if deliver.more_messages { "more messages wait".to_owned() } else { "none wait".to_owned() }),
        ("TP-LP", yes(deliver.loop_prevention)),
        ("TP-RP", yes(deliver.reply_path)),
        ("TP-SRI", yes(deliver.report_indication)),
        ("TP-OA", address(&deliver.from)),
        ("TP-PID", deliver.protocol_id.to_string()),
        ("TP-DCS", coding(deliver.coding)),
        ("TP-SCTS", deliver.service_centre_time.to_string()),
    ];
    user_data(&mut fields, &deliver.header, &deliver.content());
    fields
}

fn of_status_report(report: &StatusReport) -> Fields {
    let mut fields = vec![
        ("TP-MTI", "SMS-STATUS-REPORT".to_owned()),
        ("TP-MMS", if report.more_messages { "more messages wait".to_owned() } else { "none wait".to_owned() }),
        (
            "TP-SRQ",
            if report.for_command { "about an SMS-COMMAND".to_owned() } else { "about an SMS-SUBMIT".to_owned() },
        ),
        ("TP-MR", report.reference.to_string()),
        ("TP-RA", address(&report.recipient)),
        ("TP-SCTS", report.service_centre_time.to_string()),
        ("TP-DT", report.discharge_time.to_string()),
        ("TP-ST", report.status.to_string()),
    ];
    if let Some(more) = &report.parameters {
        parameters(&mut fields, more);
    }
    fields
}

fn of_submit_report(report: &SubmitReport) -> Fields {
    let mut fields = vec![("TP-MTI", "SMS-SUBMIT-REPORT".to_owned())];
    fields.extend(report.failure.map(|failure| ("TP-FCS", failure.to_string())));
    fields.push(("TP-SCTS", report.service_centre_time.to_string()));
    parameters(&mut fields, &report.parameters);
    fields
}

fn of_deliver_report(report: &DeliverReport) -> Fields {
    let mut fields = vec![("TP-MTI", "SMS-DELIVER-REPORT".to_owned())];
    fields.extend(report.failure.map(|failure| ("TP-FCS", failure.to_string())));
    parameters(&mut fields, &report.parameters);
    fields
}

fn parameters(fields: &mut Fields, more: &Parameters) {
    fields.extend(more.protocol_id.map(|protocol| ("TP-PID", protocol.to_string())));
    fields.extend(more.coding.map(|scheme| ("TP-DCS", coding(scheme))));
    if let Some(data) = &more.data {
        let scheme = more.coding.unwrap_or(DataCoding(0));
        user_data(fields, &more.header, &Content::new(scheme, &more.header, data));
    }
}

fn user_data(fields: &mut Fields, header: &[u8], content: &Content) {
    if !header.is_empty() {
        let mut told = String::new();
        for element in elements(header) {
            // Writing to a string does not fail.
            let _ = write!(told, "{}{:?}", if told.is_empty() { "" } else { ", " }, element.meaning());
        }
        fields.push(("TP-UDH", format!("{} ({told})", to_hex(header))));
    }
    fields.push(("TP-UD", format!("{} octets or septets: {}", content.payload.len(), to_hex(&content.payload))));
    fields.push(("text", content.text()));
}

fn address(address: &Address) -> String {
    format!("{address} ({:?})", address.type_of_number())
}

fn coding(scheme: DataCoding) -> String {
    format!("0x{:02X} ({})", scheme.0, scheme.alphabet().as_str())
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_hex;

    #[test]
    fn the_fields_of_each_kind_are_named_as_in_the_specification() {
        let named = |fields: Fields| fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
        let deliver = parse_hex("440C912801214365870000621112415322630D050003340202D06536FB0D02").unwrap();
        let fields = Incoming::decode(&deliver).unwrap().describe();
        assert_eq!(
            named(fields.clone()),
            "TP-MTI TP-MMS TP-LP TP-RP TP-SRI TP-OA TP-PID TP-DCS TP-SCTS TP-UDH TP-UD text"
        );
        assert!(fields.iter().any(|(_, value)| value.starts_with("+821012345678 (International)")), "{fields:?}");
    }
}
