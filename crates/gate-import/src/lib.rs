//! Lists of people's consent as consent changes: a file goes in as bytes, rows with changes and problems come out; and the way
//! back.
//!
//! ```text
//! bytes ─ input (unpack, hash, decode) ─▶ frame (rows, bounded) ─▶ cells ─▶ statement | mapping ─▶ judge ─▶ Row ─▶ Preview
//! ```
//! A list is read twice: to look at it ([`Rows::preview`], [`Preview`]), and, when somebody has seen that, to write it
//! ([`Rows::apply`]) with event ids made of the import's name, what the file holds and the line. So what is read again is the same
//! event, however often an import is interrupted, resumed or repeated. [`Undo`] takes an import back.
//!
//! Invariants: no input panics; memory does not grow with the file; a bad row stops no other; nothing unknown permits anything; a
//! row that may be a refusal and is not taken is counted by itself; no error and no `Debug` holds a value of a row.
//!
//! Deliberately absent: files, Kafka, clocks, progress bars (`src/cli/import/mod.rs`), and guessing what a column means.

#![forbid(unsafe_code)]

mod cells;
mod frame;
mod ids;
mod input;
mod judge;
mod layout;
mod limits;
mod plan;
mod preview;
mod problem;
mod resume;
mod row;
mod rows;
mod seen;
mod statement;
mod time;
mod undo;

pub use ids::{Import, ImportId};
pub use input::Digest;
pub use limits::*;
pub use plan::{
    ColumnSpec, FieldSpec, Flags, Format, PRESETS, Plan, PlanProblem, PlanSpec, StatementSpec,
    WhoSpec,
};
pub use preview::{ActionCount, Preview, ProblemCount, Summary};
pub use problem::{ImportError, Loss, Problem, ProblemKind};
pub use resume::Resume;
pub use row::{Change, ERROR_COLUMNS, Row};
pub use rows::Rows;
pub use seen::Conflicts;
pub use undo::{Left, Undo, UndoReport};
