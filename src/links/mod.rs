//! Links in mail: the keys that seal them, shared by doors and whoever makes links, and how the gate makes one for each
//! approved e-mail (`unsubscribe.enabled`).
//!
//! Absent: what becomes of a click (`src/door`), and what a token looks like (`gate_intake::TokenKeys`).

mod keys;
mod minter;

pub(crate) use keys::{Keys, line as key_line};
pub(crate) use minter::{Minted, Minter};
