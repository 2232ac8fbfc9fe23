//! Encodes and decodes per second of one core: ours beside rusmpp-core (owned and borrowed) and smpp34.
//!
//! Every decoder goes through the same stream of 256 PDUs, finds the frames and gives up each PDU before the next.
//! Every encoder writes the same 256 PDUs; ours and rusmpp-core append to one buffer, smpp34 can only give out a
//! `Vec` for each and takes its PDU with it, so that its copies are made outside the clock.
//!
//! `cargo bench --bench codec` for the release profile, `--profile quick` for a shorter build.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use bytes::{Buf, BufMut, Bytes, BytesMut};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use postrider::smpp::pdu::{Address, DeliverSm, SubmitSm, SubmitSmResp};
use postrider::smpp::{Body, CommandStatus, FrameSplitter, Pdu, Tag};
use rusmpp_core::command::{borrowed, owned};
use rusmpp_core::decode::borrowed::DecodeWithLength as _;
use rusmpp_core::decode::owned::DecodeWithLength as _;
use rusmpp_core::encode::Length;
use rusmpp_core::encode::owned::Encode as _;
use smpp34::CommandHeader;

fn main() {
    divan::main();
}

/// PDUs in one stream.
const PDUS: usize = 256;

/// What is measured.
#[derive(Debug, Clone, Copy)]
enum Sample {
    Submit,
    SubmitUdh,
    SubmitTlvs,
    Receipt,
    SubmitResp,
}

const SAMPLES: [Sample; 5] =
    [Sample::Submit, Sample::SubmitUdh, Sample::SubmitTlvs, Sample::Receipt, Sample::SubmitResp];

fn submit() -> SubmitSm {
    SubmitSm {
        source_addr: Address::new(5, 0, "postrider"),
        destination_addr: Address::new(1, 1, "491512345689"),
        registered_delivery: 1,
        short_message: Bytes::from_static(b"Your order 48151 has left our house and arrives tomorrow."),
        ..SubmitSm::default()
    }
}

impl Sample {
    fn body(self) -> Body {
        match self {
            Self::Submit => Body::SubmitSm(submit()),
            Self::SubmitUdh => {
                let mut short_message = vec![5, 0, 3, 0x2a, 2, 1];
                short_message.extend([0xc5, 0x48].iter().cycle().take(134));
                let short_message = short_message.into();
                Body::SubmitSm(SubmitSm { esm_class: 0x40, data_coding: 8, short_message, ..submit() })
            }
            Self::SubmitTlvs => {
                let mut body = SubmitSm { validity_period: "261121143000036+".into(), ..submit() };
                body.tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 0x1234);
                body.tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, 3);
                body.tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, 1);
                body.tlvs.push_u16(Tag::USER_MESSAGE_REFERENCE, 77);
                Body::SubmitSm(body)
            }
            Self::Receipt => {
                let mut body = DeliverSm {
                    source_addr: Address::new(1, 1, "491512345689"),
                    destination_addr: Address::new(5, 0, "postrider"),
                    esm_class: 4,
                    short_message: Bytes::from_static(
                        b"id:0972660181 sub:001 dlvrd:001 submit date:2611211430 done date:2611211431 stat:DELIVRD \
                          err:000 text:Your order 48151",
                    ),
                    ..DeliverSm::default()
                };
                body.tlvs.push_c_octets(Tag::RECEIPTED_MESSAGE_ID, "0972660181").unwrap();
                body.tlvs.push_u8(Tag::MESSAGE_STATE, 2);
                Body::DeliverSm(body)
            }
            Self::SubmitResp => {
                Body::SubmitSmResp(SubmitSmResp { message_id: "0972660181".into(), ..SubmitSmResp::default() })
            }
        }
    }

    fn pdus(self) -> Vec<Pdu> {
        (1..=PDUS as u32).map(|number| Pdu::answer(CommandStatus::ROK, number, self.body())).collect()
    }

    fn stream(self) -> BytesMut {
        let mut out = BytesMut::new();
        for pdu in self.pdus() {
            pdu.encode(&mut out).unwrap();
        }
        out
    }

    fn frames(self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut stream = self.stream();
        while let Some(length) = stream.first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            frames.push(stream.split_to(length).to_vec());
        }
        frames
    }
}

#[divan::bench_group]
mod decode {
    use super::*;

    #[divan::bench(args = SAMPLES)]
    fn postrider(bencher: Bencher<'_, '_>, sample: Sample) {
        let stream = sample.stream();
        bencher.counter(ItemsCount::new(PDUS)).with_inputs(|| stream.clone()).bench_local_values(|stream| {
            let mut splitter = FrameSplitter::default();
            *splitter.buffer_mut() = stream;
            while let Some(frame) = splitter.next_frame().unwrap() {
                black_box(&Pdu::decode(&frame).unwrap());
            }
        });
    }

    #[divan::bench(args = SAMPLES)]
    fn rusmpp_owned(bencher: Bencher<'_, '_>, sample: Sample) {
        let stream = sample.stream();
        bencher.counter(ItemsCount::new(PDUS)).with_inputs(|| stream.clone()).bench_local_values(|mut stream| {
            while !stream.is_empty() {
                let length = stream.get_u32() as usize - 4;
                let mut frame = stream.split_to(length);
                black_box(&owned::Command::decode(&mut frame, length).unwrap());
            }
        });
    }

