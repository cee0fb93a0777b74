//! One round of the probe as a table: where it stands and what happened give what follows. No I/O, no clock.
//!
//! ```text
//! opt-in ─acknowledged─▶ message ─approved─▶ opt-out ─acknowledged─▶ message ─blocked─▶ passed
//! ```
//!
//! INVARIANT: `Violated` needs a decision that lets a message out and that was sent after the opt-out had been
//! acknowledged; nothing else, above all no silence, can give it. `Passed` needs both decisions.

use crate::metrics::ProbeResult;
use gate_core::Outcome;

/// What the probe has last sent, and waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The opt-in, to be acknowledged.
    OptIn,
    /// A message that must be approved.
    Allowed,
    /// The opt-out, to be acknowledged.
    OptOut,
    /// A message that must be blocked.
    Refused,
}

impl Step {
    /// The name in messages' ids and in logs.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::OptIn => "opt_in",
            Self::Allowed => "allowed",
            Self::OptOut => "opt_out",
            Self::Refused => "refused",
        }
    }
}

/// A decision as a sender sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) outcome: Outcome,
    /// The reason's code.
    pub(super) reason: String,
    /// It carries the header by which senders leave it out.
    pub(super) is_marked: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The brokers have the record.
    Acknowledged,
    /// The decision about the message of this step was read.
    Decided(Seen),
    /// It took too long.
    Overdue,
    /// It cannot be done; says why.
    Failed(String),
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The same step waits on.
    Wait,
    /// The next step is sent.
    Go(Step),
    /// The round is over; says why unless it passed.
    End(ProbeResult, String),
}

