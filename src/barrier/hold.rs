//! Why nothing is decided for the moment.

use crate::metrics::HoldCause;

/// Why a batch must wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The closed cause, for the metric.
    pub cause: HoldCause,
    /// Topic, partition and offsets, for people.
    pub detail: String,
    /// The consent partition that is waited for, when it is one.
    pub consent_partition: Option<i32>,
}

impl Hold {
    /// One that waits for nothing of the consent topic.
    #[must_use]
    pub fn new(cause: HoldCause, detail: String) -> Self {
        Self { cause, detail, consent_partition: None }
    }
}
