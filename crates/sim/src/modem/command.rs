//! Reads a command line: which commands stand in it, and in which form each is asked.

/// Commands in one line at most.
const COMMANDS_MAX: usize = 20;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// `E`, `&F`, `+CMGF`, `^ICCID`.
    pub name: String,
    /// How it is asked.
    pub form: Form,
    /// The whole of it as written, in upper case outside quotes: `+CFUN=1,1`.
    pub text: String,
}

/// How a command is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// `AT+CSQ`.
    Run,
    /// `AT+CREG?`.
    Read,
    /// `AT+CNMI=?`.
    Test,
    /// `AT+CMGF=0`; the values, without quotes.
    Set(Vec<String>),
}

impl Command {
    /// The values of a set command.
    pub fn values(&self) -> &[String] {
        if let Form::Set(values) = &self.form { values } else { &[] }
    }

    /// The value at `place` as a number; `None` when it is absent or none.
    pub fn number(&self, place: usize) -> Option<usize> {
        self.values().get(place)?.parse().ok()
    }
}

/// The commands of a line; `None` when it does not begin with `AT`.
pub(super) fn parse(line: &str) -> Option<Vec<Command>> {
    let line = line.trim();
    let head = line.get(..2)?;
    if !head.eq_ignore_ascii_case("AT") {
        return None;
    }
    let mut rest = line.get(2..)?;
    let mut commands = Vec::new();
    while commands.len() < COMMANDS_MAX {
        rest = rest.trim_start_matches([';', ' ']);
        if rest.is_empty() {
            break;
        }
        let length = if rest.starts_with(['+', '^', '#', '!', '*', '%', '$']) { extended(rest) } else { basic(rest) };
        let (command, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        commands.push(read(command));
        rest = behind;
    }
    Some(commands)
}

/// The length of an extended command: up to a semicolon outside quotes.
fn extended(text: &str) -> usize {
    let mut quoted = false;
    let end = text.find(|character| {
        quoted ^= character == '"';
        character == ';' && !quoted
    });
    end.unwrap_or(text.len())
}

/// The length of a basic command: a sign, a letter, digits, and for `S` and `D` what they take.
fn basic(text: &str) -> usize {
    if text.starts_with(['D', 'd']) {
        return text.len();
    }
    let sign = text.find(|character: char| !matches!(character, '&' | '\\')).unwrap_or(text.len());
    let letter = text[sign..].chars().next().map_or(0, char::len_utf8);
    let behind = &text[sign + letter..];
    sign + letter + behind.find(|character: char| !matches!(character, '0'..='9' | '=' | '?')).unwrap_or(behind.len())
}

fn read(text: &str) -> Command {
    let text = upper_outside_quotes(text.trim());
    if !text.starts_with(['+', '^', '#', '!', '*', '%', '$']) {
        let end = text.find(|character: char| character.is_ascii_digit()).unwrap_or(text.len());
        let (name, value) = text.split_at(end);
        let form = if value.is_empty() { Form::Run } else { Form::Set(vec![value.to_owned()]) };
        return Command { name: name.to_owned(), form, text };
    }
    let end = text.find(['=', '?']).unwrap_or(text.len());
    let (name, ask) = text.split_at(end);
    let form = match ask {
        "" => Form::Run,
        "?" => Form::Read,
        "=?" => Form::Test,
        _ => Form::Set(values(ask.get(1..).unwrap_or_default())),
    };
    Command { name: name.to_owned(), form, text }
}

fn upper_outside_quotes(text: &str) -> String {
    let mut quoted = false;
    let change = |character: char| {
        quoted ^= character == '"';
        if quoted { character } else { character.to_ascii_uppercase() }
    };
    text.chars().map(change).collect()
}

fn values(text: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = text.split(|character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    });
    parts.map(|part| part.trim().trim_matches('"').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        parse(line).unwrap().into_iter().map(|command| command.text).collect()
    }

    #[test]
    fn a_line_may_hold_several_commands() {
        assert_eq!(names("ATE0V1+CMEE=1;+CREG=2"), ["E0", "V1", "+CMEE=1", "+CREG=2"]);
        assert_eq!(names("ate0+cpms?"), ["E0", "+CPMS?"]);
        assert_eq!(names("AT&F\\Q3S0=0"), ["&F", "\\Q3", "S0=0"]);
        assert!(names("AT").is_empty());
        assert_eq!(parse("RDY"), None);
        assert_eq!(parse("A\u{e9}"), None);
    }

    #[test]
    fn values_keep_commas_in_quotes_and_lose_the_quotes() {
        let commands = parse("AT+CUSD=1,\"a,b;c\",15").unwrap();
        assert_eq!(commands[0].values(), ["1", "a,b;c", "15"]);
        assert_eq!(commands[0].name, "+CUSD");
        assert_eq!(parse("AT+CNMI=?").unwrap()[0].form, Form::Test);
        assert_eq!(parse("AT+CMGL=4").unwrap()[0].number(0), Some(4));
    }
}
