//! What a new configuration changes: which links come, go or start anew, and what only a restart can change.

use super::{Carrier, Pages, Settings};

/// The difference between two configurations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Names of carriers that are new.
    pub added: Vec<String>,
    /// Names of carriers that are gone: unbind their links, and let what they hold settle.
    pub removed: Vec<String>,
    /// Carriers that stay and are different.
    pub changed: Vec<CarrierChange>,
    /// Names of sections that are different and can be taken over while running.
    pub sections: Vec<&'static str>,
    /// Keys that are different and need a restart.
    pub restart: Vec<&'static str>,
}

/// How one carrier is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierChange {
    /// Its name.
    pub name: String,
    /// Whether its sessions must be bound anew: anything but its rate, its number of binds and its texts changed.
    pub rebind: bool,
    /// Its number of binds before and after.
    pub binds: (u16, u16),
}

impl Difference {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Settings {
    /// What changes when `new` takes the place of `self`.
    pub fn difference(&self, new: &Self) -> Difference {
        let mut difference = Difference { restart: self.restart_needed(new), ..Difference::default() };
        for old in &self.carriers {
            match new.carrier(&old.name) {
                None => difference.removed.push(old.name.clone()),
                Some(same) if same == old => {}
                Some(changed) => difference.changed.push(old.change_to(changed)),
            }
        }
        let is_new = |carrier: &&Carrier| self.carrier(&carrier.name).is_none();
        difference.added = new.carriers.iter().filter(is_new).map(|carrier| carrier.name.clone()).collect();
        for (name, differs) in [
            ("messages", self.messages != new.messages),
            ("consent", self.consent != new.consent),
            ("conversations", self.conversations != new.conversations),
            ("prices", self.prices != new.prices),
            ("callback", self.callback != new.callback),
            ("modems", self.modems != new.modems),
            ("pages", (&self.pages.url, self.pages.keep) != (&new.pages.url, new.pages.keep)),
            ("route", self.routes != new.routes),
            ("log", self.log != new.log),
        ] {
            if differs {
                difference.sections.push(name);
            }
        }
        let kept =
            |settings: &Self| (settings.store.retention_days, settings.store.backlog_max, settings.store.disk_free_min);
        if kept(self) != kept(new) {
            difference.sections.push("store");
        }
        difference
    }

    /// Sockets, the open database and the sizes of queues are set up once.
    fn restart_needed(&self, new: &Self) -> Vec<&'static str> {
        let once = [
            ("http", self.http != new.http),
            ("pages", served(&self.pages) != served(&new.pages)),
            ("store.path", self.store.path != new.store.path),
            ("store.cache_size", self.store.cache_size != new.store.cache_size),
            ("store.wal_size", self.store.wal_size != new.store.wal_size),
            ("webhook", self.webhooks != new.webhooks),
            ("watch", self.watches != new.watches),
            ("limits", self.limits != new.limits),
            ("messages.default_class", self.messages.default_class != new.messages.default_class),
            ("messages.default_country", self.messages.default_country != new.messages.default_country),
        ];
        once.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
    }
}

/// What the listener of the pages is made of.
fn served(pages: &Pages) -> Pages {
    Pages { keep: Pages::default().keep, ..pages.clone() }
}

impl Carrier {
    fn change_to(&self, new: &Self) -> CarrierChange {
        // What each message or segment is asked for can change under a running session.
        let running = Self {
            binds: new.binds,
            messages_per_second: new.messages_per_second,
            text: new.text.clone(),
            profile_name: new.profile_name.clone(),
            ..self.clone()
        };
        CarrierChange { name: self.name.clone(), rebind: running != *new, binds: (self.binds, new.binds) }
    }
}
