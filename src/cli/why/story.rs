//! The lines of a story: what was posted, what happened when, what became of each segment and callback.

use crate::cli::out::{columns, count};
use crate::cli::time::{local, offset};
use crate::model::{Alphabet, Concatenation, Encoded, Indication, MessageId, State, Timestamp, mask};
use crate::smpp::CommandStatus;
use crate::store::callback;
use crate::store::event::Event;
use crate::store::message::View;
use crate::store::submission::Submission;

/// The story as it grows.
pub struct Story {
    full: bool,
    lines: Vec<String>,
}

impl Story {
    /// An empty story. With `full` it shows numbers and texts whole.
    pub fn new(full: bool) -> Self {
        Self { full, lines: Vec::new() }
    }

    /// All lines.
    pub fn lines(self) -> Vec<String> {
        self.lines
    }

    /// Whether numbers and texts are shown whole.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// One line more.
    pub fn push(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// An empty line and a heading.
    pub fn heading(&mut self, text: &str) {
        self.lines.push(String::new());
        self.lines.push(text.to_owned());
    }

    /// One fact: a name and a value.
    pub fn fact(&mut self, name: &str, value: impl AsRef<str>) {
        self.lines.push(format!("  {name:<12}{}", value.as_ref()).trim_end().to_owned());
    }

    /// A number or sender as far as it may be shown.
    pub fn number(&self, text: &str) -> String {
        if self.full { text.to_owned() } else { mask(text) }
    }

    /// A text as far as it may be shown.
    pub fn text(&self, text: &str) -> String {
        if self.full {
            return text.to_owned();
        }
        format!("{}, not shown (--full shows them)", count(text.chars().count(), "character"))
    }

    /// What was posted, and how it stands.
    pub fn message(&mut self, view: &View) {
        let head = &view.head;
        self.push(format!("message {} is {}", head.id, head.state));
        let posted = head.id.given_at();
        self.fact("accepted", format!("{} (all times are {})", local(posted), offset(posted)));
        self.fact("to", self.number(head.recipient.as_str()));
        self.fact("from", view.sender.as_deref().map_or("the link's own sender".to_owned(), |from| self.number(from)));
        match &view.body {
            Some(text) => self.fact("text", self.text(text)),
            None => self.fact("data", "8-bit data"),
        }
        self.fact("class", format!("{}, in doubt: {}", head.class, head.on_doubt.as_str()));
        self.fact("route", &view.route);
        self.fact("encoding", view.encoded.as_ref().map_or_else(|| "unreadable".to_owned(), encoding));
        if let Some(encoded) = &view.encoded {
            let asked = indication(&encoded.indication);
            if !asked.is_empty() {
                self.fact("handset", asked.join(", "));
            }
        }
        for (name, value) in &view.parameters {
            self.fact("parameter", format!("{name} = {value}"));
        }
        if let Some(reference) = &head.reference {
            self.fact("reference", reference);
        }
        if !view.tags.is_empty() {
            self.fact("tags", view.tags.join(", "));
        }
        if view.held {
            self.fact("held", "its database was put back; postrider restore --release lets it go");
        }
        if let Some(due_at) = view.due_at {
            self.fact("due", local(due_at));
        }
        self.fact("valid until", local(head.valid_until));
        self.fact("changed", local(view.changed_at));
        let (tries, doubts) = (format!("{} of them counted as tries", head.tries), count_of(head.doubts, "doubt"));
        self.fact("leases", format!("{}, {tries}, {doubts}", head.attempt));
        if head.awaited > 0 {
            self.fact("awaited", format!("{} of the current lease", count_of(head.awaited, "outcome")));
        }
    }

    /// Every change of state.
    pub fn timeline(&mut self, id: MessageId, now: State, events: &[Event]) {
        self.heading("timeline");
        // Accepting writes no row: the id tells when it was.
        let first = if events.is_empty() && now == State::Scheduled { State::Scheduled } else { State::Queued };
        let row = |at: Timestamp, state: State, link: &str, note: &str| {
            [local(at), state.to_string(), link.to_owned(), note.to_owned()]
        };
        let mut rows = vec![row(id.given_at(), first, "", "accepted")];
        rows.extend(events.iter().map(|event| {
            row(event.at, event.state, event.link.as_deref().unwrap_or(""), event.note.as_deref().unwrap_or(""))
        }));
        self.table(&rows);
    }

    /// What became of each segment in each lease.
    pub fn submissions(&mut self, submissions: &[Submission]) {
        self.heading("submissions");
        if submissions.is_empty() {
            self.push("  none yet: no carrier has answered about any segment");
            return;
        }
        let rows = submissions.iter().map(|one| {
            let code = one.code.map(|code| CommandStatus(code).to_string());
            let id = one.carrier_id.as_ref().map(|id| format!("carrier id {id}"));
            let rest: Vec<String> = [id, code, one.note.clone()].into_iter().flatten().collect();
            [
                local(one.at),
                format!("segment {} lease {}", u16::from(one.segment) + 1, one.attempt),
                one.state.to_string(),
                one.link.clone(),
                rest.join("; "),
            ]
        });
        let rows: Vec<_> = rows.collect();
        self.table(&rows);
    }

    /// What the tools were told, or are still to be told.
    pub fn callbacks(&mut self, callbacks: &[callback::View]) {
        self.heading("callbacks");
        if callbacks.is_empty() {
            self.push("  none: no target, or no change that is posted");
            return;
        }
        let rows = callbacks.iter().map(|one| {
            let stands = match (one.done_at, one.dead_at, one.due_at) {
                (Some(at), _, _) => format!("delivered {}", local(at)),
                (_, Some(at), _) => format!("given up {}", local(at)),
                (_, _, Some(at)) => format!("due {}", local(at)),
                (None, None, None) => "waits for the one before".to_owned(),
            };
            let tries = if one.tries == 1 { "1 try".to_owned() } else { format!("{} tries", one.tries) };
            [local(one.created_at), one.target.clone(), stands, tries, one.note.clone().unwrap_or_default()]
        });
        let rows: Vec<_> = rows.collect();
        self.table(&rows);
    }

    fn table<const N: usize>(&mut self, rows: &[[String; N]]) {
        self.lines.extend(columns(rows).into_iter().map(|line| format!("  {line}")));
    }
}

fn count_of(number: u32, thing: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), thing)
}

