//! What the desk is asked, one file for each kind of question. Answers are values: `/v1` writes them as JSON, pages show them.
//!
//! INVARIANT: an answer says how far it reaches: since when the index goes back, how far consent was applied.

pub(super) mod changed;
pub(super) mod clear;
pub(super) mod counts;
pub(super) mod decision;
pub(super) mod decisions;
pub(super) mod draft;
pub(super) mod events;
pub(super) mod export;
pub(super) mod intake;
pub(super) mod message;
pub(super) mod overview;
pub(super) mod person;
pub(super) mod policies;
pub(super) mod release;
pub(super) mod search;
pub(super) mod status;
pub(super) mod to_person;

use std::sync::Arc;

use super::Desk;
use super::asked::Asked;
use super::reply::Reply;
use super::routes::Asks;
use crate::answers::{Problem, ProblemKind};
use crate::exit::{ExitCode, Failure};
use crate::gates::GatesError;
use gate_index::IndexError;

/// Answers a program.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn programs(desk: &Arc<Desk>, asked: &Asked) -> Result<Reply, Problem> {
    match asked.asks {
        Asks::Overview => Reply::json(&overview::answer(desk, asked).await?),
        Asks::LookUp => Reply::json(&search::answer(desk, asked).await?),
        Asks::Person => Reply::json(&person::answer(desk, asked).await?),
        Asks::WouldPass => Reply::json(&message::answer(desk, asked).await?),
        Asks::Export => export::answer(desk, asked).await,
        Asks::LookUps => Reply::json(&search::own(desk, &asked.account).await?),
        Asks::Decisions => Reply::json(&decisions::answer(desk, asked).await?),
        Asks::ByMessage => Reply::json(&decisions::by_message(desk, asked).await?),
        Asks::Decision => Reply::json(&decision::answer(desk, asked).await?),
        Asks::ToPerson => Reply::json(&to_person::answer(desk, asked).await?),
        Asks::Counts => Reply::json(&counts::answer(desk, asked).await?),
        Asks::Policies => Reply::json(&policies::answer(desk).await?),
        Asks::Pack => Reply::json(&policies::pack(desk, asked.part("code"))?),
        Asks::PolicyDiff => Reply::json(&policies::diff(desk, asked).await?),
        Asks::Intake => Reply::json(&intake::answer(desk).await?),
        Asks::Poison => Reply::json(&intake::record(desk, asked).await?),
        Asks::Release => Reply::json(&release::answer(desk, asked).await?),
        Asks::Probe => Reply::json(&status::probe(desk).await),
        Asks::Livez
        | Asks::Readyz
        | Asks::Metrics
        | Asks::OpenApi
        | Asks::Style
        | Asks::Script
        | Asks::Icon
        | Asks::SignInForm
        | Asks::SignIn
        | Asks::WorkAccount
        | Asks::WorkAccountBack
        | Asks::SignOut
        | Asks::PeopleForm => Err(Problem::new(ProblemKind::NotFound, "this is for browsers")),
    }
}

/// Does what waits for disk or Kafka on a thread of its own, a bounded number at a time.
///
/// # Errors
/// Too many are at it, or what it says itself.
pub(super) async fn blocking<T: Send + 'static>(
    desk: &Arc<Desk>,
    work: impl FnOnce(&Desk) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Problem> {
    let Ok(_permit) = desk.readers.try_acquire() else {
        return Err(Problem::new(
            ProblemKind::Busy,
            "too many questions read Kafka at this moment",
        ));
    };
    let shared = Arc::clone(desk);
    let done = tokio::task::spawn_blocking(move || work(&shared)).await;
    let done = done.map_err(|error| {
        tracing::error!(%error, "a question was not answered");
        Problem::new(ProblemKind::Unavailable, "the question was not answered; see the desk's log")
    })?;
    done.map_err(|failure| of_failure(&failure))
}

/// A failure as a problem.
pub(super) fn of_failure(failure: &Failure) -> Problem {
    let kind = match failure.code() {
        ExitCode::No => ProblemKind::NotFound,
        ExitCode::Usage => ProblemKind::Malformed,
        ExitCode::Clean
        | ExitCode::Internal
        | ExitCode::Storage
        | ExitCode::TryAgain
        | ExitCode::Credentials
        | ExitCode::Config => ProblemKind::Unavailable,
    };
    tracing::warn!(code = ?failure.code(), reason = failure.message(), "a question was not answered");
    Problem::new(kind, failure.message())
}

/// What the index says against an answer.
pub(super) fn of_index(error: &IndexError) -> Problem {
    if matches!(error, IndexError::Cursor) {
        let detail = "is no place to go on from; send what the page before said as `next`";
        return Problem::malformed("/cursor", detail);
    }
    tracing::error!(%error, "the index cannot be read");
    Problem::new(ProblemKind::Unavailable, "the index cannot be read; see the desk's log")
}

/// What the gates say against an answer.
pub(super) fn of_gates(error: &GatesError) -> Problem {
    match error {
        GatesError::Question(detail) => Problem::new(ProblemKind::Malformed, detail.clone()),
        GatesError::None(_)
        | GatesError::Away(_)
        | GatesError::Token { .. }
        | GatesError::Answer => {
            tracing::warn!(%error, "the gates do not answer");
            Problem::new(ProblemKind::Unavailable, error.to_string())
        }
    }
}
