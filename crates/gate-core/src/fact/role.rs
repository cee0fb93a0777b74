//! What a kind of fact is to the question whether a person refused, and what ends a refusal.

use super::FactKind;

/// The part a kind of fact plays between refusal and consent. Every kind has one: a kind that is added is given its part
/// here, and where parts are told apart none is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The person opted out.
    OptOut,
    /// The person objected or complained.
    Objection,
    /// STOP to a sending number.
    Stop,
    /// What was said before, another person may have said: the address was erased or has a new holder.
    NewHolder,
    /// The person agreed, or confirmed it.
    Consent,
    /// Consent was asked for.
    Request,
    /// START to a sending number.
    Start,
    /// It neither refuses nor agrees: it blocks, permits or counts by itself.
    Other,
}

impl FactKind {
    /// The part it plays.
    pub(crate) const fn role(self) -> Role {
        match self {
            Self::OptOut => Role::OptOut,
            Self::Objected | Self::Complaint => Role::Objection,
            Self::SenderStop => Role::Stop,
            Self::ErasedAddress | Self::Reassigned => Role::NewHolder,
            Self::OptIn | Self::OptInConfirmed => Role::Consent,
            Self::OptInRequested => Role::Request,
            Self::Start => Role::Start,
            Self::HardBounce
            | Self::SuppressAll
            | Self::SuppressMarketing
            | Self::ErasedContact
            | Self::RegistryListed
            | Self::Unreadable
            | Self::Flooded
            | Self::Link
            | Self::Sent
            | Self::Moved
            | Self::Relationship
            | Self::UnsuppressAll
            | Self::UnsuppressMarketing
            | Self::RegistryClear
            | Self::Profile
            | Self::Kind => Role::Other,
        }
    }
}
