//! What a decision looked at, step by step, for `explain`. Judging without a trace costs nothing: the text of
//! a note is only made when somebody listens.

/// A step of the evaluation order (docs/law.md section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// 1: well-formed, known channel, not expired.
    WellFormed = 1,
    /// 2: state and packs.
    Available = 2,
    /// 3: a destination.
    Destination = 3,
    /// 4: dead address.
    DeadAddress = 4,
    /// 5: operator suppression of everything; erased contact.
    Suppressed = 5,
    /// 6: exempt classes.
    Class = 6,
    /// 7: marketing suppression; erased address.
    MarketingSuppressed = 7,
    /// 8: refusals.
    Refusals = 8,
    /// 9: age.
    Age = 9,
    /// 10: registries.
    Registry = 10,
    /// 11: basis.
    Basis = 11,
    /// 12: content.
    Content = 12,
    /// 13: frequency.
    Frequency = 13,
    /// 14: quiet hours and holidays.
    QuietHours = 14,
    /// 15: the outcome.
    Outcome = 15,
}

impl Step {
    /// Its name in explanations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WellFormed => "well-formed",
            Self::Available => "packs and state",
            Self::Destination => "destination",
            Self::DeadAddress => "dead address",
            Self::Suppressed => "operator suppression",
            Self::Class => "message class",
            Self::MarketingSuppressed => "marketing suppression",
            Self::Refusals => "refusals",
            Self::Age => "age",
            Self::Registry => "registry",
            Self::Basis => "basis",
            Self::Content => "content",
            Self::Frequency => "frequency",
            Self::QuietHours => "quiet hours",
            Self::Outcome => "outcome",
        }
    }
}

/// Listens to a decision being made.
pub trait Trace {
    /// A step looked at something. The text holds no address and no contact id.
    fn note(&mut self, step: Step, text: impl FnOnce() -> String);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    fn note(&mut self, _step: Step, _text: impl FnOnce() -> String) {}
}

/// Notes in the order of the steps; within a step in the order they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes(pub Vec<(Step, String)>);

impl Trace for Notes {
    fn note(&mut self, step: Step, text: impl FnOnce() -> String) {
        let at = self.0.partition_point(|(known, _)| *known <= step);
        self.0.insert(at, (step, text()));
    }
}
