//! What an import would do, in numbers: by action, channel and purpose; what is wrong, by kind, column and first lines; who is
//! in the file twice, or in and out; and whether anything speaks against writing it.

use crate::limits::{GROUPS_MAX, PEOPLE_MAX, SAMPLE_LINES_MAX};
use crate::plan::Nature;
use crate::problem::{Loss, Problem, ProblemKind};
use crate::row::{Change, Row};
use crate::seen::{Conflicts, Novelty, Seen};
use gate_core::Timestamp;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Changes of one action, channel and purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionCount {
    /// The action.
    pub action: &'static str,
    /// The channel; `any` for all.
    pub channel: String,
    /// The purpose; empty for all.
    pub purpose: String,
    /// How many changes.
    pub n: u64,
}

/// Problems of one kind in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemCount {
    /// The name of its kind.
    pub kind: &'static str,
    /// The column; `None` for rows as a whole.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: &'static str,
    /// How often.
    pub n: u64,
    /// The first lines.
    pub lines: Vec<u64>,
}

/// What a preview found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Rows of the file, without header and blank lines.
    pub n_rows: u64,
    /// Rows that make a change.
    pub n_rows_taken: u64,
    /// Rows with a problem; one may make a change all the same.
    pub n_rows_refused: u64,
    /// Changes in all.
    pub n_changes: u64,
    /// Statements that say nothing, by the plan.
    pub n_skipped: u64,
    /// Changes by action, channel and purpose, the most first.
    pub changes: Vec<ActionCount>,
    /// Changes beyond the groups that are told apart.
    pub n_ungrouped: u64,
    /// Problems, the most first.
    pub problems: Vec<ProblemCount>,
    /// Problems beyond the groups that are told apart.
    pub n_ungrouped_problems: u64,
    /// **Refusals that could not be read**: these people would be written to although they said no.
    pub n_refusals_lost: u64,
    /// Rows that nobody can read, which may be refusals.
    pub n_refusals_perhaps_lost: u64,
    /// Refusals whose channel or purpose nobody knows, taken for all of them.
    pub n_widened: u64,
    /// Changes that repeat what the file said of the same person and scope before.
    pub n_repeated: u64,
    /// Who is in the file as agreeing and as refusing.
    pub conflicts: Conflicts,
    /// Changes of people who were not looked for among those before, because there were more than the bound.
    pub n_not_looked_for: u64,
    /// The earliest time of an act, in microseconds since 1970.
    pub first_at_micros: Option<i64>,
    /// The latest.
    pub last_at_micros: Option<i64>,
}

impl Summary {
    /// The share of rows with a problem, from 0 to 1.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn refused_share(&self) -> f64 {
        if self.n_rows == 0 { 0.0 } else { self.n_rows_refused as f64 / self.n_rows as f64 }
    }

    /// What speaks against writing it, until somebody says that they know: refusals that would be lost, and nothing to write.
    #[must_use]
    pub fn objections(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.n_refusals_lost > 0 {
            all.push(format!(
                "{} refusals could not be read: these people would be written to although they said no",
                self.n_refusals_lost
            ));
        }
        if self.n_refusals_perhaps_lost > 0 {
            all.push(format!(
                "{} rows could not be read that may be refusals",
                self.n_refusals_perhaps_lost
            ));
        }
        if self.n_changes == 0 {
            all.push(String::from("no row makes a change"));
        }
        all
    }
}

#[derive(Default)]
struct Lines {
    n: u64,
    first: Vec<u64>,
}

/// Counts rows.
pub struct Preview {
    summary: Summary,
    groups: FxHashMap<u64, ActionCount>,
    problems: BTreeMap<(ProblemKind, Option<&'static str>, Option<String>), Lines>,
    seen: Seen,
}

impl Default for Preview {
    fn default() -> Self {
        Self::with_people_max(PEOPLE_MAX)
    }
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preview").field("n_rows", &self.summary.n_rows).finish_non_exhaustive()
    }
}

