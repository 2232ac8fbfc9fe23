//! Any octets as one PDU: reading never panics, what is read shows, and what can be written again reads the same.

#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use postrider::smpp::pdu::describe;
use postrider::smpp::{EncodeLimits, Pdu};

fuzz_target!(|octets: &[u8]| {
    let mut frame = BytesMut::from(octets);
    // The length is made right, or nearly every input would end at its first check.
    if let (Some(field), Ok(length)) = (frame.get_mut(..4), u32::try_from(octets.len())) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    let frame: Bytes = frame.freeze();
    let Ok(decoded) = Pdu::decode(&frame) else { return };
    assert!(describe(&decoded.pdu).len() >= 3);
    let mut out = BytesMut::new();
    if decoded.pdu.encode_within(&EncodeLimits::SMPP_5_0, &mut out).is_ok() {
        let again = Pdu::decode(&out.freeze()).expect("what was written reads");
        assert_eq!(again.pdu, decoded.pdu);
    }
});
