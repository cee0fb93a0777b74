//! From a plan as written to one that can be used, or everything that is wrong with it.

use super::compiled::{
    ActionField, Field, Nature, Plan, Reading, Statement, Table, TimeField, Who,
};
use super::preset::{PRESETS, preset};
use super::spec::{ColumnSpec, FieldSpec, Format, PlanSpec, StatementSpec, WhoSpec};
use crate::input::Digest;
use crate::limits::{COLUMNS_MAX, PLAN_BYTES_MAX, SKIPPED_LINES_MAX, STATEMENTS_MAX, VALUES_MAX};
use crate::time::{Moment, TimeFormat, zone};
use gate_core::flags::CONTEXT_NAMES;
use gate_core::{Action, Basis, Channel, RelationshipKind, Timestamp};
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A word that says nothing: the row makes no change.
const SKIP: &str = "skip";
/// The only column of a list.
pub(crate) const LIST_COLUMN: &str = "address";

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanProblem {
    /// The key, or the flag.
    pub key: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl PlanProblem {
    pub(crate) fn new(
        key: impl Into<String>,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), reason: reason.into(), fix: fix.into() }
    }
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}; {}", self.key, self.reason, self.fix)
    }
}

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

#[derive(Default)]
struct Checker {
    problems: Vec<PlanProblem>,
    columns: Vec<String>,
}

impl Checker {
    fn wrong(&mut self, key: impl Into<String>, reason: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(PlanProblem::new(key, reason, fix));
    }

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

    fn zone(&mut self, key: &str, name: Option<&str>) -> Option<TimeZone> {
        let name = name?;
        let found = zone(name.trim());
        if found.is_none() {
            self.wrong(key, "no time zone of that name", "such as Europe/Berlin or UTC");
        }
        found
    }

    fn instant(&mut self, key: &str, text: &str) -> Option<Timestamp> {
        let found = gate_codec::parse_instant(text.trim());
        if found.is_none() {
            self.wrong(key, "no instant with its offset", "such as 2026-11-30T00:00:00Z");
        }
        found
    }

