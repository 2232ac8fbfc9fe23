//! Whatever a modem says between our inputs: no panic, no PDU that nobody submitted, an outcome for each that somebody did.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use postrider::at::{Modem, ModemEvent, Settings};
use postrider::model::{
    Alphabet, Class, Concatenation, Encoded, Indication, MessageId, ModemRequest, Submission, Timestamp,
};

fn submission() -> Submission {
    Submission {
        message: MessageId::first_at(Timestamp::from_millis(1_795_000_000_000)),
        attempt: 1,
        from: None,
        to: "+821012345678".parse().expect("a number"),
        class: Class::Otp,
        encoded: Arc::new(Encoded {
            alphabet: Alphabet::Gsm7,
            indication: Indication::default(),
            concatenation: Concatenation::None,
            reference: 0,
            elements: Vec::new(),
            segments: vec![b"4711".to_vec()],
        }),
        turns: Vec::new(),
        valid_until: Timestamp::from_millis(1_795_086_400_000),
        parameters: BTreeMap::new(),
    }
}

/// Takes what the machine has to say; the PDUs that it wrote, and the outcomes.
fn drain(modem: &mut Modem) -> (usize, usize) {
    let (mut pdus, mut outcomes) = (0, 0);
    while let Some(octets) = modem.poll_transmit() {
        pdus += usize::from(octets.ends_with(&[0x1a]));
    }
    while let Some(event) = modem.poll_event() {
        outcomes += usize::from(matches!(event, ModemEvent::Submit(_)));
    }
    (pdus, outcomes)
}

fuzz_target!(|octets: &[u8]| {
    let mut now = Instant::now();
    let wall = Timestamp::from_millis(1_795_000_000_000);
    let mut modem = Modem::new(Settings::default(), None);
    modem.handle_opened(now, wall);
    let (mut submits, mut pdus, mut outcomes) = (0, 0, 0);
    let mut rest = octets;
    while let Some((&kind, tail)) = rest.split_first() {
        rest = tail;
        match kind {
            0xf0 => {
                submits += 1;
                modem.submit(now, wall, &submission(), 0, false);
            }
            0xf1 => now += Duration::from_secs(1),
            0xf2 => now += Duration::from_secs(200),
            0xf3 => modem.handle_closed(now, wall, 1, "gone"),
            0xf4 => modem.handle_opened(now, wall),
            0xf5 => modem.committed(now, u32::from(rest.len().to_le_bytes()[0]), true),
            0xf6 => modem.request(now, 1, ModemRequest::Ussd("*100#".to_owned())),
            // An honest answer helps through the set-up.
            0xf7 => modem.handle_bytes(now, wall, b"\r\nOK\r\n"),
            _ => {
                let end = rest.iter().position(|&octet| octet >= 0xf0).unwrap_or(rest.len());
                modem.handle_bytes(now, wall, &[kind]);
                modem.handle_bytes(now, wall, &rest[..end]);
                rest = &rest[end..];
            }
        }
        if modem.poll_timeout().is_some_and(|at| at <= now) {
            modem.handle_timeout(now, wall);
        }
        let (wrote, told) = drain(&mut modem);
        (pdus, outcomes) = (pdus + wrote, outcomes + told);
        assert!(pdus <= submits, "a PDU is written once");
    }
    modem.handle_closed(now, wall, 0, "the end");
    outcomes += drain(&mut modem).1;
    assert!(outcomes >= submits, "each segment has its outcome");
    assert!(modem.recent_lines().count() <= 400);
});
