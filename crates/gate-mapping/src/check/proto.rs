//! Places in a Protobuf message.

use super::{Cursor, Found, Shape};
use crate::time::Unit;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// How the name of an enum's zero ends that says nothing (Protobuf's style guide).
const UNSPECIFIED: &str = "_UNSPECIFIED";

/// A place.
#[derive(Clone)]
pub(crate) enum At {
    Kind(Kind),
    /// An enum with presence: its zero is there only if somebody wrote it.
    Present(Kind),
    List(Kind),
    Map(Kind),
}

impl At {
    pub(crate) fn of(message: MessageDescriptor) -> Self {
        Self::Kind(Kind::Message(message))
    }

    fn of_field(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                Self::Map(entry.map_entry_value_field().kind())
            }
            kind if field.is_list() => Self::List(kind),
            kind @ Kind::Enum(_) if field.supports_presence() => Self::Present(kind),
            kind => Self::Kind(kind),
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        let kind = match self {
            Self::Kind(kind) | Self::Present(kind) => kind,
            Self::List(_) => return Shape::List,
            Self::Map(_) => return Shape::Object,
        };
        match kind {
            Kind::String => Shape::Text,
            Kind::Bytes => Shape::Bytes,
            Kind::Bool => Shape::Flag,
            Kind::Float | Kind::Double => Shape::Fraction,
            Kind::Enum(of) => {
                let names = of.values().map(|value| value.name().to_owned()).collect();
                let is_present = matches!(self, Self::Present(_));
                let zero = of.get_value(0).filter(|_| is_present);
                let unset = zero.map(|value| value.name().to_owned());
                Shape::Symbols { names, unset: unset.filter(|name| name.ends_with(UNSPECIFIED)) }
            }
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => Shape::Instant(Unit::Micros),
                "google.protobuf.StringValue" => Shape::Text,
                "google.protobuf.BoolValue" => Shape::Flag,
                "google.protobuf.Int64Value"
                | "google.protobuf.UInt64Value"
                | "google.protobuf.Int32Value"
                | "google.protobuf.UInt32Value" => Shape::Whole,
                _ => Shape::Object,
            },
            _ => Shape::Whole,
        }
    }

    pub(crate) fn field<'s>(&self, name: &str) -> Found<'s> {
        match self {
            Self::Kind(Kind::Message(message)) => match message.get_field_by_name(name) {
                Some(field) => Found::To(Cursor::Proto(Self::of_field(&field))),
                None => {
                    Found::Unknown(message.fields().map(|field| field.name().to_owned()).collect())
                }
            },
            Self::Map(kind) => Found::To(Cursor::Proto(Self::Kind(kind.clone()))),
            Self::Kind(_) | Self::Present(_) | Self::List(_) => Found::Not(self.shape()),
        }
    }

    pub(crate) fn item<'s>(&self) -> Option<Cursor<'s>> {
        match self {
            Self::List(kind) | Self::Map(kind) => Some(Cursor::Proto(Self::Kind(kind.clone()))),
            Self::Kind(_) | Self::Present(_) => None,
        }
    }
}
