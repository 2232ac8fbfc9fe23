//! Tells what a text would cost on the route that it would take, without taking it. The label that marketing to some
//! countries gets is counted.

use std::sync::Arc;

use super::accept::Refusal;
use super::consent;
use super::settings::Settings;
use crate::campaign::price::Price;
use crate::model::{Class, NewMessage, PhoneNumber};
use crate::policy::routes::{self, Route};
use crate::text::{Estimate, TextProfile};

/// A text to estimate, and what is known of the message that it would be.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The text.
    pub text: &'a str,
    /// The recipient; without one the first route counts.
    pub to: Option<&'a PhoneNumber>,
    /// The class.
    pub class: Class,
    /// The route, if it is asked for by name.
    pub route: Option<&'a str>,
    /// As in [`NewMessage::transliterate`].
    pub transliterate: Option<bool>,
}

/// What a text would be.
#[derive(Debug, Clone)]
pub struct Estimated {
    /// The route that it would take, if there is any.
    pub route: Option<Arc<str>>,
    /// The text as it would arrive, with the label that the law adds.
    pub text: String,
    /// Its encoding and segments.
    pub estimate: Estimate,
    /// What its segments would cost, if the recipient and the prices are known.
    pub cost: Option<Price>,
}

/// What the draft would be on the route that it would take.
///
/// # Errors
/// When no route would take it.
pub fn estimate(settings: &Settings, draft: Draft<'_>) -> Result<Estimated, Refusal> {
    let route = route(settings, draft)?;
    let group = route.and_then(|route| route.groups.iter().find_map(|name| settings.group(name)));
    let labelled = match draft.to {
        Some(to) => consent::labelled(&settings.consent, draft.class, to, draft.text)?,
        None => None,
    };
    let text = labelled.unwrap_or_else(|| draft.text.to_owned());
    let transliterate = draft.transliterate.or(route.and_then(|route| route.transliterate));
    let estimate = match group {
        Some(group) => crate::text::estimate(&text, &group.profile, transliterate),
        None => crate::text::estimate(&text, &TextProfile::default(), transliterate),
    };
    let route = route.map(|route| Arc::clone(&route.name));
    let price = draft.to.and_then(|to| settings.prices.of(route.as_deref().unwrap_or_default(), to));
    let cost = price.map(|price| price.times(estimate.segments));
    Ok(Estimated { route, text, estimate, cost })
}

fn route<'a>(settings: &'a Settings, draft: Draft<'_>) -> Result<Option<&'a Route>, Refusal> {
    let refuse = |code, field, message| Refusal { code, field, message };
    match (draft.to, draft.route) {
        (Some(to), name) => {
            let mut new = NewMessage::text(to.clone(), "");
            new.class = draft.class;
            new.route = name.map(str::to_owned);
            let route = routes::pick(&settings.routes, &new);
            route.map(Some).ok_or_else(|| {
                refuse("no_route", "to", format!("no route takes a {} message to {}", draft.class, to.masked()))
            })
        }
        (None, Some(name)) => {
            let route = settings.routes.iter().find(|route| *route.name == *name);
            route.map(Some).ok_or_else(|| refuse("unknown_route", "route", format!("there is no route \"{name}\"")))
        }
        (None, None) => Ok(settings.routes.first()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_own_profile_decides() {
        let settings = Settings { routes: vec![Route::over("main", &["north"])], ..Settings::default() };
        let draft = Draft { text: "안녕", to: None, class: Class::Transactional, route: None, transliterate: None };
        let Estimated { route, estimate, cost, .. } = estimate(&settings, draft).unwrap();
        assert_eq!((route.as_deref(), estimate.segments, cost), (Some("main"), 1, None));
        let unknown = super::estimate(&settings, Draft { route: Some("south"), ..draft }).unwrap_err();
        assert_eq!((unknown.code, unknown.field), ("unknown_route", "route"));
        assert_eq!(super::estimate(&Settings::default(), draft).unwrap().route, None);
    }
}
