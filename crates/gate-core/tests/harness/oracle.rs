//! A second reading of the law, over the list of events instead of over facts: naive, slow, and sharing no
//! code with `decide`, `place` or the fold.
//!
//! It judges marketing messages only, and knows of subjects only what the events say in plain text. Where it
//! cannot follow (a doubtful case is marked by [`Verdict::is_certain`]) it errs towards approval, so that
//! "`decide` approves, therefore the oracle does" always holds.

use super::{Event, Record};
use gate_core::*;

/// What the oracle thinks of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub approves: bool,
    /// Which of [`STEPS_4_TO_8`] fail.
    pub failing: Reasons,
    /// Whether the answer must agree in both directions.
    pub is_certain: bool,
}

/// The reasons the oracle tells apart; for the rest it only knows whether a basis is there.
pub const STEPS_4_TO_8: [Reason; 10] = [
    Reason::Undeliverable,
    Reason::NumberReassigned,
    Reason::SuppressedGlobal,
    Reason::Erased,
    Reason::SuppressedAddress,
    Reason::Complaint,
    Reason::Objected,
    Reason::OptedOut,
    Reason::SenderStop,
    Reason::ConsentUnreadable,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    OptIn,
    Confirmed,
    Requested,
    Start,
    Yes,
    Unsuppress(SuppressionScope),
    /// Permissive, but no help to a message under the strict policy.
    Other,
}

/// One version of a permissive event.
#[derive(Clone, Copy, Debug)]
struct Grant<'h> {
    change: &'h ConsentChange<'h>,
    means: Means,
    received: Timestamp,
}

/// One refusal and the instant it takes effect, as one of the message's two subjects knows it.
#[derive(Clone, Copy, Debug)]
struct Refusal<'h> {
    change: &'h ConsentChange<'h>,
    at: Timestamp,
    /// Which of the two subjects knows it.
    is_contacts: bool,
}

pub fn judge(history: &[Event], message: &OutboundMessage<'_>, now: Timestamp) -> Verdict {
    let oracle = Oracle::new(history, message);
    let failing = oracle.failing();
    Verdict {
        approves: message.expires_at.is_none_or(|expiry| now < expiry)
            && failing.is_empty()
            && oracle.grants.iter().any(|grant| oracle.is_basis(grant)),
        failing,
        is_certain: !oracle.has_tied_versions() && oracle.unread.is_empty(),
    }
}

struct Oracle<'h> {
    message: &'h OutboundMessage<'h>,
    contact: Option<&'h str>,
    address: &'h str,
    grants: Vec<Grant<'h>>,
    refusals: Vec<Refusal<'h>>,
    /// Erasures of the address or of a contact seen with it: instant, and whether it stays suppressed.
    erasures: Vec<(Timestamp, bool)>,
    /// Unreadable records, by whether they are about the contact.
    unread: Vec<(bool, Timestamp)>,
    changes: Vec<(&'h ConsentChange<'h>, Timestamp)>,
}

const SKEW_MICROS: i64 = 300_000_000;

fn is_ahead(claimed: Timestamp, received: Timestamp) -> bool {
    claimed.as_micros() > received.as_micros() + SKEW_MICROS
}

fn who<'h>(change: &'h ConsentChange<'_>) -> (Option<&'h str>, Option<&'h str>) {
    (
        change.contact_id.as_ref().map(ContactId::expose),
        change.address.as_ref().map(Address::expose),
    )
}

impl<'h> Oracle<'h> {
    fn new(history: &'h [Event], message: &'h OutboundMessage<'h>) -> Self {
        let mut oracle = Self {
            message,
            contact: message.contact_id.as_ref().map(ContactId::expose),
            address: message.address.as_ref().map(Address::expose).unwrap(),
            grants: Vec::new(),
            refusals: Vec::new(),
            erasures: Vec::new(),
            unread: Vec::new(),
            changes: Vec::new(),
        };
        for event in history {
            match &event.record {
                Record::Change { change, received } => oracle.changes.push((change, *received)),
                Record::Unreadable { contact, address, received } => {
                    if contact.is_some() && *contact == oracle.contact {
                        oracle.unread.push((true, *received));
                    }
                    if *address == Some(oracle.address) {
                        oracle.unread.push((false, *received));
                    }
                }
            }
        }
        oracle.gather();
        oracle
    }

