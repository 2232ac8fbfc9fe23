//! Reads events from the rows of a table, as tills export them: which column is which field, and what is wrong with a row.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::attribute::check_name;
use super::contact::{Contact, read_number};
use super::event::{Event, check_kind};
use super::fault::{Fault, nearest, short};
use super::law;
use postrider_model::{Country, Timestamp};

/// What a column of a table of events is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// One of the fields below.
    Field(&'static str),
    /// A property; whether it is a number.
    Property(String, bool),
}

const FIELDS: [&str; 13] = [
    "number",
    "type",
    "at",
    "date",
    "time",
    "id",
    "amount",
    "currency",
    "product",
    "product_id",
    "category",
    "quantity",
    "price",
];

/// What columns are often called, and what they are.
const USUAL: [(&str, &str); 34] = [
    ("number", "number"),
    ("phone", "number"),
    ("phone number", "number"),
    ("mobile", "number"),
    ("customer phone", "number"),
    ("휴대폰", "number"),
    ("전화번호", "number"),
    ("연락처", "number"),
    ("เบอร์โทร", "number"),
    ("type", "type"),
    ("event", "type"),
    ("at", "at"),
    ("datetime", "at"),
    ("timestamp", "at"),
    ("date", "date"),
    ("time", "time"),
    ("판매일", "date"),
    ("วันที่", "date"),
    ("id", "id"),
    ("receipt", "id"),
    ("receipt number", "id"),
    ("order", "id"),
    ("영수증번호", "id"),
    ("เลขที่ใบเสร็จ", "id"),
    ("amount", "amount"),
    ("total", "amount"),
    ("금액", "amount"),
    ("ยอดรวม", "amount"),
    ("currency", "currency"),
    ("product", "product"),
    ("item", "product"),
    ("category", "category"),
    ("quantity", "quantity"),
    ("price", "price"),
];

impl Target {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(field) = FIELDS.into_iter().find(|field| *field == text) {
            return Ok(Self::Field(field));
        }
        if let Some(property) = text.strip_prefix("property.") {
            let (name, number) = match property.split_once(':') {
                None | Some((_, "text")) => (property.split(':').next().unwrap_or(property), false),
                Some((name, "number")) => (name, true),
                Some((name, _)) => return Err(format!("the type of {name} is text or number")),
            };
            return check_name(name).map(|()| Self::Property(name.to_owned(), number)).map_err(|fault| fault.detail);
        }
        let hint = nearest(text, FIELDS).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(format!("\"{}\" is no field: {}, or property.NAME{hint}", short(text), FIELDS.join(", ")))
    }

    fn usual(column: &str) -> Option<Self> {
        let plain = column.trim().to_lowercase().replace(['_', '-'], " ");
        let (_, field) = USUAL.into_iter().find(|(name, _)| *name == plain)?;
        Self::parse(field).ok()
    }
}

/// What holds for rows that do not say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usual {
    /// The type of event.
    pub kind: Option<String>,
    /// The currency.
    pub currency: Option<String>,
    /// The country of numbers that have no country code.
    pub country: Option<Country>,
    /// The time zone of moments that have no offset; each number's own if absent.
    pub zone: Option<String>,
}

/// Which column is which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMapping {
    columns: Vec<(usize, Target)>,
    usual: Usual,
    unused: Vec<String>,
}

impl EventMapping {
    /// The mapping for a table with these columns: `given` pairs of column and field first, then what columns are usually
    /// called.
    ///
    /// # Errors
    /// Says what is wrong with a pair, or what is missing.
    pub fn new(columns: &[String], given: &[(String, String)], usual: Usual) -> Result<Self, String> {
        let mut targets: Vec<Option<Target>> = columns.iter().map(|column| Target::usual(column)).collect();
        for (column, field) in given {
            let place = columns.iter().position(|name| name.trim() == column.trim());
            let slot = place.and_then(|place| targets.get_mut(place)).ok_or_else(|| {
                format!("there is no column \"{}\"; the columns are {}", short(column), columns.join(", "))
            })?;
            *slot = if field == "-" { None } else { Some(Target::parse(field)?) };
        }
        let unused = columns.iter().zip(&targets).filter(|(_, target)| target.is_none()).map(|(name, _)| name.clone());
        let unused = unused.collect();
        let columns: Vec<_> = targets.into_iter().enumerate().filter_map(|(at, target)| Some((at, target?))).collect();
        let has = |field: &str| {
            columns.iter().filter(|(_, target)| matches!(target, Target::Field(known) if *known == field)).count()
        };
        if has("number") != 1 {
            return Err("one column must be the number; say which one is: COLUMN=number".to_owned());
        }
        if has("type") == 0 && usual.kind.is_none() {
            return Err("no column is the type of the events; name one type for all of them, like purchase".to_owned());
        }
        if let Some(kind) = &usual.kind {
            check_kind(kind).map_err(|fault| fault.detail)?;
        }
        if let Some(zone) = usual.zone.as_deref().filter(|zone| law::zone(zone).is_none()) {
            return Err(format!("\"{}\" is no time zone; write one like Asia/Seoul", short(zone)));
        }
        Ok(Self { columns, usual, unused })
    }

