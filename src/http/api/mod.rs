//! The routes under `/v1` and beside it, one file for each kind of thing.
//!
//! Every route stands in [`router`] and describes itself for the OpenAPI document; a test holds the two together.

mod batch;
mod campaign;
mod campaign_act;
mod campaign_ask;
mod campaign_report;
mod consent;
mod contact;
mod contact_event;
mod contact_view;
mod contest;
mod contest_draw;
mod conversation;
mod conversation_act;
mod coupon;
mod defined;
mod estimate;
mod health;
mod hook;
mod inbound;
mod law;
mod links;
mod list;
mod message;
mod modem;
mod modem_ask;
mod modem_view;
mod number;
mod page;
mod page_preview;
mod playbook;
mod post;
mod query;
mod restore;
mod segment;
mod segment_live;
mod service;
mod short_link;
mod suppression;
mod survey;
mod template;
mod template_preview;
mod view;
mod workflow;
mod workflow_enrolment;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::{MessageId, PhoneNumber, Timestamp};
use crate::pipeline::Wakes;
use crate::store::Store;

use super::auth::{Auth, Caller};
use super::backend::Backend;
use super::body::Reader;
use super::clock::Clock;
use super::metrics::HttpMetrics;
use super::openapi::{self, Document};
use super::problem::Problem;
use super::request::Defaults;
use super::settings::HttpSettings;
use super::surroundings::Surroundings;
use super::token::Scope;

pub use batch::Accepted;
pub use contact_view::{contact as contact_json, points as contact_points_json};
pub use links::{TraceLineView, TraceView};
pub use modem_ask::{at_command, ussd_text};
pub use modem_view::{AnswerView, ModemView, SpanView, StandingView};
pub use view::{InboundView, MessageView, TimelineView};

/// What all handlers share. Cloning is cheap.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    backend: Backend,
    auth: Auth,
    reader: Reader,
    clock: Clock,
    metrics: HttpMetrics,
    backlog_max: i64,
    defaults: Defaults,
    surroundings: Arc<dyn Surroundings>,
    hooks: hook::Hooks,
}

