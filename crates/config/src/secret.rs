//! Where a password or key comes from: the configuration, a file of its own, or a systemd credential.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use toml::de::DeValue;

use super::document::Section;
use super::files::Place;
use super::value::{Checked, filled};

/// A secret that can be compared, so that a changed one is noticed at a reload. Debug output hides it.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Hides `text`.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The text, hidden as other crates know it.
    pub fn into_inner(self) -> SecretString {
        self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

/// The three keys under which one secret can be given.
pub(super) struct SecretKeys {
    /// In the configuration itself.
    pub(super) plain: &'static str,
    /// In a file of its own.
    pub(super) file: &'static str,
    /// In a credential of the unit.
    pub(super) credential: &'static str,
}

impl SecretKeys {
    pub(super) const PASSWORD: Self =
        Self { plain: "password", file: "password_file", credential: "password_credential" };
    pub(super) const PIN: Self = Self { plain: "pin", file: "pin_file", credential: "pin_credential" };
    pub(super) const SECRET: Self = Self { plain: "secret", file: "secret_file", credential: "secret_credential" };

    /// Reads the secret. What is wrong with it is told here.
    pub(super) fn read(&self, section: &mut Section<'_>, place: Place<'_>) -> Given {
        let keys = [self.plain, self.file, self.credential].map(|key| (key, section.has(key)));
        let mut given = keys.into_iter().filter_map(|(key, there)| there.then_some(key));
        let Some(first) = given.next() else { return Given::Nothing };
        if let Some(second) = given.next() {
            section.wrong(second, &format!("stands beside {first}; keep one of them"));
            return Given::Wrong;
        }
        let secret = if first == self.plain {
            self.in_plain(section, place)
        } else if first == self.file {
            self.in_file(section, place)
        } else {
            self.in_credential(section, place)
        };
        secret.map_or(Given::Wrong, |secret| Given::Secret(secret, first))
    }

    fn in_plain(&self, section: &mut Section<'_>, place: Place<'_>) -> Option<Secret> {
        let mut text = None;
        section.set_some(self.plain, &mut text, hidden_text);
        let file = section.file().to_owned();
        if place.files.others_may_read(Path::new(&file)) {
            let what = self.plain;
            section.warn(
                what,
                format!("{file} holds a {what}, and every user of this machine can read it; run: chmod o= {file}"),
            );
        }
        self.not_empty(section, self.plain, "", &text?)
    }

    fn in_file(&self, section: &mut Section<'_>, place: Place<'_>) -> Option<Secret> {
        let mut written = None;
        section.set_some(self.file, &mut written, filled);
        let path = place.path(&written?);
        let text = place.read(&path).map_err(|predicate| section.wrong(self.file, &predicate)).ok()?;
        if place.files.others_may_read(&path) {
            let shown = path.display();
            section.warn(self.file, format!("every user of this machine can read {shown}; run: chmod o= {shown}"));
        }
        self.not_empty(section, self.file, &path.display().to_string(), &text)
    }

    fn in_credential(&self, section: &mut Section<'_>, place: Place<'_>) -> Option<Secret> {
        let mut name = None;
        section.set_some(self.credential, &mut name, filled);
        let name = name?;
        if name.contains('/') {
            section.wrong(self.credential, "must be the name of a credential, without a slash");
            return None;
        }
        let Some(directory) = place.files.credentials_directory() else {
            let advice = format!(
                "needs $CREDENTIALS_DIRECTORY, which is not set; add LoadCredential={name}:/path/to/file to the unit"
            );
            section.wrong(self.credential, &advice);
            return None;
        };
        let path = directory.join(&name);
        let text = place.read(&path).map_err(|predicate| section.wrong(self.credential, &predicate)).ok()?;
        self.not_empty(section, self.credential, &path.display().to_string(), &text)
    }

    /// The line without its end; an empty one is told.
    fn not_empty(&self, section: &mut Section<'_>, key: &'static str, what: &str, text: &str) -> Option<Secret> {
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            let advice = format!("is empty; write it there, or name a {} or {}", self.file, self.credential);
            let predicate =
                if what.is_empty() { advice } else { format!("names {what}, which is empty; write it there") };
            section.wrong(key, &predicate);
            return None;
        }
        Some(Secret::new(line.to_owned()))
    }
}

/// What was found under the keys of a secret.
pub(super) enum Given {
    /// None of the keys is there.
    Nothing,
    /// One is there and wrong; that was told.
    Wrong,
    /// The secret, and the key that gave it.
    Secret(Secret, &'static str),
}

/// A text whose mistakes are told without showing it.
fn hidden_text(value: &DeValue<'_>) -> Checked<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "must be a text in quotes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_it_and_comparison_does_not() {
        let secret = Secret::new("hunter2".into());
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_ne!(secret, Secret::new("other".into()));
        assert_eq!(secret, secret.clone());
    }
}
