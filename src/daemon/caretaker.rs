//! The caretaker's loop: asks for the balances of SIMs that are due, and keeps those alive that nobody used.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::bells::Bells;
use super::clock::now;
use super::links::{LinkEvents, Links};
use super::watch::Beat;
use crate::link::modem::ModemHandle;
use crate::model::{LinkEvent, LinkHealth, ModemAnswer, ModemNotice, ModemRequest};
use crate::pipeline::{Turn, care};
use crate::store::Store;

/// How often it looks; a modem that just became ready is looked at after so long.
const PERIOD: Duration = Duration::from_secs(60);

/// What the loop needs.
pub struct CaretakerTask {
    /// The store.
    pub store: Store,
    /// The bells.
    pub bells: Bells,
    /// The links.
    pub links: Links,
    /// Where answers of networks go.
    pub events: mpsc::Sender<LinkEvents>,
    /// Beats once a turn.
    pub beat: Beat,
}

impl CaretakerTask {
    /// Runs until the stop.
    pub async fn run(self) {
        let mut stop = self.bells.stop.clone();
        let mut asking = JoinSet::new();
        loop {
            tokio::select! {
                () = self.beat.rest(PERIOD) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            while asking.try_join_next().is_some() {}
            let modems = self.links.modems();
            let is_up = |health| matches!(health, LinkHealth::Up);
            let up: Vec<_> =
                modems.iter().filter(|(link, _)| is_up(link.health())).map(|(link, _)| link.name().clone()).collect();
            if up.is_empty() {
                continue;
            }
            let settings = self.bells.settings();
            let turn = self.store.write(move |tx| {
                let turn = Turn::new(tx, &settings, now());
                Ok((care(&turn, &up)?, turn.wakes()))
            });
            match turn.await {
                Ok((questions, wakes)) => {
                    self.bells.ring(wakes);
                    for (name, code) in questions {
                        if let Some((_, modem)) = modems.iter().find(|(link, _)| *link.name() == name) {
                            asking.spawn(ask(modem.clone(), code, self.events.clone()));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "The SIMs were not looked after: {error}"),
            }
        }
    }
}

/// Asks the network one question and hands its answer to the settler.
async fn ask(modem: ModemHandle, code: String, events: mpsc::Sender<LinkEvents>) {
    let name = modem.name().clone();
    match modem.request(ModemRequest::Ussd(code.clone())).await {
        ModemAnswer::Ussd { text, more } => {
            if more {
                // A menu that nobody goes on with keeps the dialogue open.
                modem.request(ModemRequest::UssdEnd).await;
            }
            let status = modem.status();
            let Some(iccid) = status.sim.iccid.or(status.identity.imei) else { return };
            let event = LinkEvent::Modem { notice: ModemNotice::Balance { iccid, text }, ack: None };
            // The settler is gone only when the daemon stops; the question is asked again another day.
            let _ = events.send((name, vec![event])).await;
        }
        ModemAnswer::Lines(_) | ModemAnswer::Done => {}
        ModemAnswer::Failed(why) => {
            tracing::warn!(postrider.modem = %name, "The balance question {code} of {name} got no answer: {why}");
        }
    }
}
