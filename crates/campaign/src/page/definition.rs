//! Pages as the shop defines them, checked as a whole, and those that are ready.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Words;
use crate::fault::{Fault, short};
use crate::link::{Target, check_name};
use crate::locale::Locale;
use crate::texts::Texts;

/// Most lists in a preference centre.
const LISTS_MAX: usize = 20;
/// The longest that a page may be open after its link was made.
const EXPIRES_MAX: Duration = Duration::from_secs(400 * 86_400);
/// The longest name of a coupon pool or a list.
const LABEL_MAX: usize = 60;

/// What a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An offer, with a coupon code and its barcode.
    Offer,
    /// Something to read.
    Text,
    /// Questions.
    Survey,
    /// An entry in a contest.
    Contest,
    /// What the contact wants to receive, and in which language.
    Preferences,
    /// No more advertising, with one tap.
    OptOut,
    /// Whether the contact comes.
    Appointment,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Offer, Self::Text, Self::Survey, Self::Contest, Self::Preferences, Self::OptOut, Self::Appointment];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Text => "text",
            Self::Survey => "survey",
            Self::Contest => "contest",
            Self::Preferences => "preferences",
            Self::OptOut => "opt_out",
            Self::Appointment => "appointment",
        }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// The heading. An offer and a text need one; the others have one of their own.
    #[serde(default, skip_serializing_if = "is_none")]
    pub title: Texts,
    /// What stands below: paragraphs with a blank line between them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub body: Texts,
    /// A button that leads on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<Button>,
    /// The pool of the code that an offer shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<String>,
    /// The survey that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<String>,
    /// The contest that is entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// The lists that a preference centre offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<Listed>,
    /// For how long after its link was made the page is open: `24h`, `3d`, `2w`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A button that leads on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What stands on it.
    pub text: Texts,
    /// Where it leads: an address.
    pub link: String,
}

/// A list in a preference centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The list.
    pub name: String,
    /// What people read.
    pub label: Texts,
}

fn is_none(texts: &Texts) -> bool {
    texts.0.is_empty()
}

impl Page {
    /// A page with nothing of its own.
    pub fn of(kind: Kind) -> Self {
        Self {
            name: String::new(),
            kind,
            title: Texts::default(),
            body: Texts::default(),
            button: None,
            coupon: None,
            survey: None,
            contest: None,
            lists: Vec::new(),
            expires: None,
        }
    }

    /// The page that there is under a name although nobody defined it.
    pub fn ready(name: &str) -> Option<Self> {
        let kind = match name {
            "opt-out" => Kind::OptOut,
            "preferences" => Kind::Preferences,
            "appointment" => Kind::Appointment,
            _ => return None,
        };
        Some(Self { name: name.to_owned(), ..Self::of(kind) })
    }

    /// The names of the ready ones.
    pub const READY: [&'static str; 3] = ["opt-out", "preferences", "appointment"];

    /// Checks all of it.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        if !self.name.is_empty() {
            faults.extend(check_name(&self.name, "page").err().map(|fault| fault.under("/name")));
        }
        let needs_title = matches!(self.kind, Kind::Offer | Kind::Text);
        for (place, texts, is_needed) in [("/title", &self.title, needs_title), ("/body", &self.body, false)] {
            if is_needed || !is_none(texts) {
                faults.extend(texts.check().err().into_iter().flatten().map(|fault| fault.under(place)));
            }
        }
        if let Some(button) = &self.button {
            let wrong = button.text.check().err().into_iter().flatten().map(|fault| fault.under("/text"));
            let leads = match Target::read(&button.link) {
                Ok(Target::Address(_)) => None,
                Ok(Target::Page(_)) => Some(Fault::new("", "wrong_target", "a button leads to an address")),
                Err(fault) => Some(fault),
            };
            let all = wrong.chain(leads.map(|fault| fault.under("/link")));
            faults.extend(all.map(|fault| fault.under("/button")));
        }
        self.check_parts(&mut faults);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// What belongs to a kind stands in pages of that kind, and nowhere else.
    fn check_parts(&self, faults: &mut Vec<Fault>) {
        let mut named = |key: &'static str, name: Option<&String>, kind: Kind, is_needed: bool| {
            let place = format!("/{key}");
            match name {
                None if is_needed && self.kind == kind => {
                    let detail = format!("a page of the kind {} names its {key}", kind.as_str());
                    faults.push(Fault::new(place, "missing", detail));
                }
                Some(_) if self.kind != kind => {
                    let detail = format!("only a page of the kind {} has a {key}", kind.as_str());
                    faults.push(Fault::new(place, "not_here", detail));
                }
                Some(name) => faults.extend(check_name(name, key).err().map(|fault| fault.under(&place))),
                None => {}
            }
        };
        named("coupon", self.coupon.as_ref(), Kind::Offer, false);
        named("survey", self.survey.as_ref(), Kind::Survey, true);
        named("contest", self.contest.as_ref(), Kind::Contest, true);
        if !self.lists.is_empty() && self.kind != Kind::Preferences {
            faults.push(Fault::new("/lists", "not_here", "only a page of the kind preferences has lists"));
        }
        if self.lists.len() > LISTS_MAX {
            faults.push(Fault::new("/lists", "too_many", format!("a page has at most {LISTS_MAX} lists")));
            return;
        }
        for (place, list) in self.lists.iter().enumerate() {
            let length = list.name.chars().count();
            if !(1..=LABEL_MAX).contains(&length) || list.name.chars().any(char::is_control) {
                let detail = format!("a list's name has 1 to {LABEL_MAX} characters");
                faults.push(Fault::new(format!("/lists/{place}/name"), "wrong_name", detail));
            }
            let wrong = list.label.check().err().into_iter().flatten();
            faults.extend(wrong.map(|fault| fault.under(&format!("/lists/{place}/label"))));
        }
        if let Some(text) = &self.expires
            && span(text).is_none_or(|span| span > EXPIRES_MAX)
        {
            let detail = format!("\"{}\" is no time of up to 400 days like 24h, 3d or 2w", short(text));
            faults.push(Fault::new("/expires", "wrong_duration", detail));
        }
    }

    /// For how long after its link was made the page is open; for ever if nothing is said.
    pub fn open_for(&self) -> Option<Duration> {
        self.expires.as_deref().and_then(span)
    }

    /// The texts of its own by which its language is chosen, if it has any.
    pub fn own_texts(&self) -> Option<&Texts> {
        [&self.title, &self.body].into_iter().find(|texts| !is_none(texts))
    }
}

