//! What a contact did or what happened to an order: events as shops, tills and loyalty programmes send them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::attribute;
use super::contact::read_number;
use super::fault::{Fault, kind_of, nearest, pointer_part, short};
use super::money::Money;
use postrider_model::{Country, PhoneNumber, Timestamp};

/// The longest name of a kind of event, and of a property.
pub const NAME_MAX: usize = 40;
/// The longest id, in characters.
pub const ID_MAX: usize = 120;
/// Most products and most properties of one event.
pub const PRODUCTS_MAX: usize = 50;
/// Most properties of one event.
pub const PROPERTIES_MAX: usize = 50;
/// The longest text in an event, in characters.
pub const TEXT_MAX: usize = 500;
/// The kind of event that a contact came into a live segment; its property `segment` has the name.
pub const ENTERED: &str = "segment_entered";
/// The kind of event that a contact left a live segment.
pub const LEFT: &str = "segment_left";
/// How far ahead of this clock an event may lie: clocks differ.
const AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The sender's own id. A second event of the same kind with it changes nothing.
    pub id: Option<String>,
    /// `purchase`, `visit`, ... or any other word.
    pub kind: String,
    /// Whose.
    pub number: PhoneNumber,
    /// When it happened.
    pub at: Timestamp,
    /// What it was worth.
    pub amount: Option<Money>,
    /// The currency of all amounts in it: three capital letters.
    pub currency: Option<String>,
    /// What it was about.
    pub products: Vec<Product>,
    /// Everything else: texts, numbers, true or false.
    pub properties: BTreeMap<String, Value>,
}

/// A product in an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Product {
    /// The shop's own id or article number.
    pub id: Option<String>,
    /// Its name, as customers read it.
    pub name: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// The price of one.
    pub price: Option<Money>,
    /// How many; 1 when nothing is said.
    pub quantity: u32,
    /// Its page.
    pub url: Option<String>,
}

impl Product {
    /// What stands for it in a text: its name, else its id.
    pub fn label(&self) -> Option<&str> {
        self.name.as_deref().or(self.id.as_deref())
    }

    /// The product as JSON.
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        for (name, value) in [("id", &self.id), ("name", &self.name), ("category", &self.category), ("url", &self.url)]
        {
            if let Some(value) = value {
                fields.insert(name.to_owned(), json!(value));
            }
        }
        if let Some(price) = self.price {
            fields.insert("price".to_owned(), price.to_json());
        }
        fields.insert("quantity".to_owned(), json!(self.quantity));
        Value::Object(fields)
    }
}

const FIELDS: [&str; 8] = ["id", "type", "contact", "at", "amount", "currency", "products", "properties"];
const PRODUCT_FIELDS: [&str; 6] = ["id", "name", "category", "price", "quantity", "url"];

impl Event {
    /// An event of which only this is known.
    pub fn new(kind: &str, number: PhoneNumber, at: Timestamp) -> Self {
        Self {
            id: None,
            kind: kind.to_owned(),
            number,
            at,
            amount: None,
            currency: None,
            products: Vec::new(),
            properties: BTreeMap::new(),
        }
    }

    /// Reads an event. Without `at` it happened `now`; numbers are read as those of `country` where they lack a code.
    ///
    /// # Errors
    /// Every field that is wrong, with its place.
    pub fn from_json(value: &Value, country: Option<Country>, now: Timestamp) -> Result<Self, Vec<Fault>> {
        let Value::Object(fields) = value else {
            return Err(vec![Fault::new(
                "",
                "not_an_object",
                format!("an event is an object, not {}", kind_of(value)),
            )]);
        };
        let mut faults = Vec::new();
        unknown_fields(fields, &FIELDS, "an event", &mut faults);
        let mut reader = Reader { fields, faults: &mut faults };
        let kind = reader.needed("type", "an event needs its type, like \"purchase\"", check_kind);
        let number = reader.needed("contact", "an event needs the contact's number", |text| read_number(text, country));
        let id = reader.text("id", |text| limited(text, ID_MAX));
        let at = reader.text("at", |text| read_time(text, now));
        let currency = reader.text("currency", check_currency);
        let amount = reader.value("amount", Money::from_json);
        let products = reader.many("products", products);
        let properties = reader.many("properties", properties);
        match (kind, number) {
            (Some(kind), Some(number)) if faults.is_empty() => Ok(Self {
                id,
                kind,
                number,
                at: at.unwrap_or(now),
                amount,
                currency,
                products: products.unwrap_or_default(),
                properties: properties.unwrap_or_default(),
            }),
            _ => Err(faults),
        }
    }

