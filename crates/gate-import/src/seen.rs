//! Who was in the file before, and said what: duplicates, and people who are in and out.
//!
//! A table of 64-bit hashes of person and scope, up to a bound; whoever comes after it is full is not looked for, and counted.
//! Two people with one hash would be counted as one: among 50 million that is a matter of one in ten thousand for the whole file,
//! and nothing but a count depends on it.

use gate_core::Timestamp;
use rustc_hash::FxHashMap;

/// What was said of one person for one scope: the latest of each, in seconds since 1970; the least number is never.
#[derive(Clone, Copy)]
struct Latest {
    granted: i32,
    refused: i32,
}

const NEVER: i32 = i32::MIN;

/// What a change is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Novelty {
    New,
    /// The same person, scope and direction.
    Again,
    /// The table is full.
    NotLookedFor,
}

/// How those ended who are in the file as agreeing and as refusing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Conflicts {
    /// People and scopes with both.
    pub n_people: u64,
    /// Of them, those whose refusal is later, or as late: it stands.
    pub n_refused: u64,
    /// Of them, those who agreed later.
    pub n_granted: u64,
}

pub(crate) struct Seen {
    people: FxHashMap<u64, Latest>,
    people_max: usize,
}

impl Seen {
    pub(crate) fn new(people_max: usize) -> Self {
        Self { people: FxHashMap::default(), people_max }
    }

    pub(crate) fn note(&mut self, subject: u64, is_refusal: bool, at: Timestamp) -> Novelty {
        let seconds =
            at.as_micros().div_euclid(1_000_000).clamp(i64::from(NEVER) + 1, i64::from(i32::MAX));
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        let is_full = self.people.len() >= self.people_max;
        if is_full && !self.people.contains_key(&subject) {
            return Novelty::NotLookedFor;
        }
        let latest =
            self.people.entry(subject).or_insert(Latest { granted: NEVER, refused: NEVER });
        let own = if is_refusal { &mut latest.refused } else { &mut latest.granted };
        let novelty = if *own == NEVER { Novelty::New } else { Novelty::Again };
        *own = seconds.max(*own);
        novelty
    }

    pub(crate) fn conflicts(&self) -> Conflicts {
        let mut conflicts = Conflicts::default();
        for latest in self.people.values().filter(|it| it.granted != NEVER && it.refused != NEVER) {
            conflicts.n_people += 1;
            if latest.granted > latest.refused {
                conflicts.n_granted += 1;
            } else {
                conflicts.n_refused += 1;
            }
        }
        conflicts
    }
}
