//! A contact, and a change of one as tools send it: what is named changes, what is not named stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::attribute::{self, ATTRIBUTES_MAX, Attribute, Attributes};
use super::fault::{Fault, kind_of, nearest, pointer_part, short};
use super::law;
use super::locale::Locale;
use postrider_model::{Country, PhoneNumber, country_of};

/// The longest name of a person, in characters.
pub const NAME_MAX: usize = 200;
/// The longest tag or name of a list, in characters.
pub const LABEL_MAX: usize = 60;
/// Most tags, and most lists, of one contact.
pub const LABELS_MAX: usize = 100;

/// A person whom the shop may write to, and what the shop itself knows of him.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// The number, by which contacts are told apart.
    pub number: PhoneNumber,
    /// The name as it is written.
    pub name: Option<String>,
    /// What the contact reads.
    pub locale: Option<Locale>,
    /// The contact's own time zone, like `Asia/Seoul`.
    pub zone: Option<String>,
    /// The shop's own fields.
    pub attributes: Attributes,
    /// Words that the shop sorts contacts by.
    pub tags: BTreeSet<String>,
    /// The lists that the contact is on.
    pub lists: BTreeSet<String>,
}

impl Contact {
    /// A contact of whom only the number is known.
    pub fn new(number: PhoneNumber) -> Self {
        Self {
            number,
            name: None,
            locale: None,
            zone: None,
            attributes: Attributes::new(),
            tags: BTreeSet::new(),
            lists: BTreeSet::new(),
        }
    }

    /// The country: of the number, else of the locale.
    pub fn country(&self) -> Option<&str> {
        country_of(&self.number).map(Country::as_str).or_else(|| self.locale.as_ref().and_then(Locale::country))
    }

    /// The time zone by whose calendar the contact lives: the contact's own, else the first that the number tells of.
    pub fn calendar(&self) -> Option<&str> {
        let of_number = || law::area_of(&self.number, country_of(&self.number)).zones.first()?.iana_name();
        self.zone.as_deref().or_else(of_number)
    }

    /// The birthday, if the attribute of that name is a day.
    pub fn birthday(&self) -> Option<jiff::civil::Date> {
        match self.attributes.get("birthday") {
            Some(Attribute::Date(day)) => Some(*day),
            _ => None,
        }
    }

    /// What the shop knows, as JSON.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("number".to_owned(), json!(self.number.as_str()));
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), json!(value));
            }
        };
        put("name", self.name.as_deref());
        put("locale", self.locale.as_ref().map(Locale::as_str));
        put("time_zone", self.zone.as_deref());
        put("country", self.country());
        let attributes: Map<_, _> =
            self.attributes.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
        fields.insert("attributes".to_owned(), Value::Object(attributes));
        fields.insert("tags".to_owned(), json!(self.tags));
        fields.insert("lists".to_owned(), json!(self.lists));
        fields
    }
}

/// What becomes of tags or lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// All of them from now on, if they are named.
    pub all: Option<BTreeSet<String>>,
    /// Further ones.
    pub add: BTreeSet<String>,
    /// Those that go.
    pub remove: BTreeSet<String>,
}

impl Labels {
    fn apply(&self, labels: &mut BTreeSet<String>) {
        if let Some(all) = &self.all {
            labels.clone_from(all);
        }
        labels.extend(self.add.iter().cloned());
        labels.retain(|label| !self.remove.contains(label));
    }
}

/// A change of a contact. The outer `Option` says whether the field is named, the inner one whether it has a value then.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactChange {
    /// Whose.
    pub number: PhoneNumber,
    /// See [`Contact::name`].
    pub name: Option<Option<String>>,
    /// See [`Contact::locale`].
    pub locale: Option<Option<Locale>>,
    /// See [`Contact::zone`].
    pub zone: Option<Option<String>>,
    /// Attributes that change; `None` is one that goes.
    pub attributes: BTreeMap<String, Option<Attribute>>,
    /// See [`Contact::tags`].
    pub tags: Labels,
    /// See [`Contact::lists`].
    pub lists: Labels,
}

