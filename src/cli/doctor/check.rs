//! What follows from the facts about our own house: configuration, database, disk, clock, daemon, journal.

use super::facts::{Api, ConfigState, Facts, StoreState, Systemd};
use super::finding::{Finding, fail, ok, warn};
use crate::cli::out::count;
use crate::model::Timestamp;
use crate::policy::wall_clock::{BUILT, Trust};
use crate::store::id_relation::Proof;

/// What an access that is refused asks for.
const AS_ROOT: &str = "run it again with sudo, so that everything is seen";

/// All findings about the house, in the order in which they are best mended.
pub fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(config(facts));
    findings.push(store(facts));
    findings.extend(held(facts));
    findings.extend(damaged(facts));
    findings.extend(ids(facts));
    findings.extend(unread(facts));
    findings.extend(disk(facts));
    findings.extend(clock(facts));
    findings.extend(daemon(facts));
    findings.extend(systemd(facts));
    findings
}

fn config(facts: &Facts) -> Vec<Finding> {
    let (config, name) = (&facts.config, "configuration");
    let file = config.file.display();
    match &config.state {
        ConfigState::Good(warnings) => {
            let (carriers, modems) = (count(config.carriers, "carrier"), count(config.modems.len(), "named modem"));
            let discovered = if config.discover { ", and every modem that is plugged in" } else { "" };
            let mut findings = vec![ok(name, format!("{file} has no mistakes: {carriers}, {modems}{discovered}"))];
            let next = format!("correct it in {file}, then: systemctl reload postrider");
            findings.extend(warnings.iter().map(|text| warn(name, text.clone(), next.clone())));
            findings
        }
        ConfigState::Missing => {
            vec![fail(name, format!("there is no {file}"), "copy the annotated postrider.toml there, and fill it in")]
        }
        ConfigState::Denied => vec![warn(name, format!("you may not read {file}"), AS_ROOT)],
        ConfigState::Wrong(mistakes) => {
            let first = mistakes.first().map_or("", String::as_str);
            let all = format!("postrider config check {file} tells {}", count(mistakes.len(), "mistake"));
            vec![fail(name, first.to_owned(), all)]
        }
    }
}

fn store(facts: &Facts) -> Finding {
    let (store, name) = (&facts.store, "database");
    let path = store.path.display();
    match &store.state {
        StoreState::Good => ok(name, format!("{path} can be read")),
        StoreState::Missing => warn(name, format!("there is no {path} yet"), "it is made when the daemon starts"),
        StoreState::NoFolder => fail(
            name,
            format!("the folder of {path} is not there"),
            "sudo systemd-tmpfiles --create postrider.conf, or correct store.path",
        ),
        StoreState::Denied => warn(name, format!("you may not read {path}"), AS_ROOT),
        StoreState::Broken(why) => fail(
            name,
            why.clone(),
            "stop postrider, keep a copy of all files beside it, and restore the last backup (docs/TECHNICIAN.md)",
        ),
        StoreState::Unknown => warn(name, "where it is stands in the configuration", "mend the configuration first"),
    }
}

fn held(facts: &Facts) -> Option<Finding> {
    let held = facts.store.held.as_ref()?;
    let (messages, since) = (count(held.messages, "unfinished message"), held.since);
    Some(warn(
        "restore",
        format!("the database was put back ({}); {messages}, campaigns and workflows are held since {since}", held.why),
        "postrider restore --release lets them go; what the lost run sent already then goes out twice",
    ))
}

fn damaged(facts: &Facts) -> Vec<Finding> {
    let next = "everything else goes on; keep a copy of the database, look for disk errors (journalctl -k -p err), and see \
                docs/TECHNICIAN.md for what to do with the row";
    let rows = facts.store.damaged.iter();
    rows.map(|row| warn("damaged row", format!("{} {}: {}", row.kind, row.row, row.what), next)).collect()
}

/// Receipts that nobody can match to a message.
fn unread(facts: &Facts) -> Vec<Finding> {
    let finding = |(group, receipts): &(String, u64)| {
        let count = count(usize::try_from(*receipts).unwrap_or(usize::MAX), "receipt");
        warn(
            format!("receipts of {group}"),
            format!(
                "{count} came in which no message id was found; they change nothing and are kept as long as messages are"
            ),
            format!(
                "journalctl -u postrider -g 'No message id' shows their octets, postrider trace {group} --full the last PDUs; ask the carrier how its receipts are written, and set [carrier.receipts]"
            ),
        )
    };
    facts.store.unread.iter().map(finding).collect()
}

/// How each carrier writes the ids of its receipts. Two ways contradict each other, and none is believed then.
fn ids(facts: &Facts) -> Vec<Finding> {
    let groups = facts.store.ids.chunk_by(|a, b| a.link_group == b.link_group);
    let told = |proof: &Proof| {
        format!("{} (answer {}, receipt {})", proof.relation.as_str(), proof.answer_id, proof.receipt_id)
    };
    groups
        .map(|proofs| {
            let (name, all) = (format!("ids of {}", proofs[0].link_group), proofs.iter().map(told));
            match proofs {
                [one] => ok(&name, told(one)),
                _ => warn(
                    &name,
                    format!("its receipts write ids in more than one way: {}", all.collect::<Vec<_>>().join(", ")),
                    "ask the carrier, and set id_in_response and id_in_receipt under [carrier.receipt]",
                ),
            }
        })
        .collect()
}

