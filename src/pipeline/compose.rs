//! Writes the text for one contact and accepts it: template, coupons and short links, what a text may cost, and what it
//! was sent for, all in one transaction. Who gets no text costs nothing: no code is given out for it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::consent::OWN_TOKEN;
use super::{Accepted, Refusal, Settings, Turn, accept};
use crate::campaign::link::Target;
use crate::campaign::origin::Origin;
use crate::campaign::template::{Fields, Grants, Rendered, Skip, Template};
use crate::model::{Body, Class, NewMessage, Random, Sender, Timestamp};
use crate::store::campaign::contact::Stored;
use crate::store::campaign::{coupon, link, origin, point};
use crate::store::{StoreError, Tx};

/// A text that a campaign, a workflow, a service or a person of the shop wants to send.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// To whom.
    pub to: &'a Stored,
    /// What.
    pub template: &'a Template,
    /// What happened, if the text is about an event.
    pub event: Option<&'a Map<String, Value>>,
    /// What for.
    pub origin: &'a Origin,
    /// In which class.
    pub class: Class,
    /// Not before this.
    pub send_at: Option<Timestamp>,
    /// How long it is worth sending; the class's default if absent.
    pub valid_for: Option<Duration>,
    /// From which sender; the route's own if absent.
    pub from: Option<Sender>,
    /// Over which route; chosen by rules if absent.
    pub route: Option<Arc<str>>,
    /// Words to filter by.
    pub tags: Vec<String>,
}

impl<'a> Outgoing<'a> {
    /// A text with nothing special about it.
    pub fn new(to: &'a Stored, template: &'a Template, origin: &'a Origin, class: Class) -> Self {
        Self {
            to,
            template,
            event: None,
            origin,
            class,
            send_at: None,
            valid_for: None,
            from: None,
            route: None,
            tags: Vec::new(),
        }
    }
}

/// Why a contact gets no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// The text cannot be written for this contact.
    #[error("{0}")]
    Skip(#[from] Skip),
    /// The template takes a code from a pool that is not there.
    #[error("there is no coupon pool \"{0}\"")]
    NoPool(String),
    /// The pool has no code left.
    #[error("the coupon pool \"{0}\" is empty")]
    EmptyPool(String),
    /// The template links to a page of the gateway's own, which has no address.
    #[error("the text links to {0}, and pages.url is not set")]
    NoPages(String),
    /// The text links to something that no link may lead to.
    #[error("the text's link is wrong: {0}")]
    WrongLink(String),
    /// The text has more segments than the template allows.
    #[error("the text has {segments} segments, and the template allows {most}")]
    TooLong {
        /// How many it has.
        segments: usize,
        /// How many it may have.
        most: u8,
    },
    /// The gateway does not take it.
    #[error("{}", .0.message)]
    Refused(Refusal),
}

impl Unsent {
    /// A lasting word for the reason, by which reports count.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Skip(Skip::Missing(_)) => "field_missing",
            Self::Skip(Skip::Empty) => "text_empty",
            Self::Skip(Skip::TooLarge | Skip::Wrong(_)) => "template_wrong",
            Self::NoPool(_) | Self::EmptyPool(_) => "no_coupon",
            Self::NoPages(_) => "no_pages",
            Self::WrongLink(_) => "wrong_link",
            Self::TooLong { .. } => "too_many_segments",
            Self::Refused(refusal) => refusal.code,
        }
    }
}

/// Writes and accepts a text. Accepted is also what the law holds back or blocks; its state says so.
///
/// # Errors
/// The store's own.
pub fn send(turn: &Turn<'_>, outgoing: &Outgoing<'_>) -> Result<Result<Accepted, Unsent>, StoreError> {
    turn.tx.attempt(|tx| {
        let fields = fields(turn, outgoing.to, outgoing.event)?;
        let text = match write(turn, outgoing.template, &fields, outgoing.to, outgoing.origin)? {
            Ok(rendered) => rendered.text,
            Err(unsent) => return Ok(Err(unsent)),
        };
        let prepared = match accept::prepare(turn.settings, message(outgoing, text), turn.now) {
            Ok(prepared) => prepared,
            Err(refusal) => return Ok(Err(Unsent::Refused(refusal))),
        };
        let (segments, most) = (prepared.segments(), outgoing.template.segments_max);
        if segments > usize::from(most) {
            return Ok(Err(Unsent::TooLong { segments, most }));
        }
        let mut accepted = accept::accept(turn, OWN_TOKEN, std::slice::from_ref(&prepared))?;
        let Some(accepted) = accepted.pop() else {
            return Err(StoreError::Row("an accepted message has no answer".to_owned()));
        };
        origin::insert(tx, accepted.id, outgoing.to.id, outgoing.origin)?;
        Ok(Ok(accepted))
    })
}

