//! What handsets wrote, and whether each text is kept once and whole.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use postrider::model::Random;
use postrider::sim::Inbound;
use postrider::smpp::pdu::Address;
use postrider::store::Database;

use super::book::OURS;
use super::plan::Text;
use super::rows::told;

/// What every long text of a handset has for a reference.
const REFERENCE: u8 = 7;
/// How much later the text after a torn one comes.
const LATER: Duration = Duration::from_secs(3 * 3600);
/// An acknowledgement given so shortly before its connection ended may have arrived or not.
const UNSURE: Duration = Duration::from_secs(60);

/// A text as the gateway is to keep it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    from: String,
    body: String,
    /// How many parts it has, and how many of them ever came.
    parts: (u8, u8),
}

/// Parts that the carrier gets together.
#[derive(Debug)]
struct Next {
    not_before: Instant,
    /// Whether they come only once all before them are acknowledged: parts of two texts with one reference that are under way
    /// together cannot be told apart by anybody.
    alone: bool,
    parts: Vec<Inbound>,
}

/// All texts of handsets.
#[derive(Debug, Default)]
pub struct Texts {
    written: BTreeMap<Kept, usize>,
    /// The texts of a person who repeats himself, and how many acknowledgements of each may have been lost or not.
    unsure: BTreeMap<(String, String), usize>,
    waiting: VecDeque<Next>,
    injected: u64,
    count: u64,
    /// The last acknowledgements: the session, when, and of what.
    given: Vec<(u32, Instant, (String, String))>,
}

impl Texts {
    /// A handset writes a text.
    pub fn write(&mut self, text: Text, random: &mut Random, now: Instant) {
        self.count += 1;
        let n = self.count;
        match text {
            Text::Single => self.whole(&format!("82109100{n:04}"), &[format!("text {n}")], now, random),
            Text::Word => self.whole("821092000001", &["5".to_owned()], now, random),
            Text::Long { parts } => {
                let from = format!("82109300000{}", n % 2);
                let bodies: Vec<String> = (1..=parts).map(|part| format!("part {part} of text {n} ")).collect();
                self.whole(&from, &bodies, now, random);
            }
            Text::Torn { later } => self.torn(n, later, now),
        }
    }

    fn whole(&mut self, from: &str, bodies: &[String], now: Instant, random: &mut Random) {
        self.expect(from, bodies, bodies.len());
        let mut parts = inbound(from, bodies);
        if random.chance(700) {
            parts.reverse();
        }
        self.waiting.push_back(Next { not_before: now, alone: bodies.len() > 1, parts });
    }

    /// The third part of the first text never comes. The parts of the second come one after the other: the first one
    /// contradicts the one that is there, or comes hours later.
    fn torn(&mut self, n: u64, later: bool, now: Instant) {
        let from = format!("82109400{n:04}");
        let bodies = |which: u64| (1..=3).map(|part| format!("part {part} of torn {n}.{which} ")).collect::<Vec<_>>();
        let (first, second) = (bodies(1), bodies(2));
        self.expect(&from, &first[..2], 3);
        self.expect(&from, &second, 3);
        let mut one = inbound(&from, &first);
        one.pop();
        let two = inbound(&from, &second);
        let at = if later { now + LATER } else { now };
        for (not_before, part) in one.into_iter().map(|part| (now, part)).chain(two.into_iter().map(|part| (at, part)))
        {
            self.waiting.push_back(Next { not_before, alone: true, parts: vec![part] });
        }
    }

    fn expect(&mut self, from: &str, bodies: &[String], total: usize) {
        let count = |parts: usize| u8::try_from(parts).unwrap_or(u8::MAX);
        let parts = (count(total), count(bodies.len()));
        *self.written.entry(Kept { from: from.to_owned(), body: bodies.concat(), parts }).or_default() += 1;
    }

    /// The parts that reach the carrier now. It has acknowledged so many of those before.
    pub fn due(&mut self, acknowledged: u64, now: Instant) -> Option<Vec<Inbound>> {
        let free = acknowledged >= self.injected;
        let place = self.waiting.iter().position(|next| next.not_before <= now && (free || !next.alone))?;
        let next = self.waiting.remove(place)?;
        self.injected += next.parts.len() as u64;
        Some(next.parts)
    }

    /// When something is due.
    pub fn next(&self) -> Option<Instant> {
        self.waiting.iter().map(|next| next.not_before).min()
    }

    /// A delivery is kept, and its acknowledgement is given to this session.
    pub fn kept(&mut self, session: u32, from: &str, payload: &[u8], now: Instant) {
        self.given.retain(|(_, at, _)| now - *at < UNSURE);
        let body = payload.iter().map(|octet| char::from(*octet)).collect();
        self.given.push((session, now, (bare(from).to_owned(), body)));
    }

    /// A session ended: nobody can tell whether its last acknowledgements arrived.
    pub fn ended(&mut self, session: u32, now: Instant) {
        for (_, _, text) in self.given.extract_if(.., |(of, at, _)| *of == session && now - *at < UNSURE) {
            *self.unsure.entry(text).or_default() += 1;
        }
    }

    /// Whether all is kept, or as much as ever will be: then nothing is worth waiting for.
    pub fn all_there(&self, database: &Database) -> Result<bool, String> {
        Ok(self.waiting.is_empty() && stored(database)?.values().sum::<usize>() >= self.written.values().sum())
    }

    /// Each text is kept once. Where a person repeats himself and nobody can tell whether an acknowledgement arrived, a copy
    /// and a repetition look alike.
    pub fn check(&self, database: &Database) -> Result<(), String> {
        let stored = stored(database)?;
        let all = self.written.keys().chain(stored.keys());
        for text in all {
            let of = |map: &BTreeMap<Kept, usize>| map.get(text).copied().unwrap_or(0);
            let (written, kept) = (of(&self.written), of(&stored));
            let unsure = self.unsure.get(&(text.from.clone(), text.body.clone())).copied().unwrap_or(0);
            let unsure = if written > 1 { unsure } else { 0 };
            if kept > written + unsure || kept + unsure < written {
                return Err(format!("a handset wrote {text:?} {written} times, and it is kept {kept} times"));
            }
        }
        Ok(())
    }
}

fn inbound(from: &str, bodies: &[String]) -> Vec<Inbound> {
    let total = u8::try_from(bodies.len()).unwrap_or(u8::MAX);
    let part = |(number, body): (u8, &String)| {
        let header = if total > 1 { vec![5, 0, 3, REFERENCE, total, number] } else { Vec::new() };
        Inbound {
            source: Address::new(1, 1, from),
            destination: Address::new(1, 1, OURS),
            esm_class: if total > 1 { 0x40 } else { 0 },
            user_data: [header, body.clone().into_bytes()].concat(),
            ..Inbound::default()
        }
    };
    (1..=total).zip(bodies).map(part).collect()
}

fn bare(number: &str) -> &str {
    number.trim_start_matches('+')
}

fn stored(database: &Database) -> Result<BTreeMap<Kept, usize>, String> {
    let found = database.read(|connection| {
        let mut statement = connection.prepare_cached("SELECT sender, body, parts, parts_came FROM inbound")?;
        let mut rows = statement.query([])?;
        let mut all: BTreeMap<Kept, usize> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let sender: String = row.get(0)?;
            let body: Option<String> = row.get(1)?;
            let (from, body) = (bare(&sender).to_owned(), body.unwrap_or_default());
            *all.entry(Kept { from, body, parts: (row.get(2)?, row.get(3)?) }).or_default() += 1;
        }
        Ok(all)
    });
    found.map_err(told)
}
