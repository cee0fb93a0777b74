//! Looking somebody up: what was typed becomes keys, the look-up a record, and the person a handle.
//!
//! INVARIANT: the record is kept before anything is looked for, and a stranger is told nothing a known person is not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use gate_core::{CanonicalAddress, ContactId, SubjectKey};
use gate_engine::Keys as _;
use gate_index::{Person as Whom, Prefix};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::super::Desk;
use super::super::access_log::{Access, Act};
use super::super::asked::Asked;
use super::super::fields::{Fields, pointer};
use super::super::handle::Person;
use super::super::roles::Account;
use super::blocking;
use super::decisions::storage;
use super::events::Changes;
use crate::answers::{Problem, ProblemKind};
use crate::clock::now;
use crate::exit::Failure;
use crate::headers::{hex, unhex};

/// Why somebody may look.
pub(in crate::desk) const REASONS: [&str; 4] = ["complaint", "access", "incident", "audit"];
/// Longest ticket.
const TICKET_CHARS_MAX: usize = 80;
/// Events of an address that are looked through for contacts.
const LOOKED_THROUGH: usize = 200;
/// Contacts of one address that are told apart.
const CONTACTS_MAX: usize = 20;

/// Who was found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct FoundAnswer {
    /// Whether anything was ever said by or sent to them, as far as gates and index tell.
    pub(in crate::desk) is_known: bool,
    /// One for each contact the address was seen with; one if there is nothing to tell apart.
    pub(in crate::desk) people: Vec<MatchAnswer>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct MatchAnswer {
    /// Opaque; for this account, for half an hour after its last use.
    pub(in crate::desk) handle: String,
    /// The keyed hash of the contact.
    pub(in crate::desk) contact: Option<String>,
    /// Its id, where an event tells it.
    pub(in crate::desk) contact_id: Option<String>,
    /// The keyed hash of the address.
    pub(in crate::desk) address: Option<String>,
}

/// # Errors
/// What was typed is nobody, the look-up cannot be recorded, or the index cannot be read.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<FoundAnswer, Problem> {
    asked.body.only(&["kind", "who", "region", "reason", "ticket", "csrf"])?;
    let person = read(desk, &asked.body)?;
    let access =
        Access::new(now(), (&asked.account.id, asked.account.role()), Act::LookUp, &person.reason)
            .of_person(person.contact, person.address, &person.ticket);
    record(desk, access).await?;
    found(desk, &asked.account, person).await
}

/// Whoever there is of a person whose look-up is recorded, each with a handle.
///
/// # Errors
/// The index cannot be read, or there is no randomness.
pub(super) async fn found(
    desk: &Arc<Desk>,
    account: &Account,
    person: Person,
) -> Result<FoundAnswer, Problem> {
    let links = links(desk, &person).await;
    let (contact, address) = (person.contact, person.address);
    let seen = blocking(desk, move |desk| is_seen(desk, contact, address)).await?;
    let is_known = seen || links.as_ref().is_some_and(|found| found.is_known);
    let mut contacts = BTreeMap::new();
    if person.contact.is_none() {
        let linked = links.map(|links| links.contacts).unwrap_or_default();
        contacts.extend(linked.into_iter().map(|contact| (contact, None)));
        // with its id, where an event tells it
        let named = blocking(desk, move |desk| named_beside(desk, address)).await?;
        contacts.extend(named.into_iter().map(|(contact, id)| (contact, Some(id))));
    }
    let people = if contacts.is_empty() {
        vec![person]
    } else {
        let contacts = contacts.into_iter().take(CONTACTS_MAX);
        contacts.map(|(contact, id)| with_contact(&person, contact, id)).collect()
    };
    let mut found = Vec::with_capacity(people.len());
    for person in people {
        found.push(begin(desk, account, person)?);
    }
    Ok(FoundAnswer { is_known, people: found })
}

