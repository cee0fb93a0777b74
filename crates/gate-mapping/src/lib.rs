//! Records as they are: from a producer's own JSON, Avro or Protobuf to a record of ours.
//!
//! ```text
//! mapping file ─ load (check: schemas) ─▶ Mapping
//! bytes ─ json | avro | wire ─ capture (one pass, by tree) ─▶ slots ─ fill (rules) ─▶ ConsentChangeRecord | OutboundMessageRecord
//! ```
//! Declarative and total: paths, constants, tables, closed conditions; no scripts, no loops, no expressions. Everything is
//! bounded, compiled at load, and borrows from the input. Invariants: what cannot be read of a consent change makes it
//! unreadable, which blocks its contact; a permission comes only from a row or a constant that says so; what is absent stays
//! absent, which means everything on a refusal and nothing on a permission. Errors carry no data.
//!
//! Deliberately absent: I/O, clocks, registries (they come through [`gate_codec::Schemas`]), and guessing.

#![forbid(unsafe_code)]

mod avro;
mod budget;
mod capture;
mod cases;
mod check;
mod document;
mod fill;
mod forms;
mod load;
mod mapping;
mod origin;
mod path;
mod problem;
mod raw;
mod ready;
mod rule;
mod sample;
mod skip;
mod table;
mod target;
mod time;
mod tree;
mod wire;

pub use capture::ITEMS_MAX;
pub use cases::{Mismatch, Report, run_cases};
pub use forms::forms;
pub use load::{FILE_BYTES_MAX, Given, compile};
pub use mapping::{Changes, Mapping};
pub use origin::{Headers, Origin};
pub use problem::Problem;
pub use ready::{READY, Ready};
