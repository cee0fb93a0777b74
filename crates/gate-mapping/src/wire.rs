//! Protobuf on the wire, read in one pass: only the fields that a mapping looks at are known by number, everything else is
//! passed over.
//!
//! Stricter than a decoder must be, since a later value that overrides an earlier one may be a permission that overrides a
//! refusal: a field that is not repeated may stand once, and of a `oneof` one member. The values of a repeated field stand
//! together, as every encoder writes them.

use crate::avro::{Framing, confluent};
use crate::budget::Budget;
use crate::capture::{Capture, Found};
use crate::tree::Tree;
use gate_codec::{Class, DecodeError};
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor};
use serde::de::value::{BorrowedStrDeserializer, Error, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};

/// Most groups within groups that are passed over.
const GROUPS_MAX: usize = 16;

/// Reads Protobuf.
pub(crate) struct ProtoSource {
    message: Message,
    who: Message,
    framing: Framing,
    /// Where the message stands in its file, as the Confluent wire format counts.
    index: Vec<i64>,
    descriptor: MessageDescriptor,
}

/// The fields of a message that are looked at.
#[derive(Debug, Default)]
pub(crate) struct Message {
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    number: u32,
    name: Box<str>,
    kind: Kind,
    card: Card,
    /// The `oneof` it belongs to.
    oneof: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Card {
    One { is_implicit: bool },
    List,
    Map,
}

#[derive(Debug)]
enum Kind {
    Signed,
    Unsigned,
    ZigZag,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Flag,
    Text,
    Bytes,
    Enum(Vec<(i32, Box<str>)>),
    Message(Message),
    Timestamp,
    /// A wrapper of a scalar, present although it may be empty.
    Wrapper(Box<Kind>),
    /// The key and the value of an entry.
    Entry(Box<Kind>, Box<Kind>),
    /// Looked at only to see that it stands once.
    Unread,
}

/// What a mapping's tree looks at in a message; `None` when it is more than can be told apart.
pub(crate) fn compile(message: &MessageDescriptor, tree: &Tree) -> Option<Message> {
    let mut fields = Vec::new();
    let mut oneofs = Vec::new();
    for (name, tree) in tree.names.iter().zip(&tree.fields) {
        let descriptor = message.get_field_by_name(name)?;
        oneofs.extend(descriptor.containing_oneof().filter(|it| !it.is_synthetic()));
        fields.push(field(&descriptor, tree)?);
    }
    // the other members of a `oneof` must not stand beside the one that is read
    for oneof in &oneofs {
        for other in oneof.fields() {
            if !fields.iter().any(|field| field.number == other.number()) {
                fields.push(Field { kind: Kind::Unread, ..field(&other, &Tree::default())? });
            }
        }
    }
    (fields.len() <= 64).then_some(Message { fields })
}

fn field(descriptor: &FieldDescriptor, tree: &Tree) -> Option<Field> {
    let oneof = descriptor.containing_oneof().filter(|it| !it.is_synthetic());
    let oneof_index =
        oneof.and_then(|of| descriptor.parent_message().oneofs().position(|other| other == of));
    let (kind, card) = if descriptor.is_map() {
        let prost_reflect::Kind::Message(entry) = descriptor.kind() else { return None };
        // every entry has the same kind of value; what is looked at in it is the union of what is looked at in each
        let value = merged(tree);
        let value = kind(&entry.map_entry_value_field().kind(), &value)?;
        let key = kind(&entry.map_entry_key_field().kind(), &Tree::default())?;
        (Kind::Entry(Box::new(key), Box::new(value)), Card::Map)
    } else if descriptor.is_list() {
        (kind(&descriptor.kind(), &merged(tree))?, Card::List)
    } else {
        (
            kind(&descriptor.kind(), tree)?,
            Card::One { is_implicit: !descriptor.supports_presence() },
        )
    };
    let name = descriptor.name().into();
    Some(Field { number: descriptor.number(), name, kind, card, oneof: oneof_index })
}

/// What is looked at in any item or entry.
fn merged(tree: &Tree) -> Tree {
    let mut all = tree.each.as_ref().map(|each| each.item.clone()).unwrap_or_default();
    for item in tree.items.iter().map(|(_, tree)| tree).chain(&tree.fields) {
        merge(&mut all, item);
    }
    all
}

fn merge(into: &mut Tree, from: &Tree) {
    for (name, tree) in from.names.iter().zip(&from.fields) {
        match into.names.iter().position(|known| known == name) {
            Some(at) => into.fields.get_mut(at).into_iter().for_each(|known| merge(known, tree)),
            None => {
                into.names.push(name.clone());
                into.fields.push(tree.clone());
            }
        }
    }
    into.items.extend(from.items.iter().cloned());
    into.each = into.each.take().or_else(|| from.each.clone());
}

fn kind(of: &prost_reflect::Kind, tree: &Tree) -> Option<Kind> {
    use prost_reflect::Kind as P;
    Some(match of {
        P::Int32 | P::Int64 => Kind::Signed,
        P::Uint32 | P::Uint64 => Kind::Unsigned,
        P::Sint32 | P::Sint64 => Kind::ZigZag,
        P::Fixed32 => Kind::Fixed32,
        P::Fixed64 => Kind::Fixed64,
        P::Sfixed32 => Kind::Sfixed32,
        P::Sfixed64 => Kind::Sfixed64,
        P::Float => Kind::Float,
        P::Double => Kind::Double,
        P::Bool => Kind::Flag,
        P::String => Kind::Text,
        P::Bytes => Kind::Bytes,
        P::Enum(of) => {
            Kind::Enum(of.values().map(|value| (value.number(), value.name().into())).collect())
        }
        P::Message(message) if tree.is_leaf() => match message.full_name() {
            "google.protobuf.Timestamp" => Kind::Timestamp,
            "google.protobuf.StringValue"
            | "google.protobuf.BoolValue"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt64Value"
            | "google.protobuf.Int32Value"
            | "google.protobuf.UInt32Value" => {
                Kind::Wrapper(Box::new(kind(&message.get_field(1)?.kind(), tree)?))
            }
            _ => Kind::Message(Message::default()),
        },
        P::Message(message) => Kind::Message(compile(message, tree)?),
    })
}

impl ProtoSource {
    pub(crate) fn new(
        message: Message,
        who: Message,
        descriptor: &MessageDescriptor,
        framing: Framing,
    ) -> Self {
        // a descriptor's path names the kind of each step before its number
        let index = descriptor.path().iter().skip(1).step_by(2).map(|at| i64::from(*at)).collect();
        Self { message, who, framing, index, descriptor: descriptor.clone() }
    }

