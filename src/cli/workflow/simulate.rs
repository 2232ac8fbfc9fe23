//! `postrider workflow simulate`: plays a workflow for one contact in fast time, with the pipeline of the daemon over a
//! database in memory, and prints what it did when.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::{out, settings};
use super::file::Source;
use super::world::World;
use crate::campaign::Rules;
use crate::campaign::contact::{ContactChange, read_number};
use crate::campaign::event::Event;
use crate::campaign::law;
use crate::campaign::workflow::{On, Span, Workflow};
use crate::daemon::now;
use crate::model::{PhoneNumber, State, Timestamp};
use crate::pipeline::workflow as stage;
use crate::store::campaign::enrolment::{self, Filter};
use crate::store::campaign::{contact, event, point};
use crate::store::{message, open_reader};

/// What stands for the shop's own where no configuration is named.
const BRAND: &str = "Shop";
const REFUSAL_NUMBER: &str = "080-000-0000";
/// Most things that happen on the way.
const INPUTS_MAX: usize = 200;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A workflow as TOML or JSON with templates.toml beside it, or a playbook
    file: PathBuf,
    /// Which workflow of a playbook; the first if absent
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// A number, or a JSON file as PUT /v1/contacts takes it
    #[arg(long, value_name = "FILE-or-NUMBER")]
    contact: String,
    /// The event that begins it, like {"type": "cart_updated", "properties": {"url": "..."}}; what its first trigger waits
    /// for if absent
    #[arg(long, value_name = "JSON")]
    event: Option<String>,
    /// When it begins, like 2026-11-22T10:00:00+09:00; now if absent
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How long to play
    #[arg(long, value_name = "SPAN", default_value = "120d")]
    until: String,
    /// What the contact writes, so long after the beginning, like 3d:YES
    #[arg(long, value_name = "SPAN:TEXT")]
    answer: Vec<String>,
    /// Which step's link the contact follows, so long after the beginning, like remind@2h
    #[arg(long, value_name = "STEP@SPAN")]
    click: Vec<String>,
    /// What else happens, so long after the beginning, like 2d:{"type": "purchase"}
    #[arg(long, value_name = "SPAN:JSON")]
    later: Vec<String>,
    /// Take brand, consent and hours from this configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the contact, templates, coupons, segments and other workflows from this database
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Something that happens on the way.
#[derive(Debug, Clone, PartialEq)]
enum Input {
    Writes(String),
    Clicks(String),
    Happens(Value),
}

/// One line of what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    at: Timestamp,
    step: String,
    what: String,
    text: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    play(args)?.print(args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Plays it, until it is over or the time is.
fn play(args: &Args) -> anyhow::Result<Play> {
    let source = Source::read(&args.file).map_err(|wrong| wrong.told(&args.file))?;
    let workflow = chosen(&source, args.workflow.as_deref())?.clone();
    let begins = match &args.at {
        Some(text) => {
            text.parse().map_err(|_| anyhow!("--at: \"{text}\" is no instant like 2026-11-22T10:00:00+09:00"))?
        }
        None => now(),
    };
    let rules = match &args.config {
        Some(file) => settings::load_without_secrets(file)?.consent,
        None => {
            Rules { brand: Some(BRAND.to_owned()), refusal_number: Some(REFUSAL_NUMBER.to_owned()), ..Rules::default() }
        }
    };
    let country = rules.country;
    let mut world = World::new(rules, begins)?;
    let number = people(&mut world, args, country)?;
    let zone = zone_of(&world, &number)?;
    world.bring(&source)?;
    let gaps = if args.database.is_some() { Vec::new() } else { source.gaps()? };
    let (seen, leaving, lines) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut play = Play { world, workflow: workflow.name.clone(), number, zone, gaps, seen, leaving, lines };
    let ends = Span::parse(&args.until).map_err(|why| anyhow!("--until: {why}"))?.from(begins, &play.zone);
    let mut inputs = inputs(args, begins, &play.zone)?;
    play.begin(args, &workflow)?;
    play.settle()?;
    loop {
        let next = play.world.settle()?;
        let input = inputs.first().map(|(at, _)| *at);
        let Some(at) = next.into_iter().chain(input).min().filter(|at| *at <= ends) else { break };
        play.world.now = at.max(play.world.now);
        while let Some((_, input)) = inputs.first().filter(|(at, _)| *at <= play.world.now).cloned() {
            inputs.remove(0);
            play.happens(&input)?;
        }
        play.settle()?;
        if inputs.is_empty() && play.is_over()? {
            break;
        }
    }
    Ok(play)
}

fn chosen<'s>(source: &'s Source, name: Option<&str>) -> anyhow::Result<&'s Workflow> {
    let names = || source.workflows.iter().map(|workflow| workflow.name.as_str()).collect::<Vec<_>>().join(", ");
    match name {
        None => source.workflows.first().context("the file has no workflow"),
        Some(name) => {
            let found = source.workflows.iter().find(|workflow| workflow.name == name);
            found.with_context(|| format!("the file has no workflow \"{name}\"; it has {}", names()))
        }
    }
}