/// Alphabet, segments with their octets, and how they are tied together.
fn encoding(encoded: &Encoded) -> String {
    let octets: Vec<String> = encoded.segments.iter().map(|payload| payload.len().to_string()).collect();
    let unit = if encoded.alphabet == Alphabet::Gsm7 { "septets" } else { "octets" };
    let tied = match encoded.concatenation {
        Concatenation::None => String::new(),
        Concatenation::Reference8 => format!(", tied by udh8 reference {}", encoded.reference & 0xff),
        Concatenation::Reference16 => format!(", tied by udh16 reference {}", encoded.reference),
        Concatenation::Sar => format!(", tied by sar reference {}", encoded.reference),
        Concatenation::Payload => ", whole in message_payload".to_owned(),
    };
    let (alphabet, segments) = (encoded.alphabet.as_str(), count(encoded.segments.len(), "segment"));
    format!("{alphabet}, {segments} of {} {unit}{tied}", octets.join(", "))
}

/// What the handset is asked to do besides showing text.
fn indication(indication: &Indication) -> Vec<String> {
    let mut asked = Vec::new();
    if let Some(class) = indication.message_class {
        asked.push(format!("message class {class}{}", if class == 0 { " (flash)" } else { "" }));
    }
    match indication.protocol_id {
        0 => {}
        0x40 => asked.push("silent".to_owned()),
        pid => asked.push(format!("protocol id 0x{pid:02x}")),
    }
    if let Some(waiting) = indication.waiting {
        asked.push(format!("waiting sign {} {}", waiting.kind, if waiting.active { "on" } else { "off" }));
    }
    if let Some((destination, source)) = indication.ports {
        asked.push(format!("port {destination} from {source}"));
    }
    asked
}