    /// A record as bytes without framing, from its form in JSON.
    pub(crate) fn encoded(&self, record: &serde_json::Value) -> Result<Vec<u8>, &'static str> {
        let message = DynamicMessage::deserialize(self.descriptor.clone(), record.clone());
        message
            .map(|message| message.encode_to_vec())
            .map_err(|_| "does not fit the Protobuf message")
    }

    pub(crate) fn read<'a>(
        &'a self,
        (tree, is_who): (&'a Tree, bool),
        value: &'a [u8],
        is_bare: bool,
        found: &mut Found<'a>,
    ) -> Result<(), DecodeError> {
        let bytes = match if is_bare { Framing::None } else { self.framing } {
            Framing::Confluent => self.unframed(value)?,
            Framing::None | Framing::SingleObject => value,
        };
        let budget = Budget::default();
        let message = if is_who { &self.who } else { &self.message };
        let input =
            Value { kind: Read::Message(message), payload: Payload::Bytes(bytes), budget: &budget };
        let seed = Capture::root(tree, &budget, found);
        Ok(seed.deserialize(input).map_err(|_| budget.why(|| Class::Malformed))?)
    }

    /// What follows the id and the index of the message, if it is this one.
    fn unframed<'a>(&self, value: &'a [u8]) -> Result<&'a [u8], Class> {
        let mut rest = confluent(value)?;
        let n_steps = zigzag(varint(&mut rest)?);
        let is_ours = if n_steps == 0 {
            self.index == [0]
        } else {
            let n_own = i64::try_from(self.index.len()).unwrap_or(i64::MAX);
            let mut is_ours = n_steps == n_own;
            for own in &self.index {
                is_ours = is_ours && zigzag(varint(&mut rest)?) == *own;
            }
            is_ours
        };
        if is_ours { Ok(rest) } else { Err(Class::IncompatibleSchema) }
    }
}

