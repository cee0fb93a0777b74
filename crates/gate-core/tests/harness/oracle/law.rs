//! Marketing: what stands against a message and what permits it, by the state rules of docs/law.md section 10.

use super::*;

impl Oracle<'_> {
    /// Whether the refusal covers the message; state rule 5, spelled out by kind.
    pub(super) fn covers(&self, refusal: &ConsentChange<'_>) -> bool {
        let open = |refused: Option<&str>, said: Option<&str>| {
            refused.is_none() || said.is_none() || refused == Some("any") || refused == said
        };
        let controller = open(refusal.controller.as_deref(), self.message.controller.as_deref());
        let brand = open(refusal.brand.as_deref(), self.message.brand.as_deref());
        let purpose = match (refusal.purpose.as_deref(), self.message.purpose.as_deref()) {
            (None, _) | (_, None) | (Some("marketing"), _) => true,
            (Some(refused), Some(said)) => {
                said == refused || said.starts_with(&format!("{refused}."))
            }
        };
        let channel = match refusal.channel {
            ChannelScope::Any => true,
            ChannelScope::One(channel) => {
                channel.family() == self.message.channel.unwrap().family()
            }
        };
        match refusal.action {
            Action::OptOut => controller && brand && purpose && channel,
            Action::Complaint => controller && channel,
            Action::Object => controller,
            Action::InboundSms => {
                self.stops_number(refusal)
                    || (controller && self.is_text() && (brand || is_stop_all(refusal)))
            }
            _ => false,
        }
    }

    fn stops_number(&self, stop: &ConsentChange<'_>) -> bool {
        match (stop.to.as_deref(), self.message.sender_number.as_deref()) {
            (Some(stopped), Some(number)) => stopped == number,
            _ => self.is_text(),
        }
    }

    pub(super) fn failing(&self) -> Reasons {
        let mut failing = Reasons::default();
        for (reason, fails) in [
            (Reason::Undeliverable, self.is_dead(Action::HardBounce)),
            (Reason::NumberReassigned, self.is_dead(Action::AddressReassigned)),
            (Reason::SuppressedGlobal, self.is_suppressed(true)),
            (Reason::Erased, self.is_erased()),
            (Reason::SuppressedAddress, self.address_is_suppressed()),
            (Reason::ConsentUnreadable, self.is_unread()),
        ] {
            if fails {
                failing.insert(reason);
            }
        }
        for refusal in &self.refusals {
            let change = refusal.change;
            let stands = self.covers(change) && !self.is_over(refusal, false);
            match change.action {
                Action::OptOut if stands => failing.insert(Reason::OptedOut),
                Action::Object if stands => failing.insert(Reason::Objected),
                Action::Complaint if stands => failing.insert(Reason::Complaint),
                Action::InboundSms => {
                    if !self.brand_is_over(refusal, false) {
                        failing.insert(Reason::OptedOut);
                    }
                    if !self.number_is_over(refusal, false) {
                        failing.insert(Reason::SenderStop);
                    }
                }
                _ => {}
            }
        }
        failing
    }

    /// Whether later express acts ended the whole refusal for this message.
    fn is_over(&self, refusal: &Refusal<'_>, only_by_start: bool) -> bool {
        if refusal.change.action == Action::InboundSms {
            return self.brand_is_over(refusal, only_by_start)
                && self.number_is_over(refusal, only_by_start);
        }
        self.ends(refusal, only_by_start, |g| self.restarts_brand(g, refusal.change))
    }

    /// The half of a STOP that refuses the brand's marketing by text.
    fn brand_is_over(&self, refusal: &Refusal<'_>, only_by_start: bool) -> bool {
        let stop = refusal.change;
        let as_opt_out = ConsentChange {
            action: Action::OptOut,
            channel: ChannelScope::One(Channel::Sms),
            purpose: Some("marketing".into()),
            brand: if is_stop_all(stop) { None } else { stop.brand.clone() },
            ..stop.clone()
        };
        !self.covers(&as_opt_out)
            || self.ends(refusal, only_by_start, |g| self.restarts_brand(g, stop))
    }

    /// The half of a STOP that silences the number.
    pub(super) fn number_is_over(&self, refusal: &Refusal<'_>, only_by_start: bool) -> bool {
        let stop = refusal.change;
        let restarts = |g: &Grant<'_>| {
            let is_to_stopped = g.change.to == stop.to;
            g.change.to.is_some()
                && match g.means {
                    Means::Start => is_to_stopped || g.change.to == self.message.sender_number,
                    Means::Yes => is_to_stopped,
                    _ => false,
                }
        };
        !self.stops_number(stop) || self.ends(refusal, only_by_start, restarts)
    }

    fn restarts_brand(&self, grant: &Grant<'_>, refusal: &ConsentChange<'_>) -> bool {
        let is_stop = refusal.action == Action::InboundSms;
        let to = &grant.change.to;
        let answers = is_stop && to.is_some() && *to == refusal.to;
        (grant.means == Means::Start || (grant.means == Means::Yes && answers))
            && self.is_text()
            && (self.names_sender(grant.change) || self.is_ours(grant.change, refusal))
    }

    /// A text without a company, to a number and of a brand that are ours.
    fn is_ours(&self, text: &ConsentChange<'_>, refusal: &ConsentChange<'_>) -> bool {
        let stopped = if refusal.action == Action::InboundSms { refusal.to.as_ref() } else { None };
        let to = text.to.as_ref();
        text.controller.is_none()
            && text.brand.is_some()
            && text.brand == self.message.brand
            && to.is_some()
            && (to == stopped || to == self.message.sender_number.as_ref())
    }

    fn ends(
        &self,
        refusal: &Refusal<'_>,
        only_by_start: bool,
        restarts: impl Fn(&Grant<'_>) -> bool,
    ) -> bool {
        self.grants.iter().any(|g| {
            let by_consent = !only_by_start
                && self.covers_exactly(g.change)
                && match g.means {
                    Means::OptIn | Means::Confirmed => self.is_proven(g),
                    Means::Requested => self.is_proven(g) && self.is_confirmed_by_yes(g),
                    _ => false,
                };
            !refusal.when.ends(g, self.now) && (by_consent || restarts(g)) && self.is_usable(g)
        })
    }

    pub(super) fn is_confirmed_by_yes(&self, request: &Grant<'_>) -> bool {
        self.grants.iter().any(|yes| {
            let refused_since = |when: &When| when.ends(request, self.now);
            let is_same_person = self.contact.is_some()
                || who(request.change).0.is_none()
                || who(request.change).0 == who(yes.change).0;
            yes.means == Means::Yes
                && yes.change.occurred_at > request.change.occurred_at
                && self.is_text()
                && self.names_sender(yes.change)
                && is_same_person
                && self.is_usable(yes)
                && !self.refusals.iter().any(|r| {
                    refused_since(&r.when)
                        && (self.covers(r.change) || r.change.action == Action::AddressReassigned)
                })
                && !self.erasures.iter().any(|(when, _)| refused_since(when))
        })
    }

    /// Step 11 where express consent alone is accepted: it is there, or the first reason why it is not.
    pub(super) fn basis(&self) -> Result<(), Reason> {
        let found: Vec<_> = self.grants.iter().filter_map(|grant| self.worth(grant)).collect();
        if found.contains(&Ok(())) {
            return Ok(());
        }
        Err(found.into_iter().filter_map(Result::err).min().unwrap_or(Reason::NoConsent))
    }

    /// What a grant is worth to this message; `None` when nothing is to be said about it.
    fn worth(&self, grant: &Grant<'_>) -> Option<Result<(), Reason>> {
        let (contact, address) = who(grant.change);
        let is_here = address == Some(self.address);
        let is_the_persons = match self.contact {
            Some(_) => contact == self.contact || (contact.is_none() && is_here),
            None => is_here,
        };
        if !is_the_persons || !self.is_valid(grant) {
            return None;
        }
        match grant.means {
            Means::OptIn | Means::Confirmed | Means::Requested => self.worth_of_act(grant, is_here),
            Means::Other if grant.change.action == Action::Relationship => {
                if !is_here || !self.is_related_by(grant.change) {
                    Some(Err(Reason::ScopeMismatch))
                } else if self.is_withdrawn(grant) {
                    None
                } else {
                    Some(Err(Reason::BasisNotAccepted))
                }
            }
            _ => None,
        }
    }

    fn worth_of_act(&self, grant: &Grant<'_>, is_here: bool) -> Option<Result<(), Reason>> {
        let is_request = grant.means == Means::Requested;
        if !is_here || !self.covers_exactly(grant.change) {
            return (!is_request).then_some(Err(Reason::ScopeMismatch));
        }
        if is_request && !self.is_confirmed_by_yes(grant) {
            let is_confirmed = self.grants.iter().any(|g| {
                g.means == Means::Confirmed
                    && self.is_usable(g)
                    && place(g.change) == place(grant.change)
                    && g.change.occurred_at >= grant.change.occurred_at
            });
            return (!is_confirmed).then_some(Err(Reason::PendingConfirmation));
        }
        let proofs = self.proofs(grant);
        if proofs.is_empty() {
            Some(Err(Reason::EvidenceIncomplete))
        } else if !proofs.iter().any(|proof| claims_express(proof)) {
            Some(Err(Reason::BasisNotAccepted))
        } else {
            (!self.is_withdrawn(grant)).then_some(Ok(()))
        }
    }

    /// Whether the relationship is one with the sender; a channel or purpose that it names must fit.
    fn is_related_by(&self, change: &ConsentChange<'_>) -> bool {
        let channel = match change.channel {
            ChannelScope::Any => true,
            ChannelScope::One(channel) => Some(channel) == self.message.channel,
        };
        let purpose = change.purpose.is_none() || self.names_purpose(change);
        channel && purpose && self.names_sender(change)
    }

    /// Whether a refusal ended what was given then; only START gives it back.
    fn is_withdrawn(&self, given: &Grant<'_>) -> bool {
        self.erasures.iter().any(|(when, _)| when.ends(given, self.now))
            || self.refusals.iter().any(|r| {
                let moves_on = r.change.action == Action::AddressReassigned;
                r.when.ends(given, self.now)
                    && (moves_on || (self.covers(r.change) && !self.is_over(r, true)))
            })
    }

    /// The evidence of an act: its own, or for a confirmation without any that of the latest request of the
    /// same scope. Several when they are equally late.
    fn proofs<'g>(&'g self, grant: &Grant<'g>) -> Vec<&'g ConsentChange<'g>> {
        if is_proven(grant.change) {
            return vec![grant.change];
        }
        if grant.means != Means::Confirmed {
            return Vec::new();
        }
        let requests = self.grants.iter().filter(|request| {
            let (c, r) = (grant.change, request.change);
            let is_same_person =
                self.contact.is_some() || who(r).0.is_none() || who(r).0 == who(c).0;
            request.means == Means::Requested
                && self.is_usable(request)
                && place(r) == place(c)
                && r.occurred_at <= c.occurred_at
                && is_proven(r)
                && is_same_person
        });
        let requests: Vec<_> = requests.map(|request| request.change).collect();
        let latest = requests.iter().map(|request| request.occurred_at).max();
        requests.into_iter().filter(|request| Some(request.occurred_at) == latest).collect()
    }

    /// Whether an act is express consent with evidence. Where one request proves it and another does not, it
    /// may be: the answer is not certain then.
    fn is_proven(&self, grant: &Grant<'_>) -> bool {
        self.proofs(grant).iter().any(|proof| claims_express(proof))
    }

    /// Whether it cannot be told which of several requests proves a confirmation.
    pub(super) fn has_doubtful_proofs(&self) -> bool {
        self.grants.iter().any(|grant| {
            let proofs = self.proofs(grant);
            proofs
                .iter()
                .any(|one| proofs.iter().any(|other| claims_express(one) != claims_express(other)))
        })
    }

    fn address_is_suppressed(&self) -> bool {
        let is_revived = |erased: &When| {
            self.grants.iter().any(|g| {
                !erased.ends(g, self.now)
                    && self.is_usable(g)
                    && self.covers_exactly(g.change)
                    && self.is_proven(g)
                    && match g.means {
                        Means::OptIn | Means::Confirmed => true,
                        Means::Requested => self.is_confirmed_by_yes(g),
                        _ => false,
                    }
            })
        };
        self.erasures.iter().any(|(when, keep)| *keep && !is_revived(when))
    }

    /// Operator suppressions are kept and lifted per subject. One of marketing lets other messages pass.
    pub(super) fn is_suppressed(&self, is_marketing: bool) -> bool {
        [true, false].into_iter().any(|is_contact| {
            self.refusals.iter().any(|r| {
                let reaches = |refused: Option<&str>, said: Option<&str>| {
                    refused.is_none() || said.is_none() || refused == Some("any") || refused == said
                };
                let scope = r.change.scope.unwrap_or(SuppressionScope::All);
                r.change.action == Action::Suppress
                    && (is_marketing || scope == SuppressionScope::All)
                    && r.is_contacts == is_contact
                    && reaches(r.change.controller.as_deref(), self.message.controller.as_deref())
                    && reaches(r.change.brand.as_deref(), self.message.brand.as_deref())
                    && match r.change.channel {
                        ChannelScope::Any => true,
                        ChannelScope::One(c) => {
                            c.family() == self.message.channel.unwrap().family()
                        }
                    }
                    && !self.grants.iter().any(|g| {
                        self.hears(g.change, is_contact)
                            && self.lifts(g, r, scope)
                            && self.is_valid(g)
                            && (is_contact
                                || self.erased_until().is_none_or(|at| g.change.occurred_at > at))
                    })
            })
        })
    }

    fn lifts(&self, grant: &Grant<'_>, suppressed: &Refusal<'_>, scope: SuppressionScope) -> bool {
        let (g, s) = (grant.change, suppressed.change);
        let enough = match grant.means {
            Means::Unsuppress(SuppressionScope::All) => true,
            Means::Unsuppress(SuppressionScope::Marketing) => scope == SuppressionScope::Marketing,
            _ => false,
        };
        enough
            && !suppressed.when.ends(grant, self.now)
            && (place(g) == (ChannelScope::Any, None, None, None) || place(g) == place(s))
    }

    pub(super) fn is_dead(&self, action: Action) -> bool {
        let mut dead = self.refusals.iter().filter(|r| r.change.action == action);
        dead.any(|dead| {
            !self.grants.iter().any(|g| {
                matches!(g.means, Means::Confirmed | Means::Start)
                    && !dead.when.ends(g, self.now)
                    && self.is_usable(g)
            })
        })
    }

    fn is_unread(&self) -> bool {
        self.unread.iter().any(|(is_contact, at)| {
            !self.changes.iter().any(|(change, receipt)| {
                receipt.at.max(receipt.log.min(change.occurred_at)) > *at
                    && (if *is_contact {
                        who(change).0 == self.contact
                    } else {
                        who(change).1 == Some(self.address)
                    })
                    && (permits(change).is_some() || refuses(change))
            })
        })
    }
}

fn is_proven(change: &ConsentChange<'_>) -> bool {
    let evidence = change.evidence.as_ref();
    evidence.is_some_and(|e| e.method.is_some() && e.notice_version.is_some())
}

fn claims_express(change: &ConsentChange<'_>) -> bool {
    matches!(change.basis, None | Some(Basis::Express | Basis::ExpressWritten))
}
