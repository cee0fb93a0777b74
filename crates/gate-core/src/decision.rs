//! A decision: the outcome, the reason, and everything needed to explain it later.
//!
//! INVARIANT: a block without a failing reason cannot be built, and an approval cannot carry one:
//! fields are private and only the constructors below make decisions.

use crate::{Basis, EventKey, Timestamp};

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

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Approved, Self::Blocked, Self::Deferred];

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
    ($($variant:ident $code:literal $outcome:ident $meaning:literal)*) => {
        /// Why. A closed set of stable codes (rules section 11); the order is the evaluation order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason { $(#[doc = $meaning] $variant),* }

        impl Reason {
            /// Every reason, in evaluation order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

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

reasons! {
    InvalidMessage "invalid_message" blocked "the message cannot be read or lacks a required field"
    UnsupportedChannel "unsupported_channel" blocked "no pack knows the channel"
    MessageExpired "message_expired" blocked "the message is past its own expiry"
    StateUnavailable "state_unavailable" blocked "the consent state of the recipient cannot be judged"
    PolicyUnavailable "policy_unavailable" blocked "no valid policy pack covers the message"
    MissingContact "missing_contact" blocked "the message names no destination"
    InvalidAddress "invalid_address" blocked "the address cannot be normalised"
    Undeliverable "undeliverable" blocked "the address hard-bounced"
    NumberReassigned "number_reassigned" blocked "the address has a new holder"
    SuppressedGlobal "suppressed_global" blocked "operator suppression of the contact or address"
    Erased "erased" blocked "the contact id was erased"
    ConfirmationWindow "confirmation_window" blocked "opt-out confirmation without a STOP in the last five minutes"
    ConfirmationDuplicate "confirmation_duplicate" blocked "second confirmation of one opt-out"
    ConsentRequestRepeated "consent_request_repeated" blocked "second request for consent"
    SuppressedAddress "suppressed_address" blocked "the address belonged to an erased contact"
    Complaint "complaint" blocked "the person reported spam"
    Objected "objected" blocked "the person objected to direct marketing (GDPR art. 21)"
    OptedOut "opted_out" blocked "an opt-out covers the message"
    SenderStop "sender_stop" blocked "the sending number received STOP"
    ConsentUnreadable "consent_unreadable" blocked "a consent change of the recipient could not be read"
    Minor "minor" blocked "below the age threshold"
    DncRegistry "dnc_registry" blocked "listed in a do-not-call registry"
    RegistryStale "registry_stale" blocked "the registry check is missing or too old"
    PendingConfirmation "pending_confirmation" blocked "double opt-in is not confirmed"
    EvidenceIncomplete "evidence_incomplete" blocked "express consent without the required evidence"
    ConsentExpired "consent_expired" blocked "the basis has run out"
    BasisNotAccepted "basis_not_accepted" blocked "a basis exists that the pack does not accept"
    SoftOptInCondition "soft_opt_in_condition" blocked "a soft opt-in condition is false or unknown"
    ScopeMismatch "scope_mismatch" blocked "consent exists for another channel, brand, purpose or address"
    NoConsent "no_consent" blocked "no basis of any kind is on file"
    ContentRequirement "content_requirement" blocked "a required element is missing from the message"
    FrequencyCap "frequency_cap" blocked "the cap of the rolling window is reached"
    QuietHoursBlocked "quiet_hours" blocked "outside the allowed hours"
    QuietHours "quiet_hours" deferred "outside the allowed hours; see not_before"
    ExpressConsent "express_consent" approved "live express consent covers the message"
    CharitySoftOptIn "charity_soft_opt_in" approved "the charity soft opt-in applies"
    SoftOptIn "soft_opt_in" approved "the soft opt-in applies"
    ImpliedConsent "implied_consent" approved "live implied consent"
    LegitimateInterest "legitimate_interest" approved "opt-out regime, registry clear"
    OptOutRegime "opt_out_regime" approved "no prior consent needed and nothing against it"
    Transactional "transactional" approved "service message without promotion"
    Emergency "emergency" approved "emergency message without promotion"
    LegalNotice "legal_notice" approved "legal notice without promotion"
    ApprovedConfirmation "optout_confirmation" approved "the one confirmation of an opt-out"
    ApprovedRequest "consent_request" approved "the one request for consent"
}

/// A set of reasons that iterates in evaluation order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasons(u64);

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Nothing to add.
    #[default]
    None,
    /// Why the message could not be read.
    Class(&'static str),
    /// How far the opt-out reaches: `sender`, `brand`, `channel`, `purpose` or `global`.
    Scope(&'static str),
}

/// The answer to "may this message go out now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    reason: Reason,
    reasons: Reasons,
    detail: Detail,
    basis: Option<(Basis, EventKey)>,
    not_before: Option<Timestamp>,
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
        Self { reason, reasons, detail, basis: None, not_before: None }
    }

    /// A block of a record that could not be read.
    #[must_use]
    pub fn invalid(class: &'static str) -> Self {
        let mut reasons = Reasons::default();
        reasons.insert(Reason::InvalidMessage);
        Self::block(reasons, Detail::Class(class))
    }

    pub(crate) fn approve(reason: Reason, basis: Option<(Basis, EventKey)>) -> Self {
        debug_assert_eq!(reason.outcome(), Outcome::Approved);
        Self { reason, reasons: Reasons::default(), detail: Detail::None, basis, not_before: None }
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
}
