//! Values on the wire as a source for serde. A message holds values and a value may be a message, so both are here.

use super::bytes::{Payload, payload, skip, tag, zigzag};
use super::message::{Card, Field, Kind, Message};
use crate::budget::Budget;
use gate_codec::Class;
use serde::de::value::{BorrowedStrDeserializer, Error, StringDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};

/// How a value is read.
#[derive(Clone, Copy)]
pub(super) enum Read<'a> {
    Message(&'a Message),
    Of(&'a Kind),
}

pub(super) struct Value<'p, 'a> {
    pub(super) kind: Read<'a>,
    pub(super) payload: Payload<'a>,
    pub(super) budget: &'p Budget,
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
