//! A text in several languages, as pages, surveys and services have them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, pointer_part};
use super::locale::Locale;
use super::template::{Fields, Grants, Rendered, Skip, check_source, render_source};

/// Most languages of one text.
const LANGUAGES_MAX: usize = 60;

/// Sources of one text by locale: `{"en": "...", "ko": "...", "pt-BR": "..."}`. Who reads none of them gets English, else
/// the first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Texts(pub BTreeMap<String, String>);

impl Texts {
    /// A text in one language.
    pub fn of(language: &str, source: &str) -> Self {
        Self(BTreeMap::from([(language.to_owned(), source.to_owned())]))
    }

    /// Checks all sources.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        if self.0.is_empty() {
            faults.push(Fault::new("", "empty", "a text needs at least one language, like {\"en\": \"...\"}"));
        }
        if self.0.len() > LANGUAGES_MAX {
            faults.push(Fault::new("", "too_many", format!("a text has at most {LANGUAGES_MAX} languages")));
            return Err(faults);
        }
        for (locale, source) in &self.0 {
            let empty = || Fault::new("", "empty", "a text is not empty");
            let checked = locale
                .parse::<Locale>()
                .map_err(|detail| Fault::new("", "wrong_locale", detail))
                .and_then(|_| if source.trim().is_empty() { Err(empty()) } else { check_source(source) });
            faults.extend(checked.err().map(|fault| fault.under(&format!("/{}", pointer_part(locale)))));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The source for a locale and the locale that it is in: its own, its language's, else English, else the first.
    pub fn source(&self, locale: Option<&Locale>) -> (&str, &str) {
        let find = |wanted: &str| {
            let same = |name: &str| name.parse::<Locale>().is_ok_and(|name| name.as_str() == wanted);
            self.0.iter().find(|(name, _)| same(name))
        };
        let own = locale.and_then(|locale| find(locale.as_str()).or_else(|| find(locale.language())));
        own.or_else(|| find("en")).or_else(|| self.0.iter().next()).map_or(("", ""), |(name, text)| (name, text))
    }

    /// The text for one contact.
    ///
    /// # Errors
    /// Why there is none: a field is missing and has no fallback, or the source does not fit the value.
    pub fn render(&self, fields: &Fields, grants: &Grants) -> Result<Rendered, Skip> {
        render_source(self.source(fields.locale.as_ref()).1, fields, grants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_his_language_else_english_else_the_first() {
        let texts: Texts = serde_json::from_str(r#"{"de": "Hallo", "en": "Hello", "pt-BR": "Oi"}"#).unwrap();
        let read = |locale: &str| texts.source(Some(&locale.parse().unwrap())).0.to_owned();
        assert_eq!((read("de-AT"), read("pt-BR"), read("ko")), ("de".into(), "pt-BR".into(), "en".into()));
        assert_eq!(Texts::of("th", "สวัสดี").source(None), ("th", "สวัสดี"));
    }

    #[test]
    fn every_mistake_is_named_by_its_language() {
        let texts: Texts = serde_json::from_str(r#"{"en": "{{ nmae }}", "korean!": "x", "th": " "}"#).unwrap();
        let places: Vec<_> = texts.check().unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(places, ["/en", "/korean!", "/th"]);
    }
}