    /// The columns that are left out.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// Reads a row, of which `cell` gives the cells. A row without an id gets one from what it says, and from how many
    /// rows before it say the very same, so that the same file again is the same events.
    ///
    /// # Errors
    /// Every cell that is wrong; the pointers are names of fields.
    pub fn read<'a>(
        &self,
        cell: impl Fn(usize) -> Option<&'a str>,
        repeats: &mut Repeats,
        now: Timestamp,
    ) -> Result<Event, Vec<Fault>> {
        let mut cells: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut properties, mut faults) = (Map::new(), Vec::new());
        for (place, target) in &self.columns {
            let Some(text) = cell(*place).map(str::trim).filter(|text| !text.is_empty()) else { continue };
            match target {
                Target::Field(field) => drop(cells.insert(field, text)),
                Target::Property(name, true) => match amount(text) {
                    Some(number) => drop(properties.insert(name.clone(), number)),
                    None => faults.push(wrong(&format!("/properties/{name}"), text, "number")),
                },
                Target::Property(name, false) => drop(properties.insert(name.clone(), json!(text))),
            }
        }
        let text = *cells.get("number").ok_or_else(|| vec![Fault::new("/number", "missing", "the number is empty")])?;
        let number = read_number(text, self.usual.country).map_err(|fault| vec![fault.under("/number")])?;
        let mut fields = Map::new();
        fields.insert("contact".to_owned(), json!(number.as_str()));
        let kind = cells.get("type").copied().or(self.usual.kind.as_deref());
        fields.insert("type".to_owned(), json!(kind));
        fields.insert("properties".to_owned(), Value::Object(properties));
        let currency = cells.get("currency").copied().or(self.usual.currency.as_deref());
        fields.insert("currency".to_owned(), json!(currency));
        if let Some(text) = cells.get("amount") {
            match amount(text) {
                Some(amount) => drop(fields.insert("amount".to_owned(), amount)),
                None => faults.push(wrong("/amount", text, "amount like 49.90")),
            }
        }
        match self.moment(&cells, &Contact::new(number)) {
            Ok(Some(at)) => drop(fields.insert("at".to_owned(), json!(at.to_string()))),
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
        if let Some(product) = product(&cells, &mut faults) {
            fields.insert("products".to_owned(), json!([product]));
        }
        let id = match cells.get("id") {
            Some(id) => (*id).to_owned(),
            None => repeats.id(&cells, &fields),
        };
        fields.insert("id".to_owned(), json!(id));
        match Event::from_json(&Value::Object(fields), None, now) {
            Ok(event) if faults.is_empty() => Ok(event),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }

    /// When it happened: by its own offset, else by the table's time zone, else by that of the number.
    fn moment(&self, cells: &BTreeMap<&str, &str>, contact: &Contact) -> Result<Option<Timestamp>, Fault> {
        let text = match (cells.get("at"), cells.get("date"), cells.get("time")) {
            (Some(at), _, _) => (*at).to_owned(),
            (None, Some(date), Some(time)) => format!("{date} {time}"),
            (None, Some(date), None) => (*date).to_owned(),
            (None, None, _) => return Ok(None),
        };
        if let Ok(at) = text.parse() {
            return Ok(Some(at));
        }
        let civil = civil(&text).ok_or_else(|| wrong("/at", &text, "moment like 2026-11-22 14:30"))?;
        let zone = self.usual.zone.as_deref().or_else(|| contact.calendar()).and_then(law::zone);
        let zoned = civil.to_zoned(zone.unwrap_or(TimeZone::UTC));
        zoned.map(|zoned| Some(Timestamp::from(zoned.timestamp()))).map_err(|_| wrong("/at", &text, "moment"))
    }
}

