//! The engine against the law itself: what is folded, judged and remembered without Kafka and without a store.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected must fail"
)]

mod cases;
mod folding;
mod judging;
mod people;
mod understanding;
