//! `[store]`: the database file, how much it holds and for how long.

use std::path::PathBuf;
use std::time::Duration;

use super::document::Section;
use super::files::Place;
use super::value::{days, filled, size, whole};

/// The database file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The SQLite file; its `-wal` and `-shm` lie beside it.
    pub path: PathBuf,
    /// New messages are refused while so many are unfinished.
    pub backlog_max: u64,
    /// How many days finished messages are kept.
    pub retention_days: u32,
    /// New messages are refused while the disk has less free than this, in octets.
    pub disk_free_min: u64,
    /// The writer's page cache, in octets.
    pub cache_size: usize,
    /// How long the write-ahead log may grow before it is moved into the file, in octets.
    pub wal_size: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: PathBuf::from("/var/lib/postrider/postrider.db"),
            backlog_max: 2_000_000,
            retention_days: 90,
            disk_free_min: 256 << 20,
            cache_size: 12 << 20,
            wal_size: 16 << 20,
        }
    }
}

impl Store {
    /// How long finished messages are kept.
    pub fn retention(&self) -> Duration {
        days(u64::from(self.retention_days))
    }

    pub(super) fn read(&mut self, mut section: Section<'_>, place: Place<'_>) {
        section.set("path", &mut self.path, |value| filled(value).map(|text| place.path(&text)));
        section.set("backlog_max", &mut self.backlog_max, whole(1..=100_000_000));
        section.set("retention_days", &mut self.retention_days, whole(1..=3_650));
        section.set("disk_free_min", &mut self.disk_free_min, size(16 << 20..=1 << 40));
        section.set("cache_size", &mut self.cache_size, size(1 << 20..=1 << 30));
        section.set("wal_size", &mut self.wal_size, size(1 << 20..=1 << 30));
        section.finish();
    }
}
