//! Whose a consent change is: by what it says, or, when it cannot be read, by what its key says.
//!
//! A key is the producer's choice: the contact id in quotation marks, a row number, a UUID. Taken at its word it would
//! block somebody who does not exist while the one who refused is written to. So a key names its owner only if that
//! contact or address is *known*: it has state from records that could be read. Then everything the key may mean is
//! blocked, and if nothing is known nobody knows whose the record is.
//!
//! Known once is known for good, and what is blocked does not depend on which of the meanings was known first. So the
//! same records end in the same state in whatever order the partitions are read (promise P4), provided that a record
//! whose owner is not known is looked at again.

use crate::codec::{Codec, named_by_key};
use crate::dead_letter::Owner;
use crate::identity::Pepper;
use crate::store::{StoreError, Writer};
use gate_core::{Address, CanonicalAddress, ChannelScope, ConsentChange, ContactId, Subjects};

/// Whom an unreadable change may be about; nobody when nobody knows.
pub(super) struct Suspects {
    pub(super) owner: Owner,
    pub(super) subjects: Vec<Subjects>,
}

/// Whose change it is; `None` when nobody can tell.
pub(super) fn subjects(pepper: &Pepper, change: &ConsentChange<'_>) -> Option<Subjects> {
    let address = change.address.as_ref().map(Address::expose);
    let (contact, region) = (change.contact_id.as_ref(), change.region.as_deref());
    let mut subjects = hash(pepper, contact, address, change.channel, region)?;
    let message = change.message_id.as_deref();
    subjects.message = message.map(|id| pepper.event(id));
    Some(subjects)
}

/// Whom an unreadable change may be about: what its value still says for certain, else its key. `key` is `None` where
/// keys do not name contacts.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn suspects(
    codec: &Codec,
    pepper: &Pepper,
    writer: &mut Writer,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Result<Suspects, StoreError> {
    if let Some(subjects) = said(codec, pepper, value) {
        let owner = if subjects.contact.is_some() { Owner::Contact } else { Owner::Address };
        return Ok(Suspects { owner, subjects: vec![subjects] });
    }
    let named = key.filter(|_| !Codec::may_be_several(value)).map(named_by_key);
    let named = named.unwrap_or_default();
    let subjects: Vec<Subjects> = named
        .iter()
        .filter_map(|name| {
            let contact = ContactId::new(name.as_ref().into());
            hash(pepper, contact.as_ref(), Some(name), ChannelScope::Any, None)
        })
        .collect();
    for subject in subjects.iter().flat_map(|both| [both.contact, both.address]).flatten() {
        if writer.is_known(subject)? {
            return Ok(Suspects { owner: Owner::Key, subjects });
        }
    }
    Ok(Suspects { owner: Owner::Unknown, subjects: Vec::new() })
}

fn said(codec: &Codec, pepper: &Pepper, value: Option<&[u8]>) -> Option<Subjects> {
    let who = codec.salvage(value)?;
    let address = who.address.as_ref().map(Address::expose);
    hash(pepper, who.contact_id.as_ref(), address, who.channel, who.region.as_deref())
}

fn hash(
    pepper: &Pepper,
    contact: Option<&ContactId<'_>>,
    address: Option<&str>,
    channel: ChannelScope,
    region: Option<&str>,
) -> Option<Subjects> {
    let channel = match channel {
        ChannelScope::Any => None,
        ChannelScope::One(channel) => Some(channel),
    };
    let address =
        address.and_then(|address| CanonicalAddress::parse(address, channel, region).ok());
    let subjects = Subjects {
        contact: contact.map(|contact| pepper.contact(contact)),
        address: address.map(|address| pepper.address(&address)),
        message: None,
    };
    (subjects.contact.is_some() || subjects.address.is_some()).then_some(subjects)
}