/// A value's bytes.
#[derive(Clone, Copy)]
enum Payload<'a> {
    Varint(u64),
    Four([u8; 4]),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    /// Nobody wrote it, and it has no presence.
    Unwritten,
}

/// How a value is read.
#[derive(Clone, Copy)]
enum Read<'a> {
    Message(&'a Message),
    Of(&'a Kind),
}

struct Value<'p, 'a> {
    kind: Read<'a>,
    payload: Payload<'a>,
    budget: &'p Budget,
}

fn varint(rest: &mut &[u8]) -> Result<u64, Class> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(Class::Truncated)?;
        *rest = after;
        let part = u64::from(byte & 0x7F);
        if shift == 63 && part > 1 {
            return Err(Class::Malformed);
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Class::Malformed)
}

const fn zigzag(number: u64) -> i64 {
    ((number >> 1) as i64) ^ -((number & 1) as i64)
}

fn take<'a>(rest: &mut &'a [u8], n_bytes: usize) -> Result<&'a [u8], Class> {
    let (taken, after) = rest.split_at_checked(n_bytes).ok_or(Class::Truncated)?;
    *rest = after;
    Ok(taken)
}

/// The number of a field and the type of what follows.
fn tag(rest: &mut &[u8]) -> Result<(u32, u8), Class> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3)
        .ok()
        .filter(|it| (1..1 << 29).contains(it))
        .ok_or(Class::Malformed)?;
    Ok((number, (tag & 7) as u8))
}

fn payload<'a>(rest: &mut &'a [u8], wire: u8) -> Result<Payload<'a>, Class> {
    match wire {
        0 => varint(rest).map(Payload::Varint),
        1 => Ok(Payload::Eight(take(rest, 8)?.try_into().map_err(|_| Class::Truncated)?)),
        2 => {
            let n_bytes = usize::try_from(varint(rest)?).map_err(|_| Class::Truncated)?;
            take(rest, n_bytes).map(Payload::Bytes)
        }
        5 => Ok(Payload::Four(take(rest, 4)?.try_into().map_err(|_| Class::Truncated)?)),
        _ => Err(Class::Malformed),
    }
}

/// Passes over a value, and over everything in a group.
fn skip(rest: &mut &[u8], number: u32, wire: u8, depth: usize) -> Result<(), Class> {
    match wire {
        3 if depth >= GROUPS_MAX => Err(Class::TooDeep),
        3 => loop {
            let (inner, wire) = tag(rest)?;
            match wire {
                4 if inner == number => return Ok(()),
                wire => skip(rest, inner, wire, depth + 1)?,
            }
        },
        wire => payload(rest, wire).map(|_| ()),
    }
}