    /// The text of a property.
    pub fn property_text(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The number of a property.
    pub fn property_number(&self, name: &str) -> Option<f64> {
        self.properties.get(name).and_then(Value::as_f64)
    }

    /// The instant of a property that is written as RFC 3339.
    pub fn property_time(&self, name: &str) -> Option<Timestamp> {
        self.property_text(name)?.parse().ok()
    }

    /// The day of a property that is written as `2026-11-22`, alone or in front of a time.
    pub fn property_day(&self, name: &str) -> Option<jiff::civil::Date> {
        attribute::day(self.property_text(name)?.get(..10)?)
    }

    /// How many pieces the products are together.
    pub fn pieces(&self) -> i64 {
        self.products.iter().map(|product| i64::from(product.quantity)).sum()
    }
}

/// Reads the fields of one object and keeps what is wrong with them.
struct Reader<'a> {
    fields: &'a Map<String, Value>,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn value<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Fault>) -> Option<T> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        self.kept(name, read(value).map_err(|fault| vec![fault]))
    }

    fn many<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Vec<Fault>>) -> Option<T> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        self.kept(name, read(value))
    }

    fn text<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        self.value(name, |value| match value {
            Value::String(text) => read(text.trim()),
            // Shops number their orders; such an id is as good as a text.
            Value::Number(number) if name == "id" => read(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(Fault::new("", "wrong_type", format!("{name} is a text, not {}", kind_of(value))))
            }
        })
    }

    fn needed<T>(&mut self, name: &str, missing: &str, read: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.faults.push(Fault::new(format!("/{name}"), "missing", missing));
            return None;
        }
        self.text(name, read)
    }

    fn kept<T>(&mut self, name: &str, read: Result<T, Vec<Fault>>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(faults) => {
                self.faults.extend(faults.into_iter().map(|fault| fault.under(&format!("/{name}"))));
                None
            }
        }
    }
}

fn unknown_fields(fields: &Map<String, Value>, known: &[&str], what: &str, faults: &mut Vec<Fault>) {
    for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
        let hint = nearest(name, known.iter().copied()).map(|near| format!("; did you mean \"{near}\"?"));
        let detail = format!("{what} has no field \"{}\"{}", short(name), hint.unwrap_or_default());
        faults.push(Fault::new(format!("/{}", pointer_part(name)), "unknown_field", detail));
    }
}

/// Checks the name of a kind of event.
///
/// # Errors
/// Says how they are written.
pub fn check_kind(text: &str) -> Result<String, Fault> {
    let good = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= NAME_MAX
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte));
    if good {
        return Ok(text.to_owned());
    }
    let detail = format!(
        "\"{}\" is no type of event: small letters, digits, _ and points, a letter first, at most {NAME_MAX}",
        short(text)
    );
    Err(Fault::new("", "wrong_type_name", detail))
}

fn limited(text: &str, max: usize) -> Result<String, Fault> {
    if (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let detail = format!("\"{}\" has not 1 to {max} characters, or has control characters", short(text));
    Err(Fault::new("", "wrong_text", detail))
}

fn read_time(text: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let wrong = |detail: String| Fault::new("", "wrong_time", detail);
    let at: Timestamp = text.parse().map_err(|_| {
        wrong(format!("\"{}\" is no instant; write RFC 3339 like 2026-11-22T09:00:00+09:00", short(text)))
    })?;
    if at > now.plus(AHEAD_MAX) {
        return Err(wrong(format!("{at} has not happened yet")));
    }
    if at.as_millis() < 0 {
        return Err(wrong(format!("{at} is before 1970")));
    }
    Ok(at)
}

fn check_currency(text: &str) -> Result<String, Fault> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    let detail = format!("\"{}\" is no currency; write three letters like EUR", short(text));
    Err(Fault::new("", "wrong_currency", detail))
}

fn products(value: &Value) -> Result<Vec<Product>, Vec<Fault>> {
    let Value::Array(entries) = value else {
        return Err(vec![Fault::new("", "wrong_type", format!("products are an array, not {}", kind_of(value)))]);
    };
    if entries.len() > PRODUCTS_MAX {
        let detail = format!("an event has at most {PRODUCTS_MAX} products, not {}", entries.len());
        return Err(vec![Fault::new("", "too_many", detail)]);
    }
    let (mut products, mut faults) = (Vec::with_capacity(entries.len()), Vec::new());
    for (place, entry) in entries.iter().enumerate() {
        match product(entry) {
            Ok(product) => products.push(product),
            Err(wrong) => faults.extend(wrong.into_iter().map(|fault| fault.under(&format!("/{place}")))),
        }
    }
    if faults.is_empty() { Ok(products) } else { Err(faults) }
}

