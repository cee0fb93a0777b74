//! Questions and their bounds, without anybody who answers.

use super::*;
use crate::barrier::{Applied, Progress};
use crate::metrics::{Bound, Metrics, TopicNames};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

fn check(at_least: &[i64]) -> Question {
    Question::Check(CheckRequest { messages: vec!["{}".into()], at_least: at_least.to_vec() })
}

#[test]
fn nobody_is_asked_before_the_desk_is_open() {
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    let (asks, ..) = questions(metrics);
    assert_eq!(asks.place().err().unwrap().kind, ProblemKind::Starting);
}

#[test]
fn a_position_is_waited_for_past_the_barrier_and_handed_on_behind_it() {
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    let (asks, fresh, stale) = questions(Arc::clone(&metrics));
    let applied = Arc::new(Applied::new(&[0, 0]));
    asks.open(Desk { applied: Arc::clone(&applied), wait: Duration::from_secs(60) });
    let asks = Arc::new(asks);
    let runtime = Runtime::new().unwrap();
    let ask = |freshness| {
        let asks = Arc::clone(&asks);
        runtime.spawn(async move {
            let place = asks.place()?;
            asks.ask(check(&[0, 3]), freshness, &place).await
        })
    };
    let waits = ask(Freshness::Stale);
    assert!(stale.recv_timeout(Duration::from_millis(100)).is_err(), "not there yet");
    applied.publish(&[0, 3].map(|next_offset| Progress { next_offset, ..Progress::default() }));
    let waiting = stale.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(waiting.question.at_least(), [0, 3]);
    waiting.reply.send(Ok(b"{}".to_vec())).unwrap();
    assert_eq!(runtime.block_on(waits).unwrap(), Ok(b"{}".to_vec()));
    // behind the barrier the clerk knows where consent ends
    let asked = ask(Freshness::Barrier);
    drop(fresh.recv_timeout(Duration::from_secs(60)).unwrap());
    assert_eq!(runtime.block_on(asked).unwrap().unwrap_err().kind, ProblemKind::Starting);
    // nobody answers any more
    drop((fresh, stale));
    let late = ask(Freshness::Barrier);
    assert_eq!(runtime.block_on(late).unwrap().unwrap_err().kind, ProblemKind::Starting);
    assert_eq!(metrics.bounds_reached.of(Bound::Questions).get(), 0);
}

#[test]
fn problems_have_types_of_their_own_and_a_time_to_come_back() {
    let mut types: Vec<&str> = ProblemKind::ALL.iter().map(|kind| kind.facts().0).collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), ProblemKind::ALL.len());
    for kind in ProblemKind::ALL {
        assert_eq!(kind.retry_after().is_some(), kind.facts().1 == 503, "{kind:?}");
    }
}
