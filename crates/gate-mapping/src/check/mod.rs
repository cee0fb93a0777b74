//! What a schema says of a path: a cursor that goes where the path goes, over Avro, Protobuf, JSON Schema or a sample.

mod avro;
mod json;
mod proto;

pub(crate) use self::avro::AvroSchema;
pub(crate) use self::json::{JsonSchema, Sample};

use crate::path::{Path, Step};
use crate::time::Unit;
use prost_reflect::MessageDescriptor;

/// What stands at a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Nobody knows.
    Any,
    Text,
    /// An enum: one of these. `unset` is the one that says nothing and is never read unless somebody wrote it: without a row it
    /// is no value.
    Symbols {
        names: Vec<String>,
        unset: Option<String>,
    },
    Whole,
    Fraction,
    Flag,
    /// A count since 1970 whose unit the schema names.
    Instant(Unit),
    /// Days since 1970.
    Days,
    Bytes,
    Object,
    List,
}

impl Shape {
    /// For people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Text => "a text",
            Self::Symbols { .. } => "an enum",
            Self::Whole => "a whole number",
            Self::Fraction => "a fraction",
            Self::Flag => "a boolean",
            Self::Instant(_) => "an instant",
            Self::Days => "a date",
            Self::Bytes => "bytes",
            Self::Object => "an object",
            Self::List => "a list",
        }
    }
}

/// A place in a schema.
#[derive(Clone)]
pub(crate) enum Cursor<'s> {
    /// No schema, or one that leaves this open.
    Any,
    Avro(avro::At<'s>),
    Proto(proto::At),
    Json(json::At<'s>),
    Sample(&'s serde_json::Value),
}

/// Where a path goes.
pub(crate) enum Found<'s> {
    To(Cursor<'s>),
    /// There is none of this name; these are there.
    Unknown(Vec<String>),
    /// The place has no such thing at all.
    Not(Shape),
}

/// Why a path leads nowhere.
pub(crate) enum Lost {
    Unknown { name: String, known: Vec<String> },
    Not { step: String, shape: Shape },
}

impl<'s> Cursor<'s> {
    pub(crate) fn of_message(message: MessageDescriptor) -> Self {
        Self::Proto(proto::At::of(message))
    }

    /// What stands here.
    pub(crate) fn shape(&self) -> Shape {
        match self {
            Self::Any => Shape::Any,
            Self::Avro(at) => at.shape(),
            Self::Proto(at) => at.shape(),
            Self::Json(at) => at.shape(),
            Self::Sample(value) => json::shape_of(value),
        }
    }

    /// Whether null may stand here, or nothing.
    pub(crate) fn is_optional(&self) -> bool {
        match self {
            Self::Avro(at) => at.is_optional(),
            Self::Any | Self::Proto(_) | Self::Json(_) | Self::Sample(_) => true,
        }
    }

    fn field(&self, name: &str) -> Found<'s> {
        match self {
            Self::Any => Found::To(Self::Any),
            Self::Avro(at) => at.field(name),
            Self::Proto(at) => at.field(name),
            Self::Json(at) => at.field(name),
            Self::Sample(value) => json::field_of(value, name),
        }
    }

    /// An item of the list, or an entry of the object, that stands here.
    pub(crate) fn item(&self) -> Option<Self> {
        match self {
            Self::Any => Some(Self::Any),
            Self::Avro(at) => at.item(),
            Self::Proto(at) => at.item(),
            Self::Json(at) => at.item(),
            Self::Sample(value) => json::item_of(value),
        }
    }

    /// Where a path leads.
    pub(crate) fn walk(&self, path: &Path) -> Result<Self, Lost> {
        let mut at = self.clone();
        for step in &path.steps {
            let next = match step {
                Step::Name(name) => at.field(name),
                Step::Index(_) => match at.shape() {
                    Shape::List | Shape::Any => at.item().map_or(Found::Not(Shape::Any), Found::To),
                    shape => Found::Not(shape),
                },
                Step::Json => match at.shape() {
                    Shape::Text | Shape::Any => Found::To(Self::Any),
                    shape => Found::Not(shape),
                },
            };
            at = match (next, step) {
                (Found::To(at), _) => at,
                (Found::Unknown(known), Step::Name(name)) => {
                    return Err(Lost::Unknown { name: name.to_string(), known });
                }
                (Found::Unknown(_), _) => {
                    return Err(Lost::Not { step: "[0]".into(), shape: at.shape() });
                }
                (Found::Not(shape), step) => {
                    let step = match step {
                        Step::Name(name) => format!(".{name}"),
                        Step::Index(index) => format!("[{index}]"),
                        Step::Json => "(json)".to_owned(),
                    };
                    return Err(Lost::Not { step, shape });
                }
            };
        }
        Ok(at)
    }
}
