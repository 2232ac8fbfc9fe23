//! `POST /v1/templates/preview`: what contacts would read, in which alphabet and how many segments, and who would get nothing.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::campaign::contact::read_number;
use crate::campaign::price::Price;
use crate::campaign::segment::{self, Tree};
use crate::campaign::template::{Fields, Grants, Template};
use crate::http::problem::{FieldError, Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::{Class, Country, PhoneNumber, Random, Timestamp};
use crate::pipeline::{self, Draft, Estimated, Settings};
use crate::store::StoreError;
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::{coupon, point, segment as segments};

use super::segment::{checked, find as find_segment, parsed};
use super::template::{TemplateRequest, find as find_template};
use super::{Api, json};

/// Most contacts in one preview.
const CONTACTS_MAX: usize = 1_000;
/// Contacts of a segment that are looked at when the request does not say.
const SAMPLE_USUAL: usize = 20;

/// Which text, and for whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// A template's name.
    template: Option<String>,
    /// A template that has no name yet.
    definition: Option<TemplateRequest>,
    /// The contacts' numbers.
    #[serde(default)]
    contacts: Vec<String>,
    /// A segment, of which some contacts are taken.
    segment: Option<String>,
    /// How many of it, 1 to 1000; 20 if absent.
    sample: Option<usize>,
    /// The class that the text would be sent in, which may decide about the route; `marketing` if absent.
    class: Option<String>,
}

/// What contacts would read.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Preview {
    /// The texts.
    texts: Vec<TextView>,
    /// Segments of all texts together.
    segments: usize,
    /// What they would cost, where prices are configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    cost: Option<Price>,
    /// The currency of costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// The numbers of contacts whose text has more segments than the template allows; they would get none.
    exceeding: Vec<String>,
    /// Contacts that would get none, and why.
    skipped: Vec<SkippedView>,
}

/// The text for one contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct TextView {
    /// The contact.
    number: String,
    /// The locale of the variant that was taken; absent for the text for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    /// What the contact would read.
    text: String,
    /// The alphabet that it would be sent in.
    #[schema(value_type = String)]
    alphabet: &'static str,
    /// How many segments it has.
    segments: usize,
    /// What they would cost, where a price is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    cost: Option<Price>,
    /// Characters that force UCS-2.
    #[serde(skip_serializing_if = "String::is_empty")]
    forced_ucs2_by: String,
    /// Why the route would refuse it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// A contact that would get no text.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedView {
    /// The contact.
    number: String,
    /// Why.
    reason: String,
}

/// Renders a template for contacts. Nothing is sent, stored or given out; coupons that a contact does not have yet are
/// shown with a stand-in.
#[utoipa::path(
    post, path = "/v1/templates/preview", tag = "contacts", security(("token" = ["templates:read"])),
    request_body(content = PreviewRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The texts, and who would get none", body = Preview),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such template or segment", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn preview_template(State(api): State<Api>, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::TemplatesRead, now).await?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let form = "{\"template\": NAME, \"contacts\": [NUMBER]}, or with \"definition\" and \"segment\" and \"sample\"";
    let asked: PreviewRequest = parsed(&read.bytes, form)?;
    let class = asked.class.as_deref().map_or(Ok(Class::Marketing), str::parse);
    let class = class.map_err(|error: String| wrong("/class", error))?;
    let template = match (asked.template, asked.definition) {
        (Some(name), None) => find_template(&api, name).await?.template,
        (None, Some(definition)) => definition.checked()?.1,
        _ => return Err(wrong("/template", "a preview has either \"template\" or \"definition\"".to_owned())),
    };
    let whom = match asked.segment {
        None => Whom::Numbers(numbers(&asked.contacts, api.0.defaults.country)?),
        Some(name) => {
            let tree = checked(&find_segment(&api, name).await?.tree)?;
            Whom::Segment(Box::new(tree), asked.sample.unwrap_or(SAMPLE_USUAL).clamp(1, CONTACTS_MAX))
        }
    };
    let settings = api.0.surroundings.settings();
    let preview = api
        .backend()
        .read(move |connection| Work { connection, template, settings: &settings, class, now }.run(whom))
        .await?;
    Ok(json(StatusCode::OK, &preview))
}

fn wrong(pointer: &str, detail: String) -> Problem {
    Problem::fields("invalid_preview", detail.clone(), vec![FieldError::new(pointer, "wrong_field", detail)])
}

