//! A link that works: bind, submit, receipt, inbound, pacing, pair, shutdown.

use std::time::Duration;

use postrider::link::{AckResult, LinkState};
use postrider::model::{LinkEvent, LinkHealth, SegmentTurn, SubmitOutcome};
use postrider::sim::{CarrierSettings, Faults, Inbound};
use postrider::smpp::profile::BindMode;

use crate::support::{Rig, accounts, carrier, guarded, is_accepted, profile, settings, submission, wall};

#[tokio::test]
async fn a_segment_goes_out_and_its_receipt_comes_back() {
    let carrier = carrier(CarrierSettings { accounts: accounts(), ..CarrierSettings::default() }).await;
    let mut rig = Rig::up(&carrier).await;
    rig.offer(7);
    let result = rig.submitted().await;
    assert_eq!((result.message.as_i64(), result.attempt, result.index), (7, 1, 0));
    let SubmitOutcome::Accepted { carrier_id: Some(id) } = result.outcome else { panic!("{result:?}") };
    let (receipt, ack) = rig.receipt().await;
    assert!(receipt.ids.contains(&id));
    rig.ack(ack);
    guarded(carrier.until(|carrier| carrier.ledger().counts.receipts_acknowledged == 1)).await;
    let entry = carrier.with(|carrier, _| carrier.ledger().entries().next().cloned()).unwrap();
    assert_eq!((entry.destination.as_str(), &entry.user_data[..]), ("821012345678", &b"Hello"[..]));
}

#[tokio::test]
async fn a_receipt_is_acknowledged_only_when_the_store_says_so() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    rig.offer(1);
    let (_, first) = rig.receipt().await;
    // A second message goes all the way, so the first receipt had every chance to be answered too early.
    rig.offer(2);
    let (_, second) = rig.receipt().await;
    rig.ack(second);
    guarded(carrier.until(|carrier| carrier.ledger().counts.receipts_acknowledged == 1)).await;
    rig.ack(first);
    guarded(carrier.until(|carrier| carrier.ledger().counts.receipts_acknowledged == 2)).await;
}

#[tokio::test]
async fn a_delivery_that_the_store_cannot_take_comes_again() {
    let redeliver_after = Duration::from_millis(1);
    let carrier = carrier(CarrierSettings { redeliver_after, ..CarrierSettings::default() }).await;
    let mut rig = Rig::up(&carrier).await;
    carrier.with(|carrier, now| carrier.inject("shop1", Inbound::text("821012345678", "15771234", 1, "STOP"), now));
    let (part, ack) = rig.inbound().await;
    assert_eq!(part.payload, b"\0S\0T\0O\0P");
    rig.link.ack(ack, AckResult::Temporary);
    let (again, ack) = rig.inbound().await;
    assert_eq!(again, part);
    rig.ack(ack);
    guarded(carrier.until(|carrier| carrier.ledger().counts.inbound_acknowledged == 1)).await;
    assert_eq!(rig.link.status().counters.inbound, 2);
}

#[tokio::test]
async fn the_segments_of_a_message_go_in_order_and_not_before_their_turn() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    let mut message = submission(1, &["one", "two", "three"]);
    let start = wall();
    message.turns = (0..3u8)
        .map(|index| SegmentTurn { index, not_before: start.plus(Duration::from_millis(40) * u32::from(index)) })
        .collect();
    rig.link.offer(message).unwrap();
    assert!(rig.outcomes(3).await.iter().all(is_accepted));
    let times: Vec<_> = carrier.with(|carrier, _| carrier.ledger().entries().map(|entry| entry.at).collect());
    let texts: Vec<_> =
        carrier.with(|carrier, _| carrier.ledger().entries().map(|entry| entry.user_data[6..].to_vec()).collect());
    assert_eq!(texts, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]);
    assert!(times[1].since(start) >= Duration::from_millis(38), "{times:?} {start}");
    assert!(times[2].since(start) >= Duration::from_millis(78), "{times:?} {start}");
}

#[tokio::test]
async fn a_transmitter_and_a_receiver_are_one_link() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut profile = profile();
    profile.account.bind_mode = BindMode::Pair;
    let mut rig = Rig::start(settings(carrier.address(), profile));
    rig.until_up().await;
    assert_eq!(carrier.with(|carrier, _| carrier.bound_connections()), 2);
    rig.offer(1);
    let (_, ack) = rig.receipt().await;
    rig.ack(ack);
    guarded(carrier.until(|carrier| carrier.ledger().counts.receipts_acknowledged == 1)).await;
    carrier.with(|carrier, _| carrier.drop_links());
    rig.down().await;
    rig.until_up().await;
    assert_eq!(carrier.with(|carrier, _| carrier.bound_connections()), 2);
}

