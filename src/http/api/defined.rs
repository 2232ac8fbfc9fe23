//! Services, surveys and contests have the same routes: they are listed, shown, defined and removed by name.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json as value};

use super::contact_view::refused;
use super::segment::{check_plain_name, parsed};
use super::template::PathName;
use super::{Api, json};
use crate::campaign::contest::Contest;
use crate::campaign::fault::Fault;
use crate::campaign::service::{Match, PATTERNS_MAX, SERVICES_MAX, Service};
use crate::campaign::survey::Survey;
use crate::http::problem::Problem;
use crate::http::token::Scope;
use crate::model::Timestamp;
use crate::store::campaign::contest as contests;
use crate::store::campaign::definition::{self as table, DEFINITIONS_MAX, Definition, Stored};
use crate::store::{StoreError, Tx};

/// What the routes need to know of one kind.
pub(super) trait Defined: Definition + Clone + Send + 'static {
    /// Most of them.
    const COUNT_MAX: usize;
    /// How a body begins, for who wrote it wrongly.
    const FORM: &'static str;

    /// The name in the body; empty if there is none.
    fn own_name(&self) -> &str;

    /// Every mistake with its place.
    fn faults(&self) -> Vec<Fault>;

    /// Writes it.
    fn define(self, tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// What stands in the way besides mistakes.
    fn hindrance(&self, _: &Tx<'_>, _: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
}

impl Defined for Service {
    const COUNT_MAX: usize = SERVICES_MAX;
    const FORM: &'static str = "{\"words\": [\"HOURS\"], \"reply\": {\"en\": …}}";

    fn own_name(&self) -> &str {
        &self.name
    }

    fn faults(&self) -> Vec<Fault> {
        self.check().err().unwrap_or_default()
    }

    fn define(self, tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        table::define_service(tx, name, self, now)
    }

    fn hindrance(&self, tx: &Tx<'_>, name: &str) -> Result<Option<String>, StoreError> {
        let full = self.how == Match::Regex && table::count_patterns(tx.connection(), name)? >= PATTERNS_MAX;
        Ok(full.then(|| format!("at most {PATTERNS_MAX} services look for patterns")))
    }
}

impl Defined for Survey {
    const COUNT_MAX: usize = DEFINITIONS_MAX;
    const FORM: &'static str =
        "{\"question\": [{\"id\": …, \"ask\": {\"en\": …}, \"kind\": …}], \"thanks\": {\"en\": …}}";

    fn own_name(&self) -> &str {
        &self.name
    }

    fn faults(&self) -> Vec<Fault> {
        self.check().err().unwrap_or_default()
    }

    fn define(self, tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        table::define(tx, name, self, now)
    }
}

impl Defined for Contest {
    const COUNT_MAX: usize = DEFINITIONS_MAX;
    const FORM: &'static str = "{\"closes\": \"2026-12-24\", \"winners\": 3, \"confirm\": {\"en\": …}}";

    fn own_name(&self) -> &str {
        &self.name
    }

    fn faults(&self) -> Vec<Fault> {
        self.check().err().unwrap_or_default()
    }

    fn define(self, tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        contests::define(tx, name, self, now)
    }
}

pub(super) fn name_of(what: &str, name: PathName) -> Result<String, Problem> {
    name.map(|path| path.0).map_err(|error| Problem::not_found(format!("there is no such {what}: {error}")))
}

pub(super) fn unknown<T: Definition>(name: &str) -> Problem {
    let (what, shown) = (T::KIND, name.chars().take(60).collect::<String>());
    Problem::not_found(format!("there is no {what} \"{shown}\"; GET /v1/{what}s lists all"))
}

/// A definition as it is shown: as it was sent, with its name and when it was changed.
pub(super) fn view<T: Definition>(stored: &Stored<T>) -> Value {
    let mut view = serde_json::to_value(&stored.definition).unwrap_or_default();
    if let Value::Object(fields) = &mut view {
        fields.insert("name".to_owned(), value!(stored.name));
        fields.insert("changed_at".to_owned(), value!(stored.changed_at.to_string()));
    }
    view
}

pub(super) async fn find<T: Defined>(api: &Api, name: &str) -> Result<Stored<T>, Problem> {
    let wanted = name.to_owned();
    let stored = api.backend().read(move |connection| table::find::<T>(connection, &wanted)).await?;
    stored.ok_or_else(|| unknown::<T>(name))
}

pub(super) async fn list<T: Defined>(api: &Api, headers: &HeaderMap) -> Result<Response, Problem> {
    api.authorize(headers, Scope::ConversationsRead, api.now()).await?;
    let all = api.backend().read(table::list::<T>).await?;
    let all: Vec<Value> = all.iter().map(view).collect();
    Ok(json(StatusCode::OK, &value!({format!("{}s", T::KIND): all})))
}

pub(super) async fn put<T: Defined>(api: &Api, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::ConversationsWrite, now).await?;
    let name = name_of(T::KIND, name)?;
    check_plain_name(&name, T::KIND)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let definition: T = parsed(&read.bytes, T::FORM)?;
    let mut faults = definition.faults();
    if !definition.own_name().is_empty() && definition.own_name() != name {
        faults.push(Fault::new("/name", "other_name", "the name is another one than that of the path"));
    }
    if !faults.is_empty() {
        return Err(refused("invalid_definition", faults));
    }
    let wanted = name.clone();
    let done = api.backend().write(move |tx| {
        if let Some(why) = definition.hindrance(tx, &wanted)? {
            return Ok(Err(why));
        }
        if table::count_others::<T>(tx.connection(), &wanted)? >= T::COUNT_MAX {
            return Ok(Err(format!("there are {} {}s already", T::COUNT_MAX, T::KIND)));
        }
        let new = definition.clone().define(tx, &wanted, now)?;
        Ok(Ok((new, table::find::<T>(tx.connection(), &wanted)?)))
    });
    match done.await? {
        Err(why) => Err(Problem::new(StatusCode::CONFLICT, "too_many", why)),
        Ok((new, stored)) => {
            let status = if new { StatusCode::CREATED } else { StatusCode::OK };
            Ok(json(status, &view(&stored.ok_or_else(|| unknown::<T>(&name))?)))
        }
    }
}

