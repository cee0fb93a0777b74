//! Files that people write: YAML as a tree in which every value knows its place, and the word they may have meant.
//!
//! ```text
//! text ─ parse (bounded by Manner) ─▶ Node ─ whoever knows what belongs there ─▶ problems, each with a place
//! ```
//! A tree instead of derived structs, because serde stops at the first wrong value and people want to hear of all.
//! Policy packs and the configuration are read with it.
//!
//! Deliberately absent: what a problem looks like in print. A pack shows the line it is in, the configuration names the
//! key or the environment variable; the two have nothing in common but the place.
#![forbid(unsafe_code)]

mod nearest;
mod node;
mod parse;

pub use nearest::{edits, nearest};
pub use node::{Key, Node, Place, Value};
pub use parse::{Malformed, Manner, parse};
