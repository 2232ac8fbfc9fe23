//! Modems among the USB devices of a machine: found by what they are, whatever the kernel calls their ports.

use std::time::{Duration, Instant};

use postrider::link::modem::Sought;
use postrider::model::ModemStage;
use postrider::sim::modem::{Fault, ModemFaults, SimModemSettings};
use postrider::sim::modem_server::ModemServer;
use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::support::{Gateway, Machine, guard, stick};

#[expect(clippy::disallowed_methods, reason = "the test measures")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn a_stick_is_found_by_its_imei_and_again_under_another_name_in_another_socket() {
    let machine = Machine::new();
    let (one, two) = (ModemServer::on_pty(stick(1), 1, None).unwrap(), ModemServer::on_pty(stick(2), 2, None).unwrap());
    let imei = |server: &ModemServer| server.with(|modem, _| modem.settings().imei.clone());
    machine.plug("1-1.2", "12d1:1506", "ttyUSB0", &one.path().unwrap());
    machine.plug("1-1.3", "12d1:1506", "ttyUSB3", &two.path().unwrap());
    let toml = format!(
        "[[modem]]\nname = \"one\"\nimei = \"{}\"\n[[modem]]\nname = \"two\"\nimei = \"{}\"\n",
        imei(&one),
        imei(&two)
    );
    let mut gateway = Gateway::start(&toml, &machine);
    gateway.up("one").await;
    gateway.up("two").await;
    assert_eq!(gateway.handle("one").1.status().place.as_deref(), Some("1-1.2"));
    assert_eq!(gateway.handle("two").1.status().usb_id.as_deref(), Some("12d1:1506"));

    // Both are pulled out, and come back in each other's socket and under each other's name.
    machine.unplug("1-1.2", "ttyUSB0");
    machine.unplug("1-1.3", "ttyUSB3");
    one.unplug().await;
    two.unplug().await;
    gateway.down("one").await;
    gateway.down("two").await;
    let replugged = now();
    machine.plug("1-1.3", "12d1:1506", "ttyUSB0", &one.replug().await.unwrap().unwrap());
    machine.plug("1-1.2", "12d1:1506", "ttyUSB3", &two.replug().await.unwrap().unwrap());
    gateway.up("one").await;
    gateway.up("two").await;
    println!("ready {:?} after replugging", replugged.elapsed());
    assert!(replugged.elapsed() < Duration::from_secs(5), "ready within 5 s of replugging");
    let status = gateway.handle("one").1.status();
    assert_eq!((status.place.as_deref(), status.identity.imei), (Some("1-1.3"), Some(imei(&one))));
    gateway.send("one", 1).await;
    gateway.send("two", 1).await;
    assert_eq!(one.with(|modem, _| modem.ledger().parts().len()), 1);
}

#[tokio::test]
async fn a_modem_is_found_by_its_sim_or_its_socket() {
    let machine = Machine::new();
    let (one, two) = (ModemServer::on_pty(stick(1), 1, None).unwrap(), ModemServer::on_pty(stick(2), 2, None).unwrap());
    let iccid = one.with(|modem, _| modem.settings().sim.as_ref().unwrap().iccid.clone());
    machine.plug("1-1.2", "12d1:1506", "ttyUSB0", &one.path().unwrap());
    // No profile knows this one by its USB id; its place is enough.
    machine.plug("1-1.3", "1234:5678", "ttyUSB1", &two.path().unwrap());
    let toml =
        format!("[[modem]]\nname = \"sim\"\niccid = \"{iccid}\"\n[[modem]]\nname = \"place\"\nusb_path = \"1-1.3\"\n");
    let mut gateway = Gateway::start(&toml, &machine);
    gateway.up("sim").await;
    gateway.up("place").await;
    assert_eq!(gateway.handle("sim").1.status().place.as_deref(), Some("1-1.2"));
    assert_eq!(gateway.handle("place").1.status().place.as_deref(), Some("1-1.3"));
}

#[tokio::test]
async fn modems_that_nobody_named_are_taken_only_when_discovery_is_on() {
    let machine = Machine::new();
    let one = ModemServer::on_pty(stick(1), 1, None).unwrap();
    machine.plug("1-1.2", "12d1:1506", "ttyUSB0", &one.path().unwrap());
    let mut gateway = Gateway::start("[modems]\ndiscover = true\n", &machine);
    let name = gateway.next("a modem", |name, _| Some(name.clone())).await;
    let imei = one.with(|modem, _| modem.settings().imei.clone());
    let short = name.modem.clone().unwrap();
    assert!(short.ends_with(&format!("-{}", &imei[11..])), "{short}");
    gateway.up(&short).await;
    gateway.send(&short, 1).await;

    // The link stays while the modem is away, and gets it back.
    machine.unplug("1-1.2", "ttyUSB0");
    one.unplug().await;
    gateway.down(&short).await;
    assert_eq!(gateway.handle(&short).1.status().stage, ModemStage::Absent);
    machine.plug("1-1.4", "12d1:1506", "ttyUSB7", &one.replug().await.unwrap().unwrap());
    assert_eq!(gateway.up(&short).await, name);
    assert_eq!(gateway.modems.handles().len(), 1);
}

