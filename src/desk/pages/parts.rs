//! Parts that several pages share: rows, reasons, places.

use gate_core::Reason as Code;
use gate_pages::{Choice, DecisionRow, FieldError, Outcome, Place, Reason};

use super::super::ask::decisions::{RowAnswer, meaning};
use crate::answers::Problem;

pub(super) fn outcome(word: &str) -> Outcome {
    match word {
        "approved" => Outcome::Approved,
        "deferred" => Outcome::Deferred,
        _ => Outcome::Blocked,
    }
}

pub(super) fn reason(outcome_word: &str, code: &str) -> Reason {
    Reason {
        outcome: outcome(outcome_word),
        code: code.to_owned(),
        sentence: meaning(code),
        fix_me: Code::parse(code).is_some_and(|code| !code.is_healthy()),
    }
}

pub(super) fn place(topic: &str, partition: i32, offset: i64) -> Place {
    Place {
        topic: topic.to_owned(),
        // the brokers give out no negative ones
        partition: u32::try_from(partition).unwrap_or_default(),
        offset: u64::try_from(offset).unwrap_or_default(),
    }
}

pub(super) fn row(row: &RowAnswer) -> DecisionRow {
    let (topic, partition, offset) = &row.place;
    DecisionRow {
        place: place(topic, *partition, *offset),
        decided_at: row.evaluated_at.clone(),
        channel: row.channel.clone().unwrap_or_default(),
        purpose: row.purpose.clone().unwrap_or_default(),
        campaign: row.campaign.clone(),
        brand: row.brand.clone(),
        jurisdictions: row.jurisdictions.clone(),
        reason: reason(&row.outcome, &row.reason),
        not_before: row.not_before.clone(),
    }
}

pub(super) fn rows(rows: &[RowAnswer]) -> Vec<DecisionRow> {
    rows.iter().map(row).collect()
}

/// A choice that is its own label.
pub(super) fn choice(value: &str) -> Choice {
    Choice { value: value.to_owned(), label: value.to_owned() }
}

/// A complaint about a field, for the form it stands in; another problem is none.
pub(super) fn field_error(problem: &Problem) -> Option<FieldError> {
    let field = problem.pointer.as_deref()?.strip_prefix('/')?;
    let detail = &problem.detail;
    Some(FieldError {
        field: field.to_owned(),
        sentence: super::super::ask::decisions::sentence(detail),
    })
}
