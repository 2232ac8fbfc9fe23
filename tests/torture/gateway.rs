//! The gateway as a process.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// A running gateway.
pub struct Gateway {
    child: Child,
    /// Where its API listens.
    pub address: SocketAddr,
}

fn spawn(config: &Path) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .args(["run", "--config"])
        .arg(config)
        .env_remove("JOURNAL_STREAM")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    (child, lines)
}

impl Gateway {
    /// Starts it and waits until it says that it is ready.
    pub fn start(config: &Path) -> Self {
        let (child, mut lines) = spawn(config);
        let mut seen = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended before it was ready:\n{seen}")).unwrap();
            seen.push_str(&line);
            seen.push('\n');
            if let Some((_, address)) = line.split_once("the API listens on ") {
                break address.trim().trim_start_matches("http://").parse().unwrap();
            }
        };
        // Somebody has to read on, or the pipe fills and the gateway waits for it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Kills it where it stands.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(9), "it ended by itself before the kill");
    }
}

/// Starts the gateway and kills it after so many lines of its log, while it still clears up after the last kill.
pub fn kill_while_it_starts(config: &Path, lines_max: usize) {
    let (mut child, lines) = spawn(config);
    lines.take(lines_max).for_each(drop);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9), "it ended by itself before the kill");
}

/// A token that may post.
pub fn token(config: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .args(["token", "create", "--name", "test", "--scope", "messages:write", "--config"])
        .arg(config)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().find(|word| word.starts_with("pr_")).unwrap().to_owned()
}
