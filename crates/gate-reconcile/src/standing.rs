//! What stands here: a person's state, brought into the lanes of one provider's lists.
//!
//! The decision itself is `gate_core::decide`, with a message and policies. Here no message is at hand, so this asks what the
//! state says whatever the message, by state rules 5 to 7 of docs/law.md: a refusal stands in a lane unless consent was proven
//! later for all of the lane's purpose. Where the two could differ this says refused, and what was agreed to in part since is
//! never a refusal of everything: written to the provider it would stop that too.

use crate::frame::{Frame, Lane};
use crate::kind::Kind;
use crate::row::{Row, Said};
use gate_core::{Basis, ConsentState, Fact, FactKind, Scope, SubjectKey, Timestamp, covers, flags};

/// The root of marketing purposes.
const MARKETING: &str = "marketing";
/// What stands for all brands, controllers or purposes.
const ANY: &str = "any";
/// Refusing that data is sold refuses no message.
const SALE_SHARE: &str = "sale_share";
/// The statements about one address. `state` is the state of the address: what its contact refused stands in it too.
#[must_use]
pub fn standing(
    state: &ConsentState<'_>,
    frame: &Frame,
    key: SubjectKey,
    now: Timestamp,
) -> Vec<Row> {
    let person = Person { facts: state.facts(), is_saturated: state.is_saturated(), frame, now };
    let refused = person.refused().into_iter().map(|(lane, refusal)| Row {
        is_whole: refusal.is_whole,
        is_writable: refusal.is_writable,
        ..Row::ours(key, Said::Refused, lane, refusal.kind, refusal.since)
    });
    let agreed = person.agreed().into_iter().map(|(lane, at)| {
        // the kind of an agreement says nothing
        Row::ours(key, Said::Agreed, lane, Kind::Unsubscribe, Some(at))
    });
    refused.chain(agreed).collect()
}

/// How far a refusal goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach<'a> {
    /// Every message.
    Whole,
    /// All marketing.
    Marketing,
    /// What this purpose covers.
    Purpose(&'a str),
}

/// How far an opt-out goes; `None` when it refuses no message.
fn reach(purpose: Option<&str>) -> Option<Reach<'_>> {
    match purpose.filter(|purpose| !purpose.is_empty()) {
        None | Some(ANY) => Some(Reach::Whole),
        Some(MARKETING) => Some(Reach::Marketing),
        Some(purpose) if covers(SALE_SHARE, purpose) => None,
        Some(purpose) => Some(Reach::Purpose(purpose)),
    }
}

impl Reach<'_> {
    fn covers(self, purpose: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Marketing => covers(MARKETING, purpose),
            Self::Purpose(refused) => covers(refused, purpose),
        }
    }
}

/// A refusal in a lane.
#[derive(Clone, Copy)]
struct Refusal {
    kind: Kind,
    since: Option<Timestamp>,
    is_whole: bool,
    is_writable: bool,
}

impl Refusal {
    /// Both at once: the later one names it, and it reaches as far as either. Only what may be written says how far is written: a
    /// block of our own beside a refusal of marketing must not stop every message there.
    fn with(self, other: Self) -> Self {
        Self {
            kind: if self.since >= other.since { self.kind } else { other.kind },
            since: self.since.max(other.since),
            is_whole: (self.is_whole && self.is_writable) || (other.is_whole && other.is_writable),
            is_writable: self.is_writable || other.is_writable,
        }
    }
}

struct Person<'s> {
    facts: &'s [Fact<'s>],
    is_saturated: bool,
    frame: &'s Frame,
    now: Timestamp,
}

impl<'s> Person<'s> {
    fn refused(&self) -> Vec<(Lane, Refusal)> {
        let mut lanes: Vec<(Lane, Refusal)> = Vec::new();
        let mut put =
            |lane: Lane, refusal: Refusal| match lanes.iter_mut().find(|(known, _)| *known == lane)
            {
                Some((_, known)) => *known = known.with(refusal),
                None => lanes.push((lane, refusal)),
            };
        if let Some(unjudged) = self.unjudged() {
            put(Lane::Everything, unjudged);
        }
        for fact in self.facts {
            if self.is_closing(fact) {
                put(Lane::Closed, self.refusal(fact, Kind::HardBounce, false));
            }
            for (lane, refusal) in self.lanes_of(fact) {
                put(lane, refusal);
            }
        }
        if lanes.iter().any(|(lane, _)| *lane == Lane::Everything) {
            // what is refused of everything is refused of the brand's groups and purposes
            lanes.retain(|(lane, _)| match lane {
                Lane::Everything | Lane::Closed | Lane::Blocked => true,
                Lane::Group(number) => self.frame.is_foreign(*number),
                Lane::Partial => false,
            });
        }
        lanes
    }

