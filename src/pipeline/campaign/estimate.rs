//! What a campaign would come to if it were started now: asked of the same gate and the same templates that will be asked
//! then, of every contact of a small audience and of a random sample of a large one. It writes nothing and gives nothing out.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::plan::{self, Plan};
use crate::campaign::contact::Contact;
use crate::campaign::fault::Fault;
use crate::campaign::hours::{self, Verdict};
use crate::campaign::law::{Place, zone};
use crate::campaign::link::Target;
use crate::campaign::point::Points;
use crate::campaign::price::Price;
use crate::campaign::run::report::CONTROL;
use crate::campaign::run::{Definition, Part, Start};
use crate::campaign::template::{Fields, Grants, Template};
use crate::model::{Body, NewMessage, Random, Sender, Timestamp};
use crate::pipeline::compose::Unsent;
use crate::pipeline::consent::{Ask, Books, Gate, gate_by};
use crate::pipeline::{Settings, accept};
use crate::policy::departure::{self, Load, Speed};
use crate::store::campaign::contact::{self, Stored as Known};
use crate::store::campaign::{coupon, point, segment};
use crate::store::{StoreError, person_of};

/// Audiences up to this are looked at whole; of larger ones, so many contacts are.
pub const SAMPLE_MAX: usize = 2_000;
/// Contacts whose text is too long that are named.
const EXCEEDING_MAX: usize = 20;

/// What a campaign would come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Forecast {
    /// Contacts that it would take.
    pub recipients: u64,
    /// How many of them were looked at: all, or a random sample for which the rest is scaled.
    pub looked_at: u64,
    /// How many each variant would get, and the control group.
    pub parts: BTreeMap<String, u64>,
    /// Texts that would be written, at once or later.
    pub texts: u64,
    /// Their segments.
    pub segments: u64,
    /// What they cost, as far as prices are known.
    pub cost: Price,
    /// Segments whose price is not known.
    pub segments_without_price: u64,
    /// Who gets no text because of consent or the law, by reason.
    pub blocked: BTreeMap<String, u64>,
    /// Who gets the text later because of the law, by reason.
    pub waiting: BTreeMap<String, u64>,
    /// For whom no text can be written, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Numbers of some contacts whose text has more segments than its template allows.
    pub exceeding: Vec<String>,
    /// Contacts that are past the local time already: they would get it at once.
    pub late: u64,
    /// When it would take its recipients.
    pub begins_at: Timestamp,
    /// When the last text would leave.
    pub ends_at: Option<Timestamp>,
    /// Whether the speed of the links is known for all texts.
    pub speed_known: bool,
}

impl Forecast {
    /// Whether every contact was looked at.
    pub fn exact(&self) -> bool {
        self.recipients == self.looked_at
    }
}

/// Foretells a definition.
///
/// # Errors
/// The store's own; the inner error is every mistake in the definition and in what it names.
pub fn estimate(
    connection: &Connection,
    settings: &Settings,
    name: &str,
    definition: &Definition,
    now: Timestamp,
) -> Result<Result<Forecast, Vec<Fault>>, StoreError> {
    let plan = match plan::freeze(connection, settings, definition)? {
        Ok((_, plan)) => plan,
        Err(faults) => return Ok(Err(faults)),
    };
    let begins_at = plan.run.start.begins_at(now);
    let compiled = plan.compiled(connection, begins_at)?;
    let mut random = Random::new(now.as_millis().cast_unsigned());
    let (count, ids) = segment::sample(connection, &compiled, SAMPLE_MAX, &mut random)?;
    let strangers = strangers(connection, &plan)?;
    let recipients = u64::try_from(count).unwrap_or(0) + count_of(strangers.len());
    let looked_at = count_of(ids.len() + strangers.len());
    let mut look = Look {
        connection,
        settings,
        plan: &plan,
        name,
        now,
        weight: ratio(recipients, looked_at),
        place: 0,
        most: looked_at,
        found: Forecast { recipients, looked_at, begins_at, speed_known: true, ..Forecast::default() },
        loads: BTreeMap::new(),
    };
    for id in ids {
        if let Some(known) = contact::by_id(connection, id)? {
            let points = point::of(connection, id)?;
            look.at(&known, &points)?;
        }
    }
    for stranger in &strangers {
        look.at(stranger, &Points::default())?;
    }
    Ok(Ok(look.finish()))
}

/// Numbers that the definition names and no contact has; the start makes contacts of them.
fn strangers(connection: &Connection, plan: &Plan) -> Result<Vec<Known>, StoreError> {
    let mut strangers = Vec::new();
    for number in &plan.run.numbers {
        if contact::id_of(connection, number)?.is_none() {
            let (id, at) = (-i64::try_from(strangers.len()).unwrap_or(0) - 1, Timestamp::default());
            strangers.push(Known { id, contact: Contact::new(number.clone()), created_at: at, changed_at: at });
        }
    }
    Ok(strangers)
}

