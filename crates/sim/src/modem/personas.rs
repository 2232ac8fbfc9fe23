//! The makers' modems: in what each differs from the modem of no maker. The figures are those of published dialogues.

use std::time::Duration;

use super::persona::{AcknowledgeForm, GENERIC, Persona, RegistrationForm, Usb, UssdText};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// All makers' modems.
const ALL: [&Persona; 12] = [
    &GENERIC,
    &HUAWEI_E173,
    &ZTE_K3565,
    &QUECTEL_EC25,
    &QUECTEL_M26,
    &SIMCOM_SIM800,
    &SIMCOM_SIM7600,
    &TELIT_HE910,
    &UBLOX_SARA,
    &WAVECOM_Q24,
    &CINTERION_MC75I,
    &SIERRA_MC7455,
];

impl Persona {
    /// The maker's modem of this name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|persona| persona.name == name).cloned()
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.into_iter().map(|persona| persona.name)
    }
}

const HUAWEI_E173: Persona = Persona {
    name: "huawei-e173",
    usb: Some(Usb {
        vendor: 0x12d1,
        product: 0x1436,
        ports: &[(0, 0xff, 1, 1), (1, 0xff, 1, 3), (2, 0xff, 1, 2)],
        at_interface: 2,
        driver: "option",
    }),
    maker: "huawei",
    model: "E173",
    firmware: "11.126.85.00.209",
    sim_after: ms(1000),
    sms_after: ms(1000),
    not_ready: "+CMS ERROR: 302",
    unknown: "COMMAND NOT SUPPORT",
    canned: &[("^CURC=0", &[]), ("^USSDMODE=0", &[]), ("^SYSINFO", &["^SYSINFO:2,3,0,5,1"])],
    iccid: &[],
    pin_counter: Some(("^CPIN?", &["^CPIN: {state},3,{puk},{pin},10,3"])),
    memories: &[("SM", 20), ("ME", 23)],
    memories_test: "(\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")",
    empty_slot_fails: true,
    full_line: Some("^SMMEMFULL:\"{}\""),
    indications: [&[0, 1, 2], &[0, 1, 2, 3], &[0, 2], &[0, 1, 2], &[0, 1]],
    indications_test: "(0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)",
    registration: RegistrationForm::Bare,
    extended_signal: false,
    ussd: UssdText::Packed,
    resets: &["^RESET"],
    port_gone: ms(5000),
    noise: &[
        "^RSSI:17",
        "^DSFLOWRPT:0000001E,00000000,00000000,0000000000000000,0000000000000000,00000000,00000000",
        "^BOOT:35323129,0,0,0,26",
    ],
    noise_every: ms(20_000),
    ..GENERIC
};

const ZTE_K3565: Persona = Persona {
    name: "zte-k3565",
    usb: Some(Usb {
        vendor: 0x19d2,
        product: 0x0002,
        ports: &[(0, 0xff, 0xff, 0xff), (1, 0xff, 0xff, 0xff), (2, 0xff, 0xff, 0xff)],
        at_interface: 2,
        driver: "option",
    }),
    maker: "ZTE INCORPORATED",
    model: "K3565-Z",
    firmware: "BD_P673A2V1.0.0B09",
    sim_after: ms(500),
    sms_after: ms(500),
    canned: &[("+ZOPRT=5", &[]), ("+ZCDRUN=8", &[]), ("+CFUN?", &["+CFUN: (0-1,4-7),(0-1)"])],
    iccid: &[],
    pin_counter: Some(("+ZPINPUK=?", &["+ZPINPUK: {pin},{puk}"])),
    memories: &[("SM", 25), ("ME", 100)],
    memories_test: "(\"ME\",\"MT\",\"SM\"),(\"ME\",\"MT\",\"SM\"),(\"ME\",\"MT\",\"SM\")",
    indications: [&[0, 1], &[0, 1, 2, 3], &[0, 2, 3], &[0, 1, 2], &[0, 1]],
    indications_test: "(0,1,2),(0,1,2,3),(0,2,3),(0,1,2),(0,1)",
    report_comma: true,
    registration: RegistrationForm::Bare,
    extended_signal: false,
    resets: &["+CFUN=1,1", "+ZRST"],
    port_gone: ms(5000),
    noise: &["+ZUSIMR:2"],
    noise_every: ms(200),
    noise_stops: Some("+CPMS?"),
    ..GENERIC
};