impl<'a> Deserializer<'a> for Value<'_, 'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self { kind, payload, budget } = self;
        let kind = match kind {
            Read::Message(message) => return of_message(message, payload, budget, visitor),
            Read::Of(kind) => kind,
        };
        if matches!(payload, Payload::Unwritten) {
            return unwritten(kind, visitor);
        }
        let fails = |class: Class| budget.fail::<Error>(class);
        match (kind, payload) {
            (Kind::Signed, Payload::Varint(number)) => visitor.visit_i64(number as i64),
            (Kind::Unsigned, Payload::Varint(number)) => visitor.visit_u64(number),
            (Kind::ZigZag, Payload::Varint(number)) => visitor.visit_i64(zigzag(number)),
            (Kind::Fixed32, Payload::Four(bytes)) => {
                visitor.visit_u64(u32::from_le_bytes(bytes).into())
            }
            (Kind::Sfixed32, Payload::Four(bytes)) => {
                visitor.visit_i64(i32::from_le_bytes(bytes).into())
            }
            (Kind::Float, Payload::Four(bytes)) => {
                visitor.visit_f64(f32::from_le_bytes(bytes).into())
            }
            (Kind::Fixed64, Payload::Eight(bytes)) => visitor.visit_u64(u64::from_le_bytes(bytes)),
            (Kind::Sfixed64, Payload::Eight(bytes)) => visitor.visit_i64(i64::from_le_bytes(bytes)),
            (Kind::Double, Payload::Eight(bytes)) => visitor.visit_f64(f64::from_le_bytes(bytes)),
            (Kind::Flag, Payload::Varint(number)) => match number {
                0 => visitor.visit_bool(false),
                1 => visitor.visit_bool(true),
                _ => Err(fails(Class::InvalidValue)),
            },
            (Kind::Text, Payload::Bytes(bytes)) => visitor
                .visit_borrowed_str(std::str::from_utf8(bytes).map_err(|_| fails(Class::BadUtf8))?),
            (Kind::Bytes, Payload::Bytes(bytes)) => visitor.visit_bytes(bytes),
            (Kind::Enum(names), Payload::Varint(number)) => {
                let name = i32::try_from(number as i64)
                    .ok()
                    .and_then(|number| names.iter().find(|(known, _)| *known == number));
                match name {
                    Some((_, name)) => visitor.visit_borrowed_str(name),
                    None => visitor.visit_i64(number as i64),
                }
            }
            (Kind::Message(message), payload @ Payload::Bytes(_)) => {
                of_message(message, payload, budget, visitor)
            }
            (Kind::Timestamp, Payload::Bytes(bytes)) => {
                visitor.visit_i64(timestamp(bytes).map_err(fails)?)
            }
            (Kind::Wrapper(inner), Payload::Bytes(bytes)) => {
                wrapped(inner, bytes, budget).map_err(fails)?.deserialize_any(visitor)
            }
            (Kind::Unread, _) => visitor.visit_unit(),
            _ => Err(fails(Class::WrongType)),
        }
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// What a field without presence stands for when nobody wrote it.
fn unwritten<'a, V: Visitor<'a>>(kind: &'a Kind, visitor: V) -> Result<V::Value, Error> {
    match kind {
        Kind::Flag => visitor.visit_bool(false),
        Kind::Enum(names) => match names.iter().find(|(number, _)| *number == 0) {
            Some((_, name)) => visitor.visit_borrowed_str(name),
            None => visitor.visit_none(),
        },
        Kind::Text
        | Kind::Bytes
        | Kind::Message(_)
        | Kind::Timestamp
        | Kind::Wrapper(_)
        | Kind::Entry(..)
        | Kind::Unread => visitor.visit_unit(),
        Kind::Signed
        | Kind::Unsigned
        | Kind::ZigZag
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::Float
        | Kind::Double => visitor.visit_none(),
    }
}

fn of_message<'a, V: Visitor<'a>>(
    message: &'a Message,
    payload: Payload<'a>,
    budget: &Budget,
    visitor: V,
) -> Result<V::Value, Error> {
    let Payload::Bytes(rest) = payload else { return Err(budget.fail(Class::WrongType)) };
    visitor.visit_map(Fields { message, rest, budget, seen: 0, oneofs: 0, now: None, n_filled: 0 })
}

/// Microseconds of a `google.protobuf.Timestamp`.
fn timestamp(mut rest: &[u8]) -> Result<i64, Class> {
    let (mut seconds, mut nanos) = (None, None);
    while !rest.is_empty() {
        let (number, wire) = tag(&mut rest)?;
        match (number, payload(&mut rest, wire)?) {
            (1, Payload::Varint(value)) if seconds.is_none() => seconds = Some(value as i64),
            (2, Payload::Varint(value)) if nanos.is_none() => nanos = Some(value as i64),
            (1 | 2, _) => return Err(Class::DuplicateKey),
            _ => {}
        }
    }
    let micros = seconds.unwrap_or(0).checked_mul(1_000_000).ok_or(Class::BadTimestamp)?;
    let nanos =
        nanos.filter(|nanos| (0..1_000_000_000).contains(nanos)).or(nanos.is_none().then_some(0));
    micros.checked_add(nanos.ok_or(Class::BadTimestamp)? / 1_000).ok_or(Class::BadTimestamp)
}

