//! What a technician asks of one modem: an AT command, a USSD code, a reset, a fresh look.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::request::not_json;
use crate::http::token::Scope;
use crate::model::{ModemRequest, ResetKind};

use super::modem::{PathName, find};
use super::modem_view::AnswerView;
use super::{Api, json};

/// The longest wait for a modem. A send under way may take three minutes, and a request waits behind it.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(240);
/// The longest AT command; modems' line buffers end somewhere above it.
const COMMAND_LENGTH_MAX: usize = 240;
/// The longest USSD text (3GPP TS 23.038: 160 octets of 7-bit characters).
const USSD_LENGTH_MAX: usize = 182;

/// An AT command.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AtRequest)]
#[serde(deny_unknown_fields)]
pub struct AtRequest {
    /// The command, without its line end.
    #[schema(example = "AT+CSQ")]
    command: String,
}

/// Sends one AT command between two messages, and gives the lines that came back.
#[utoipa::path(
    post, path = "/v1/modems/{name}/at", tag = "modems", security(("token" = ["modems:write"])),
    params(("name" = String, Path, description = "The modem's name")),
    request_body(content = AtRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The answer, whatever it says; the final result is its last line", body = AnswerView),
        (status = 404, description = "There is no such modem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The modem cannot be asked now", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Not a command, or one that would disturb sending", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "The modem did not answer", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn modem_at(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    ask(&api, name, request, |body| {
        let AtRequest { command } = asked(body, "{\"command\": \"AT+CSQ\"}")?;
        at_command(&command).map(ModemRequest::At).map_err(refused)
    })
    .await
}

/// A step of a USSD dialogue: one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UssdRequest)]
#[serde(deny_unknown_fields)]
pub struct UssdRequest {
    /// A code that opens a dialogue.
    #[schema(example = "*100#")]
    #[serde(default)]
    code: Option<String>,
    /// The answer to a menu.
    #[schema(example = "1")]
    #[serde(default)]
    answer: Option<String>,
    /// Ends an open dialogue.
    #[serde(default)]
    end: Option<bool>,
}

/// Sends a USSD code or the answer to a menu, and gives what the network says.
#[utoipa::path(
    post, path = "/v1/modems/{name}/ussd", tag = "modems", security(("token" = ["modems:write"])),
    params(("name" = String, Path, description = "The modem's name")),
    request_body(content = UssdRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "What the network says; `more` is true when it waits for an answer", body = AnswerView),
        (status = 404, description = "There is no such modem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The modem or the network refused", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Neither a code nor an answer nor an end", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "The modem did not answer", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn modem_ussd(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    ask(&api, name, request, |body| {
        let form = "{\"code\": \"*100#\"}, or \"answer\", or \"end\": true";
        match asked(body, form)? {
            UssdRequest { code: Some(text), answer: None, end: None }
            | UssdRequest { code: None, answer: Some(text), end: None } => {
                ussd_text(&text).map(ModemRequest::Ussd).map_err(refused)
            }
            UssdRequest { code: None, answer: None, end: Some(true) } => Ok(ModemRequest::UssdEnd),
            UssdRequest { .. } => Err(refused(format!("the body is {form}: one of the three"))),
        }
    })
    .await
}

/// A reset.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ResetRequest)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// How hard; `modem` if absent.
    #[serde(default)]
    kind: Kind,
}

/// How hard a modem is reset.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[schema(as = ResetKind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is set up anew; nothing is cut off.
    Init,
    /// Its own reset command, mostly `AT+CFUN=1,1`.
    #[default]
    Modem,
    /// The USB device is taken from the kernel and given back.
    Usb,
    /// The operator's hook, for example a power relay.
    Hook,
}

