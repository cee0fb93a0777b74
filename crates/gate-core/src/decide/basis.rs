//! Step 11: what permits a message.
//!
//! Every live basis is kept; the strongest gives the reason (state rule 11). Express acts and relationships
//! are judged by the conditions of the rule; what falls short is remembered, and the first of those in the
//! evaluation order is reported when nothing permits.

use super::shortfall::Shortfall;
use super::{Judging, Permission, readable};
use crate::decision::{MissingEvidence, Reason, Reasons};
use crate::fact::{Fact, FactKind, Role, flags};
use crate::policy::{
    BasisSet, CANDIDATES_MAX, Condition, Dormancy, DoubleOptIn, Ground, KindRule, Period, Regime,
    Rule,
};
use crate::trace::{Step, Trace};
use crate::{Basis, Timestamp};

/// A basis that counts now.
#[derive(Clone, Copy)]
pub(super) struct Live<'a> {
    /// As the person gave it.
    pub(super) basis: Basis,
    /// As the rule takes it: written consent without a signature can still be express consent.
    accepted: Basis,
    pub(super) fact: &'a Fact<'a>,
    /// First instant at which it no longer counts.
    pub(super) end: Timestamp,
    /// The person has not acted for long.
    pub(super) is_dormant: bool,
}

/// Why the message may go out.
pub(super) struct Approval<'a> {
    pub(super) reason: Reason,
    /// The basis on file, if one was needed or found.
    pub(super) live: Option<Live<'a>>,
}

/// What all rules in force found.
pub(super) struct Bases<'a> {
    /// Live bases by pack: one that counts in one jurisdiction overrides nothing in another.
    live: [(u16, LiveBases<'a>); CANDIDATES_MAX],
    /// The approval, unless a rule lacks its basis.
    approval: Option<Approval<'a>>,
    failing: Reasons,
    shortfall: Shortfall,
}

/// Bases that count, each with the latest act or relationship behind it.
#[derive(Clone, Copy, Default)]
struct LiveBases<'a>([Option<&'a Fact<'a>>; Basis::ALL.len()]);

impl<'a> LiveBases<'a> {
    fn insert(&mut self, basis: Basis, fact: &'a Fact<'a>) {
        if let Some(known) = self.0.get_mut(basis as usize)
            && known.is_none_or(|known| known.at < fact.at)
        {
            *known = Some(fact);
        }
    }
}

impl<'a> Bases<'a> {
    /// One more reason why nothing permits the message.
    pub(super) fn lacks(&mut self, reason: Reason) {
        self.failing.insert(reason);
    }

    fn is_live(&mut self, pack: u16, found: &LiveBases<'a>) {
        let slot = self.live.iter_mut().find(|(known, _)| *known == pack || *known == u16::MAX);
        if let Some((known, live)) = slot {
            *known = pack;
            for (basis, fact) in Basis::ALL.into_iter().zip(found.0) {
                fact.into_iter().for_each(|fact| live.insert(basis, fact));
            }
        }
    }

    /// What is behind those bases of a set that count by the rules of a pack: of each the latest.
    pub(super) fn live_in(&self, pack: u16, of: BasisSet) -> impl Iterator<Item = &'a Fact<'a>> {
        let found = self.live.iter().filter(move |(known, _)| *known == pack);
        found.flat_map(move |(_, live)| {
            let is_meant = move |(basis, fact)| if of.contains(basis) { fact } else { None };
            Basis::ALL.into_iter().zip(live.0).filter_map(is_meant)
        })
    }
}

/// What one rule found.
#[derive(Default)]
struct Found<'a> {
    live: LiveBases<'a>,
    best: Option<Live<'a>>,
    failing: Reasons,
    shortfall: Shortfall,
}

impl<'a> Found<'a> {
    fn is_live(&mut self, found: Live<'a>) {
        self.live.insert(found.accepted, found.fact);
        if found.accepted == Basis::ExpressWritten {
            self.live.insert(Basis::Express, found.fact);
        }
        let order = |live: &Live<'_>| (rank(live.accepted), std::cmp::Reverse(live.fact.at));
        if self.best.as_ref().is_none_or(|best| order(&found) < order(best)) {
            self.best = Some(found);
        }
    }