const QUECTEL_EC25: Persona = Persona {
    name: "quectel-ec25",
    usb: Some(Usb {
        vendor: 0x2c7c,
        product: 0x0125,
        ports: &[(0, 0xff, 0xff, 0xff), (1, 0xff, 0, 0), (2, 0xff, 0, 0), (3, 0xff, 0, 0)],
        at_interface: 2,
        driver: "option",
    }),
    maker: "Quectel",
    model: "EC25",
    firmware: "EC25ECGAR06A04M1G",
    boot: &[(ms(100), "RDY"), (ms(1000), "+CPIN: READY"), (ms(1000), "+QUSIM: 1"), (ms(2000), "+QIND: SMS DONE")],
    sim_after: ms(1000),
    sim_busy: 13,
    sms_after: ms(2000),
    canned: &[
        ("+QURCCFG=\"urcport\",\"usbat\"", &[]),
        ("+QCFG=\"ims\"", &["+QCFG: \"ims\",1,1"]),
        ("+QNWINFO", &["+QNWINFO: \"FDD LTE\",\"45005\",\"LTE BAND 3\",1550"]),
    ],
    iccid: &[("+QCCID", "+QCCID: ", "F")],
    pin_counter: Some(("+QPINC?", &["+QPINC: \"SC\",{pin},{puk}", "+QPINC: \"P2\",3,10"])),
    memories: &[("ME", 255), ("SM", 50), ("SR", 100)],
    memories_test: "(\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\")",
    report_announced: Some(("SM", 0)),
    acknowledge: AcknowledgeForm::Bare,
    port_gone: ms(6000),
    ..GENERIC
};

const QUECTEL_M26: Persona = Persona {
    name: "quectel-m26",
    maker: "Quectel_Ltd",
    model: "Quectel_M26",
    firmware: "M26FBR03A04_TTS",
    boot: &[(ms(500), "+CPIN: READY"), (ms(1500), "Call Ready")],
    sim_after: ms(500),
    sms_after: ms(1500),
    iccid: &[("+CCID", "+CCID: \"", "F\"")],
    pin_counter: None,
    services: &[0, 128],
    services_test: "(0,128)",
    memories: &[("SM", 50), ("ME", 100)],
    memories_test: "(\"SM\",\"ME\",\"MT\"),(\"SM\",\"ME\",\"MT\"),(\"SM\",\"ME\",\"MT\")",
    first_slot: 1,
    acknowledge: AcknowledgeForm::Bare,
    extended_signal: false,
    ..GENERIC
};

const SIMCOM_SIM800: Persona = Persona {
    name: "simcom-sim800",
    maker: "SIMCOM_Ltd",
    model: "SIMCOM_SIM800L",
    firmware: "Revision:1418B05SIM800L24",
    boot: &[
        (ms(100), "RDY"),
        (ms(200), "+CFUN: 1"),
        (ms(800), "+CPIN: READY"),
        (ms(2000), "Call Ready"),
        (ms(3000), "SMS Ready"),
    ],
    sim_after: ms(800),
    sms_after: ms(3000),
    not_ready: "ERROR",
    iccid: &[("+CCID", "", "")],
    pin_counter: Some(("+SPIC", &["+SPIC: {pin},{puk},3,10"])),
    memories: &[("SM", 25), ("ME", 25)],
    memories_test: "(\"SM\",\"ME\",\"SM_P\",\"ME_P\",\"MT\"),(\"SM\",\"ME\",\"MT\"),(\"SM\",\"ME\",\"MT\")",
    first_slot: 1,
    indications: [&[0, 1, 2, 3], &[0, 1, 2, 3], &[0, 2], &[0, 1], &[0, 1]],
    indications_test: "(0-3),(0-3),(0,2),(0,1),(0,1)",
    refusal: "ERROR",
    extended_signal: false,
    text_errors: true,
    noise: &["UNDER-VOLTAGE WARNNING", "RING"],
    ..GENERIC
};

