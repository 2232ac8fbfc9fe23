//! What follows from the facts about ports and modems: who holds them, who may open them, how each modem and its SIM are.

use super::facts::{Account, Api, Facts, Stick, StickKind};
use super::finding::{Finding, fail, ok, warn};
use crate::cli::modem::strength;
use crate::cli::out::count;
use crate::cli::ports::{Node, Port};
use crate::http::ModemView;

/// Below this sends fail often.
const SIGNAL_MIN_DBM: i16 = -105;

/// All findings about ports and modems.
pub fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let wanted = facts.config.discover || !facts.config.modems.is_empty();
    findings.extend(sticks(facts));
    findings.extend(ports(facts, wanted));
    findings.extend(modem_manager(facts, wanted));
    findings.extend(modems(facts, wanted));
    findings
}

fn sticks(facts: &Facts) -> Vec<Finding> {
    let finding = |Stick { id, place, kind }: &Stick| {
        let name = format!("USB stick {id} at {place}");
        match kind {
            StickKind::Disk => fail(
                name,
                "it shows itself as a disk with drivers, and not as a modem",
                "sudo apt install usb-modeswitch, then unplug it and plug it in again",
            ),
            StickKind::NetworkCard => warn(
                name,
                "it shows itself as a network card (HiLink), which no AT command reaches",
                "switch it to stick mode with usb_modeswitch (docs/TECHNICIAN.md), or use another modem",
            ),
        }
    };
    facts.sticks.iter().map(finding).collect()
}

fn ports(facts: &Facts, wanted: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (modem, device) in &facts.config.modems {
        let Some(device) = device.as_ref().filter(|device| !device.exists()) else { continue };
        findings.push(fail(
            format!("port of {modem}"),
            format!("there is no {}", device.display()),
            "plug the modem in; if it has another place now, name it by imei or usb_path in place of port",
        ));
    }
    if facts.ports.is_empty() {
        let text = "this machine has no serial port";
        findings.push(match wanted {
            true => fail("ports", text, "plug a modem in; dmesg | tail shows whether the kernel sees it"),
            false => ok("ports", format!("{text}, and the configuration names no modem")),
        });
        return findings;
    }
    if !wanted {
        let next = "name them in [[modem]], or set discover = true in [modems], if they are to send";
        let text = format!("{}, and the configuration names no modem", count(facts.ports.len(), "serial port"));
        findings.push(warn("ports", text, next));
        return findings;
    }
    findings.extend(facts.ports.iter().map(|port| port_finding(facts, port)));
    findings
}

fn port_finding(facts: &Facts, port: &Port) -> Finding {
    let device = port.device();
    let name = if device.is_empty() { port.path.clone() } else { format!("{} ({device})", port.path) };
    if let Some(holder) = port.holders.iter().find(|holder| holder.name != "postrider") {
        let next = match holder.name.as_str() {
            "ModemManager" => mend_modem_manager(facts),
            "agetty" | "getty" => {
                format!("sudo systemctl disable --now serial-getty@{}", port.path.trim_start_matches("/dev/"))
            }
            _ => format!("see what it is: ps -fp {}; then stop it, or keep it from this port", holder.pid),
        };
        return fail(name, format!("{} (process {}) holds it", holder.name, holder.pid), next);
    }
    let held = port.holders.iter().any(|holder| holder.name == "postrider");
    match (&port.node, &facts.account) {
        _ if held => ok(name, "the daemon holds it"),
        (Some(node), Some(account)) if !may_open(*node, account) => {
            let group = facts.groups.iter().find(|(gid, _)| *gid == node.gid);
            let group = group.map_or_else(|| node.gid.to_string(), |(_, name)| name.clone());
            let next = format!("sudo usermod -aG {group} {0} && sudo systemctl restart {0}", account.name);
            fail(name, format!("the user {} may not open it", account.name), next)
        }
        (Some(_), _) => ok(name, "free"),
        (None, _) => fail(name, "the kernel knows it, and /dev does not have it", "sudo udevadm trigger"),
    }
}

/// Whether an account may read and write a device.
fn may_open(node: Node, account: &Account) -> bool {
    const READ_WRITE: u32 = 0o6;
    let bits = match node {
        Node { uid, mode, .. } if uid == account.uid => mode >> 6,
        Node { gid, mode, .. } if account.gids.contains(&gid) => mode >> 3,
        Node { mode, .. } => mode,
    };
    account.uid == 0 || bits & READ_WRITE == READ_WRITE
}