    fn lacks(&mut self, reason: Reason) {
        self.failing.insert(reason);
    }

    fn lacks_condition(&mut self, name: &'static str) {
        self.failing.insert(Reason::SoftOptInCondition);
        self.shortfall.condition.get_or_insert(name);
    }

    /// Of several acts the one that lacks least is spoken of.
    fn lacks_evidence(&mut self, flags: u64, pack: u16) {
        self.failing.insert(Reason::EvidenceIncomplete);
        let known = self.shortfall.evidence;
        if known.is_none_or(|known| flags.count_ones() < known.flags.count_ones()) {
            self.shortfall.evidence = Some(MissingEvidence { flags, pack });
        }
    }

    fn lacks_match(&mut self, field: &'static str) {
        self.failing.insert(Reason::ScopeMismatch);
        self.shortfall.mismatch.get_or_insert(field);
    }
}

/// The strongest first (state rule 11).
fn rank(basis: Basis) -> u8 {
    match basis {
        Basis::Express | Basis::ExpressWritten => 0,
        Basis::CharitySoftOptIn => 1,
        Basis::SoftOptIn => 2,
        Basis::Implied => 3,
        Basis::LegitimateInterest => 4,
    }
}

fn reason_of(basis: Basis) -> Reason {
    match basis {
        Basis::Express | Basis::ExpressWritten => Reason::ExpressConsent,
        Basis::CharitySoftOptIn => Reason::CharitySoftOptIn,
        Basis::SoftOptIn => Reason::SoftOptIn,
        Basis::Implied => Reason::ImpliedConsent,
        Basis::LegitimateInterest => Reason::LegitimateInterest,
    }
}