    #[divan::bench(args = SAMPLES)]
    fn rusmpp_borrowed(bencher: Bencher<'_, '_>, sample: Sample) {
        let stream = sample.stream();
        bencher.counter(ItemsCount::new(PDUS)).with_inputs(|| stream.clone()).bench_local_values(|stream| {
            let mut rest = &stream[..];
            while let Some(length) = rest.first_chunk::<4>() {
                let length = u32::from_be_bytes(*length) as usize;
                let (frame, next) = rest.split_at(length);
                rest = next;
                black_box(&borrowed::Command::<8>::decode(&frame[4..], length - 4).unwrap());
            }
        });
    }

    #[divan::bench(args = SAMPLES)]
    fn smpp34(bencher: Bencher<'_, '_>, sample: Sample) {
        let stream = sample.stream();
        bencher.counter(ItemsCount::new(PDUS)).with_inputs(|| stream.clone()).bench_local_values(|stream| {
            let mut rest = &stream[..];
            while let Some(length) = rest.first_chunk::<4>() {
                let (frame, next) = rest.split_at(u32::from_be_bytes(*length) as usize);
                rest = next;
                let header = CommandHeader::decode(frame).unwrap();
                // Like the others it learns from the header what it has to read.
                match header.command_id {
                    0x0000_0004 => {
                        black_box(&::smpp34::submit_sm::decode(header, frame).unwrap());
                    }
                    0x0000_0005 => {
                        black_box(&::smpp34::deliver_sm::decode(header, frame).unwrap());
                    }
                    _ => {
                        black_box(&::smpp34::submit_sm_resp::decode(header, frame).unwrap());
                    }
                }
            }
        });
    }
}

#[divan::bench_group]
mod encode {
    use super::*;

    #[divan::bench(args = SAMPLES)]
    fn postrider(bencher: Bencher<'_, '_>, sample: Sample) {
        let pdus = sample.pdus();
        let mut out = BytesMut::with_capacity(128 * 1024);
        bencher.counter(ItemsCount::new(PDUS)).bench_local(|| {
            out.clear();
            for pdu in &pdus {
                black_box(pdu).encode(&mut out).unwrap();
            }
            black_box(out.len())
        });
    }

    #[divan::bench(args = SAMPLES)]
    fn rusmpp_owned(bencher: Bencher<'_, '_>, sample: Sample) {
        let frames = sample.frames();
        let decode = |frame: &Vec<u8>| {
            let mut frame = BytesMut::from(&frame[4..]);
            let length = frame.len();
            owned::Command::decode(&mut frame, length).unwrap().0
        };
        let commands: Vec<_> = frames.iter().map(decode).collect();
        let mut out = BytesMut::with_capacity(128 * 1024);
        bencher.counter(ItemsCount::new(PDUS)).bench_local(|| {
            out.clear();
            for command in &commands {
                let length = 4 + black_box(command).length();
                out.reserve(length);
                out.put_u32(length as u32);
                command.encode(&mut out);
            }
            black_box(out.len())
        });
    }

    #[divan::bench(args = SAMPLES)]
    fn rusmpp_borrowed(bencher: Bencher<'_, '_>, sample: Sample) {
        let frames = sample.frames();
        let decode = |frame| borrowed::Command::<8>::decode(frame, frame.len()).unwrap().0;
        let commands: Vec<_> = frames.iter().map(|frame| decode(&frame[4..])).collect();
        let mut out = vec![0; 128 * 1024];
        bencher.counter(ItemsCount::new(PDUS)).bench_local(|| {
            let mut at = 0;
            for command in &commands {
                let length = 4 + black_box(command).length();
                out[at..at + 4].copy_from_slice(&(length as u32).to_be_bytes());
                rusmpp_core::encode::Encode::encode(command, &mut out[at + 4..]);
                at += length;
            }
            black_box(at)
        });
    }

    #[divan::bench(args = SAMPLES)]
    fn smpp34(bencher: Bencher<'_, '_>, sample: Sample) {
        let frames = sample.frames();
        let bencher = bencher.counter(ItemsCount::new(PDUS));
        macro_rules! run {
            ($kind:ty) => {{
                let decode = |frame: &Vec<u8>| <$kind>::decode(CommandHeader::decode(frame).unwrap(), frame).unwrap();
                let pdus: Vec<$kind> = frames.iter().map(decode).collect();
                bencher.with_inputs(|| pdus.clone()).bench_local_values(|pdus| {
                    for pdu in pdus {
                        black_box(&pdu.encode());
                    }
                });
            }};
        }
        match sample {
            Sample::Submit | Sample::SubmitUdh | Sample::SubmitTlvs => run!(::smpp34::submit_sm),
            Sample::Receipt => run!(::smpp34::deliver_sm),
            Sample::SubmitResp => run!(::smpp34::submit_sm_resp),
        }
    }
}
