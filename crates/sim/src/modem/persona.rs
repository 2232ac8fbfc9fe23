//! How makers' modems differ on the wire, as data. [`Persona::default`] is a well-behaved modem of no maker.

use std::time::Duration;

/// One maker's or model's ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Its name.
    pub name: &'static str,
    /// Its USB side; `None` for one on a serial line.
    pub usb: Option<Usb>,
    /// `AT+CGMI`.
    pub maker: &'static str,
    /// `AT+CGMM`.
    pub model: &'static str,
    /// `AT+CGMR`.
    pub firmware: &'static str,
    /// Whether the identification has its command's name in front, as in `+CGMR: LE20B03SIM7600M22`.
    pub prefixed_identity: bool,
    /// Lines after power-up, and when each comes.
    pub boot: &'static [(Duration, &'static str)],
    /// From power-up until the SIM is read.
    pub sim_after: Duration,
    /// The `+CME ERROR` until then.
    pub sim_busy: u16,
    /// From power-up until messages work.
    pub sms_after: Duration,
    /// The answer to message commands before that.
    pub not_ready: &'static str,
    /// The answer to commands that it does not know.
    pub unknown: &'static str,
    /// Commands with a fixed answer.
    pub canned: &'static [(&'static str, &'static [&'static str])],
    /// The command that reads the ICCID, and what stands before the digits and behind them.
    pub iccid: &'static [(&'static str, &'static str, &'static str)],
    /// The command that counts PIN tries; `{pin}` and `{puk}` stand for the numbers, `{state}` for the state.
    pub pin_counter: Option<(&'static str, &'static [&'static str])>,
    /// Whether the answer to `AT+CPIN?` lacks its `OK`.
    pub pin_without_ok: bool,
    /// The values of `AT+CSMS`.
    pub services: &'static [u8],
    /// The answer to `AT+CSMS=?`.
    pub services_test: &'static str,
    /// The message stores and their slots.
    pub memories: &'static [(&'static str, u16)],
    /// The answer to `AT+CPMS=?`.
    pub memories_test: &'static str,
    /// How many stores `AT+CPMS=` takes and tells.
    pub memory_groups: usize,
    /// The stores for incoming messages.
    pub memories_receiving: &'static [&'static str],
    /// The number of the first slot.
    pub first_slot: u16,
    /// Whether an empty slot answers with `+CMS ERROR: 321` instead of a bare `OK`.
    pub empty_slot_fails: bool,
    /// The line that tells that a store is full; `{}` stands for the store.
    pub full_line: Option<&'static str>,
    /// The values of each field of `AT+CNMI`.
    pub indications: [&'static [u8]; 5],
    /// The answer to `AT+CNMI=?`.
    pub indications_test: &'static str,
    /// Whether direct reports are listed and yet refused.
    pub refuses_direct_reports: bool,
    /// The answer to an `AT+CNMI` that it refuses.
    pub refusal: &'static str,
    /// Where a stored report is announced; `None` for where it is.
    pub report_announced: Option<(&'static str, u16)>,
    /// Whether `+CDS` has a comma before the length.
    pub report_comma: bool,
    /// How direct deliveries are acknowledged in service 1 or 128.
    pub acknowledge: AcknowledgeForm,
    /// Whether `AT+CMMS` is known.
    pub more_messages: bool,
    /// How the registration is written.
    pub registration: RegistrationForm,
    /// Whether `AT+CESQ` is known.
    pub extended_signal: bool,
    /// How USSD texts are written.
    pub ussd: UssdText,
    /// Whether errors of a send are words.
    pub text_errors: bool,
    /// What ESC at the prompt is answered with; empty for nothing.
    pub escape: &'static str,
    /// Commands that reboot it.
    pub resets: &'static [&'static str],
    /// How long its USB port is gone after a reset; zero when the port stays.
    pub port_gone: Duration,
    /// Lines that mean nothing, in turn.
    pub noise: &'static [&'static str],
    /// How often such a line comes by itself; zero for never.
    pub noise_every: Duration,
    /// The command that ends the noise until the next power-up.
    pub noise_stops: Option<&'static str>,
}

/// The USB side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usb {
    /// The vendor's id.
    pub vendor: u16,
    /// The product's id.
    pub product: u16,
    /// The serial ports: interface number, class, subclass, protocol.
    pub ports: &'static [(u8, u8, u8, u8)],
    /// The interface number of the port that speaks AT.
    pub at_interface: u8,
    /// The driver that claims it: `option` makes `ttyUSB`, `cdc_acm` makes `ttyACM`.
    pub driver: &'static str,
}

/// What is acceptable as an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcknowledgeForm {
    /// Every form.
    Any,
    /// `AT+CNMA` alone, or with 0.
    Bare,
    /// Only with a number of 1 and no PDU.
    One,
}

/// How `+CREG` and its kin write the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationForm {
    /// `2,1,"1F00","79D903",7`.
    Quoted,
    /// `2,1,1F00,79D903`.
    Bare,
    /// `2,1`, whatever was asked for.
    Short,
}

/// How a USSD text is written, and expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UssdText {
    /// As it is, with dcs 15.
    Plain,
    /// GSM 7-bit, packed, in hexadecimal, with dcs 15, both ways.
    Packed,
    /// UCS-2 in hexadecimal, with dcs 72; the code is sent plain.
    Ucs2,
}

/// The well-behaved modem of no maker; others differ from it in what they name.
pub(super) const GENERIC: Persona = Persona {
    name: "generic",
    usb: None,
    maker: "Generic",
    model: "GSM Modem",
    firmware: "1.0.0",
    prefixed_identity: false,
    boot: &[],
    sim_after: Duration::ZERO,
    sim_busy: 14,
    sms_after: Duration::ZERO,
    not_ready: "+CMS ERROR: 314",
    unknown: "ERROR",
    canned: &[],
    iccid: &[("+CCID", "+CCID: \"", "\"")],
    pin_counter: Some(("+CPINR", &["+CPINR: SIM PIN,{pin},3", "+CPINR: SIM PUK,{puk},10"])),
    pin_without_ok: false,
    services: &[0, 1],
    services_test: "(0-1)",
    memories: &[("SM", 20), ("ME", 50), ("SR", 20)],
    memories_test: "(\"ME\",\"SM\",\"SR\"),(\"ME\",\"SM\"),(\"ME\",\"SM\")",
    memory_groups: 3,
    memories_receiving: &["ME", "SM", "MT"],
    first_slot: 0,
    empty_slot_fails: false,
    full_line: None,
    indications: [&[0, 1, 2, 3], &[0, 1, 2, 3], &[0, 2, 3], &[0, 1, 2], &[0, 1]],
    indications_test: "(0-3),(0-3),(0,2,3),(0-2),(0,1)",
    refuses_direct_reports: false,
    refusal: "+CMS ERROR: 302",
    report_announced: None,
    report_comma: false,
    acknowledge: AcknowledgeForm::Any,
    more_messages: true,
    registration: RegistrationForm::Quoted,
    extended_signal: true,
    ussd: UssdText::Plain,
    text_errors: false,
    escape: "OK",
    resets: &["+CFUN=1,1"],
    port_gone: Duration::ZERO,
    noise: &["RING"],
    noise_every: Duration::ZERO,
    noise_stops: None,
};

impl Default for Persona {
    fn default() -> Self {
        GENERIC
    }
}
