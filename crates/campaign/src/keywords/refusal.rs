//! Decides whether a sentence refuses texts, however it is worded: "do not text me again", "문자 보내지 마세요",
//! "remove my number".
//!
//! A refusal is clear when nothing else is said: every piece of the sentence is a phrase that refuses, or one that goes
//! around such phrases. In languages with blanks a negation and a word of sending refuse together, in any order. What has a refusal in it
//! and says more is doubtful, and for a person to read. Somebody who misses a text ("I did not get your message") refuses
//! nothing. A negation reaches as far as its clause: "No, send it to me" refuses nothing either.

use std::borrow::Cow;

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

    /// Whether these pieces refuse texts.
    fn is_refusal(&self) -> bool {
        self.refuses || (self.negates && self.sends)
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

    /// Reads the clauses of a text; `asks` if it is a question.
    pub fn read(&self, clauses: &[Vec<String>], asks: bool) -> Verdict {
        let clauses: Vec<Cow<'_, [String]>> = clauses.iter().map(|words| self.pieces(words)).collect();
        let has = |phrases: &[Phrase]| clauses.iter().any(|text| has(text, phrases));
        let misses = has(&self.receiving) && !has(&self.wanting);
        if has(&self.others) || misses {
            return Verdict::Other;
        }
        if clauses.iter().any(|text| self.takes_back(text)) {
            return Verdict::Doubtful;
        }
        let said: Option<Vec<Said>> = clauses.iter().map(|text| self.whole(text)).collect();
        match said.and_then(|all| all.into_iter().filter(Said::is_refusal).max_by_key(|said| said.refuses)) {
            Some(said) if said.refuses || !asks => Verdict::Clear,
            Some(_) => Verdict::Doubtful,
            None if has(&self.refusals) || has(&self.doubtful) => Verdict::Doubtful,
            None if clauses.iter().any(|text| self.negates_sending(text)) => Verdict::Doubtful,
            None => Verdict::Not,
        }
    }

    /// What phrases are compared with: words, or letters where blanks do not count.
    fn pieces<'a>(&self, words: &'a [String]) -> Cow<'a, [String]> {
        if self.unspaced {
            Cow::Owned(words.concat().chars().map(String::from).collect())
        } else {
            Cow::Borrowed(words)
        }
    }

    /// What a clause says at most, if all of it is made of known pieces.
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
        (0..8).filter(|bits| ends[*bits]).map(Said::of).max_by_key(|said| (said.refuses, said.is_refusal()))
    }

    /// Whether a refusal is negated itself: "do not unsubscribe me".
    fn takes_back(&self, text: &[String]) -> bool {
        let begins = |rest: &[String], phrases: &[Phrase]| phrases.iter().any(|phrase| rest.starts_with(phrase));
        (0..text.len()).any(|place| {
            let rest = &text[place..];
            let Some(negation) = self.negations.iter().find(|phrase| rest.starts_with(phrase)) else { return false };
            let after = &rest[negation.len()..];
            let next = (0..after.len().min(APART_MAX)).map(|place| &after[place..]);
            let mut next = next.skip_while(|rest| !begins(rest, &self.sending) && !begins(rest, &self.refusals));
            next.next().is_some_and(|rest| begins(rest, &self.refusals))
        })
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
