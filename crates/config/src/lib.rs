//! Text to checked settings: every mistake is found in one go, and each names its file, line and key.
//!
//! [`parse`] takes the text of `postrider.toml` and something that reads further [`Files`]; it touches nothing itself.
//!
//! | file | decides |
//! |---|---|
//! | `document`, `value`, `units` | how a TOML table is walked, and what a value must look like |
//! | `problem` | how a mistake is told |
//! | `http`, `pages`, `store`, `messages`, `consent`, `conversations`, `callback`, `limits` | one section each: its fields, its defaults, its checks |
//! | `http`, `pages`, `prices`, `store`, `messages`, `consent`, `callback`, `limits` | one section each: its fields, its defaults, its checks |
//! | `carrier`, `profile`, `tlv`, `carriers` | a carrier: its own block, and the carrier file that it starts from |
//! | `modems`, `modem`, `sim_rules` | all modems, one modem, what its SIM may do |
//! | `modem_profile`, `modem_profiles` | what is particular about a maker's modem, and the files that say it |
//! | `webhook`, `webhook_mapping` | the shop systems that post to us, and what their bodies mean |
//! | `watch` | the folders from which a till's files are taken |
//! | `route` | which messages go which way |
//! | `secret`, `files` | where passwords come from |
//! | `difference` | what a reload changes, and what needs a restart |

mod callback;
mod carrier;
#[cfg(test)]
mod carrier_fixtures;
mod carriers;
mod consent;
mod conversations;
mod difference;
mod document;
mod files;
mod http;
mod limits;
mod messages;
mod modem;
mod modem_profile;
mod modem_profiles;
#[cfg(test)]
mod modem_tests;
mod modems;
mod pages;
mod prices;
mod problem;
mod profile;
mod route;
mod secret;
mod sim_rules;
mod store;
#[cfg(test)]
mod tests;
mod tlv;
mod units;
mod value;
mod watch;
mod webhook;
mod webhook_mapping;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use postrider_campaign::Rules;
use postrider_campaign::conversation::TalkRules;
use postrider_campaign::price::Prices;
use postrider_policy::routes::Route;

pub use callback::Callback;
pub use carrier::{Carrier, HostPort, Tls};
pub use carriers::{BUILT_IN, BuiltIn};
pub use difference::{CarrierChange, Difference};
pub use files::Files;
pub use http::{Http, Listen};
pub use limits::{Limits, Log, LogLevel};
pub use messages::Messages;
pub use modem::{Finding, Modem, ModemPort};
pub use modem_profiles::{MODEM_PROFILES, built_in_modem_profiles};
pub use modems::Modems;
pub use pages::Pages;
pub use problem::{Problem, Problems, check_report};
pub use route::DEFAULT_ROUTE;
pub use secret::Secret;
pub use store::Store;
pub use watch::{Watch, WatchKind};
pub use webhook::Webhook;
pub use webhook_mapping::{WEBHOOK_MAPPINGS, webhook_mapping};

use document::{Document, Section, Spot};
use files::Place;
use modem::FoundModem;
use problem::Report;
use route::FoundRoute;
use value::filled;

/// The whole configuration, checked. [`Settings::default`] is what an empty file means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The HTTP side.
    pub http: Http,
    /// Short links and pages.
    pub pages: Pages,
    /// The database file.
    pub store: Store,
    /// What holds for messages that do not say otherwise.
    pub messages: Messages,
    /// Consent and the law.
    pub consent: Rules,
    /// Conversations: opening hours, and how often a number is answered by itself.
    pub conversations: TalkRules,
    /// What segments cost.
    pub prices: Prices,
    /// Where changes of state are posted.
    pub callback: Callback,
    /// The carriers, in the order of the file; their names are unique.
    pub carriers: Vec<Carrier>,
    /// The modems, and what holds for all of them.
    pub modems: Modems,
    /// The routes, in the order in which they are tried. Every group that they name is a carrier or a group of modems.
    pub routes: Vec<Route>,
    /// The shop systems that post to us, in the order of the file; their names are unique.
    pub webhooks: Vec<Webhook>,
    /// The folders from which files are taken; their names are unique.
    pub watches: Vec<Watch>,
    /// What is logged.
    pub log: Log,
    /// The bounds, budgets and deadlines.
    pub limits: Limits,
    /// What is not wrong, but worth telling the operator at each start.
    pub warnings: Vec<Problem>,
}

