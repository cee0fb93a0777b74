//! What a value is that cannot be read: an envelope around a record, several records, another framing.
//!
//! Asked only after decoding has failed, to say what is wrong in the operator's words. Nothing is taken out of an
//! envelope: which of its fields count is for whoever configures the producer, and guessing would apply a change that
//! nobody made (an earlier state of a row, a retracted event). Invariant: the answer is a class, never data.

use crate::class::Class;
use crate::kind::{Format, Kind};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Values of a text that are looked at: two say that there are several.
const VALUES_MAX: usize = 2;

/// What the value is, if it is one of the things that are known to happen.
pub(super) fn class_of(format: Format, kind: Kind, value: &[u8]) -> Option<Class> {
    if let Some(class) = framing(format, value) {
        return Some(class);
    }
    let text = Values::of(value)?;
    if format != Format::Json {
        return text.has_structure().then_some(Class::OtherFraming);
    }
    match text.values.as_slice() {
        [Shape::Object(object)] => object.class(kind),
        [Shape::Array { n_values, .. }] => (*n_values > 0).then_some(Class::Array),
        [Shape::Text { is_json: true }] => Some(Class::DoubleEncoded),
        [Shape::Object(_), Shape::Object(_)] if text.is_lines => Some(Class::Array),
        _ => None,
    }
}

/// Whether a value that cannot be read may speak about several people: then its key, which names one, says nothing
/// about the others.
pub(super) fn holds_several(value: &[u8]) -> bool {
    let text = match value {
        [0, _, _, _, _, rest @ ..] => rest,
        whole => whole,
    };
    let Some(text) = Values::of(text) else { return false };
    let is_full = |shape: &Shape| match shape {
        Shape::Object(object) => !object.is_empty,
        Shape::Array { n_objects, .. } => *n_objects > 0,
        Shape::Text { .. } | Shape::Scalar => false,
    };
    match text.values.as_slice() {
        [Shape::Object(object)] => !object.has_any(Names::RECORD) && object.has_list,
        [Shape::Array { n_objects, .. }] => *n_objects > 1,
        several => several.len() > 1 && several.iter().all(is_full),
    }
}

/// What the first bytes say.
fn framing(format: Format, value: &[u8]) -> Option<Class> {
    match value {
        [0, _, _, _, _, rest @ ..] => match (format, rest.trim_ascii_start().first()) {
            (_, Some(b'{' | b'[')) if Values::of(rest).is_some() => Some(Class::SchemaFramedJson),
            // no registry gives the id 0, and no id that lives is longer than four of its eight bytes
            (Format::Avro, _) if value.starts_with(&[0; 5]) => Some(Class::WideSchemaId),
            (Format::Avro, _) => None,
            (Format::Json | Format::AvroSingleObject, _) => Some(Class::OtherFraming),
        },
        [0xC3, 0x01, ..] => (format != Format::AvroSingleObject).then_some(Class::OtherFraming),
        // AWS Glue: version, compression, UUID of the schema
        [3, 0 | 5, rest @ ..] if rest.len() >= 16 => Some(Class::OtherFraming),
        // an Avro file; gzip, zstd, lz4
        [b'O', b'b', b'j', 1, ..]
        | [0x1F, 0x8B, 8, ..]
        | [0x28, 0xB5, 0x2F, 0xFD, ..]
        | [0x04, 0x22, 0x4D, 0x18, ..] => Some(Class::OtherFraming),
        _ => None,
    }
}

/// The first values of a JSON text.
struct Values {
    values: Vec<Shape>,
    /// A line ends between the first two.
    is_lines: bool,
}

impl Values {
    /// `None` when it does not begin with a value.
    fn of(text: &[u8]) -> Option<Self> {
        let mut values = Vec::new();
        let mut is_lines = false;
        let mut stream = serde_json::Deserializer::from_slice(text).into_iter::<Shape>();
        while values.len() < VALUES_MAX {
            let end = stream.byte_offset();
            match stream.next() {
                Some(Ok(shape)) => values.push(shape),
                // what follows is no value: the text is something else
                Some(Err(_)) => return None,
                None => break,
            }
            if values.len() == VALUES_MAX {
                let between = text.get(end..).unwrap_or_default();
                let blank = between.iter().take_while(|byte| byte.is_ascii_whitespace());
                is_lines = blank.clone().any(|byte| matches!(byte, b'\n' | b'\r'));
            }
        }
        (!values.is_empty()).then_some(Self { values, is_lines })
    }

