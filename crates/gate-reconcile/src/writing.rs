//! The calls of one writing in order, with what becomes of them: an entry that the provider rejects is found, counted and left out.

use crate::api::ApiSpec;
use crate::call::{Call, Written, calls};
use crate::http::Answer;
use crate::limits::REJECTED_IN_A_ROW_MAX;
use crate::problem::ListProblem;
use crate::remedy::Wanted;
use std::time::Duration;

/// Refusals on their way to a provider. Make [`Writing::call`] and hand in its answer, until there is none.
///
/// A provider that rejects an entry (a spelling that it does not take) takes none of its call. So a rejected call is made in
/// halves, down to the entry: the same run after run would end at the same one, and who stands behind it would be written to.
#[derive(Debug)]
pub struct Writing {
    /// What is left, the next one last.
    left: Vec<Call>,
    n_waits: u32,
    n_rejected_in_a_row: u32,
    n_taken: u64,
    n_refused: u64,
}

impl Writing {
    /// Of all that is wanted.
    #[must_use]
    pub fn new(api: &ApiSpec, wanted: &[Wanted]) -> Self {
        let mut left = calls(api, wanted);
        left.reverse();
        Self { left, n_waits: 0, n_rejected_in_a_row: 0, n_taken: 0, n_refused: 0 }
    }

    /// The call to be made now.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        self.left.last()
    }

    /// Takes the answer to it; how long to wait before the next.
    ///
    /// # Errors
    /// When the provider refuses the call as such, the answer is not as documented, or it rejects [`REJECTED_IN_A_ROW_MAX`]
    /// entries one after another. Make no further call.
    pub fn answered(&mut self, answer: &Answer<'_>) -> Result<Option<Duration>, ListProblem> {
        let Some(call) = self.left.last() else { return Ok(None) };
        let written = call.answered(answer, self.n_waits)?;
        if let Written::Later(wait) = written {
            self.n_waits += 1;
            return Ok(Some(wait));
        }
        self.n_waits = 0;
        let Some(call) = self.left.pop() else { return Ok(None) };
        match (written, call.halves()) {
            (Written::Rejected, Some([first, second])) => self.left.extend([second, first]),
            (Written::Rejected, None) => {
                self.n_refused += call.n_wanted as u64;
                self.n_rejected_in_a_row += 1;
                if self.n_rejected_in_a_row >= REJECTED_IN_A_ROW_MAX {
                    return Err(call.rejected(answer.status));
                }
            }
            (Written::Done { n_taken, n_refused }, _) => {
                self.n_taken += n_taken as u64;
                self.n_refused += n_refused as u64;
                if n_taken > 0 {
                    self.n_rejected_in_a_row = 0;
                }
            }
            (Written::Later(_), _) => {}
        }
        Ok(None)
    }

    /// Refusals that the provider took.
    #[must_use]
    pub const fn n_taken(&self) -> u64 {
        self.n_taken
    }

    /// Refusals that it did not: reconcile again to see whose.
    #[must_use]
    pub const fn n_refused(&self) -> u64 {
        self.n_refused
    }
}
