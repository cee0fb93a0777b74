//! What the texts of a person can say to a sender.

/// What a phrase says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Stop, from all brands.
    RefusalAll,
    /// Stop, or: the consent is another person's.
    Refusal,
    /// Stop, when it is all of a clause.
    Whole,
    /// Do not stop.
    Negated,
    /// A person should look.
    Doubtful,
    /// A person should look, when it is all of a clause.
    WholeDoubtful,
    /// What would happen if; counts where a sentence begins.
    Condition,
    /// Something else with the same words: a bus stop.
    Other,
}