    fn has_structure(&self) -> bool {
        let is_structure = |shape: &Shape| matches!(shape, Shape::Object(_) | Shape::Array { .. });
        self.values.iter().all(is_structure)
    }
}

/// The outermost shape of a JSON value.
enum Shape {
    Object(ObjectShape),
    Array { n_values: usize, n_objects: usize, has_record: bool },
    Text { is_json: bool },
    Scalar,
}

/// What an object holds.
#[derive(Default)]
struct ObjectShape {
    is_empty: bool,
    names: u32,
    /// A field, at any depth outside of our records, is a list of several objects.
    has_list: bool,
    /// A field, at any depth, is an object that looks like one of our records.
    has_record: bool,
}

/// The names that tell one kind of object from another.
struct Names;

impl Names {
    const ALL: [&'static str; 19] = [
        "event_id",
        "occurred_at",
        "action",
        "message_id",
        "recipient",
        "specversion",
        "data",
        "data_base64",
        "type",
        "before",
        "after",
        "op",
        "op_type",
        "payload",
        "schema",
        "table",
        "database",
        "metadata",
        "source",
    ];
    /// The required names of our records, by which one is known.
    const RECORD: &'static [&'static str] =
        &["event_id", "occurred_at", "action", "message_id", "recipient"];

    fn bit(name: &str) -> u32 {
        let place = Self::ALL.iter().position(|known| *known == name);
        place.map_or(0, |place| 1 << place)
    }
}

impl ObjectShape {
    fn has(&self, name: &str) -> bool {
        self.names & Names::bit(name) != 0
    }

    fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    fn is_record(&self) -> bool {
        let n_names = Names::RECORD.iter().filter(|name| self.has(name)).count();
        n_names >= 2
    }

    fn class(&self, kind: Kind) -> Option<Class> {
        let own: &[&str] = match kind {
            Kind::ConsentChange => &["event_id", "occurred_at", "action"],
            Kind::OutboundMessage => &["message_id", "recipient"],
        };
        if self.has_any(own) {
            return None;
        }
        let is_event =
            self.has("specversion") && self.has_any(&["data", "data_base64", "type", "source"]);
        // Debezium and GoldenGate; Connect's JSON with schema; Maxwell and Canal; AWS DMS
        let is_change = (self.has_any(&["op", "op_type"]) && self.has_any(&["before", "after"]))
            || self.has_all(&["before", "after"])
            || self.has_all(&["payload", "schema"])
            || self.has_all(&["data", "table"])
            || self.has_all(&["data", "metadata"]);
        if is_event {
            Some(Class::CloudEvent)
        } else if is_change {
            Some(Class::ChangeData)
        } else {
            self.has_record.then_some(Class::Envelope)
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut object = ObjectShape { is_empty: true, ..ObjectShape::default() };
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            object.is_empty = false;
            object.names |= Names::bit(&name);
            // Connect's schema lists its fields: no people
            let is_schema = name == "schema";
            match map.next_value()? {
                Shape::Object(inner) => {
                    object.has_list |= inner.has_list && !is_schema && !inner.is_record();
                    object.has_record |= inner.has_record || inner.is_record();
                }
                Shape::Array { n_objects, has_record, .. } => {
                    object.has_list |= n_objects > 1;
                    object.has_record |= has_record;
                }
                Shape::Text { .. } | Shape::Scalar => {}
            }
        }
        Ok(Shape::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let (mut n_values, mut n_objects, mut has_record) = (0, 0, false);
        while let Some(shape) = seq.next_element()? {
            n_values += 1;
            if let Shape::Object(object) = shape {
                n_objects += 1;
                has_record |= object.has_record || object.is_record();
            }
        }
        Ok(Shape::Array { n_values, n_objects, has_record })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shape, E> {
        let is_json = text.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        Ok(Shape::Text { is_json })
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_unit<E: Error>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }
}
