//! Compiles a tree to one SQL condition over `contact_point p` (and `contact c`), with parameters.
//!
//! Every condition is either true or false, never null: what is not known fails a test, and passes its opposite.

use super::moment::Moment;
use super::tree::{Condition, EventCondition, Operand, Order, PropertyValue, Relation, Test, Tree};
use super::value::{Calendars, Whose, Writer};
use crate::money::PARTS;
use crate::point::{Kind, Point, PointValue, Today};
use jiff::tz::TimeZone;

/// A condition in SQL.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The condition, with numbered parameters.
    pub condition: String,
    /// The parameters, in order.
    pub params: Vec<PointValue>,
    /// Whether it names columns of `contact c`.
    pub joins_contact: bool,
    /// Whether it looks at a span of contacts only, from the one in its first parameter to the one in its second.
    pub spans: bool,
}

impl Compiled {
    /// The tables that the condition is about.
    pub fn tables(&self) -> &'static str {
        if self.joins_contact { "contact_point p JOIN contact c ON c.id = p.contact" } else { "contact_point p" }
    }
}

/// Compiles `tree` for the present that `calendars` hold.
pub fn compile(tree: &Tree, calendars: &Calendars) -> Compiled {
    written(tree, Writer { calendars, params: Vec::new(), joins_contact: false, spans: false })
}

/// Compiles `tree` so that asking about one contact, or a few in a row, looks at their rows only and never at those of
/// all contacts, however many there are.
pub fn compile_span(tree: &Tree, calendars: &Calendars) -> Compiled {
    // The ends of the span come with each question. What stands here until then equals no other parameter.
    let ends = vec![PointValue::Real(f64::NAN); 2];
    written(tree, Writer { calendars, params: ends, joins_contact: false, spans: true })
}

fn written(tree: &Tree, mut writer: Writer<'_>) -> Compiled {
    let condition = writer.tree(tree).condition();
    let Writer { params, joins_contact, spans, .. } = writer;
    Compiled { condition, params, joins_contact, spans }
}

/// A part of a tree in SQL.
pub enum Part {
    /// The contacts that each of these queries finds.
    In(Vec<String>),
    /// A condition on the row of a contact.
    Row(String),
}

impl Part {
    /// The contacts that a query finds.
    pub fn found_by(query: String) -> Self {
        Self::In(vec![query])
    }

    fn condition(self) -> String {
        match self {
            Self::Row(condition) => condition,
            Self::In(queries) => {
                let tests: Vec<_> = queries.iter().map(|query| format!("p.contact IN ({query})")).collect();
                if tests.len() == 1 { tests.concat() } else { format!("({})", tests.join(" AND ")) }
            }
        }
    }

    /// The one query that finds what all of them find.
    fn query(queries: &[String]) -> String {
        let (first, others) = queries.split_first().map_or(("", queries), |(first, others)| (first, others));
        if others.is_empty() {
            return first.to_owned();
        }
        let tests: Vec<_> = others.iter().map(|other| format!("contact IN ({other})")).collect();
        format!("SELECT contact FROM ({first}) WHERE {}", tests.join(" AND "))
    }
}