fn disk(facts: &Facts) -> Option<Finding> {
    let (free, min) = facts.store.room?;
    let text = format!("{} MiB are free where the database is; {} MiB must stay free", free >> 20, min >> 20);
    let next = "df -h and du -xh / --max-depth=2 | sort -h | tail show what fills it; \
                journalctl --vacuum-size=500M frees room";
    Some(match () {
        () if free < min => fail("disk", format!("{text}: new messages are refused"), next),
        () if free < min.saturating_mul(2) => warn("disk", text, next),
        () => ok("disk", text),
    })
}

fn clock(facts: &Facts) -> Option<Finding> {
    let (clock, name) = (facts.clock, "clock");
    let shown = minutes(clock.now);
    let held = "marketing and scheduled texts wait; one-time codes and transactional texts go on";
    match clock.believed {
        Some((Trust::Ahead, believed)) => {
            let text = format!("it shows {shown} UTC and leapt there from {}: {held}", minutes(believed));
            let next =
                "sudo timedatectl set-ntp true, or set it by hand; if it is right as it is: postrider clock accept";
            return Some(fail(name, text, next));
        }
        Some((Trust::Behind, believed)) if clock.now >= BUILT => {
            let text = format!("it shows {shown} UTC, and it was {} already: {held}", minutes(believed));
            let next =
                "sudo timedatectl set-ntp true, or set it by hand; if it is right as it is: postrider clock accept";
            return Some(fail(name, text, next));
        }
        Some((Trust::Behind | Trust::Set, _)) | None => {}
    }
    if clock.now < BUILT {
        let next = "sudo timedatectl set-ntp true, and change the battery of the board: with a wrong clock certificates \
                    fail, and nobody can tell when texts were sent";
        return Some(fail(name, format!("it shows {shown} UTC, which is long past: {held}"), next));
    }
    match clock.synchronised {
        Some(true) => Some(ok(name, format!("{shown} UTC, kept right over the network"))),
        Some(false) => Some(warn(
            name,
            format!("{shown} UTC, and nobody keeps it right"),
            "sudo timedatectl set-ntp true (or install chrony)",
        )),
        None => Some(ok(name, format!("{shown} UTC"))),
    }
}

/// `2026-11-22 09:00`
fn minutes(at: Timestamp) -> String {
    let at = at.to_string();
    at.get(..16).unwrap_or(&at).replace('T', " ")
}

fn daemon(facts: &Facts) -> Vec<Finding> {
    let name = "daemon";
    match &facts.api {
        Api::Answers { not_ready: Some(why), .. } => {
            vec![fail(
                name,
                format!("it runs, and takes no messages: {why}"),
                "journalctl -x -u postrider -e tells more",
            )]
        }
        Api::Answers { not_ready: None, links_down, lines, .. } => {
            let mut findings = vec![ok(name, "it runs and takes messages")];
            let next = "journalctl -x -u postrider -e tells what to do";
            findings.extend(
                links_down
                    .iter()
                    .map(|(link, why)| fail(format!("link {link}"), why.clone(), next).with_lines(lines.get(link))),
            );
            findings
        }
        Api::NotRunning => vec![fail(
            name,
            "it does not run",
            "sudo systemctl start postrider; if it ends again, journalctl -x -u postrider -e tells why",
        )],
        Api::Refused(why) => vec![warn(name, why.clone(), AS_ROOT)],
    }
}