    fn gather(&mut self) {
        let changes = self.changes.clone();
        for &(change, received) in &changes {
            if let Some(means) = permits(change) {
                let copies = changes
                    .iter()
                    .filter(|(c, _)| says_the_same(c, change) && who(c) == who(change));
                let received = copies.map(|(_, r)| *r).min().unwrap_or(received);
                self.grants.push(Grant { change, means, received });
                continue;
            }
            if !refuses(change) {
                continue;
            }
            // the receipt that counts is the earliest in which a subject heard of it with a clock ahead
            for is_contact in [true, false] {
                if !self.hears(change, is_contact) {
                    continue;
                }
                let at = if !is_ahead(change.occurred_at, received) {
                    change.occurred_at
                } else if change.action == Action::Erase {
                    received
                } else {
                    let copies = changes.iter().filter(|(c, r)| {
                        self.hears(c, is_contact)
                            && says_the_same(c, change)
                            && is_ahead(c.occurred_at, *r)
                    });
                    copies.map(|(_, r)| *r).min().unwrap_or(received)
                };
                self.refusals.push(Refusal { change, at, is_contacts: is_contact });
            }
        }
        for &(change, received) in &changes {
            if change.action == Action::Erase {
                let ahead = is_ahead(change.occurred_at, received);
                let at = if ahead { received } else { change.occurred_at };
                let (contact, address) = who(change);
                let was_seen_here = contact.is_some()
                    && changes.iter().any(|(c, _)| who(c) == (contact, Some(self.address)));
                if address == Some(self.address) || was_seen_here {
                    self.erasures.push((at, change.keep_suppression));
                }
            }
        }
    }

    /// Whether the message's contact (or else its address) is a subject of the change.
    fn hears(&self, change: &ConsentChange<'_>, is_contact: bool) -> bool {
        let (contact, address) = who(change);
        if is_contact {
            let about_address =
                matches!(change.action, Action::HardBounce | Action::AddressReassigned);
            contact.is_some() && contact == self.contact && !(about_address && address.is_some())
        } else {
            address == Some(self.address)
        }
    }

    fn erased_until(&self) -> Option<Timestamp> {
        self.erasures.iter().map(|(at, _)| *at).max()
    }

    fn is_erased(&self) -> bool {
        self.refusals.iter().any(|r| {
            r.change.action == Action::Erase
                && self.contact.is_some()
                && who(r.change).0 == self.contact
        })
    }

    /// Whether anybody looking at this message still knows of the version.
    fn knows(&self, grant: &Grant<'_>) -> bool {
        let (contact, address) = who(grant.change);
        let by_contact = contact.is_some() && contact == self.contact;
        let is_forgotten = self.erased_until().is_some_and(|at| grant.change.occurred_at <= at);
        by_contact || (address == Some(self.address) && !is_forgotten)
    }

    /// Given for this address, by this contact or by nobody in particular, not from the future, and the
    /// earliest version of its event.
    fn is_usable(&self, grant: &Grant<'_>) -> bool {
        self.is_valid(grant)
            && who(grant.change).1 == Some(self.address)
            && (self.contact.is_none()
                || who(grant.change).0.is_none()
                || who(grant.change).0 == self.contact)
    }

    fn is_valid(&self, grant: &Grant<'_>) -> bool {
        self.knows(grant)
            && !is_ahead(grant.change.occurred_at, grant.received)
            && !self.grants.iter().any(|other| {
                other.change.event_id == grant.change.event_id
                    && other.change.occurred_at < grant.change.occurred_at
                    && self.knows(other)
            })
    }

    fn has_tied_versions(&self) -> bool {
        self.grants.iter().enumerate().any(|(nth, grant)| {
            self.grants.iter().skip(nth + 1).any(|other| {
                other.change.event_id == grant.change.event_id
                    && other.change.occurred_at == grant.change.occurred_at
                    && !says_the_same(other.change, grant.change)
            })
        })
    }

    fn covers_exactly(&self, change: &ConsentChange<'_>) -> bool {
        let purpose = self.message.purpose.as_deref().unwrap_or_default();
        let is_parent =
            |parent: &str| purpose == parent || purpose.starts_with(&format!("{parent}."));
        change.channel == ChannelScope::One(self.message.channel.unwrap())
            && change.purpose.as_deref().is_some_and(is_parent)
            && self.names_sender(change)
    }

    fn names_sender(&self, change: &ConsentChange<'_>) -> bool {
        change.controller.is_some()
            && change.controller == self.message.controller
            && change.brand.is_some()
            && (change.brand == self.message.brand || change.brand.as_deref() == Some("any"))
    }

    fn is_text(&self) -> bool {
        matches!(self.message.channel, Some(Channel::Sms | Channel::Mms | Channel::Rcs))
    }

