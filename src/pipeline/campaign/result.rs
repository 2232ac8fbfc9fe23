//! What a campaign came to, put together from its definition and all that was counted.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::plan::Plan;
use crate::campaign::run::report::Report;
use crate::campaign::run::{Phase, pools};
use crate::model::Timestamp;
use crate::pipeline::Settings;
use crate::store::StoreError;
use crate::store::campaign::run::{self, report};

/// The report of a campaign, if there is one. A draft has an empty one.
///
/// # Errors
/// The store's own.
pub fn report(
    connection: &Connection,
    settings: &Settings,
    name: &str,
    now: Timestamp,
) -> Result<Option<Report>, StoreError> {
    let Some(stored) = run::find(connection, name)? else { return Ok(None) };
    let mut found = Report {
        name: stored.name.clone(),
        title: stored.title.clone(),
        phase: stored.phase.as_str().to_owned(),
        at: now,
        begins_at: stored.begins_at,
        currency: settings.prices.currency.clone(),
        ..Report::default()
    };
    if stored.phase == Phase::Draft {
        return Ok(Some(found));
    }
    let plan = Plan::of(&stored)?;
    let pools: BTreeSet<String> = plan.templates.values().flat_map(pools).collect();
    let pools: Vec<String> = pools.into_iter().collect();
    report::read(connection, &stored, plan.run.attribution, &pools, &mut found)?;
    Ok(Some(found))
}
