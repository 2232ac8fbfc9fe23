//! How an answer looks on the wire: information lines and the final result, in the maker's and the moment's form.

/// The end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// `OK`.
    Ok,
    /// `ERROR`.
    Error,
    /// `+CME ERROR`.
    Cme(u16),
    /// `+CMS ERROR`.
    Cms(u16),
    /// The maker's own words.
    Words(&'static str),
    /// No final result follows.
    Nothing,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub lines: Vec<String>,
    pub end: End,
}

impl Reply {
    pub fn ok() -> Self {
        End::Ok.into()
    }

    pub fn line(text: impl Into<String>) -> Self {
        Self { lines: vec![text.into()], end: End::Ok }
    }
}

impl From<End> for Reply {
    fn from(end: End) -> Self {
        Self { lines: Vec::new(), end }
    }
}

/// How errors are written at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wording {
    /// `AT+CMEE`.
    pub errors: u8,
    /// `ATV`.
    pub verbose: bool,
    /// Whether errors of a send are words whatever `AT+CMEE` says.
    pub text_errors: bool,
}

impl Wording {
    /// The final result as a line; `None` when there is none.
    pub fn end(self, end: End) -> Option<String> {
        let text = match end {
            End::Nothing => return None,
            End::Ok if !self.verbose => "0".to_owned(),
            End::Error if !self.verbose => "4".to_owned(),
            End::Ok => "OK".to_owned(),
            End::Error => "ERROR".to_owned(),
            End::Cme(_) if self.errors == 0 => "ERROR".to_owned(),
            End::Cme(code) if self.errors == 2 => format!("+CME ERROR: {}", cme_words(code)),
            End::Cme(code) => format!("+CME ERROR: {code}"),
            End::Cms(500) if self.text_errors => "+CMS ERROR: Unknown error".to_owned(),
            End::Cms(code) => format!("+CMS ERROR: {code}"),
            End::Words(words) => words.to_owned(),
        };
        Some(text)
    }

    /// The whole answer as octets; `between` is put before the final result.
    pub fn write(self, reply: &Reply, between: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if !reply.lines.is_empty() {
            out.extend_from_slice(&block(&reply.lines.join("\r\n")));
        }
        out.extend_from_slice(between);
        match self.end(reply.end) {
            Some(end) if self.verbose => out.extend_from_slice(&block(&end)),
            Some(end) => out.extend_from_slice(format!("{end}\r").as_bytes()),
            None => {}
        }
        out
    }
}

/// A line, or several, with the breaks around them.
pub(super) fn block(text: &str) -> Vec<u8> {
    format!("\r\n{text}\r\n").into_bytes()
}

/// 3GPP TS 27.007, 9.2: the words for the codes that the machine uses.
fn cme_words(code: u16) -> &'static str {
    match code {
        3 => "operation not allowed",
        4 => "operation not supported",
        10 => "SIM not inserted",
        11 => "SIM PIN required",
        12 => "SIM PUK required",
        14 => "SIM busy",
        16 => "incorrect password",
        30 => "no network service",
        _ => "unknown",
    }
}
