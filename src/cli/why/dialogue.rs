//! What passed over the links of a message while they had it, as far as the running daemon still has it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::story::Story;
use crate::cli::api::Daemon;
use crate::cli::database::Which;
use crate::cli::trace;
use crate::http::TraceLineView;
use crate::model::Timestamp;
use crate::store::event::Event;
use crate::store::submission::Submission;

/// What is looked at before the first step over a link, and after the last.
const AROUND: Duration = Duration::from_secs(5);
/// Lines that are shown of one link.
const LINES_MAX: usize = 60;

/// Tells the dialogue of each modem, and of each carrier what was no ordinary traffic. Without a daemon there is nothing to
/// tell, and no need to say so.
pub fn tell(story: &mut Story, which: &Which, events: &[Event], submissions: &[Submission]) {
    // A database that is named by itself need not be that of the daemon.
    if which.db.is_some() {
        return;
    }
    let daemon = Daemon { config: which.config.clone(), url: None, token: None };
    let Ok(api) = daemon.find() else { return };
    let ended = events.iter().map(|event| event.at).max();
    let mut links: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for one in submissions {
        let span = links.entry(&one.link).or_insert((one.at, one.at));
        *span = (span.0.min(one.at), span.1.max(one.at).max(ended.unwrap_or(one.at)));
    }
    for (link, (from, to)) in links {
        let Ok(lines) = trace::of(&api, link, story.is_full()) else { continue };
        let span = (from.minus(AROUND), to.plus(AROUND));
        let lines: Vec<&TraceLineView> = lines.iter().filter(|line| belongs(line, span)).collect();
        if lines.is_empty() {
            continue;
        }
        story.heading(&format!("What passed over {link} meanwhile, with other messages' (postrider trace {link})"));
        if lines.len() > LINES_MAX {
            story.push(format!("  the last {LINES_MAX} of {}", lines.len()));
        }
        for line in &lines[lines.len().saturating_sub(LINES_MAX)..] {
            story.push(format!("  {}", trace::shown(line)));
        }
    }
}

/// Whether a line falls into the time, and is not one of the PDUs that are told from the rows.
fn belongs(line: &TraceLineView, (from, to): (Timestamp, Timestamp)) -> bool {
    let ordinary = line.text.contains("command_id=") && line.text.contains("command_status=ESME_ROK");
    !ordinary && line.at.parse::<Timestamp>().is_ok_and(|at| from <= at && at <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modems_lines_of_the_time_and_a_carriers_refusals_are_told() {
        let span = ("2026-12-01T10:00:00Z".parse().unwrap(), "2026-12-01T10:00:09Z".parse().unwrap());
        let told = |at: &str, text: &str| belongs(&TraceLineView { at: at.to_owned(), text: text.to_owned() }, span);
        assert!(told("2026-12-01T10:00:01.5Z", "> AT+CMGS=23"));
        assert!(told(
            "2026-12-01T10:00:01Z",
            "< command_id=submit_sm_resp; command_status=ESME_RTHROTTLED (0x00000058)"
        ));
        assert!(!told("2026-12-01T10:00:01Z", "> command_id=submit_sm; command_status=ESME_ROK (0x00000000)"));
        assert!(!told("2026-12-01T10:00:10Z", "> AT+CMGS=23"));
    }
}