fn systemd(facts: &Facts) -> Vec<Finding> {
    let name = "systemd";
    match facts.systemd {
        None => Vec::new(),
        Some(Systemd { unit: false, .. }) => vec![warn(
            name,
            "the unit is not installed, so nobody starts postrider after a reboot",
            "install systemd/postrider.service to /etc/systemd/system, then: sudo systemctl enable --now postrider",
        )],
        Some(Systemd { catalog_files: false, .. }) => vec![warn(
            "journal",
            "the message catalog is not installed, so journalctl -x explains nothing",
            "copy systemd/*.catalog to /usr/lib/systemd/catalog, then: sudo journalctl --update-catalog",
        )],
        Some(Systemd { catalog_taken: false, .. }) => vec![warn(
            "journal",
            "the message catalog is installed, and journald does not know it yet",
            "sudo journalctl --update-catalog",
        )],
        Some(Systemd { .. }) => vec![ok("journal", "journalctl -x explains postrider's lines")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::facts::{Clock, Config, Store};
    use crate::cli::doctor::finding::Mark;
    use crate::model::IdRelation;
    use crate::model::Timestamp;
    use crate::store::damaged::Damaged;
    use crate::store::restore::Held;
    use std::collections::BTreeMap;

    /// A machine on which all is well.
    fn sound() -> Facts {
        Facts {
            config: Config {
                file: "/etc/postrider/postrider.toml".into(),
                state: ConfigState::Good(Vec::new()),
                carriers: 1,
                ..Config::default()
            },
            store: Store {
                path: "/var/lib/postrider/postrider.db".into(),
                state: StoreState::Good,
                room: Some((4 << 30, 256 << 20)),
                ..Store::default()
            },
            api: Api::Answers { not_ready: None, modems: Vec::new(), links_down: Vec::new(), lines: BTreeMap::new() },
            clock: Clock { now: Timestamp::from_millis(1_795_305_600_000), synchronised: Some(true), believed: None },
            systemd: Some(Systemd { unit: true, catalog_files: true, catalog_taken: true }),
            ..Facts::default()
        }
    }

    /// The findings that are not ok, of a machine with one thing changed.
    fn after(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
        let mut facts = sound();
        change(&mut facts);
        check(&facts).into_iter().filter(|finding| finding.mark != Mark::Ok).collect()
    }

    #[test]
    fn a_sound_machine_has_no_faults() {
        assert_eq!(after(|_| {}), []);
        assert!(check(&sound()).len() >= 6, "and everything was looked at");
    }

    #[test]
    fn each_fault_is_found_alone_and_has_a_next_step() {
        type Change = fn(&mut Facts);
        let cases: [(Mark, &str, &str, Change); 19] = [
            (Mark::Fail, "configuration", "copy the annotated", |f| f.config.state = ConfigState::Missing),
            (Mark::Fail, "configuration", "tells 2 mistakes", |f| {
                f.config.state = ConfigState::Wrong(vec!["line 3: no".into(), "line 4: no".into()]);
            }),
            (Mark::Warn, "configuration", "sudo", |f| f.config.state = ConfigState::Denied),
            (Mark::Warn, "configuration", "reload", |f| f.config.state = ConfigState::Good(vec!["open".into()])),
            (Mark::Fail, "database", "tmpfiles", |f| f.store.state = StoreState::NoFolder),
            (Mark::Fail, "database", "backup", |f| f.store.state = StoreState::Broken("damaged".into())),
            (Mark::Warn, "restore", "--release", |f| {
                f.store.held = Some(Held { since: f.clock.now, why: "it lacks 3 commits".into(), messages: 12 });
            }),
            (Mark::Warn, "damaged row", "TECHNICIAN", |f| {
                let (kind, row, what) = ("message".into(), "7".into(), "its encoded form is damaged".into());
                f.store.damaged = vec![Damaged { kind, row, what }];
            }),
            (Mark::Warn, "receipts of north", "[carrier.receipts]", |f| {
                f.store.unread = vec![("north".to_owned(), 3)];
            }),
            (Mark::Warn, "ids of north", "id_in_receipt", |f| {
                let proof = |relation| Proof {
                    link_group: "north".into(),
                    relation,
                    at: f.clock.now,
                    answer_id: "39F99DD5".into(),
                    receipt_id: "972660181".into(),
                };
                f.store.ids = vec![proof(IdRelation::Same), proof(IdRelation::HexThenDecimal)];
            }),
            (Mark::Fail, "disk", "du -xh", |f| f.store.room = Some((12 << 20, 256 << 20))),
            (Mark::Warn, "disk", "vacuum", |f| f.store.room = Some((300 << 20, 256 << 20))),
            (Mark::Fail, "clock", "battery", |f| f.clock.now = Timestamp::from_millis(86_400_000)),
            (Mark::Fail, "clock", "postrider clock accept", |f| {
                f.clock.believed = Some((Trust::Ahead, Timestamp::from_millis(1_790_000_000_000)));
            }),
            (Mark::Fail, "clock", "postrider clock accept", |f| {
                f.clock.believed = Some((Trust::Behind, Timestamp::from_millis(1_800_000_000_000)));
            }),
            (Mark::Warn, "clock", "set-ntp", |f| f.clock.synchronised = Some(false)),
            (Mark::Fail, "daemon", "systemctl start", |f| f.api = Api::NotRunning),
            (Mark::Warn, "journal", "--update-catalog", |f| {
                f.systemd = Some(Systemd { unit: true, catalog_files: true, catalog_taken: false });
            }),
            (Mark::Warn, "systemd", "enable --now", |f| f.systemd = Some(Systemd::default())),
        ];
        for (mark, name, words, change) in cases {
            let found = after(change);
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert_eq!((found[0].mark, found[0].name.as_str()), (mark, name));
            assert!(found[0].next.as_ref().unwrap().contains(words), "{found:?}");
        }
    }

    #[test]
    fn a_link_that_is_down_is_a_fault_of_its_own() {
        let found = after(|facts| {
            facts.api = Api::Answers {
                not_ready: None,
                modems: Vec::new(),
                links_down: vec![("north".into(), "the carrier refused the password".into())],
                lines: BTreeMap::from([("north".into(), vec!["< bind_transceiver_resp".into()])]),
            };
        });
        assert_eq!((found.len(), found[0].name.as_str()), (1, "link north"));
        assert_eq!(found[0].lines, ["< bind_transceiver_resp"], "what passed last stands below it");
    }
}
