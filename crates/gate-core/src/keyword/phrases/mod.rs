//! The phrases of refusals and of what only looks like one. One slot a word: `a|b` either, `a?` may be left out, `*` up
//! to two words of any kind. Written as people write; the index folds them. Apostrophes vanish: `don't` is `dont`.

mod eastern;
mod english;
mod northern;
mod other;
mod southern;
mod western;

use super::meaning::Meaning;

/// Phrases by meaning. At one place in a text the longest counts.
pub(super) const PHRASES: &[(Meaning, &[&str])] = &[
    (Meaning::Other, other::OTHER),
    (Meaning::RefusalAll, english::STOP_ALL),
    (Meaning::Refusal, english::ENGLISH),
    (Meaning::Refusal, english::ENGLISH_WRONG_PERSON),
    (Meaning::Refusal, western::WESTERN),
    (Meaning::Refusal, northern::NORTHERN),
    (Meaning::Refusal, eastern::EASTERN),
    (Meaning::Refusal, southern::SOUTHERN),
    (Meaning::Whole, other::WHOLE),
    (Meaning::Negated, other::NEGATED),
    (Meaning::Doubtful, other::DOUBTFUL),
    (Meaning::Condition, other::CONDITIONS),
    (Meaning::WholeDoubtful, other::WHOLE_DOUBTFUL),
];