/// The contacts that events about an address name: a refusal by one of them counts for it.
fn named_beside(
    desk: &Desk,
    address: Option<SubjectKey>,
) -> Result<BTreeMap<SubjectKey, Zeroizing<String>>, Failure> {
    let page =
        Changes::new(desk, true)?.page(&whom(None, address), None, LOOKED_THROUGH, &|_, _| true)?;
    let named = page.events.into_iter().filter_map(|event| event.contact_id.map(Zeroizing::new));
    let keyed = named.filter_map(|id| {
        let key = desk.pepper.contact(&ContactId::new(id.as_str().into())?);
        Some((key, id))
    });
    Ok(keyed.collect())
}

fn with_contact(
    person: &Person,
    contact: SubjectKey,
    contact_id: Option<Zeroizing<String>>,
) -> Person {
    Person {
        contact: Some(contact),
        address: person.address,
        contact_id,
        typed_address: person.typed_address.clone(),
        region: person.region.clone(),
        reason: person.reason.clone(),
        ticket: person.ticket.clone(),
    }
}

fn begin(desk: &Desk, account: &Account, person: Person) -> Result<MatchAnswer, Problem> {
    let key = |key: Option<SubjectKey>| key.map(|key| hex(&key.0));
    let (contact, address) = (key(person.contact), key(person.address));
    let contact_id = person.contact_id.as_ref().map(|id| id.to_string());
    let handle = desk.handles.begin(&account.id, person, Instant::now());
    let handle =
        handle.map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))?;
    Ok(MatchAnswer { handle, contact, contact_id, address })
}

/// Keeps the record; without it there is no answer.
///
/// # Errors
/// It cannot be kept.
pub(in crate::desk) async fn record(desk: &Arc<Desk>, access: Access) -> Result<(), Problem> {
    tracing::info!(account = access.account, act = ?access.act, "a look-up is recorded");
    let act = access.act;
    let kept = blocking(desk, move |desk| desk.access_log.record(&access).map_err(Failure::from));
    let kept = kept.await;
    if kept.is_ok() {
        desk.metrics.look_ups.of(act.label()).inc();
    }
    kept.map_err(|problem| {
        let detail = format!(
            "the look-up cannot be recorded, so nothing was looked for: {}",
            problem.detail
        );
        Problem::new(ProblemKind::Unavailable, detail)
    })
}

/// Why somebody looks, and the ticket they name.
///
/// # Errors
/// They do not say why, or the ticket is no short text.
pub(super) fn why(fields: &Fields) -> Result<(String, String), Problem> {
    let what = format!("say why: one of {}", REASONS.join(", "));
    let reason =
        fields.parse("reason", &what, |text| REASONS.contains(&text).then(|| text.to_owned()))?;
    let reason = reason.ok_or_else(|| Problem::malformed("/reason", what))?;
    let ticket = fields.text("ticket");
    if ticket.chars().count() > TICKET_CHARS_MAX || ticket.chars().any(char::is_control) {
        let detail =
            format!("is longer than {TICKET_CHARS_MAX} characters, or has others than text");
        return Err(Problem::malformed("/ticket", detail));
    }
    Ok((reason, ticket))
}

/// Whom the fields name.
///
/// # Errors
/// Nobody, or no reason.
fn read(desk: &Desk, fields: &Fields) -> Result<Person, Problem> {
    let (reason, ticket) = why(fields)?;
    let region = fields.parse("region", "must be a country of two letters", |text| {
        let text = text.to_ascii_uppercase();
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(text)
    })?;
    let who = Zeroizing::new(fields.text("who"));
    if who.is_empty() {
        return Err(Problem::malformed("/who", "name a contact id or an address"));
    }
    let address = || CanonicalAddress::parse(&who, None, region.as_deref()).ok();
    let contact = || ContactId::new(who.as_str().into());
    let looks_like_address = || who.contains('@') || who.starts_with('+') || region.is_some();
    let mut person = Person { region: region.clone(), reason, ticket, ..Person::default() };
    match fields.get("kind").unwrap_or("auto") {
        "address" => named_address(desk, &mut person, address(), &who)?,
        "contact" => named_contact(desk, &mut person, contact(), &who)?,
        "auto" => match address().filter(|_| looks_like_address()) {
            Some(address) => named_address(desk, &mut person, Some(address), &who)?,
            None => named_contact(desk, &mut person, contact(), &who)?,
        },
        _ => return Err(Problem::malformed(pointer("kind"), "must be contact, address or auto")),
    }
    Ok(person)
}

