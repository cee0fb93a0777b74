//! Who may ask, and where questions wait: there before the store is, since HTTP is.

use super::RunError;
use crate::access::Access;
use crate::answers::{Questions, Waiting, questions};
use crate::config::Config;
use crate::http::Machines;
use crate::metrics::Metrics;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Tokens, and where questions are put and come out: there before the store is.
pub(super) struct Answering {
    pub(super) access: Arc<Access>,
    pub(super) questions: Arc<Questions>,
    pub(super) fresh: Receiver<Waiting>,
    pub(super) stale: Receiver<Waiting>,
}

impl Answering {
    /// What is configured.
    ///
    /// # Errors
    /// When the tokens cannot be loaded.
    pub(super) fn of(config: &Config, metrics: &Arc<Metrics>) -> Result<Option<Self>, RunError> {
        let Some(path) = &config.http.tokens_file else { return Ok(None) };
        let access = Arc::new(Access::load(path)?);
        let (questions, fresh, stale) = questions(Arc::clone(metrics));
        Ok(Some(Self { access, questions: Arc::new(questions), fresh, stale }))
    }

    /// For the HTTP server.
    pub(super) fn machines(&self) -> Machines {
        Machines { access: Arc::clone(&self.access), questions: Arc::clone(&self.questions) }
    }
}
