//! Finds the contacts whose day or instant has come, each once for each occurrence, a bounded piece at a time.
//!
//! Days are looked through zone by zone, when the trigger's local time comes there; instants are looked through from where
//! the last look ended. How far a look came is a row that is written with the enrolments that it began.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, json};

use super::desk::Desk;
use super::enrol::Begin;
use super::facts::Known;
use crate::campaign::law;
use crate::campaign::point::{Kind, Point, birthday_place, day_number, day_of};
use crate::campaign::workflow::{DateTrigger, Facts as _, Field, Moment, On, Trigger, Workflow, instant, morning};
use crate::model::Timestamp;
use crate::pipeline::{Progress, Turn};
use crate::store::StoreError;
use crate::store::campaign::enrolment::Enrolment;
use crate::store::campaign::workflow_date::{self, EVERYWHERE, Look};
use crate::store::campaign::{contact, workflow};

/// How many contacts begin in one piece, and how many pieces one transaction has.
const PAGE_MAX: usize = 200;
const PIECES_MAX: usize = 3;
/// A day that could not be looked through for so long, since the gateway stood still, is left out.
const LATE_MAX: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);
/// How soon instants are looked at again: those with an index, and the others.
const SOON: std::time::Duration = std::time::Duration::from_secs(60);
const LATER: std::time::Duration = std::time::Duration::from_secs(900);

/// A date trigger of a workflow.
struct Dated<'w> {
    n: usize,
    trigger: &'w Trigger,
    date: &'w DateTrigger,
}

impl Dated<'_> {
    fn all(workflow: &Workflow) -> impl Iterator<Item = Dated<'_>> {
        workflow.triggers.iter().enumerate().filter_map(|(n, trigger)| match &trigger.on {
            On::Date(date) => Some(Dated { n, trigger, date }),
            On::Event(_) | On::Segment(_) | On::Keyword(_) | On::Api => None,
        })
    }

    /// Whether it goes by days of the contact's calendar.
    fn is_daily(&self) -> bool {
        match &self.date.field {
            Field::Point(point) => point.kind() == Kind::Day || self.date.at.is_some(),
            Field::Attribute(_) | Field::Event(_) => true,
        }
    }

    fn words(&self) -> String {
        let at = self.date.at.map(|at| format!(" at {}", at.strftime("%H:%M"))).unwrap_or_default();
        format!("{} {}{at}", self.date.field.name(), self.date.offset)
    }

    fn fires(&self, day: Date, zone: &TimeZone) -> Timestamp {
        instant(day, self.date.at.unwrap_or_else(morning), zone)
    }
}

/// Brings what is looked through in line with the triggers of a workflow.
pub(super) fn follow(turn: &Turn<'_>, name: &str) -> Result<(), StoreError> {
    let stored = workflow::find(turn.tx.connection(), name)?.filter(|stored| stored.standing.active);
    let dated: Vec<Dated<'_>> = stored.iter().flat_map(|stored| Dated::all(&stored.workflow)).collect();
    let known = workflow_date::of(turn.tx.connection(), name)?;
    for old in &known {
        if !dated.iter().any(|dated| dated.n == old.n && dated.words() == old.what) {
            workflow_date::remove(turn.tx, name, old.n)?;
        }
    }
    for dated in &dated {
        if !known.iter().any(|old| old.n == dated.n && old.what == dated.words()) {
            let zone = if dated.is_daily() { 0 } else { EVERYWHERE };
            begin(turn, name, dated, zone)?;
        }
    }
    new_zones(turn)
}

/// Begins to look through a trigger in a zone: from the next time on that it comes.
fn begin(turn: &Turn<'_>, name: &str, dated: &Dated<'_>, zone: i64) -> Result<(), StoreError> {
    let now = turn.now;
    let (until, due_at) = if zone == EVERYWHERE {
        (now.as_millis(), now)
    } else {
        let zone = zone_of(turn, zone)?;
        let today = now.to_jiff().to_zoned(zone.clone()).date();
        let is_ahead = dated.fires(today, &zone) > now;
        let day = if is_ahead { today } else { today.tomorrow().unwrap_or(today) };
        (day_number(day), dated.fires(day, &zone))
    };
    let progress = workflow_date::Progress {
        workflow: name.to_owned(),
        n: dated.n,
        zone,
        what: dated.words(),
        until,
        upto: None,
        after: 0,
        due_at,
    };
    workflow_date::save(turn.tx, &progress)
}

