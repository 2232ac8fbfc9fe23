//! Checks the source of a template before the engine sees it: its size, its tags, and what could make it grow.

use super::filters::NAMES;
use crate::fault::{Fault, short};

/// The largest source.
pub const SOURCE_SIZE_BYTES_MAX: usize = 4 << 10;
/// The statements that a text needs. Others define or fetch things, or set variables, which can be made to double.
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// Checks a source.
///
/// # Errors
/// Says what it may not have, and in which line.
pub fn check(source: &str) -> Result<(), Fault> {
    if source.len() > SOURCE_SIZE_BYTES_MAX {
        let detail = format!("a template has at most {SOURCE_SIZE_BYTES_MAX} octets, not {}", source.len());
        return Err(Fault::new("", "too_long", detail));
    }
    let mut rest = source;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        let line = source.len() - rest.len() + start;
        let (kind, tag) = rest.split_at(start).1.split_at(2);
        let end = match kind {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let length = if kind == "{#" { tag.find(end) } else { end_of(tag, end) };
        let Some(length) = length else {
            return Err(fault(source, line, format!("\"{kind}\" is not closed by \"{end}\"")));
        };
        let (inside, after) = tag.split_at(length);
        if kind != "{#" {
            check_tag(inside, kind == "{%").map_err(|detail| fault(source, line, detail))?;
        }
        rest = after.split_at(end.len()).1;
    }
    Ok(())
}

fn fault(source: &str, at: usize, detail: String) -> Fault {
    let line = source.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    Fault::new("", "wrong_template", format!("line {line}: {detail}"))
}

/// Where a tag ends, passing over texts in quotes.
fn end_of(tag: &str, end: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (place, character) in tag.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character == '"' || character == '\'' => quote = Some(character),
            None if tag.get(place..).is_some_and(|rest| rest.starts_with(end)) => return Some(place),
            None => {}
        }
    }
    None
}

fn check_tag(inside: &str, is_statement: bool) -> Result<(), String> {
    if is_statement {
        let word: String = inside
            .trim_start_matches(['-', '+'])
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if !STATEMENTS.contains(&word.as_str()) {
            let known = STATEMENTS.join(", ");
            return Err(format!("\"{}\" is no statement of templates; there are {known}", short(&word)));
        }
    }
    let mut quote = None;
    let mut escaped = false;
    // What stands outside of quotes.
    let mut bare = String::with_capacity(inside.len());
    for character in inside.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character == '"' || character == '\'' => quote = Some(character),
            None if character == '*' => return Err("there is no \"*\" in templates".to_owned()),
            None => {}
        }
        if quote.is_none() {
            bare.push(character);
        }
    }
    for filter in bare.split('|').skip(1) {
        let name: String = filter.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !NAMES.contains(&name.as_str()) {
            return Err(format!("\"{}\" is no filter; there are {}", short(&name), NAMES.join(", ")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_fields_and_conditions_pass() {
        for source in [
            "",
            "plain * text with 50 % off }} and { braces }",
            "{{ name | or(\"you * me %} }}\") }}{% if cart_items > 1 %}s{% endif %}",
            "{# a * note #}{%- for product in products -%}{{ product }}{% endfor %}",
            "{{ 'it\\'s * here' }}",
        ] {
            assert_eq!(check(source), Ok(()), "{source}");
        }
    }

    #[test]
    fn what_could_grow_or_reach_out_is_refused_with_its_line() {
        for (source, word) in [
            ("{{ 'a' * 1000000 }}", "\"*\""),
            ("{% set a = 1 %}", "\"set\""),
            ("a\nb {% macro x() %}", "line 2"),
            ("{% include 'x' %}", "\"include\""),
            ("{%- import 'x' %}", "\"import\""),
            ("{{ name", "not closed"),
            ("{% if x", "not closed"),
            ("{{ \"name }}", "not closed"),
            ("{# x", "not closed"),
            ("{{ name | shout }}", "\"shout\" is no filter"),
            ("{{ name | or('a|b') | join(',') }}", "\"join\""),
        ] {
            let fault = check(source).unwrap_err();
            assert!(fault.detail.contains(word), "{source}: {fault}");
        }
        assert!(
            check(&"a".repeat(SOURCE_SIZE_BYTES_MAX)).is_ok() && check(&"a".repeat(SOURCE_SIZE_BYTES_MAX + 1)).is_err()
        );
    }
}
