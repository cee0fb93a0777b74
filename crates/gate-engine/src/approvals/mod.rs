//! What the gate has approved, per recipient: what frequency caps and "once" rules count.
//!
//! Deliberately absent: where rows lie (a changelog in Kafka and a cache on disk), and the counting (gate-core).

mod history;
mod row;
mod seal;

pub use history::History;
pub use row::{FORMAT, Horizon, Row, RowError, Stored, TagFound};
pub use seal::{RowKey, Seal, TAG_BYTES, Tag};
