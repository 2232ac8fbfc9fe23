//! What a campaign came to: counted in all, by variant, by country and by hour; as JSON and as a table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::lift::{Group, Lift, compare};
use crate::attribute::number_json;
use crate::money::Money;
use crate::price::Price;
use postrider_model::{State, Timestamp};

/// The part of those who are held out.
pub const CONTROL: &str = "control";

/// Where a recipient stands when there is no message, or its message tells further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its turn is to come.
    Waiting,
    /// It is held out.
    Control,
    /// There is no text for it.
    Skipped,
    /// Consent or the law forbid it.
    Blocked,
    /// It has a message.
    Accepted,
    /// The campaign was canceled before its turn.
    Withdrawn,
}

impl Standing {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Control => CONTROL,
            Self::Skipped => "skipped",
            Self::Blocked => "blocked",
            Self::Accepted => "accepted",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The states in which at least one segment has left, so that it is paid for.
pub const LEFT: [State; 5] =
    [State::Sent, State::Delivered, State::PartiallyDelivered, State::Undelivered, State::Uncertain];

/// Whether a message in this state has left.
pub fn has_left(state: &str) -> bool {
    LEFT.iter().any(|left| left.as_str() == state)
}

/// What was counted of some recipients.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// How many contacts.
    pub recipients: u64,
    /// How many are in each state: that of their message, or `waiting`, `control`, `skipped`, `blocked`, `withdrawn`.
    pub states: BTreeMap<String, u64>,
    /// Segments that left.
    pub segments: u64,
    /// What they cost.
    pub cost: Price,
    /// Contacts who followed a link.
    pub clicked: u64,
    /// How often people followed links.
    pub clicks: u64,
    /// How often previews and robots did.
    pub machine_clicks: u64,
    /// Contacts who wrote back.
    pub replied: u64,
    /// Contacts who opted out.
    pub opted_out: u64,
    /// Coupons that were given out.
    pub coupons: u64,
    /// How often coupons were redeemed.
    pub redeemed: u64,
    /// Contacts who bought.
    pub buyers: u64,
    /// Purchases.
    pub purchases: u64,
    /// What they came to, by currency.
    pub revenue: BTreeMap<String, Money>,
}

impl Counts {
    /// How many are in a state.
    pub fn state(&self, name: &str) -> u64 {
        self.states.get(name).copied().unwrap_or(0)
    }

    /// How many texts have left.
    pub fn left(&self) -> u64 {
        LEFT.iter().map(|state| self.state(state.as_str())).sum()
    }

    /// As JSON.
    pub fn to_json(&self) -> Map<String, Value> {
        let revenue: Map<_, _> =
            self.revenue.iter().map(|(currency, money)| (currency.clone(), money.to_json())).collect();
        let fields = json!({
            "recipients": self.recipients, "states": self.states, "left": self.left(), "segments": self.segments,
            "cost": number_json(self.cost.units()), "clicked": self.clicked, "clicks": self.clicks,
            "machine_clicks": self.machine_clicks, "replied": self.replied, "opted_out": self.opted_out,
            "coupons": self.coupons, "redeemed": self.redeemed, "buyers": self.buyers, "purchases": self.purchases,
            "revenue": revenue,
        });
        match fields {
            Value::Object(fields) => fields,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
        }
    }
}

/// What a campaign came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The campaign.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// What it is doing.
    pub phase: String,
    /// As of when.
    pub at: Timestamp,
    /// When it took its recipients.
    pub begins_at: Option<Timestamp>,
    /// Until when purchases count that are not made yet.
    pub counts_until: Option<Timestamp>,
    /// The currency of costs.
    pub currency: String,
    /// All together, but for the control group in what only a text can bring.
    pub total: Counts,
    /// By variant, with the control group.
    pub variants: BTreeMap<String, Counts>,
    /// By country.
    pub countries: BTreeMap<String, Counts>,
    /// By hour, as the gateway's clock in UTC has it: when a recipient was decided, a link followed, something bought.
    pub hours: BTreeMap<Timestamp, Counts>,
    /// Why texts did not arrive or were not written: by state, then by reason.
    pub reasons: BTreeMap<String, BTreeMap<String, u64>>,
    /// What was counted to compare the groups, by part, in the currency that most was bought in.
    pub groups: BTreeMap<String, Group>,
    /// That currency.
    pub bought_in: Option<String>,
}

impl Report {
    /// Lets `count` count for everything that a recipient of `part` and `country` belongs to, and for the hour of `at`.
    pub fn count(&mut self, part: &str, country: Option<&str>, at: Option<Timestamp>, count: impl Fn(&mut Counts)) {
        count(&mut self.total);
        count(self.variants.entry(part.to_owned()).or_default());
        count(self.countries.entry(country.unwrap_or("").to_owned()).or_default());
        if let Some(at) = at {
            let hour = Timestamp::from_millis(at.as_millis().div_euclid(3_600_000) * 3_600_000);
            count(self.hours.entry(hour).or_default());
        }
    }

    /// What the campaign brought, against the control group: of all variants together, and of each.
    pub fn lifts(&self) -> (Option<Lift>, BTreeMap<&str, Lift>) {
        let control = self.groups.get(CONTROL).copied().unwrap_or_default();
        let sent = || self.groups.iter().filter(|(part, _)| *part != CONTROL);
        let all = sent().fold(Group::default(), |all, (_, group)| all.and(*group));
        let each = sent().filter_map(|(part, group)| Some((part.as_str(), compare(*group, control)?))).collect();
        (compare(all, control), each)
    }

