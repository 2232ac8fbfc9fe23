//! Where log lines go: to journald with their fields, or to the terminal.
//!
//! Journald gets the fields in capitals and with `_` for `.`: `postrider.modem` is `POSTRIDER_MODEM` there, and
//! `message_id`, the id of an entry of `model::catalog`, is the `MESSAGE_ID` by which `journalctl -x` finds its
//! explanation. A terminal has no use for that id and does not show it.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging at `level` (`error` to `trace`, or a filter like `info,postrider::link=debug`). `RUST_LOG` wins.
///
/// Lines go to journald when standard error does, each with its fields; otherwise to standard error.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(level)).unwrap_or_default();
    let registry = tracing_subscriber::registry().with(filter);
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
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;
    use std::sync::{Arc, Mutex};

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

    impl Write for Kept {
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
}