const SIMCOM_SIM7600: Persona = Persona {
    name: "simcom-sim7600",
    usb: Some(Usb {
        vendor: 0x1e0e,
        product: 0x9001,
        ports: &[(0, 0xff, 0xff, 0xff), (1, 0xff, 0, 0), (2, 0xff, 0, 0), (3, 0xff, 0, 0)],
        at_interface: 2,
        driver: "option",
    }),
    maker: "SIMCOM INCORPORATED",
    model: "SIMCOM_SIM7600G-H",
    firmware: "LE20B03SIM7600M22",
    prefixed_identity: true,
    boot: &[(ms(100), "*ATREADY: 1"), (ms(800), "+CPIN: READY"), (ms(1500), "SMS DONE"), (ms(2000), "PB DONE")],
    sim_after: ms(800),
    sms_after: ms(1500),
    not_ready: "ERROR",
    canned: &[
        ("+CNMP=14", &[]),
        ("+CNMP=2", &[]),
        ("+CPSI?", &["+CPSI: LTE,Online,208-15,0x0001,1000001,291,EUTRAN-BAND3,1675,4,4,-93,-1006,-731,14"]),
    ],
    iccid: &[("+CICCID", "+ICCID: ", "")],
    pin_counter: Some(("+SPIC", &["+SPIC: {pin},{puk},3,10"])),
    memories: &[("SM", 30), ("ME", 100), ("SR", 10)],
    memories_test: "(\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\")",
    text_errors: true,
    resets: &["+CRESET", "+CFUN=1,1"],
    port_gone: ms(8000),
    noise: &["+CNSMOD: 4", "+CSQ: 20,99"],
    ..GENERIC
};

const TELIT_HE910: Persona = Persona {
    name: "telit-he910",
    usb: Some(Usb {
        vendor: 0x1bc7,
        product: 0x0021,
        ports: &[(0, 0x02, 0x02, 0x01), (6, 0x02, 0x02, 0x01)],
        at_interface: 0,
        driver: "cdc_acm",
    }),
    maker: "Telit",
    model: "HE910",
    firmware: "12.00.004",
    sim_after: ms(500),
    sms_after: ms(1500),
    iccid: &[("#CCID", "#CCID: ", "")],
    pin_counter: Some(("#PCT", &["#PCT: {pin}"])),
    memories: &[("SM", 20), ("ME", 100)],
    memories_test: "(\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")",
    first_slot: 1,
    empty_slot_fails: true,
    acknowledge: AcknowledgeForm::One,
    resets: &["#REBOOT"],
    port_gone: ms(6000),
    noise: &["#QSS: 1", "+CIEV: 1,5"],
    ..GENERIC
};

const UBLOX_SARA: Persona = Persona {
    name: "ublox-sara",
    usb: Some(Usb {
        vendor: 0x1546,
        product: 0x1102,
        ports: &[(0, 0x02, 0x02, 0x01), (2, 0x02, 0x02, 0x01)],
        at_interface: 0,
        driver: "cdc_acm",
    }),
    maker: "u-blox",
    model: "SARA-U201",
    firmware: "23.60",
    boot: &[(ms(1500), "+PBREADY")],
    sim_after: ms(500),
    sms_after: ms(1000),
    iccid: &[("+CCID", "+CCID: ", "")],
    pin_counter: Some(("+UPINCNT", &["+UPINCNT: {pin},3,{puk},10"])),
    resets: &["+CFUN=16", "+CFUN=15"],
    port_gone: ms(6000),
    noise: &["+UUSOCL: 0"],
    ..GENERIC
};

