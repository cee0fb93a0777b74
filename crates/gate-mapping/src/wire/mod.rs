//! Protobuf on the wire, read in one pass: only the fields that a mapping looks at are known by number, everything else is
//! passed over.
//!
//! Stricter than a decoder must be, since a later value that overrides an earlier one may be a permission that overrides a
//! refusal: a field that is not repeated may stand once, and of a `oneof` one member. The values of a repeated field stand
//! together, as every encoder writes them.

mod bytes;
mod message;
mod value;

pub(crate) use self::message::compile;

use self::bytes::{Payload, varint, zigzag};
use self::message::Message;
use self::value::{Read, Value};
use crate::avro::{Framing, confluent};
use crate::budget::Budget;
use crate::capture::{Capture, Found};
use crate::tree::Tree;
use gate_codec::{Class, DecodeError};
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde::de::DeserializeSeed;

/// Reads Protobuf.
pub(crate) struct ProtoSource {
    message: Message,
    who: Message,
    framing: Framing,
    /// Where the message stands in its file, as the Confluent wire format counts.
    index: Vec<i64>,
    descriptor: MessageDescriptor,
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
