//! What to try next: lines to paste into another terminal.

use std::io;

use super::house::House;
use crate::cli::out::{gap, line};

/// Prints the lines, with the address, the token and the id of a message filled in.
pub fn print(house: &House, id: &str) -> io::Result<()> {
    let (url, config) = (&house.url, house.config.display());
    let program = std::env::current_exe().map_or_else(|_| "postrider".to_owned(), |path| path.display().to_string());
    let json = "-H 'Content-Type: application/json'";
    let ask = "curl -sS -H \"Authorization: Bearer $TOKEN\"";
    gap()?;
    line("Try it yourself in another terminal:")?;
    gap()?;
    line(format_args!("  export TOKEN={}", house.token))?;
    let tries = [
        (
            "post a message (the numbers are simulated: anything goes)",
            format!("{ask} {url}/v1/messages {json} -d '{{\"to\": \"+821055501299\", \"text\": \"안녕하세요 👋\"}}'"),
        ),
        ("look at one, with its timeline", format!("{ask} {url}/v1/messages/{id}")),
        ("list what was delivered", format!("{ask} '{url}/v1/messages?state=delivered&limit=3'")),
        (
            "what would a text cost?",
            format!("{ask} {url}/v1/estimate {json} -d '{{\"text\": \"“Sale” – 50 % off…\"}}'"),
        ),
        (
            "schedule one, then cancel it (put in the id that the first line answers)",
            format!(
                "{ask} {url}/v1/messages {json} -d '{{\"to\": \"+12025550155\", \"text\": \"Too soon\", \
                 \"send_at\": \"{}\"}}'\n  {ask} -X POST {url}/v1/messages/ID/cancel",
                tomorrow()
            ),
        ),
        ("how are the links?", format!("{ask} {url}/v1/links")),
        ("how are the modems?", format!("{program} modem list --config {config}")),
        ("why? a message's whole story, with its PDUs decoded", format!("{program} why {id} --config {config}")),
    ];
    for (what, command) in tries {
        gap()?;
        line(format_args!("  # {what}"))?;
        line(format_args!("  {command}"))?;
    }
    Ok(())
}

fn tomorrow() -> String {
    crate::daemon::now().plus(std::time::Duration::from_secs(24 * 3600)).to_string()
}
