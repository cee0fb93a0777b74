//! A resolved Avro value as a serde source, so that the one reader of records reads it too.

use apache_avro::types::Value;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};

/// An owned value of our reader schema.
pub(super) struct Resolved(pub(super) Value);

impl<'de> Deserializer<'de> for Resolved {
    type Error = Error;

    #[expect(clippy::wildcard_enum_match_arm, reason = "types that our schemas do not have")]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(flag) => visitor.visit_bool(flag),
            Value::Int(number) | Value::Date(number) => visitor.visit_i32(number),
            Value::Long(number) | Value::TimestampMicros(number) => visitor.visit_i64(number),
            Value::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            // through visit_str, where known symbols are recognised
            Value::Enum(_, symbol) => visitor.visit_str(&symbol),
            Value::String(text) => visitor.visit_string(text),
            Value::Union(_, value) => Self(*value).deserialize_any(visitor),
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Self)))
            }
            Value::Map(entries) => {
                let entries = entries.into_iter().map(|(key, value)| (key, Self(value)));
                visitor.visit_map(MapDeserializer::new(entries))
            }
            Value::Record(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Self(value)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            _ => Err(Error::custom("unexpected type")),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_> for Resolved {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
