//! A compiled mapping: a producer's record in, a record of ours out, or why not.

use crate::avro::AvroSource;
use crate::capture::{Found, Item, Items};
use crate::document::{ORIGIN_BYTES_MAX, json, text_of, within_limits};
use crate::fill::{Scene, fill};
use crate::origin::Origin;
use crate::path::Path;
use crate::rule::{Condition, Field};
use crate::target::Record;
use crate::tree::Tree;
use crate::wire::ProtoSource;
use gate_codec::{
    Class, ConsentChangeRecord, DecodeError, Kind, OutboundMessageRecord, Salvaged, Schemas,
    Unreadable, consent_of_record,
};
use gate_core::{Action, ChannelScope, ConsentChange};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Most headers that are looked through.
const HEADERS_MAX: usize = 1_000;

/// How the records of a mapping are written.
pub(crate) enum Format {
    Json,
    Avro(Box<AvroSource>),
    Protobuf(Box<ProtoSource>),
}

/// Everything a mapping was compiled to, but its format.
pub(crate) struct Parts {
    pub(crate) tree: Tree,
    pub(crate) key_tree: Tree,
    /// What says whose record it is, and nothing else.
    pub(crate) who_tree: Tree,
    pub(crate) who_key_tree: Tree,
    pub(crate) headers: Vec<(Box<str>, usize)>,
    pub(crate) key_slot: Option<usize>,
    pub(crate) fields: Vec<Field>,
    pub(crate) who: Vec<Field>,
    pub(crate) has_each: bool,
    pub(crate) ignore: Vec<Vec<Condition>>,
    pub(crate) paths: Vec<Path>,
    pub(crate) each: Option<Path>,
}

/// A compiled mapping. Shared by all lanes; reading with it changes nothing.
pub struct Mapping {
    kind: Kind,
    format: Format,
    parts: Parts,
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The consent changes of one record.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one change is what there nearly always is, and costs no allocation"
)]
pub enum Changes<'a> {
    /// The mapping says that this record is no change.
    Ignored,
    /// One.
    One(ConsentChangeRecord<'a>),
    /// Several, by `each`; none when its list is empty.
    Several(Vec<ConsentChangeRecord<'a>>),
}

impl<'a> Changes<'a> {
    /// All of them.
    pub fn into_records(self) -> impl Iterator<Item = ConsentChangeRecord<'a>> {
        let (one, several) = match self {
            Self::Ignored => (None, Vec::new()),
            Self::One(record) => (Some(record), Vec::new()),
            Self::Several(records) => (None, records),
        };
        one.into_iter().chain(several)
    }
}

impl Mapping {
    pub(crate) const fn new(kind: Kind, format: Format, parts: Parts) -> Self {
        Self { kind, format, parts }
    }