const WAVECOM_Q24: Persona = Persona {
    name: "wavecom-q24",
    maker: "WAVECOM MODEM",
    model: "MULTIBAND  900E  1800",
    firmware: "657e09gg.Q2406B 1320676 062607 17:45",
    boot: &[(ms(100), "+WIND: 1"), (ms(1500), "+WIND: 4")],
    sim_after: ms(1500),
    sim_busy: 515,
    sms_after: ms(1500),
    not_ready: "+CME ERROR: 515",
    iccid: &[("+CCID", "+CCID: \"", "\"")],
    pin_counter: None,
    pin_without_ok: true,
    services: &[0, 1],
    memories: &[("SM", 20), ("BM", 5), ("SR", 10)],
    memories_test: "((\"SM\",\"BM\",\"SR\"),(\"SM\"))",
    memory_groups: 2,
    first_slot: 1,
    empty_slot_fails: true,
    indications: [&[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 2, 3], &[0, 1, 2], &[0, 1]],
    indications_test: "(0,1,2),(0-3),(0-3),(0,1,2),(0,1)",
    refusal: "ERROR",
    registration: RegistrationForm::Short,
    extended_signal: false,
    resets: &["+CFUN=1"],
    noise: &["+WIND: 7"],
    ..GENERIC
};

const CINTERION_MC75I: Persona = Persona {
    name: "cinterion-mc75i",
    maker: "Cinterion",
    model: "MC75i",
    firmware: "REVISION 01.042",
    boot: &[(ms(500), "^SYSSTART")],
    sim_after: ms(800),
    sms_after: ms(1500),
    canned: &[("^SMGO=1", &[]), ("^SSMSS=1", &[])],
    iccid: &[("^SCID", "^SCID: ", "")],
    pin_counter: Some(("^SPIC", &["^SPIC: {pin}"])),
    memories: &[("SM", 20), ("ME", 45)],
    memories_test: "(\"ME\",\"SM\",\"MT\"),(\"ME\",\"SM\",\"MT\"),(\"SM\",\"MT\")",
    memories_receiving: &["SM", "MT"],
    first_slot: 1,
    full_line: Some("^SMGO: 1"),
    indications: [&[0, 1, 2, 3], &[0, 1], &[0, 2, 3], &[0, 2], &[1]],
    indications_test: "(0-3),(0,1),(0,2,3),(0,2),(1)",
    more_messages: false,
    registration: RegistrationForm::Short,
    extended_signal: false,
    noise: &["^SBC: Undervoltage", "+CIEV: rssi,4"],
    ..GENERIC
};

const SIERRA_MC7455: Persona = Persona {
    name: "sierra-mc7455",
    usb: Some(Usb {
        vendor: 0x1199,
        product: 0x9071,
        ports: &[(0, 0xff, 0xff, 0xff), (2, 0xff, 0, 0), (3, 0xff, 0, 0)],
        at_interface: 3,
        driver: "qcserial",
    }),
    maker: "Sierra Wireless, Incorporated",
    model: "MC7455",
    firmware: "SWI9X30C_02.33.03.00",
    sim_after: ms(800),
    sms_after: ms(1500),
    iccid: &[("!ICCID?", "!ICCID: ", "")],
    memories: &[("SM", 30), ("ME", 255)],
    memories_test: "(\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\")",
    refuses_direct_reports: true,
    refusal: "+CMS ERROR: 303",
    resets: &["!RESET"],
    port_gone: ms(8000),
    ..GENERIC
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_modem_has_a_name_of_its_own_and_an_at_port() {
        let names: std::collections::BTreeSet<_> = Persona::names().collect();
        assert_eq!(names.len(), ALL.len());
        for persona in ALL {
            assert!(Persona::named(persona.name).is_some());
            if let Some(usb) = persona.usb {
                assert!(usb.ports.iter().any(|port| port.0 == usb.at_interface), "{}", persona.name);
            }
        }
    }
}
