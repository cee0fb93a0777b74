//! Who may ask the gate: tokens, their roles, and the file they stand in (`http.tokens_file`).
//!
//! ```text
//! consent-gate token new ─▶ the token, once, to whoever uses it
//!                        └▶ a line with its hash ─▶ file ─▶ watched ─▶ Access ─▶ who is it? ─▶ role ─▶ src/http/routes.rs
//! ```
//! At rest there is nothing but SHA-256 hashes. A slow hash with salt is for passwords, which people choose and others
//! guess; a token is 32 random bytes, which nobody guesses however fast they can hash, and each request pays for one hash.
//!
//! INVARIANT: a file is taken as a whole or not at all; no error and no log names a token, a hash or a wrong value.
//! Deliberately absent: what a role may do, which stands in the table of routes.

mod error;
mod file;
mod role;
mod token;
mod watch;

pub use error::{TokenProblem, TokensError};
pub use file::{Caller, Refused, TOKENS_MAX, Tokens};
pub(crate) use file::{is_id, is_note};
pub use role::Role;
pub use token::{Digest, NoRandomness, TOKEN_PREFIX, Token};
pub use watch::{Access, Watch};
