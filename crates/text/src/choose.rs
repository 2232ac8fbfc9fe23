//! Decides which alphabet a text takes: the one with the fewest segments, then the fewest octets.

use std::borrow::Cow;

use postrider_model::{Alphabet, Concatenation, Indication};

use super::coder::Coder;
use super::error::{Change, TextError};
use super::national::Shift;
use super::profile::{LongForm, TextProfile, TransliterationLevels};
use super::split::{capacity, ends, header_octets};
use super::{elements, normal, translit};

/// How many characters that no alphabet has are named.
const NAMED_MAX: usize = 16;

/// One way to send a text.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'t> {
    /// The text in NFC, with its replacements made.
    pub(super) text: Cow<'t, str>,
    pub(super) coder: Coder,
    pub(super) changes: Vec<Change>,
    /// The elements of every segment besides the concatenation.
    pub(super) elements: Vec<u8>,
    pub(super) concatenation: Concatenation,
    /// The units of the whole text.
    pub(super) units: usize,
    /// The units that each segment can hold.
    pub(super) room: usize,
    /// Where each segment ends; empty when one is enough.
    pub(super) ends: Vec<usize>,
}

/// What a text may be turned into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'p> {
    pub(super) profile: &'p TextProfile,
    pub(super) indication: &'p Indication,
    pub(super) levels: TransliterationLevels,
}

impl Terms<'_> {
    /// Whether texts may be sent in `alphabet`.
    pub(super) fn permit(&self, alphabet: Alphabet) -> bool {
        // The coding groups of waiting signs have a stored form for both alphabets and an unstored one for GSM 7-bit
        // (3GPP TS 23.038, 4).
        let by_indication = match (self.indication.waiting, alphabet) {
            (None, _) | (Some(_), Alphabet::Gsm7) => true,
            (Some(waiting), Alphabet::Ucs2) => waiting.store,
            (Some(_), Alphabet::Binary | Alphabet::Latin1 | Alphabet::EucKr) => false,
        };
        by_indication && self.profile.alphabets.contains(&alphabet)
    }
}

/// The cheapest permitted way to send `text`, which is in NFC.
pub(super) fn cheapest<'t>(text: &'t str, terms: Terms<'_>) -> Result<Candidate<'t>, TextError> {
    let mut best = None;
    let plain = gsm7(text, terms, &mut best);
    if plain {
        let octet_alphabets = terms.permit(Alphabet::Latin1) || terms.permit(Alphabet::EucKr);
        let one_segment = best.as_ref().is_some_and(|best| best.ends.is_empty());
        // Nothing is cheaper than GSM 7-bit, unless it needs many escapes or segments.
        if !octet_alphabets && (one_segment || terms.profile.national.is_empty()) {
            return best.ok_or_else(|| unencodable(text, terms));
        }
    }
    if terms.permit(Alphabet::Gsm7) {
        national(text, terms, &mut best);
    }
    for coder in [Coder::Latin1, Coder::EucKr] {
        if terms.permit(coder.alphabet()) {
            written_or_replaced(text, coder, terms, &mut best);
        }
    }
    if terms.permit(Alphabet::Ucs2) {
        written_or_replaced(text, Coder::Ucs2, terms, &mut best);
    }
    best.ok_or_else(|| unencodable(text, terms))
}

/// The characters of `text` that keep it out of every alphabet but UCS-2: those that the permitted alphabet which
/// lacks fewest of them lacks, each once.
pub(super) fn obstacles(text: &str, terms: Terms<'_>) -> Vec<char> {
    let coders = [Coder::Gsm7, Coder::Latin1, Coder::EucKr];
    let permitted = coders.into_iter().filter(|coder| terms.permit(coder.alphabet()));
    let closest = permitted.min_by_key(|coder| text.chars().filter(|&c| coder.units(c).is_none()).count());
    let coder = closest.unwrap_or(Coder::Gsm7);
    let mut lacking: Vec<char> = text.chars().filter(|&c| coder.units(c).is_none()).collect();
    lacking.sort_unstable();
    lacking.dedup();
    lacking
}

/// Tries the default tables; true if they have every character as written.
fn gsm7<'t>(text: &'t str, terms: Terms<'_>, best: &mut Option<Candidate<'t>>) -> bool {
    terms.permit(Alphabet::Gsm7) && written_or_replaced(text, Coder::Gsm7, terms, best)
}

