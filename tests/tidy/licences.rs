//! Decides whether a crate's licence expression is met by an allow-list: an SPDX expression with AND, OR, WITH and
//! brackets, where `/` is the old way to write OR.

/// Whether the licences in `allowed` meet `expression`. What cannot be read is not met.
pub fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.any_of() == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    fn any_of(&mut self) -> Option<bool> {
        let mut met = self.all_of()?;
        while self.take("OR") {
            met |= self.all_of()?;
        }
        Some(met)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.any_of()?;
            return self.take(")").then_some(met);
        }
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        let name = match self.words {
            ["WITH", exception, rest @ ..] => {
                self.words = rest;
                format!("{first} WITH {exception}")
            }
            _ => (*first).to_owned(),
        };
        Some(self.allowed.contains(&name))
    }
}
