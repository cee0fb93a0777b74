//! Bits of [`Fact::flags`](super::Fact::flags).

/// Evidence names how consent was given.
pub const METHOD: u64 = 1 << 3;
/// Evidence names the text version the person saw.
pub const NOTICE_VERSION: u64 = 1 << 4;
/// US written consent: signed.
pub const SIGNATURE: u64 = 1 << 5;
/// US written consent: the number was named.
pub const NUMBER_NAMED: u64 = 1 << 6;
/// US written consent: no condition of purchase.
pub const NOT_CONDITION_OF_PURCHASE: u64 = 1 << 7;
/// The address came from the person, not from a list or a group company.
pub const DETAILS_OBTAINED_DIRECTLY: u64 = 1 << 12;
/// A refusal was offered when the address was taken.
pub const REFUSAL_OFFERED_AT_COLLECTION: u64 = 1 << 13;
/// `refused` was stated to be false.
pub const NOT_REFUSED: u64 = 1 << 14;
/// The sender is a charity by statute.
pub const SENDER_IS_CHARITY: u64 = 1 << 15;
/// A free account that is paid for indirectly (C-654/23).
pub const INDIRECT_REMUNERATION: u64 = 1 << 16;
/// The right to object was stated at collection and each use (DE).
pub const OBJECTION_NOTICE: u64 = 1 << 17;
/// The relationship is running.
pub const RELATIONSHIP_ACTIVE: u64 = 1 << 18;
/// The address was published in the person's role.
pub const PUBLISHED_IN_ROLE: u64 = 1 << 19;
/// Published with a notice against unsolicited messages.
pub const NO_SPAM_NOTICE: u64 = 1 << 20;
/// SG: ongoing relationship.
pub const ONGOING_RELATIONSHIP: u64 = 1 << 21;
/// JP: business transaction.
pub const BUSINESS_TRANSACTION: u64 = 1 << 22;
/// JP: the address was handed over.
pub const ADDRESS_HANDED_OVER: u64 = 1 << 23;
/// JP: business address published without refusal.
pub const PUBLISHED_BUSINESS_ADDRESS: u64 = 1 << 24;
/// The message relates to the relationship (AU, NZ, SG).
pub const MESSAGE_RELATES_TO_RELATIONSHIP: u64 = 1 << 25;
/// A `YES` reply: confirms a pending request or lifts a STOP, nothing else.
pub const YES: u64 = 1 << 26;
/// An erasure that leaves the address blocked.
pub const KEEP_SUPPRESSION: u64 = 1 << 27;
/// A restriction that claims to be from after its receipt ([`super::Fact::effective_at`]).
pub const SKEWED: u64 = 1 << 28;

/// An opt-out that a person texted as a keyword: the only kind a `YES` can lift.
pub const KEYWORD: u64 = 1 << 29;
/// Evidence holds the hash of the text the person saw.
pub const NOTICE_TEXT: u64 = 1 << 30;
/// Evidence says where consent was given.
pub const SOURCE: u64 = 1 << 31;
/// Evidence names the language of the text.
pub const LOCALE: u64 = 1 << 32;
/// Evidence names the registered template (IN).
pub const TEMPLATE_ID: u64 = 1 << 33;

/// A refusal of which only the contact is known: it reaches every address that was seen with the contact.
pub const ABOUT_CONTACT: u64 = 1 << 34;

pub(crate) const VARIANT_SHIFT: u32 = 40;
pub(crate) const VARIANT_MASK: u64 = 0b11 << VARIANT_SHIFT;

/// Evidence every grant needs (docs/law.md section 9).
pub const EVIDENCE_REQUIRED: u64 = METHOD | NOTICE_VERSION;

/// The fields of `evidence` that packs can ask for: name, path, flag.
pub const EVIDENCE: [(&str, &str, u64); 9] = [
    ("method", "evidence.method", METHOD),
    ("notice_version", "evidence.notice_version", NOTICE_VERSION),
    ("notice_text_sha256", "evidence.notice_text_sha256", NOTICE_TEXT),
    ("source", "evidence.source", SOURCE),
    ("locale", "evidence.locale", LOCALE),
    ("signature", "evidence.signature", SIGNATURE),
    ("number_named", "evidence.number_named", NUMBER_NAMED),
    ("not_condition_of_purchase", "evidence.not_condition_of_purchase", NOT_CONDITION_OF_PURCHASE),
    ("template_id", "evidence.template_id", TEMPLATE_ID),
];

pub(crate) const BASIS_MASK: u64 = 0b111;
pub(crate) const KIND_SHIFT: u32 = 8;
pub(crate) const KIND_MASK: u64 = 0b1111 << KIND_SHIFT;

/// A field of `context` that is true or false, and what a relationship event keeps of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextField {
    /// The field's name.
    pub name: &'static str,
    /// The value that is kept; the other one is as good as unknown.
    pub kept: bool,
    /// The name packs ask for it by.
    pub condition: &'static str,
    /// Its flag.
    pub flag: u64,
}

macro_rules! context {
    ($($kept:ident $name:literal $flag:ident)*) => {
        /// The fields of `context` that are true or false, in the order of the schema.
        pub const CONTEXT: [ContextField; [$($flag),*].len()] = [$(ContextField {
            name: $name,
            kept: $kept,
            condition: condition!($kept $name),
            flag: $flag,
        }),*];
        /// Their names.
        pub const CONTEXT_NAMES: [&str; CONTEXT.len()] = [$($name),*];
        /// Their paths.
        pub const CONTEXT_PATHS: [&str; CONTEXT.len()] = [$(concat!("context.", $name)),*];
    };
}
macro_rules! condition {
    (true $name:literal) => {
        $name
    };
    (false $name:literal) => {
        concat!("not_", $name)
    };
}
context! {
    true "details_obtained_directly" DETAILS_OBTAINED_DIRECTLY
    true "refusal_offered_at_collection" REFUSAL_OFFERED_AT_COLLECTION
    false "refused" NOT_REFUSED
    true "sender_is_charity" SENDER_IS_CHARITY
    true "indirect_remuneration" INDIRECT_REMUNERATION
    true "objection_notice" OBJECTION_NOTICE
    true "relationship_active" RELATIONSHIP_ACTIVE
    true "published_in_role" PUBLISHED_IN_ROLE
    true "no_spam_notice" NO_SPAM_NOTICE
    true "ongoing_relationship" ONGOING_RELATIONSHIP
    true "business_transaction" BUSINESS_TRANSACTION
    true "address_handed_over" ADDRESS_HANDED_OVER
    true "published_business_address" PUBLISHED_BUSINESS_ADDRESS
    true "message_relates_to_relationship" MESSAGE_RELATES_TO_RELATIONSHIP
}
