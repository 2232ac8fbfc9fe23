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
pub(super) struct Memory {
    pub name: &'static str,
    pub total: u16,
    first: u16,
    slots: BTreeMap<u16, Stored>,
}

impl Memory {
    pub fn new(name: &'static str, total: u16, first: u16) -> Self {
        Self { name, total, first, slots: BTreeMap::new() }
    }

    pub fn used(&self) -> usize {
        self.slots.len()
    }

    /// Keeps `stored` in the lowest free slot; `None` when all are taken.
    pub fn keep(&mut self, stored: Stored) -> Option<u16> {
        let end = self.first.saturating_add(self.total);
        let free = (self.first..end).find(|slot| !self.slots.contains_key(slot))?;
        self.slots.insert(free, stored);
        Some(free)
    }

    /// The slots in use.
    pub fn slots(&mut self) -> impl Iterator<Item = (u16, &mut Stored)> {
        self.slots.iter_mut().map(|(slot, stored)| (*slot, stored))
    }

    pub fn get(&mut self, slot: u16) -> Option<&mut Stored> {
        self.slots.get_mut(&slot)
    }

    /// Empties a slot; whether there was anything in it.
    pub fn delete(&mut self, slot: u16) -> bool {
        self.slots.remove(&slot).is_some()
    }

    /// Empties what was read, or everything.
    pub fn delete_all(&mut self, unread_too: bool) {
        self.slots.retain(|_, stored| !unread_too && !stored.read);
    }
}

/// All stores of a modem.
#[derive(Debug, Clone)]
pub(super) struct Memories(Vec<Memory>);

impl Memories {
    pub fn new(memories: &[(&'static str, u16)], first: u16, slots: Option<u16>) -> Self {
        Self(memories.iter().map(|(name, total)| Memory::new(name, slots.unwrap_or(*total), first)).collect())
    }

    /// The store that a name stands for: `MT` is the modem's own, or the SIM's where it has none.
    pub fn named(&mut self, name: &str) -> Option<&mut Memory> {
        let place = self.place(name)?;
        self.0.get_mut(place)
    }

    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Slots in use and slots of a store.
    pub fn fill(&self, name: &str) -> (usize, u16) {
        self.place(name).and_then(|place| self.0.get(place)).map_or((0, 0), |memory| (memory.used(), memory.total))
    }

    fn place(&self, name: &str) -> Option<usize> {
        let at = |wanted: &str| self.0.iter().position(|memory| memory.name == wanted);
        at(name).or_else(|| if name == "MT" { at("ME").or_else(|| at("SM")) } else { None })
    }
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
        let memory = memories.named("MT").unwrap();
        assert_eq!((memory.keep(stored(1)), memory.keep(stored(2)), memory.keep(stored(3))), (Some(1), Some(2), None));
        assert!(memory.delete(1) && !memory.delete(1));
        assert_eq!(memory.keep(stored(4)), Some(1));
        assert_eq!(memories.fill("SM"), (2, 2));
        assert!(!memories.has("SR"));
    }
}
