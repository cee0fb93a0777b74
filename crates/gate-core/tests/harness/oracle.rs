//! A second reading of the law, over the list of events instead of over facts: naive, slow, and sharing no
//! code with `decide`, `place` or the fold.
//!
//! It judges marketing under the smallest policy set (`oracle/law.rs`), the confirmation of an opt-out and the
//! request for consent (`oracle/exempt.rs`), and knows of subjects only what the events say in plain text.
//! Where it cannot follow (a doubtful case is marked by [`Verdict::is_certain`]) it errs towards approval, so
//! that "`decide` approves, therefore the oracle does" always holds.

pub mod exempt;
mod law;

use super::{Event, Record};
use gate_core::*;

/// What the oracle thinks of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub approves: bool,
    /// Which of [`STEPS_4_TO_8`] fail.
    pub failing: Reasons,
    /// Step 11, if it fails.
    pub lacking: Option<Reason>,
    /// Whether the answer must agree in both directions.
    pub is_certain: bool,
}

/// The reasons of the steps before the basis.
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

/// Those of step 11 that can occur where express consent alone is accepted.
pub const STEP_11: [Reason; 5] = [
    Reason::PendingConfirmation,
    Reason::EvidenceIncomplete,
    Reason::BasisNotAccepted,
    Reason::ScopeMismatch,
    Reason::NoConsent,
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

/// When something was refused: the instant claimed, or where a broker knows better its receipt.
#[derive(Clone, Copy, Debug)]
struct When {
    at: Timestamp,
    received: Timestamp,
    /// The claim lies after the receipt.
    is_skewed: bool,
}

impl When {
    /// As one delivery of a change tells it.
    fn of(change: &ConsentChange<'_>, receipt: Receipt) -> Self {
        let at = change.occurred_at;
        let log = receipt.log.min(at);
        let received = if receipt.is_broker { receipt.at } else { receipt.at.max(log) };
        if !is_ahead(at, received) {
            Self { at, received, is_skewed: false }
        } else if receipt.is_broker {
            Self { at: received, received, is_skewed: true }
        } else {
            Self { at, received, is_skewed: true }
        }
    }

    fn effective(&self, now: Timestamp) -> Timestamp {
        if self.is_skewed && is_ahead(self.at, now) { self.at.min(self.received) } else { self.at }
    }

    fn ends(&self, grant: &Grant<'_>, now: Timestamp) -> bool {
        grant.change.occurred_at <= self.effective(now)
            || (self.is_skewed && grant.received <= self.received)
    }
}

/// One refusal and when it was, as one of the message's two subjects knows it.
#[derive(Clone, Copy, Debug)]
struct Refusal<'h> {
    change: &'h ConsentChange<'h>,
    when: When,
    /// Which of the two subjects knows it.
    is_contacts: bool,
}

pub fn judge(history: &[Event], message: &OutboundMessage<'_>, now: Timestamp) -> Verdict {
    let oracle = Oracle::new(history, message, now);
    let failing = oracle.failing();
    let basis = oracle.basis();
    Verdict {
        approves: message.expires_at.is_none_or(|expiry| now < expiry)
            && failing.is_empty()
            && basis.is_ok(),
        failing,
        lacking: basis.err(),
        is_certain: oracle.is_certain() && oracle.unread.is_empty(),
    }
}

