//! What the daemon lends to the HTTP side.

use std::sync::Arc;

use super::bells::Bells;
use super::housekeeper::DiskRoom;
use super::links::Links;
use super::metrics::Metrics;
use crate::http::{Asked, LinkStatus, Surroundings};
use crate::link::Shown;
use crate::link::modem::{Sought, Stray};
use crate::model::{
    LinkHealth, LinkName, ModemAnswer, ModemIdentity, ModemRequest, ModemStage, ModemStatus, ResetKind, SimIdentity,
    TraceLine,
};
use crate::pipeline::{Settings, Wakes};

/// The daemon as the HTTP side sees it.
pub struct House {
    /// The bells.
    pub bells: Bells,
    /// The links.
    pub links: Links,
    /// Whether the disk has room.
    pub disk: DiskRoom,
    /// The counters.
    pub metrics: Metrics,
}

impl Surroundings for House {
    fn settings(&self) -> Arc<Settings> {
        self.bells.settings()
    }

    fn wake(&self, wakes: Wakes) {
        self.bells.ring(wakes);
    }

    fn links(&self) -> Vec<LinkStatus> {
        self.links.handles().iter().map(|handle| status_of(&handle.status(), handle.capacity().free_segments)).collect()
    }

    fn trace(&self, name: &str, full: bool) -> Option<Vec<TraceLine>> {
        let is_meant = |link: &LinkName| link.to_string() == name || link.modem.as_deref() == Some(name);
        let link = self.links.handles().into_iter().find(|link| is_meant(link.name()))?;
        if full {
            return Some(link.trace(Shown::Whole));
        }
        let mut salt = [0; 16];
        // Without a salt the digits could be guessed again; then nothing is shown.
        getrandom::fill(&mut salt).ok().map(|()| link.trace(Shown::Masked { salt })).or(Some(Vec::new()))
    }

    fn modems(&self) -> Vec<ModemStatus> {
        let known = self.links.modems().into_iter().map(|(_, modem)| modem.status());
        known.chain(self.links.strays().into_iter().map(unclaimed)).collect()
    }

    fn modem_request(&self, name: &str, what: ModemRequest) -> Asked {
        let found = self.links.modems().into_iter().find(|(_, modem)| modem.name().modem.as_deref() == Some(name));
        let stray = self.links.strays().into_iter().find(|stray| stray.place == name);
        let links = self.links.clone();
        let looks = matches!(what, ModemRequest::Reset(ResetKind::Init | ResetKind::Modem) | ModemRequest::Refresh);
        Box::pin(async move {
            match (found, stray) {
                (Some((_, modem)), _) => {
                    let why = modem.look(|status| (status.port.is_none()).then(|| status.reason.clone()));
                    match why {
                        // What has no port cannot be reset, but looked for.
                        Some(why) if looks => {
                            Some(looked_for(links.look_again(Sought::Link(modem.name().clone())).await, &why))
                        }
                        _ => Some(modem.request(what).await),
                    }
                }
                (None, Some(stray)) if looks => {
                    let why = unclaimed(stray.clone()).reason;
                    Some(looked_for(links.look_again(Sought::Place(stray.place)).await, &why))
                }
                (None, Some(stray)) => {
                    let ModemStatus { name, reason, advice, .. } = unclaimed(stray);
                    Some(ModemAnswer::Failed(format!(
                        "no modem of the configuration is at USB {name}: {reason}. {advice}"
                    )))
                }
                (None, None) => None,
            }
        })
    }

    fn not_ready(&self) -> Option<String> {
        if self.bells.stopping() {
            return Some("the daemon is stopping".to_owned());
        }
        self.disk.is_short().then(|| "the disk has too little room left".to_owned())
    }

    fn metrics(&self) -> String {
        self.metrics.text(&self.links)
    }
}

/// What a technician is told who asks a modem that has no port for a reset.
fn looked_for(tried: Vec<String>, why: &str) -> ModemAnswer {
    let why = if why.is_empty() { "it has no port" } else { why };
    if tried.is_empty() {
        return ModemAnswer::Failed(format!("{why}; nothing is plugged in that the configuration could mean"));
    }
    ModemAnswer::Lines(vec![format!("{why}; it is looked for again now: {}", tried.join(", "))])
}

/// A device that nobody has, with the line that would make it a modem.
fn unclaimed(stray: Stray) -> ModemStatus {
    let (reason, mut advice) = stray.fault.map(|fault| (fault.text, fault.advice)).unwrap_or_default();
    if advice.is_empty() {
        let by = stray
            .imei
            .as_ref()
            .map_or_else(|| format!("usb_path = \"{}\"", stray.place), |imei| format!("imei = \"{imei}\""));
        advice = format!("To use it, put [[modem]] with a name and {by} into the configuration, and reload.");
    }
    ModemStatus {
        name: stray.place.clone(),
        stage: ModemStage::Unclaimed,
        reason,
        advice,
        place: Some(stray.place),
        port: stray.port,
        usb_id: Some(stray.usb_id),
        identity: ModemIdentity { maker: stray.name, model: stray.model, imei: stray.imei, ..ModemIdentity::default() },
        sim: SimIdentity { iccid: stray.iccid, ..SimIdentity::default() },
        ..ModemStatus::default()
    }
}

/// A link's snapshot in the API's words.
fn status_of(status: &crate::link::LinkStatus, free: usize) -> LinkStatus {
    let (health, reason, paused_until) = match &status.health {
        LinkHealth::Up => ("up", None, None),
        LinkHealth::Down(reason) => ("down", Some(reason.clone()), None),
        LinkHealth::Paused { until, reason } => ("paused", Some(reason.clone()), Some(until.to_string())),
    };
    LinkStatus {
        name: status.name.to_string(),
        kind: if status.name.modem.is_some() { "modem" } else { "smpp" },
        health,
        reason,
        paused_until,
        in_flight: status.held,
        free,
    }
}
