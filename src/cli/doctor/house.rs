//! Finds out how our own house is: configuration, database, and what the daemon answers.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::facts::{Api, Config, ConfigState, Store, StoreState};
use crate::cli::api::{Api as Daemons, Daemon, Unanswered};
use crate::cli::settings::{self, Wrong};
use crate::cli::trace;
use crate::config::{Finding, ModemPort, Settings};
use crate::http::ModemView;
use crate::model::Timestamp;
use crate::policy::wall_clock::Trust;
use crate::store::{StoreError, clock, damaged, id_relation, known_version, open_reader, receipt, restore};

/// How many rows that are set aside are told.
const DAMAGED_MAX: usize = 20;
/// How long the daemon may take to answer.
const WAIT: Duration = Duration::from_secs(10);
/// How many of the last lines of a link that does not work are shown.
const LINES_MAX: usize = 6;

/// The configuration, and its settings if it is right.
pub fn config(file: &Path) -> (Config, Option<Settings>) {
    let settings = match settings::load_without_secrets(file) {
        Ok(settings) => settings,
        Err(error) => return (Config { state: refused(&error), ..Config::default() }, None),
    };
    let device = |finding: &Finding| match finding {
        Finding::Port(ModemPort::Device(path)) => Some(path.clone()),
        Finding::Port(ModemPort::Tcp(_) | ModemPort::Rfc2217(_))
        | Finding::Imei(_)
        | Finding::Iccid(_)
        | Finding::UsbPath(_) => None,
    };
    let config = Config {
        state: ConfigState::Good(settings.warnings.iter().map(ToString::to_string).collect()),
        modems: settings.modems.list.iter().map(|modem| (modem.name.clone(), device(&modem.finding))).collect(),
        discover: settings.modems.discover,
        carriers: settings.carriers.len(),
        ..Config::default()
    };
    (config, Some(settings))
}

fn refused(error: &anyhow::Error) -> ConfigState {
    if let Some(Wrong(problems)) = error.downcast_ref::<Wrong>() {
        return ConfigState::Wrong(problems.0.iter().map(ToString::to_string).collect());
    }
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::NotFound) => ConfigState::Missing,
        Some(io::ErrorKind::PermissionDenied) => ConfigState::Denied,
        _ => ConfigState::Wrong(vec![format!("{error:#}")]),
    }
}

/// The database of the settings, or of the usual ones when those cannot be read.
pub fn store(settings: Option<&Settings>, denied: bool) -> Store {
    let Some(settings) = settings else {
        let state = if denied { StoreState::Denied } else { StoreState::Unknown };
        return Store { path: Settings::default().store.path, state, ..Store::default() };
    };
    let path = settings.store.path.clone();
    let folder = path.parent().unwrap_or(Path::new("/"));
    let room = rustix::fs::statvfs(folder).ok();
    let room = room.map(|stat| (stat.f_bavail.saturating_mul(stat.f_frsize), settings.store.disk_free_min));
    let state = match fs::metadata(&path) {
        Ok(_) => open(&path),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => StoreState::Denied,
        Err(_) if folder.is_dir() => StoreState::Missing,
        Err(_) => StoreState::NoFolder,
    };
    let known = standing(&path, &state);
    Store { path, state, room, ..known }
}

/// What a file that was put back holds, the rows that are set aside, and what was learned of carriers; nothing of a file of an
/// older version.
fn standing(path: &Path, state: &StoreState) -> Store {
    if !matches!(state, StoreState::Good) {
        return Store::default();
    }
    let read = |connection: &rusqlite::Connection| {
        Ok::<_, StoreError>(Store {
            held: restore::held(connection)?,
            damaged: damaged::list(connection, DAMAGED_MAX)?,
            ids: id_relation::all(connection)?,
            unread: receipt::unread(connection)?,
            ..Store::default()
        })
    };
    open_reader(path).and_then(|connection| read(&connection)).unwrap_or_default()
}

fn open(path: &Path) -> StoreState {
    if fs::File::open(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
        return StoreState::Denied;
    }
    let version = open_reader(path)
        .and_then(|connection| Ok(connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?));
    match version {
        Err(error) => StoreState::Broken(error.to_string()),
        Ok(0) => StoreState::Broken(format!("{} is no database of postrider", path.display())),
        Ok(found) if found > known_version() => {
            StoreState::Broken(StoreError::Newer { found, known: known_version() }.to_string())
        }
        Ok(_) => StoreState::Good,
    }
}