fn zone_of(turn: &Turn<'_>, id: i64) -> Result<TimeZone, StoreError> {
    let name = workflow_date::zone_name(turn.tx.connection(), id)?;
    Ok(name.as_deref().and_then(law::zone).unwrap_or(TimeZone::UTC))
}

/// Begins to look at zones in which nobody was before.
fn new_zones(turn: &Turn<'_>) -> Result<(), StoreError> {
    for (name, n, zone) in workflow_date::new_zones(turn.tx.connection(), PAGE_MAX)? {
        let Some(stored) = workflow::find(turn.tx.connection(), &name)? else { continue };
        if let Some(dated) = Dated::all(&stored.workflow).find(|dated| dated.n == n) {
            begin(turn, &name, &dated, zone)?;
        }
    }
    Ok(())
}

/// Looks through a piece of what is due.
pub(super) fn step(desk: &mut Desk<'_, '_>) -> Result<Progress, StoreError> {
    let turn = desk.turn;
    new_zones(turn)?;
    let due = workflow_date::due(turn.tx.connection(), turn.now, PIECES_MAX)?;
    let mut done = 0;
    for progress in due {
        done += piece(desk, progress)?;
    }
    Ok(Progress { done, next: workflow_date::next_due(turn.tx.connection())? })
}

/// Looks through a piece. Returns how many things were done; 0 if it is at rest now and found nobody.
fn piece(desk: &mut Desk<'_, '_>, mut progress: workflow_date::Progress) -> Result<usize, StoreError> {
    let turn = desk.turn;
    let active = desk.active(&progress.workflow)?;
    let dated = active.as_ref().and_then(|(_, workflow)| Dated::all(workflow).find(|dated| dated.n == progress.n));
    let (Some((version, workflow)), Some(dated)) = (&active, dated) else {
        workflow_date::remove(turn.tx, &progress.workflow, progress.n)?;
        return Ok(1);
    };
    let zone = zone_of(turn, progress.zone)?;
    if dated.is_daily() && turn.now.since(progress.due_at) > LATE_MAX && progress.after == 0 {
        next_day(&mut progress, &dated, &zone, turn.now);
        workflow_date::save(turn.tx, &progress)?;
        return Ok(1);
    }
    let look = look(&mut progress, &dated, &zone, turn.now);
    let page = match &look {
        Some(look) => workflow_date::look(turn.tx.connection(), look, progress.zone, progress.after, PAGE_MAX)?,
        None => workflow_date::Page::default(),
    };
    let day = day_of(progress.until).and_then(|day| dated.date.offset.turned().from_day(day));
    for contact in &page.found {
        enrol(desk, (workflow, *version), &dated, *contact, day)?;
    }
    let is_through = page.after.is_none();
    match page.after {
        Some(after) => {
            progress.after = after;
            progress.due_at = turn.now;
        }
        None if dated.is_daily() => next_day(&mut progress, &dated, &zone, turn.now),
        None => next_look(turn, &mut progress, &dated, look.as_ref())?,
    }
    workflow_date::save(turn.tx, &progress)?;
    Ok(page.found.len() + usize::from(!is_through))
}

/// Goes on to the next day that is not long past.
fn next_day(progress: &mut workflow_date::Progress, dated: &Dated<'_>, zone: &TimeZone, now: Timestamp) {
    progress.after = 0;
    // Bounded: a gateway that stood still for longer than this begins with the present day.
    let today = day_number(now.to_jiff().to_zoned(zone.clone()).date());
    progress.until = (progress.until + 1).max(today - 2);
    while let Some(day) = day_of(progress.until) {
        progress.due_at = dated.fires(day, zone);
        if now.since(progress.due_at) <= LATE_MAX {
            break;
        }
        progress.until += 1;
    }
}

