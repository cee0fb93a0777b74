//! Steps 4, 5, 7 and 8: what stands against a message whatever the jurisdiction, and what ends it.

use super::{Judging, readable};
use crate::ChannelScope;
use crate::consent::ConsentState;
use crate::decision::{Reason, Warning};
use crate::fact::{Fact, FactKind, Role, Scope, flags};
use crate::reach::{is_sale_share, named};
use crate::trace::{Step, Trace};

impl<'a, T: Trace> Judging<'a, T> {
    /// Step 4: bounces and reassignment end only by a verified address event (state rule 7).
    pub(super) fn dead_address(&mut self) {
        for (kind, reason) in [
            (FactKind::HardBounce, Reason::Undeliverable),
            (FactKind::Reassigned, Reason::NumberReassigned),
        ] {
            let died = || self.both().filter(|f| f.kind == kind);
            let Some(latest) = died().map(|f| f.effective_at(self.now)).max() else { continue };
            let is_verified_since = |dead: &Fact<'_>| {
                self.any_standing(|f| !self.is_outdated(f, dead) && is_proof_of_address(f))
            };
            let is_dead = died().any(|dead| !is_verified_since(dead));
            self.trace.note(Step::DeadAddress, || {
                let verdict = if is_dead { "stands" } else { "ended by a verified event" };
                format!("{kind:?} of {}: {verdict}", readable(latest))
            });
            if is_dead {
                self.failing.insert(reason);
            }
        }
    }

    /// Step 5.
    pub(super) fn suppressed_or_erased(&mut self) {
        if self.suppressed(FactKind::SuppressAll, &[FactKind::UnsuppressAll]) {
            self.failing.insert(Reason::SuppressedGlobal);
            self.trace
                .note(Step::Suppressed, || String::from("the operator suppressed everything"));
        }
        if self.contact.is_some_and(ConsentState::is_erased) {
            self.failing.insert(Reason::Erased);
            self.trace.note(Step::Suppressed, || String::from("the contact id was erased"));
        }
    }

    /// An operator suppression ends only by a later `unsuppress` of the same subject that reaches as far.
    fn suppressed(&self, suppress: FactKind, ends: &[FactKind]) -> bool {
        self.states().any(|state| {
            let is_lifted = |suppressed: &Fact<'_>| {
                self.known(state).any(|f| {
                    ends.contains(&f.kind)
                        && !self.is_outdated(f, suppressed)
                        && (f.scope == Scope::EVERYTHING || f.scope == suppressed.scope)
                        && self.counts(f)
                        && !self.is_over(f)
                })
            };
            state.facts().iter().any(|f| {
                f.kind == suppress && self.addressed.sender_is_refused_by(&f.scope) && !is_lifted(f)
            })
        })
    }

    /// Step 7.
    pub(super) fn marketing_suppression(&mut self) {
        let ends = [FactKind::UnsuppressMarketing, FactKind::UnsuppressAll];
        if self.suppressed(FactKind::SuppressMarketing, &ends) {
            self.failing.insert(Reason::SuppressedGlobal);
            self.trace.note(Step::MarketingSuppressed, || {
                String::from("the operator suppressed marketing")
            });
        }
        let is_blocked = self.both().any(|f| {
            f.kind == FactKind::ErasedAddress
                && f.flags & flags::KEEP_SUPPRESSION != 0
                && !self.is_revived(f)
        });
        if is_blocked {
            self.failing.insert(Reason::SuppressedAddress);
            self.trace.note(Step::MarketingSuppressed, || {
                String::from("the address belonged to an erased contact; no express opt-in since")
            });
        }
    }

    /// Step 8: state rule 7. Every refusal that covers the message and has no later express act.
    pub(super) fn refusals(&mut self) {
        for (kind, reason) in [
            (FactKind::Complaint, Reason::Complaint),
            (FactKind::Objected, Reason::Objected),
            (FactKind::OptOut, Reason::OptedOut),
        ] {
            let standing =
                self.both().filter(|f| f.kind == kind && self.covers(f) && !self.is_revived(f));
            // one that covers the message by itself explains more than one that ends everything
            let by_itself = |f: &Fact<'_>| f.kind != FactKind::OptOut || self.is_refused_by(f);
            let order = |f: &&Fact<'_>| (by_itself(f), f.effective_at(self.now));
            if let Some(latest) = standing.max_by_key(order) {
                if kind == FactKind::OptOut {
                    let scope = if by_itself(latest) { reach(latest) } else { "sender" };
                    self.refused_scope = Some(scope);
                }
                self.failing.insert(reason);
                if self.is_start_idle(|f| f.kind == kind && self.covers(f)) {
                    self.warnings.insert(Warning::StartWithoutEffect);
                }
                self.trace.note(Step::Refusals, || {
                    let scope = reach(latest);
                    format!(
                        "{kind:?} of {}, scope {scope}, no express act since",
                        readable(latest.effective_at(self.now))
                    )
                });
            }
        }
        if self.is_number_stopped() {
            self.failing.insert(Reason::SenderStop);
            if self.is_start_idle(|f| f.kind == FactKind::SenderStop && self.covers(f)) {
                self.warnings.insert(Warning::StartWithoutEffect);
            }
            self.trace.note(Step::Refusals, || String::from("the sending number received STOP"));
        }
        if self.is_unreadable() {
            self.failing.insert(Reason::ConsentUnreadable);
            self.trace.note(Step::Refusals, || {
                String::from("a consent change could not be read; nothing valid was received since")
            });
        }
    }

    /// Whether the person texted START after such a refusal, which stands because the START does not say for whom.
    fn is_start_idle(&self, is_meant: impl Fn(&Fact<'_>) -> bool) -> bool {
        let is_vague = |act: &Fact<'_>| {
            [act.scope.controller, act.scope.brand, act.detail]
                .iter()
                .any(|it| named(*it).is_none())
        };
        self.any_standing(|act| {
            act.kind == FactKind::Start
                && act.flags & flags::YES == 0
                && is_vague(act)
                && self.both().any(|refusal| {
                    is_meant(refusal)
                        && !self.is_outdated(act, refusal)
                        && !self.is_revived(refusal)
                })
        })
    }

    /// Where a pack says so, one refusal on any of the rule's channels ends all marketing of the controller on
    /// all of them (47 CFR 64.1200(a)(10) once its waiver is over).
    pub(super) fn is_revoked_by(&self, scope: &Scope<'_>) -> bool {
        !is_sale_share(scope)
            && self.rules().filter(|rule| rule.revoke_all).any(|rule| {
                let on_channel = match scope.channel {
                    ChannelScope::Any => true,
                    ChannelScope::One(channel) => rule.channels.contains(channel),
                };
                on_channel && self.addressed.controller_is_refused_by(scope)
            })
    }

    pub(super) fn is_number_stopped(&self) -> bool {
        self.both().any(|f| f.kind == FactKind::SenderStop && self.covers(f) && !self.is_revived(f))
    }

    /// A possible opt-out stands until a later valid event about the same subject was received; an event
    /// from the future is none, and neither are the report that something was sent, an agreement without
    /// proof and what has come to its end: an import that was taken back has said nothing.
    fn is_unreadable(&self) -> bool {
        self.states().any(|state| {
            let unread = state.facts().iter().filter(|f| f.kind == FactKind::Unreadable);
            unread.map(|f| f.at).max().is_some_and(|at| {
                !self.known(state).any(|f| {
                    f.received > at
                        && !matches!(f.kind, FactKind::Unreadable | FactKind::Link | FactKind::Moved | FactKind::Sent)
                        && !f.is_quarantined()
                        && !f.is_ahead_of(self.now)
                        && (!f.kind.is_permissive() || !self.is_over(f))
                        // what only the contact refused is no event about the address
                        && (!std::ptr::eq(state, self.address) || !f.is_about_contact())
                        && (!f.kind.is_agreement() || self.is_proven_consent(f))
                })
            })
        })
    }

    /// With a contact id every granted fact is that contact's or nobody's; without one the address may be
    /// shared, and one person's evidence proves nothing about another.
    pub(super) fn is_same_person(&self, one: &Fact<'_>, other: &Fact<'_>) -> bool {
        self.contact.is_some() || one.other.is_none() || one.other == other.other
    }

    /// `YES` to a pending request confirms it, unless the person refused since the request. Refusals of one
    /// scope collapse into the latest, so nobody can tell whether one came between the request and the
    /// `YES`: any later one ends it, and START does not bring it back.
    pub(super) fn is_confirmed_by_reply(&self, request: &Fact<'_>) -> bool {
        self.any_standing(|yes| {
            yes.kind == FactKind::Start
                && yes.flags & flags::YES != 0
                && yes.at > request.at
                && self.addressed.is_restarted_by(&yes.scope)
                && self.is_same_person(request, yes)
        }) && !self.both().any(|f| self.covers(f) && self.is_outdated(request, f))
    }

    /// A refusal ends every earlier basis it covers; only a START gives an earlier one back, and never
    /// across an erasure or to a new holder of the number.
    pub(super) fn is_withdrawn(&self, basis: &Fact<'_>) -> bool {
        self.both().any(|refusal| {
            self.covers(refusal)
                && self.is_outdated(basis, refusal)
                && !self.any_standing(|f| f.kind == FactKind::Start && self.ends(f, refusal))
        })
    }

    /// Tp > Tn: whether an express act that covers the message came after the refusal.
    pub(super) fn is_revived(&self, refusal: &Fact<'_>) -> bool {
        self.any_standing(|act| self.ends(act, refusal))
    }

    /// Whether the person refused that data is sold or shared, and this is about that.
    pub(super) fn is_sale_refused(&self) -> bool {
        self.both().any(|f| {
            f.kind == FactKind::OptOut
                && self.addressed.sale_is_refused_by(&f.scope)
                && !self.is_revived(f)
        })
    }

    /// Whether a restriction ends `permission`, by the gate's clock.
    pub(super) fn is_outdated(&self, permission: &Fact<'_>, by: &Fact<'_>) -> bool {
        by.outdates(permission, self.now)
    }

    /// Whether `act` is an express act that ends `refusal` for this message (state rule 7).
    ///
    /// Only consent that can be proven ends one, whatever the regime: a list that calls everybody agreed, or a
    /// sender who claims an interest, is no act of the person. A text to our number proves itself.
    fn ends(&self, act: &'a Fact<'a>, refusal: &Fact<'_>) -> bool {
        !self.is_outdated(act, refusal)
            && match act.kind.role() {
                Role::Consent => {
                    self.addressed.is_permitted_by(&act.scope) && self.is_proven_consent(act)
                }
                Role::Request => {
                    self.addressed.is_permitted_by(&act.scope)
                        && self.is_proven_consent(act)
                        && self.is_confirmed_by_reply(act)
                }
                Role::Start => self.is_restarted(act, refusal),
                Role::OptOut | Role::Objection | Role::Stop | Role::NewHolder | Role::Other => {
                    false
                }
            }
    }

    /// Whether START or `YES` ends `refusal` for this message.
    fn is_restarted(&self, start: &Fact<'_>, refusal: &Fact<'_>) -> bool {
        if start.flags & flags::YES != 0 && !answers_stop(start, refusal) {
            return false;
        }
        let number = refusal.detail;
        match refusal.kind.role() {
            Role::Stop => self.addressed.number_is_restarted_by(start.detail, number),
            // they end by an express opt-in; START creates no consent and proves no identity
            Role::NewHolder => false,
            Role::OptOut
            | Role::Objection
            | Role::Consent
            | Role::Request
            | Role::Start
            | Role::Other => {
                self.addressed.is_restarted_by(&start.scope)
                    || self.addressed.is_restarted_at(&start.scope, start.detail, number)
            }
        }
    }

    /// Whether an opt-out covers this message by itself.
    fn is_refused_by(&self, opt_out: &Fact<'_>) -> bool {
        let is_keyword = opt_out.flags & flags::KEYWORD != 0;
        self.addressed.is_refused_by(&opt_out.scope)
            || (is_keyword && self.addressed.is_call_stopped_by(&opt_out.scope))
    }

    /// Whether a restrictive fact ends consent for this message.
    pub(super) fn covers(&self, refusal: &Fact<'_>) -> bool {
        match refusal.kind.role() {
            Role::OptOut => self.is_refused_by(refusal) || self.is_revoked_by(&refusal.scope),
            Role::Objection => self.addressed.is_refused_by(&refusal.scope),
            Role::Stop => self.addressed.number_is_stopped_by(refusal.detail),
            Role::NewHolder => true,
            Role::Consent | Role::Request | Role::Start | Role::Other => false,
        }
    }
}

