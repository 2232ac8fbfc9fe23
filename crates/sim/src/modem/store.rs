//! The modem's message stores: numbered slots of limited count.

use std::collections::BTreeMap;

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    /// The service centre's address and the TPDU.
    pub pdu: Vec<u8>,
    /// The length of the TPDU alone.
    pub length: usize,
    /// Whether it was read.
    pub read: bool,
}

/// One store.
#[derive(Debug, Clone)]
struct Memory {
    name: &'static str,
    total: u16,
    first: u16,
    slots: BTreeMap<u16, Stored>,
}

impl Memory {
    fn new(name: &'static str, total: u16, first: u16) -> Self {
        Self { name, total, first, slots: BTreeMap::new() }
    }

    /// Keeps `stored` in the lowest free slot; `None` when all are taken.
    fn keep(&mut self, stored: Stored) -> Option<u16> {
        let end = self.first.saturating_add(self.total);
        let free = (self.first..end).find(|slot| !self.slots.contains_key(slot))?;
        self.slots.insert(free, stored);
        Some(free)
    }
}

/// All stores of a modem. `MT` is the modem's own and the SIM's together: the slots of the second follow those of the first.
#[derive(Debug, Clone)]
pub(super) struct Memories(Vec<Memory>);

impl Memories {
    pub fn new(memories: &[(&'static str, u16)], first: u16, slots: Option<u16>) -> Self {
        Self(memories.iter().map(|(name, total)| Memory::new(name, slots.unwrap_or(*total), first)).collect())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|memory| stands_for(name, memory))
    }

    /// Slots in use and slots of a store.
    pub fn fill(&self, name: &str) -> (usize, u16) {
        let meant = self.0.iter().filter(|memory| stands_for(name, memory));
        meant.fold((0, 0), |(used, total), memory| (used + memory.slots.len(), total + memory.total))
    }

    /// Keeps `stored` in the lowest free slot; `None` when all are taken.
    pub fn keep(&mut self, name: &str, stored: &Stored) -> Option<u16> {
        self.meant(name).find_map(|(offset, memory)| Some(memory.keep(stored.clone())? + offset))
    }

    /// What lies in a store.
    pub fn slots<'a>(&'a mut self, name: &'a str) -> impl Iterator<Item = (u16, &'a mut Stored)> {
        self.meant(name)
            .flat_map(|(offset, memory)| memory.slots.iter_mut().map(move |(slot, stored)| (slot + offset, stored)))
    }

    /// Empties a slot; whether there was anything in it.
    pub fn delete(&mut self, name: &str, slot: u16) -> bool {
        self.meant(name)
            .any(|(offset, memory)| slot.checked_sub(offset).is_some_and(|slot| memory.slots.remove(&slot).is_some()))
    }

    /// Empties what was read, or everything.
    pub fn delete_all(&mut self, name: &str, unread_too: bool) {
        for (_, memory) in self.meant(name) {
            memory.slots.retain(|_, stored| !unread_too && !stored.read);
        }
    }

    /// The stores behind a name, and what is added to the slots of each.
    fn meant<'a>(&'a mut self, name: &'a str) -> impl Iterator<Item = (u16, &'a mut Memory)> {
        let mut offset = 0;
        self.0.iter_mut().filter(move |memory| stands_for(name, memory)).map(move |memory| {
            let before = offset;
            offset += memory.total;
            (before, memory)
        })
    }
}

fn stands_for(name: &str, memory: &Memory) -> bool {
    memory.name == name || name == "MT" && matches!(memory.name, "ME" | "SM")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(octet: u8) -> Stored {
        Stored { pdu: vec![octet], length: 1, read: false }
    }

    #[test]
    fn slots_are_filled_from_below_and_no_further_than_there_are() {
        let mut memories = Memories::new(&[("SM", 2)], 1, None);
        let mut keep = |octet| memories.keep("SM", &stored(octet));
        assert_eq!((keep(1), keep(2), keep(3)), (Some(1), Some(2), None));
        assert!(memories.delete("SM", 1) && !memories.delete("SM", 1));
        assert_eq!(memories.keep("SM", &stored(4)), Some(1));
        assert_eq!(memories.fill("SM"), (2, 2));
        assert!(!memories.has("SR"));
    }

    #[test]
    fn the_slots_of_both_stores_count_on() {
        let mut memories = Memories::new(&[("SM", 2), ("ME", 3)], 0, None);
        memories.keep("ME", &stored(7));
        assert_eq!(memories.slots("MT").map(|(slot, _)| slot).collect::<Vec<_>>(), [2]);
        assert_eq!((memories.keep("MT", &stored(8)), memories.fill("MT")), (Some(0), (2, 5)));
        assert!(memories.delete("MT", 2));
        assert_eq!(memories.fill("ME"), (0, 3));
    }
}
