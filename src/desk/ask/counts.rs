//! How many decisions, by what they say and when.

use std::sync::Arc;

use gate_index::{Bucket, Dimension, Label, Window};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::Desk;
use super::super::asked::Asked;
use super::decisions::{filter, storage};
use super::{blocking, decisions};
use crate::answers::Problem;
use crate::headers::rfc3339;

const DIMENSIONS: [(&str, Dimension); 8] = [
    ("outcome", Dimension::Outcome),
    ("reason", Dimension::Reason),
    ("channel", Dimension::Channel),
    ("jurisdiction", Dimension::Jurisdiction),
    ("purpose", Dimension::Purpose),
    ("brand", Dimension::Brand),
    ("controller", Dimension::Controller),
    ("campaign", Dimension::Campaign),
];
const BUCKETS: [(&str, Bucket); 4] = [
    ("half_hour", Bucket::HalfHour),
    ("hour", Bucket::Hour),
    ("day", Bucket::Day),
    ("whole", Bucket::Whole),
];

/// Counts.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct CountsAnswer {
    /// From when on it counts; later than was asked for if older decisions are gone.
    pub(in crate::desk) since: String,
    pub(in crate::desk) until: Option<String>,
    /// Decisions, each once.
    pub(in crate::desk) n_decisions: u64,
    /// Those of which something was counted as `other`, because there was no room for its value.
    pub(in crate::desk) n_others: u64,
    /// Those that may not be what was asked for, and are not counted.
    pub(in crate::desk) n_uncertain: u64,
    /// By time, then by what was asked for: `begin`, `n`, and a member for each dimension (`null`: the message names none).
    #[schema(value_type = Vec<Object>)]
    pub(in crate::desk) rows: Vec<Map<String, Value>>,
}

/// # Errors
/// A field is wrong, or the index cannot be read.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<CountsAnswer, Problem> {
    let known: Vec<&str> = decisions::FIELDS.iter().copied().chain(["by", "bucket"]).collect();
    asked.query.only(&known)?;
    let filter = filter(&asked.query)?;
    let names = DIMENSIONS.map(|(name, _)| name).join(", ");
    let by = asked.query.parse("by", &format!("must be some of: {names}"), dimensions)?;
    let by = by.unwrap_or_else(|| vec![("reason", Dimension::Reason)]);
    let names = BUCKETS.map(|(name, _)| name).join(", ");
    let bucket = asked.query.parse("bucket", &format!("must be one of: {names}"), |text| {
        BUCKETS.iter().find(|(name, _)| *name == text).map(|(_, bucket)| *bucket)
    })?;
    let bucket = bucket.unwrap_or(Bucket::Whole);
    let window = Window { since: filter.since, until: filter.until, utc_offset_seconds: 0 };
    blocking(desk, move |desk| {
        let dimensions: Vec<Dimension> = by.iter().map(|(_, dimension)| *dimension).collect();
        let counts = desk.index.counts(&window, &filter, &dimensions, bucket).map_err(storage)?;
        let rows = counts.rows.iter().map(|row| {
            let mut out = Map::new();
            out.insert("begin".to_owned(), rfc3339(row.begin).into());
            for ((name, _), label) in by.iter().zip(&row.labels) {
                let value = match label {
                    Label::Named(text) => Value::from(text.as_ref()),
                    Label::Absent => Value::Null,
                    Label::Other => Value::from("other"),
                };
                out.insert((*name).to_owned(), value);
            }
            out.insert("n".to_owned(), row.n.into());
            out
        });
        Ok(CountsAnswer {
            rows: rows.collect(),
            since: rfc3339(counts.since),
            until: counts.until.map(rfc3339),
            n_decisions: counts.n_decisions,
            n_others: counts.n_others,
            n_uncertain: counts.n_uncertain,
        })
    })
    .await
}

fn dimensions(text: &str) -> Option<Vec<(&'static str, Dimension)>> {
    let find = |name: &str| DIMENSIONS.iter().find(|(known, _)| *known == name.trim()).copied();
    text.split(',').map(find).collect()
}
