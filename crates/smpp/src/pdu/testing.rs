//! What the tests of the PDU files share: captures, round trips, limits.

use bytes::{Bytes, BytesMut};

use super::{Body, CommandStatus, DecodeError, EncodeError, EncodeLimits, Pdu, Quirk};

/// Every command, written by node-smpp.
pub const NODE_SMPP: &str = include_str!("../../../../hw-fixtures/smpp/node_smpp_every_command.txt");
/// A bind and two messages, written by smpplib.
pub const SMPPLIB: &str = include_str!("../../../../hw-fixtures/smpp/smpplib_bind_and_submit.txt");
/// The example of the specification.
pub const SPECIFICATION: &str = include_str!("../../../../hw-fixtures/smpp/specification_example.txt");
/// What a strict reader would refuse.
pub const QUIRKS: &str = include_str!("../../../../hw-fixtures/smpp/quirks_of_carriers.txt");

/// All PDUs of a fixture with their names.
pub fn captures(fixture: &str) -> Vec<(&str, Bytes)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in fixture.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            found.push((title.split(':').next().unwrap(), String::new()));
        } else if !line.starts_with('#') {
            found.last_mut().unwrap().1.extend(line.chars().filter(char::is_ascii_hexdigit));
        }
    }
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    found.into_iter().map(|(name, hex)| (name, hex.as_bytes().chunks(2).map(octet).collect())).collect()
}

/// The PDU of a fixture that has this name.
pub fn capture(fixture: &str, name: &str) -> Bytes {
    captures(fixture).into_iter().find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// What a well-formed capture says. Written again it must be the same octets.
pub fn read(fixture: &str, name: &str) -> Pdu {
    let frame = capture(fixture, name);
    let decoded = Pdu::decode(&frame).unwrap();
    assert_eq!(decoded.quirks, [], "{name}");
    let mut again = BytesMut::new();
    decoded.pdu.encode(&mut again).unwrap();
    assert_eq!(again, frame, "{name}");
    decoded.pdu
}

/// The octets of a request.
pub fn encode(body: Body) -> Result<BytesMut, EncodeError> {
    let mut out = BytesMut::new();
    Pdu::request(7, body).encode_within(&EncodeLimits::SMPP_5_0, &mut out).map(|()| out)
}

/// Claims that a body reads back as it was written, and that no piece of it makes the decoder fall over.
pub fn reads_back(body: Body) {
    let frame = encode(body.clone()).unwrap().freeze();
    let decoded = Pdu::decode(&frame).unwrap();
    assert_eq!((decoded.pdu, decoded.quirks), (Pdu::request(7, body.clone()), vec![]));
    for end in 16..frame.len() {
        let mut piece = BytesMut::from(&frame[..end]);
        set_length(&mut piece);
        match Pdu::decode(&piece.freeze()) {
            Ok(decoded) => assert!(decoded.pdu.body != body || !decoded.quirks.is_empty(), "cut at {end}"),
            Err(DecodeError::NotOneFrame { .. }) => panic!("the piece is one frame"),
            Err(DecodeError::Body { .. }) => {}
        }
    }
}

/// Claims that an error answer with nothing to say is written as its header, and read from it.
pub fn error_answer_is_its_header(body: Body) {
    let pdu = Pdu::answer(CommandStatus::RSYSERR, 7, body);
    let mut out = BytesMut::new();
    pdu.encode(&mut out).unwrap();
    assert_eq!(out.len(), 16);
    let decoded = Pdu::decode(&out.freeze()).unwrap();
    assert_eq!((decoded.pdu, decoded.quirks), (pdu, vec![]));
}

/// Claims that a text field takes `limit` octets and refuses one more, and that reading keeps one more and notes it.
pub fn limit(field: &'static str, limit: usize, make: impl Fn(&str) -> Body) {
    let full = "x".repeat(limit);
    let over = "x".repeat(limit + 1);
    reads_back(make(&full));
    let refused = encode(make(&over)).unwrap_err();
    assert_eq!(refused, EncodeError::TooLong { field, octets: limit + 1, limit });

    let mut frame = encode(make(&full)).unwrap().to_vec();
    let at = frame.windows(limit).position(|window| window == full.as_bytes()).unwrap();
    frame.insert(at, b'x');
    let mut frame = BytesMut::from(&frame[..]);
    set_length(&mut frame);
    let decoded = Pdu::decode(&frame.freeze()).unwrap();
    assert_eq!(decoded.pdu.body, make(&over));
    assert_eq!(decoded.quirks, [Quirk::OverLimit { field, octets: limit + 1 }]);
}

/// Claims that a time field takes 16 characters, and neither 15 nor 17.
pub fn time(field: &'static str, make: impl Fn(&str) -> Body) {
    reads_back(make("261121143000036+"));
    for wrong in ["26112114300003+", "2611211430000036+"] {
        assert_eq!(encode(make(wrong)).unwrap_err(), EncodeError::NotATime { field, octets: wrong.len() });
    }
}

/// Claims that `short_message` takes 254 octets in 3.4 and 255 in 5.0, and not one more.
pub fn short_message(make: impl Fn(Bytes) -> Body) {
    let write = |octets: usize, limits: &EncodeLimits| {
        let mut out = BytesMut::new();
        Pdu::request(7, make(vec![b'x'; octets].into())).encode_within(limits, &mut out).map(|()| out.freeze())
    };
    let refused = |octets, limit| Err(EncodeError::TooLong { field: "short_message", octets, limit });
    for (limits, limit) in [(EncodeLimits::SMPP_3_4, 254), (EncodeLimits::SMPP_5_0, 255)] {
        let frame = write(limit, &limits).unwrap();
        assert_eq!(Pdu::decode(&frame).unwrap().pdu.body, make(vec![b'x'; limit].into()));
        assert_eq!(write(limit + 1, &limits), refused(limit + 1, limit));
    }
}

/// Makes `command_length` say what the frame has.
pub fn set_length(frame: &mut BytesMut) {
    let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
    frame[..4].copy_from_slice(&length);
}
