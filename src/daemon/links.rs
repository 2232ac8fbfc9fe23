//! The running links: who can take what, and who gets an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use crate::config;
use crate::link::departures::Departures;
use crate::link::modem::{self, ModemHandle, Modems, ModemsSettings, Sought, Stray};
use crate::link::{AckResult, LinkHandle, SmppLinkSettings, spawn};
use crate::model::{AckToken, LinkEvent, LinkHealth, LinkName, Submission, SubmitOutcome, SubmitResult};
use crate::pipeline::{LinkOffer, SimOffer};

/// Events of one read of one link.
pub type LinkEvents = (LinkName, Vec<LinkEvent>);

/// What left over the links of each carrier.
type ByCarrier = BTreeMap<Arc<str>, Arc<Mutex<Departures>>>;

/// The links that run, by name. Reloading the configuration adds and removes some without touching the others.
#[derive(Clone)]
pub struct Links {
    running: Arc<Mutex<BTreeMap<LinkName, LinkHandle>>>,
    modems: Arc<Mutex<Option<Arc<Modems>>>>,
    /// What left over the links of each carrier. It outlives them, since a contract does.
    departures: Arc<Mutex<ByCarrier>>,
    /// Weak, since the settler holds the links too and ends when the last strong one is gone.
    events: mpsc::WeakSender<LinkEvents>,
    wake: Arc<Notify>,
}

