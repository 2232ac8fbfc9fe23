//! An appointment: the contact says that it comes, or asks for another time.

use serde_json::json;

use super::Opened;
use super::desk::Desk;
use crate::campaign::event::Event;
use crate::campaign::page::form::Sent;
use crate::campaign::page::{Form, Part, Send};
use crate::campaign::point::Point;
use crate::pipeline::Turn;
use crate::store::StoreError;
use crate::store::campaign::event;

const CONFIRM: &str = "confirm";
const CHANGE: &str = "change";

/// When it is, and two buttons.
pub(super) fn show(desk: &Desk<'_>) -> Result<Option<Opened>, StoreError> {
    if desk.reader.is_none() {
        return Ok(None);
    }
    let button = |value: &str, text: &str| Send { value: value.to_owned(), text: text.to_owned() };
    let words = desk.words;
    let buttons = vec![button(CONFIRM, &words.confirm), button(CHANGE, &words.change)];
    let mut parts = when(desk);
    parts.push(Part::Form(Form { questions: Vec::new(), buttons }));
    Ok(Some(desk.opened_as(&words.appointment_title, None, parts)))
}

fn when(desk: &Desk<'_>) -> Vec<Part> {
    let at = desk.points.time(Point::NextAppointmentAt);
    at.map(|at| Part::When(desk.moment(at))).into_iter().collect()
}

/// The contact answers. The same answer about the same appointment is one answer.
pub(super) fn answer(desk: &Desk<'_>, turn: &Turn<'_>, sent: &Sent) -> Result<Option<Opened>, StoreError> {
    let (Some(reader), Some(link)) = (&desk.reader, desk.link) else { return Ok(None) };
    let words = desk.words;
    let (kind, said) = match sent.one(Send::NAME) {
        Some(CONFIRM) => ("appointment_confirmed", Part::Good(words.confirmed.clone())),
        Some(CHANGE) => ("appointment_change_asked", Part::Good(words.change_asked.clone())),
        _ => return show(desk),
    };
    let at = desk.points.time(Point::NextAppointmentAt);
    let mut answered = Event::new(kind, reader.contact.number.clone(), turn.now);
    answered.id = Some(format!("{}-{}", link.code, at.map_or(0, |at| at.as_millis())));
    answered.properties.insert("page".to_owned(), json!(desk.page.name));
    answered.properties.insert("code".to_owned(), json!(link.code));
    if let Some(at) = at {
        answered.properties.insert("at".to_owned(), json!(at.to_string()));
    }
    event::record(turn.tx, &answered, turn.now)?;
    turn.wake_steps();
    let mut parts = when(desk);
    parts.push(said);
    Ok(Some(desk.opened_as(&words.appointment_title, None, parts)))
}