/// What the daemon makes of the clock.
pub fn clock(store: &Store) -> Option<(Trust, Timestamp)> {
    if !matches!(store.state, StoreState::Good) {
        return None;
    }
    // A database of an earlier version has no such table yet.
    let kept = open_reader(&store.path).and_then(|connection| clock::kept(&connection)).ok()??;
    Some((kept.trust, kept.believed))
}

#[derive(Deserialize)]
struct Modems {
    modems: Vec<ModemView>,
}

#[derive(Deserialize)]
struct Links {
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    name: String,
    kind: String,
    health: String,
    #[serde(default)]
    reason: Option<String>,
}

/// What the daemon says of itself.
pub fn api(daemon: &Daemon) -> Api {
    let asked = daemon.find().and_then(|api| {
        let modems = api.ask::<Modems>("GET", "/v1/modems", None, WAIT)?.modems;
        let links = api.ask::<Links>("GET", "/v1/links", None, WAIT)?.links;
        let ready = api.exchange("GET", "/readyz", None, WAIT)?;
        let lines = last_lines(&api, &modems, &links);
        Ok((modems, links, lines, ready))
    });
    match asked {
        Ok((modems, links, lines, ready)) => Api::Answers {
            lines,
            not_ready: (ready.status != 200).then(|| reason(&ready.body)),
            modems,
            // A modem that is down is told with what it says of itself.
            links_down: links
                .into_iter()
                .filter(|link| link.kind != "modem" && link.health != "up")
                .map(|link| (link.name, link.reason.unwrap_or(link.health)))
                .collect(),
        },
        Err(Unanswered::NotRunning(_)) => Api::NotRunning,
        Err(Unanswered::Other(why)) => Api::Refused(format!("{why:#}")),
    }
}

/// The last lines of whatever does not work. Somebody whose token does not show them sees the rest all the same.
fn last_lines(api: &Daemons, modems: &[ModemView], links: &[Link]) -> BTreeMap<String, Vec<String>> {
    let modems = modems.iter().filter(|modem| modem.stage != "ready").map(|modem| modem.name.as_str());
    let links = links.iter().filter(|link| link.kind != "modem" && link.health != "up").map(|link| link.name.as_str());
    let last = |name: &str| {
        let lines = trace::of(api, name, false).ok()?;
        let from = lines.len().saturating_sub(LINES_MAX);
        Some((name.to_owned(), lines.iter().skip(from).map(trace::shown).collect()))
    };
    modems.chain(links).filter_map(last).collect()
}

fn reason(body: &[u8]) -> String {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    said.get("detail").and_then(serde_json::Value::as_str).unwrap_or("it does not say why").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Database, Options};

    #[test]
    fn a_configuration_is_good_missing_or_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("postrider.toml");
        assert!(matches!(config(&file).0.state, ConfigState::Missing));
        fs::write(&file, "[http]\nlisten = 5\n[store]\npaht = 1\n").unwrap();
        let ConfigState::Wrong(mistakes) = config(&file).0.state else { panic!("it is wrong") };
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        fs::write(&file, "[modems]\ndiscover = true\n").unwrap();
        let (found, settings) = config(&file);
        assert!(matches!(found.state, ConfigState::Good(_)) && found.discover && settings.is_some());
    }

    #[test]
    fn a_database_is_good_missing_or_broken() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.store.path = folder.path().join("a.db");
        assert!(matches!(store(Some(&settings), false).state, StoreState::Missing));
        drop(Database::open(&Options::at(&settings.store.path)).unwrap());
        let found = store(Some(&settings), false);
        assert!(matches!(found.state, StoreState::Good) && found.room.is_some());
        fs::write(&settings.store.path, "no database at all, but long enough to be taken for one").unwrap();
        assert!(matches!(store(Some(&settings), false).state, StoreState::Broken(_)));
        settings.store.path = folder.path().join("nowhere/a.db");
        assert!(matches!(store(Some(&settings), false).state, StoreState::NoFolder));
        assert!(matches!(store(None, true).state, StoreState::Denied));
    }
}
