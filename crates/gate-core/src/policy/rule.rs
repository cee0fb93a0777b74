//! A rule: what one jurisdiction asks of a message on some channels between two dates.
//!
//! Field by field as `docs/reference/packs.md`; the legal source of each rule stands in its pack.

use super::{
    AppliesTo, BasisSet, ChannelSet, ContentSet, Exemption, Hours, KindRule, Period, Provenance,
    RecipientSet,
};
use crate::fact::flags;
use crate::{Basis, RecipientKind, RelationshipKind, Timestamp};

/// Whether consent is needed at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// A live basis is needed.
    OptIn,
    /// None is needed; refusals and registries count.
    OptOut,
    /// Nothing may be sent.
    Prohibited,
}

/// When an express act counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DoubleOptIn {
    /// At once.
    #[default]
    Off,
    /// At once, although a confirmation would prove more.
    Recommended,
    /// Only after the owner of the mailbox or number has confirmed.
    Required,
}

/// When a request for consent may go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsentRequest {
    /// Once after each `opt_in_requested`: the confirmation of a double opt-in.
    #[default]
    AfterRequest,
    /// Once without being asked as well.
    Once,
    /// Never.
    Never,
}

/// A condition of a ground, by the name packs use. Those of the relationship are flags of the event, those
/// of the message are looked up in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A flag of the relationship event.
    Flag(u64, &'static str),
    /// The message's product group is that of the relationship, or similar.
    OwnSimilar,
    /// The message offers a refusal.
    MessageUnsubscribe,
    /// The message serves charitable purposes only.
    MessageSoleCharitablePurpose,
}

impl Condition {
    /// Every condition.
    pub fn all() -> impl Iterator<Item = Self> {
        let flags = flags::CONTEXT.iter().map(|field| Self::Flag(field.flag, field.condition));
        flags.chain([
            Self::OwnSimilar,
            Self::MessageUnsubscribe,
            Self::MessageSoleCharitablePurpose,
        ])
    }

    /// The condition of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|condition| condition.as_str() == name)
    }

    /// The name packs use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flag(_, name) => name,
            Self::OwnSimilar => "own_similar",
            Self::MessageUnsubscribe => "message_unsubscribe",
            Self::MessageSoleCharitablePurpose => "message_sole_charitable_purpose",
        }
    }
}

impl Ground {
    /// How long a relationship of this kind supports it; `None` when it accepts no such kind.
    #[must_use]
    pub fn period_of(&self, kind: Option<RelationshipKind>) -> Option<KindRule> {
        let named = kind.and_then(|kind| self.kinds.iter().find(|rule| rule.kind == kind));
        let any = KindRule {
            kind: kind.unwrap_or(RelationshipKind::Interest),
            period: Period::UNLIMITED,
            while_running: false,
        };
        named.copied().or_else(|| self.any_kind.then_some(any))
    }

    /// Whether it applies at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// One way to fulfil a relationship basis: all conditions together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Kinds it accepts.
    pub kinds: Vec<KindRule>,
    /// Accepts any kind, and relationships without one, without limit.
    pub any_kind: bool,
    /// It is about relationships of which these are true; others are none of its business.
    pub when: Vec<Condition>,
    /// First instant it applies.
    pub from: Option<Timestamp>,
    /// First instant it no longer applies.
    pub until: Option<Timestamp>,
    /// The relationship must not be older than this instant.
    pub collected_from: Option<Timestamp>,
    /// All of these must be true.
    pub requires: Vec<Condition>,
    /// None of these may be true.
    pub forbids: Vec<Condition>,
    /// How long after the relationship was stated it counts at most, however long its kind lasts.
    pub valid_for: Option<Period>,
    /// Lapses without an act of the person.
    pub dormancy: Option<Dormancy>,
}

/// When consent lapses because the person has not acted for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dormancy {
    /// Warn after.
    pub warn_after: Option<Period>,
    /// Block after.
    pub block_after: Period,
}

/// The conditions of one accepted basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasisRule {
    /// Which.
    pub basis: Basis,
    /// Evidence flags a grant needs.
    pub evidence: u64,
    /// How long an act counts, and a relationship at most, however long its kind lasts.
    pub valid_for: Period,
    /// Lapses without an act of the person.
    pub dormancy: Option<Dormancy>,
    /// The ways to fulfil it by a relationship; with any, a claim of the basis proves nothing.
    pub grounds: Vec<Ground>,
}

impl BasisRule {
    /// Express consent with the evidence every grant needs.
    #[must_use]
    pub fn express() -> Self {
        Self::new(Basis::Express)
    }

