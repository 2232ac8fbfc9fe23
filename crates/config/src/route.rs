//! `[[route]]`: which messages go which way. Without any, one route takes all messages over all
//! carriers and groups of modems.

use toml::de::DeValue;

use postrider_model::{Class, Country};
use postrider_policy::routes::Route;

use super::carrier::read_name;
use super::document::{Section, Spot};
use super::problem::{Report, did_you_mean};
use super::profile::sender;
use super::value::{Checked, filled, flag, word};

/// The name of the route that there is without any `[[route]]`.
pub const DEFAULT_ROUTE: &str = "default";

/// The route over all carriers and groups of modems, in their order.
pub(super) fn default_routes(names: &[&str]) -> Vec<Route> {
    if names.is_empty() { Vec::new() } else { vec![Route::over(DEFAULT_ROUTE, names)] }
}

/// A route, and where its name and its links stand.
pub(super) struct FoundRoute {
    pub(super) route: Route,
    pub(super) name_spot: Spot,
    links_spot: Spot,
}

/// Reads one `[[route]]`. `None` if it has no usable name; what else is wrong was told.
pub(super) fn read(mut section: Section<'_>) -> Option<FoundRoute> {
    let name = read_name(&mut section, "route");
    let mut route = Route::over(name.as_deref().unwrap_or_default(), &[]);
    section.set_list("prefixes", &mut route.prefixes, prefix);
    let mut countries: Vec<Country> = Vec::new();
    section.set_list("countries", &mut countries, |value| {
        let text = filled(value)?;
        text.parse().map_err(|_| format!("must be two letters of ISO 3166 like KR, not \"{text}\""))
    });
    route.prefixes.extend(countries.into_iter().flat_map(Country::prefixes));
    section.set_list("classes", &mut route.classes, word(&Class::ALL, Class::as_str));
    section.set_list("senders", &mut route.senders, sender);
    let mut links: Vec<String> = Vec::new();
    match section.set_list("links", &mut links, filled) {
        None => section.missing(
            "links",
            "write links = [\"NAME\"] with the names of carriers or groups of modems, first choice first",
        ),
        Some(0) => section.wrong("links", "is empty; name at least one carrier or group of modems"),
        Some(_) => {}
    }
    route.groups = links.iter().map(|link| link.as_str().into()).collect();
    section.set_some("sender", &mut route.sender, sender);
    section.set_some("transliterate", &mut route.transliterate, flag);
    let (name_spot, links_spot) = (section.spot("name"), section.spot("links"));
    section.finish();
    name.map(|_| FoundRoute { route, name_spot, links_spot })
}

/// Tells every link of a route that no carrier and no group of modems has the name of, and every one that stands twice.
pub(super) fn check_links(routes: &[FoundRoute], known: &[&str], report: &Report) {
    for FoundRoute { route, links_spot, .. } in routes {
        for (place, group) in route.groups.iter().enumerate() {
            if !known.contains(&&**group) {
                let hint = did_you_mean(group, known.iter().copied());
                let hint = hint.map(|meant| format!("did you mean \"{meant}\"?"));
                let advice = hint.unwrap_or_else(|| "no [[carrier]] and no group of modems has that name".to_owned());
                report.problem(links_spot.problem("links", format!("links names \"{group}\"; {advice}")));
            } else if route.groups[..place].contains(group) {
                report.problem(links_spot.problem("links", format!("links names \"{group}\" twice; remove one")));
            }
        }
    }
}

/// Digits with the country code first; a plus in front is dropped.
fn prefix(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?;
    let digits = text.strip_prefix('+').unwrap_or(&text);
    if (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    {
        return Ok(digits.to_owned());
    }
    Err(format!("must be the first digits of numbers with country code, like \"+8210\", not \"{text}\""))
}