pub(super) async fn delete<T: Defined>(api: &Api, name: PathName, headers: &HeaderMap) -> Result<Response, Problem> {
    api.authorize(headers, Scope::ConversationsWrite, api.now()).await?;
    let name = name_of(T::KIND, name)?;
    let wanted = name.clone();
    if api.backend().write(move |tx| table::remove::<T>(tx, &wanted)).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(unknown::<T>(&name))
}

/// Rows as CSV. What a spreadsheet would take for a formula is put behind an apostrophe.
pub(super) fn csv(
    head: &[String],
    rows: impl Iterator<Item = Vec<String>>,
    next: Option<&str>,
) -> Result<Response, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = (|| {
        writer.write_record(head)?;
        for row in rows {
            writer.write_record(row.iter().map(|cell| plain_cell(cell)))?;
        }
        writer.flush().map_err(csv::Error::from)
    })();
    written.map_err(|_| Problem::bug())?;
    let body = writer.into_inner().map_err(|_| Problem::bug())?;
    let mut response = ([(axum::http::header::CONTENT_TYPE, "text/csv; charset=utf-8")], body).into_response();
    if let Some(next) = next.and_then(|next| next.parse().ok()) {
        response.headers_mut().insert("next-cursor", next);
    }
    Ok(response)
}

fn plain_cell(cell: &str) -> String {
    let number = cell
        .strip_prefix(['+', '-'])
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
    if !number && cell.starts_with(['=', '+', '-', '@', '\t']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_becomes_a_formula() {
        let cells = ["=1+1", "+821012345678", "-3.5", "-cmd", "@x", "fine"].map(plain_cell);
        assert_eq!(cells, ["'=1+1", "+821012345678", "-3.5", "'-cmd", "'@x", "fine"]);
    }
}
