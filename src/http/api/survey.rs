//! `/v1/surveys`: defining surveys, asking them, and what was answered.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::contact_view::refused;
use super::segment::parsed;
use super::template::PathName;
use super::{Api, defined, json, query};
use crate::campaign::contact::read_number;
use crate::campaign::survey::Survey;
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::token::Scope;
use crate::model::Class;
use crate::pipeline::Turn;
use crate::pipeline::talk::{Begin, NotBegun, start_survey};
use crate::store::campaign::contact;
use crate::store::campaign::survey::{self as runs, Run};

/// A survey; `docs/CONVERSATIONS.md` describes it.
#[derive(Debug, ToSchema)]
#[schema(as = Survey)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct SurveyDocument {
    /// Its name; that of the path if absent.
    name: Option<String>,
    /// What it is called, by language.
    #[schema(value_type = Option<Object>)]
    title: Option<Value>,
    /// How long an answer is waited for; 24h if absent.
    #[schema(example = "24h")]
    timeout: Option<String>,
    /// How often a question may be answered wrongly; 3 if absent.
    tries: Option<u8>,
    /// What is said at the end, by language.
    #[schema(value_type = Option<Object>)]
    thanks: Option<Value>,
    /// 1 to 20 questions: `id`, `ask`, `kind` (number, choice, text, yes_no, date), `min`, `max`, `choices`, `attribute`,
    /// `wrong`, `required`.
    #[schema(value_type = Vec<Object>, example = json!([{"id": "rating", "ask": {"en": "How was it, 1 to 5?"}, "kind": "number", "min": 1, "max": 5}]))]
    question: Vec<Value>,
    /// An event that is recorded at the end besides `survey_answered`.
    #[schema(example = "feedback")]
    event: Option<String>,
    /// How many people it was asked, by how it stands with them; only when it is shown alone.
    #[schema(value_type = Option<Object>)]
    counts: Option<Value>,
    /// When it was last changed.
    #[schema(format = DateTime)]
    changed_at: Option<String>,
}

/// All surveys.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct Surveys {
    /// By name.
    surveys: Vec<SurveyDocument>,
}

/// Lists the surveys.
#[utoipa::path(
    get, path = "/v1/surveys", tag = "conversations", security(("token" = ["conversations:read"])),
    responses((status = 200, description = "All surveys", body = Surveys))
)]
pub async fn list_surveys(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    defined::list::<Survey>(&api, &headers).await
}

/// Shows a survey, and with how many people it stands how.
#[utoipa::path(
    get, path = "/v1/surveys/{name}", tag = "conversations", security(("token" = ["conversations:read"])),
    params(("name" = String, Path, description = "The survey's name")),
    responses(
        (status = 200, description = "The survey", body = SurveyDocument),
        (status = 404, description = "There is no such survey", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_survey(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ConversationsRead, api.now()).await?;
    let name = defined::name_of("survey", name)?;
    let mut view = defined::view(&defined::find::<Survey>(&api, &name).await?);
    let counts = api.backend().read(move |connection| runs::counts(connection, &name)).await?;
    if let Value::Object(fields) = &mut view {
        fields.insert("counts".to_owned(), serde_json::json!(counts));
    }
    Ok(json(StatusCode::OK, &view))
}

/// Defines a survey, or changes it. Who is being asked goes on with the changed one.
#[utoipa::path(
    put, path = "/v1/surveys/{name}", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The survey's name: small letters, digits, _ and -")),
    request_body(content = SurveyDocument, content_type = "application/json"),
    responses(
        (status = 200, description = "It is changed", body = SurveyDocument),
        (status = 201, description = "It is defined", body = SurveyDocument),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There are too many", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Something in it is wrong, each mistake named in `errors`", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn put_survey(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    defined::put::<Survey>(&api, name, request).await
}

/// Removes a survey. Its answers stay; who is being asked is asked no more.
#[utoipa::path(
    delete, path = "/v1/surveys/{name}", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The survey's name")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "There is no such survey", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_survey(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    defined::delete::<Survey>(&api, name, &headers).await
}

/// Who is to be asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// The contact's number; a number of which no contact is known becomes one.
    #[schema(example = "+821012345678")]
    contact: String,
    /// The class of the first question: `marketing` if absent, so that hours, caps and consent hold, or `transactional`.
    class: Option<String>,
}

/// A survey that began.
#[derive(Debug, Serialize, ToSchema)]
pub struct StartedView {
    /// The survey.
    survey: String,
    /// Whom.
    contact: String,
    /// The number by which the answers are listed.
    run: i64,
}

