//! The key under the mat for technicians on this machine: a fresh token at each start, in a file beside the database that
//! only root, the daemon and their group may read.
//!
//! Who may read that directory could read the whole database, so the token gives nobody more than they have. It spares
//! them making one, and it says where the API listens.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::clock::now;
use crate::http::token::{self as form, SECRET_SIZE_BYTES, Scope, TokenHash};
use crate::store::{Store, token};

/// The token's name in lists. No other token may have it.
pub const TOKEN_NAME: &str = "local";
/// The file's name, beside the database.
const FILE_NAME: &str = "local-api.json";
/// Root and the daemon's group may read it.
const MODE: u32 = 0o640;

/// Where the API of a running daemon is, and a token for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalApi {
    /// `http://HOST:PORT` or `unix:PATH`.
    pub url: String,
    /// A token for everything.
    pub token: String,
}

impl LocalApi {
    /// The file beside the database at `database`.
    pub fn file(database: &Path) -> PathBuf {
        database.with_file_name(FILE_NAME)
    }

    /// Reads what the daemon of the database at `database` left there.
    ///
    /// # Errors
    /// The system's own; a damaged file is invalid data.
    pub fn read(database: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(Self::file(database))?;
        serde_json::from_str(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// The file of a running daemon; it goes with it.
#[derive(Debug)]
pub struct Mat(PathBuf);

impl Drop for Mat {
    fn drop(&mut self) {
        // Left behind by a crash it opens nothing: the next start makes a new token.
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes a new token in place of the last run's, and writes the file.
///
/// # Errors
/// The store's, or the system's with the file's path.
pub async fn lay(store: &Store, database: &Path, url: &str) -> anyhow::Result<Mat> {
    let mut secret = [0; SECRET_SIZE_BYTES];
    getrandom::fill(&mut secret)?;
    let api = LocalApi { url: url.to_owned(), token: form::format(&secret) };
    let hash = TokenHash::of(&api.token);
    let scopes = [Scope::Admin.to_string()];
    store.write(move |tx| token::renew(tx, TOKEN_NAME, &hash.0, &scopes, now())).await?;
    let file = LocalApi::file(database);
    write(&file, &api).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Mat(file))
}

/// Writes beside and renames, so that a reader finds the old file or the new one.
fn write(file: &Path, api: &LocalApi) -> io::Result<()> {
    let fresh = file.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(MODE).open(&fresh)?;
    // The mode above is cut by the umask; the group must be able to read whatever that is.
    out.set_permissions(fs::Permissions::from_mode(MODE))?;
    out.write_all(&serde_json::to_vec(api)?)?;
    drop(out);
    fs::rename(&fresh, file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::store::{Database, Options};

    #[tokio::test]
    async fn each_start_has_a_token_of_its_own_and_the_last_one_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (store, _) = Store::start(Database::open(&Options::at(&path)).unwrap(), path.clone()).unwrap();
        let mat = lay(&store, &path, "http://127.0.0.1:8025").await.unwrap();
        let first = LocalApi::read(&path).unwrap();
        assert_eq!(fs::metadata(LocalApi::file(&path)).unwrap().mode() & 0o777, 0o640);
        let knows = |token: &str| {
            let hash = TokenHash::of(token);
            store.read(move |connection| token::by_hash(connection, &hash.0)).unwrap()
        };
        assert_eq!(knows(&first.token).unwrap().scopes, ["admin"]);
        drop(mat);
        assert!(LocalApi::read(&path).is_err(), "the file goes with the daemon");
        let _mat = lay(&store, &path, "unix:/run/x.sock").await.unwrap();
        let second = LocalApi::read(&path).unwrap();
        assert_eq!(second.url, "unix:/run/x.sock");
        assert!(knows(&first.token).is_none() && knows(&second.token).is_some());
        assert_eq!(store.read(token::list).unwrap().len(), 1, "restarts leave no heap of tokens");
        store.write(|tx| token::revoke(tx, TOKEN_NAME, now())).await.unwrap();
        let _mat = lay(&store, &path, "unix:/run/x.sock").await.unwrap();
        assert!(knows(&LocalApi::read(&path).unwrap().token).is_some(), "a revoked one is made anew at the next start");
    }
}