    /// Whether the gate blocks because it cannot judge.
    fn unjudged(&self) -> Option<Refusal> {
        let unread = self
            .facts
            .iter()
            .filter(|fact| fact.kind == FactKind::Unreadable)
            .map(|fact| fact.at)
            .max();
        let is_read_since = |at: Timestamp| {
            self.facts.iter().any(|fact| {
                let says_nothing = matches!(
                    fact.kind,
                    FactKind::Unreadable | FactKind::Link | FactKind::Moved | FactKind::Sent
                );
                let is_proven = !fact.kind.is_agreement() || self.is_proven(fact);
                fact.received > at
                    && !says_nothing
                    && !fact.is_about_contact()
                    && self.counts(fact)
                    && is_proven
            })
        };
        let is_unread = unread.is_some_and(|at| !is_read_since(at));
        (self.is_saturated || is_unread).then_some(Refusal {
            kind: Kind::Unjudged,
            since: None,
            is_whole: true,
            is_writable: false,
        })
    }

    /// The lanes in which a fact refuses.
    fn lanes_of(&self, fact: &Fact<'_>) -> Vec<(Lane, Refusal)> {
        let Some((kind, reach)) = self.refusing(fact) else { return Vec::new() };
        let refusal = self.refusal(fact, kind, reach == Reach::Whole);
        let in_brand = self.reaches(fact.scope.brand, self.frame.brand.as_deref());
        let is_broad = !matches!(reach, Reach::Purpose(_)) && in_brand;
        let mut lanes = Vec::new();
        if is_broad && !self.is_lifted(fact) && !self.acts(None).any(|act| self.ends(act, fact)) {
            lanes.push((Lane::Everything, refusal));
        }
        for (number, group) in self.frame.groups() {
            let brand = group.brand.as_deref().or(self.frame.brand.as_deref());
            let is_of_group = reach.covers(&group.purpose) && self.reaches(fact.scope.brand, brand);
            let is_ended = self.is_lifted(fact)
                || self.acts(brand).any(|act| self.ends(act, fact) && permits(act, &group.purpose));
            if is_of_group && !is_ended {
                let kind = if kind == Kind::Unsubscribe { Kind::Group } else { kind };
                lanes.push((Lane::Group(number), Refusal { kind, ..refusal }));
            }
        }
        let purpose = if let Reach::Purpose(purpose) = reach { purpose } else { MARKETING };
        let is_ended = self.is_lifted(fact)
            || self.acts(None).any(|act| self.ends(act, fact) && permits(act, purpose));
        if lanes.is_empty() && in_brand && !is_ended {
            lanes.push((Lane::Partial, refusal));
        }
        lanes
    }