fn named_address(
    desk: &Desk,
    person: &mut Person,
    address: Option<CanonicalAddress>,
    who: &Zeroizing<String>,
) -> Result<(), Problem> {
    let Some(address) = address else {
        let detail = "is neither an e-mail address nor a phone number; a number needs `+` and its country code, or the country";
        return Err(Problem::malformed("/who", detail));
    };
    person.address = Some(desk.pepper.address(&address));
    person.typed_address = Some(who.clone());
    Ok(())
}

fn named_contact(
    desk: &Desk,
    person: &mut Person,
    contact: Option<ContactId<'_>>,
    who: &Zeroizing<String>,
) -> Result<(), Problem> {
    let contact = contact.ok_or_else(|| Problem::malformed("/who", "nothing visible is in it"))?;
    person.contact = Some(desk.pepper.contact(&contact));
    person.contact_id = Some(who.clone());
    Ok(())
}

/// What the index has of them.
fn is_seen(
    desk: &Desk,
    contact: Option<SubjectKey>,
    address: Option<SubjectKey>,
) -> Result<bool, Failure> {
    let whom = whom(contact, address);
    Ok(!desk.index.changes_of(&whom, None, 1).map_err(storage)?.items.is_empty()
        || !desk.index.of_person(&whom, None, 1).map_err(storage)?.items.is_empty())
}

/// As the index knows them.
pub(in crate::desk) fn whom(contact: Option<SubjectKey>, address: Option<SubjectKey>) -> Whom {
    Whom { contact: contact.and_then(Prefix::of), address: address.and_then(Prefix::of) }
}

struct Links {
    is_known: bool,
    contacts: Vec<SubjectKey>,
}

/// The contacts an address was seen with, as the gates tell; nothing when none answers.
async fn links(desk: &Arc<Desk>, person: &Person) -> Option<Links> {
    let answer = desk.gates.subject(&question(person, 0)).await.ok()?;
    let known = |name: &str| {
        answer.get(name).and_then(|it| it.get("is_known")?.as_bool()).unwrap_or_default()
    };
    let facts = answer.get("address").and_then(|it| it.get("facts")?.as_array());
    let others = facts
        .into_iter()
        .flatten()
        .filter(|fact| fact.get("kind").and_then(Value::as_str) == Some("link"));
    let others = others.filter_map(|fact| unhex(fact.get("other")?.as_str()?).map(SubjectKey));
    let contacts: Vec<SubjectKey> = others.collect();
    Some(Links { is_known: known("address") || known("contact"), contacts })
}

/// Whom to ask the gates about: by key, so that nothing is said in clear.
pub(in crate::desk) fn question(person: &Person, timeline_max: usize) -> Value {
    let mut question = json!({ "timeline_max": timeline_max });
    if let Some(fields) = question.as_object_mut() {
        for (name, key) in [("contact_key", person.contact), ("address_key", person.address)] {
            if let Some(key) = key {
                fields.insert(name.to_owned(), hex(&key.0).into());
            }
        }
    }
    question
}

/// Somebody's own look-ups.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct LookUpsAnswer {
    /// Newest first.
    pub(in crate::desk) look_ups: Vec<Access>,
}

/// # Errors
/// The topic cannot be read now.
pub(in crate::desk) async fn own(
    desk: &Arc<Desk>,
    account: &Account,
) -> Result<LookUpsAnswer, Problem> {
    let id = account.id.clone();
    let read = move |desk: &Desk| desk.access_log.own(&id).map_err(Failure::from);
    Ok(LookUpsAnswer { look_ups: blocking(desk, read).await? })
}

/// The person behind a handle.
///
/// # Errors
/// None of this account's, or not any more.
pub(in crate::desk) fn of_handle(desk: &Desk, asked: &Asked) -> Result<Arc<Person>, Problem> {
    desk.handles.find(&asked.account.id, asked.part("handle"), Instant::now()).ok_or_else(|| {
        let detail =
            "the handle is not, or no longer, one of this account: look the person up again";
        Problem::new(ProblemKind::NotFound, detail)
    })
}
