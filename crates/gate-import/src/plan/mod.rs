//! Which column is what, and what rows say: as written, by flags, and checked.

mod check;
mod checker;
mod compiled;
mod flags;
mod preset;
mod problem;
mod spec;
mod statement;

pub use compiled::Plan;
pub use flags::Flags;
pub use preset::PRESETS;
pub use problem::PlanProblem;
pub use spec::{ColumnSpec, FieldSpec, Format, PlanSpec, StatementSpec, WhoSpec};

pub(crate) use check::LIST_COLUMN;
pub(crate) use compiled::{ActionField, Field, Nature, Reading, Statement, TimeField, Who};