    /// What came back for each unit that was paid, if both are in one currency: against the control group where there is
    /// one, else of all purchases.
    pub fn returned(&self) -> Option<f64> {
        let cost = self.total.cost.units();
        if cost <= 0.0 || self.bought_in.as_deref() != Some(self.currency.as_str()) {
            return None;
        }
        let revenue = match self.lifts().0 {
            Some(lift) => lift.revenue,
            None => self.groups.values().map(|group| group.revenue).sum(),
        };
        Some((revenue / cost * 100.0).round() / 100.0)
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let table = |counts: &BTreeMap<String, Counts>, key: &str| -> Vec<Value> {
            counts.iter().map(|(name, counts)| entry(key, name, counts)).collect()
        };
        let hours: Vec<Value> =
            self.hours.iter().map(|(hour, counts)| entry("hour", &hour.to_string(), counts)).collect();
        let (lift, by_variant) = self.lifts();
        json!({
            "name": self.name, "title": self.title, "state": self.phase, "at": self.at.to_string(),
            "begins_at": self.begins_at.map(|at| at.to_string()),
            "counts_until": self.counts_until.map(|at| at.to_string()),
            "currency": if self.currency.is_empty() { None } else { Some(&self.currency) },
            "total": self.total.to_json(), "variants": table(&self.variants, "variant"),
            "countries": table(&self.countries, "country"), "hours": hours, "reasons": self.reasons,
            "lift": lift, "lift_by_variant": by_variant, "lift_currency": self.bought_in, "return": self.returned(),
        })
    }

    /// As a table: one line for all, one for each variant, country and hour.
    pub fn to_csv(&self) -> String {
        let mut text = String::from("group,name,recipients");
        for state in STATES {
            text.push_str(&format!(",{state}"));
        }
        text.push_str(
            ",segments,cost,currency,clicked,clicks,machine_clicks,replied,opted_out,coupons,redeemed,buyers,purchases,revenue\r\n",
        );
        let mut line = |group: &str, name: &str, counts: &Counts| {
            text.push_str(&format!("{group},{},{}", cell(name), counts.recipients));
            for state in STATES {
                text.push_str(&format!(",{}", counts.state(state)));
            }
            let revenue: Vec<_> = counts
                .revenue
                .iter()
                .map(|(currency, money)| format!("{money} {currency}").trim().to_owned())
                .collect();
            text.push_str(&format!(
                ",{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
                counts.segments,
                counts.cost,
                cell(&self.currency),
                counts.clicked,
                counts.clicks,
                counts.machine_clicks,
                counts.replied,
                counts.opted_out,
                counts.coupons,
                counts.redeemed,
                counts.buyers,
                counts.purchases,
                cell(&revenue.join("; ")),
            ));
        };
        line("total", &self.name, &self.total);
        self.variants.iter().for_each(|(name, counts)| line("variant", name, counts));
        self.countries.iter().for_each(|(name, counts)| line("country", name, counts));
        self.hours.iter().for_each(|(hour, counts)| line("hour", &hour.to_string(), counts));
        text
    }
}

/// The states that a table has columns for.
const STATES: [&str; 16] = [
    "waiting",
    "control",
    "skipped",
    "withdrawn",
    "scheduled",
    "queued",
    "leased",
    "sent",
    "delivered",
    "partially_delivered",
    "undelivered",
    "failed",
    "expired",
    "canceled",
    "blocked",
    "uncertain",
];

fn entry(key: &str, name: &str, counts: &Counts) -> Value {
    let mut fields = counts.to_json();
    fields.insert(key.to_owned(), Value::from(name));
    Value::Object(fields)
}

/// A cell of a table; a spreadsheet must not take it for a formula.
fn cell(text: &str) -> String {
    let guarded = match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    };
    if guarded.contains([',', '"', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// Whether a report has a column for a state; a test holds the two lists together.
#[cfg(test)]
fn has_column(state: &str) -> bool {
    STATES.contains(&state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_column() {
        for state in State::ALL {
            assert!(has_column(state.as_str()), "{state}");
        }
    }

    #[test]
    fn what_is_counted_stands_in_every_table_it_belongs_to() {
        let mut report = Report { name: "sale".to_owned(), currency: "EUR".to_owned(), ..Report::default() };
        let at = Timestamp::from_millis(1_795_305_600_000 + 5);
        report.count("a", Some("KR"), Some(at), |counts| {
            counts.recipients += 1;
            *counts.states.entry("delivered".to_owned()).or_default() += 1;
            counts.cost = counts.cost.plus(Price::from_parts(12_500));
        });
        report.count("control", None, None, |counts| counts.recipients += 1);
        let json = report.to_json();
        assert_eq!((json["total"]["recipients"].clone(), json["total"]["left"].clone()), (json!(2), json!(1)));
        assert_eq!(json["variants"][0]["variant"], "a");
        assert_eq!(json["hours"].as_array().map(Vec::len), Some(1));
        let csv = report.to_csv();
        assert_eq!(csv.lines().count(), 1 + 1 + 2 + 2 + 1, "{csv}");
        let columns: Vec<_> = csv.lines().map(|line| line.split(',').count()).collect();
        assert!(columns.iter().all(|count| *count == columns[0]), "{csv}");
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
