//! Reads a recorded dialogue with a modem: what the gateway wrote, what the modem said, and the silences between.
//!
//! | line | meaning |
//! |---|---|
//! | `> text` | the gateway writes `text` and CR |
//! | `>> text` | the gateway writes exactly this, with `\x1A`, `\r`, `\n` and `\\` as escapes |
//! | `< text` | the modem says CR LF `text` CR LF |
//! | `<< text` | the modem says exactly this |
//! | `@ 1.5` | the modem is silent for so many seconds |
//! | `! timeout 5` | nothing comes, and the gateway's timer of so many seconds fires |
//! | `! close`, `! open 25` | the port disappears; comes back after so many seconds |
//! | `# text` | a remark |

use std::time::Duration;

/// One dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    /// The file's name, for messages.
    pub name: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One line of the dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line's number, from 1.
    pub line: usize,
    /// What happens.
    pub what: What,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The gateway writes.
    Write(Vec<u8>),
    /// The modem says.
    Say(Vec<u8>),
    /// The modem is silent.
    Wait(Duration),
    /// Nothing comes until the gateway's timer fires.
    Timeout(Duration),
    /// The port disappears.
    Close,
    /// It comes back.
    Open(Duration),
}

impl Fixture {
    /// Reads a dialogue; `name` is the file's, for messages.
    ///
    /// # Errors
    /// The sentence names the file and the line that is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for (line, written) in (1..).zip(text.lines()) {
            let what = step(written).map_err(|wrong| format!("{name}:{line}: {wrong}"))?;
            steps.extend(what.map(|what| Step { line, what }));
        }
        Ok(Self { name: name.to_owned(), steps })
    }
}

fn step(line: &str) -> Result<Option<What>, String> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
    let what = match sign {
        ">" => What::Write(format!("{rest}\r").into_bytes()),
        ">>" => What::Write(unescape(rest)?),
        "<" => What::Say(format!("\r\n{rest}\r\n").into_bytes()),
        "<<" => What::Say(unescape(rest)?),
        "@" => What::Wait(seconds(rest)?),
        "!" => match rest.split_once(' ').unwrap_or((rest, "")) {
            ("timeout", span) => What::Timeout(seconds(span)?),
            ("close", "") => What::Close,
            ("open", span) => What::Open(seconds(span)?),
            (other, _) => return Err(format!("`! {other}` is none of timeout, close and open")),
        },
        other => return Err(format!("`{other}` opens no line; `>`, `>>`, `<`, `<<`, `@`, `!` and `#` do")),
    };
    Ok(Some(what))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no number of seconds");
    let seconds: f64 = text.trim().parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match rest.next() {
            Some('r') => out.push(b'\r'),
            Some('n') => out.push(b'\n'),
            Some('\\') => out.push(b'\\'),
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                let octet = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
                out.push(octet.ok_or_else(|| format!("`\\x{digits}` is no octet"))?);
            }
            other => return Err(format!("`\\{}` is no escape", other.map_or_else(String::new, String::from))),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_is_read() {
        let text =
            "# head\n\n>> \\x1B\\r\n> AT\n<< AT\\r\\r\\nOK\\r\\n\n< OK\n@ 1.5\n! timeout 5\n! close\n! open 25\n";
        let fixture = Fixture::parse("a.txt", text).unwrap();
        let whats: Vec<What> = fixture.steps.iter().map(|step| step.what.clone()).collect();
        assert_eq!(
            whats,
            [
                What::Write(b"\x1b\r".to_vec()),
                What::Write(b"AT\r".to_vec()),
                What::Say(b"AT\r\r\nOK\r\n".to_vec()),
                What::Say(b"\r\nOK\r\n".to_vec()),
                What::Wait(Duration::from_millis(1500)),
                What::Timeout(Duration::from_secs(5)),
                What::Close,
                What::Open(Duration::from_secs(25)),
            ]
        );
        assert_eq!(fixture.steps[0].line, 3);
    }

    #[test]
    fn the_prompt_keeps_its_blank() {
        let fixture = Fixture::parse("a.txt", "<< \\r\\n> \n").unwrap();
        assert_eq!(fixture.steps[0].what, What::Say(b"\r\n> ".to_vec()));
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let wrong = |text: &str| Fixture::parse("a.txt", text).unwrap_err();
        assert_eq!(wrong("> AT\n? AT"), "a.txt:2: `?` opens no line; `>`, `>>`, `<`, `<<`, `@`, `!` and `#` do");
        assert_eq!(wrong("@ soon"), "a.txt:1: `soon` is no number of seconds");
        assert_eq!(wrong("@ -1"), "a.txt:1: `-1` is no number of seconds");
        assert_eq!(wrong("! boom"), "a.txt:1: `! boom` is none of timeout, close and open");
        assert_eq!(wrong(">> \\x1"), "a.txt:1: `\\x1` is no octet");
        assert_eq!(wrong(">> \\q"), "a.txt:1: `\\q` is no escape");
    }
}
