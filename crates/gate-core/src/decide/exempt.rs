//! Step 6: messages without promotion that need no consent, or need less.

use super::Judging;
use crate::decision::{Decision, Reason};
use crate::fact::{Fact, FactKind, Role, flags};
use crate::policy::{BasisSet, Condition, ConsentRequest, ContentSet, Rule, Transactional};
use crate::trace::{Step, Trace};
use crate::{Basis, Category, Timestamp};

/// How long after an opt-out its one confirmation may go out (47 CFR 64.1200(a)(12)).
const CONFIRMATION_WINDOW: std::time::Duration = std::time::Duration::from_secs(5 * 60);

impl<'a, T: Trace> Judging<'a, T> {
    /// Step 6: an exempt class needs no consent, but a stopped number stays silent.
    pub(super) fn exempt(mut self) -> Decision {
        let category = self.message.category;
        self.trace.note(Step::Class, || format!("{category:?}, declared free of promotion"));
        let reason = match category {
            Category::Transactional | Category::Service => {
                self.needs();
                self.stopped_number();
                Reason::Transactional
            }
            Category::Emergency => {
                self.stopped_number();
                Reason::Emergency
            }
            Category::LegalNotice => {
                self.stopped_number();
                Reason::LegalNotice
            }
            Category::OptoutConfirmation => {
                self.confirmation();
                Reason::ApprovedConfirmation
            }
            Category::ConsentRequest => {
                self.consent_request();
                self.stopped_number();
                Reason::ApprovedRequest
            }
            // marketing is never exempt; it does not come here
            Category::Marketing => {
                self.failing.insert(Reason::PolicyUnavailable);
                Reason::Transactional
            }
        };
        if self.is_sale_refused() {
            self.failing.insert(Reason::OptedOut);
            self.refused_scope = Some("purpose");
        }
        let counts_as = matches!(category, Category::OptoutConfirmation | Category::ConsentRequest)
            .then_some(self.this.kind);
        let decision = if self.failing.is_empty() {
            Decision::approve(reason, None).counting(counts_as)
        } else {
            self.block()
        };
        self.finish(decision)
    }

    fn stopped_number(&mut self) {
        if self.is_number_stopped() {
            self.failing.insert(Reason::SenderStop);
            self.trace.note(Step::Class, || String::from("the sending number received STOP"));
        }
    }

    /// What packs ask of service messages too.
    fn needs(&mut self) {
        let needed = self
            .rules()
            .fold(ContentSet::default(), |all, rule| all.union(rule.transactional.content));
        self.missing_content = needed.missing_in(&self.message.content);
        if !self.missing_content.is_empty() {
            self.failing.insert(Reason::ContentRequirement);
        }
        for rule in self.rules() {
            let Transactional { consent, relationships, .. } = &rule.transactional;
            if !consent.is_empty() || !relationships.is_empty() {
                let permitted = if self.has_service_consent(*consent) {
                    Some("on file")
                } else {
                    self.has_service_relationship(relationships).then_some("a relationship instead")
                };
                self.trace.note(Step::Class, || {
                    let answer = permitted.unwrap_or("missing");
                    format!("{}: consent for service messages, {answer}", rule.label)
                });
                if permitted.is_none() {
                    self.failing.insert(Reason::NoConsent);
                }
            }
        }
    }

    /// Whether a refusal of this sender's service on this channel ended what was given before.
    fn is_service_refused(&self, given: &Fact<'_>) -> bool {
        self.both().any(|f| {
            let reaches = match f.kind.role() {
                Role::OptOut => {
                    let is_of_all = f.flags & flags::KEYWORD != 0 || f.scope.purpose.is_none();
                    self.addressed.service_is_refused_by(&f.scope)
                        || (is_of_all && self.is_revoked_by(&f.scope))
                }
                Role::Stop => self.addressed.number_is_stopped_by(f.detail),
                Role::NewHolder => true,
                Role::Objection | Role::Consent | Role::Request | Role::Start | Role::Other => {
                    false
                }
            };
            reaches && self.is_outdated(given, f) && !self.is_revived(f)
        })
    }