fn wrapped<'p, 'a>(
    kind: &'a Kind,
    mut rest: &'a [u8],
    budget: &'p Budget,
) -> Result<Value<'p, 'a>, Class> {
    let mut found = None;
    while !rest.is_empty() {
        let (number, wire) = tag(&mut rest)?;
        let value = payload(&mut rest, wire)?;
        if number == 1 && found.replace(value).is_some() {
            return Err(Class::DuplicateKey);
        }
    }
    // an empty wrapper is the zero somebody wrote
    let zero = if matches!(kind, Kind::Text) { Payload::Bytes(&[]) } else { Payload::Varint(0) };
    Ok(Value { kind: Read::Of(kind), payload: found.unwrap_or(zero), budget })
}

/// What stands next in a message.
enum Now<'a> {
    One(&'a Kind, Payload<'a>),
    /// The first value of a repeated field is where `rest` begins, with this wire type.
    Many(&'a Field, u8),
}

/// The fields of a message, as they come.
struct Fields<'p, 'a> {
    message: &'a Message,
    rest: &'a [u8],
    budget: &'p Budget,
    seen: u64,
    oneofs: u64,
    now: Option<Now<'a>>,
    /// Fields without presence that were looked at after the last byte.
    n_filled: usize,
}

impl<'a> Fields<'_, 'a> {
    /// The next field that is looked at.
    fn advance(&mut self) -> Result<Option<&'a str>, Class> {
        while !self.rest.is_empty() {
            let (number, wire) = tag(&mut self.rest)?;
            let place = self.message.fields.iter().position(|field| field.number == number);
            let Some((index, field)) =
                place.and_then(|at| Some((at, self.message.fields.get(at)?)))
            else {
                skip(&mut self.rest, number, wire, 0)?;
                continue;
            };
            let bit = 1_u64 << (index & 63);
            let oneof = field.oneof.map_or(0, |oneof| 1_u64 << (oneof & 63));
            if self.seen & bit != 0 || self.oneofs & oneof != 0 {
                return Err(Class::DuplicateKey);
            }
            self.seen |= bit;
            self.oneofs |= oneof;
            if matches!(field.kind, Kind::Unread) {
                skip(&mut self.rest, number, wire, 0)?;
                continue;
            }
            self.now = Some(match field.card {
                Card::One { .. } => Now::One(&field.kind, payload(&mut self.rest, wire)?),
                Card::List | Card::Map => Now::Many(field, wire),
            });
            return Ok(Some(&field.name));
        }
        Ok(self.unwritten())
    }

    fn unwritten(&mut self) -> Option<&'a str> {
        loop {
            let index = self.n_filled;
            let field = self.message.fields.get(index)?;
            self.n_filled += 1;
            let is_seen = self.seen & (1_u64 << (index & 63)) != 0;
            if !is_seen && field.card == (Card::One { is_implicit: true }) && field.oneof.is_none()
            {
                self.now = Some(Now::One(&field.kind, Payload::Unwritten));
                return Some(&field.name);
            }
        }
    }
}

impl<'a> MapAccess<'a> for Fields<'_, 'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let budget = self.budget;
        let name = self.advance().map_err(|class| budget.fail::<Error>(class))?;
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let budget = self.budget;
        match self.now.take() {
            Some(Now::One(kind, payload)) => {
                seed.deserialize(Value { kind: Read::Of(kind), payload, budget })
            }
            Some(Now::Many(field, wire)) => {
                let mut many = Many {
                    field,
                    rest: self.rest,
                    packed: &[],
                    wire: Some(wire),
                    budget,
                    value: None,
                };
                let value = seed.deserialize(&mut many)?;
                self.rest = many.rest;
                Ok(value)
            }
            None => Err(Error::custom("no value")),
        }
    }
}

/// The values of a repeated field that stand together.
struct Many<'p, 'a> {
    field: &'a Field,
    rest: &'a [u8],
    packed: &'a [u8],
    /// The wire type of a value whose tag is read already.
    wire: Option<u8>,
    budget: &'p Budget,
    /// The value of the entry whose key was read.
    value: Option<Payload<'a>>,
}

