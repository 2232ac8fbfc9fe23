//! Where log lines go: to journald with their fields, or to the terminal.
//!
//! Journald gets the fields in capitals and with `_` for `.`: `postrider.modem` is `POSTRIDER_MODEM` there, and
//! `message_id`, the id of an entry of `model::catalog`, is the `MESSAGE_ID` by which `journalctl -x` finds its
//! explanation. A terminal has no use for that id and does not show it.
//!
//! No source outside of the process can cause lines without bound: see `log_budget`.

use std::ffi::OsString;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::log_budget::{Budget, LeftOut, Line};

/// Starts logging at `level` (`error` to `trace`, or a filter like `info,postrider::link=debug`). `RUST_LOG` wins.
///
/// Lines go to journald when standard error does, each with its fields; otherwise to standard error.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(level)).unwrap_or_default();
    let registry = tracing_subscriber::registry().with(filter).with(Limit);
    let journal = writes_to_journal(std::env::var_os("JOURNAL_STREAM"), std::io::stderr());
    // A second start in the same process keeps the first one's settings.
    let _ = match journal.then(tracing_journald::layer).and_then(Result::ok) {
        Some(journal) => registry.with(journal.with_field_prefix(None)).try_init(),
        None => {
            let terminal = std::io::stderr().is_terminal();
            let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(terminal).with_target(false);
            registry.with(layer.fmt_fields(ForPeople)).try_init()
        }
    };
}

/// The budgets of all lines of this process.
static BUDGET: LazyLock<Mutex<Budget>> = LazyLock::new(Mutex::default);
/// Lines about lines have no budget.
const LEFT_OUT: &str = "postrider::left_out";
/// What a command of an operator says comes from its files, not from outside.
const COMMANDS: &str = "postrider::cli";
/// The first of the lines that are left out is quoted up to this.
const QUOTE_LENGTH_MAX: usize = 160;

/// Tells every second which lines were left out; ends with the daemon.
pub async fn tell_left_out() {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        left_out(false);
    }
}

/// Says how many lines were left out, if any were; `all` when there is no later.
pub fn left_out(all: bool) {
    let told = BUDGET.lock().unwrap_or_else(PoisonError::into_inner).left_out(Instant::now().into_std(), all);
    for LeftOut { count, text, within } in told {
        tracing::warn!(target: LEFT_OUT, "{count} more lines in {} s like \"{text}\"", within.as_secs().max(1));
    }
}

/// Keeps floods out of the journal, whatever layer writes the lines.
struct Limit;

impl<S: Subscriber> Layer<S> for Limit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let meta = event.metadata();
        if meta.target() == LEFT_OUT || meta.target().starts_with(COMMANDS) {
            return true;
        }
        let mut seen = Seen::default();
        event.record(&mut seen);
        let place = hash_of(&meta.callsite());
        let line = Line {
            source: seen.source.unwrap_or(place),
            kind: seen.entry.unwrap_or(place),
            debug: *meta.level() > Level::INFO,
            important: seen.entry.is_some() || *meta.level() == Level::ERROR,
        };
        let quote = || {
            let mut quote = Quote::default();
            event.record(&mut quote);
            quote.0.chars().take(QUOTE_LENGTH_MAX).collect()
        };
        BUDGET.lock().unwrap_or_else(PoisonError::into_inner).admit(line, Instant::now().into_std(), quote)
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Who caused a line, and which entry of the catalog it is, as hashes: a line that is left out costs no memory.
#[derive(Default)]
struct Seen {
    source: Option<u64>,
    entry: Option<u64>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let place = match field.name() {
            "postrider.link" | "postrider.modem" | "postrider.target" => &mut self.source,
            "message_id" => &mut self.entry,
            _ => return,
        };
        let mut hasher = HashWriter::default();
        // Writing to a hash cannot fail.
        let _ = write!(hasher, "{value:?}");
        *place = Some(hasher.0.finish());
    }
}

#[derive(Default)]
struct HashWriter(DefaultHasher);

impl std::fmt::Write for HashWriter {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// The text of a line.
#[derive(Default)]
struct Quote(String);

impl Visit for Quote {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// Whether `stream` is the one that the service manager tied to the journal: it tells its device and inode. A child that
/// inherited the variable and had its output sent elsewhere writes there.
fn writes_to_journal(told: Option<OsString>, stream: impl AsFd) -> bool {
    let told = told.and_then(|told| told.into_string().ok());
    let Some((device, inode)) = told.as_deref().and_then(|told| told.split_once(':')) else { return false };
    let Ok(stat) = rustix::fs::fstat(stream) else { return false };
    device.parse() == Ok(stat.st_dev) && inode.parse() == Ok(stat.st_ino)
}

/// The usual form of fields, less the ids of the message catalog.
struct ForPeople;

impl<'writer> FormatFields<'writer> for ForPeople {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> std::fmt::Result {
        let mut visitor = WithoutIds(DefaultVisitor::new(writer, true));
        fields.record(&mut visitor);
        visitor.0.finish()
    }
}

struct WithoutIds<'writer>(DefaultVisitor<'writer>);

impl Visit for WithoutIds<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != "message_id" {
            self.0.record_str(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.record_error(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() != "message_id" {
            self.0.record_debug(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::sync::Arc;

    use super::*;
    use crate::model::catalog;

    #[test]
    fn only_the_stream_that_the_service_manager_named_is_the_journal() {
        let file = tempfile::tempfile().unwrap();
        let meta = file.metadata().unwrap();
        let told = |device: u64, inode: u64| Some(format!("{device}:{inode}").into());
        assert!(writes_to_journal(told(meta.dev(), meta.ino()), &file));
        assert!(!writes_to_journal(told(meta.dev(), meta.ino() + 1), &file));
        assert!(!writes_to_journal(Some("nonsense".into()), &file));
        assert!(!writes_to_journal(None, &file));
    }

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_terminal_shows_fields_and_no_catalog_ids() {
        let kept = Kept::default();
        let sink = kept.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(move || sink.clone()).fmt_fields(ForPeople);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::warn!(message_id = catalog::CARRIER_LOST.id, postrider.link = %"north", "Lost north");
        });
        let line = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(line.trim_end().ends_with("Lost north postrider.link=north"), "{line:?}");
    }

    #[test]
    fn a_flood_from_one_modem_leaves_the_lines_of_another() {
        let kept = Kept::default();
        let sink = kept.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(move || sink.clone()).fmt_fields(ForPeople);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(Limit).with(layer), || {
            for n in 0..50_000 {
                tracing::warn!(message_id = catalog::MODEM_UNREADABLE.id, postrider.modem = %"flooded", "Text {n}");
            }
            tracing::warn!(message_id = catalog::MODEM_UNREADABLE.id, postrider.modem = %"quiet", "Read this");
            tracing::error!(postrider.modem = %"flooded", "And this");
            left_out(true);
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let flooded = text.lines().filter(|line| line.contains("Text") && !line.contains("more lines")).count();
        // A slow machine takes more than a second for it.
        assert!((10..=130).contains(&flooded), "{flooded}");
        assert!(text.contains("Read this") && text.contains("And this"), "{text}");
        let told = text.lines().find(|line| line.contains("more lines")).unwrap();
        assert!(told.contains("like \"Text"), "{told}");
    }
}
