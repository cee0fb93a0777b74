//! A decision: the outcome, the reason, and everything needed to explain it later.
//!
//! INVARIANT: a block without a failing reason cannot be built, and an approval cannot carry one:
//! fields are private and only the constructors below make decisions.

use crate::candidate::Considered;
use crate::fact::flags;
use crate::listed::listed;
use crate::policy::ContentSet;
use crate::sent::SentKind;
use crate::{Basis, EventKey, Timestamp};

listed! {
    /// Where the message goes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Outcome {
        /// It may be sent now.
        Approved,
        /// It must not be sent.
        Blocked,
        /// It may be sent later.
        Deferred,
    }
}

impl Outcome {
    /// The name used in headers and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Blocked => "blocked",
            Self::Deferred => "deferred",
        }
    }
}

macro_rules! reasons {
    ($($variant:ident $code:literal $outcome:ident $health:ident $meaning:literal $remedy:literal)*) => {
        /// Why. A closed set of stable codes (docs/law.md section 11); the order is the evaluation order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason { $(#[doc = $meaning] $variant),* }

        impl Reason {
            /// Every reason, in evaluation order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The reason of this public code.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }

            /// The public code with its prefix.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => concat!($outcome!(), ".", $code)),* }
            }

            /// The code without its prefix, the metric label.
            #[must_use]
            pub const fn short_code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy),* }
            }

            /// Whether it is everyday business; otherwise something should be mended.
            #[must_use]
            pub const fn is_healthy(self) -> bool {
                match self { $(Self::$variant => healthy!($health)),* }
            }

            /// The outcome it leads to.
            #[must_use]
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$variant => outcome!($outcome)),* }
            }
        }
    };
}
macro_rules! approved {
    () => {
        "approved"
    };
}
macro_rules! blocked {
    () => {
        "blocked"
    };
}
macro_rules! deferred {
    () => {
        "deferred"
    };
}
macro_rules! outcome {
    (approved) => {
        Outcome::Approved
    };
    (blocked) => {
        Outcome::Blocked
    };
    (deferred) => {
        Outcome::Deferred
    };
}

macro_rules! healthy {
    (healthy) => {
        true
    };
    (fix_me) => {
        false
    };
}

