//! What a person or a test tells the simulated carrier on its standard input, line by line.

use std::io::{BufRead, stdin};
use std::thread;

use tokio::sync::mpsc;

use super::{counts, faults, out};
use crate::model::{Body, Indication};
use crate::sim::{CarrierServer, Inbound};
use crate::smpp::pdu::Address;
use crate::text::{self, TextProfile};

/// Lines that may wait to be done.
const LINES_MAX: usize = 64;
const ASKED: &str = "mo FROM TO TEXT, faults LIST, drop, counts";

/// Does what the lines say, for as long as the program runs; the end of the input changes nothing.
pub async fn run(server: &CarrierServer, account: Option<&str>, seed: u64) -> anyhow::Result<()> {
    let (lines, mut asked) = mpsc::channel::<String>(LINES_MAX);
    thread::spawn(move || {
        let read = stdin().lock().lines().map_while(Result::ok);
        // The channel closes with the program.
        let _ = read.into_iter().try_for_each(|line| lines.blocking_send(line));
    });
    let mut reference = seed.to_le_bytes()[0];
    while let Some(line) = asked.recv().await {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match word {
            "" => continue,
            "mo" => {
                reference = reference.wrapping_add(1);
                deliver(server, account, rest, reference)
            }
            "faults" => faults::list(rest).map(|list| {
                server.with(|carrier, _| carrier.set_faults(list.0));
                "faults are set".to_owned()
            }),
            "drop" => {
                server.with(|carrier, _| carrier.drop_links());
                Ok("all connections are dropped".to_owned())
            }
            "counts" => Ok(counts(&server.with(|carrier, _| carrier.ledger().counts))),
            _ => Err(format!("\"{word}\" is none of: {ASKED}")),
        };
        match answer {
            Ok(answer) => out::line(answer)?,
            Err(why) => out::complain(format_args!("{why}")),
        }
    }
    std::future::pending().await
}

/// `FROM TO TEXT`: a handset sends a text to the account.
fn deliver(server: &CarrierServer, account: Option<&str>, rest: &str, reference: u8) -> Result<String, String> {
    let account = account.ok_or("nobody to deliver to; start with --account")?;
    let mut words = rest.splitn(3, ' ');
    let (Some(from), Some(to), Some(text)) = (words.next(), words.next(), words.next()) else {
        return Err("write: mo FROM TO TEXT".to_owned());
    };
    let parts = parts(from, to, text, reference)?;
    let count = parts.len();
    server.with(|carrier, now| carrier.inject(account, parts, now));
    Ok(format!("mo {from} {to}: {}", out::count(count, "part")))
}

/// A text as a handset sends it: GSM 7-bit if it can be, else UCS-2, in as many parts as it takes.
///
/// # Errors
/// When the text is too long for any handset.
pub fn parts(from: &str, to: &str, text: &str, reference: u8) -> Result<Vec<Inbound>, String> {
    let body = Body::Text(text.to_owned());
    let encoding = text::encode(&body, &Indication::default(), &TextProfile::default(), None);
    let mut encoded = encoding.map_err(|error| error.to_string())?.encoded;
    encoded.reference = reference.into();
    let address = |number: &str| {
        let digits = number.trim_start_matches('+');
        Address::new(u8::from(digits.len() > 8), 1, digits)
    };
    let part = |(index, payload): (usize, &Vec<u8>)| {
        let header = encoded.user_data_header(index);
        Inbound {
            source: address(from),
            destination: address(to),
            esm_class: if header.is_empty() { 0 } else { 0x40 },
            data_coding: if encoded.alphabet == crate::model::Alphabet::Ucs2 { 8 } else { 0 },
            user_data: [header.as_slice(), payload].concat(),
            ..Inbound::default()
        }
    };
    Ok(encoded.segments.iter().enumerate().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handset_sends_the_cheapest_alphabet() {
        let plain = parts("+821055501234", "15551000", "STOP home", 1).unwrap();
        assert_eq!((plain.len(), plain[0].data_coding, plain[0].user_data.as_slice()), (1, 0, &b"STOP home"[..]));
        let long = parts("+821055501234", "15551000", &"안녕".repeat(50), 9).unwrap();
        assert_eq!((long.len(), long[1].data_coding, long[1].esm_class), (2, 8, 0x40));
        assert_eq!(long[1].user_data[..6], [5, 0, 3, 9, 2, 2]);
    }
}
