//! What holds for every PDU and for every octet that could come instead of one.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

mod smpp_pdus;

use bytes::{Bytes, BytesMut};
use postrider::smpp::pdu::describe;
use postrider::smpp::{CommandId, EncodeLimits, FrameSplitter, Pdu};
use proptest::collection::vec;
use proptest::prelude::*;
use smpp_pdus::{common_tags, pdu};

fn encode(pdu: &Pdu) -> Bytes {
    let mut out = BytesMut::new();
    pdu.encode(&mut out).unwrap();
    out.freeze()
}

/// Reads whatever it is. What was read must show, and what can be written again must read the same.
fn survives(frame: &Bytes) {
    let Ok(decoded) = Pdu::decode(frame) else { return };
    assert!(decoded.quirks.len() <= 16);
    assert!(describe(&decoded.pdu).len() >= 3);
    let mut out = BytesMut::new();
    if decoded.pdu.encode_within(&EncodeLimits::SMPP_5_0, &mut out).is_ok() {
        assert_eq!(Pdu::decode(&out.freeze()).unwrap().pdu, decoded.pdu);
    } else {
        assert!(out.is_empty());
    }
}

fn with_length(mut frame: Vec<u8>) -> Bytes {
    let length = u32::try_from(frame.len()).unwrap();
    if let Some(field) = frame.get_mut(..4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    frame.into()
}

/// A small generator of its own: a hundred thousand mutations cost less than a hundred thousand strategies.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ word >> 31) % sides.max(1) as u64) as usize
    }

    fn octet(&mut self) -> u8 {
        [0, 1, 2, 0x7f, 0x80, 0xff, self.roll(256) as u8][self.roll(7)]
    }

    fn mutate(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut frame = frame.to_vec();
        for _ in 0..=self.roll(3) {
            let at = self.roll(frame.len());
            match self.roll(6) {
                0 if !frame.is_empty() => frame[at] = self.octet(),
                1 if !frame.is_empty() => frame[at] ^= 1 << self.roll(8),
                2 => frame.insert(at, self.octet()),
                3 if !frame.is_empty() => drop(frame.remove(at)),
                4 => frame.truncate(at.max(16)),
                _ => {
                    let piece = frame[at..].iter().copied().take(self.roll(40)).collect::<Vec<_>>();
                    frame.splice(at..at, piece);
                }
            }
        }
        frame
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(pdu in pdu(&common_tags())) {
        let decoded = Pdu::decode(&encode(&pdu)).unwrap();
        prop_assert_eq!(decoded.pdu, pdu);
        prop_assert_eq!(decoded.quirks, []);
    }

    /// 500 PDUs, 200 mutations of each: 100,000.
    #[test]
    fn no_mutation_makes_the_decoder_fall_over(pdu in pdu(&common_tags()), seed in any::<u64>()) {
        let frame = encode(&pdu);
        let mut dice = Dice(seed);
        for _ in 0..200 {
            survives(&with_length(dice.mutate(&frame)));
        }
    }

    #[test]
    fn no_octets_make_the_decoder_fall_over(octets in vec(any::<u8>(), 0..400), id in any::<prop::sample::Index>()) {
        survives(&octets.clone().into());
        let mut frame = octets;
        if let Some(field) = frame.get_mut(4..8) {
            field.copy_from_slice(&id.get(CommandId::ALL).0.to_be_bytes());
        }
        survives(&with_length(frame));
    }

    #[test]
    fn no_stream_makes_the_splitter_fall_over(pieces in vec(vec(any::<u8>(), 0..80), 0..20), limit in 0..400_usize) {
        let mut splitter = FrameSplitter::new(limit);
        for piece in pieces {
            splitter.handle_bytes(&piece);
            while let Ok(Some(frame)) = splitter.next_frame() {
                prop_assert!((16..=limit.max(16)).contains(&frame.len()));
                survives(&frame);
            }
        }
    }

    #[test]
    fn frames_come_out_as_they_went_in(pdus in vec(pdu(&common_tags()), 1..6), size in 1..100_usize) {
        let frames: Vec<Bytes> = pdus.iter().map(encode).collect();
        let mut splitter = FrameSplitter::default();
        let mut found = Vec::new();
        for piece in frames.concat().chunks(size) {
            splitter.handle_bytes(piece);
            while let Some(frame) = splitter.next_frame().unwrap() {
                found.push(frame);
            }
        }
        prop_assert_eq!(found, frames);
    }
}
