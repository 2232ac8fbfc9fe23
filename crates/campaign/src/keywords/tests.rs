//! Claims about keywords, from what people really send.

use super::*;

fn in_country(text: &str, country: &str) -> Option<(Action, &'static str)> {
    match read(text, country.parse().ok(), &Changes::default()) {
        Reading::Keyword(found) => Some((found.action, found.language)),
        Reading::LooksLikeStop | Reading::Other => None,
    }
}

#[test]
fn the_table_is_right_and_every_language_has_every_word() {
    let table = load(include_str!("words.toml")).unwrap();
    assert_eq!(table.len(), CODES.len());
    for language in &table {
        for action in [Action::Stop, Action::Start, Action::Join, Action::Yes, Action::Help] {
            let has = |words: &BTreeMap<String, Action>| words.values().any(|known| *known == action);
            assert!(has(&language.strong) || has(&language.exact), "{} {action:?}", language.code);
        }
    }
}

#[test]
fn stop_is_understood_in_every_language() {
    for (text, country, language) in [
        ("STOP", "US", "en"),
        ("stop", "KR", "ko"),
        ("arrêt", "FR", "fr"),
        ("ARRET", "CA", "fr"),
        ("Baja", "MX", "es"),
        ("SAIR", "BR", "pt"),
        ("abmelden", "DE", "de"),
        ("BASTA!", "IT", "it"),
        ("afmelden", "NL", "nl"),
        ("rezygnuję", "PL", "pl"),
        ("İPTAL", "TR", "tr"),
        ("RET", "TR", "tr"),
        ("từ chối", "VN", "vi"),
        ("berhenti", "ID", "id"),
        ("수신거부", "KR", "ko"),
        ("수신 거부", "KR", "ko"),
        ("配信停止", "JP", "ja"),
        ("ｽﾄｯﾌﾟ", "JP", "ja"),
        ("ยกเลิก", "TH", "th"),
        ("退订", "CN", "zh"),
        ("TD", "CN", "zh"),
        ("बंद", "IN", "hi"),
        ("إيقاف", "EG", "ar"),
        ("СТОП", "RU", "ru"),
    ] {
        let (action, found) = in_country(text, country).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(action, Action::Stop, "{text}");
        if text.to_lowercase() != "stop" && text != "TD" {
            assert_eq!(found, language, "{text}");
        }
    }
}

#[test]
fn manners_width_and_marks_do_not_hide_a_stop() {
    for text in [
        "Stop. Thank you",
        "please STOP",
        "STOP!!!",
        "\"stop\"",
        "ＳＴＯＰ",
        "stop stop stop",
        "Stop texting me please",
        "stop sending me these messages",
        "I want to unsubscribe",
        "can you stop",
        "opt-out",
        "OPT OUT",
        "Unsubscribe me from this",
    ] {
        assert_eq!(in_country(text, "US").map(|found| found.0), Some(Action::Stop), "{text}");
    }
    for (text, country) in [
        ("수신거부 부탁드립니다", "KR"),
        ("수신거부해주세요", "KR"),
        ("ยกเลิกครับ", "TH"),
        ("ขอยกเลิกด้วยค่ะ", "TH"),
        ("配信停止してください", "JP"),
        ("谢谢，退订", "CN"),
        ("Stop, merci", "FR"),
        ("Bitte keine Werbung mehr", "DE"),
        ("baja por favor", "ES"),
    ] {
        assert_eq!(in_country(text, country).map(|found| found.0), Some(Action::Stop), "{text}");
    }
}

