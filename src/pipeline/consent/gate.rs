//! Decides whether a message may leave at a moment: opt-outs, consent, hours, caps, in this order.

use std::time::Duration;

use jiff::tz::TimeZone;
use rusqlite::Connection;

use crate::campaign::consent::{Purpose, Standing, room_from, standing};
use crate::campaign::hours::{self, Verdict};
use crate::campaign::keywords::LOOKS_LIKE_STOP;
use crate::campaign::law::Place;
use crate::model::{Class, MessageId, PhoneNumber, Timestamp};
use crate::pipeline::{Settings, Turn};
use crate::store::campaign::conversation;
use crate::store::{Person, StoreError, consent, message, suppression};

/// How long marketing waits for somebody to read what may mean stop, before it is asked again.
const READER_WAIT: Duration = Duration::from_secs(3600);
/// The widest window of the caps.
const CAPS_WINDOW: Duration = Duration::from_secs(30 * 86_400);

/// Why a message waits or does not go at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `opted_out`, `no_consent`, `looks_like_stop`, `quiet_hours`, `frequency_cap` or `clock_not_set`.
    pub code: &'static str,
    /// A sentence for the person who reads it.
    pub detail: String,
}

impl Reason {
    /// As it stands on a timeline and in callbacks.
    pub fn note(&self) -> String {
        format!("{}: {}", self.code, self.detail)
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It may leave.
    Open,
    /// It may leave from then on.
    Wait(Timestamp, Reason),
    /// It may not leave.
    Shut(Reason),
}

/// The question.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// To whom.
    pub number: &'a PhoneNumber,
    /// The message's class.
    pub class: Class,
    /// Who from, if that is known.
    pub sender: Option<&'a str>,
    /// The moment.
    pub at: Timestamp,
    /// The recipient's own time zone.
    pub zone: Option<&'a TimeZone>,
    /// Whether hours, caps and missing consent are waived.
    pub exempt: bool,
    /// Whether it is the gateway's answer to a keyword.
    pub own_answer: bool,
    /// Whether messages that wait count under the caps, as they do for one that comes after them.
    pub behind_waiting: bool,
    /// The message, if it is in the store already.
    pub message: Option<MessageId>,
    /// What the hours say, if that was found out before.
    pub hours: Option<Verdict>,
}

/// What the answer is read from.
#[derive(Debug, Clone, Copy)]
pub struct Books<'a> {
    /// Ledger, suppressions and messages.
    pub connection: &'a Connection,
    /// The settings in force.
    pub settings: &'a Settings,
    /// The present.
    pub now: Timestamp,
    /// Who the number belongs to.
    pub person: Person,
}

/// Whether the message may leave.
pub fn gate(turn: &Turn<'_>, ask: &Ask<'_>) -> Result<Gate, StoreError> {
    let person = turn.tx.person(ask.number);
    gate_by(&Books { connection: turn.tx.connection(), settings: turn.settings, now: turn.now, person }, ask)
}