const FIELDS: [&str; 12] = [
    "number",
    "name",
    "locale",
    "time_zone",
    "attributes",
    "tags",
    "add_tags",
    "remove_tags",
    "lists",
    "add_lists",
    "remove_lists",
    "country",
];

impl ContactChange {
    /// A change that only makes sure that the contact is there.
    pub fn new(number: PhoneNumber) -> Self {
        Self {
            number,
            name: None,
            locale: None,
            zone: None,
            attributes: BTreeMap::new(),
            tags: Labels::default(),
            lists: Labels::default(),
        }
    }

    /// Reads a change. Numbers without country code are read as those of `country`; `number` is the one of the path,
    /// where the request has one.
    ///
    /// # Errors
    /// Every field that is wrong, with its place.
    pub fn from_json(
        value: &Value,
        number: Option<&PhoneNumber>,
        country: Option<Country>,
    ) -> Result<Self, Vec<Fault>> {
        let Value::Object(fields) = value else {
            return Err(vec![Fault::new(
                "",
                "not_an_object",
                format!("a contact is an object, not {}", kind_of(value)),
            )]);
        };
        let mut faults: Vec<Fault> =
            fields.keys().filter(|name| !FIELDS.contains(&name.as_str())).map(|name| unknown(name)).collect();
        let mut keep = |field: &str, fault: Fault| faults.push(fault.under(&format!("/{field}")));
        let of_body = text(fields, "number", &mut keep).flatten();
        let read = match (of_body, number) {
            (None, Some(number)) => Some(number.clone()),
            (None, None) => {
                keep("number", Fault::new("", "missing", "a contact needs its number, like \"+821012345678\""));
                None
            }
            (Some(text), path) => match read_number(&text, country) {
                Ok(read) if path.is_none_or(|path| *path == read) => Some(read),
                Ok(_) => {
                    keep("number", Fault::new("", "other_number", "the number is another one than that of the path"));
                    None
                }
                Err(fault) => {
                    keep("number", fault);
                    None
                }
            },
        };
        let name = text(fields, "name", &mut keep).map(|name| checked(name, "name", &mut keep, check_person));
        let locale = text(fields, "locale", &mut keep).map(|word| checked(word, "locale", &mut keep, check_locale));
        let zone = text(fields, "time_zone", &mut keep).map(|word| checked(word, "time_zone", &mut keep, check_zone));
        let tags = labels(fields, ["tags", "add_tags", "remove_tags"], &mut keep);
        let lists = labels(fields, ["lists", "add_lists", "remove_lists"], &mut keep);
        let attributes = match fields.get("attributes").map(attribute::read) {
            None => BTreeMap::new(),
            Some(Ok(attributes)) => attributes,
            Some(Err(wrong)) => {
                wrong.into_iter().for_each(|fault| keep("attributes", fault));
                BTreeMap::new()
            }
        };
        match read {
            Some(number) if faults.is_empty() => Ok(Self { number, name, locale, zone, attributes, tags, lists }),
            _ => Err(faults),
        }
    }

    /// Brings the change into a contact.
    ///
    /// # Errors
    /// When the contact would have too many attributes, tags or lists; it is changed all the same and must be dropped.
    pub fn apply(&self, contact: &mut Contact) -> Result<(), Fault> {
        if let Some(name) = &self.name {
            contact.name.clone_from(name);
        }
        if let Some(locale) = &self.locale {
            contact.locale.clone_from(locale);
        }
        if let Some(zone) = &self.zone {
            contact.zone.clone_from(zone);
        }
        for (name, value) in &self.attributes {
            match value {
                Some(value) => drop(contact.attributes.insert(name.clone(), value.clone())),
                None => drop(contact.attributes.remove(name)),
            }
        }
        self.tags.apply(&mut contact.tags);
        self.lists.apply(&mut contact.lists);
        for (field, count, max) in [
            ("attributes", contact.attributes.len(), ATTRIBUTES_MAX),
            ("tags", contact.tags.len(), LABELS_MAX),
            ("lists", contact.lists.len(), LABELS_MAX),
        ] {
            if count > max {
                let detail = format!("the contact would have {count} {field}; {max} are possible");
                return Err(Fault::new(format!("/{field}"), "too_many", detail));
            }
        }
        Ok(())
    }
}