fn numbers(texts: &[String], country: Option<Country>) -> Result<Vec<PhoneNumber>, Problem> {
    if texts.is_empty() || texts.len() > CONTACTS_MAX {
        return Err(wrong("/contacts", format!("a preview is for 1 to {CONTACTS_MAX} contacts, or for a segment")));
    }
    let read = |(place, text): (usize, &String)| {
        read_number(text, country).map_err(|fault| wrong(&format!("/contacts/{place}"), fault.detail))
    };
    texts.iter().enumerate().map(read).collect()
}

/// For whom.
enum Whom {
    Numbers(Vec<PhoneNumber>),
    Segment(Box<Tree>, usize),
}

struct Work<'a> {
    connection: &'a Connection,
    template: Template,
    settings: &'a Settings,
    class: Class,
    now: Timestamp,
}

impl Work<'_> {
    fn run(&self, whom: Whom) -> Result<Preview, StoreError> {
        let mut preview = Preview::default();
        match whom {
            Whom::Numbers(numbers) => {
                for number in numbers {
                    match contact::find(self.connection, &number)? {
                        Some(stored) => self.one(&stored, &mut preview)?,
                        None => {
                            let reason = "there is no such contact".to_owned();
                            preview.skipped.push(SkippedView { number: number.to_string(), reason });
                        }
                    }
                }
            }
            Whom::Segment(tree, size) => {
                let compiled = segment::compile(&tree, &segments::calendars(self.connection, self.now)?);
                let mut random = Random::new(self.now.as_millis().cast_unsigned());
                for id in segments::sample(self.connection, &compiled, size, &mut random)?.1 {
                    if let Some(stored) = contact::by_id(self.connection, id)? {
                        self.one(&stored, &mut preview)?;
                    }
                }
            }
        }
        Ok(preview)
    }

    fn one(&self, stored: &Stored, preview: &mut Preview) -> Result<(), StoreError> {
        let points = point::of(self.connection, stored.id)?;
        let brand = self.settings.consent.brand.as_deref();
        let fields = Fields::of(&stored.contact, &points, self.now).with_shop(brand);
        let number = stored.contact.number.to_string();
        let mut rendered = self.template.render(&fields, &Grants::default());
        if let Ok(first) = &rendered
            && !first.coupons.is_empty()
        {
            let grants = self.grants(first.coupons.iter(), &stored.contact.number)?;
            rendered = self.template.render(&fields, &grants);
        }
        let rendered = match rendered {
            Ok(rendered) => rendered,
            Err(skip) => {
                preview.skipped.push(SkippedView { number, reason: skip.to_string() });
                return Ok(());
            }
        };
        let to = Some(&stored.contact.number);
        let draft = Draft { text: &rendered.text, to, class: self.class, route: None, transliterate: None };
        let estimated = match pipeline::estimate(self.settings, draft) {
            Ok(estimated) => estimated,
            Err(refusal) => {
                preview.skipped.push(SkippedView { number, reason: refusal.message });
                return Ok(());
            }
        };
        // What the law adds stands in what arrives, so it stands in what is shown.
        let Estimated { text, estimate, cost, .. } = estimated;
        if estimate.segments > usize::from(self.template.segments_max) {
            preview.exceeding.push(number.clone());
        }
        preview.segments += estimate.segments;
        if let Some(cost) = cost {
            preview.cost = Some(preview.cost.unwrap_or_default().plus(cost));
            preview.currency = Some(self.settings.prices.currency.clone());
        }
        let (variant, _) = self.template.source(fields.locale.as_ref());
        preview.texts.push(TextView {
            number,
            variant: variant.map(str::to_owned),
            text,
            alphabet: estimate.alphabet.as_str(),
            segments: estimate.segments,
            cost,
            forced_ucs2_by: estimate.forced_ucs2.iter().map(|forcing| forcing.character).collect(),
            refusal: estimate.refusal,
        });
        Ok(())
    }

    /// The codes that the contact has already.
    fn grants<'a>(&self, pools: impl Iterator<Item = &'a String>, number: &PhoneNumber) -> Result<Grants, StoreError> {
        let mut grants = Grants::default();
        for pool in pools {
            if let Some(code) = coupon::held(self.connection, pool, number)? {
                grants.coupons.insert(pool.clone(), code);
            }
        }
        Ok(grants)
    }
}
