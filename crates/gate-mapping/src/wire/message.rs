//! What is looked at in a message: the fields of a descriptor that a tree names.

use crate::tree::Tree;
use prost_reflect::{FieldDescriptor, MessageDescriptor};

/// The fields of a message that are looked at.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: Box<str>,
    pub(super) kind: Kind,
    pub(super) card: Card,
    /// The `oneof` it belongs to.
    pub(super) oneof: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Card {
    One { is_implicit: bool },
    List,
    Map,
}

#[derive(Debug)]
pub(super) enum Kind {
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

pub(super) fn field(descriptor: &FieldDescriptor, tree: &Tree) -> Option<Field> {
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
pub(super) fn merged(tree: &Tree) -> Tree {
    let mut all = tree.each.as_ref().map(|each| each.item.clone()).unwrap_or_default();
    for item in tree.items.iter().map(|(_, tree)| tree).chain(&tree.fields) {
        merge(&mut all, item);
    }
    all
}

pub(super) fn merge(into: &mut Tree, from: &Tree) {
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

pub(super) fn kind(of: &prost_reflect::Kind, tree: &Tree) -> Option<Kind> {
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
