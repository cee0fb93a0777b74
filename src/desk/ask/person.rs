//! A person: what may be sent to them now and why, what they said, what was decided about messages to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use gate_core::{CanonicalAddress, ContactId, SubjectKey};
use gate_engine::Keys as _;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::super::Desk;
use super::super::handle::Person;
use super::super::server::Asked;
use super::decisions::{RowAnswer, limit, storage};
use super::events::{Changes, EventAnswer};
use super::message::{Draft, VerdictAnswer};
use super::{blocking, message, search};
use crate::answers::Problem;
use crate::exit::{ExitCode, Failure};
use crate::headers::rfc3339;
use crate::identity::Pepper;

/// Events of a page.
const EVENTS_PRESET: usize = 20;
/// Events that are looked through for ids and addresses in clear.
const LOOKED_THROUGH: usize = 100;
/// Different messages that the table asks about.
const DRAFTS_MAX: usize = 40;
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
    fn channels(&self) -> impl Iterator<Item = &'static str> {
        let has = |channel: &'static str| self.address_for(channel).map(|_| channel);
        [has("email"), has("sms")].into_iter().flatten()
    }
}

/// A person.
#[derive(Serialize, ToSchema)]
pub(in crate::desk) struct PersonAnswer {
    /// The keyed hash of the contact.
    pub(in crate::desk) contact_key: Option<String>,
    /// The keyed hash of the address.
    pub(in crate::desk) address_key: Option<String>,
    pub(in crate::desk) contact_id: Option<String>,
    /// As the person's events name them, the newest first.
    pub(in crate::desk) addresses: Vec<String>,
    /// What the gate has on record, as `/v1/subject` of the gate answers it; absent when none answers.
    #[schema(value_type = Option<Object>)]
    pub(in crate::desk) state: Option<Value>,
    /// Why there is no state.
    pub(in crate::desk) state_missing: Option<String>,
    /// Would a message pass now: for each channel, purpose, brand and controller that anything is known of.
    pub(in crate::desk) now: Vec<VerdictAnswer>,
    /// What they said, newest first.
    pub(in crate::desk) events: Vec<EventAnswer>,
    /// Send it as `events` for older ones.
    pub(in crate::desk) events_next: Option<String>,
    /// What was decided about messages to them, newest first.
    pub(in crate::desk) decisions: Vec<RowAnswer>,
    /// Send it as `cursor` for older ones.
    pub(in crate::desk) decisions_next: Option<String>,
    /// The oldest decision in the index.
    pub(in crate::desk) index_since: Option<String>,
    #[serde(skip)]
    pub(in crate::desk) person: Arc<Person>,
}

/// # Errors
/// The handle is nobody's, a cursor is wrong, or index or Kafka cannot be read.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<PersonAnswer, Problem> {
    asked.query.only(&["brand", "cursor", "events", "limit", "lang"])?;
    let person = search::of_handle(desk, asked)?;
    let cursors = (
        asked.query.get("cursor").map(str::to_owned),
        asked.query.get("events").map(str::to_owned),
    );
    let brand = asked.query.get("brand").map(str::to_owned);
    compose(desk, person, brand, cursors, limit(&asked.query)?).await
}

