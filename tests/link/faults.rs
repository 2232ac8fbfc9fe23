//! A carrier that misbehaves: the link says what happened to each segment, and goes on.

use std::time::Duration;

use postrider::link::LinkState;
use postrider::model::{ErrorClass, LinkHealth, SubmitOutcome};
use postrider::sim::{CarrierSettings, Faults, IdForm, IdForms};

use crate::support::{Rig, carrier, guarded, is_accepted, is_unanswered, profile, settings, submission};

fn faulty(faults: Faults) -> CarrierSettings {
    CarrierSettings { faults: Faults { receipt_lost: 1000, ..faults }, ..CarrierSettings::default() }
}

#[tokio::test]
async fn a_lost_answer_is_reported_and_a_late_one_still_counts() {
    let late_by = Duration::from_millis(300);
    let carrier = carrier(faulty(Faults { answer_late: 1000, late_by, ..Faults::default() })).await;
    let mut profile = profile();
    profile.timers.response = Duration::from_millis(50);
    let mut settings = settings(carrier.address(), profile);
    settings.silence_max = Duration::from_secs(60);
    let mut rig = Rig::start(settings);
    rig.until_up().await;
    rig.offer(5);
    assert!(is_unanswered(&rig.submitted().await.outcome));
    let late = rig.submitted().await;
    assert_eq!((late.message.as_i64(), late.attempt, late.index), (5, 1, 0));
    assert!(is_accepted(&late.outcome));
    assert_eq!(rig.link.status().counters.late, 1);
}

#[tokio::test]
async fn doubled_and_unasked_answers_change_nothing() {
    let carrier = carrier(faulty(Faults { answer_doubled: 1000, ..Faults::default() })).await;
    let mut rig = Rig::up(&carrier).await;
    for id in 0..20 {
        rig.offer(id);
        assert_eq!(rig.submitted().await.message.as_i64(), id);
    }
    carrier.with(|carrier, _| carrier.set_faults(Faults { receipt_lost: 1000, ..Faults::default() }));
    rig.offer(20);
    assert!(is_accepted(&rig.submitted().await.outcome));
    assert_eq!(rig.link.status().counters.accepted, 21);
    assert_eq!(rig.link.status().counters.odd, 20);
}

#[tokio::test]
async fn throttling_rests_the_link_and_halves_its_window() {
    let carrier = carrier(faulty(Faults { refuse: vec![(0x58, 1000)], ..Faults::default() })).await;
    let mut profile = profile();
    profile.pauses.throttled = Duration::from_millis(60);
    let mut rig = Rig::start(settings(carrier.address(), profile));
    rig.until_up().await;
    rig.offer(1);
    let SubmitOutcome::Refused { class, code, retry_after, .. } = rig.submitted().await.outcome else { panic!() };
    assert_eq!((class, code, retry_after), (ErrorClass::Backoff, 0x58, Some(Duration::from_millis(60))));
    assert_eq!(rig.link.status().state, LinkState::Paused);
    assert!(matches!(rig.link.health(), LinkHealth::Paused { .. }));
    assert!(rig.link.offer(submission(2, &["Hello"])).is_err(), "a resting link takes nothing");
    carrier.with(|carrier, _| carrier.set_faults(Faults { receipt_lost: 1000, ..Faults::default() }));
    rig.until_up().await;
    rig.offer(2);
    assert!(is_accepted(&rig.submitted().await.outcome));
}

#[tokio::test]
async fn refusals_carry_the_class_of_their_code() {
    for (code, expected) in [(0x0b, ErrorClass::Permanent), (0x08, ErrorClass::Retry), (0x45, ErrorClass::RetryFew)] {
        let carrier = carrier(faulty(Faults { refuse: vec![(code, 1000)], ..Faults::default() })).await;
        let mut rig = Rig::up(&carrier).await;
        rig.offer(1);
        let SubmitOutcome::Refused { class, code: seen, reason, .. } = rig.submitted().await.outcome else { panic!() };
        assert_eq!((class, seen), (expected, code));
        assert!(reason.contains("ESME_"), "{reason}");
    }
}

