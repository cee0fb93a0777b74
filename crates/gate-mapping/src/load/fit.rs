//! Whether what a schema says can be what a field takes.

use super::reader::suggestion;
use crate::check::Shape;
use crate::rule::{Rule, TimeRule};
use crate::table::Table;
use crate::target::{Takes, Target};
use crate::time::TimeFormat;

/// Why a value of this shape is nothing for a field.
pub(super) fn misfit(
    target: &Target,
    rule: &Rule,
    shape: &Shape,
) -> Option<(String, &'static str)> {
    let has_epoch = matches!(&rule.time, Some(TimeRule::Instant(TimeFormat::Epoch(_))));
    let reason = |fix| Some((format!("this is {}", shape.name()), fix));
    match (target.takes, shape) {
        // it is asked for a table elsewhere
        (_, Shape::Any)
        | (Takes::Symbol(_), Shape::Text | Shape::Symbols { .. } | Shape::Whole | Shape::Flag) => {
            None
        }
        (
            Takes::Text | Takes::Id | Takes::Version | Takes::TextOrFlag,
            Shape::Text | Shape::Symbols { .. },
        ) => None,
        (Takes::Id | Takes::Version, Shape::Whole) => None,
        (Takes::Text | Takes::TextOrFlag, Shape::Whole) if rule.digits => None,
        (Takes::Text | Takes::TextOrFlag, Shape::Whole) => {
            reason("add `digits: true` if its digits are meant")
        }
        (Takes::TextOrFlag | Takes::Flag, Shape::Flag) => None,
        (Takes::Flag, Shape::Text | Shape::Symbols { .. } | Shape::Whole) => {
            reason("add `values: {\"Y\": true, \"N\": false}`")
        }
        (Takes::Instant, Shape::Instant(unit)) => match &rule.time {
            Some(TimeRule::Instant(TimeFormat::Epoch(stated))) if stated != unit => {
                reason("take `time` out: the schema says another unit")
            }
            Some(TimeRule::Instant(TimeFormat::Epoch(_))) => None,
            _ => reason("take `time` out: the schema says it"),
        },
        (Takes::Instant, Shape::Whole | Shape::Fraction) if has_epoch => None,
        (Takes::Instant, Shape::Whole | Shape::Fraction) => {
            reason("add `time: epoch_s`, `epoch_ms` or `epoch_us`: a number does not say its unit")
        }
        (Takes::Instant | Takes::Date, Shape::Text) => None,
        (Takes::Date, Shape::Days) => match rule.time {
            Some(TimeRule::Days) => None,
            _ => reason("take `time` out: the schema says it"),
        },
        (Takes::Date, Shape::Whole) if matches!(rule.time, Some(TimeRule::Days)) => None,
        _ => reason("name another path, or add a transform that gives what the field takes"),
    }
}

/// What is wrong with a table, given the values that the schema has.
pub(super) fn rows_against(
    table: &Table,
    shape: &Shape,
    lower: bool,
    is_split: bool,
) -> Vec<(String, String)> {
    let names: Vec<String> = match shape {
        Shape::Symbols { names, .. } if lower => {
            names.iter().map(|it| it.to_ascii_lowercase()).collect()
        }
        Shape::Symbols { names, .. } => names.clone(),
        Shape::Flag => vec!["true".to_owned(), "false".to_owned()],
        Shape::Any | Shape::Text | Shape::Whole => return Vec::new(),
        _ if is_split => return Vec::new(),
        other => {
            return vec![(
                format!("this is {}, which is in no table", other.name()),
                "correct the path".into(),
            )];
        }
    };
    if is_split {
        return Vec::new();
    }
    let mut problems = Vec::new();
    match table {
        Table::Ours(set) => {
            for name in names.iter().filter(|name| set.own(name).is_none()) {
                let reason = format!("the schema's value `{name}` is no name of ours");
                problems.push((
                    reason,
                    format!("write the rows; ours are: {}", set.names().join(", ")),
                ));
            }
        }
        Table::Rows { rows, otherwise } => {
            let has = |name: &String| rows.iter().any(|(row, _)| **row == **name);
            let unset = match shape {
                Shape::Symbols { unset: Some(unset), .. } if !lower => unset,
                Shape::Symbols { unset: Some(unset), .. } => &unset.to_ascii_lowercase(),
                _ => "",
            };
            let needs_row = |name: &&String| otherwise.is_none() && **name != unset && !has(name);
            for name in names.iter().filter(needs_row) {
                let reason = format!("the schema's value `{name}` has no row");
                problems.push((reason, format!("add `{name}: …`, or `otherwise`")));
            }
            for (row, _) in rows.iter().filter(|(row, _)| !names.iter().any(|name| **name == **row))
            {
                let fix = suggestion(row, names.iter().map(String::as_str));
                problems.push((format!("the schema has no value `{row}`"), fix));
            }
        }
    }
    problems
}
