//! Which column is what, and what rows say: as written, by flags, and checked.

mod check;
mod compiled;
mod flags;
mod preset;
mod spec;

pub use check::PlanProblem;
pub use compiled::Plan;
pub use flags::Flags;
pub use preset::PRESETS;
pub use spec::{ColumnSpec, FieldSpec, Format, PlanSpec, StatementSpec, WhoSpec};

pub(crate) use check::LIST_COLUMN;
pub(crate) use compiled::{ActionField, Field, Nature, Reading, Statement, TimeField, Who};
