//! How people become keys: the hashing is handed in, whose keys a record names is the same for everybody.

use gate_core::{CanonicalAddress, ConsentChange, ContactId, EventKey, SubjectKey, Subjects};

/// Keyed hashes that stand for people and events.
pub trait Keys {
    /// The key of a contact's state.
    fn contact(&self, contact: &ContactId<'_>) -> SubjectKey;

    /// The key of an address's state.
    fn address(&self, address: &CanonicalAddress) -> SubjectKey;

    /// The key of an event.
    fn event(&self, event_id: &str) -> EventKey;

    /// Whose change it is; `None` when nobody can tell, or which address takes the place of which.
    fn subjects(&self, change: &ConsentChange<'_>) -> Option<Subjects> {
        let address = change.address.as_ref().and_then(|address| change.canonical(address));
        let subjects = self.named(change.contact_id.as_ref(), address.as_ref())?;
        let message = change.message_id.as_deref().map(|id| self.event(id));
        let subjects = Subjects { message, ..subjects };
        let Some(new) = &change.new_address else { return Some(subjects) };
        let successor = Some(self.address(&change.canonical(new)?));
        subjects.address.map(|_| Subjects { successor, ..subjects })
    }

    /// A contact and its address; `None` when neither is named.
    fn named(
        &self,
        contact: Option<&ContactId<'_>>,
        address: Option<&CanonicalAddress>,
    ) -> Option<Subjects> {
        let subjects = Subjects {
            contact: contact.map(|contact| self.contact(contact)),
            address: address.map(|address| self.address(address)),
            variant: address.map_or(0, CanonicalAddress::variant),
            ..Subjects::default()
        };
        (subjects.contact.is_some() || subjects.address.is_some()).then_some(subjects)
    }
}
