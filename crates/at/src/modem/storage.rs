//! Decides when the stores are looked through, and when they count as nearly full.

use std::time::Instant;

use super::jobs::Job;
use super::network::Check;
use super::slots::Slot;
use super::{Modem, Phase};
use crate::answers::storage;
use crate::command::Reply;
use crate::event::ModemEvent;
use postrider_model::{StorageFill, catalog};

/// A store that is filled to this percentage is emptied and told.
const FULL_PERCENT: u32 = 70;
/// Stores that hold messages and reports; others hold broadcasts and drafts.
const SWEPT: [&str; 4] = ["MT", "ME", "SM", "SR"];

fn is_nearly_full(fill: &StorageFill) -> bool {
    fill.total > 0 && u32::from(fill.used) * 100 >= u32::from(fill.total) * FULL_PERCENT
}

impl Modem {
    /// Every store that can be read is looked through.
    pub(super) fn sweep_all(&mut self, now: Instant) {
        let readable = &self.known.readable;
        let home = self.known.home.as_ref().map(|(_, home)| home.clone());
        let mut stores: Vec<String> = SWEPT
            .into_iter()
            .filter(|store| readable.iter().any(|known| known == store) || home.as_deref() == Some(store))
            // MT stands for ME and SM together.
            .filter(|store| !(matches!(*store, "ME" | "SM") && home.as_deref() == Some("MT")))
            .filter(|store| *store != "MT" || home.as_deref() == Some("MT"))
            .map(str::to_owned)
            .collect();
        if stores.is_empty() {
            stores.push(String::new());
        }
        // The selected one first: it costs no switch.
        stores.sort_by_key(|store| self.known.selected.as_ref() != Some(store));
        for store in stores {
            self.queue.push(now, Job::Slot(Slot::list(&store)));
        }
    }

    /// `+CMTI` or `+CDSI` announced a slot.
    pub(super) fn handle_announced(&mut self, now: Instant, said: &str, report: bool) {
        let Some((store, index)) = storage::slot(said) else {
            let text =
                format!("{}: it announced a message without telling where it lies ({})", self.name(), said.trim());
            let advice = "Its stores are looked through instead. If messages come late, read its dialogue with: postrider modem record.";
            self.tell_once("+CMTI", text, advice, catalog::MODEM_UNREADABLE);
            self.sweep_all(now);
            return;
        };
        if self.pending.holds(&store, index) {
            return;
        }
        // One message must not be known by two names: it would be deleted twice, and the second time it is another.
        let home = self.known.home.as_ref().map(|(_, home)| home.as_str());
        if home == Some("MT") && matches!(store.as_str(), "ME" | "SM") {
            self.queue.push(now, Job::Slot(Slot::list("MT")));
            return;
        }
        let slot = if report { Slot::report(&store, index) } else { Slot::read(&store, index) };
        self.queue.push(now, Job::Slot(slot));
    }

    /// A line says that a store is full, or that the service centre holds messages back.
    pub(super) fn handle_memory_full(&mut self, now: Instant, store: &str) {
        let which = if store.is_empty() { String::new() } else { format!(" {store}") };
        self.tell_full(format!("{}: its message store{which} is full", self.name()));
        // The set-up ends with a sweep, once the stores have their names.
        if self.phase == Phase::Running {
            self.sweep_all(now);
            self.queue.push(now, Job::Check(Check::Stores));
        }
    }

    fn tell_full(&mut self, text: String) {
        let advice = "It is emptied as fast as the messages are stored. If it stays full, delete drafts on the SIM.";
        self.tell_lasting(text, advice, catalog::STORAGE_FULL);
    }

    /// `AT+CPMS?` counted the stores.
    pub(super) fn stores_counted(&mut self, now: Instant, fills: Vec<StorageFill>) {
        if self.has_forgotten_its_store(&fills) {
            self.restart_setup(now, "it forgot which store was selected, so it has rebooted");
            return;
        }
        for fill in fills {
            self.set_fill(fill);
        }
        let full: Vec<StorageFill> = self.known.fills.iter().filter(|fill| is_nearly_full(fill)).cloned().collect();
        for fill in &full {
            let StorageFill { name, used, total } = fill;
            let text = format!("{}: its message store {name} is nearly full ({used} of {total})", self.name());
            self.tell_full(text);
            self.queue.push(now, Job::Slot(Slot::list(name)));
        }
        if full.is_empty() {
            self.end_trouble(catalog::STORAGE_FULL);
        }
    }

    /// Whether another store is selected than before, though nothing was selected since. A modem that reboots without a
    /// word would have its slots taken for those of another store, and the wrong ones deleted.
    fn has_forgotten_its_store(&mut self, fills: &[StorageFill]) -> bool {
        let (Some(selected), Some(first)) = (self.known.selected.clone(), fills.first()) else { return false };
        match &self.known.counted {
            Some((known, name)) if *known == selected => *name != first.name && self.phase == Phase::Running,
            _ => {
                self.known.counted = Some((selected, first.name.clone()));
                false
            }
        }
    }

    /// The answer to `AT+CPMS=` counts the store that was selected.
    pub(super) fn count_store(&mut self, store: &str, reply: &Reply) {
        if let Some((used, total)) = reply.behind("+CPMS:").and_then(storage::selected) {
            self.set_fill(StorageFill { name: store.to_owned(), used, total });
        }
    }

    /// A slot could not be emptied: what lies there was taken, and is read with every sweep.
    pub(super) fn not_deleted(&mut self, store: &str, index: u16, why: &str) {
        let text = format!("{}: a message in its store {store} was taken and cannot be deleted: {why}", self.name());
        let advice = format!(
            "It is not taken twice, and deleting is tried again with every sweep. Try: postrider modem at {} AT+CMGD={index}. A SIM \
             that can no longer be written is to be replaced before its store is full.",
            self.settings.name
        );
        self.tell_once("AT+CMGD", text, &advice, catalog::MODEM_UNREADABLE);
    }

    /// A slot was emptied.
    pub(super) fn uncount(&mut self, store: &str, done: bool) {
        let known = self.known.fills.iter().find(|fill| fill.name == store);
        if let Some(fill) = known.filter(|fill| done && fill.used > 0).cloned() {
            self.set_fill(StorageFill { used: fill.used - 1, ..fill });
        }
    }

    fn set_fill(&mut self, fill: StorageFill) {
        let fills = &mut self.known.fills;
        match fills.iter().position(|known| known.name == fill.name) {
            Some(place) if fills[place] == fill => return,
            Some(place) => fills[place] = fill,
            None if fills.len() < SWEPT.len() * 2 => fills.push(fill),
            None => return,
        }
        self.events.push_back(ModemEvent::Storage(self.known.fills.clone()));
    }
}
