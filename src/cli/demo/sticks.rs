//! The demo's two simulated modems: one is pulled out, the other one goes on, and the first heals when it is plugged in again.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tokio::time::interval;

use super::api::Api;
use super::samples::UNPLUGGED;
use crate::cli::out;
use crate::daemon::now;
use crate::sim::modem::{Persona, SimModemSettings};
use crate::sim::modem_server::ModemServer;

/// The modems' names, and the makers whose ways they have.
pub const NAMES: [(&str, &str); 2] = [("counter", "huawei-e173"), ("stockroom", "quectel-ec25")];
/// The group that both are in.
pub const GROUP: &str = "sticks";
/// How often the modems are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The modems.
pub struct Sticks {
    modems: Vec<ModemServer>,
}

impl Sticks {
    /// Plugs both in, on pseudo terminals with links in `folder`.
    pub fn plug_in(folder: &Path) -> anyhow::Result<Self> {
        let mut modems = Vec::new();
        for (number, (name, maker)) in (1..).zip(NAMES) {
            let persona = Persona::named(maker).with_context(|| format!("there is no simulated {maker}"))?;
            let mut settings = SimModemSettings::numbered(number, persona);
            settings.part_time = Duration::from_millis(400);
            settings.network.report_delay = (Duration::from_millis(500), Duration::from_millis(1_500));
            modems.push(ModemServer::on_pty(settings, number.into(), Some(&folder.join(name)))?);
        }
        Ok(Self { modems })
    }

    /// The part of the configuration that is about them. Their SIMs are simulated, so they have no caps.
    pub fn configuration(folder: &Path) -> String {
        let mut text = format!(
            "[modems]\ngroup = \"{GROUP}\"\npace = \"0s\"\n\
             caps = {{ minute = \"none\", hour = \"none\", day = \"none\", month = \"none\" }}\n"
        );
        for (name, maker) in NAMES {
            let port = folder.join(name);
            text.push_str(&format!(
                "\n# It has the ways of a {maker}.\n[[modem]]\nname = \"{name}\"\nport = \"{}\"\n",
                port.display()
            ));
        }
        text
    }

    /// Pulls the first one out, sends over the other, and plugs the first in again.
    pub async fn show(&self, api: &mut Api) -> anyhow::Result<()> {
        let ((first, _), (second, _)) = (NAMES[0], NAMES[1]);
        let modem = self.modems.first().context("no modem is there")?;
        modem.unplug().await;
        until(api, first, "absent").await?;
        out::line(format_args!("The modem \"{first}\" was pulled out. A message for it goes over the other one:"))?;
        let id = api.post(&UNPLUGGED, now()).await?;
        let mut ticks = interval(LOOK);
        let seen = loop {
            ticks.tick().await;
            let seen = api.look(&id).await?;
            if seen.is_final() {
                break seen;
            }
        };
        out::line(format_args!("  {} over \"{second}\", {}", seen.state, seen.path.join(" → ")))?;
        modem.replug().await?;
        until(api, first, "ready").await?;
        out::line(format_args!("\"{first}\" was plugged in again, under another name of the kernel's, and is ready."))?;
        Ok(())
    }

    /// Pulls both out.
    pub async fn unplug(self) {
        for modem in &self.modems {
            modem.unplug().await;
        }
    }
}

/// Waits until the modem is at a stage.
async fn until(api: &mut Api, modem: &str, stage: &str) -> anyhow::Result<()> {
    let mut ticks = interval(LOOK);
    while api.stage(modem).await? != stage {
        ticks.tick().await;
    }
    Ok(())
}
