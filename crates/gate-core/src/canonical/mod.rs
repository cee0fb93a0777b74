//! One canonical form for everything two sides of a comparison may spell differently.
//!
//! ```text
//! text ─▶ fold ─▶ name, contact id          text ─▶ clean ─▶ unwrap ─▶ e-mail │ phone │ user │ push
//! ```
//! A record is canonicalised once, where it is understood; from there on equality of texts is all that is
//! compared, hashed and stored, on both sides. A canonical form is its own canonical form
//! (`tests/canonical.rs`). What is sent on is never altered.
//!
//! Deliberately absent: transliteration, look-alike letters of other scripts, folding by mail provider.

mod address;
mod name;
mod region;
mod text;
mod zone;

pub use address::{ADDRESS_BYTES_MAX, AddressError, AddressKind, CanonicalAddress};
pub use name::{Name, Sender};
pub use region::country;
pub(crate) use region::jurisdiction;
pub use text::{clean, fold, is_blank};
pub(crate) use text::{is_blank_char, is_invisible};
pub(crate) use zone::of_windows;
pub use zone::{offset_minutes, offsets};
