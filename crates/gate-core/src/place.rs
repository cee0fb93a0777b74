//! Placing a consent change: which facts it leaves in the states of its contact and its address.
//!
//! Restrictive facts go to both, permissive ones to both with the other side named, what is wrong with an
//! address only to the address. What a source leaves open means everything when it refuses and nothing when
//! it permits. A refusal that claims to be from after its receipt keeps both instants (`Fact::effective_at`).
//!
//! Deliberately absent: the fold (`consent.rs`), hashing and receipt clocks; the shell hands those in.

use crate::change::{Action, ConsentChange, SuppressionScope};
use crate::complaint::{self, Feedback};
use crate::fact::{Fact, FactKind, Scope, flags};
use crate::reach::{MARKETING, named};
use crate::{
    Basis, Channel, ChannelScope, EventKey, Family, Keyword, Receipt, SubjectKey, Timestamp,
    bounce, classify,
};

/// The subjects a change speaks about, hashed by the shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The contact id's key.
    pub contact: Option<SubjectKey>,
    /// The canonical address's key.
    pub address: Option<SubjectKey>,
    /// The key of the address that takes the place of that one, for `address_changed`.
    pub successor: Option<SubjectKey>,
    /// The key of the message a `sent` names, hashed like an event id.
    pub message: Option<EventKey>,
    /// Which number of its line the address is ([`CanonicalAddress::variant`](crate::CanonicalAddress::variant)).
    pub variant: u8,
}

/// What a change did, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It became facts.
    Facts,
    /// It says nothing about consent (a text that is no keyword …).
    None,
    /// Permissive and from the future: kept aside, not used.
    Quarantined,
    /// Restrictive and from after its receipt: applied, with its receipt beside what it claims.
    Clamped,
}

/// The facts of one change, by subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement<'a> {
    /// For the contact's state.
    pub contact: Vec<Fact<'a>>,
    /// For the address's state.
    pub address: Vec<Fact<'a>>,
    /// What kind of change it was.
    pub effect: Effect,
    /// A text a person should look at ("cancel my order").
    pub review: bool,
}

/// Turns a change into facts about its subjects.
///
/// `event` is the keyed hash of the event id, `receipt` when its record was received (nothing known: permissions
/// then count as from the future, refusals as of when the person acted).
#[must_use]
pub fn place<'a>(
    change: &'a ConsentChange<'_>,
    subjects: Subjects,
    event: EventKey,
    receipt: Receipt,
) -> Placement<'a> {
    let mut placing = Placing {
        change,
        subjects,
        event,
        receipt,
        out: Placement {
            contact: Vec::new(),
            address: Vec::new(),
            effect: Effect::None,
            review: false,
        },
    };
    placing.by_action();
    placing.link();
    placing.out
}

/// The fact that one of a subject's consent changes could not be read (promise P3: a possible opt-out).
///
/// It claims no instant, so it has that of its log: never before what stands before it there. Where the log has
/// none, nobody can tell which event came later, so it stands.
#[must_use]
pub fn unreadable(event: EventKey, receipt: Receipt) -> Fact<'static> {
    let at = if Receipt::is_known(receipt.log) { receipt.log } else { Timestamp::MAX };
    Fact::new(FactKind::Unreadable, event, at, receipt.at)
}

struct Placing<'a, 'c> {
    change: &'a ConsentChange<'c>,
    subjects: Subjects,
    event: EventKey,
    receipt: Receipt,
    out: Placement<'a>,
}