/// Resets a modem. What it is sending is finished first, or ends in doubt.
#[utoipa::path(
    post, path = "/v1/modems/{name}/reset", tag = "modems", security(("token" = ["modems:write"])),
    params(("name" = String, Path, description = "The modem's name")),
    request_body(content = ResetRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is begun", body = AnswerView),
        (status = 404, description = "There is no such modem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be reset so", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "There is no such kind of reset", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "The modem did not answer", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn modem_reset(State(api): State<Api>, name: PathName, request: Request<Body>) -> Result<Response, Problem> {
    ask(&api, name, request, |body| {
        let ResetRequest { kind } = asked(body, "{\"kind\": \"modem\"}, or \"init\", \"usb\" or \"hook\"")?;
        Ok(ModemRequest::Reset(match kind {
            Kind::Init => ResetKind::Init,
            Kind::Modem => ResetKind::Modem,
            Kind::Usb => ResetKind::Usb,
            Kind::Hook => ResetKind::Hook,
        }))
    })
    .await
}

/// Reads identity, network and signal again.
#[utoipa::path(
    post, path = "/v1/modems/{name}/refresh", tag = "modems", security(("token" = ["modems:write"])),
    params(("name" = String, Path, description = "The modem's name")),
    responses(
        (status = 200, description = "It is done", body = AnswerView),
        (status = 404, description = "There is no such modem", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The modem cannot be asked now", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 504, description = "The modem did not answer", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn modem_refresh(State(api): State<Api>, name: PathName, headers: HeaderMap) -> Result<Response, Problem> {
    api.authorize(&headers, Scope::ModemsWrite, api.now()).await?;
    answer_of(&api, name, ModemRequest::Refresh).await
}

async fn ask(
    api: &Api,
    name: PathName,
    request: Request<Body>,
    read: impl FnOnce(&[u8]) -> Result<ModemRequest, Problem>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    api.authorize(&head.headers, Scope::ModemsWrite, api.now()).await?;
    let what = read(&api.0.reader.json(&head.headers, body).await?.bytes)?;
    answer_of(api, name, what).await
}

async fn answer_of(api: &Api, name: PathName, what: ModemRequest) -> Result<Response, Problem> {
    let name = find(api, name)?.name;
    let asked = api.0.surroundings.modem_request(&name, what);
    match tokio::time::timeout(ANSWER_WAIT_MAX, asked).await {
        Ok(Some(answer)) => match AnswerView::of(answer) {
            Ok(view) => Ok(json(StatusCode::OK, &view)),
            Err(why) => Err(Problem::new(StatusCode::CONFLICT, "modem_refused", why)),
        },
        Ok(None) => Err(Problem::not_found(format!("the modem {name} is not there any more"))),
        Err(_) => {
            let detail = format!(
                "the modem {name} did not answer within {} s; reset it, or see why in its status",
                ANSWER_WAIT_MAX.as_secs()
            );
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "modem_silent", detail))
        }
    }
}

/// The JSON of a body; `form` shows how it is meant.
pub(super) fn asked<T: DeserializeOwned>(body: &[u8], form: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.is_data() {
        false => not_json(&error),
        true => refused(format!("the body is {form}: {error}")),
    })
}

fn refused(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail)
}

/// Commands after which a modem waits for more than a line, or leaves command mode: they would take the port away.
const PROMPTING: [&str; 6] = ["+CMGS=", "+CMGW=", "+CMGC=", "+CGDATA", "+CIPSEND", "+CNMA="];

/// Checks an AT command that a technician typed.
///
/// # Errors
/// A sentence on why it cannot be sent beside messages.
pub fn at_command(text: &str) -> Result<String, String> {
    let command = text.trim();
    let upper = command.to_ascii_uppercase();
    if !upper.starts_with("AT") {
        return Err("an AT command begins with AT, like AT+CSQ".to_owned());
    }
    if command.len() > COMMAND_LENGTH_MAX || !command.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(format!("an AT command is one line of at most {COMMAND_LENGTH_MAX} plain ASCII characters"));
    }
    let after = |start: &&str| upper.split(*start).skip(1).any(|rest| !rest.starts_with('?'));
    if PROMPTING.iter().any(after) {
        return Err("this command waits for more than a line and would disturb sending; use sms-test to send a \
                    message"
            .to_owned());
    }
    if matches!(upper.as_bytes().get(2), Some(b'D' | b'O')) {
        return Err("ATD and ATO put the port into data mode, where no message can be sent".to_owned());
    }
    Ok(command.to_owned())
}

/// Checks a USSD code, or the answer to a menu.
///
/// # Errors
/// A sentence on what is wrong with it.
pub fn ussd_text(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > USSD_LENGTH_MAX || text.chars().any(|c| c.is_control() || c == '"') {
        return Err(format!(
            "a USSD code is like *100#, an answer one line of 1 to {USSD_LENGTH_MAX} characters without quotation marks"
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_would_take_the_port_away_are_refused() {
        for good in ["AT", "ati", " AT+CSQ ", "AT+CMGS=?", "AT+CUSD=1,\"*100#\",15", "AT^HWVER"] {
            assert_eq!(at_command(good), Ok(good.trim().to_owned()));
        }
        for bad in ["", "hello", "+CSQ", "AT+CMGS=23", "at+csq;+cmgs=23", "AT+CMGW=5", "ATD*99#", "ATO", "AT+CNMA=1,2"]
        {
            assert!(at_command(bad).is_err(), "{bad}");
        }
        assert!(at_command("AT+CSQ\rAT+CMGD=1,4").is_err(), "a second line would be a second command");
        assert!(at_command(&format!("AT{}", "x".repeat(240))).is_err());
    }

    #[test]
    fn ussd_texts_are_one_line_that_cannot_leave_its_quotation_marks() {
        assert_eq!(ussd_text("*100#"), Ok("*100#".to_owned()));
        assert_eq!(ussd_text(" 1 "), Ok("1".to_owned()));
        for bad in ["", "  ", "*100#\",15\r", "a\nb"] {
            assert!(ussd_text(bad).is_err(), "{bad}");
        }
        assert!(ussd_text(&"1".repeat(183)).is_err());
    }
}
