//! Any line as the hexadecimal form of a PDU: reading never panics, and what was read is written with the same octets.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postrider::tpdu::{Pdu, parse_hex, to_hex};

fuzz_target!(|input: (u8, &str)| {
    let (length, line) = input;
    if let Ok(octets) = parse_hex(line) {
        assert_eq!(to_hex(&octets), line.trim().to_ascii_uppercase());
    }
    if let Ok(pdu) = Pdu::parse_hex(line) {
        assert_eq!(pdu.to_hex(), line.trim().to_ascii_uppercase());
        assert_eq!(pdu.smsc.is_none(), line.trim().starts_with("00"));
    }
    if let Ok(pdu) = Pdu::parse_hex_sized(line, length.into()) {
        assert_eq!(pdu.tpdu_len(), usize::from(length));
    }
});
