//! How much a link holds for its modem. How fast it is, `postrider bench modems` measures.

use std::time::Duration;

use postrider::model::{LinkEvent, SubmitOutcome};
use postrider::sim::modem_server::ModemServer;

use crate::support::{Gateway, Machine, guard, stick, submission};

/// Hands over messages as the dispatcher does, whenever there is room, and gives the most that were held at once.
async fn held_max(part_time: Duration, parts: usize) -> usize {
    let machine = Machine::new();
    let port = machine.at("modem0");
    let mut settings = stick(1);
    settings.part_time = part_time;
    let _server = ModemServer::on_pty(settings, 1, Some(&port)).unwrap();
    let toml = format!("[[modem]]\nname = \"one\"\nport = \"{}\"\nreports = false\n", port.display());
    let mut gateway = Gateway::start(&toml, &machine);
    gateway.up("one").await;
    let (link, _) = gateway.handle("one");
    let (mut offered, mut done, mut held_max) = (0, 0, 0);
    while done < parts {
        while offered < parts && link.offer(submission(1)).is_ok() {
            offered += 1;
            held_max = held_max.max(offered - done);
        }
        let result = gateway.next("a result", |_, event| match event {
            LinkEvent::Submit(result) => Some(result.clone()),
            _ => None,
        });
        assert!(matches!(result.await.outcome, SubmitOutcome::Accepted { .. }));
        done += 1;
    }
    guard("the stop", gateway.modems.shutdown(Duration::from_secs(5))).await;
    held_max
}

#[tokio::test]
async fn a_slow_modem_holds_no_more_than_its_next_message() {
    let held = held_max(Duration::from_secs(1), 4).await;
    assert!(held <= 2, "{held} messages were leased to it at once");
}

#[tokio::test]
async fn a_modem_that_answers_at_once_has_more_at_hand() {
    let held = held_max(Duration::ZERO, 300).await;
    assert!((3..=17).contains(&held), "{held} messages were leased to it at once");
}
