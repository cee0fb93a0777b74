//! A person's ids in clear: what was typed, and what their own events name.

use std::collections::BTreeSet;
use std::sync::Arc;

use gate_core::{CanonicalAddress, ContactId, SubjectKey};
use gate_engine::Keys as _;
use zeroize::Zeroizing;

use super::super::Desk;
use super::super::handle::Person;
use super::events::{Changes, EventAnswer};
use super::{blocking, search};
use crate::answers::Problem;
use crate::identity::Pepper;

/// Events that are looked through for ids and addresses in clear.
const LOOKED_THROUGH: usize = 100;
/// Addresses that are shown.
const ADDRESSES_MAX: usize = 10;

/// A person's ids in clear, read on demand and wiped when the answer is written.
#[derive(Clone, Default)]
pub(in crate::desk) struct Clear {
    pub(in crate::desk) contact_id: Option<Zeroizing<String>>,
    pub(in crate::desk) addresses: Vec<Zeroizing<String>>,
    pub(in crate::desk) region: Option<String>,
}

impl Clear {
    #[cfg(test)]
    pub(super) fn of(contact: &str, address: Option<&str>) -> Self {
        Self {
            contact_id: Some(Zeroizing::new(contact.to_owned())),
            addresses: address.into_iter().map(|it| Zeroizing::new(it.to_owned())).collect(),
            region: None,
        }
    }

    /// The newest address that messages of this channel go to.
    pub(super) fn address_for(&self, channel: &str) -> Option<&str> {
        let mut addresses = self.addresses.iter().map(|address| address.as_str());
        addresses.find(|address| address.contains('@') == (channel == "email"))
    }

    /// Channels that there is an address for.
    pub(super) fn channels(&self) -> impl Iterator<Item = &'static str> {
        let has = |channel: &'static str| self.address_for(channel).map(|_| channel);
        [has("email"), has("sms")].into_iter().flatten()
    }
}

/// A person's ids in clear.
///
/// # Errors
/// Kafka cannot be read now.
pub(in crate::desk) async fn read(
    desk: &Arc<Desk>,
    person: &Arc<Person>,
) -> Result<Clear, Problem> {
    let person = Arc::clone(person);
    blocking(desk, move |desk| {
        let whom = search::whom(person.contact, person.address);
        let page = Changes::new(desk, true)?.page(&whom, None, LOOKED_THROUGH, &|_, _| true)?;
        Ok(of_events(&desk.pepper, &person, &page.events))
    })
    .await
}

/// What was typed, and what the person's own events name. Somebody else's id at the same address is not theirs.
pub(super) fn of_events(pepper: &Pepper, person: &Person, events: &[EventAnswer]) -> Clear {
    let mut clear = Clear {
        contact_id: person.contact_id.clone(),
        addresses: person.typed_address.iter().cloned().collect(),
        region: person.region.clone(),
    };
    let key_of = |id: &str| ContactId::new(id.into()).map(|id| pepper.contact(&id));
    let mut seen: BTreeSet<SubjectKey> = person.address.into_iter().collect();
    for event in events {
        let contact = event.contact_id.as_deref();
        let is_theirs = contact.and_then(key_of).is_some_and(|key| Some(key) == person.contact);
        if is_theirs && clear.contact_id.is_none() {
            clear.contact_id = contact.map(|id| Zeroizing::new(id.to_owned()));
        }
        let Some(address) = event.address.as_deref().filter(|_| is_theirs) else { continue };
        let region = clear.region.as_deref();
        let Ok(canonical) = CanonicalAddress::parse(address, None, region) else { continue };
        if seen.insert(pepper.address(&canonical)) && clear.addresses.len() < ADDRESSES_MAX {
            clear.addresses.push(Zeroizing::new(address.to_owned()));
        }
    }
    clear
}