fn product(value: &Value) -> Result<Product, Vec<Fault>> {
    let Value::Object(fields) = value else {
        return Err(vec![Fault::new("", "wrong_type", format!("a product is an object, not {}", kind_of(value)))]);
    };
    let mut faults = Vec::new();
    unknown_fields(fields, &PRODUCT_FIELDS, "a product", &mut faults);
    let mut reader = Reader { fields, faults: &mut faults };
    let product = Product {
        id: reader.text("id", |text| limited(text, ID_MAX)),
        name: reader.text("name", |text| limited(text, TEXT_MAX)),
        category: reader.text("category", |text| limited(text, ID_MAX)),
        price: reader.value("price", Money::from_json),
        quantity: reader.value("quantity", quantity).unwrap_or(1),
        url: reader.text("url", |text| limited(text, TEXT_MAX)),
    };
    if faults.is_empty() { Ok(product) } else { Err(faults) }
}

fn quantity(value: &Value) -> Result<u32, Fault> {
    let read = value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number <= 1_000_000);
    read.ok_or_else(|| Fault::new("", "wrong_quantity", "a quantity is a whole number from 0 to 1000000"))
}

fn properties(value: &Value) -> Result<BTreeMap<String, Value>, Vec<Fault>> {
    let Value::Object(fields) = value else {
        return Err(vec![Fault::new("", "wrong_type", format!("properties are an object, not {}", kind_of(value)))]);
    };
    if fields.len() > PROPERTIES_MAX {
        let detail = format!("an event has at most {PROPERTIES_MAX} properties, not {}", fields.len());
        return Err(vec![Fault::new("", "too_many", detail)]);
    }
    let (mut read, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, value) in fields {
        let fault = match value {
            Value::Null => continue,
            Value::Bool(_) | Value::Number(_) => attribute::check_name(name).err(),
            Value::String(text) => attribute::check_name(name).and_then(|()| limited_property(text)).err(),
            Value::Array(_) | Value::Object(_) => Some(Fault::new(
                "",
                "wrong_type",
                format!("a property is a text, a number, true or false, not {}", kind_of(value)),
            )),
        };
        match fault {
            Some(fault) => faults.push(fault.under(&format!("/{}", pointer_part(name)))),
            None => drop(read.insert(name.clone(), value.clone())),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

fn limited_property(text: &str) -> Result<(), Fault> {
    if text.chars().count() > TEXT_MAX {
        return Err(Fault::new("", "too_long", format!("a property has at most {TEXT_MAX} characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn read(value: &Value) -> Result<Event, Vec<Fault>> {
        Event::from_json(value, None, NOW)
    }

    #[test]
    fn a_purchase_is_read_whole() {
        let event = read(&json!({"id": 1001, "type": "purchase", "contact": "+821012345678", "at": "2026-11-21T10:00:00+09:00",
            "amount": 49.9, "currency": "eur", "products": [{"id": "T-1", "name": "Tea", "price": "24.95", "quantity": 2}],
            "properties": {"coupon": "SPRING", "store": 3, "gift": true}}))
        .unwrap();
        assert_eq!((event.id.as_deref(), event.currency.as_deref(), event.pieces()), (Some("1001"), Some("EUR"), 2));
        assert_eq!(event.amount.unwrap().parts(), 499_000);
        assert_eq!(event.property_text("coupon"), Some("SPRING"));
        assert_eq!(event.products[0].to_json(), json!({"id": "T-1", "name": "Tea", "price": 24.95, "quantity": 2}));
    }

    #[test]
    fn without_a_time_it_happened_now_and_the_future_is_refused() {
        let bare = json!({"type": "visit", "contact": "+821012345678"});
        assert_eq!(read(&bare).unwrap().at, NOW);
        for at in ["2026-11-24T00:00:00Z", "1969-01-01T00:00:00Z", "yesterday"] {
            assert!(read(&json!({"type": "visit", "contact": "+821012345678", "at": at})).is_err(), "{at}");
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let faults = read(&json!({"type": "Purchase", "amount": "much", "currency": "€", "product": [],
            "products": [{"name": "Tea"}, {"nmae": "x", "quantity": -1}], "properties": {"a": [1]}}))
        .unwrap_err();
        let mut places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        places.sort_unstable();
        let expected = [
            "/amount",
            "/contact",
            "/currency",
            "/product",
            "/products/1/nmae",
            "/products/1/quantity",
            "/properties/a",
            "/type",
        ];
        assert_eq!(places, expected);
    }
}
