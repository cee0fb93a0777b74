//! A batch of messages on one moment of the consent state: looked up, decided in order, and what is to be remembered.
//!
//! INVARIANT: a state that cannot be read stops the batch; it never counts as one that says nothing.

use crate::approvals::{History, Horizon, Row, RowKey};
use crate::keys::Keys;
use gate_codec::Unreadable;
use gate_core::{
    AddressLookup, CanonicalAddress, ConsentState, Decision, Detail, EventKey, NoTrace,
    OutboundMessage, PolicySet, Reason, Reasons, Recipient, SentKind, SentMessage, SubjectKey,
    Timestamp, Trace, decide_traced, depends_on_history,
};
use std::ops::Deref;

/// A message as read, or what is wrong with it.
pub type Decoded<'m> = Result<OutboundMessage<'m>, Unreadable>;

/// States of one moment.
pub trait States {
    /// The bytes of a state.
    type State<'s>: Deref<Target = [u8]>
    where
        Self: 's;
    /// What goes wrong.
    type Error;

    /// The states of these subjects in their order; `None` where nothing was ever said.
    ///
    /// # Errors
    /// When one cannot be read: half an answer could approve.
    fn states(&self, keys: &[SubjectKey]) -> Result<Vec<Option<Self::State<'_>>>, Self::Error>;

    /// Whether this contact's state says all that the address's says, so that the address need not be read.
    fn covers(contact: &Self::State<'_>, address: SubjectKey) -> bool;

    /// The error for bytes that are no state.
    fn damaged(&self) -> Self::Error;
}

/// Approvals as they were committed.
pub trait StoredApprovals {
    /// What goes wrong.
    type Error;

    /// The rows of these recipients in their order.
    ///
    /// # Errors
    /// When one cannot be read: half an answer could approve.
    fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>, Self::Error>;
}

/// What a batch is judged by.
#[derive(Clone, Copy)]
pub struct Inputs<'a, K, S, A> {
    /// How people become keys.
    pub keys: &'a K,
    /// The law in force.
    pub policies: &'a PolicySet,
    /// What is known of consent.
    pub states: &'a S,
    /// What was approved before.
    pub approvals: &'a A,
    /// The gate's clock.
    pub now: Timestamp,
}

/// A message of the batch.
#[derive(Clone, Copy)]
pub struct Record<'m> {
    /// The partition it stands in: approvals are counted by recipient and partition.
    pub partition: i32,
    /// What it says.
    pub message: &'m Decoded<'m>,
}

/// A judged batch.
#[derive(Debug)]
pub struct Judged {
    /// One for each message.
    pub decisions: Vec<Decision>,
    /// Whom each message is for.
    pub people: Vec<People>,
    /// The same of those that were approved before.
    pub people_before: Vec<People>,
    /// What is to be remembered with them.
    pub history: History,
    /// Rows that became full: what they forget counts against their recipients.
    pub n_full: u64,
    /// Approvals that count and were judged without their history, which were blocked instead: mistakes in this program.
    pub n_uncounted: u64,
}

/// Whom a message is for, as far as it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// The contact.
    pub contact: Option<SubjectKey>,
    /// The address, when it can be delivered to.
    pub address: Option<SubjectKey>,
}

/// Why a batch cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError<S, A> {
    /// Consent states cannot be read.
    #[error("{0}")]
    States(S),
    /// Approvals cannot be read.
    #[error("{0}")]
    Approvals(A),
}

