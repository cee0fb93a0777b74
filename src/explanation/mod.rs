//! A logged decision explained: what was on record about its recipient, and the same decision made again.
//!
//! Reads Kafka where things lie, tells no address, no contact id and no content. `consent-gate explain` and the desk ask here.

pub(crate) mod approved;
pub(crate) mod consent;
pub(crate) mod events;
pub(crate) mod recompute;
pub(crate) mod replay;