impl<'a, T: Trace> Judging<'a, T> {
    /// Asks every rule in force. Where several need a basis, the weakest found is the reason: it is the one
    /// that the strictest of them was content with.
    pub(super) fn bases(&mut self) -> Bases<'a> {
        let mut out = Bases {
            live: [(u16::MAX, LiveBases::default()); CANDIDATES_MAX],
            approval: None,
            failing: Reasons::default(),
            shortfall: Shortfall::default(),
        };
        let mut by_opt_out: Option<Approval<'a>> = None;
        for rule in self.rules() {
            if rule.regime.is_none() && rule.bases.is_empty() {
                continue;
            }
            let found = self.found_by(rule);
            if rule.regime.is_some() {
                // an addition asks for more; what it accepts overrides nothing
                out.is_live(rule.pack, &found.live);
            }
            self.note(rule, &found);
            let approval =
                found.best.map(|live| Approval { reason: reason_of(live.basis), live: Some(live) });
            match (rule.regime, approval) {
                (Some(Regime::Prohibited), _) => out.failing.insert(Reason::BasisNotAccepted),
                (Some(Regime::OptOut), approval) => {
                    let approval = approval.unwrap_or_else(|| without_basis(rule));
                    by_opt_out = weaker(by_opt_out, approval);
                }
                (Some(Regime::OptIn) | None, Some(approval)) => {
                    out.approval = weaker(out.approval, approval);
                }
                (Some(Regime::OptIn) | None, None) => {
                    let reason = found.failing.first().unwrap_or(Reason::NoConsent);
                    out.failing.insert(reason);
                    out.shortfall = out.shortfall.or(found.shortfall);
                }
            }
        }
        if out.approval.is_none() {
            out.approval = by_opt_out;
        }
        self.prohibitions(&mut out);
        out
    }

    /// Step 11 itself: enters what is missing.
    pub(super) fn basis(&mut self, bases: &Bases<'a>) -> Option<Approval<'a>> {
        self.shortfall = bases.shortfall;
        for reason in bases.failing.iter() {
            self.failing.insert(reason);
        }
        let approval = bases.approval.as_ref().filter(|_| bases.failing.is_empty());
        if approval.is_none() && bases.failing.is_empty() {
            // no rule said anything about a basis: not knowing must not approve
            self.failing.insert(Reason::PolicyUnavailable);
        }
        approval.map(|approval| Approval { reason: approval.reason, live: approval.live })
    }

    fn note(&mut self, rule: &Rule, found: &Found<'_>) {
        let is_ahead = || self.permissions().any(|p| p.for_address && p.fact.is_ahead_of(self.now));
        let nothing = if found.best.is_none() && found.failing.is_empty() && is_ahead() {
            "what is on file is from after the gate's clock and does not count yet"
        } else {
            "nothing on file"
        };
        self.trace.note(Step::Basis, || {
            let answer = match &found.best {
                Some(live) => {
                    let fact = live.fact;
                    format!("{} of {} is live", live.basis.as_str(), readable(fact.at))
                }
                None if rule.regime == Some(Regime::OptOut) => String::from("none is needed"),
                None => {
                    let reasons: Vec<&str> = found.failing.iter().map(Reason::code).collect();
                    if reasons.is_empty() {
                        String::from(nothing)
                    } else {
                        format!("{}{}", reasons.join(", "), found.shortfall.in_words())
                    }
                }
            };
            format!("{}: {answer}", rule.label)
        });
    }

    fn found_by(&self, rule: &Rule) -> Found<'a> {
        let mut found = Found::default();
        for permission in self.permissions() {
            let kind = permission.fact.kind;
            let is_act = matches!(
                kind,
                FactKind::OptInRequested | FactKind::OptIn | FactKind::OptInConfirmed
            );
            if (is_act || kind == FactKind::Relationship) && self.counts(permission.fact) {
                if is_act {
                    self.express(rule, &permission, &mut found);
                } else {
                    self.relationship(rule, &permission, &mut found);
                }
            }
        }
        found
    }

    fn express(&self, rule: &Rule, permission: &Permission<'a>, found: &mut Found<'a>) {
        let fact = permission.fact;
        let is_request = fact.kind == FactKind::OptInRequested;
        if !permission.for_address || !self.addressed.is_permitted_by(&fact.scope) {
            if !is_request {
                found.lacks_match(self.differs_in(permission));
            }
            return;
        }
        let is_unconfirmed_act =
            fact.kind == FactKind::OptIn && rule.double_opt_in == DoubleOptIn::Required;
        if (is_request && !self.is_confirmed_by_reply(fact)) || is_unconfirmed_act {
            if !self.is_confirmed(fact) {
                found.lacks(Reason::PendingConfirmation);
            }
            return;
        }
        let proof = self.proof_of(fact);
        let claimed = proof.basis();
        let mut is_accepted = false;
        for accepted in rule.bases.iter().filter(|accepted| fulfils(claimed, accepted.basis)) {
            is_accepted = true;
            let is_by_relationship =
                matches!(claimed, Basis::SoftOptIn | Basis::CharitySoftOptIn | Basis::Implied);
            if is_by_relationship || !accepted.grounds.is_empty() {
                // a claim of it proves nothing: its conditions stand in relationship events
                found.lacks_condition("relationship");
            } else if !is_proven(proof, accepted.evidence) {
                found.lacks_evidence(accepted.evidence & !proof.flags, rule.pack);
            } else if !self.is_withdrawn(fact) {
                let end = accepted.valid_for.end(fact.at);
                let end = end.min(self.end_of(fact)).min(self.end_of(proof));
                let bases = (claimed, accepted.basis);
                self.unless_lapsed(bases, fact, end, accepted.dormancy, found);
            }
        }
        if !is_accepted {
            // evidence is asked for first: without it nobody knows what was agreed to
            if is_proven(proof, flags::EVIDENCE_REQUIRED) {
                found.lacks(Reason::BasisNotAccepted);
            } else {
                found.lacks_evidence(flags::EVIDENCE_REQUIRED & !proof.flags, rule.pack);
            }
        }
    }

    fn relationship(&self, rule: &Rule, permission: &Permission<'a>, found: &mut Found<'a>) {
        let fact = permission.fact;
        if !permission.for_address || !self.addressed.is_related_by(&fact.scope) {
            return found.lacks_match(self.differs_in(permission));
        }
        if self.is_withdrawn(fact) {
            return;
        }
        let mut is_known = false;
        for basis in &rule.bases {
            for ground in basis.grounds.iter().filter(|ground| self.is_about(ground, fact)) {
                let Some(period) = ground.period_of(fact.relationship_kind()) else { continue };
                is_known = true;
                match self.unfulfilled(ground, fact) {
                    Some(condition) => found.lacks_condition(condition),
                    None => {
                        let longest = ground.valid_for.unwrap_or(Period::UNLIMITED);
                        let end = self.relationship_end(fact, &period);
                        let end = end
                            .min(self.end_of(fact))
                            .min(basis.valid_for.end(fact.at))
                            .min(longest.end(fact.at));
                        let bases = (basis.basis, basis.basis);
                        self.unless_lapsed(bases, fact, end, ground.dormancy, found);
                    }
                }
            }
        }
        if !is_known {
            found.lacks(Reason::BasisNotAccepted);
        }
    }

    fn is_about(&self, ground: &Ground, fact: &Fact<'_>) -> bool {
        ground.is_in_force(self.now)
            && ground.when.iter().all(|condition| self.holds(*condition, fact))
    }

    /// The first condition of the ground that is not known to be true.
    fn unfulfilled(&self, ground: &Ground, fact: &Fact<'_>) -> Option<&'static str> {
        if ground.collected_from.is_some_and(|from| fact.at < from) {
            return Some("collected_from");
        }
        let missing = ground.requires.iter().find(|condition| !self.holds(**condition, fact));
        let forbidden = || ground.forbids.iter().find(|condition| self.holds(**condition, fact));
        missing.or_else(forbidden).map(|condition| condition.as_str())
    }

    pub(super) fn holds(&self, condition: Condition, fact: &Fact<'_>) -> bool {
        match condition {
            Condition::Flag(flag, _) => fact.flags & flag != 0,
            Condition::OwnSimilar => {
                let advertised = crate::reach::named(self.message.product_group.as_deref());
                let had = crate::reach::named(fact.detail);
                matches!((advertised, had), (Some(one), Some(other)) if self.policies.are_similar(one, other))
            }
            Condition::MessageUnsubscribe => self.message.content.unsubscribe == Some(true),
            Condition::MessageSoleCharitablePurpose => {
                self.message.sole_charitable_purpose == Some(true)
            }
        }
    }

    pub(super) fn relationship_end(&self, fact: &Fact<'_>, rule: &KindRule) -> Timestamp {
        let kind = fact.relationship_kind();
        let runs = |f: &Fact<'_>| f.flags & flags::RELATIONSHIP_ACTIVE != 0;
        // that it ended takes a permission away: the end of that statement gives none back, nor does another
        // version of its event
        let is_ended = |fact: &Fact<'_>| {
            self.permissions().filter(|p| p.for_address).any(
                |Permission { fact: later, .. }| {
                    later.kind == FactKind::Relationship
                        && later.relationship_kind() == kind
                        && later.at >= fact.at
                        && !runs(later)
                        && self.addressed.is_related_by(&later.scope)
                        && !later.is_quarantined()
                        && !later.is_ahead_of(self.now)
                },
            )
        };
        if rule.while_running && runs(fact) && !is_ended(fact) {
            Timestamp::MAX
        } else {
            rule.period.end(fact.at)
        }
    }

    fn unless_lapsed(
        &self,
        (basis, accepted): (Basis, Basis),
        fact: &'a Fact<'a>,
        end: Timestamp,
        dormancy: Option<Dormancy>,
        found: &mut Found<'a>,
    ) {
        let (mut end, mut is_dormant) = (end, false);
        if let Some(dormancy) = dormancy {
            let last_act = self.last_act().unwrap_or(fact.at).max(fact.at);
            end = end.min(dormancy.block_after.end(last_act));
            is_dormant =
                dormancy.warn_after.is_some_and(|after| !after.is_running(last_act, self.now));
        }
        if self.now < end {
            found.is_live(Live { basis, accepted, fact, end, is_dormant });
        } else {
            found.lacks(Reason::ConsentExpired);
        }
    }

    /// When the person last did something that keeps consent alive, of what has not come to its end.
    fn last_act(&self) -> Option<Timestamp> {
        // towards this sender; a published address is no act of the person towards anybody, and an agreement
        // that cannot be proven need not be one either
        let is_act = |fact: &'a Fact<'a>| {
            let is_own = match fact.kind.role() {
                Role::Consent => self.is_proven_consent(fact),
                Role::Start => true,
                Role::Other => {
                    fact.kind == FactKind::Relationship && fact.relationship_kind().is_some()
                }
                Role::OptOut | Role::Objection | Role::Stop | Role::NewHolder | Role::Request => {
                    false
                }
            };
            is_own && self.addressed.sender_is_named_by(&fact.scope)
        };
        let acts = self.permissions().filter(|p| {
            let is_dated = p.for_address && p.fact.at <= self.now;
            is_dated && is_act(p.fact) && self.counts(p.fact) && !self.is_over(p.fact)
        });
        acts.map(|p| p.fact.at).max()
    }

    /// Whether an act is express consent that can be proven, by what has not come to its end.
    pub(super) fn is_proven_consent(&self, fact: &'a Fact<'a>) -> bool {
        let proof = self.proof_of(fact);
        !crate::reach::is_sale_share(&fact.scope)
            && matches!(proof.basis(), Basis::Express | Basis::ExpressWritten)
            && is_proven(proof, flags::EVIDENCE_REQUIRED)
            && !self.is_over(proof)
    }

    /// What proves an act: itself, or for a confirmation without evidence of its own the latest request that it
    /// confirms. Where that has come to its end, no earlier one takes its place: nobody knows which was confirmed.
    fn proof_of(&self, fact: &'a Fact<'a>) -> &'a Fact<'a> {
        if fact.kind != FactKind::OptInConfirmed {
            return fact;
        }
        let requests = self.permissions().filter(|p| {
            p.for_address
                && p.fact.kind == FactKind::OptInRequested
                && p.fact.scope == fact.scope
                && p.fact.at <= fact.at
                && is_proven(p.fact, flags::EVIDENCE_REQUIRED)
                && self.is_same_person(p.fact, fact)
                && self.counts(p.fact)
        });
        // a confirmation may say how it was given, but it is the request that was signed; with proof of its own it
        // does not end with the request
        let is_own = is_proven(fact, flags::EVIDENCE_REQUIRED);
        let is_signed = |request: &Fact<'_>| {
            fact.basis() == Basis::Express
                && request.basis() == Basis::ExpressWritten
                && !self.is_over(request)
        };
        let needed = |request: &&Fact<'_>| !is_own || is_signed(request);
        requests.map(|p| p.fact).filter(needed).max_by_key(|request| request.at).unwrap_or(fact)
    }

    fn is_confirmed(&self, request: &Fact<'_>) -> bool {
        self.any_granted(|f| {
            f.kind == FactKind::OptInConfirmed && f.scope == request.scope && f.at >= request.at
        })
    }
}

fn is_proven(fact: &Fact<'_>, needed: u64) -> bool {
    fact.flags & needed == needed
}

/// Whether a claimed basis can be what a rule accepts; written consent is express consent and more.
fn fulfils(claimed: Basis, accepted: Basis) -> bool {
    claimed == accepted || (claimed == Basis::ExpressWritten && accepted == Basis::Express)
}

/// An approval by an opt-out regime with nothing on file.
fn without_basis<'a>(rule: &Rule) -> Approval<'a> {
    // an interest that must rest on a relationship is none without it
    let by_interest = rule
        .bases
        .iter()
        .any(|basis| basis.basis == Basis::LegitimateInterest && basis.grounds.is_empty());
    let reason = if by_interest { Reason::LegitimateInterest } else { Reason::OptOutRegime };
    Approval { reason, live: None }
}

/// The weaker of two approvals; reasons are ordered from strong to weak.
fn weaker<'a>(known: Option<Approval<'a>>, other: Approval<'a>) -> Option<Approval<'a>> {
    Some(match known {
        Some(known) if known.reason >= other.reason => known,
        _ => other,
    })
}
