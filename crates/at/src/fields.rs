//! Cuts what stands behind `+NAME:` into fields: quotes and blanks dropped, commas inside of quotes kept.

/// More fields than any answer has; the rest is not looked at.
const FIELDS_MAX: usize = 64;

/// The fields of `text`. No text gives no field; `,` gives two empty ones.
pub(super) fn split(text: &str) -> Vec<&str> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .take(FIELDS_MAX)
    .map(|field| field.trim().trim_matches('"').trim())
    .collect()
}

/// What stands behind `prefix` in `line`; blanks between them do not count, nor does the case of the prefix.
pub(super) fn behind<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let head = line.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| line[prefix.len()..].trim())
}

/// The groups of a `=?` answer: `(0-3),(0,2),1` gives `0-3`, `0,2` and `1`. Doubled brackets count once.
pub(super) fn groups(text: &str) -> Vec<String> {
    let mut groups = Vec::new();
    let (mut open, mut group) = (false, String::new());
    for character in text.trim().chars() {
        match character {
            '(' if open => {}
            '(' => open = true,
            ')' if open => open = false,
            ')' => {}
            ',' if !open => groups.push(std::mem::take(&mut group)),
            _ => group.push(character),
        }
        if groups.len() == FIELDS_MAX {
            return groups;
        }
    }
    groups.push(group);
    groups
}

/// The numbers that a group such as `0-3,5` names, at most `FIELDS_MAX` of them.
pub(super) fn numbers(group: &str) -> Vec<u16> {
    let mut numbers = Vec::new();
    for part in group.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
            numbers.extend((first..=last).take(FIELDS_MAX.saturating_sub(numbers.len())));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_their_commas_and_blanks_go() {
        assert_eq!(split(" 0, \"Balance 1,50\" ,15"), ["0", "Balance 1,50", "15"]);
        assert_eq!(split(""), Vec::<&str>::new());
        assert_eq!(split(",,92"), ["", "", "92"]);
        assert_eq!(split("\"open, end"), ["open, end"]);
        assert_eq!(split(&",".repeat(1000)).len(), FIELDS_MAX);
    }

    #[test]
    fn a_prefix_may_be_followed_by_anything() {
        assert_eq!(behind("+CREG:002,001", "+CREG:"), Some("002,001"));
        assert_eq!(behind("+creg: 1", "+CREG:"), Some("1"));
        assert_eq!(behind("+CGREG: 1", "+CREG:"), None);
        assert_eq!(behind("é", "+CREG:"), None);
    }

    #[test]
    fn groups_are_read_with_and_without_brackets() {
        assert_eq!(groups("(0-3),(0,2,3),1"), ["0-3", "0,2,3", "1"]);
        assert_eq!(groups("((\"SM\",\"BM\"),(\"SM\"))"), ["\"SM\",\"BM\"", "\"SM\""]);
        assert_eq!(groups(",,,").len(), 4);
        assert_eq!(numbers("0-3"), [0, 1, 2, 3]);
        assert_eq!(numbers("0,2, 7"), [0, 2, 7]);
        assert_eq!(numbers("0-65535").len(), FIELDS_MAX);
        assert_eq!(numbers("x"), Vec::<u16>::new());
    }
}
