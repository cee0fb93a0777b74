//! What becomes of changes of a file of tokens, in the metrics of whichever process watches one.

use super::declare::Family;
use super::labels::PolicyReload;
use super::{DeskMetrics, Metrics};
use prometheus::{IntCounter, IntGauge};

/// Told of each change.
pub type CountTokens = Box<dyn Fn(PolicyReload) + Send>;

fn count(reloads: &Family<IntCounter, PolicyReload>, rejected: &IntGauge) -> CountTokens {
    let (reloads, rejected) = (reloads.clone(), rejected.clone());
    Box::new(move |became| {
        reloads.of(became).inc();
        rejected.set(i64::from(became == PolicyReload::Rejected));
    })
}

impl Metrics {
    /// Counts changes of `http.tokens_file`.
    #[must_use]
    pub fn count_tokens(&self) -> CountTokens {
        count(&self.token_reloads, &self.tokens_rejected)
    }
}

impl DeskMetrics {
    /// Counts changes of `desk.tokens_file`.
    #[must_use]
    pub fn count_tokens(&self) -> CountTokens {
        count(&self.token_reloads, &self.tokens_rejected)
    }
}
