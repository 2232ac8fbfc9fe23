//! What happens in a run, decided from its seed: when messages are posted, what goes wrong, and when it stops going wrong.

use std::time::Duration;

use postrider::model::Random;
use postrider::sim::{Faults, FinalState, IdForm, IdForms, ReceiptPlace};

/// Something that happens from outside.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Messages are posted: the class by number, and how many segments.
    Post { count: u64, class: usize, segments: usize, scheduled: bool },
    /// The carrier breaks every connection.
    DropLinks,
    /// The process dies and starts again.
    Crash,
    /// The carrier gets these faults.
    Faults(Box<Faults>),
    /// A message is withdrawn: the one with this number, modulo how many there are.
    Cancel(u64),
    /// A handset writes to us, in so many parts.
    Inbound { parts: u8 },
}

/// A run's plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What happens when, in order.
    pub happenings: Vec<(Duration, Happening)>,
    /// How many binds the carrier has.
    pub binds: u16,
    /// The window of each.
    pub window: usize,
    /// The contract's rate.
    pub rate: Option<f64>,
    /// How the carrier writes ids.
    pub ids: IdForms,
    /// Where receipts stand.
    pub place: ReceiptPlace,
    /// What receipts say, with their weights.
    pub states: Vec<(FinalState, u16)>,
    /// The longest delay on a wire.
    pub wire_delay: Duration,
}

/// After this everything works again.
pub const HEALED: Duration = Duration::from_secs(1200);

impl Plan {
    /// The plan of a seed.
    pub fn of_seed(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x706c_616e);
        let mut happenings = Vec::new();
        for _ in 0..3 + random.below(6) {
            let post = Happening::Post {
                count: 1 + random.below(25),
                class: usize::try_from(random.below(3)).unwrap_or(0),
                segments: if random.chance(300) { 3 } else { 1 },
                scheduled: random.chance(150),
            };
            happenings.push((seconds(&mut random, 600), post));
        }
        for _ in 0..random.below(4) {
            happenings.push((seconds(&mut random, 1000), Happening::Faults(Box::new(faults(&mut random)))));
        }
        for (chance, happening) in [
            (500, Happening::DropLinks),
            (500, Happening::DropLinks),
            (500, Happening::Crash),
            (300, Happening::Crash),
            (300, Happening::Cancel(random.next_u64())),
            (500, Happening::Inbound { parts: 1 }),
            (500, Happening::Inbound { parts: 3 }),
        ] {
            if random.chance(chance) {
                happenings.push((seconds(&mut random, 900), happening));
            }
        }
        happenings.push((HEALED, Happening::Faults(Box::default())));
        happenings.sort_by_key(|(at, _)| *at);
        let mut form =
            || [IdForm::Decimal(0), IdForm::Decimal(10), IdForm::Hex(8), IdForm::UpperHex(0)][place(&mut random)];
        let ids = IdForms { answer: form(), receipt: form() };
        let receipts = [ReceiptPlace::Both, ReceiptPlace::Text, ReceiptPlace::Tlv, ReceiptPlace::TextInPayload]
            [place(&mut random)];
        Self {
            happenings,
            binds: 1 + u16::try_from(random.below(2)).unwrap_or(0),
            window: 1 + usize::try_from(random.below(20)).unwrap_or(0),
            rate: random.chance(400).then(|| 1.0 + random.below(30) as f64),
            ids,
            place: receipts,
            states: vec![(FinalState::Undeliverable, 100), (FinalState::Expired, 50)],
            wire_delay: Duration::from_millis(1 + random.below(200)),
        }
    }
}

fn place(random: &mut Random) -> usize {
    usize::try_from(random.below(4)).unwrap_or(0)
}

fn seconds(random: &mut Random, below: u64) -> Duration {
    Duration::from_millis(random.below(below * 1000))
}

fn faults(random: &mut Random) -> Faults {
    let mut some = |most: u64| if random.chance(400) { u16::try_from(random.below(most)).unwrap_or(0) } else { 0 };
    let mut faults = Faults {
        answer_lost: some(200),
        answer_doubled: some(300),
        answer_late: some(200),
        answer_wrong_sequence: some(100),
        receipt_early: some(500),
        receipt_doubled: some(500),
        receipt_lost: some(200),
        receipt_late: some(300),
        drop_before_answer: some(60),
        malformed: some(100),
        garbage: some(20),
        ..Faults::default()
    };
    faults.refuse = vec![(0x58, some(200)), (0x14, some(100)), (0x08, some(100)), (0x0b, some(50)), (0x45, some(100))];
    faults.answer_delay = (Duration::ZERO, Duration::from_millis(u64::from(some(900))));
    faults.late_by = Duration::from_secs(30 + u64::from(some(120)));
    faults.receipt_late_by = Duration::from_secs(60 + u64::from(some(900)));
    faults.split = some(900) > 450;
    faults.bound_but_silent = some(900) > 800;
    faults.mute = some(900) > 850;
    faults
}
