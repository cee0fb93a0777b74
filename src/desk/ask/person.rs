//! A person: what may be sent to them now and why, what they said, what was decided about messages to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use gate_core::{SubjectKey, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::asked::Asked;
use super::super::handle::Person;
use super::clear::{self, Clear};
use super::decisions::{RowAnswer, limit, storage};
use super::draft::{Draft, VerdictAnswer};
use super::events::{Changes, EventAnswer};
use super::{blocking, draft, search};
use crate::answers::Problem;
use crate::exit::{ExitCode, Failure};
use crate::headers::rfc3339;

/// Events of a page.
const EVENTS_PRESET: usize = 20;
/// Different messages that the table asks about.
const DRAFTS_MAX: usize = 40;

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
    cursors: (Option<String>, Option<String>),
    n_decisions: usize,
) -> Result<PersonAnswer, Problem> {
    let question = search::question(&person, 0);
    let state = desk.gates.subject(&question).await;
    let mut page = read(desk, &person, cursors, n_decisions).await?;
    let (clear, rows) = (&page.clear, &page.decisions);
    let (state, state_missing) = match state {
        Ok(state) => (Some(state), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let mut drafts = drafts(clear, state.as_ref(), rows);
    drafts.retain(|draft| brand.is_none() || draft.brand == brand);
    let mut now = match (drafts.is_empty(), state.is_some()) {
        (false, true) => draft::judge(desk, clear, &drafts).await.unwrap_or_default(),
        (true, _) | (_, false) => Vec::new(),
    };
    for verdict in &mut now {
        because(verdict, state.as_ref());
    }
    page.mark(state.as_ref(), &now);
    let key = |key: Option<SubjectKey>| key.map(|key| crate::headers::hex(&key.0));
    Ok(PersonAnswer {
        contact_key: key(person.contact),
        address_key: key(person.address),
        contact_id: page.clear.contact_id.as_ref().map(|id| id.to_string()),
        addresses: page.clear.addresses.iter().map(|it| it.to_string()).collect(),
        state,
        state_missing,
        now,
        events: page.events,
        events_next: page.events_next,
        decisions: page.decisions,
        decisions_next: page.decisions_next,
        index_since: page.oldest.map(rfc3339),
        person,
    })
}

/// What index and topics have about a person, a page of it.
pub(super) struct Page {
    pub(super) events: Vec<EventAnswer>,
    pub(super) events_next: Option<String>,
    pub(super) decisions: Vec<RowAnswer>,
    pub(super) decisions_next: Option<String>,
    clear: Clear,
    oldest: Option<Timestamp>,
}

impl Page {
    /// Says of each event whether it is in force, by what the gate answers.
    pub(super) fn mark(&mut self, state: Option<&Value>, now: &[VerdictAnswer]) {
        for event in &mut self.events {
            event.is_in_force = state.map(|state| is_in_force(event, state, now));
        }
    }
}

/// One page of decisions and one of events.
///
/// # Errors
/// A cursor is wrong, or index or Kafka cannot be read.
pub(super) async fn read(
    desk: &Arc<Desk>,
    person: &Arc<Person>,
    (cursor, events_cursor): (Option<String>, Option<String>),
    n_decisions: usize,
) -> Result<Page, Problem> {
    let whom = search::whom(person.contact, person.address);
    let person = Arc::clone(person);
    blocking(desk, move |desk| {
        let decisions = desk
            .index
            .of_person(&whom, cursor.as_deref(), n_decisions)
            .map_err(cursor_or_storage)?;
        let changes = Changes::new(desk, true)?;
        let events = changes.page(&whom, events_cursor.as_deref(), EVENTS_PRESET, &|_, _| true)?;
        Ok(Page {
            clear: clear::of_events(&desk.pepper, &person, &events.events),
            oldest: desk.index.figures().map_err(storage)?.oldest,
            events: events.events,
            events_next: events.next,
            decisions: decisions.items.iter().map(RowAnswer::of).collect(),
            decisions_next: decisions.next,
        })
    })
    .await
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
