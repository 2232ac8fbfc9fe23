//! What a campaign came to, read from recipients, messages, links, events, the ledger and coupons. Each query goes over the
//! campaign's recipients once, and none holds them in memory.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Stored;
use crate::{StoreError, row};
use postrider_campaign::money::Money;
use postrider_campaign::price::Price;
use postrider_campaign::run::report::{CONTROL, Report, has_left};
use postrider_model::{MessageId, State, Timestamp};

/// Why a message is in this state, as a word or a carrier's code; `None` where the state says it all.
///
/// # Errors
/// SQLite's own.
pub fn reason_of(connection: &Connection, message: MessageId, state: State) -> Result<Option<String>, StoreError> {
    match state {
        State::Failed | State::Undelivered | State::PartiallyDelivered => {
            let mut statement = connection.prepare_cached(
                "SELECT code, note FROM submission WHERE message = ?1 ORDER BY attempt DESC, (code IS NULL), segment LIMIT 1",
            )?;
            let row = statement.query_row([message.as_i64()], |row| {
                Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<String>>(1)?))
            });
            Ok(match row.optional()? {
                Some((Some(code), _)) => Some(format!("code {code}")),
                Some((None, note)) => note.map(|note| shortened(&note)),
                None => note_of(connection, message)?,
            })
        }
        State::Blocked | State::Expired => note_of(connection, message),
        State::Scheduled
        | State::Queued
        | State::Leased
        | State::Sent
        | State::Delivered
        | State::Canceled
        | State::Uncertain => Ok(None),
    }
}

/// The word at the beginning of the newest note: `opted_out: ...`.
fn note_of(connection: &Connection, message: MessageId) -> Result<Option<String>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT note FROM event WHERE message = ?1 AND note IS NOT NULL ORDER BY n DESC LIMIT 1")?;
    let note: Option<String> = statement.query_row([message.as_i64()], |row| row.get(0)).optional()?;
    Ok(note.map(|note| shortened(note.split(':').next().unwrap_or_default())))
}

fn shortened(note: &str) -> String {
    note.trim().chars().take(80).collect()
}

/// Reads everything. `pools` are the coupon pools that the campaign gives codes from.
///
/// # Errors
/// SQLite's own.
pub fn read(
    connection: &Connection,
    stored: &Stored,
    window: Duration,
    pools: &[String],
    report: &mut Report,
) -> Result<(), StoreError> {
    let reading = Reading { connection, stored, window: i64::try_from(window.as_millis()).unwrap_or(i64::MAX) };
    reading.states(report)?;
    reading.clicks(report)?;
    reading.replies(report)?;
    reading.opt_outs(report)?;
    for pool in pools {
        reading.coupons(pool, report)?;
    }
    reading.purchases(report)
}

struct Reading<'a> {
    connection: &'a Connection,
    stored: &'a Stored,
    window: i64,
}

/// Whose row it is: the first two columns of every query.
struct Whose {
    part: String,
    country: Option<String>,
}

impl Whose {
    fn of(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { part: row.get(0)?, country: row.get(1)? })
    }
}

