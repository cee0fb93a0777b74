//! Whoever answers: a thread that takes all questions that wait, asks the brokers once for all of them, and answers.
//!
//! ```text
//! take what waits ─▶ where does consent end? ─▶ barrier ─▶ snapshot ─▶ answer each ─▶ is it still the same topic? ─▶ replies
//! ```
//! It is the lane's order, without a transaction. Each question had come before the brokers were asked, so an opt-out that
//! was acknowledged before the question is part of its answer (promise P1).

use super::check::Checking;
use super::error::ClerkError;
use super::moment::Moment;
use super::problem::{Problem, ProblemKind};
use super::questions::{Freshness, Question, Waiting};
use super::subject::Looking;
use crate::approvals::SentStore;
use crate::barrier::{Applied, Barrier, Hold, TopicCheck};
use crate::identity::Pepper;
use crate::metrics::{Bound, HoldCause, Metrics};
use crate::policies::Policies;
use crate::shutdown::Shutdown;
use crate::store::Store;
use gate_codec::Codec;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long it waits for a question before it looks whether to stop.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// Messages answered in one turn; the rest waits for the next.
const TURN_MESSAGES_MAX: usize = 2_000;
/// From one question to the brokers to the next: however many ask, brokers hear of it 250 times a second.
const PAUSE: Duration = Duration::from_millis(4);

/// What answers are made of.
pub struct ClerkParts {
    /// Behind the barrier, or past it.
    pub freshness: Freshness,
    /// Where questions come out.
    pub asked: Receiver<Waiting>,
    /// Consent caught up? With clients of its own.
    pub barrier: Barrier,
    /// How far consent is.
    pub applied: Arc<Applied>,
    /// Reads messages as JSON, whatever the topic's format is.
    pub codec: Codec,
    /// Hashes identities.
    pub pepper: Arc<Pepper>,
    /// Consent state.
    pub store: Arc<Store>,
    /// What was approved before.
    pub sent: Arc<SentStore>,
    /// The law in force.
    pub policies: Arc<Policies>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// When to stop.
    pub shutdown: Shutdown,
    /// The consent topic's name.
    pub consent_topic: String,
    /// Largest message that is read.
    pub value_bytes_max: usize,
    /// Partitions of the messages' topic.
    pub n_partitions: usize,
}

/// The thread.
pub struct Clerk {
    parts: ClerkParts,
}

impl Clerk {
    /// One that has not begun.
    #[must_use]
    pub fn new(parts: ClerkParts) -> Self {
        Self { parts }
    }

