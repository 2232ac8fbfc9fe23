//! A link that breaks: what was sent is in doubt, what was not is known, and the link comes back.

use std::time::Duration;

use postrider::link::{HostPort, LinkState};
use postrider::sim::{CarrierSettings, Faults};

use crate::support::{
    Rig, accounts, carrier, guarded, is_accepted, is_not_sent, is_unanswered, listen, profile, settings, submission,
};

#[tokio::test]
async fn a_drop_leaves_what_was_sent_in_doubt_and_gives_back_what_was_not() {
    let faults = Faults { bound_but_silent: true, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, ..CarrierSettings::default() }).await;
    let mut rig = Rig::up(&carrier).await;
    (0..25).for_each(|id| rig.offer(id));
    guarded(async {
        while rig.link.status().window_used < 10 {
            tokio::task::yield_now().await
        }
    })
    .await;
    carrier.with(|carrier, _| carrier.drop_links());
    let outcomes = rig.outcomes(25).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_unanswered(outcome)).count(), 10);
    assert_eq!(outcomes.iter().filter(|outcome| is_not_sent(outcome)).count(), 15);
    rig.until_up().await;
    assert_eq!(rig.link.capacity().free_segments, 40);
}

#[tokio::test]
async fn a_message_that_was_taken_before_the_drop_is_in_doubt() {
    let faults = Faults { drop_before_answer: 1000, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, ..CarrierSettings::default() }).await;
    let mut rig = Rig::up(&carrier).await;
    rig.offer(1);
    assert!(is_unanswered(&rig.submitted().await.outcome));
    assert_eq!(carrier.with(|carrier, _| carrier.ledger().counts.taken), 1);
    carrier.with(|carrier, _| carrier.set_faults(Faults::default()));
    let (receipt, ack) = rig.receipt().await;
    assert_eq!(receipt.ids.len(), 1, "its receipt comes on the next session");
    rig.ack(ack);
    guarded(carrier.until(|carrier| carrier.ledger().counts.receipts_acknowledged == 1)).await;
}

#[tokio::test]
async fn an_acknowledgement_never_reaches_another_session() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    rig.offer(1);
    let (_, stale) = rig.receipt().await;
    carrier.with(|carrier, _| carrier.drop_links());
    rig.until_up().await;
    let (_, fresh) = rig.receipt().await;
    rig.ack(stale);
    rig.ack(fresh);
    guarded(carrier.until(|carrier| carrier.pending_deliveries() == 0)).await;
    let counts = carrier.with(|carrier, _| carrier.ledger().counts);
    assert_eq!((counts.receipts_acknowledged, counts.odd), (1, 0));
}

#[tokio::test]
async fn a_wrong_password_means_a_long_pause_and_a_word_about_it() {
    let carrier = carrier(CarrierSettings { accounts: accounts(), ..CarrierSettings::default() }).await;
    let mut profile = profile();
    profile.account.password = "wrong".to_owned().into();
    let rig = Rig::start(settings(carrier.address(), profile));
    guarded(carrier.until(|carrier| carrier.ledger().counts.binds_refused == 1)).await;
    guarded(async {
        while rig.link.status().next_try.is_none() {
            tokio::task::yield_now().await
        }
    })
    .await;
    let status = rig.link.status();
    assert_eq!(status.state, LinkState::Waiting);
    let wait = status.next_try.unwrap().since(crate::support::wall());
    assert!(wait > Duration::from_secs(45), "{wait:?}");
    let (_, why) = status.last_error.unwrap();
    assert!(why.contains("ESME_RINVPASWD") && !why.contains("wrong\""), "{why}");
    assert!(rig.link.offer(submission(1, &["Hello"])).is_err());
    guarded(rig.link.shutdown(Duration::from_secs(1))).await;
}

#[tokio::test]
async fn a_silent_host_and_a_closed_port_are_passed_over() {
    let mute =
        carrier(CarrierSettings { faults: Faults { mute: true, ..Faults::default() }, ..Default::default() }).await;
    let closed = carrier(CarrierSettings::default()).await;
    let closed_address = closed.address();
    closed.stop().await;
    let good = carrier(CarrierSettings::default()).await;
    let mut profile = profile();
    profile.timers.bind_response = Duration::from_millis(50);
    let mut settings = settings(mute.address(), profile);
    let place = |address: std::net::SocketAddr| HostPort::new("127.0.0.1", address.port());
    settings.hosts = vec![place(mute.address()), place(closed_address), place(good.address())];
    let mut rig = Rig::start(settings);
    rig.until_up().await;
    assert_eq!(rig.link.status().host, place(good.address()).to_string());
    assert_eq!(rig.link.status().counters.losses, 2);
    rig.offer(1);
    assert!(is_accepted(&rig.submitted().await.outcome));
}

#[tokio::test]
async fn a_bound_carrier_that_answers_no_submission_is_left() {
    let faults = Faults { bound_but_silent: true, ..Faults::default() };
    let carrier = carrier(CarrierSettings { faults, ..CarrierSettings::default() }).await;
    let mut settings = settings(carrier.address(), profile());
    settings.silence_max = Duration::from_millis(50);
    let mut rig = Rig::start(settings);
    rig.until_up().await;
    rig.offer(1);
    let why = rig.down().await;
    assert!(why.contains("bound but silent"), "{why}");
    carrier.with(|carrier, _| carrier.set_faults(Faults::default()));
    assert!(is_unanswered(&rig.submitted().await.outcome));
    rig.until_up().await;
    rig.offer(2);
    assert!(is_accepted(&rig.submitted().await.outcome));
}

#[tokio::test]
async fn a_carrier_that_went_away_is_found_again_at_its_address() {
    let first = carrier(CarrierSettings::default()).await;
    let address = first.address();
    let mut rig = Rig::up(&first).await;
    first.stop().await;
    rig.down().await;
    let _second = listen(address, CarrierSettings::default()).await;
    rig.until_up().await;
    rig.offer(1);
    assert!(is_accepted(&rig.submitted().await.outcome));
}

#[tokio::test]
async fn a_link_without_its_handle_ends() {
    let carrier = carrier(CarrierSettings::default()).await;
    let rig = Rig::up(&carrier).await;
    let Rig { link, mut events, .. } = rig;
    drop(link);
    guarded(async { while events.recv().await.is_some() {} }).await;
    guarded(carrier.until(|carrier| carrier.bound_connections() == 0)).await;
}
