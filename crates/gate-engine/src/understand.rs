//! What a consent record says, and whom: a change with its place in the states, or one that nobody can read and those it
//! may be about.
//!
//! A record's key is the producer's choice: the contact id in quotation marks, a row number, a UUID. Taken at its word it
//! would block somebody who does not exist while the one who refused is written to. So a key names its owner only if that
//! contact or address is *known*: it has state from records that could be read. Then everything the key may mean is
//! blocked, and if nothing is known nobody knows whose the record is.
//!
//! Known once is known for good, and what is blocked does not depend on which of the meanings was known first. So the
//! same records end in the same state in whatever order the partitions are read (promise P4), provided that a record
//! whose owner is not known is looked at again.

use crate::keys::Keys;
use gate_codec::{Class, Codec, Salvaged, Unreadable, named_by_key};
use gate_core::{
    CanonicalAddress, ConsentChange, ContactId, Effect, EventKey, Placement, Receipt, SubjectKey,
    Subjects, place, unreadable,
};

/// Of a change whose address, or the region to read it with, is understood by nobody.
pub const INVALID_ADDRESS: Unreadable = Class::InvalidAddress.in_field("address");

/// A change, and what it does to whom.
#[derive(Debug)]
pub struct Understood<'c> {
    /// Whose it is.
    pub subjects: Subjects,
    /// What it says about them.
    pub placement: Placement<'c>,
    /// It says something about its contact while its address is understood by nobody.
    pub is_partial: bool,
}

impl Understood<'_> {
    /// Whether it refuses something of its contact and nobody can read the address it names: that address is written to
    /// under other contact ids unless a person looks.
    #[must_use]
    pub fn is_half_a_refusal(&self) -> bool {
        self.is_partial && self.placement.contact.iter().any(|fact| fact.kind.is_restrictive())
    }
}

/// What a change that could be read says, and about whom.
///
/// # Errors
/// [`INVALID_ADDRESS`]: an address nobody can use and no contact id, or a new address that nobody can read; nobody can tell
/// whose change it is.
pub fn understand<'c>(
    keys: &impl Keys,
    change: &'c ConsentChange<'_>,
    receipt: Receipt,
) -> Result<Understood<'c>, Unreadable> {
    let subjects = keys.subjects(change).ok_or(INVALID_ADDRESS)?;
    let placement = place(change, subjects, keys.event(&change.event_id), receipt);
    let is_partial =
        change.address.is_some() && subjects.address.is_none() && !placement.contact.is_empty();
    Ok(Understood { subjects, placement, is_partial })
}

/// How the owner of an unreadable change is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The value still names a contact.
    Contact,
    /// The value names an address.
    Address,
    /// The record's key is one that is known.
    Key,
    /// Nobody knows whose it is: the gate holds.
    Unknown,
}

impl Owner {
    /// The name in `gate-detail`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Address => "address",
            Self::Key => "key",
            Self::Unknown => "unknown",
        }
    }
}

/// Whom an unreadable change may be about; nobody when nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// How they are known.
    pub owner: Owner,
    /// All that it may mean.
    pub subjects: Vec<Subjects>,
}

/// Whom an unreadable change may be about: what its value still says for certain, else its key. `key` is `None` where
/// keys do not name contacts.
///
/// # Errors
/// Those of `is_known`, which says whether a subject has state from a record that could be read.
pub fn suspects<E>(
    codec: &Codec,
    keys: &impl Keys,
    (key, value): (Option<&[u8]>, Option<&[u8]>),
    is_known: impl FnMut(SubjectKey) -> Result<bool, E>,
) -> Result<Suspects, E> {
    let said: Vec<Salvaged<'_>> = codec.salvage(value).into_iter().collect();
    let key = key.filter(|_| !Codec::may_be_several(value));
    suspects_of(&said, keys, key, is_known)
}

/// The same of a value that has been salvaged already: all it is about, or nothing. `key` is `None` also where the record
/// may speak about several people, of whom it names one.
///
/// # Errors
/// As [`suspects`].
pub fn suspects_of<E>(
    said: &[Salvaged<'_>],
    keys: &impl Keys,
    key: Option<&[u8]>,
    mut is_known: impl FnMut(SubjectKey) -> Result<bool, E>,
) -> Result<Suspects, E> {
    let all: Option<Vec<Subjects>> = said.iter().map(|who| subjects_of(keys, who)).collect();
    if let Some(subjects) = all.filter(|all| !all.is_empty()) {
        let has_contact = subjects.iter().any(|subjects| subjects.contact.is_some());
        let owner = if has_contact { Owner::Contact } else { Owner::Address };
        return Ok(Suspects { owner, subjects });
    }
    let named = key.map(named_by_key).unwrap_or_default();
    let subjects: Vec<Subjects> = named.iter().filter_map(|name| called(keys, name)).collect();
    for subject in subjects.iter().flat_map(|both| [both.contact, both.address]).flatten() {
        if is_known(subject)? {
            return Ok(Suspects { owner: Owner::Key, subjects });
        }
    }
    Ok(Suspects { owner: Owner::Unknown, subjects: Vec::new() })
}

/// What a change that cannot be read says about those it may be about (promise P3).
#[must_use]
pub fn possible_refusal(
    subjects: Subjects,
    event: EventKey,
    receipt: Receipt,
) -> Placement<'static> {
    let fact = unreadable(event, receipt);
    let facts = |is_named: bool| if is_named { vec![fact] } else { Vec::new() };
    Placement {
        contact: facts(subjects.contact.is_some()),
        address: facts(subjects.address.is_some()),
        effect: Effect::Facts,
        review: false,
    }
}

/// Whoever goes by this name: a contact, an address, or both.
fn called(keys: &impl Keys, name: &str) -> Option<Subjects> {
    let contact = ContactId::new(name.into());
    let address = CanonicalAddress::parse(name, None, None).ok();
    keys.named(contact.as_ref(), address.as_ref())
}

fn subjects_of(keys: &impl Keys, who: &Salvaged<'_>) -> Option<Subjects> {
    let (channel, region) = (who.channel.channel(), who.region.as_deref());
    let address = who.address.as_ref();
    let address =
        address.and_then(|address| CanonicalAddress::parse(address.expose(), channel, region).ok());
    keys.named(who.contact_id.as_ref(), address.as_ref())
}
