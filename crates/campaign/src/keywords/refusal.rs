//! Decides whether a sentence refuses texts, however it is worded: "do not text me again", "문자 보내지 마세요",
//! "remove my number".
//!
//! A refusal is clear when nothing else is said: every piece of the sentence is a phrase that refuses, or one that goes
//! around such phrases. In languages with blanks a negation and a word of sending refuse together, in any order. What has a refusal in it
//! and says more is doubtful, and for a person to read. Somebody who misses a text ("I did not get your message") refuses
//! nothing.

use super::{Phrase, fold, longest_first, without};

/// Words between a negation and the word of sending that it is about, at most.
const APART_MAX: usize = 4;

/// What a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A refusal and nothing else.
    Clear,
    /// Perhaps one.
    Doubtful,
    /// Something that looks like one and is none, whatever other languages see in it.
    Other,
    /// None.
    Not,
}

/// The pieces of sentences in one language.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    unspaced: bool,
    /// Refuse by themselves.
    refusals: Vec<Phrase>,
    negations: Vec<Phrase>,
    sending: Vec<Phrase>,
    /// Stand around all of these and mean nothing.
    around: Vec<Phrase>,
    /// Are said of texts that came or did not come, unless somebody wants or does not want them.
    receiving: Vec<Phrase>,
    wanting: Vec<Phrase>,
    /// Look like a refusal and are none.
    others: Vec<Phrase>,
    /// Should be read by a person.
    doubtful: Vec<Phrase>,
}

/// The lists of one language, as the file has them.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lists {
    refusals: Vec<String>,
    negations: Vec<String>,
    sending: Vec<String>,
    around: Vec<String>,
    receiving: Vec<String>,
    wanting: Vec<String>,
    others: Vec<String>,
    doubtful: Vec<String>,
}

/// What the pieces so far add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Said {
    refuses: bool,
    negates: bool,
    sends: bool,
}

impl Said {
    fn bits(self) -> usize {
        usize::from(self.refuses) | usize::from(self.negates) << 1 | usize::from(self.sends) << 2
    }

    fn of(bits: usize) -> Self {
        Self { refuses: bits & 1 != 0, negates: bits & 2 != 0, sends: bits & 4 != 0 }
    }
}

impl Refusals {
    /// The lists, with the manners of the language among what stands around.
    pub fn new(lists: &Lists, manners: &[String], unspaced: bool) -> Self {
        let phrases = |list: &[String]| {
            let folded = list.iter().map(|text| fold::words(text).join(if unspaced { "" } else { " " })).collect();
            if unspaced { letters(folded) } else { longest_first(folded) }
        };
        let around: Vec<String> = lists.around.iter().chain(manners).cloned().collect();
        Self {
            unspaced,
            refusals: phrases(&lists.refusals),
            negations: phrases(&lists.negations),
            sending: phrases(&lists.sending),
            around: phrases(&around),
            receiving: phrases(&lists.receiving),
            wanting: phrases(&lists.wanting),
            others: phrases(&lists.others),
            doubtful: phrases(&lists.doubtful),
        }
    }

    /// Reads a sentence; `asks` if it is a question.
    pub fn read(&self, words: &[String], asks: bool) -> Verdict {
        let letters: Vec<String>;
        let text = if self.unspaced {
            letters = words.concat().chars().map(String::from).collect();
            &letters
        } else {
            words
        };
        let misses = has(text, &self.receiving) && !has(text, &self.wanting);
        if has(text, &self.others) || misses {
            return Verdict::Other;
        }
        match self.whole(text) {
            Some(said) if said.refuses || !asks => Verdict::Clear,
            Some(_) => Verdict::Doubtful,
            None if has(text, &self.refusals) || has(text, &self.doubtful) || self.negates_sending(text) => {
                Verdict::Doubtful
            }
            None => Verdict::Not,
        }
    }

    /// What the sentence says, if all of it is made of known pieces and they refuse.
    fn whole(&self, text: &[String]) -> Option<Said> {
        // For each place, which sums of pieces lead there.
        let mut reached = vec![[false; 8]; text.len() + 1];
        reached[0][0] = true;
        for place in 0..text.len() {
            let rest = &text[place..];
            for bits in 0..8 {
                if !reached[place][bits] {
                    continue;
                }
                let said = Said::of(bits);
                let lists = [
                    (&self.refusals, Said { refuses: true, ..said }),
                    (&self.negations, Said { negates: true, ..said }),
                    (&self.sending, Said { sends: true, ..said }),
                    (&self.around, said),
                ];
                for (list, then) in lists {
                    for phrase in list.iter().filter(|phrase| rest.starts_with(phrase)) {
                        reached[place + phrase.len()][then.bits()] = true;
                    }
                }
            }
        }
        let ends = reached.last()?;
        let refuses = |said: &Said| said.refuses || (said.negates && said.sends);
        (0..8).rev().filter(|bits| ends[*bits]).map(Said::of).filter(refuses).max_by_key(|said| said.refuses)
    }

    /// Whether a word of sending follows a negation.
    fn negates_sending(&self, text: &[String]) -> bool {
        (0..text.len()).any(|place| {
            let rest = &text[place..];
            self.negations.iter().filter(|phrase| rest.starts_with(phrase)).any(|phrase| {
                let after = &rest[phrase.len()..];
                has(&after[..after.len().min(APART_MAX)], &self.sending)
            })
        })
    }
}

/// Whether one of `phrases` stands in `text`.
fn has(text: &[String], phrases: &[Phrase]) -> bool {
    without(text, phrases).len() < text.len()
}

/// Phrases letter by letter, the longest first.
fn letters(texts: Vec<String>) -> Vec<Phrase> {
    let mut phrases: Vec<Phrase> = texts.iter().map(|text| text.chars().map(String::from).collect()).collect();
    phrases.retain(|phrase| !phrase.is_empty());
    phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
    phrases
}
