//! Turns the checked configuration into the parts of a daemon. What can still fail here are files: certificates and keys.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::pages::PagesParts;
use super::run::Parts;
use crate::callback::{CallbackSettings, Signer};
use crate::config::{self, Carrier};
use crate::http::HttpSettings;
use crate::http::pages::PagesSettings;
use crate::link::connector::ConnectorSettings;
use crate::link::tls::TlsSettings;
use crate::link::{HostPort, SmppLinkSettings, Tls};
use crate::model::LinkName;
use crate::pipeline::{Group, Receipts, Settings};
use crate::policy::pool::PoolSettings;
use crate::smpp::profile::ReceiptSegments;
use crate::store::Options;
use crate::text::TextProfile;

/// Idle connections that are kept to a callback host.
const IDLE_CALLBACK_CONNECTIONS_MAX: usize = 64;

/// Everything that `settings` describes.
///
/// # Errors
/// Names the carrier and the file that cannot be used.
pub fn parts(settings: &config::Settings) -> anyhow::Result<Parts> {
    Ok(Parts {
        store: Options {
            path: settings.store.path.clone(),
            cache_size_bytes: settings.store.cache_size,
            wal_size_bytes: settings.store.wal_size,
        },
        disk_free_min_bytes: settings.store.disk_free_min,
        settings: pipeline(settings),
        links: links(settings)?,
        modems: settings.modems.clone(),
        http: http(settings),
        pages: pages(settings),
        callbacks: CallbackSettings {
            allowed: settings.callback.allowed.clone(),
            timeout: settings.callback.timeout,
            connect_timeout: settings.callback.connect_timeout,
            idle_connections_max: settings.callback.concurrency.min(IDLE_CALLBACK_CONNECTIONS_MAX),
            ..CallbackSettings::default()
        },
        signer: signer(&settings.callback)?,
        callback_concurrency: settings.callback.concurrency,
        callback_give_up_after: settings.callback.retry_for(),
        watches: watches(settings),
        drain_max: settings.limits.stop_wait,
    })
}

/// The stages' settings.
pub fn pipeline(settings: &config::Settings) -> Settings {
    let mut groups: BTreeMap<Arc<str>, Group> = BTreeMap::new();
    for carrier in &settings.carriers {
        let mut group = Group::new(carrier.text.clone(), carrier.messages_per_second);
        group.receipts = match carrier.profile.registered_delivery.segments {
            ReceiptSegments::All => Receipts::Each,
            ReceiptSegments::Last => Receipts::Last,
            ReceiptSegments::None => Receipts::None,
        };
        groups.insert(carrier.name.as_str().into(), group);
    }
    for name in settings.modems.groups() {
        groups.insert(name.into(), modem_group(settings, name));
    }
    Settings {
        routes: settings.routes.clone(),
        groups,
        retry: settings.messages.retry.clone(),
        valid_for: settings.messages.valid_for,
        on_doubt: settings.messages.on_doubt,
        report_wait: settings.messages.report_wait,
        keep_for: settings.store.retention(),
        remember_for: settings.limits.remember_for,
        callback_target: settings.callback.url.clone(),
        callback_allowed: Some(settings.callback.allowed.clone()),
        callback_states: settings.callback.events.clone(),
        inbound_target: settings.callback.inbound_url.clone(),
        parts_wait: settings.limits.parts_wait,
        consent: Arc::new(settings.consent.clone()),
        live_every: settings.limits.segment_look_every,
        talk: Arc::new(settings.conversations.clone()),
        short_url: settings.pages.url.as_deref().map(Into::into),
        links_keep: settings.pages.keep,
        prices: Arc::new(settings.prices.clone()),
        ..Settings::default()
    }
}

/// The folders, with the country of all numbers where they name none.
fn watches(settings: &config::Settings) -> Vec<config::Watch> {
    let usual = settings.messages.default_country;
    let own = settings.watches.iter().cloned();
    own.map(|watch| config::Watch { country: watch.country.or(usual), ..watch }).collect()
}

/// A group of modems: what every GSM handset and network knows, and what each SIM may do.
fn modem_group(settings: &config::Settings, name: &str) -> Group {
    let modems = &settings.modems;
    let own = modems.list.iter().filter(|modem| modem.group == name);
    let pool = PoolSettings {
        rules: modems.rules.clone(),
        modems: own.map(|modem| (modem.name.as_str().into(), modem.rules.clone())).collect(),
        stickiness: modems.stickiness,
    };
    let text = TextProfile { segments_max: settings.messages.segments_max, ..TextProfile::default() };
    let mut group = Group::of_modems(text, pool);
    if !modems.reports {
        group.receipts = Receipts::None;
    }
    group
}

