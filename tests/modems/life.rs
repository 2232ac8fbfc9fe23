//! A modem on a fixed port: it sends, reports, receives, answers technicians, and is back after it was unplugged.

use std::net::SocketAddr;

use postrider::link::modem::sysfs::Sysfs;
use postrider::model::{LinkEvent, ModemAnswer, ModemRequest, ModemStage, SubmitOutcome};
use postrider::sim::modem_server::{ModemServer, TcpForm};

use crate::support::{Gateway, Machine, guard, stick, submission};

fn fixed(name: &str, port: &str) -> String {
    format!("[[modem]]\nname = \"{name}\"\nport = \"{port}\"\n")
}

#[tokio::test]
async fn a_modem_sends_reports_and_receives() {
    let machine = Machine::new();
    let port = machine.at("modem0");
    let server = ModemServer::on_pty(stick(1), 1, Some(&port)).unwrap();
    let mut gateway = Gateway::start(&fixed("one", port.to_str().unwrap()), &machine);
    let name = gateway.up("one").await;
    assert_eq!(name.to_string(), "modems/one");
    gateway.send("one", 3).await;
    let sent = server.with(|modem, _| modem.ledger().messages().map(|message| message.parts).collect::<Vec<_>>());
    assert_eq!(sent, [3]);
    for _ in 0..3 {
        gateway.next("a report", |_, event| matches!(event, LinkEvent::Receipt { .. }).then_some(())).await;
    }
    server.receive("+821099990000", "hello").unwrap();
    gateway.next("an incoming message", |_, event| matches!(event, LinkEvent::Inbound { .. }).then_some(())).await;

    let status = gateway.handle("one").1.status();
    assert_eq!((status.stage, status.counters.sent, status.counters.received), (ModemStage::Ready, 3, 1));
    assert_eq!(status.identity.imei, Some(server.with(|modem, _| modem.settings().imei.clone())));
    assert!(status.sim.iccid.is_some() && status.send_time.is_some() && status.last_success_at.is_some());
    assert_eq!(status.port.as_deref(), port.to_str());
    guard("the stop", gateway.modems.shutdown(std::time::Duration::from_secs(5))).await;
}

#[tokio::test]
async fn a_technician_asks_beside_the_traffic() {
    let machine = Machine::new();
    let port = machine.at("modem0");
    let _server = ModemServer::on_pty(stick(2), 1, Some(&port)).unwrap();
    let mut gateway = Gateway::start(&fixed("one", port.to_str().unwrap()), &machine);
    let (_, modem) = gateway.handle("one");
    let early = modem.request(ModemRequest::At("AT+CSQ".into())).await;
    gateway.up("one").await;
    let ModemAnswer::Lines(lines) = guard("AT+CSQ", modem.request(ModemRequest::At("AT+CSQ".into()))).await else {
        panic!("{early:?}");
    };
    assert!(lines.iter().any(|line| line.starts_with("+CSQ:")), "{lines:?}");
    let answer = guard("USSD", modem.request(ModemRequest::Ussd("*100#".into()))).await;
    assert!(matches!(&answer, ModemAnswer::Ussd { text, more: false } if text.contains("12.40")), "{answer:?}");
    guard("the stop", gateway.modems.shutdown(std::time::Duration::from_secs(5))).await;
    let late = modem.request(ModemRequest::Refresh).await;
    assert!(matches!(late, ModemAnswer::Failed(why) if why.contains("stopped")));
}

#[tokio::test]
async fn an_unplugged_modem_gives_back_what_it_holds_and_comes_back_by_itself() {
    let machine = Machine::new();
    let port = machine.at("modem0");
    let server = ModemServer::on_pty(stick(3), 1, Some(&port)).unwrap();
    let mut gateway = Gateway::start(&fixed("one", port.to_str().unwrap()), &machine);
    gateway.up("one").await;
    server.unplug().await;
    let why = gateway.down("one").await;
    assert!(why.contains("port went away"), "{why}");
    let (link, modem) = gateway.handle("one");
    assert!(link.offer(submission(1)).is_err(), "nothing is taken while it is away");
    assert_eq!(modem.status().stage, ModemStage::Absent);
    server.replug().await.unwrap();
    gateway.up("one").await;
    gateway.send("one", 1).await;
    assert_eq!(gateway.handle("one").1.status().counters.losses, 1);
}

#[tokio::test]
async fn serial_servers_are_reached_with_and_without_telnet() {
    let machine = Machine::new();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    for (form, scheme) in [(TcpForm::Raw, "tcp"), (TcpForm::Rfc2217, "rfc2217")] {
        let server = ModemServer::on_tcp(stick(4), 1, any, form).await.unwrap();
        let port = format!("{scheme}://{}", server.address().unwrap());
        let mut gateway = Gateway::start(&fixed("far", &port), &machine);
        gateway.up("far").await;
        gateway.send("far", 2).await;
        assert_eq!(gateway.handle("far").1.status().port, Some(port));
    }
}

#[tokio::test]
async fn what_is_under_way_at_the_stop_gets_its_outcome() {
    let machine = Machine::new();
    let port = machine.at("modem0");
    let mut settings = stick(5);
    settings.part_time = std::time::Duration::from_millis(300);
    let server = ModemServer::on_pty(settings, 1, Some(&port)).unwrap();
    let mut gateway = Gateway::start(&fixed("one", port.to_str().unwrap()), &machine);
    gateway.up("one").await;
    let (link, _) = gateway.handle("one");
    let (first, second) = (submission(1), submission(1));
    let (message, waiting) = (first.message, second.message);
    link.offer(first).unwrap();
    guard("the command", server.until(|modem| modem.ledger().counts.commands > 0 && link.capacity().free_segments > 0))
        .await;
    link.offer(second).unwrap();
    gateway.modems.begin_shutdown(std::time::Duration::from_secs(5));
    assert!(matches!(gateway.result(message).await.outcome, SubmitOutcome::Accepted { .. }));
    assert!(matches!(gateway.result(waiting).await.outcome, SubmitOutcome::NotSent { .. }));
    guard("the stop", gateway.modems.stopped()).await;
}

#[test]
fn this_machine_can_be_looked_at() {
    // Whatever is plugged in here, looking at it neither fails nor panics.
    let _ = Sysfs::new(postrider::link::modem::Roots::default()).scan();
}
