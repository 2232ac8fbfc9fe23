//! `postrider workflow simulate`: plays a workflow for one contact in fast time, with the pipeline of the daemon over a
//! database in memory, and prints what it did when.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail, ensure};
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
    let mut play =
        Play { world: World::new(rules, begins)?, seen: BTreeMap::new(), leaving: BTreeMap::new(), lines: Vec::new() };
    let number = play.people(args, country)?;
    play.world.bring(&source)?;
    let zone = play.zone(&number)?;
    let ends = Span::parse(&args.until).map_err(|why| anyhow!("--until: {why}"))?.from(begins, &zone);
    let mut inputs = inputs(args, begins, &zone)?;
    let gaps: Vec<String> = if args.database.is_some() { Vec::new() } else { source.gaps()? };
    play.begin(args, &workflow, &number)?;
    play.settle(&number)?;
    loop {
        let next = play.world.settle()?;
        let input = inputs.first().map(|(at, _)| *at);
        let Some(at) = next.into_iter().chain(input).min().filter(|at| *at <= ends) else { break };
        play.world.now = at.max(play.world.now);
        while let Some((_, input)) = inputs.first().filter(|(at, _)| *at <= play.world.now).cloned() {
            inputs.remove(0);
            play.happens(&number, &input)?;
        }
        play.settle(&number)?;
        if inputs.is_empty() && play.is_over(&number)? {
            break;
        }
    }
    play.print(args, &workflow, &number, &zone, &gaps)?;
    Ok(ExitCode::SUCCESS)
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

/// A play and what was seen of it.
struct Play {
    world: World,
    /// What was last said of each visit.
    seen: BTreeMap<(i64, u32), String>,
    /// Texts that were accepted and have not left.
    leaving: BTreeMap<i64, String>,
    lines: Vec<Line>,
}

impl Play {
    /// Brings the contact in, and what a database has.
    fn people(&mut self, args: &Args, country: Option<crate::model::Country>) -> anyhow::Result<PhoneNumber> {
        let path = std::path::Path::new(&args.contact);
        let from = args.database.as_deref().map(open_reader).transpose()?;
        if let Some(from) = &from {
            self.world.copy(from)?;
        }
        if path.is_file() {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let json: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
            let change = ContactChange::from_json(&json, None, country).map_err(|faults| {
                anyhow!("{}: {}", path.display(), faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            })?;
            self.world.turn(|turn| contact::upsert(turn.tx, &change, turn.now))??;
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
                self.world.turn(|turn| {
                    contact::upsert(turn.tx, &change, turn.now)?
                        .map_err(|fault| crate::store::StoreError::Row(fault.to_string()))?;
                    let id = contact::ensure(turn.tx, &number, turn.now)?;
                    point::save(turn.tx, id, &points)
                })?;
            }
            None => drop(self.world.turn(|turn| contact::ensure(turn.tx, &number, turn.now))?),
        }
        Ok(number)
    }

    fn zone(&self, number: &PhoneNumber) -> anyhow::Result<TimeZone> {
        let stored = self.world.read(|c| contact::find(c, number))?;
        Ok(stored.and_then(|stored| stored.contact.calendar().and_then(law::zone)).unwrap_or(TimeZone::UTC))
    }

    /// Lets what begins the workflow happen.
    fn begin(&mut self, args: &Args, workflow: &Workflow, number: &PhoneNumber) -> anyhow::Result<()> {
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
            self.happens(number, &Input::Happens(event))?;
            self.settle(number)?;
        }
        if self.count(number, &workflow.name)? > 0 {
            return Ok(());
        }
        let is_given = args.event.is_some();
        let outcome = self.world.turn(|turn| {
            let id = contact::ensure(turn.tx, number, turn.now)?;
            stage::enrol(turn, &workflow.name, id, None)
        })?;
        let what = match outcome {
            stage::Enrolled::Begun(_) if is_given => bail!("no trigger of {} is begun by this event", workflow.name),
            stage::Enrolled::Begun(_) => "begun by hand".to_owned(),
            other => format!("not begun: {}", other.sentence()),
        };
        self.say("", what, None);
        Ok(())
    }

    fn count(&self, number: &PhoneNumber, workflow: &str) -> anyhow::Result<usize> {
        let contact = self.world.read(|c| contact::id_of(c, number))?;
        let filter = Filter { workflow: Some(workflow.to_owned()), contact, ..Filter::default() };
        Ok(self.world.read(|c| enrolment::list(c, &filter, 10))?.0.len())
    }

    fn is_over(&self, number: &PhoneNumber) -> anyhow::Result<bool> {
        let contact = self.world.read(|c| contact::id_of(c, number))?;
        let running = contact.map(|id| self.world.read(|c| enrolment::running(c, id))).transpose()?;
        Ok(running.is_none_or(|running| running.is_empty()) && self.leaving.is_empty())
    }

    fn happens(&mut self, number: &PhoneNumber, input: &Input) -> anyhow::Result<()> {
        match input {
            Input::Writes(text) => {
                self.say("", format!("the contact writes \"{text}\""), None);
                self.world.writes(number, text)
            }
            Input::Clicks(step) => {
                let found = self.world.clicks(number, step)?;
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
    fn settle(&mut self, number: &PhoneNumber) -> anyhow::Result<()> {
        self.world.settle()?;
        self.look(number)
    }

    fn look(&mut self, number: &PhoneNumber) -> anyhow::Result<()> {
        let Some(contact) = self.world.read(|c| contact::id_of(c, number))? else { return Ok(()) };
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

    fn print(
        &self,
        args: &Args,
        workflow: &Workflow,
        number: &PhoneNumber,
        zone: &TimeZone,
        gaps: &[String],
    ) -> anyhow::Result<()> {
        let local = |at: Timestamp| at.to_jiff().to_zoned(zone.clone()).strftime("%Y-%m-%d %a %H:%M:%S").to_string();
        let contact = self.world.read(|c| contact::id_of(c, number))?;
        let filter = Filter { workflow: Some(workflow.name.clone()), contact, ..Filter::default() };
        let last = self.world.read(|c| enrolment::list(c, &filter, 1))?.0.pop();
        let outcome = last.as_ref().and_then(|last| last.outcome.clone());
        if args.json {
            let lines = self.lines.iter().map(|line| {
                json!({ "at": line.at.to_string(), "local": local(line.at), "step": line.step, "what": line.what, "text": line.text })
            });
            out::line(json!({ "workflow": workflow.name, "contact": number.as_str(), "zone": zone.iana_name(),
                "missing": gaps, "lines": lines.collect::<Vec<_>>(), "outcome": outcome,
                "stands": last.map(|last| last.step) }))?;
            return Ok(());
        }
        for gap in gaps {
            out::line(format_args!("missing: {gap}"))?;
        }
        out::line(format_args!("{}: {}, times of {}", workflow.name, number, zone.iana_name().unwrap_or("UTC")))?;
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