/// One link for each bind of each carrier.
///
/// # Errors
/// Names the carrier and the file that cannot be used.
pub fn links(settings: &config::Settings) -> anyhow::Result<Vec<SmppLinkSettings>> {
    let mut links = Vec::new();
    for carrier in &settings.carriers {
        let one = link(carrier, &settings.limits).with_context(|| format!("carrier \"{}\"", carrier.name))?;
        for bind in 1..=carrier.binds {
            let name = LinkName::new(&carrier.name, bind);
            // Binds that lost their carrier together do not come back together.
            let seed = u64::from(bind) ^ (u64::from(std::process::id()) << 16);
            links.push(SmppLinkSettings { name, seed, ..one.clone() });
        }
    }
    Ok(links)
}

fn link(carrier: &Carrier, limits: &config::Limits) -> anyhow::Result<SmppLinkSettings> {
    let hosts = carrier.hosts.iter().map(|host| HostPort::new(&host.host, host.port)).collect();
    let name = LinkName::new(&carrier.name, 1);
    let mut link = SmppLinkSettings::new(name, Arc::new(carrier.profile.clone()), hosts);
    link.rate = carrier.messages_per_second;
    link.tls = carrier.tls.as_ref().map(tls).transpose()?;
    link.connector = ConnectorSettings {
        pause_first: limits.reconnect_pause_first,
        pause_max: limits.reconnect_pause_max,
        refused_pause_first: limits.refused_pause_first,
        refused_pause_max: limits.refused_pause_max,
        bind_gap_min: limits.bind_gap_min,
        stable_after: limits.stable_after,
        ..ConnectorSettings::default()
    };
    Ok(link)
}

fn tls(tls: &config::Tls) -> anyhow::Result<Tls> {
    let pins = tls.pins.iter().map(|pin| pin.parse().map_err(|error| anyhow!("pin {pin}: {error}")));
    Ok(Tls::load(TlsSettings {
        ca_file: tls.ca_file.clone(),
        certificate_file: tls.certificate_file.clone(),
        key_file: tls.key_file.clone(),
        pins: pins.collect::<Result<_, _>>()?,
        server_name: tls.server_name.clone(),
    })?)
}

fn http(settings: &config::Settings) -> HttpSettings {
    let (http, limits) = (&settings.http, &settings.limits);
    HttpSettings {
        listen: http.listen.iter().map(ToString::to_string).collect(),
        hosts: http.allowed_hosts.clone(),
        body_size_bytes_max: http.body_size_max,
        bodies_size_bytes_max: limits.bodies_size_max,
        head_size_bytes_max: limits.head_size_max,
        headers_max: limits.headers_max,
        head_timeout: http.head_timeout,
        body_timeout: http.body_timeout,
        write_timeout: http.write_timeout,
        idle_timeout: http.idle_timeout,
        connections_max: http.connections_max,
        shutdown_timeout: limits.stop_wait.min(Duration::from_secs(10)),
        token_cache_time: limits.token_cache_time,
        backlog_max: i64::try_from(settings.store.backlog_max).unwrap_or(i64::MAX),
        reads_max: limits.reads_max,
        default_class: settings.messages.default_class,
        default_country: settings.messages.default_country,
        webhooks: settings.webhooks.clone(),
    }
}

/// Browsers of people are many and small; what they send is smaller.
fn pages(settings: &config::Settings) -> PagesParts {
    let (pages, limits) = (&settings.pages, &settings.limits);
    PagesParts {
        server: HttpSettings {
            listen: pages.listen.iter().map(ToString::to_string).collect(),
            hosts: pages.host().map(str::to_owned).into_iter().collect(),
            connections_max: pages.connections_max,
            shutdown_timeout: limits.stop_wait.min(Duration::from_secs(5)),
            ..http(settings)
        },
        pages: PagesSettings {
            address_header: pages.address_header.clone(),
            requests_max: pages.requests_max,
            reads_max: limits.reads_max,
            ..PagesSettings::default()
        },
    }
}

/// The signer of the configured secrets. Without one, callbacks are signed with a secret that nobody knows: a target that
/// checks refuses them, one that does not is no worse off.
fn signer(callback: &config::Callback) -> anyhow::Result<Signer> {
    let Some(secret) = &callback.secret else {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow!("the system gave no random numbers: {error}"))?;
        return Ok(Signer::new(&crate::callback::format_secret(&key))?);
    };
    let signer = Signer::new(secret.expose()).context("callback.secret")?;
    Ok(match &callback.previous_secret {
        Some(previous) => signer.with_secret(previous.expose()).context("callback.previous_secret")?,
        None => signer,
    })
}