    /// What a fact refuses of the frame's controller on its channel; `None` for what is no refusal of it.
    fn refusing<'f>(&self, fact: &'f Fact<'_>) -> Option<(Kind, Reach<'f>)> {
        let (kind, reach) = match fact.kind {
            FactKind::OptOut => (Kind::Unsubscribe, reach(fact.scope.purpose)?),
            FactKind::Objected => (Kind::Objection, Reach::Marketing),
            FactKind::Complaint => (Kind::Complaint, Reach::Whole),
            FactKind::SuppressAll => (Kind::Suppression, Reach::Whole),
            FactKind::SuppressMarketing => (Kind::Suppression, Reach::Marketing),
            FactKind::ErasedAddress if fact.flags & flags::KEEP_SUPPRESSION != 0 => {
                (Kind::Erasure, Reach::Marketing)
            }
            _ => return None,
        };
        let is_here = fact.scope.channel.refuses(self.frame.channel)
            && self.reaches(fact.scope.controller, self.frame.controller.as_deref());
        is_here.then_some((kind, reach))
    }

    fn reaches(&self, refused: Option<&str>, named: Option<&str>) -> bool {
        match (refused.filter(|name| !name.is_empty()), named) {
            (None | Some(ANY), _) | (_, None | Some(ANY)) => true,
            (Some(refused), Some(named)) => refused == named,
        }
    }

    fn refusal(&self, fact: &Fact<'_>, kind: Kind, is_whole: bool) -> Refusal {
        let since = Some(fact.effective_at(self.now));
        Refusal { kind, since, is_whole, is_writable: kind != Kind::Erasure }
    }

    /// Whether the operator ended a suppression.
    fn is_lifted(&self, fact: &Fact<'_>) -> bool {
        let ends: &[FactKind] = match fact.kind {
            FactKind::SuppressAll => &[FactKind::UnsuppressAll],
            FactKind::SuppressMarketing => {
                &[FactKind::UnsuppressMarketing, FactKind::UnsuppressAll]
            }
            _ => return false,
        };
        self.facts.iter().any(|end| {
            let reaches = end.scope == Scope::EVERYTHING || end.scope == fact.scope;
            ends.contains(&end.kind) && reaches && self.counts(end) && !fact.outdates(end, self.now)
        })
    }

    /// Whether a permission counts for now.
    fn counts(&self, act: &Fact<'_>) -> bool {
        !act.is_quarantined()
            && !act.is_ahead_of(self.now)
            && act.end.is_none_or(|end| end > self.now)
    }

    /// Whether an agreement is express consent that can be proven: by itself, or a confirmation by the request it confirms.
    fn is_proven(&self, act: &Fact<'_>) -> bool {
        let has_evidence =
            |fact: &Fact<'_>| fact.flags & flags::EVIDENCE_REQUIRED == flags::EVIDENCE_REQUIRED;
        let is_confirmed = |request: &&Fact<'_>| {
            request.kind == FactKind::OptInRequested
                && request.scope == act.scope
                && request.at <= act.at
                && (request.other.is_none() || request.other == act.other)
                && has_evidence(request)
                && self.counts(request)
        };
        let proof = if has_evidence(act) {
            Some(act)
        } else if act.kind == FactKind::OptInConfirmed {
            self.facts.iter().filter(is_confirmed).max_by_key(|request| request.at)
        } else {
            None
        };
        let is_about_sale = act.scope.purpose.is_some_and(|purpose| covers(SALE_SHARE, purpose));
        let is_express =
            |proof: &Fact<'_>| matches!(proof.basis(), Basis::Express | Basis::ExpressWritten);
        !is_about_sale && proof.is_some_and(is_express)
    }

    /// The acts by which the person agreed to something of a brand on the channel, proven.
    fn acts<'a>(&'a self, brand: Option<&'a str>) -> impl Iterator<Item = &'a Fact<'s>> {
        let brand = brand.or(self.frame.brand.as_deref());
        self.facts.iter().filter(move |act| {
            let is_act = match act.kind {
                FactKind::OptIn | FactKind::OptInConfirmed => {
                    self.is_proven(act) && act.scope.channel.permits(self.frame.channel)
                }
                FactKind::Start => {
                    act.flags & flags::YES == 0
                        && act.scope.channel.channel().is_some()
                        && act.scope.channel.refuses(self.frame.channel)
                }
                _ => false,
            };
            let is_sender = self
                .frame
                .controller
                .as_deref()
                .is_none_or(|name| act.scope.controller == Some(name))
                && (act.scope.brand == Some(ANY)
                    || brand.is_none_or(|name| act.scope.brand == Some(name)));
            is_act && is_sender && self.counts(act)
        })
    }

    /// Whether an act came after a refusal, and is of a kind that ends it.
    fn ends(&self, act: &Fact<'_>, refusal: &Fact<'_>) -> bool {
        let is_suppression =
            matches!(refusal.kind, FactKind::SuppressAll | FactKind::SuppressMarketing);
        let is_idle_start = act.kind == FactKind::Start && refusal.kind == FactKind::ErasedAddress;
        !is_suppression && !is_idle_start && !refusal.outdates(act, self.now)
    }

    /// Whether a fact closes the address, and nothing has shown since that it reaches the person (state rule 7).
    fn is_closing(&self, fact: &Fact<'_>) -> bool {
        matches!(fact.kind, FactKind::HardBounce | FactKind::Reassigned)
            && !self.proofs_of_address().any(|proof| !fact.outdates(proof, self.now))
    }

    fn proofs_of_address(&self) -> impl Iterator<Item = &Fact<'s>> {
        self.facts.iter().filter(|fact| {
            let is_start = fact.kind == FactKind::Start && fact.flags & flags::YES == 0;
            (is_start || fact.kind == FactKind::OptInConfirmed) && self.counts(fact)
        })
    }

    /// When the person last agreed, by lane.
    fn agreed(&self) -> Vec<(Lane, Timestamp)> {
        let mut lanes = Vec::new();
        lanes.extend(self.acts(None).map(|act| act.at).max().map(|at| (Lane::Everything, at)));
        for (number, group) in self.frame.groups() {
            let acts = self.acts(group.brand.as_deref()).filter(|act| permits(act, &group.purpose));
            lanes.extend(acts.map(|act| act.at).max().map(|at| (Lane::Group(number), at)));
        }
        lanes.extend(
            self.proofs_of_address().map(|proof| proof.at).max().map(|at| (Lane::Closed, at)),
        );
        lanes
    }
}

/// Whether an act covers a purpose; START covers what STOP did, whatever the purpose.
fn permits(act: &Fact<'_>, purpose: &str) -> bool {
    act.kind == FactKind::Start
        || act.scope.purpose.is_some_and(|permitted| covers(permitted, purpose))
}
