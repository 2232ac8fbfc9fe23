//! The modem profiles: those that are built in, and an operator's own.
//!
//! An own profile is tried before the built-in ones, and hides the one of its name. A profile starts from the generic one,
//! or from the built-in one that its `base` names.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use postrider_at::ModemProfile;

use super::carriers::BuiltIn;
use super::document::{Document, Section};
use super::files::Place;
use super::modem_profile;
use super::problem::{Report, did_you_mean};
use super::value::{filled, text};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn { name: $name, text: include_str!(concat!("../../../firmware-config/modems/", $name, ".toml")) }),*]
    };
}

/// All of them; the first that fits a modem best is taken, and the generic one stands last.
pub const MODEM_PROFILES: &[BuiltIn] = built_in![
    "huawei-me909",
    "huawei",
    "zte",
    "quectel-ec200a",
    "quectel-ep06",
    "quectel-m26",
    "quectel-ec2x",
    "simcom-sim800",
    "simcom-a76xx",
    "simcom-sim7600",
    "telit",
    "ublox",
    "siemens-tc35",
    "cinterion",
    "sierra",
    "wavecom",
    "qualcomm",
    "nokia",
    "generic",
];

/// A profile may stand on another, and that on a third; longer chains are a circle.
const BASES_MAX: usize = 4;

static PARSED: LazyLock<Arc<[ModemProfile]>> = LazyLock::new(|| {
    // A test proves that none of them has a mistake, so nothing can be in this report.
    let report = Report::default();
    MODEM_PROFILES.iter().map(|file| read_built_in(file, &report, 0)).collect()
});

/// The built-in profiles, checked.
pub fn built_in_modem_profiles() -> Arc<[ModemProfile]> {
    Arc::clone(&PARSED)
}

fn read_built_in(file: &BuiltIn, report: &Report, depth: usize) -> ModemProfile {
    read_text(file.name, &format!("{}.toml, built in", file.name), file.text, report, depth)
}

fn read_text(name: &str, shown: &str, toml: &str, report: &Report, depth: usize) -> ModemProfile {
    let document = Document::parse(shown, toml, report);
    let mut root = document.root("", report).with_path("modem_profile");
    let mut description = String::new();
    root.set("description", &mut description, text);
    let mut profile = match base(&mut root) {
        Some(file) if depth < BASES_MAX => {
            // What a profile matches is its own; it does not take over whom its base is for.
            let base = read_built_in(file, &Report::default(), depth + 1);
            ModemProfile { matches: Default::default(), ..base }
        }
        _ => ModemProfile::default(),
    };
    name.clone_into(&mut profile.name);
    modem_profile::read(&mut root, &mut profile);
    root.finish();
    profile
}

fn base(root: &mut Section<'_>) -> Option<&'static BuiltIn> {
    let mut base = None;
    root.set_some("base", &mut base, filled);
    let base = base?;
    let found = MODEM_PROFILES.iter().find(|file| file.name == base);
    if found.is_none() {
        root.wrong("base", &unknown(&base, MODEM_PROFILES.iter().map(|file| file.name)));
    }
    found
}

/// Says which names there are.
pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = did_you_mean(name, known.clone());
    let hint = hint.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
    format!("names \"{name}\", which is none of {}{hint}", known.collect::<Vec<_>>().join(", "))
}

/// Reads the files that `key` names; they come before the built-in profiles, the generic one stays last.
pub(super) fn with_own(section: &mut Section<'_>, key: &'static str, place: Place<'_>) -> Arc<[ModemProfile]> {
    let mut paths = Vec::new();
    section.set_list(key, &mut paths, filled);
    let mut own: Vec<ModemProfile> = Vec::new();
    for written in paths {
        let path = place.path(&written);
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned) else {
            section.wrong(key, &format!("names \"{written}\", which is no file"));
            continue;
        };
        if own.iter().any(|profile| profile.name == name) {
            section.wrong(key, &format!("names two files called {name}; rename one"));
            continue;
        }
        match place.read(&path) {
            Ok(toml) => own.push(read_file(&name, &path, &toml, section.report)),
            Err(predicate) => section.wrong(key, &predicate),
        }
    }
    if own.is_empty() {
        return built_in_modem_profiles();
    }
    let hidden = |profile: &&ModemProfile| !own.iter().any(|own| own.name == profile.name);
    let built_in: Vec<ModemProfile> = PARSED.iter().filter(hidden).cloned().collect();
    // An own generic profile takes the place of the last.
    let (generic, own): (Vec<_>, Vec<_>) = own.into_iter().partition(|profile| profile.name == "generic");
    own.into_iter().chain(built_in).chain(generic).collect()
}