#[tokio::test]
async fn the_window_is_never_exceeded_and_everything_is_answered() {
    let mut profile = profile();
    profile.window = 5;
    let answer_delay = (Duration::from_millis(1), Duration::from_millis(3));
    let faults = Faults { answer_delay, receipt_lost: 1000, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, ..CarrierSettings::default() }).await;
    let mut rig = Rig::start(settings(carrier.address(), profile));
    rig.until_up().await;
    let mut accepted = 0;
    for id in 0..200 {
        while rig.link.offer(submission(id, &["Hello"])).is_err() {
            assert!(is_accepted(&rig.submitted().await.outcome));
            accepted += 1;
        }
        assert!(rig.link.status().window_used <= 5);
    }
    assert!(rig.outcomes(200 - accepted).await.iter().all(is_accepted));
    assert_eq!(rig.link.status().held, 0);
}

#[tokio::test]
async fn a_full_link_gives_the_submission_back_and_rings_when_there_is_room() {
    let faults = Faults { bound_but_silent: true, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, ..CarrierSettings::default() }).await;
    let settings = settings(carrier.address(), profile());
    let wake = settings.wake.clone();
    let mut rig = Rig::start(settings);
    assert_eq!(rig.link.capacity().free_segments, 0, "not up yet");
    rig.until_up().await;
    guarded(wake.notified()).await;
    let free = rig.link.capacity().free_segments;
    assert_eq!(free, 40);
    (0..40).for_each(|id| rig.offer(id));
    assert_eq!(rig.link.capacity().free_segments, 0);
    assert_eq!(rig.link.offer(submission(99, &["Hello"])).unwrap_err().message.as_i64(), 99);
    carrier.with(|carrier, _| carrier.set_faults(Faults::default()));
    carrier.with(|carrier, _| carrier.drop_links());
    assert_eq!(rig.outcomes(40).await.len(), 40);
    guarded(wake.notified()).await;
}

#[tokio::test]
async fn a_stop_lets_the_window_settle_and_unbinds() {
    let answer_delay = (Duration::from_millis(50), Duration::from_millis(50));
    let faults = Faults { answer_delay, receipt_lost: 1000, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, ..CarrierSettings::default() }).await;
    let mut rig = Rig::up(&carrier).await;
    (0..15).for_each(|id| rig.offer(id));
    guarded(carrier.until(|carrier| carrier.ledger().counts.taken == 10)).await;
    guarded(rig.link.shutdown(Duration::from_secs(10))).await;
    assert!(rig.link.offer(submission(99, &["late"])).is_err());
    assert_eq!(rig.link.status().state, LinkState::Stopped);
    let events = rig.at_hand();
    let outcome = |event: &LinkEvent| match event {
        LinkEvent::Submit(result) => Some(result.outcome.clone()),
        LinkEvent::Receipt { .. }
        | LinkEvent::Inbound { .. }
        | LinkEvent::Health(_)
        | LinkEvent::Session { .. }
        | LinkEvent::Modem { .. } => None,
    };
    let outcomes: Vec<_> = events.iter().filter_map(outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| is_accepted(outcome)).count(), 10);
    let not_sent = |outcome: &&SubmitOutcome| matches!(outcome, SubmitOutcome::NotSent { .. });
    assert_eq!(outcomes.iter().filter(not_sent).count(), 5);
    assert!(matches!(events.last(), Some(LinkEvent::Health(LinkHealth::Down(_)))));
    guarded(carrier.until(|carrier| carrier.bound_connections() == 0)).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let faults = Faults { bound_but_silent: true, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, ..CarrierSettings::default() }).await;
    let mut rig = Rig::up(&carrier).await;
    rig.offer(1);
    guarded(async {
        while rig.link.status().window_used == 0 {
            tokio::task::yield_now().await
        }
    })
    .await;
    guarded(rig.link.shutdown(Duration::from_millis(20))).await;
    assert!(matches!(rig.submitted().await.outcome, SubmitOutcome::Unanswered { .. }));
}

#[tokio::test]
async fn a_slow_settler_slows_the_link_and_loses_nothing() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    let mut offered = 0i64;
    // Nobody takes events, so places stay taken and the door closes by itself.
    guarded(async {
        loop {
            while rig.link.offer(submission(offered, &["Hello"])).is_ok() {
                offered += 1;
            }
            if carrier.with(|carrier, _| carrier.ledger().counts.taken >= 40) && offered > 200 {
                return;
            }
            if rig.link.status().held >= 40 && rig.events.capacity() == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let outcomes = rig.outcomes(usize::try_from(offered).unwrap()).await;
    assert!(outcomes.iter().all(is_accepted));
}

#[tokio::test]
async fn a_carrier_that_connects_to_us_gets_our_bind() {
    let carrier = carrier(CarrierSettings { accounts: accounts(), ..CarrierSettings::default() }).await;
    let mut settings = settings(carrier.address(), profile());
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    settings.outbind = Some(address);
    let mut rig = Rig::start(settings);
    guarded(async {
        while carrier.outbind(address).await.is_err() {
            tokio::task::yield_now().await
        }
    })
    .await;
    rig.until_up().await;
    rig.offer(1);
    assert!(is_accepted(&rig.submitted().await.outcome));
}
