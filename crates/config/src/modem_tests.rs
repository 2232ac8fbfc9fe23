//! Claims about `[modems]` and `[[modem]]`.

use std::path::Path;

use super::files::tests::MapFiles;
use super::*;

const ONE: &str = "[[modem]]\nname = \"one\"\nimei = \"490154203237518\"\n";

fn read(text: &str) -> Result<Settings, Problems> {
    parse(Path::new("postrider.toml"), text, &MapFiles::default())
}

fn mistakes(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn a_modem_is_found_by_one_thing() {
    let finding =
        |line: &str| read(&format!("[[modem]]\nname = \"m\"\n{line}\n")).map(|s| s.modems.list[0].finding.to_string());
    for (line, shown) in [
        ("port = \"/dev/serial/by-id/usb-x-if02\"", "/dev/serial/by-id/usb-x-if02"),
        ("port = \"tcp://10.0.0.7:4001\"", "tcp://10.0.0.7:4001"),
        ("port = \"rfc2217://serial.shop.example:2217\"", "rfc2217://serial.shop.example:2217"),
        ("imei = \"49-015420-323751-8\"", "IMEI 490154203237518"),
        ("iccid = \"8982 3000 1234 5678 901\"", "SIM 8982300012345678901"),
        ("usb_path = \"1-1.2\"", "USB path 1-1.2"),
    ] {
        assert_eq!(finding(line).unwrap(), shown);
    }
    let told = mistakes("[[modem]]\nname = \"m\"\n");
    assert!(told.starts_with("modem \"m\": port is missing; write one of port = "), "{told}");
    let told = mistakes(&format!("{ONE}usb_path = \"1-1\"\n"));
    assert!(told.contains("usb_path stands beside imei") && told.contains("line 4"), "{told}");
    for (line, expected) in [
        ("port = \"ttyUSB0\"", "port must be a device like"),
        ("port = \"telnet://host:23\"", "port must be a device like"),
        ("imei = 490154203237518", "imei must be the 15 digits of an IMEI, in quotes"),
        ("iccid = \"8982\"", "iccid must be the 19 or 20 digits"),
        ("usb_path = \"/dev/x\"", "usb_path must be a place in the USB tree"),
    ] {
        assert!(mistakes(&format!("[[modem]]\nname = \"m\"\n{line}\n")).contains(expected), "{line}");
    }
}

#[test]
fn a_modem_takes_over_what_holds_for_all_and_changes_what_it_says() {
    let text = format!(
        "[modems]\ngroup = \"sims\"\nreports = false\ncaps = {{ minute = 10, day = \"none\" }}\npace = \"1s\"\n\
         balance = {{ ussd = \"*100#\", min = 5 }}\n{ONE}caps = {{ hour = 50 }}\nbalance = {{ every = \"1h\" }}\n\
         [[modem]]\nname = \"two\"\nusb_path = \"1-2\"\ngroup = \"other\"\nbalance = false\nreports = true\n"
    );
    let settings = read(&text).unwrap();
    let [one, two] = settings.modems.list.as_slice() else { panic!() };
    let caps = |modem: &Modem| (modem.rules.caps.minute, modem.rules.caps.hour, modem.rules.caps.day);
    assert_eq!((caps(one), caps(two)), ((Some(10), Some(50), None), (Some(10), Some(100), None)));
    let watch = one.rules.balance.as_ref().unwrap();
    assert_eq!((watch.code.as_str(), watch.every.as_secs()), ("*100#", 3_600));
    assert_eq!(two.rules.balance, None);
    assert_eq!((one.reports, two.reports, two.rules.pace.gap.as_secs()), (false, true, 1));
    assert_eq!(settings.modems.groups().collect::<Vec<_>>(), ["sims", "other"]);
    assert_eq!(settings.routes[0].groups, ["sims".into(), "other".into()], "without routes, all groups are used");
}

#[test]
fn routes_name_groups_of_modems_like_carriers() {
    let route = "[[route]]\nname = \"r\"\nlinks = [\"modems\"]\n";
    assert!(read(&format!("{ONE}{route}")).is_ok());
    assert!(read(&format!("[modems]\ndiscover = true\n{route}")).is_ok());
    assert!(mistakes(route).contains("no [[carrier]] and no group of modems has that name"));
    assert!(!Settings::default().modems.discover, "a stick that nobody named is left alone");
}

#[test]
fn names_places_and_groups_are_not_shared() {
    let told = mistakes(&format!("{ONE}{ONE}"));
    assert!(told.contains("name is taken by another modem (postrider.toml, line 2)"), "{told}");
    assert!(told.contains("imei is that of modem \"one\", too"), "{told}");
    let carrier = "[[carrier]]\nname = \"north\"\nhosts = [\"a.example:1\"]\nsystem_id = \"s\"\npassword = \"p\"\n";
    let told = mistakes(&format!("{carrier}{ONE}group = \"north\"\n"));
    assert!(told.contains("group is \"north\", which is a carrier"), "{told}");
}

#[test]
fn a_pin_is_digits_and_is_never_shown() {
    let files = MapFiles::default().with("one.pin", "1234\n").with("two.pin", "12ab");
    let parse = |line: &str| parse(Path::new("postrider.toml"), &format!("{ONE}{line}\n"), &files);
    let settings = parse("pin_file = \"one.pin\"").unwrap();
    assert_eq!(settings.modems.list[0].pin.as_ref().unwrap().expose(), "1234");
    assert!(!format!("{settings:?}").contains("1234\""));
    let told = parse("pin_file = \"two.pin\"").unwrap_err().to_string();
    assert!(told.contains("pin_file must hold a PIN of 4 to 8 digits") && !told.contains("12ab"), "{told}");
}

#[test]
fn mistakes_say_what_to_write_instead() {
    let text = format!(
        "[modems]\ncaps = {{ minute = 0, week = 5 }}\nbalance = true\nprofiles = [\"gone.toml\"]\n\
         [modems.healing]\nquarantine = \"5m\"\nquarantine_max = \"1m\"\n{ONE}profile = \"huwei\"\nhook = [\"relay\"]\n\
         smsc = \"12\"\nbaud = 9601\nkeep_alive_message = {{ after = \"60 days\" }}\nbalance = {{ pattern = \"(\" }}\n"
    );
    let told = mistakes(&text);
    for expected in [
        "minute must be a number of segments from 1, or \"none\" for no limit, not 0",
        "unknown key \"week\"",
        "balance must be false or a table",
        "names gone.toml, which does not exist",
        "quarantine_max must not be shorter than quarantine",
        "did you mean \"huawei\"?",
        "hook must begin with the full path of a program",
        "smsc must be a number with plus and country code",
        "baud must be one of 1200",
        "to is missing; write a number of your own",
        "ussd is missing",
        "pattern is no regular expression",
    ] {
        assert!(told.contains(expected), "{expected} is not in:\n{told}");
    }
}

#[test]
fn own_profiles_come_first_and_hide_the_built_in_one_of_their_name() {
    let files = MapFiles::default()
        .with("/etc/postrider/modems/acme.toml", "[match]\nusb = [\"12d1:1f0f\"]\n")
        .with("/etc/postrider/zte.toml", "[match]\nusb = [\"19d2:*\"]\n[init]\nservice = 1\n");
    let text = format!("[modems]\nprofiles = [\"modems/acme.toml\", \"zte.toml\"]\n{ONE}profile = \"acme\"\n");
    let settings = parse(Path::new("/etc/postrider/postrider.toml"), &text, &files).unwrap();
    let names: Vec<&str> = settings.modems.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names[..2], ["acme", "zte"]);
    assert_eq!((names.iter().filter(|name| **name == "zte").count(), names.last()), (1, Some(&"generic")));
    assert_eq!(names.len(), MODEM_PROFILES.len() + 1);
}
