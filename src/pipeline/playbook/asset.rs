//! The things that playbooks bring, each written to and read from the table of its kind.

use rusqlite::Connection;
use serde::Serialize;

use crate::campaign::contest::Contest;
use crate::campaign::locale::Locale;
use crate::campaign::playbook::{Asset, Definition};
use crate::campaign::service::Service;
use crate::campaign::survey::Survey;
use crate::campaign::texts::Texts;
use crate::pipeline::{Turn, workflow as workflows};
use crate::store::StoreError;
use crate::store::campaign::{contest, coupon, definition, page, playbook, segment, template, workflow};

/// Writes one; says whether it is new.
pub fn put(turn: &Turn<'_>, asset: &Asset, language: &str) -> Result<bool, StoreError> {
    let (tx, name, now) = (turn.tx, asset.name.as_str(), turn.now);
    match &asset.definition {
        Definition::Template(of) => template::define(tx, name, name, of, now),
        Definition::Coupon(pool) => coupon::define(tx, name, pool, now),
        Definition::Segment(title, tree) => {
            segment::define(tx, name, in_language(title, language), &tree.to_string(), now)
        }
        Definition::Survey(survey) => definition::define(tx, name, survey.clone(), now),
        Definition::Contest(of) => contest::define(tx, name, of.clone(), now),
        Definition::Page(of) => page::define(tx, name, of, now),
        Definition::Service(service) => definition::define_service(tx, name, (**service).clone(), now),
        Definition::Workflow(of) => match workflows::define(turn, of)? {
            Some(version) => Ok(version == 1),
            None => Err(StoreError::Row("there are as many workflows as there may be".to_owned())),
        },
    }
}

fn in_language<'t>(texts: &'t Texts, language: &str) -> &'t str {
    texts.source(language.parse::<Locale>().ok().as_ref()).1
}

/// What there is of this kind and name now, as JSON.
pub fn current(connection: &Connection, kind: &str, name: &str) -> Result<Option<String>, StoreError> {
    match kind {
        "template" => json(template::find(connection, name)?.map(|stored| stored.template)),
        "coupon" => json(coupon::find(connection, name)?),
        "segment" => Ok(segment::find(connection, name)?.map(|stored| stored.tree)),
        "survey" => json(definition::find::<Survey>(connection, name)?.map(|stored| stored.definition)),
        "contest" => json(definition::find::<Contest>(connection, name)?.map(|stored| stored.definition)),
        "service" => json(definition::find::<Service>(connection, name)?.map(|stored| stored.definition)),
        "page" => json(page::stored(connection, name)?.map(|stored| stored.page)),
        "workflow" => Ok(workflow::find(connection, name)?.map(|stored| stored.workflow.source.to_string())),
        other => Err(StoreError::Row(format!("playbook_asset: nothing is called \"{other}\""))),
    }
}

fn json<T: Serialize>(value: Option<T>) -> Result<Option<String>, StoreError> {
    value.map(|value| serde_json::to_string(&value)).transpose().map_err(|error| StoreError::Row(error.to_string()))
}

/// Whether somebody has something of it: a code, a link.
pub fn is_in_use(connection: &Connection, kind: &str, name: &str) -> Result<bool, StoreError> {
    match kind {
        "coupon" => Ok(coupon::counts(connection, name)?.issued > 0),
        "page" => playbook::is_linked(connection, name),
        _ => Ok(false),
    }
}

/// Takes one away; says whether it was there.
pub fn remove(turn: &Turn<'_>, kind: &str, name: &str) -> Result<bool, StoreError> {
    match kind {
        "template" => template::remove(turn.tx, name),
        "coupon" => coupon::remove(turn.tx, name),
        "segment" => segment::remove(turn.tx, name),
        "survey" => definition::remove::<Survey>(turn.tx, name),
        "contest" => definition::remove::<Contest>(turn.tx, name),
        "service" => definition::remove::<Service>(turn.tx, name),
        "page" => page::remove(turn.tx, name),
        "workflow" => workflows::remove(turn, name),
        other => Err(StoreError::Row(format!("playbook_asset: nothing is called \"{other}\""))),
    }
}
