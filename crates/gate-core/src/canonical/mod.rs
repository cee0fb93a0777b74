//! One canonical form for everything two sides of a comparison may spell differently.
//!
//! A record is canonicalised once, where it is understood; from there on equality of texts is all that is
//! compared, hashed and stored. A canonical form is its own canonical form (`tests/canonical.rs`).

mod text;

pub use text::fold;
pub(crate) use text::is_invisible;
