//! Says which events can bring a contact into a segment or out of it, so that nobody looks at the others.

use std::collections::BTreeSet;

use super::tree::{Condition, Operand, Test, Tree};
use crate::event::{ENTERED, LEFT};
use crate::point::{KINDS, Point};

/// What a segment follows from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Concern {
    kinds: BTreeSet<String>,
    any: bool,
}

impl Concern {
    /// What `tree` follows from.
    pub fn of(tree: &Tree) -> Self {
        let mut concern = Self::default();
        concern.tree(tree);
        // Coming and going is no reason to come or go: a segment that asks for it is looked at as time passes, so that
        // two segments never drive each other in circles.
        concern.kinds.retain(|kind| kind != ENTERED && kind != LEFT);
        concern
    }

    /// Whether an event of this type may change who is in the segment.
    pub fn has(&self, kind: &str) -> bool {
        kind != ENTERED && kind != LEFT && (self.any || self.kinds.contains(kind))
    }

    /// The types of events to wait for; `None` is all of them.
    pub fn kinds(&self) -> Option<impl Iterator<Item = &str>> {
        (!self.any).then(|| self.kinds.iter().map(String::as_str))
    }

    fn tree(&mut self, tree: &Tree) {
        match tree {
            Tree::All(trees) | Tree::Any(trees) => trees.iter().for_each(|tree| self.tree(tree)),
            Tree::Not(tree) => self.tree(tree),
            Tree::Is(condition) => self.condition(condition),
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Point(point, tests) => {
                self.point(*point);
                tests.iter().for_each(|test| self.test(test));
            }
            Condition::Event(event) => {
                self.kinds.insert(event.kind.clone());
            }
            // What becomes of a text is no event, but what the contact makes of it is.
            Condition::Message(message) => drop(self.kinds.insert(message.response.as_str().to_owned())),
            // These change with the contact itself.
            Condition::Attribute(..) | Condition::Field(..) | Condition::Tag(_) | Condition::List(_) => {}
        }
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::Number(_, Operand::Point { point, .. }) => self.point(*point),
            Test::Not(test) => self.test(test),
            Test::Known(_)
            | Test::Number(_, Operand::Number(_))
            | Test::Moment(..)
            | Test::OneOf(_)
            | Test::Contains(_)
            | Test::StartsWith(_)
            | Test::Flag(_) => {}
        }
    }

    fn point(&mut self, point: Point) {
        if matches!(point, Point::Events | Point::LastEventAt) {
            self.any = true;
        }
        self.kinds.extend(KINDS.iter().map(|kind| (*kind).to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn concern(tree: &serde_json::Value) -> Concern {
        Concern::of(&super::super::read(tree).unwrap())
    }

    #[test]
    fn only_events_that_can_change_the_answer_concern_a_segment() {
        let points = concern(&json!({"all": [{"tag": "a"}, {"not": {"point": "purchases", "at_least": 2}}]}));
        assert!(points.has("purchase") && points.has("clicked") && !points.has("tasting"));
        let counted = concern(&json!({"event": "tasting", "count": {"at_least": 2}}));
        assert!(counted.has("tasting") && !counted.has("purchase"));
        assert_eq!(concern(&json!({"attribute": "size", "is": 4})), Concern::default());
        assert!(concern(&json!({"point": "events", "at_least": 2})).kinds().is_none());
    }

    #[test]
    fn coming_and_going_concerns_no_segment() {
        let circle = concern(&json!({"any": [{"event": "segment_left"}, {"point": "events", "at_least": 2}]}));
        assert!(!circle.has(ENTERED) && !circle.has(LEFT) && circle.has("tasting"));
    }
}