#[test]
fn a_sentence_that_only_contains_the_word_is_left_alone() {
    for text in [
        "stop by tomorrow",
        "I'll stop at your shop at 5",
        "don't stop",
        "when does the sale end?",
        "can you help me with my order",
        "please cancel my order",
        "yes I will come",
        "start the delivery tomorrow",
        "all",
        "",
        "!!!",
        "the info desk",
        "my order",
        "end of the road",
    ] {
        assert_eq!(in_country(text, "US"), None, "{text}");
    }
    assert_eq!(in_country("예약 취소 부탁드립니다", "KR"), None);
    assert_eq!(in_country("ขอยกเลิกคำสั่งซื้อ", "TH"), None, "that is about an order");
    assert_eq!(read("stop by tomorrow", None, &Changes::default()), Reading::LooksLikeStop);
    assert_eq!(read("see you tomorrow", None, &Changes::default()), Reading::Other);
    assert_eq!(read(&"stop ".repeat(200), None, &Changes::default()), Reading::Other, "a letter is no keyword");
}

#[test]
fn stop_of_everything_is_told_apart() {
    for text in ["STOP ALL", "stopall", "Stop all messages", "please stop all"] {
        assert_eq!(in_country(text, "US").map(|found| found.0), Some(Action::StopAll), "{text}");
    }
    assert_eq!(in_country("모두 수신거부", "KR"), Some((Action::StopAll, "ko")));
}

#[test]
fn the_other_words_count_alone_and_among_manners() {
    for (text, country, action) in [
        ("START", "US", Action::Start),
        ("unstop please", "US", Action::Start),
        ("Join", "GB", Action::Join),
        ("Yes!", "US", Action::Yes),
        ("help", "US", Action::Help),
        ("AIDE", "FR", Action::Help),
        ("Sí", "ES", Action::Yes),
        ("동의합니다", "KR", Action::Yes),
        ("수신동의", "KR", Action::Start),
        ("สมัครรับข่าวสาร", "TH", Action::Join),
        ("はい", "JP", Action::Yes),
    ] {
        assert_eq!(in_country(text, country).map(|found| found.0), Some(action), "{text}");
    }
}

#[test]
fn short_words_of_one_country_mean_nothing_in_another() {
    assert_eq!(in_country("C", "TH"), Some((Action::Stop, "th")));
    for (text, country) in [("c", "US"), ("fin", "US"), ("dur", "FR"), ("ret", "DE"), ("band", "US"), ("t", "US")] {
        assert_eq!(in_country(text, country), None, "{text} from {country}");
    }
}

#[test]
fn an_operator_can_add_and_silence_words() {
    let changes = Changes { stop: vec!["Nein danke".into()], ignored: vec!["cancel".into()] };
    let found = read("nein, DANKE!", "DE".parse().ok(), &changes);
    assert_eq!(found, Reading::Keyword(Found { action: Action::Stop, language: "de", is_strong: true }));
    assert_eq!(read("CANCEL", None, &changes), Reading::Other);
}

#[test]
fn nothing_that_a_handset_sends_panics() {
    for text in ["\u{0}", "\u{202e}pots", "🛑🛑🛑", "สสสสส", "\u{301}\u{301}", "가\u{11a8}", "İ", "ﷺ"]
    {
        let _ = read(text, "TH".parse().ok(), &Changes::default());
    }
}

#[test]
fn refusals_are_heard_however_they_are_worded_and_nothing_else_is_taken_for_one() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("phrases.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(4, ' ');
        let (Some(language), Some(country), Some(expected), Some(text)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            panic!("{line}")
        };
        assert!(CODES.contains(&language), "{line}");
        let found = match read(text, country.parse().ok(), &Changes::default()) {
            Reading::Keyword(found) if matches!(found.action, Action::Stop | Action::StopAll) => "stop",
            // Consent is given by words that say so and nothing else.
            Reading::Keyword(found) if matches!(found.action, Action::Start | Action::Join) => "agrees",
            Reading::LooksLikeStop => "ask",
            Reading::Keyword(_) | Reading::Other => "no",
        };
        count += 1;
        if found != expected {
            wrong.push(format!("{line}: {found}"));
        }
    }
    assert!(count >= 400, "{count} phrases");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
