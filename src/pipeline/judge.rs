//! Decides a batch on one snapshot of the consent state.

use super::history::History;
use super::{Batch, Lane, LaneError, Setback};
use crate::approvals::{Horizon, Row, RowKey};
use crate::barrier::Hold;
use crate::clock::now;
use crate::headers::{BatchContext, DecisionWriter, SourceRef, Written, probe_recipient};
use crate::kafka::native::Message;
use crate::metrics::{Bound, HoldCause, NamedPlaces, ProbeRecipient, Topic};
use crate::store::PinnedState;
use gate_codec::{Class, DecodeError, Unreadable, told_by_headers};
use gate_core::{
    AddressLookup, CanonicalAddress, Category, ConsentState, Decision, Detail, EventKey,
    OutboundMessage, Reason, Reasons, Recipient, SentKind, SentMessage, SubjectKey, Timestamp,
    decide, depends_on_history,
};

/// A message as read, or what is wrong with it.
pub(super) type Decoded<'m> = Result<OutboundMessage<'m>, Unreadable>;

/// A decision with what goes into its headers.
pub(super) struct Judged {
    pub(super) decision: Decision,
    pub(super) channel: Option<gate_core::Channel>,
    /// Its brand and campaign among those that are counted.
    pub(super) named: NamedPlaces,
    /// It is about a contact of the synthetic probe: marked, and counted apart.
    pub(super) probe: Option<ProbeRecipient>,
    /// Where the headers stand in [`Verdicts::headers`].
    pub(super) header: Written,
}