/// What a template can name for a contact now.
///
/// # Errors
/// The store's own.
pub fn fields(turn: &Turn<'_>, to: &Stored, event: Option<&Map<String, Value>>) -> Result<Fields, StoreError> {
    let points = point::of(turn.tx.connection(), to.id)?;
    let fields = Fields::of(&to.contact, &points, turn.now).with_shop(turn.settings.consent.brand.as_deref());
    Ok(match event {
        Some(event) => fields.with_event(event),
        None => fields,
    })
}

/// The text with its codes and links given out.
fn write(
    turn: &Turn<'_>,
    template: &Template,
    fields: &Fields,
    to: &Stored,
    origin: &Origin,
) -> Result<Result<Rendered, Unsent>, StoreError> {
    let first = match template.render(fields, &Grants::marks()) {
        Ok(first) => first,
        Err(skip) => return Ok(Err(skip.into())),
    };
    if first.coupons.is_empty() && first.links.is_empty() {
        return Ok(Ok(first));
    }
    match grant(turn, &first, to, origin)? {
        Ok(grants) => match grants.fill(&first) {
            Some(text) => Ok(Ok(Rendered { text, ..first })),
            None => Ok(template.render(fields, &grants).map_err(Unsent::from)),
        },
        Err(unsent) => Ok(Err(unsent)),
    }
}

/// Gives out what a text asked for.
///
/// # Errors
/// The store's own.
pub fn grant(
    turn: &Turn<'_>,
    asked: &Rendered,
    to: &Stored,
    origin: &Origin,
) -> Result<Result<Grants, Unsent>, StoreError> {
    let mut grants = Grants::default();
    for pool in &asked.coupons {
        match coupon_of(turn, pool, to)? {
            Ok(code) => drop(grants.coupons.insert(pool.clone(), code)),
            Err(unsent) => return Ok(Err(unsent)),
        }
    }
    for target in &asked.links {
        match short(turn.tx, turn.settings, target, to.id, origin, turn.now)? {
            Ok(address) => drop(grants.links.insert(target.clone(), address)),
            Err(unsent) => return Ok(Err(unsent)),
        }
    }
    Ok(Ok(grants))
}

/// The contact's code from a pool.
///
/// # Errors
/// The store's own.
pub fn coupon_of(turn: &Turn<'_>, name: &str, to: &Stored) -> Result<Result<String, Unsent>, StoreError> {
    let Some(pool) = coupon::find(turn.tx.connection(), name)? else {
        return Ok(Err(Unsent::NoPool(name.to_owned())));
    };
    let seed = turn.tx.next_id(turn.now).as_i64().cast_unsigned();
    let issued = coupon::issue(turn.tx, name, &pool, &to.contact.number, &mut Random::new(seed), turn.now)?;
    Ok(issued.map(|coupon| coupon.code).ok_or_else(|| Unsent::EmptyPool(name.to_owned())))
}

/// The contact's short address of a target. Without an address for short links, targets on the net are written in full.
fn short(
    tx: &Tx<'_>,
    settings: &Settings,
    target: &str,
    contact: i64,
    origin: &Origin,
    now: Timestamp,
) -> Result<Result<String, Unsent>, StoreError> {
    let read = match Target::read(target) {
        Ok(read) => read,
        Err(fault) => return Ok(Err(Unsent::WrongLink(fault.detail))),
    };
    let Some(base) = &settings.short_url else {
        return Ok(match read {
            Target::Page(_) => Err(Unsent::NoPages(target.to_owned())),
            Target::Address(_) => Ok(target.to_owned()),
        });
    };
    let code = link::issue(tx, link::NewLink { target: &read, contact, origin: Some(origin) }, now)?;
    Ok(Ok(format!("{base}{code}")))
}

