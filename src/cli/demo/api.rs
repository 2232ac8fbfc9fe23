//! The demo's own use of the API: post a message, look at it.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::samples::Sample;
use crate::cli::http1::{Connection, request};
use crate::model::Timestamp;

/// A connection to the API, and the right to use it.
pub struct Api {
    connection: Connection,
    token: String,
}

/// What a look at a message showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its state.
    pub state: String,
    /// The states that it went through, each once.
    pub path: Vec<String>,
    /// Its alphabet.
    pub alphabet: String,
    /// How many segments it has.
    pub segments: u64,
    /// What was said last about it.
    pub note: String,
}

impl Seen {
    /// Whether nothing more is to come.
    pub fn is_final(&self) -> bool {
        self.state.parse().is_ok_and(crate::model::State::is_final)
    }

    /// A timeline keeps no line for the state that a message was accepted in; whoever looked then knows it.
    pub fn after(mut self, before: &Self) -> Self {
        if let (Some(first), Some(known)) = (self.path.first_mut(), before.path.first()) {
            first.clone_from(known);
        }
        self
    }
}

impl Api {
    /// Connects.
    pub async fn open(url: &str, token: &str) -> anyhow::Result<Self> {
        let place = url.parse().map_err(anyhow::Error::msg)?;
        Ok(Self { connection: Connection::open(&place).await?, token: token.to_owned() })
    }

    /// Posts a sample; gives its id.
    pub async fn post(&mut self, sample: &Sample, now: Timestamp) -> anyhow::Result<String> {
        let mut message = json!({
            "to": sample.to,
            "text": sample.text.repeat(sample.times),
            "reference": sample.name,
            "tags": ["demo"],
        });
        if let Some(from) = sample.from {
            message["from"] = json!(from);
        }
        if !sample.after.is_zero() {
            message["send_at"] = json!(now.plus(sample.after).to_string());
        }
        let answer = self.ask("POST", "/v1/messages", Some(&message.to_string()), 202).await?;
        let id = answer.get("id").and_then(Value::as_str);
        Ok(id.context("the answer has no id")?.to_owned())
    }

    /// Looks at a message.
    pub async fn look(&mut self, id: &str) -> anyhow::Result<Seen> {
        let answer = self.ask("GET", &format!("/v1/messages/{id}"), None, 200).await?;
        let word = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let timeline = answer.get("timeline").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut path: Vec<String> = timeline.iter().map(|line| word(line, "state")).collect();
        path.dedup();
        Ok(Seen {
            state: word(&answer, "state"),
            path,
            alphabet: word(&answer, "alphabet"),
            segments: answer.get("segments").and_then(Value::as_u64).unwrap_or_default(),
            note: timeline.last().map(|line| word(line, "note")).unwrap_or_default(),
        })
    }

    /// What a modem is doing.
    pub async fn stage(&mut self, modem: &str) -> anyhow::Result<String> {
        let answer = self.ask("GET", &format!("/v1/modems/{modem}"), None, 200).await?;
        Ok(answer.get("stage").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Asks for something; any other status than the one that is expected is an error.
    pub async fn ask(&mut self, method: &str, path: &str, body: Option<&str>, expected: u16) -> anyhow::Result<Value> {
        let answer = self.connection.exchange(&request(method, path, &self.token, body)).await?;
        let said = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == expected, "{method} {path} was answered with {}: {said}", answer.status);
        serde_json::from_slice(&answer.body).with_context(|| format!("{method} {path} was answered with no JSON"))
    }
}
