//! Compiles the regular expressions that people write into configurations and services, within bounds.
//!
//! Every expression that is not ours goes through here, so that one set of features, limits and error texts holds for all.

use regex::{Regex, RegexBuilder};

/// Whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `a` is not `A`.
    Counts,
    /// `a` is `A`, in all alphabets.
    Folds,
}

/// Compiles `text`, which may take up to `size_bytes_max` in memory.
///
/// # Errors
/// Says in one line what is wrong with it.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn compile(text: &str, case: Case, size_bytes_max: usize) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(text);
    builder.case_insensitive(case == Case::Folds).size_limit(size_bytes_max).dfa_size_limit(size_bytes_max);
    builder.build().map_err(|error| one_line(&error))
}

/// The crate draws the expression with a mark below the mistake, over several lines; its last line says what it is.
fn one_line(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(limit) = error {
        return format!("it needs more than {} KiB when it is compiled", limit / 1024);
    }
    let text = error.to_string();
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it cannot be read");
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 256 * 1024;

    #[test]
    fn what_the_manual_of_expressions_shows_is_there() {
        for (text, meets) in [
            (r"\d{3}", "١٢٣"),
            (r"\p{Hangul}+", "잔액"),
            (r"\p{L}+", "ยอด"),
            (r"\p{Lu}", "Ä"),
            (r"\b\w+\s\w+\b", "ваш баланс"),
            (r"\p{Alphabetic}", "ß"),
            (r"[[:alpha:]]", "a"),
            (r"\p{Greek}", "λ"),
        ] {
            assert!(compile(text, Case::Counts, SIZE).unwrap().is_match(meets), "{text}");
            assert!(compile(text, Case::Folds, SIZE).unwrap().is_match(meets), "{text}, case folded");
        }
        assert!(compile("баланс", Case::Folds, SIZE).unwrap().is_match("БАЛАНС"));
        assert!(!compile("баланс", Case::Counts, SIZE).unwrap().is_match("БАЛАНС"));
        assert!(compile("(?i)straße", Case::Counts, SIZE).unwrap().is_match("STRAẞE"));
    }

    #[test]
    fn a_wrong_or_huge_expression_is_told_in_one_line() {
        for (text, told) in [
            ("(", "unclosed group"),
            ("a{2,1}", "invalid repetition count range, the start must be <= the end"),
            (r"\p{Klingon}", "Unicode property not found"),
            (r"\w{1000}{1000}", "it needs more than 256 KiB when it is compiled"),
            (r"((((a{100}){100}){100}){100}){100}", "it needs more than 256 KiB when it is compiled"),
        ] {
            assert_eq!(compile(text, Case::Folds, SIZE).unwrap_err(), told, "{text}");
        }
        let deep = format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(compile(&deep, Case::Folds, SIZE).unwrap_err().contains("nest"), "deep groups end in an error");
    }
}
