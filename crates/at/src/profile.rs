//! What is particular about one maker's or model's modem, as plain data: the machine asks it instead of branching.
//!
//! [`ModemProfile::default`] is the generic modem: every step of the usual start-up, each tolerated when it is refused.

use std::time::Duration;

/// The fields of `AT+CNMI`: mode, mt, bm, ds, bfr (3GPP TS 27.005, 3.4.1).
pub type Cnmi = [u8; 5];

/// One maker's or model's particulars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemProfile {
    /// Its name: the file's stem.
    pub name: String,
    /// Which USB devices, makers and models it is for.
    pub matches: Matches,
    /// How its ports are told apart.
    pub ports: Ports,
    /// Its set-up.
    pub init: Init,
    /// How it sends.
    pub send: Sending,
    /// How it receives and reports.
    pub receive: Receiving,
    /// How USSD strings are written.
    pub ussd: UssdForm,
    /// How it is brought back.
    pub recovery: Recovery,
    /// Starts of lines that mean nothing and are dropped without a log line.
    pub noise: Vec<String>,
}

/// What a profile is for. A device is matched by USB id first, then by maker and model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// Vendor and product; without a product, all of the vendor's.
    pub usb: Vec<(u16, Option<u16>)>,
    /// Starts of the answer to `AT+CGMI`, compared without case.
    pub makers: Vec<String>,
    /// Starts of the answer to `AT+CGMM`, compared without case; empty for every model of the maker.
    pub models: Vec<String>,
}

/// How the AT port is found among the several of one USB device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ports {
    /// Interface numbers of the AT port by product, most wanted first; product `None` stands for all others.
    pub interfaces: Vec<(Option<u16>, Vec<u8>)>,
    /// Interface class, subclass and protocol of the AT port, most wanted first.
    pub protocols: Vec<(u8, u8, u8)>,
    /// The speed of a serial line.
    pub baud: Option<u32>,
    /// Whether hardware handshake is used on a serial line.
    pub handshake: bool,
}

/// The set-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// Commands right after the echo is off, each tolerated when refused.
    pub first: Vec<String>,
    /// Commands after the SIM is ready, each tolerated when refused.
    pub after_sim: Vec<String>,
    /// An unasked line without which `AT+CMGF=0` is refused, such as `SMS Ready`; waited for up to `ready_wait`.
    pub ready_line: Option<String>,
    /// How long it is waited for.
    pub ready_wait: Duration,
    /// The command that counts the PIN tries that are left, and where the count stands in its answer.
    pub pin_counter: Option<PinCounter>,
    /// Commands that give the ICCID, tried in turn.
    pub iccid: Vec<String>,
    /// The message service (`AT+CSMS`) that is asked for: 0, 1 or 128.
    pub service: u8,
    /// Stores for reading, writing and receiving, tried in turn.
    pub storage: Vec<String>,
    /// `AT+CNMI` values, tried in turn until one is taken. Empty: chosen from the ranges that the modem names.
    pub indications: Vec<Cnmi>,
    /// The pause between two commands that a slow serial modem needs.
    pub command_gap: Duration,
}

/// How the PIN tries that are left are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinCounter {
    /// The command, such as `AT+QPINC?`.
    pub command: String,
    /// Start of the line that holds the count, such as `+QPINC: "SC",`.
    pub prefix: String,
    /// Which of the numbers after it, from 0.
    pub field: usize,
}

/// How it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// `AT+CMMS` while more segments wait: 0 (not used), 1 or 2.
    pub more_messages: u8,
    /// How long the prompt is waited for.
    pub prompt_wait: Duration,
    /// How long the result is waited for; never below 150 s, since networks answer after 135 s.
    pub result_wait: Duration,
    /// Octets at a time, and the pause between them, for modems that lose longer writes.
    pub chunks: Option<(usize, Duration)>,
    /// Whether a validity period is written (relative form); some networks refuse it.
    pub validity: bool,
    /// A maker's meaning of a `+CMS ERROR` code: the code and what to do.
    pub errors: Vec<(u32, super::SendErrorClass)>,
    /// A command that is sent once for a SIM when the network answers a send with an unknown error, such as `AT+CNMP=14`.
    pub on_unknown_error: Option<String>,
}

/// How it receives and reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiving {
    /// How a direct `+CMT` or `+CDS` is acknowledged when the service asks for it.
    pub acknowledge: Acknowledge,
    /// Whether stored reports are looked for in `SR` when the announced slot is empty.
    pub reports_in_sr: bool,
    /// Whether `AT+CMGL=4` works; without it, slots are read one by one.
    pub lists: bool,
    /// How long `AT+CMGL=4` may take.
    pub list_wait: Duration,
    /// How often the stores are swept although nothing was announced.
    pub sweep_every: Duration,
}

/// The form of `AT+CNMA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// The modem does it itself.
    None,
    /// `AT+CNMA`.
    Bare,
    /// `AT+CNMA=0`.
    Zero,
    /// `AT+CNMA=1`.
    One,
    /// `AT+CNMA=1,<length>` with a DELIVER-REPORT.
    Pdu,
}

/// How a USSD string is written in `AT+CUSD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UssdForm {
    /// As it is.
    Plain,
    /// GSM 7-bit, packed, in hexadecimal.
    Packed,
    /// UCS-2 in hexadecimal.
    Ucs2,
}

/// How it is brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The reset command.
    pub reset: String,
    /// How long it needs after it.
    pub reset_wait: Duration,
    /// Whether the port goes away with the reset.
    pub reset_reopens: bool,
    /// Whether the USB device may be taken from the kernel and given back.
    pub usb: bool,
}

impl Default for ModemProfile {
    fn default() -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        Self {
            name: "generic".to_owned(),
            matches: Matches::default(),
            ports: Ports::default(),
            init: Init {
                first: Vec::new(),
                after_sim: Vec::new(),
                ready_line: None,
                ready_wait: SECOND * 20,
                pin_counter: Some(PinCounter {
                    command: "AT+CPINR".to_owned(),
                    prefix: "+CPINR: SIM PIN,".to_owned(),
                    field: 0,
                }),
                iccid: ["AT+CCID", "AT+ICCID", "AT+QCCID", "AT+CICCID", "AT+CRSM=176,12258,0,0,10"]
                    .map(str::to_owned)
                    .to_vec(),
                service: 0,
                storage: vec!["ME".to_owned(), "SM".to_owned(), "MT".to_owned()],
                indications: Vec::new(),
                command_gap: Duration::ZERO,
            },
            send: Sending {
                more_messages: 1,
                prompt_wait: SECOND * 5,
                result_wait: SECOND * 180,
                chunks: None,
                validity: true,
                errors: Vec::new(),
                on_unknown_error: None,
            },
            receive: Receiving {
                acknowledge: Acknowledge::Bare,
                reports_in_sr: true,
                lists: true,
                list_wait: SECOND * 60,
                sweep_every: SECOND * 300,
            },
            ussd: UssdForm::Plain,
            recovery: Recovery {
                reset: "AT+CFUN=1,1".to_owned(),
                reset_wait: SECOND * 30,
                reset_reopens: true,
                usb: true,
            },
            noise: Vec::new(),
        }
    }
}
