//! Places in a JSON Schema, as far as it says what stands where, and in a sample record.

use super::{Cursor, Found, Shape};
use serde_json::{Map, Value};

/// Most references that are followed from one place.
const REFERENCES_MAX: usize = 16;

/// A JSON Schema.
#[derive(Clone, Debug)]
pub(crate) struct JsonSchema(pub(crate) Value);

/// A record as a producer writes it.
#[derive(Clone, Debug)]
pub(crate) struct Sample(pub(crate) Value);

impl JsonSchema {
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::Json(At { schema: &self.0, root: &self.0 })
    }
}

impl Sample {
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::Sample(&self.0)
    }
}

/// A place.
#[derive(Clone, Copy)]
pub(crate) struct At<'s> {
    schema: &'s Value,
    root: &'s Value,
}

impl<'s> At<'s> {
    fn at(self, schema: &'s Value) -> Cursor<'s> {
        Cursor::Json(Self { schema, root: self.root })
    }

    /// What is said of this place; `None` when several things may stand here.
    fn solid(self) -> Option<&'s Map<String, Value>> {
        let mut schema = self.schema;
        for _ in 0..REFERENCES_MAX {
            let object = schema.as_object()?;
            let is_null = |it: &&Value| it.get("type").and_then(Value::as_str) != Some("null");
            let either = ["oneOf", "anyOf"].iter().find_map(|name| object.get(*name)?.as_array());
            schema = if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                self.root.pointer(reference.strip_prefix('#')?)?
            } else if let Some(either) = either {
                let mut others = either.iter().filter(is_null);
                let first = others.next()?;
                if others.next().is_some() {
                    return None;
                }
                first
            } else {
                return Some(object);
            };
        }
        None
    }

    pub(crate) fn shape(self) -> Shape {
        let Some(schema) = self.solid() else { return Shape::Any };
        if let Some(symbols) = schema.get("enum").and_then(Value::as_array) {
            let texts = symbols.iter().filter(|symbol| !symbol.is_null());
            let texts: Option<Vec<_>> =
                texts.map(|symbol| symbol.as_str().map(str::to_owned)).collect();
            return texts.map_or(Shape::Any, |names| Shape::Symbols { names, unset: None });
        }
        let of = match schema.get("type") {
            Some(Value::String(name)) => Some(name.as_str()),
            Some(Value::Array(names)) => {
                let mut names = names.iter().filter_map(Value::as_str).filter(|it| *it != "null");
                let first = names.next();
                if names.next().is_some() { None } else { first }
            }
            _ if schema.contains_key("properties") => Some("object"),
            _ => None,
        };
        match of {
            Some("string") => Shape::Text,
            Some("integer") => Shape::Whole,
            Some("number") | None => Shape::Any,
            Some("boolean") => Shape::Flag,
            Some("object") => Shape::Object,
            Some("array") => Shape::List,
            Some(_) => Shape::Any,
        }
    }

    pub(crate) fn field(self, name: &str) -> Found<'s> {
        let Some(schema) = self.solid() else { return Found::To(Cursor::Any) };
        match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => match properties.get(name) {
                Some(schema) => Found::To(self.at(schema)),
                None => match schema.get("additionalProperties") {
                    Some(other @ Value::Object(_)) => Found::To(self.at(other)),
                    _ => Found::Unknown(properties.keys().cloned().collect()),
                },
            },
            None => match (self.shape(), schema.get("additionalProperties")) {
                (Shape::Object, Some(other @ Value::Object(_))) => Found::To(self.at(other)),
                (Shape::Object | Shape::Any, _) => Found::To(Cursor::Any),
                (shape, _) => Found::Not(shape),
            },
        }
    }

    pub(crate) fn item(self) -> Option<Cursor<'s>> {
        match self.shape() {
            Shape::List => {
                let items = self.solid().and_then(|schema| schema.get("items"));
                Some(items.map_or(Cursor::Any, |items| self.at(items)))
            }
            Shape::Object => {
                let items = self.solid().and_then(|schema| schema.get("additionalProperties"));
                let items = items.filter(|items| items.is_object());
                Some(items.map_or(Cursor::Any, |items| self.at(items)))
            }
            Shape::Any => Some(Cursor::Any),
            _ => None,
        }
    }
}

pub(crate) fn shape_of(value: &Value) -> Shape {
    match value {
        Value::Null => Shape::Any,
        Value::Bool(_) => Shape::Flag,
        Value::Number(number) if number.is_f64() => Shape::Fraction,
        Value::Number(_) => Shape::Whole,
        Value::String(_) => Shape::Text,
        Value::Array(_) => Shape::List,
        Value::Object(_) => Shape::Object,
    }
}

pub(crate) fn field_of<'s>(value: &'s Value, name: &str) -> Found<'s> {
    match value {
        Value::Null => Found::To(Cursor::Any),
        Value::Object(fields) => match fields.get(name) {
            Some(field) => Found::To(Cursor::Sample(field)),
            None => Found::Unknown(fields.keys().cloned().collect()),
        },
        other => Found::Not(shape_of(other)),
    }
}

pub(crate) fn item_of(value: &Value) -> Option<Cursor<'_>> {
    match value {
        Value::Null => Some(Cursor::Any),
        Value::Array(items) => Some(items.first().map_or(Cursor::Any, Cursor::Sample)),
        Value::Object(fields) => Some(fields.values().next().map_or(Cursor::Any, Cursor::Sample)),
        _ => None,
    }
}
