//! How a finding is told: a mark, a name, a sentence, and below it the next step.

use serde::Serialize;

use crate::cli::modem::wrapped;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// It works, but somebody should look.
    Warn,
    /// Something does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub mark: Mark,
    /// What was looked at.
    pub name: String,
    /// What was found.
    pub text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What passed over it last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl Finding {
    /// With what passed over it last, if that is known.
    pub fn with_lines(self, lines: Option<&Vec<String>>) -> Self {
        Self { lines: lines.cloned().unwrap_or_default(), ..self }
    }
}

/// All is well with `name`.
pub fn ok(name: impl Into<String>, text: impl Into<String>) -> Finding {
    Finding { mark: Mark::Ok, name: name.into(), text: text.into(), next: None, lines: Vec::new() }
}

/// It works, but `next` would be better.
pub fn warn(name: impl Into<String>, text: impl Into<String>, next: impl Into<String>) -> Finding {
    Finding { mark: Mark::Warn, name: name.into(), text: text.into(), next: Some(next.into()), lines: Vec::new() }
}

/// It does not work until `next` is done.
pub fn fail(name: impl Into<String>, text: impl Into<String>, next: impl Into<String>) -> Finding {
    Finding { mark: Mark::Fail, name: name.into(), text: text.into(), next: Some(next.into()), lines: Vec::new() }
}

/// The lines of a finding, each fit for a phone.
pub fn lines(finding: &Finding) -> Vec<String> {
    const INDENT: &str = "      ";
    let mark = match finding.mark {
        Mark::Ok => "ok    ",
        Mark::Warn => "warn  ",
        Mark::Fail => "FAIL  ",
    };
    let mut lines = wrapped(INDENT, &format!("{}: {}", finding.name, finding.text));
    if let Some(first) = lines.first_mut() {
        first.replace_range(..INDENT.len(), mark);
    }
    lines.extend(finding.next.iter().flat_map(|next| wrapped("      ", &format!("-> {next}"))));
    lines.extend(finding.lines.iter().map(|line| format!("{INDENT}{line}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_has_its_mark_in_front_and_its_next_step_below() {
        assert_eq!(lines(&ok("clock", "is right")), ["ok    clock: is right"]);
        let fault = fail("disk", "12 MiB are free of the 256 MiB that the configuration keeps free", "free some room");
        let shown = lines(&fault);
        assert!(shown[0].starts_with("FAIL  disk: ") && shown.iter().all(|line| line.len() <= 80), "{shown:?}");
        assert_eq!(shown.last().unwrap(), "      -> free some room");
    }
}