impl Writer<'_> {
    fn tree(&mut self, tree: &Tree) -> Part {
        match tree {
            Tree::All(trees) => self.all(trees),
            Tree::Any(trees) => self.any(trees),
            Tree::Not(tree) => Part::Row(format!("NOT {}", self.tree(tree).condition())),
            Tree::Is(condition) => self.condition(condition),
        }
    }

    fn all(&mut self, trees: &[Tree]) -> Part {
        let parts: Vec<_> = trees.iter().map(|tree| self.tree(tree)).collect();
        if !parts.is_empty() && parts.iter().all(|part| matches!(part, Part::In(_))) {
            let queries = parts.into_iter().flat_map(|part| match part {
                Part::In(queries) => queries,
                Part::Row(_) => Vec::new(),
            });
            return Part::In(queries.collect());
        }
        Part::Row(joined(parts, " AND ", "1"))
    }

    fn any(&mut self, trees: &[Tree]) -> Part {
        let parts: Vec<_> = trees.iter().map(|tree| self.tree(tree)).collect();
        // One set of contacts that is asked once costs less than asking many sets one after the other.
        let (mut queries, mut rows) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::In(of) => queries.push(Part::query(&of)),
                row @ Part::Row(_) => rows.push(row),
            }
        }
        let found = (!queries.is_empty()).then(|| Part::found_by(queries.join(" UNION ALL ")));
        match found {
            Some(found) if rows.is_empty() => found,
            found => Part::Row(joined(rows.into_iter().chain(found).collect(), " OR ", "0")),
        }
    }

    fn condition(&mut self, condition: &Condition) -> Part {
        match condition {
            Condition::Point(point, tests) => {
                let value = self.point(*point);
                self.all_tests(tests, |writer, test| Part::Row(writer.test(&value, *point, test)))
            }
            Condition::Field(field, tests) => {
                self.joins_contact = true;
                let column = field.column();
                self.all_tests(tests, |writer, test| Part::Row(writer.text_test(column, test)))
            }
            Condition::Attribute(name, tests) => {
                let name = self.text(name);
                self.all_tests(tests, |writer, test| writer.attribute_test(&name, test))
            }
            Condition::Tag(tags) => self.label("contact_tag", "tag", tags),
            Condition::List(lists) => self.label("contact_list", "list", lists),
            Condition::Event(event) => self.event(event),
            Condition::Message(message) => Part::found_by(self.message(message)),
        }
    }

    fn all_tests(&mut self, tests: &[Test], mut write: impl FnMut(&mut Self, &Test) -> Part) -> Part {
        let mut parts: Vec<_> = tests.iter().map(|test| write(self, test)).collect();
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => Part::Row(joined(parts.into_iter().chain(last).collect(), " AND ", "1")),
        }
    }

    fn label(&mut self, table: &str, column: &str, labels: &[String]) -> Part {
        let (labels, span) = (self.texts(labels), self.span("contact"));
        Part::found_by(format!("SELECT contact FROM {table} WHERE {column} IN ({labels}){span}"))
    }

    fn texts(&mut self, texts: &[String]) -> String {
        texts.iter().map(|text| self.text(text)).collect::<Vec<_>>().join(", ")
    }

    /// A test of a data point.
    fn test(&mut self, value: &str, point: Point, test: &Test) -> String {
        match test {
            Test::Not(test) => format!("NOT {}", self.test(value, point, test)),
            Test::Number(order, operand) => {
                let other = self.operand(point, *operand);
                format!("ifnull({value} {} {other}, 0)", order.sql())
            }
            Test::Moment(relation, moment) if point.kind() == Kind::Day => {
                let day = self.zoned(Whose::Point, |today, _| moment.day_number(today).unwrap_or(today.day));
                format!("ifnull({value} {} {day}, 0)", day_order(*relation).sql())
            }
            Test::Moment(relation, moment) => self.time_test(value, *relation, *moment, Whose::Point),
            Test::Known(_) | Test::OneOf(_) | Test::Contains(_) | Test::StartsWith(_) | Test::Flag(_) => {
                self.text_test(value, test)
            }
        }
    }

    fn operand(&mut self, point: Point, operand: Operand) -> String {
        let scale = |of: Point| if of.kind() == Kind::Money { 10_000.0 } else { 1.0 };
        debug_assert_eq!(PARTS, 10_000, "amounts are stored in ten-thousandths");
        match operand {
            Operand::Number(number) => self.param(PointValue::Real(number * scale(point))),
            Operand::Point { point: other, times, plus } => {
                let value = self.point(other);
                let times = self.param(PointValue::Real(times * scale(point) / scale(other)));
                let plus = self.param(PointValue::Real(plus * scale(point)));
                format!("({value} * {times} + {plus})")
            }
        }
    }

    pub fn time_test(&mut self, value: &str, relation: Relation, moment: Moment, whose: Whose) -> String {
        let start = |writer: &mut Self| writer.zoned(whose, |today, zone| moment.bounds(today, zone).0);
        let end = |writer: &mut Self| writer.zoned(whose, |today, zone| moment.bounds(today, zone).1);
        match relation {
            Relation::Before => format!("ifnull({value} < {}, 0)", start(self)),
            Relation::Since => format!("ifnull({value} >= {}, 0)", start(self)),
            // An instant has no length: what comes after it is later, and until it is at it or before.
            Relation::After if moment.is_day() => format!("ifnull({value} >= {}, 0)", end(self)),
            Relation::Until if moment.is_day() => format!("ifnull({value} < {}, 0)", end(self)),
            Relation::After => format!("ifnull({value} > {}, 0)", end(self)),
            Relation::Until => format!("ifnull({value} <= {}, 0)", end(self)),
            Relation::On => format!("ifnull({value} >= {} AND {value} < {}, 0)", start(self), end(self)),
        }
    }

    /// A test that texts have.
    fn text_test(&mut self, value: &str, test: &Test) -> String {
        match test {
            Test::Known(true) => format!("{value} IS NOT NULL"),
            Test::Known(false) => format!("{value} IS NULL"),
            Test::Not(test) => format!("NOT {}", self.text_test(value, test)),
            Test::OneOf(texts) => format!("ifnull({value} IN ({}), 0)", self.texts(texts)),
            Test::Contains(text) => format!("ifnull(instr({value}, {}) > 0, 0)", self.text(text)),
            Test::StartsWith(text) => {
                let length = text.chars().count();
                format!("ifnull(substr({value}, 1, {length}) = {}, 0)", self.text(text))
            }
            // The reader gives these to other kinds of values only.
            Test::Number(..) | Test::Moment(..) | Test::Flag(_) => "0".to_owned(),
        }
    }

    fn attribute_test(&mut self, name: &str, test: &Test) -> Part {
        let span = self.span("contact");
        let having = match test {
            Test::Known(true) => {
                return Part::found_by(format!("SELECT contact FROM contact_attribute WHERE name = {name}{span}"));
            }
            Test::Known(false) => {
                return Part::Row(format!(
                    "p.contact NOT IN (SELECT contact FROM contact_attribute WHERE name = {name}{span})"
                ));
            }
            Test::Not(test) => return Part::Row(format!("NOT {}", self.attribute_test(name, test).condition())),
            Test::Number(order, Operand::Number(number)) => {
                // The index of values finds one of them; many are found sooner in the order of contacts.
                let plus = if *order == Order::Equal { "" } else { "+" };
                format!("{plus}number {} {}", order.sql(), self.param(PointValue::Real(*number)))
            }
            Test::Number(order, Operand::Point { .. }) => {
                // The reader takes other points as operands of points only.
                debug_assert!(false, "an attribute is compared with a number, {order:?}");
                "0".to_owned()
            }
            Test::Flag(flag) => format!("number = {}", i64::from(*flag)),
            Test::Moment(relation, moment) => {
                let whose = Whose::Contact("contact_attribute.contact");
                let day = self.zoned(whose, |today, _| moment.day_number(today).unwrap_or(today.day));
                // The day may be another one for each contact.
                format!("+number {} {day}", day_order(*relation).sql())
            }
            Test::OneOf(texts) => format!("text IN ({})", self.texts(texts)),
            Test::Contains(_) | Test::StartsWith(_) => self.text_test("text", test),
        };
        Part::found_by(format!("SELECT contact FROM contact_attribute WHERE name = {name}{span} AND {having}"))
    }

    /// What keeps a question about a span to the rows of its contacts.
    fn span(&self, column: &str) -> String {
        if self.spans { format!(" AND {column} BETWEEN ?1 AND ?2") } else { String::new() }
    }

    /// Contacts by what their events in a window count and add up to.
    fn event(&mut self, event: &EventCondition) -> Part {
        if let Some(last) = last_of(event) {
            // Whether there was one since then is known without looking at the events.
            let value = self.point(last);
            return Part::Row(match event.since {
                Some(since) => self.time_test(&value, Relation::Since, since, Whose::Point),
                None => format!("{value} IS NOT NULL"),
            });
        }
        let mut filter = format!("e.kind = {}", self.text(&event.kind));
        if let Some(since) = event.since {
            self.bound(&mut filter, ">=", since);
        }
        if let Some(before) = event.before {
            self.bound(&mut filter, "<", before);
        }
        self.event_filters(event, &mut filter);
        // A short window is found by time; for a long one or none, walking the events by contact spares the sorting.
        let index = if !self.spans && event.since.is_some_and(|since| self.is_short(since)) {
            "contact_event_window"
        } else {
            "contact_event_total"
        };
        filter.push_str(&self.span("e.contact"));
        let events = format!("FROM contact_event e INDEXED BY {index} WHERE {filter}");
        let holds_for_none = all_hold(&event.count, 0.0) && all_hold(&event.sum, 0.0);
        if !holds_for_none && event.sum.is_empty() && event.count == [(Order::AtLeast, 1.0)] {
            return Part::found_by(format!("SELECT e.contact AS contact {events}"));
        }
        let mut tests: Vec<String> = Vec::new();
        for (order, number) in &event.count {
            tests.push(format!("count(*) {} {}", order.sql(), self.param(PointValue::Real(*number))));
        }
        for (order, number) in &event.sum {
            let sum = self.param(PointValue::Real(number * 10_000.0));
            tests.push(format!("ifnull(sum(e.amount), 0) {} {sum}", order.sql()));
        }
        let tests = tests.join(" AND ");
        if holds_for_none {
            Part::Row(format!("p.contact NOT IN (SELECT e.contact {events} GROUP BY e.contact HAVING NOT ({tests}))"))
        } else {
            Part::found_by(format!("SELECT e.contact AS contact {events} GROUP BY e.contact HAVING {tests}"))
        }
    }

    /// One end of a window of events, by each contact's own calendar. Most events lie before or after the bounds of all
    /// calendars, so that only those of a day or two ask for their contact's.
    fn bound(&mut self, filter: &mut String, operator: &str, moment: Moment) {
        let value = move |today: &Today, zone: &TimeZone| moment.bounds(today, zone).0;
        let (least, greatest) = (self.least(value), self.greatest(value));
        let (outer, inner) = if operator == "<" { (greatest, least) } else { (least, greatest) };
        let outer = self.integer(outer);
        filter.push_str(&format!(" AND e.at {operator} {outer}"));
        if least != greatest {
            let inner = self.integer(inner);
            let own = self.zoned(Whose::Contact("e.contact"), value);
            filter.push_str(&format!(" AND (e.at {operator} {inner} OR e.at {operator} {own})"));
        }
    }

    fn is_short(&self, since: Moment) -> bool {
        const SHORT_MILLIS: i64 = 100 * 86_400_000;
        let begin = self.least(|today, zone| since.bounds(today, zone).0);
        self.calendars.now().as_millis() - begin < SHORT_MILLIS
    }

    fn event_filters(&mut self, event: &EventCondition, filter: &mut String) {
        let mut add = |part: String| {
            filter.push_str(" AND ");
            filter.push_str(&part);
        };
        for (order, number) in &event.amount {
            add(format!("e.amount {} {}", order.sql(), self.param(PointValue::Real(number * 10_000.0))));
        }
        if let Some(currency) = &event.currency {
            add(format!("e.currency = {}", self.text(currency)));
        }
        for (keys, wanted) in [(&["id", "name"][..], &event.product), (&["category"][..], &event.category)] {
            let Some(wanted) = wanted else { continue };
            let wanted = self.text(wanted);
            let tests: Vec<_> = keys.iter().map(|key| format!("j.value ->> '$.{key}' = {wanted}")).collect();
            add(format!("EXISTS (SELECT 1 FROM json_each(e.products) j WHERE {})", tests.join(" OR ")));
        }
        for (name, value) in &event.properties {
            // Names of properties have small letters, digits and _ only.
            let value = match value {
                PropertyValue::Text(text) => self.text(text),
                PropertyValue::Number(number) => self.param(PointValue::Real(*number)),
                PropertyValue::Flag(flag) => i64::from(*flag).to_string(),
            };
            add(format!("e.properties ->> '$.{name}' = {value}"));
        }
    }
}

