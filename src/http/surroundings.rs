//! What the HTTP side needs to know of the rest of the daemon, and what it tells it.

use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{ModemAnswer, ModemRequest, ModemStatus, TraceLine};
use crate::pipeline::{Settings, Wakes};

/// How one link is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LinkStatus {
    /// The link: `north`, or `north/2` for the second bind of a carrier.
    pub name: String,
    /// `smpp` or `modem`.
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// `up`, `down` or `paused`.
    #[schema(value_type = String)]
    pub health: &'static str,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when it is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub paused_until: Option<String>,
    /// Segments handed to it whose outcome is awaited.
    pub in_flight: usize,
    /// Segments that it can take now.
    pub free: usize,
}

/// A modem's answer to come; `None` when there is no such modem.
pub type Asked = Pin<Box<dyn Future<Output = Option<ModemAnswer>> + Send>>;

/// The rest of the daemon, as the HTTP side sees it. No function of it may block.
pub trait Surroundings: Send + Sync + 'static {
    /// The pipeline's settings in force.
    fn settings(&self) -> Arc<Settings>;
    /// Messages were stored or changed: somebody has something to look at.
    fn wake(&self, wakes: Wakes);
    /// All links, in order.
    fn links(&self) -> Vec<LinkStatus>;
    /// What passed over a link lately, oldest first; `None` when there is no such link. A modem's link goes by the modem's
    /// name, too. Unless `full`, numbers are masked and texts left out.
    fn trace(&self, name: &str, full: bool) -> Option<Vec<TraceLine>> {
        let _ = (name, full);
        None
    }
    /// All modems, by name.
    fn modems(&self) -> Vec<ModemStatus> {
        Vec::new()
    }
    /// Asks something of a modem. The answer may take minutes, as some networks' answers do.
    fn modem_request(&self, name: &str, what: ModemRequest) -> Asked {
        let _ = (name, what);
        Box::pin(std::future::ready(None))
    }
    /// Why the daemon is not ready to take messages, if it is not.
    fn not_ready(&self) -> Option<String>;
    /// The metrics in the OpenMetrics text format.
    fn metrics(&self) -> String;
}