reasons! {
    InvalidMessage "invalid_message" blocked fix_me "the message cannot be read or lacks a required field"
        "Correct the producer; `detail.class` says what is wrong, `detail.field` where."
    UnsupportedChannel "unsupported_channel" blocked fix_me "no pack knows the channel"
        "Use a channel of the contract, or upgrade the gate."
    MessageExpired "message_expired" blocked healthy "the message is past its own expiry"
        "Nothing to do; if it happens often, look at the lag."
    StateUnavailable "state_unavailable" blocked fix_me "the consent state of the recipient cannot be judged"
        "Look at the gate's log; a contact with more than a thousand different refusals cannot be judged and stays blocked."
    PolicyUnavailable "policy_unavailable" blocked fix_me "no valid policy pack covers the message"
        "Run `consent-gate policy check`; a pack lacks a rule for this channel and date, or its holiday calendar has run out."
    MissingContact "missing_contact" blocked fix_me "the message names no destination"
        "Give the message `recipient.address`."
    InvalidAddress "invalid_address" blocked fix_me "the address cannot be normalised"
        "Correct the address; a phone number needs `+` and its country code, or `recipient.region`."
    Undeliverable "undeliverable" blocked healthy "the address hard-bounced"
        "Remove the address; only a confirmed opt-in or START from it proves that it lives again."
    NumberReassigned "number_reassigned" blocked healthy "the address has a new holder"
        "Ask the person for consent again; the number has somebody else now."
    SuppressedGlobal "suppressed_global" blocked healthy "operator suppression of the contact or address"
        "Nothing to do; an operator can lift it with `unsuppress`."
    Erased "erased" blocked fix_me "the contact id was erased"
        "Stop using the contact id: it is closed for good."
    ConfirmationWindow "confirmation_window" blocked fix_me "opt-out confirmation without a STOP in the last five minutes"
        "Send the confirmation within five minutes of the opt-out, or not at all."
    ConfirmationDuplicate "confirmation_duplicate" blocked fix_me "second confirmation of one opt-out"
        "Send one confirmation per opt-out."
    ConsentRequestRepeated "consent_request_repeated" blocked healthy "second request for consent"
        "Nothing to do; the person was asked already."
    SuppressedAddress "suppressed_address" blocked healthy "the address belonged to an erased contact"
        "Nothing to do; only an express opt-in of the person opens the address again."
    Complaint "complaint" blocked healthy "the person reported spam"
        "Nothing to do; only a later express opt-in ends it."
    Objected "objected" blocked healthy "the person objected to direct marketing (GDPR art. 21)"
        "Nothing to do; only a later express opt-in ends it."
    OptedOut "opted_out" blocked healthy "an opt-out covers the message"
        "Nothing to do; only a later express opt-in ends it."
    SenderStop "sender_stop" blocked healthy "the sending number received STOP"
        "Nothing to do; START to the number ends it."
    ConsentUnreadable "consent_unreadable" blocked fix_me "a consent change of the recipient could not be read"
        "Correct the source and let it send a valid event; the record is in the dead letter topic."
    Minor "minor" blocked healthy "below the age threshold"
        "Nothing to do."
    DncRegistry "dnc_registry" blocked healthy "listed in a do-not-call registry"
        "Nothing to do, unless the person consents expressly where the pack accepts that."
    RegistryStale "registry_stale" blocked fix_me "the registry check is missing or too old"
        "Ask the registry and publish `registry_status`."
    PendingConfirmation "pending_confirmation" blocked healthy "double opt-in is not confirmed"
        "Wait for the confirmation; it may be asked for once."
    EvidenceIncomplete "evidence_incomplete" blocked fix_me "express consent without the required evidence"
        "Let the source record what `detail.missing` names, as the pack in `detail.asked_by` asks, and ask the person again."
    ConsentExpired "consent_expired" blocked healthy "the basis has run out"
        "Ask for express consent by a way that is allowed."
    BasisNotAccepted "basis_not_accepted" blocked healthy "a basis exists that the pack does not accept"
        "Ask for a basis that the pack accepts for this channel."
    SoftOptInCondition "soft_opt_in_condition" blocked healthy "a soft opt-in condition is false or unknown"
        "`detail.flag` names the condition; if it is true, let the source state it."
    ScopeMismatch "scope_mismatch" blocked fix_me "consent exists for another channel, brand, purpose or address"
        "`detail.field` names where message and consent differ, `detail.missing` what the message leaves out."
    NoConsent "no_consent" blocked healthy "no basis of any kind is on file"
        "Ask for consent; where `detail.missing` names a field of the message, no consent could cover it without."
    ContentRequirement "content_requirement" blocked fix_me "a required element is missing from the message"
        "Add what `detail.missing` names to the message, and declare it in `content`."
    FrequencyCap "frequency_cap" blocked healthy "the cap of the rolling window is reached"
        "Send later, or less."
    QuietHoursBlocked "quiet_hours" blocked fix_me "outside the allowed hours"
        "There is no allowed time, or nobody knows the recipient's zone: give `recipient.tz`."
    QuietHours "quiet_hours" deferred healthy "outside the allowed hours; see not_before"
        "Send at `gate-not-before` or later, and let the gate judge it again then."
    ExpressConsent "express_consent" approved healthy "live express consent covers the message"
        "Send it now."
    CharitySoftOptIn "charity_soft_opt_in" approved healthy "the charity soft opt-in applies"
        "Send it now."
    SoftOptIn "soft_opt_in" approved healthy "the soft opt-in applies"
        "Send it now."
    ImpliedConsent "implied_consent" approved healthy "live implied consent"
        "Send it now."
    LegitimateInterest "legitimate_interest" approved healthy "opt-out regime, registry clear"
        "Send it now."
    OptOutRegime "opt_out_regime" approved healthy "no prior consent needed and nothing against it"
        "Send it now."
    Transactional "transactional" approved healthy "service message without promotion"
        "Send it now."
    Emergency "emergency" approved healthy "emergency message without promotion"
        "Send it now."
    LegalNotice "legal_notice" approved healthy "legal notice without promotion"
        "Send it now."
    ApprovedConfirmation "optout_confirmation" approved healthy "the one confirmation of an opt-out"
        "Send it now."
    ApprovedRequest "consent_request" approved healthy "the one request for consent"
        "Send it now."
}

