//! From a decision to its person.
//!
//! The decision log has beginnings of keyed hashes, and gates ask for whole ones. So the message is read where it lies, and what
//! the person said, and an id or address found there counts if its hash begins as the log says.
//!
//! INVARIANT: the look-up is recorded, by what the log has of the person, before anything of theirs is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use gate_codec::DecodeError;
use gate_core::{CanonicalAddress, ContactId, SubjectKey};
use gate_engine::Keys as _;
use gate_index::{DecisionRow, Person as Whom, Prefix};
use gate_log::SourceRef;
use zeroize::Zeroizing;

use super::super::Desk;
use super::super::access_log::{Access, Act};
use super::super::asked::Asked;
use super::super::handle::Person;
use super::blocking;
use super::decisions::storage;
use super::events::{Changes, EventAnswer};
use super::search::{self, FoundAnswer};
use crate::answers::{Problem, ProblemKind};
use crate::clock::now;
use crate::exit::{ExitCode, Failure};

/// Events that are looked through for ids and addresses.
const LOOKED_THROUGH: usize = 200;

/// # Errors
/// There is no such decision, it names nobody who can be found any more, no reason is given, or the look-up cannot be recorded.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<FoundAnswer, Problem> {
    asked.body.only(&["reason", "ticket", "csrf"])?;
    let (reason, ticket) = search::why(&asked.body)?;
    let topic = asked.part("topic").to_owned();
    let (partition, record_offset) = (asked.number("partition")?, asked.number("offset")?);
    let row = blocking(desk, move |desk| {
        let source = SourceRef { topic: &topic, partition, record_offset };
        desk.index.at(&source).map_err(storage)?.ok_or_else(|| {
            Failure::new(ExitCode::No, "there is no decision about that message in the index")
        })
    });
    let row = row.await?;
    if row.contact.is_none() && row.address.is_none() {
        return Err(Problem::new(ProblemKind::Conflict, "the decision is about nobody"));
    }
    let access =
        Access::new(now(), (&asked.account.id, asked.account.role()), Act::LookUp, &reason)
            .of_decision(&row, &ticket);
    search::record(desk, access).await?;
    let found = blocking(desk, move |desk| find(desk, &row)).await?;
    let Some(found) = found else {
        let detail = "the message and all that this person said are gone from Kafka, and the log has only beginnings of keyed hashes: look the person up by id or address";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    };
    search::found(desk, &asked.account, Person { reason, ticket, ..found }).await
}

/// Whom the decision is about, as far as message and events tell.
fn find(desk: &Desk, row: &DecisionRow) -> Result<Option<Person>, Failure> {
    let mut theirs = Theirs { desk, row, person: Person::default() };
    theirs.of_message()?;
    if !theirs.is_whole() {
        let whom = Whom { contact: row.contact, address: row.address };
        let page = Changes::new(desk, true)?.page(&whom, None, LOOKED_THROUGH, &|_, _| true)?;
        page.events.iter().for_each(|event| theirs.of_event(event));
    }
    let person = theirs.person;
    Ok((person.contact.is_some() || person.address.is_some()).then_some(person))
}

/// What is known of the person of a decision.
struct Theirs<'d> {
    desk: &'d Desk,
    row: &'d DecisionRow,
    person: Person,
}

impl Theirs<'_> {
    fn is_whole(&self) -> bool {
        self.person.contact.is_some() == self.row.contact.is_some()
            && self.person.address.is_some() == self.row.address.is_some()
    }

    /// A topic that was made anew has other messages at the same places: their keys do not begin as the log says.
    fn of_message(&mut self) -> Result<(), Failure> {
        let source = &self.row.source;
        let place = (source.partition, source.offset);
        let mut found = self.desk.places.read(&source.topic, &BTreeSet::from([place]))?;
        let Some(found) = found.remove(&place) else { return Ok(()) };
        let config = &self.desk.config;
        if !config.topics.is_outbound(&source.topic) {
            // nobody says any more how its records are to be read
            return Ok(());
        }
        let records = crate::service::message_records(config, &source.topic)?;
        found.record.read(|value, origin| {
            let message = match records.read(value, origin) {
                Ok(message) => message,
                Err(DecodeError::Unreadable(_)) => return Ok(()),
                Err(error @ DecodeError::Unavailable { .. }) => {
                    return Err(Failure::new(ExitCode::TryAgain, error));
                }
            };
            if let Some(contact) = &message.contact_id {
                self.contact(contact);
            }
            if let (Some(address), Some(canonical)) = (&message.address, message.canonical()) {
                self.address(&canonical, address.expose());
                self.person.region = message.region.as_deref().map(str::to_owned);
            }
            Ok(())
        })
    }

    fn of_event(&mut self, event: &EventAnswer) {
        if let Some(contact) = event.contact_id.as_deref().and_then(|id| ContactId::new(id.into()))
        {
            self.contact(&contact);
        }
        let Some(address) = event.address.as_deref() else { return };
        if let Ok(canonical) = CanonicalAddress::parse(address, None, None) {
            self.address(&canonical, address);
        }
    }

    fn contact(&mut self, contact: &ContactId<'_>) {
        let key = self.desk.pepper.contact(contact);
        if self.person.contact.is_none() && begins(self.row.contact, key) {
            self.person.contact = Some(key);
            self.person.contact_id = Some(Zeroizing::new(contact.expose().to_owned()));
        }
    }

    fn address(&mut self, canonical: &CanonicalAddress, written: &str) {
        let key = self.desk.pepper.address(canonical);
        if self.person.address.is_none() && begins(self.row.address, key) {
            self.person.address = Some(key);
            self.person.typed_address = Some(Zeroizing::new(written.to_owned()));
        }
    }
}

fn begins(logged: Option<Prefix>, key: SubjectKey) -> bool {
    logged.is_some() && logged == Prefix::of(key)
}
