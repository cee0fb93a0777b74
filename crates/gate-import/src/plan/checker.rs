//! Fields of a plan, read and checked one by one; what is wrong is collected, so that people hear of all at once.

use super::compiled::{Field, Table, TimeField, Who};
use super::problem::PlanProblem;
use super::spec::{ColumnSpec, FieldSpec, WhoSpec};
use crate::limits::VALUES_MAX;
use crate::time::{Moment, TimeFormat, zone};
use gate_core::Timestamp;
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

/// Problems and columns, so far.
#[derive(Default)]
pub(super) struct Checker {
    pub(super) problems: Vec<PlanProblem>,
    pub(super) columns: Vec<String>,
}

impl Checker {
    pub(super) fn wrong(
        &mut self,
        key: impl Into<String>,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems.push(PlanProblem::new(key, reason, fix));
    }

    pub(super) fn zone(&mut self, key: &str, name: Option<&str>) -> Option<TimeZone> {
        let name = name?;
        let found = zone(name.trim());
        if found.is_none() {
            self.wrong(key, "no time zone of that name", "such as Europe/Berlin or UTC");
        }
        found
    }

    pub(super) fn instant(&mut self, key: &str, text: &str) -> Option<Timestamp> {
        let found = gate_codec::parse_instant(text.trim());
        if found.is_none() {
            self.wrong(key, "no instant with its offset", "such as 2026-11-30T00:00:00Z");
        }
        found
    }

    pub(super) fn slot(&mut self, key: &str, name: &str) -> Option<usize> {
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

    pub(super) fn who(&mut self, key: &str, spec: &WhoSpec) -> Option<Who> {
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

    pub(super) fn field(&mut self, key: &str, spec: &FieldSpec) -> Option<Field> {
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
    pub(super) fn table<T: PartialEq>(
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

    pub(super) fn time(
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
}
