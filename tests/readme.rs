//! The examples in README.md are run as they stand there, but for paths and addresses of this machine.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

const README: &str = include_str!("../README.md");

/// The code blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            blocks.push(lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect());
        }
    }
    blocks
}

/// The commands of all console blocks, with continued lines joined.
fn commands() -> Vec<String> {
    let text = blocks("console").concat().replace("\\\n", " ");
    text.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}

/// Splits a command as a shell does, as far as the README needs it: blanks, single and double quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut open) = (Vec::new(), String::new(), None, false);
    for character in command.chars() {
        match (quote, character) {
            (None, '\'' | '"') => (quote, open) = (Some(character), true),
            (Some(end), _) if end == character => quote = None,
            (None, ' ') if open || !word.is_empty() => {
                words.push(std::mem::take(&mut word));
                open = false;
            }
            (None, ' ') => {}
            (_, _) => word.push(character),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

struct Shop {
    dir: tempfile::TempDir,
    address: String,
    known: BTreeMap<&'static str, String>,
}

impl Shop {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shop = Self { dir, address: String::new(), known: BTreeMap::new() };
        let config = shop.here(&blocks("toml").join("\n"));
        std::fs::write(shop.dir.path().join("north.password"), "secret\n").unwrap();
        std::fs::write(shop.dir.path().join("counter.pin"), "1234\n").unwrap();
        std::fs::write(shop.dir.path().join("postrider.toml"), format!("[http]\nlisten = [\"127.0.0.1:0\"]\n{config}"))
            .unwrap();
        shop
    }

    /// The text with this machine's paths, addresses and values.
    fn here(&self, text: &str) -> String {
        let dir = self.dir.path().display().to_string();
        let mut text = text
            .replace("/etc/postrider", &dir)
            .replace("/var/lib/postrider", &dir)
            .replace("smpp.north.example:2775", "127.0.0.1:9")
            .replace("127.0.0.1:8025", &self.address);
        for (name, value) in &self.known {
            text = text.replace(name, value);
        }
        text
    }

    fn postrider(&self, command: &str) -> Command {
        let mut process = Command::new(env!("CARGO_BIN_EXE_postrider"));
        process.args(words(&self.here(command)).into_iter().skip(1)).env_remove("JOURNAL_STREAM");
        process
    }

    /// Runs a command to its end.
    fn output(&self, command: &str) -> String {
        let output = self.postrider(command).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Does what `curl` would do with this command; the body of the answer.
    fn curl(&self, command: &str) -> serde_json::Value {
        let words = words(&self.here(command));
        let (mut headers, mut body, mut url) = (String::new(), String::new(), String::new());
        let mut rest = words.into_iter().skip(1);
        while let Some(word) = rest.next() {
            match word.as_str() {
                "-H" => headers.push_str(&format!("{}\r\n", rest.next().unwrap())),
                "-d" => body = rest.next().unwrap(),
                "-sS" => {}
                _ => url = word,
            }
        }
        let path = url.strip_prefix(&format!("http://{}", self.address)).unwrap_or_else(|| panic!("{url}"));
        let method = if body.is_empty() { "GET" } else { "POST" };
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{command}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

/// Ends the daemon with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_examples_of_the_readme_work() {
    let mut shop = Shop::new();
    let mut daemon = None;
    let mut ran = 0;
    for command in commands() {
        match words(&command).iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["cargo" | "sudo", ..] => continue,
            ["postrider", "run", ..] => {
                let mut child = shop.postrider(&command).stderr(Stdio::piped()).spawn().unwrap();
                let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
                daemon = Some(Running(child));
                let address = lines.by_ref().find_map(|line| {
                    Some(line.ok()?.split_once("listens on ")?.1.trim().trim_start_matches("http://").to_owned())
                });
                shop.address = address.expect("the daemon says where it listens");
                std::thread::spawn(move || lines.for_each(drop));
            }
            ["postrider", "token", ..] => {
                let answer = shop.output(&command);
                let token = answer.split_whitespace().find(|word| word.starts_with("pr_"));
                shop.known.insert("$TOKEN", token.expect("the token is printed").to_owned());
            }
            ["postrider", ..] => assert!(!shop.output(&command).is_empty(), "{command} says something"),
            ["curl", ..] => {
                let answer = shop.curl(&command);
                assert!(answer["id"].is_string(), "{command}: {answer}");
                shop.known.insert("$ID", answer["id"].as_str().unwrap().to_owned());
            }
            _ => panic!("nobody runs this example: {command}"),
        }
        ran += 1;
    }
    assert!(daemon.is_some() && ran >= 7, "{ran} examples were run");
}

#[test]
fn the_callback_in_the_readme_is_json_with_the_fields_that_are_sent() {
    let shown: serde_json::Value = serde_json::from_str(&blocks("json")[0]).unwrap();
    let source = include_str!("../src/pipeline/notify.rs");
    for field in shown["data"].as_object().unwrap().keys() {
        assert!(source.contains(&format!("{field}:")), "callbacks have no field {field}");
    }
}