fn message(outgoing: &Outgoing<'_>, text: String) -> NewMessage {
    let contact = &outgoing.to.contact;
    NewMessage {
        from: outgoing.from.clone(),
        body: Body::Text(text),
        class: outgoing.class,
        tags: outgoing.tags.clone(),
        send_at: outgoing.send_at,
        valid_for: outgoing.valid_for,
        route: outgoing.route.as_deref().map(str::to_owned),
        time_zone: contact.zone.clone(),
        ..NewMessage::text(contact.number.clone(), "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Rules;
    use crate::campaign::coupon::Pool;
    use crate::campaign::origin::Kind;
    use crate::pipeline::Group;
    use crate::policy::routes::Route;
    use crate::store::campaign::contact;
    use crate::store::{Database, message};
    use crate::text::TextProfile;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn settings(short_url: Option<&str>) -> Settings {
        Settings {
            routes: vec![Route::over("main", &["north"])],
            groups: [("north".into(), Group::new(TextProfile::default(), None))].into(),
            consent: Arc::new(Rules { brand: Some("Kim's Tea".to_owned()), ..Rules::off() }),
            short_url: short_url.map(Into::into),
            ..Settings::default()
        }
    }

    fn sent(database: &mut Database, settings: &Settings, source: &str) -> Result<String, Unsent> {
        let template = Template::of(source);
        let origin = Origin::new(Kind::Campaign, "sale", "a");
        let done = database.write(|tx| {
            let id = contact::ensure(tx, &"+821012345678".parse().unwrap(), NOW)?;
            let to = contact::by_id(tx.connection(), id)?.unwrap();
            let turn = Turn::new(tx, settings, NOW);
            send(&turn, &Outgoing::new(&to, &template, &origin, Class::Transactional))
        });
        let accepted = done.unwrap()?;
        let view = database.read(|c| message::view(c, accepted.id)).unwrap().unwrap();
        assert_eq!(
            database.read(|c| origin::of(c, accepted.id)).unwrap(),
            Some(Origin::new(Kind::Campaign, "sale", "a"))
        );
        Ok(view.body.unwrap())
    }

    #[test]
    fn codes_and_links_are_given_out_once_and_stand_in_the_text() {
        let mut database = Database::in_memory().unwrap();
        let settings = settings(Some("https://s.example/"));
        let pool: Pool = serde_json::from_str(r#"{"generated": true}"#).unwrap();
        database.write(|tx| coupon::define(tx, "spring", &pool, NOW)).unwrap();
        let source = "{{ shop }}: {{ coupon(\"spring\") }} {{ link(\"https://shop.example/a?b=c\") }}";
        let text = sent(&mut database, &settings, source).unwrap();
        assert!(text.starts_with("Kim's Tea: ") && text.contains(" https://s.example/"), "{text}");
        assert_eq!(sent(&mut database, &settings, source).unwrap(), text);
        assert_eq!(database.read(|c| coupon::counts(c, "spring")).unwrap().issued, 1);
    }

    #[test]
    fn who_gets_no_text_costs_no_code() {
        let mut database = Database::in_memory().unwrap();
        let settings = settings(None);
        let pool: Pool = serde_json::from_str(r#"{"generated": true}"#).unwrap();
        database.write(|tx| coupon::define(tx, "spring", &pool, NOW)).unwrap();
        let long = format!("{{{{ coupon(\"spring\") }}}} {}", "여름".repeat(200));
        let unsent = sent(&mut database, &settings, &long).unwrap_err();
        assert!(matches!(unsent, Unsent::TooLong { segments: 6.., most: 3 }), "{unsent}");
        assert_eq!(database.read(|c| coupon::counts(c, "spring")).unwrap().issued, 0);
        let no_pages = sent(&mut database, &settings, "{{ link(\"page:offer\") }}").unwrap_err();
        assert_eq!(no_pages.code(), "no_pages");
        let elsewhere = sent(&mut database, &settings, "{{ link(\"javascript:alert(1)\") }}").unwrap_err();
        assert_eq!(elsewhere.code(), "wrong_link");
        let missing = sent(&mut database, &settings, "Hello {{ name }},").unwrap_err();
        assert_eq!(missing.code(), "field_missing");
    }
}