impl Settings {
    /// The carrier of this name.
    pub fn carrier(&self, name: &str) -> Option<&Carrier> {
        self.carriers.iter().find(|carrier| carrier.name == name)
    }
}

/// Reads `text`, the contents of `file`, and whatever further files it names.
///
/// # Errors
/// Every mistake that was found, by file and line.
pub fn parse(file: &Path, text: &str, files: &dyn Files) -> Result<Settings, Problems> {
    let (settings, problems, _) = read_all(file, text, files);
    if problems.is_empty() { Ok(settings) } else { Err(Problems(problems)) }
}

/// Most binds of all carriers together: each is a connection and a task.
const BINDS_ALL_MAX: usize = 1_024;
/// Most files that may be included.
const INCLUDES_MAX: usize = 100;

fn read_all(file: &Path, text: &str, files: &dyn Files) -> (Settings, Vec<Problem>, BTreeSet<String>) {
    let report = Report::default();
    let place = Place { files, folder: file.parent().unwrap_or(Path::new("")) };
    let mut settings = Settings::default();
    let document = Document::parse(&file.display().to_string(), text, &report);
    let mut root = document.root("", &report);
    settings.read_sections(&mut root, place);
    let mut found = Found::default();
    let given = Given { place, segments_max: settings.messages.segments_max, modems: &settings.modems };
    found.read(&mut root, given);
    let webhooks = root.sections("webhook").into_iter().filter_map(|section| Webhook::read(section, place));
    let webhooks: Vec<(Webhook, Spot)> = webhooks.collect();
    let watches: Vec<(Watch, Spot)> =
        root.sections("watch").into_iter().filter_map(|section| Watch::read(section, place)).collect();
    unique("webhook", webhooks.iter().map(|(webhook, spot)| (webhook.name.as_str(), spot)), &report);
    unique("watch", watches.iter().map(|(watch, spot)| (watch.name.as_str(), spot)), &report);
    settings.webhooks = webhooks.into_iter().map(|(webhook, _)| webhook).collect();
    settings.watches = watches.into_iter().map(|(watch, _)| watch).collect();
    let mut includes = Vec::new();
    root.set_list("include", &mut includes, filled);
    if includes.len() > INCLUDES_MAX {
        root.wrong("include", &format!("names more than {INCLUDES_MAX} files"));
        includes.truncate(INCLUDES_MAX);
    }
    for include in includes {
        let path = place.path(&include);
        match place.read(&path) {
            Ok(text) => found.read_file(&path, &text, &report, given),
            Err(predicate) => root.wrong("include", &predicate),
        }
    }
    root.finish();
    found.check(&settings.modems, &report);
    settings.take(found);
    let (problems, warnings, keys) = report.finish();
    settings.warnings = warnings;
    (settings, problems, keys)
}

impl Settings {
    fn read_sections(&mut self, root: &mut Section<'_>, place: Place<'_>) {
        if let Some(section) = root.section("http") {
            self.http.read(section, place);
        }
        if let Some(section) = root.section("pages") {
            self.pages.read(section, place);
        }
        if let Some(section) = root.section("store") {
            self.store.read(section, place);
        }
        if let Some(section) = root.section("messages") {
            self.messages.read(section);
        }
        if let Some(section) = root.section("consent") {
            consent::read(&mut self.consent, section);
        }
        self.consent.country = self.messages.default_country;
        if let Some(section) = root.section("conversations") {
            conversations::read(&mut self.conversations, section);
        }
        if let Some(section) = root.section("prices") {
            prices::read(&mut self.prices, section);
        }
        if let Some(section) = root.section("callback") {
            self.callback.read(section, place);
        }
        if let Some(section) = root.section("modems") {
            self.modems.read(section, place);
        }
        if let Some(section) = root.section("log") {
            self.log.read(section);
        }
        if let Some(section) = root.section("limits") {
            self.limits.read(section);
        }
    }

