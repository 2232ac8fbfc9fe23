//! Claims about the configuration as a whole: the shipped files, and a file with every kind of mistake.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::tests::MapFiles;
use super::*;
use postrider_model::Class;

const ANNOTATED: &str = include_str!("../../../firmware-config/postrider.toml");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";

/// The least that makes a carrier.
const NORTH: &str =
    "[[carrier]]\nname = \"north\"\nhosts = [\"smpp.north.example:2775\"]\nsystem_id = \"shop\"\npassword = \"pw\"\n";

fn read(text: &str) -> Result<Settings, Problems> {
    parse(Path::new("postrider.toml"), text, &MapFiles::default())
}

fn mistakes(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// The annotated file with its examples switched on: lines like `# key = …` and `# [[carrier]]`.
fn uncommented() -> String {
    let example = |line: &str| {
        let rest = line.strip_prefix("# ")?;
        let key = rest.split(" =").next()?;
        let is_key =
            rest.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
        (is_key || rest.starts_with('[')).then(|| rest.to_owned())
    };
    ANNOTATED.lines().map(|line| example(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[test]
fn the_annotated_file_equals_the_defaults() {
    assert_eq!(read(ANNOTATED), Ok(Settings::default()));
    assert_eq!(read(""), Ok(Settings::default()));
}

#[test]
fn the_examples_of_the_annotated_file_are_right() {
    let pem = "-----BEGIN CERTIFICATE-----";
    let files = MapFiles::default()
        .with("/etc/postrider/callback.secret", SECRET)
        .with("/etc/postrider/callback.old", SECRET)
        .with("/etc/postrider/north.password", "hunter2\n")
        .with("/etc/postrider/seoul-1.pin", "1234\n")
        .with("/etc/postrider/shopify.secret", "hush\n")
        .with("/etc/postrider/north-ca.pem", pem)
        .with("/etc/postrider/north.pem", pem)
        .with("/etc/postrider/north.key", pem);
    let text = uncommented();
    // Of things that exclude each other one is kept.
    let others = [
        "secret_credential",
        "secret =",
        "iccid =",
        "usb_path =",
        "port =",
        "balance = false",
        "keep_alive_message = false",
    ];
    let lines = text.lines().filter(|line| !others.iter().any(|other| line.starts_with(other)));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let settings = parse(Path::new("/etc/postrider/postrider.toml"), &text, &files).unwrap();
    assert_eq!(settings.warnings, []);
    let north = settings.carrier("north").unwrap();
    assert_eq!((north.hosts.len(), north.messages_per_second), (2, Some(50.0)));
    assert!(north.tls.as_ref().unwrap().ca_file.is_some());
    let seoul = &settings.modems.list[0];
    assert_eq!((seoul.name.as_str(), seoul.rules.caps.day, seoul.rules.caps.hour), ("seoul-1", Some(500), Some(100)));
    assert_eq!(seoul.rules.balance.as_ref().unwrap().code, "*100#");
    assert_eq!(settings.routes[0].name.as_ref(), "korea");
    assert_eq!(settings.routes[0].prefixes, ["8210", "82"]);
    assert!(settings.callback.allowed.allows_host("shop.example", 443));
}

#[test]
fn the_annotated_files_and_the_documentation_name_every_key() {
    let carrier = include_str!("../../../firmware-config/carriers/generic.toml");
    let annotated = format!(
        "{ANNOTATED}{carrier}{}{}",
        include_str!("../../../firmware-config/modems/generic.toml"),
        include_str!("../../../firmware-config/webhooks/generic.toml")
    );
    let document = include_str!("../../../docs/CONFIGURATION.md");
    let (_, problems, keys) = read_all(Path::new("postrider.toml"), &everything(), &every_profile_key());
    assert!(keys.len() > 200, "{} keys; {problems:#?}", keys.len());
    for key in &keys {
        let last = key.rsplit('.').next().unwrap();
        let named = |text: &str| {
            text.match_indices(last).any(|(at, _)| {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                !text[..at].ends_with(word) && !text[at + last.len()..].starts_with(word)
            })
        };
        assert!(named(&annotated), "{key} is in no annotated file");
        let forms = [format!("`{last}`"), format!("[{last}]"), format!(".{last}]"), format!(".{last}.NAME]")];
        assert!(forms.iter().any(|form| document.contains(form)), "{key} is not in docs/CONFIGURATION.md");
    }
}

/// A modem profile that has every section.
fn every_profile_key() -> MapFiles {
    let sections = "[match]\n[ports]\n[init.pin_counter]\n[send.chunks]\n[receive]\n[recovery]\n";
    MapFiles::default().with("own.toml", sections)
}

/// A text that makes the reader ask for every key there is.
fn everything() -> String {
    let mut text =
        String::from("[http]\n[pages]\n[store]\n[messages.valid_for]\n[messages.on_doubt]\n[messages.retry]\n");
    text += "[consent.caps]\n[consent.hours.FR]\nweekdays = \"09:00-20:00\"\n[consent.answers.en]\n";
    text += "[conversations.hours]\nweekdays = \"09:00-18:00\"\n[conversations.answers_in.en]\n";
    text += "[prices]\ncurrency = \"EUR\"\n[prices.routes.r]\n";
    text += "[callback]\n[log]\n[limits]\n[modems]\nprofiles = [\"own.toml\"]\ncaps = {}\n";
    text += "[modems.balance]\nussd = \"*1#\"\n[modems.keep_alive_message]\nto = \"+821012345678\"\n";
    text += "[modems.sticky]\n[modems.healing]\n[[modem]]\nname = \"m\"\nimei = \"490154203237518\"\n";
    text += NORTH;
    text += "[carrier.tls]\n[carrier.addresses]\n[carrier.receipts]\n[carrier.timers]\n[carrier.pauses]\n";
    text += "[carrier.tlvs.a]\ntag = 1\n[[route]]\nname = \"r\"\nlinks = [\"north\"]\n";
    text += "[[webhook]]\nname = \"a\"\nmapping = \"generic\"\nsecret = \"s\"\n[[watch]]\nname = \"b\"\n";
    text
}

#[test]
fn every_carrier_file_is_built_in_and_parses() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware-config/carriers");
    let found: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".toml").to_owned())
        .collect();
    assert_eq!(found, BUILT_IN.iter().map(|file| file.name.to_owned()).collect());
    for file in BUILT_IN {
        let settings = read(&format!("{NORTH}profile = \"{}\"\n", file.name)).unwrap();
        assert_eq!(settings.carriers[0].profile_name, file.name);
        assert!(file.text.contains("description = \""), "{}", file.name);
    }
}

#[test]
fn the_generic_carrier_file_equals_the_defaults() {
    let generic = &read(NORTH).unwrap().carriers[0];
    let account = generic.profile.account.clone();
    let bare = postrider_smpp::profile::CarrierProfile { account, ..Default::default() };
    assert_eq!(generic.profile, bare);
    assert_eq!(generic.text, postrider_text::TextProfile::default());
}

#[test]
fn a_broken_file_tells_every_mistake_at_once() {
    let broken = include_str!("../../../tests/data/config/broken.toml");
    let files = MapFiles::default()
        .with("empty.password", "\n")
        .with("carriers/own.toml", "description = \"own\"\nwindow = \"ten\"\n[receipts]\nid_in_respnse = \"hex\"\n")
        .with("more.toml", "[http]\n[[carrier]]\nname = \"north\"\n");
    insta::assert_snapshot!(parse(Path::new("postrider.toml"), broken, &files).unwrap_err());
}

#[test]
fn what_is_no_toml_is_told_once_with_the_rest() {
    let text = format!(
        "[http]\nconnections_max = 1O\nbody_size_max = lots\n[log]\nlevel = \"loud\"\n{NORTH}system_type = \"a\nbinds = 0\n"
    );
    insta::assert_snapshot!(mistakes(&text));
}

#[test]
fn a_password_is_never_shown() {
    for text in ["password = 12345", "password = \"hünter2\"", "password = [\"hunter2\"]", "password = \"hunter2"] {
        let text = NORTH.replace("password = \"pw\"", text);
        let told = mistakes(&text);
        assert!(!told.contains("12345") && !told.contains("nter2"), "{told}");
    }
    let settings = read(&NORTH.replace("\"pw\"", "\"hunter2\"")).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn passwords_come_from_files_and_credentials() {
    use secrecy::ExposeSecret;
    let password = |text: &str, files: &MapFiles| {
        let text = NORTH.replace("password = \"pw\"", text);
        parse(Path::new("/etc/postrider/postrider.toml"), &text, files)
            .map(|settings| settings.carriers[0].profile.account.password.expose_secret().to_owned())
    };
    let mut files = MapFiles::default()
        .with("/etc/postrider/north.password", "from file\r\n")
        .with("/run/credentials/north", "from systemd\n");
    assert_eq!(password("password_file = \"north.password\"", &files).unwrap(), "from file");
    let unset = password("password_credential = \"north\"", &files).unwrap_err().to_string();
    assert!(unset.contains("LoadCredential=north:"), "{unset}");
    files.credentials = Some(PathBuf::from("/run/credentials"));
    assert_eq!(password("password_credential = \"north\"", &files).unwrap(), "from systemd");
    let climbs = password("password_credential = \"../shadow\"", &files).unwrap_err().to_string();
    assert!(climbs.contains("without a slash"), "{climbs}");
}

#[test]
fn a_password_that_others_can_read_is_a_warning() {
    let mut files = MapFiles::default().with("north.password", "pw");
    files.open_to_others.push("north.password".into());
    let text = NORTH.replace("password = \"pw\"", "password_file = \"north.password\"");
    let settings = parse(Path::new("postrider.toml"), &text, &files).unwrap();
    assert_eq!(settings.warnings.len(), 1);
    let told = settings.warnings[0].to_string();
    assert!(told.contains("carrier \"north\"") && told.contains("chmod o= north.password"), "{told}");

    files.open_to_others = vec!["postrider.toml".into()];
    let settings = parse(Path::new("postrider.toml"), NORTH, &files).unwrap();
    assert!(settings.warnings[0].to_string().contains("postrider.toml holds a password"), "{:?}", settings.warnings);
}

#[test]
fn without_routes_all_messages_go_over_all_carriers() {
    let two = format!("{NORTH}{}", NORTH.replace("north", "south"));
    let settings = read(&two).unwrap();
    assert_eq!(settings.routes, [Route::over(DEFAULT_ROUTE, &["north", "south"])]);
}

#[test]
fn a_carrier_block_wins_over_its_file() {
    let files = MapFiles::default().with("carriers/latin1.toml", "window = 7\nservice_type = \"CMT\"\n");
    let text = format!("{NORTH}profile = \"latin1\"\nwindow = 9\n");
    let settings = parse(Path::new("postrider.toml"), &text, &files).unwrap();
    let profile = &settings.carriers[0].profile;
    assert_eq!((profile.window, profile.service_type.as_str()), (9, "CMT"), "an own file hides the built-in one");
}

#[test]
fn included_files_bring_carriers_and_routes() {
    let files = MapFiles::default().with("/etc/postrider/conf.d/north.toml", NORTH);
    let text = "include = [\"conf.d/north.toml\"]\n[messages]\nsegments_max = 4\n[[route]]\nname = \"all\"\nlinks = [\"north\"]\n";
    let settings = parse(Path::new("/etc/postrider/postrider.toml"), text, &files).unwrap();
    assert_eq!(settings.carriers[0].name, "north");
    assert_eq!(settings.carriers[0].text.segments_max, 4);
    assert_eq!(settings.routes.len(), 1);
}

#[test]
fn a_reload_names_what_starts_anew_and_what_needs_a_restart() {
    let old = read(&format!("{NORTH}{}", NORTH.replace("north", "south"))).unwrap();
    assert!(old.difference(&old.clone()).is_empty());
    let new = format!(
        "[http]\nconnections_max = 5\n[log]\nlevel = \"debug\"\n{NORTH}messages_per_second = 5\n{}",
        NORTH.replace("north", "west")
    );
    let difference = old.difference(&read(&new).unwrap());
    assert_eq!(difference.added, ["west"]);
    assert_eq!(difference.removed, ["south"]);
    let rate_only = CarrierChange { name: "north".into(), rebind: false, binds: (1, 1) };
    assert_eq!(difference.changed, [rate_only]);
    assert_eq!(difference.restart, ["http"]);
    assert_eq!(difference.sections, ["route", "log"]);

    let password = read(&NORTH.replace("\"pw\"", "\"other\"")).unwrap();
    assert!(read(NORTH).unwrap().difference(&password).changed[0].rebind);
}

#[test]
fn classes_keep_their_own_validity_and_doubt() {
    let text = "[messages.valid_for]\nmarketing = \"3 days\"\n[messages.on_doubt]\notp = \"hold\"\n";
    let messages = read(text).unwrap().messages;
    assert_eq!(messages.valid_for[Class::Marketing.lane()].as_secs(), 3 * 86_400);
    assert_eq!(messages.valid_for[Class::Otp.lane()].as_secs(), 600);
    assert_eq!(messages.on_doubt[Class::Otp.lane()], postrider_model::OnDoubt::Hold);
}

#[test]
fn nothing_that_is_no_configuration_panics() {
    for text in [
        "\0",
        "=",
        "[[",
        "[carrier]\n[[carrier]]",
        "carrier = 1",
        "[[http]]",
        "a.b.c = {",
        "include = [\"x\"]",
        "\u{feff}[log]",
    ] {
        let _ = read(text);
    }
    let deep = format!("a = {}{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(read(&deep).is_err());
}

#[test]
fn a_file_of_mistakes_or_of_tables_is_told_within_bounds() {
    let many = |line: &str, count: usize| mistakes(&line.repeat(count));
    for (line, count) in [("x y\n", 100_000), ("= \"\n", 100_000), ("[[carrier]]\n", 5_000), ("[x\n", 50_000)] {
        let told = many(line, count);
        assert!(told.lines().count() <= 202 && told.contains("there are more than 200 mistakes"), "{line}{told:.2000}");
    }
    let told = mistakes(&format!("[log]\nlevel = \"{}\"\n", "x".repeat(500_000)));
    assert!(told.contains("level must be one of") && told.len() < 2_000, "{told:.2000}");
    let carriers: String = (0..20)
        .map(|n| {
            format!(
                "[[carrier]]\nname = \"c{n}\"\nhosts = [\"h:1\"]\nsystem_id = \"s\"\npassword = \"p\"\nbinds = 64\n"
            )
        })
        .collect();
    assert!(mistakes(&carriers).contains("all carriers together have 1280 binds; 1024 are the most"));
}

/// Edits of the annotated file with its examples, by seed: whatever comes of it is settings or mistakes, and the time is short.
#[test]
fn a_thousand_mutations_of_the_annotated_file_are_settings_or_mistakes() {
    let whole = uncommented();
    let lines: Vec<&str> = whole.lines().collect();
    let (mut right, mut wrong) = (0, 0);
    for seed in 0..1_000 {
        match read(&mutated(&lines, seed)) {
            Ok(_) => right += 1,
            Err(problems) => wrong += usize::from(!problems.0.is_empty()),
        }
    }
    assert_eq!(right + wrong, 1_000, "{right} right");
}

fn mutated(lines: &[&str], seed: u64) -> String {
    const VALUES: [&str; 16] = [
        "0",
        "-1",
        "99999999999999999999999999",
        "1e400",
        "nan",
        "\"\"",
        "\"\\u0000\"",
        "[]",
        "[[[[]]]]",
        "{}",
        "{ a = { b = 1 } }",
        "2026-01-01T00:00:00Z",
        "\"584942417355 days\"",
        "\"99999999999 GiB\"",
        "'(?i)\\p{L}{999}{999}(?<amount>'",
        "true",
    ];
    let mut random = postrider_model::Random::new(seed);
    let mut pick = |below: usize| usize::try_from(random.below(below as u64)).unwrap();
    let mut out: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for _ in 0..=pick(6) {
        // A cut file has fewer lines.
        let (at, other) = (pick(out.len()), pick(out.len()));
        match pick(6) {
            0 if out.len() > 1 => drop(out.remove(at)),
            1 => out.insert(at, out[other].clone()),
            2 => out.swap(at, other),
            3 => out.truncate(at.max(1)),
            _ => {
                if let Some((key, _)) = out[at].clone().split_once(" = ") {
                    out[at] = format!("{key} = {}", VALUES[pick(VALUES.len())]);
                }
            }
        }
    }
    out.join("\n")
}
