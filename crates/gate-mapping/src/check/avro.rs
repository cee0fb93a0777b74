//! Places in an Avro schema.

use super::{Cursor, Found, Shape};
use crate::time::Unit;
use apache_avro::Schema;
use apache_avro::schema::Name;
use std::collections::HashMap;

/// A schema and the types it names.
#[derive(Clone, Debug)]
pub(crate) struct AvroSchema {
    root: Schema,
    named: HashMap<Name, Schema>,
}

impl AvroSchema {
    /// A schema as [`gate_codec::parse_schema`] reads it.
    pub(crate) fn new(root: Schema) -> Self {
        let mut named = HashMap::new();
        collect(&root, &mut named);
        Self { root, named }
    }

    pub(crate) fn root(&self) -> &Schema {
        &self.root
    }

    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::Avro(At { schema: &self.root, of: self })
    }
}

fn collect(schema: &Schema, named: &mut HashMap<Name, Schema>) {
    match schema {
        Schema::Record(record) => {
            let known = named.insert(record.name.clone(), schema.clone());
            if known.is_none() {
                record.fields.iter().for_each(|field| collect(&field.schema, named));
            }
        }
        Schema::Enum(symbols) => {
            named.insert(symbols.name.clone(), schema.clone());
        }
        Schema::Fixed(fixed) => {
            named.insert(fixed.name.clone(), schema.clone());
        }
        Schema::Array(array) => collect(&array.items, named),
        Schema::Map(map) => collect(&map.types, named),
        Schema::Union(union) => union.variants().iter().for_each(|it| collect(it, named)),
        _ => {}
    }
}

/// A place.
#[derive(Clone, Copy)]
pub(crate) struct At<'s> {
    schema: &'s Schema,
    of: &'s AvroSchema,
}

impl<'s> At<'s> {
    fn at(self, schema: &'s Schema) -> Self {
        Self { schema, of: self.of }
    }

    /// The one type that is not null; `None` when several may stand here.
    fn solid(self) -> Option<&'s Schema> {
        let schema = match self.schema {
            Schema::Union(union) => {
                let mut others = union.variants().iter().filter(|it| !matches!(it, Schema::Null));
                let first = others.next()?;
                if others.next().is_some() {
                    return None;
                }
                first
            }
            schema => schema,
        };
        match schema {
            Schema::Ref { name } => self.of.named.get(name),
            schema => Some(schema),
        }
    }

    pub(crate) fn is_optional(self) -> bool {
        match self.schema {
            Schema::Union(union) => union.variants().iter().any(|it| matches!(it, Schema::Null)),
            schema => matches!(schema, Schema::Null),
        }
    }

    pub(crate) fn shape(self) -> Shape {
        let Some(schema) = self.solid() else { return Shape::Any };
        match schema {
            Schema::String | Schema::Uuid(_) => Shape::Text,
            Schema::Enum(symbols) => Shape::Symbols { names: symbols.symbols.clone(), unset: None },
            Schema::Int | Schema::Long => Shape::Whole,
            Schema::Float | Schema::Double => Shape::Fraction,
            Schema::Boolean => Shape::Flag,
            Schema::TimestampMillis => Shape::Instant(Unit::Millis),
            Schema::TimestampMicros => Shape::Instant(Unit::Micros),
            Schema::Date => Shape::Days,
            Schema::Record(_) | Schema::Map(_) => Shape::Object,
            Schema::Array(_) => Shape::List,
            Schema::Null => Shape::Any,
            _ => Shape::Bytes,
        }
    }

    pub(crate) fn field(self, name: &str) -> Found<'s> {
        match self.solid() {
            None | Some(Schema::Null) => Found::To(Cursor::Any),
            Some(Schema::Map(map)) => Found::To(Cursor::Avro(self.at(&map.types))),
            Some(Schema::Record(record)) => {
                match record.fields.iter().find(|field| field.name == name) {
                    Some(field) => Found::To(Cursor::Avro(self.at(&field.schema))),
                    None => Found::Unknown(
                        record.fields.iter().map(|field| field.name.clone()).collect(),
                    ),
                }
            }
            Some(_) => Found::Not(self.shape()),
        }
    }

    pub(crate) fn item(self) -> Option<Cursor<'s>> {
        match self.solid() {
            None => Some(Cursor::Any),
            Some(Schema::Array(array)) => Some(Cursor::Avro(self.at(&array.items))),
            Some(Schema::Map(map)) => Some(Cursor::Avro(self.at(&map.types))),
            Some(Schema::Record(_)) => Some(Cursor::Any),
            Some(_) => None,
        }
    }
}