    /// A basis without further conditions.
    #[must_use]
    pub fn new(basis: Basis) -> Self {
        Self {
            basis,
            evidence: flags::EVIDENCE_REQUIRED,
            valid_for: Period::UNLIMITED,
            dormancy: None,
            grounds: Vec::new(),
        }
    }
}

/// Which messages count together in a frequency cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerSender {
    /// All of the controller.
    Controller,
    /// All of the brand.
    Brand,
    /// All of the controller about the same product group.
    Subject,
}

/// A frequency cap per recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Most approvals.
    pub count: u32,
    /// In this rolling window, `(now - window, now]`.
    pub window: std::time::Duration,
    /// Which messages count together.
    pub per: PerSender,
    /// What frees from it.
    pub exempt: Exemption,
}

/// A do-not-call registry that must have been asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Spellings of its name, letters and digits only, in lower case.
    pub ids: Vec<String>,
    /// How old a check may be.
    pub max_age: Period,
    /// Live bases that override a listing.
    pub overridden_by: BasisSet,
    /// Relationships that override a listing, and for how long.
    pub overridden_by_kinds: Vec<KindRule>,
    /// What overrides must be younger than the listing.
    pub consent_after_listing: bool,
}

impl Registry {
    /// Whether a status of the registry `name` is one of this registry.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let letters = || name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        self.ids.iter().any(|id| id.chars().eq(letters()))
    }
}

/// What service messages need too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactional {
    /// Content.
    pub content: ContentSet,
    /// Consent given to the sender for the channel, whatever the purpose.
    pub consent: BasisSet,
    /// Flags of a relationship with the sender that named the address; one with all of them does instead of
    /// consent. With none listed only consent does.
    pub relationships: Vec<Condition>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `PACK/id`, for explanations.
    pub label: String,
    /// Index of its pack.
    pub pack: u16,
    /// Channels.
    pub channels: ChannelSet,
    /// Kinds of recipient it is about. `None` is all; in a base rule those that no other base rule of the channel
    /// and day names.
    pub recipients: Option<RecipientSet>,
    /// First instant it applies.
    pub from: Timestamp,
    /// First instant it no longer applies.
    pub until: Timestamp,
    /// Base rules have one, additions do not.
    pub regime: Option<Regime>,
    /// An addition that is about some messages only.
    pub applies_to: Option<AppliesTo>,
    /// An addition that prohibits what it is about, and what frees from that.
    pub prohibited_unless: Option<Exemption>,
    /// Accepted bases. In an addition: one of these is needed as well, when there are any.
    pub bases: Vec<BasisRule>,
    /// When an express act counts.
    pub double_opt_in: DoubleOptIn,
    /// Registries, each of which must have been asked.
    pub registries: Vec<Registry>,
    /// Required content.
    pub content: ContentSet,
    /// Content a message of a bulk mailing needs as well.
    pub bulk_content: ContentSet,
    /// Frequency caps.
    pub caps: Vec<Cap>,
    /// Allowed hours.
    pub hours: Option<Hours>,
    /// What service messages need too.
    pub transactional: Transactional,
    /// When a request for consent may go out.
    pub consent_request: ConsentRequest,
    /// A request without being asked needs the rule's registries too.
    pub approach_asks_registry: bool,
    /// One refusal on any of the rule's channels ends all marketing of the controller on all of them.
    pub revoke_all: bool,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl Rule {
    /// An addition that asks for nothing yet.
    #[must_use]
    pub fn new(label: &str, channels: ChannelSet) -> Self {
        Self {
            label: label.to_owned(),
            pack: 0,
            channels,
            recipients: None,
            from: Timestamp::MIN,
            until: Timestamp::MAX,
            regime: None,
            applies_to: None,
            prohibited_unless: None,
            bases: Vec::new(),
            double_opt_in: DoubleOptIn::Off,
            registries: Vec::new(),
            content: ContentSet::default(),
            bulk_content: ContentSet::default(),
            caps: Vec::new(),
            hours: None,
            transactional: Transactional::default(),
            consent_request: ConsentRequest::AfterRequest,
            approach_asks_registry: false,
            revoke_all: false,
            provenance: Provenance::default(),
        }
    }

    /// Whether it applies at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether it names the kind of recipient, or names none.
    #[must_use]
    pub fn is_for(&self, kind: RecipientKind) -> bool {
        self.recipients.is_none_or(|kinds| kinds.contains(kind))
    }
}
