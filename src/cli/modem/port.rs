//! A serial port that no daemon holds: one command at a time, answered or not in time. Only for tools; the daemon's links
//! have machines of their own.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use rustix::fs::OFlags;
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

use super::reach::Heard;
use crate::at;
use crate::cli::time::instant;
use crate::link::modem::{self, Roots};

/// The usual speed; USB devices do not care.
const BAUD: u32 = 115_200;
/// How long a read waits, in tenths of a second.
const READ_WAIT_TENTHS: u8 = 1;
/// The most that is read of one answer.
const ANSWER_SIZE_MAX: usize = 256 << 10;
/// How long a modem may take to answer the first AT.
const HELLO_WAIT: Duration = Duration::from_secs(2);
/// How often it is greeted.
const HELLOS_MAX: usize = 3;

/// An open port with a modem behind it.
pub struct Port {
    file: File,
    path: String,
    buffer: Vec<u8>,
}

impl Port {
    /// Opens a port and makes sure that something behind it answers to AT.
    pub fn open(path: &str) -> anyhow::Result<Self> {
        let fd = modem::open_line(Path::new(path), BAUD, false, &Roots::default())
            .map_err(|fault| anyhow!("{}. {}", fault.text, fault.advice))?;
        // It was opened so that a port without a carrier does not block; reads are to wait for a tenth of a second.
        let mut settings = tcgetattr(&fd)?;
        settings.special_codes[SpecialCodeIndex::VMIN] = 0;
        settings.special_codes[SpecialCodeIndex::VTIME] = READ_WAIT_TENTHS;
        tcsetattr(&fd, OptionalActions::Now, &settings)?;
        let flags = rustix::fs::fcntl_getfl(&fd)?;
        rustix::fs::fcntl_setfl(&fd, flags - OFlags::NONBLOCK)?;
        let file = File::from(fd);
        let mut port = Self { file, path: path.to_owned(), buffer: Vec::new() };
        port.greet()?;
        Ok(port)
    }

    /// Ends whatever a modem waits for, and waits for its OK.
    fn greet(&mut self) -> anyhow::Result<()> {
        self.file.write_all(b"\x1b\r").with_context(|| format!("cannot write to {}", self.path))?;
        for _ in 0..HELLOS_MAX {
            self.drain()?;
            if self.command("AT", HELLO_WAIT).is_ok_and(|heard| heard.lines.last().is_some_and(|last| last == "OK")) {
                return Ok(());
            }
        }
        bail!(
            "nothing behind {} answers to AT: it may be another of the modem's ports (try the next number), or the modem \
             hangs (unplug it and plug it in again)",
            self.path
        )
    }

    /// Sends a command and gives the lines up to its final result.
    pub fn command(&mut self, command: &str, wait: Duration) -> anyhow::Result<Heard> {
        self.buffer.clear();
        self.file.write_all(format!("{command}\r").as_bytes())?;
        let (begun, mut lines) = (instant(), Vec::new());
        while instant().duration_since(begun) < wait {
            self.read_some()?;
            while let Some(line) = self.next_line() {
                let is_echo = lines.is_empty() && line == command;
                if line.is_empty() || is_echo {
                    continue;
                }
                let ends = at::ends_command(&line);
                lines.push(line);
                if ends {
                    return Ok(Heard { lines, took: Some(instant().duration_since(begun)) });
                }
            }
        }
        bail!("{} did not answer {command} within {} s", self.path, wait.as_secs())
    }

    /// The lines that come by themselves, until an instant.
    pub fn listen(&mut self, until: Instant) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        while instant() < until {
            self.read_some()?;
            lines.extend(std::iter::from_fn(|| self.next_line()).filter(|line| !line.is_empty()));
        }
        Ok(lines)
    }

    fn read_some(&mut self) -> anyhow::Result<()> {
        let mut chunk = [0; 4096];
        let count = match self.file.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error).with_context(|| format!("{} went away", self.path)),
        };
        self.buffer.extend(chunk.get(..count).unwrap_or_default());
        if self.buffer.len() > ANSWER_SIZE_MAX {
            bail!("{} does not stop talking; is it a modem?", self.path);
        }
        Ok(())
    }

    fn next_line(&mut self) -> Option<String> {
        let end = self.buffer.iter().position(|&octet| octet == b'\n' || octet == b'\r')?;
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim().to_owned())
    }

    fn drain(&mut self) -> anyhow::Result<()> {
        self.listen(instant() + Duration::from_millis(200)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::thread;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// A modem on a pseudo terminal that gives these answers in turn.
    fn fake(answers: Vec<(&'static str, &'static str)>) -> String {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        // Kept open, so that the master does not see an end before the test opens it.
        let kept = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        thread::spawn(move || {
            let (mut master, _kept) = (File::from(master), kept);
            let (mut got, mut chunk) = (Vec::new(), [0; 256]);
            loop {
                let Ok(count) = master.read(&mut chunk) else { return };
                got.extend_from_slice(&chunk[..count]);
                while let Some(end) = got.iter().position(|&octet| octet == b'\r') {
                    let line = String::from_utf8(got.drain(..=end).collect()).unwrap();
                    let line = line.trim().trim_start_matches('\u{1b}');
                    let answer = answers.iter().find(|(command, _)| *command == line).map_or("", |(_, answer)| answer);
                    master.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        path
    }

    #[test]
    fn a_command_gets_its_lines_without_echo_and_blank_lines() {
        let path = fake(vec![
            ("AT", "\r\nOK\r\n"),
            ("AT+CSQ", "AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n"),
            ("AT+CPIN?", "\r\n+CME ERROR: 10\r\n"),
        ]);
        let mut port = Port::open(&path).unwrap();
        let wait = Duration::from_secs(5);
        assert_eq!(port.command("AT+CSQ", wait).unwrap().lines, ["+CSQ: 17,99", "OK"]);
        assert_eq!(port.command("AT+CPIN?", wait).unwrap().lines, ["+CME ERROR: 10"]);
        let silent = port.command("AT+NONE", Duration::from_millis(300)).unwrap_err();
        assert!(silent.to_string().contains("did not answer AT+NONE"), "{silent}");
    }

    #[test]
    fn what_is_no_modem_is_told_apart() {
        assert!(Port::open("/nonexistent/tty").is_err_and(|error| error.to_string().contains("does not exist")));
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Port::open(file.path().to_str().unwrap()).err().unwrap();
        assert!(error.to_string().contains("cannot be opened"), "{error}");
    }
}
