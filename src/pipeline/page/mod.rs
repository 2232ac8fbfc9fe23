//! Landing pages for one reader: what stands on them, and what follows from what the reader sends.
//!
//! | part | decides |
//! |---|---|
//! | `desk` | who reads, in which language, and the texts written for that reader |
//! | `offer` | the code of an offer, and how it stands |
//! | `wishes` | what the contact wants to receive: preference centre and opt-out |
//! | `appointment` | whether the contact comes |
//!
//! Nothing here is given out or written down for previews and robots, nor by looking: only a form that was sent does it.

mod appointment;
mod desk;
mod offer;
mod wishes;

use rusqlite::Connection;

use super::{Settings, Turn};
use crate::campaign::link::Target;
use crate::campaign::page::form::Sent;
use crate::campaign::page::{Kind, Page, Part, View};
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::campaign::contact::{self, Stored};
use crate::store::campaign::link::Link;
use crate::store::campaign::page as table;

use desk::Desk;

/// What a reader is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The page.
    pub view: View,
    /// Whether its time is over.
    pub is_over: bool,
}

/// Opens the page of a link for the person who has it: a code is given out now, if the page has one.
///
/// # Errors
/// The store's own.
pub fn open(turn: &Turn<'_>, link: &Link, languages: &[String]) -> Result<Option<Opened>, StoreError> {
    let Some(desk) = at(turn.tx.connection(), turn.settings, link, languages, turn.now)? else { return Ok(None) };
    desk.with(turn).show()
}

/// Opens the page of a link for a preview or a robot: nothing is given out.
///
/// # Errors
/// The store's own.
pub fn look(
    connection: &Connection,
    settings: &Settings,
    link: &Link,
    languages: &[String],
    now: Timestamp,
) -> Result<Option<Opened>, StoreError> {
    at(connection, settings, link, languages, now)?.map_or(Ok(None), |desk| desk.show())
}

/// Takes what a person sent on the page of a link, and shows what came of it.
///
/// # Errors
/// The store's own.
pub fn take(turn: &Turn<'_>, link: &Link, languages: &[String], sent: &Sent) -> Result<Option<Opened>, StoreError> {
    let Some(desk) = at(turn.tx.connection(), turn.settings, link, languages, turn.now)? else { return Ok(None) };
    let desk = desk.with(turn);
    if desk.is_over() {
        return desk.show();
    }
    match desk.page.kind {
        Kind::OptOut => wishes::stop(&desk, turn, sent),
        Kind::Preferences => wishes::save(&desk, turn, sent),
        Kind::Appointment => appointment::answer(&desk, turn, sent),
        Kind::Offer | Kind::Text | Kind::Survey | Kind::Contest => desk.show(),
    }
}

/// A page as a contact would see it, and what is missing in it. Nothing is given out.
///
/// # Errors
/// The store's own.
pub fn preview(
    connection: &Connection,
    settings: &Settings,
    page: Page,
    reader: Option<Stored>,
    now: Timestamp,
) -> Result<Option<(View, Vec<String>)>, StoreError> {
    let desk = Desk::new(connection, settings, page, reader, None, &[], now)?;
    let Some(desk) = desk else { return Ok(None) };
    let opened = desk.show()?;
    Ok(opened.map(|opened| (opened.view, desk.left_out())))
}

fn at<'a>(
    connection: &'a Connection,
    settings: &'a Settings,
    link: &'a Link,
    languages: &[String],
    now: Timestamp,
) -> Result<Option<Desk<'a>>, StoreError> {
    let Target::Page(name) = &link.target else { return Ok(None) };
    let Some(page) = table::find(connection, name)? else { return Ok(None) };
    let reader = match link.contact {
        0 => None,
        id => match contact::by_id(connection, id)? {
            None => return Ok(None),
            found => found,
        },
    };
    Desk::new(connection, settings, page, reader, Some(link), languages, now)
}

impl Desk<'_> {
    fn show(&self) -> Result<Option<Opened>, StoreError> {
        if self.is_over() {
            let parts = vec![Part::Paragraph(self.words.ended_text.clone())];
            return Ok(Some(Opened { view: self.view(&self.words.ended_title, parts), is_over: true }));
        }
        match self.page.kind {
            Kind::Offer => offer::show(self).map(Some),
            Kind::Text => Ok(Some(self.opened(Vec::new()))),
            Kind::OptOut => wishes::ask_to_stop(self),
            Kind::Preferences => wishes::show(self, None),
            Kind::Appointment => appointment::show(self),
            Kind::Survey | Kind::Contest => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
