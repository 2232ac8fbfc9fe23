//! The carrier files: those that are built in, and an operator's own.
//!
//! `profile = "latin1"` is `carriers/latin1.toml` beside the configuration, or else the built-in file of that name;
//! `profile = "/etc/postrider/acme.toml"` is that file.

use std::io;
use std::path::Path;

use super::carrier::Carrier;
use super::document::{Document, Section};
use super::files::Place;
use super::problem::did_you_mean;
use super::profile;
use super::value::{filled, text};

/// A carrier file that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The word for it in `profile`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn { name: $name, text: include_str!(concat!("../../../firmware-config/carriers/", $name, ".toml")) }),*]
    };
}

/// All of them, by name.
pub const BUILT_IN: &[BuiltIn] = built_in![
    "generic",
    "hex-decimal-ids",
    "india-dlt",
    "korea-euc-kr",
    "latin1",
    "message-payload",
    "padded-ids",
    "sar",
];

/// Reads `profile` and fills `carrier` with what that file says.
pub(super) fn start_from(section: &mut Section<'_>, carrier: &mut Carrier, place: Place<'_>) {
    section.set("profile", &mut carrier.profile_name, filled);
    let name = carrier.profile_name.clone();
    if name.contains('/') || name.ends_with(".toml") {
        let path = place.path(&name);
        match place.read(&path) {
            Ok(text) => read_file(&path.display().to_string(), &text, section, carrier),
            Err(predicate) => section.wrong("profile", &predicate),
        }
        return;
    }
    let own = place.path(&format!("carriers/{name}.toml"));
    match (place.files.read(&own), BUILT_IN.iter().find(|file| file.name == name)) {
        (Ok(text), _) => read_file(&own.display().to_string(), &text, section, carrier),
        (Err(error), Some(file)) if error.kind() == io::ErrorKind::NotFound => {
            read_file(&format!("{name}.toml, built in"), file.text, section, carrier);
        }
        (Err(error), _) if error.kind() != io::ErrorKind::NotFound => {
            section.wrong("profile", &format!("names {}, which cannot be read: {error}", own.display()));
        }
        (Err(_), _) => section.wrong("profile", &unknown(&name, &own)),
    }
}

fn unknown(name: &str, own: &Path) -> String {
    let names: Vec<_> = BUILT_IN.iter().map(|file| file.name).collect();
    let hint = did_you_mean(name, names.iter().copied());
    let hint = hint.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
    let own = own.display();
    format!("names \"{name}\", which is none of {} and not in {own}{hint}", names.join(", "))
}

fn read_file(name: &str, toml: &str, section: &Section<'_>, carrier: &mut Carrier) {
    let document = Document::parse(name, toml, section.report);
    let mut root = document.root("", section.report).with_path("carrier");
    let mut description = String::new();
    root.set("description", &mut description, text);
    profile::read(&mut root, &mut carrier.profile, &mut carrier.text);
    root.finish();
}