/// Decides every message in order. `before` was approved in a transaction that was committed by half: it counts, unless it is
/// remembered already. The rows of `repairs` are kept again whether they change or not.
///
/// # Errors
/// States or approvals that cannot be read.
pub fn judge<K: Keys, S: States, A: StoredApprovals>(
    inputs: Inputs<'_, K, S, A>,
    records: &[Record<'_>],
    before: &[Record<'_>],
    repairs: &[RowKey],
) -> Result<Judged, JudgeError<S::Error, A::Error>> {
    judge_with(inputs, records, before, repairs, &mut NoTrace)
}

/// The same for one message, telling `trace` what each step looked at.
///
/// # Errors
/// As [`judge`].
pub fn judge_traced<K: Keys, S: States, A: StoredApprovals>(
    inputs: Inputs<'_, K, S, A>,
    record: Record<'_>,
    trace: &mut impl Trace,
) -> Result<Judged, JudgeError<S::Error, A::Error>> {
    judge_with(inputs, &[record], &[], &[], trace)
}

fn judge_with<K: Keys, S: States, A: StoredApprovals>(
    inputs: Inputs<'_, K, S, A>,
    records: &[Record<'_>],
    before: &[Record<'_>],
    repairs: &[RowKey],
    trace: &mut impl Trace,
) -> Result<Judged, JudgeError<S::Error, A::Error>> {
    let mut contacts = Vec::with_capacity(records.len());
    let mut look_up = |record: &Record<'_>| Lookup::of(&inputs, record, &mut contacts);
    let mut lookups: Vec<Option<Lookup>> = records.iter().map(&mut look_up).collect();
    let earlier: Vec<Option<Lookup>> = before.iter().map(&mut look_up).collect();
    let mut history = recall(&inputs, &lookups, &earlier, repairs)?;
    for (record, lookup) in before.iter().zip(&earlier) {
        if let (Ok(message), Some(lookup)) = (record.message, lookup) {
            remember_before(message, lookup, inputs.now, &mut history);
        }
    }
    let states = |keys: &[SubjectKey]| inputs.states.states(keys).map_err(JudgeError::States);
    let contacts = states(&contacts)?;
    let addresses = states(&uncovered::<S>(&mut lookups, &contacts))?;
    let found = Found::<S> { contacts: &contacts, addresses: &addresses };
    let people = |lookups: &[Option<Lookup>]| lookups.iter().map(People::of).collect();
    let mut judged = Judged {
        decisions: Vec::with_capacity(records.len()),
        people: people(&lookups),
        people_before: people(&earlier),
        history,
        n_full: 0,
        n_uncounted: 0,
    };
    for (record, lookup) in records.iter().zip(&lookups) {
        let decision = match (record.message, lookup) {
            (Ok(message), Some(lookup)) => {
                let row = lookup.history.and_then(|key| judged.history.of(key));
                let approved = row.map(Row::messages).unwrap_or_default();
                let decision = found
                    .decide(&inputs, message, lookup, approved, trace)
                    .map_err(|_| JudgeError::States(inputs.states.damaged()))?;
                judged.remember(decision, message, lookup, inputs.now)
            }
            (Err(why), _) => Decision::unreadable(why.class.as_str(), why.field),
            (Ok(_), None) => Decision::invalid("malformed"),
        };
        judged.decisions.push(decision);
    }
    Ok(judged)
}

/// Where a message's recipient is found among the batch's keys.
struct Lookup {
    contact: Option<(SubjectKey, usize)>,
    address: AddressAt,
    /// The message's own key, when approvals count: only they are told apart by it.
    message: EventKey,
    /// The recipient's approvals, when they count.
    history: Option<RowKey>,
    /// Where they were before the numbers of a line were joined.
    former: Option<RowKey>,
}

enum AddressAt {
    Missing,
    Invalid,
    /// Without an index its state is not looked at: the contact's says all of it.
    Known {
        key: SubjectKey,
        index: Option<usize>,
        canonical: CanonicalAddress,
    },
}

impl AddressAt {
    fn of(keys: &impl Keys, message: &OutboundMessage<'_>) -> Self {
        if message.address.is_none() {
            return Self::Missing;
        }
        message.canonical().map_or(Self::Invalid, |canonical| Self::Known {
            key: keys.address(&canonical),
            index: None,
            canonical,
        })
    }

    fn canonical(&self) -> Option<&CanonicalAddress> {
        match self {
            Self::Known { canonical, .. } => Some(canonical),
            Self::Missing | Self::Invalid => None,
        }
    }
}

impl People {
    fn of(lookup: &Option<Lookup>) -> Self {
        let Some(lookup) = lookup else { return Self::default() };
        Self {
            contact: lookup.contact.map(|(key, _)| key),
            address: match lookup.address {
                AddressAt::Known { key, .. } => Some(key),
                AddressAt::Missing | AddressAt::Invalid => None,
            },
        }
    }
}

impl Lookup {
    /// `None` when the message cannot be read.
    fn of<K: Keys, S, A>(
        inputs: &Inputs<'_, K, S, A>,
        record: &Record<'_>,
        contacts: &mut Vec<SubjectKey>,
    ) -> Option<Self> {
        let message = record.message.as_ref().ok()?;
        let contact = message.contact_id.as_ref().map(|contact| {
            let key = inputs.keys.contact(contact);
            contacts.push(key);
            (key, contacts.len() - 1)
        });
        let address = AddressAt::of(inputs.keys, message);
        let mut lookup =
            Self { contact, address, message: EventKey::default(), history: None, former: None };
        if let AddressAt::Known { key, canonical, .. } = &lookup.address
            && depends_on_history(inputs.policies, message, canonical.e164(), inputs.now)
        {
            let row_key = |subject| RowKey { partition: record.partition, subject };
            lookup.history = Some(row_key(*key));
            let former = canonical.former();
            lookup.former = former.map(|former| row_key(inputs.keys.address(&former)));
            lookup.message = inputs.keys.event(&message.message_id);
        }
        Some(lookup)
    }
}

/// The approvals that count for these recipients.
fn recall<K, S: States, A: StoredApprovals>(
    inputs: &Inputs<'_, K, S, A>,
    lookups: &[Option<Lookup>],
    earlier: &[Option<Lookup>],
    repairs: &[RowKey],
) -> Result<History, JudgeError<S::Error, A::Error>> {
    let recipients = || lookups.iter().chain(earlier).flatten();
    let counted = recipients().flat_map(|lookup| [lookup.history, lookup.former]).flatten();
    let counted = counted.chain(repairs.iter().copied()).collect();
    let horizon = Horizon::of(inputs.policies, inputs.now);
    let read = |keys: &[RowKey]| inputs.approvals.rows(keys).map_err(JudgeError::Approvals);
    let mut history = History::load(counted, horizon, read)?;
    repairs.iter().for_each(|key| history.write_again(*key));
    for lookup in recipients() {
        if let (Some(key), Some(former)) = (lookup.history, lookup.former) {
            history.take_over(key, former);
        }
    }
    Ok(history)
}

/// Notes what a half-committed transaction has approved, unless its record was in the other half.
fn remember_before(
    message: &OutboundMessage<'_>,
    lookup: &Lookup,
    now: Timestamp,
    history: &mut History,
) {
    let (Some(channel), Some(key)) = (message.channel, lookup.history) else { return };
    if history.of(key).is_some_and(|row| row.contains(lookup.message)) {
        return;
    }
    let kind = SentKind::of(message);
    history.remember(key, SentMessage::new(message, channel, lookup.message, kind, now));
}

impl Judged {
    /// Notes an approval that counts, so that the next message to the same recipient sees it.
    fn remember(
        &mut self,
        decision: Decision,
        message: &OutboundMessage<'_>,
        lookup: &Lookup,
        now: Timestamp,
    ) -> Decision {
        let Some(kind) = decision.counts_as() else { return decision };
        let (Some(channel), Some(key)) = (message.channel, lookup.history) else {
            // It counts, and what it counts with was not looked at: a mistake in `depends_on_history`.
            self.n_uncounted += 1;
            let mut reasons = Reasons::default();
            reasons.insert(Reason::StateUnavailable);
            return Decision::block(reasons, Detail::None);
        };
        let sent = SentMessage::new(message, channel, lookup.message, kind, now);
        self.n_full += u64::from(self.history.remember(key, sent));
        decision
    }
}

/// The addresses whose states must be read beside those of the contacts; notes their places.
fn uncovered<S: States>(
    lookups: &mut [Option<Lookup>],
    contacts: &[Option<S::State<'_>>],
) -> Vec<SubjectKey> {
    let mut addresses = Vec::with_capacity(lookups.len() / 2);
    for lookup in lookups.iter_mut().flatten() {
        let AddressAt::Known { key, index, .. } = &mut lookup.address else { continue };
        let contact = lookup.contact.and_then(|(_, at)| contacts.get(at)?.as_ref());
        if !contact.is_some_and(|contact| S::covers(contact, *key)) {
            *index = Some(addresses.len());
            addresses.push(*key);
        }
    }
    addresses
}

/// The states of a batch's contacts and addresses.
struct Found<'f, 's, S: States + 's> {
    contacts: &'f [Option<S::State<'s>>],
    addresses: &'f [Option<S::State<'s>>],
}

impl<S: States> Found<'_, '_, S> {
    /// Decides one message.
    fn decide<K, A>(
        &self,
        inputs: &Inputs<'_, K, S, A>,
        message: &OutboundMessage<'_>,
        lookup: &Lookup,
        approved: &[SentMessage],
        trace: &mut impl Trace,
    ) -> Result<Decision, gate_core::StateError> {
        let contact = match lookup.contact {
            Some((key, index)) => Some((key, state_at(self.contacts, index)?)),
            None => None,
        };
        let address_state = match lookup.address {
            AddressAt::Known { index: Some(index), .. } => state_at(self.addresses, index)?,
            AddressAt::Known { index: None, .. } | AddressAt::Missing | AddressAt::Invalid => {
                ConsentState::default()
            }
        };
        let canonical = lookup.address.canonical();
        let recipient = Recipient {
            contact: contact.as_ref().map(|(key, state)| (*key, state)),
            address: match &lookup.address {
                AddressAt::Missing => AddressLookup::Missing,
                AddressAt::Invalid => AddressLookup::Invalid,
                AddressAt::Known { key, .. } => AddressLookup::Known(*key, &address_state),
            },
            e164: canonical.and_then(CanonicalAddress::e164),
            variant: canonical.map_or(0, CanonicalAddress::variant),
            message: lookup.message,
            approved,
        };
        Ok(decide_traced(inputs.policies, recipient, message, inputs.now, trace))
    }
}

fn state_at<'f, B: Deref<Target = [u8]>>(
    states: &'f [Option<B>],
    index: usize,
) -> Result<ConsentState<'f>, gate_core::StateError> {
    let bytes = states.get(index).and_then(|state| state.as_deref());
    bytes.map_or_else(|| Ok(ConsentState::default()), ConsentState::decode)
}
