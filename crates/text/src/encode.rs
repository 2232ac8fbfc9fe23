//! Decides the segments of a message, once `choose` has found the alphabet.

use postrider_model::{Body, Concatenation, Encoded, Indication};

use super::choose::{self, Candidate, Terms};
use super::error::{Change, TextError};
use super::profile::{TextProfile, TransliterationLevels};
use super::{data, normal};

/// A message ready to be sent, and what was replaced in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// The segments. The reference is 0: whoever stores the message gives it one.
    pub encoded: Encoded,
    /// The replacements, in the order of their first use; empty unless they were asked for.
    pub changes: Vec<Change>,
}

/// Encodes `body` for a link with `profile`.
///
/// A text becomes NFC and then takes the permitted alphabet with the fewest segments, then the fewest octets, that
/// shows every character as written. Replacements are made only where they save something and are asked for:
/// `Some(true)` asks for the profile's levels (or [`TransliterationLevels::SAFE`] when it has none), `Some(false)`
/// forbids them, `None` leaves it to the profile. Data stays as it is and is only split.
pub fn encode(
    body: &Body,
    indication: &Indication,
    profile: &TextProfile,
    transliterate: Option<bool>,
) -> Result<Encoding, TextError> {
    check(indication)?;
    match body {
        Body::Text(text) => {
            let text = normal::nfc(text);
            let terms = Terms { profile, indication, levels: levels(profile, transliterate) };
            let candidate = choose::cheapest(&text, terms)?;
            refuse_beyond_limit(&candidate, profile.segments_max)?;
            Ok(write(candidate, *indication))
        }
        Body::Data(data) => {
            let encoded = data::encode(data, indication, profile)?;
            Ok(Encoding { encoded, changes: Vec::new() })
        }
    }
}

/// The replacements that a message may have.
pub(super) fn levels(profile: &TextProfile, transliterate: Option<bool>) -> TransliterationLevels {
    match transliterate {
        Some(false) => TransliterationLevels::NONE,
        Some(true) if profile.transliterate.is_empty() => TransliterationLevels::SAFE,
        Some(true) | None => profile.transliterate,
    }
}

/// Refuses a candidate with too many segments, and tells how many it has.
pub(super) fn refuse_beyond_limit(candidate: &Candidate<'_>, segments_max: u8) -> Result<(), TextError> {
    let (segments, segments_max) = (candidate.segments(), segments_max.max(1));
    if segments > usize::from(segments_max) {
        return Err(TextError::TooLong { segments, segments_max, alphabet: candidate.coder.alphabet() });
    }
    Ok(())
}

/// Checks the ranges of the indication's fields (3GPP TS 23.038, 4, and TS 23.040, 9.2.3.9).
fn check(indication: &Indication) -> Result<(), TextError> {
    if indication.message_class.is_some_and(|class| class > 3) {
        return Err(TextError::Indication("a message class is 0 (flash) to 3"));
    }
    if !matches!(indication.protocol_id, 0 | 0x40..=0x47) {
        return Err(TextError::Indication("a protocol id is 0, 64 (silent) or 65 to 71 (replace type 1 to 7)"));
    }
    if let Some(waiting) = indication.waiting {
        if waiting.kind > 3 {
            return Err(TextError::Indication("a waiting sign is 0 (voicemail), 1 (fax), 2 (e-mail) or 3 (other)"));
        }
        if indication.message_class.is_some() {
            return Err(TextError::Indication("a waiting sign leaves no room for a message class"));
        }
    }
    Ok(())
}

