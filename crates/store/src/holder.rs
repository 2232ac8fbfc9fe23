//! Who holds a database, as the lock file says it and a person reads it.

use std::fmt;
use std::path::Path;

use postrider_model::Timestamp;

/// Who holds a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holder {
    /// The process, if it said so.
    pub pid: Option<u32>,
    /// What was called.
    pub program: String,
    /// Since when, if it said so.
    pub since: Option<Timestamp>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("another process")?,
        }
        if !self.program.is_empty() {
            write!(f, " ({})", self.program)?;
        }
        self.since.map_or(Ok(()), |since| write!(f, ", since {since}"))
    }
}

impl Holder {
    /// This process.
    pub fn of_this_process(since: Option<Timestamp>) -> Self {
        let mut words = std::env::args().take(2);
        let name = words.next().unwrap_or_default();
        let name = Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let program: Vec<String> = std::iter::once(name).chain(words).collect();
        Self { pid: Some(std::process::id()), program: program.join(" "), since }
    }

    /// One line each, so that a person who opens the file can read it.
    pub fn text(&self) -> String {
        let since = self.since.map_or_else(String::new, |since| since.as_millis().to_string());
        format!("{}\n{}\n{since}\n", self.pid.unwrap_or_default(), self.program)
    }

    /// Reads what [`Holder::text`] wrote; what cannot be read is left out.
    pub fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap_or_default();
        Self {
            pid: line().parse().ok().filter(|pid| *pid != 0),
            program: line().chars().filter(|c| !c.is_control()).collect(),
            since: line().parse().ok().map(Timestamp::from_millis),
        }
    }
}