    fn slot(&mut self, key: &str, name: &str) -> Option<usize> {
        let name = name.trim();
        if name.is_empty() {
            self.wrong(key, "it names no column", "name one");
            return None;
        }
        let known = self.columns.iter().position(|known| known == name);
        Some(known.unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        }))
    }

    fn who(&mut self, key: &str, spec: &WhoSpec) -> Option<Who> {
        match spec {
            WhoSpec::Name(name) => self.slot(key, name).map(|slot| Who { slot, prefix: None }),
            WhoSpec::Column(column) => {
                if column.time.is_some() || column.zone.is_some() || column.values.is_some() {
                    self.wrong(
                        key,
                        "who somebody is has no `values`, `time` or `zone`",
                        "leave them out",
                    );
                }
                if column.prefix.is_some() && key != "contact_id" {
                    self.wrong(key, "an address has no `prefix`", "leave it out");
                }
                let prefix = column.prefix.as_deref().map(Box::from);
                self.slot(key, &column.column).map(|slot| Who { slot, prefix })
            }
        }
    }

    fn field(&mut self, key: &str, spec: &FieldSpec) -> Option<Field> {
        match spec {
            FieldSpec::Constant(text) if text.trim().is_empty() => {
                self.wrong(key, "it is blank", "leave it out");
                None
            }
            FieldSpec::Constant(text) => Some(Field::Constant(text.trim().into())),
            FieldSpec::Column(column) => {
                if column.time.is_some() || column.zone.is_some() || column.prefix.is_some() {
                    self.wrong(
                        key,
                        "it is no time and no id",
                        "leave out `time`, `zone` and `prefix`",
                    );
                }
                let values = self.table(key, column, |word| Some(Box::from(word)));
                self.slot(key, &column.column).map(|slot| Field::Column { slot, values })
            }
        }
    }

    /// What words mean, without regard to case; `None` where there is no table.
    fn table<T: PartialEq>(
        &mut self,
        key: &str,
        column: &ColumnSpec,
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Option<Table<T>> {
        let values = column.values.as_ref()?;
        if values.len() > VALUES_MAX {
            self.wrong(key, "more than 10,000 words", "map them in the file");
        }
        let mut table = FxHashMap::default();
        for (theirs, ours) in values {
            let Some(meaning) = meaning(ours.trim()) else {
                let reason = format!("`{ours}` is none of ours");
                self.wrong(
                    format!("{key}.values"),
                    reason,
                    "use the names in docs/schemas.md, or `skip` of an action",
                );
                continue;
            };
            let word: Box<str> = theirs.trim().to_ascii_lowercase().into();
            if table.get(&word).is_some_and(|known| *known != meaning) {
                self.wrong(
                    format!("{key}.values"),
                    format!("`{theirs}` stands twice"),
                    "write it once, in any case",
                );
            }
            table.insert(word, meaning);
        }
        Some(Table(table))
    }

    fn time(
        &mut self,
        key: &str,
        spec: &FieldSpec,
        of_plan: Option<&TimeZone>,
    ) -> Option<TimeField> {
        match spec {
            FieldSpec::Constant(text) => {
                self.instant(key, text).map(|at| TimeField::Constant(Moment::exactly(at)))
            }
            FieldSpec::Column(column) => {
                if column.values.is_some() || column.prefix.is_some() {
                    self.wrong(key, "a time has no `values` and no `prefix`", "leave them out");
                }
                let format = match TimeFormat::parse(column.time.as_deref().unwrap_or("iso")) {
                    Ok(format) => format,
                    Err(reason) => {
                        self.wrong(format!("{key}.time"), reason, "see docs/import.md");
                        return None;
                    }
                };
                let zone = self
                    .zone(&format!("{key}.zone"), column.zone.as_deref())
                    .or_else(|| of_plan.cloned());
                if zone.is_none() && matches!(format, TimeFormat::Pattern { .. }) {
                    self.wrong(
                        key,
                        "a pattern says no zone",
                        "name `zone`, such as Europe/Berlin or UTC",
                    );
                }
                self.slot(key, &column.column).map(|slot| TimeField::Column { slot, format, zone })
            }
        }
    }

    fn action(&mut self, spec: &FieldSpec) -> Option<ActionField> {
        const KEY: &str = "statement.action";
        let is_allowed = |action: &Action| Nature::of(*action) != Nature::NotAllowed;
        let ours = |word: &str| Action::parse(word).filter(is_allowed);
        match spec {
            FieldSpec::Constant(word) => {
                let action = ours(word.trim());
                if action.is_none() {
                    self.wrong(
                        KEY,
                        "no action that an import may say",
                        "opt_in, opt_out, suppress …; see docs/import.md",
                    );
                }
                action.map(ActionField::Constant)
            }
            FieldSpec::Column(column) => {
                let meaning =
                    |word: &str| if word == SKIP { Some(None) } else { ours(word).map(Some) };
                let values = self.table(KEY, column, meaning).unwrap_or_else(|| {
                    // our own names stand for themselves
                    let own = Action::ALL.into_iter().filter(is_allowed);
                    Table(own.map(|action| (action.as_str().into(), Some(action))).collect())
                });
                self.slot(KEY, &column.column).map(|slot| ActionField::Column { slot, values })
            }
        }
    }

    fn statement(
        &mut self,
        spec: &StatementSpec,
        zone: Option<&TimeZone>,
        plan: &PlanSpec,
    ) -> Option<Statement> {
        let Some(action) = &spec.action else {
            self.wrong(
                "statement.action",
                "the plan does not say what rows say",
                "name an action, or the column that says it",
            );
            return None;
        };
        let action = self.action(action);
        let mut field =
            |key: &str, spec: &Option<FieldSpec>| spec.as_ref().and_then(|it| self.field(key, it));
        let channel = field("statement.channel", &spec.channel);
        let purpose = field("statement.purpose", &spec.purpose);
        let basis = field("statement.basis", &spec.basis);
        let kind = field("statement.kind", &spec.kind);
        let smtp = field("statement.smtp", &spec.smtp);
        let registry = field("statement.registry", &spec.registry);
        let scope = field("statement.scope", &spec.scope);
        let cause = field("statement.cause", &spec.cause);
        let mut fields = |key: &str,
                          all: &std::collections::BTreeMap<String, FieldSpec>|
         -> Vec<(Box<str>, Field)> {
            all.iter()
                .filter_map(|(name, it)| {
                    Some((name.as_str().into(), self.field(&format!("{key}.{name}"), it)?))
                })
                .collect()
        };
        let evidence = fields("statement.evidence", &spec.evidence);
        let context = fields("statement.context", &spec.context);
        let occurred_at =
            spec.occurred_at.as_ref().and_then(|it| self.time("statement.occurred_at", it, zone));
        let expires_at =
            spec.expires_at.as_ref().and_then(|it| self.time("statement.expires_at", it, zone));
        for (name, _) in &context {
            if &**name != "product_group" && !CONTEXT_NAMES.contains(&&**name) {
                self.wrong(
                    format!("statement.context.{name}"),
                    "nothing of that name",
                    "see docs/schemas.md",
                );
            }
        }
        let statement = Statement {
            action: action?,
            channel,
            purpose,
            occurred_at,
            expires_at,
            basis,
            evidence,
            kind,
            context,
            smtp,
            registry,
            scope,
            cause,
        };
        self.words(&statement);
        self.needs(&statement, plan);
        Some(statement)
    }

    /// Constants and tables from closed sets.
    fn words(&mut self, statement: &Statement) {
        let channel: fn(&str) -> bool = |word| word == "any" || Channel::parse(word).is_some();
        let is_path = |path: &str| {
            path.split('.').all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
        };
        let sets: [(&str, &Option<Field>, fn(&str) -> bool, &str); 5] = [
            (
                "channel",
                &statement.channel,
                channel,
                "email, sms, mms, rcs, whatsapp, push, voice_live, voice_auto or any",
            ),
            ("purpose", &statement.purpose, is_path, "a dotted path such as marketing.newsletter"),
            (
                "basis",
                &statement.basis,
                |word| Basis::parse(word).is_some(),
                "express, express_written, soft_opt_in …",
            ),
            (
                "kind",
                &statement.kind,
                |word| RelationshipKind::parse(word).is_some(),
                "purchase, inquiry, contract …",
            ),
            (
                "scope",
                &statement.scope,
                |word| matches!(word, "all" | "marketing"),
                "all or marketing",
            ),
        ];
        for (key, field, is_one, fix) in sets {
            let words: Vec<&str> = match field {
                Some(Field::Constant(word)) => vec![word],
                Some(Field::Column { values: Some(table), .. }) => {
                    table.0.values().map(|word| &**word).collect()
                }
                Some(Field::Column { values: None, .. }) | None => Vec::new(),
            };
            if let Some(word) = words.into_iter().find(|word| !is_one(word)) {
                self.wrong(format!("statement.{key}"), format!("`{word}` is none of ours"), fix);
            }
        }
    }

    /// What an action needs, where every row says it.
    fn needs(&mut self, statement: &Statement, plan: &PlanSpec) {
        let ActionField::Constant(action) = statement.action else { return };
        let mut lacks = |is_there: bool, key: &str, reason: &str, fix: &str| {
            if !is_there {
                self.wrong(key, reason, fix);
            }
        };
        let proves = |name: &str| statement.evidence.iter().any(|(known, _)| &**known == name);
        let has_time = statement.occurred_at.is_some();
        match Nature::of(action) {
            Nature::Grant => {
                let fix = "a permission counts only for what it names";
                lacks(
                    statement.channel.is_some(),
                    "statement.channel",
                    "a permission without channel permits nothing",
                    fix,
                );
                lacks(
                    statement.purpose.is_some(),
                    "statement.purpose",
                    "a permission without purpose permits nothing",
                    fix,
                );
                lacks(
                    plan.controller.is_some(),
                    "controller",
                    "a permission without controller permits nothing",
                    fix,
                );
                lacks(
                    plan.brand.is_some(),
                    "brand",
                    "a permission without brand permits nothing",
                    "name it, or `any`",
                );
                let fix = "say how it was given, and which text the person saw; without proof it permits nothing";
                lacks(
                    proves("method"),
                    "statement.evidence.method",
                    "a permission without proof",
                    fix,
                );
                lacks(
                    proves("notice_version"),
                    "statement.evidence.notice_version",
                    "a permission without proof",
                    fix,
                );
                lacks(
                    has_time,
                    "statement.occurred_at",
                    "a permission without its time",
                    "name the column that has it",
                );
            }
            Nature::Relationship => {
                lacks(
                    has_time,
                    "statement.occurred_at",
                    "a relationship without its time",
                    "name the column that has it",
                );
                let is_something = statement.kind.is_some() || !statement.context.is_empty();
                lacks(
                    is_something,
                    "statement.kind",
                    "a relationship of no kind permits nothing",
                    "purchase, inquiry …",
                );
            }
            Nature::Refusal => {
                let has_time = has_time || plan.as_of.is_some();
                lacks(
                    has_time,
                    "as_of",
                    "refusals without any time",
                    "say when the list was made, or name the column of the time",
                );
            }
            Nature::NotAllowed => {}
        }
        if action == Action::RegistryStatus && statement.registry.is_none() {
            self.wrong(
                "statement.registry",
                "a listing without its registry",
                "name the registry as your packs do",
            );
        }
        if action == Action::HardBounce && statement.smtp.is_none() {
            self.wrong(
                "statement.smtp",
                "a bounce without its status counts for nothing",
                "name the column, or 5.1.1 for all",
            );
        }
    }
}
