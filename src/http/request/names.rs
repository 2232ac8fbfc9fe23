//! Guesses which field was meant by a name that no field has.

use std::borrow::Cow;

use crate::http::problem::FieldError;

/// What people coming from other gateways write, and what it is called here.
const OTHER_NAMES: [(&str, &str); 12] = [
    ("message", "text"),
    ("body", "text"),
    ("content", "text"),
    ("msg", "text"),
    ("recipient", "to"),
    ("recipients", "to"),
    ("phone", "to"),
    ("destination", "to"),
    ("sender", "from"),
    ("validity", "valid_for"),
    ("dlr_url", "callback"),
    ("callback_url", "callback"),
];

/// The error that names the field and, if one of `known` is near, what may have been meant.
pub fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> FieldError {
    let meant =
        OTHER_NAMES.iter().find(|(other, _)| name.eq_ignore_ascii_case(other)).map(|(_, meant)| *meant).or_else(|| {
            known
                .map(|known| (distance(name, known), known))
                .filter(|(far, known)| *far <= 2 && *far < known.len())
                .min()
                .map(|(_, known)| known)
        });
    let hint = meant.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
    FieldError::new(
        format!("/{}", pointer_part(name)),
        "unknown_field",
        format!("a message has no field \"{}\"{hint}", short(name)),
    )
}

/// How many letters must be put in, taken out or changed to turn one name into the other (at most 32 are looked at).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, letter) in a.chars().take(32).enumerate() {
        let mut diagonal = line;
        for (place, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter.to_ascii_lowercase() != *other);
            let (Some(&left), Some(&above)) = (row.get(place), row.get(place + 1)) else { break };
            diagonal = above;
            let left = if place == 0 { line + 1 } else { left };
            if let Some(cell) = row.get_mut(place + 1) {
                *cell = change.min(left + 1).min(above + 1);
            }
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

/// A name as it stands in a JSON pointer (RFC 6901, 3), cut when it is long.
pub fn pointer_part(name: &str) -> Cow<'_, str> {
    let cut = short(name);
    if cut.contains(['~', '/']) { Cow::Owned(cut.replace('~', "~0").replace('/', "~1")) } else { cut }
}

/// A name, cut when it is long.
pub fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(48) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_letters() {
        for (a, b, far) in
            [("text", "text", 0), ("tekst", "text", 2), ("", "to", 2), ("txt", "text", 1), ("form", "from", 2)]
        {
            assert_eq!(distance(a, b), far, "{a} {b}");
        }
    }
}
