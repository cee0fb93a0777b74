//! How a question gets to whoever answers it: a bounded number at a time, and a bounded wait.

use super::problem::{Problem, ProblemKind};
use super::wire::{CheckRequest, SubjectRequest};
use crate::barrier::Applied;
use crate::metrics::{Bound, Metrics};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Questions in hand at a time, from the token to the answer; half of the connections, so that probes get theirs.
pub const QUESTIONS_MAX: usize = 32;
/// How long a question waits for consent to catch up, if `consent.barrier_timeout_ms` is not shorter.
pub const WAIT_MAX: Duration = Duration::from_secs(5);
/// From a question to its answer, reading included; below the server's own limit, which has no words.
const ANSWER_MAX: Duration = Duration::from_secs(9);
/// How often it is looked whether consent has come to a position.
const LOOK: Duration = Duration::from_millis(5);

/// What the answer must reflect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// All consent that was acknowledged before the question came.
    Barrier,
    /// Whatever has been applied.
    Stale,
}

/// What is asked.
pub enum Question {
    /// Would these messages pass?
    Check(CheckRequest),
    /// What is on record?
    Subject(SubjectRequest),
}

impl Question {
    /// Positions that the answer must reflect.
    pub(super) fn at_least(&self) -> &[i64] {
        match self {
            Self::Check(request) => &request.at_least,
            Self::Subject(request) => &request.at_least,
        }
    }
}

/// A question that waits for its answer.
pub struct Waiting {
    pub(super) question: Question,
    pub(super) reply: oneshot::Sender<Result<Vec<u8>, Problem>>,
}

/// The side that asks.
pub struct Questions {
    metrics: Arc<Metrics>,
    in_hand: Arc<Semaphore>,
    fresh: SyncSender<Waiting>,
    stale: SyncSender<Waiting>,
    desk: OnceLock<Desk>,
}

/// What the side that asks has to know, once there is somebody to answer.
pub struct Desk {
    /// How far consent is.
    pub applied: Arc<Applied>,
    /// How long to wait for it.
    pub wait: Duration,
}

/// A place among the questions in hand.
pub struct Place(#[expect(dead_code, reason = "free again when dropped")] OwnedSemaphorePermit);

/// The side that asks, and where questions behind the barrier and past it come out.
#[must_use]
pub fn questions(metrics: Arc<Metrics>) -> (Questions, Receiver<Waiting>, Receiver<Waiting>) {
    let (fresh, fresh_asked) = sync_channel(QUESTIONS_MAX);
    let (stale, stale_asked) = sync_channel(QUESTIONS_MAX);
    let in_hand = Arc::new(Semaphore::new(QUESTIONS_MAX));
    let questions = Questions { metrics, in_hand, fresh, stale, desk: OnceLock::new() };
    (questions, fresh_asked, stale_asked)
}

impl Questions {
    /// From now on there is somebody to answer.
    pub fn open(&self, desk: Desk) {
        // once: whoever opens it twice opens the same desk
        drop(self.desk.set(desk));
    }

    /// A place for a question, before its body is read.
    ///
    /// # Errors
    /// There are enough in hand, or nobody to answer yet.
    pub fn place(&self) -> Result<Place, Problem> {
        if self.desk.get().is_none() {
            let detail = "the gate has not opened its store yet: /readyz says how far it is";
            return Err(Problem::new(ProblemKind::Starting, detail));
        }
        Arc::clone(&self.in_hand).try_acquire_owned().map(Place).map_err(|_| self.busy())
    }

    /// Asks, and waits for the answer: JSON.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn ask(
        &self,
        question: Question,
        freshness: Freshness,
        _place: &Place,
    ) -> Result<Vec<u8>, Problem> {
        let late = || {
            self.metrics.bound_reached(Bound::QuestionWait);
            let detail = format!("there was no answer within {} s", ANSWER_MAX.as_secs());
            Problem::new(ProblemKind::Unavailable, detail)
        };
        let answered = tokio::time::timeout(ANSWER_MAX, self.answer(question, freshness)).await;
        answered.unwrap_or_else(|_| Err(late()))
    }

    async fn answer(&self, question: Question, freshness: Freshness) -> Result<Vec<u8>, Problem> {
        if freshness == Freshness::Stale {
            self.reach(question.at_least()).await?;
        }
        let to = match freshness {
            Freshness::Barrier => &self.fresh,
            Freshness::Stale => &self.stale,
        };
        let (reply, answer) = oneshot::channel();
        to.try_send(Waiting { question, reply }).map_err(|error| match error {
            TrySendError::Full(_) => self.busy(),
            TrySendError::Disconnected(_) => stopping(),
        })?;
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Waits until consent has come to that position.
    async fn reach(&self, at_least: &[i64]) -> Result<(), Problem> {
        let Some(desk) = self.desk.get() else { return Err(stopping()) };
        let reached = async {
            while !desk.applied.has_reached(at_least) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(desk.wait, reached).await.map_err(|_| {
            self.metrics.bound_reached(Bound::QuestionWait);
            let detail = format!(
                "the gate did not come to `at_least` within {} ms; /readyz says why if it is held",
                desk.wait.as_millis()
            );
            Problem {
                pointer: Some("/at_least".to_owned()),
                ..Problem::new(ProblemKind::Behind, detail)
            }
        })
    }

    fn busy(&self) -> Problem {
        self.metrics.bound_reached(Bound::Questions);
        let detail = format!(
            "{QUESTIONS_MAX} questions are in hand; ask again, and put many messages into one question"
        );
        Problem::new(ProblemKind::Busy, detail)
    }
}

fn stopping() -> Problem {
    Problem::new(ProblemKind::Starting, "the gate stops")
}
