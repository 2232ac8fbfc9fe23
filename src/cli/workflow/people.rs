//! The contact of a play: a number, a file, or a contact of a real database.

use std::path::Path;

use anyhow::{Context, anyhow};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::world::World;
use crate::campaign::contact::{ContactChange, read_number};
use crate::campaign::law;
use crate::model::{Country, PhoneNumber};
use crate::store::campaign::{contact, point};
use crate::store::{StoreError, open_reader};

/// Brings the contact in, and what a database has.
pub fn people(
    world: &mut World,
    who: &str,
    database: Option<&Path>,
    country: Option<Country>,
) -> anyhow::Result<PhoneNumber> {
    let path = Path::new(who);
    let from = database.map(open_reader).transpose()?;
    if let Some(from) = &from {
        world.copy(from)?;
    }
    if path.is_file() {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let json: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
        let change = ContactChange::from_json(&json, None, country).map_err(|faults| {
            anyhow!("{}: {}", path.display(), faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        world.turn(|turn| contact::upsert(turn.tx, &change, turn.now))??;
        return Ok(change.number);
    }
    let number =
        read_number(who, country).map_err(|fault| anyhow!("--contact is a number or a file: {}", fault.detail))?;
    let known = from.as_ref().map(|from| {
        Ok::<_, StoreError>(match contact::find(from, &number)? {
            Some(stored) => Some((point::of(from, stored.id)?, stored)),
            None => None,
        })
    });
    match known.transpose()?.flatten() {
        Some((points, stored)) => {
            let mut json = Value::Object(stored.contact.to_json());
            if let Some(fields) = json.as_object_mut() {
                fields.remove("country");
            }
            let change = ContactChange::from_json(&json, None, country)
                .map_err(|faults| anyhow!("the contact cannot be taken over: {faults:?}"))?;
            world.turn(|turn| {
                contact::upsert(turn.tx, &change, turn.now)?.map_err(|fault| StoreError::Row(fault.to_string()))?;
                let id = contact::ensure(turn.tx, &number, turn.now)?;
                point::save(turn.tx, id, &points)
            })?;
        }
        None => drop(world.turn(|turn| contact::ensure(turn.tx, &number, turn.now))?),
    }
    Ok(number)
}

/// The contact's time zone.
pub fn zone_of(world: &World, number: &PhoneNumber) -> anyhow::Result<TimeZone> {
    let stored = world.read(|c| contact::find(c, number))?;
    Ok(stored.and_then(|stored| stored.contact.calendar().and_then(law::zone)).unwrap_or(TimeZone::UTC))
}
