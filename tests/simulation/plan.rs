//! What happens in a run, decided from its seed: when messages are posted, what goes wrong, and when it stops going wrong.

use std::time::Duration;

use postrider::model::Random;
use postrider::sim::{Faults, FinalState, IdForm, IdForms, ReceiptAddresses, ReceiptCoding, ReceiptPlace};

/// Something that happens from outside.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Tools post messages.
    Post(Post),
    /// The carrier breaks every connection.
    DropLinks,
    /// The process dies and starts again, at some step from now on.
    Crash(CrashPoint),
    /// The carrier gets these faults.
    Faults(Box<Faults>),
    /// A message is withdrawn: the one with this number, modulo how many there are.
    Cancel(u64),
    /// A handset writes to us.
    Write(Text),
    /// The clock that people read is set: forward or back by so many milliseconds. The other clock does not notice.
    SetClock(i64),
    /// Somebody else who uses the same account sends to handsets of ours, under another sender.
    Foreign { count: u64 },
}

/// Messages that are posted together.
#[derive(Debug, Clone)]
pub struct Post {
    pub count: u64,
    /// The class, by number.
    pub class: usize,
    /// How many segments each has.
    pub parts: usize,
    pub scheduled: bool,
    /// Whether they go to the few handsets that many messages go to.
    pub shared: bool,
}

/// A text that a handset sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// One that nobody else writes.
    Single,
    /// The same short answer each time, as people give to a survey.
    Word,
    /// A long one. All long ones of a handset have the same reference.
    Long { parts: u8 },
    /// A long one of three parts, of which one is lost on the way; and another with the same reference after it, at once or
    /// hours later.
    Torn { later: bool },
}

/// A step of the gateway behind which it may die. Each stands behind a commit, or behind what leaves the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Leases are committed, and nothing is handed over.
    Leased,
    /// Leases are handed over, and no byte left.
    HandedOver,
    /// Bytes left.
    Left,
    /// Links have something to tell, and nothing of it is written.
    Told,
    /// It is written, and nothing is acknowledged.
    Settled,
    /// Acknowledgements are given to the session.
    Acknowledged,
    /// Callbacks are taken, and none is posted.
    CallbacksTaken,
    /// Some are posted, and nothing is recorded.
    CallbacksPosted,
    /// All is recorded.
    CallbacksRecorded,
    /// Timers were handled.
    Swept,
    /// A start has cleared up, and no link is up.
    Recovered,
}

const STEPS: [Step; 11] = [
    Step::Leased,
    Step::HandedOver,
    Step::Left,
    Step::Told,
    Step::Settled,
    Step::Acknowledged,
    Step::CallbacksTaken,
    Step::CallbacksPosted,
    Step::CallbacksRecorded,
    Step::Swept,
    Step::Recovered,
];

/// Where the process dies: behind so many passages of one step, or of any.
#[derive(Debug, Clone, Copy)]
pub struct CrashPoint {
    pub step: Option<Step>,
    pub passages: u64,
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
    /// How their texts are written, and what `data_coding` says of it.
    pub coding: (ReceiptCoding, u8),
    /// How they name handset and sender.
    pub addresses: ReceiptAddresses,
    /// When receipts come.
    pub receipt_delay: (Duration, Duration),
    /// What receipts say, with their weights.
    pub states: Vec<(FinalState, u16)>,
    /// The longest delay on a wire.
    pub wire_delay: Duration,
}

/// Whether clocks are set in a run. Not yet: what is timed by the clock that people read still moves with it.
const CLOCKS_ARE_SET: bool = false;

/// After this everything works again.
pub const HEALED: Duration = Duration::from_secs(1200);

