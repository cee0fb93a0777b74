//! Object storage, by URL, for threads that block: S3 and what speaks it, Google Cloud Storage, Azure, a directory.
//!
//! Credentials and endpoints come from the variables that the providers' own tools read (`AWS_…`, `GOOGLE_…`, `AZURE_…`), so
//! no secret stands in a URL. An answer is waited for no longer than [`ANSWER_MAX`]; what the client tries again is within that.
//!
//! INVARIANT: what [`Objects::put_later`] takes is there when [`Objects::flush`] has returned without an error; until then an
//! error of it is told by whichever call comes next. Whoever reads sees what was put before.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test that meets the unexpected must fail"
    )
)]

mod answer;
mod error;
mod lease;
mod objects;

pub use answer::ANSWER_MAX;
pub use error::ObjectsError;
pub use lease::{Lease, Look, RENEW, SILENCE, SURE, Watch};
pub use objects::Objects;
