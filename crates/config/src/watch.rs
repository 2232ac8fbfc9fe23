//! `[[watch]]`: folders into which a till or another program puts its files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use postrider_campaign::charset::Charset;
use postrider_campaign::event::check_kind;
use postrider_model::Country;

use super::document::{Section, Spot};
use super::files::Place;
use super::messages::country;
use super::value::{Checked, days, duration, filled, must_be, one_of, secs, str_of};
use super::webhook::plain_name;

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Its name, in the journal.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// What the rows of its files are.
    pub kind: WatchKind,
    /// Which column is which field, besides those that are known by their usual names.
    pub columns: BTreeMap<String, String>,
    /// The type of the events, for tables that have no column for it.
    pub event: Option<String>,
    /// The currency of amounts, for tables that have no column for it.
    pub currency: Option<String>,
    /// The country of numbers that have no country code; `messages.default_country` if absent.
    pub country: Option<Country>,
    /// The time zone of moments without an offset; each number's own if absent.
    pub time_zone: Option<String>,
    /// The encoding; found out if absent.
    pub encoding: Option<Charset>,
    /// Tags that the contacts get.
    pub tags: Vec<String>,
    /// Lists that the contacts are put on.
    pub lists: Vec<String>,
    /// How often somebody looks.
    pub every: Duration,
}

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchKind {
    /// Contacts.
    Contacts,
    /// Events.
    Events,
}

const KINDS: [(&str, WatchKind); 2] = [("contacts", WatchKind::Contacts), ("events", WatchKind::Events)];

impl Watch {
    /// Reads a `[[watch]]`; what is wrong with it is told.
    pub(super) fn read(mut section: Section<'_>, place: Place<'_>) -> Option<(Self, Spot)> {
        let (mut name, mut folder, mut kind) = (None, None, None);
        section.set_some("name", &mut name, plain_name);
        let spot = section.spot("name");
        match &name {
            Some(name) => section.rename(format!("watch \"{name}\"")),
            None => section.missing("name", "it stands in the journal"),
        }
        section.set_some("folder", &mut folder, filled);
        section.set_some("kind", &mut kind, one_of(KINDS));
        let mut watch = Self {
            name: name.clone().unwrap_or_default(),
            folder: folder.as_deref().map(|folder| place.path(folder)).unwrap_or_default(),
            kind: kind.unwrap_or(WatchKind::Contacts),
            columns: BTreeMap::new(),
            event: None,
            currency: None,
            country: None,
            time_zone: None,
            encoding: None,
            tags: Vec::new(),
            lists: Vec::new(),
            every: secs(30),
        };
        watch.read_rest(&mut section);
        if folder.is_none() {
            section.missing("folder", "name the folder into which the files are put");
        }
        if kind.is_none() {
            section.missing("kind", "write \"contacts\" or \"events\"");
        }
        section.finish();
        (name.is_some() && folder.is_some() && kind.is_some()).then_some((watch, spot))
    }

    fn read_rest(&mut self, section: &mut Section<'_>) {
        section.set_map("columns", &mut self.columns, |name| Ok(name.to_owned()), filled);
        section.set_some("event", &mut self.event, |value| {
            check_kind(str_of(value, "a type of event like \"purchase\"")?)
                .map_err(|fault| format!("is wrong: {}", fault.detail))
        });
        section.set_some("currency", &mut self.currency, currency);
        section.set_some("country", &mut self.country, country);
        section.set_some("time_zone", &mut self.time_zone, |value| {
            let name = str_of(value, "a time zone like \"Asia/Seoul\"")?;
            let known = postrider_campaign::law::zone(name).is_some();
            known.then(|| name.to_owned()).ok_or_else(|| must_be("a time zone like \"Asia/Seoul\"", value))
        });
        section.set_some("encoding", &mut self.encoding, |value| {
            Charset::parse(str_of(value, "an encoding like \"cp949\"")?).map_err(|why| format!("is wrong: {why}"))
        });
        section.set_list("tags", &mut self.tags, filled);
        section.set_list("lists", &mut self.lists, filled);
        section.set("every", &mut self.every, duration(secs(1)..=days(1)));
    }
}

fn currency(value: &toml::de::DeValue<'_>) -> Checked<String> {
    let text = str_of(value, "three letters like \"KRW\"")?;
    let good = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if good { Ok(text.to_owned()) } else { Err(must_be("three capital letters like \"KRW\"", value)) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::files::tests::MapFiles;
    use super::super::parse;
    use super::*;

    #[test]
    fn a_folder_is_read_with_its_columns() {
        let text = "[[watch]]\nname = \"till\"\nfolder = \"till\"\nkind = \"events\"\nevent = \"purchase\"\nencoding = \"cp949\"\n\
                    columns = { \"고객\" = \"number\" }\nevery = \"5s\"\n";
        let settings = parse(Path::new("/etc/p/postrider.toml"), text, &MapFiles::default()).unwrap();
        let watch = &settings.watches[0];
        assert_eq!((watch.folder.as_path(), watch.kind), (Path::new("/etc/p/till"), WatchKind::Events));
        assert_eq!((watch.columns["고객"].as_str(), watch.encoding.unwrap().name()), ("number", "EUC-KR"));
        let wrong = "[[watch]]\nname = \"till\"\nkind = \"rows\"\nencoding = \"x\"\ntime_zone = \"Mars\"\n";
        let problems = parse(Path::new("p.toml"), wrong, &MapFiles::default()).unwrap_err().to_string();
        for expected in ["folder is missing", "kind must be one of contacts, events", "encoding is wrong", "time_zone"]
        {
            assert!(problems.contains(expected), "{expected}: {problems}");
        }
    }
}
