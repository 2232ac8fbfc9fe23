//! What one SMPP link is told before it starts.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use super::clock::Moment;
use super::connector::ConnectorSettings;
use super::departures::Departures;
use super::stream::{HostPort, Tls};
use postrider_model::LinkName;
use postrider_smpp::profile::{CarrierProfile, WINDOW_MAX};

/// Segments that a link holds at least: a whole message of ten segments fits four times, whatever the window is.
const HELD_MIN: usize = 40;
/// Segments that a link holds at most.
const HELD_MAX: usize = 2 * WINDOW_MAX;

/// One bind of one carrier.
#[derive(Debug, Clone)]
pub struct SmppLinkSettings {
    /// Its name.
    pub name: LinkName,
    /// The carrier.
    pub profile: Arc<CarrierProfile>,
    /// Where to connect, tried in turn; at least one.
    pub hosts: Vec<HostPort>,
    /// Where to listen for a carrier that connects to us and sends `outbind`; the hosts are not used then. Such a
    /// carrier gets one session, a transceiver or whatever single bind the profile names, and no TLS.
    pub outbind: Option<SocketAddr>,
    /// TLS, if the carrier speaks it.
    pub tls: Option<Tls>,
    /// How patient it is. The number of hosts is filled in.
    pub connector: ConnectorSettings,
    /// A bound carrier that answers no submission for so long counts as lost.
    pub silence_max: Duration,
    /// Segments held beyond the window, so that the next ones are there when answers come.
    pub prefetch: usize,
    /// The seed of its jitter.
    pub seed: u64,
    /// Rung when the link can take segments again.
    pub wake: Arc<Notify>,
    /// What left over all links of the carrier; they share its contract.
    pub departures: Arc<Mutex<Departures>>,
}

impl SmppLinkSettings {
    /// A link to `hosts` with the usual patience. It prefetches one window.
    pub fn new(name: LinkName, profile: Arc<CarrierProfile>, hosts: Vec<HostPort>) -> Self {
        let prefetch = profile.window;
        let silence_max = profile.timers.response.mul_f64(1.5);
        Self {
            name,
            profile,
            hosts,
            outbind: None,
            tls: None,
            connector: ConnectorSettings::default(),
            silence_max,
            prefetch,
            seed: 0,
            wake: Arc::new(Notify::new()),
            departures: Arc::new(Mutex::new(Departures::new(Moment::read().now))),
        }
    }

    /// Whether a running link with these settings may go on when the configuration says `other`.
    pub fn is_same(&self, other: &Self) -> bool {
        let Self {
            name,
            profile,
            hosts,
            outbind,
            tls,
            connector,
            silence_max,
            prefetch,
            seed: _,
            wake: _,
            departures: _,
        } = self;
        *name == other.name
            && *profile == other.profile
            && *hosts == other.hosts
            && *outbind == other.outbind
            && tls.as_ref().map(Tls::settings) == other.tls.as_ref().map(Tls::settings)
            && *connector == other.connector
            && *silence_max == other.silence_max
            && *prefetch == other.prefetch
    }

    /// How many segments the link holds at most, sent or not.
    pub fn held_max(&self) -> usize {
        self.profile.window.saturating_add(self.prefetch).clamp(HELD_MIN, HELD_MAX)
    }
}
