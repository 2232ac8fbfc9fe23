//! What a simulated modem and its SIM are, how quick they are, and what their network says.

use std::time::Duration;

use super::faults::ModemFaults;
use super::persona::Persona;
use postrider_model::Timestamp;

/// One simulated modem.
#[derive(Debug, Clone)]
pub struct SimModemSettings {
    /// Its name in ledgers.
    pub name: String,
    /// The maker's and model's ways.
    pub persona: Persona,
    /// `AT+CGSN`.
    pub imei: String,
    /// The SIM; none is an empty slot.
    pub sim: Option<SimCard>,
    /// The network around it.
    pub network: SimNetwork,
    /// From the PDU to its result.
    pub part_time: Duration,
    /// From any other command to its answer.
    pub latency: Duration,
    /// Whether it starts as if just plugged in, with its boot lines and its waits, or has been on for long.
    pub cold: bool,
    /// From power to registration, when it starts cold or reboots.
    pub registers_after: Duration,
    /// The TP-MR of the first message; it counts on from there and wraps at 255.
    pub first_reference: u8,
    /// Slots of each message store instead of the persona's.
    pub slots: Option<u16>,
    /// How many sent parts and whole messages are remembered.
    pub keep: usize,
    /// What the wall clock shows when the machine is made.
    pub wall: Timestamp,
    /// What goes wrong.
    pub faults: ModemFaults,
}

/// The SIM.
#[derive(Debug, Clone)]
pub struct SimCard {
    /// 19 or 20 digits.
    pub iccid: String,
    /// 15 digits.
    pub imsi: String,
    /// Its own number in international form, which `AT+CNUM` shows if `shows_number`.
    pub number: String,
    /// Whether the SIM knows its number.
    pub shows_number: bool,
    /// Its PIN, asked for after every power-up.
    pub pin: Option<String>,
    /// Tries that are left for the PIN.
    pub pin_tries: u8,
    /// The service centre's number; empty when the SIM has none.
    pub smsc: String,
}

/// The network around a modem.
#[derive(Debug, Clone)]
pub struct SimNetwork {
    /// Its long name.
    pub operator: String,
    /// MCC and MNC.
    pub code: String,
    /// The access technology of 3GPP TS 27.007: 0 GSM, 2 UTRAN, 7 E-UTRAN.
    pub technology: u8,
    /// The signal as `AT+CSQ` says it, 0 to 31, or 99.
    pub rssi: u8,
    /// Whether the SIM is a guest there.
    pub roaming: bool,
    /// The zone of its time stamps in quarter hours.
    pub zone: i8,
    /// The shortest and the longest time from the result to the status report.
    pub report_delay: (Duration, Duration),
    /// TP-ST other than 0 (delivered), each with its chance per thousand.
    pub report_states: Vec<(u8, u16)>,
    /// Recipients by the start of their number, and the `+CMS ERROR` that sends to them end with.
    pub refused: Vec<(String, u16)>,
    /// USSD codes and what is said to them.
    pub ussd: Vec<UssdEntry>,
    /// How long the network waits before it tries again what the modem did not take.
    pub retry_after: Duration,
}

/// One USSD code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UssdEntry {
    /// `*100#`.
    pub code: String,
    /// What the network says.
    pub text: String,
    /// What it says to each choice; empty for an answer that ends the dialogue.
    pub choices: Vec<(String, String)>,
}

impl Default for SimModemSettings {
    fn default() -> Self {
        Self {
            name: "modem".to_owned(),
            persona: Persona::default(),
            imei: "490154203237518".to_owned(),
            sim: Some(SimCard::default()),
            network: SimNetwork::default(),
            part_time: Duration::ZERO,
            latency: Duration::ZERO,
            cold: false,
            registers_after: Duration::from_secs(1),
            first_reference: 0,
            slots: None,
            keep: 100_000,
            wall: Timestamp::from_millis(1_795_305_600_000),
            faults: ModemFaults::default(),
        }
    }
}

impl Default for SimCard {
    fn default() -> Self {
        Self {
            iccid: "8982000000000000001".to_owned(),
            imsi: "450000000000001".to_owned(),
            number: "+821000000001".to_owned(),
            shows_number: false,
            pin: None,
            pin_tries: 3,
            smsc: "+821000000000".to_owned(),
        }
    }
}

impl Default for SimNetwork {
    fn default() -> Self {
        Self {
            operator: "Simulated".to_owned(),
            code: "00101".to_owned(),
            technology: 7,
            rssi: 22,
            roaming: false,
            zone: 36,
            report_delay: (Duration::ZERO, Duration::ZERO),
            report_states: Vec::new(),
            refused: Vec::new(),
            ussd: vec![
                UssdEntry { code: "*100#".to_owned(), text: "Balance 12.40 USD".to_owned(), choices: Vec::new() },
                UssdEntry {
                    code: "*123#".to_owned(),
                    text: "1 Balance\n2 Number".to_owned(),
                    choices: vec![
                        ("1".to_owned(), "Balance 12.40 USD".to_owned()),
                        ("2".to_owned(), "Your number is +821000000001".to_owned()),
                    ],
                },
            ],
            retry_after: Duration::from_secs(60),
        }
    }
}

impl SimModemSettings {
    /// The modem number `number` of several: an IMEI, an ICCID, an IMSI and a number of its own.
    pub fn numbered(number: u32, persona: Persona) -> Self {
        let imei = with_check_digit(&format!("49015420{:06}", number % 1_000_000));
        let sim = SimCard {
            iccid: with_check_digit(&format!("898200000000{:06}", number % 1_000_000)),
            imsi: format!("450000{:09}", number),
            number: format!("+8210{:08}", number % 100_000_000),
            ..SimCard::default()
        };
        Self { name: format!("sim{number}"), persona, imei, sim: Some(sim), ..Self::default() }
    }
}

/// Appends the digit that makes the Luhn sum of an IMEI or an ICCID come out even.
fn with_check_digit(digits: &str) -> String {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_modems_have_good_check_digits() {
        assert_eq!(with_check_digit("49015420323751"), "490154203237518");
        let settings = SimModemSettings::numbered(7, Persona::default());
        assert_eq!((settings.imei.len(), settings.sim.map(|sim| sim.iccid.len())), (15, Some(19)));
    }
}
