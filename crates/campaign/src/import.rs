//! Reads contacts from the rows of a table: which column is which field, and what is wrong with a row.

use std::collections::BTreeSet;

use super::attribute::{self, Attribute};
use super::cells::{day, plain_header};
use super::contact::{ContactChange, check_label, check_locale, check_person, check_zone, read_number};
use super::fault::{Fault, nearest, short};
use postrider_model::Country;

/// What a column of a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The number.
    Number,
    /// The name.
    Name,
    /// A part of the name: parts are joined in the order of their columns.
    NamePart,
    /// The locale.
    Locale,
    /// The time zone.
    Zone,
    /// Tags, parted by `;` or `|`.
    Tags,
    /// Lists, parted by `;` or `|`.
    Lists,
    /// An attribute with the type that its cells have.
    Attribute(String, Cell),
}

/// The type of an attribute's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// As it is written.
    Text,
    /// A number.
    Number,
    /// A day: `2026-11-22`, also with points or slashes, or without anything between.
    Date,
    /// Yes or no.
    Boolean,
    /// Texts, parted by `;` or `|`.
    List,
}

const CELLS: [(&str, Cell); 5] = [
    ("text", Cell::Text),
    ("number", Cell::Number),
    ("date", Cell::Date),
    ("boolean", Cell::Boolean),
    ("list", Cell::List),
];

const TARGETS: [(&str, Target); 7] = [
    ("number", Target::Number),
    ("name", Target::Name),
    ("name_part", Target::NamePart),
    ("locale", Target::Locale),
    ("time_zone", Target::Zone),
    ("tags", Target::Tags),
    ("lists", Target::Lists),
];

/// What columns are often called, and what they are.
const USUAL: [(&str, &[&str]); 8] = [
    (
        "number",
        &[
            "number",
            "phone",
            "phone number",
            "mobile",
            "mobile phone",
            "mobile number",
            "msisdn",
            "tel",
            "telephone",
            "cell phone",
            "휴대폰",
            "휴대폰번호",
            "휴대전화",
            "휴대전화번호",
            "핸드폰",
            "핸드폰번호",
            "전화번호",
            "연락처",
            "เบอร์",
            "เบอร์โทร",
            "เบอร์โทรศัพท์",
            "เบอร์มือถือ",
            "โทรศัพท์",
            "หมายเลขโทรศัพท์",
        ],
    ),
    (
        "name",
        &[
            "name",
            "full name",
            "customer name",
            "이름",
            "성명",
            "고객명",
            "고객이름",
            "회원명",
            "ชื่อ",
            "ชื่อ-นามสกุล",
            "ชื่อลูกค้า",
            "ชื่อและนามสกุล",
        ],
    ),
    ("name_part", &["first name", "last name", "given name", "family name", "นามสกุล"]),
    ("locale", &["locale", "language"]),
    ("time_zone", &["time zone", "timezone"]),
    ("tags", &["tags", "태그"]),
    ("lists", &["lists"]),
    (
        "attribute.birthday:date",
        &["birthday", "date of birth", "birth date", "dob", "생일", "생년월일", "วันเกิด", "วันเดือนปีเกิด"],
    ),
];

impl Target {
    /// Reads `number`, `name`, `locale`, `time_zone`, `tags`, `lists`, `attribute.size` or `attribute.size:number`.
    ///
    /// # Errors
    /// Says what fields there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, target)) = TARGETS.into_iter().find(|(name, _)| *name == text) {
            return Ok(target);
        }
        let Some(attribute) = text.strip_prefix("attribute.") else {
            let known: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            let hint = nearest(text, known.iter().copied()).map(|near| format!("; did you mean {near}?"));
            return Err(format!(
                "\"{}\" is no field: {}, or attribute.NAME with an optional :number, :date, :boolean or :list{}",
                short(text),
                known.join(", "),
                hint.unwrap_or_default()
            ));
        };
        let (name, cell) = attribute.split_once(':').unwrap_or((attribute, "text"));
        attribute::check_name(name).map_err(|fault| fault.detail)?;
        let cell = CELLS.into_iter().find(|(word, _)| *word == cell).map(|(_, cell)| cell);
        let cell = cell.ok_or_else(|| format!("the type of {name} is one of text, number, date, boolean and list"))?;
        Ok(Self::Attribute(name.to_owned(), cell))
    }

    /// What a column of this name usually is.
    pub fn usual(column: &str) -> Option<Self> {
        let column = plain_header(column);
        let (target, _) = USUAL.into_iter().find(|(_, names)| names.iter().any(|name| plain_header(name) == column))?;
        Self::parse(target).ok()
    }
}

