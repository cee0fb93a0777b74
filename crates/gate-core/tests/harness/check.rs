//! One row of a table: fold the history in its order and in reverse, demand the same bytes, decide, compare.
//!
//! `expected` is the reason code; in brackets every failing reason, where the row is about them.

use super::{Event, World, numbered};
use gate_core::*;

/// The instant the rows are decided at, well after every event.
pub const NOW: i64 = 100_000;

#[track_caller]
pub fn check(history: &[Event], message: &OutboundMessage<'_>, now: Timestamp, expected: &str) {
    check_by(&PolicySet::express_only(), history, message, now, expected);
}

/// The same by other policies; answers with the decision.
#[track_caller]
pub fn check_by(
    policies: &PolicySet,
    history: &[Event],
    message: &OutboundMessage<'_>,
    now: Timestamp,
    expected: &str,
) -> Decision {
    let history = numbered(history);
    let world = World::of(&history);
    let backwards = World::of(history.iter().rev());
    assert_eq!(world.states, backwards.states, "the order of arrival changed the state");
    let decision = world.decide_by(policies, message, &[], now);
    let reasons: Vec<_> = decision.reasons().iter().map(Reason::short_code).collect();
    let (code, all) = match expected.split_once(" [") {
        Some((code, all)) => (code, Some(all.trim_end_matches(']'))),
        None => (expected, None),
    };
    assert_eq!(decision.reason().code(), code, "all failing: {reasons:?}");
    if let Some(all) = all {
        assert_eq!(reasons.join(" "), all);
    }
    decision
}

/// One row a line: `"title": [events], message => expected;`. Braces keep rustfmt from unfolding it. With
/// `by policies, at now;` before the rows they are decided by those policies at that instant.
macro_rules! check_all {
    (by $policies:expr, at $now:expr; $($title:literal: $history:tt, $message:expr => $expected:expr;)*) => {
        $(
            println!($title);
            check_by($policies, &history!($history), &$message, $now, $expected);
        )*
    };
    ($($title:literal: $history:tt, $message:expr => $expected:expr;)*) => {
        check_all! {
            by &PolicySet::express_only(), at at(NOW);
            $($title: $history, $message => $expected;)*
        }
    };
}

macro_rules! history {
    ([$($event:expr),*]) => { Vec::<Event>::from([$($event),*]) };
    ({$history:expr}) => { $history };
}

pub const APPROVED: &str = "approved.express_consent";
pub const OPTED_OUT: &str = "blocked.opted_out";
pub const NO_CONSENT: &str = "blocked.no_consent";
pub const MISMATCH: &str = "blocked.scope_mismatch";
pub const STOPPED: &str = "blocked.sender_stop";

#[allow(unused_imports, reason = "not every test binary has tables")]
pub(crate) use {check_all, history};