impl Reading<'_> {
    fn states(&self, report: &mut Report) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.part, r.country, r.at, coalesce(m.state, r.state), r.reason, r.segments, r.cost, m.id, \
             r.turn_at FROM campaign_recipient r LEFT JOIN message m ON m.id = r.message WHERE r.campaign = ?1",
        )?;
        let mut rows = statement.query([self.stored.id])?;
        let mut last_turn = None;
        while let Some(row) = rows.next()? {
            let whose = Whose::of(row)?;
            let at = row::maybe_time(row, 2)?;
            let state: String = row.get(3)?;
            last_turn = last_turn.max(row::maybe_time(row, 8)?);
            let left = has_left(&state);
            let segments: u64 = if left { row.get::<_, Option<u64>>(5)?.unwrap_or(0) } else { 0 };
            let cost: i64 = if left { row.get::<_, Option<i64>>(6)?.unwrap_or(0) } else { 0 };
            report.count(&whose.part, whose.country.as_deref(), at, |counts| {
                counts.recipients += 1;
                *counts.states.entry(state.clone()).or_default() += 1;
                counts.segments += segments;
                counts.cost = counts.cost.plus(Price::from_parts(cost));
            });
            report.groups.entry(whose.part).or_default().contacts += 1;
            let live = row.get::<_, Option<i64>>(7)?.and_then(MessageId::from_i64).zip(state.parse().ok());
            let reason = match live {
                Some((message, state)) => reason_of(self.connection, message, state)?,
                None => row.get(4)?,
            };
            if let Some(reason) = reason.filter(|_| !matches!(state.as_str(), "delivered" | "sent")) {
                *report.reasons.entry(state).or_default().entry(reason).or_default() += 1;
            }
        }
        let counted = Duration::from_millis(u64::try_from(self.window).unwrap_or(0));
        report.counts_until = last_turn.map(|turn: Timestamp| turn.plus(counted));
        Ok(())
    }

    fn clicks(&self, report: &mut Report) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.part, r.country, min(l.first_click_at), sum(l.clicks), sum(l.machines) FROM short_link l \
             JOIN campaign_recipient r ON r.contact = l.contact AND r.campaign = ?1 \
             WHERE l.kind = 'campaign' AND l.source = ?2 GROUP BY r.n",
        )?;
        let mut rows = statement.query(params![self.stored.id, self.stored.name])?;
        while let Some(row) = rows.next()? {
            let whose = Whose::of(row)?;
            let (clicks, machines): (u64, u64) = (row.get(3)?, row.get(4)?);
            report.count(&whose.part, whose.country.as_deref(), row::maybe_time(row, 2)?, |counts| {
                counts.clicked += u64::from(clicks > 0);
                counts.clicks += clicks;
                counts.machine_clicks += machines;
            });
        }
        Ok(())
    }

    /// Replies bear the origin of the text that they answer.
    fn replies(&self, report: &mut Report) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.part, r.country, min(e.at) FROM campaign_recipient r JOIN contact_event e ON e.kind = 'replied' \
             AND e.contact = r.contact AND e.at >= r.turn_at AND e.properties ->> '$.kind' = 'campaign' \
             AND e.properties ->> '$.source' = ?2 WHERE r.campaign = ?1 AND r.message IS NOT NULL GROUP BY r.n",
        )?;
        let mut rows = statement.query(params![self.stored.id, self.stored.name])?;
        while let Some(row) = rows.next()? {
            let whose = Whose::of(row)?;
            let at = row::maybe_time(row, 2)?;
            report.count(&whose.part, whose.country.as_deref(), at, |counts| counts.replied += 1);
        }
        Ok(())
    }

    fn opt_outs(&self, report: &mut Report) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.part, r.country, min(k.at) FROM consent k JOIN contact c ON c.number = k.number \
             JOIN campaign_recipient r ON r.contact = c.id AND r.campaign = ?1 WHERE k.word = 'withdrawn' \
             AND k.at >= r.turn_at AND k.at < r.turn_at + ?2 AND r.message IS NOT NULL GROUP BY r.n",
        )?;
        let mut rows = statement.query(params![self.stored.id, self.window])?;
        while let Some(row) = rows.next()? {
            let whose = Whose::of(row)?;
            let at = row::maybe_time(row, 2)?;
            report.count(&whose.part, whose.country.as_deref(), at, |counts| counts.opted_out += 1);
        }
        Ok(())
    }

    fn coupons(&self, pool: &str, report: &mut Report) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.part, r.country, count(u.n) FROM campaign_recipient r JOIN contact c ON c.id = r.contact \
             JOIN coupon k ON k.pool = ?2 AND k.number = c.number LEFT JOIN coupon_use u ON u.coupon = k.id \
             AND u.at >= r.turn_at AND u.at < r.turn_at + ?3 WHERE r.campaign = ?1 AND r.message IS NOT NULL GROUP BY r.n",
        )?;
        let mut rows = statement.query(params![self.stored.id, pool, self.window])?;
        while let Some(row) = rows.next()? {
            let whose = Whose::of(row)?;
            let uses: u64 = row.get(2)?;
            report.count(&whose.part, whose.country.as_deref(), None, |counts| {
                counts.coupons += 1;
                counts.redeemed += uses;
            });
        }
        Ok(())
    }

    /// Purchases of variants and control alike: each from its turn on.
    fn purchases(&self, report: &mut Report) -> Result<(), StoreError> {
        report.bought_in = self.currency(&report.currency)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT r.part, r.country, e.at, e.amount, e.currency, r.n FROM campaign_recipient r \
             JOIN contact_event e ON e.kind = 'purchase' AND e.contact = r.contact AND e.at >= r.turn_at \
             AND e.at < r.turn_at + ?2 WHERE r.campaign = ?1 ORDER BY r.n",
        )?;
        let mut rows = statement.query(params![self.stored.id, self.window])?;
        let mut buyer: Option<(i64, String, f64)> = None;
        while let Some(row) = rows.next()? {
            let whose = Whose::of(row)?;
            let amount = Money::from_parts(row.get::<_, Option<i64>>(3)?.unwrap_or(0));
            let currency: String = row.get::<_, Option<String>>(4)?.unwrap_or_default();
            let n: i64 = row.get(5)?;
            let spent = if report.bought_in.as_deref() == Some(currency.as_str()) { amount.units() } else { 0.0 };
            let again = matches!(&buyer, Some((last, ..)) if *last == n);
            report.count(&whose.part, whose.country.as_deref(), row::maybe_time(row, 2)?, |counts| {
                counts.buyers += u64::from(!again);
                counts.purchases += 1;
                let sum = counts.revenue.entry(currency.clone()).or_default();
                *sum = sum.plus(amount);
            });
            match &mut buyer {
                Some((_, _, sum)) if again => *sum += spent,
                last => {
                    if let Some((_, part, sum)) = last.replace((n, whose.part, spent)) {
                        report.groups.entry(part).or_default().add_buyer(sum);
                    }
                }
            }
        }
        if let Some((_, part, sum)) = buyer {
            report.groups.entry(part).or_default().add_buyer(sum);
        }
        report.groups.entry(CONTROL.to_owned()).or_default();
        Ok(())
    }

    /// The currency that the groups are compared in: that of the prices if anything was bought in it, else the commonest.
    fn currency(&self, of_prices: &str) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(e.currency, '') FROM campaign_recipient r JOIN contact_event e ON e.kind = 'purchase' \
             AND e.contact = r.contact AND e.at >= r.turn_at AND e.at < r.turn_at + ?2 WHERE r.campaign = ?1 \
             GROUP BY 1 ORDER BY 1 = ?3 DESC, count(*) DESC LIMIT 1",
        )?;
        let found =
            statement.query_row(params![self.stored.id, self.window, of_prices], |row| row.get(0)).optional()?;
        Ok(found)
    }
}
