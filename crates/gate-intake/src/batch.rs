//! Collects what becomes of the items of one request. Every record is written and read back by gate-codec before it counts,
//! so that what the door accepts the gate understands; what fails is a problem of its item and never lost in silence.

use crate::crypto::{self, Mac};
use crate::draft::{Draft, Id};
use crate::limits::EVENT_ID_BYTES_MAX;
use crate::outcome::{Accepted, ItemProblem, Outcome, ProblemClass, Skip, Window};
use crate::sale_share;
use crate::source::Source;
use gate_codec::{
    Class, Codec, ConsentChangeRecord, DecodeError, Encoding, EvidenceRecord, Format, Kind,
    encode_consent,
};
use gate_core::{Action, Address, CanonicalAddress, ChannelScope, Timestamp};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The gate's own reader of JSON changes.
static READER: LazyLock<Option<Codec>> =
    LazyLock::new(|| Codec::new(Format::Json, Kind::ConsentChange, None).ok());

/// The reader, if it can be made at all.
pub(crate) fn reader() -> Option<&'static Codec> {
    READER.as_ref()
}

/// The key that event ids are hashed with where the provider gives none: the same on every instance, and for ever.
#[derive(Clone)]
pub struct IdKey(zeroize::Zeroizing<[u8; 32]>);

impl IdKey {
    /// From 32 random bytes of the door's own.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(zeroize::Zeroizing::new(bytes))
    }

    /// A short keyed hash of texts; each is preceded by its length, so that no two lists are the same bytes.
    pub(crate) fn hash<T: AsRef<[u8]>>(&self, parts: &[T]) -> String {
        let mut bytes = Vec::new();
        for part in parts {
            let part = part.as_ref();
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        let tag = Mac::Sha256.of(self.0.as_slice(), &bytes);
        crypto::to_hex(tag.get(..16).unwrap_or_default())
    }
}

impl std::fmt::Debug for IdKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdKey(redacted)")
    }
}

/// A record of the caller's own (a page's, a form's), read back as all others are. `index` and `raw` are for the problem.
///
/// # Errors
/// What the gate's reader would refuse it for.
pub fn accept(
    index: usize,
    record: ConsentChangeRecord<'static>,
    raw: &[u8],
) -> Result<Accepted, Box<ItemProblem>> {
    if sale_share::is_granted_by(&record) {
        let class = ProblemClass::InvalidValue;
        return Err(Box::new(ItemProblem {
            index,
            pointer: "/purpose".to_owned(),
            class,
            reason: sale_share::ONLY_REFUSED,
            fix: class.fix(),
            raw: raw.to_vec(),
        }));
    }
    match written(&record) {
        Ok(json) => Ok(Accepted { index, record, json }),
        Err((field, class)) => Err(Box::new(ItemProblem {
            index,
            pointer: pointer_of(field),
            class: ProblemClass::RefusedByReader,
            reason: class.remedy(),
            fix: ProblemClass::RefusedByReader.fix(),
            raw: raw.to_vec(),
        })),
    }
}

/// Keeps a record unless the window knows it.
pub(crate) fn once(outcome: &mut Outcome, accepted: Accepted, window: &dyn Window) {
    let key = window_key(&accepted.record);
    if window.knows(&key) {
        outcome.repeated.push(accepted);
    } else {
        outcome.remember.push(key);
        outcome.records.push(accepted);
    }
}

/// Under which name the window knows a record.
fn window_key(record: &ConsentChangeRecord<'_>) -> String {
    format!("event:{}", record.event_id.as_deref().unwrap_or_default())
}

/// JSON pointer to a field of ours.
fn pointer_of(field: Option<&str>) -> String {
    field.map(|field| format!("/{}", field.replace('.', "/"))).unwrap_or_default()
}

/// Where an item stands in the request.
pub(crate) struct At<'i> {
    pub(crate) index: usize,
    pub(crate) pointer: &'i str,
    pub(crate) raw: &'i [u8],
}

/// What the items of a request come to.
pub(crate) struct Batch<'s> {
    pub(crate) source: &'s Source,
    pub(crate) ids: &'s IdKey,
    pub(crate) now: Timestamp,
    window: &'s dyn Window,
    /// What was collected.
    pub(crate) outcome: Outcome,
}

impl<'s> Batch<'s> {
    pub(crate) fn new(
        source: &'s Source,
        ids: &'s IdKey,
        now: Timestamp,
        window: &'s dyn Window,
    ) -> Self {
        Self { source, ids, now, window, outcome: Outcome::default() }
    }

    /// The item says nothing.
    pub(crate) fn skip(&mut self, why: Skip) {
        *self.outcome.skipped.entry(why).or_default() += 1;
    }

    /// The item cannot be used. `field` is a pointer inside it.
    pub(crate) fn problem(
        &mut self,
        at: &At<'_>,
        field: &str,
        class: ProblemClass,
        reason: &'static str,
    ) {
        // the bytes of an item once: one mail may have a thousand faults, and a megabyte
        let is_kept = self.outcome.problems.iter().any(|known| known.index == at.index);
        self.outcome.problems.push(ItemProblem {
            index: at.index,
            pointer: format!("{}{field}", at.pointer),
            class,
            reason,
            fix: class.fix(),
            raw: if is_kept { Vec::new() } else { at.raw.to_vec() },
        });
    }

