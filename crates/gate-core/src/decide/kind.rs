//! Whether the recipient is a person or a business. What spares businesses is an exception, so what is on file can
//! only make a person of somebody whom the message calls a business, never the reverse.

use super::{AddressLookup, Recipient};
use crate::fact::{Fact, FactKind};
use crate::{ConsentState, OutboundMessage, RecipientKind, Timestamp};

/// The kind that counts: what the message says, unless a profile says otherwise. Unknown is a person.
pub(super) fn of(
    message: &OutboundMessage<'_>,
    recipient: &Recipient<'_>,
    now: Timestamp,
) -> RecipientKind {
    let stated = message.kind.unwrap_or_default();
    if stated == RecipientKind::Person || on_file(recipient, now).is_none_or(|kind| kind == stated)
    {
        stated
    } else {
        RecipientKind::Person
    }
}

/// The latest statement on file about the message's contact and address; of several at one instant that differ, a
/// person. One that has come to its end can only make a person of somebody.
fn on_file(recipient: &Recipient<'_>, now: Timestamp) -> Option<RecipientKind> {
    let (address_key, address) = match recipient.address {
        AddressLookup::Known(key, state) => (Some(key), state.facts()),
        AddressLookup::Missing | AddressLookup::Invalid => (None, &[][..]),
    };
    let contact =
        recipient.contact.map(|(_, state)| ConsentState::facts(state)).unwrap_or_default();
    let is_named = recipient.contact.is_some();
    let is_own = |fact: &&Fact<'_>| fact.other.is_none() || fact.other == address_key;
    let is_shared = |fact: &&Fact<'_>| !is_named || fact.other.is_none();
    let said = || {
        let said = contact.iter().filter(is_own).chain(address.iter().filter(is_shared));
        said.filter(|f| f.kind == FactKind::Kind && !f.is_quarantined() && !f.is_ahead_of(now))
    };
    let standing = said().filter(|f| f.end.is_none_or(|end| now < end));
    let latest = standing.map(|f| f.at).max();
    let not_before = said().filter(|f| latest.is_none_or(|latest| f.at >= latest));
    let kinds = not_before.filter_map(Fact::recipient_kind);
    kinds.reduce(|one, other| if one == other { one } else { RecipientKind::Person })
}
