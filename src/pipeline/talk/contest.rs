//! Contests: entering once, and drawing in the open.
//!
//! A draw is done in three pieces, so that no number of entries holds up the writer: nobody enters any more
//! ([`begin_draw`]), the winners are worked out beside it ([`draw`]), and what came out is recorded ([`record_draw`]).

use rusqlite::Connection;
use serde_json::json;

use crate::campaign::contest::{Contest, Draw, ListHash, Phase, WINNERS_MAX};
use crate::campaign::event::Event;
use crate::campaign::texts::Texts;
use crate::model::MessageId;
use crate::pipeline::{Turn, notify};
use crate::store::StoreError;
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::contest::{self as table, Drawn, Entry};
use crate::store::campaign::{definition, event};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The contact is in, with this ticket.
    New(MessageId),
    /// The contact was in already.
    Again(MessageId),
    /// It cannot be entered yet, or not any more.
    Closed,
}

/// An entry, and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entering {
    /// What became of it.
    pub outcome: Outcome,
    /// The contest's text for that; there may be none.
    pub text: Texts,
}

/// Enters a contact into a contest, once. `None` if there is no such contest.
///
/// # Errors
/// The store's own.
pub fn enter_contest(turn: &Turn<'_>, to: &Stored, name: &str, by: &str) -> Result<Option<Entering>, StoreError> {
    let connection = turn.tx.connection();
    let Some(contest) = definition::find::<Contest>(connection, name)?.map(|stored| stored.definition) else {
        return Ok(None);
    };
    let over = table::seed(connection, name)?.is_none_or(|seed| seed.over);
    if over || contest.phase(&turn.settings.talk.zone, turn.now) != Phase::Open {
        return Ok(Some(Entering { outcome: Outcome::Closed, text: contest.closed }));
    }
    Ok(Some(match table::enter(turn.tx, name, to.id, by, turn.now)? {
        Entry::Again(ticket) => Entering { outcome: Outcome::Again(ticket), text: contest.again },
        Entry::New(ticket) => {
            let mut entered = Event::new("contest_entered", to.contact.number.clone(), turn.now);
            entered.id = Some(format!("contest-{ticket}"));
            entered.properties.insert("contest".to_owned(), json!(name));
            entered.properties.insert("ticket".to_owned(), json!(ticket.to_string()));
            event::record(turn.tx, &entered, turn.now)?;
            turn.wake_steps();
            let number = to.contact.number.as_str();
            let data = json!({"contest": name, "number": number, "ticket": ticket.to_string(), "by": by});
            notify::talk(turn, None, "contest.entered", &data)?;
            Entering { outcome: Outcome::New(ticket), text: contest.confirm }
        }
    }))
}

/// Why there is no draw.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDrawn {
    /// There is no such contest.
    #[error("there is no contest \"{0}\"")]
    Unknown(String),
    /// It can still be entered.
    #[error("the contest can still be entered; close it with its draw by \"close\": true")]
    StillOpen,
    /// It was drawn.
    #[error("the contest was drawn at {0}; to draw again, say why in \"redo\"")]
    Done(String),
}

/// A draw that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The contest.
    pub contest: String,
    /// The seed that it follows from.
    pub seed: String,
    /// Whether the seed came from outside.
    pub given: bool,
    /// How many win.
    pub winners: u32,
    /// Why it is done again.
    pub redo: Option<String>,
    /// How many draws there were before it.
    before: usize,
}

/// Begins a draw: from now on nobody enters any more. `seed` is one from outside; `close` ends a contest that is open.
///
/// # Errors
/// The store's own.
pub fn begin_draw(
    turn: &Turn<'_>,
    name: &str,
    seed: Option<&str>,
    winners: Option<u32>,
    close: bool,
    redo: Option<&str>,
) -> Result<Result<Drawing, NotDrawn>, StoreError> {
    let connection = turn.tx.connection();
    let stored = definition::find::<Contest>(connection, name)?.map(|stored| stored.definition);
    let (Some(contest), Some(own)) = (stored, table::seed(connection, name)?) else {
        return Ok(Err(NotDrawn::Unknown(name.to_owned())));
    };
    let draws = table::draws(connection, name)?;
    if let (Some(last), None) = (draws.last(), redo) {
        return Ok(Err(NotDrawn::Done(last.at.to_string())));
    }
    let open = !own.over && contest.phase(&turn.settings.talk.zone, turn.now) != Phase::Over;
    if open && !close {
        return Ok(Err(NotDrawn::StillOpen));
    }
    table::close(turn.tx, name)?;
    Ok(Ok(Drawing {
        contest: name.to_owned(),
        seed: seed.map_or(own.seed, str::to_owned),
        given: seed.is_some(),
        winners: winners.unwrap_or(contest.winners).clamp(1, WINNERS_MAX),
        redo: redo.map(str::to_owned),
        before: draws.len(),
    }))
}

/// Works out who wins. It reads the tickets twice and holds none but the winners.
///
/// # Errors
/// The store's own.
pub fn draw(
    connection: &Connection,
    drawing: &Drawing,
    turn: (crate::model::Timestamp, i64),
) -> Result<Drawn, StoreError> {
    let mut list = ListHash::default();
    table::each_ticket(connection, &drawing.contest, |ticket| list.add(ticket))?;
    let (list, entries) = list.finish();
    let mut draw = Draw::new(&drawing.seed, &list, drawing.winners);
    table::each_ticket(connection, &drawing.contest, |ticket| draw.add(ticket))?;
    let (at, token) = turn;
    let (seed, given, reason) = (drawing.seed.clone(), drawing.given, drawing.redo.clone());
    Ok(Drawn { n: 0, at, token, seed, given, list, entries, winners: draw.finish(), reason })
}

/// Records a draw, and that its winners won. Of two draws that were begun at once the first one counts.
///
/// # Errors
/// The store's own.
pub fn record_draw(
    turn: &Turn<'_>,
    drawing: &Drawing,
    mut drawn: Drawn,
) -> Result<Result<Drawn, NotDrawn>, StoreError> {
    let connection = turn.tx.connection();
    let draws = table::draws(connection, &drawing.contest)?;
    if let Some(last) = draws.last().filter(|_| draws.len() != drawing.before) {
        return Ok(Err(NotDrawn::Done(last.at.to_string())));
    }
    drawn.n = table::record(turn.tx, &drawing.contest, &drawn)?;
    for (place, ticket) in (1..).zip(&drawn.winners) {
        let Some(id) = table::holder(connection, ticket)? else { continue };
        let Some(stored) = contact::by_id(connection, id)? else { continue };
        let mut won = Event::new("contest_won", stored.contact.number.clone(), turn.now);
        won.id = Some(format!("won-{ticket}-{}", drawn.n));
        won.properties.insert("contest".to_owned(), json!(drawing.contest));
        won.properties.insert("ticket".to_owned(), json!(ticket));
        won.properties.insert("place".to_owned(), json!(place));
        event::record(turn.tx, &won, turn.now)?;
    }
    turn.wake_steps();
    tracing::info!(
        "The contest {} was drawn: {} of {} entries won",
        drawing.contest,
        drawn.winners.len(),
        drawn.entries
    );
    Ok(Ok(drawn))
}
