//! `POST /v1/consent-changes`: consent changes as they are, and an answer for each.

use gate_intake::{Answer, Request};
use serde::Serialize;
use utoipa::ToSchema;

use super::Door;
use super::enforced::{self, Enforced};
use super::take_in::{TakenIn, take_in};

/// What became of the records of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangesAnswer {
    /// Where those lie that were taken in.
    records: Vec<TakenAnswer>,
    /// Those that were taken in before.
    repeated: Vec<usize>,
    /// Those that were not.
    problems: Vec<ProblemAnswer>,
    /// `enforced`: every gate has applied them. `accepted`: they are in Kafka, and before whatever is decided from now on.
    state: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct TakenAnswer {
    /// Its place in the request, from 0.
    index: usize,
    topic: String,
    partition: i32,
    offset: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProblemAnswer {
    index: usize,
    pointer: String,
    class: &'static str,
    reason: &'static str,
    fix: &'static str,
}

/// Takes them in and says where each lies; with `?wait=enforced` also whether it is in force.
pub(super) async fn answer(door: &Door, request: &Request) -> Answer {
    let Some(source) = door.sources.of_changes(request).cloned() else {
        return Answer::text(401, "unauthorized\n");
    };
    let taken = take_in(door, &source, request).await;
    if taken.refused.is_some() || taken.answer.status >= 500 {
        return taken.answer;
    }
    let waits = request.query().is_some_and(|query| {
        form_urlencoded::parse(query.as_bytes())
            .any(|pair| pair == ("wait".into(), "enforced".into()))
    });
    let state = if waits {
        let places: Vec<_> = taken.written.iter().map(|(_, place)| *place).collect();
        enforced::wait(door, &places).await
    } else {
        Enforced::NotYet
    };
    said(door, &taken, state)
}

fn said(door: &Door, taken: &TakenIn, state: Enforced) -> Answer {
    let records = taken.written.iter().map(|(accepted, place)| TakenAnswer {
        index: accepted.index,
        topic: door.consent.name().to_owned(),
        partition: place.partition,
        offset: place.offset,
    });
    let problems = taken.problems.iter().map(|problem| ProblemAnswer {
        index: problem.index,
        pointer: problem.pointer.clone(),
        class: problem.class.as_str(),
        reason: problem.reason,
        fix: problem.fix,
    });
    let body = ChangesAnswer {
        records: records.collect(),
        repeated: taken.repeated.iter().map(|accepted| accepted.index).collect(),
        problems: problems.collect(),
        state: state.as_str(),
    };
    let is_good = !body.records.is_empty() || !body.repeated.is_empty();
    let status = match (body.problems.is_empty(), is_good) {
        (true, _) => 200,
        // some are kept, and sending all of them again is no cure
        (false, true) => 207,
        (false, false) => 422,
    };
    // strings and numbers always become JSON
    let body = serde_json::to_vec(&body).unwrap_or_default();
    Answer { status, headers: Vec::new(), content_type: "application/json", body }
}