/// Asks a contact the first question.
#[utoipa::path(
    post, path = "/v1/surveys/{name}/start", tag = "conversations", security(("token" = ["conversations:write"])),
    params(("name" = String, Path, description = "The survey's name")),
    request_body(content = StartRequest, content_type = "application/json"),
    responses(
        (status = 202, description = "The first question is accepted", body = StartedView),
        (status = 400, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such survey", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The contact is asked something already, or may not be written to", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The contact is no number, or the question cannot be written", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn start_survey_now(
    State(api): State<Api>,
    name: PathName,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let now = api.now();
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::ConversationsWrite, now).await?;
    let name = defined::name_of("survey", name)?;
    let read = api.0.reader.json(&head.headers, body).await?;
    let asked: StartRequest = parsed(&read.bytes, "{\"contact\": NUMBER}")?;
    let number = read_number(&asked.contact, api.0.defaults.country)
        .map_err(|fault| refused("invalid_contact", vec![fault.under("/contact")]))?;
    let class: Class = query::parse("class", asked.class.as_deref())?.unwrap_or(Class::Marketing);
    let (settings, survey, whom) = (api.0.surroundings.settings(), name.clone(), number.clone());
    let (begun, wakes) = api
        .backend()
        .write(move |tx| {
            let turn = Turn::new(tx, &settings, now);
            let begun = tx.attempt(|tx| {
                let id = contact::ensure(tx, &whom, now)?;
                let Some(to) = contact::by_id(tx.connection(), id)? else {
                    return Ok(Err(NotBegun::Unknown(survey.clone())));
                };
                start_survey(&turn, &to, &survey, Begin { by: "api", class, ours: None })
            })?;
            Ok((begun, turn.wakes()))
        })
        .await?;
    api.0.surroundings.wake(wakes);
    let conflict = |why: &NotBegun| Problem::new(StatusCode::CONFLICT, "not_begun", why.to_string());
    match begun {
        Ok(run) => Ok(json(StatusCode::ACCEPTED, &StartedView { survey: name, contact: number.to_string(), run })),
        Err(NotBegun::Unknown(_)) => Err(defined::unknown::<Survey>(&name)),
        Err(why @ (NotBegun::Open(_) | NotBegun::Blocked(_))) => Err(conflict(&why)),
        Err(NotBegun::Unsent(why)) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why.code(), why.to_string())),
    }
}

/// Which answers are shown, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AnswersQuery {
    /// `json` if absent, or `csv`.
    pub(super) format: Option<String>,
    /// Where the page before ended: its `next`, or the header Next-Cursor of CSV.
    pub(super) cursor: Option<String>,
    /// How many at most, 1 to 1000; 100 if absent.
    pub(super) limit: Option<String>,
}

/// A page of answers, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerPage {
    /// One for each time that somebody was asked.
    answers: Vec<RunView>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What one contact was asked and answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    /// Which time it was.
    run: i64,
    /// The contact's number; absent if the contact is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
    /// `open`, `done`, `timed_out`, `stopped`, `gave_up` or `unsent`.
    #[schema(value_type = String)]
    state: &'static str,
    /// What began it: `service NAME`, `workflow NAME`, `api` or `page`.
    begun_by: String,
    /// The answers by question.
    #[schema(value_type = Object)]
    answers: Map<String, Value>,
    /// When it began.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

impl RunView {
    pub(super) fn of(run: Run, contact: Option<String>) -> Self {
        Self {
            run: run.id,
            contact,
            state: run.state.as_str(),
            begun_by: run.begun_by,
            answers: run.answers,
            started_at: run.started_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
        }
    }

    fn cells(&self, questions: &[String]) -> Vec<String> {
        let answer = |id: &String| match self.answers.get(id) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => other.to_string(),
        };
        let own = [
            self.run.to_string(),
            self.contact.clone().unwrap_or_default(),
            self.state.to_owned(),
            self.begun_by.clone(),
            self.started_at.clone(),
            self.ended_at.clone().unwrap_or_default(),
        ];
        own.into_iter().chain(questions.iter().map(answer)).collect()
    }
}

/// Shows what was answered, also to a survey that was removed.
#[utoipa::path(
    get, path = "/v1/surveys/{name}/answers", tag = "conversations", security(("token" = ["conversations:read"])),
    params(("name" = String, Path, description = "The survey's name"), AnswersQuery),
    responses(
        (status = 200, description = "A page of answers", body = AnswerPage),
        (status = 400, description = "The query is wrong", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_answers(
    State(api): State<Api>,
    name: PathName,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ConversationsRead, api.now()).await?;
    let name = defined::name_of("survey", name)?;
    let asked: AnswersQuery = query::read(&uri)?;
    let limit = query::limit(asked.limit.as_deref())?;
    let before: Option<i64> = query::parse("cursor", asked.cursor.as_deref())?;
    let wanted = name.clone();
    let answers: Vec<RunView> = api
        .backend()
        .read(move |connection| {
            let mut views = Vec::new();
            for run in runs::of_survey(connection, &wanted, before, limit)? {
                let stored = contact::by_id(connection, run.contact)?;
                views.push(RunView::of(run, stored.map(|stored| stored.contact.number.to_string())));
            }
            Ok(views)
        })
        .await?;
    let next = (answers.len() == limit).then(|| answers.last().map(|last| last.run.to_string())).flatten();
    if !is_csv(asked.format.as_deref())? {
        return Ok(json(StatusCode::OK, &AnswerPage { answers, next }));
    }
    let survey = defined::find::<Survey>(&api, &name).await?.definition;
    let questions: Vec<String> = survey.questions.into_iter().map(|question| question.id).collect();
    let own = ["run", "contact", "state", "begun_by", "started_at", "ended_at"].map(str::to_owned);
    let head: Vec<String> = own.into_iter().chain(questions.iter().cloned()).collect();
    defined::csv(&head, answers.iter().map(|view| view.cells(&questions)), next.as_deref())
}

/// Whether a list is asked for as CSV.
pub(super) fn is_csv(format: Option<&str>) -> Result<bool, Problem> {
    match format {
        None | Some("json") => Ok(false),
        Some("csv") => Ok(true),
        Some(_) => Err(Problem::bad_request("invalid_query", "query parameter format: json or csv")),
    }
}
