//! Three simulated carriers, each with a ledger file of its own: one with two binds, one that writes ids in two declared
//! forms, and one that does the same undeclared.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use postrider::model::Random;
use postrider::sim::settings::FinalState;
use postrider::sim::{CarrierServer, CarrierSettings, Faults, IdForm, IdForms, Keep, ReceiptSettings, ServerSettings};
use tokio::runtime::Runtime;

use crate::plan::{SHORT_CODE, Writing};

/// What a run knows of a carrier.
pub struct Kind {
    /// Its name, in the configuration and of its ledger file.
    pub name: &'static str,
    /// How it writes ids.
    pub ids: IdForms,
    /// What the configuration says of it beyond the account.
    config: &'static str,
}

/// The carriers; the place of one is what the numbers name.
pub const KINDS: [Kind; 3] = [
    Kind {
        name: "north",
        ids: IdForms { answer: IdForm::Text, receipt: IdForm::Text },
        config: "binds = 2\nwindow = 20",
    },
    Kind {
        name: "south",
        ids: IdForms { answer: IdForm::Hex(0), receipt: IdForm::Decimal(0) },
        config: "profile = \"hex-decimal-ids\"\nwindow = 10",
    },
    Kind { name: "east", ids: IdForms { answer: IdForm::Hex(0), receipt: IdForm::Decimal(0) }, config: "window = 10" },
];

/// The refusals that the carriers make: two that ask for a pause, one for another try, one for good.
pub const REFUSED_FOR_GOOD: u32 = 0x0b;
const REFUSALS: [(u32, u16); 4] = [(0x58, 6), (0x14, 4), (0x08, 8), (REFUSED_FOR_GOOD, 8)];

/// The running carriers.
pub struct Carriers(Vec<CarrierServer>);

impl Carriers {
    /// Starts them; their ledgers go into `dir`.
    pub fn start(runtime: &Runtime, dir: &Path, seed: u64, faulty: bool) -> Self {
        let servers = KINDS.iter().zip(0_u64..).map(|(kind, place)| {
            let carrier = CarrierSettings {
                accounts: [("shop".to_owned(), "secret".to_owned())].into(),
                ids: kind.ids,
                receipts: ReceiptSettings {
                    delay: (Duration::from_millis(10), Duration::from_millis(400)),
                    states: vec![
                        (FinalState::Undeliverable, 80),
                        (FinalState::Expired, 20),
                        (FinalState::Rejected, 20),
                    ],
                    ..ReceiptSettings::default()
                },
                redeliver_after: Duration::from_millis(300),
                keep: Keep::Counts,
                faults: if faulty { faults() } else { Faults::default() },
                ..CarrierSettings::default()
            };
            let file = File::create(ledger(dir, kind.name)).unwrap();
            let settings =
                ServerSettings { carrier, seed: seed ^ place, ledger_file: Some(file), ..Default::default() };
            runtime.block_on(CarrierServer::listen(([127, 0, 0, 1], 0).into(), settings)).unwrap()
        });
        Self(servers.collect())
    }

    /// A person writes.
    pub fn write(&self, writing: &Writing) {
        self.0[writing.carrier].with(|carrier, now| carrier.inject("shop", writing.parts.clone(), now));
    }

    /// No more faults: what is under way comes to its end.
    pub fn heal(&self) {
        self.0.iter().for_each(|server| server.with(|carrier, _| carrier.set_faults(Faults::default())));
    }

    /// Deliveries that are not acknowledged yet.
    pub fn pending(&self) -> usize {
        self.0.iter().map(|server| server.with(|carrier, _| carrier.pending_deliveries())).sum()
    }

    /// Waits until a few more things of one kind happened at one of the carriers, all by chance, or the time is over.
    pub fn until_something_happened(&self, runtime: &Runtime, random: &mut Random, limit: Duration) {
        let server = &self.0[[0, 0, 1, 2][usize::try_from(random.below(4)).unwrap_or(0)]];
        let kind = random.below(5);
        let count = move |carrier: &postrider::sim::Carrier| {
            let counts = carrier.ledger().counts;
            match kind {
                0 | 1 => counts.taken,
                2 => counts.receipts_acknowledged,
                3 => counts.receipts_sent,
                _ => counts.inbound_acknowledged,
            }
        };
        let more = random.below(if kind == 4 { 4 } else { 120 });
        let enough = server.with(|carrier, _| count(carrier)) + more;
        let waited = async { tokio::time::timeout(limit, server.until(|carrier| count(carrier) > enough)).await };
        // A carrier that happens to have no traffic is no reason not to kill.
        let _ = runtime.block_on(waited);
    }

    /// Their blocks of the configuration, and routes by the digit that names the carrier.
    pub fn config(&self) -> String {
        let mut text = String::new();
        for (kind, server) in KINDS.iter().zip(&self.0) {
            text += &format!(
                "[[carrier]]\nname = \"{}\"\nhosts = [\"{}\"]\nsystem_id = \"shop\"\npassword = \"secret\"\nsender = \"{SHORT_CODE}\"\n\
                 {}\n[carrier.timers]\nresponse = \"2s\"\n[carrier.pauses]\nthrottled = \"100ms\"\nqueue_full = \"200ms\"\n",
                kind.name,
                server.address(),
                kind.config
            );
        }
        for (digit, links) in [(1, r#""north", "south""#), (2, r#""south", "north""#), (3, r#""east""#)] {
            text += &format!("[[route]]\nname = \"r{digit}\"\nprefixes = [\"+8210{digit}\"]\nlinks = [{links}]\n");
        }
        text
    }
}

/// The file of a carrier's ledger.
pub fn ledger(dir: &Path, name: &str) -> std::path::PathBuf {
    dir.join(format!("carrier-{name}.ledger"))
}

/// Every fault that leaves the carrier's own word intact, now and then.
fn faults() -> Faults {
    Faults {
        answer_lost: 3,
        answer_doubled: 5,
        answer_late: 3,
        late_by: Duration::from_millis(2_600),
        refuse: REFUSALS.to_vec(),
        receipt_early: 50,
        receipt_doubled: 50,
        receipt_late: 50,
        receipt_late_by: Duration::from_millis(1_500),
        drop_before_answer: 3,
        ..Faults::default()
    }
}
