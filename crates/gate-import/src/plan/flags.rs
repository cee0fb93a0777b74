//! A plan by flags of a command line: the short way for lists whose rows say one thing.

use super::problem::PlanProblem;
use super::spec::{ColumnSpec, FieldSpec, Format, PlanSpec, StatementSpec, WhoSpec};
use std::collections::BTreeMap;

/// Flags, by the names they have on the command line. Each takes the place of what a file or a preset says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the key of a plan, or a part of one, with the same name")]
pub struct Flags {
    pub preset: Option<String>,
    /// `csv`, `ndjson` or `list`.
    pub format: Option<String>,
    pub delimiter: Option<String>,
    pub encoding: Option<String>,
    pub skip_lines: Option<u32>,
    pub zone: Option<String>,
    pub as_of: Option<String>,
    pub source: Option<String>,
    pub controller: Option<String>,
    pub brand: Option<String>,
    pub region: Option<String>,
    /// A column.
    pub contact_id: Option<String>,
    /// A column.
    pub email: Option<String>,
    /// A column.
    pub phone: Option<String>,
    /// A column.
    pub address: Option<String>,
    pub action: Option<String>,
    pub action_column: Option<String>,
    /// `THEIRS=ours`, of the action column.
    pub action_values: Vec<String>,
    pub channel: Option<String>,
    pub channel_column: Option<String>,
    /// `THEIRS=ours`, of the channel column.
    pub channel_values: Vec<String>,
    pub purpose: Option<String>,
    pub purpose_column: Option<String>,
    /// `THEIRS=ours`, of the purpose column.
    pub purpose_values: Vec<String>,
    pub occurred_at: Option<String>,
    pub time_column: Option<String>,
    /// `iso`, `epoch_s`, `epoch_ms`, `epoch_us` or a pattern.
    pub time_format: Option<String>,
    pub basis: Option<String>,
    /// `name=text`.
    pub evidence: Vec<String>,
    /// `name=COLUMN`.
    pub evidence_columns: Vec<String>,
    pub kind: Option<String>,
    pub scope: Option<String>,
}

impl Flags {
    /// The plan that a file says, with what flags say in its place.
    ///
    /// # Errors
    /// Flags that contradict each other or lack a part.
    pub fn over(self, file: PlanSpec) -> Result<PlanSpec, Vec<PlanProblem>> {
        let mut problems = Vec::new();
        let format = self.format.as_deref().and_then(|name| match name {
            "csv" => Some(Format::Csv),
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "list" => Some(Format::List),
            _ => {
                problems.push(PlanProblem::new(
                    "format",
                    "no format of that name",
                    "csv, ndjson or list",
                ));
                None
            }
        });
        let time = ColumnSpec {
            column: self.time_column.clone().unwrap_or_default(),
            time: self.time_format.clone(),
            ..ColumnSpec::default()
        };
        if self.time_format.is_some() && self.time_column.is_none() {
            problems.push(PlanProblem::new(
                "time-format",
                "it says how no column is written",
                "name `time-column`",
            ));
        }
        let time = self.time_column.map(|_| FieldSpec::Column(time));
        let mut field =
            |key: &'static str,
             constant: Option<String>,
             column: Option<String>,
             rows: &[String]| { field(key, constant, column, rows, &mut problems) };
        let action = field("action", self.action, self.action_column, &self.action_values);
        let channel = field("channel", self.channel, self.channel_column, &self.channel_values);
        let purpose = field("purpose", self.purpose, self.purpose_column, &self.purpose_values);
        let mut evidence = BTreeMap::new();
        for (name, text) in pairs("evidence", &self.evidence, &mut problems) {
            evidence.insert(name, FieldSpec::Constant(text));
        }
        for (name, column) in pairs("evidence-column", &self.evidence_columns, &mut problems) {
            let column = FieldSpec::Column(ColumnSpec { column, ..ColumnSpec::default() });
            if evidence.insert(name, column).is_some() {
                problems.push(PlanProblem::new(
                    "evidence",
                    "the same name twice",
                    "give a text or a column",
                ));
            }
        }
        let constant = |text: Option<String>| text.map(FieldSpec::Constant);
        let spec = PlanSpec {
            preset: self.preset.or_else(|| file.preset.clone()),
            format,
            delimiter: self.delimiter,
            encoding: self.encoding,
            skip_lines: self.skip_lines,
            zone: self.zone,
            as_of: self.as_of,
            source: self.source,
            controller: self.controller,
            brand: self.brand,
            region: constant(self.region),
            contact_id: self.contact_id.map(WhoSpec::Name),
            email: self.email.map(WhoSpec::Name),
            phone: self.phone.map(WhoSpec::Name),
            address: self.address.map(WhoSpec::Name),
            statement: StatementSpec {
                action,
                channel,
                purpose,
                occurred_at: constant(self.occurred_at).or(time),
                basis: constant(self.basis),
                evidence,
                kind: constant(self.kind),
                scope: constant(self.scope),
                ..StatementSpec::default()
            },
            statements: Vec::new(),
        };
        if problems.is_empty() { Ok(spec.over(file)) } else { Err(problems) }
    }
}

fn field(
    key: &'static str,
    constant: Option<String>,
    column: Option<String>,
    rows: &[String],
    problems: &mut Vec<PlanProblem>,
) -> Option<FieldSpec> {
    let values: BTreeMap<String, String> = pairs(key, rows, problems).into_iter().collect();
    match (constant, column) {
        (Some(_), Some(_)) => {
            problems.push(PlanProblem::new(
                key,
                "both the same for all and a column",
                "give one of the two",
            ));
            None
        }
        (Some(text), None) => Some(FieldSpec::Constant(text)),
        (None, Some(column)) => {
            let values = (!values.is_empty()).then_some(values);
            Some(FieldSpec::Column(ColumnSpec { column, values, ..ColumnSpec::default() }))
        }
        (None, None) => {
            if !values.is_empty() {
                problems.push(PlanProblem::new(
                    key,
                    "words without a column",
                    "name the column they stand in",
                ));
            }
            None
        }
    }
}

/// `NAME=VALUE`: our names hold no `=`, so words of theirs end at the last one, and names of evidence at the first.
fn pairs(
    key: &'static str,
    rows: &[String],
    problems: &mut Vec<PlanProblem>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for row in rows {
        let pair =
            if key.starts_with("evidence") { row.split_once('=') } else { row.rsplit_once('=') };
        match pair {
            Some((theirs, ours)) => found.push((theirs.to_owned(), ours.to_owned())),
            None => problems.push(PlanProblem::new(key, "no `=` in it", "write NAME=VALUE")),
        }
    }
    found
}
