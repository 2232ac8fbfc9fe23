//! How fast one link is on the loopback interface. Run it by hand, optimised:
//! `cargo test --profile quick --test link speed -- --ignored --nocapture --test-threads 1`

use std::time::Duration;

use postrider::model::LinkEvent;
use postrider::sim::{CarrierSettings, Faults, Keep};

use crate::support::{Rig, carrier, guarded, profile, settings, submission};

async fn measure(window: usize, receipts: bool, total: i64) -> f64 {
    let faults = Faults { receipt_lost: if receipts { 0 } else { 1000 }, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, keep: Keep::Counts, ..CarrierSettings::default() }).await;
    let mut profile = profile();
    profile.window = window;
    profile.inbound_window = 1000;
    let settings = settings(carrier.address(), profile);
    let wake = settings.wake.clone();
    let mut rig = Rig::start(settings);
    rig.until_up().await;
    let link = rig.link.clone();
    let start = tokio::time::Instant::now();
    let feeder = tokio::spawn(async move {
        let template =
            submission(0, &["A text of the usual length, that is about one hundred octets, as shops send them."]);
        for id in 0..total {
            let mut next = template.clone();
            next.message = postrider::model::MessageId::from_i64(id).unwrap();
            while let Err(back) = link.offer(next) {
                next = back;
                wake.notified().await;
            }
        }
    });
    let (mut outcomes, mut delivered) = (0, 0);
    while outcomes < total || (receipts && delivered < total) {
        match rig.next().await {
            LinkEvent::Submit(_) => outcomes += 1,
            LinkEvent::Receipt { ack, .. } => {
                delivered += 1;
                rig.ack(ack.unwrap());
            }
            LinkEvent::Inbound { .. } | LinkEvent::Health(_) | LinkEvent::Session { .. } | LinkEvent::Modem { .. } => {}
        }
    }
    feeder.await.unwrap();
    let speed = f64::from(u32::try_from(total).unwrap()) / start.elapsed().as_secs_f64();
    guarded(rig.link.shutdown(Duration::from_secs(5))).await;
    speed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; it claims nothing that a busy machine could keep"]
async fn submissions_per_second() {
    for (window, receipts) in [(10, false), (50, false), (500, false), (50, true), (500, true)] {
        let speed = measure(window, receipts, 200_000).await;
        println!("window {window}, receipts {receipts}: {speed:.0} submit_sm/s");
    }
}
