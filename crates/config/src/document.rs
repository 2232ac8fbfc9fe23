//! Walks a TOML document by hand, so that every mistake is found in one go and each knows its line.
//!
//! A [`Section`] is one table. Each key is asked for once, by name; when the section is finished, whatever nobody
//! asked for is an unknown key. What is right goes into the target, what is wrong leaves it at its default.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Report, did_you_mean};
use super::value::{Checked, must_be};

/// One file of the configuration.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    line_starts: Vec<usize>,
    /// Lines that are no TOML. What seems wrong or missing because of them is not told a second time.
    broken_lines: BTreeSet<usize>,
}

impl Source {
    fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }
}

/// A parsed file. Mistakes of syntax are in the report already.
pub(super) struct Document<'d> {
    source: Rc<Source>,
    table: Spanned<DeTable<'d>>,
}

impl<'d> Document<'d> {
    pub(super) fn parse(name: &str, text: &'d str, report: &Report) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut source = Source { name: name.to_owned(), line_starts: starts.collect(), broken_lines: BTreeSet::new() };
        for error in errors {
            let line = error.span().map_or(0, |span| source.line_of(span.start));
            // One slip confuses the parser for the rest of its line; the first message is the one that helps.
            if !source.broken_lines.insert(line) {
                continue;
            }
            report.problem(Problem {
                file: name.to_owned(),
                line,
                place: String::new(),
                key: String::new(),
                message: format!("this is not TOML: {}", error.message().replace('\n', "; ")),
            });
        }
        Self { source: Rc::new(source), table }
    }

    /// The top of the document.
    pub(super) fn root<'s>(&'s self, place: &str, report: &'s Report) -> Section<'s> {
        Section {
            report,
            source: Rc::clone(&self.source),
            place: place.to_owned(),
            path: String::new(),
            line: 0,
            table: self.table.get_ref(),
            known: Vec::new(),
            advice: REMOVE,
        }
    }
}

/// Where something stands, for checks that come after the reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    file: String,
    line: usize,
    place: String,
}

impl Spot {
    /// A problem here, about `key`.
    pub(super) fn problem(&self, key: &str, message: String) -> Problem {
        let Self { file, line, place } = self.clone();
        Problem { file, line, place, key: key.to_owned(), message }
    }

    /// `file` and `line` in words.
    pub(super) fn words(&self) -> String {
        format!("{}, line {}", self.file, self.line)
    }
}

const REMOVE: &str = "remove it";
/// Most tables of one list.
const SECTIONS_MAX: usize = 1_000;

/// One table of a document.
pub(super) struct Section<'s> {
    pub(super) report: &'s Report,
    source: Rc<Source>,
    place: String,
    /// The keys from the root to here, without names and numbers: `carrier.tls`.
    path: String,
    line: usize,
    table: &'s DeTable<'s>,
    known: Vec<&'static str>,
    /// What to do about a key that nobody knows.
    advice: &'static str,
}

impl<'s> Section<'s> {
    /// Renames the section for the sentences about it, once its name is known.
    pub(super) fn rename(&mut self, place: String) {
        self.place = place;
    }

    /// Reads keys under another path in the list of keys: a carrier file has the keys of `[[carrier]]`.
    pub(super) fn with_path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// Says what to do about unknown keys besides removing them.
    pub(super) fn advise(&mut self, advice: &'static str) {
        self.advice = advice;
    }

    /// The name of the file.
    pub(super) fn file(&self) -> &str {
        &self.source.name
    }

