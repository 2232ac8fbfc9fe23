//! Tells what a text would cost on the route that it would take, without taking it. The label that marketing to some
//! countries gets is counted.

use std::sync::Arc;

use super::accept::Refusal;
use super::consent;
use super::settings::Settings;
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

/// The route that the draft would take, if there is any route, and what the text would cost there.
///
/// # Errors
/// When no route would take it.
pub fn estimate(settings: &Settings, draft: Draft<'_>) -> Result<(Option<Arc<str>>, Estimate), Refusal> {
    let route = route(settings, draft)?;
    let group = route.and_then(|route| route.groups.iter().find_map(|name| settings.group(name)));
    let labelled = match draft.to {
        Some(to) => consent::labelled(&settings.consent, draft.class, to, draft.text)?,
        None => None,
    };
    let text = labelled.as_deref().unwrap_or(draft.text);
    let transliterate = draft.transliterate.or(route.and_then(|route| route.transliterate));
    let estimate = match group {
        Some(group) => crate::text::estimate(text, &group.profile, transliterate),
        None => crate::text::estimate(text, &TextProfile::default(), transliterate),
    };
    Ok((route.map(|route| Arc::clone(&route.name)), estimate))
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
        let (route, estimate) = estimate(&settings, draft).unwrap();
        assert_eq!((route.as_deref(), estimate.segments), (Some("main"), 1));
        let unknown = super::estimate(&settings, Draft { route: Some("south"), ..draft }).unwrap_err();
        assert_eq!((unknown.code, unknown.field), ("unknown_route", "route"));
        assert_eq!(super::estimate(&Settings::default(), draft).unwrap().0, None);
    }
}