struct Oracle<'h> {
    message: &'h OutboundMessage<'h>,
    contact: Option<&'h str>,
    address: &'h str,
    now: Timestamp,
    grants: Vec<Grant<'h>>,
    refusals: Vec<Refusal<'h>>,
    /// Erasures of the address or of a contact seen with it: when, and whether it stays suppressed.
    erasures: Vec<(When, bool)>,
    /// Unreadable records, by whether they are about the contact.
    unread: Vec<(bool, Timestamp)>,
    changes: Vec<(&'h ConsentChange<'h>, Receipt)>,
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
    fn new(history: &'h [Event], message: &'h OutboundMessage<'h>, now: Timestamp) -> Self {
        let mut oracle = Self {
            message,
            contact: message.contact_id.as_ref().map(ContactId::expose),
            address: message.address.as_ref().map(Address::expose).unwrap(),
            now,
            grants: Vec::new(),
            refusals: Vec::new(),
            erasures: Vec::new(),
            unread: Vec::new(),
            changes: Vec::new(),
        };
        for event in history {
            match &event.record {
                Record::Change { change, receipt } => oracle.changes.push((change, *receipt)),
                Record::Unreadable { contact, address, receipt } => {
                    if contact.is_some() && *contact == oracle.contact {
                        oracle.unread.push((true, receipt.log));
                    }
                    if *address == Some(oracle.address) {
                        oracle.unread.push((false, receipt.log));
                    }
                }
            }
        }
        oracle.gather();
        oracle
    }

    fn gather(&mut self) {
        let changes = self.changes.clone();
        for &(change, receipt) in &changes {
            if let Some(means) = permits(change) {
                let copies = changes
                    .iter()
                    .filter(|(c, _)| says_the_same(c, change) && who(c) == who(change));
                let received = copies.map(|(_, r)| r.at).min().unwrap_or(receipt.at);
                self.grants.push(Grant { change, means, received });
                continue;
            }
            if !refuses(change) {
                continue;
            }
            // of skewed deliveries of one refusal that a subject heard of, the earliest instants count
            for is_contact in [true, false] {
                if !self.hears(change, is_contact) {
                    continue;
                }
                let mut when = When::of(change, receipt);
                if when.is_skewed {
                    let copies = changes
                        .iter()
                        .filter(|(c, _)| self.hears(c, is_contact) && says_the_same(c, change))
                        .filter(|(c, _)| who(c).1.is_none() == who(change).1.is_none())
                        .map(|(c, r)| When::of(c, *r))
                        .filter(|copy| copy.is_skewed);
                    for copy in copies {
                        when.at = when.at.min(copy.at);
                        when.received = when.received.min(copy.received);
                    }
                }
                self.refusals.push(Refusal { change, when, is_contacts: is_contact });
            }
        }
        for keep in [true, false] {
            self.gather_erasures(&changes, keep);
        }
    }

    /// Erasures that claim more than their receipt tells count as one: the latest claim, and besides it the
    /// latest of all other instants named.
    fn gather_erasures(&mut self, changes: &[(&'h ConsentChange<'h>, Receipt)], keep: bool) {
        let mut claims = Vec::new();
        for &(change, receipt) in changes {
            if change.action != Action::Erase || change.keep_suppression != keep {
                continue;
            }
            let (contact, address) = who(change);
            let was_seen_here = contact.is_some()
                && changes.iter().any(|(c, _)| who(c) == (contact, Some(self.address)));
            if address == Some(self.address) || was_seen_here {
                let when = When::of(change, receipt);
                if when.is_skewed && !receipt.is_broker {
                    claims.push(when);
                } else {
                    self.erasures.push((When { is_skewed: false, ..when }, keep));
                }
            }
        }
        let Some(at) = claims.iter().map(|when| when.at).max() else { return };
        let others = claims.iter().flat_map(|when| [when.at, when.received]);
        let received = others.filter(|other| *other < at).max().unwrap();
        self.erasures.push((When { at, received, is_skewed: true }, keep));
    }

    /// Whether the message's contact (or else its address) is a subject of the change.
    fn hears(&self, change: &ConsentChange<'_>, is_contact: bool) -> bool {
        let (contact, address) = who(change);
        if is_contact {
            let about_address =
                matches!(change.action, Action::HardBounce | Action::AddressReassigned);
            contact.is_some() && contact == self.contact && !(about_address && address.is_some())
        } else {
            address == Some(self.address) || self.reaches_here(change)
        }
    }

    /// A refusal of the person that names only a contact reaches every address that any event names with it.
    fn reaches_here(&self, change: &ConsentChange<'_>) -> bool {
        let is_the_persons = match change.action {
            Action::OptOut | Action::Object | Action::Complaint => true,
            Action::InboundSms => refuses(change),
            _ => false,
        };
        let (contact, address) = who(change);
        is_the_persons
            && address.is_none()
            && self.changes.iter().any(|(c, _)| who(c) == (contact, Some(self.address)))
    }

    fn erased_until(&self) -> Option<Timestamp> {
        self.erasures.iter().map(|(when, _)| when.effective(self.now)).max()
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
            && !is_ahead(grant.change.occurred_at, self.now)
            && !self.grants.iter().any(|other| {
                other.change.event_id == grant.change.event_id
                    && other.change.occurred_at < grant.change.occurred_at
                    && self.knows(other)
            })
    }

    fn is_certain(&self) -> bool {
        !self.has_tied_versions() && !self.has_doubtful_proofs()
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
        change.channel == ChannelScope::One(self.message.channel.unwrap())
            && self.names_purpose(change)
            && self.names_sender(change)
    }

    fn names_purpose(&self, change: &ConsentChange<'_>) -> bool {
        let purpose = self.message.purpose.as_deref().unwrap_or_default();
        let is_parent =
            |parent: &str| purpose == parent || purpose.starts_with(&format!("{parent}."));
        change.purpose.as_deref().is_some_and(is_parent)
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
        Action::Relationship => Means::Other,
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
                // only what is there matters, not what it says
                let proof = c.evidence.clone().unwrap_or_default();
                format!("{:?}{:?}{proof:?}", place(c), c.basis.unwrap_or_default())
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
            Action::Relationship => {
                format!("{:?}{:?}{}{:?}", place(c), c.kind, c.context_flags, c.product_group)
            }
            Action::Profile => format!("{:?}", c.birth_date_days),
            Action::HardBounce
            | Action::AddressReassigned
            | Action::AddressChanged
            | Action::Sent => String::new(),
        };
        (c.event_id.to_string(), c.occurred_at, c.action.as_str(), by_kind)
    };
    looked_at(a) == looked_at(b)
}

type Place<'c> = (ChannelScope, Option<&'c str>, Option<&'c str>, Option<&'c str>);

fn place<'c>(c: &'c ConsentChange<'_>) -> Place<'c> {
    (c.channel, c.controller.as_deref(), c.brand.as_deref(), c.purpose.as_deref())
}