fn write(candidate: Candidate<'_>, indication: Indication) -> Encoding {
    let Candidate { text, coder, changes, elements, concatenation, units, room, ends } = candidate;
    let segments = if ends.is_empty() || concatenation == Concatenation::Payload {
        vec![coder.write(&text, units)]
    } else {
        let mut start = 0;
        let part = |end| coder.write(&text[std::mem::replace(&mut start, end)..end], room);
        ends.into_iter().map(part).collect()
    };
    let alphabet = coder.alphabet();
    let encoded = Encoded { alphabet, indication, concatenation, reference: 0, elements, segments };
    Encoding { encoded, changes }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Level, LongForm, NationalLanguage, capacity, decode};
    use postrider_model::{Alphabet, Waiting};

    fn encoded(text: &str, profile: &TextProfile) -> Encoded {
        encode(&Body::Text(text.to_owned()), &Indication::default(), profile, None).unwrap().encoded
    }

    fn lengths(text: &str, profile: &TextProfile) -> Vec<usize> {
        encoded(text, profile).segments.iter().map(Vec::len).collect()
    }

    fn with(alphabets: &[Alphabet]) -> TextProfile {
        TextProfile { alphabets: alphabets.to_vec(), ..TextProfile::default() }
    }

    fn read(encoded: &Encoded) -> String {
        encoded.segments.iter().map(|payload| decode(encoded.alphabet, payload, &encoded.elements)).collect()
    }

    #[test]
    fn segments_fill_up_as_handsets_count_them() {
        let profile = TextProfile::default();
        for (count, expected) in
            [(0, vec![0]), (160, vec![160]), (161, vec![153, 8]), (306, vec![153, 153]), (307, vec![153, 153, 1])]
        {
            assert_eq!(lengths(&"a".repeat(count), &profile), expected, "{count} letters");
        }
        for (count, expected) in [(70, vec![140]), (71, vec![134, 8]), (134, vec![134, 134]), (135, vec![134, 134, 2])]
        {
            assert_eq!(lengths(&"한".repeat(count), &profile), expected, "{count} syllables");
        }
        assert_eq!(lengths(&"[".repeat(153), &profile), [152, 152, 2], "an escape stays with its code");
        assert_eq!(lengths(&"😀".repeat(35), &profile), [140]);
        assert_eq!(lengths(&"😀".repeat(36), &profile), [132, 12], "half a pair has no room");
    }

    #[test]
    fn every_header_form_leaves_its_room() {
        let forms = [
            (LongForm::Udh8, Concatenation::Reference8, vec![153, 47], vec![134, 66]),
            (LongForm::Udh16, Concatenation::Reference16, vec![152, 48], vec![132, 68]),
            (LongForm::Sar, Concatenation::Sar, vec![153, 47], vec![134, 66]),
            (LongForm::Payload, Concatenation::Payload, vec![200], vec![200]),
        ];
        for (long, concatenation, septets, octets) in forms {
            let profile = TextProfile { long, ..TextProfile::default() };
            let gsm = encoded(&"a".repeat(200), &profile);
            assert_eq!(gsm.concatenation, concatenation);
            assert_eq!(gsm.segments.iter().map(Vec::len).collect::<Vec<_>>(), septets, "{long}");
            assert_eq!(lengths(&"한".repeat(100), &profile), octets, "{long}");
            assert_eq!(encoded("short", &profile).concatenation, Concatenation::None);
        }
    }

    #[test]
    fn ports_take_room_in_every_segment_and_force_a_header() {
        let indication = Indication { ports: Some((5000, 0)), ..Indication::default() };
        for (long, expected) in [
            (LongForm::Udh8, [146, 7]),
            (LongForm::Udh16, [145, 8]),
            (LongForm::Sar, [146, 7]),
            (LongForm::Payload, [146, 7]),
        ] {
            let profile = TextProfile { long, ..TextProfile::default() };
            let long = encode(&Body::Text("a".repeat(153)), &indication, &profile, None).unwrap().encoded;
            assert_eq!(long.segments.iter().map(Vec::len).collect::<Vec<_>>(), expected);
            assert_eq!(long.elements, [0x05, 4, 0x13, 0x88, 0, 0]);
            let single = encode(&Body::Text("a".repeat(152)), &indication, &profile, None).unwrap().encoded;
            assert_eq!((single.segments.len(), single.concatenation), (1, Concatenation::None));
        }
    }

    #[test]
    fn too_many_segments_are_refused_with_their_count() {
        let refusal = |text: String, long| {
            let profile = TextProfile { long, ..TextProfile::default() };
            encode(&Body::Text(text), &Indication::default(), &profile, None).map(|done| done.encoded.segments.len())
        };
        assert_eq!(refusal("a".repeat(1530), LongForm::Udh8), Ok(10));
        let expected = TextError::TooLong { segments: 11, segments_max: 10, alphabet: Alphabet::Gsm7 };
        assert_eq!(refusal("a".repeat(1531), LongForm::Udh8), Err(expected.clone()));
        assert_eq!(refusal("a".repeat(1530), LongForm::Payload), Ok(1));
        assert_eq!(refusal("a".repeat(1531), LongForm::Payload), Err(expected));
        let far = refusal("한".repeat(100_000), LongForm::Udh8).unwrap_err();
        assert_eq!(far, TextError::TooLong { segments: 1493, segments_max: 10, alphabet: Alphabet::Ucs2 });
        assert_eq!(far.code(), "too_many_segments");
        let none = TextProfile { segments_max: 0, ..TextProfile::default() };
        assert_eq!(lengths("one is always allowed", &none), [21]);
    }

    #[test]
    fn the_cheapest_permitted_alphabet_is_taken() {
        use Alphabet::{EucKr, Gsm7, Latin1, Ucs2};
        let everything = with(&[Gsm7, Ucs2, Latin1, EucKr]);
        let table = [
            ("Plain text", Gsm7),
            ("Çok güzel", Gsm7),
            ("Garçon", Latin1),
            ("안녕하세요", EucKr),
            ("안녕 똠방각하", Ucs2),
            ("é와", Ucs2),
            ("ไทย", Ucs2),
            ("[[[[[[[[", Latin1),
        ];
        for (text, expected) in table {
            assert_eq!(encoded(text, &everything).alphabet, expected, "{text}");
            assert_eq!(read(&encoded(text, &everything)), text);
        }
        assert_eq!(encoded("Garçon", &TextProfile::default()).alphabet, Ucs2);
        assert_eq!(encoded("Plain", &with(&[Ucs2])).alphabet, Ucs2);
        assert_eq!(lengths(&"가".repeat(70), &everything), [140]);
        assert_eq!(lengths(&"가".repeat(71), &everything), [134, 8]);
        assert_eq!(lengths(&format!("a{}", "가".repeat(70)), &everything), [133, 8], "no half syllable");
    }

    #[test]
    fn a_character_that_no_alphabet_has_is_named() {
        let refused =
            encode(&Body::Text("é 한 é 글".to_owned()), &Indication::default(), &with(&[Alphabet::Gsm7]), None);
        let expected = TextError::NotEncodable { characters: vec!['글', '한'] };
        assert_eq!(refused, Err(expected.clone()));
        assert_eq!(expected.to_string(), "the route's alphabets lack U+AE00, U+D55C");
    }

    #[test]
    fn decomposed_text_is_counted_composed() {
        let profile = TextProfile::default();
        assert_eq!(lengths("\u{1112}\u{1161}\u{11ab}", &profile), [2]);
        assert_eq!(encoded("caf\u{65}\u{301}", &profile).segments, [[0x63, 0x61, 0x66, 0x05]]);
    }

    #[test]
    fn national_tables_are_used_where_they_save_something() {
        let profile = |language| TextProfile { national: vec![language], ..TextProfile::default() };
        let turkish = profile(NationalLanguage::Turkish);
        let short = encoded("Kış indirimi başladı", &turkish);
        assert_eq!((short.alphabet, short.elements.as_slice()), (Alphabet::Gsm7, &[0x25, 1, 1][..]));
        assert_eq!(read(&short), "Kış indirimi başladı");
        let single = encoded("Ş", &turkish);
        assert_eq!((single.alphabet, single.elements.len()), (Alphabet::Ucs2, 0), "the header would cost more");
        assert!(encoded("Plain", &turkish).elements.is_empty());
        assert_eq!(encoded("Kış", &TextProfile::default()).alphabet, Alphabet::Ucs2, "off by default");
        let spanish = encoded(
            "Atención: rápido, último día. Atención, más información aquí",
            &profile(NationalLanguage::Spanish),
        );
        assert_eq!(spanish.elements, [0x24, 1, 2]);
        let hindi = encoded("क़ीमत: नमस्ते, आपका ऑर्डर भेज दिया गया है A&B [1] क़", &profile(NationalLanguage::Hindi));
        assert_eq!(hindi.elements, [0x24, 1, 6, 0x25, 1, 6]);
        assert_eq!(read(&hindi), "\u{958}ीमत: नमस्ते, आपका ऑर्डर भेज दिया गया है A&B [1] \u{958}");
        let kannada = encoded("ಡ".repeat(80).as_str(), &profile(NationalLanguage::Kannada));
        assert_eq!(kannada.alphabet, Alphabet::Ucs2, "the code of this letter is in doubt");
    }

    #[test]
    fn national_tables_leave_their_room_in_long_messages() {
        let profile = |long| TextProfile { long, national: vec![NationalLanguage::Turkish], ..TextProfile::default() };
        let one_shift = "ışğ".repeat(60);
        assert_eq!(lengths(&"ışğ".repeat(51), &profile(LongForm::Udh8)), [153], "155 septets beside one shift");
        assert_eq!(lengths(&one_shift, &profile(LongForm::Udh8)), [149, 31]);
        assert_eq!(lengths(&one_shift, &profile(LongForm::Udh16)), [148, 32]);
        let hindi = |long| TextProfile { long, national: vec![NationalLanguage::Hindi], ..TextProfile::default() };
        let two_shifts = "A".to_owned() + &"क".repeat(170);
        assert_eq!(lengths(&two_shifts, &hindi(LongForm::Udh8)), [146, 26]);
        assert_eq!(lengths(&two_shifts, &hindi(LongForm::Udh16)), [145, 27]);
    }

    #[test]
    fn replacements_are_made_only_when_asked_for_and_reported() {
        let text = Body::Text("“Don’t” – wait…".to_owned());
        let plain = TextProfile::default();
        let accents = TextProfile { transliterate: TransliterationLevels::NONE.with(Level::Accent), ..plain.clone() };
        let run = |profile, ask| encode(&text, &Indication::default(), profile, ask).unwrap();
        for (profile, ask) in [(&plain, None), (&plain, Some(false)), (&accents, None), (&accents, Some(true))] {
            let kept = run(profile, ask);
            assert_eq!((kept.encoded.alphabet, kept.changes.len()), (Alphabet::Ucs2, 0), "{ask:?}");
        }
        let done = run(&plain, Some(true));
        assert_eq!(read(&done.encoded), "\"Don't\" - wait...");
        let shown: Vec<_> = done.changes.iter().map(|change| (change.from, change.to.as_str(), change.count)).collect();
        assert_eq!(shown, [('“', "\"", 1), ('’', "'", 1), ('”', "\"", 1), ('–', "-", 1), ('…', "...", 1)]);
        let safe = TextProfile { transliterate: TransliterationLevels::SAFE, ..plain.clone() };
        assert_eq!(run(&safe, None), done);
        assert_eq!(run(&safe, Some(false)).encoded.alphabet, Alphabet::Ucs2);
    }

    #[test]
    fn replacements_that_help_nothing_are_not_made() {
        let safe = TextProfile { transliterate: TransliterationLevels::SAFE, ..TextProfile::default() };
        let run = |text: &str| encode(&Body::Text(text.to_owned()), &Indication::default(), &safe, None).unwrap();
        assert!(run("“한글”").changes.is_empty(), "UCS-2 is needed anyway");
        let dots = run(&"…".repeat(60));
        assert_eq!((dots.encoded.segments.len(), dots.changes.len()), (1, 0), "180 septets would be two segments");
    }

    #[test]
    fn an_indication_is_carried_and_its_ranges_are_checked() {
        let run = |text: &str, indication: Indication| {
            encode(&Body::Text(text.to_owned()), &indication, &TextProfile::default(), None)
        };
        let flash = Indication { message_class: Some(0), protocol_id: 0x40, ..Indication::default() };
        assert_eq!(run("now", flash).unwrap().encoded.indication, flash);
        for protocol_id in [0x01, 0x3f, 0x48, 0x7f] {
            assert!(run("x", Indication { protocol_id, ..Indication::default() }).is_err());
        }
        assert!(run("x", Indication { protocol_id: 0x47, ..Indication::default() }).is_ok());
        assert!(run("x", Indication { message_class: Some(4), ..Indication::default() }).is_err());
        let waiting =
            |kind, store| Indication { waiting: Some(Waiting { kind, active: true, store }), ..Indication::default() };
        assert!(run("x", waiting(4, true)).is_err());
        assert!(run("x", Indication { message_class: Some(1), ..waiting(0, true) }).is_err());
        assert_eq!(run("메일", waiting(2, true)).unwrap().encoded.alphabet, Alphabet::Ucs2);
        assert_eq!(run("메일", waiting(2, false)).unwrap_err().code(), "bad_indication");
        assert_eq!(run("Mail", waiting(2, false)).unwrap().encoded.alphabet, Alphabet::Gsm7);
    }

    fn any_profile() -> impl Strategy<Value = TextProfile> {
        let long = prop::sample::select(LongForm::ALL.to_vec());
        let others = prop::sample::subsequence(vec![Alphabet::Gsm7, Alphabet::Latin1, Alphabet::EucKr], 0..=3);
        let national = prop::sample::subsequence(NationalLanguage::ALL.to_vec(), 0..=2);
        (long, others, national).prop_map(|(long, mut alphabets, national)| {
            alphabets.push(Alphabet::Ucs2);
            TextProfile { alphabets, long, national, segments_max: u8::MAX, ..TextProfile::default() }
        })
    }

    fn any_text() -> impl Strategy<Value = String> {
        let characters = prop_oneof![
            any::<char>(),
            prop::char::range(' ', '~'),
            prop::char::range('\u{900}', '\u{d7f}'),
            prop::char::range('가', '힣'),
            prop::sample::select("\r\n[]€ışğÇçåΩ😀👩\u{200d}\u{fe0f}\u{301}\u{1f1f0}".chars().collect::<Vec<_>>()),
        ];
        prop::collection::vec(characters, 0..300).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back_within_capacity(text in any_text(), profile in any_profile()) {
            let done = encode(&Body::Text(text.clone()), &Indication::default(), &profile, None).unwrap();
            let encoded = done.encoded;
            prop_assert!(profile.alphabets.contains(&encoded.alphabet));
            let read = read(&encoded);
            prop_assert_eq!(normal::nfc(&read), normal::nfc(&text));
            let split = encoded.segments.len() > 1;
            prop_assert_eq!(split, !matches!(encoded.concatenation, Concatenation::None | Concatenation::Payload));
            for (index, payload) in encoded.segments.iter().enumerate() {
                let header = match encoded.concatenation {
                    Concatenation::Payload => continue,
                    Concatenation::Sar => 6,
                    Concatenation::None | Concatenation::Reference8 | Concatenation::Reference16 => {
                        encoded.user_data_header(index).len()
                    }
                };
                let units = if encoded.alphabet == Alphabet::Ucs2 { payload.len() / 2 } else { payload.len() };
                prop_assert!(units <= capacity(encoded.alphabet, header), "{} units", units);
                if encoded.alphabet == Alphabet::Gsm7 {
                    prop_assert!(payload.iter().all(|&septet| septet < 0x80));
                    prop_assert_ne!(payload.last(), Some(&0x1b), "an escape without its code");
                }
                let part = decode(encoded.alphabet, payload, &encoded.elements);
                prop_assert!(!part.contains('\u{fffd}') || text.contains('\u{fffd}'), "half a character");
            }
        }
    }
}
