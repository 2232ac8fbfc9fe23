//! Counts callbacks and the targets they go to, for `/metrics`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::policy::callback_targets::Counts;
use crate::store::callback::Ending;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: &'static str,
}

/// The numbers of the notifier. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct NotifierMetrics {
    targets: Family<ByState, Gauge>,
    on_their_way: Gauge,
    tries: Family<ByOutcome, Counter>,
}

impl NotifierMetrics {
    /// Names the numbers in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("callback_targets", "Targets of callbacks by how they answer", self.targets.clone());
        registry.register("callbacks_on_their_way", "Callbacks that wait for an answer", self.on_their_way.clone());
        registry.register("callback_tries", "Tries of callbacks by what came of them", self.tries.clone());
    }

    pub(super) fn targets(&self, counts: Counts) {
        for (state, count) in [("new", counts.new), ("answering", counts.answering), ("failing", counts.failing)] {
            self.targets.get_or_create(&ByState { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.on_their_way.set(i64::try_from(counts.on_their_way).unwrap_or(i64::MAX));
    }

    pub(super) fn ended(&self, ending: &Ending) {
        let outcome = match ending {
            Ending::Done => "done",
            Ending::Again(_) => "again",
            Ending::Dead => "dead",
        };
        self.tries.get_or_create(&ByOutcome { outcome }).inc();
    }
}
