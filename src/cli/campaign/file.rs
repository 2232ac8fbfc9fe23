//! Reads a campaign from a TOML or JSON file, and tells every mistake with its line and key.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use toml::de::{DeTable, DeValue};

use crate::campaign::fault::Fault;
use crate::campaign::run::{Definition, check_name};

/// The largest file.
const FILE_SIZE_BYTES_MAX: u64 = 1 << 20;

/// The definition in a file, without mistakes.
///
/// # Errors
/// Every mistake, one a line.
pub fn read(path: &Path) -> anyhow::Result<Definition> {
    let shown = path.display();
    let size = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?.len();
    if size > FILE_SIZE_BYTES_MAX {
        bail!("{shown} has {size} octets, which no campaign has");
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let definition: Definition = if is_json {
        serde_json::from_str(&text).with_context(|| format!("{shown}"))?
    } else {
        toml::from_str(&text).with_context(|| format!("{shown}"))?
    };
    let mut faults = definition.check().err().unwrap_or_default();
    if definition.name.is_empty() {
        faults.insert(0, check_name("").err().map_or_else(|| Fault::new("", "", ""), |fault| fault.under("/name")));
    }
    if faults.is_empty() {
        return Ok(definition);
    }
    let lines: Vec<String> = faults.iter().map(|fault| told(&shown.to_string(), &text, is_json, fault)).collect();
    bail!("{}", lines.join("\n"))
}

fn told(file: &str, text: &str, is_json: bool, fault: &Fault) -> String {
    let key = fault.pointer.trim_start_matches('/').replace('/', ".");
    let line = if is_json { None } else { line_of(text, &fault.pointer) };
    match line {
        Some(line) => format!("{file}, line {line}, {key}: {}", fault.detail),
        None => format!("{file}, {key}: {}", fault.detail),
    }
}

/// The line of what a pointer names in a TOML text, or of the nearest thing around it that is there.
fn line_of(text: &str, pointer: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let (mut start, mut place) = (None, Inside::Table(table.get_ref()));
    for part in pointer.split('/').skip(1) {
        let next = match place {
            Inside::Table(table) => table.iter().find(|(name, _)| &**name.get_ref() == part).map(|(_, value)| value),
            Inside::Value(DeValue::Table(table)) => {
                table.iter().find(|(name, _)| &**name.get_ref() == part).map(|(_, value)| value)
            }
            Inside::Value(DeValue::Array(entries)) => part.parse::<usize>().ok().and_then(|n| entries.get(n)),
            Inside::Value(_) => None,
        };
        let Some(value) = next else { break };
        start = Some(value.span().start);
        place = Inside::Value(value.get_ref());
    }
    let before = text.get(..start?)?;
    Some(before.matches('\n').count() + 1)
}

enum Inside<'a> {
    Table(&'a DeTable<'a>),
    Value(&'a DeValue<'a>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_line_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sale.toml");
        let text = "name = \"sale\"\nclass = \"otp\"\nspread = \"1y\"\n[to]\nlist = \"all\"\n[[variants]]\nname = \"a\"\n\
                    template = \"t\"\n[[variants]]\nname = \"a\"\ntemplate = \"u\"\n";
        fs::write(&path, text).unwrap();
        let told = read(&path).unwrap_err().to_string();
        for place in ["line 2, class", "line 3, spread", "line 10, variants.1.name"] {
            assert!(told.contains(place), "{told}");
        }
        fs::write(&path, "name = \"sale\"\ntemplate = \"t\"\nfor = 1\n[to]\nlist = \"all\"\n").unwrap();
        let unknown = format!("{:#}", read(&path).unwrap_err());
        assert!(unknown.contains("line 3") && unknown.contains("for"), "{unknown}");
        fs::write(&path, "template = \"t\"\n[to]\nlist = \"all\"\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("name"));
    }
}