impl<'a> Many<'_, 'a> {
    fn next(&mut self) -> Result<Option<Payload<'a>>, Class> {
        loop {
            if !self.packed.is_empty() {
                return element(&self.field.kind, &mut self.packed).map(Some);
            }
            let wire = match self.wire.take() {
                Some(wire) => wire,
                None => {
                    let mut after = self.rest;
                    if after.is_empty() {
                        return Ok(None);
                    }
                    let (number, wire) = tag(&mut after)?;
                    if number != self.field.number {
                        return Ok(None);
                    }
                    self.rest = after;
                    wire
                }
            };
            match (payload(&mut self.rest, wire)?, &self.field.kind) {
                (Payload::Bytes(packed), kind) if element_wire(kind).is_some() => {
                    self.packed = packed
                }
                (payload, _) => return Ok(Some(payload)),
            }
        }
    }
}

/// The wire type of a value that may be packed.
const fn element_wire(kind: &Kind) -> Option<u8> {
    match kind {
        Kind::Signed | Kind::Unsigned | Kind::ZigZag | Kind::Flag | Kind::Enum(_) => Some(0),
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Some(1),
        Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Some(5),
        Kind::Text
        | Kind::Bytes
        | Kind::Message(_)
        | Kind::Timestamp
        | Kind::Wrapper(_)
        | Kind::Entry(..)
        | Kind::Unread => None,
    }
}

fn element<'a>(kind: &Kind, packed: &mut &'a [u8]) -> Result<Payload<'a>, Class> {
    payload(packed, element_wire(kind).ok_or(Class::WrongType)?)
}

impl<'a> Deserializer<'a> for &mut Many<'_, 'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.field.card == Card::Map { visitor.visit_map(self) } else { visitor.visit_seq(self) }
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl<'a> SeqAccess<'a> for &mut Many<'_, 'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let budget = self.budget;
        let next = self.next().map_err(|class| budget.fail::<Error>(class))?;
        let kind = Read::Of(&self.field.kind);
        next.map(|payload| seed.deserialize(Value { kind, payload, budget })).transpose()
    }
}

impl<'a> MapAccess<'a> for &mut Many<'_, 'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let budget = self.budget;
        let fails = |class: Class| budget.fail::<Error>(class);
        let Some(payload) = self.next().map_err(fails)? else { return Ok(None) };
        let (key, value) = entry(payload).map_err(fails)?;
        self.value = Some(value);
        let Kind::Entry(of_key, _) = &self.field.kind else { return Err(fails(Class::WrongType)) };
        let name = match (&**of_key, key) {
            (Kind::Text, Payload::Bytes(bytes)) => {
                let text = std::str::from_utf8(bytes).map_err(|_| fails(Class::BadUtf8))?;
                return seed.deserialize(BorrowedStrDeserializer::new(text)).map(Some);
            }
            (Kind::Text, Payload::Unwritten) => String::new(),
            (_, Payload::Unwritten) => "0".to_owned(),
            (Kind::Signed, Payload::Varint(number)) => (number as i64).to_string(),
            (Kind::Unsigned, Payload::Varint(number)) => number.to_string(),
            (Kind::ZigZag, Payload::Varint(number)) => zigzag(number).to_string(),
            (Kind::Flag, Payload::Varint(number)) => (number == 1).to_string(),
            _ => return Err(fails(Class::WrongType)),
        };
        let name: StringDeserializer<Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let budget = self.budget;
        let (Kind::Entry(_, kind), Some(payload)) = (&self.field.kind, self.value.take()) else {
            return Err(budget.fail(Class::WrongType));
        };
        seed.deserialize(Value { kind: Read::Of(kind), payload, budget })
    }
}

/// The key and the value of an entry.
fn entry(payload_of: Payload<'_>) -> Result<(Payload<'_>, Payload<'_>), Class> {
    let Payload::Bytes(mut rest) = payload_of else { return Err(Class::WrongType) };
    let (mut key, mut value) = (None, None);
    while !rest.is_empty() {
        let (number, wire) = tag(&mut rest)?;
        let found = payload(&mut rest, wire)?;
        let slot = match number {
            1 => &mut key,
            2 => &mut value,
            _ => continue,
        };
        if slot.replace(found).is_some() {
            return Err(Class::DuplicateKey);
        }
    }
    Ok((key.unwrap_or(Payload::Unwritten), value.unwrap_or(Payload::Unwritten)))
}
