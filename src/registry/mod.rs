//! The schema registry over HTTP: what a schema id means, for the codecs; under which id ours is registered, for those
//! who write records.
//!
//! Deliberately absent: reading records (`gate-codec`) and remembering answers (its cache of plans).

mod client;
mod error;
mod register;
#[cfg(test)]
mod tests;

pub use client::{REGISTRY_TIMEOUT, Registry, RegistrySettings};
pub use error::RegistryError;
pub use register::register;