/// All about a person; `brand` leaves the table to messages of that brand.
///
/// # Errors
/// As [`answer`].
pub(in crate::desk) async fn compose(
    desk: &Arc<Desk>,
    person: Arc<Person>,
    brand: Option<String>,
    (cursor, events_cursor): (Option<String>, Option<String>),
    n_decisions: usize,
) -> Result<PersonAnswer, Problem> {
    let question = search::question(&person, 0);
    let state = desk.gates.subject(&question).await;
    let whom = search::whom(person.contact, person.address);
    let asked_of = Arc::clone(&person);
    let read = blocking(desk, move |desk| {
        let decisions = desk
            .index
            .of_person(&whom, cursor.as_deref(), n_decisions)
            .map_err(cursor_or_storage)?;
        let changes = Changes::new(desk, true)?;
        let events = changes.page(&whom, events_cursor.as_deref(), EVENTS_PRESET, &|_, _| true)?;
        let clear = clear_of(&desk.pepper, &asked_of, &events.events);
        let oldest = desk.index.figures().map_err(storage)?.oldest;
        Ok((decisions, events, clear, oldest))
    });
    let (decisions, events, clear, oldest) = read.await?;
    let rows: Vec<RowAnswer> = decisions.items.iter().map(RowAnswer::of).collect();
    let (state, state_missing) = match state {
        Ok(state) => (Some(state), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let mut drafts = drafts(&clear, state.as_ref(), &rows);
    drafts.retain(|draft| brand.is_none() || draft.brand == brand);
    let mut now = match (drafts.is_empty(), state.is_some()) {
        (false, true) => message::judge(desk, &clear, &drafts).await.unwrap_or_default(),
        (true, _) | (_, false) => Vec::new(),
    };
    for verdict in &mut now {
        because(verdict, state.as_ref());
    }
    let mut events = events;
    for event in &mut events.events {
        event.is_in_force = state.as_ref().map(|state| is_in_force(event, state, &now));
    }
    let key = |key: Option<SubjectKey>| key.map(|key| crate::headers::hex(&key.0));
    Ok(PersonAnswer {
        contact_key: key(person.contact),
        address_key: key(person.address),
        contact_id: clear.contact_id.as_ref().map(|id| id.to_string()),
        addresses: clear.addresses.iter().map(|it| it.to_string()).collect(),
        state,
        state_missing,
        now,
        events: events.events,
        events_next: events.next,
        decisions: rows,
        decisions_next: decisions.next,
        index_since: oldest.map(rfc3339),
        person,
    })
}

fn cursor_or_storage(error: gate_index::IndexError) -> Failure {
    match error {
        gate_index::IndexError::Cursor => {
            let reason = "`cursor` is no place to go on from; send what the page before said";
            Failure::new(ExitCode::Usage, reason)
        }
        error => storage(error),
    }
}

/// A person's ids in clear.
///
/// # Errors
/// Kafka cannot be read now.
pub(in crate::desk) async fn clear(
    desk: &Arc<Desk>,
    person: &Arc<Person>,
) -> Result<Clear, Problem> {
    let person = Arc::clone(person);
    blocking(desk, move |desk| {
        let whom = search::whom(person.contact, person.address);
        let page = Changes::new(desk, true)?.page(&whom, None, LOOKED_THROUGH, &|_, _| true)?;
        Ok(clear_of(&desk.pepper, &person, &page.events))
    })
    .await
}

/// What was typed, and what the person's own events name. Somebody else's id at the same address is not theirs.
fn clear_of(pepper: &Pepper, person: &Person, events: &[EventAnswer]) -> Clear {
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

/// What to ask about: what was sent to them, and what they spoke about.
fn drafts(clear: &Clear, state: Option<&Value>, rows: &[RowAnswer]) -> Vec<Draft> {
    let jurisdiction = rows.iter().find_map(|row| row.jurisdictions.first().cloned());
    let channels: Vec<&str> = clear.channels().collect();
    let mut drafts = BTreeSet::new();
    let mut about: BTreeSet<(Option<String>, Option<String>, Option<String>)> = BTreeSet::new();
    for row in rows.iter().filter(|row| row.purpose.is_some()) {
        about.insert((row.purpose.clone(), row.brand.clone(), row.controller.clone()));
    }
    let facts = |name: &str| state.and_then(|it| it.get(name)?.get("facts")?.as_array().cloned());
    for fact in [facts("contact"), facts("address")].into_iter().flatten().flatten() {
        let text = |name: &str| fact.get(name).and_then(Value::as_str).map(str::to_owned);
        if text("purpose").is_some() {
            about.insert((text("purpose"), text("brand"), text("controller")));
        }
    }
    if about.is_empty() {
        about.insert((Some("marketing".to_owned()), None, None));
    }
    for (purpose, brand, controller) in about {
        for channel in &channels {
            drafts.insert(Draft {
                channel: (*channel).to_owned(),
                purpose: purpose.clone(),
                brand: brand.clone(),
                controller: controller.clone(),
                category: None,
                jurisdiction: jurisdiction.clone(),
            });
        }
    }
    drafts.into_iter().take(DRAFTS_MAX).collect()
}

/// A refusal counts while the state holds it; a permission, while a message would be approved by it.
fn is_in_force(event: &EventAnswer, state: &Value, now: &[VerdictAnswer]) -> bool {
    let Some(key) = event.event.as_deref() else { return event.effect == "unreadable" };
    let facts = |name: &str| state.get(name).and_then(|it| it.get("facts")?.as_array());
    let mut facts = [facts("contact"), facts("address")].into_iter().flatten().flatten();
    match event.effect {
        "refuses" => facts.any(|fact| {
            let text = |name: &str| fact.get(name).and_then(Value::as_str);
            text("event") == Some(key) && text("effect") == Some("refuses")
        }),
        _ => now.iter().any(|it| it.evidence.as_deref().is_some_and(|it| key.starts_with(it))),
    }
}

/// Which fact of the state it rests on, in words, and until when that holds.
fn because(verdict: &mut VerdictAnswer, state: Option<&Value>) {
    let facts = |name: &str| state.and_then(|it| it.get(name)?.get("facts")?.as_array());
    let facts = || [facts("contact"), facts("address")].into_iter().flatten().flatten();
    let text = |fact: &Value, name: &str| fact.get(name).and_then(Value::as_str).map(str::to_owned);
    let is_it = |fact: &&Value| match (&verdict.evidence, verdict.outcome.as_str()) {
        (Some(evidence), _) => {
            text(fact, "event").is_some_and(|it| it.starts_with(evidence.as_str()))
        }
        (None, "blocked") => {
            let covers =
                text(fact, "channel").is_some_and(|it| it == "any" || it == verdict.channel);
            text(fact, "effect").as_deref() == Some("refuses") && covers
        }
        (None, _) => false,
    };
    let Some(fact) = facts().find(is_it) else { return };
    verdict.because = text(fact, "words").map(|words| super::decisions::sentence(&words));
    if verdict.until.is_none() && verdict.outcome == "approved" {
        verdict.until = text(fact, "ends_at");
    }
}