/// Which column is which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    columns: Vec<(usize, Target)>,
    tags: BTreeSet<String>,
    lists: BTreeSet<String>,
    country: Option<Country>,
    unused: Vec<String>,
}

impl Mapping {
    /// The mapping for a table with these columns: `given` pairs of column and field first, then what columns are usually
    /// called. Every contact gets `tags` and is put on `lists`.
    ///
    /// # Errors
    /// Says what is wrong with a pair, or that no column is the number.
    pub fn new(
        columns: &[String],
        given: &[(String, String)],
        tags: &[String],
        lists: &[String],
        country: Option<Country>,
    ) -> Result<Self, String> {
        let mut targets: Vec<Option<Target>> = vec![None; columns.len()];
        for (column, field) in given {
            let place = columns.iter().position(|name| name.trim() == column.trim()).ok_or_else(|| {
                format!("there is no column \"{}\"; the columns are {}", short(column), columns.join(", "))
            })?;
            if field != "-" {
                targets[place] = Some(Target::parse(field)?);
            }
        }
        let named = |column: &String| given.iter().any(|(name, _)| name.trim() == column.trim());
        for (target, column) in targets.iter_mut().zip(columns) {
            if target.is_none() && !named(column) {
                *target = Target::usual(column);
            }
        }
        let labels = |labels: &[String]| {
            labels.iter().map(|label| check_label(label).map_err(|fault| fault.detail)).collect::<Result<_, _>>()
        };
        let unused = columns.iter().zip(&targets).filter(|(_, target)| target.is_none()).map(|(name, _)| name.clone());
        let unused = unused.collect();
        let names = columns;
        let columns: Vec<_> =
            targets.into_iter().enumerate().filter_map(|(place, target)| Some((place, target?))).collect();
        let numbers = columns.iter().filter(|(_, target)| *target == Target::Number).count();
        if numbers != 1 {
            let what = if numbers == 0 { "no column is" } else { "several columns are" };
            return Err(format!(
                "{what} the number; say which one is: --map COLUMN=number. The columns are {}",
                names.join(", ")
            ));
        }
        Ok(Self { columns, tags: labels(tags)?, lists: labels(lists)?, country, unused })
    }

    /// The columns that are left out.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// Reads a row, of which `cell` gives the cells. Empty ones say nothing.
    ///
    /// # Errors
    /// Every cell that is wrong; the pointers are names of fields.
    pub fn read<'a>(&self, cell: impl Fn(usize) -> Option<&'a str>) -> Result<ContactChange, Vec<Fault>> {
        let mut faults = Vec::new();
        let number = self.columns.iter().find(|(_, target)| *target == Target::Number);
        let text = number.and_then(|(place, _)| cell(*place)).unwrap_or_default().trim().trim_start_matches('\'');
        let mut change = match read_number(text, self.country) {
            _ if text.is_empty() => return Err(vec![Fault::new("/number", "missing", "the number is empty")]),
            Ok(number) => ContactChange::new(number),
            Err(fault) => return Err(vec![fault.under("/number")]),
        };
        change.tags.add.clone_from(&self.tags);
        change.lists.add.clone_from(&self.lists);
        for (place, target) in &self.columns {
            let Some(text) =
                cell(*place).map(|text| text.trim().trim_start_matches('\'')).filter(|text| !text.is_empty())
            else {
                continue;
            };
            if let Err(fault) = take(&mut change, target, text) {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(change) } else { Err(faults) }
    }
}

fn take(change: &mut ContactChange, target: &Target, text: &str) -> Result<(), Fault> {
    match target {
        Target::Number => {}
        Target::Name => change.name = Some(Some(check_person(text).map_err(|fault| fault.under("/name"))?)),
        Target::NamePart => {
            let whole = match change.name.take().flatten() {
                Some(before) => format!("{before} {text}"),
                None => text.to_owned(),
            };
            change.name = Some(Some(check_person(&whole).map_err(|fault| fault.under("/name"))?));
        }
        Target::Locale => change.locale = Some(Some(check_locale(text).map_err(|fault| fault.under("/locale"))?)),
        Target::Zone => change.zone = Some(Some(check_zone(text).map_err(|fault| fault.under("/time_zone"))?)),
        Target::Tags => change.tags.add.extend(labels(text).map_err(|fault| fault.under("/tags"))?),
        Target::Lists => change.lists.add.extend(labels(text).map_err(|fault| fault.under("/lists"))?),
        Target::Attribute(name, cell) => {
            let value = attribute_of(text, *cell).map_err(|fault| fault.under(&format!("/attributes/{name}")))?;
            change.attributes.insert(name.clone(), Some(value));
        }
    }
    Ok(())
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    // Where nothing else parts them, commas do.
    let separators: &[char] = if text.contains([';', '|']) { &[';', '|'] } else { &[','] };
    text.split(separators).map(str::trim).filter(|part| !part.is_empty())
}