fn wrong(pointer: &str, text: &str, what: &str) -> Fault {
    Fault::new(pointer, "wrong_type", format!("\"{}\" is no {what}", short(text)))
}

/// A moment as tills write it, the year first: `2026-11-22 14:30`, `2026.11.22`, `20261122 1430`, `2026/11/22T14:30:05`.
fn civil(text: &str) -> Option<DateTime> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time.trim()),
        None => (text, ""),
    };
    let digits = |text: &str, parts: &[char]| -> Option<String> {
        let digits: String = text.chars().filter(|c| !parts.contains(c)).collect();
        digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)
    };
    let date = digits(date, &['-', '.', '/']).filter(|digits| digits.len() == 8)?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let day = Date::new(date.get(..4)?.parse().ok()?, part(&date, 4, 6)?, part(&date, 6, 8)?).ok()?;
    let time = digits(time.split('.').next().unwrap_or_default(), &[':'])?;
    let clock = match time.len() {
        0 => Time::midnight(),
        4 => Time::new(part(&time, 0, 2)?, part(&time, 2, 4)?, 0, 0).ok()?,
        6 => Time::new(part(&time, 0, 2)?, part(&time, 2, 4)?, part(&time, 4, 6)?, 0).ok()?,
        _ => return None,
    };
    Some(day.to_datetime(clock))
}

/// A number as tills write it: `35000`, `35,000`, `49.90`, `49,90`, `1.234,50`, with a sign of its currency or not.
fn amount(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    let foreign = text.chars().filter(|c| c.is_alphabetic()).count();
    if foreign > 3 || !plain.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimal = match (plain.rfind('.'), plain.rfind(',')) {
        (Some(point), Some(comma)) => Some(if point > comma { '.' } else { ',' }),
        (Some(_), None) if plain.matches('.').count() > 1 => None,
        (Some(_), None) => Some('.'),
        // A comma before three digits parts thousands; before one or two it is the decimal one.
        (None, Some(comma)) if plain.len() - comma - 1 == 3 || plain.matches(',').count() > 1 => None,
        (None, Some(_)) => Some(','),
        (None, None) => None,
    };
    let mut written = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            letter if Some(letter) == decimal => written.push('.'),
            '.' | ',' => {}
            other => written.push(other),
        }
    }
    written.parse::<f64>().ok().filter(|number| number.is_finite()).map(super::attribute::number_json)
}

