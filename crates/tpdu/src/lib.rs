//! 3GPP TS 23.040 TPDUs to and from octets: what stands between `AT+CMGS` and the network.
//!
//! Reading is lenient, since a message that came must not be lost; writing is strict. Octets from outside give an error
//! or a value, never a panic.
//!
//! | file | decides |
//! |---|---|
//! | `pdu` | hexadecimal, and where the service centre's address ends |
//! | `direction` | which TPDU it is |
//! | `submit`, `deliver_report`, `command` | the TPDUs to the service centre |
//! | `deliver`, `status_report`, `submit_report` | the TPDUs from it |
//! | `address`, `number_type` | digits and names |
//! | `coding`, `protocol`, `validity`, `time` | TP-DCS, TP-PID, TP-VP, time stamps |
//! | `status`, `failure` | what became of a message, and why it was refused |
//! | `user_data`, `header` | the text, and the elements before it |
//! | `describe` | a TPDU in words |
//! | `parameters` | the optional fields of reports |
//! | `first_octet`, `reader`, `error` | what they share |
//!
//! ```
//! use postrider_tpdu::{Incoming, Pdu};
//!
//! let pdu = Pdu::parse_hex("07916608000000F0040B916608000000F30008621022806100820C0E220E010E400E250E340E01").unwrap();
//! let Incoming::Deliver(deliver) = Incoming::decode(&pdu.tpdu).unwrap() else { panic!("another kind") };
//! assert_eq!((deliver.from.to_string(), deliver.content().text()), ("+66800000003".to_owned(), "ยกเลิก".to_owned()));
//! ```

mod address;
mod coding;
mod command;
mod deliver;
mod deliver_report;
mod describe;
mod direction;
mod error;
mod failure;
mod first_octet;
mod header;
mod number_type;
mod parameters;
mod pdu;
mod protocol;
mod reader;
mod status;
mod status_report;
mod submit;
mod submit_report;
mod time;
mod user_data;
mod validity;

pub use address::Address;
pub use coding::{DataCoding, MessageClass};
pub use command::{Command, CommandType};
pub use deliver::Deliver;
pub use deliver_report::DeliverReport;
pub use describe::Fields;
pub use direction::{Incoming, Outgoing};
pub use error::{DecodeError, EncodeError};
pub use failure::FailureCause;
pub use header::{Element, Meaning, elements, take_concatenation};
pub use number_type::TypeOfNumber;
pub use parameters::Parameters;
pub use pdu::{Pdu, parse_hex, to_hex};
pub use protocol::ProtocolId;
pub use status::{Status, StatusClass};
pub use status_report::StatusReport;
pub use submit::Submit;
pub use submit_report::SubmitReport;
pub use time::TimeStamp;
pub use user_data::{Content, UserData};
pub use validity::Validity;

/// The most user data of a message, its header included (9.2.3.16).
pub const USER_DATA_OCTETS_MAX: usize = 140;
