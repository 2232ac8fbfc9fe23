//! What a modem's link and the finder say to each other, and how a link begins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};

use super::fault::Fault;
use super::handle::{ModemHandle, REQUESTS_MAX, SharedStatus};
use super::modem_link::{AHEAD, Inbox, ModemLink};
use super::port::Wire;
use super::settings::LinkSettings;
use crate::clock::Moment;
use crate::handle::{LinkHandle, Shared};
use crate::queue::Queue;
use crate::report::Reporter;
use crate::status::LinkStatus;
use postrider_at as at;
use postrider_model::{LinkEvent, LinkName, ModemStatus};

/// Submissions that can wait in the channel: each has reserved at least one of the places.
const OFFERS_MAX: usize = AHEAD.1 * 4;
/// Answers of the store that can wait. A modem has as many open as its stores have slots.
const ACKS_MAX: usize = 512;

/// What the finder tells a link.
pub(super) enum FromFinder {
    /// A port is open.
    Attach(Attachment),
    /// There is none, and why.
    Absent(Fault),
}

/// An open port.
pub(super) struct Attachment {
    pub wire: Wire,
    /// `/dev/ttyUSB2` or `host:port`.
    pub port: String,
    /// Where the device is plugged in, and what it is.
    pub usb: Option<UsbPlace>,
}

/// Where a USB device is plugged in, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UsbPlace {
    pub path: String,
    pub id: (u16, u16),
}

/// What a link tells the finder: its port is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    pub link: LinkName,
    /// Another modem or SIM than this link's is there: it is to be looked at anew.
    pub stranger: bool,
}

/// The ends of a link that the finder holds.
pub(super) struct LinkEnds {
    pub link: LinkHandle,
    pub modem: ModemHandle,
    pub finder: mpsc::Sender<FromFinder>,
}

/// Starts a link without a port.
pub(super) fn spawn(
    settings: LinkSettings,
    events: mpsc::Sender<(LinkName, Vec<LinkEvent>)>,
    closed: mpsc::Sender<Closed>,
) -> LinkEnds {
    let moment = Moment::read();
    let name = settings.name();
    let status = LinkStatus::new(name.clone(), settings.modem.finding.to_string(), 1, moment.wall);
    let shared = Arc::new(Shared::new(status, AHEAD.0, Arc::clone(&settings.wake)));
    let modem_status = ModemStatus {
        name: settings.modem.name.clone(),
        group: settings.modem.group.clone(),
        since: moment.wall,
        reason: format!("modem \"{}\": it was not found yet ({})", settings.modem.name, settings.modem.finding),
        ..ModemStatus::default()
    };
    let modem_status: SharedStatus = Arc::new(Mutex::new(modem_status));
    let (offers, offers_in) = mpsc::channel(OFFERS_MAX);
    let (acks, acks_in) = mpsc::channel(ACKS_MAX);
    let (requests, requests_in) = mpsc::channel(REQUESTS_MAX);
    let (finder, finder_in) = mpsc::channel(2);
    let (stop, stop_asked) = watch::channel(None);
    let (stopped_out, stopped) = watch::channel(false);
    let link = ModemLink {
        reporter: Reporter::new(name.clone(), Arc::clone(&shared), events),
        inbox: Inbox { offers: offers_in, acks: acks_in, requests: requests_in, finder: finder_in, stop: stop_asked },
        shared: Arc::clone(&shared),
        status: Arc::clone(&modem_status),
        machine: at::Modem::new(settings.at.clone(), None),
        usb: None,
        carriage: None,
        session: 0,
        queue: Queue::default(),
        flights: Vec::new(),
        answers: BTreeMap::new(),
        requests: 0,
        stop_at: None,
        closed,
        name: name.clone(),
        settings,
    };
    tokio::spawn(async move {
        link.run().await;
        stopped_out.send_replace(true);
    });
    LinkEnds {
        link: LinkHandle { name: name.clone(), shared, offers, acks, stop, stopped },
        modem: ModemHandle { name, status: modem_status, requests },
        finder,
    }
}
