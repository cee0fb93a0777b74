//! What was approved before for a recipient, as the decision log has it: what caps and "once" rules counted.
//!
//! The gate keeps it in a changelog that says only how things stand now; how they stood is put together from the log.
//! Deliberately absent: marks of a lost memory, which count against a recipient and are in no log.

use std::collections::BTreeMap;

use gate_core::policy::PerSender;
use gate_core::{
    Channel, NameHash, OutboundMessage, PolicySet, Reason, SentKind, SentMessage, SubjectKey,
    Timestamp, depends_on_history,
};
use gate_engine::{Horizon, Keys, Row};
use gate_log::Entry;

use crate::decisions::place::MessagePlace;
use crate::exit::Failure;
use crate::headers::SourceRef;
use crate::records::{KeptRecord, MessageRecords};

/// Whose approvals are asked for.
#[derive(Clone)]
pub(crate) struct Question {
    /// The address, and what it was before the numbers of a line were joined.
    pub(crate) recipient: Vec<SubjectKey>,
    /// The message that is decided: what stands before it counts.
    pub(crate) before: MessagePlace,
    /// Where the log has its decision, in the partition of its number: what was decided before it in other topics counts.
    pub(crate) logged_at: i64,
    /// Older ones count no more.
    pub(crate) since: Timestamp,
}

impl Question {
    /// `None` when nothing that was approved before has a part in it.
    pub(crate) fn about(
        keys: &impl Keys,
        policies: &PolicySet,
        message: &OutboundMessage<'_>,
        (before, logged_at): (&MessagePlace, i64),
        now: Timestamp,
    ) -> Option<Self> {
        let address = message.canonical()?;
        if !depends_on_history(policies, message, address.e164(), now) {
            return None;
        }
        let former = address.former();
        let recipient = [Some(keys.address(&address)), former.map(|former| keys.address(&former))];
        let since = match SentKind::of(message) {
            // "once" has no window
            SentKind::Request => Timestamp::MIN,
            _ => now.saturating_sub(Horizon::of(policies, now).kept_for()),
        };
        let recipient = recipient.into_iter().flatten().collect();
        Some(Self { recipient, before: before.clone(), logged_at, since })
    }

    /// Whether this decision is one of them, which stands in the record of the log at this offset.
    pub(crate) fn is_answered_by(&self, entry: &Entry<'_>, logged_at: i64) -> bool {
        let batch = entry.batch();
        entry.shape.outcome == "approved"
            && self.is_behind(&entry.source(), logged_at)
            && batch.evaluated_at >= self.since.as_micros()
            && self.recipient.iter().any(|key| entry.is_of_address(*key))
    }
}

impl Question {
    /// Whether the message at this place was decided before.
    pub(crate) fn is_behind(&self, earlier: &SourceRef<'_>, logged_at: i64) -> bool {
        let MessagePlace { topic, partition, offset } = &self.before;
        earlier.partition == *partition
            && if earlier.topic == topic {
                earlier.record_offset < *offset
            } else {
                logged_at < self.logged_at
            }
    }
}

/// An approval as the log has it.
#[derive(Clone, Debug)]
pub(crate) struct Approved {
    at: Timestamp,
    place: MessagePlace,
    /// Offset of the record of the log that has it.
    logged_at: i64,
    message_id: String,
    reason: String,
    channel: Option<Channel>,
    controller: Option<String>,
    brand: Option<String>,
    rules: Vec<String>,
}

impl Approved {
    pub(crate) fn of(entry: &Entry<'_>, logged_at: i64) -> Self {
        let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let batch = entry.batch();
        Self {
            at: Timestamp::from_micros(batch.evaluated_at),
            place: MessagePlace::of(&entry.source()),
            logged_at,
            message_id: entry.message_id.unwrap_or_default().to_owned(),
            reason: entry.shape.reason.to_string(),
            channel: entry.shape.channel.as_deref().and_then(Channel::parse),
            controller: owned(&entry.context.controller),
            brand: owned(&entry.context.brand),
            rules: entry.shape.rules.iter().map(ToString::to_string).collect(),
        }
    }

    /// What it counted as; `None` for most, which no rule counts.
    fn counted_as(&self, policies: &PolicySet) -> Option<SentKind> {
        match Reason::parse(&self.reason)? {
            Reason::ApprovedConfirmation => Some(SentKind::Confirmation),
            Reason::ApprovedRequest => Some(SentKind::Request),
            Reason::Transactional | Reason::Emergency | Reason::LegalNotice => None,
            _ => self.has_cap(policies, |_| true).then_some(SentKind::Marketing),
        }
    }

    fn has_cap(&self, policies: &PolicySet, which: impl Fn(PerSender) -> bool) -> bool {
        let mut asked = policies.rules().iter().filter(|rule| self.rules.contains(&rule.label));
        asked.any(|rule| rule.caps.iter().any(|cap| which(cap.per)))
    }
}

/// Reads the message at a place; `None` when it is not there any more.
type Message<'f> = dyn Fn(&MessagePlace) -> Result<Option<KeptRecord>, Failure> + 'f;
/// Reads the records of an input topic.
type Records<'f> = dyn Fn(&str) -> Option<&'f MessageRecords> + 'f;

