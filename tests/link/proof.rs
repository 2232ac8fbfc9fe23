//! What the link tells of the carrier's reading: an acknowledgement is proven by what the carrier answers after it.

use postrider::model::{AckToken, LinkEvent, SessionNews};
use postrider::sim::{CarrierSettings, Inbound};
use std::time::Duration;

use crate::support::{Rig, carrier, guarded};

fn text(text: &str) -> Vec<Inbound> {
    Inbound::text("821012345678", "15771234", 1, text)
}

/// Waits for the next news of a session, of those that `wanted` wants.
async fn news(rig: &mut Rig, wanted: impl Fn(SessionNews) -> bool) -> (u32, SessionNews) {
    loop {
        if let LinkEvent::Session { session, news } = rig.next().await
            && wanted(news)
        {
            return (session, news);
        }
    }
}

fn is_read(news: SessionNews) -> bool {
    matches!(news, SessionNews::Read { .. })
}

fn is_end(news: SessionNews) -> bool {
    news == SessionNews::Ended
}

async fn delivered(rig: &mut Rig) -> AckToken {
    rig.inbound().await.1
}

#[tokio::test]
async fn a_carrier_that_goes_on_shows_that_it_read_the_acknowledgement() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    carrier.with(|carrier, now| carrier.inject("shop1", text("5"), now));
    let ack = delivered(&mut rig).await;
    assert_eq!(ack.place, 1);
    rig.ack(ack);
    guarded(carrier.until(|carrier| carrier.ledger().counts.inbound_acknowledged == 1)).await;
    rig.offer(1);
    assert_eq!(news(&mut rig, is_read).await, (ack.session, SessionNews::Read { up_to: 1 }));
}

#[tokio::test]
async fn a_carrier_that_only_delivers_is_asked() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    carrier.with(|carrier, now| carrier.inject("shop1", text("5"), now));
    let ack = delivered(&mut rig).await;
    rig.ack(ack);
    assert_eq!(news(&mut rig, is_read).await, (ack.session, SessionNews::Read { up_to: 1 }));
}

#[tokio::test]
async fn a_link_that_stops_in_order_proves_what_it_acknowledged() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    carrier.with(|carrier, now| carrier.inject("shop1", text("5"), now));
    let ack = delivered(&mut rig).await;
    rig.ack(ack);
    rig.link.begin_shutdown(Duration::from_secs(5));
    let told = news(&mut rig, |news| is_read(news) || is_end(news)).await;
    assert_eq!(told, (ack.session, SessionNews::Read { up_to: 1 }));
    assert_eq!(news(&mut rig, is_end).await.0, ack.session);
}

#[tokio::test]
async fn a_session_that_breaks_proves_nothing_and_the_next_has_another_name() {
    let carrier = carrier(CarrierSettings::default()).await;
    let mut rig = Rig::up(&carrier).await;
    carrier.with(|carrier, now| carrier.inject("shop1", text("5"), now));
    let first = delivered(&mut rig).await;
    carrier.with(|carrier, _| carrier.drop_links());
    let told = news(&mut rig, |news| is_read(news) || is_end(news)).await;
    assert_eq!(told, (first.session, SessionNews::Ended), "the acknowledgement never left");
    let (began, _) = news(&mut rig, |news| news == SessionNews::Began).await;
    let again = delivered(&mut rig).await;
    assert_eq!((again.session, again.place), (began, 1));
    assert_ne!(again.session, first.session);
    rig.ack(again);
    assert_eq!(news(&mut rig, is_read).await, (began, SessionNews::Read { up_to: 1 }));
}
