//! Finds the database file and opens it, for tools that work beside a running daemon.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use rusqlite::Connection;

use super::settings;
use crate::config::Settings;
use crate::store::{Database, Options, StoreError, known_version, open_reader};

/// Which database, and the configuration beside it.
#[derive(Debug, Args)]
pub struct Which {
    /// The configuration that names the database
    #[arg(long, value_name = "FILE", default_value = settings::USUAL_FILE)]
    pub config: PathBuf,
    /// The database itself; no configuration is read then
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
}

impl Which {
    /// The configuration, unless the database is named by itself.
    pub fn settings(&self) -> anyhow::Result<Option<Settings>> {
        match self.db {
            Some(_) => Ok(None),
            None => settings::load_without_secrets(&self.config).map(Some),
        }
    }

    /// The path of the database.
    pub fn path(&self, settings: Option<&Settings>) -> PathBuf {
        let of_settings = || settings.map(|settings| settings.store.path.clone()).unwrap_or_default();
        self.db.clone().unwrap_or_else(of_settings)
    }

    /// Opens it for writing. The daemon may be running: both take turns, and each reads again what the other changed.
    pub fn open(&self) -> anyhow::Result<Database> {
        self.open_with(|_| ())
    }

    /// As [`Which::open`], with other options than usual.
    pub fn open_with(&self, change: impl FnOnce(&mut Options)) -> anyhow::Result<Database> {
        let path = self.path(self.settings()?.as_ref());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(folder.is_dir(), "{} is no directory; create it, or correct store.path", folder.display());
        let mut options = Options::at(&path);
        change(&mut options);
        let database = Database::open(&options)?;
        give_to_owner(folder, &path)?;
        Ok(database)
    }

    /// Opens it for reading.
    pub fn read(&self, settings: Option<&Settings>) -> anyhow::Result<Connection> {
        let path = self.path(settings);
        ensure!(path.exists(), "there is no database {}; it is made when the daemon starts", path.display());
        let connection = open_reader(&path)?;
        let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let found = version.map_err(|error| StoreError::Open { path: path.clone(), reason: error.to_string() })?;
        ensure!(found > 0, "{} is no database of postrider", path.display());
        let known = known_version();
        ensure!(found <= known, StoreError::Newer { found, known });
        Ok(connection)
    }
}

/// Root may have made the files just now; the daemon, which owns the directory, could then not open them.
fn give_to_owner(folder: &Path, path: &Path) -> anyhow::Result<()> {
    let folder = fs::metadata(folder)?;
    for suffix in ["", "-wal", "-shm", ".lock", ".epoch"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let Ok(file) = fs::metadata(&name) else { continue };
        if file.uid() == 0 && folder.uid() != 0 {
            chown(&name, Some(folder.uid()), Some(folder.gid()))
                .with_context(|| format!("cannot give {} to the owner of its directory", Path::new(&name).display()))?;
        }
    }
    Ok(())
}
