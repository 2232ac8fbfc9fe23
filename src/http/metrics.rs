//! Counts what the HTTP side does, for `/metrics`.

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::campaign::link::Visitor;

/// The status of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStatus {
    status: u16,
}

/// What came of a webhook's body.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByHook {
    webhook: String,
    outcome: &'static str,
}

/// Who asked for a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByVisitor {
    visitor: &'static str,
}

/// The counters of the HTTP side. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct HttpMetrics {
    answers: Family<ByStatus, Counter>,
    accepted: Counter,
    refused: Counter,
    turned_away: Counter,
    hooks: Family<ByHook, Counter>,
}

impl HttpMetrics {
    /// Names the counters in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_answers", "Answers by HTTP status", self.answers.clone());
        registry.register("http_messages_accepted", "Messages accepted by the API", self.accepted.clone());
        registry.register("http_messages_refused", "Messages refused by the API", self.refused.clone());
        registry.register("http_connections_turned_away", "Connections above the limit", self.turned_away.clone());
        registry.register("http_webhooks", "Bodies of webhooks by what came of them", self.hooks.clone());
    }

    /// A request was answered.
    pub fn answered(&self, status: StatusCode) {
        self.answers.get_or_create(&ByStatus { status: status.as_u16() }).inc();
    }

    /// A request's messages were taken or not.
    pub fn messages(&self, accepted: usize, refused: usize) {
        self.accepted.inc_by(u64::try_from(accepted).unwrap_or(0));
        self.refused.inc_by(u64::try_from(refused).unwrap_or(0));
    }

    /// A webhook's body was taken, repeated, left out or refused. The name is one of the configuration.
    pub fn hook(&self, webhook: &str, outcome: &'static str) {
        self.hooks.get_or_create(&ByHook { webhook: webhook.to_owned(), outcome }).inc();
    }

    /// A connection was one too many.
    pub fn turned_away(&self) {
        self.turned_away.inc();
    }
}

/// The counters of short links and pages. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct PagesMetrics {
    /// Those of the listener.
    pub http: HttpMetrics,
    requests: Family<ByVisitor, Counter>,
    lost: Counter,
}

impl PagesMetrics {
    /// Names the counters in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("pages_answers", "Answers of the pages by HTTP status", self.http.answers.clone());
        let turned_away = self.http.turned_away.clone();
        registry.register("pages_connections_turned_away", "Connections to the pages above the limit", turned_away);
        registry.register("pages_requests", "Requests for links that are there, by visitor", self.requests.clone());
        registry.register("pages_clicks_lost", "Clicks that could not be counted", self.lost.clone());
    }

    /// Somebody asked for a link that is there.
    pub fn asked(&self, visitor: Visitor) {
        let visitor = match visitor {
            Visitor::Person => "person",
            Visitor::Prefetch => "prefetch",
            Visitor::Machine(_) => "machine",
        };
        self.requests.get_or_create(&ByVisitor { visitor }).inc();
    }

    /// A click could not be counted.
    pub fn lost(&self) {
        self.lost.inc();
    }
}
