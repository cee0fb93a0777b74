//! Consent changes about a person, read where they lie: what each says, and which one proves a decision.
//!
//! INVARIANT: event ids, contact ids and addresses are given out to whoever may see people, and to nobody else.

use std::collections::BTreeSet;

use gate_codec::DecodeError;
use gate_core::{Action, ChannelScope, ConsentChange, EventKey, Receipt};
use gate_engine::{Keys as _, understand};
use gate_index::{Person, Prefix};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::places::Found;
use super::decisions::storage;
use crate::clock::utc;
use crate::decisions::one_line;
use crate::exit::{ExitCode, Failure};
use crate::headers::{hex, rfc3339};
use crate::records::ConsentRecords;

/// A consent change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct EventAnswer {
    /// Where it stands.
    pub(in crate::desk) source: String,
    #[serde(skip)]
    pub(in crate::desk) place: (i32, i64),
    pub(in crate::desk) received_at: String,
    pub(in crate::desk) occurred_at: Option<String>,
    /// What it does; absent when nobody can read it.
    pub(in crate::desk) action: Option<&'static str>,
    /// The same in words.
    pub(in crate::desk) words: String,
    /// `permits`, `refuses`, `notes` or `unreadable`.
    pub(in crate::desk) effect: &'static str,
    /// `any`, or a channel.
    pub(in crate::desk) channel: &'static str,
    pub(in crate::desk) purpose: Option<String>,
    pub(in crate::desk) brand: Option<String>,
    pub(in crate::desk) controller: Option<String>,
    /// How it was given.
    pub(in crate::desk) method: Option<String>,
    /// Which text the person saw.
    pub(in crate::desk) notice_version: Option<String>,
    /// Whether it still counts, as far as the state and the answers of now tell; absent where nobody has asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::desk) is_in_force: Option<bool>,
    /// What is wrong with it.
    pub(in crate::desk) class: Option<&'static str>,
    /// Its keyed id, as the decision log has the beginning of.
    pub(in crate::desk) event: Option<String>,
    /// Its id, for whoever may see people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::desk) event_id: Option<String>,
    /// The contact id it names, for whoever may see people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::desk) contact_id: Option<String>,
    /// The address it names, for whoever may see people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::desk) address: Option<String>,
}

/// What an act does to later messages.
pub(in crate::desk) const fn effect(action: Action) -> &'static str {
    match action {
        Action::OptIn | Action::OptInConfirmed | Action::Unsuppress | Action::Relationship => {
            "permits"
        }
        Action::OptOut
        | Action::Object
        | Action::Complaint
        | Action::HardBounce
        | Action::AddressReassigned
        | Action::Suppress
        | Action::Erase => "refuses",
        Action::OptInRequested
        | Action::InboundSms
        | Action::RegistryStatus
        | Action::Profile
        | Action::Sent
        | Action::AddressChanged => "notes",
    }
}

const fn words(action: Action) -> &'static str {
    match action {
        Action::OptInRequested => "Was asked to confirm an opt-in",
        Action::OptIn => "Agreed",
        Action::OptInConfirmed => "Confirmed the opt-in",
        Action::OptOut => "Opted out",
        Action::Object => "Objected to direct marketing",
        Action::Relationship => "Bought, asked or became a customer",
        Action::InboundSms => "Sent a text message",
        Action::Complaint => "Reported spam",
        Action::HardBounce => "The address bounced for good",
        Action::AddressReassigned => "The address has a new holder",
        Action::RegistryStatus => "A registry was asked",
        Action::Suppress => "An operator suppressed",
        Action::Unsuppress => "An operator lifted a suppression",
        Action::Erase => "Was erased",
        Action::Profile => "Facts about the person came in",
        Action::Sent => "A message went out",
        Action::AddressChanged => "Has another address",
    }
}

/// Which changes.
pub(super) struct Changes<'d> {
    pub(super) desk: &'d Desk,
    records: ConsentRecords,
    /// Whether ids and addresses are given out.
    pub(super) in_clear: bool,
}

/// A page of changes, newest first.
pub(in crate::desk) struct EventsPage {
    pub(in crate::desk) events: Vec<EventAnswer>,
    pub(in crate::desk) next: Option<String>,
}

impl<'d> Changes<'d> {
    pub(super) fn new(desk: &'d Desk, in_clear: bool) -> Result<Self, Failure> {
        Ok(Self { desk, records: crate::service::consent_records(&desk.config)?, in_clear })
    }

