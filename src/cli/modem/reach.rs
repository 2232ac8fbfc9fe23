//! One question at a time to one modem: through the daemon, or straight to a port when no daemon runs.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;

use super::port::Port;
use super::{ask, is_port, modems};
use crate::cli::api::{Api, Daemon, Unanswered};

/// What came back, and how long it took where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The lines, the final result last.
    pub lines: Vec<String>,
    /// From the command to its result. The daemon does not tell it: the command may have waited behind a message.
    pub took: Option<Duration>,
}

/// The way to a modem.
pub enum Reach {
    /// The daemon holds its port.
    Daemon {
        /// The daemon.
        api: Api,
        /// The modem's name.
        name: String,
    },
    /// Nobody does.
    Port(Box<Port>),
}

impl Reach {
    /// The way to the modem `name`, which may be a port's path. A port that the daemon uses is reached through the daemon.
    pub fn find(daemon: &Daemon, name: &str) -> anyhow::Result<Self> {
        match daemon.find().and_then(|api| modems(&api).map(|known| (api, known))) {
            Ok((api, known)) => {
                let owner = known.iter().find(|modem| modem.name == name || modem.port.as_deref() == Some(name));
                match owner {
                    Some(modem) => Ok(Self::Daemon { api, name: modem.name.clone() }),
                    None if is_port(name) => Ok(Self::Port(Box::new(Port::open(name)?))),
                    None => {
                        let names: Vec<&str> = known.iter().map(|modem| modem.name.as_str()).collect();
                        bail!("the daemon knows no modem \"{name}\" (known: {})", names.join(", "))
                    }
                }
            }
            // Who may not ask the daemon may still have the right to a port; if the daemon holds it, that is told.
            Err(Unanswered::NotRunning(_) | Unanswered::Other(_)) if is_port(name) => {
                Ok(Self::Port(Box::new(Port::open(name)?)))
            }
            Err(why) => Err(anyhow::Error::from(why))
                .context("without the daemon, name a port like /dev/ttyUSB2 (postrider modem list)"),
        }
    }

    /// Sends a command and gives what came back.
    pub fn command(&mut self, command: &str, wait: Duration) -> anyhow::Result<Heard> {
        match self {
            Self::Port(port) => port.command(command, wait),
            Self::Daemon { api, name } => {
                let answer = ask(api, name, "at", &json!({ "command": command }))?;
                Ok(Heard { lines: answer.lines.unwrap_or_default(), took: None })
            }
        }
    }
}