    /// Whether the refusal covers the message; state rule 5, spelled out by kind.
    fn covers(&self, refusal: &ConsentChange<'_>) -> bool {
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

    fn failing(&self) -> Reasons {
        let mut failing = Reasons::default();
        for (reason, fails) in [
            (Reason::Undeliverable, self.is_dead(Action::HardBounce)),
            (Reason::NumberReassigned, self.is_dead(Action::AddressReassigned)),
            (Reason::SuppressedGlobal, self.is_suppressed()),
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
        self.ends(refusal, only_by_start, |g| self.restarts_brand(g, false))
    }

    /// The half of a STOP that refuses the brand's marketing by text.
    fn brand_is_over(&self, refusal: &Refusal<'_>, only_by_start: bool) -> bool {
        let stop = refusal.change;
        let as_opt_out = ConsentChange {
            action: Action::OptOut,
            channel: ChannelScope::One(Channel::Sms),
            purpose: None,
            brand: if is_stop_all(stop) { None } else { stop.brand.clone() },
            ..stop.clone()
        };
        !self.covers(&as_opt_out)
            || self.ends(refusal, only_by_start, |g| self.restarts_brand(g, true))
    }

    /// The half of a STOP that silences the number.
    fn number_is_over(&self, refusal: &Refusal<'_>, only_by_start: bool) -> bool {
        let stop = refusal.change;
        let restarts = |g: &Grant<'_>| {
            matches!(g.means, Means::Start | Means::Yes)
                && g.change.to.is_some()
                && (g.change.to == stop.to || g.change.to == self.message.sender_number)
        };
        !self.stops_number(stop) || self.ends(refusal, only_by_start, restarts)
    }

    fn restarts_brand(&self, grant: &Grant<'_>, is_stop: bool) -> bool {
        (grant.means == Means::Start || (grant.means == Means::Yes && is_stop))
            && self.is_text()
            && self.names_sender(grant.change)
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
                    Means::OptIn | Means::Confirmed => true,
                    Means::Requested => self.is_confirmed_by_yes(g),
                    _ => false,
                };
            g.change.occurred_at > refusal.at && (by_consent || restarts(g)) && self.is_usable(g)
        })
    }

    fn is_confirmed_by_yes(&self, request: &Grant<'_>) -> bool {
        self.grants.iter().any(|yes| {
            let refused_since = |at: Timestamp| at >= request.change.occurred_at;
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
                    refused_since(r.at)
                        && (self.covers(r.change) || r.change.action == Action::AddressReassigned)
                })
                && !self.erasures.iter().any(|(at, _)| refused_since(*at))
        })
    }

    fn is_basis(&self, grant: &Grant<'_>) -> bool {
        let is_express = match grant.means {
            Means::OptIn | Means::Confirmed => true,
            Means::Requested => self.is_confirmed_by_yes(grant),
            _ => false,
        };
        let given = grant.change.occurred_at;
        is_express
            && self.is_usable(grant)
            && self.covers_exactly(grant.change)
            && self.is_proven(grant)
            && matches!(grant.change.basis, None | Some(Basis::Express | Basis::ExpressWritten))
            && !self.erasures.iter().any(|(at, _)| *at >= given)
            && !self.refusals.iter().any(|r| {
                let moves_on = r.change.action == Action::AddressReassigned;
                r.at >= given && (moves_on || (self.covers(r.change) && !self.is_over(r, true)))
            })
    }

    fn is_proven(&self, grant: &Grant<'_>) -> bool {
        let has_both = |change: &ConsentChange<'_>| {
            change
                .evidence
                .as_ref()
                .is_some_and(|e| e.method.is_some() && e.notice_version.is_some())
        };
        has_both(grant.change)
            || (grant.means == Means::Confirmed
                && self.grants.iter().any(|request| {
                    let (c, r) = (grant.change, request.change);
                    let is_same_person =
                        self.contact.is_some() || who(r).0.is_none() || who(r).0 == who(c).0;
                    request.means == Means::Requested
                        && self.is_usable(request)
                        && place(r) == place(c)
                        && r.occurred_at <= c.occurred_at
                        && has_both(r)
                        && is_same_person
                }))
    }

    fn address_is_suppressed(&self) -> bool {
        let Some(at) = self.erasures.iter().filter(|(_, keep)| *keep).map(|(at, _)| *at).max()
        else {
            return false;
        };
        !self.grants.iter().any(|g| {
            g.change.occurred_at > at
                && self.is_usable(g)
                && self.covers_exactly(g.change)
                && match g.means {
                    Means::OptIn | Means::Confirmed => true,
                    Means::Requested => self.is_confirmed_by_yes(g),
                    _ => false,
                }
        })
    }

    /// Operator suppressions are kept and lifted per subject.
    fn is_suppressed(&self) -> bool {
        [true, false].into_iter().any(|is_contact| {
            self.refusals.iter().any(|r| {
                let reaches = |refused: Option<&str>, said: Option<&str>| {
                    refused.is_none() || said.is_none() || refused == Some("any") || refused == said
                };
                let scope = r.change.scope.unwrap_or(SuppressionScope::All);
                r.change.action == Action::Suppress
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
            && g.occurred_at > suppressed.at
            && (place(g) == (ChannelScope::Any, None, None, None) || place(g) == place(s))
    }

    fn is_dead(&self, action: Action) -> bool {
        let dead = self.refusals.iter().filter(|r| r.change.action == action);
        dead.map(|r| r.at).max().is_some_and(|dead| {
            !self.grants.iter().any(|g| {
                matches!(g.means, Means::Confirmed | Means::Start)
                    && g.change.occurred_at > dead
                    && self.is_usable(g)
            })
        })
    }

    fn is_unread(&self) -> bool {
        self.unread.iter().any(|(is_contact, at)| {
            !self.changes.iter().any(|(change, received)| {
                *received > *at
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

/// What a permissive change means; `None` for any other.
fn permits(change: &ConsentChange<'_>) -> Option<Means> {
    Some(match change.action {
        Action::OptIn => Means::OptIn,
        Action::OptInConfirmed => Means::Confirmed,
        Action::OptInRequested => Means::Requested,
        Action::Unsuppress => Means::Unsuppress(change.scope?),
        Action::InboundSms => match change.text.as_deref()? {
            "START" => Means::Start,
            "YES" => Means::Yes,
            _ => return None,
        },
        Action::Relationship if change.kind.is_some() => Means::Other,
        Action::RegistryStatus if change.listed == Some(false) => Means::Other,
        Action::Profile if change.birth_date_days.is_some() => Means::Other,
        _ => return None,
    })
}

fn refuses(change: &ConsentChange<'_>) -> bool {
    match change.action {
        Action::InboundSms => matches!(change.text.as_deref(), Some("STOP" | "STOP ALL")),
        Action::HardBounce => !change.smtp.as_deref().is_some_and(|code| code.starts_with("4.")),
        Action::OptOut
        | Action::Object
        | Action::Complaint
        | Action::AddressReassigned
        | Action::Suppress
        | Action::Erase => true,
        _ => false,
    }
}

fn is_stop_all(change: &ConsentChange<'_>) -> bool {
    change.text.as_deref() == Some("STOP ALL")
}

/// The same version of the same event: equal in all that its kind of event looks at, whomever it names.
fn says_the_same(a: &ConsentChange<'_>, b: &ConsentChange<'_>) -> bool {
    let looked_at = |c: &ConsentChange<'_>| {
        let by_kind = match c.action {
            Action::OptInRequested | Action::OptIn | Action::OptInConfirmed => {
                let proof = c.evidence.as_ref();
                let method = proof.and_then(|e| e.method.as_deref());
                let notice = proof.and_then(|e| e.notice_version.as_deref());
                format!("{:?}{:?}{method:?}{notice:?}", place(c), c.basis.unwrap_or_default())
            }
            Action::OptOut => format!("{:?}", place(c)),
            Action::Object => format!("{:?}", c.controller),
            Action::Complaint => format!("{:?}{:?}", c.controller, c.channel),
            Action::InboundSms => {
                let brand = if is_stop_all(c) { None } else { c.brand.as_deref() };
                format!("{:?}{brand:?}{:?}{:?}{:?}", c.controller, c.channel, c.text, c.to)
            }
            Action::Suppress | Action::Unsuppress => format!("{:?}{:?}", place(c), c.scope),
            Action::Erase => format!("{}", c.keep_suppression),
            Action::RegistryStatus => format!("{:?}{:?}", c.listed, c.registry),
            Action::Relationship => format!("{:?}{:?}{}", place(c), c.kind, c.context_flags),
            Action::Profile => format!("{:?}", c.birth_date_days),
            Action::HardBounce | Action::AddressReassigned | Action::Sent => String::new(),
        };
        (c.event_id.to_string(), c.occurred_at, c.action.as_str(), by_kind)
    };
    looked_at(a) == looked_at(b)
}

type Place<'c> = (ChannelScope, Option<&'c str>, Option<&'c str>, Option<&'c str>);

fn place<'c>(c: &'c ConsentChange<'_>) -> Place<'c> {
    (c.channel, c.controller.as_deref(), c.brand.as_deref(), c.purpose.as_deref())
}