    fn take(&mut self, found: Found) {
        self.carriers = found.carriers.into_iter().map(|(carrier, _)| carrier).collect();
        self.modems.list = found.modems.into_iter().map(|found| found.modem).collect();
        self.routes = found.routes.into_iter().map(|found| found.route).collect();
        if self.routes.is_empty() {
            let carriers = self.carriers.iter().map(|carrier| carrier.name.as_str());
            self.routes = route::default_routes(&carriers.chain(self.modems.groups()).collect::<Vec<_>>());
        }
    }
}

/// What the parts of a configuration need to know of its rest.
#[derive(Clone, Copy)]
struct Given<'a> {
    place: Place<'a>,
    segments_max: u8,
    modems: &'a Modems,
}

/// The carriers, modems and routes of all files, and where each stands.
#[derive(Default)]
struct Found {
    carriers: Vec<(Carrier, Spot)>,
    modems: Vec<FoundModem>,
    routes: Vec<FoundRoute>,
}

impl Found {
    fn read(&mut self, root: &mut Section<'_>, given: Given<'_>) {
        let Given { place, segments_max, modems } = given;
        let carriers = root.sections("carrier").into_iter();
        self.carriers.extend(carriers.filter_map(|section| Carrier::read(section, place, segments_max)));
        let sections = root.sections("modem").into_iter();
        self.modems.extend(sections.filter_map(|section| Modem::read(section, place, modems)));
        self.routes.extend(root.sections("route").into_iter().filter_map(route::read));
    }

    /// An included file holds carriers, modems and routes, nothing else.
    fn read_file(&mut self, path: &Path, text: &str, report: &Report, given: Given<'_>) {
        let document = Document::parse(&path.display().to_string(), text, report);
        let mut root = document.root("", report);
        root.advise("an included file holds [[carrier]], [[modem]] and [[route]] only");
        self.read(&mut root, given);
        root.finish();
    }

    fn check(&self, modems: &Modems, report: &Report) {
        let binds: usize = self.carriers.iter().map(|(carrier, _)| usize::from(carrier.binds)).sum();
        if let Some((_, spot)) = self.carriers.last().filter(|_| binds > BINDS_ALL_MAX) {
            let message = format!("all carriers together have {binds} binds; {BINDS_ALL_MAX} are the most");
            report.problem(spot.problem("binds", message));
        }
        let carriers = self.carriers.iter().map(|(carrier, spot)| (carrier.name.as_str(), spot));
        unique("carrier", carriers, report);
        unique("modem", self.modems.iter().map(|found| (found.modem.name.as_str(), &found.name_spot)), report);
        unique("route", self.routes.iter().map(|found| (&*found.route.name, &found.name_spot)), report);
        modem::check(&self.modems, report);
        let mut names: Vec<&str> = self.carriers.iter().map(|(carrier, _)| carrier.name.as_str()).collect();
        for FoundModem { modem, group_spot, .. } in &self.modems {
            if self.carriers.iter().any(|(carrier, _)| carrier.name == modem.group) {
                let message = format!("group is \"{}\", which is a carrier; choose a different one", modem.group);
                report.problem(group_spot.problem("group", message));
            }
            names.push(&modem.group);
        }
        if modems.discover {
            names.push(&modems.group);
        }
        route::check_links(&self.routes, &names, report);
    }
}

/// Tells every name that stands a second time.
fn unique<'a>(what: &str, named: impl Iterator<Item = (&'a str, &'a Spot)>, report: &Report) {
    let mut first: BTreeMap<&str, &Spot> = BTreeMap::new();
    for (name, spot) in named {
        match first.get(name) {
            Some(earlier) => {
                let message = format!("name is taken by another {what} ({}); choose a different one", earlier.words());
                report.problem(spot.problem("name", message));
            }
            None => drop(first.insert(name, spot)),
        }
    }
}