/// A judged batch.
pub(super) struct Verdicts {
    /// One for each message.
    pub(super) judged: Vec<Judged>,
    /// The decision headers, behind each other.
    pub(super) headers: Vec<u8>,
    /// What is to be remembered of the approvals.
    pub(super) rows: Vec<(RowKey, Vec<u8>)>,
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

impl<'c> Lane<'c> {
    /// Reads every message; an unreadable one is an answer, an unavailable registry is not.
    pub(super) fn decode<'m>(
        &self,
        messages: &'m [Message<'c>],
    ) -> Result<Vec<Decoded<'m>>, Setback> {
        let mut decoded = Vec::with_capacity(messages.len());
        for message in messages {
            if message.payload().is_some_and(|value| value.len() > self.parts.value_bytes_max) {
                decoded.push(Err(Class::TooLarge.into()));
                continue;
            }
            decoded.push(match self.parts.codec.decode_message(message.payload()) {
                Ok(message) => Ok(message),
                Err(DecodeError::Unreadable(why)) => Err(told_by_headers(why, |wanted| {
                    message.headers().any(|(name, _)| name == wanted.to_bytes())
                })),
                Err(DecodeError::Unavailable { cause }) => {
                    let detail = format!(
                        "`{}` partition {} offset {}: the schema registry cannot be asked now: {cause}",
                        self.parts.outbound_topic,
                        message.partition(),
                        message.offset()
                    );
                    let cause = HoldCause::RegistryUnavailable;
                    return Err(Setback::Hold(Hold { cause, detail, consent_partition: None }));
                }
            });
        }
        Ok(decoded)
    }

    /// Decides every message. The barrier has passed: the snapshot holds every acknowledged change.
    pub(super) fn judge(
        &self,
        batch: &Batch<'c>,
        messages: &[Decoded<'_>],
        approved_before: &[Decoded<'_>],
    ) -> Result<Verdicts, LaneError> {
        let snapshot = self.parts.store.snapshot();
        let consent_positions = snapshot.positions()?;
        let policies = self.parts.policies.current();
        let context = BatchContext {
            policies: &policies,
            consent_topic: &self.parts.consent_topic,
            consent_positions: &consent_positions,
            evaluated_at: now(),
        };
        let mut contacts = Vec::with_capacity(messages.len());
        let mut look_up = |(record, message): (&Message<'c>, &Decoded<'_>)| {
            let message = message.as_ref().ok()?;
            let mut lookup = self.look_up(message, &mut contacts);
            if let AddressAt::Known { key, canonical, .. } = &lookup.address
                && depends_on_history(&policies, message, canonical.e164(), context.evaluated_at)
            {
                let row_key = |subject| RowKey { partition: record.partition(), subject };
                lookup.history = Some(row_key(*key));
                let former = canonical.former();
                lookup.former = former.map(|former| row_key(self.parts.pepper.address(&former)));
                lookup.message = self.parts.pepper.event(&message.message_id);
            }
            Some(lookup)
        };
        let mut lookups: Vec<Option<Lookup>> =
            batch.messages().iter().zip(messages).map(&mut look_up).collect();
        let before: Vec<Option<Lookup>> =
            batch.approved_before().iter().zip(approved_before).map(&mut look_up).collect();
        let recipients = || lookups.iter().chain(&before).flatten();
        let counted = recipients().flat_map(|lookup| [lookup.history, lookup.former]).flatten();
        let horizon = Horizon::of(&policies, context.evaluated_at);
        let in_hand = batch.next_offsets();
        let repairs = self.approvals.repairs(|partition| in_hand.contains_key(&partition));
        let counted = counted.chain(repairs.iter().copied()).collect();
        let mut history = History::load(&self.parts.sent, counted, self.seal.pepper_id(), horizon)?;
        repairs.into_iter().for_each(|key| history.write_again(key));
        for lookup in recipients() {
            if let (Some(key), Some(former)) = (lookup.history, lookup.former) {
                history.take_over(key, former);
            }
        }
        for (message, lookup) in approved_before.iter().zip(&before) {
            if let (Ok(message), Some(lookup)) = (message, lookup) {
                self.remember_before(message, lookup, context.evaluated_at, &mut history);
            }
        }
        let contacts = snapshot.states(&contacts)?;
        let addresses = snapshot.states(&uncovered(&mut lookups, &contacts))?;
        let mut judged = Vec::with_capacity(messages.len());
        let mut headers = DecisionWriter::new(&context, messages.len());
        for ((record, message), lookup) in batch.messages().iter().zip(messages).zip(&lookups) {
            let source = SourceRef {
                topic: &self.parts.outbound_topic,
                partition: record.partition(),
                record_offset: record.offset(),
            };
            let decision = match (message, lookup) {
                (Ok(message), Some(lookup)) => {
                    let row = lookup.history.and_then(|key| history.of(key));
                    let approved = row.map(Row::messages).unwrap_or_default();
                    let states = (contacts.as_slice(), addresses.as_slice());
                    let decision = judge_one(&context, message, lookup, approved, states)
                        .map_err(|_| self.parts.store.unreadable_state())?;
                    self.remember(decision, message, lookup, context.evaluated_at, &mut history)
                }
                (Err(why), _) => {
                    self.parts.metrics.invalid(Topic::OutboundMessage, why.class.as_str());
                    Decision::unreadable(why.class.as_str(), why.field)
                }
                (Ok(_), None) => Decision::invalid("malformed"),
            };
            let message = message.as_ref().ok();
            let channel = message.and_then(|message| message.channel);
            let message_id = message.map(|message| &*message.message_id);
            let header = headers.write(&decision, &source, message_id, channel);
            let probe = message.and_then(|message| {
                probe_recipient(message.contact_id.as_ref(), message.address.as_ref())
            });
            let named = self.parts.metrics.named();
            let named = named.map(|named| named.places(message, record.payload()));
            let named = named.unwrap_or_default();
            judged.push(Judged { decision, channel, named, probe, header });
        }
        let written = |partition, now| self.approvals.written(partition, now);
        let rows = history.into_changes(&self.seal, written);
        Ok(Verdicts { judged, headers: headers.finish(), rows })
    }

    /// Notes an approval that counts, so that the next message to the same recipient sees it.
    fn remember(
        &self,
        decision: Decision,
        message: &OutboundMessage<'_>,
        lookup: &Lookup,
        now: Timestamp,
        history: &mut History,
    ) -> Decision {
        let Some(kind) = decision.counts_as() else { return decision };
        let (Some(channel), Some(key)) = (message.channel, lookup.history) else {
            // It counts, and what it counts with was not looked at: a mistake in `depends_on_history`.
            tracing::error!(
                ?kind,
                "an approval that counts was judged without its history; blocked"
            );
            let mut reasons = Reasons::default();
            reasons.insert(Reason::StateUnavailable);
            return Decision::block(reasons, Detail::None);
        };
        let sent = SentMessage::new(message, channel, lookup.message, kind, now);
        if history.remember(key, sent) {
            self.parts.metrics.bound_reached(Bound::SentMessages);
        }
        decision
    }

    /// Notes what a half-committed transaction has approved, unless its record was in the other half.
    fn remember_before(
        &self,
        message: &OutboundMessage<'_>,
        lookup: &Lookup,
        now: Timestamp,
        history: &mut History,
    ) {
        let (Some(channel), Some(key)) = (message.channel, lookup.history) else { return };
        if history.of(key).is_some_and(|row| row.contains(lookup.message)) {
            return;
        }
        let kind = match message.category {
            Category::OptoutConfirmation => SentKind::Confirmation,
            Category::ConsentRequest => SentKind::Request,
            _ => SentKind::Marketing,
        };
        history.remember(key, SentMessage::new(message, channel, lookup.message, kind, now));
    }

    fn look_up(&self, message: &OutboundMessage<'_>, contacts: &mut Vec<SubjectKey>) -> Lookup {
        let contact = message.contact_id.as_ref().map(|contact| {
            let key = self.parts.pepper.contact(contact);
            contacts.push(key);
            (key, contacts.len() - 1)
        });
        let address = match &message.address {
            None => AddressAt::Missing,
            Some(address) => {
                let (raw, region) = (address.expose(), message.region.as_deref());
                let canonical = match message.channel {
                    // only an address that the channel can deliver to
                    Some(channel) => CanonicalAddress::of_recipient(raw, channel, region),
                    // blocked as unsupported_channel, whatever the address
                    None => CanonicalAddress::parse(raw, None, region),
                };
                match canonical {
                    Err(_) => AddressAt::Invalid,
                    Ok(address) => {
                        let key = self.parts.pepper.address(&address);
                        AddressAt::Known { key, index: None, canonical: address }
                    }
                }
            }
        };
        Lookup { contact, address, message: EventKey::default(), history: None, former: None }
    }
}

/// The addresses whose states must be read beside those of the contacts; notes their places.
fn uncovered(
    lookups: &mut [Option<Lookup>],
    contacts: &[Option<PinnedState<'_>>],
) -> Vec<SubjectKey> {
    let mut addresses = Vec::with_capacity(lookups.len() / 2);
    for lookup in lookups.iter_mut().flatten() {
        let AddressAt::Known { key, index, .. } = &mut lookup.address else { continue };
        let contact = lookup.contact.and_then(|(_, at)| contacts.get(at)?.as_ref());
        if !contact.is_some_and(|contact| contact.covers(*key)) {
            *index = Some(addresses.len());
            addresses.push(*key);
        }
    }
    addresses
}

/// Decides one message by the states of contacts and addresses.
fn judge_one(
    context: &BatchContext<'_>,
    message: &OutboundMessage<'_>,
    lookup: &Lookup,
    approved: &[SentMessage],
    (contacts, addresses): (&[Option<PinnedState<'_>>], &[Option<PinnedState<'_>>]),
) -> Result<Decision, gate_core::StateError> {
    let contact = match lookup.contact {
        Some((key, index)) => Some((key, state_at(contacts, index)?)),
        None => None,
    };
    let address_state = match lookup.address {
        AddressAt::Known { index: Some(index), .. } => state_at(addresses, index)?,
        AddressAt::Known { index: None, .. } | AddressAt::Missing | AddressAt::Invalid => {
            ConsentState::default()
        }
    };
    let recipient = Recipient {
        contact: contact.as_ref().map(|(key, state)| (*key, state)),
        address: match &lookup.address {
            AddressAt::Missing => AddressLookup::Missing,
            AddressAt::Invalid => AddressLookup::Invalid,
            AddressAt::Known { key, .. } => AddressLookup::Known(*key, &address_state),
        },
        e164: match &lookup.address {
            AddressAt::Known { canonical, .. } => canonical.e164(),
            AddressAt::Missing | AddressAt::Invalid => None,
        },
        variant: match &lookup.address {
            AddressAt::Known { canonical, .. } => canonical.variant(),
            AddressAt::Missing | AddressAt::Invalid => 0,
        },
        message: lookup.message,
        approved,
    };
    Ok(decide(context.policies, recipient, message, context.evaluated_at))
}

fn state_at<'s>(
    states: &'s [Option<PinnedState<'_>>],
    index: usize,
) -> Result<ConsentState<'s>, gate_core::StateError> {
    let bytes = states.get(index).and_then(|state| state.as_deref());
    bytes.map_or_else(|| Ok(ConsentState::default()), ConsentState::decode)
}
