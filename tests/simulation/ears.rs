//! What tools heard: each final state once and in order, and each incoming message once.

use std::collections::BTreeMap;

use postrider::model::MessageId;
use postrider::store::Database;

use super::oracle::Oracle;
use super::rows::told;

/// What a message's timeline or an incoming message owes to the tool, by the callback's type.
fn owed(database: &Database) -> Result<BTreeMap<MessageId, Vec<String>>, String> {
    let found = database.read(|connection| {
        let mut all: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let mut statement = connection.prepare("SELECT message, state FROM event ORDER BY message, n")?;
        let mut rows = statement.query([])?;
        let mut before: Option<(i64, String)> = None;
        while let Some(row) = rows.next()? {
            let line: (i64, String) = (row.get(0)?, row.get(1)?);
            // A line that repeats the state is a remark.
            let is_final = !matches!(&*line.1, "scheduled" | "queued" | "leased" | "sent");
            if is_final && before.as_ref() != Some(&line) {
                all.entry(line.0).or_default().push(format!("message.{}", line.1));
            }
            before = Some(line);
        }
        let mut statement = connection.prepare("SELECT id FROM inbound")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            all.insert(row.get(0)?, vec!["inbound.received".to_owned()]);
        }
        Ok(all)
    });
    let all = found.map_err(told)?.into_iter();
    Ok(all.filter_map(|(id, told)| Some((MessageId::from_i64(id)?, told))).collect())
}

/// Holds what tools heard against what they are owed.
pub fn check(oracle: &Oracle, database: &Database) -> Result<(), String> {
    let owed = owed(database)?;
    for (id, owed) in &owed {
        let heard = in_order(*id, oracle.heard.get(id).map_or(&[], Vec::as_slice))?;
        if heard != *owed {
            return Err(format!("a tool heard {heard:?} of a message, and {owed:?} is on its timeline [{id}]"));
        }
    }
    match oracle.heard.keys().find(|id| !owed.contains_key(id)) {
        Some(id) => Err(format!("a tool heard of {id}, which is not there")),
        None => Ok(()),
    }
}

/// The kinds of a message's callbacks, each once. A repeated one, after a failure or a crash, is the same word for word.
fn in_order(id: MessageId, heard: &[(u32, String)]) -> Result<Vec<String>, String> {
    let mut all: Vec<(u32, &str)> = Vec::new();
    for (n, body) in heard {
        match all.last() {
            Some((last, known)) if last == n => {
                if known != body {
                    return Err(format!("callback {n} of {id} was told in two ways"));
                }
            }
            Some((last, _)) if last >= n => return Err(format!("callback {n} of {id} came after {last}")),
            _ => all.push((*n, body)),
        }
    }
    let kind = |body: &str| {
        let value: serde_json::Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        Ok(value["type"].as_str().unwrap_or_default().to_owned())
    };
    all.into_iter().map(|(_, body)| kind(body)).collect()
}
