//! How near a link comes to what its modem can do.

use std::time::{Duration, Instant};

use postrider::model::{LinkEvent, SubmitOutcome};
use postrider::sim::modem_server::ModemServer;

use crate::support::{Gateway, Machine, guard, stick, submission};

#[expect(clippy::disallowed_methods, reason = "the test measures")]
fn now() -> Instant {
    Instant::now()
}

/// Hands over messages as the dispatcher does, whenever there is room, and gives the parts a second.
async fn rate(part_time: Duration, parts: usize) -> (f64, usize) {
    let machine = Machine::new();
    let port = machine.at("modem0");
    let mut settings = stick(1);
    settings.part_time = part_time;
    let _server = ModemServer::on_pty(settings, 1, Some(&port)).unwrap();
    let toml = format!("[[modem]]\nname = \"one\"\nport = \"{}\"\nreports = false\n", port.display());
    let mut gateway = Gateway::start(&toml, &machine);
    gateway.up("one").await;
    let (link, _) = gateway.handle("one");
    let (mut offered, mut done, mut held_max, start) = (0, 0, 0, now());
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
    #[expect(clippy::cast_precision_loss, reason = "a few hundred parts")]
    let rate = parts as f64 / start.elapsed().as_secs_f64();
    guard("the stop", gateway.modems.shutdown(Duration::from_secs(5))).await;
    (rate, held_max)
}

#[tokio::test]
async fn a_slow_modem_never_waits_and_holds_no_more_than_its_next_message() {
    let (rate, held_max) = rate(Duration::from_secs(1), 6).await;
    println!("{rate:.3} parts a second of 1");
    assert!(rate >= 0.98, "{rate:.3} parts a second of 1");
    assert!(held_max <= 2, "{held_max} messages were leased to it at once");
}

#[tokio::test]
async fn a_modem_that_answers_at_once_is_kept_busy() {
    let (rate, _) = rate(Duration::ZERO, 1_000).await;
    println!("{rate:.0} parts a second");
    assert!(rate >= 200.0, "{rate:.0} parts a second");
}
