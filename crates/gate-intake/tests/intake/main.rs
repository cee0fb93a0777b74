//! The crate from outside, in one program: sample files, published vectors, hostile input, what sources and tokens promise.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod canary;
mod changes;
mod door;
mod flips;
mod gpc;
mod hostile;
mod mail;
mod one_click;
mod opt_in;
mod parts;
mod samples;
mod schemes;
mod short;
mod sns;
mod sources;
mod tokens;
mod vectors;