impl Preview {
    /// Looks for duplicates and conflicts among so many people; each takes about 28 to 57 bytes.
    #[must_use]
    pub fn with_people_max(people_max: usize) -> Self {
        Self {
            summary: Summary::default(),
            groups: FxHashMap::default(),
            problems: BTreeMap::new(),
            seen: Seen::new(people_max),
        }
    }

    /// Counts a row.
    pub fn add(&mut self, row: &Row<'_>) {
        let summary = &mut self.summary;
        summary.n_rows += 1;
        summary.n_rows_taken += u64::from(!row.changes.is_empty());
        summary.n_rows_refused += u64::from(!row.problems.is_empty());
        summary.n_skipped += u64::from(row.n_skipped);
        match row.loses() {
            Loss::Nothing => {}
            Loss::PerhapsRefusal => summary.n_refusals_perhaps_lost += 1,
            Loss::Refusal => summary.n_refusals_lost += 1,
        }
        for change in &row.changes {
            self.change(change);
        }
        for problem in &row.problems {
            self.problem(problem);
        }
    }

    fn change(&mut self, change: &Change<'_>) {
        let summary = &mut self.summary;
        summary.n_changes += 1;
        summary.n_widened += u64::from(change.is_widened);
        let at = change.record.occurred_at.unwrap_or(Timestamp::MIN);
        let micros = at.as_micros();
        summary.first_at_micros = Some(summary.first_at_micros.map_or(micros, |it| it.min(micros)));
        summary.last_at_micros = Some(summary.last_at_micros.map_or(micros, |it| it.max(micros)));
        let is_refusal = change.nature == Nature::Refusal;
        match self.seen.note(change.subject, is_refusal, at) {
            Novelty::New => {}
            Novelty::Again => summary.n_repeated += 1,
            Novelty::NotLookedFor => summary.n_not_looked_for += 1,
        }
        let channel = change.record.channel.as_deref().unwrap_or("any");
        let purpose = change.record.purpose.as_deref().unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        (change.action.as_str(), channel, purpose).hash(&mut hasher);
        let key = hasher.finish();
        if let Some(group) = self.groups.get_mut(&key) {
            group.n += 1;
        } else if self.groups.len() < GROUPS_MAX {
            let group = ActionCount {
                action: change.action.as_str(),
                channel: channel.to_owned(),
                purpose: purpose.to_owned(),
                n: 1,
            };
            self.groups.insert(key, group);
        } else {
            summary.n_ungrouped += 1;
        }
    }

    fn problem(&mut self, problem: &Problem) {
        let key = (problem.kind, problem.detail, problem.column.clone());
        if !self.problems.contains_key(&key) && self.problems.len() >= GROUPS_MAX {
            self.summary.n_ungrouped_problems += 1;
            return;
        }
        let lines = self.problems.entry(key).or_default();
        lines.n += 1;
        if lines.first.len() < SAMPLE_LINES_MAX && lines.first.last() != Some(&problem.line) {
            lines.first.push(problem.line);
        }
    }

    /// What was found.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut changes: Vec<ActionCount> = self.groups.values().cloned().collect();
        changes.sort_by(|a, b| {
            let names = |it: &ActionCount| (it.action, it.channel.clone(), it.purpose.clone());
            b.n.cmp(&a.n).then_with(|| names(a).cmp(&names(b)))
        });
        let each = self.problems.iter().map(|((kind, detail, column), lines)| ProblemCount {
            kind: kind.as_str(),
            column: column.clone(),
            reason: match detail {
                Some(detail) => format!("{} ({detail})", kind.reason()),
                None => kind.reason().to_owned(),
            },
            fix: kind.fix(),
            n: lines.n,
            lines: lines.first.clone(),
        });
        let mut problems: Vec<ProblemCount> = each.collect();
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.n));
        Summary { changes, problems, conflicts: self.seen.conflicts(), ..self.summary.clone() }
    }
}