fn labels(text: &str) -> Result<Vec<String>, Fault> {
    parts(text).map(check_label).collect()
}

fn attribute_of(text: &str, cell: Cell) -> Result<Attribute, Fault> {
    let wrong = |what: &str| Fault::new("", "wrong_type", format!("\"{}\" is no {what}", short(text)));
    match cell {
        Cell::Text => attribute::checked_text(text).map(Attribute::Text),
        Cell::Number => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Attribute::Number).ok_or_else(|| wrong("number like 42 or 3.5"))
        }
        Cell::Date => day(text).map(Attribute::Date).ok_or_else(|| wrong("date like 2026-11-22")),
        Cell::Boolean => match text.to_lowercase().as_str() {
            "1" | "true" | "yes" | "y" => Ok(Attribute::Boolean(true)),
            "0" | "false" | "no" | "n" => Ok(Attribute::Boolean(false)),
            _ => Err(wrong("yes or no")),
        },
        Cell::List => {
            let entries: Vec<_> = parts(text).map(attribute::checked_text).collect::<Result<_, _>>()?;
            if entries.len() > attribute::LIST_MAX {
                return Err(Fault::new("", "too_many", format!("a list has at most {} entries", attribute::LIST_MAX)));
            }
            Ok(Attribute::List(entries))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(column, field)| ((*column).to_owned(), (*field).to_owned())).collect()
    }

    fn read(mapping: &Mapping, row: &[&str]) -> Result<ContactChange, Vec<Fault>> {
        mapping.read(|place| row.get(place).copied())
    }

    #[test]
    fn columns_are_known_by_their_usual_names_and_by_what_is_given() {
        let names = columns(&["Phone", "First Name", "last_name", "Birthday", "Shoe", "Likes", "Note"]);
        let given = pairs(&[("Shoe", "attribute.shoe:number"), ("Likes", "attribute.likes:list")]);
        let korea = Some("KR".parse().unwrap());
        let mapping = Mapping::new(&names, &given, &["imported".to_owned()], &[], korea).unwrap();
        assert_eq!(mapping.unused(), ["Note"]);
        let change = read(&mapping, &["010-1234-5678", "Jisoo", "Kim", "1990.02.28", "42", "tea; pots", "x"]).unwrap();
        assert_eq!(change.number.as_str(), "+821012345678");
        assert_eq!(change.name, Some(Some("Jisoo Kim".to_owned())));
        assert_eq!(change.attributes["birthday"], Some(Attribute::Date(jiff::civil::date(1990, 2, 28))));
        assert_eq!(change.attributes["likes"], Some(Attribute::List(vec!["tea".to_owned(), "pots".to_owned()])));
        assert_eq!(change.tags.add.iter().collect::<Vec<_>>(), ["imported"]);
        let bare = read(&mapping, &["010-1234-5678"]).unwrap();
        assert_eq!((bare.name, bare.attributes.len()), (None, 0), "an empty cell says nothing");
    }

    #[test]
    fn wrong_cells_are_each_named() {
        let names = columns(&["number", "locale", "size", "born"]);
        let given = pairs(&[("size", "attribute.size:number"), ("born", "attribute.born:date")]);
        let mapping = Mapping::new(&names, &given, &[], &[], None).unwrap();
        let faults = read(&mapping, &["+821012345678", "korean", "XL", "03/04/1990"]).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/locale", "/attributes/size", "/attributes/born"]);
        assert!(read(&mapping, &["", "ko"]).unwrap_err()[0].detail.contains("empty"));
        assert!(read(&mapping, &["010-1234-5678"]).is_err(), "no country is known");
    }

    #[test]
    fn a_mapping_that_cannot_be_says_why() {
        let names = columns(&["a", "b"]);
        let error = |given: &[(&str, &str)]| Mapping::new(&names, &pairs(given), &[], &[], None).unwrap_err();
        assert!(error(&[]).contains("--map COLUMN=number"));
        assert!(error(&[("c", "number")]).contains("the columns are a, b"));
        assert!(error(&[("a", "numbre")]).contains("did you mean number?"));
        assert!(error(&[("a", "number"), ("b", "attribute.x:money")]).contains("one of text"));
        assert!(error(&[("a", "number"), ("b", "number")]).contains("several"));
    }
}