fn mend_modem_manager(facts: &Facts) -> String {
    match &facts.udev_rules {
        Some(rules) => format!(
            "{} should keep it away: sudo udevadm control --reload && sudo udevadm trigger, then \
             sudo systemctl restart ModemManager",
            rules.display()
        ),
        None => "if nothing else needs it: sudo systemctl disable --now ModemManager; else install the udev rules of \
                 postrider"
            .to_owned(),
    }
}

fn modem_manager(facts: &Facts, wanted: bool) -> Option<Finding> {
    let manager = facts.modem_manager.as_ref().filter(|_| wanted)?;
    // A port that it holds was told above.
    if facts.ports.iter().any(|port| port.holders.contains(manager)) {
        return None;
    }
    let text = "it runs, and probes every new modem";
    Some(match facts.udev_rules {
        Some(_) => ok("ModemManager", "it runs, and the udev rules keep it from modems that postrider uses"),
        None => warn("ModemManager", text, mend_modem_manager(facts)),
    })
}

fn modems(facts: &Facts, wanted: bool) -> Vec<Finding> {
    let Api::Answers { modems, lines, .. } = &facts.api else { return Vec::new() };
    if modems.is_empty() && wanted {
        let next = "journalctl -x -u postrider -e tells what was looked at; postrider modem identify asks the ports";
        return vec![fail("modems", "the daemon knows none", next)];
    }
    modems.iter().flat_map(|one| modem(one, lines.get(&one.name))).collect()
}

/// One modem: its stage first, and when it works, what may soon stop it.
fn modem(modem: &ModemView, lines: Option<&Vec<String>>) -> Vec<Finding> {
    let name = format!("modem {}", modem.name);
    let network = match (&modem.operator, modem.signal_dbm) {
        (Some(operator), Some(dbm)) => format!("{operator}, {dbm} dBm ({})", strength(dbm)),
        (Some(operator), None) => operator.clone(),
        (None, _) => modem.registration.clone(),
    };
    let mut findings = match modem.stage.as_str() {
        "ready" => vec![ok(name.clone(), format!("ready, {network}"))],
        "starting" | "searching" => {
            let why = modem.reason.clone().unwrap_or_else(|| "it is being set up".to_owned());
            vec![warn(name.clone(), format!("{}: {why}", modem.stage), advice(modem, "wait a minute, then look again"))]
        }
        stage => {
            let why = modem.reason.clone().unwrap_or_else(|| "it does not say why".to_owned());
            let finding = fail(name.clone(), format!("{stage}: {why}"), advice(modem, "journalctl -x -u postrider -e"));
            vec![finding.with_lines(lines)]
        }
    };
    if modem.stage != "ready" {
        return findings;
    }
    if modem.smsc.as_deref().is_none_or(str::is_empty) {
        findings.push(fail(
            name.clone(),
            "the SIM has no service centre number, so nothing can be sent",
            "name it in the [[modem]] block: smsc = \"+NUMBER\", then: systemctl reload postrider",
        ));
    }
    if modem.sim.standing.as_ref().is_some_and(|standing| standing.balance_low) {
        findings.push(warn(name.clone(), "the balance of its SIM is low", "top the SIM up"));
    }
    if modem.signal_dbm.is_some_and(|dbm| dbm < SIGNAL_MIN_DBM) {
        findings.push(warn(
            name.clone(),
            format!("the signal is too weak: {network}"),
            "move it to a window with a USB cable, or use another antenna",
        ));
    }
    for store in modem.storage.iter().filter(|store| store.total > 0 && store.used >= store.total) {
        let text = format!("the store {} is full ({} messages)", store.name, store.total);
        let next = format!("postrider modem at {} AT+CMGD=1,3 deletes what is read and sent", modem.name);
        findings.push(warn(name.clone(), text, next));
    }
    findings
}

