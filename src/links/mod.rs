//! Links in mail and texts: the keys that seal them, shared by doors and whoever makes links, and how the gate makes one for each
//! approved message (`unsubscribe.enabled`; in texts a short one, with `door.short_url`).
//!
//! Absent: what becomes of a click (`src/door`), and what a token looks like (`gate_intake::TokenKeys`).

mod keys;
mod minter;
mod short;

pub(crate) use keys::{Keys, line as key_line};
pub(crate) use minter::{Minted, Minter};
pub(crate) use short::senders as short_senders;