impl Plan {
    /// The plan of a seed.
    pub fn of_seed(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x706c_616e);
        let mut happenings = Vec::new();
        for _ in 0..3 + random.below(6) {
            happenings.push((seconds(&mut random, 600), Happening::Post(post(&mut random))));
        }
        for _ in 0..random.below(4) {
            happenings.push((seconds(&mut random, 1000), Happening::Faults(Box::new(faults(&mut random)))));
        }
        for chance in [600, 500, 300, 300] {
            if random.chance(chance) {
                let point = CrashPoint { step: step(&mut random), passages: passages(&mut random) };
                happenings.push((seconds(&mut random, 900), Happening::Crash(point)));
            }
        }
        for (chance, happening) in [
            (500, Happening::DropLinks),
            (500, Happening::DropLinks),
            (300, Happening::Cancel(random.next_u64())),
            (300, Happening::Cancel(random.next_u64())),
            (300, Happening::Foreign { count: 1 + random.below(6) }),
            (200, Happening::Foreign { count: 1 + random.below(3) }),
        ] {
            if random.chance(chance) {
                happenings.push((seconds(&mut random, 900), happening));
            }
        }
        write(&mut random, &mut happenings);
        if CLOCKS_ARE_SET && random.chance(300) {
            happenings.push((seconds(&mut random, 900), Happening::SetClock(clock_step(&mut random))));
        }
        happenings.push((HEALED, Happening::Faults(Box::default())));
        happenings.sort_by_key(|(at, _)| *at);
        let ids = id_forms(&mut random);
        // Drawn apart, so that the rest of a seed's plan stays what it was.
        let mut odd = Random::new(seed ^ 0x6f64_6420);
        let codings = [ReceiptCoding::Ascii, ReceiptCoding::Ucs2, ReceiptCoding::Ucs2LittleEndian, ReceiptCoding::Half];
        let coding = (one_of(&mut odd, &codings), one_of(&mut odd, &[0x00, 0x01, 0x03, 0x08, 0x18, 0x48, 0xf0]));
        let ways = [ReceiptAddresses::Swapped, ReceiptAddresses::Unswapped, ReceiptAddresses::National];
        let addresses = one_of(&mut odd, &ways);
        let receipts = [ReceiptPlace::Both, ReceiptPlace::Text, ReceiptPlace::Tlv, ReceiptPlace::TextInPayload];
        let delays = [(0, 200), (50, 20_000), (50, 20_000), (1000, 300_000)].map(span);
        Self {
            happenings,
            binds: 1 + u16::try_from(random.below(3)).unwrap_or(0),
            window: 1 + usize::try_from(random.below(20)).unwrap_or(0),
            rate: random.chance(500).then(|| 1.0 + random.below(30) as f64),
            ids,
            place: one_of(&mut random, &receipts),
            coding,
            addresses,
            receipt_delay: one_of(&mut random, &delays),
            states: vec![(FinalState::Undeliverable, 120), (FinalState::Expired, 50), (FinalState::Rejected, 30)],
            wire_delay: Duration::from_millis(1 + random.below(200)),
        }
    }

    /// Whether the number in an id may be read in two ways.
    pub fn ids_are_ambiguous(&self) -> bool {
        let hexadecimal = |form| matches!(form, IdForm::Hex(_) | IdForm::UpperHex(_));
        hexadecimal(self.ids.answer) != hexadecimal(self.ids.receipt)
    }
}

/// Mostly one form; now and then hexadecimal in one place and decimal in the other, or none that is a number.
fn id_forms(random: &mut Random) -> IdForms {
    let forms = [IdForm::Decimal(0), IdForm::Decimal(10), IdForm::Hex(8), IdForm::UpperHex(0)];
    let answer = one_of(random, &forms);
    match random.below(10) {
        0 => IdForms::default(),
        1..=4 => IdForms { answer, receipt: one_of(random, &forms) },
        5..=7 if matches!(answer, IdForm::Decimal(_)) => IdForms { answer, receipt: one_of(random, &forms[..2]) },
        5..=7 => IdForms { answer, receipt: one_of(random, &forms[2..]) },
        _ => IdForms { answer, receipt: answer },
    }
}

fn post(random: &mut Random) -> Post {
    let parts = match random.below(10) {
        0..=4 => 1,
        5..=7 => 2 + usize::try_from(random.below(2)).unwrap_or(0),
        _ => 4 + usize::try_from(random.below(7)).unwrap_or(0),
    };
    let most = if parts > 3 { 3 } else { 24 / parts as u64 };
    let shared = random.chance(350);
    Post {
        count: 1 + random.below(if shared { most.min(6) } else { most }),
        class: usize::try_from(random.below(3)).unwrap_or(0),
        parts,
        scheduled: random.chance(150),
        shared,
    }
}

fn write(random: &mut Random, happenings: &mut Vec<(Duration, Happening)>) {
    for (chance, text) in [
        (500, Text::Single),
        (400, Text::Word),
        (350, Text::Long { parts: 2 }),
        (350, Text::Long { parts: 3 }),
        (300, Text::Long { parts: 3 }),
        (100, Text::Torn { later: random.chance(500) }),
    ] {
        if !random.chance(chance) {
            continue;
        }
        let at = seconds(random, 900);
        happenings.push((at, Happening::Write(text)));
        if text == Text::Word {
            // The person answers the next question likewise.
            happenings.push((at + seconds(random, 400), Happening::Write(text)));
        }
    }
}

/// A second, an hour, a day, or from 1970 to now.
fn clock_step(random: &mut Random) -> i64 {
    let step = one_of(random, &[1_000, 3_600_000, 86_400_000, 1_795_305_600_000]);
    if random.chance(500) { step } else { -step.min(86_400_000) }
}

fn step(random: &mut Random) -> Option<Step> {
    random.chance(700).then(|| one_of(random, &STEPS))
}

/// Few passages more often than many: most steps are passed seldom.
fn passages(random: &mut Random) -> u64 {
    let most = one_of(random, &[1, 3, 10, 60]);
    random.below(most)
}

fn one_of<T: Clone>(random: &mut Random, all: &[T]) -> T {
    all[usize::try_from(random.below(all.len() as u64)).unwrap_or(0)].clone()
}

fn span((low, high): (u64, u64)) -> (Duration, Duration) {
    (Duration::from_millis(low), Duration::from_millis(high))
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
    faults.refuse = vec![(0x58, some(200)), (0x14, some(100)), (0x08, some(100)), (0x0b, some(80)), (0x45, some(150))];
    faults.answer_delay = (Duration::ZERO, Duration::from_millis(u64::from(some(900)) * u64::from(1 + some(10))));
    faults.late_by = Duration::from_secs(30 + u64::from(some(120)));
    faults.receipt_late_by = Duration::from_secs(60 + u64::from(some(900)));
    faults.split = some(900) > 450;
    faults.bound_but_silent = some(900) > 800;
    faults.mute = some(900) > 850;
    faults
}
