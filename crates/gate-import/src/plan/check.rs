//! From a plan as written to one that can be used, or everything that is wrong with it.

use super::checker::Checker;
use super::compiled::{Plan, Reading, Statement};
use super::preset::{PRESETS, preset};
use super::problem::PlanProblem;
use super::spec::{Format, PlanSpec, StatementSpec, WhoSpec};
use crate::input::Digest;
use crate::limits::{COLUMNS_MAX, PLAN_BYTES_MAX, SKIPPED_LINES_MAX, STATEMENTS_MAX};
use sha2::{Digest as _, Sha256};

/// The only column of a list.
pub(crate) const LIST_COLUMN: &str = "address";
impl PlanSpec {
    /// Reads a plan from YAML.
    ///
    /// # Errors
    /// What is wrong with it, by line.
    pub fn from_yaml(text: &str) -> Result<Self, Vec<PlanProblem>> {
        if text.len() > PLAN_BYTES_MAX {
            let problem =
                PlanProblem::new("plan", "it is longer than 256 KiB", "shorten its tables");
            return Err(vec![problem]);
        }
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|error| {
            let reason = error.without_snippet().to_string();
            vec![PlanProblem::new("plan", reason, "see docs/import.md")]
        })
    }
}

impl Plan {
    /// Checks a plan.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(spec: PlanSpec) -> Result<Self, Vec<PlanProblem>> {
        let spec = with_preset(spec)?;
        let statements = statements_of(&spec);
        let mut checker = Checker::default();
        let zone = checker.zone("zone", spec.zone.as_deref());
        if statements.len() > STATEMENTS_MAX {
            checker.wrong("statements", "more than 32", "import the list in several runs");
        }
        let compiled: Vec<Statement> = statements
            .iter()
            .take(STATEMENTS_MAX)
            .filter_map(|statement| checker.statement(statement, zone.as_ref(), &spec))
            .collect();
        checker.finish(&spec, Reading::Statements(compiled), &[])
    }

    /// Reads and checks a plan in YAML.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_yaml(text: &str) -> Result<Self, Vec<PlanProblem>> {
        Self::new(PlanSpec::from_yaml(text)?)
    }

    /// A plan in which a mapping file reads every row as a JSON object whose members are the columns. `text` is the mapping's
    /// own, for the fingerprint. Of the plan count what says how rows are written, and controller, brand and source.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn with_mapping(
        spec: PlanSpec,
        mapping: gate_mapping::Mapping,
        text: &str,
    ) -> Result<Self, Vec<PlanProblem>> {
        let mut checker = Checker::default();
        if mapping.kind() != gate_codec::Kind::ConsentChange {
            checker.wrong("mapping", "it gives messages", "write `record: consent_change`");
        }
        if spec.preset.is_some()
            || spec.statement != StatementSpec::default()
            || !spec.statements.is_empty()
        {
            checker.wrong(
                "statement",
                "the mapping says what rows say",
                "leave it out, or the mapping",
            );
        }
        checker.finish(&spec, Reading::Mapping(Box::new(mapping)), text.as_bytes())
    }
}

fn with_preset(spec: PlanSpec) -> Result<PlanSpec, Vec<PlanProblem>> {
    let Some(name) = spec.preset.clone() else { return Ok(spec) };
    match preset(&name) {
        Some(text) => Ok(spec.over(PlanSpec::from_yaml(text)?)),
        None => Err(vec![PlanProblem::new(
            "preset",
            "there is none of that name",
            format!("one of {}", PRESETS.join(", ")),
        )]),
    }
}

/// The statements, each with what is common to all.
fn statements_of(spec: &PlanSpec) -> Vec<StatementSpec> {
    if spec.statements.is_empty() {
        return vec![spec.statement.clone()];
    }
    let each = spec.statements.iter().cloned();
    each.map(|statement| statement.or(&spec.statement)).collect()
}

impl Checker {
    fn finish(
        mut self,
        spec: &PlanSpec,
        reading: Reading,
        more: &[u8],
    ) -> Result<Plan, Vec<PlanProblem>> {
        let is_mapped = matches!(reading, Reading::Mapping(_));
        let who = |checker: &mut Self, key, spec: &Option<WhoSpec>| {
            spec.as_ref().and_then(|it| checker.who(key, it))
        };
        let contact_id = who(&mut self, "contact_id", &spec.contact_id);
        let email = who(&mut self, "email", &spec.email);
        let phone = who(&mut self, "phone", &spec.phone);
        let address = who(&mut self, "address", &spec.address);
        let names_nobody = [&contact_id, &email, &phone, &address].iter().all(|it| it.is_none());
        if names_nobody && !is_mapped && self.problems.is_empty() {
            self.wrong(
                "email",
                "the plan names no column that says who",
                "name `contact_id`, `email`, `phone` or `address`",
            );
        }
        let region = spec.region.as_ref().and_then(|it| self.field("region", it));
        let as_of = spec.as_of.as_deref().and_then(|text| self.instant("as_of", text));
        let (delimiter, encoding) = self.written(spec);
        if spec.format == Some(Format::List) {
            if is_mapped {
                self.wrong("format", "a list has no columns to map", "use a plan of your own");
            } else if let Some(other) = self.columns.iter().find(|name| *name != LIST_COLUMN) {
                let reason = format!("a list has one column, `{LIST_COLUMN}`, and not `{other}`");
                self.wrong("format", reason, "use `address: address`, or a table with a header");
            }
        }
        if self.columns.len() > COLUMNS_MAX {
            self.wrong("plan", "it names more than 1,024 columns", "name fewer");
        }
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let text = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(Box::from)
        };
        let mut hasher = Sha256::new();
        // maps are ordered, so equal plans are equal bytes
        hasher.update(serde_json::to_vec(spec).unwrap_or_default());
        hasher.update(more);
        Ok(Plan {
            format: spec.format,
            delimiter,
            encoding,
            skip_lines: spec.skip_lines.unwrap_or(0),
            as_of,
            source: text(&spec.source).unwrap_or_else(|| "import".into()),
            controller: text(&spec.controller),
            brand: text(&spec.brand),
            region,
            contact_id,
            email,
            phone,
            address,
            reading,
            columns: self.columns,
            fingerprint: Digest(hasher.finalize().into()),
        })
    }

    /// How the file is written.
    fn written(&mut self, spec: &PlanSpec) -> (Option<u8>, Option<&'static encoding_rs::Encoding>) {
        let delimiter = spec.delimiter.as_deref().and_then(|text| match text {
            "," | ";" | "|" | "\t" => text.bytes().next(),
            "tab" | "\\t" => Some(b'\t'),
            _ => {
                self.wrong("delimiter", "no separator that lists use", "`,` `;` `|` or `tab`");
                None
            }
        });
        let encoding = spec.encoding.as_deref().and_then(|name| {
            let found = encoding_rs::Encoding::for_label(name.trim().as_bytes());
            if found.is_none_or(|found| found == encoding_rs::REPLACEMENT) {
                self.wrong(
                    "encoding",
                    "no encoding of that name",
                    "utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15 …",
                );
            }
            found
        });
        if spec.skip_lines.is_some_and(|n| n > SKIPPED_LINES_MAX) {
            self.wrong("skip_lines", "more than 100", "take them out of the file");
        }
        (delimiter, encoding)
    }
}