    /// A relationship with the controller in which the person gave this very address. Whoever gives a number in a
    /// relationship agrees to texts of it (FCC 92-443, 31; 47 CFR 64.1200(a)(1) asks for prior express consent).
    fn has_service_relationship(&self, wanted: &[Condition]) -> bool {
        !wanted.is_empty()
            && self.any_standing(|f| {
                f.kind == FactKind::Relationship
                    && self.addressed.is_served_by(&f.scope)
                    && wanted.iter().all(|condition| self.holds(*condition, f))
                    && !self.is_service_refused(f)
            })
    }

    /// Express consent to the sender for the channel, whatever the purpose, that no refusal of this sender on
    /// this channel has ended; refusals of marketing leave it alone, and so does STOP to another number. Where a
    /// pack says `revoke_all`, one that names no purpose, as STOP does not, ends it too.
    fn has_service_consent(&self, needed: BasisSet) -> bool {
        self.any_standing(|f| {
            let is_act = matches!(f.kind, FactKind::OptIn | FactKind::OptInConfirmed);
            let basis = f.basis();
            let is_express = needed.contains(basis)
                || (basis == Basis::ExpressWritten && needed.contains(Basis::Express));
            is_act
                && is_express
                && f.flags & flags::EVIDENCE_REQUIRED == flags::EVIDENCE_REQUIRED
                && self.addressed.is_sender_permitted_by(&f.scope)
                && !self.is_service_refused(f)
        })
    }

    /// One confirmation, at most five minutes after the opt-out. The number that received STOP sends it.
    fn confirmation(&mut self) {
        let opt_outs = || {
            self.both().filter(|f| {
                matches!(f.kind, FactKind::OptOut | FactKind::SenderStop) && self.covers(f)
            })
        };
        let Some(latest) = opt_outs().map(|f| f.effective_at(self.now)).max() else {
            self.failing.insert(Reason::ConfirmationWindow);
            return;
        };
        // one that counted from its receipt until its claim was possible may have been confirmed then
        let since = opt_outs().filter(|f| f.effective_at(self.now) == latest);
        let since = since.map(|f| if f.is_skewed() { latest.min(f.received) } else { latest });
        let since = since.min().unwrap_or(latest);
        if self.now > latest.saturating_add(CONFIRMATION_WINDOW) || self.now < latest {
            self.failing.insert(Reason::ConfirmationWindow);
        }
        if self.history.has_confirmed(since, &self.this) {
            self.failing.insert(Reason::ConfirmationDuplicate);
        }
    }

    /// One request for consent after each time the person asked for it; where a pack allows it, one without.
    fn consent_request(&mut self) {
        let purpose = self.message.purpose.as_deref();
        // a refusal after the request ends it
        let refused = || self.both().filter(|f| self.covers(f));
        let requested = self.permissions().filter(|p| {
            p.for_address
                && p.fact.kind == FactKind::OptInRequested
                && self.addressed.is_sender_permitted_by(&p.fact.scope)
                && self.counts(p.fact)
                && !self.is_over(p.fact)
                && !refused().any(|f| self.is_outdated(p.fact, f))
        });
        let requested = requested.map(|p| p.fact.at).max();
        let allows = |wanted: fn(&Rule) -> bool| {
            self.rules().filter(|rule| rule.regime.is_some()).all(wanted)
        };
        let may_ask = match requested {
            Some(_) => allows(|rule: &Rule| rule.consent_request != ConsentRequest::Never),
            None if refused().next().is_some() => {
                self.failing.insert(Reason::OptedOut);
                return;
            }
            None => allows(|rule: &Rule| rule.consent_request == ConsentRequest::Once),
        };
        let since = requested.unwrap_or(Timestamp::MIN);
        if self.history.has_requested(since, purpose, &self.this) {
            self.failing.insert(Reason::ConsentRequestRepeated);
        } else if !may_ask {
            self.failing.insert(Reason::NoConsent);
        } else if requested.is_none() {
            self.registries_of_approach();
        }
    }
}
