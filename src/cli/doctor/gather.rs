//! Finds the facts out. What the kernel and the files tell is read below a root, so that tests can make up a machine.

use std::fs;
use std::path::{Path, PathBuf};

use super::facts::{Account, Config, ConfigState, Facts, Stick, StickKind, Systemd};
use super::house;
use super::system;
use crate::cli::api::Daemon;
use crate::cli::ports::{Holder, processes, scan};
use crate::daemon::now;
use crate::model::catalog;

/// The account of the unit.
const ACCOUNT: &str = "postrider";
/// Where units lie, the administrator's first.
const UNITS: [&str; 3] = ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];
/// Where udev rules lie.
const RULES: [&str; 3] = ["etc/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"];
/// Sticks that begin as a disk.
const DISKS: [&str; 8] =
    ["12d1:1f01", "12d1:1446", "12d1:14fe", "12d1:1505", "12d1:15ca", "19d2:2000", "19d2:fff5", "1bbb:f000"];
/// Sticks that are a network card.
const NETWORK_CARDS: [&str; 4] = ["12d1:14db", "12d1:14dc", "19d2:1405", "19d2:1403"];

/// Everything about the machine below `root`, its configuration and its daemon.
pub fn gather(root: &Path, daemon: &Daemon) -> Facts {
    let (config, settings) = house::config(&daemon.config);
    let mut facts = machine(root);
    facts.store = house::store(settings.as_ref(), matches!(config.state, ConfigState::Denied));
    facts.api = house::api(daemon);
    facts.config = Config { file: daemon.config.clone(), ..config };
    facts.clock.now = now();
    facts.clock.synchronised = system::clock_is_kept(root);
    facts.clock.believed = house::clock(&facts.store);
    facts
}

/// What the kernel and the files below `root` tell.
pub fn machine(root: &Path) -> Facts {
    let groups = groups(root);
    Facts {
        account: account(root, &groups),
        ports: scan(root),
        sticks: sticks(root),
        modem_manager: processes(root)
            .into_iter()
            .find(|process| process.name == "ModemManager")
            .map(|process| Holder { pid: process.pid, name: process.name }),
        groups: groups.into_iter().map(|group| (group.gid, group.name)).collect(),
        udev_rules: rules(root),
        systemd: systemd(root),
        ..Facts::default()
    }
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok()
}

struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

/// `dialout:x:20:postrider,anna`
fn groups(root: &Path) -> Vec<Group> {
    let text = read(&root.join("etc/group")).unwrap_or_default();
    let group = |line: &str| {
        let mut fields = line.split(':');
        let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
        let members = fields.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        Some(Group { name: name.to_owned(), gid, members })
    };
    text.lines().filter_map(group).collect()
}

/// `postrider:x:998:998:...`, with the groups that the unit adds.
fn account(root: &Path, groups: &[Group]) -> Option<Account> {
    let text = read(&root.join("etc/passwd"))?;
    let line = text.lines().find(|line| line.split(':').next() == Some(ACCOUNT))?;
    let mut numbers = line.split(':').skip(2).map(str::parse::<u32>);
    let (uid, gid) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let extra = unit_groups(root);
    let belongs = |group: &&Group| {
        group.members.iter().any(|member| member == ACCOUNT)
            || extra.iter().any(|name| *name == group.name || name.parse() == Ok(group.gid))
    };
    let gids = std::iter::once(gid).chain(groups.iter().filter(belongs).map(|group| group.gid)).collect();
    Some(Account { name: ACCOUNT.to_owned(), uid, gids })
}

