//! What reading a configuration may ask of the world, so that the reading itself touches no file.

use std::io;
use std::path::{Path, PathBuf};

/// Gives the contents of files that a configuration names: included files, carrier files, passwords.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// As reading a file does; [`io::ErrorKind::NotFound`] is told apart.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Whether users other than the owner and the group may read the file.
    fn others_may_read(&self, path: &Path) -> bool;

    /// The value of `$CREDENTIALS_DIRECTORY`, where systemd puts the credentials of the unit.
    fn credentials_directory(&self) -> Option<PathBuf>;
}

/// The files of one configuration, and the folder that relative paths start from.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) folder: &'a Path,
}

impl Place<'_> {
    /// Where a path of the configuration leads: relative ones start at the folder of the main file.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        self.folder.join(written)
    }

    /// The text of a file, or the rest of a sentence about it.
    pub(super) fn read(&self, path: &Path) -> Result<String, String> {
        self.files.read(path).map_err(|error| {
            let shown = path.display();
            let known = [
                (io::ErrorKind::NotFound, "does not exist; create it or correct the path"),
                (io::ErrorKind::PermissionDenied, "this user may not read; give the group of postrider read access"),
            ];
            match known.into_iter().find(|(kind, _)| *kind == error.kind()) {
                Some((_, why)) => format!("names {shown}, which {why}"),
                None => format!("names {shown}, which cannot be used: {error}"),
            }
        })
    }

    /// Whether a file that is not text for us is there at all.
    pub(super) fn is_missing(&self, path: &Path) -> bool {
        matches!(self.files.read(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Files that live in a map.
    #[derive(Debug, Default)]
    pub(crate) struct MapFiles {
        pub(crate) files: BTreeMap<PathBuf, String>,
        pub(crate) open_to_others: Vec<PathBuf>,
        pub(crate) credentials: Option<PathBuf>,
    }

    impl MapFiles {
        pub(crate) fn with(mut self, path: &str, text: &str) -> Self {
            self.files.insert(path.into(), text.to_owned());
            self
        }
    }

    impl Files for MapFiles {
        fn read(&self, path: &Path) -> io::Result<String> {
            self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        fn others_may_read(&self, path: &Path) -> bool {
            self.open_to_others.iter().any(|open| open == path)
        }

        fn credentials_directory(&self) -> Option<PathBuf> {
            self.credentials.clone()
        }
    }
}