fn joined(parts: Vec<Part>, word: &str, none: &str) -> String {
    let parts: Vec<_> = parts.into_iter().map(Part::condition).collect();
    if parts.is_empty() { none.to_owned() } else { format!("({})", parts.join(word)) }
}

/// The data point that says when an event of this kind last was, if the condition asks for no more than that.
fn last_of(event: &EventCondition) -> Option<Point> {
    let EventCondition { kind, since: _, before, amount, currency, product, category, properties, count, sum } = event;
    let plain = before.is_none() && currency.is_none() && product.is_none() && category.is_none();
    let any = amount.is_empty() && properties.is_empty() && sum.is_empty() && *count == [(Order::AtLeast, 1.0)];
    if !plain || !any {
        return None;
    }
    Some(match kind.as_str() {
        "purchase" => Point::LastPurchaseAt,
        "refunded" => Point::LastRefundAt,
        "visit" => Point::LastVisitAt,
        "product_viewed" => Point::LastViewedAt,
        "order_shipped" => Point::OrderShippedAt,
        "order_delivered" => Point::OrderDeliveredAt,
        "referral" => Point::LastReferralAt,
        "clicked" => Point::LastClickAt,
        "replied" => Point::LastReplyAt,
        "message_sent" => Point::LastMessageAt,
        "message_delivered" => Point::LastDeliveredAt,
        "mail_opened" => Point::LastMailOpenedAt,
        "feedback" => Point::LastFeedbackAt,
        _ => return None,
    })
}

fn all_hold(tests: &[(Order, f64)], value: f64) -> bool {
    tests.iter().all(|(order, number)| order.holds(value, *number))
}

/// How days are compared: they have no parts.
const fn day_order(relation: Relation) -> Order {
    match relation {
        Relation::Before => Order::Below,
        Relation::After => Order::Above,
        Relation::Since => Order::AtLeast,
        Relation::Until => Order::AtMost,
        Relation::On => Order::Equal,
    }
}
