//! Templates: a text with fields, in the contact's language, with fallbacks; never a text with a hole in it.
//!
//! - [`Template`]: a definition, checked as a whole; [`Template::render`] makes the text for one contact
//! - [`Fields`]: what a template can name
//! - [`Grants`]: coupon codes and short links that were given out before
//! - [`mod@format`]: numbers, money and dates by locale
//!
//! The engine starts from an environment without anything; it gets few filters, bounded work and a bounded text, and a
//! source without what could double itself.

mod fields;
mod filters;
pub mod format;
mod render;
mod source;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use fields::Fields;
pub use filters::NAMES as FILTERS;
pub use render::{Compiled, Grants, Rendered, Skip};
pub use source::SOURCE_SIZE_BYTES_MAX;

use super::fault::{Fault, nearest, pointer_part, short};
use super::locale::Locale;

/// Segments that a text may have when the template says nothing.
pub const SEGMENTS_MAX: u8 = 3;
/// The most that a template may say.
pub const SEGMENTS_LIMIT: u8 = 10;
/// Most variants of one template, and most fallbacks.
const VARIANTS_MAX: usize = 60;

/// A template as it is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The text for all languages that have none of their own.
    pub text: String,
    /// Texts by locale: `ko`, `pt-BR`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, String>,
    /// What stands in for missing fields, by name: `name`, `attribute.color`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fallbacks: BTreeMap<String, String>,
    /// How many segments a text may have; contacts whose text has more get none.
    #[serde(default = "segments_max")]
    pub segments_max: u8,
    /// What the engine has read of it.
    #[serde(skip)]
    pub compiled: Compiled,
}

const fn segments_max() -> u8 {
    SEGMENTS_MAX
}

impl Template {
    /// A template with one text.
    pub fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            variants: BTreeMap::new(),
            fallbacks: BTreeMap::new(),
            segments_max: SEGMENTS_MAX,
            compiled: Compiled::default(),
        }
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        if self.text.trim().is_empty() {
            faults.push(Fault::new("/text", "empty", "a template needs a text"));
        }
        if !(1..=SEGMENTS_LIMIT).contains(&self.segments_max) {
            let detail = format!("segments_max is a number from 1 to {SEGMENTS_LIMIT}, not {}", self.segments_max);
            faults.push(Fault::new("/segments_max", "out_of_range", detail));
        }
        if self.variants.len() > VARIANTS_MAX || self.fallbacks.len() > VARIANTS_MAX {
            let detail = format!("a template has at most {VARIANTS_MAX} variants and as many fallbacks");
            faults.push(Fault::new("", "too_many", detail));
            return Err(faults);
        }
        faults.extend(check_source(&self.text).err().map(|fault| fault.under("/text")));
        for (locale, text) in &self.variants {
            let place = format!("/variants/{}", pointer_part(locale));
            let checked = locale
                .parse::<Locale>()
                .map_err(|detail| Fault::new("", "wrong_locale", detail))
                .and_then(|_| check_source(text));
            faults.extend(checked.err().map(|fault| fault.under(&place)));
        }
        for (name, fallback) in &self.fallbacks {
            let place = format!("/fallbacks/{}", pointer_part(name));
            let known = match name.split_once('.') {
                Some((fields::ATTRIBUTE | fields::EVENT, rest)) => !rest.is_empty(),
                Some(_) | None => fields::is_known(name),
            };
            if !known {
                faults.push(Fault::new(&place, "unknown_name", unknown(name)));
            } else if fallback.trim().is_empty() || fallback.chars().count() > 200 {
                faults.push(Fault::new(&place, "wrong_length", "a fallback has 1 to 200 characters"));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The text for a locale: its own, its language's, else the one for all; and the name of the variant.
    pub fn source(&self, locale: Option<&Locale>) -> (Option<&str>, &str) {
        let find = |wanted: &str| {
            let same = |name: &str| name.parse::<Locale>().is_ok_and(|name| name.as_str() == wanted);
            self.variants.iter().find(|(name, _)| same(name))
        };
        let found = locale.and_then(|locale| find(locale.as_str()).or_else(|| find(locale.language())));
        found.map_or((None, &self.text), |(name, text)| (Some(name), text))
    }

    /// The text for one contact.
    ///
    /// # Errors
    /// Why the contact gets none.
    pub fn render(&self, fields: &Fields, grants: &Grants) -> Result<Rendered, Skip> {
        let (_, source) = self.source(fields.locale.as_ref());
        render::render(&self.compiled, source, fields, &self.fallbacks, grants)
    }
}

/// Renders a source that has no fallbacks of its own.
pub(super) fn render_source(source: &str, fields: &Fields, grants: &Grants) -> Result<Rendered, Skip> {
    render::render(&Compiled::default(), source, fields, &BTreeMap::new(), grants)
}

fn unknown(name: &str) -> String {
    let hint = nearest(name, fields::names()).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
    format!("there is no field \"{}\"{hint}; the shop's own are attribute.NAME", short(name)).replace("\"?;", "\"? And")
}

pub(super) fn check_source(text: &str) -> Result<(), Fault> {
    source::check(text)?;
    let wrong = |detail: String| Fault::new("", "wrong_template", detail);
    for name in render::used(text).map_err(wrong)? {
        if !fields::is_known(&name) && !render::FUNCTIONS.contains(&name.as_str()) {
            return Err(Fault::new("", "unknown_name", unknown(&name)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
