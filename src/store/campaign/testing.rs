//! Fills a database with made-up contacts, for measuring.

use crate::model::Timestamp;
use crate::store::Database;

/// Makes `count` contacts with data points, a tag, an attribute and three purchases each, by SQL alone: all of it follows
/// from the row number.
pub fn fill(database: &mut Database, count: u32, now: Timestamp) {
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let now = now.as_millis();
    let steps = [
        "INSERT INTO contact_zone VALUES (1, 'Asia/Seoul'), (2, 'Asia/Bangkok'), (3, 'Europe/Berlin')".to_owned(),
        format!(
            "{numbers} INSERT INTO contact (id, number, name, locale, zone, attributes, tags, created_at, changed_at) \
             SELECT i, '+8210' || (10000000 + i), 'Name ' || i, 'ko-KR', 'Asia/Seoul', '{{\"size\":' || (i % 50) || '}}', \
             '[\"tag' || (i % 20) || '\"]', {now} - i * 1000, {now} FROM n"
        ),
        format!("{numbers} INSERT INTO contact_tag SELECT 'tag' || (i % 20), i FROM n"),
        format!("{numbers} INSERT INTO contact_attribute SELECT 'size', i, 0, i % 50, NULL FROM n"),
        format!(
            "{numbers} INSERT INTO contact_event (contact, kind, at, external, amount, currency, received_at) \
             SELECT 1 + (i * 7919) % {count}, 'purchase', {now} - (i * 7907 % 63072000) * 1000, 'o' || i, (i % 900) * 10000, \
             'EUR', {now} FROM n"
        ),
        format!(
            "{numbers} INSERT INTO contact_event (contact, kind, at, external, amount, currency, received_at) \
             SELECT 1 + (i * 104729) % {count}, 'purchase', {now} - (i * 7901 % 63072000) * 1000, 'p' || i, (i % 90) * 10000, \
             'EUR', {now} FROM n"
        ),
        format!(
            "{numbers} INSERT INTO contact_point (contact, zone, birthday, birthday_place, contact_since, country, language, \
             events, first_active_at, last_active_at, purchases, first_purchase_at, last_purchase_at, lifetime_value, \
             last_purchase_value, currency, visits, last_visit_at, points_balance, points_expiring, points_expire_on, \
             loyalty_since, messages_sent, last_message_at, messages_delivered, last_delivered_at, cart_updated_at, cart_value) \
             SELECT i, i % 4, i % 15000, i % 366, {now} - (i * 31 % 63072000) * 1000, 'KR', 'ko', i % 40, {now} - 63072000000, \
             {now} - (i * 7907 % 31536000) * 1000, i % 12, {now} - 63072000000, {now} - (i * 7907 % 31536000) * 1000, \
             (i % 1200) * 10000, (i % 120) * 10000, 'EUR', i % 100, {now} - (i * 7877 % 15768000) * 1000, i % 700, i % 50, \
             {now} / 86400000 + i % 90, {now} - i * 1000, i % 9, {now} - (i * 17 % 8640000) * 1000, i % 9, \
             {now} - (i * 17 % 8640000) * 1000, iif(i % 10 = 0, {now} - (i % 864000) * 1000, NULL), \
             iif(i % 10 = 0, i % 90 * 10000, NULL) FROM n"
        ),
    ];
    for step in steps {
        database.write(|tx| Ok(tx.sql().execute_batch(&step)?)).unwrap();
    }
}