/// Reads a number, where a country is known also in that country's own way of writing.
///
/// # Errors
/// Says why it is none.
pub fn read_number(text: &str, country: Option<Country>) -> Result<PhoneNumber, Fault> {
    let text: String = text.chars().take(40).collect();
    PhoneNumber::read(&text, country).map_err(|error| Fault::new("", "not_a_number", error.to_string()))
}

fn unknown(name: &str) -> Fault {
    let hint = nearest(name, FIELDS).map(|known| format!("; did you mean \"{known}\"?")).unwrap_or_default();
    let detail = format!("a contact has no field \"{}\"{hint} The shop's own fields stand in attributes", short(name));
    Fault::new(format!("/{}", pointer_part(name)), "unknown_field", detail.replace("\" The", "\"; the"))
}

/// A field that is a text or `null`; an empty text counts as `null`.
fn text(fields: &Map<String, Value>, name: &str, keep: &mut impl FnMut(&str, Fault)) -> Option<Option<String>> {
    let value = fields.get(name)?;
    if value.is_null() {
        return Some(None);
    }
    let Some(text) = value.as_str() else {
        keep(name, Fault::new("", "wrong_type", format!("{name} is a text, not {}", kind_of(value))));
        return None;
    };
    Some(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn checked<T>(
    text: Option<String>,
    field: &str,
    keep: &mut impl FnMut(&str, Fault),
    check: impl Fn(&str) -> Result<T, Fault>,
) -> Option<T> {
    match check(&text?) {
        Ok(value) => Some(value),
        Err(fault) => {
            keep(field, fault);
            None
        }
    }
}

pub(super) fn check_person(name: &str) -> Result<String, Fault> {
    if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        let detail = format!("a name has at most {NAME_MAX} characters, and no control characters");
        return Err(Fault::new("", "wrong_name", detail));
    }
    Ok(name.to_owned())
}

pub(super) fn check_locale(word: &str) -> Result<Locale, Fault> {
    word.parse().map_err(|detail: String| Fault::new("", "wrong_locale", detail))
}

pub(super) fn check_zone(name: &str) -> Result<String, Fault> {
    let known = name.len() <= 60 && law::zone(name).is_some();
    if known {
        return Ok(name.to_owned());
    }
    let detail = format!("\"{}\" is no time zone; write one like \"Asia/Seoul\" or \"Europe/Berlin\"", short(name));
    Err(Fault::new("", "wrong_zone", detail))
}

fn labels(fields: &Map<String, Value>, names: [&str; 3], keep: &mut impl FnMut(&str, Fault)) -> Labels {
    let [all, add, remove] = names.map(|name| {
        let value = fields.get(name)?;
        match label_set(value) {
            Ok(set) => Some(set),
            Err(fault) => {
                keep(name, fault);
                None
            }
        }
    });
    Labels { all, add: add.unwrap_or_default(), remove: remove.unwrap_or_default() }
}

fn label_set(value: &Value) -> Result<BTreeSet<String>, Fault> {
    let wrong = |pointer: String, detail: String| Fault::new(pointer, "wrong_label", detail);
    let Value::Array(entries) = value else {
        return Err(wrong(String::new(), format!("this is an array of texts, not {}", kind_of(value))));
    };
    if entries.len() > LABELS_MAX {
        return Err(Fault::new("", "too_many", format!("{} are too many; {LABELS_MAX} are possible", entries.len())));
    }
    let read = |(place, entry): (usize, &Value)| match entry.as_str().map(check_label) {
        Some(Ok(label)) => Ok(label),
        Some(Err(fault)) => Err(fault.under(&format!("/{place}"))),
        None => Err(wrong(format!("/{place}"), format!("this is a text, not {}", kind_of(entry)))),
    };
    entries.iter().enumerate().map(read).collect()
}

/// Checks a tag or the name of a list.
///
/// # Errors
/// Says how they are written.
pub fn check_label(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if (1..=LABEL_MAX).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || c == ',') {
        return Ok(text.to_owned());
    }
    let detail =
        format!("\"{}\" has not 1 to {LABEL_MAX} characters, or has a comma or a control character", short(text));
    Err(Fault::new("", "wrong_label", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &Value) -> Result<ContactChange, Vec<Fault>> {
        ContactChange::from_json(value, None, None)
    }

    fn contact() -> Contact {
        Contact::new("+821012345678".parse().unwrap())
    }

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
        let mut contact = contact();
        let first = json!({"number": "+82 10-1234-5678", "name": " Jisoo ", "locale": "ko_KR", "time_zone": "Asia/Seoul",
            "attributes": {"size": 42, "birthday": "1990-02-28"}, "tags": ["vip", "web"], "lists": ["news"]});
        read(&first).unwrap().apply(&mut contact).unwrap();
        assert_eq!((contact.name.as_deref(), contact.country()), (Some("Jisoo"), Some("KR")));
        let second = json!({"number": "+821012345678", "name": null, "attributes": {"size": null, "color": "red"},
            "add_tags": ["shop"], "remove_tags": ["web"]});
        read(&second).unwrap().apply(&mut contact).unwrap();
        assert_eq!(contact.name, None);
        assert_eq!(contact.attributes.keys().collect::<Vec<_>>(), ["birthday", "color"]);
        assert_eq!(contact.tags.iter().collect::<Vec<_>>(), ["shop", "vip"]);
        assert_eq!((contact.zone.as_deref(), contact.lists.len()), (Some("Asia/Seoul"), 1));
        assert_eq!(contact.birthday(), Some(jiff::civil::date(1990, 2, 28)));
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let faults = read(&json!({"number": "010-1234", "name": 5, "locale": "korean", "time_zone": "Seoul",
            "tags": ["ok", 3], "lists": "news", "attributes": {"A": 1}, "nmae": "x"}))
        .unwrap_err();
        let mut places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        places.sort_unstable();
        assert_eq!(
            places,
            ["/attributes/A", "/lists", "/locale", "/name", "/nmae", "/number", "/tags/1", "/time_zone"]
        );
        assert!(faults.iter().any(|fault| fault.detail.contains("did you mean \"name\"?")), "{faults:?}");
    }

    #[test]
    fn a_number_is_needed_and_may_be_written_as_in_its_country() {
        assert_eq!(read(&json!({})).unwrap_err()[0].pointer, "/number");
        let korea = Some("KR".parse().unwrap());
        let change = ContactChange::from_json(&json!({"number": "010-1234-5678"}), None, korea).unwrap();
        assert_eq!(change.number.as_str(), "+821012345678");
        let other = "+821099999999".parse().unwrap();
        assert!(ContactChange::from_json(&json!({"number": "+821012345678"}), Some(&other), None).is_err());
        assert!(ContactChange::from_json(&json!({}), Some(&other), None).is_ok());
    }

    #[test]
    fn a_contact_does_not_grow_without_end() {
        let mut contact = contact();
        for n in 0..=ATTRIBUTES_MAX {
            let change = read(&json!({"number": "+821012345678", "attributes": {(format!("a{n}")): 1}})).unwrap();
            assert_eq!(change.apply(&mut contact).is_ok(), n < ATTRIBUTES_MAX, "{n}");
        }
    }
}
