//! Keyed hashes that stand for people: the only form in which the gate stores who somebody is.
//!
//! `HMAC-SHA256(pepper, kind ‖ 0 ‖ canonical id)`, cut to 16 bytes for subjects (one bit tells contacts from
//! addresses) and 8 for events. The pepper
//! is 32 random bytes in a file only the gate can read; its id is part of the store's identity, so state
//! made with another pepper is rebuilt, never mixed.

mod pepper_file;

pub use pepper_file::{PEPPER_BYTES, PepperError, PepperFile};

use aws_lc_rs::hmac;
use gate_core::{CanonicalAddress, ContactId, EventKey, SubjectKey};
use gate_engine::Keys;

/// Tells the keys of addresses from those of contacts.
const ADDRESS_BIT: u8 = 0x80;

/// Length of a [`Pepper::tag`].
pub const TAG_BYTES: usize = 32;

/// The secret key of all hashes.
pub struct Pepper {
    key: hmac::Key,
}

impl Pepper {
    /// From the secret bytes of the pepper file.
    #[must_use]
    pub fn new(secret: &[u8; PEPPER_BYTES]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// One that everybody knows: where nothing is kept nothing needs a secret.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self::new(&[0; PEPPER_BYTES])
    }

    /// Tells peppers apart without revealing them.
    #[must_use]
    pub fn id(&self) -> [u8; 8] {
        self.hash("pepper-id", "")
    }

    /// The key that seals checkpoints of the store: derived, so that it tells nothing about the pepper.
    #[must_use]
    pub fn checkpoint_seal(&self) -> [u8; 32] {
        self.hash("checkpoint-seal", "")
    }

    /// A keyed tag over texts and bytes that somebody else might write: all of each part counts, its length and whether
    /// it is there. `kind` keeps tags for different purposes apart.
    #[must_use]
    pub fn tag(&self, kind: &str, parts: &[Option<&[u8]>]) -> [u8; TAG_BYTES] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(kind.as_bytes());
        context.update(&[0]);
        for part in parts {
            context.update(&[u8::from(part.is_some())]);
            let bytes = part.unwrap_or_default();
            context.update(&(bytes.len() as u64).to_le_bytes());
            context.update(bytes);
        }
        let mut out = [0u8; TAG_BYTES];
        for (to, from) in out.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        out
    }

    /// The key of the tags that rows of approvals carry: derived, so that it tells nothing about the pepper.
    #[must_use]
    pub fn approvals_seal(&self) -> [u8; 32] {
        self.hash("approvals-seal", "")
    }

    /// The key that seals the desk's cursors: derived, so that it tells nothing about the pepper.
    #[must_use]
    pub fn cursor_seal(&self) -> [u8; 32] {
        self.hash("cursor-seal", "")
    }

    /// The first `N` bytes of the keyed hash; `N` is at most 32.
    fn hash<const N: usize>(&self, kind: &str, id: &str) -> [u8; N] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(id.as_bytes());
        let tag = context.sign();
        let mut out = [0u8; N];
        for (to, from) in out.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        out
    }
}

impl Keys for Pepper {
    /// The key of a contact's state. Its first bit is 0, so that contacts lie together: most messages need
    /// the contact's state only, and then the blocks of addresses take no memory.
    fn contact(&self, contact: &ContactId<'_>) -> SubjectKey {
        let [first, rest @ ..]: [u8; 16] = self.hash("contact", contact.expose());
        SubjectKey(joined(first & !ADDRESS_BIT, rest))
    }

    /// The key of an address's state. Its first bit is 1.
    fn address(&self, address: &CanonicalAddress) -> SubjectKey {
        let [first, rest @ ..]: [u8; 16] = self.hash(address.kind().as_str(), address.expose());
        SubjectKey(joined(first | ADDRESS_BIT, rest))
    }

    /// The key of an event.
    fn event(&self, event_id: &str) -> EventKey {
        EventKey(self.hash("event", event_id))
    }
}

fn joined(first: u8, rest: [u8; 15]) -> [u8; 16] {
    let mut key = [first; 16];
    if let Some((_, place)) = key.split_first_mut() {
        place.copy_from_slice(&rest);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: stored keys depend on these bytes.
    #[test]
    fn hashes_are_frozen_and_kinds_are_apart() {
        let pepper = Pepper::new(&[7; 32]);
        let contact = ContactId::new("ben".into()).unwrap();
        let padded = ContactId::new(" ben ".into()).unwrap();
        assert_eq!(pepper.contact(&contact), pepper.contact(&padded));
        let hex: String = pepper.contact(&contact).0.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "1d85e0c8765c9429f136cd808d64786f");
        let push = CanonicalAddress::parse("ben", Some(gate_core::Channel::Push), None).unwrap();
        assert_ne!(pepper.address(&push), pepper.contact(&contact));
        assert!(pepper.address(&push).0[0] >= 0x80 && pepper.contact(&contact).0[0] < 0x80);
        assert_ne!(Pepper::new(&[8; 32]).contact(&contact), pepper.contact(&contact));
    }
}