    /// Answers until shutdown.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn run(self) -> Result<(), ClerkError> {
        let mut asked_at: Option<Instant> = None;
        while !self.parts.shutdown.is_requested() {
            let first = match self.parts.asked.recv_timeout(IDLE_WAIT) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Some(asked_at) = asked_at {
                std::thread::sleep(PAUSE.saturating_sub(asked_at.elapsed()));
            }
            asked_at = Some(Instant::now());
            let asked = self.take(first);
            if !asked.is_empty() {
                self.turn(asked)?;
            }
        }
        Ok(())
    }

    /// All that wait, up to the bound.
    fn take(&self, first: Waiting) -> Vec<Waiting> {
        let n_messages = |waiting: &Waiting| match &waiting.question {
            Question::Check(request) => request.messages.len(),
            Question::Subject(_) => 1,
        };
        let mut n_taken = n_messages(&first);
        let mut taken = vec![first];
        while n_taken < TURN_MESSAGES_MAX {
            let Ok(next) = self.parts.asked.try_recv() else { break };
            n_taken += n_messages(&next);
            taken.push(next);
        }
        // nobody waits for these any more
        taken.retain(|waiting| !waiting.reply.is_closed());
        taken
    }

    fn turn(&self, asked: Vec<Waiting>) -> Result<(), ClerkError> {
        let passed = match self.parts.freshness {
            Freshness::Barrier => self.pass().map(Some),
            Freshness::Stale => self.is_restored().map(|()| None),
        };
        let (ends, checked) = match passed {
            Ok(Some((ends, checked))) => (Some(ends), Some(checked)),
            Ok(None) => (None, None),
            Err(problem) => {
                reply_all(asked, &problem);
                return Ok(());
            }
        };
        let mut answers = Vec::with_capacity(asked.len());
        let moment = self.moment()?;
        for Waiting { question, reply } in asked {
            let is_there = ends.as_ref().map_or(Ok(()), |ends| exists(question.at_least(), ends));
            let answer = match is_there {
                Ok(()) => self.answer(&moment, &question)?,
                Err(problem) => Err(problem),
            };
            answers.push((reply, answer));
        }
        // the ends were those of this topic, and of all its partitions
        let checked = checked.map_or(Ok(()), TopicCheck::finish);
        let held = checked.map_err(|hold| self.held(&hold)).err();
        for (reply, answer) in answers {
            // who has hung up misses nothing
            drop(reply.send(held.clone().map_or(answer, Err)));
        }
        Ok(())
    }

    /// Waits until all consent is applied that was acknowledged by now. What comes with it is to be finished before the
    /// answers leave.
    fn pass(&self) -> Result<(Vec<i64>, TopicCheck<'_>), Problem> {
        let barrier = &self.parts.barrier;
        let ends = barrier.ends_to_wait_for().map_err(|hold| self.held(&hold))?;
        let checked = barrier.check_topic(&ends);
        barrier.wait_for(&ends).map_err(|hold| self.held(&hold))?;
        Ok((ends, checked))
    }

    fn held(&self, hold: &Hold) -> Problem {
        self.parts.metrics.bound_reached(Bound::QuestionWait);
        let Hold { cause, detail, .. } = hold;
        let detail =
            format!("{}: {detail}; messages are held as well, see /readyz", cause.as_str());
        Problem::new(ProblemKind::Held, detail)
    }

    /// A state that lacks what was said long ago would approve.
    fn is_restored(&self) -> Result<(), Problem> {
        if self.parts.applied.is_restored() {
            return Ok(());
        }
        let detail = format!(
            "{}: the consent topic has not been read to where it ended when the gate started",
            HoldCause::Restoring.as_str()
        );
        Err(Problem::new(ProblemKind::Held, detail))
    }

    fn moment(&self) -> Result<Moment<'_>, ClerkError> {
        let ClerkParts { store, policies, consent_topic, freshness, .. } = &self.parts;
        let moment = Moment::of(store, policies, consent_topic, *freshness);
        moment.map_err(|error| self.unreadable(error.into()))
    }

    fn answer(
        &self,
        moment: &Moment<'_>,
        question: &Question,
    ) -> Result<Result<Vec<u8>, Problem>, ClerkError> {
        let ClerkParts { codec, pepper, sent, metrics, .. } = &self.parts;
        let answer = match question {
            Question::Check(request) => Checking {
                codec,
                pepper,
                sent,
                metrics,
                value_bytes_max: self.parts.value_bytes_max,
                n_partitions: self.parts.n_partitions,
            }
            .answer(moment, request),
            Question::Subject(request) => {
                Looking { codec, pepper, store: &self.parts.store }.answer(moment, request)
            }
        };
        answer.map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: ClerkError) -> ClerkError {
        self.parts.metrics.store_read_errors.inc();
        error
    }
}

fn reply_all(asked: Vec<Waiting>, problem: &Problem) {
    for waiting in asked {
        drop(waiting.reply.send(Err(problem.clone())));
    }
}

/// Whether the log goes that far: what was acknowledged lies before its end.
fn exists(at_least: &[i64], ends: &[i64]) -> Result<(), Problem> {
    let ends = ends.iter().copied().chain(std::iter::repeat(0));
    for (partition, (wanted, end)) in at_least.iter().zip(ends).enumerate() {
        if *wanted > end {
            let detail = format!(
                "partition {partition} ends at offset {end}: the position is another topic's, or records were lost"
            );
            let pointer = Some(format!("/at_least/{partition}"));
            return Err(Problem { pointer, ..Problem::new(ProblemKind::Ahead, detail) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_beyond_the_log_does_not_exist() {
        assert_eq!(exists(&[], &[4, 0]), Ok(()));
        assert_eq!(exists(&[4, 0, 0], &[4, 0]), Ok(()));
        for (wanted, at) in
            [(vec![5], "/at_least/0"), (vec![0, 1], "/at_least/1"), (vec![0, 0, 1], "/at_least/2")]
        {
            let problem = exists(&wanted, &[4, 0]).unwrap_err();
            assert_eq!((problem.status, problem.pointer.as_deref()), (409, Some(at)));
        }
    }
}