    fn find(&mut self, key: &'static str) -> Option<&'s Spanned<DeValue<'s>>> {
        if !self.known.contains(&key) {
            self.known.push(key);
            self.report.asked(if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) });
        }
        self.table.get(key)
    }

    /// Whether the key is there.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// Where `key` stands, or the section if it is not there.
    pub(super) fn spot(&mut self, key: &'static str) -> Spot {
        let line = self.find(key).map_or(self.line, |value| self.source.line_of(value.span().start));
        self.at(line)
    }

    fn at(&self, line: usize) -> Spot {
        Spot { file: self.source.name.clone(), line, place: self.place.clone() }
    }

    fn tell(&self, span: Range<usize>, key: &str, message: String) {
        let line = self.source.line_of(span.start);
        if !self.source.broken_lines.contains(&line) {
            self.report.problem(self.at(line).problem(key, message));
        }
    }

    /// Tells that `key` is wrong: `predicate` ends the sentence that the key begins.
    pub(super) fn wrong(&mut self, key: &'static str, predicate: &str) {
        let spot = self.spot(key);
        if !self.source.broken_lines.contains(&spot.line) {
            self.report.problem(spot.problem(key, format!("{key} {predicate}")));
        }
    }

    /// Tells that `key` is missing, unless it may stand in a line that could not be read.
    pub(super) fn missing(&mut self, key: &'static str, advice: &str) {
        self.find(key);
        if self.source.broken_lines.is_empty() {
            self.report.problem(self.at(self.line).problem(key, format!("{key} is missing; {advice}")));
        }
    }

    /// Tells something that is not wrong, but worth knowing.
    pub(super) fn warn(&mut self, key: &'static str, sentence: String) {
        let spot = self.spot(key);
        self.report.warning(spot.problem(key, sentence));
    }

    /// Reads `key` into `target`; an absent key leaves it.
    pub(super) fn set<T>(
        &mut self,
        key: &'static str,
        target: &mut T,
        check: impl Fn(&DeValue<'_>) -> Checked<T>,
    ) -> bool {
        let Some(value) = self.find(key) else { return false };
        match check(value.get_ref()) {
            Ok(read) => *target = read,
            Err(predicate) => self.tell(value.span(), key, format!("{key} {predicate}")),
        }
        true
    }

    /// Reads `key` into an optional `target`.
    pub(super) fn set_some<T>(
        &mut self,
        key: &'static str,
        target: &mut Option<T>,
        check: impl Fn(&DeValue<'_>) -> Checked<T>,
    ) -> bool {
        self.set(key, target, |value| check(value).map(Some))
    }

    /// Reads a list into `target`, and returns how many entries it has as written. Each wrong one is told by its number.
    pub(super) fn set_list<T>(
        &mut self,
        key: &'static str,
        target: &mut Vec<T>,
        check: impl Fn(&DeValue<'_>) -> Checked<T>,
    ) -> Option<usize> {
        let value = self.find(key)?;
        let DeValue::Array(entries) = value.get_ref() else {
            self.tell(value.span(), key, format!("{key} {}", must_be("a list in brackets", value.get_ref())));
            return Some(usize::MAX);
        };
        target.clear();
        for (place, entry) in entries.iter().enumerate() {
            match check(entry.get_ref()) {
                Ok(read) => target.push(read),
                Err(predicate) => self.tell(entry.span(), key, format!("{key}, entry {}, {predicate}", place + 1)),
            }
        }
        Some(entries.len())
    }

    /// Adds the entries of a table of free keys to `target`.
    pub(super) fn set_map<K: Ord, V>(
        &mut self,
        key: &'static str,
        target: &mut BTreeMap<K, V>,
        check_key: impl Fn(&str) -> Checked<K>,
        check: impl Fn(&DeValue<'_>) -> Checked<V>,
    ) {
        let Some(value) = self.find(key) else { return };
        let DeValue::Table(entries) = value.get_ref() else {
            self.tell(value.span(), key, format!("{key} {}", must_be("a table", value.get_ref())));
            return;
        };
        for (name, entry) in entries {
            match (check_key(name.get_ref()), check(entry.get_ref())) {
                (Ok(known), Ok(read)) => drop(target.insert(known, read)),
                (Err(predicate), _) => self.tell(name.span(), key, format!("{key}.{} {predicate}", name.get_ref())),
                (_, Err(predicate)) => self.tell(entry.span(), key, format!("{key}.{} {predicate}", name.get_ref())),
            }
        }
    }

    fn inner(&self, key: &str, place: String, span: Range<usize>, table: &'s DeTable<'s>) -> Section<'s> {
        Section {
            report: self.report,
            source: Rc::clone(&self.source),
            place,
            path: if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) },
            line: self.source.line_of(span.start),
            table,
            known: Vec::new(),
            advice: REMOVE,
        }
    }

    fn place_of(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}, {key}", self.place) }
    }

    /// The table under `key`.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'s>> {
        let value = self.find(key)?;
        let Some(table) = value.get_ref().as_table() else {
            let predicate = must_be(format_args!("a table: [{key}]"), value.get_ref());
            self.tell(value.span(), key, format!("{key} {predicate}"));
            return None;
        };
        Some(self.inner(key, self.place_of(key), value.span(), table))
    }

    /// A key that is `true`, `false` or a table: `Some(None)` for true, `None` for false and absent.
    pub(super) fn switch_or_section(&mut self, key: &'static str) -> Option<Option<Section<'s>>> {
        match self.find(key)?.get_ref().as_bool() {
            Some(on) => on.then_some(None),
            None => self.section(key).map(Some),
        }
    }

    /// The tables of the list under `key`, in order.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'s>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let DeValue::Array(entries) = value.get_ref() else {
            self.tell(value.span(), key, format!("{key} must be a list of tables: write [[{key}]] with two brackets"));
            return Vec::new();
        };
        if entries.len() > SECTIONS_MAX {
            self.tell(value.span(), key, format!("[[{key}]] stands {} times; {SECTIONS_MAX} are taken", entries.len()));
        }
        let mut sections = Vec::new();
        for (place, entry) in entries.iter().enumerate().take(SECTIONS_MAX) {
            match entry.get_ref().as_table() {
                Some(table) => {
                    let place = format!("{} {}", self.place_of(key), place + 1);
                    sections.push(self.inner(key, place, entry.span(), table));
                }
                None => self.tell(entry.span(), key, format!("{key} must be a list of tables: write [[{key}]]")),
            }
        }
        sections
    }

    /// The tables under `key` by their names, as they are written.
    pub(super) fn named_sections(&mut self, key: &'static str) -> Vec<(String, Section<'s>)> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let DeValue::Table(entries) = value.get_ref() else {
            self.tell(value.span(), key, format!("{key} must hold tables with names: [{}.{key}.NAME]", self.path));
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(entries.len());
        for (name, entry) in entries {
            let name_text = name.get_ref().to_string();
            match entry.get_ref().as_table() {
                Some(table) => {
                    let place = self.place_of(&format!("{key} \"{name_text}\""));
                    sections.push((name.span().start, name_text, self.inner(key, place, name.span(), table)));
                }
                None => {
                    self.tell(entry.span(), key, format!("{key}.{name_text} {}", must_be("a table", entry.get_ref())))
                }
            }
        }
        sections.sort_by_key(|(start, ..)| *start);
        sections.into_iter().map(|(_, name, section)| (name, section)).collect()
    }

    /// Tells every key that nobody asked for.
    pub(super) fn finish(self) {
        for (name, _) in self.table {
            let key: &str = name.get_ref();
            if self.known.contains(&key) {
                continue;
            }
            let hint = match did_you_mean(key, self.known.iter().copied()) {
                Some(word) => format!("did you mean \"{word}\"?"),
                None => self.advice.to_owned(),
            };
            self.tell(name.span(), key, format!("unknown key \"{key}\"; {hint}"));
        }
    }
}