    /// Which record of ours it gives.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The fields of ours that it gives, in the order of the record.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.parts.fields.iter().map(|field| field.name)
    }

    /// Whether it reads schema ids that somebody must explain: give it [`Mapping::with_registry`], or nothing is ever read.
    #[must_use]
    pub fn needs_registry(&self) -> bool {
        matches!(&self.format, Format::Avro(source) if source.needs_registry())
    }

    /// The same, with the schemas that ids name.
    #[must_use]
    pub fn with_registry(mut self, schemas: Box<dyn Schemas>) -> Self {
        if let Format::Avro(source) = &mut self.format {
            source.set_registry(schemas);
        }
        self
    }

    /// Whether one record may give several changes.
    #[must_use]
    pub const fn gives_several(&self) -> bool {
        self.parts.has_each
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Unreadable: block it as `invalid_message`. Unavailable: hold.
    pub fn map_message<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
    ) -> Result<OutboundMessageRecord<'a>, DecodeError> {
        self.message(value, origin, false)
    }

    /// The same of a value that may stand without its framing, as cases do.
    pub(crate) fn message<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
        is_bare: bool,
    ) -> Result<OutboundMessageRecord<'a>, DecodeError> {
        self.is_of(Kind::OutboundMessage)?;
        let mut found = Found::nothing();
        self.find(value, origin, is_bare, &mut found)?;
        let mut record = OutboundMessageRecord::default();
        fill(&self.parts.fields, Scene { slots: &found.slots, item: None }, &mut record)?;
        required(record.message_id.is_some(), "message_id")?;
        required(record.channel.is_some(), "channel")?;
        let recipient = record.recipient.as_ref();
        let has_recipient =
            recipient.is_some_and(|it| it.contact_id.is_some() || it.address.is_some());
        required(has_recipient, "recipient")?;
        Ok(record)
    }

    /// Reads the consent changes of a record: all of them, or none when one of them cannot be read.
    ///
    /// # Errors
    /// Unreadable: a possible opt-out of whoever [`Mapping::salvage`] names. Unavailable: hold.
    pub fn map_consent<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
    ) -> Result<Changes<'a>, DecodeError> {
        self.changes(value, origin, false)
    }

    /// The same of a value that may stand without its framing, as cases do.
    pub(crate) fn changes<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
        is_bare: bool,
    ) -> Result<Changes<'a>, DecodeError> {
        self.is_of(Kind::ConsentChange)?;
        let mut found = Found::nothing();
        self.find(value, origin, is_bare, &mut found)?;
        if !self.parts.has_each {
            let scene = Scene { slots: &found.slots, item: None };
            return Ok(match self.change(scene)? {
                Some(record) => Changes::One(record),
                None => Changes::Ignored,
            });
        }
        // records of other kinds have no items
        let whole = Scene { slots: &found.slots, item: None };
        if whole.any(&self.parts.ignore).map_err(Unreadable::from)? {
            return Ok(Changes::Ignored);
        }
        let items = items(&found)?;
        let mut records = Vec::with_capacity(items.len());
        let mut n_ignored = 0;
        for item in items.iter().enumerate() {
            match self.change(Scene { slots: &found.slots, item: Some(item) })? {
                Some(record) => records.push(record),
                None => n_ignored += 1,
            }
        }
        if n_ignored > 0 && records.is_empty() {
            return Ok(Changes::Ignored);
        }
        let mut ids = HashSet::new();
        if !records.iter().all(|record| ids.insert(record.event_id.as_deref())) {
            // the second would be taken for the first, delivered again
            return Err(Class::InvalidValue.in_field("event_id").into());
        }
        Ok(Changes::Several(records))
    }

    /// One change; `None` when the mapping ignores it.
    fn change<'a>(
        &'a self,
        scene: Scene<'_, 'a>,
    ) -> Result<Option<ConsentChangeRecord<'a>>, Unreadable> {
        if scene.any(&self.parts.ignore)? {
            return Ok(None);
        }
        let mut record = ConsentChangeRecord::default();
        fill(&self.parts.fields, scene, &mut record)?;
        required(record.event_id.is_some(), "event_id")?;
        required(record.occurred_at.is_some(), "occurred_at")?;
        required(record.action.is_some(), "action")?;
        required(record.contact_id.is_some() || record.address.is_some(), "contact_id")?;
        Ok(Some(record))
    }

    /// Who the changes of an unreadable record are about, if that is certain: everything that says so can be read, and of
    /// several changes each names somebody. `None`: nobody knows, and its key may say more.
    #[must_use]
    pub fn salvage<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
    ) -> Option<Vec<Salvaged<'a>>> {
        self.who(value, origin, false)
    }

    /// The same of a value that may stand without its framing, as cases do.
    pub(crate) fn who<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
        is_bare: bool,
    ) -> Option<Vec<Salvaged<'a>>> {
        if self.kind != Kind::ConsentChange {
            return None;
        }
        let mut found = Found::nothing();
        let bytes = within_limits(value).ok()?;
        self.capture(bytes, (&self.parts.who_tree, true), is_bare, &mut found).ok()?;
        self.put_origin(origin, &self.parts.who_key_tree, &mut found).ok()?;
        if !self.parts.has_each {
            return Some(vec![self.salvaged(Scene { slots: &found.slots, item: None })?]);
        }
        let Items::Are(items) = &found.items else { return None };
        let each = items.iter().enumerate();
        let people: Option<Vec<_>> = each
            .map(|item| self.salvaged(Scene { slots: &found.slots, item: Some(item) }))
            .collect();
        people.filter(|people| !people.is_empty())
    }

    /// Who one change is about. Its channel may be unreadable as well: then it may be any.
    fn salvaged<'a>(&'a self, scene: Scene<'_, 'a>) -> Option<Salvaged<'a>> {
        let mut record = ConsentChangeRecord::default();
        for field in &self.parts.who {
            let mut part = ConsentChangeRecord::default();
            match fill(std::slice::from_ref(field), scene, &mut part) {
                Ok(()) => take_over(field, &mut part, &mut record),
                Err(_) if field.name == "channel" => {}
                Err(_) => return None,
            }
        }
        // the reader of plain records judges what an id or an address can be
        record.event_id = Some(Cow::Borrowed("salvaged"));
        record.occurred_at = gate_codec::instant(0);
        record.action = Some(Cow::Borrowed(Action::OptOut.as_str()));
        let change = consent_of_record(record).ok()?;
        let ConsentChange { contact_id, address, region, channel, .. } = change;
        let channel = if self.parts.who.iter().any(|field| field.name == "channel") {
            channel
        } else {
            ChannelScope::Any
        };
        Some(Salvaged { contact_id, address, region, channel })
    }

    /// A record as bytes without framing, from its form in JSON.
    pub(crate) fn encoded(&self, record: &serde_json::Value) -> Result<Vec<u8>, &'static str> {
        match &self.format {
            Format::Json => serde_json::to_vec(record).map_err(|_| "cannot be written"),
            Format::Avro(source) => source.encoded(record),
            Format::Protobuf(source) => source.encoded(record),
        }
    }

    fn is_of(&self, kind: Kind) -> Result<(), DecodeError> {
        if self.kind == kind { Ok(()) } else { Err(Class::IncompatibleSchema.into()) }
    }

    /// Everything the mapping looks at, in place: it is too large to be handed round.
    fn find<'a>(
        &'a self,
        value: Option<&'a [u8]>,
        origin: Origin<'a>,
        is_bare: bool,
        found: &mut Found<'a>,
    ) -> Result<(), DecodeError> {
        let bytes = within_limits(value)?;
        self.capture(bytes, (&self.parts.tree, false), is_bare, found)?;
        self.put_origin(origin, &self.parts.key_tree, found)
    }

    fn capture<'a>(
        &'a self,
        bytes: &'a [u8],
        (tree, is_who): (&'a Tree, bool),
        is_bare: bool,
        found: &mut Found<'a>,
    ) -> Result<(), DecodeError> {
        match &self.format {
            Format::Json => Ok(json(tree, bytes, found)?),
            Format::Avro(source) => source.read(tree, bytes, is_bare, found),
            Format::Protobuf(source) => source.read((tree, is_who), bytes, is_bare, found),
        }
    }

    /// What key and headers say.
    fn put_origin<'a>(
        &'a self,
        origin: Origin<'a>,
        key_tree: &'a Tree,
        found: &mut Found<'a>,
    ) -> Result<(), DecodeError> {
        let key = origin.key.filter(|key| !key.is_empty());
        if let (Some(slot), Some(key)) =
            (self.parts.key_slot.and_then(|at| found.slots.get_mut(at)), key)
        {
            *slot = text_of(key);
        }
        if !key_tree.is_leaf()
            && let Some(key) = key
        {
            if key.len() > ORIGIN_BYTES_MAX {
                return Err(Class::TooLarge.into());
            }
            json(key_tree, key, found)?;
        }
        if self.parts.headers.is_empty() {
            return Ok(());
        }
        let mut seen = 0_u64;
        for at in 0..HEADERS_MAX {
            let Some((name, value)) = origin.headers.get(at) else { return Ok(()) };
            let Some((_, index)) = self.parts.headers.iter().find(|(known, _)| **known == *name)
            else {
                continue;
            };
            let bit = 1_u64 << (index & 63);
            if seen & bit != 0 {
                return Err(Class::DuplicateKey.into());
            }
            seen |= bit;
            if let (Some(slot), Some(value)) = (found.slots.get_mut(*index), value) {
                *slot = text_of(value);
            }
        }
        Err(Class::TooManyNodes.into())
    }
}

fn take_over<'a>(
    field: &Field,
    from: &mut ConsentChangeRecord<'a>,
    to: &mut ConsentChangeRecord<'a>,
) {
    use crate::target::Slot;
    if let (Some(Slot::Text(from)), Some(Slot::Text(to))) =
        (from.slot(field.index), to.slot(field.index))
    {
        *to = from.take();
    }
}

fn required(is_there: bool, name: &'static str) -> Result<(), Unreadable> {
    if is_there { Ok(()) } else { Err(Class::MissingField.in_field(name)) }
}

/// The items of an `each`; a list that is absent is a change nobody can read.
fn items<'f, 'a>(found: &'f Found<'a>) -> Result<&'f [Item<'a>], Unreadable> {
    match &found.items {
        Items::Are(items) => Ok(items),
        Items::Absent => Err(Class::MissingField.into()),
        Items::Elsewhere => Err(Class::WrongType.into()),
    }
}