impl Api {
    /// The API over `store`.
    pub fn new(
        settings: &HttpSettings,
        store: Store,
        clock: Clock,
        metrics: HttpMetrics,
        surroundings: Arc<dyn Surroundings>,
    ) -> Self {
        Self(Arc::new(Inner {
            backend: Backend::new(store, settings.reads_max),
            auth: Auth::new(settings.token_cache_time),
            reader: Reader::new(settings),
            clock,
            metrics,
            backlog_max: settings.backlog_max,
            defaults: Defaults::of(settings),
            surroundings,
            hooks: Arc::new(settings.webhooks.iter().map(|hook| (hook.name.clone(), hook.clone())).collect()),
        }))
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    fn backend(&self) -> &Backend {
        &self.0.backend
    }

    /// Something happened to contacts, or somebody wants to know who is meant.
    fn wake_steps(&self) {
        self.0.surroundings.wake(Wakes { steps: true, ..Wakes::default() });
    }

    /// A number as people write it where the gateway stands.
    fn recipient(&self, text: &str) -> Result<PhoneNumber, String> {
        let cut: String = text.chars().take(80).collect();
        self.0.defaults.recipient(&cut).map_err(|error| error.to_string())
    }

    /// A number in a query, where a plus that was not written as `%2B` arrives as a blank.
    fn number_in_query(&self, text: &str) -> Result<PhoneNumber, Problem> {
        let text = text.strip_prefix(' ').map_or_else(|| text.to_owned(), |rest| format!("+{rest}"));
        self.recipient(&text)
            .map_err(|why| Problem::bad_request("invalid_query", format!("query parameter number: {why}")))
    }

    /// The number in a path.
    fn number_in_path(&self, path: Result<Path<String>, PathRejection>) -> Result<PhoneNumber, Problem> {
        let text = path.map_err(|error| Problem::not_found(format!("there is no such number: {error}")))?;
        self.recipient(&text).map_err(|why| Problem::not_found(format!("there is no such number: {why}")))
    }

    async fn authorize(&self, headers: &HeaderMap, scope: Scope, now: Timestamp) -> Result<Caller, Problem> {
        self.0.auth.authorize(headers, scope, &self.0.backend, now).await
    }
}

/// All routes, with the document that describes them.
pub fn router(api: Api) -> Router {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(post::post_messages, list::list_messages))
        .routes(routes!(message::get_message, message::delete_message))
        .routes(routes!(message::cancel_message))
        .routes(routes!(message::resolve_message))
        .routes(routes!(inbound::list_inbound))
        .routes(routes!(links::list_links))
        .routes(routes!(links::trace_link))
        .routes(routes!(modem::list_modems))
        .routes(routes!(modem::get_modem))
        .routes(routes!(modem_ask::modem_at))
        .routes(routes!(modem_ask::modem_ussd))
        .routes(routes!(modem_ask::modem_reset))
        .routes(routes!(modem_ask::modem_refresh))
        .routes(routes!(modem::modem_sms_test))
        .routes(routes!(estimate::estimate))
        .routes(routes!(consent::post_consents, consent::list_consents))
        .routes(routes!(suppression::post_suppression, suppression::list_suppressions))
        .routes(routes!(suppression::lift_suppression))
        .routes(routes!(number::export_number))
        .routes(routes!(number::erase_number))
        .routes(routes!(law::law))
        .routes(routes!(contact::post_contacts, contact::list_contacts))
        .routes(routes!(contact::get_contact, contact::put_contact, contact::delete_contact))
        .routes(routes!(contact_event::post_events))
        .routes(routes!(hook::post_hook))
        .routes(routes!(segment::list_segments))
        .routes(routes!(segment::count_segment))
        .routes(routes!(segment::get_segment, segment::put_segment, segment::delete_segment))
        .routes(routes!(segment_live::put_live, segment_live::delete_live))
        .routes(routes!(segment_live::list_members))
        .routes(routes!(segment_live::list_changes))
        .routes(routes!(segment::list_points))
        .routes(routes!(template::list_templates))
        .routes(routes!(template_preview::preview_template))
        .routes(routes!(template::get_template, template::put_template, template::delete_template))
        .routes(routes!(campaign::list_campaigns))
        .routes(routes!(campaign::get_campaign, campaign::put_campaign, campaign::delete_campaign))
        .routes(routes!(campaign_act::start_campaign))
        .routes(routes!(campaign_act::pause_campaign))
        .routes(routes!(campaign_act::resume_campaign))
        .routes(routes!(campaign_act::cancel_campaign))
        .routes(routes!(campaign_ask::estimate_campaign))
        .routes(routes!(campaign_ask::test_campaign))
        .routes(routes!(campaign_report::report_campaign))
        .routes(routes!(campaign_report::list_recipients))
        .routes(routes!(coupon::list_coupons))
        .routes(routes!(coupon::redeem_coupon))
        .routes(routes!(coupon::put_coupons))
        .routes(routes!(coupon::post_codes))
        .routes(routes!(coupon::issue_coupon))
        .routes(routes!(workflow::list_workflows))
        .routes(routes!(workflow::get_workflow, workflow::put_workflow, workflow::delete_workflow))
        .routes(routes!(workflow::activate_workflow))
        .routes(routes!(workflow::deactivate_workflow))
        .routes(routes!(workflow_enrolment::post_enrolment, workflow_enrolment::list_enrolments))
        .routes(routes!(workflow_enrolment::get_enrolment, workflow_enrolment::cancel_enrolment))
        .routes(routes!(conversation::list_conversations))
        .routes(routes!(conversation::get_conversation))
        .routes(routes!(conversation_act::post_reply))
        .routes(routes!(conversation_act::post_note))
        .routes(routes!(conversation_act::post_tags))
        .routes(routes!(conversation_act::assign))
        .routes(routes!(conversation_act::close))
        .routes(routes!(conversation_act::open))
        .routes(routes!(conversation_act::read))
        .routes(routes!(service::list_services))
        .routes(routes!(service::get_service, service::put_service, service::delete_service))
        .routes(routes!(survey::list_surveys))
        .routes(routes!(survey::get_survey, survey::put_survey, survey::delete_survey))
        .routes(routes!(survey::start_survey_now))
        .routes(routes!(survey::list_answers))
        .routes(routes!(contest::list_contests))
        .routes(routes!(contest::get_contest, contest::put_contest, contest::delete_contest))
        .routes(routes!(contest::post_entry, contest::list_entries))
        .routes(routes!(contest_draw::draw_contest))
        .routes(routes!(page::list_pages))
        .routes(routes!(page::get_page, page::put_page, page::delete_page))
        .routes(routes!(page_preview::preview_page))
        .routes(routes!(short_link::post_short_link, short_link::list_short_links))
        .routes(routes!(short_link::get_short_link))
        .routes(routes!(playbook::list_playbooks))
        .routes(routes!(playbook::get_playbook, playbook::delete_playbook))
        .routes(routes!(playbook::install_playbook))
        .routes(routes!(restore::get_restore))
        .routes(routes!(restore::release_restore))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi))
        .with_state(api)
        .split_for_parts();
    openapi::complete(&mut document);
    let text: Arc<str> = serde_json::to_string(&document).unwrap_or_default().into();
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(axum::Extension(health::DocumentText(text)))
}

async fn no_such_path(uri: Uri) -> Problem {
    let shown: String = uri.path().chars().take(120).collect();
    Problem::not_found(format!("there is no {shown}; /v1/openapi.json lists what there is"))
}

async fn no_such_method(method: Method, uri: Uri) -> Problem {
    let shown: String = uri.path().chars().take(120).collect();
    let name: String = method.as_str().chars().take(20).collect();
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("{shown} has no method {name}"))
}

/// An answer in JSON.
fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => json_bytes(status, body),
        Err(error) => {
            tracing::error!(%error, "An answer cannot be written as JSON: {error}");
            Problem::bug().into_response()
        }
    }
}

fn json_bytes(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The id in a path. What is no id names no message.
fn message_id(text: &str) -> Result<MessageId, Problem> {
    text.parse()
        .map_err(|error: crate::model::ParseIdError| Problem::not_found(format!("there is no such message: {error}")))
}
