//! What the writer can do: whole lives of messages through the pipeline, without any socket. SQLite in WAL mode with
//! `synchronous = FULL` on a real file, so the figures are bounded by one core and by the disk's flushes.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use divan::counter::ItemsCount;
use postrider::model::*;
use postrider::pipeline::{self, Dispatcher, Group, LinkOffer, Prepared, Settings, Turn, notify};
use postrider::policy::routes::Route;
use postrider::store::callback::Ending;
use postrider::store::{Database, Options};
use postrider::text::TextProfile;

fn main() {
    divan::main();
}

const MESSAGES: usize = 10_000;
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

fn settings() -> Settings {
    let mut settings = Settings {
        routes: vec![Route::over("all", &["north"])],
        callback_target: Some("http://127.0.0.1:9/".to_owned()),
        // What is measured must not depend on the hour.
        consent: std::sync::Arc::new(postrider::campaign::Rules::off()),
        ..Settings::default()
    };
    settings.groups.insert("north".into(), Group::new(TextProfile::default(), None));
    settings
}

struct Bench {
    _dir: tempfile::TempDir,
    database: Database,
    settings: Settings,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a directory on the disk");
        let database = Database::open(&Options::at(dir.path().join("bench.db"))).expect("a database");
        Self { _dir: dir, database, settings: settings() }
    }

    fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, postrider::store::StoreError>) -> T {
        let settings = &self.settings;
        self.database.write(|tx| work(&Turn::new(tx, settings, NOW))).expect("a commit")
    }

    fn accept(&mut self, prepared: &[Prepared], batch: usize) {
        for chunk in prepared.chunks(batch) {
            self.turn(|turn| pipeline::accept(turn, 1, chunk));
        }
    }

    /// Sends, settles, receives the receipts and calls back, `batch` messages a transaction.
    fn live(&mut self, batch: usize) -> usize {
        let link = LinkName::new("north", 1);
        let mut dispatcher = Dispatcher::default();
        let mut lives = 0;
        loop {
            let offers = vec![LinkOffer::new(link.clone(), batch, true)];
            let leased = self.turn(|turn| pipeline::dispatch(turn, &mut dispatcher, offers));
            if leased.submissions.is_empty() {
                return lives;
            }
            let id = |one: &Submission| CarrierMessageId::new(&one.message.to_string());
            let answers: Vec<_> = leased
                .submissions
                .iter()
                .map(|(_, one)| {
                    let outcome = SubmitOutcome::Accepted { carrier_id: id(one) };
                    LinkEvent::Submit(SubmitResult { message: one.message, attempt: one.attempt, index: 0, outcome })
                })
                .collect();
            self.turn(|turn| pipeline::settle(turn, &link, &answers));
            let receipts: Vec<_> = leased
                .submissions
                .iter()
                .map(|(_, one)| LinkEvent::Receipt {
                    receipt: Receipt {
                        ids: id(one).into_iter().collect(),
                        state: State::Delivered,
                        unread: Vec::new(),
                        raw_state: "DELIVRD".to_owned(),
                        error: "000".to_owned(),
                        source: Some(Sender::International(one.to.clone())),
                        destination: None,
                        done_at: None,
                    },
                    ack: None,
                })
                .collect();
            self.turn(|turn| pipeline::settle(turn, &link, &receipts));
            let (due, _) = self.turn(|turn| notify::take(turn, batch * 2));
            let endings: Vec<_> = due.into_iter().map(|one| (one, Ending::Done, "200".to_owned())).collect();
            self.turn(|turn| notify::record(turn, &endings));
            lives += leased.submissions.len();
        }
    }
}

fn prepared() -> Vec<Prepared> {
    let settings = settings();
    (0..MESSAGES)
        .map(|n| {
            // Numbers in no order, as in a campaign's list.
            let number = format!("+8210{:08}", (n * 7_919_317) % 100_000_000);
            let new = NewMessage::text(number.parse().expect("a number"), "Your order 12345 is ready to be picked up.");
            pipeline::prepare(&settings, new, NOW).expect("a good message")
        })
        .collect()
}

/// Accepted in transactions of `batch`.
#[divan::bench(args = [16, 64, 1000], sample_count = 5, sample_size = 1)]
fn accept(bencher: divan::Bencher<'_, '_>, batch: usize) {
    let prepared = prepared();
    bencher.counter(ItemsCount::new(MESSAGES)).with_inputs(Bench::new).bench_values(|mut bench| {
        bench.accept(&prepared, batch);
        bench
    });
}

/// Dispatched, answered, receipted and called back in transactions of `batch`.
#[divan::bench(args = [50, 200, 500], sample_count = 5, sample_size = 1)]
fn live(bencher: divan::Bencher<'_, '_>, batch: usize) {
    let prepared = prepared();
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| {
            let mut bench = Bench::new();
            bench.accept(&prepared, 1000);
            bench
        })
        .bench_values(|mut bench| {
            assert_eq!(bench.live(batch), MESSAGES);
            bench
        });
}

/// Checking and encoding, without the store.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn prepare(bencher: divan::Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(MESSAGES)).bench(prepared);
}