fn count_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "contacts are far fewer than 2^53")]
fn ratio(all: u64, part: u64) -> f64 {
    if part == 0 { 1.0 } else { all as f64 / part as f64 }
}

/// A text that would be written, as its departure is foretold.
struct Leaving {
    known: Known,
    load: Load,
}

struct Look<'a> {
    connection: &'a Connection,
    settings: &'a Settings,
    plan: &'a Plan,
    name: &'a str,
    now: Timestamp,
    /// For how many contacts one that is looked at stands.
    weight: f64,
    place: u64,
    most: u64,
    found: Forecast,
    /// What would leave over each route.
    loads: BTreeMap<String, Vec<Leaving>>,
}

impl Look<'_> {
    fn at(&mut self, known: &Known, points: &Points) -> Result<(), StoreError> {
        let run = &self.plan.run;
        let place = self.place;
        self.place += 1;
        let part = run.part_of(self.name, known.id);
        let name = match part {
            Part::Control => CONTROL,
            Part::Variant(name) => name,
        };
        *self.found.parts.entry(name.to_owned()).or_default() += 1;
        let Part::Variant(variant) = part else { return Ok(()) };
        let contact = &known.contact;
        let turn = run.due_at(&contact.number, contact.zone.as_deref(), self.found.begins_at);
        if matches!(run.start, Start::Local(_)) && turn == self.found.begins_at {
            self.found.late += 1;
        }
        let turn_at = turn.plus(run.offset(place, self.most));
        let Some(due_at) = self.gate(known, turn_at)? else { return Ok(()) };
        let Some(template) = self.plan.template(variant) else { return Ok(()) };
        let (route, segments) = match self.write(known, points, template)? {
            Ok(found) => found,
            Err(unsent) => {
                *self.found.skipped.entry(unsent.code().to_owned()).or_default() += 1;
                if matches!(unsent, Unsent::TooLong { .. }) && self.found.exceeding.len() < EXCEEDING_MAX {
                    self.found.exceeding.push(contact.number.to_string());
                }
                return Ok(());
            }
        };
        self.found.texts += 1;
        self.found.segments += count_of(segments);
        match self.settings.prices.of(&route, &contact.number) {
            Some(price) => self.found.cost = self.found.cost.plus(price.times(segments)),
            None => self.found.segments_without_price += count_of(segments),
        }
        let load = Load { due_at, segments: ratio(count_of(segments), 1) * self.weight };
        self.loads.entry(route).or_default().push(Leaving { known: known.clone(), load });
        Ok(())
    }

    /// When consent and the law let a text leave whose turn is at `turn_at`, if they do.
    fn gate(&mut self, known: &Known, turn_at: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let (run, contact) = (&self.plan.run, &known.contact);
        let own = contact.zone.as_deref().and_then(zone);
        let ask = Ask {
            number: &contact.number,
            class: run.class,
            sender: run.from.as_ref().map(Sender::as_str),
            at: turn_at,
            zone: own.as_ref(),
            exempt: false,
            own_answer: false,
            behind_waiting: true,
            message: None,
            hours: None,
        };
        let person = person_of(self.connection, &contact.number)?;
        let books = Books { connection: self.connection, settings: self.settings, now: self.now, person };
        let ends_at = run.valid_for.map(|span| turn_at.plus(span));
        Ok(match gate_by(&books, &ask)? {
            Gate::Open => Some(turn_at),
            Gate::Wait(from, reason) if ends_at.is_none_or(|ends_at| from < ends_at) => {
                *self.found.waiting.entry(reason.code.to_owned()).or_default() += 1;
                Some(from)
            }
            Gate::Wait(_, reason) | Gate::Shut(reason) => {
                *self.found.blocked.entry(reason.code.to_owned()).or_default() += 1;
                None
            }
        })
    }

    /// The route that a contact's text would take, and its segments.
    fn write(
        &self,
        known: &Known,
        points: &Points,
        template: &Template,
    ) -> Result<Result<(String, usize), Unsent>, StoreError> {
        let brand = self.settings.consent.brand.as_deref();
        let fields = Fields::of(&known.contact, points, self.now).with_shop(brand);
        let first = match template.render(&fields, &Grants::default()) {
            Ok(first) => first,
            Err(skip) => return Ok(Err(skip.into())),
        };
        let mut grants = Grants::default();
        for pool in &first.coupons {
            if coupon::find(self.connection, pool)?.is_none() {
                return Ok(Err(Unsent::NoPool(pool.clone())));
            }
            if let Some(code) = coupon::held(self.connection, pool, &known.contact.number)? {
                grants.coupons.insert(pool.clone(), code);
            }
        }
        for target in &first.links {
            let address = match (&self.settings.short_url, Target::read(target)) {
                (_, Err(fault)) => return Ok(Err(Unsent::WrongLink(fault.detail))),
                // As long as a real one.
                (Some(base), Ok(_)) => format!("{base}xxxxxxxx"),
                (None, Ok(Target::Page(_))) => return Ok(Err(Unsent::NoPages(target.clone()))),
                (None, Ok(Target::Address(_))) => target.clone(),
            };
            grants.links.insert(target.clone(), address);
        }
        let rendered = match template.render(&fields, &grants) {
            Ok(rendered) => rendered,
            Err(skip) => return Ok(Err(skip.into())),
        };
        let run = &self.plan.run;
        let message = NewMessage {
            from: run.from.clone(),
            body: Body::Text(rendered.text),
            class: run.class,
            route: run.route.as_deref().map(str::to_owned),
            time_zone: known.contact.zone.clone(),
            ..NewMessage::text(known.contact.number.clone(), "")
        };
        let prepared = match accept::prepare(self.settings, message, self.now) {
            Ok(prepared) => prepared,
            Err(refusal) => return Ok(Err(Unsent::Refused(refusal))),
        };
        let (segments, most) = (prepared.segments(), template.segments_max);
        if segments > usize::from(most) {
            return Ok(Err(Unsent::TooLong { segments, most }));
        }
        Ok(Ok((prepared.route().to_owned(), segments)))
    }

    /// Scales what was found to the whole audience, and foretells the end.
    fn finish(mut self) -> Forecast {
        for (route, leaving) in &self.loads {
            let (speed, known) = speed_of(self.settings, route);
            self.found.speed_known &= known;
            let loads: Vec<Load> = leaving.iter().map(|one| one.load).collect();
            let last = departure::last(&loads, speed, |n, at| leaving.get(n).map_or(at, |one| self.opens(one, at)));
            self.found.ends_at = self.found.ends_at.max(last);
        }
        let weight = self.weight;
        let scaled = |number: u64| scale(number, weight);
        let found = &mut self.found;
        let maps = [&mut found.parts, &mut found.blocked, &mut found.waiting, &mut found.skipped];
        maps.into_iter().flat_map(BTreeMap::values_mut).for_each(|number| *number = scaled(*number));
        for number in [&mut found.texts, &mut found.segments, &mut found.segments_without_price, &mut found.late] {
            *number = scaled(*number);
        }
        let cost = u64::try_from(found.cost.parts()).unwrap_or(0);
        found.cost = Price::from_parts(i64::try_from(scaled(cost)).unwrap_or(i64::MAX));
        self.found
    }

    /// From when on the hours let a text leave.
    fn opens(&self, leaving: &Leaving, at: Timestamp) -> Timestamp {
        let rules = &self.settings.consent;
        if at <= leaving.load.due_at || !rules.is_quiet(self.plan.run.class) {
            return at;
        }
        let contact = &leaving.known.contact;
        let own = contact.zone.as_deref().and_then(zone);
        match hours::when(&Place::of(&contact.number, rules, own.as_ref()), rules, false, at) {
            Verdict::NotBefore(open) => open,
            Verdict::Allowed | Verdict::Never => at,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "contacts and millionths are far fewer than 2^53, and neither is negative"
)]
fn scale(number: u64, weight: f64) -> u64 {
    (number as f64 * weight).round() as u64
}