fn advice(modem: &ModemView, usual: &str) -> String {
    modem.advice.clone().unwrap_or_else(|| usual.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::facts::Config;
    use crate::cli::doctor::finding::Mark;
    use crate::cli::ports::Holder;
    use std::collections::BTreeMap;

    const DIALOUT: u32 = 20;

    fn port(holders: &[(u32, &str)]) -> Port {
        Port {
            path: "/dev/ttyUSB2".to_owned(),
            node: Some(Node { mode: 0o660, uid: 0, gid: DIALOUT }),
            holders: holders.iter().map(|&(pid, name)| Holder { pid, name: name.to_owned() }).collect(),
            ..Port::default()
        }
    }

    fn ready() -> ModemView {
        ModemView {
            name: "stick-1".to_owned(),
            stage: "ready".to_owned(),
            operator: Some("SKTelecom".to_owned()),
            signal_dbm: Some(-71),
            smsc: Some("+821099900001".to_owned()),
            ..ModemView::default()
        }
    }

    fn sound() -> Facts {
        Facts {
            config: Config { discover: true, ..Config::default() },
            account: Some(Account { name: "postrider".to_owned(), uid: 998, gids: vec![998, DIALOUT] }),
            ports: vec![port(&[(1, "postrider")])],
            groups: vec![(DIALOUT, "dialout".to_owned())],
            api: Api::Answers {
                not_ready: None,
                modems: vec![ready()],
                links_down: Vec::new(),
                lines: BTreeMap::new(),
            },
            ..Facts::default()
        }
    }

    fn after(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
        let mut facts = sound();
        change(&mut facts);
        check(&facts).into_iter().filter(|finding| finding.mark != Mark::Ok).collect()
    }

    fn with(facts: &mut Facts, change: impl FnOnce(&mut ModemView)) {
        let mut modem = ready();
        change(&mut modem);
        facts.api =
            Api::Answers { not_ready: None, modems: vec![modem], links_down: Vec::new(), lines: BTreeMap::new() };
    }

    #[test]
    fn a_sound_machine_has_no_faults() {
        assert_eq!(after(|_| {}), []);
    }

    #[test]
    fn each_fault_of_a_port_names_who_and_what_to_do() {
        type Change = fn(&mut Facts);
        let cases: [(Mark, &str, Change); 9] = [
            (Mark::Fail, "disable --now ModemManager", |f| f.ports = vec![port(&[(812, "ModemManager")])]),
            (Mark::Fail, "udevadm control --reload", |f| {
                f.ports = vec![port(&[(812, "ModemManager")])];
                f.udev_rules = Some("/etc/udev/rules.d/70-postrider-modems.rules".into());
            }),
            (Mark::Fail, "serial-getty@ttyUSB2", |f| f.ports = vec![port(&[(77, "agetty")])]),
            (Mark::Fail, "ps -fp 99", |f| f.ports = vec![port(&[(99, "minicom")])]),
            (Mark::Fail, "usermod -aG dialout postrider", |f| {
                f.ports = vec![port(&[])];
                f.account = Some(Account { name: "postrider".to_owned(), uid: 998, gids: vec![998] });
            }),
            (Mark::Fail, "dmesg", |f| f.ports.clear()),
            (Mark::Warn, "discover = true", |f| f.config.discover = false),
            (Mark::Warn, "udev rules", |f| {
                f.modem_manager = Some(Holder { pid: 812, name: "ModemManager".to_owned() });
            }),
            (Mark::Fail, "usb-modeswitch", |f| {
                f.sticks = vec![Stick { id: "12d1:1f01".to_owned(), place: "1-1".to_owned(), kind: StickKind::Disk }];
            }),
        ];
        for (mark, words, change) in cases {
            let found = after(change);
            assert_eq!(found.len(), 1, "{words}: {found:?}");
            assert_eq!(found[0].mark, mark);
            assert!(found[0].next.as_ref().unwrap().contains(words), "{found:?}");
        }
    }

    #[test]
    fn each_fault_of_a_modem_is_told_with_the_daemons_advice() {
        let sick = after(|facts| {
            with(facts, |modem| {
                modem.stage = "sim_locked".to_owned();
                modem.reason = Some("the SIM wants its PUK".to_owned());
                modem.advice = Some("enter it in a telephone".to_owned());
            });
        });
        assert_eq!((sick[0].mark, sick[0].next.as_deref()), (Mark::Fail, Some("enter it in a telephone")));
        let weak = after(|facts| with(facts, |modem| modem.signal_dbm = Some(-110)));
        assert_eq!(weak[0].mark, Mark::Warn);
        let mute = after(|facts| with(facts, |modem| modem.smsc = None));
        assert!(mute[0].text.contains("service centre"), "{mute:?}");
        let none = after(|facts| {
            facts.api = Api::Answers { not_ready: None, modems: vec![], links_down: vec![], lines: BTreeMap::new() }
        });
        assert!(none[0].text.contains("knows none"), "{none:?}");
    }

    #[test]
    fn a_device_is_open_to_its_owner_its_group_or_all() {
        let account = |uid, gids: &[u32]| Account { name: String::new(), uid, gids: gids.to_vec() };
        let node = |mode, uid, gid| Node { mode, uid, gid };
        assert!(may_open(node(0o660, 0, 20), &account(998, &[20])));
        assert!(!may_open(node(0o640, 0, 20), &account(998, &[20])), "reading is not enough");
        assert!(!may_open(node(0o660, 0, 20), &account(998, &[998])));
        assert!(may_open(node(0o666, 0, 0), &account(998, &[])) && may_open(node(0o600, 998, 0), &account(998, &[])));
        assert!(may_open(node(0o000, 5, 5), &account(0, &[])), "root may");
    }
}
