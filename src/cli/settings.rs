//! Reads a configuration with the files that it names, and tells all its mistakes at once.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::config::{self, Files, Problems, Settings};

/// Where the package puts the configuration.
pub const USUAL_FILE: &str = "/etc/postrider/postrider.toml";

/// A configuration with mistakes. Its text lists them all.
#[derive(Debug)]
pub struct Wrong(pub Problems);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Wrong {}

/// Reads `file` for the daemon: every secret must be there.
///
/// # Errors
/// [`Wrong`] with every mistake, or what kept the file from being read.
pub fn load(file: &Path) -> anyhow::Result<Settings> {
    read(file, Secrets::Needed)
}

/// Reads `file` for a tool that needs no secret, and may be run by somebody who may not read them.
///
/// # Errors
/// As [`load`].
pub fn load_without_secrets(file: &Path) -> anyhow::Result<Settings> {
    read(file, Secrets::StoodIn)
}

fn read(file: &Path, secrets: Secrets) -> anyhow::Result<Settings> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the configuration {}; name the file with --config", file.display()))?;
    config::parse(file, &text, &Disk { secrets }).map_err(|problems| Wrong(problems).into())
}

/// What becomes of secrets that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    /// A mistake is told.
    Needed,
    /// Something takes their place that is never used.
    StoodIn,
}

/// The disk and the environment.
struct Disk {
    secrets: Secrets,
}

/// A text that passes for a password as well as for a signing secret.
const STAND_IN: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Stands for the directory of credentials, which only the unit has.
const NO_DIRECTORY: &str = "/nonexistent/postrider-credentials";

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        let stands_in = self.secrets == Secrets::StoodIn;
        if stands_in && path.starts_with(NO_DIRECTORY) {
            return Ok(STAND_IN.to_owned());
        }
        match fs::read_to_string(path) {
            Err(error) if stands_in && error.kind() == io::ErrorKind::PermissionDenied => Ok(STAND_IN.to_owned()),
            other => other,
        }
    }

    fn others_may_read(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
    }

    fn credentials_directory(&self) -> Option<PathBuf> {
        let given = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        given.or_else(|| (self.secrets == Secrets::StoodIn).then(|| NO_DIRECTORY.into()))
    }
}