/// What follows from `event` at `step`.
pub(super) fn judge(step: Step, event: Event) -> Then {
    use ProbeResult::{Error, Passed, TimedOut, Violated};
    match (step, event) {
        (_, Event::Failed(why)) => Then::End(Error, why),
        (Step::OptIn | Step::OptOut, Event::Overdue) => {
            let what = step.as_str();
            Then::End(TimedOut, format!("the brokers did not acknowledge the {what} in time"))
        }
        (Step::Allowed | Step::Refused, Event::Overdue) => {
            Then::End(TimedOut, "the message was not decided in time".to_owned())
        }
        (Step::OptIn, Event::Acknowledged) => Then::Go(Step::Allowed),
        (Step::OptOut, Event::Acknowledged) => Then::Go(Step::Refused),
        // a message is acknowledged long before it is decided; a consent change is never decided
        (Step::Allowed | Step::Refused, Event::Acknowledged)
        | (Step::OptIn | Step::OptOut, Event::Decided(_)) => Then::Wait,
        (Step::Refused, Event::Decided(Seen { outcome, reason, .. }))
            if outcome != Outcome::Blocked =>
        {
            // deferred means: would be sent, later. That is no refusal either.
            Then::End(Violated, format!("decided `{reason}` after its opt-out was acknowledged"))
        }
        (Step::Allowed | Step::Refused, Event::Decided(seen)) if !seen.is_marked => Then::End(
            Error,
            "its decision has no `gate-probe` header: senders would take it for a message"
                .to_owned(),
        ),
        (Step::Refused, Event::Decided(_)) => Then::End(Passed, String::new()),
        (Step::Allowed, Event::Decided(Seen { outcome: Outcome::Approved, .. })) => {
            Then::Go(Step::OptOut)
        }
        (Step::Allowed, Event::Decided(Seen { reason, .. })) => Then::End(
            Error,
            format!(
                "decided `{reason}` although the contact had opted in: the policies in force do not let the probe's \
                 message pass; choose another `probe.jurisdiction`"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcome: Outcome) -> Event {
        Event::Decided(Seen { outcome, reason: "some.reason".to_owned(), is_marked: true })
    }

    /// Plays events from the beginning; the result, or where it stands.
    fn play(events: impl IntoIterator<Item = Event>) -> Result<ProbeResult, Step> {
        let mut step = Step::OptIn;
        for event in events {
            match judge(step, event) {
                Then::Wait => {}
                Then::Go(next) => step = next,
                Then::End(result, why) => {
                    assert_eq!(why.is_empty(), result == ProbeResult::Passed, "{why}");
                    return Ok(result);
                }
            }
        }
        Err(step)
    }

    use Event::{Acknowledged, Overdue};
    use Outcome::{Approved, Blocked, Deferred};

    /// Events that lead to each step with its record acknowledged.
    fn until(step: Step) -> Vec<Event> {
        let all = [Acknowledged, Acknowledged, seen(Approved), Acknowledged, Acknowledged];
        let n_events = match step {
            Step::OptIn => 0,
            Step::Allowed => 2,
            Step::OptOut => 3,
            Step::Refused => 5,
        };
        all.into_iter().take(n_events).collect()
    }

    fn after(step: Step, event: Event) -> Result<ProbeResult, Step> {
        assert_eq!(play(until(step)), Err(step));
        play(until(step).into_iter().chain([event]))
    }

    #[test]
    fn a_round_passes_when_the_gate_lets_through_and_then_stops() {
        assert_eq!(after(Step::Refused, seen(Blocked)), Ok(ProbeResult::Passed));
    }

    #[test]
    fn what_goes_out_after_the_opt_out_is_a_violation() {
        for outcome in [Approved, Deferred] {
            assert_eq!(after(Step::Refused, seen(outcome)), Ok(ProbeResult::Violated));
        }
        let unmarked = Seen { outcome: Approved, reason: String::new(), is_marked: false };
        let unmarked = after(Step::Refused, Event::Decided(unmarked));
        assert_eq!(unmarked, Ok(ProbeResult::Violated), "the worse of two faults is told");
    }

    #[test]
    fn silence_is_never_a_pass_and_never_a_violation() {
        for step in [Step::OptIn, Step::Allowed, Step::OptOut, Step::Refused] {
            assert_eq!(after(step, Overdue), Ok(ProbeResult::TimedOut), "{step:?}");
            let failed = Event::Failed("refused".to_owned());
            assert_eq!(after(step, failed), Ok(ProbeResult::Error), "{step:?}");
        }
    }

    #[test]
    fn a_gate_that_blocks_everything_does_not_pass() {
        for outcome in [Blocked, Deferred] {
            assert_eq!(after(Step::Allowed, seen(outcome)), Ok(ProbeResult::Error));
        }
    }

    #[test]
    fn an_unmarked_decision_does_not_pass() {
        for (step, outcome) in [(Step::Allowed, Approved), (Step::Refused, Blocked)] {
            let unmarked = Seen { outcome, reason: String::new(), is_marked: false };
            assert_eq!(after(step, Event::Decided(unmarked)), Ok(ProbeResult::Error));
        }
    }

    #[test]
    fn only_the_two_decisions_in_their_order_pass() {
        // all sequences of up to six events: whatever passes holds an approval before a block
        let events = [Acknowledged, seen(Approved), seen(Blocked), Overdue];
        let mut n_passed = 0;
        for number in 0..events.len().pow(6) {
            let chosen: Vec<Event> = (0..6u32)
                .filter_map(|place| events.get(number / events.len().pow(place) % events.len()))
                .cloned()
                .collect();
            if play(chosen.clone()) == Ok(ProbeResult::Passed) {
                n_passed += 1;
                let at = |wanted: &Event| chosen.iter().position(|event| event == wanted);
                let approved = at(&seen(Approved)).unwrap();
                let blocked = chosen.iter().rposition(|event| *event == seen(Blocked)).unwrap();
                assert!(approved < blocked, "{chosen:?}");
                assert!(chosen.iter().filter(|event| **event == Acknowledged).count() >= 2);
            }
        }
        assert!(n_passed > 0);
    }
}
