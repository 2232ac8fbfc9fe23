//! The language, and where known the country, that a contact reads: `ko`, `pt-BR`.

use std::fmt;
use std::str::FromStr;

/// A language with an optional country.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locale(Box<str>);

impl Locale {
    /// The locale as it is written: `pt-BR`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language alone: `pt`.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }

    /// The country, if one is named: `BR`.
    pub fn country(&self) -> Option<&str> {
        self.0.split_once('-').map(|(_, country)| country)
    }
}

impl FromStr for Locale {
    type Err = String;

    /// Reads `ko`, `ko-KR` or `ko_KR` in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "\"{}\" is no locale; write a language like \"ko\", or with a country \"pt-BR\"",
                super::fault::short(text)
            )
        };
        let (language, country) = match text.trim().split_once(['-', '_']) {
            Some((language, country)) => (language, Some(country)),
            None => (text.trim(), None),
        };
        let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !(2..=3).contains(&language.len()) || !letters(language) {
            return Err(wrong());
        }
        let language = language.to_ascii_lowercase();
        match country {
            None => Ok(Self(language.into())),
            Some(country) if country.len() == 2 && letters(country) => {
                Ok(Self(format!("{language}-{}", country.to_ascii_uppercase()).into()))
            }
            Some(_) => Err(wrong()),
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_are_read_in_any_case() {
        let read = |text: &str| text.parse::<Locale>().map(|locale| locale.to_string());
        assert_eq!(read("KO_kr").as_deref(), Ok("ko-KR"));
        assert_eq!(read("th").as_deref(), Ok("th"));
        for text in ["", "k", "korean", "ko-", "ko-KOR", "k0", "zh-Hans-CN"] {
            assert!(read(text).is_err(), "{text}");
        }
        let locale: Locale = "pt-br".parse().unwrap();
        assert_eq!((locale.language(), locale.country()), ("pt", Some("BR")));
    }
}