fn read_file(name: &str, path: &Path, toml: &str, report: &Report) -> ModemProfile {
    read_text(name, &path.display().to_string(), toml, report, 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn problems(name: &str, toml: &str) -> (ModemProfile, String) {
        let report = Report::default();
        let profile = read_text(name, &format!("{name}.toml"), toml, &report, 0);
        let (problems, ..) = report.finish();
        (profile, problems.iter().map(|problem| format!("{problem}\n")).collect())
    }

    #[test]
    fn every_profile_is_built_in_and_parses() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware-config/modems");
        let found: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(found, MODEM_PROFILES.iter().map(|file| file.name.to_owned()).collect());
        for file in MODEM_PROFILES {
            let (profile, problems) = problems(file.name, file.text);
            assert_eq!(problems, "", "{}", file.name);
            assert!(file.text.contains("description = \""), "{}", file.name);
            let matches = &profile.matches;
            let matched = !matches.usb.is_empty() || !matches.makers.is_empty();
            assert_eq!(matched, file.name != "generic", "{} is for some modem", file.name);
        }
        assert_eq!(built_in_modem_profiles().len(), MODEM_PROFILES.len());
    }

    #[test]
    fn the_generic_profile_is_the_last_and_equals_the_defaults() {
        assert_eq!(built_in_modem_profiles().last(), Some(&ModemProfile::default()));
    }

    #[test]
    fn a_profile_keeps_what_its_base_says_but_not_whom_it_is_for() {
        let profiles = built_in_modem_profiles();
        let find = |name: &str| profiles.iter().find(|profile| profile.name == name).unwrap();
        let (base, own) = (find("quectel-ec2x"), find("quectel-ep06"));
        assert_eq!((&own.init, own.receive.lists, base.receive.lists), (&base.init, false, true));
        assert_eq!(own.matches.usb, [(0x2c7c, Some(0x0306))]);
    }

    #[test]
    fn products_have_their_interfaces_and_all_others_come_last() {
        let profiles = built_in_modem_profiles();
        let sim7600 = profiles.iter().find(|profile| profile.name == "simcom-sim7600").unwrap();
        assert_eq!(sim7600.ports.interfaces[0], (Some(0x9001), vec![2, 3]));
        assert_eq!(sim7600.ports.interfaces.last(), Some(&(None, vec![2, 3, 4])));
    }

    #[test]
    fn mistakes_name_file_line_and_key() {
        let toml = "bass = \"huawei\"\n[match]\nusb = [\"12d1\"]\n[init]\nservice = 7\nfirst = [\"AT+CMGS=5\"]\n\
                    [send]\nresult_wait = \"30s\"\n[send.errors]\n512 = \"retry\"\n";
        let (_, told) = problems("own", toml);
        for expected in [
            "unknown key \"bass\"; did you mean \"base\"? (own.toml, line 1)",
            "usb, entry 1, must be a USB id",
            "(own.toml, line 3)",
            "service must be 0, 1 or 128, not 7 (own.toml, line 5)",
            "may not hold +CMGS",
            "result_wait must be a duration from 150s to 10m, not \"30s\" (own.toml, line 8)",
            "errors.512 must be one of network-retry",
        ] {
            assert!(told.contains(expected), "{expected} is not in:\n{told}");
        }
    }

    #[test]
    fn an_own_profile_needs_no_code() {
        let toml = "base = \"huawei\"\n[match]\nusb = [\"12d1:1f0f\"]\n[init]\npin_counter = false\n\
                    [send]\non_unknown_error = \"AT+CNMP=14\"\n[ports]\ninterfaces = { 1f0f = [4] }\n";
        let (profile, told) = problems("acme", toml);
        assert_eq!(told, "");
        assert_eq!(profile.name, "acme");
        assert_eq!(profile.init.pin_counter, None);
        assert_eq!(profile.send.on_unknown_error.as_deref(), Some("AT+CNMP=14"));
        assert_eq!(profile.ports.interfaces, [(Some(0x1f0f), vec![4])]);
        assert_eq!(profile.recovery.reset, "AT^RESET");
    }
}
