//! From when a saved refusal holds, as far as it is known when the page is written.

use serde::{Deserialize, Serialize};

use crate::link::Link;
use crate::when::When;

/// What became of something that Kafka has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Every gate has applied it.
    InForce {
        /// Since when.
        since: When,
    },
    /// Saved; the gates have not all said that they applied it. `door.js` asks `check` until it answers other than 202.
    Soon {
        /// A GET that gives the same page, with [`Effect::InForce`] when it is so.
        check: Link,
    },
    /// Saved while the gates hold everything or do not answer: it is applied before anything is decided again.
    BeforeNext,
}

impl Effect {
    /// The status with which the `check` link answers: 202 means "ask again". (A one-click POST is answered with 200 always.)
    #[must_use]
    pub fn check_status(&self) -> u16 {
        match self {
            Self::Soon { .. } => 202,
            Self::InForce { .. } | Self::BeforeNext => 200,
        }
    }
}