    /// A change that an item says.
    pub(crate) fn push(&mut self, at: &At<'_>, draft: Draft) {
        if draft.address.is_none() && draft.contact_id.is_none() {
            return self.problem(at, "", ProblemClass::MissingField, "it names nobody");
        }
        if !self.source.may(draft.action) {
            return self.problem(
                at,
                "",
                ProblemClass::ActionNotAllowed,
                "the source may not say this",
            );
        }
        let event_id = self.event_id(&draft);
        let is_receipt_dated = draft.is_receipt_dated;
        let record = self.record(draft, event_id);
        self.finish(at, record, is_receipt_dated);
    }

    /// A record that is complete: read back, and kept.
    pub(crate) fn finish(
        &mut self,
        at: &At<'_>,
        record: ConsentChangeRecord<'static>,
        is_receipt_dated: bool,
    ) {
        if sale_share::is_granted_by(&record) {
            let why = sale_share::ONLY_REFUSED;
            return self.problem(at, "/purpose", ProblemClass::InvalidValue, why);
        }
        let json = match written(&record) {
            Ok(json) => json,
            Err((field, class)) => {
                let pointer = pointer_of(field);
                let kind = ProblemClass::RefusedByReader;
                return self.problem(at, &pointer, kind, class.remedy());
            }
        };
        let accepted = Accepted { index: at.index, record, json };
        if is_receipt_dated {
            return once(&mut self.outcome, accepted, self.window);
        }
        self.outcome.records.push(accepted);
    }

    fn event_id(&self, draft: &Draft) -> String {
        let source = &self.source.name;
        match &draft.id {
            Id::Hashed(parts) => format!("{source}:{}", self.ids.hash(parts)),
            Id::Own(parts) => {
                let own = parts.join(":");
                let address = draft.address.as_deref().map(|text| text.trim_start_matches('+'));
                let names = |who: &str| own.to_lowercase().contains(&who.to_lowercase());
                let is_personal =
                    own.contains('@') || address.is_some_and(|who| who.len() >= 5 && names(who));
                let is_long = source.len() + own.len() > EVENT_ID_BYTES_MAX;
                if is_personal || is_long {
                    format!("{source}:{}", self.ids.hash(parts))
                } else {
                    format!("{source}:{own}")
                }
            }
        }
    }

    fn record(&self, draft: Draft, event_id: String) -> ConsentChangeRecord<'static> {
        let source = self.source;
        let own = |text: &Option<String>| text.clone().map(Cow::Owned);
        let mut record = ConsentChangeRecord {
            event_id: Some(Cow::Owned(event_id)),
            occurred_at: Some(draft.occurred_at),
            action: Some(Cow::Borrowed(draft.action.as_str())),
            contact_id: own(&draft.contact_id),
            address: own(&draft.address),
            region: own(&source.region),
            channel: own(&draft.channel),
            purpose: own(&draft.purpose),
            // of a token of ours, else of the configuration
            controller: own(&draft.controller).or_else(|| own(&source.controller)),
            brand: own(&draft.brand).or_else(|| own(&source.brand)),
            text: own(&draft.text),
            to: own(&draft.to),
            smtp: own(&draft.smtp),
            format: own(&draft.format),
            scope: draft.scope.map(Cow::Borrowed),
            cause: own(&draft.cause),
            source: Some(Cow::Owned(source.name.clone())),
            via: own(&draft.via),
            message_id: None,
            ..ConsentChangeRecord::default()
        };
        if let Some(grant) = draft.grant {
            record.basis = own(&grant.basis);
            record.evidence = Some(evidence(&grant.evidence));
        } else if let Some(method) = draft.method {
            record.evidence = Some(EvidenceRecord {
                method: Some(Cow::Borrowed(method)),
                ..EvidenceRecord::default()
            });
        }
        if draft.action == Action::Erase {
            record.channel = None;
        }
        record
    }
}

/// Evidence by its names; what has no field of its own is carried along.
pub(crate) fn evidence(given: &BTreeMap<String, String>) -> EvidenceRecord<'static> {
    let mut record = EvidenceRecord::default();
    for (name, text) in given {
        let text = Cow::Owned(text.clone());
        let field = match name.as_str() {
            "method" => &mut record.method,
            "notice_version" => &mut record.notice_version,
            "notice_text_sha256" => &mut record.notice_text_sha256,
            "source" => &mut record.source,
            "locale" => &mut record.locale,
            "template_id" => &mut record.template_id,
            "signature" => &mut record.signature,
            "number_named" => &mut record.number_named,
            "not_condition_of_purchase" => &mut record.not_condition_of_purchase,
            _ => {
                record.further.push((Cow::Owned(name.clone()), text));
                continue;
            }
        };
        *field = Some(text);
    }
    record
}

/// The record as JSON, if the gate reads it.
fn written(record: &ConsentChangeRecord<'_>) -> Result<Vec<u8>, (Option<&'static str>, Class)> {
    let json = encode_consent(record, Encoding::Json).map_err(|_| (None, Class::InvalidValue))?;
    let reader = reader().ok_or((None, Class::InvalidValue))?;
    match reader.decode_consent(Some(&json)) {
        Ok(change) => {
            let channel = match change.channel {
                ChannelScope::One(channel) => Some(channel),
                ChannelScope::Any => None,
            };
            let is_usable = |address: &Address<'_>| {
                CanonicalAddress::parse(address.expose(), channel, change.region.as_deref()).is_ok()
            };
            let names_somebody =
                change.contact_id.is_some() || change.address.as_ref().is_none_or(is_usable);
            if names_somebody { Ok(json) } else { Err((Some("address"), Class::InvalidAddress)) }
        }
        Err(DecodeError::Unreadable(why)) => Err((why.field, why.class)),
        Err(DecodeError::Unavailable { .. }) => Err((None, Class::InvalidValue)),
    }
}