/// As [`gate`], also on a connection that only reads.
pub fn gate_by(books: &Books<'_>, ask: &Ask<'_>) -> Result<Gate, StoreError> {
    let rules = &books.settings.consent;
    if ask.own_answer {
        return Ok(Gate::Open);
    }
    let held = suppression::of(books.connection, books.person)?;
    if let Some(held) = held.iter().find(|held| held.covers.holds_for(ask.class) && held.is_about(ask.sender)) {
        let detail = format!("{} messages to this number stopped on {}: {}", ask.class, held.since, held.reason);
        return Ok(Gate::Shut(Reason { code: "opted_out", detail }));
    }
    if ask.exempt || rules.exempt.contains(ask.number) {
        return Ok(Gate::Open);
    }
    let marketing = ask.class == Class::Marketing;
    if marketing && rules.required {
        let said = standing(&consent::of(books.connection, books.person)?, Purpose::Marketing, ask.sender, books.now);
        if let Some(reason) = missing(said) {
            return Ok(Gate::Shut(reason));
        }
    }
    let mut at = ask.at;
    let mut reason = None;
    if marketing && conversation::awaits_reader(books.connection, ask.number, LOOKS_LIKE_STOP)? {
        at = at.plus(READER_WAIT);
        let detail = "the last text of this number may mean stop; marketing waits until somebody has read it \
                      (the conversation is tagged looks-like-stop)";
        reason = Some(Reason { code: "looks_like_stop", detail: detail.to_owned() });
    }
    if rules.is_quiet(ask.class) {
        match open_from(books, ask, at, ask.hours)? {
            Ok(open) if open > at => {
                reason.get_or_insert_with(|| quiet(books, ask, open));
                at = open;
            }
            Ok(_) => {}
            Err(shut) => return Ok(Gate::Shut(shut)),
        }
    }
    if marketing && rules.caps.limits().next().is_some() {
        let since = books.now.minus(CAPS_WINDOW);
        let times = message::marketing_times(books.connection, ask.number, since, ask.behind_waiting, ask.message)?;
        let room = room_from(rules.caps, &times, at);
        if room > at {
            at = match open_from(books, ask, room, None)? {
                Ok(open) => open,
                Err(shut) => return Ok(Gate::Shut(shut)),
            };
            let detail = format!("this number has had its share of marketing; there is room again from {at}");
            reason.get_or_insert(Reason { code: "frequency_cap", detail });
        }
    }
    Ok(reason.map_or(Gate::Open, |reason| Gate::Wait(at, reason)))
}

fn missing(said: Standing) -> Option<Reason> {
    let detail = match said {
        Standing::Given(_) => return None,
        Standing::Unknown => "no consent to marketing is on record for this number".to_owned(),
        Standing::Pending(since) => format!("the consent asked for on {since} was not confirmed yet"),
        Standing::Withdrawn(since) => format!("the consent was withdrawn on {since}"),
    };
    Some(Reason { code: "no_consent", detail })
}

/// Why a message waits for no time that could be told: hours and schedules cannot be kept by a clock that is wrong.
pub fn clock_not_set() -> Reason {
    let detail =
        "the clock of this machine is not set; marketing and scheduled texts wait until it is (postrider doctor)";
    Reason { code: "clock_not_set", detail: detail.to_owned() }
}

/// From when on the hours allow the message, or why they never do.
fn open_from(
    books: &Books<'_>,
    ask: &Ask<'_>,
    at: Timestamp,
    known: Option<Verdict>,
) -> Result<Result<Timestamp, Reason>, StoreError> {
    if known == Some(Verdict::Allowed) {
        return Ok(Ok(at));
    }
    let rules = &books.settings.consent;
    let place = Place::of(ask.number, rules, ask.zone);
    let verdict = known.unwrap_or_else(|| hours::when(&place, rules, false, at));
    if verdict == Verdict::Allowed {
        return Ok(Ok(at));
    }
    // Only where the hours say no and a consent for them would change that is the ledger asked.
    if place.row.night_by_consent {
        let entries = consent::of(books.connection, books.person)?;
        let night = standing(&entries, Purpose::MarketingNight, ask.sender, books.now);
        if matches!(night, Standing::Given(_)) {
            return Ok(Ok(at));
        }
    }
    Ok(match verdict {
        Verdict::Allowed => Ok(at),
        Verdict::NotBefore(open) => Ok(open),
        Verdict::Never => Err(never(&place)),
    })
}

/// Why a message never goes: no hour of a month is allowed.
pub fn never(place: &Place<'_>) -> Reason {
    let whose = place.country.map_or("this number".to_owned(), |country| country.to_string());
    let detail = format!("no hour of the next month is allowed for {whose}: {}; see consent.hours", place.week);
    Reason { code: "quiet_hours", detail }
}

fn quiet(books: &Books<'_>, ask: &Ask<'_>, open: Timestamp) -> Reason {
    let place = Place::of(ask.number, &books.settings.consent, ask.zone);
    let mut whose = place.country.map_or("other numbers".to_owned(), |country| country.to_string());
    if let Some(region) = place.region {
        whose.push('-');
        whose.push_str(region);
    }
    let detail = format!("{whose} allows {} messages {}; it goes from {open}", ask.class, place.week);
    Reason { code: "quiet_hours", detail }
}