impl Links {
    /// No links yet; those that start report to `events` and ring `wake` when they have room.
    pub fn new(events: &mpsc::Sender<LinkEvents>, wake: Arc<Notify>) -> Self {
        let departures = Arc::default();
        Self { running: Arc::default(), modems: Arc::default(), departures, events: events.downgrade(), wake }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LinkName, LinkHandle>> {
        // The map is whole after every statement, so a panic elsewhere leaves it usable.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_modems(&self) -> Option<Arc<Modems>> {
        self.modems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The modems that have a link, whether they are plugged in or not, in the order of their names.
    pub fn modems(&self) -> Vec<(LinkHandle, ModemHandle)> {
        self.all_modems().map(|modems| modems.handles()).unwrap_or_default()
    }

    /// Devices that are or may be modems and that the configuration does not name.
    pub fn strays(&self) -> Vec<Stray> {
        self.all_modems().map(|modems| modems.strays()).unwrap_or_default()
    }

    /// Tries at once whatever may be the modem that is sought; what that is, in words.
    pub async fn look_again(&self, sought: Sought) -> Vec<String> {
        match self.all_modems() {
            Some(modems) => modems.look_again(sought).await,
            None => Vec::new(),
        }
    }

    /// Starts the modems of a configuration, or puts another configuration of them into force: those that did not change do
    /// not notice. A configuration without modems looks at no port.
    pub async fn set_modems(&self, modems: &config::Modems) {
        if let Some(running) = self.all_modems() {
            if !running.is_same(modems) {
                running.reload(modems.clone()).await;
            }
            return;
        }
        let Some(events) = self.events.upgrade() else { return };
        if modems.discover || !modems.list.is_empty() {
            // The lock is held until they can be found: one that is ready at once rings, and whoever looks must see it.
            let mut held = self.modems.lock().unwrap_or_else(PoisonError::into_inner);
            let started = modem::spawn(ModemsSettings::new(modems.clone(), self.wake.clone()), events);
            *held = Some(Arc::new(started));
            drop(held);
            self.wake.notify_one();
        }
    }

    /// The link of this name.
    fn find(&self, name: &LinkName) -> Option<LinkHandle> {
        match name.modem {
            Some(_) => self.all_modems()?.get(name).map(|(link, _)| link),
            None => self.lock().get(name).cloned(),
        }
    }

    /// Starts a carrier's link.
    pub fn start(&self, mut settings: SmppLinkSettings) {
        // Nobody settles any more: the daemon stops.
        let Some(events) = self.events.upgrade() else { return };
        settings.wake = self.wake.clone();
        let mut departures = self.departures.lock().unwrap_or_else(PoisonError::into_inner);
        settings.departures = departures.entry(settings.name.group.clone()).or_insert(settings.departures).clone();
        drop(departures);
        let name = settings.name.clone();
        // The lock is held until the link can be found: one that is up at once rings, and whoever looks must see it.
        let mut running = self.lock();
        running.insert(name, spawn(settings, events));
        drop(running);
        self.wake.notify_one();
    }

    /// Stops a link: what waits for answers gets up to `limit`.
    pub async fn stop(&self, name: &LinkName, limit: Duration) {
        let handle = self.lock().get(name).cloned();
        if let Some(handle) = handle {
            handle.shutdown(limit).await;
            self.lock().remove(name);
        }
    }

    /// Stops all links at once, each within `limit`. Returns those that still waited for answers when they were asked.
    pub async fn stop_all(&self, limit: Duration) -> Vec<(LinkName, usize)> {
        let (handles, modems) = (self.handles(), self.all_modems());
        for handle in &handles {
            handle.begin_shutdown(limit);
        }
        if let Some(modems) = &modems {
            modems.begin_shutdown(limit);
        }
        let mut awaited = Vec::new();
        for handle in handles {
            let held = handle.status().held;
            if held > 0 {
                awaited.push((handle.name().clone(), held));
            }
            handle.stopped().await;
        }
        if let Some(modems) = modems {
            modems.shutdown(limit).await;
        }
        self.lock().clear();
        awaited
    }

    /// The handles of all links: carriers first, then modems, each in the order of their names.
    pub fn handles(&self) -> Vec<LinkHandle> {
        let mut all: Vec<LinkHandle> = self.lock().values().cloned().collect();
        all.extend(self.modems().into_iter().map(|(link, _)| link));
        all
    }

    /// What the links that are up can take now.
    pub fn offers(&self) -> Vec<LinkOffer> {
        let is_up = |link: &LinkHandle| matches!(link.health(), LinkHealth::Up);
        let offer =
            |link: &LinkHandle| LinkOffer::new(link.name().clone(), link.capacity().free_segments, link.is_idle());
        let mut offers: Vec<LinkOffer> = self.lock().values().filter(|link| is_up(link)).map(offer).collect();
        for (link, modem) in self.modems() {
            if is_up(&link) {
                offers.push(LinkOffer { sim: sim_offer(&link, &modem), ..offer(&link) });
            }
        }
        offers
    }

    /// Whether a link has room that it will not ring for: it rings only at the moment when a quarter becomes free.
    pub fn have_room(&self) -> bool {
        self.lock().values().any(LinkHandle::has_room) || self.modems().iter().any(|(link, _)| link.has_room())
    }

    /// Hands a leased message over. What a link does not take any more is reported as certainly not sent.
    pub fn offer(&self, name: &LinkName, submission: Submission) -> Option<LinkEvents> {
        let back = match self.find(name) {
            Some(handle) => handle.offer(submission).err()?,
            None => submission,
        };
        let events = back.turns.iter().map(|turn| {
            let outcome = SubmitOutcome::NotSent { reason: format!("link {name} took no more") };
            let (message, attempt) = (back.message, back.attempt);
            LinkEvent::Submit(SubmitResult { message, attempt, index: turn.index, outcome })
        });
        Some((name.clone(), events.collect()))
    }

    /// Answers what a link delivered, after the store has it.
    pub fn ack(&self, name: &LinkName, tokens: impl IntoIterator<Item = AckToken>, result: AckResult) {
        let Some(handle) = self.find(name) else { return };
        for token in tokens {
            handle.ack(token, result);
        }
    }
}

/// What the choice between modems needs to know of one. Without a SIM's or modem's number nothing can be counted.
fn sim_offer(link: &LinkHandle, modem: &ModemHandle) -> Option<SimOffer> {
    let held = link.held();
    modem.look(|status| {
        let id = status.sim.iccid.as_deref().or(status.identity.imei.as_deref())?;
        Some(SimOffer { id: id.into(), held, send_time: status.send_time, failures: status.failures })
    })
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::link::HostPort;
    use crate::smpp::profile::CarrierProfile;

    fn rang(wake: &Notify) -> bool {
        pin!(wake.notified()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// A link that is up before it can be found rings for nobody: whoever is woken looks, finds none and sleeps.
    #[tokio::test]
    async fn whoever_starts_links_rings_once_they_can_be_found() {
        let (events, _kept) = mpsc::channel(16);
        let wake = Arc::new(Notify::new());
        let links = Links::new(&events, wake.clone());
        let name = LinkName::new("north", 1);
        let hosts = vec![HostPort::new("127.0.0.1", 9)];
        links.start(SmppLinkSettings::new(name.clone(), Arc::new(CarrierProfile::default()), hosts));
        assert!(rang(&wake) && links.find(&name).is_some());
        assert!(!rang(&wake), "once");
        links.set_modems(&config::Modems { discover: true, ..config::Modems::default() }).await;
        assert!(rang(&wake) && links.all_modems().is_some());
    }
}
