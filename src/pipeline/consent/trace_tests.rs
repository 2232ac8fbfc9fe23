//! After an erasure no table knows the contact or the number any more, whatever tables there are.

use rusqlite::Connection;

use super::erase;
use crate::model::{PhoneNumber, Timestamp};
use crate::pipeline::{Settings, Turn};
use crate::store::Database;
use crate::store::campaign::contact;

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const NUMBER: &str = "+821012345678";
/// Tables that are not filled here, since their rows are found by something else, which other tests look at.
const OTHERS: [&str; 9] = [
    // By the person, a hash of the number.
    "consent",
    "consent_due",
    "suppression",
    // By the contact's own labels and attributes, which are in step with them.
    "contact_attribute",
    "contact_list",
    "contact_tag",
    // Their `number` is no telephone number, or one of our own.
    "inbound_part",
    "sim",
    // By the number alone, unique.
    "contact",
];

/// Tables with a column of this name, and their other columns with a value that fits.
fn tables(connection: &Connection, column: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = |table: &str| -> Vec<(String, String)> {
        let mut info = connection.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
        let rows = info.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let with = names.into_iter().map(|name| (name.clone(), columns(&name)));
    with.filter(|(_, columns)| columns.iter().any(|(name, _)| name == column)).collect()
}

/// Writes a row that names the contact or the number into every table that can.
fn fill(connection: &Connection, column: &str, value: &str) -> Vec<String> {
    let mut filled = Vec::new();
    for (table, columns) in tables(connection, column) {
        if OTHERS.contains(&table.as_str()) {
            continue;
        }
        let (names, values): (Vec<&str>, Vec<String>) = columns
            .iter()
            .map(|(name, kind)| {
                let value = match kind.as_str() {
                    _ if name == column => value.to_owned(),
                    "INTEGER" => "987654".to_owned(),
                    "REAL" => "1.0".to_owned(),
                    "BLOB" => "x'00'".to_owned(),
                    _ => "'x'".to_owned(),
                };
                (name.as_str(), value)
            })
            .unzip();
        let sql = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
        connection.execute(&sql, []).unwrap_or_else(|error| panic!("{table}: {error}"));
        filled.push(table);
    }
    filled
}

#[test]
fn no_table_knows_an_erased_contact() {
    let mut database = Database::in_memory().unwrap();
    let number: PhoneNumber = NUMBER.parse().unwrap();
    let (id, mut filled) = database
        .write(|tx| {
            let id = contact::ensure(tx, &number, NOW)?;
            Ok((id, fill(tx.connection(), "contact", &id.to_string())))
        })
        .unwrap();
    filled.extend(database.write(|tx| Ok(fill(tx.connection(), "number", &format!("'{NUMBER}'")))).unwrap());
    assert!(filled.len() >= 6, "{filled:?}");
    let settings = Settings::default();
    while database.write(|tx| erase(&Turn::new(tx, &settings, NOW), &number)).unwrap().more {}
    let mut left = Vec::new();
    database
        .read(|connection| {
            for (column, value) in [("contact", id.to_string()), ("number", format!("'{NUMBER}'"))] {
                for (table, _) in tables(connection, column) {
                    let sql = format!("SELECT count(*) FROM {table} WHERE {column} = {value}");
                    let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
                    if rows > 0 {
                        left.push(format!("{table}.{column}"));
                    }
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(left.is_empty(), "these still know the contact or the number: {left:?}");
}
