//! Decides which route a message takes: the first in the configuration whose conditions it meets.

use std::sync::Arc;

use postrider_model::{Class, NewMessage, Sender};

/// A way out: conditions on a message, and the link groups that may carry it, first choice first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The name in the configuration; rows refer to it.
    pub name: Arc<str>,
    /// Recipients whose digits (country code first) start with one of these; empty is all.
    pub prefixes: Vec<String>,
    /// Classes it takes; empty is all.
    pub classes: Vec<Class>,
    /// Senders it takes; empty is all.
    pub senders: Vec<Sender>,
    /// Link groups in order of preference; a later one is used while the earlier ones are down or paused.
    pub groups: Vec<Arc<str>>,
    /// The sender of messages that name none.
    pub sender: Option<Sender>,
    /// Whether characters may be replaced to stay in GSM 7-bit, unless the message says.
    pub transliterate: Option<bool>,
}

impl Route {
    /// A route without conditions over `groups`.
    pub fn over(name: &str, groups: &[&str]) -> Self {
        Self {
            name: name.into(),
            prefixes: Vec::new(),
            classes: Vec::new(),
            senders: Vec::new(),
            groups: groups.iter().map(|group| Arc::from(*group)).collect(),
            sender: None,
            transliterate: None,
        }
    }

    fn takes(&self, message: &NewMessage) -> bool {
        let digits = message.to.digits();
        (self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| digits.starts_with(prefix.as_str())))
            && (self.classes.is_empty() || self.classes.contains(&message.class))
            && (self.senders.is_empty() || message.from.as_ref().is_some_and(|from| self.senders.contains(from)))
    }
}

/// The route that the message names, or else the first that takes it.
pub fn pick<'a>(routes: &'a [Route], message: &NewMessage) -> Option<&'a Route> {
    match &message.route {
        Some(name) => routes.iter().find(|route| *route.name == **name),
        None => routes.iter().find(|route| route.takes(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(number: &str) -> NewMessage {
        NewMessage::text(number.parse().unwrap(), "x")
    }

    #[test]
    fn the_first_route_that_fits_wins() {
        let korea = Route { prefixes: vec!["82".into()], ..Route::over("korea", &["seoul"]) };
        let codes = Route { classes: vec![Class::Otp], ..Route::over("codes", &["fast"]) };
        let routes = [korea, codes, Route::over("rest", &["north"])];
        let name = |message: &NewMessage| pick(&routes, message).map(|route| route.name.to_string());
        assert_eq!(name(&to("+821012345678")).as_deref(), Some("korea"));
        assert_eq!(name(&to("+4915112345678")).as_deref(), Some("rest"));
        assert_eq!(name(&NewMessage { class: Class::Otp, ..to("+4915112345678") }).as_deref(), Some("codes"));
        assert_eq!(name(&NewMessage { route: Some("rest".into()), ..to("+821012345678") }).as_deref(), Some("rest"));
        assert_eq!(name(&NewMessage { route: Some("gone".into()), ..to("+821012345678") }), None);
    }

    #[test]
    fn a_route_for_a_sender_does_not_take_messages_without_one() {
        let shop = Sender::parse("Shop").unwrap();
        let routes = [Route { senders: vec![shop.clone()], ..Route::over("named", &["north"]) }];
        assert!(pick(&routes, &to("+4915112345678")).is_none());
        assert!(pick(&routes, &NewMessage { from: Some(shop), ..to("+4915112345678") }).is_some());
    }
}