/// The words of `SupplementaryGroups=` in the unit and in what was added to it.
fn unit_groups(root: &Path) -> Vec<String> {
    let Some(unit) = unit(root) else { return Vec::new() };
    let mut files = vec![unit];
    for folder in UNITS {
        let Ok(entries) = fs::read_dir(root.join(folder).join("postrider.service.d")) else { continue };
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let texts: Vec<String> = files.iter().filter_map(|file| read(file)).collect();
    let values =
        texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("SupplementaryGroups="));
    values.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn unit(root: &Path) -> Option<PathBuf> {
    UNITS.iter().map(|folder| root.join(folder).join("postrider.service")).find(|file| file.exists())
}

/// The rules file of ours, if one is installed.
fn rules(root: &Path) -> Option<PathBuf> {
    let of = |folder: &&str| {
        let entries = fs::read_dir(root.join(folder)).ok()?;
        let mut files = entries.flatten().map(|entry| entry.path());
        files.find(|file| file.file_name().is_some_and(|name| name.to_string_lossy().contains("postrider")))
    };
    RULES.iter().find_map(of)
}

/// USB devices that are known not to be modems yet.
fn sticks(root: &Path) -> Vec<Stick> {
    let Ok(entries) = fs::read_dir(root.join("sys/bus/usb/devices")) else { return Vec::new() };
    let stick = |entry: fs::DirEntry| {
        let part = |name: &str| Some(read(&entry.path().join(name))?.trim().to_owned());
        let id = format!("{}:{}", part("idVendor")?, part("idProduct")?);
        let kind = match id.as_str() {
            id if DISKS.contains(&id) => StickKind::Disk,
            id if NETWORK_CARDS.contains(&id) => StickKind::NetworkCard,
            _ => return None,
        };
        Some(Stick { id, place: entry.file_name().to_string_lossy().into_owned(), kind })
    };
    let mut found: Vec<Stick> = entries.flatten().filter_map(stick).collect();
    found.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

/// What systemd has of ours, if it runs the machine.
fn systemd(root: &Path) -> Option<Systemd> {
    root.join("run/systemd/system").exists().then(|| Systemd {
        unit: unit(root).is_some(),
        catalog_files: root.join("usr/lib/systemd/catalog/postrider.catalog").exists(),
        catalog_taken: catalog_taken(&root.join("var/lib/systemd/catalog/database")),
    })
}

/// Whether journald's database holds an entry of ours: ids stand in it as their 16 octets.
fn catalog_taken(database: &Path) -> bool {
    let Ok(octets) = fs::read(database) else { return false };
    let digits = catalog::READY.id.as_bytes().as_chunks::<2>().0;
    let id: Vec<u8> =
        digits.iter().filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
    !id.is_empty() && octets.windows(id.len()).any(|window| window == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ports::tests::{plug_in, start};

    fn put(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_made_up_machine_is_read_from_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        plug_in(root, ("12d1", "1506"), &["ttyUSB0", "ttyUSB1"]);
        start(root, 812, "ModemManager", &["/dev/ttyUSB1"]);
        put(root, "etc/passwd", "root:x:0:0::/root:/bin/sh\npostrider:x:998:997::/:/bin/false\n");
        put(
            root,
            "etc/group",
            "root:x:0:\ndialout:x:20:anna\nuucp:x:14:\ngpio:x:30:anna,postrider\npostrider:x:997:\n",
        );
        put(root, "usr/lib/systemd/system/postrider.service", "[Service]\nSupplementaryGroups=dialout\n");
        put(root, "etc/systemd/system/postrider.service.d/override.conf", "[Service]\nSupplementaryGroups=uucp\n");
        put(root, "etc/udev/rules.d/70-postrider-modems.rules", "");
        put(root, "run/systemd/system/x", "");
        put(root, "usr/lib/systemd/catalog/postrider.catalog", "");
        put(root, "sys/bus/usb/devices/1-4/idVendor", "12d1\n");
        put(root, "sys/bus/usb/devices/1-4/idProduct", "1f01\n");
        let facts = machine(root);
        let account = facts.account.unwrap();
        assert_eq!((account.uid, account.gids), (998, vec![997, 20, 14, 30]));
        assert_eq!(facts.ports.len(), 2);
        assert_eq!(facts.modem_manager, Some(Holder { pid: 812, name: "ModemManager".to_owned() }));
        assert!(facts.udev_rules.is_some());
        assert_eq!(facts.systemd, Some(Systemd { unit: true, catalog_files: true, catalog_taken: false }));
        assert_eq!(facts.sticks.len(), 1);
        assert_eq!((facts.sticks[0].place.as_str(), facts.sticks[0].kind), ("1-4", StickKind::Disk));
    }

    #[test]
    fn the_catalog_counts_once_journald_has_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            file.path(),
            [&[1, 2, 3][..], &[0x3f, 0x4e, 0xc7, 0xdb, 0x81, 0x03, 0x45, 0x02], &[0xb4, 0, 0x24]].concat(),
        )
        .unwrap();
        assert!(!catalog_taken(file.path()));
        let whole: Vec<u8> =
            (0..16).map(|at| u8::from_str_radix(&catalog::READY.id[at * 2..][..2], 16).unwrap()).collect();
        fs::write(file.path(), [&[9, 9][..], &whole, &[9]].concat()).unwrap();
        assert!(catalog_taken(file.path()));
    }

    #[test]
    fn an_empty_machine_has_nothing_and_breaks_nothing() {
        let facts = machine(tempfile::tempdir().unwrap().path());
        assert!(facts.account.is_none() && facts.ports.is_empty() && facts.systemd.is_none());
    }
}