/// Says when instants are looked at again: when the next one comes, but soon, since new ones may come before it.
fn next_look(
    turn: &Turn<'_>,
    progress: &mut workflow_date::Progress,
    dated: &Dated<'_>,
    look: Option<&Look<'_>>,
) -> Result<(), StoreError> {
    progress.after = 0;
    progress.until = progress.upto.take().unwrap_or(progress.until);
    let mut due_at = turn.now.plus(LATER);
    if let (Field::Point(point), Some(true)) = (&dated.date.field, look.map(Look::is_quick)) {
        let offset = dated.date.offset.rough_millis();
        let next = workflow_date::next_instant(turn.tx.connection(), *point, progress.until.saturating_sub(offset))?;
        let next = next.map(|next| Timestamp::from_millis(next.saturating_add(offset)));
        due_at = turn.now.plus(SOON).min(next.unwrap_or(due_at));
    }
    progress.due_at = due_at;
    Ok(())
}

/// Whom a trigger is about now.
fn look<'w>(
    progress: &mut workflow_date::Progress,
    dated: &Dated<'w>,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Look<'w>> {
    let offset = dated.date.offset;
    if !dated.is_daily() {
        let Field::Point(point) = &dated.date.field else { return None };
        let upto = *progress.upto.get_or_insert(now.as_millis());
        let moved = |millis: i64| millis.saturating_sub(offset.rough_millis());
        return Some(Look::Instants(*point, moved(progress.until), moved(upto)));
    }
    let day = offset.turned().from_day(day_of(progress.until)?)?;
    Some(match &dated.date.field {
        Field::Point(Point::Birthday) => {
            // Who was born on the 29th of February is met on the 1st of March in years that lack it.
            let eve = day.yesterday().ok()?;
            let lacks_it = (day.month(), day.day()) == (3, 1) && eve.day() == 28;
            let place = birthday_place(day);
            Look::Birthday([place, if lacks_it { birthday_place(Date::constant(2000, 2, 29)) } else { place }])
        }
        Field::Point(point) if point.kind() == Kind::Day => Look::Day(*point, day_number(day)),
        Field::Point(point) => {
            let begins =
                |day: Date| day.to_zoned(zone.clone()).map_or(i64::MAX, |begin| begin.timestamp().as_millisecond());
            Look::Instants(*point, begins(day) - 1, begins(day.tomorrow().ok()?) - 1)
        }
        Field::Attribute(name) => {
            // An instant that is written with another offset lies a day away at most.
            let texts = [day.yesterday().ok()?.to_string(), day.tomorrow().ok()?.tomorrow().ok()?.to_string()];
            Look::Attribute(name, day_number(day), texts)
        }
        Field::Event(_) => return None,
    })
}

/// Takes in a contact whose day or instant it is.
fn enrol(
    desk: &mut Desk<'_, '_>,
    (workflow, version): (&Workflow, i64),
    dated: &Dated<'_>,
    contact: i64,
    day: Option<Date>,
) -> Result<(), StoreError> {
    let Some(stored) = contact::by_id(desk.turn.tx.connection(), contact)? else { return Ok(()) };
    let words = dated.words();
    let nobody = Enrolment::nobody(&workflow.name, version, contact);
    let mut known = Known::new(desk, workflow, &nobody, stored);
    let Some(moment) = known.moment(&dated.date.field)? else { return Ok(()) };
    let (local, at) = match moment {
        Moment::Day(day) => (day, day.to_string()),
        Moment::Instant(at) => (at.to_jiff().to_zoned(known.zone().clone()).date(), at.to_string()),
    };
    // Attributes are looked for by what might be meant.
    if matches!(dated.date.field, Field::Attribute(_)) && Some(local) != day {
        return Ok(());
    }
    let fields = Map::from_iter([
        ("type".to_owned(), json!("date")),
        ("field".to_owned(), json!(dated.date.field.name())),
        ("at".to_owned(), json!(at)),
    ]);
    let begin = Begin { cause: &words, delay: dated.trigger.delay, event: Some(&fields) };
    let outcome = desk.take_in(workflow, version, contact, begin)?;
    tracing::debug!(workflow = workflow.name, "A contact whose {words} it is: {}", outcome.as_str());
    Ok(())
}
