//! A changed configuration touches only the modems that it changes.

use std::time::Duration;

use postrider::model::ModemStage;
use postrider::sim::modem_server::ModemServer;

use crate::support::{Gateway, Machine, configured, guard, stick};

fn modems(list: &[(&str, &str)], more: &str) -> String {
    let blocks = list.iter().map(|(name, port)| format!("[[modem]]\nname = \"{name}\"\nport = \"{port}\"\n{more}"));
    blocks.collect()
}

#[tokio::test]
async fn modems_come_and_go_while_the_others_do_not_notice() {
    let machine = Machine::new();
    let ports = [machine.at("a"), machine.at("b"), machine.at("c")];
    let _servers: Vec<ModemServer> =
        (0..).zip(&ports).map(|(n, port)| ModemServer::on_pty(stick(n), 1, Some(port)).unwrap()).collect();
    let [a, b, c] = ports.each_ref().map(|port| port.to_str().unwrap());
    let first = modems(&[("a", a), ("b", b)], "");
    let mut gateway = Gateway::start(&first, &machine);
    gateway.up("a").await;
    gateway.up("b").await;
    let openings = |gateway: &Gateway| gateway.handle("a").0.status().counters.binds;
    assert!(gateway.modems.is_same(&configured(&first)));

    let second = modems(&[("a", a), ("c", c)], "");
    gateway.modems.reload(configured(&second)).await;
    gateway.up("c").await;
    gateway.down("b").await;
    guard("b is gone", async {
        while gateway.modems.handles().len() != 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(openings(&gateway), 1, "the port of a stayed open");
    gateway.send("a", 1).await;

    // What a SIM may do closes no port; how it is found or spoken to does.
    gateway.modems.reload(configured(&modems(&[("a", a), ("c", c)], "caps = { day = 5 }\n"))).await;
    assert_eq!(gateway.handle("a").1.status().stage, ModemStage::Ready);
    gateway.modems.reload(configured(&modems(&[("a", a), ("c", c)], "reports = false\n"))).await;
    gateway.down("a").await;
    gateway.up("a").await;
    gateway.send("a", 1).await;
    guard("the stop", gateway.modems.shutdown(Duration::from_secs(5))).await;
    assert_eq!(gateway.handle("a").1.status().stage, ModemStage::Stopped);
}