#[tokio::test]
async fn malformed_pdus_are_answered_and_the_session_goes_on() {
    let carrier = carrier(faulty(Faults { malformed: 1000, ..Faults::default() })).await;
    let mut rig = Rig::up(&carrier).await;
    for id in 0..50 {
        rig.offer(id);
        assert!(is_accepted(&rig.submitted().await.outcome));
    }
    assert_eq!(rig.link.status().counters.binds, 1);
    assert!(rig.link.status().counters.odd >= 10, "{:?}", rig.link.status());
}

#[tokio::test]
async fn garbage_ends_the_session_and_the_link_comes_back() {
    let carrier = carrier(faulty(Faults { garbage: 1000, ..Faults::default() })).await;
    let mut profile = profile();
    profile.timers.response = Duration::from_millis(200);
    let mut settings = settings(carrier.address(), profile);
    settings.silence_max = Duration::from_millis(300);
    let mut rig = Rig::start(settings);
    rig.until_up().await;
    for id in 0..4 {
        rig.offer(id);
        assert!(is_unanswered(&rig.submitted().await.outcome), "it was sent, and its answer could not be read");
        rig.until_up().await;
    }
    carrier.with(|carrier, _| carrier.set_faults(Faults { receipt_lost: 1000, ..Faults::default() }));
    carrier.with(|carrier, _| carrier.drop_links());
    rig.until_up().await;
    rig.offer(10);
    assert!(is_accepted(&rig.submitted().await.outcome));
}

#[tokio::test]
async fn answers_in_small_pieces_are_read() {
    let carrier = carrier(faulty(Faults { split: true, ..Faults::default() })).await;
    let mut rig = Rig::up(&carrier).await;
    (0..20).for_each(|id| rig.offer(id));
    assert!(rig.outcomes(20).await.iter().all(is_accepted));
}

#[tokio::test]
async fn early_and_doubled_receipts_are_passed_on() {
    let faults = Faults { receipt_early: 1000, receipt_doubled: 1000, ..Faults::default() };
    let ids = IdForms { answer: IdForm::Hex(8), receipt: IdForm::Decimal(10) };
    let carrier = carrier(CarrierSettings { faults, ids, ..CarrierSettings::default() }).await;
    let mut rig = Rig::up(&carrier).await;
    rig.offer(1);
    let (first, ack) = rig.receipt().await;
    rig.ack(ack);
    let (second, ack) = rig.receipt().await;
    rig.ack(ack);
    assert_eq!(first.ids, second.ids);
    assert!(is_accepted(&rig.submitted().await.outcome), "the answer comes after its receipts");
    guarded(carrier.until(|carrier| carrier.ledger().counts.receipts_acknowledged == 2)).await;
}

#[tokio::test]
async fn every_fault_at_once_and_still_one_first_outcome_for_each_segment() {
    let faults = Faults {
        answer_lost: 20,
        answer_doubled: 50,
        answer_late: 30,
        late_by: Duration::from_millis(150),
        answer_wrong_sequence: 10,
        refuse: vec![(0x58, 20), (0x14, 20), (0x08, 20)],
        malformed: 30,
        drop_before_answer: 10,
        answer_delay: (Duration::ZERO, Duration::from_millis(2)),
        ..Faults::default()
    };
    let carrier = carrier(faulty(faults)).await;
    let mut profile = profile();
    profile.timers.response = Duration::from_millis(100);
    profile.pauses.throttled = Duration::from_millis(5);
    profile.pauses.queue_full = Duration::from_millis(5);
    let mut rig = Rig::start(settings(carrier.address(), profile));
    rig.until_up().await;
    let mut firsts = std::collections::BTreeMap::<i64, u32>::new();
    let mut next = 0;
    while firsts.len() < 500 {
        while next < 500 && rig.link.offer(submission(next, &["Hello"])).is_ok() {
            next += 1;
        }
        match rig.next().await {
            postrider::model::LinkEvent::Submit(result) => *firsts.entry(result.message.as_i64()).or_default() += 1,
            other => drop(other),
        }
    }
    assert_eq!(rig.link.status().held, 0);
    let counters = rig.link.status().counters;
    let reported = counters.accepted + counters.refused + counters.unanswered + counters.not_sent;
    assert_eq!(reported, 500, "{counters:?}");
    let total: u32 = firsts.values().sum();
    assert_eq!(u64::from(total), 500 + counters.late);
}