/// Whether a `YES` answers what a keyword refused: at the number that was stopped. To any other number it answers
/// something else, such as a reminder that asks for it.
fn answers_stop(yes: &Fact<'_>, refusal: &Fact<'_>) -> bool {
    let is_keyword = refusal.kind == FactKind::SenderStop || refusal.flags & flags::KEYWORD != 0;
    is_keyword && named(refusal.detail).is_some_and(|stopped| named(yes.detail) == Some(stopped))
}

/// Proof that the address reaches the person: a confirmation, or START from the number. A bare `YES` is
/// an answer to whatever was asked last.
fn is_proof_of_address(fact: &Fact<'_>) -> bool {
    let is_start = fact.kind == FactKind::Start && fact.flags & flags::YES == 0;
    is_start || fact.kind == FactKind::OptInConfirmed
}

/// How far an opt-out reaches, for the decision's detail.
fn reach(refusal: &Fact<'_>) -> &'static str {
    match refusal.scope {
        // the purpose of a keyword is ours: the person refused what the number and brand advertise
        Scope { channel: ChannelScope::One(_), .. } if refusal.flags & flags::KEYWORD != 0 => {
            "channel"
        }
        Scope { purpose: Some(_), .. } => "purpose",
        Scope { channel: ChannelScope::One(_), .. } => "channel",
        Scope { brand: Some(_), .. } => "brand",
        Scope { controller: Some(_), .. } => "sender",
        Scope { .. } => "global",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventKey, Timestamp};

    /// A `YES` lifts nothing but what a keyword refused, at the number it was texted to.
    #[test]
    fn yes_answers_a_keyword() {
        let fact = |kind, flags, detail| {
            let said = Fact::new(kind, EventKey([1; 8]), Timestamp::MIN, Timestamp::MIN);
            Fact { flags, detail, ..said }
        };
        let stopped = Some("18005550199");
        let yes = |to| fact(FactKind::Start, flags::YES, to);
        for (refusal, is_answered) in [
            (fact(FactKind::SenderStop, 0, stopped), true),
            (fact(FactKind::OptOut, flags::KEYWORD, stopped), true),
            (fact(FactKind::OptOut, flags::SKEWED, stopped), false),
            (fact(FactKind::OptOut, flags::KEYWORD, None), false),
        ] {
            assert_eq!(answers_stop(&yes(stopped), &refusal), is_answered, "{refusal:?}");
            assert!(!answers_stop(&yes(Some("18005550177")), &refusal), "{refusal:?}");
            assert!(!answers_stop(&yes(None), &refusal), "{refusal:?}");
        }
    }
}