fn product(cells: &BTreeMap<&str, &str>, faults: &mut Vec<Fault>) -> Option<Value> {
    let mut product = Map::new();
    for (field, name) in [("product", "name"), ("product_id", "id"), ("category", "category")] {
        if let Some(text) = cells.get(field) {
            product.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(text) = cells.get("price") {
        match amount(text) {
            Some(price) => drop(product.insert("price".to_owned(), price)),
            None => faults.push(wrong("/price", text, "amount like 49.90")),
        }
    }
    if let Some(text) = cells.get("quantity") {
        match text.parse::<f64>() {
            Ok(number) if (0.0..=1_000_000.0).contains(&number) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
                let whole = number.ceil() as u32;
                product.insert("quantity".to_owned(), json!(whole));
            }
            _ => faults.push(wrong("/quantity", text, "quantity")),
        }
    }
    (!product.is_empty()).then_some(Value::Object(product))
}

/// How often each row without an id stood before in one table.
#[derive(Debug, Default)]
pub struct Repeats(BTreeMap<u64, u32>);

/// Most different rows that are remembered; of a longer table without ids, rows that say the very same count once.
const REPEATS_MAX: usize = 500_000;

impl Repeats {
    /// The id of a row that has none.
    fn id(&mut self, cells: &BTreeMap<&str, &str>, fields: &Map<String, Value>) -> String {
        let whole = format!("{cells:?}{}", Value::Object(fields.clone()));
        let digest: [u8; 32] = Sha256::digest(whole.as_bytes()).into();
        let word =
            |at: usize| digest.iter().skip(at).take(8).fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
        let (first, second) = (word(0), word(8));
        let room = self.0.len() < REPEATS_MAX;
        let nth = match self.0.get_mut(&first) {
            Some(count) => {
                *count += 1;
                *count
            }
            None => {
                if room {
                    self.0.insert(first, 0);
                }
                0
            }
        };
        format!("row-{first:016x}{second:016x}-{nth}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn purchases(country: &str) -> Usual {
        Usual {
            kind: Some("purchase".to_owned()),
            currency: Some("KRW".to_owned()),
            country: country.parse().ok(),
            zone: None,
        }
    }

    fn read(mapping: &EventMapping, repeats: &mut Repeats, row: &[&str]) -> Result<Event, Vec<Fault>> {
        mapping.read(|place| row.get(place).copied(), repeats, NOW)
    }

    #[test]
    fn a_tills_row_is_a_purchase_by_the_shops_own_clock() {
        let columns = strings(&["영수증번호", "판매일", "Time", "전화번호", "금액", "Item", "Quantity", "Store"]);
        let given = [("Store".to_owned(), "property.store:number".to_owned())];
        let mapping = EventMapping::new(&columns, &given, purchases("KR")).unwrap();
        let row = ["A-17", "2026.11.21", "14:30", "010-1234-5678", "₩35,000", "녹차", "2", "3"];
        let event = read(&mapping, &mut Repeats::default(), &row).unwrap();
        assert_eq!((event.kind.as_str(), event.id.as_deref(), event.pieces()), ("purchase", Some("A-17"), 2));
        assert_eq!(
            (event.at.to_string().as_str(), event.amount.unwrap().units()),
            ("2026-11-21T05:30:00.000Z", 35_000.0)
        );
        assert_eq!((event.currency.as_deref(), event.property_number("store")), (Some("KRW"), Some(3.0)));
    }

    #[test]
    fn a_row_without_an_id_is_the_same_event_in_the_same_file_read_again() {
        let mapping = EventMapping::new(&strings(&["phone", "date", "total"]), &[], purchases("KR")).unwrap();
        let ids = |rows: &[&[&str]]| -> Vec<String> {
            let mut repeats = Repeats::default();
            rows.iter().map(|row| read(&mapping, &mut repeats, row).unwrap().id.unwrap()).collect()
        };
        let rows: [&[&str]; 3] = [
            &["010-1234-5678", "2026-11-21", "4500"],
            &["010-1234-5678", "2026-11-21", "4500"],
            &["010-1234-5678", "2026-11-21", "4600"],
        ];
        let first = ids(&rows);
        assert_eq!(first, ids(&rows));
        assert!(first[0] != first[1] && first[1] != first[2], "two coffees on one day are two");
    }

    #[test]
    fn amounts_and_moments_are_read_as_tills_write_them() {
        for (text, expected) in [
            ("35,000", 35_000.0),
            ("49.90", 49.9),
            ("49,90", 49.9),
            ("1.234,50", 1_234.5),
            ("1,234.50", 1_234.5),
            ("1.234.567", 1_234_567.0),
            ("฿ 640", 640.0),
            ("-12", -12.0),
            ("12 EUR", 12.0),
        ] {
            assert_eq!(amount(text).and_then(|value| value.as_f64()), Some(expected), "{text}");
        }
        assert_eq!((amount("much"), amount("12 pieces of")), (None, None));
        for text in ["2026-11-22 14:30", "2026.11.22T14:30:00", "20261122 1430", "2026/11/22 14:30:00.5"] {
            assert_eq!(civil(text).unwrap().to_string(), "2026-11-22T14:30:00", "{text}");
        }
        assert_eq!((civil("22.11.2026"), civil("2026-13-01"), civil("2026-11-22 25:00")), (None, None, None));
    }

    #[test]
    fn every_wrong_cell_is_named_and_so_is_a_mapping_that_cannot_be() {
        let mapping = EventMapping::new(&strings(&["phone", "at", "amount", "price"]), &[], purchases("KR")).unwrap();
        let faults = read(&mapping, &mut Repeats::default(), &["010-1234-5678", "soon", "much", "x"]).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/amount", "/at", "/price"]);
        let error = |columns: &[&str], usual| EventMapping::new(&strings(columns), &[], usual).unwrap_err();
        assert!(error(&["total"], purchases("KR")).contains("number"));
        assert!(error(&["phone"], Usual::default()).contains("type"));
        assert!(Target::parse("amuont").unwrap_err().contains("did you mean amount?"));
    }
}
