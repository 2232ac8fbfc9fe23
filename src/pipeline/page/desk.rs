//! Who reads a page, in which language, and its texts written for that reader. What cannot be written is left out.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::Connection;

use super::Opened;
use crate::campaign::contest::Contest;
use crate::campaign::keywords;
use crate::campaign::locale::Locale;
use crate::campaign::page::{Page, Part, View, Words, language};
use crate::campaign::point::Points;
use crate::campaign::survey::Survey;
use crate::campaign::template::{Fields, Grants, Rendered, Skip, format};
use crate::campaign::texts::Texts;
use crate::model::{Timestamp, country_of};
use crate::pipeline::{Settings, Turn, compose};
use crate::store::StoreError;
use crate::store::campaign::contact::Stored;
use crate::store::campaign::link::Link;
use crate::store::campaign::{coupon, definition, point};

/// A page and its reader.
pub(super) struct Desk<'a> {
    pub(super) connection: &'a Connection,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
    /// Where something may be given out; previews and robots have no turn.
    pub(super) turn: Option<&'a Turn<'a>>,
    pub(super) page: Page,
    /// Whose link it is; nobody's, if everybody gets it.
    pub(super) reader: Option<Stored>,
    pub(super) points: Points,
    pub(super) link: Option<&'a Link>,
    pub(super) words: &'static Words,
    locale: Locale,
    fields: Fields,
    left_out: RefCell<Vec<String>>,
}

impl<'a> Desk<'a> {
    /// The page for this reader; the browser's languages count where the contact's is not known.
    pub(super) fn new(
        connection: &'a Connection,
        settings: &'a Settings,
        page: Page,
        reader: Option<Stored>,
        link: Option<&'a Link>,
        languages: &[String],
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let points = match &reader {
            Some(reader) => point::of(connection, reader.id)?,
            None => Points::default(),
        };
        let brand = settings.consent.brand.as_deref();
        let mut fields = match &reader {
            Some(reader) => Fields::of(&reader.contact, &points, now),
            None => Fields::of_nobody(now),
        }
        .with_shop(brand);
        let own = reader.as_ref().and_then(|reader| reader.contact.locale.clone());
        let of_number = reader.as_ref().map(|reader| keywords::language_of(country_of(&reader.contact.number)));
        let wanted = match own {
            Some(own) => vec![own],
            None => {
                let told = languages.iter().map(String::as_str).chain(of_number);
                told.filter_map(|language| language.parse().ok()).collect()
            }
        };
        let texts = speaking(connection, &page)?;
        let spoken = |wanted: &Locale| {
            language(texts.as_ref(), Some(wanted)).filter(|locale| locale.language() == wanted.language())
        };
        let Some(locale) = wanted.iter().find_map(spoken).or_else(|| language(texts.as_ref(), wanted.first())) else {
            return Ok(None);
        };
        let Some(words) = Words::of(locale.language()) else { return Ok(None) };
        fields.locale = Some(locale.clone());
        let left_out = RefCell::default();
        Ok(Some(Self {
            connection,
            settings,
            now,
            turn: None,
            page,
            reader,
            points,
            link,
            words,
            locale,
            fields,
            left_out,
        }))
    }

    /// The same where things may be given out.
    pub(super) fn with(self, turn: &'a Turn<'a>) -> Self {
        Self { turn: Some(turn), ..self }
    }

    /// Whether the page was open for a time that is over.
    pub(super) fn is_over(&self) -> bool {
        self.open_until().is_some_and(|until| self.now >= until)
    }

    /// Until when the page is open.
    pub(super) fn open_until(&self) -> Option<Timestamp> {
        Some(self.link?.created_at.plus(self.page.open_for()?))
    }

    /// Why parts of the page were left out.
    pub(super) fn left_out(&self) -> Vec<String> {
        self.left_out.borrow().clone()
    }

    pub(super) fn locale(&self) -> &Locale {
        &self.locale
    }

    /// A view with this heading.
    pub(super) fn view(&self, title: &str, parts: Vec<Part>) -> View {
        let shop = self.settings.consent.brand.clone();
        View { locale: self.locale.clone(), shop, title: title.to_owned(), parts }
    }

    /// The page with its own heading and paragraphs, then these parts, then its button.
    pub(super) fn opened(&self, parts: Vec<Part>) -> Opened {
        let brand = self.settings.consent.brand.as_deref();
        self.opened_as(brand.unwrap_or_default(), None, parts)
    }

