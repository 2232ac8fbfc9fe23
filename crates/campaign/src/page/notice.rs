//! The few words that are shown where there is no page: a link that leads nowhere, a page that has ended.

use super::html::Html;
use super::{STYLE, Words};
use crate::locale::Locale;

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// There is no such link, or none any more.
    NotFound,
    /// Too much is asked; it helps to come again.
    Busy,
}

/// The language among `wanted` that the pages speak, the best first; else English.
pub fn spoken<'a>(wanted: impl IntoIterator<Item = &'a str>) -> &'static str {
    let known = |text: &str| {
        let locale: Locale = text.parse().ok()?;
        Words::languages().map(|(language, _)| language).find(|language| *language == locale.language())
    };
    wanted.into_iter().find_map(known).unwrap_or("en")
}

/// The notice as a page, in the first of these languages that the pages speak.
pub fn notice<'a>(notice: Notice, shop: Option<&str>, wanted: impl IntoIterator<Item = &'a str>) -> String {
    let language = spoken(wanted);
    let Some(words) = Words::of(language) else { return String::new() };
    let (title, text) = match notice {
        Notice::NotFound => (&words.not_found_title, &words.not_found_text),
        Notice::Busy => (&words.busy_title, &words.busy_text),
    };
    document(language, title, shop, Html::new().text_element("h1", &[], title).text_element("p", &[], text))
}

/// A whole document around one card.
pub(super) fn document(language: &str, title: &str, shop: Option<&str>, card: Html) -> String {
    let head = Html::new()
        .fixed("<meta charset=\"utf-8\">")
        .fixed("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
        .fixed("<meta name=\"robots\" content=\"noindex,nofollow\"><meta name=\"format-detection\" content=\"telephone=no\">")
        .text_element("title", &[], title)
        .element("style", &[], Html::new().fixed(STYLE));
    let mut main = Html::new();
    if let Some(shop) = shop {
        main = main.text_element("p", &[("class", "shop")], shop);
    }
    let main = main.element("div", &[("class", "card")], card);
    let body = Html::new().element("main", &[], main);
    let html = Html::new().element("head", &[], head).element("body", &[], body);
    Html::new().fixed("<!doctype html>").element("html", &[("lang", language)], html).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_speaks_the_readers_language() {
        let korean = notice(Notice::NotFound, Some("차 & 다과"), ["xx", "ko-KR", "en"]);
        assert!(korean.contains("<html lang=\"ko\">") && korean.contains("차 &amp; 다과"), "{korean}");
        assert!(notice(Notice::Busy, None, []).contains("lang=\"en\""));
        assert!(korean.len() < 8 << 10, "{}", korean.len());
        for outside in ["http://", "https://", "<script", "@import", "url("] {
            assert!(!korean.contains(outside), "{outside}");
        }
    }
}
