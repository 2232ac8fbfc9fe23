//! `[callback]`: where changes of state and incoming messages are posted, and to whom nothing is.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use toml::de::DeValue;

use postrider_model::{AllowedTargets, State};

use super::document::Section;
use super::files::Place;
use super::secret::{Given, Secret, SecretKeys};
use super::value::{Checked, days, duration, filled, secs, whole, word};

/// The callbacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Where changes of state are posted when a message names no target.
    pub url: Option<String>,
    /// Where incoming messages are posted.
    pub inbound_url: Option<String>,
    /// Signs the callbacks: `whsec_` and base64.
    pub secret: Option<Secret>,
    /// Signs them too while the secret is being changed.
    pub previous_secret: Option<Secret>,
    /// The hosts and networks that may be posted to, as they are written.
    pub allowed_hosts: Vec<String>,
    /// The same, ready for questions. The hosts of the two URLs are among them.
    pub allowed: AllowedTargets,
    /// The states whose entering is posted.
    pub events: Vec<State>,
    /// From the start of the connection to the end of the answer.
    pub timeout: Duration,
    /// How long one address may take to answer a connection.
    pub connect_timeout: Duration,
    /// Most callbacks on their way at once.
    pub concurrency: usize,
    /// How many days a failing callback is tried again.
    pub retry_days: u32,
}

impl Default for Callback {
    fn default() -> Self {
        Self {
            url: None,
            inbound_url: None,
            secret: None,
            previous_secret: None,
            allowed_hosts: Vec::new(),
            allowed: AllowedTargets::default(),
            events: State::ALL.into_iter().filter(|state| state.is_final()).collect(),
            timeout: secs(15),
            connect_timeout: secs(5),
            concurrency: 32,
            retry_days: 3,
        }
    }
}

impl Callback {
    /// How long a failing callback is tried again.
    pub fn retry_for(&self) -> Duration {
        days(u64::from(self.retry_days))
    }

    pub(super) fn read(&mut self, mut section: Section<'_>, place: Place<'_>) {
        section.set_some("url", &mut self.url, url);
        section.set_some("inbound_url", &mut self.inbound_url, url);
        self.read_allowed(&mut section);
        self.read_secrets(&mut section, place);
        section.set_list("events", &mut self.events, word(&State::ALL, State::as_str));
        section.set("timeout", &mut self.timeout, duration(secs(1)..=secs(300)));
        section.set("connect_timeout", &mut self.connect_timeout, duration(secs(1)..=secs(60)));
        section.set("concurrency", &mut self.concurrency, whole(1..=1_000));
        section.set("retry_days", &mut self.retry_days, whole(1..=30));
        section.finish();
    }

    fn read_allowed(&mut self, section: &mut Section<'_>) {
        section.set_list("allowed_hosts", &mut self.allowed_hosts, |value| {
            let text = filled(value)?;
            AllowedTargets::parse([text.as_str()]).map(|_| text.clone()).map_err(|why| format!("is wrong: {why}"))
        });
        let own: Vec<String> =
            [&self.url, &self.inbound_url].into_iter().flatten().map(|url| host_and_port(url)).collect();
        let all: Vec<&str> = self.allowed_hosts.iter().chain(&own).map(String::as_str).collect();
        match AllowedTargets::parse(all) {
            Ok(allowed) => self.allowed = allowed,
            Err(why) => section.wrong("url", &format!("has a host that cannot be read: {why}")),
        }
    }

    fn read_secrets(&mut self, section: &mut Section<'_>, place: Place<'_>) {
        match SecretKeys::SECRET.read(section, place) {
            Given::Secret(secret, _) if is_signing_secret(&secret) => self.secret = Some(secret),
            Given::Secret(_, key) => section.wrong(key, NOT_A_SECRET),
            Given::Wrong => {}
            Given::Nothing if self.is_used() => section.missing(
                SecretKeys::SECRET.plain,
                "callbacks are signed: name a secret_file that holds whsec_ and the base64 of 32 random octets",
            ),
            Given::Nothing => {}
        }
        let mut previous = None;
        section.set_some("previous_secret_file", &mut previous, filled);
        if let Some(written) = previous {
            match place.read(&place.path(&written)).map(|text| Secret::new(text.trim_end().to_owned())) {
                Ok(secret) if is_signing_secret(&secret) => self.previous_secret = Some(secret),
                Ok(_) => section.wrong("previous_secret_file", NOT_A_SECRET),
                Err(predicate) => section.wrong("previous_secret_file", &predicate),
            }
        }
    }

    fn is_used(&self) -> bool {
        self.url.is_some() || self.inbound_url.is_some() || !self.allowed_hosts.is_empty()
    }
}

const NOT_A_SECRET: &str = "is not whsec_ and base64 of 16 to 64 octets (Standard Webhooks)";

fn is_signing_secret(secret: &Secret) -> bool {
    let key = secret.expose().trim().strip_prefix("whsec_").map(|text| STANDARD.decode(text));
    matches!(key, Some(Ok(key)) if (16..=64).contains(&key.len()))
}

fn url(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?;
    let wrong = || format!("must be a URL like https://shop.example/hooks/sms, not \"{text}\"");
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(wrong)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let readable = !authority.is_empty() && !authority.contains('@') && AllowedTargets::parse([authority]).is_ok();
    if !readable || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(wrong());
    }
    Ok(text)
}

/// `shop.example:443` of a URL that [`url`] let through: its own port is allowed, and no other of that host.
fn host_and_port(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host_end = authority.rfind(']').map_or(0, |place| place + 1);
    if authority.get(host_end..).is_some_and(|rest| rest.contains(':')) {
        return authority.to_owned();
    }
    format!("{authority}:{}", if scheme == "https" { 443 } else { 80 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_url_opens_its_own_port_only() {
        for (url, expected) in [
            ("http://127.0.0.1/x", "127.0.0.1:80"),
            ("https://shop.example", "shop.example:443"),
            ("https://shop.example:8443?a", "shop.example:8443"),
            ("http://[::1]/", "[::1]:80"),
            ("http://[::1]:9/", "[::1]:9"),
        ] {
            assert_eq!(host_and_port(url), expected);
            assert!(AllowedTargets::parse([expected]).unwrap().allows_url(url), "{url}");
        }
    }
}
