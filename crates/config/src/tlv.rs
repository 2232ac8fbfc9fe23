//! The TLVs that a carrier wants: `[carrier.tlvs.entity]` with a tag, a form, and a value or the name of a parameter.

use postrider_smpp::profile::{IntWidth, TlvKind, TlvRule, TlvSource};

use super::document::Section;
use super::value::{filled, flag, one_of, whole};

const KINDS: [(&str, TlvKind); 6] = [
    ("octets", TlvKind::Octets),
    ("cstring", TlvKind::CString),
    ("hex", TlvKind::Hex),
    ("int8", TlvKind::Int(IntWidth::One)),
    ("int16", TlvKind::Int(IntWidth::Two)),
    ("int32", TlvKind::Int(IntWidth::Four)),
];

/// Adds the rules of a section to `rules`. One with a known name changes that one and keeps its place.
pub(super) fn read(section: &mut Section<'_>, rules: &mut Vec<TlvRule>) {
    for (name, inner) in section.named_sections("tlvs") {
        match rules.iter_mut().find(|rule| rule.name == name) {
            Some(rule) => read_rule(inner, rule, true),
            None => {
                let mut rule = TlvRule {
                    name,
                    tag: 0,
                    kind: TlvKind::Octets,
                    length_max: 255,
                    source: TlvSource::PerMessage { required: false },
                };
                read_rule(inner, &mut rule, false);
                rules.push(rule);
            }
        }
    }
}

fn read_rule(mut section: Section<'_>, rule: &mut TlvRule, known: bool) {
    let has_tag = section.set("tag", &mut rule.tag, whole(1..=0xffff));
    if !has_tag && !known {
        section.missing("tag", "write it like tag = 0x1400");
    }
    section.set("kind", &mut rule.kind, one_of(KINDS));
    section.set("length_max", &mut rule.length_max, whole(1..=65_535));
    let mut required = None;
    section.set_some("required", &mut required, flag);
    let mut value = None;
    section.set_some("value", &mut value, filled);
    match (value, required) {
        (Some(_), Some(_)) => section.wrong("required", "stands beside value; a constant is always there"),
        (Some(value), None) => rule.source = TlvSource::Constant(value),
        (None, Some(required)) => rule.source = TlvSource::PerMessage { required },
        (None, None) => {}
    }
    if let TlvSource::Constant(value) = &rule.source
        && let Err(error) = rule.encode(value)
    {
        section.wrong("value", &format!("does not fit: {error}"));
    }
    section.finish();
}
