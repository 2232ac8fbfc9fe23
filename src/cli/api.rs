//! Finds the running daemon's API and asks it: with the token that the daemon leaves on its machine, or with a given one.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::http1::{Answer, Connection, Place, request};
use super::settings;
use crate::daemon::LocalApi;

/// Where the API listens if nothing else is known.
const USUAL_URL: &str = "http://127.0.0.1:8025";

/// Where the API is, and the right to ask it.
#[derive(Debug, Clone, clap::Args)]
pub struct Daemon {
    /// The configuration of the daemon; beside its database lies the token for who may read it: root and its group
    #[arg(long, value_name = "FILE", default_value = settings::USUAL_FILE)]
    pub config: PathBuf,
    /// Ask here instead: http://HOST:PORT or unix:PATH
    #[arg(long, value_name = "URL")]
    pub url: Option<Place>,
    /// With this token; POSTRIDER_TOKEN in the environment is taken too, where other users cannot see it
    #[arg(long)]
    pub token: Option<String>,
}

/// A door to the API.
#[derive(Debug, Clone)]
pub struct Api {
    place: Place,
    token: String,
}

/// Why there is no answer: the daemon does not run, or something else.
#[derive(Debug)]
pub enum Unanswered {
    /// Nobody listens: no file of a running daemon, or nobody behind it.
    NotRunning(anyhow::Error),
    /// It refused, or cannot be asked by this user.
    Other(anyhow::Error),
}

impl From<Unanswered> for anyhow::Error {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::NotRunning(error) | Unanswered::Other(error) => error,
        }
    }
}

impl Daemon {
    /// The door, found by what was given or by what the daemon left beside its database.
    ///
    /// # Errors
    /// Says what the person can do about it.
    pub fn find(&self) -> Result<Api, Unanswered> {
        let given = self.token.clone().or_else(|| std::env::var("POSTRIDER_TOKEN").ok());
        let given = given.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        if let Some(token) = given {
            let place = self.url.clone().or_else(|| self.configured()).or_else(|| USUAL_URL.parse().ok());
            let place = place.ok_or_else(|| Unanswered::Other(anyhow!("say with --url where the daemon listens")))?;
            return Ok(Api { place, token });
        }
        let settings = settings::load_without_secrets(&self.config).map_err(|error| match kind(&error) {
            Some(io::ErrorKind::PermissionDenied) => Unanswered::Other(no_right(&self.config)),
            Some(io::ErrorKind::NotFound) => {
                let file = self.config.display();
                let hint = "without it, a token is needed: --token, or POSTRIDER_TOKEN";
                Unanswered::NotRunning(anyhow!("there is no configuration {file} (--config names another); {hint}"))
            }
            _ => Unanswered::Other(error.context("a token is needed: --token, or POSTRIDER_TOKEN")),
        })?;
        let local = LocalApi::read(&settings.store.path).map_err(|error| {
            let file = LocalApi::file(&settings.store.path);
            let kind = error.kind();
            if kind == io::ErrorKind::NotFound {
                let missing = file.display();
                let why = "systemctl status postrider tells why";
                return Unanswered::NotRunning(anyhow!("the daemon does not run (there is no {missing}); {why}"));
            }
            if kind == io::ErrorKind::PermissionDenied {
                return Unanswered::Other(no_right(&file));
            }
            Unanswered::Other(anyhow!("{} cannot be read: {error}", file.display()))
        })?;
        let place = self.url.clone().map_or_else(|| local.url.parse(), Ok);
        let place = place.map_err(|error| Unanswered::Other(anyhow!("{error}")))?;
        Ok(Api { place, token: local.token })
    }

    fn configured(&self) -> Option<Place> {
        let settings = settings::load_without_secrets(&self.config).ok()?;
        let listen = settings.http.listen.first()?.to_string();
        listen.parse().ok()
    }
}

/// What the system said, if it was the system.
fn kind(error: &anyhow::Error) -> Option<io::ErrorKind> {
    error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// What to do when the files of the daemon may not be read.
fn no_right(file: &Path) -> anyhow::Error {
    anyhow!(
        "you may not read {}: use sudo, or join the daemon's group (sudo usermod -aG postrider NAME, then log in again), \
         or give a token with --token",
        file.display()
    )
}

impl Api {
    /// Asks, and gives the answer's status and body.
    ///
    /// # Errors
    /// When there is no answer within `wait`.
    pub fn exchange(&self, method: &str, path: &str, body: Option<&str>, wait: Duration) -> Result<Answer, Unanswered> {
        let octets = request(method, path, &self.token, body);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Unanswered::Other(error.into()))?;
        let exchange = async { Connection::open(&self.place).await?.exchange_within(&octets, wait).await };
        runtime.block_on(exchange).map_err(|error| {
            let kind = error.kind();
            if matches!(kind, io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) {
                let hint = "is the daemon running (systemctl status postrider), and is --url right?";
                return Unanswered::NotRunning(anyhow::Error::new(error).context(hint));
            }
            if kind == io::ErrorKind::PermissionDenied {
                return Unanswered::Other(anyhow::Error::new(error).context("use sudo, or join the daemon's group"));
            }
            Unanswered::Other(error.into())
        })
    }

    /// Asks, and reads the answer of a success; what else is answered becomes an error with the API's own words.
    ///
    /// # Errors
    /// When there is no answer, or not that of a success.
    pub fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        wait: Duration,
    ) -> Result<T, Unanswered> {
        let text = body.map(Value::to_string);
        let Answer { status, body } = self.exchange(method, path, text.as_deref(), wait)?;
        read(status, &body).map_err(Unanswered::Other)
    }
}

fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> anyhow::Result<T> {
    if !(200..300).contains(&status) {
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        let word = |name: &str| said.get(name).and_then(Value::as_str);
        let mut text = word("detail").or(word("title")).unwrap_or("the answer has no words").to_owned();
        for error in said.get("errors").and_then(Value::as_array).into_iter().flatten() {
            let detail = error.get("detail").and_then(Value::as_str).unwrap_or_default();
            // The document's own sentence is often that of the first mistake.
            if !text.contains(detail) {
                text.push_str(": ");
                text.push_str(detail);
            }
        }
        bail!("{text} (HTTP {status})");
    }
    serde_json::from_slice(body).context("the answer is not what this version expects; are daemon and command alike?")
}

/// A name as one part of a path.
pub fn path_part(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_one_part_of_a_path() {
        assert_eq!(path_part("stick-1"), "stick-1");
        assert_eq!(path_part("a/b c%"), "a%2fb%20c%25");
        assert_eq!(path_part("창고"), "%ec%b0%bd%ea%b3%a0");
    }

    #[test]
    fn a_refusal_is_told_in_the_apis_words() {
        let body = br#"{"title":"Unprocessable","detail":"1 message is wrong","errors":[{"detail":"no number"}]}"#;
        let error = read::<Value>(422, body).unwrap_err().to_string();
        assert_eq!(error, "1 message is wrong: no number (HTTP 422)");
        let body = br#"{"detail":"/to: no number","errors":[{"detail":"no number"},{"detail":"no text"}]}"#;
        let error = read::<Value>(422, body).unwrap_err().to_string();
        assert_eq!(error, "/to: no number: no text (HTTP 422)");
        assert!(read::<Value>(500, b"").unwrap_err().to_string().contains("HTTP 500"));
        assert_eq!(read::<Value>(202, b"{}").unwrap(), Value::Object(serde_json::Map::new()));
    }
}
