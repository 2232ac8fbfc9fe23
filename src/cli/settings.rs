//! Reads a configuration with the files that it names, and tells all its mistakes at once.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::config::{self, Files, Problems, Settings};
use crate::daemon::caught;
use crate::link::read_small_text;

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

/// Reads `file` again, for a daemon that runs with what it said before.
///
/// # Errors
/// As [`load`]; and when the file is empty. At a start that means the defaults; while messages flow it is far more often
/// a file that an editor or a full disk has just emptied, and would end every link.
pub fn load_again(file: &Path) -> anyhow::Result<Settings> {
    let text = text_of(file)?;
    ensure!(!text.trim().is_empty(), "{} is empty; a comment in it would mean the defaults", file.display());
    check(file, &text, Secrets::Needed)
}

fn read(file: &Path, secrets: Secrets) -> anyhow::Result<Settings> {
    check(file, &text_of(file)?, secrets)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    read_small_text(file).with_context(|| {
        let advice = if file.exists() { "" } else { "; name the file with --config" };
        format!("cannot read the configuration {}{advice}", file.display())
    })
}

fn check(file: &Path, text: &str, secrets: Secrets) -> anyhow::Result<Settings> {
    let what = format!("Reading the configuration {}", file.display());
    let checked = caught(&what, || config::parse(file, text, &Disk { secrets }))?;
    checked.map_err(|problems| Wrong(problems).into())
}

/// Writes a configuration of our own making, which has secrets in it, for nobody else to read.
///
/// # Errors
/// The system's own.
pub fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(file)?.write_all(text.as_bytes())
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
        match read_small_text(path) {
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
