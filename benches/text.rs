//! How fast texts become segments. `cargo bench --bench text`; `accept` encodes every message once.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::hint::black_box;

use divan::Bencher;
use postrider::model::{Alphabet, Body, Data, Indication};
use postrider::text::{NationalLanguage, TextProfile, TransliterationLevels, decode, encode, estimate};

const GSM: &str = "Your order 48213 is on its way: follow it at https://x.io/aZ";
const KOREAN: &str = "[포스트라이더] 주문하신 상품이 오늘 발송되었습니다. 배송 조회는 앱에서 확인";
const QUOTED: &str = "“Don’t miss it” – our winter sale starts tomorrow… see you there";
const EMOJI: &str = "🎉 Big news 👨‍👩‍👧‍👦! Sale 🇰🇷🇹🇭 ";

fn main() {
    divan::main();
}

fn run(bencher: Bencher<'_, '_>, text: &str, profile: TextProfile) {
    let body = Body::Text(text.to_owned());
    let indication = Indication::default();
    let bencher = bencher.counter(divan::counter::ItemsCount::new(1_u32));
    bencher.bench(|| encode(black_box(&body), &indication, &profile, None).expect("the text can be sent"));
}

#[divan::bench]
fn encode_gsm_60_characters(bencher: Bencher<'_, '_>) {
    assert_eq!(GSM.chars().count(), 60);
    run(bencher, GSM, TextProfile::default());
}

#[divan::bench]
fn encode_korean_43_characters(bencher: Bencher<'_, '_>) {
    assert_eq!(KOREAN.chars().count(), 43);
    run(bencher, KOREAN, TextProfile::default());
}

#[divan::bench]
fn encode_korean_in_euc_kr(bencher: Bencher<'_, '_>) {
    let alphabets = vec![Alphabet::EucKr, Alphabet::Ucs2];
    run(bencher, KOREAN, TextProfile { alphabets, ..TextProfile::default() });
}

#[divan::bench]
fn encode_gsm_3_segments(bencher: Bencher<'_, '_>) {
    run(bencher, &GSM.repeat(7), TextProfile::default());
}

#[divan::bench]
fn encode_korean_3_segments(bencher: Bencher<'_, '_>) {
    run(bencher, &KOREAN.repeat(4), TextProfile::default());
}

#[divan::bench]
fn encode_emoji_5_segments(bencher: Bencher<'_, '_>) {
    run(bencher, &EMOJI.repeat(8), TextProfile::default());
}

#[divan::bench]
fn encode_with_replacements(bencher: Bencher<'_, '_>) {
    run(bencher, QUOTED, TextProfile { transliterate: TransliterationLevels::SAFE, ..TextProfile::default() });
}

#[divan::bench]
fn encode_turkish_with_national_tables(bencher: Bencher<'_, '_>) {
    let profile = TextProfile { national: vec![NationalLanguage::Turkish], ..TextProfile::default() };
    run(bencher, "Siparişiniz bugün kargoya verildi, iyi günler dileriz.", profile);
}

#[divan::bench]
fn encode_data_3_segments(bencher: Bencher<'_, '_>) {
    let body = Body::Data(Data { octets: vec![0xa5; 350], elements: vec![0x70, 0] });
    let (profile, indication) = (TextProfile::default(), Indication::default());
    bencher.bench(|| encode(black_box(&body), &indication, &profile, None).expect("the data can be sent"));
}

#[divan::bench]
fn decode_gsm_160_septets(bencher: Bencher<'_, '_>) {
    bencher.bench(|| decode(Alphabet::Gsm7, black_box(&[b'a'; 160]), &[]));
}

#[divan::bench]
fn estimate_korean(bencher: Bencher<'_, '_>) {
    let profile = TextProfile::default();
    bencher.bench(|| estimate(black_box(KOREAN), &profile, None));
}

#[divan::bench]
fn estimate_quoted(bencher: Bencher<'_, '_>) {
    let profile = TextProfile::default();
    bencher.bench(|| estimate(black_box(QUOTED), &profile, None));
}