fn inputs(args: &Args, begins: Timestamp, zone: &TimeZone) -> anyhow::Result<Vec<(Timestamp, Input)>> {
    let at = |span: &str, option: &str| {
        let span = Span::parse(span.trim()).map_err(|why| anyhow!("--{option}: {why}"))?;
        Ok::<_, anyhow::Error>(span.from(begins, zone))
    };
    let mut all = Vec::new();
    for answer in &args.answer {
        let (span, text) =
            answer.split_once(':').with_context(|| format!("--answer is like 3d:YES, not \"{answer}\""))?;
        all.push((at(span, "answer")?, Input::Writes(text.to_owned())));
    }
    for click in &args.click {
        let (step, span) =
            click.rsplit_once('@').with_context(|| format!("--click is like remind@2h, not \"{click}\""))?;
        all.push((at(span, "click")?, Input::Clicks(step.to_owned())));
    }
    for later in &args.later {
        let (span, event) = later
            .split_once(':')
            .with_context(|| format!("--later is like 2d:{{\"type\": \"purchase\"}}, not \"{later}\""))?;
        let event = serde_json::from_str(event).with_context(|| format!("--later: this is no JSON: {event}"))?;
        all.push((at(span, "later")?, Input::Happens(event)));
    }
    ensure!(all.len() <= INPUTS_MAX, "at most {INPUTS_MAX} things happen on the way");
    all.sort_by_key(|(at, _)| *at);
    Ok(all)
}

