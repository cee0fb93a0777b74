//! The accepted bases of a rule and their conditions.

use crate::reader::{Fields, Reader};
use gate_core::policy::{BasisRule, BasisSet, Condition, Dormancy, Ground, KindRule, Period};
use gate_core::{Basis, RelationshipKind, flags};
use gate_located::{Node, Value};
use jiff::tz::TimeZone;

pub(crate) fn bases(reader: &mut Reader<'_>, node: &Node, law_zone: &TimeZone) -> Vec<BasisRule> {
    let words: Vec<(&str, Basis)> = Basis::ALL.map(|basis| (basis.as_str(), basis)).to_vec();
    let mut out = Vec::new();
    for (key, conditions) in reader.fields(node, "`bases`").rest() {
        let name = key.as_node();
        let Some(basis) = reader.word(&name, "basis", &words) else { continue };
        out.push(basis_rule(reader, basis, conditions, law_zone));
    }
    out
}

fn basis_rule(reader: &mut Reader<'_>, basis: Basis, node: &Node, zone: &TimeZone) -> BasisRule {
    let mut rule = BasisRule::new(basis);
    let mut fields = reader.fields(node, "a basis");
    fields.take("law");
    let by_relationship =
        matches!(basis, Basis::SoftOptIn | Basis::CharitySoftOptIn | Basis::Implied);
    if by_relationship {
        match fields.require("any_of", reader) {
            Some(grounds) => self::grounds(reader, grounds, &mut rule, zone),
            None => return rule,
        }
        valid_for(reader, &mut fields, &mut rule);
        return finish(reader, fields, &["any_of", "valid_for", "law"], rule);
    }
    if basis == Basis::LegitimateInterest
        && let Some(grounds) = fields.take("any_of")
    {
        self::grounds(reader, grounds, &mut rule, zone);
        valid_for(reader, &mut fields, &mut rule);
        return finish(reader, fields, &["any_of", "valid_for", "law"], rule);
    }
    if let Some(node) = fields.take("evidence") {
        for item in reader.items(node, "`evidence`") {
            let words = flags::EVIDENCE.map(|(name, _, flag)| (name, flag));
            rule.evidence |= reader.word(item, "evidence", &words).unwrap_or_default();
        }
    }
    valid_for(reader, &mut fields, &mut rule);
    rule.dormancy = fields.take("dormancy").and_then(|node| dormancy(reader, node));
    finish(reader, fields, &["evidence", "valid_for", "dormancy", "law"], rule)
}

fn grounds(reader: &mut Reader<'_>, node: &Node, rule: &mut BasisRule, zone: &TimeZone) {
    for item in reader.items(node, "`any_of`") {
        rule.grounds.push(ground(reader, item, zone));
    }
    if rule.grounds.is_empty() {
        let basis = rule.basis.as_str();
        reader.problem(
            node.place,
            format!("`{basis}` names no ground, so nothing could ever fulfil it"),
            "add a ground with `kinds`, or delete the basis",
        );
    }
}

fn valid_for(reader: &mut Reader<'_>, fields: &mut Fields<'_>, rule: &mut BasisRule) {
    if let Some(node) = fields.take("valid_for") {
        rule.valid_for = reader.period(node, "`valid_for`").unwrap_or(rule.valid_for);
    }
}

fn finish(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    known: &[&str],
    rule: BasisRule,
) -> BasisRule {
    fields.end(known, reader);
    rule
}

const GROUND_KEYS: [&str; 9] = [
    "kinds",
    "when",
    "from",
    "until",
    "collected_from",
    "requires",
    "forbids",
    "valid_for",
    "dormancy",
];

fn ground(reader: &mut Reader<'_>, node: &Node, law_zone: &TimeZone) -> Ground {
    let mut fields = reader.fields(node, "a ground");
    let mut ground = Ground::default();
    if let Some(node) = fields.require("kinds", reader) {
        match &node.value {
            Value::Text(text) if text.trim() == "any" => ground.any_kind = true,
            _ => ground.kinds = kinds(reader, node),
        }
    }
    for (name, into) in [
        ("collected_from", &mut ground.collected_from),
        ("from", &mut ground.from),
        ("until", &mut ground.until),
    ] {
        if let Some(node) = fields.take(name) {
            *into = reader.day(node, "the date", law_zone);
        }
    }
    for (name, into) in [
        ("when", &mut ground.when),
        ("requires", &mut ground.requires),
        ("forbids", &mut ground.forbids),
    ] {
        if let Some(node) = fields.take(name) {
            let words: Vec<(&str, Condition)> =
                Condition::all().map(|condition| (condition.as_str(), condition)).collect();
            for item in reader.items(node, "a list of flags") {
                into.extend(reader.word(item, "flag", &words));
            }
        }
    }
    ground.valid_for = fields.take("valid_for").and_then(|node| reader.period(node, "`valid_for`"));
    ground.dormancy = fields.take("dormancy").and_then(|node| dormancy(reader, node));
    fields.end(&GROUND_KEYS, reader);
    ground
}

/// Relationship kinds and how long each lasts.
pub(crate) fn kinds(reader: &mut Reader<'_>, node: &Node) -> Vec<KindRule> {
    let words: Vec<(&str, RelationshipKind)> =
        RelationshipKind::ALL.map(|kind| (kind.as_str(), kind)).to_vec();
    let mut out = Vec::new();
    let entries = reader.fields(node, "`kinds`").rest();
    if entries.is_empty() {
        reader.problem(node.place, "no kind of relationship is named", "write `{purchase: P24M}`");
    }
    for (key, value) in entries {
        let name = key.as_node();
        let kind = reader.word(&name, "kind of relationship", &words);
        let (period, while_running) = match &value.value {
            Value::Map(_) => {
                let mut fields = reader.fields(value, "a kind");
                let period = fields
                    .require("period", reader)
                    .and_then(|node| reader.period(node, "`period`"));
                let running = fields.take("running");
                let is_running = running.is_some_and(|node| reader.boolean(node, "`running`"));
                fields.end(&["period", "running"], reader);
                (period, is_running)
            }
            _ => (reader.period(value, "the duration of a kind"), false),
        };
        if let (Some(kind), Some(period)) = (kind, period) {
            out.push(KindRule { kind, period, while_running });
        }
    }
    out
}

fn dormancy(reader: &mut Reader<'_>, node: &Node) -> Option<Dormancy> {
    let mut fields = reader.fields(node, "`dormancy`");
    let warn_after = fields.take("warn_after").and_then(|node| reader.period(node, "`warn_after`"));
    let block_after =
        fields.require("block_after", reader).and_then(|node| reader.period(node, "`block_after`"));
    fields.end(&["warn_after", "block_after"], reader);
    let block_after = block_after?;
    let epoch = gate_core::Timestamp::default();
    if warn_after.is_some_and(|warn: Period| warn.end(epoch) >= block_after.end(epoch)) {
        reader.problem(
            node.place,
            "`warn_after` is not shorter than `block_after`, so nobody would be warned",
            "shorten `warn_after`",
        );
    }
    Some(Dormancy { warn_after, block_after })
}

pub(crate) fn basis_set(reader: &mut Reader<'_>, node: &Node) -> BasisSet {
    let words: Vec<(&str, Basis)> = Basis::ALL.map(|basis| (basis.as_str(), basis)).to_vec();
    let mut out = BasisSet::default();
    for item in reader.items(node, "a list of bases") {
        if let Some(basis) = reader.word(item, "basis", &words) {
            out = out.with(basis);
        }
    }
    out
}
