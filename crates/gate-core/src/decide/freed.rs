//! What an addition prohibits (step 11), and what frees from prohibitions, hours, caps and listings.

use super::Judging;
use super::basis::Bases;
use crate::decision::Reason;
use crate::fact::{Fact, FactKind, flags};
use crate::policy::{Exemption, KindRule};
use crate::trace::{Step, Trace};

impl<'a, T: Trace> Judging<'a, T> {
    /// Additions that prohibit what they are about, asked last: what frees from them is a basis of any base rule.
    pub(super) fn prohibitions(&mut self, bases: &mut Bases<'a>) {
        for rule in self.rules() {
            let Some(unless) = &rule.prohibited_unless else { continue };
            let is_freed = self.is_freed(rule.pack, unless, bases);
            self.trace.note(Step::Basis, || {
                let verdict = if is_freed { "exempt from it" } else { "nothing exempts from it" };
                format!("{}: prohibited, {verdict}", rule.label)
            });
            if !is_freed {
                bases.lacks(Reason::BasisNotAccepted);
            }
        }
    }

    /// Whether a basis that counts by the rules of the pack, or a relationship with the sender, frees from
    /// something.
    pub(super) fn is_freed(&self, pack: u16, by: &Exemption, bases: &Bases<'a>) -> bool {
        bases.live_in(pack, by.bases).next().is_some() || self.is_related(&by.kinds, |_| true)
    }

    /// Whether a relationship of one of these kinds runs, in which the person is known not to have refused.
    pub(super) fn is_related(
        &self,
        kinds: &[KindRule],
        is_wanted: impl Fn(&Fact<'_>) -> bool,
    ) -> bool {
        let is_running = |fact: &Fact<'_>| {
            let kind = fact.relationship_kind();
            let rule = kind.and_then(|kind| kinds.iter().find(|rule| rule.kind == kind));
            rule.is_some_and(|rule| self.now < self.relationship_end(fact, rule))
        };
        !kinds.is_empty()
            && self.any_standing(|fact| {
                fact.kind == FactKind::Relationship
                    && self.addressed.is_related_by(&fact.scope)
                    && fact.flags & flags::NOT_REFUSED != 0
                    && is_running(fact)
                    && is_wanted(fact)
                    && !self.is_withdrawn(fact)
            })
    }
}
