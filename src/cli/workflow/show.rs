//! What is printed of workflows and enrolments.

use anyhow::bail;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::out;
use super::super::time::local;
use crate::pipeline::workflow as stage;
use crate::store::campaign::enrolment::{self, Enrolment};
use crate::store::campaign::{contact, workflow as table};

/// All workflows.
pub fn list(connection: &Connection, as_json: bool) -> anyhow::Result<()> {
    let all = table::list(connection)?;
    let mut rows = vec![["name", "version", "active", "running", "ended", "title"].map(str::to_owned)];
    let mut views = Vec::new();
    for stored in all {
        let counts = enrolment::counts(connection, &stored.workflow.name)?;
        let sum = |ended: bool| {
            counts.iter().filter(|count| count.outcome.is_some() == ended).map(|count| count.enrolments).sum::<i64>()
        };
        let (running, ended) = (sum(false), sum(true));
        let (version, active) = (stored.standing.version, stored.standing.active);
        views.push(json!({ "name": stored.workflow.name, "title": stored.workflow.title, "version": version,
            "active": active, "running": running, "ended": ended }));
        let active = if active { "yes" } else { "no" };
        let cells = [
            stored.workflow.name,
            version.to_string(),
            active.to_owned(),
            running.to_string(),
            ended.to_string(),
            stored.workflow.title,
        ];
        rows.push(cells);
    }
    if as_json {
        out::line(json!({ "workflows": views }))?;
        return Ok(());
    }
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    Ok(())
}

/// One workflow.
pub fn one(connection: &Connection, name: &str, as_json: bool) -> anyhow::Result<()> {
    let Some(stored) = table::find(connection, name)? else {
        bail!("there is no workflow \"{name}\"; postrider workflow list shows all")
    };
    let counts = enrolment::counts(connection, name)?;
    let missing = stage::missing(connection, stored.workflow.names())?;
    let missing: Vec<String> = missing.iter().map(|gone| format!("{} \"{}\"", gone.kind, gone.name)).collect();
    let versions = table::versions(connection, name)?;
    if as_json {
        let counts = counts
            .iter()
            .map(|count| json!({ "step": count.step, "outcome": count.outcome, "enrolments": count.enrolments }));
        out::line(json!({ "name": name, "title": stored.workflow.title, "version": stored.standing.version,
            "versions": versions, "active": stored.standing.active, "missing": missing,
            "counts": counts.collect::<Vec<_>>(), "definition": stored.workflow.source }))?;
        return Ok(());
    }
    let active = if stored.standing.active { "active" } else { "not active" };
    out::line(format_args!("{name}: {}, version {}, {active}", stored.workflow.title, stored.standing.version))?;
    for gone in missing {
        out::line(format_args!("it names what is not there: {gone}"))?;
    }
    if versions.len() > 1 {
        let older: Vec<String> = versions.iter().skip(1).map(ToString::to_string).collect();
        out::line(format_args!("contacts still run on version {}", older.join(", ")))?;
    }
    let mut rows = vec![["step", "outcome", "contacts"].map(str::to_owned)];
    rows.extend(counts.into_iter().map(|count| {
        [count.step, count.outcome.unwrap_or_else(|| "running".to_owned()), count.enrolments.to_string()]
    }));
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    out::gap()?;
    out::line(serde_json::to_string_pretty(&stored.workflow.source)?)?;
    Ok(())
}

/// Enrolments; of a single one all that was done.
pub fn enrolments(connection: &Connection, found: &[Enrolment], as_json: bool) -> anyhow::Result<()> {
    let mut rows = vec![["contact", "step", "stands", "began", "goes on"].map(str::to_owned)];
    for one in found {
        let stored = contact::by_id(connection, one.contact)?;
        let number = stored.map_or_else(|| "gone".to_owned(), |stored| stored.contact.number.to_string());
        if as_json {
            let visits = enrolment::visits(connection, one.id)?;
            let visits = visits.iter().map(|visit| {
                json!({ "step": visit.step, "at": visit.at.to_string(), "what": visit.what,
                    "message": visit.message.map(|id| id.to_string()) })
            });
            out::line(json!({ "id": one.id, "contact": number, "workflow": one.workflow, "version": one.version,
                "step": one.step, "outcome": one.outcome, "cause": one.cause, "started_at": one.started_at.to_string(),
                "due_at": one.due_at.map(|at| at.to_string()), "event": one.event.clone().map(Value::Object),
                "visits": visits.collect::<Vec<_>>() }))?;
            continue;
        }
        let stands = one.outcome.clone().unwrap_or_else(|| "running".to_owned());
        let due = one.due_at.map(local).unwrap_or_default();
        rows.push([number, one.step.clone(), stands, local(one.started_at), due]);
    }
    if as_json {
        return Ok(());
    }
    for line in out::columns(&rows) {
        out::line(line)?;
    }
    if let [one] = found {
        out::gap()?;
        let visits =
            enrolment::visits(connection, one.id)?.into_iter().map(|visit| [local(visit.at), visit.step, visit.what]);
        for line in out::columns(&visits.collect::<Vec<_>>()) {
            out::line(line)?;
        }
    }
    Ok(())
}