    /// The same, with a heading and a text for pages that have none of their own.
    pub(super) fn opened_as(&self, title: &str, text: Option<&str>, parts: Vec<Part>) -> Opened {
        let title = self.write(&self.page.title).unwrap_or_else(|| title.to_owned());
        let mut all = self.paragraphs(&self.page.body);
        if all.is_empty() {
            all.extend(text.map(|text| Part::Paragraph(text.to_owned())));
        }
        all.extend(parts);
        if let Some(button) = &self.page.button
            && let Some(text) = self.write(&button.text)
        {
            all.push(Part::Button { text, link: button.link.clone() });
        }
        Opened { view: self.view(&title, all), is_over: false }
    }

    /// A text for the reader, if there is one and all that it names is known.
    pub(super) fn write(&self, texts: &Texts) -> Option<String> {
        if texts.0.is_empty() {
            return None;
        }
        self.render(texts)
    }

    /// A source of a text in the page's language.
    pub(super) fn write_source(&self, source: &str) -> Option<String> {
        self.write(&Texts::of(self.locale.language(), source))
    }

    /// Paragraphs for the reader. Where something is missing, the paragraphs that name it are left out.
    fn paragraphs(&self, texts: &Texts) -> Vec<Part> {
        let (language, source) = texts.source(Some(&self.locale));
        if source.is_empty() {
            return Vec::new();
        }
        let split = |text: String| {
            let text = text.replace("\r\n", "\n");
            let all = text.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
            all.map(|text| Part::Paragraph(text.to_owned())).collect::<Vec<_>>()
        };
        let before = self.left_out.borrow().len();
        if let Some(text) = self.render(texts) {
            return split(text);
        }
        self.left_out.borrow_mut().truncate(before);
        let source = source.replace("\r\n", "\n");
        let each = source.split("\n\n").filter(|part| !part.trim().is_empty());
        each.filter_map(|part| self.render(&Texts::of(language, part))).flat_map(split).collect()
    }

    fn render(&self, texts: &Texts) -> Option<String> {
        let written = texts.render(&self.fields, &Grants::default()).and_then(|first| self.granted(texts, first));
        match written {
            Ok(text) => Some(text),
            Err(skip) => {
                self.left_out.borrow_mut().push(skip.to_string());
                None
            }
        }
    }

    /// The text with the contact's codes in it.
    fn granted(&self, texts: &Texts, first: Rendered) -> Result<String, Skip> {
        if first.coupons.is_empty() {
            return Ok(first.text);
        }
        let mut coupons = BTreeMap::new();
        for pool in first.coupons {
            let code = self.code(&pool).ok().flatten();
            coupons.insert(pool, code.ok_or_else(|| Skip::Missing("coupon".to_owned()))?);
        }
        Ok(texts.render(&self.fields, &Grants { coupons, ..Grants::default() })?.text)
    }

    /// The reader's code from a pool: given out now if that may be, else the one that the reader has.
    pub(super) fn code(&self, pool: &str) -> Result<Option<String>, StoreError> {
        match (&self.reader, self.turn) {
            (None, _) => Ok(None),
            (Some(reader), Some(turn)) => Ok(compose::coupon_of(turn, pool, reader)?.ok()),
            (Some(reader), None) => coupon::held(self.connection, pool, &reader.contact.number),
        }
    }

    /// A day and an hour as the reader has them.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        let local = at.to_jiff().to_zoned(self.fields.zone.clone());
        let day = format::date(local.date(), Some(&self.locale));
        format!("{day} {:02}:{:02}", local.hour(), local.minute())
    }
}

/// The texts by which the language of a page is chosen: its own, else those of what it asks.
fn speaking(connection: &Connection, page: &Page) -> Result<Option<Texts>, StoreError> {
    if let Some(own) = page.own_texts() {
        return Ok(Some(own.clone()));
    }
    let asked = match (&page.survey, &page.contest) {
        (Some(name), _) => definition::find::<Survey>(connection, name)?.and_then(|stored| {
            let survey = stored.definition;
            let first = survey.questions.into_iter().next().map(|question| question.ask);
            Some(survey.title).filter(|title| !title.0.is_empty()).or(first)
        }),
        (None, Some(name)) => definition::find::<Contest>(connection, name)?.map(|stored| stored.definition.title),
        (None, None) => None,
    };
    Ok(asked.filter(|texts| !texts.0.is_empty()))
}
