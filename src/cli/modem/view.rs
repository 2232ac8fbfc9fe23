//! What is printed of modems: lines of at most 80 characters, so that they can be read on a phone.

use crate::cli::out::columns;
use crate::cli::ports::Port;
use crate::cli::time::local;
use crate::http::ModemView;
use crate::model::Timestamp;

/// The widest line.
const WIDTH: usize = 80;

/// One line for each modem, and below it why it is not ready.
pub fn list(modems: &[ModemView]) -> Vec<String> {
    if modems.is_empty() {
        return wrapped(
            "",
            "no modems: none is plugged in, or none is named in the configuration; postrider doctor tells which ports \
             there are",
        );
    }
    let mut rows = vec![["MODEM", "STAGE", "NETWORK", "SIGNAL", "SENT", "PORT"].map(str::to_owned)];
    rows.extend(modems.iter().map(|modem| {
        [
            cut(&modem.name, 18),
            modem.stage.clone(),
            cut(&network(modem), 16),
            modem.signal_dbm.map_or_else(|| "-".to_owned(), |dbm| format!("{dbm} dBm")),
            modem.counters.sent.to_string(),
            modem.port.as_deref().unwrap_or("-").trim_start_matches("/dev/").to_owned(),
        ]
    }));
    let mut lines = columns(&rows).into_iter();
    let mut out: Vec<String> = lines.next().into_iter().collect();
    for (modem, line) in modems.iter().zip(lines) {
        out.push(cut(&line, WIDTH));
        out.extend(wrapped("    ", &why(modem)));
    }
    out
}

/// Why a modem is not ready, and what to do; empty when all is well.
fn why(modem: &ModemView) -> String {
    let until = modem.until.as_deref().map(|at| format!("Tried again at {}.", time(at)));
    let sentences = [modem.reason.clone(), modem.advice.clone(), until];
    sentences.into_iter().flatten().map(|text| sentence(&text)).collect::<Vec<_>>().join(" ")
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn network(modem: &ModemView) -> String {
    match (&modem.operator, &modem.technology) {
        (Some(operator), Some(technology)) => format!("{operator} {technology}"),
        (Some(operator), None) => operator.clone(),
        (None, _) if modem.registration == "unknown" => "-".to_owned(),
        (None, _) => modem.registration.clone(),
    }
}

/// Everything that is known of one modem.
pub fn show(modem: &ModemView) -> Vec<String> {
    let mut facts = Facts(Vec::new());
    facts.say("modem", &format!("{} (group {})", modem.name, modem.group));
    facts.say("stage", &format!("{} since {}", modem.stage, time(&modem.since)));
    facts.say("why", &why(modem));
    facts.say("place", &place(modem));
    facts.say("device", words(&[&modem.identity.maker, &modem.identity.model, &modem.identity.firmware]).as_str());
    facts.say("profile", &modem.profile);
    facts.maybe("IMEI", modem.identity.imei.as_deref());
    facts.maybe("SIM", modem.sim.iccid.as_deref().map(|iccid| format!("ICCID {iccid}")).as_deref());
    facts.maybe("IMSI", modem.sim.imsi.as_deref());
    facts.maybe("number", modem.sim.number.as_deref());
    facts.maybe("SMSC", modem.smsc.as_deref());
    facts.say("network", &words(&[&network(modem), &format!("({})", modem.registration)]));
    facts.maybe("signal", modem.signal_dbm.map(|dbm| format!("{dbm} dBm, {}", strength(dbm))).as_deref());
    for store in &modem.storage {
        facts.say("store", &format!("{}: {} of {} in use", store.name, store.used, store.total));
    }
    facts.maybe("answered", modem.last_answer_at.as_deref().map(time).as_deref());
    facts.maybe("last sent", modem.last_success_at.as_deref().map(time).as_deref());
    let error = modem.last_error.as_ref().map(|error| format!("{}: {}", time(&error.at), error.text));
    facts.maybe("last error", error.as_deref());
    facts.maybe("a segment", modem.send_time_ms.map(|ms| format!("takes {ms} ms")).as_deref());
    facts.say("segments", &sums(modem));
    let counters = &modem.counters;
    let lost = format!("{} timeouts, {} resets, {} losses", counters.timeouts, counters.resets, counters.losses);
    facts.say("troubles", &lost);
    facts.0
}

fn place(modem: &ModemView) -> String {
    let usb = modem.usb_id.as_deref().map(|id| format!("(USB {id})"));
    let parts = [modem.port.as_deref(), modem.place.as_deref().filter(|place| Some(*place) != modem.port.as_deref())];
    let parts: Vec<&str> = parts.into_iter().flatten().chain(usb.as_deref()).collect();
    words(&parts)
}

fn sums(modem: &ModemView) -> String {
    let sums = &modem.counters;
    format!(
        "{} sent, {} refused, {} in doubt; {} received, {} reports",
        sums.sent, sums.refused, sums.unanswered, sums.received, sums.reports
    )
}

/// A signal in a word: below -105 dBm sends fail often, above -85 dBm hardly ever.
pub fn strength(dbm: i16) -> &'static str {
    match dbm {
        -70.. => "very good",
        -85..-70 => "good",
        -95..-85 => "fair",
        -105..-95 => "weak",
        ..-105 => "too weak for reliable sending",
    }
}