#[tokio::test]
async fn another_ones_modem_is_asked_who_it_is_and_left_alone() {
    let machine = Machine::new();
    let (one, other) =
        (ModemServer::on_pty(stick(1), 1, None).unwrap(), ModemServer::on_pty(stick(2), 2, None).unwrap());
    let imei = |server: &ModemServer| server.with(|modem, _| modem.settings().imei.clone());
    machine.plug("1-1.2", "12d1:1506", "ttyUSB0", &other.path().unwrap());
    let toml = format!("[[modem]]\nname = \"one\"\nimei = \"{}\"\n", imei(&one));
    let mut gateway = Gateway::start(&toml, &machine);
    guard("the stray", async {
        while gateway.modems.strays().first().is_none_or(|stray| stray.imei.is_none()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let stray = gateway.modems.strays().remove(0);
    assert_eq!((stray.place.as_str(), stray.imei), ("1-1.2", Some(imei(&other))));
    assert_eq!(stray.fault, None);
    machine.plug("1-1.3", "12d1:1506", "ttyUSB1", &one.path().unwrap());
    gateway.up("one").await;
    assert_eq!(gateway.modems.handles().len(), 1);
}

#[tokio::test]
async fn a_port_that_another_program_has_is_told_and_taken_once_it_is_free() {
    let machine = Machine::new();
    let one = ModemServer::on_pty(stick(1), 1, None).unwrap();
    let path = one.path().unwrap();
    machine.plug("1-1.2", "12d1:1506", "ttyUSB0", &path);
    let other = rustix::fs::open(&path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    rustix::fs::flock(&other, FlockOperation::LockExclusive).unwrap();
    let mut gateway = Gateway::start("[[modem]]\nname = \"one\"\nusb_path = \"1-1.2\"\n", &machine);
    let why = gateway.down("one").await;
    assert!(why.contains("is in use by another program"), "{why}");
    assert!(gateway.handle("one").1.status().advice.contains("ModemManager"));
    drop(other);
    gateway.up("one").await;
}

/// Four sticks that wake in different ways; each is named by its IMEI, so that one answer taken for another's would show.
#[tokio::test]
async fn a_modem_that_wakes_slowly_is_found_by_itself_and_by_its_own_imei() {
    let machine = Machine::new();
    let usual = ModemFaults::default;
    let ways = [
        ("slow", ModemFaults { wakes_after: Duration::from_millis(2_500), ..usual() }),
        ("deaf", ModemFaults { deaf_for: Duration::from_secs(6), ..usual() }),
        ("swallows", ModemFaults { echo: true, ..usual() }.once(Fault::Silent).once(Fault::Garbage)),
        ("starts", ModemFaults { wakes_after: Duration::from_millis(1_100), split: true, ..usual() }),
    ];
    let (mut toml, mut servers) = (String::new(), Vec::new());
    for (number, (name, faults)) in (1..).zip(ways) {
        let settings = SimModemSettings { faults, cold: name == "starts", ..stick(number) };
        let server = ModemServer::on_pty(settings, u64::from(number), None).unwrap();
        let imei = server.with(|modem, _| modem.settings().imei.clone());
        toml += &format!("[[modem]]\nname = \"{name}\"\nimei = \"{imei}\"\n");
        machine.plug(&format!("1-1.{number}"), "12d1:1506", &format!("ttyUSB{number}"), &server.path().unwrap());
        servers.push((name, imei, server));
    }
    let mut gateway = Gateway::start(&toml, &machine);
    for (name, imei, _) in &servers {
        gateway.up(name).await;
        assert_eq!(gateway.handle(name).1.status().identity.imei.as_ref(), Some(imei), "{name}");
    }
    assert_eq!(gateway.modems.strays(), []);
    gateway.send("slow", 1).await;
}

#[tokio::test]
async fn a_technician_who_misses_a_modem_has_what_may_be_it_asked_at_once() {
    let machine = Machine::new();
    let server = ModemServer::on_pty(stick(2), 2, None).unwrap();
    let toml =
        "[[modem]]\nname = \"one\"\nimei = \"490154203237518\"\n[[modem]]\nname = \"fixed\"\nport = \"/dev/nowhere\"\n";
    let gateway = Gateway::start(toml, &machine);
    let link = |name: &str| Sought::Link(gateway.handle(name).0.name().clone());
    assert_eq!(gateway.modems.look_again(link("one")).await, [""; 0], "nothing is plugged in");
    machine.plug("1-1.2", "12d1:1506", "ttyUSB0", &server.path().unwrap());
    guard("the stray", async {
        while gateway.modems.strays().first().is_none_or(|stray| stray.imei.is_none()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let asked = server.with(|modem, _| modem.ledger().counts.commands);
    assert_eq!(gateway.modems.look_again(Sought::Place("1-1.2".into())).await, ["USB 1-1.2"]);
    assert_eq!(gateway.modems.look_again(link("one")).await, ["USB 1-1.2"]);
    assert_eq!(gateway.modems.look_again(link("fixed")).await, ["/dev/nowhere"]);
    assert_eq!(gateway.modems.look_again(Sought::Place("1-1.9".into())).await, [""; 0]);
    guard("it is asked again", async {
        while server.with(|modem, _| modem.ledger().counts.commands) == asked {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