/// Tries `coder` as written, or else with replacements; true if it has every character as written.
fn written_or_replaced<'t>(text: &'t str, coder: Coder, terms: Terms<'_>, best: &mut Option<Candidate<'t>>) -> bool {
    if let Some(units) = coder.measure(text) {
        consider(best, Candidate::new(Cow::Borrowed(text), coder, units, Vec::new(), terms));
        return true;
    }
    if let Some((replaced, changes)) = translit::apply(text, coder, terms.levels)
        && let Some(units) = coder.measure(&replaced)
    {
        consider(best, Candidate::new(Cow::Owned(replaced), coder, units, changes, terms));
    }
    false
}

/// Tries the national tables, each in every way.
fn national<'t>(text: &'t str, terms: Terms<'_>, best: &mut Option<Candidate<'t>>) {
    if terms.profile.national.is_empty() {
        return;
    }
    let whole_letters = normal::put_together(text);
    for shift in terms.profile.national.iter().flat_map(|&language| Shift::ways(language)) {
        let coder = Coder::National(shift);
        let whole = whole_letters.as_ref().and_then(|text| Some((Cow::Owned(text.clone()), coder.measure(text)?)));
        let found = whole.or_else(|| Some((Cow::Borrowed(text), coder.measure(text)?)));
        if let Some((text, units)) = found {
            consider(best, Candidate::new(text, coder, units, Vec::new(), terms));
        }
    }
}

fn consider<'t>(best: &mut Option<Candidate<'t>>, candidate: Candidate<'t>) {
    if best.as_ref().is_none_or(|best| candidate.cost() < best.cost()) {
        *best = Some(candidate);
    }
}

fn unencodable(text: &str, terms: Terms<'_>) -> TextError {
    if terms.indication.waiting.is_some() && terms.profile.alphabets.contains(&Alphabet::Ucs2) {
        return TextError::Indication("a waiting sign whose text is not stored carries GSM 7-bit text only");
    }
    let mut characters = obstacles(text, terms);
    characters.truncate(NAMED_MAX);
    TextError::NotEncodable { characters }
}

impl<'t> Candidate<'t> {
    fn new(text: Cow<'t, str>, coder: Coder, units: usize, changes: Vec<Change>, terms: Terms<'_>) -> Self {
        let mut elements = elements::ports(terms.indication.ports);
        if let Coder::National(shift) = coder {
            elements.extend(shift.elements());
        }
        let room = capacity(coder.alphabet(), header_octets(elements.len()));
        let mut candidate =
            Self { text, coder, changes, elements, concatenation: Concatenation::None, units, room, ends: Vec::new() };
        if units > room {
            candidate.split(terms.profile.long);
        }
        candidate
    }

    /// `text` in `coder`, which has all its characters, permitted or not.
    pub(super) fn plain(text: &'t str, coder: Coder, terms: Terms<'_>) -> Self {
        let units = coder.measure(text).unwrap_or(0);
        Self::new(Cow::Borrowed(text), coder, units, Vec::new(), terms)
    }

    fn split(&mut self, long: LongForm) {
        let (concatenation, octets) = tie(long, &self.elements);
        self.concatenation = concatenation;
        self.room = capacity(self.coder.alphabet(), header_octets(self.elements.len() + octets));
        let coder = self.coder;
        self.ends = ends(&self.text, self.room, |c| coder.units(c).unwrap_or(0));
    }

    /// How many segments arrive, the carrier's splitting included.
    pub(super) fn segments(&self) -> usize {
        self.ends.len().max(1)
    }

    /// The units of the last segment.
    pub(super) fn last_units(&self) -> usize {
        let start = self.ends.iter().rev().nth(1).copied().unwrap_or(0);
        self.coder.measure(&self.text[start..]).unwrap_or(0)
    }

    /// The cheaper candidate has the smaller cost: segments, then octets of user data on the air.
    fn cost(&self) -> (usize, usize) {
        let octets = match self.coder.alphabet() {
            Alphabet::Gsm7 => (self.units * 7).div_ceil(8),
            Alphabet::Ucs2 => self.units * 2,
            Alphabet::Binary | Alphabet::Latin1 | Alphabet::EucKr => self.units,
        };
        (self.segments(), octets + header_octets(self.elements.len()) * self.segments())
    }
}

/// How parts with these elements are tied together, and the octets that it takes from each.
pub(super) fn tie(long: LongForm, elements: &[u8]) -> (Concatenation, usize) {
    match long {
        LongForm::Udh16 => (Concatenation::Reference16, 6),
        // A carrier that builds the header itself cannot be trusted to keep another one beside it.
        LongForm::Sar if elements.is_empty() => (Concatenation::Sar, 5),
        LongForm::Payload if elements.is_empty() => (Concatenation::Payload, 5),
        LongForm::Udh8 | LongForm::Sar | LongForm::Payload => (Concatenation::Reference8, 5),
    }
}