/// The ports of this machine, for when no daemon runs.
pub fn ports(ports: &[Port]) -> Vec<String> {
    if ports.is_empty() {
        return wrapped("", "no serial ports: no modem is plugged in, or its driver is missing (postrider doctor)");
    }
    let mut rows = vec![["PORT", "USB", "IF", "DEVICE", "HELD BY"].map(str::to_owned)];
    rows.extend(ports.iter().map(|port| {
        let interface = port.interface.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let held: Vec<String> = port.holders.iter().map(|holder| holder.name.clone()).collect();
        let held = if held.is_empty() { "-".to_owned() } else { held.join(", ") };
        [
            port.path.clone(),
            port.usb_id.clone().unwrap_or_else(|| "-".to_owned()),
            interface,
            cut(&port.device(), 30),
            held,
        ]
    }));
    columns(&rows).iter().map(|line| cut(line, WIDTH)).collect()
}

/// Names with values, wrapped.
struct Facts(Vec<String>);

impl Facts {
    const NAMES: usize = 12;

    fn say(&mut self, name: &str, value: &str) {
        let indent = " ".repeat(Self::NAMES);
        for (number, line) in wrapped(&indent, value).into_iter().enumerate() {
            let rest = line.get(Self::NAMES..).unwrap_or_default();
            self.0.push(if number == 0 { format!("{name:<width$}{rest}", width = Self::NAMES) } else { line });
        }
    }

    fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.say(name, value);
        }
    }
}

/// Words with one blank between them, the empty ones left out.
fn words(words: &[&str]) -> String {
    words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// A text in lines of at most 80 characters, each behind `indent`; none for an empty text.
pub fn wrapped(indent: &str, text: &str) -> Vec<String> {
    let room = WIDTH - indent.len();
    let mut lines: Vec<String> = Vec::new();
    let mut used = room;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut().filter(|_| used + 1 + length <= room) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
                used += 1 + length;
            }
            None => {
                lines.push(format!("{indent}{word}"));
                used = length;
            }
        }
    }
    lines
}

/// At most `width` characters.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}

/// An instant of the API in the zone of this machine, to the second.
fn time(text: &str) -> String {
    let at: Option<Timestamp> = text.parse().ok();
    at.map_or_else(|| text.to_owned(), |at| local(at).chars().take(19).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModemStage, ModemStatus};

    fn modem(name: &str, stage: ModemStage) -> ModemView {
        let mut status =
            ModemStatus { name: name.to_owned(), group: "pool".to_owned(), stage, ..ModemStatus::default() };
        status.operator = Some("True Move H Universal".to_owned());
        status.technology = Some("LTE".to_owned());
        status.signal_dbm = Some(-97);
        status.port = Some("/dev/ttyUSB2".to_owned());
        status.counters.sent = 12_345;
        status.into()
    }

    #[test]
    fn every_line_fits_a_phone_and_reasons_stand_below_their_modem() {
        let mut sick = modem("a-very-long-name-of-a-modem", ModemStage::Healing);
        sick.reason =
            Some("The modem has not answered AT for 30 s and the network refused its last five messages".into());
        sick.advice = Some("Unplug it, wait ten seconds and plug it in again".into());
        let lines = list(&[modem("stick-1", ModemStage::Ready), sick.clone()]);
        assert!(lines.iter().chain(&show(&sick)).all(|line| line.chars().count() <= 80), "{lines:#?}");
        let words: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!((words[0], words[1], words.last()), ("stick-1", "ready", Some(&"ttyUSB2")));
        assert!(lines[3].starts_with("    The modem has not answered"), "{lines:#?}");
    }

    #[test]
    fn strengths_have_words() {
        assert_eq!([-51, -84, -95, -96, -113].map(strength)[4], "too weak for reliable sending");
        assert_eq!((strength(-70), strength(-85), strength(-95)), ("very good", "good", "fair"));
    }

    #[test]
    fn long_words_are_kept_whole_and_empty_texts_give_no_line() {
        assert!(wrapped("  ", "").is_empty());
        let long = "x".repeat(100);
        assert_eq!(wrapped("  ", &format!("a {long} b")), ["  a".to_owned(), format!("  {long}"), "  b".to_owned()]);
    }
}