/// How fast the first choice of a route is, and whether anything is known of that.
fn speed_of(settings: &Settings, route: &str) -> (Speed, bool) {
    let route = settings.routes.iter().find(|known| *known.name == *route);
    let group = route.and_then(|route| route.groups.iter().find_map(|name| settings.group(name)));
    let Some(group) = group else { return (Speed::default(), false) };
    let Some(pool) = &group.pool else { return (Speed { a_second: group.rate, a_day: None }, group.rate.is_some()) };
    // Modems that were found by themselves have no rules of their own; one is there at least.
    let rules: Vec<_> = if pool.modems.is_empty() { vec![&pool.rules] } else { pool.modems.values().collect() };
    let least = |rates: [Option<f64>; 3]| rates.into_iter().flatten().reduce(f64::min);
    let mut speed = Speed { a_second: Some(0.0), a_day: Some(0.0) };
    for rules in rules {
        let gap = rules.pace.gap.as_secs_f64();
        let second = least([
            (gap > 0.0).then(|| 1.0 / gap),
            rules.caps.minute.map(|most| f64::from(most) / 60.0),
            rules.caps.hour.map(|most| f64::from(most) / 3_600.0),
        ]);
        let day = least([rules.caps.day.map(f64::from), rules.caps.month.map(|most| f64::from(most) / 30.0), None]);
        speed.a_second = speed.a_second.zip(second).map(|(all, one)| all + one);
        speed.a_day = speed.a_day.zip(day).map(|(all, one)| all + one);
    }
    (speed, speed.a_second.is_some() || speed.a_day.is_some())
}
