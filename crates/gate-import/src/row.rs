//! What becomes of one row: changes, problems, and the row itself for the file of those that were not taken.

use crate::cells::TableRow;
use crate::plan::Nature;
use crate::problem::{Loss, Problem, ProblemKind};
use gate_codec::ConsentChangeRecord;
use gate_core::Action;
use std::fmt;

/// The columns that stand behind a row in the file of those that were not taken.
pub const ERROR_COLUMNS: [&str; 3] = ["import_line", "import_problem", "import_fix"];

/// A change that a row makes.
pub struct Change<'r> {
    /// The record, complete but for its encoding ([`gate_codec::encode_consent`]). It was read by the gate's own reader.
    pub record: ConsentChangeRecord<'r>,
    /// Its action.
    pub action: Action,
    /// A refusal whose channel or purpose nobody knows, so it is of all of them.
    pub is_widened: bool,
    pub(crate) nature: Nature,
    /// Who and what for, hashed.
    pub(crate) subject: u64,
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("action", &self.action).finish_non_exhaustive()
    }
}

/// A row as it stands in the file.
pub(crate) enum Raw<'r> {
    /// Of a table.
    Table { bytes: &'r [u8], cells: &'r TableRow, is_apart: bool, n_columns: usize, delimiter: u8 },
    /// A line.
    Line(&'r [u8]),
    /// An object of JSON.
    Object(&'r [u8]),
}

/// What becomes of one row.
pub struct Row<'r> {
    /// The line it begins in, from 1.
    pub line: u64,
    /// The changes it makes, in the order of the statements.
    pub changes: Vec<Change<'r>>,
    /// What is wrong with it. A row may make a change and have a problem besides.
    pub problems: Vec<Problem>,
    /// Statements that say nothing, by the plan.
    pub n_skipped: u32,
    pub(crate) raw: Raw<'r>,
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("line", &self.line)
            .field("changes", &self.changes)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Row<'_> {
    /// Whether a refusal is lost with it.
    #[must_use]
    pub fn loses(&self) -> Loss {
        self.problems.iter().map(|problem| problem.loses).max().unwrap_or(Loss::Nothing)
    }

    /// Appends the row with its line and what is wrong with it, if anything is. What comes out is UTF-8 and can be imported by
    /// the same plan once it is mended.
    pub fn write_error(&self, out: &mut Vec<u8>) {
        if self.problems.is_empty() {
            return;
        }
        let each = |text: &dyn Fn(&Problem) -> String| {
            let all: Vec<String> = self.problems.iter().map(text).collect();
            all.join(" | ")
        };
        let problem = each(&|problem| {
            let column = problem.column.as_deref().map(|column| format!("{column}: "));
            format!("{}: {}{}", problem.kind.as_str(), column.unwrap_or_default(), problem.reason())
        });
        let fix = each(&|problem| problem.fix().to_owned());
        match &self.raw {
            Raw::Table { bytes, cells, is_apart, n_columns, delimiter } => {
                if *is_apart {
                    for at in 0..*n_columns {
                        quoted(cells.field(at).unwrap_or_default(), out);
                        out.push(*delimiter);
                    }
                } else {
                    // as it stands, in the first column: nobody knows what belongs where
                    quoted(bytes, out);
                    out.extend(std::iter::repeat_n(*delimiter, (*n_columns).max(1)));
                }
                behind(self.line, &problem, &fix, *delimiter, out);
            }
            Raw::Line(bytes) => {
                quoted(bytes, out);
                out.push(b',');
                behind(self.line, &problem, &fix, b',', out);
            }
            Raw::Object(bytes) => self.object(bytes, &problem, &fix, out),
        }
    }

    /// The object with three members more; what is none becomes a member itself.
    fn object(&self, bytes: &[u8], problem: &str, fix: &str, out: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(bytes);
        let read: Result<serde_json::Map<String, serde_json::Value>, _> =
            serde_json::from_str(&text);
        let is_whole =
            read.is_ok() && !self.problems.iter().any(|it| it.kind == ProblemKind::DuplicateName);
        let mut object = match read {
            Ok(object) if is_whole => object,
            _ => serde_json::Map::from_iter([("import_row".to_owned(), text.into_owned().into())]),
        };
        let [line_name, problem_name, fix_name] = ERROR_COLUMNS;
        object.insert(line_name.to_owned(), self.line.into());
        object.insert(problem_name.to_owned(), problem.into());
        object.insert(fix_name.to_owned(), fix.into());
        out.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
        out.push(b'\n');
    }
}

fn behind(line: u64, problem: &str, fix: &str, delimiter: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(line.to_string().as_bytes());
    for text in [problem, fix] {
        out.push(delimiter);
        quoted(text.as_bytes(), out);
    }
    out.push(b'\n');
}

/// A value between quotation marks; bytes that are no text become U+FFFD.
pub(crate) fn quoted(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(String::from_utf8_lossy(value).replace('"', "\"\"").as_bytes());
    out.push(b'"');
}
