//! The numbers for Prometheus: messages by state, links, requests.

use std::fmt::Write;
use std::sync::Arc;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::links::Links;
use super::notifier_metrics::NotifierMetrics;
use crate::http::{HttpMetrics, PagesMetrics};
use crate::link::LinkCounters as Counters;
use crate::model::{LinkHealth, State};
use crate::store::Store;

/// What is counted, and where the rest is read.
#[derive(Clone)]
pub struct Metrics {
    store: Store,
    registry: Arc<Registry>,
}

impl Metrics {
    /// The numbers of `store`, of the HTTP side, of the pages and of callbacks.
    pub fn new(store: Store, http: &HttpMetrics, pages: &PagesMetrics, notifier: &NotifierMetrics) -> Self {
        let mut registry = Registry::with_prefix("postrider");
        http.register(&mut registry);
        pages.register(&mut registry);
        notifier.register(&mut registry);
        Self { store, registry: Arc::new(registry) }
    }

    /// Everything in the OpenMetrics text format.
    pub fn text(&self, links: &Links) -> String {
        let mut out = String::new();
        self.messages(&mut out);
        self.standing(&mut out);
        Self::links(&mut out, links);
        // Writing to a string cannot fail. The registry ends the text with its `# EOF`.
        let _ = encode(&mut out, &self.registry);
        out
    }

    fn messages(&self, out: &mut String) {
        let tally = self.store.tally();
        head(out, "postrider_messages", "gauge", "Messages kept, by state");
        for state in State::ALL {
            let _ = writeln!(out, "postrider_messages{{state=\"{state}\"}} {}", tally.get(state));
        }
    }

    fn standing(&self, out: &mut String) {
        let standing = self.store.standing();
        head(out, "postrider_rows_damaged", "gauge", "Rows that are set aside because they cannot be read");
        let _ = writeln!(out, "postrider_rows_damaged {}", standing.damaged);
        head(
            out,
            "postrider_restored",
            "gauge",
            "Whether the database was put back and waits for postrider restore --release",
        );
        let _ = writeln!(out, "postrider_restored {}", u8::from(standing.held_upto.is_some()));
    }

    fn links(out: &mut String, links: &Links) {
        let statuses: Vec<_> = links.handles().iter().map(crate::link::LinkHandle::status).collect();
        head(out, "postrider_link_up", "gauge", "Whether the link is bound and takes messages");
        for status in &statuses {
            let up = u8::from(status.health == LinkHealth::Up);
            let _ = writeln!(out, "postrider_link_up{{link=\"{}\"}} {up}", status.name);
        }
        head(out, "postrider_link_window_used", "gauge", "Requests that wait for the carrier's answer");
        for status in &statuses {
            let _ = writeln!(out, "postrider_link_window_used{{link=\"{}\"}} {}", status.name, status.window_used);
        }
        head(out, "postrider_link_segments", "counter", "Segments handed to the link, by outcome");
        for status in &statuses {
            let counters = &status.counters;
            for (outcome, count) in [
                ("accepted", counters.accepted),
                ("refused", counters.refused),
                ("unanswered", counters.unanswered),
                ("not_sent", counters.not_sent),
                ("late", counters.late),
            ] {
                let name = &status.name;
                let _ = writeln!(out, "postrider_link_segments_total{{link=\"{name}\",outcome=\"{outcome}\"}} {count}");
            }
        }
        for (metric, help, value) in [
            ("postrider_link_receipts", "Delivery receipts that came in", (|c| c.receipts) as fn(&Counters) -> u64),
            ("postrider_link_inbound_parts", "Parts of incoming messages that came in", |c| c.inbound),
            ("postrider_link_throttled", "Answers that said that the link is too fast", |c| c.throttled),
            ("postrider_link_losses", "Failed connections and broken sessions", |c| c.losses),
        ] {
            head(out, metric, "counter", help);
            for status in &statuses {
                let _ = writeln!(out, "{metric}_total{{link=\"{}\"}} {}", status.name, value(&status.counters));
            }
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} {kind}");
}