    /// What is on record about these people, as far as `was_known` allows.
    ///
    /// # Errors
    /// The index or Kafka cannot be read now; the outer one is a cursor's.
    pub(super) fn page(
        &self,
        person: &Person,
        cursor: Option<&str>,
        limit: usize,
        was_known: &dyn Fn(i32, i64) -> bool,
    ) -> Result<EventsPage, Failure> {
        let page =
            self.desk.index.changes_of(person, cursor, limit).map_err(|error| match error {
                gate_index::IndexError::Cursor => Failure::new(
                    ExitCode::Usage,
                    "the cursor is no place to go on from; send what the page before said",
                ),
                error => storage(error),
            })?;
        let places = page.items.iter().map(|it| (it.place.partition, it.place.offset));
        let places: BTreeSet<_> = places.filter(|(it, at)| was_known(*it, *at)).collect();
        let found = self.desk.places.read(self.topic(), &places)?;
        let mut events = Vec::with_capacity(page.items.len());
        for item in &page.items {
            let place = (item.place.partition, item.place.offset);
            if let Some(found) = found.get(&place) {
                events.extend(self.events(place, found, person)?);
            }
        }
        Ok(EventsPage { events, next: page.next })
    }

    fn topic(&self) -> &str {
        &self.desk.config.topics.consent_change
    }

    /// What a record says, of several people about this one.
    fn events(
        &self,
        place: (i32, i64),
        found: &Found,
        person: &Person,
    ) -> Result<Vec<EventAnswer>, Failure> {
        let blank = self.blank(place, found);
        found.record.read(|value, origin| match self.records.read(value, origin) {
            Ok(changes) => Ok(match changes.all() {
                [only] => vec![self.readable(blank, &only.change)],
                several => {
                    let pepper = &self.desk.pepper;
                    let why = several
                        .iter()
                        .find_map(|it| understand(pepper, &it.change, Receipt::default()).err());
                    if let Some(why) = why {
                        // the gate applies nothing of it
                        let class = Some(why.class.as_str());
                        return Ok(vec![EventAnswer { class, ..blank }]);
                    }
                    let about = several.iter().filter(|it| self.is_about(&it.change, person));
                    about.map(|it| self.readable(blank.clone(), &it.change)).collect()
                }
            }),
            Err(DecodeError::Unreadable(why)) => {
                Ok(vec![EventAnswer { class: Some(why.class.as_str()), ..blank }])
            }
            Err(error @ DecodeError::Unavailable { .. }) => {
                Err(Failure::new(ExitCode::TryAgain, error))
            }
        })
    }

    fn is_about(&self, change: &ConsentChange<'_>, person: &Person) -> bool {
        let pepper = &self.desk.pepper;
        let contact = change.contact_id.iter().map(|contact| pepper.contact(contact));
        let addresses = [&change.address, &change.new_address].into_iter().flatten();
        let addresses = addresses.filter_map(|address| change.canonical(address));
        let keys = contact.chain(addresses.map(|address| pepper.address(&address)));
        let mut prefixes = keys.filter_map(Prefix::of).map(Some);
        prefixes.any(|prefix| prefix == person.contact || prefix == person.address)
    }

    fn blank(&self, place: (i32, i64), found: &Found) -> EventAnswer {
        EventAnswer {
            source: format!("{}/{}/{}", self.topic(), place.0, place.1),
            place,
            received_at: utc(found.at_ms),
            occurred_at: None,
            action: None,
            words: "A record that nobody can read".to_owned(),
            effect: "unreadable",
            channel: "any",
            purpose: None,
            brand: None,
            controller: None,
            method: None,
            notice_version: None,
            is_in_force: None,
            class: None,
            event: None,
            event_id: None,
            contact_id: None,
            address: None,
        }
    }

    fn readable(&self, blank: EventAnswer, change: &ConsentChange<'_>) -> EventAnswer {
        let clear = |text: &str| self.in_clear.then(|| text.to_owned());
        let name = |name: &Option<gate_core::Name<'_>>| name.as_deref().map(one_line);
        let evidence = change.evidence.as_ref();
        let proof = |text: Option<&str>| text.map(one_line);
        EventAnswer {
            occurred_at: Some(rfc3339(change.occurred_at)),
            action: Some(change.action.as_str()),
            words: words(change.action).to_owned(),
            effect: effect(change.action),
            channel: match change.channel {
                ChannelScope::Any => "any",
                ChannelScope::One(channel) => channel.as_str(),
            },
            purpose: name(&change.purpose),
            brand: name(&change.brand),
            controller: name(&change.controller),
            method: proof(evidence.and_then(|evidence| evidence.method.as_deref())),
            notice_version: proof(evidence.and_then(|it| it.notice_version.as_deref())),
            event: Some(hex(&self.key(change).0)),
            event_id: clear(&change.event_id),
            contact_id: change.contact_id.as_ref().and_then(|id| clear(id.expose())),
            address: change.address.as_ref().and_then(|address| clear(address.expose())),
            ..blank
        }
    }

    fn key(&self, change: &ConsentChange<'_>) -> EventKey {
        self.desk.pepper.event(&change.event_id)
    }
}

impl EventAnswer {
    /// Whether it may be about messages of this channel.
    pub(super) fn covers(&self, channel: Option<&str>) -> bool {
        self.channel == "any" || channel.is_none_or(|channel| channel == self.channel)
    }
}