/// The language that a reader of `locale` gets a page in, with the country if the reader has one: texts, words, dates and
/// numbers in it are of one language. `texts` are those of the page; one without any speaks the languages of the words.
pub fn language(texts: Option<&Texts>, locale: Option<&Locale>) -> Option<Locale> {
    let found = match texts {
        Some(texts) => texts.source(locale).0.parse::<Locale>().ok()?,
        None => locale.filter(|locale| Words::are_known(locale.language())).cloned().or_else(|| "en".parse().ok())?,
    };
    let is_same = locale.is_some_and(|locale| locale.language() == found.language());
    if is_same { locale.cloned() } else { Some(found) }
}

/// Reads `90s`, `15m`, `24h`, `3d`, `2w`.
fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let number = text.strip_suffix(unit).filter(|number| number.len() <= 7)?;
    let number: u64 = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
    let each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    (number > 0).then(|| Duration::from_secs(number * each))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(value: serde_json::Value) -> Page {
        serde_json::from_value(value).unwrap()
    }

    fn places(value: serde_json::Value) -> Vec<String> {
        page(value).check().unwrap_err().into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn good_pages_pass_and_come_back_as_they_were() {
        for value in [
            json!({"kind": "offer", "title": {"en": "10 % off, {{ first_name | or(\"friend\") }}"}, "body": {"en": "a\n\nb", "ko": "가"},
                "button": {"text": {"en": "Shop"}, "link": "https://shop.example/tea"}, "coupon": "spring", "expires": "24h"}),
            json!({"kind": "survey", "survey": "why-away"}),
            json!({"kind": "preferences", "lists": [{"name": "news", "label": {"en": "News"}}]}),
            json!({"kind": "opt_out"}),
        ] {
            assert_eq!(page(value.clone()).check(), Ok(()), "{value}");
            assert_eq!(serde_json::to_value(page(value.clone())).unwrap(), value);
        }
        let toml = "name = \"offer\"\nkind = \"offer\"\ntitle = { en = \"Hi\", th = \"สวัสดี\" }\nexpires = \"2w\"\n";
        let read: Page = toml::from_str(toml).unwrap();
        assert_eq!((read.check(), read.open_for()), (Ok(()), Some(Duration::from_secs(14 * 86_400))));
        assert!(Page::READY.iter().all(|name| Page::ready(name).unwrap().check().is_ok()));
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let wrong = json!({"name": "My Page", "kind": "text", "body": {"en": "{{ nmae }}"}, "coupon": "spring", "survey": "s",
            "button": {"text": {"en": " "}, "link": "page:other"}, "lists": [{"name": "", "label": {}}], "expires": "soon"});
        let expected = [
            "/name",
            "/title",
            "/body/en",
            "/button/text/en",
            "/button/link",
            "/coupon",
            "/survey",
            "/lists",
            "/lists/0/name",
            "/lists/0/label",
            "/expires",
        ];
        assert_eq!(places(wrong), expected);
        assert_eq!(places(json!({"kind": "survey"})), ["/survey"]);
        for expires in ["0h", "24", "h", "-1h", "1.5h", "401d", "1é"] {
            assert_eq!(places(json!({"kind": "opt_out", "expires": expires})), ["/expires"], "{expires}");
        }
    }

    #[test]
    fn a_page_is_in_one_language_throughout() {
        let offer = page(json!({"kind": "offer", "title": {"en": "Hi", "ko": "안녕"}}));
        let of = |page: &Page, locale: Option<&str>| {
            let locale = locale.map(|locale| locale.parse().unwrap());
            language(page.own_texts(), locale.as_ref()).unwrap().as_str().to_owned()
        };
        assert_eq!(of(&offer, Some("ko-KR")), "ko-KR");
        assert_eq!(of(&offer, Some("th")), "en", "the offer has no Thai, so nothing of it is Thai");
        assert_eq!(of(&Page::of(Kind::OptOut), Some("th")), "th");
        assert_eq!((of(&Page::of(Kind::OptOut), Some("xx")), of(&offer, None)), ("en".to_owned(), "en".to_owned()));
    }
}
