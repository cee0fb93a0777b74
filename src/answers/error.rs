//! What ends whoever answers.

use crate::approvals::SentError;
use crate::store::StoreError;

/// A store that cannot be read: as a lane, whoever answers ends, and the process with it.
#[derive(Debug, thiserror::Error)]
pub enum ClerkError {
    /// The consent state.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The approvals.
    #[error(transparent)]
    Sent(#[from] SentError),
}