/// The recipient's memory as it was before the message.
///
/// # Errors
/// A message that says what an approval was about cannot be read now.
pub(crate) fn memory(
    approved: &[Approved],
    keys: &impl Keys,
    policies: &PolicySet,
    records: &Records<'_>,
    message: &Message<'_>,
) -> Result<Row, Failure> {
    // each once; of two entries about one message the first says when it was decided
    let mut once: BTreeMap<&MessagePlace, &Approved> = BTreeMap::new();
    for one in approved {
        let known = once.entry(&one.place).or_insert(one);
        if one.logged_at < known.logged_at {
            *known = one;
        }
    }
    let mut in_order: Vec<&Approved> = once.into_values().collect();
    in_order.sort_by_key(|one| (one.logged_at, one.place.offset));
    let mut row = Row::default();
    for one in in_order {
        let (Some(kind), Some(channel)) = (one.counted_as(policies), one.channel) else { continue };
        let subject = match one.has_cap(policies, |per| per == PerSender::Subject) {
            true => product_group(&one.place, records, message)?,
            false => NameHash::default(),
        };
        let sent = SentMessage {
            at: one.at,
            message: keys.event(&one.message_id),
            kind,
            channel,
            controller: NameHash::of(one.controller.as_deref()),
            brand: NameHash::of(one.brand.as_deref()),
            subject,
        };
        row.remember(sent, &Horizon::of(policies, one.at));
    }
    Ok(row)
}

/// What the log does not say: unknown, which may be any, when the message is not there any more.
fn product_group(
    place: &MessagePlace,
    records: &Records<'_>,
    message: &Message<'_>,
) -> Result<NameHash, Failure> {
    let Some(messages) = records(&place.topic) else { return Ok(NameHash::default()) };
    let found = message(place)?;
    let message = found.as_ref();
    let message = message.and_then(|it| it.read(|value, origin| messages.read(value, origin)).ok());
    Ok(message.map_or_else(NameHash::default, |it| NameHash::of(it.product_group.as_deref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{PEPPER_BYTES, Pepper};
    use crate::policies::PolicySource;
    use gate_codec::{Codec, Format, Kind};
    use std::cell::Cell;

    const HOUR: i64 = 3_600_000_000;
    const T0: i64 = 1_795_000_000_000_000;

    /// A rule of this set whose caps count by that.
    fn rule_of(set: &PolicySet, per: Option<PerSender>) -> String {
        let is_it = |rule: &&gate_core::policy::Rule| match per {
            Some(per) => rule.caps.iter().any(|cap| cap.per == per),
            None => rule.caps.is_empty(),
        };
        set.rules().iter().find(is_it).expect("a pack has such a rule").label.clone()
    }

    fn approved(offset: i64, reason: &str, rule: &str) -> Approved {
        Approved {
            at: Timestamp::from_micros(T0 + offset * HOUR),
            place: MessagePlace { topic: "outbound-message".to_owned(), partition: 0, offset },
            logged_at: offset,
            message_id: format!("m{offset}"),
            reason: reason.to_owned(),
            channel: Some(Channel::Email),
            controller: Some("Shop".to_owned()),
            brand: None,
            rules: vec![rule.to_owned()],
        }
    }

    #[test]
    fn what_counted_is_remembered_in_its_order_and_once() {
        let config = crate::config::Config::parse("f", "", []).unwrap();
        let set = PolicySource::of(&config.policies).load().unwrap();
        let keys = Pepper::new(&[7; PEPPER_BYTES]);
        let messages = MessageRecords::new(
            Codec::new(Format::Json, Kind::OutboundMessage, None).unwrap(),
            None,
        );
        // messages that say their product group; how often one was read
        let n_read = Cell::new(0);
        let message = |place: &MessagePlace| {
            n_read.set(n_read.get() + 1);
            let text = format!(
                r#"{{"message_id":"m{}","channel":"email","product_group":"loans","recipient":{{"address":"a@example.com"}}}}"#,
                place.offset
            );
            Ok(Some(KeptRecord { value: Some(text.into_bytes()), ..KeptRecord::default() }))
        };
        let (capped, free) = (rule_of(&set, Some(PerSender::Controller)), rule_of(&set, None));
        let found = [
            approved(3, "approved.express_consent", &capped),
            approved(1, "approved.express_consent", &capped),
            // found in two ways
            approved(3, "approved.express_consent", &capped),
            // no rule counted these
            approved(2, "approved.express_consent", &free),
            approved(4, "approved.transactional", &capped),
            approved(5, "approved.optout_confirmation", &free),
        ];
        let row = memory(&found, &keys, &set, &|_| Some(&messages), &message).unwrap();
        let sent: Vec<_> = row.messages().iter().map(|sent| (sent.message, sent.kind)).collect();
        let of = |n: i64, kind| (keys.event(&format!("m{n}")), kind);
        let marketing = SentKind::Marketing;
        assert_eq!(
            sent,
            [of(1, marketing), of(3, marketing), of(5, SentKind::Confirmation)],
            "{found:?}"
        );
        assert_eq!(row.messages()[0].controller, NameHash::of(Some("shop")));
        assert_eq!(n_read.get(), 0, "the log says all of it");
        // where a product group counts, the message is read
        let by_subject = rule_of(&set, Some(PerSender::Subject));
        let found = [approved(1, "approved.express_consent", &by_subject)];
        let row = memory(&found, &keys, &set, &|_| Some(&messages), &message).unwrap();
        assert_eq!(row.messages()[0].subject, NameHash::of(Some("loans")));
        assert_eq!(n_read.get(), 1);
    }
}