/// Brings the contact in, and what a database has.
fn people(world: &mut World, args: &Args, country: Option<crate::model::Country>) -> anyhow::Result<PhoneNumber> {
    let path = std::path::Path::new(&args.contact);
    let from = args.database.as_deref().map(open_reader).transpose()?;
    if let Some(from) = &from {
        world.copy(from)?;
    }
    if path.is_file() {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let json: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
        let change = ContactChange::from_json(&json, None, country).map_err(|faults| {
            anyhow!("{}: {}", path.display(), faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        world.turn(|turn| contact::upsert(turn.tx, &change, turn.now))??;
        return Ok(change.number);
    }
    let number = read_number(&args.contact, country)
        .map_err(|fault| anyhow!("--contact is a number or a file: {}", fault.detail))?;
    let known = from.as_ref().map(|from| {
        Ok::<_, crate::store::StoreError>(match contact::find(from, &number)? {
            Some(stored) => Some((point::of(from, stored.id)?, stored)),
            None => None,
        })
    });
    match known.transpose()?.flatten() {
        Some((points, stored)) => {
            let mut json = Value::Object(stored.contact.to_json());
            if let Some(fields) = json.as_object_mut() {
                fields.remove("country");
            }
            let change = ContactChange::from_json(&json, None, country)
                .map_err(|faults| anyhow!("the contact cannot be taken over: {faults:?}"))?;
            world.turn(|turn| {
                contact::upsert(turn.tx, &change, turn.now)?
                    .map_err(|fault| crate::store::StoreError::Row(fault.to_string()))?;
                let id = contact::ensure(turn.tx, &number, turn.now)?;
                point::save(turn.tx, id, &points)
            })?;
        }
        None => drop(world.turn(|turn| contact::ensure(turn.tx, &number, turn.now))?),
    }
    Ok(number)
}

fn zone_of(world: &World, number: &PhoneNumber) -> anyhow::Result<TimeZone> {
    let stored = world.read(|c| contact::find(c, number))?;
    Ok(stored.and_then(|stored| stored.contact.calendar().and_then(law::zone)).unwrap_or(TimeZone::UTC))
}

/// A play and what was seen of it.
struct Play {
    world: World,
    /// The workflow's name.
    workflow: String,
    /// Who goes through it.
    number: PhoneNumber,
    /// Where that is.
    zone: TimeZone,
    /// What the file names and lacks.
    gaps: Vec<String>,
    /// What was last said of each visit.
    seen: BTreeMap<(i64, u32), String>,
    /// Texts that were accepted and have not left.
    leaving: BTreeMap<i64, String>,
    lines: Vec<Line>,
}

impl Play {
    /// Lets what begins the workflow happen.
    fn begin(&mut self, args: &Args, workflow: &Workflow) -> anyhow::Result<()> {
        let given =
            args.event.as_deref().map(serde_json::from_str::<Value>).transpose().context("--event is no JSON")?;
        let wanted = given.or_else(|| {
            workflow.triggers.first().and_then(|trigger| match &trigger.on {
                On::Event(event) => Some(json!({ "type": event.kind, "properties": event.with })),
                On::Segment(name) => Some(json!({ "type": "segment_entered", "properties": { "segment": name } })),
                On::Keyword(name) => Some(json!({ "type": "keyword", "properties": { "service": name } })),
                On::Date(_) | On::Api => None,
            })
        });
        if let Some(event) = wanted {
            self.happens(&Input::Happens(event))?;
            self.settle()?;
        }
        if self.last()?.is_some() {
            return Ok(());
        }
        let is_given = args.event.is_some();
        let number = self.number.clone();
        let outcome = self.world.turn(|turn| {
            let id = contact::ensure(turn.tx, &number, turn.now)?;
            stage::enrol(turn, &workflow.name, id, None)
        })?;
        let what = match outcome {
            stage::Enrolled::Begun(id) if is_given => {
                self.world.turn(|turn| enrolment::drop_one(turn.tx, id))?;
                format!("not begun: no trigger of {} is begun by this event", workflow.name)
            }
            stage::Enrolled::Begun(_) => "begun by hand".to_owned(),
            other => format!("not begun: {}", other.sentence()),
        };
        self.say("", what, None);
        Ok(())
    }

    fn contact(&self) -> anyhow::Result<Option<i64>> {
        self.world.read(|c| contact::id_of(c, &self.number))
    }

    /// The newest enrolment in the workflow that is played.
    fn last(&self) -> anyhow::Result<Option<enrolment::Enrolment>> {
        let filter = Filter { workflow: Some(self.workflow.clone()), contact: self.contact()?, ..Filter::default() };
        Ok(self.world.read(|c| enrolment::list(c, &filter, 1))?.0.pop())
    }

    fn is_over(&self) -> anyhow::Result<bool> {
        let running = self.contact()?.map(|id| self.world.read(|c| enrolment::running(c, id))).transpose()?;
        Ok(running.is_none_or(|running| running.is_empty()) && self.leaving.is_empty())
    }

    fn happens(&mut self, input: &Input) -> anyhow::Result<()> {
        let number = self.number.clone();
        match input {
            Input::Writes(text) => {
                self.say("", format!("the contact writes \"{text}\""), None);
                self.world.writes(&number, text)
            }
            Input::Clicks(step) => {
                let found = self.world.clicks(&number, step)?;
                let what =
                    if found { "the contact follows the link of" } else { "there is no link to follow in the text of" };
                self.say("", format!("{what} {step}"), None);
                Ok(())
            }
            Input::Happens(value) => {
                let mut value = value.clone();
                if let Some(fields) = value.as_object_mut() {
                    fields.entry("contact").or_insert_with(|| json!(number.as_str()));
                }
                let event = Event::from_json(&value, None, self.world.now).map_err(|faults| {
                    anyhow!(
                        "the event is wrong: {}",
                        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
                    )
                })?;
                self.say("", format!("event {}", event.kind), None);
                self.world.turn(|turn| event::record(turn.tx, &event, turn.now)).map(drop)
            }
        }
    }

    /// Lets everything of this instant happen, and keeps what was done.
    fn settle(&mut self) -> anyhow::Result<()> {
        self.world.settle()?;
        self.look()
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let Some(contact) = self.contact()? else { return Ok(()) };
        let filter = Filter { contact: Some(contact), ..Filter::default() };
        let (mut enrolments, _) = self.world.read(|c| enrolment::list(c, &filter, 200))?;
        enrolments.reverse();
        for one in enrolments {
            for visit in self.world.read(|c| enrolment::visits(c, one.id))? {
                let key = (one.id, visit.n);
                if self.seen.get(&key) == Some(&visit.what) {
                    continue;
                }
                self.seen.insert(key, visit.what.clone());
                let message = visit.message.map(|id| self.world.read(|c| message::view(c, id))).transpose()?.flatten();
                let text = message.and_then(|view| view.body);
                if let (Some(id), Some(text)) = (visit.message, &text) {
                    self.leaving.insert(id.as_i64(), text.clone());
                }
                let step = if visit.step.is_empty() {
                    one.workflow.clone()
                } else {
                    format!("{}/{}", one.workflow, visit.step)
                };
                self.lines.push(Line { at: visit.at, step, what: visit.what, text });
            }
        }
        self.left()
    }

    /// Texts that left later than they were accepted, or not at all.
    fn left(&mut self) -> anyhow::Result<()> {
        for id in self.leaving.keys().copied().collect::<Vec<_>>() {
            let Some(message_id) = crate::model::MessageId::from_i64(id) else { continue };
            let state = self.world.read(|c| message::state_of(c, message_id))?;
            if matches!(state, Some(State::Scheduled | State::Queued | State::Leased | State::Sent)) {
                continue;
            }
            self.leaving.remove(&id);
            let word = state.map_or("gone", State::as_str);
            self.say("", format!("the text is {word}"), None);
        }
        Ok(())
    }

    fn say(&mut self, step: &str, what: String, text: Option<String>) {
        self.lines.push(Line { at: self.world.now, step: step.to_owned(), what, text });
    }

    fn print(&self, as_json: bool) -> anyhow::Result<()> {
        let zone = &self.zone;
        let local = |at: Timestamp| at.to_jiff().to_zoned(zone.clone()).strftime("%Y-%m-%d %a %H:%M:%S").to_string();
        let last = self.last()?;
        let outcome = last.as_ref().and_then(|last| last.outcome.clone());
        if as_json {
            let lines = self.lines.iter().map(|line| {
                json!({ "at": line.at.to_string(), "local": local(line.at), "step": line.step, "what": line.what, "text": line.text })
            });
            out::line(json!({ "workflow": self.workflow, "contact": self.number.as_str(), "zone": zone.iana_name(),
                "missing": self.gaps, "lines": lines.collect::<Vec<_>>(), "outcome": outcome,
                "stands": last.map(|last| last.step) }))?;
            return Ok(());
        }
        for gap in &self.gaps {
            out::line(format_args!("missing: {gap}"))?;
        }
        out::line(format_args!("{}: {}, times of {}", self.workflow, self.number, zone.iana_name().unwrap_or("UTC")))?;
        let mut rows = Vec::new();
        for line in &self.lines {
            rows.push([local(line.at), line.step.clone(), line.what.clone()]);
            for text in line.text.iter().flat_map(|text| text.lines()) {
                rows.push([String::new(), String::new(), format!("  | {text}")]);
            }
        }
        for line in out::columns(&rows) {
            out::line(line)?;
        }
        out::line(match (outcome, last) {
            (Some(outcome), _) => format!("it ended: {outcome}"),
            (None, Some(last)) => {
                format!("it stands at {} until {}", last.step, last.due_at.map(local).unwrap_or_default())
            }
            (None, None) => "it did not begin".to_owned(),
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        args: Args,
    }

    /// What `postrider workflow simulate` does with the documentation's example and these words.
    fn simulated(words: &[&str]) -> Play {
        let folder = tempfile::tempdir().unwrap();
        let page = include_str!("../../../docs/WORKFLOWS.md");
        let mut blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        let file = folder.path().join("cart-left.toml");
        std::fs::write(&file, blocks.next().unwrap()).unwrap();
        std::fs::write(folder.path().join("templates.toml"), blocks.next().unwrap()).unwrap();
        let file = file.to_str().unwrap();
        let usual = ["simulate", file, "--contact", "+821012345678", "--at", "2026-11-22T10:00:00+09:00"];
        let words = Words::try_parse_from(usual.iter().chain(words)).unwrap_or_else(|error| panic!("{error}"));
        play(&words.args).unwrap()
    }

    fn texts(play: &Play) -> Vec<(u64, &str)> {
        let begun = play.lines[0].at;
        let hours = |line: &Line| line.at.since(begun).as_secs() / 3_600;
        play.lines.iter().filter_map(|line| Some((hours(line), line.text.as_deref()?))).collect()
    }

    const EVENT: &str = r#"{"type": "cart_updated", "products": [{"name": "Tea"}]}"#;

    #[test]
    fn the_example_is_played_to_its_end() {
        let play = simulated(&["--event", EVENT]);
        let texts = texts(&play);
        assert_eq!((texts.len(), texts[0].0, texts[1].0), (2, 24, 96), "{:?}", play.lines);
        assert!(texts[0].1.contains("Tea waits for you: https://s.example/"), "{texts:?}");
        assert_eq!(play.last().unwrap().unwrap().outcome.as_deref(), Some("over"));
        assert!(play.lines.iter().any(|line| line.what == "the text is delivered"), "{:?}", play.lines);
        play.print(false).unwrap();
        play.print(true).unwrap();
    }

    #[test]
    fn an_answer_a_click_and_a_purchase_lead_elsewhere() {
        let went = |words: &[&str]| {
            let play = simulated(&[&["--event", EVENT], words].concat());
            let steps: Vec<String> = play.lines.iter().map(|line| line.step.clone()).collect();
            (steps, play.last().unwrap().unwrap().outcome.unwrap())
        };
        assert!(went(&["--answer", "2d:Yes!"]).0.contains(&"cart-left/order".to_owned()));
        assert!(went(&["--click", "remind@30h"]).0.contains(&"cart-left/won".to_owned()));
        assert_eq!(went(&["--later", "1h:{\"type\": \"purchase\"}"]).1, "goal");
    }

    #[test]
    fn why_it_does_not_begin_and_what_is_missing_are_told() {
        let stranger = simulated(&["--event", r#"{"type": "visit"}"#, "--until", "1d"]);
        assert!(stranger.last().unwrap().is_none());
        assert!(
            stranger.lines.iter().any(|line| line.what.starts_with("not begun: no trigger")),
            "{:?}",
            stranger.lines
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bare.toml");
        std::fs::write(&file, "name = \"bare\"\n[[trigger]]\napi = true\n[[step]]\nsend = \"gone\"\n").unwrap();
        let words = ["simulate", file.to_str().unwrap(), "--contact", "+821012345678"];
        let play = play(&Words::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).args).unwrap();
        assert_eq!(play.gaps, ["template \"gone\" (bare/step/0/send)"]);
        let skipped = "skipped: there is no template \"gone\"";
        assert!(play.lines.iter().any(|line| line.what == skipped), "{:?}", play.lines);
    }
}