impl<'a> Placing<'a, '_> {
    fn by_action(&mut self) {
        let change = self.change;
        match change.action {
            Action::OptInRequested => self.grant(FactKind::OptInRequested),
            Action::OptIn => self.grant(FactKind::OptIn),
            Action::OptInConfirmed => self.grant(FactKind::OptInConfirmed),
            Action::Relationship => self.relationship(),
            Action::OptOut => self.refuse(FactKind::OptOut, self.scope(), None),
            // an objection reaches every channel, brand and marketing purpose of the controller (rule 5)
            Action::Object => self.refuse(FactKind::Objected, self.controller_wide(), None),
            Action::Complaint => self.complaint(),
            Action::InboundSms => self.inbound_sms(),
            Action::HardBounce => {
                if bounce::is_permanent(change.smtp.as_deref()) {
                    self.restrict_address(FactKind::HardBounce, None);
                }
            }
            Action::AddressReassigned => self.restrict_address(FactKind::Reassigned, None),
            Action::RegistryStatus if change.listed == Some(false) => {
                let fact = self.fact(FactKind::RegistryClear, self.scope(), self.registry());
                self.permit(fact);
            }
            Action::RegistryStatus => {
                self.restrict_address(FactKind::RegistryListed, self.registry());
            }
            Action::Suppress => {
                let kind = match change.scope {
                    Some(SuppressionScope::Marketing) => FactKind::SuppressMarketing,
                    Some(SuppressionScope::All) | None => FactKind::SuppressAll,
                };
                self.restrict(kind, self.scope(), None);
            }
            Action::Unsuppress => {
                let kind = match change.scope {
                    Some(SuppressionScope::All) => FactKind::UnsuppressAll,
                    Some(SuppressionScope::Marketing) => FactKind::UnsuppressMarketing,
                    None => return, // a missing scope permits nothing
                };
                let fact = self.fact(kind, self.scope(), None);
                self.permit(fact);
            }
            Action::Erase => self.erase(),
            Action::Profile => {
                self.moved();
                if let Some(kind) = change.recipient_kind {
                    let mut fact = self.fact(FactKind::Kind, Scope::EVERYTHING, None);
                    fact.flags = kind as u64;
                    // a statement of its own: no other version of the birth date beside it
                    fact.event = mixed(self.event, Timestamp::MAX);
                    self.permit(fact);
                }
                if let Some(days) = change.birth_date_days {
                    let mut fact = self.fact(FactKind::Profile, Scope::EVERYTHING, None);
                    fact.flags = u64::from(days.cast_unsigned());
                    self.permit(fact);
                }
            }
            Action::Sent => self.sent(),
            Action::AddressChanged => self.moved(),
        }
    }

    /// What the change speaks about. A blank name is a missing one: everything when restrictive.
    fn scope(&self) -> Scope<'a> {
        Scope {
            channel: self.change.channel,
            controller: named(self.change.controller.as_deref()),
            brand: named(self.change.brand.as_deref()),
            purpose: named(self.change.purpose.as_deref()),
        }
    }

    fn controller_wide(&self) -> Scope<'a> {
        Scope { controller: self.scope().controller, ..Scope::EVERYTHING }
    }

    fn registry(&self) -> Option<&'a str> {
        self.change.registry.as_deref()
    }

    fn fact(&self, kind: FactKind, scope: Scope<'a>, detail: Option<&'a str>) -> Fact<'a> {
        let mut fact = Fact::new(kind, self.event, self.change.occurred_at, self.receipt.at);
        fact.scope = scope;
        fact.detail = detail;
        fact
    }

    fn grant(&mut self, kind: FactKind) {
        let mut fact = self.fact(kind, self.scope(), None);
        fact.flags = self.change.basis.unwrap_or(Basis::Express) as u64;
        if let Some(evidence) = &self.change.evidence {
            let present = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
            for (holds, flag) in [
                (present(evidence.method.as_deref()), flags::METHOD),
                (present(evidence.notice_version.as_deref()), flags::NOTICE_VERSION),
                (evidence.signature, flags::SIGNATURE),
                (evidence.number_named, flags::NUMBER_NAMED),
                (evidence.not_condition_of_purchase, flags::NOT_CONDITION_OF_PURCHASE),
                (evidence.has_notice_text, flags::NOTICE_TEXT),
                (evidence.has_source, flags::SOURCE),
                (evidence.has_locale, flags::LOCALE),
                (evidence.has_template_id, flags::TEMPLATE_ID),
            ] {
                fact.flags |= if holds { flag } else { 0 };
            }
        }
        self.permit(fact);
    }

    fn relationship(&mut self) {
        let detail = self.change.product_group.as_deref();
        let mut fact = self.fact(FactKind::Relationship, self.scope(), detail);
        // a published or handed-over address is no purchase and no contract: it has no kind
        let kind = self.change.kind.map_or(0, |kind| kind as u64 + 1);
        fact.flags = self.change.context_flags | (kind << flags::KIND_SHIFT);
        self.permit(fact);
    }

    /// A spam report reaches every brand of the controller (docs/law.md section 6), a request to be left out of the list
    /// what it names.
    fn complaint(&mut self) {
        let controller = Scope { channel: self.change.channel, ..self.controller_wide() };
        match complaint::feedback(self.change.format.as_deref()) {
            Feedback::Complaint => self.refuse(FactKind::Complaint, controller, None),
            Feedback::OptOut => self.refuse(FactKind::OptOut, self.scope(), None),
            Feedback::None => {}
        }
    }

    fn inbound_sms(&mut self) {
        match classify(self.change.text.as_deref().unwrap_or_default()) {
            Keyword::Stop => self.stop(self.scope().brand),
            Keyword::StopAll => self.stop(None),
            Keyword::Start => self.start(0),
            Keyword::Yes => self.start(flags::YES),
            Keyword::Review => self.out.review = true,
            Keyword::Help | Keyword::None => {}
        }
    }

    fn our_number(&self) -> Option<&'a str> {
        named(self.change.to.as_deref())
    }

    /// Everything from the number, and all marketing of the brand on the text channels (and by automated calls:
    /// [`crate::reach`]); a STOP that came by another channel stops that one as well. What the brand sends from
    /// other numbers without promotion goes on, unless a pack says `revoke_all`.
    fn stop(&mut self, brand: Option<&'a str>) {
        self.refuse(FactKind::SenderStop, Scope::EVERYTHING, self.our_number());
        let also = match self.change.channel {
            ChannelScope::One(channel) if channel.family() != Family::Text => Some(channel),
            ChannelScope::One(_) | ChannelScope::Any => None,
        };
        for channel in [Some(Channel::Sms), also].into_iter().flatten() {
            let scope = Scope {
                channel: ChannelScope::One(channel),
                brand,
                purpose: Some(MARKETING),
                ..self.scope()
            };
            let mut fact = self.refusal(FactKind::OptOut, scope, self.our_number());
            fact.flags |= flags::KEYWORD;
            self.put(fact);
        }
    }

    fn start(&mut self, flags: u64) {
        let channel = match self.change.channel {
            ChannelScope::One(channel) => channel,
            ChannelScope::Any => Channel::Sms,
        };
        let scope = Scope { channel: ChannelScope::One(channel), purpose: None, ..self.scope() };
        let mut fact = self.fact(FactKind::Start, scope, self.our_number());
        fact.flags = flags;
        self.permit(fact);
    }

    /// A message that went out counts for both subjects, by its own key: the gate's approval of the same
    /// message is not counted again. A clock that ran ahead must not keep it in the window for longer than the
    /// broker knows it to be there, and a record that was dated back must not take it out.
    fn sent(&mut self) {
        let mut fact =
            self.fact(FactKind::Sent, self.scope(), named(self.change.product_group.as_deref()));
        fact.event = self.subjects.message.unwrap_or(self.event);
        fact.received = self.receipt.of_claim(fact.at);
        if self.receipt.is_broker && Receipt::is_known(fact.received) {
            fact.at = fact.at.min(fact.received);
        }
        self.out.effect = Effect::Facts;
        self.put(fact);
    }

    /// What was refused at the old address holds for the new one, whenever it was or will be; permissions do not move
    /// (docs/law.md section 10, state rule 8). Another spelling of the same address says nothing.
    fn moved(&mut self) {
        let Subjects { address: Some(address), successor: Some(successor), .. } = self.subjects
        else {
            return; // the shell takes a change without both for unreadable
        };
        if address != successor {
            self.out.effect = Effect::Facts;
            self.out.address.push(Fact::moved(successor));
        }
    }

    fn erase(&mut self) {
        let keep = if self.change.keep_suppression { flags::KEEP_SUPPRESSION } else { 0 };
        let mut fact = self.restriction(FactKind::ErasedContact, Scope::EVERYTHING, None);
        // the broker's word is the truth: such erasures collapse into the latest like any other
        let is_claim = fact.at > fact.received;
        fact.flags = keep | if is_claim { fact.flags & flags::SKEWED } else { 0 };
        fact.event = self.event;
        if self.subjects.contact.is_some() {
            self.out.contact.push(fact);
        }
        if self.subjects.address.is_some() {
            self.out.address.extend(fact.about_addresses());
        }
    }

    /// A restriction takes effect when the person acted. One from after its receipt has a clock that is wrong,
    /// the source's or the one that dated the record. The broker's is right, so there the receipt counts for
    /// good; where the producer dated it nobody can tell yet, and both instants are kept. A receipt that is not
    /// known must not date a refusal back.
    fn restriction(
        &mut self,
        kind: FactKind,
        scope: Scope<'a>,
        detail: Option<&'a str>,
    ) -> Fact<'a> {
        let mut fact = self.fact(kind, scope, detail);
        self.out.effect = Effect::Facts;
        let received = self.receipt.of_claim(fact.at);
        if Receipt::is_known(received) && Receipt::is_before(received, fact.at) {
            // a redelivery keeps the earliest receipt, but one that claims another time is another refusal
            // and must not be merged into it: the claim becomes part of the fact's event
            fact.event = mixed(self.event, fact.at);
            fact.received = received;
            if self.receipt.is_broker {
                fact.at = received;
            }
            fact.flags |= flags::SKEWED;
            self.out.effect = Effect::Clamped;
        }
        fact
    }

    /// Restrictive facts match by either key, so they go to both.
    fn restrict(&mut self, kind: FactKind, scope: Scope<'a>, detail: Option<&'a str>) {
        let fact = self.restriction(kind, scope, detail);
        self.put(fact);
    }

    /// What the person refuses. With no address named it is the person's, and reaches every address that was or
    /// will be seen with the contact, as an erasure does.
    fn refuse(&mut self, kind: FactKind, scope: Scope<'a>, detail: Option<&'a str>) {
        let fact = self.refusal(kind, scope, detail);
        self.put(fact);
    }

    fn refusal(&mut self, kind: FactKind, scope: Scope<'a>, detail: Option<&'a str>) -> Fact<'a> {
        let mut fact = self.restriction(kind, scope, detail);
        if self.subjects.address.is_none() {
            fact.flags |= flags::ABOUT_CONTACT;
        }
        fact
    }

    fn put(&mut self, fact: Fact<'a>) {
        if self.subjects.contact.is_some() {
            self.out.contact.push(fact);
        }
        if self.subjects.address.is_some() {
            self.out.address.push(fact);
        }
    }

    /// What is wrong with an address says nothing about the contact's other addresses; only when no
    /// address is named does it reach all of the contact's.
    fn restrict_address(&mut self, kind: FactKind, detail: Option<&'a str>) {
        let fact = self.restriction(kind, Scope::EVERYTHING, detail);
        if self.subjects.address.is_some() {
            self.out.address.push(fact);
        } else if self.subjects.contact.is_some() {
            self.out.contact.push(fact);
        }
    }

    /// A permission goes to both with the other side named: it counts only for that pair.
    fn permit(&mut self, fact: Fact<'a>) {
        self.out.effect = if fact.is_quarantined() { Effect::Quarantined } else { Effect::Facts };
        let Subjects { contact, address, variant, .. } = self.subjects;
        let mut fact = fact;
        // an end that lies before the act permits nothing, whatever a clock says
        fact.end =
            self.change.expires_at.map(|end| if end > fact.at { end } else { Timestamp::MIN });
        if !matches!(fact.kind, FactKind::Profile | FactKind::Kind) {
            fact.flags |= (u64::from(variant) << flags::VARIANT_SHIFT) & flags::VARIANT_MASK;
        }
        if contact.is_some() {
            self.out.contact.push(Fact { other: address, ..fact });
        }
        if address.is_some() {
            self.out.address.push(Fact { other: contact, ..fact });
        }
    }

    fn link(&mut self) {
        let Subjects { contact: Some(_), address, successor, .. } = self.subjects else { return };
        for address in [address, successor].into_iter().flatten() {
            self.out.contact.push(Fact::link(address));
        }
    }
}

fn mixed(event: EventKey, claimed: Timestamp) -> EventKey {
    let word = u64::from_le_bytes(event.0) ^ claimed.as_micros().cast_unsigned();
    EventKey(word.to_le_bytes())
}