/// A set of reasons that iterates in evaluation order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reasons(u64);

const _: () = assert!(Reason::ALL.len() <= u64::BITS as usize, "more reasons than bits");

impl Reasons {
    /// Adds a reason.
    pub fn insert(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u8;
    }

    /// The first in evaluation order.
    #[must_use]
    pub fn first(self) -> Option<Reason> {
        self.iter().next()
    }

    /// Whether it holds `reason`.
    #[must_use]
    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons in evaluation order.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.iter().copied().filter(move |reason| self.contains(*reason))
    }
}

/// More about the reason, for the decision header; never personal data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Detail {
    /// Nothing to add.
    #[default]
    None,
    /// Why the message could not be read.
    Class(&'static str),
    /// How far the opt-out reaches: `sender`, `brand`, `channel`, `purpose` or `global`.
    Scope(&'static str),
    /// The condition of a relationship basis that is false or unknown.
    Flag(&'static str),
    /// What the content lacks.
    Missing(ContentSet),
    /// Why the message could not be read, and the path of the field that is to blame.
    Unreadable(&'static str, &'static str),
    /// The path of the field that is wrong, or that message and consent differ in.
    Field(&'static str),
    /// The path of the field that is absent.
    Absent(&'static str),
    /// What the evidence lacks.
    Evidence(MissingEvidence),
}

/// What the evidence of an express act lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MissingEvidence {
    /// The flags that are missing; [`flags::EVIDENCE`] names them.
    pub flags: u64,
    /// The pack whose rule asks for them.
    pub pack: u16,
}

impl MissingEvidence {
    /// The paths of the missing fields, such as `evidence.method`.
    pub fn paths(self) -> impl Iterator<Item = &'static str> {
        let is_missing = move |(_, _, flag): &&(_, _, u64)| self.flags & flag != 0;
        flags::EVIDENCE.iter().filter(is_missing).map(|(_, path, _)| *path)
    }
}

macro_rules! warnings {
    ($($variant:ident $code:literal $meaning:literal)*) => {
        /// Something worth looking at that never changes the outcome.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Warning { $(#[doc = $meaning] $variant),* }

        impl Warning {
            /// Every warning.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The public code with its prefix.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => concat!("warning.", $code)),* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

warnings! {
    ClockSkew "clock_skew" "an event of the recipient claims to have happened more than five minutes after it was received, or after the gate's clock"
    DuplicateConflict "duplicate_conflict" "an event of the recipient was delivered again with other content"
    JurisdictionConflict "jurisdiction_conflict" "the declared jurisdiction and the phone number belong to different packs; the strictest result counts"
    DormantConsent "dormant_consent" "the person has not acted for long; the consent is about to lapse"
    TzGuess "tz_guess" "the recipient's time zone is not declared; those of the place and of the phone number were asked"
    NearExpiry "near_expiry" "the basis runs out within thirty days"
    StartWithoutEffect "start_without_effect" "the person texted START after a refusal that stands, but it does not say for whom: without its controller it counts only where number and brand are those of the message or of the STOP"
    PackReviewOverdue "pack_review_overdue" "a pack that took part in the decision is past its review date; the law may have changed since"
}

/// A set of warnings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Warnings(u8);

const _: () = assert!(Warning::ALL.len() <= u8::BITS as usize, "more warnings than bits");

impl Warnings {
    /// Adds a warning.
    pub fn insert(&mut self, warning: Warning) {
        self.0 |= 1 << warning as u8;
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The warnings.
    pub fn iter(self) -> impl Iterator<Item = Warning> {
        Warning::ALL.iter().copied().filter(move |warning| self.0 & 1 << *warning as u8 != 0)
    }
}

/// The answer to "may this message go out now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    reason: Reason,
    reasons: Reasons,
    detail: Detail,
    basis: Option<(Basis, EventKey)>,
    not_before: Option<Timestamp>,
    considered: Considered,
    warnings: Warnings,
    counts_as: Option<SentKind>,
    registry_checked: Option<Timestamp>,
}

impl Decision {
    /// A block for every failing reason; the first in evaluation order is the reason. An empty set blocks
    /// as [`Reason::StateUnavailable`]: not knowing why must not approve.
    #[must_use]
    pub fn block(failing: Reasons, detail: Detail) -> Self {
        let mut reasons = failing;
        if reasons.is_empty() {
            reasons.insert(Reason::StateUnavailable);
        }
        let reason = reasons.first().unwrap_or(Reason::StateUnavailable);
        Self { reasons, detail, ..Self::of(reason) }
    }

    fn of(reason: Reason) -> Self {
        Self {
            reason,
            reasons: Reasons::default(),
            detail: Detail::None,
            basis: None,
            not_before: None,
            considered: Considered::default(),
            warnings: Warnings::default(),
            counts_as: None,
            registry_checked: None,
        }
    }

    /// A block of a record that could not be read.
    #[must_use]
    pub fn invalid(class: &'static str) -> Self {
        let mut reasons = Reasons::default();
        reasons.insert(Reason::InvalidMessage);
        Self::block(reasons, Detail::Class(class))
    }

    /// A block of a record that could not be read because of a field, named by its path where that is known.
    #[must_use]
    pub fn unreadable(class: &'static str, field: Option<&'static str>) -> Self {
        let decision = Self::invalid(class);
        match field {
            Some(field) => Self { detail: Detail::Unreadable(class, field), ..decision },
            None => decision,
        }
    }

    pub(crate) fn approve(reason: Reason, basis: Option<(Basis, EventKey)>) -> Self {
        debug_assert_eq!(reason.outcome(), Outcome::Approved);
        Self { basis, ..Self::of(reason) }
    }

    /// It may go out from `not_before` on; nothing else is against it.
    pub(crate) fn defer(not_before: Timestamp) -> Self {
        let mut reasons = Reasons::default();
        reasons.insert(Reason::QuietHours);
        Self { reasons, not_before: Some(not_before), ..Self::of(Reason::QuietHours) }
    }

    pub(crate) fn with_considered(self, considered: Considered, warnings: Warnings) -> Self {
        Self { considered, warnings, ..self }
    }

    pub(crate) fn with_registry_checked(self, registry_checked: Option<Timestamp>) -> Self {
        Self { registry_checked, ..self }
    }

    pub(crate) fn counting(self, counts_as: Option<SentKind>) -> Self {
        Self { counts_as, ..self }
    }

    /// The decision without what belongs to one message alone: the proving event and instants. Decisions of
    /// the same shape explain themselves in the same words.
    #[must_use]
    pub fn shape(&self) -> Self {
        Self {
            basis: self.basis.map(|(basis, _)| (basis, EventKey::default())),
            not_before: None,
            registry_checked: None,
            ..*self
        }
    }

    /// Where the message goes.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.reason.outcome()
    }

    /// Why: the first failing step, or the basis of the approval.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Every failing step; empty when approved.
    #[must_use]
    pub fn reasons(&self) -> Reasons {
        self.reasons
    }

    /// More about the reason.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// The basis of an approval and the event that proves it.
    #[must_use]
    pub fn basis(&self) -> Option<(Basis, EventKey)> {
        self.basis
    }

    /// With a deferral: the earliest instant it may go out.
    #[must_use]
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// The jurisdictions, rules and zones it looked at.
    #[must_use]
    pub fn considered(&self) -> &Considered {
        &self.considered
    }

    /// What is worth looking at although it did not decide.
    #[must_use]
    pub fn warnings(&self) -> Warnings {
        self.warnings
    }

    /// What the approval counts as; `None` when nothing has to be remembered of it.
    #[must_use]
    pub fn counts_as(&self) -> Option<SentKind> {
        self.counts_as
    }

    /// When the registry was asked whose answer allowed the message.
    #[must_use]
    pub fn registry_checked(&self) -> Option<Timestamp> {
        self.registry_checked
    }
}
